"""What the frame header of a JPEG says of its pixels. Source: ITU-T T.81, B.2.2."""

from typing import NamedTuple

_LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
# Tables and an extension, among the markers of frames.
_NO_FRAMES = frozenset({0xC4, 0xC8, 0xCC})


class Frame(NamedTuple):
    """How pixels are coded."""

    lossless: bool
    bits: int
    """Of a channel."""


def frame(content: bytes) -> Frame | None:
    """The frame of a JPEG; None where it is cut off before that."""
    place = 2
    while place + 5 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES:
            return Frame(marker in _LOSSLESS, content[place + 4])
        # Filling bytes have no length.
        length = 2 + int.from_bytes(content[place + 2 : place + 4])
        place += 1 if marker == 0xFF else length
    return None
