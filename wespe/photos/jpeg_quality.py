"""The quality of a JPEG in libjpeg's scale, from the tables that its blocks are quantised by."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wespe.photos.jpeg import segments

# Annex K of ITU-T T.81, the tables that nearly every encoder scales.
LUMA_STEPS = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA_STEPS = (
    *(17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)

_DQT = 0xDB
# Where each step of a table lies among those of a block's rows: along its diagonals, to and fro.
_ZIGZAG = sorted(
    range(64),
    key=lambda place: (
        sum(divmod(place, 8)),
        divmod(place, 8)[sum(divmod(place, 8)) % 2 == 0],
    ),
)


def quality_of(path: Path) -> int | None:
    """The quality, from 1 to 100, whose luma table is nearest to the file's; None for no JPEG.

    Cameras have tables of their own, so it says about how strongly a photo was compressed the last
    time. What was lost before that it does not show.
    """
    with path.open("rb") as file:
        content = file.read(2)
        if content != b"\xff\xd8":
            return None
        content += file.read()
    table = _luma_table(content)
    return None if table is None else 1 + int(np.abs(_TABLES - table).sum(1).argmin())


def _luma_table(content: bytes) -> NDArray[np.int64] | None:
    """The table of number 0, by rows, `(64,)`."""
    for marker, segment in segments(content):
        place = 4
        while marker == _DQT and place < len(segment):
            size = 64 * (1 + (segment[place] >> 4))
            steps = segment[place + 1 : place + 1 + size]
            if segment[place] & 15 == 0 and len(steps) == size:
                table = np.empty(64, np.int64)
                table[_ZIGZAG] = np.frombuffer(steps, f">u{size // 64}")
                return table
            place += 1 + size
    return None


def _scaled(quality: int) -> NDArray[np.int64]:
    """The standard's luma table as libjpeg scales it."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return ((np.array(LUMA_STEPS) * scale + 50) // 100).clip(1, 255)


_TABLES = np.stack([_scaled(quality) for quality in range(1, 101)])
