"""The key to Flickr's API: from the environment or a file of the user's, never shown."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

KEY_FILE = Path("~/.config/wespe/flickr")
HOW_TO = (
    "get a key at https://www.flickr.com/services/apps/create/ and put it and its secret into "
    f"FLICKR_API_KEY and FLICKR_API_SECRET, or on two lines of {KEY_FILE}"
)


class KeyRefusedError(ValueError):
    """There is no key, or Flickr refuses it; the message says how to get one."""


@dataclass(frozen=True)
class Credentials:
    """An API key and its secret, left out of `repr`."""

    key: str = field(repr=False)
    secret: str = field(repr=False)

    def scrub(self, text: str) -> str:
        """`text` without the key and the secret."""
        return text.replace(self.key, "[key]").replace(self.secret, "[secret]")


def read_credentials(environment: Mapping[str, str] = os.environ) -> Credentials:
    """The key of the environment, else that of the file. Raises KeyRefusedError."""
    key, secret = environment.get("FLICKR_API_KEY"), environment.get("FLICKR_API_SECRET")
    if key and secret:
        return Credentials(key.strip(), secret.strip())
    if key or secret:
        missing = "FLICKR_API_SECRET" if key else "FLICKR_API_KEY"
        raise KeyRefusedError(f"{missing} is not set; {HOW_TO}")
    path = KEY_FILE.expanduser()
    if not path.is_file():
        raise KeyRefusedError(f"no key for Flickr was found; {HOW_TO}")
    lines = path.read_text("utf-8").split()
    if len(lines) != 2:
        raise KeyRefusedError(f"{path}: expected two lines, key and secret, got {len(lines)}")
    return Credentials(*lines)
