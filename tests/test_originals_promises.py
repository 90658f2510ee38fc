"""The table of docs/enhance.md holds for files of any kind, size, colours and metadata."""

import io
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms

from tests.test_images import ADOBE, P3, icc_profile
from wespe.photos.images import read_photo
from wespe.photos.originals import read_original, write_like
from wespe.photos.originals.deep import deep_png

MODES = {
    "JPEG": ("L", "RGB"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "16 L", "16 LA", "16 RGB", "16 RGBA"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "16 L", "16 RGB"),
    "WEBP": ("RGB", "RGBA"),
    "BMP": ("L", "P", "RGB"),
    "AVIF": ("RGB", "RGBA"),
    "HEIF": ("L", "RGB", "RGBA"),
}
SUFFIXES = {"JPEG": "jpg", "PNG": "png", "TIFF": "tif", "WEBP": "webp", "BMP": "bmp"}
SUFFIXES |= {"AVIF": "avif", "HEIF": "heic"}
LOSSY = {"JPEG", "AVIF", "HEIF"}
TURNED = {"TIFF", "HEIF"}  # By their decoders.
PROFILES = {
    "none": None,
    "P3": icc_profile(b"RGB ", 2.2, P3),
    "Adobe": icc_profile(b"RGB ", 2.2, ADOBE),
}
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=40)


class Made(NamedTuple):
    """A photo file, and what it was made of."""

    format: str
    mode: str
    size: tuple[int, int]
    seed: int
    orientation: int
    profile: bytes | None
    words: str
    dots: int
    xmp: bytes
    lossless: bool


@st.composite
def photos(draw: st.DrawFn) -> Made:
    """Any photo that is promised to come out as it was; HEIF where its library is installed."""
    kind = draw(st.sampled_from(sorted(MODES)))
    side = st.integers(2, 33)
    packet = draw(st.sampled_from([0, 40, 4000, 60_000]))
    return Made(
        kind,
        draw(st.sampled_from(MODES[kind])),
        (draw(side), draw(side)),
        draw(st.integers(0, 2**16)),
        draw(st.integers(1, 8)),
        PROFILES[draw(st.sampled_from(sorted(PROFILES)))],
        draw(TEXT),
        draw(st.sampled_from([72, 300, 1200])),
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b" " * packet + b"</x:xmpmeta>",
        draw(st.booleans()),
    )


def pixels_of(made: Made) -> NDArray[Any]:
    """Smooth, as lossy formats want them, with some noise elsewhere; `(H, W, C)`."""
    width, height = made.size
    channels = {"LA": 2, "RGB": 3, "RGBA": 4}.get(made.mode.split()[-1], 1)
    random = np.random.default_rng(made.seed)
    slope = random.uniform(-3, 3, (2, channels))
    rows, columns = np.indices((height, width))
    waves = 128 + rows[..., None] * slope[0] + columns[..., None] * slope[1]
    if made.format not in LOSSY:
        waves = waves + random.uniform(-40, 40, waves.shape)
    if made.mode.startswith("16"):
        return np.asarray((waves.clip(0, 255) * 257).astype(np.uint16))
    return np.asarray(waves.clip(0, 255).astype(np.uint8))


def write(path: Path, made: Made) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = made.words
    exif[ExifTags.Base.Orientation] = made.orientation
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    pixels, grey = pixels_of(made), made.mode.split()[-1] in {"1", "L", "LA"}
    profile = None if grey or made.mode == "P" else made.profile
    options: dict[str, Any] = {"icc_profile": profile} if profile else {}
    if made.format != "BMP":
        options |= {"exif": exif, "xmp": made.xmp}
    if made.format in {"JPEG", "PNG", "TIFF", "BMP"}:
        options["dpi"] = (made.dots, made.dots)
    special: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 95, "comment": made.words.encode()},
        "TIFF": {"compression": "tiff_deflate" if made.lossless else None},
        "WEBP": {"lossless": True, "exact": True},
        "AVIF": {"quality": 95, "subsampling": "4:4:4"},
        "HEIF": {"quality": 95},
    }
    options |= special.get(made.format, {})
    if made.mode.startswith("16"):
        write_deep(path, made.format, pixels, options)
        return
    mode = {"1": "L", "P": "L"}.get(made.mode, made.mode)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels, mode)
    if made.mode == "P":
        image = image.convert("RGB")
    image.convert(made.mode).save(path, made.format, **options)


def write_deep(path: Path, kind: str, pixels: NDArray[Any], options: dict[str, Any]) -> None:
    """16 bits, which Pillow does not write in colour: a PNG of ours, a TIFF of OpenCV."""
    if kind == "PNG":
        stream = io.BytesIO()
        Image.new("L", (1, 1)).save(stream, "PNG", **options)
        chunks, deep = stream.getvalue(), deep_png(pixels)
        path.write_bytes(deep[:33] + chunks[33 : chunks.index(b"IDAT") - 4] + deep[33:])
    else:
        order = [2, 1, 0] if pixels.shape[2] == 3 else [0]
        assert cv2.imwrite(str(path), pixels[..., order])


class Seen(NamedTuple):
    """What Pillow and OpenCV read of a file."""

    format: str
    pixels: NDArray[Any]
    profile: bytes | None
    exif: dict[int, Any]
    gps: dict[int, Any]
    xmp: bytes
    dots: tuple[int, int]
    text: Any


def see(path: Path, mode: str) -> Seen:
    with Image.open(path) as image:
        exif = image.getexif()
        tags = [ExifTags.Base.ImageDescription]
        if image.format not in TURNED:
            tags.append(ExifTags.Base.Orientation)
        facts: dict[int, Any] = {tag: exif.get(tag) for tag in tags}
        info = image.info
        dots = info.get("dpi", (0, 0))
        kind, profile = str(image.format), info.get("icc_profile")
        xmp, text = info.get("xmp", b""), info.get("comment", b"")
        gps = dict(exif.get_ifd(ExifTags.IFD.GPSInfo))
        shown = "RGB" if image.mode == "P" else "L" if image.mode == "1" else image.mode
        pixels: NDArray[Any] = np.asarray(image.convert(shown))
    if mode.startswith("16"):
        deep = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
        assert deep is not None
        pixels = np.asarray(deep)
    return Seen(kind, pixels, profile, facts, gps, xmp, (round(dots[0]), round(dots[1])), text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("promises")


@pytest.mark.slow
@settings(
    max_examples=250,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(made=photos())
def test_what_is_not_changed_comes_out_as_it_was(folder: Path, made: Made) -> None:
    if made.format == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    path, result = (folder / f"{name}.{SUFFIXES[made.format]}" for name in ("in", "out"))
    write(path, made)
    original = read_original(path)
    write_like(result, original, original.upright(), quality=None)
    before, after = see(path, made.mode), see(result, made.mode)
    assert original.notes == ()
    assert after.format == before.format == made.format
    assert after.pixels.shape == before.pixels.shape
    gaps = np.abs(after.pixels.astype(float) - before.pixels)
    if made.format in LOSSY:
        assert gaps.mean() < 3
    else:
        assert gaps.max() == 0
    assert after.profile == before.profile
    assert after.exif == before.exif
    assert after.gps == before.gps
    assert after.xmp == before.xmp
    assert after.dots == before.dots
    assert after.text == before.text
    seen = [read_photo(file).pixels.astype(float) for file in (path, result)]
    assert np.abs(seen[0] - seen[1]).mean() < 3


def test_the_profiles_are_usable() -> None:
    for profile in filter(None, PROFILES.values()):
        assert ImageCms.ImageCmsProfile(io.BytesIO(profile))
