"""The photos that are shown: which, under which names, and which part of each at 100 %."""

from pathlib import Path

import numpy as np
import pytest

from wespe.judging.album import CROP_PX, Album, evenly_spread, most_detailed
from wespe.judging.versions import Part
from wespe.photos.images import Pixels, read_photo
from wespe.results.index import Crop
from wespe.results.layout import EvaluationFiles


def flat(height: int, width: int) -> Pixels:
    return np.full((height, width, 3), 90, np.uint8)


def test_hand_computed_spread() -> None:
    assert evenly_spread("abcdefgh", 2) == ["c", "g"]
    assert evenly_spread("ab", 9) == ["a", "b"]
    assert evenly_spread("", 3) == evenly_spread("abc", 0) == []


@pytest.mark.parametrize("place", [(0, 0), (40, 80), (100, 40)])
def test_the_crop_is_where_the_detail_is(place: tuple[int, int]) -> None:
    photo, (y, x) = flat(140, 180), place
    photo[y : y + 40, x : x + 40] = np.random.default_rng(0).integers(0, 256, (40, 40, 3))
    assert most_detailed(photo, 40) == (x, y, 40, 40)


def test_of_a_small_photo_the_crop_is_all_there_is() -> None:
    assert most_detailed(flat(30, 100), 40) == (0, 0, 40, 30)
    assert most_detailed(flat(1, 1), 40) == (0, 0, 1, 1)


def test_pictures_are_bounded_and_crops_are_pixels_of_the_photo(tmp_path: Path) -> None:
    photo = flat(900, 2000)
    photo[600:, 1500:] = np.random.default_rng(0).integers(0, 256, (300, 500, 1), np.uint8)
    album = Album(EvaluationFiles(tmp_path))
    album.add("a/0.jpg", photo, {"enhanced": lambda pixels: 255 - pixels}, [Part(None)])
    album.add("b/0.jpg", photo[:50, :60], {}, [Part(None)])
    assert album.files == {"0": "a/0.jpg", "0-2": "b/0.jpg"}
    assert album.sizes == {"0": (2000, 900), "0-2": (60, 50)}
    x, y, width, height = album.crops["0"]
    assert (width, height) == (CROP_PX, CROP_PX)
    assert x >= 1450
    assert y >= 600
    assert album.crops["0-2"] == (0, 0, 60, 50)
    assert read_photo(tmp_path / "pictures" / "0.enhanced.jpg").pixels.shape == (720, 1600, 3)
    crop = read_photo(tmp_path / "crops" / "0.enhanced.jpg").pixels.astype(int)
    # JPEG at quality 95 moves single levels of noise; another place or size would differ by tens.
    assert np.abs(crop - (255 - photo[y : y + height, x : x + width])).mean() < 4


def test_of_a_photo_with_crops_the_one_with_most_contrast_is_shown_beside_its_target(
    tmp_path: Path,
) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    clear, vague = (flat(20, 30) // gain for gain in (1, 3))
    clear[:, 15:] = 200
    parts = [
        Part(pixels, Crop(y, x, 20, 30, "r.png", ""))
        for pixels, y, x in ((vague, 0, 0), (clear, 60, 80))
    ]
    album = Album(EvaluationFiles(tmp_path))
    album.add("0.jpg", photo, {"enhanced": lambda pixels: 255 - pixels}, parts)
    assert album.crops == {"0": (80, 60, 30, 20)}
    names = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert names == {"0.original.jpg", "0.enhanced.jpg"}  # the target of a whole photo is unknown
    target = read_photo(tmp_path / "crops" / "0.target.jpg").pixels.astype(int)
    assert np.abs(target - clear).mean() < 2
