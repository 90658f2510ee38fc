"""How the pixels of a TIFF lie: what Pillow reads right, what is read here, and what neither does.

Source: TIFF, revision 6.0, 1992.
"""

import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from PIL.TiffImagePlugin import COMPRESSION_INFO, OPEN_INFO, ImageFileDirectory_v2

WHITE_IS_0, GREY, RGB, CMYK, LAB, ICC_LAB = 0, 1, 2, 5, 8, 9
COLOURS = {WHITE_IS_0: 1, GREY: 1, RGB: 3, CMYK: 4, LAB: 3, ICC_LAB: 3}
_NAMES = {0: "grey", 1: "grey", 2: "RGB", 3: "a palette", 4: "a mask", 5: "CMYK", 6: "YCbCr"}
_NAMES |= {8: "Lab", 9: "Lab", 10: "Lab", 32803: "a sensor's mosaic", 34892: "raw RGB"}
_NAMES |= {32844: "LogL", 32845: "LogLuv"}
_NOT_WHOLE = {3: "floating-point numbers", 5: "complex numbers", 6: "complex numbers"}
_NUMBERS = {2: "numbers with a sign", **_NOT_WHOLE}
_RAW = frozenset({32803, 34892})
# None, LZW, deflate by both its numbers, pack bits, LZMA, Zstandard.
_LOSSLESS = frozenset({1, 5, 8, 32946, 32773, 34925, 50000})
_PIECES = ({273, 279}, {322, 323, 324, 325})
"""Where strips are, and tiles."""
_MOST_SAMPLES = 16  # Damaged files have millions.
_UNSTATED_ALPHA = 999  # Of Corel Draw.


@dataclass(frozen=True)
class Layout:
    """How the pixels of a TIFF lie."""

    width: int
    height: int
    bits: int
    """Of a channel; 0 where channels have different numbers of bits."""
    samples: int
    photometric: int
    alpha: int
    """1 for one that is multiplied in, 2 for one that is not, 0 for none."""
    alpha_at: int
    """The channel that is alpha, if there is any."""
    in_planes: bool
    tags: ImageFileDirectory_v2

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """The layout of a file; None for what is no TIFF, or is too damaged to say."""
        tags = _directory(path)
        if tags is None or any(tag not in tags for tag in (256, 257, 262)):
            return None
        photometric, samples = int(tags[262]), int(tags.get(277, 1))
        bits = set(tags.get(258, (1,)))
        extra = tuple(tags.get(338, ()))
        colours: int = COLOURS.get(photometric, samples)
        if photometric == RGB and samples == 4 and extra in {(), (_UNSTATED_ALPHA,)}:
            extra = (2,)  # As Pillow takes it.
        of_alpha = [n for n, what in enumerate(extra) if what in {1, 2} and colours + n < samples]
        return cls(
            *(tags[256], tags[257], bits.pop() if len(bits) == 1 else 0, samples, photometric),
            alpha=extra[of_alpha[0]] if of_alpha else 0,
            alpha_at=colours + of_alpha[0] if of_alpha else 0,
            in_planes=samples > 1 and tags.get(284, 1) == 2,
            tags=tags,
        )

    @property
    def unknown_channels(self) -> int:
        """How many channels are neither colour nor alpha."""
        return self.samples - COLOURS.get(self.photometric, self.samples) - bool(self.alpha)

    @property
    def is_read_here(self) -> bool:
        """Whether `plain` reads a file, since Pillow does not, or not right."""
        colours = COLOURS.get(self.photometric, _MOST_SAMPLES + 1)
        if not colours <= self.samples <= _MOST_SAMPLES or not self.bits:
            return False
        if not any(tags <= {*self.tags} for tags in _PIECES):
            return False
        if set(self.tags.get(339, (1,))) - {1, 4} or self.tags.get(259, 1) not in _LOSSLESS:
            return False
        if self.tags.get(317, 1) != 1 and (self.tags[317] != 2 or self.bits not in {8, 16}):
            return False  # Libraries predict only those.
        known = {CMYK: {8}, LAB: {8, 16}, ICC_LAB: {8, 16}}.get(self.photometric, range(1, 17))
        return self.bits in known and not self._is_read_by_pillow

    @property
    def _is_read_by_pillow(self) -> bool:
        formats = tuple(sorted(set(self.tags.get(339, (1,)))))
        fill, extra = self.tags.get(266, 1), tuple(self.tags.get(338, ()))
        bits = (self.bits,) * self.samples
        if (self.tags.prefix, self.photometric, formats, fill, bits, extra) not in OPEN_INFO:
            return False
        # It takes even a single channel for planes where the file says so, and white as black then.
        odd = self.bits != 8 or self.alpha or self.unknown_channels
        odd = odd or self.photometric == WHITE_IS_0
        return not (8 < self.bits < 16 or (self.tags.get(284, 1) == 2 and odd))

    @property
    def note(self) -> str:
        """What becomes of a file that is read here, in words; nothing where nobody misses it."""
        if not self.is_read_here:
            return ""
        if self.photometric in {CMYK, LAB, ICC_LAB}:
            alpha = " with alpha" if self.photometric == CMYK and self.alpha else ""
            return f"{_NAMES[self.photometric]}{alpha} as RGB"
        if self.bits in {8, 16}:
            return ""
        return f"{self.bits} bits as {8 if self.bits < 8 else 16}"


def described(path: Path) -> str:
    """Why a TIFF is not read, in words."""
    layout, expected = Layout.of(path), "expected integers of 8 or 16 bits a channel"
    if layout is None:
        return "a damaged TIFF: it does not say how its pixels lie"
    bits, kind = tuple(layout.tags.get(258, (1,))), max(layout.tags.get(339, (1,)))
    if max(bits) > 16 and kind not in _NOT_WHOLE:
        return f"{max(bits)} bits a channel, expected 8 or 16"
    if kind in _NUMBERS:
        return f"{_NUMBERS[kind]}, {expected}"
    sizes = " and ".join(map(str, dict.fromkeys(bits)))
    name = _NAMES.get(layout.photometric, f"colours of the kind {layout.photometric}")
    coding = layout.tags.get(259, 1)
    words = [f"{name} with {sizes} bits a channel", *(["in planes"] if layout.in_planes else [])]
    words += [] if layout.samples == 1 else [f"{layout.samples} channels"]
    words += [] if coding == 1 else [f"coded as {COMPRESSION_INFO.get(coding, coding)}"]
    remedy = "develop it first" if layout.photometric in _RAW else "save it as 8 or 16 bits of RGB"
    return f"a TIFF of {', '.join(words)}, which is not read here: {remedy}"


def _directory(path: Path) -> ImageFileDirectory_v2 | None:
    """The first directory of a TIFF of 32 or 64 bits; None for what is none, or damaged."""
    with path.open("rb") as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        head = stream.read(16)
        if head[:4] not in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}:
            return None
        try:
            tags = ImageFileDirectory_v2(head if b"+" in head[:4] else head[:8])
            stream.seek(tags.next)
            tags.load(stream)
        except (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error):
            return None
    return tags
