import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.faves import write_faves
from tests.made import rater_card
from wespe.core.device import Device, resolve
from wespe.core.files import sha256, write_json
from wespe.judging.raters.base import Fitted, Rater, Task, Tensors, load_rater, save_rater
from wespe.judging.raters.ffs.settings import FfsSettings
from wespe.judging.raters.journal import Found, RatedPhotos
from wespe.judging.raters.rate import About, about_rater, metric_name, rate, statistics_of
from wespe.judging.raters.run import data_hash, fit_rater, state_key
from wespe.photos.images import Pixels, write_photo
from wespe.results.index import PhotoEntry, PhotoIndex, Skipped
from wespe.results.means import Mean
from wespe.results.ratings import RatedBy
from wespe.results.record import write_record
from wespe.results.score import Score

CPU = resolve("cpu-fp32")


class Brightness(Rater):
    """The mean level; photos below 10 px are too small."""

    kind: ClassVar[str] = "brightness"
    shown = Score("brightness", "", "higher", 1)
    config: ClassVar[dict[str, Any]] = {}

    @classmethod
    def fit(cls, settings: Any, task: Task) -> Fitted:
        return Fitted(cls(), {})

    def score(self, photo: Pixels) -> float:
        if min(photo.shape[:2]) < 10:
            raise ValueError("expected at least 10 px a side")
        return float(photo.mean())

    def tensors(self) -> Tensors:
        return {}

    @classmethod
    def build(cls, config: Mapping[str, Any], tensors: Tensors, device: Device) -> Self:
        return cls()


def photos(folder: Path, sides: tuple[int, ...] = (20, 20, 20)) -> PhotoIndex:
    """Photos with the levels 10, 20, 30 …, whose references are 100 brighter."""
    entries = []
    for number, side in enumerate(sides, 1):
        for name, level in (
            (f"{number}.png", 10 * number),
            (f"ref/{number}.png", 10 * number + 100),
        ):
            write_photo(folder / name, np.full((side, side, 3), level, np.uint8))
        entries.append(PhotoEntry(f"{number}.png", side, side, "", reference=f"ref/{number}.png"))
    return PhotoIndex("scenes", str(folder), "photos of a test", False, entries)


ABOUT = About(
    rating="scenes",
    rater=RatedBy(name="eye", kind="brightness", simulated=False, sha256="0c" * 32),
    pair="phone_dslr",
    network="0a" * 32,
    engine="torch-cpu-fp32",
)


def into(folder: Path) -> dict[str, Any]:
    """Where a rating writes."""
    return {"out": folder / "out", "state": folder / "state"}


