import errno
import io
import os
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from wespe.photos.images import (
    PHOTO_SUFFIXES,
    PhotoError,
    Pixels,
    photo_size,
    read_photo,
    shrunk,
    write_photo,
)

DATA = Path(__file__).parents[1].parent / "shared" / "data"
Columns = list[tuple[float, float, float]]
"""Where the red, green and blue of a profile lie."""
LOSSLESS: dict[str, dict[str, Any]] = {
    ".png": {},
    ".tif": {},
    ".webp": {"lossless": True},
    ".bmp": {},
}
# What a camera's sensor read for the pixels of SCENE: how each EXIF orientation has to be stored.
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright, 2).swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}


def scene(height: int = 12, width: int = 20) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def exif_of(block: bytes | None) -> Image.Exif:
    exif = Image.Exif()
    exif.load(block or b"")
    return exif


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(
    tmp_path: Path, suffix: str, orientation: int
) -> None:
    path, upright = tmp_path / f"photo{suffix}", scene()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = np.ascontiguousarray(STORED[orientation](upright))
    Image.fromarray(stored).save(path, exif=exif, **LOSSLESS[suffix])
    photo = read_photo(path)
    np.testing.assert_array_equal(photo.pixels, upright)
    assert photo_size(path) == (20, 12)
    assert photo.exif is None


def test_exif_survives_and_tells_the_truth_of_the_new_file(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Model] = "Camera"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (47.0, 22.0, 30.5)})
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {
            ExifTags.Base.DateTimeOriginal: "2018:06:18 09:00:00",
            ExifTags.Base.ColorSpace: 0xFFFF,
            ExifTags.Base.ExifImageWidth: 20,
            ExifTags.Base.ExifImageHeight: 12,
        }
    )
    Image.fromarray(scene()).save(tmp_path / "in.jpg", exif=exif)
    photo = read_photo(tmp_path / "in.jpg")
    for suffix in sorted(PHOTO_SUFFIXES - {".bmp", ".heic", ".heif", ".hif", ".mpo"}):
        path = tmp_path / f"out{suffix}"
        write_photo(path, photo.pixels, exif=photo.exif)
        with Image.open(path) as image:
            kept = image.getexif()
            assert kept[ExifTags.Base.Model] == "Camera"
            assert kept.get(ExifTags.Base.Orientation, 1) == 1
            assert kept.get_ifd(ExifTags.IFD.GPSInfo) == {1: "N", 2: (47.0, 22.0, 30.5)}
            assert kept.get_ifd(ExifTags.IFD.Exif) == {
                ExifTags.Base.DateTimeOriginal: "2018:06:18 09:00:00",
                ExifTags.Base.ColorSpace: 1,
                ExifTags.Base.ExifImageWidth: 12,
                ExifTags.Base.ExifImageHeight: 20,
            }


def test_layout_of_a_tiff_does_not_leak_into_other_files(tmp_path: Path) -> None:
    with Image.fromarray(scene()) as image:
        image.save(tmp_path / "in.tif", compression="tiff_lzw", description="a lake")
    photo = read_photo(tmp_path / "in.tif")
    assert dict(exif_of(photo.exif)) == {ExifTags.Base.ImageDescription: "a lake"}
    write_photo(tmp_path / "out.tif", photo.pixels[:5], exif=photo.exif)
    np.testing.assert_array_equal(read_photo(tmp_path / "out.tif").pixels, photo.pixels[:5])


def test_damaged_exif_does_not_cost_the_photo(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / "in.jpg", exif=b"Exif\0\0MM\0*damaged beyond repair")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        photo = read_photo(tmp_path / "in.jpg")
    assert photo.pixels.shape == (12, 20, 3)
    assert photo.exif is None


