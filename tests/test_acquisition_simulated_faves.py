import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tests.conftest import ROOT
from wespe.data.simulated_faves import SimulatedFavesSettings, acquire
from wespe.data.simulated_faves.degradations import DEGRADATIONS, degrade, jpeg_quality
from wespe.photos.images import write_photo
from wespe.results.faves import read_faves
from wespe.results.index import PhotoIndex

pytestmark = pytest.mark.slow


def settings(path: Path, **changes: Any) -> SimulatedFavesSettings:
    values = {"tile_px": 32, "versions": 3, "views_median": 200.0} | changes
    return SimulatedFavesSettings(kind="simulated_faves", path=str(path), **values)


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    folder = tmp_path / "originals"
    for number in range(6):
        pixels = np.random.default_rng(number).integers(256, size=(64, 96, 3), dtype=np.uint8)
        write_photo(folder / f"{number}.png", pixels)
    return folder


def made(out: Path, index: PhotoIndex) -> tuple[PhotoIndex, list[dict[str, str]]]:
    """The index as it is read from disk, and the rows of the table."""
    with (out / "faves.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return PhotoIndex(index.source, str(out), index.origin, True, index.photos), rows


def test_the_parts_share_no_photo_and_no_owner(originals: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    index, rows = made(out, acquire("faves", settings(originals), out))
    assert len(rows) == 6 * 6 * 3  # photos, tiles of each, versions of each tile
    for column in ("owner", "original"):
        parts: dict[str, set[str]] = {}
        for row in rows:
            parts.setdefault(row[column], set()).add(row["split"])
        assert all(len(found) == 1 for found in parts.values())
    assert {row["split"] for row in rows} == {"train", "validation", "test"}
    assert max(sum(r["owner"] == row["owner"] for r in rows) for row in rows) == 4
    # The reader refuses leaks, wrong labels and photos that are not there.
    photos = read_faves(out, index)
    assert len(photos) == len(rows)
    assert all(photo.path.is_file() for photo in photos)
    train = [photo for photo in photos if photo.part == "train"]
    assert abs(sum(photo.label for photo in train) - len(train) / 2) <= 1


def test_a_tile_appears_at_different_levels(originals: Path, tmp_path: Path) -> None:
    _, rows = made(tmp_path, acquire("faves", settings(originals), tmp_path))
    for first in range(0, len(rows), 3):
        assert len({row["level"] for row in rows[first : first + 3]}) == 3
    assert {row["level"] for row in rows} == set("01234")
    assert all(len(row["degradations"].split()) >= 3 for row in rows)


def test_everything_says_that_the_viewers_are_simulated(originals: Path, tmp_path: Path) -> None:
    index = acquire("faves", settings(originals), tmp_path)
    assert index.simulated
    assert index.origin.endswith("simulated viewers")
    model = json.loads((tmp_path / "viewers.json").read_text())
    assert model["what"] == "simulated viewers"
    assert 0.5 < model["best_accuracy"] < 1
    assert 0.5 < model["best_on_test"] <= 1


def test_the_same_settings_give_the_same_photos(originals: Path, tmp_path: Path) -> None:
    first, second, other = (
        acquire("faves", settings(originals, seed=seed), tmp_path / folder)
        for folder, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert first == second
    assert first != other
    tables = [(tmp_path / folder / "faves.csv").read_text() for folder in "abc"]
    assert tables[0] == tables[1] != tables[2]


def test_flat_tiles_are_left_out_and_photos_reduced(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for number in range(3):
        photo = np.full((128, 256, 3), 100, np.uint8)
        # The left half has structure of 16 px, which is still there after the reduction.
        blocks = generator.integers(256, size=(8, 8, 3), dtype=np.uint8)
        photo[:, :128] = blocks.repeat(16, axis=0).repeat(16, axis=1)
        write_photo(tmp_path / "flat" / f"{number}.png", photo)
    chosen = settings(tmp_path / "flat", reduce=2, min_std=10.0, versions=1)
    index = acquire("faves", chosen, tmp_path / "out")
    assert len(index.photos) == 3 * 4  # of 2 × 4 tiles of the reduced photo, the left half


def test_the_demos_photos_have_an_inventory(tmp_path: Path) -> None:
    index = acquire("faves", settings(ROOT / "data/demo.csv", tiles=1), tmp_path)
    assert len(index.photos) == 8 * 3


def test_too_few_photos_are_refused(originals: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="source faves: expected at least 3 photos of 32 px per"):
        acquire("faves", settings(originals, include=("0.png", "1.png")), tmp_path)
    with pytest.raises(ValueError, match=r"expected a folder of photos at .*, got none"):
        acquire("faves", settings(tmp_path / "gone"), tmp_path)


def test_rates_have_to_rise(originals: Path) -> None:
    with pytest.raises(ValidationError, match="must rise from the worst level to the best"):
        settings(originals, fave_rates=(0.02, 0.02))


@pytest.mark.parametrize("kind", DEGRADATIONS)
def test_a_degradation_grows_with_its_strength(kind: Any) -> None:
    photo = np.random.default_rng(0).integers(60, 190, size=(32, 32, 3), dtype=np.uint8)
    if kind == "jpeg":  # is that of the file
        assert [jpeg_quality([kind], strength=s) for s in (0, 0.5, 1)] == [95, 62, 30]
        assert jpeg_quality(["blur"], strength=1) == 95
        return
    errors = [
        np.abs(
            degrade(photo, [kind], strength=s, generator=np.random.default_rng(1)).astype(float)
            - photo
        ).mean()
        for s in (0.0, 0.25, 0.5, 1.0)
    ]
    assert errors[0] == 0
    assert errors[1] < errors[2] < errors[3]
