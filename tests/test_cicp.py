"""Colours by code points: wide ones are kept like those of a profile, HDR is refused in words."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.test_images import P3
from wespe.photos.cicp import CodePoints, stated
from wespe.photos.images import PhotoError, photo_size, read_photo
from wespe.photos.originals import read_original, write_like
from wespe.photos.originals.png_like import png_chunk

SRGB_TAGS = (1, 13)
DISPLAY_P3 = (12, 13)
HDR = {"PQ": (9, 16), "HLG": (9, 18)}
COLOUR = (200, 100, 50)


def write_stated(path: Path, primaries: int, transfer: int, *, deep: bool = False) -> Path:
    """A photo of one colour that states these code points."""
    picture = Image.new("RGB", (16, 12), COLOUR)
    stream = io.BytesIO()
    if path.suffix == ".png":
        picture.save(stream, "PNG")
        chunk = png_chunk(b"cICP", bytes([primaries, transfer, 0, 1]))
        path.write_bytes(stream.getvalue()[:33] + chunk + stream.getvalue()[33:])
        return path
    if path.suffix == ".heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    options: dict[str, Any] = {"quality": 100, "subsampling": "4:4:4"}
    picture.save(stream, {".heic": "HEIF", ".avif": "AVIF"}[path.suffix], **options)
    content = stream.getvalue()
    place = content.index(b"colrnclx") + 8
    numbers = bytes([0, primaries, 0, transfer])
    path.write_bytes(content[:place] + numbers + content[place + 4 :])
    return path


SUFFIXES = ["png", "heic", "avif"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("curve", HDR)
def test_hdr_is_refused_in_words(tmp_path: Path, suffix: str, curve: str) -> None:
    path = write_stated(tmp_path / f"photo.{suffix}", *HDR[curve])
    for read in (read_photo, read_original, photo_size):
        with pytest.raises(PhotoError, match=rf"HDR \({curve}\), which no network here knows"):
            read(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_wide_colours_are_seen_as_they_are_and_kept(tmp_path: Path, suffix: str) -> None:
    path = write_stated(tmp_path / f"photo.{suffix}", *DISPLAY_P3)
    seen = read_photo(path).pixels[5, 5]
    # By the formulas of Display P3, in numbers of sRGB.
    assert np.abs(seen.astype(int) - (215, 93, 31)).max() <= 2
    original, result = read_original(path), tmp_path / f"result.{suffix}"
    assert np.array_equal(original.upright()[5, 5], seen)
    write_like(result, original, original.upright(), quality=100)
    assert np.abs(read_photo(result).pixels[5, 5].astype(int) - seen).max() <= 2
    if suffix == "png":
        assert stated("PNG", result.read_bytes()) == CodePoints(*DISPLAY_P3)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_srgb_stays_without_a_profile(tmp_path: Path, suffix: str) -> None:
    path = write_stated(tmp_path / f"photo.{suffix}", *SRGB_TAGS)
    assert np.abs(read_photo(path).pixels[5, 5].astype(int) - COLOUR).max() <= 2
    assert CodePoints(*SRGB_TAGS).profile() is None


def test_profiles_have_the_published_columns() -> None:
    profile = CodePoints(*DISPLAY_P3).profile()
    assert profile
    read: Any = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
    for column, name in zip(P3, ("red", "green", "blue"), strict=True):
        assert getattr(read, f"{name}_colorant")[0] == pytest.approx(column, abs=2e-4)


@pytest.mark.parametrize("points", [(2, 2), (99, 13), (1, 1)])
def test_what_is_not_stated_or_not_known_is_srgb(points: tuple[int, int]) -> None:
    assert CodePoints(*points).profile() is None


@pytest.mark.parametrize("kind", ["PNG", "AVIF", "HEIF", "JPEG"])
def test_nothing_is_stated_by_what_is_cut_off(kind: str) -> None:
    assert stated(kind, b"") is None
    assert stated(kind, b"....colrnclx\0") is None
