"""A study's folder: what is drawn, and that nothing about a file tells what it is."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.subjects import LEVELS, evaluated, level_to_method, make_study
from wespe.apps.study.build import build, degrade
from wespe.apps.study.folder import read_study
from wespe.apps.study.sources import of_evaluation, of_photos
from wespe.core.files import write_json
from wespe.photos.images import read_photo, write_photo
from wespe.results.evaluations import EvaluationSummary
from wespe.results.record import read_record, write_record


def test_each_photo_is_shown_in_each_pair_and_practice_takes_what_is_left(tmp_path: Path) -> None:
    study = make_study(tmp_path, catches=2, practice=3)
    main = [study.items[number] for number in study.numbers("main")]
    shown = {item.photo for item in main}
    assert len(shown) == 4
    assert sorted((item.photo, item.methods) for item in main) == sorted(
        (photo, ("enhanced", other)) for photo in shown for other in ("original", "autocontrast")
    )
    catches = [study.items[number] for number in study.numbers("catch")]
    assert [item.methods for item in catches] == [("enhanced", "degraded")] * 2
    practice = [study.items[number] for number in study.numbers("practice")]
    assert {item.photo for item in practice}.isdisjoint(shown)
    assert len(practice) == 3
    assert read_study(tmp_path / "greys") == study


def test_the_files_are_what_the_study_says(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    for item in study.items:
        for method, file in zip(item.methods, item.pictures, strict=True):
            pixels = read_photo(tmp_path / "greys" / "pictures" / file).pixels
            assert level_to_method(float(pixels.mean())) == method


def test_neither_name_size_time_nor_metadata_tells_the_method(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    pictures = tmp_path / "greys" / "pictures"
    for item in study.items:
        assert len({(pictures / file).stat().st_size for file in item.pictures}) == 1
    files = sorted(pictures.iterdir())
    assert {file.stat().st_mtime for file in files} == {0}
    assert all(len(file.stem) == 24 and int(file.stem, 16) for file in files)
    for file in files:
        with Image.open(file) as image:
            assert not image.getexif()
            assert image.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_the_same_arguments_make_the_same_study_and_another_seed_another(tmp_path: Path) -> None:
    one, two = (make_study(tmp_path / name) for name in "ab")
    assert one == two
    assert make_study(tmp_path / "c", seed=1).key != one.key


def test_ratings_show_each_version_alone(tmp_path: Path) -> None:
    study = make_study(tmp_path, "ratings")
    assert len(study.numbers("main")) == 4 * 3
    assert {study.items[number].methods for number in study.numbers("catch")} == {("degraded",)}


def test_a_spoiled_copy_is_dim_and_coarse() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (96, 120, 3)).astype(np.uint8)
    spoiled = degrade(photo)
    assert spoiled.shape == photo.shape
    assert spoiled.std() < photo.std() / 4
    # 20 + half of 200, whatever the place.
    assert (degrade(np.full((5, 7, 3), 200, np.uint8)) == 120).all()


def test_photos_of_a_folder_are_enhanced_and_shrunk(tmp_path: Path) -> None:
    write_photo(tmp_path / "photos" / "a.png", np.full((40, 80, 3), 60, np.uint8))
    (tmp_path / "photos" / "notes.txt").write_text("no photo")
    (tmp_path / "net").write_bytes(b"0")
    enhancers = {"enhanced": lambda pixels: pixels + 100}
    one = of_photos(
        "mine", tmp_path / "photos", model=tmp_path / "net", enhancers=enhancers, longest_px=40
    )
    assert one.photos == ("a.png",)
    made = one.versions("a.png", ["original", "enhanced"])
    assert {name: pixels.shape for name, pixels in made.items()} == {
        "original": (20, 40, 3),
        "enhanced": (20, 40, 3),
    }
    assert (made["enhanced"] == 160).all()
    with pytest.raises(ValueError, match="expected one of original, enhanced, got 'clahe'"):
        one.versions("a.png", ["clahe"])


def test_what_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"iphone_6: expected at least 9 photos, got 5"):
        make_study(tmp_path, photos_per_set=9)
    assert not (tmp_path / "greys").exists()
    with pytest.raises(ValueError, match=r"expected one of autocontrast, enhanced, original, got"):
        make_study(tmp_path, against=["clahe"])
    make_study(tmp_path)
    with pytest.raises(ValueError, match="greys already exists"):
        make_study(tmp_path)
    sets = [of_evaluation(name, tmp_path / "evaluation") for name in ("a", "a")]
    options: dict[str, Any] = {
        "kind": "pairs",
        "title": "",
        "against": ["original"],
        "photos_per_set": 1,
    }
    with pytest.raises(ValueError, match="different names, got a, a"):
        build(tmp_path / "b", sets, practice=0, catches=0, seed=0, **options)
    with pytest.raises(ValueError, match="letters, digits, - and _, got 'b c'"):
        build(tmp_path / "b c", sets, practice=0, catches=0, seed=0, **options)


def test_photos_that_gained_most_or_least_are_not_drawn(tmp_path: Path) -> None:
    folder = evaluated(tmp_path / "e", photos=4)
    summary = read_record(folder / "summary.json", EvaluationSummary)
    write_record(folder / "summary.json", replace(summary, gallery=("2", "0")))
    assert of_evaluation("a", folder).photos == ("0", "2")


def test_a_wrong_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"study\.json: expected a study made by .*found none"):
        read_study(tmp_path)
    write_json(tmp_path / "study.json", {"study": "a"})
    with pytest.raises(ValueError, match=r"study\.json: expected a study .*but \w+: "):
        read_study(tmp_path)


def test_a_simulated_camera_is_remembered(tmp_path: Path) -> None:
    sets = [of_evaluation("a", evaluated(tmp_path / "e", photos=1, simulated=True))]
    study = build(
        tmp_path / "s",
        sets,
        kind="pairs",
        title="",
        against=["original"],
        photos_per_set=1,
        practice=0,
        catches=0,
        seed=0,
    )
    assert study.simulated
    assert json.loads((tmp_path / "s" / "study.json").read_text())["networks"] == {"a": "0a"}
    assert set(LEVELS) > {"original"}
