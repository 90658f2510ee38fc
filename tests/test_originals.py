"""A matrix of formats and kinds of photos: what comes back is the same kind of file, changed."""

import io
import struct
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from tests.test_images import ADOBE, BAD, P3, STORED, Columns, icc_profile
from wespe.photos.images import AnyPixels, PhotoError, Pixels, read_photo
from wespe.photos.originals import read_original, write_like
from wespe.photos.originals.png_like import png_chunk
from wespe.photos.tiff.tags import Tags, encode_tiff

DATA = Path(__file__).parents[1].parent / "shared" / "data"
PHONES = sorted((DATA / "phones").glob("*.jpg"))
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">stars</x:xmpmeta>'


def scene(height: int = 18, width: int = 26) -> Pixels:
    """A smooth scene: JPEG keeps it well, and conversions have room on both sides."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [60 + 4 * x, 70 + 5 * y, 150 - 2 * x + y]
    return np.stack(planes, axis=-1).clip(0, 255).astype(np.uint8)


def exif() -> Image.Exif:
    block = Image.Exif()
    block[ExifTags.Base.Model] = "Camera"
    block.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (47.0, 22.0, 30.5)})
    block.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2018:06:18 09:00:00"
    return block


def again(path: Path, change: int = 0, quality: int | None = None) -> Path:
    """`path` read, brightened by `change` 8-bit levels and written like itself."""
    original = read_original(path)
    upright = original.upright()
    step = change * (257 if upright.dtype == np.uint16 else 1)
    bright = np.clip(upright.astype(int) + step, 0, np.iinfo(upright.dtype).max)
    out = path.with_name(f"again{path.suffix}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_like(out, original, bright.astype(upright.dtype), quality=quality)
    return out


def save_deep(path: Path, channels: int) -> AnyPixels:
    """16 bits a channel, by OpenCV: not what is under test."""
    pixels = np.random.default_rng(0).integers(9000, 50000, (9, 14, channels), dtype=np.uint16)
    assert cv2.imwrite(str(path), pixels[..., [2, 1, 0, 3][:channels] if channels > 2 else [0]])
    return pixels


def raw(path: Path) -> AnyPixels:
    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels[..., None] if pixels.ndim == 2 else pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]


SAVED: dict[str, dict[str, Any]] = {
    "jpg": {"quality": 92},
    "png": {},
    "tif": {"compression": "tiff_lzw"},
    "webp": {"lossless": True, "exact": True},
    "bmp": {},
    "heic": {"quality": 95},
    "avif": {"quality": 95, "subsampling": "4:4:4"},
}
# Kinds of pixels, and the formats that hold them.
KINDS = {
    "RGB": ("jpg", "png", "tif", "webp", "bmp", "heic", "avif"),
    "L": ("jpg", "png", "tif", "bmp"),
    "1": ("png", "tif", "bmp"),
    "P": ("png", "tif", "bmp"),
    "RGBA": ("png", "tif", "webp", "avif"),
    "LA": ("png", "tif"),
    "CMYK": ("jpg", "tif"),
}
AFTER = {"1": "L", "P": "RGB", "CMYK": "RGB"}


def image_of(mode: str) -> Image.Image:
    image = Image.fromarray(scene()).convert("L" if mode in {"L", "LA", "1"} else "RGB")
    if mode == "P":
        return image.quantize(200)
    image = image.convert(mode)
    if mode in {"RGBA", "LA"}:
        image.putalpha(Image.fromarray(scene()[..., 0]))
    return image


@pytest.mark.parametrize(
    ("mode", "suffix"), [(mode, suffix) for mode, many in KINDS.items() for suffix in many]
)
def test_each_kind_in_each_format(tmp_path: Path, mode: str, suffix: str) -> None:
    path = tmp_path / f"in.{suffix}"
    if suffix == "heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    image_of(mode).save(path, **SAVED[suffix])
    with Image.open(path) as before:
        before.load()
    lossless = suffix not in {"jpg", "heic", "avif"}
    for change in (0, 20):
        with Image.open(again(path, change)) as after:
            assert (after.format, after.size) == (before.format, before.size)
            # A bitmap and a palette have no levels between theirs; CMYK has no way back here.
            assert after.mode == AFTER.get(mode, mode)
            if suffix == "tif":
                assert after.info["compression"] == "tiff_adobe_deflate"
            colour = "L" if after.mode in {"L", "LA"} else "RGB"
            moved = np.asarray(after.convert(colour)).astype(int)
            moved -= np.asarray(before.convert(colour))
            expected = 0 if change == 0 or mode == "1" else change
            if mode != "1":
                assert np.abs(moved - expected).max() <= (0 if lossless else 6)
                assert np.abs(moved.mean() - expected) <= 1
            if mode in {"RGBA", "LA"}:
                alpha = np.asarray(before.getchannel("A")).astype(int)
                off = np.abs(np.asarray(after.getchannel("A")) - alpha).max()
                assert off <= (0 if lossless else 2)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_stay_16(tmp_path: Path, suffix: str, channels: int) -> None:
    path = tmp_path / f"in.{suffix}"
    pixels = save_deep(path, channels)
    original = read_original(path)
    upright = original.upright()
    assert upright.dtype == np.uint16
    np.testing.assert_array_equal(upright, np.broadcast_to(pixels[..., :3], upright.shape))
    np.testing.assert_array_equal(raw(again(path)), pixels)
    brighter = pixels.astype(int)
    brighter[..., :3] += 5 * 257
    np.testing.assert_array_equal(raw(again(path, 5)), brighter)


def test_16_bit_grey_with_alpha(tmp_path: Path) -> None:
    from wespe.photos.originals.deep import deep_png

    pixels = np.random.default_rng(0).integers(0, 65536, (5, 7, 2), dtype=np.uint16)
    (tmp_path / "in.png").write_bytes(deep_png(pixels))
    out = again(tmp_path / "in.png")
    np.testing.assert_array_equal(raw(out), pixels[..., [0, 0, 0, 1]])
    assert out.read_bytes()[25] == 4  # The colour type of grey with alpha.


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "heic", "avif"])
def test_metadata_is_kept(tmp_path: Path, suffix: str) -> None:
    if suffix == "heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    path, profile = tmp_path / f"in.{suffix}", icc_profile(b"RGB ", 2.2, P3)
    options = SAVED[suffix] | {"exif": exif().tobytes(), "icc_profile": profile}
    if suffix in {"jpg", "png", "tif"}:
        options["dpi"] = (300, 300)
    if suffix == "tif":
        options["compression"] = None  # With another, Pillow itself would lose the GPS here.
    if suffix in {"jpg", "webp", "heic"}:
        options["xmp"] = XMP
    if suffix == "png":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Title", "a lake")
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP.decode())
    if suffix == "jpg":
        options["comment"] = b"a lake"
    Image.fromarray(scene()).save(path, **options)
    out = again(path, 20)
    with Image.open(path) as before, Image.open(out) as after:
        for key in ("icc_profile", "xmp", "comment", "Title", "XML:com.adobe.xmp"):
            assert after.info.get(key) == before.info.get(key)
        assert after.info.get("dpi") == before.info.get("dpi")
        kept, wanted = after.getexif(), before.getexif()
        assert kept[ExifTags.Base.Model] == "Camera"
        for ifd in (ExifTags.IFD.GPSInfo, ExifTags.IFD.Exif):
            assert kept.get_ifd(ifd) == wanted.get_ifd(ifd) != {}
        assert after.info["icc_profile"] == profile


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_metadata_of_16_bits_is_kept(tmp_path: Path, suffix: str) -> None:
    path, profile = tmp_path / f"in.{suffix}", icc_profile(b"RGB ", 1.8, ADOBE)
    save_deep(tmp_path / f"deep.{suffix}", 3)
    deep = read_original(tmp_path / f"deep.{suffix}")
    Image.new("RGB", (14, 9)).save(path, exif=exif().tobytes(), icc_profile=profile, dpi=(240, 240))
    small = read_original(path)
    # A 16-bit file with metadata, made of a 16-bit picture and an 8-bit file that has it.
    joined = type(small)(**{**vars(small), "stored": deep.stored, "colours": deep.colours})
    write_like(tmp_path / f"joined.{suffix}", joined, deep.upright())
    out = again(tmp_path / f"joined.{suffix}")
    np.testing.assert_array_equal(raw(out), deep.stored)
    with Image.open(out) as image:
        assert image.info["icc_profile"] == profile
        assert [round(value) for value in image.info["dpi"]] == [240, 240]
        assert image.getexif()[ExifTags.Base.Model] == "Camera"
        gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        assert gps == {1: "N", 2: (47.0, 22.0, 30.5)}
        image.load()


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_kept(tmp_path: Path, suffix: str, orientation: int) -> None:
    path, turned = tmp_path / f"in.{suffix}", exif()
    turned[ExifTags.Base.Orientation] = orientation
    stored = np.ascontiguousarray(STORED[orientation](scene()))
    Image.fromarray(stored).save(path, exif=turned, **SAVED[suffix])
    original = read_original(path)
    np.testing.assert_array_equal(original.upright(), scene())
    marked = original.upright().copy()
    marked[:3, :5] = 255
    write_like(tmp_path / f"out.{suffix}", original, marked)
    np.testing.assert_array_equal(read_photo(tmp_path / f"out.{suffix}").pixels, marked)
    if suffix != "tif":  # Pillow turns TIFF when it reads: it is stored upright.
        with Image.open(tmp_path / f"out.{suffix}") as image:
            assert image.getexif()[ExifTags.Base.Orientation] == orientation


def tables(image: Image.Image) -> dict[int, list[int]]:
    """By which a JPEG was quantised."""
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
    return image.quantization


@pytest.mark.parametrize("sampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [35, 93])
def test_jpeg_keeps_its_own_quality(tmp_path: Path, quality: int, sampling: int) -> None:
    path = tmp_path / "in.jpg"
    options: dict[str, Any] = {"quality": quality, "subsampling": sampling, "progressive": True}
    Image.fromarray(scene(64, 64)).save(path, **options)
    with Image.open(path) as before, Image.open(again(path)) as after:
        assert tables(after) == tables(before)
        assert JpegImagePlugin.get_sampling(after) == sampling
        assert after.info.get("progressive")
    with Image.open(again(path, quality=60)) as asked:
        assert tables(asked) != tables(before)
        assert JpegImagePlugin.get_sampling(asked) == 0


def test_webp_stays_with_or_without_loss(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 20, 4), dtype=np.uint8)
    for lossless in (True, False):
        Image.fromarray(noise).save(tmp_path / "in.webp", lossless=lossless, exif=exif())
        assert (b"VP8L" in again(tmp_path / "in.webp").read_bytes()) == lossless


@pytest.mark.parametrize("columns", [P3, ADOBE], ids=["Display P3", "Adobe RGB"])
@pytest.mark.parametrize("deep", [False, True], ids=["8 bit", "16 bit"])
def test_colours_beyond_srgb_are_kept(tmp_path: Path, columns: Columns, deep: bool) -> None:
    profile = icc_profile(b"RGB ", 2.2, columns)
    pixels: AnyPixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    pixels[0, 0] = (20, 250, 10)  # Greener than sRGB can be.
    Image.fromarray(pixels).save(tmp_path / "in.png", icc_profile=profile)
    if deep:
        small, noise = read_original(tmp_path / "in.png"), np.arange(768).reshape(16, 16, 3) % 256
        values = (pixels * 256.0 + noise).astype(np.uint16)
        joined = type(small)(**{**vars(small), "stored": values})
        write_like(tmp_path / "in.png", joined, joined.upright())
        np.testing.assert_array_equal(raw(tmp_path / "in.png"), values)
        pixels = values
    # Nothing enhanced is nothing changed, though most of these colours are not in sRGB.
    np.testing.assert_array_equal(raw(again(tmp_path / "in.png")), pixels)
    shown = read_photo(tmp_path / "in.png").pixels.astype(int)
    seen = read_original(tmp_path / "in.png").upright() / (257 if deep else 1)
    # 16-bit colours are interpolated, those of read_photo rounded to 8 bits first.
    assert np.abs(seen - shown).max() <= (6 if deep else 0)
    assert np.abs(seen - shown).mean() <= 0.8


def test_grey_profile_there_and_back(tmp_path: Path) -> None:
    profile = icc_profile(b"GRAY", 1.0)
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(levels).save(tmp_path / "in.png", icc_profile=profile)
    np.testing.assert_array_equal(raw(again(tmp_path / "in.png"))[..., 0], levels)
    original = read_original(tmp_path / "in.png")
    # Linear 55 / 255 = 0.2157 is 0.5019 in sRGB: level 128.
    assert abs(int(original.upright()[3, 7, 0]) - 128) <= 1
    brighter = (original.upright() // 2 + 100).astype(np.uint8)
    write_like(tmp_path / "out.png", original, brighter)
    got = read_photo(tmp_path / "out.png").pixels.astype(int)
    # A step of a linear curve is up to 13 sRGB levels in the dark: look where it is finer.
    assert np.abs(got - brighter)[8:].max() <= 2
    with Image.open(tmp_path / "out.png") as image:
        assert (image.mode, image.info["icc_profile"]) == ("L", profile)


def test_cmyk_without_a_way_back_becomes_rgb(tmp_path: Path) -> None:
    Image.new("CMYK", (16, 16), (0, 200, 200, 20)).save(tmp_path / "in.jpg", quality=95)
    expected = read_photo(tmp_path / "in.jpg").pixels.astype(int)
    out = again(tmp_path / "in.jpg")
    with Image.open(out) as image:
        assert image.mode == "RGB"
    assert np.abs(read_photo(out).pixels - expected).max() <= 3


def cmyk_profile() -> bytes:
    """A small printer profile with both ways: ICC v2 tables of 8 bits between CMYK and Lab."""

    def table(kind: int, count: int, grid: int, values: np.ndarray) -> bytes:
        identity = struct.pack(">9i", *(65536 * (n % 4 == 0) for n in range(9)))
        ramp = bytes(range(256))
        head = b"mft1\0\0\0\0" + bytes([kind, count, grid, 0]) + identity
        return (
            head
            + ramp * kind
            + values.clip(0, 255).round().astype(np.uint8).tobytes()
            + (ramp * count)
        )

    c, m, y, k = np.meshgrid(*[np.linspace(0, 1, 5)] * 4, indexing="ij")
    lightness = 255 * (1 - k) * (1 - 0.8 / 3 * (c + m + y))
    lab = [lightness, 128 + 60 * (m - c), 128 + 60 * (y - (c + m) / 2)]
    # The way back prints no black: another CMYK of the same colour, as with real profiles.
    light, a, b = np.meshgrid(*[np.linspace(0, 255, 17)] * 3, indexing="ij")
    p, q = (a - 128) / 60, (b - 128) / 60
    both = ((1 - light / 255) * 3 / 0.8 - q) / 1.5
    inks = [(both - p) / 2, (both + p) / 2, both / 2 + q, 0 * q]
    tags = {
        b"desc": b"desc" + bytes(90),
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">iii", 63190, 65536, 54061),
        b"A2B0": table(4, 3, 5, np.stack(lab, axis=-1)),
        b"B2A0": table(3, 4, 17, 255 * np.stack(inks, axis=-1)),
    }
    offset, index, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        index += name + struct.pack(">II", offset + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    header = bytearray(128)
    size = offset + len(body)
    struct.pack_into(">I4xI4s4s4s", header, 0, size, 0x02100000, b"prtr", b"CMYK", b"Lab ")
    header[36:40] = b"acsp"
    struct.pack_into(">iii", header, 68, 63190, 65536, 54061)
    return bytes(header) + index + body


@pytest.mark.parametrize("suffix", ["tif", "jpg"])
def test_cmyk_stays_where_its_profile_leads_back(tmp_path: Path, suffix: str) -> None:
    path, profile = tmp_path / f"in.{suffix}", cmyk_profile()
    inks = np.stack([scene()[..., 0], scene()[..., 1], scene()[..., 2], scene()[..., 0] // 4], -1)
    image = Image.frombytes("CMYK", inks.shape[1::-1], (inks // 2).tobytes())
    options: dict[str, Any] = {"quality": 95} if suffix == "jpg" else {}
    image.save(path, icc_profile=profile, **options)
    before = read_photo(path).pixels.astype(int)
    with Image.open(again(path)) as same:
        assert (same.mode, same.info["icc_profile"]) == ("CMYK", profile)
        tolerance = 6 if suffix == "jpg" else 0
        assert np.abs(np.asarray(same).astype(int) - np.asarray(image)).max() <= tolerance
    brighter = read_photo(again(path, 20)).pixels.astype(int) - before
    assert 10 < brighter.mean() < 30


def test_16_bit_cmyk_is_refused_rather_than_cut(tmp_path: Path) -> None:
    deep = np.zeros((3, 4, 4), np.uint16)
    content = encode_tiff(deep, "CMYK", tags=Tags("<"), profile=None, compressed=False)
    (tmp_path / "in.tif").write_bytes(content)
    with pytest.raises(PhotoError, match=r"in\.tif: 16 bits a channel of CMYK, expected 8"):
        read_original(tmp_path / "in.tif")


def save_tiff(path: Path, layers: AnyPixels, photometric: int, **tags: Any) -> Path:
    """uint16 `(H, W, C)` as one strip, with tags that this project's own writer never sets."""
    height, width, channels = layers.shape
    body = layers.astype("<u2").tobytes()
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    directory.update(
        {
            **{TiffImagePlugin.IMAGEWIDTH: width, TiffImagePlugin.IMAGELENGTH: height},
            TiffImagePlugin.BITSPERSAMPLE: (16,) * channels,
            TiffImagePlugin.SAMPLESPERPIXEL: channels,
            TiffImagePlugin.COMPRESSION: 1,
            TiffImagePlugin.PHOTOMETRIC_INTERPRETATION: photometric,
            TiffImagePlugin.ROWSPERSTRIP: height,
            TiffImagePlugin.STRIPBYTECOUNTS: len(body),
            TiffImagePlugin.STRIPOFFSETS: 0,
            **{getattr(TiffImagePlugin, name): value for name, value in tags.items()},
        }
    )
    stream = io.BytesIO()
    directory.save(stream)
    path.write_bytes(stream.getvalue() + body)
    return path


