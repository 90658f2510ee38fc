"""HEIF, which Pillow reads by another library."""

from pathlib import Path


def is_heif(path: Path) -> bool:
    """Whether a file begins as HEIF does."""
    with path.open("rb") as stream:
        head = stream.read(12)
    return head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"heim", b"heis", b"mif1"}


def know_heif() -> bool:
    """Teach Pillow HEIF, where the library for it is installed."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True
