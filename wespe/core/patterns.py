"""Glob patterns that choose files."""

from collections.abc import Sequence
from fnmatch import fnmatchcase


def matches(parts: Sequence[str], pattern: str) -> bool:
    """Whether a path matches a glob pattern; `**` stands for any number of folders, or for all
    that follows."""
    first, _, rest = pattern.partition("/")
    if first == "**":
        return not rest or any(matches(parts[n:], rest) for n in range(len(parts)))
    if not parts or not fnmatchcase(parts[0], first):
        return False
    return matches(parts[1:], rest) if rest else len(parts) == 1
