"""Short names for what belongs to certain data, settings and code alone."""

import hashlib
import json
from typing import Any


def key_of(**parts: Any) -> str:
    """16 hex digits of a SHA-256 of `parts`, JSON: of others, the key is another."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
