"""TIFF that Pillow does not read comes out right: its values are those that were written."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tests.test_images import STORED
from wespe.photos.images import PhotoError, photo_size, read_photo
from wespe.photos.originals import read_original, write_like

tifffile = pytest.importorskip("tifffile")

HEIGHT, WIDTH = 19, 23
RGB, GREY, CMYK, LAB = 2, 1, 5, 8


def samples(bits: int, channels: int) -> NDArray[Any]:
    random = np.random.default_rng(bits + channels)
    return random.integers(0, 2**bits, (HEIGHT, WIDTH, channels)).astype(np.uint16)


def packed(values: NDArray[Any], bits: int) -> bytes:
    """Values of so many bits, one behind the other, each row from a new byte on."""
    shifts = np.arange(bits)[::-1]
    ones = (values.reshape(len(values), -1)[..., None] >> shifts & 1).astype(np.uint8)
    return np.packbits(ones.reshape(len(values), -1), axis=1).tobytes()


def write_tiff(
    path: Path,
    body: bytes,
    *,
    bits: int,
    channels: int,
    photometric: int,
    order: str = "<",
    more: dict[int, tuple[int, ...]] | None = None,
    profile: bytes = b"",
) -> Path:
    """One strip without compression, in a file that no library has made."""
    tags: dict[int, tuple[int, ...]] = {
        **{256: (WIDTH,), 257: (HEIGHT,), 258: (bits,) * channels, 259: (1,), 262: (photometric,)},
        **{273: (8,), 277: (channels,), 278: (HEIGHT,), 279: (len(body),)},
        **(more or {}),
    }
    start = 8 + len(body) + len(body) % 2
    behind = start + 2 + 12 * (len(tags) + bool(profile)) + 4
    entries, values = b"", b""
    for number, value in sorted(tags.items()):
        inline = struct.pack(f"{order}{len(value)}I", *value)
        if len(value) > 1:
            inline, values = struct.pack(f"{order}I", behind + len(values)), values + inline
        entries += struct.pack(f"{order}HHI", number, 4, len(value)) + inline
    if profile:
        entries += struct.pack(f"{order}HHII", 34675, 7, len(profile), behind + len(values))
    count = struct.pack(f"{order}H", len(tags) + bool(profile))
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", start)
    rest = count + entries + bytes(4) + values + profile
    path.write_bytes(head + body.ljust(start - 8, b"\0") + rest)
    return path


def full(values: NDArray[Any], bits: int) -> NDArray[Any]:
    """The nearest of 16 bits."""
    return np.asarray((values.astype(np.uint64) * 65535 / (2**bits - 1)).round())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize(("channels", "photometric"), [(3, RGB), (1, GREY)])
def test_packed_bits(
    tmp_path: Path, bits: int, channels: int, photometric: int, order: str
) -> None:
    values = samples(bits, channels)
    path = write_tiff(
        tmp_path / "in.tif",
        packed(values, bits),
        **{"bits": bits, "channels": channels, "photometric": photometric, "order": order},  # type: ignore[arg-type]
    )
    original = read_original(path)
    assert original.notes == (f"{bits} bits as 16",)
    assert np.abs(original.stored.astype(float) - full(values, bits)).max() <= 1
    write_like(tmp_path / "out.tif", original, original.upright())
    written = tifffile.imread(tmp_path / "out.tif")
    np.testing.assert_array_equal(written.reshape(values.shape), original.stored)
    assert photo_size(path) == (WIDTH, HEIGHT)
    seen = read_photo(path).pixels[..., :channels]
    assert np.abs(seen - full(values, bits) / 257).max() <= 1


def test_12_bits_with_alpha(tmp_path: Path) -> None:
    values = samples(12, 4)
    path = write_tiff(
        tmp_path / "in.tif",
        packed(values, 12),
        bits=12,
        channels=4,
        photometric=RGB,
        more={338: (2,)},
    )
    original = read_original(path)
    assert original.alpha is not None
    assert np.abs(original.alpha[..., 0].astype(float) - full(values, 12)[..., 3]).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_turn_is_applied(tmp_path: Path, orientation: int) -> None:
    upright = np.zeros((HEIGHT, WIDTH, 3), np.uint16)
    upright[:5, :9] = 1023
    stored = STORED[orientation](upright)
    path = tmp_path / "in.tif"
    height, width, _ = stored.shape
    sides: dict[int, tuple[int, ...]] = {
        256: (width,),
        257: (height,),
        274: (orientation,),
        278: (height,),
    }
    write_tiff(path, packed(stored, 10), bits=10, channels=3, photometric=RGB, more=sides)
    np.testing.assert_array_equal(read_photo(path).pixels[..., 0] > 128, upright[..., 0] > 0)


LAYOUTS: dict[str, dict[str, Any]] = {
    "strips": {"rowsperstrip": 4},
    "deflate": {"compression": "zlib"},
    "predictor": {"compression": "zlib", "predictor": True},
    "tiles": {"tile": (16, 16)},
    "tiles and predictor": {"tile": (16, 16), "compression": "zlib", "predictor": True},
    "big endian": {"byteorder": ">"},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["planes of 16 bits", "grey and alpha in planes", "CMYK", "Lab"])
def test_other_layouts(tmp_path: Path, layout: str, kind: str) -> None:
    path, options = tmp_path / "in.tif", dict(LAYOUTS[layout])
    if "predictor" in options:
        pytest.importorskip("imagecodecs")
    OTHERS[kind](path, options)


def _planes(path: Path, options: dict[str, Any]) -> None:
    values = samples(16, 3)
    tifffile.imwrite(
        path, values.transpose(2, 0, 1), photometric="rgb", planarconfig="separate", **options
    )
    np.testing.assert_array_equal(read_original(path).stored, values)


def _grey_alpha(path: Path, options: dict[str, Any]) -> None:
    values = samples(8, 2).astype(np.uint8)
    tifffile.imwrite(
        path,
        values.transpose(2, 0, 1),
        **{"photometric": "minisblack", "planarconfig": "separate", "extrasamples": [2], **options},
    )
    original = read_original(path)
    assert original.alpha is not None
    np.testing.assert_array_equal(np.concatenate([original.stored, original.alpha], 2), values)


def _cmyk(path: Path, options: dict[str, Any]) -> None:
    values = samples(8, 5).astype(np.uint8)
    tifffile.imwrite(path, values, photometric="separated", extrasamples=[2], **options)
    original = read_original(path)
    assert original.notes == ("CMYK with alpha as RGB",)
    assert original.alpha is not None
    np.testing.assert_array_equal(original.alpha[..., 0], values[..., 4])
    expected = Image.fromarray(values[..., :4].copy(), "CMYK").convert("RGB")
    np.testing.assert_array_equal(original.stored, np.asarray(expected))


def _lab(path: Path, options: dict[str, Any]) -> None:
    values = np.zeros((HEIGHT, WIDTH, 3), np.uint16)
    values[..., 0] = np.linspace(0, 65535, WIDTH)
    values[..., 1], values[..., 2] = 20 * 256, (-10 * 256) & 0xFFFF
    tifffile.imwrite(path, values, photometric="cielab", **options)
    original = read_original(path)
    assert original.notes == ("Lab as RGB",)
    # By LittleCMS, in 8 bits, with a and b signed.
    eight = np.full((HEIGHT, WIDTH, 3), (0, 20, 246))
    eight[..., 0] = (values[..., 0] / 257).round()
    lab = Image.fromarray(eight.astype(np.uint8), "LAB")
    srgb: Any = ImageCms.profileToProfile(
        lab, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert np.abs(original.stored / 257 - np.asarray(srgb)).max() <= 2.5


OTHERS: dict[str, Callable[[Path, dict[str, Any]], None]] = {
    "planes of 16 bits": _planes,
    "grey and alpha in planes": _grey_alpha,
    "CMYK": _cmyk,
    "Lab": _lab,
}


def test_tags_and_profile_come_along(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = write_tiff(
        tmp_path / "in.tif",
        packed(samples(12, 3), 12),
        **{"bits": 12, "channels": 3, "photometric": RGB},  # type: ignore[arg-type]
        more={40000: (7, 8, 9)},
        profile=profile,
    )
    original = read_original(path)
    write_like(tmp_path / "out.tif", original, original.upright())
    with Image.open(tmp_path / "out.tif") as opened:
        image: Any = opened
        assert image.info["icc_profile"] == profile
        assert image.tag_v2[40000] == (7, 8, 9)


@pytest.mark.parametrize(("extra", "bits"), [((0,), 8), ((2, 0), 8), ((0,), 16)])
def test_a_channel_that_is_dropped_is_said(
    tmp_path: Path, extra: tuple[int, ...], bits: int
) -> None:
    values = samples(bits, 3 + len(extra)).astype(np.uint8 if bits == 8 else np.uint16)
    tifffile.imwrite(tmp_path / "in.tif", values, photometric="rgb", extrasamples=extra)
    original = read_original(tmp_path / "in.tif")
    assert original.notes == ("without a channel that is neither colour nor alpha",)
    np.testing.assert_array_equal(original.stored, values[..., :3])
    assert (original.alpha is None) == (extra == (0,))


@pytest.mark.parametrize(
    ("kind", "channels", "reason"),
    [
        *(("f4", 1, "floating-point"), ("f4", 3, "floating-point"), ("f2", 1, "floating-point")),
        *(("f8", 3, "floating-point"), ("i2", 3, "numbers with a sign"), ("u4", 3, "32 bits")),
    ],
)
def test_numbers_of_other_kinds_are_refused_by_name(
    tmp_path: Path, kind: str, channels: int, reason: str
) -> None:
    shape = (5, 7, channels)[: 2 + (channels == 3)]
    tifffile.imwrite(
        tmp_path / "in.tif",
        np.ones(shape, kind),
        photometric="rgb" if channels == 3 else "minisblack",
    )
    with pytest.raises(PhotoError, match=rf"in\.tif: {reason}.* expected .*8 or 16"):
        read_original(tmp_path / "in.tif")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"photometric": "separated"}, "a TIFF of CMYK with 16 bits a channel, 5 channels"),
        ({"photometric": "cfa"}, "a TIFF of a sensor's mosaic with 16 bits a channel.* develop"),
    ],
)
def test_what_is_in_no_layout_that_is_read_is_described(
    tmp_path: Path, options: dict[str, str], reason: str
) -> None:
    channels = 5 if options["photometric"] == "separated" else 1
    more = {"extrasamples": [2]} if channels == 5 else {}
    values = samples(16, channels)
    tifffile.imwrite(tmp_path / "in.tif", values.squeeze(), **options, **more)
    with pytest.raises(PhotoError, match=rf"in\.tif: {reason}"):
        read_original(tmp_path / "in.tif")


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("kind", ["cielab", "icclab"])
def test_lab_of_8_bits(tmp_path: Path, kind: str, alpha: bool) -> None:
    values = np.zeros((HEIGHT, WIDTH, 3 + alpha), np.uint8)
    values[..., 0] = np.linspace(0, 255, WIDTH)
    values[..., 1:3] = (20, 246) if kind == "cielab" else (148, 118)
    more = {"extrasamples": [2]} if alpha else {}
    tifffile.imwrite(tmp_path / "in.tif", values, photometric=kind, **more)
    original = read_original(tmp_path / "in.tif")
    assert original.notes == ("Lab as RGB",)
    assert (original.alpha is not None) == alpha
    values[..., 1:3] = (20, 246)
    lab = Image.fromarray(values[..., :3].copy(), "LAB")
    srgb: Any = ImageCms.profileToProfile(
        lab, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert np.abs(original.stored.astype(int) - np.asarray(srgb)).max() <= 3


@pytest.mark.parametrize("coding", ["zstd", "tiff_lzw", "packbits", "lzma"])
def test_other_codings_are_unpacked_by_pillow(tmp_path: Path, coding: str) -> None:
    """Planes of 8 bits that are said to have 12, as 3 bytes for 2 pixels."""
    values = samples(12, 1)[:, :22]
    rows = np.frombuffer(packed(values, 12), np.uint8).reshape(HEIGHT, 33)
    Image.fromarray(rows).save(tmp_path / "in.tif", compression=coding)
    content = bytearray((tmp_path / "in.tif").read_bytes())
    with Image.open(tmp_path / "in.tif") as image:
        start = struct.unpack_from("<I", content, 4)[0]
        assert image.tag_v2[256] == 33  # type: ignore[attr-defined]
    for place in range(start + 2, start + 2 + 12 * content[start], 12):
        tag = struct.unpack_from("<H", content, place)[0]
        if tag in {256, 258}:
            content[place + 2 : place + 12] = struct.pack("<HII", 3, 1, 22 if tag == 256 else 12)
    (tmp_path / "in.tif").write_bytes(content)
    stored = read_original(tmp_path / "in.tif").stored
    assert np.abs(stored.astype(float) - full(values, 12)).max() <= 1


def test_a_damaged_one_says_nothing_beside_its_reason(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write_tiff(
        tmp_path / "in.tif", bytes(900), bits=9, channels=3, photometric=2, more={305: (1, 2, 3)}
    )
    content = path.read_bytes()
    for size in (8, 40, len(content) - 20):
        path.write_bytes(content[:size])
        with pytest.raises(PhotoError, match=r"in\.tif: "):
            read_photo(path)  # Warnings are errors here.
    assert capfd.readouterr() == ("", "")
