"""What a source needs before it can be had: downloads, and what only its user can provide."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Download:
    """A file that is not here yet; `size`: its bytes, roughly, or None where no one knows."""

    file: Path
    size: int | None


@dataclass(frozen=True)
class Needs:
    """What is lacking. `missing`: accounts, keys and photos, each in words with how to get it."""

    downloads: tuple[Download, ...] = ()
    missing: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    """What else takes time."""
