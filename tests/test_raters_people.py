"""Raters that are fitted to people's scores, here simulated: the strength of noise."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.opinions import scored_index
from wespe.core.device import resolve
from wespe.judging.raters.base import Fitted, Task, load_rater, save_rater
from wespe.judging.raters.cornia.features import encode
from wespe.judging.raters.cornia.rater import CorniaRater
from wespe.judging.raters.cornia.settings import CorniaSettings
from wespe.judging.raters.people import read_people
from wespe.judging.raters.run import fit_rater
from wespe.photos.images import read_photo
from wespe.results.index import PhotoIndex
from wespe.results.layout import RaterFiles
from wespe.results.networks import read_rater_card

CPU = resolve("cpu-fp32")
CORNIA = CorniaSettings(
    kind="cornia",
    photos="people",
    opinions="people",
    words=30,
    patches_per_photo=300,
    codebook_patches=3000,
)


def task(folder: Path, index: PhotoIndex) -> Task:
    (folder / "state").mkdir(exist_ok=True)
    return Task("judge", folder, index, 0, CPU, folder / "state")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Task, Fitted]:
    folder = tmp_path_factory.mktemp("people")
    given = task(folder, scored_index(folder, 50))
    return given, CorniaRater.fit(CORNIA, given)


def test_cornia_learns_what_people_say(learned: tuple[Task, Fitted]) -> None:
    given, fitted = learned
    held_out = [entry for entry in given.photos.photos if entry.held_out]
    found = fitted.figures["agreement"]
    assert found["n"] == len(held_out) == fitted.figures["photos_held_out"]
    assert found["n"] + fitted.figures["photos_learned"] == 50
    assert found["spearman"]["value"] > 0.8
    assert found["spearman"]["low"] < found["spearman"]["value"] < found["spearman"]["high"]
    # On the scale of the people: noise of a known strength, in scenes that it has not seen.
    scores = [fitted.rater.score(read_photo(given.photos.path(e)).pixels) for e in held_out]
    assert scores == pytest.approx([entry.mos for entry in held_out], abs=0.35)


def test_it_says_what_it_was_fitted_to(learned: tuple[Task, Fitted]) -> None:
    shown = learned[1].rater.shown
    assert (shown.label, shown.better) == ("CORNIA (fitted to simulated scores)", "higher")
    assert any("that it has not seen" in line for line in learned[1].says)


def test_held_out_photos_change_nothing_but_the_figures(
    learned: tuple[Task, Fitted], tmp_path: Path
) -> None:
    index = learned[0].photos
    photos = [replace(e, mos=1 - e.mos) if e.held_out and e.mos else e for e in index.photos]
    fitted = CorniaRater.fit(CORNIA, task(tmp_path, replace(index, photos=photos)))
    assert fitted.figures["agreement"]["spearman"]["value"] < -0.8
    for name, value in learned[1].rater.tensors().items():
        assert np.array_equal(value, fitted.rater.tensors()[name])


def test_a_stopped_fit_goes_on_to_the_same_rater(
    learned: tuple[Task, Fitted], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = task(tmp_path, learned[0].photos)
    calls: list[int] = []

    def stops(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return encode(*arguments)

    monkeypatch.setattr("wespe.judging.raters.cornia.people.encode", stops)
    monkeypatch.setattr("wespe.judging.raters.cornia.people.ordered_map", map)
    with pytest.raises(KeyboardInterrupt):
        CorniaRater.fit(CORNIA, given)
    fitted = CorniaRater.fit(CORNIA, given)
    assert len(calls) == 1 + learned[1].figures["photos_learned"]
    for name, value in learned[1].rater.tensors().items():
        assert np.array_equal(value, fitted.rater.tensors()[name])


def test_a_rater_is_the_same_from_its_file(learned: tuple[Task, Fitted], tmp_path: Path) -> None:
    given, fitted = learned
    save_rater(tmp_path / "rater.safetensors", fitted.rater)
    loaded = load_rater(tmp_path / "rater.safetensors", CPU)
    photo = read_photo(given.photos.path(given.photos.photos[0])).pixels
    assert loaded.score(photo) == fitted.rater.score(photo)
    assert loaded.shown == fitted.rater.shown


def test_the_card_says_so_too(tmp_path: Path) -> None:
    scored_index(tmp_path / "people", 40, size_px=40)
    card = fit_rater(
        "cornia",
        settings=CORNIA,
        index=tmp_path / "people" / "index.json",
        seed=0,
        device=CPU,
        out=tmp_path / "rater",
        state=tmp_path / "state",
    )
    assert card == read_rater_card(RaterFiles(tmp_path / "rater").rater)
    assert card.data.simulated
    assert card.figures["fitted_to"] == "people's scores"
    assert "Its data are simulated: its scores are not evidence of what people like." in card.limits


def test_sources_that_people_have_not_scored_are_refused(tmp_path: Path) -> None:
    index = scored_index(tmp_path, 30, size_px=16)
    unscored = replace(index, photos=[replace(entry, mos=None) for entry in index.photos])
    with pytest.raises(ValueError, match=r"source people: expected people's scores, got none"):
        read_people(unscored)
    equal = replace(index, photos=[replace(entry, mos=0.5) for entry in index.photos])
    with pytest.raises(ValueError, match=r"source people: expected different scores"):
        read_people(equal)
    with pytest.raises(ValueError, match=r"learn from and 6 held out, got \d and \d"):
        read_people(replace(index, photos=index.photos[:9]))
