"""Files that are not read here: what they are, and what to do with them."""

import struct
from pathlib import Path

from PIL.TiffImagePlugin import ImageFileDirectory_v2

from wespe.photos import jpeg
from wespe.photos.heif import is_heif, know_heif

# By suffix.
_OTHERS = {
    **dict.fromkeys(
        (".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".pef", ".raf", ".rw2", ".srw"),
        "camera raw, which has to be developed first, as by darktable or RawTherapee",
    ),
    ".gif": "GIF, whose 256 colours leave no room to enhance: convert it to PNG first",
    ".jxl": "JPEG XL, which is not read here: convert it first, as by djxl to PNG",
}


def unidentified(path: Path) -> str:
    """Why Pillow does not know a file, in words: what it is, and what to do."""
    if is_heif(path) and not know_heif():
        return "HEIC, which needs pillow-heif: pip install pillow-heif"
    with path.open("rb") as stream:
        head = stream.read(12)
    if other := what_else(path, head):
        return other
    if head[:4] in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}:
        return _of_tiff(path) or "a damaged TIFF, or one in a layout that is not known here"
    if head.startswith(b"\xff\xd8\xff"):
        found = jpeg.frame(path.read_bytes())
        if found and found.bits > 8:
            return f"a JPEG of {found.bits} bits a channel, which is not read here: expected 8"
        return "a damaged JPEG"
    if head[4:8] == b"ftyp":
        return "an HEIF or AVIF that is damaged, or of a kind that is not read here"
    return "not an image" if head else "empty file"


def _of_tiff(path: Path) -> str | None:
    """What numbers a TIFF has for its pixels, if they are none that are read here."""
    try:
        with path.open("rb") as stream:
            tags = ImageFileDirectory_v2(stream.read(8))
            stream.seek(tags.next)
            tags.load(stream)
        formats, bits = set(tags.get(339, (1,))), max(tags.get(258, (1,)))
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error):
        return None
    expected = "expected integers of 8 or 16 bits a channel"
    if 3 in formats:
        return f"floating-point numbers, {expected}"
    if 2 in formats:
        return f"numbers with a sign, {expected}"
    return f"{bits} bits a channel, expected 8 or 16" if bits > 16 else None


def what_else(path: Path, head: bytes) -> str | None:
    """What a photo is that is not read here, by its first bytes or its name, and what to do."""
    if head.startswith(b"\xff\x0a") or head[4:8] == b"JXL ":
        return _OTHERS[".jxl"]
    return _OTHERS.get(path.suffix.lower())
