"""Files that are not read here: what they are, and what to do with them."""

import re
from pathlib import Path

from wespe.photos import jpeg
from wespe.photos.heif import is_heif, know_heif
from wespe.photos.tiff.layouts import described

# By suffix.
_OTHERS = {
    **dict.fromkeys(
        (".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".pef", ".raf", ".rw2", ".srw"),
        "camera raw, which has to be developed first, as by darktable or RawTherapee",
    ),
    ".gif": "GIF, whose 256 colours leave no room to enhance: convert it to PNG first",
    ".jxl": "JPEG XL, which is not read here: convert it first, as by djxl to PNG",
}
_MARKS = {b"\x89PNG": "PNG", b"BM": "BMP", b"RIFF": "WebP"}
_HEAD_BYTES = 2**16
# The entry of a picture. Source: ISO/IEC 14496-12, 8.11.6, and for kinds 23008-12 and 23001-17.
_ITEM = re.compile(rb"infe[\x02\x03].{3}(?:.{4}|.{6})([a-z0-9]{4})", re.DOTALL)
_CODINGS = {
    **{
        b"unci": "without compression",
        b"jpeg": "with JPEG inside",
        b"j2k1": "with JPEG 2000 inside",
    },
    **{b"avc1": "with H.264 inside", b"vvc1": "with H.266 inside"},
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
        return described(path)
    if head.startswith(b"\xff\xd8\xff"):
        found = jpeg.frame(path.read_bytes())
        if found and found.bits > 8:
            return f"a JPEG of {found.bits} bits a channel, which is not read here: expected 8"
        return "a damaged JPEG"
    if head[4:8] == b"ftyp":
        return _of_heif(path)
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return f"a damaged {name}"
    return "not an image" if head else "empty file"


def _of_heif(path: Path) -> str:
    """How the pictures of an HEIF or AVIF are coded, if that is not read here."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    for kind, coded in _CODINGS.items():
        if any(kind in found for found in _ITEM.findall(head)):
            return f"an HEIF {coded}, which is not read here: convert it to PNG or JPEG first"
    return "an HEIF or AVIF that is damaged, or of a kind that is not read here"


def what_else(path: Path, head: bytes) -> str | None:
    """What a photo is that is not read here, by its first bytes or its name, and what to do."""
    if head.startswith(b"\xff\x0a") or head[4:8] == b"JXL ":
        return _OTHERS[".jxl"]
    return _OTHERS.get(path.suffix.lower())