def icc_profile(
    space: bytes, curve: float, primaries: list[tuple[float, float, float]] | None = None
) -> bytes:
    """A minimal ICC v2 display profile: a gamma `curve` and D50 XYZ columns (white for grey)."""

    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    gamma = b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(curve * 256))
    tags = {b"wtpt": xyz((0.9642, 1.0, 0.8249)), b"desc": b"desc" + bytes(90)}
    if primaries is None:
        tags[b"kTRC"] = gamma
    else:
        tags |= {b"rTRC": gamma, b"gTRC": gamma, b"bTRC": gamma}
        tags |= dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(xyz, primaries), strict=True))
    offset, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(value))
        body += value
    header = bytearray(128)
    struct.pack_into(
        ">I4xI4s4s4s", header, 0, offset + len(body), 0x02100000, b"mntr", space, b"XYZ "
    )
    header[36:40] = b"acsp"
    struct.pack_into(">iii", header, 68, 63190, 65536, 54061)
    return bytes(header) + table + body


# Columns of the D50-adapted matrices to XYZ; Display P3 by Apple, Adobe RGB (1998) by Adobe.
P3 = [(0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)]
ADOBE = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]
SRGB = [(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141)]


def srgb_by_hand(pixel: tuple[int, int, int], columns: Columns, curve: float) -> np.ndarray:
    xyz = np.array(columns).T @ (np.array(pixel) / 255) ** curve
    linear = np.clip(np.linalg.inv(np.array(SRGB).T) @ xyz, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return encoded * 255


@pytest.mark.parametrize("columns", [P3, ADOBE], ids=["Display P3", "Adobe RGB"])
@pytest.mark.parametrize("pixel", [(200, 100, 50), (60, 160, 90), (128, 128, 128), (90, 90, 200)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_wide_gamut_profile_becomes_srgb(
    tmp_path: Path, columns: Columns, pixel: tuple[int, int, int], mode: str
) -> None:
    image = Image.new("RGB", (4, 4), pixel).convert(mode, palette=Image.Palette.ADAPTIVE)
    image.save(tmp_path / "in.png", icc_profile=icc_profile(b"RGB ", 2.2, columns))
    got = read_photo(tmp_path / "in.png").pixels[0, 0]
    # The conversion works in 8 bits with tabled curves: two levels.
    np.testing.assert_allclose(got, srgb_by_hand(pixel, columns, 2.2), atol=2)


def test_grey_profile_becomes_srgb(tmp_path: Path) -> None:
    profile = icc_profile(b"GRAY", 1.0)
    for name, image in {
        "grey": Image.new("L", (3, 3), 55),
        "alpha": Image.new("LA", (3, 3), (55, 255)),
        "16 bit": Image.fromarray(np.full((3, 3), 55 * 257, np.uint16)),
    }.items():
        image.save(tmp_path / f"{name}.png", icc_profile=profile)
        # Linear 55 / 255 = 0.2157 is 0.5019 in sRGB: level 128.
        np.testing.assert_allclose(read_photo(tmp_path / f"{name}.png").pixels, 128, atol=1)


def test_srgb_profile_leaves_the_numbers(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(scene()).save(tmp_path / "in.png", icc_profile=profile)
    np.testing.assert_array_equal(read_photo(tmp_path / "in.png").pixels, scene())


@pytest.mark.parametrize(
    "profile", [b"damaged" * 40, icc_profile(b"GRAY", 1.0)], ids=["damaged", "of another mode"]
)
def test_unusable_profile_leaves_the_numbers(tmp_path: Path, profile: bytes) -> None:
    Image.fromarray(scene()).save(tmp_path / "in.png", icc_profile=profile)
    np.testing.assert_array_equal(read_photo(tmp_path / "in.png").pixels, scene())


def test_palette_grey_and_bitmap_become_rgb(tmp_path: Path) -> None:
    grey = Image.fromarray(scene()[..., 0])
    palette = Image.fromarray(scene() // 64 * 64).quantize(64)
    for name, image, expected in (
        ("grey", grey, grey.convert("RGB")),
        ("palette", palette, palette.convert("RGB")),
        ("bitmap", grey.convert("1"), grey.convert("1").convert("RGB")),
    ):
        image.save(tmp_path / f"{name}.png")
        np.testing.assert_array_equal(
            read_photo(tmp_path / f"{name}.png").pixels, np.asarray(expected)
        )


def test_transparent_parts_lie_over_white(tmp_path: Path) -> None:
    Image.new("RGBA", (2, 2), (200, 100, 0, 128)).save(tmp_path / "half.png")
    half = (np.array([200, 100, 0]) * 128 + 255 * 127) / 255
    np.testing.assert_allclose(read_photo(tmp_path / "half.png").pixels[0, 0], half, atol=1)
    Image.new("P", (2, 2), 0).save(tmp_path / "clear.png", transparency=0)
    assert (read_photo(tmp_path / "clear.png").pixels == 255).all()


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_become_8(tmp_path: Path, suffix: str, channels: int) -> None:
    deep = np.random.default_rng(0).integers(0, 65536, (6, 7, channels), dtype=np.uint16)
    deep[..., 3:] = 65535
    order = [0] if channels == 1 else [2, 1, 0, 3][:channels]
    assert cv2.imwrite(str(tmp_path / f"in{suffix}"), deep[..., order])
    got = read_photo(tmp_path / f"in{suffix}").pixels
    # The high byte: within a level of the exact v / 257.
    np.testing.assert_allclose(got, np.broadcast_to(deep[..., :3] / 257.0, got.shape), atol=1)


def test_32_bits_are_refused_rather_than_clipped(tmp_path: Path) -> None:
    Image.fromarray(np.full((3, 3), 0.5, np.float32)).save(tmp_path / "in.tif")
    with pytest.raises(
        PhotoError, match=r"in\.tif: floating-point numbers, expected integers of 8 or 16"
    ):
        read_photo(tmp_path / "in.tif")


def test_cmyk_jpeg(tmp_path: Path) -> None:
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "in.jpg", quality=100)
    np.testing.assert_allclose(read_photo(tmp_path / "in.jpg").pixels[8, 8], (255, 0, 0), atol=3)


def test_first_picture_of_several(tmp_path: Path) -> None:
    written: dict[str, dict[str, Any]] = {
        "in.mpo": {"quality": 100, "subsampling": 0},
        "in.tif": {},
    }
    for name, options in written.items():
        first, second = Image.fromarray(scene()), Image.new("RGB", (20, 12))
        first.save(tmp_path / name, save_all=True, append_images=[second], **options)
        got = read_photo(tmp_path / name).pixels
        np.testing.assert_allclose(got.astype(int), scene(), atol=4)


def png_without_pixels(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunks + struct.pack(">I", 9) + b"IDAT"


def jpeg(pixels: Pixels) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG")
    return stream.getvalue()


BAD = {
    "empty.jpg": (b"", "empty file"),
    "text.jpg": (b"not a photo", "not an image"),
    "truncated.jpg": (jpeg(scene(200, 200))[:4000], "cannot be decoded: .*truncated"),
    "bomb.png": (png_without_pixels(60_000, 60_000), "larger than 300 MP"),
    "bare.png": (png_without_pixels(8, 8), "cannot be decoded"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_refused_by_name_and_reason(tmp_path: Path, name: str) -> None:
    content, reason = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PhotoError, match=f"{name}: {reason}") as caught:
        read_photo(tmp_path / name)
    assert caught.value.path == tmp_path / name
    assert str(caught.value) == f"{tmp_path / name}: {caught.value.reason}"


@pytest.mark.parametrize("read", [read_photo, photo_size])
def test_missing_file_and_folder_are_refused(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    with pytest.raises(PhotoError, match=r"none\.jpg: no such file"):
        read(tmp_path / "none.jpg")
    with pytest.raises(PhotoError, match="a folder, expected a photo"):
        read(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "in.jpg")
    with pytest.raises(PhotoError, match=r"in\.jpg: a pipe, expected a photo"):
        read_photo(tmp_path / "in.jpg")


def test_what_the_system_refuses_is_told_as_it_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", "in.jpg")

    (tmp_path / "in.jpg").write_bytes(jpeg(scene()))
    monkeypatch.setattr("wespe.photos.opening.is_heif", refuse)
    with pytest.raises(PhotoError, match=r"in\.jpg: Permission denied$"):
        read_photo(tmp_path / "in.jpg")


def test_200_mp_phone_photo_is_no_bomb(tmp_path: Path) -> None:
    header = struct.pack("<IiiHH24x", 40, 16_320, 12_240, 1, 24)
    (tmp_path / "big.bmp").write_bytes(b"BM" + struct.pack("<I4xI", 54, 54) + header)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert photo_size(tmp_path / "big.bmp") == (16_320, 12_240)


@pytest.mark.parametrize("suffix", LOSSLESS)
@pytest.mark.parametrize("shape", [(1, 1), (7, 3)])
def test_written_photo_comes_back(tmp_path: Path, suffix: str, shape: tuple[int, int]) -> None:
    path, pixels = tmp_path / "new folder" / f"out{suffix.upper()}", scene(*shape)
    write_photo(path, pixels, quality=100)
    difference = np.abs(read_photo(path).pixels.astype(int) - pixels)
    assert difference.max() <= (255 if suffix == ".webp" else 0)


def test_jpeg_keeps_full_colour_resolution_and_quality_counts(tmp_path: Path) -> None:
    red_blue = np.zeros((32, 32, 3), np.uint8)
    red_blue[:, ::2, 0], red_blue[:, 1::2, 2] = 255, 255
    write_photo(tmp_path / "fine.jpg", red_blue, quality=100)
    # Halved colour resolution would mix neighbouring columns: errors above 100 levels.
    assert np.abs(read_photo(tmp_path / "fine.jpg").pixels.astype(int) - red_blue).max() < 10
    write_photo(tmp_path / "coarse.jpg", red_blue, quality=30)
    assert (tmp_path / "coarse.jpg").stat().st_size < (tmp_path / "fine.jpg").stat().st_size


def test_unknown_suffix_is_refused_before_writing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"out\.heic: expected one of .*\.jpg"):
        write_photo(tmp_path / "out.heic", scene())
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not DATA.is_dir(), reason="real photos are absent")
@pytest.mark.parametrize(
    "path", sorted((DATA / "phones").glob("*.jpg")), ids=lambda path: path.stem
)
def test_real_phone_exif_is_kept(tmp_path: Path, path: Path) -> None:
    photo = read_photo(path)
    write_photo(tmp_path / "out.jpg", photo.pixels[:16, :16], exif=photo.exif)
    with Image.open(path) as before, Image.open(tmp_path / "out.jpg") as after:
        # Some phones say the size in both directories; one has to go, since this one is cut.
        of_layout = ("Orientation", "YCbCrPositioning", "ImageWidth", "ImageLength")
        kept = before.getexif().keys() - {ExifTags.Base[name] for name in of_layout}
        assert after.getexif().keys() == kept
        for ifd in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            assert after.getexif().get_ifd(ifd).keys() == before.getexif().get_ifd(ifd).keys()
    assert photo_size(path) == photo.pixels.shape[1::-1]


def test_what_is_too_long_is_shrunk() -> None:
    pixels = np.zeros((40, 100, 3), np.uint8)
    pixels[:, 50:] = 200
    small = shrunk(pixels, 20)
    assert small.shape == (8, 20, 3)
    # A pixel is the mean of those that it stands for.
    assert (small[:, :10] == 0).all()
    assert (small[:, 10:] == 200).all()
    assert shrunk(pixels, 100) is pixels
    assert shrunk(pixels[:1], 10).shape == (1, 10, 3)