def test_16_bit_grey_of_which_0_is_white(tmp_path: Path) -> None:
    seen = np.random.default_rng(0).integers(9000, 50000, (9, 14, 1), dtype=np.uint16)
    path = save_tiff(tmp_path / "in.tif", 65535 - seen, photometric=0)
    np.testing.assert_array_equal(raw(again(path)), seen)
    assert np.abs(read_photo(path).pixels[..., :1] - seen / 257).max() <= 1


def test_16_bit_colours_that_were_multiplied_with_alpha(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    seen = random.integers(9000, 50000, (9, 14, 3)).astype(np.uint16)
    alpha = random.integers(30000, 65536, (9, 14, 1)).astype(np.uint16)
    multiplied = np.rint(seen / 65535 * alpha).astype(np.uint16)
    layers = np.concatenate([multiplied, alpha], axis=2)
    got = raw(again(save_tiff(tmp_path / "in.tif", layers, photometric=2, EXTRASAMPLES=1)))
    np.testing.assert_array_equal(got[..., 3:], alpha)
    np.testing.assert_allclose(got[..., :3].astype(int), seen.astype(int), atol=2)


def test_planes_that_are_not_apart_are_refused(tmp_path: Path) -> None:
    planes = np.zeros((9, 14, 3), np.uint16)
    path = save_tiff(tmp_path / "in.tif", planes, photometric=2, PLANAR_CONFIGURATION=2)
    for read in (read_photo, read_original):
        with pytest.raises(PhotoError, match=r"in\.tif: .* planes that are not apart"):
            read(path)


def test_a_transparent_grey_of_16_bits(tmp_path: Path) -> None:
    pixels = save_deep(tmp_path / "in.png", 1)
    content = (tmp_path / "in.png").read_bytes()
    chunk = png_chunk(b"tRNS", struct.pack(">H", pixels[0, 0, 0]))
    (tmp_path / "in.png").write_bytes(content[:33] + chunk + content[33:])
    got = raw(again(tmp_path / "in.png"))
    np.testing.assert_array_equal(got[..., :1], pixels)
    np.testing.assert_array_equal(got[..., 3] == 0, pixels[..., 0] == pixels[0, 0, 0])


VIDEO = b"\0\0\0\x18ftypmp42" + bytes(range(256))


@pytest.mark.parametrize("between", [b"", b"\0\0\x30\x0aMotionPhoto_Data", "picture"])
def test_the_video_of_a_motion_photo_stays_where_it_is_from_the_end(
    tmp_path: Path, between: bytes | str
) -> None:
    path = tmp_path / "in.jpg"
    Image.fromarray(scene()).save(path, progressive=True)
    second = between if isinstance(between, bytes) else path.read_bytes()
    path.write_bytes(path.read_bytes() + second + VIDEO)
    written = again(path, 9).read_bytes()
    assert written.endswith(VIDEO)
    assert written.endswith(second + VIDEO) == isinstance(between, bytes)
    Image.fromarray(scene()).save(path)
    assert again(path).read_bytes().endswith(b"\xff\xd9")


def test_what_is_lost_is_told(tmp_path: Path) -> None:
    first, second = Image.fromarray(scene()), Image.fromarray(255 - scene())
    for name in ("in.tif", "in.webp", "in.png"):
        first.save(tmp_path / name, save_all=True, append_images=[second])
        assert read_original(tmp_path / name).notes == ("only the first of its pictures",)
    first.save(tmp_path / "in.jpg", "MPO", save_all=True, append_images=[second])
    assert read_original(tmp_path / "in.jpg").notes == ("only the first of its pictures",)
    first.save(tmp_path / "in.jpg")
    assert read_original(tmp_path / "in.jpg").notes == ()


def test_truncated_heic_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    Image.fromarray(scene()).save(tmp_path / "in.heic")
    whole = (tmp_path / "in.heic").read_bytes()
    for size in (30, len(whole) // 2, len(whole) - 5):
        (tmp_path / "in.heic").write_bytes(whole[:size])
        with pytest.raises(PhotoError, match=r"in\.heic: (cannot be decoded|an HEIF .* damaged)"):
            read_original(tmp_path / "in.heic")


def test_unusable_profile_leaves_the_numbers(tmp_path: Path) -> None:
    Image.fromarray(scene()).save(tmp_path / "in.png", icc_profile=b"damaged" * 40)
    out = again(tmp_path / "in.png", 20)
    np.testing.assert_array_equal(raw(out), np.clip(scene().astype(int) + 20, 0, 255))
    with Image.open(out) as image:
        assert image.info["icc_profile"] == b"damaged" * 40


def test_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(scene()).save(tmp_path / "in.png", icc_profile=profile)
    np.testing.assert_array_equal(read_original(tmp_path / "in.png").upright(), scene())
    expected = np.clip(scene().astype(int) + 9, 0, 255)
    np.testing.assert_array_equal(raw(again(tmp_path / "in.png", 9)), expected)


def jpeg_bytes() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(scene()).save(stream, "JPEG")
    return stream.getvalue()


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_refused_by_name_and_reason(tmp_path: Path, name: str) -> None:
    content, reason = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PhotoError, match=f"{name}: {reason}"):
        read_original(tmp_path / name)


@pytest.mark.parametrize("suffix", [".dng", ".NEF", ".arw"])
def test_raw_that_is_tiff_underneath_says_what_to_do(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"raw{suffix}"
    Image.new("RGB", (8, 8)).save(path, format="TIFF")
    with pytest.raises(PhotoError, match="camera raw, which has to be developed first"):
        read_original(path)


def test_what_a_name_promises_has_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(jpeg_bytes())
    with pytest.raises(PhotoError, match=r"a\.png: holds JPEG, but is named \.png"):
        read_original(tmp_path / "a.png")
    Image.fromarray(scene()).save(tmp_path / "a.gif")
    with pytest.raises(PhotoError, match=r"a\.gif: GIF, .* convert it to PNG"):
        read_original(tmp_path / "a.gif")


def test_a_single_pixel_is_no_photo_and_two_are(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "one.png")
    with pytest.raises(PhotoError, match=r"one\.png: a single pixel"):
        read_original(tmp_path / "one.png")
    Image.new("RGB", (2, 1)).save(tmp_path / "two.png")
    assert read_photo(again(tmp_path / "two.png", 7)).pixels.tolist() == [[[7] * 3, [7] * 3]]


def test_32_bits_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((3, 3), 70_000, np.int32)).save(tmp_path / "in.tif")
    with pytest.raises(PhotoError, match=r"in\.tif: 32 bits a channel, expected 8 or 16"):
        read_original(tmp_path / "in.tif")


def test_heic_without_its_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    for name in ("HEIF",):
        for register in (Image.OPEN, Image.SAVE):
            monkeypatch.delitem(register, name, raising=False)
    monkeypatch.setattr(Image, "ID", [name for name in Image.ID if name != "HEIF"])
    with pytest.raises(PhotoError, match=r"a\.heic: HEIC, which needs pillow-heif"):
        read_original(tmp_path / "a.heic")


@pytest.mark.parametrize("quality", [0, 101])
def test_quality_out_of_range_is_refused(tmp_path: Path, quality: int) -> None:
    (tmp_path / "in.jpg").write_bytes(jpeg_bytes())
    with pytest.raises(ValueError, match=f"quality must be from 1 to 100, got {quality}"):
        again(tmp_path / "in.jpg", quality=quality)


@pytest.mark.slow
@pytest.mark.skipif(not PHONES, reason="real photos are absent")
@pytest.mark.parametrize("path", PHONES, ids=lambda path: path.stem)
def test_real_phone_photos_keep_all_but_the_thumbnail(tmp_path: Path, path: Path) -> None:
    original = read_original(path)
    write_like(tmp_path / "out.jpg", original, original.upright())
    with Image.open(path) as before, Image.open(tmp_path / "out.jpg") as after:
        assert tables(after) == tables(before)
        assert after.info.get("dpi") == before.info.get("dpi")
        assert after.getexif().get_ifd(ExifTags.IFD.IFD1) == {}
        one, two = after.info["exif"], before.info["exif"]
        # The link to the thumbnail's directory, four bytes, and not one more.
        assert len(one) == len(two)
        assert sum(a != b for a, b in zip(one, two, strict=True)) <= 4
    difference = read_photo(tmp_path / "out.jpg").pixels.astype(int) - read_photo(path).pixels
    assert np.abs(difference).mean() < 1
