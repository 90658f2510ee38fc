"""Every kind of pixels comes out right or is refused, and other decoders agree."""

import io
import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from wespe.photos import bmp
from wespe.photos.images import PhotoError, read_photo
from wespe.photos.modes import Kind, straight
from wespe.photos.originals import read_original, write_like
from wespe.photos.originals.png_like import png_chunk

ODD = Path(__file__).parents[1].parent / "shared" / "data" / "odd_files"
RAMP = np.linspace(0, 255, 12 * 9).reshape(9, 12)


def again(path: Path) -> Path:
    """`path` read and written like itself, with the same pixels."""
    original, out = read_original(path), path.with_name(f"again{path.suffix}")
    write_like(out, original, original.upright())
    return out


def grey_png(path: Path, bits: int, clear: int | None) -> np.ndarray[Any, Any]:
    """A grey PNG of few bits, by hand: its levels, `(9, 16)`."""
    levels: np.ndarray[Any, Any] = np.arange(9 * 16).reshape(9, 16) % 2**bits
    packed = np.packbits(
        (levels[..., None] >> np.arange(bits - 1, -1, -1) & 1).reshape(9, -1).astype(np.uint8), 1
    )
    rows = np.pad(packed, ((0, 0), (1, 0))).tobytes()
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 16, 9, bits, 0, 0, 0, 0))]
    chunks += [(b"tRNS", struct.pack(">H", clear))] if clear is not None else []
    chunks += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks))
    return levels


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_transparent_level_of_a_grey_png_is_that_level(tmp_path: Path, bits: int) -> None:
    levels = grey_png(tmp_path / "a.png", bits, clear=1)
    alpha = read_original(tmp_path / "a.png").alpha
    assert alpha is not None
    assert np.array_equal(alpha[..., 0] == 0, levels == 1)
    page = read_photo(tmp_path / "a.png").pixels[..., 0]
    assert np.array_equal(page, np.where(levels == 1, 255, levels * (255 // (2**bits - 1))))
    with Image.open(again(tmp_path / "a.png")) as image:
        assert np.array_equal(np.asarray(image.convert("LA"))[..., 1], alpha[..., 0])


def tiff_of_12_bits(path: Path, photometric: int) -> np.ndarray[Any, Any]:
    """A grey TIFF whose pairs of pixels are three bytes, by hand."""
    levels = np.rint(RAMP / 255 * 4095).astype(int)
    first, second = levels[:, ::2], levels[:, 1::2]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=-1)
    body = packed.astype(np.uint8).tobytes()
    tags = {256: 12, 257: 9, 258: 12, 259: 1, 262: photometric, 273: 8, 277: 1, 278: 9}
    tags[279] = len(body)
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    path.write_bytes(b"II*\0" + struct.pack("<I", 8 + len(body)) + body + directory)
    return levels


def test_12_bits_of_grey_have_their_full_range(tmp_path: Path) -> None:
    levels = tiff_of_12_bits(tmp_path / "a.tif", photometric=1)
    assert np.abs(read_photo(tmp_path / "a.tif").pixels[..., 0] - levels / 16).max() < 1
    original = read_original(tmp_path / "a.tif")
    assert np.array_equal(original.stored[..., 0] >> 4, levels)
    assert original.notes == ("12 bits as 16",)
    written = read_original(again(tmp_path / "a.tif"))
    assert np.array_equal(written.stored, original.stored)


def test_10_bits_of_grey_heic_are_neither_white_nor_black(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    levels = np.rint(RAMP.repeat(8, 0).repeat(8, 1) / 255 * 65535).astype(np.uint16)
    heif.from_bytes(mode="L;16", size=levels.shape[::-1], data=levels.tobytes()).save(
        tmp_path / "a.heic", quality=-1, bit_depth=10
    )
    for pixels in (
        read_photo(tmp_path / "a.heic").pixels,
        read_original(tmp_path / "a.heic").upright(),
    ):
        assert pixels.dtype == np.uint8
        assert np.abs(pixels[..., 0] - levels / 257).max() <= 2
    assert read_original(tmp_path / "a.heic").notes == ("10 bits reduced to 8",)


@cache  # It holds the time at which it was made.
def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("width", [12, 720])
@pytest.mark.parametrize("channels", [3, 4])
def test_bmp_keeps_alpha_and_profile(tmp_path: Path, channels: int, width: int) -> None:
    layers = np.random.default_rng(0).integers(0, 256, (9, width, channels), dtype=np.uint8)
    path = tmp_path / "a.bmp"
    path.write_bytes(bmp.encode(layers, profile(), (72.0, 72.0)))
    for file in (path, again(path)):
        with Image.open(file) as image:  # Another reader than ours, of the pixels.
            assert image.mode == ("RGBA" if channels == 4 else "RGB")
            assert np.array_equal(np.asarray(image), layers)
            assert image.info["dpi"] == pytest.approx((72, 72), abs=0.02)
        assert bmp.profile(file.read_bytes()) == profile()


def test_a_bmp_of_zeros_for_alpha_is_opaque(tmp_path: Path) -> None:
    layers = np.full((9, 12, 4), 90, np.uint8)
    layers[..., 3] = 0
    (tmp_path / "a.bmp").write_bytes(bmp.encode(layers, None, (0, 0)))
    assert (read_photo(tmp_path / "a.bmp").pixels == 90).all()
    assert read_original(tmp_path / "a.bmp").alpha is None


def test_bmp_of_5_6_5_bits_is_read(tmp_path: Path) -> None:
    red, green, blue = (np.rint(RAMP * part / 255).astype(int) for part in (31, 63, 31))
    body = (red << 11 | green << 5 | blue).astype("<u2")[::-1].tobytes()
    header = struct.pack(
        "<IiiHHIIiiII3I", 40, 12, 9, 1, 16, 3, len(body), 0, 0, 0, 0, 63488, 2016, 31
    )
    (tmp_path / "a.bmp").write_bytes(
        struct.pack("<2sIII", b"BM", 14 + len(header) + len(body), 0, 14 + len(header))
        + header
        + body
    )
    pixels = read_original(tmp_path / "a.bmp").upright()
    assert np.abs(pixels - RAMP[..., None]).max() <= 9
    assert np.array_equal(read_photo(again(tmp_path / "a.bmp")).pixels, pixels)


@pytest.mark.parametrize("mode", sorted(set(Image.MODES)))
def test_each_mode_of_pillow_is_converted_knowingly_or_refused(mode: str) -> None:
    image = Image.new(mode, (4, 3))
    kind = Kind("TIFF", 8, negative=False, in_planes=False)
    if mode in {"I", "F"}:
        with pytest.raises(ValueError, match="32 bits" if mode == "I" else "floating-point"):
            straight(image, kind)
    else:
        assert straight(image, kind).mode in {"L", "LA", "RGB", "RGBA", "CMYK", "I;16"}


def test_a_mode_that_is_not_known_is_refused() -> None:
    image = Image.new("RGB", (4, 3))
    image._mode = "BGR;5"
    with pytest.raises(ValueError, match="not known here, BGR;5"):
        straight(image, Kind("TIFF", 8, negative=False, in_planes=False))


def test_lab_becomes_rgb_and_says_so(tmp_path: Path) -> None:
    lab = Image.new("LAB", (12, 9), (128, 128, 128))  # L = 50, a and b 0
    lab.save(tmp_path / "a.tif")
    original = read_original(tmp_path / "a.tif")
    assert original.notes == ("Lab as RGB",)
    assert np.abs(original.upright().astype(int) - 119).max() <= 2  # 50 of L is 119 in sRGB
    with Image.open(again(tmp_path / "a.tif")) as image:
        assert image.mode == "RGB"


def test_grey_and_alpha_in_planes_are_read(tmp_path: Path) -> None:
    path = ODD / "grey_alpha_planes.tif"
    if not path.exists():
        pytest.skip("needs ../shared/data")
    original = read_original(path)
    assert original.stored.shape == (64, 64, 1)
    assert original.alpha is not None
    assert original.alpha.any()
    assert original.notes == ()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("broken_grid.avif", "cannot be decoded: .*grid"),
        ("dds_named.jpg", "cannot be decoded: .*DXGI"),
    ],
)
def test_what_a_decoder_raises_is_a_refusal(name: str, reason: str) -> None:
    if not (ODD / name).exists():
        pytest.skip("needs ../shared/data")
    with pytest.raises(PhotoError, match=reason):
        read_photo(ODD / name)


def test_an_encoder_of_pillow_agrees(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.fromarray(RAMP.astype(np.uint8)).save(stream, "PNG", bits=4)
    (tmp_path / "a.png").write_bytes(stream.getvalue())
    assert read_photo(tmp_path / "a.png").pixels.shape == (9, 12, 3)


# The entry of a picture, as ISO/IEC 23001-17 names it.
UNCOMPRESSED = b"\0\0\0\x18infe\2\0\0\0\0\1\0\0unci\0" + bytes(40)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.cr2", b"II*\0" + bytes(40), "camera raw, which has to be developed first"),
        ("a.jxl", b"\xff\x0a" + bytes(40), "JPEG XL, .* convert it first"),
        ("a.jpg", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40), "JPEG XL"),
        ("a.jpg", b"\xff\xd8\xff\xc3" + bytes(40), "a damaged JPEG"),
        ("a.avif", b"\0\0\0\x18ftypavif" + bytes(40), "AVIF that is damaged"),
        ("a.heif", b"\0\0\0\x10ftypmif1" + UNCOMPRESSED, "an HEIF without compression"),
        ("a.heif", b"\0\0\0\x10ftypunif" + UNCOMPRESSED, "an HEIF without compression"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(40), "a damaged PNG"),
    ],
)
def test_what_is_not_read_here_is_named_with_what_to_do(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PhotoError, match=reason):
        read_original(tmp_path / name)


def test_a_gif_is_named_with_what_to_do(tmp_path: Path) -> None:
    Image.fromarray(RAMP.astype(np.uint8)).save(tmp_path / "a.gif")
    with pytest.raises(PhotoError, match="convert it to PNG first"):
        read_original(tmp_path / "a.gif")
