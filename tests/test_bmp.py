"""BMP whose masks give channels any bits: alpha and colours are those that were packed."""

import struct
from pathlib import Path

import numpy as np
import pytest

from wespe.photos import bmp
from wespe.photos.images import PhotoError, photo_size, read_photo
from wespe.photos.originals import read_original, write_like

HEIGHT, WIDTH = 9, 13
# Bits of a pixel, and the masks of red, green, blue and alpha.
MASKS = {
    "1-5-5-5": (16, (0x7C00, 0x03E0, 0x001F, 0x8000)),
    "4-4-4-4": (16, (0x0F00, 0x00F0, 0x000F, 0xF000)),
    "5-6-5": (16, (0xF800, 0x07E0, 0x001F, 0)),
    "2-3-1": (16, (0x0060, 0x001C, 0x0002, 0)),
    "10-10-10-2": (32, (0x3FF00000, 0x000FFC00, 0x000003FF, 0xC0000000)),
    "11-11-10": (32, (0xFFE00000, 0x001FFC00, 0x000003FF, 0)),
    "8-8-8-8": (32, (0x00FF0000, 0x0000FF00, 0x000000FF, 0xFF000000)),
    "8-8-8-8, alpha first": (32, (0x000000FF, 0x00FF0000, 0x0000FF00, 0xFF000000)),
}


def parts(mask: int) -> tuple[int, int]:
    """Where a mask begins, and its largest number."""
    lowest = (mask & -mask).bit_length() - 1
    return lowest, mask >> lowest


def write(
    path: Path, masks: str, *, header: int = 124, downwards: bool = False
) -> dict[int, np.ndarray]:
    """A file with random numbers; returns those of each mask."""
    bits, fields = MASKS[masks]
    random = np.random.default_rng(bits)
    values = {
        mask: random.integers(0, parts(mask)[1] + 1, (HEIGHT, WIDTH)) for mask in fields if mask
    }
    pixels = np.zeros((HEIGHT, WIDTH), int)
    for mask, numbers in values.items():
        pixels |= numbers << parts(mask)[0]
    stride = -(-WIDTH * bits // 32) * 4
    rows = np.zeros((HEIGHT, stride), np.uint8)
    packed = (pixels if downwards else pixels[::-1]).astype(f"<u{bits // 8}")
    rows[:, : WIDTH * bits // 8] = np.ascontiguousarray(packed).view(np.uint8)
    # Alpha has a mask of its own in later headers, and where the coding says so.
    coding = 6 if fields[3] and header == 40 else 3
    written = fields if header > 52 or coding == 6 else fields[:3]
    height = -HEIGHT if downwards else HEIGHT
    head = struct.pack(
        "<IiiHHIIiiII", header, WIDTH, height, 1, bits, coding, rows.size, 3000, 3000, 0, 0
    ) + struct.pack(f"<{len(written)}I", *written)
    head = head.ljust(header, b"\0")
    start = 14 + len(head)
    file = struct.pack("<2sIII", b"BM", start + rows.size, 0, start) + head + rows.tobytes()
    path.write_bytes(file)
    return values


@pytest.mark.parametrize(("header", "downwards"), [(124, False), (108, True), (56, False)])
@pytest.mark.parametrize("masks", MASKS)
def test_masks(tmp_path: Path, masks: str, header: int, downwards: bool) -> None:
    path = tmp_path / "in.bmp"
    values = write(path, masks, header=header, downwards=downwards)
    original = read_original(path)
    write_like(tmp_path / "out.bmp", original, original.upright())
    *colours, alpha = MASKS[masks][1]
    for made in (original, read_original(tmp_path / "out.bmp")):
        for channel, mask in enumerate(colours):
            expected = values[mask] * 255 / parts(mask)[1]
            assert np.abs(made.stored[..., channel] - expected).max() <= 0.5
        assert (made.alpha is None) == (not alpha)
        if made.alpha is not None:
            expected = values[alpha] * 255 / parts(alpha)[1]
            assert np.abs(made.alpha[..., 0] - expected).max() <= 0.5
        assert made.options["dpi"] == pytest.approx((76.2, 76.2), abs=0.1)
    assert photo_size(path) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("masks", ["5-6-5", "1-5-5-5", "10-10-10-2"])
def test_masks_behind_a_short_header(tmp_path: Path, masks: str) -> None:
    values = write(tmp_path / "in.bmp", masks, header=40)
    original = read_original(tmp_path / "in.bmp")
    red, *_, alpha = MASKS[masks][1]
    expected = values[red] * 255 / parts(red)[1]
    assert np.abs(original.stored[..., 0] - expected).max() <= 0.5
    assert (original.alpha is None) == (not alpha)


def test_more_than_8_bits_are_said_to_be_reduced(tmp_path: Path) -> None:
    write(tmp_path / "in.bmp", "10-10-10-2")
    assert read_original(tmp_path / "in.bmp").notes == ("10 bits reduced to 8",)
    write(tmp_path / "in.bmp", "1-5-5-5")
    assert read_original(tmp_path / "in.bmp").notes == ()


def test_alpha_that_a_header_states_without_need_is_kept(tmp_path: Path) -> None:
    layers = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
    content = bytearray(bmp.encode(layers, None, (0, 0)))
    content[30:34] = bytes(4)  # No coding, where masks need not be heeded.
    (tmp_path / "in.bmp").write_bytes(content)
    original = read_original(tmp_path / "in.bmp")
    assert original.alpha is not None
    np.testing.assert_array_equal(original.alpha, layers[..., 3:])
    np.testing.assert_array_equal(original.stored, layers[..., :3])


def test_one_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "in.bmp", "4-4-4-4")
    content = (tmp_path / "in.bmp").read_bytes()
    for size in (len(content) - 1, 60, 20):
        (tmp_path / "in.bmp").write_bytes(content[:size])
        with pytest.raises(PhotoError, match=r"in\.bmp: "):
            read_photo(tmp_path / "in.bmp")