def test_scores_and_paired_differences_hand_computed(tmp_path: Path) -> None:
    def brighter(photo: Pixels) -> Pixels:
        return (photo * 1.5).astype(np.uint8)

    summary = rate(
        photos(tmp_path),
        Brightness(),
        enhancers={"enhanced": brighter},
        about=ABOUT,
        **into(tmp_path),
    )
    methods = summary.methods
    assert methods["original"].mean == 20
    assert methods["original"].difference is None
    assert methods["enhanced"].mean == 30
    assert methods["enhanced"].difference
    # 5, 10 and 15 more: the mean 10, the deviation 5.
    assert methods["enhanced"].difference.mean == 10
    assert methods["enhanced"].difference.std == 5
    # Fewer than six photos say nothing of others.
    assert methods["target"].difference == Mean(mean=100.0, std=0.0, n=3)
    with (tmp_path / "out" / "scores.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[1] == {"image": "1.png", "method": "enhanced", "score": "15.000000"}
    assert len(rows) == 9


def test_a_network_that_enlarges_gets_a_smaller_photo(tmp_path: Path) -> None:
    seen = []

    def enlarge(small: Pixels) -> Pixels:
        seen.append(small.shape)
        return (small.repeat(2, 0).repeat(2, 1) // 2).astype(np.uint8)

    def darker(photo: Pixels) -> Pixels:
        return (photo - 5).astype(np.uint8)

    index = photos(tmp_path, sides=(20, 23, 7))
    with pytest.raises(ValueError, match="scenes: expected photos without references"):
        rate(index, Brightness(), enhancers={}, about=ABOUT, scale=2, **into(tmp_path))
    alone = replace(index, photos=[replace(each, reference=None) for each in index.photos])
    summary = rate(
        alone,
        Brightness(),
        enhancers={"enhanced": enlarge, "darker": darker},
        about=ABOUT,
        scale=2,
        **into(tmp_path),
    )
    # What is left of a multiple of 2 is cut off.
    assert seen == [(10, 10, 3), (11, 11, 3)]
    means = {method: score.mean for method, score in summary.methods.items()}
    assert means == {"original": 15, "enhanced": 7.5, "darker": 10, "target": 15}
    assert (summary.scale, summary.n_images) == (2, 2)
    (left_out,) = summary.unreadable
    assert left_out.reason == "expected at least 8×8 px, got 7×7 px"


@pytest.mark.parametrize(
    ("label", "rater", "name"),
    [
        ("CORNIA (refit)", "cornia", "cornia_refit"),
        ("FFS (simulated viewers)", "vgg", "vgg_ffs_simulated_viewers"),
    ],
)
def test_a_scores_name_says_what_its_label_says(label: str, rater: str, name: str) -> None:
    assert metric_name(label, replace(ABOUT.rater, name=rater, kind="cornia")) == name


def test_pairs_decide_even_where_photos_differ_more() -> None:
    generator = np.random.default_rng(0)
    base = generator.normal(0, 10, 50)
    scores = [
        {"original": float(level), "enhanced": float(level + 0.5 + generator.normal(0, 0.1))}
        for level in base
    ]
    found = statistics_of(scores)["enhanced"]
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < found.high  # of the scores themselves nothing is known
    assert found.difference
    assert (found.difference.low or 0) > 0.4


def test_photos_that_cannot_be_rated_are_named(tmp_path: Path) -> None:
    index = photos(tmp_path, (20, 8, 20))
    (tmp_path / "3.png").write_bytes(b"")
    summary = rate(index, Brightness(), enhancers={}, about=ABOUT, **into(tmp_path))
    assert summary.n_images == 1
    assert summary.unreadable == (
        Skipped("2.png", "expected at least 10 px a side"),
        Skipped("3.png", "empty file"),
    )
    with pytest.raises(ValueError, match=r"scenes: none of its photos \(1\) can be rated: 1\.png"):
        rate(photos(tmp_path, (8,)), Brightness(), enhancers={}, about=ABOUT, **into(tmp_path))


def test_a_reference_that_is_gone_is_named(tmp_path: Path) -> None:
    index = photos(tmp_path)
    (tmp_path / "ref" / "2.png").unlink()
    summary = rate(index, Brightness(), enhancers={}, about=ABOUT, **into(tmp_path))
    (photo,) = summary.unreadable
    assert photo.file == "2.png"
    assert photo.reason.endswith("ref/2.png: no such file")


def test_no_photos_are_an_error(tmp_path: Path) -> None:
    empty = PhotoIndex("scenes", "", "", False, [])
    with pytest.raises(ValueError, match="source scenes: expected photos to rate, got none"):
        rate(empty, Brightness(), enhancers={}, about=ABOUT, **into(tmp_path))


def test_a_stopped_rating_goes_on_and_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    seen = 0

    def stopped(photo: Pixels) -> Pixels:
        nonlocal seen
        seen += 1
        if seen == 3:
            raise KeyboardInterrupt
        return photo // 3

    index, third = photos(tmp_path), {"enhanced": lambda photo: photo // 3}
    with pytest.raises(KeyboardInterrupt):
        rate(index, Brightness(), enhancers={"enhanced": stopped}, about=ABOUT, **into(tmp_path))
    assert not (tmp_path / "out").exists()
    kept = tmp_path / "state" / "photos.jsonl"
    assert len(kept.read_text().splitlines()) == 1 + 2  # the first says whose they are
    # A line that was cut off is done again.
    kept.write_text(kept.read_text()[:-9])
    seen = 10
    rate(index, Brightness(), enhancers={"enhanced": stopped}, about=ABOUT, **into(tmp_path))
    assert seen == 12
    assert not kept.parent.exists()
    whole = tmp_path / "whole"
    rate(index, Brightness(), enhancers=third, about=ABOUT, **into(whole))
    ours, theirs = (folder / "out" / "scores.csv" for folder in (tmp_path, whole))
    assert ours.read_bytes() == theirs.read_bytes()


def test_a_journal_knows_any_name_and_what_was_cut_off_anywhere(tmp_path: Path) -> None:
    names = ["ü.png", "line\u2028separator.png", "\x85.png"]
    file = tmp_path / "photos.jsonl"
    journal = RatedPhotos(file)
    for name in names:
        journal.add(Found(name, 0.5, {"original": 0.1}))
    assert RatedPhotos(file).done == journal.done
    whole = file.read_bytes()
    for end in range(0, len(whole), 3):
        file.write_bytes(whole[:end])
        assert list(RatedPhotos(file).done) == names[: max(0, whole[:end].count(b"\n") - 1)]


def test_an_enhancer_that_changes_the_size_would_have_other_crops(tmp_path: Path) -> None:
    message = "half: expected 20×20 px like the photo, got 10×10 px"
    half = {"half": lambda photo: photo[::2, ::2]}
    with pytest.raises(ValueError, match=message):
        rate(photos(tmp_path), Brightness(), enhancers=half, about=ABOUT, **into(tmp_path))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({}, "expected a rater of format wespe-rater/1, got a safetensors file of another origin"),
        ({"wespe": '{"format": "wespe-generator/1"}'}, "wespe-rater/1, got wespe-generator/1"),
        ({"wespe": '{"format": "wespe-rater/1", "kind": "x"}'}, "expected a kind among ffs"),
        (
            {"wespe": '{"format": "wespe-rater/1", "kind": "ffs", "config": {}}'},
            "settings and tensors do not agree: 'backbone'",
        ),
    ],
)
def test_a_file_that_is_no_rater_is_named(
    tmp_path: Path, header: dict[str, str], message: str
) -> None:
    path = tmp_path / "rater.safetensors"
    save_file({"a": np.zeros(1, np.float32)}, path, header)
    with pytest.raises(ValueError, match=message) as error:
        load_rater(path, CPU)
    assert str(path) in str(error.value)


def test_the_card_of_another_rater_is_refused(tmp_path: Path) -> None:
    path, beside = tmp_path / "rater.safetensors", tmp_path / "rater.json"
    save_rater(path, Brightness())
    with pytest.raises(ValueError, match=r"rater\.json: expected the card of a rater, found none"):
        about_rater(path)
    write_json(beside, {"sha256": "a1"})
    with pytest.raises(ValueError, match=r"rater\.json: expected the card of a rater, but "):
        about_rater(path)
    write_record(beside, rater_card(sha256="a1"))
    with pytest.raises(ValueError, match=r"expected the card of rater\.safetensors .+ a1"):
        about_rater(path)
    write_record(beside, rater_card(rater="eye", sha256=sha256(path)))
    assert about_rater(path).name == "eye"


def test_a_missing_and_a_damaged_rater_are_named(tmp_path: Path) -> None:
    path = tmp_path / "rater.safetensors"
    with pytest.raises(ValueError, match="no such rater"):
        load_rater(path, CPU)
    path.write_bytes(b"no tensors")
    with pytest.raises(ValueError, match=r"rater\.safetensors: expected a \.safetensors rater"):
        load_rater(path, CPU)


def test_the_same_rater_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        save_rater(tmp_path / name, Brightness())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


TINY = FfsSettings(kind="ffs", photos="faves", backbone="small", crop_px=32, epochs=1, batch_size=4)


def test_a_fit_leaves_a_rater_a_card_and_records(tmp_path: Path) -> None:
    write_faves(tmp_path / "faves")
    index, out = tmp_path / "faves" / "index.json", tmp_path / "out"
    card = fit_rater(
        "judge", settings=TINY, index=index, seed=0, device=CPU, out=out, state=tmp_path / "state"
    )
    assert {path.name for path in out.iterdir()} == {
        "rater.safetensors",
        "rater.json",
        "losses.jsonl",
    }
    assert card.data.simulated
    assert card.data.sha256 == data_hash(tmp_path / "faves")
    assert card.settings["crop_px"] == 32
    assert any("simulated" in limit for limit in card.limits)
    assert not (tmp_path / "state").exists()
    assert load_rater(out / "rater.safetensors", CPU).shown.label == "FFS (simulated viewers)"


def test_a_state_belongs_to_its_data_and_settings(tmp_path: Path) -> None:
    write_faves(tmp_path)
    data = data_hash(tmp_path)
    what: dict[str, Any] = {"index": tmp_path / "index.json", "seed": 0, "device": CPU}
    what["code"] = "a"
    key = state_key("judge", settings=TINY, **what)
    assert key == state_key("judge", settings=TINY, **what)
    assert key != state_key("judge", settings=TINY.model_copy(update={"epochs": 2}), **what)
    assert key != state_key("judge", settings=TINY, **what | {"code": "b"})
    table = tmp_path / "faves.csv"
    table.write_text(table.read_text().replace("0.03", "0.04"))
    assert data_hash(tmp_path) != data
    assert key != state_key("judge", settings=TINY, **what)
