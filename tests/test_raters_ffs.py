import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.faves import write_faves
from wespe.core.device import resolve
from wespe.core.files import BusyError, lock
from wespe.judging.raters.base import Task, load_rater, save_rater
from wespe.judging.raters.ffs.crops import cut, five_crops, steps_per_epoch, training_batches
from wespe.judging.raters.ffs.network import BACKBONES, build_network
from wespe.judging.raters.ffs.rater import FfsRater
from wespe.judging.raters.ffs.settings import FfsSettings
from wespe.judging.raters.ffs.step import FfsStep
from wespe.photos.images import write_photo
from wespe.photos.tensors import to_pixels
from wespe.results.faves import of_part, read_faves

CPU = resolve("cpu-fp32")


def settings(**changes: Any) -> FfsSettings:
    values: dict[str, Any] = {
        "backbone": "small",
        "crop_px": 32,
        "batch_size": 3,
        "epochs": 4,
        "learning_rate": 1e-3,
        "save_every": 1,
    }
    return FfsSettings(kind="ffs", photos="faves", **values | changes)


def task(folder: Path, *, state: str = "state", **changes: Any) -> Task:
    index = write_faves(folder, **changes)
    (folder / state).mkdir(exist_ok=True)
    return Task("judge", folder, index, 0, CPU, folder / state)


def test_five_crops_hand_computed() -> None:
    assert five_crops(100, 60, 40) == [
        (0, 0, 40),
        (0, 20, 40),
        (60, 0, 40),
        (60, 20, 40),
        (30, 10, 40),
    ]


def test_crops_that_coincide_count_once_and_small_photos_have_smaller_ones() -> None:
    assert five_crops(224, 224, 224) == [(0, 0, 224)]
    assert five_crops(100, 150, 224) == [(0, 0, 100), (0, 50, 100), (0, 25, 100)]
    with pytest.raises(ValueError, match="expected at least 32 px a side, got 50×31"):
        five_crops(31, 50, 224)


def test_the_score_is_the_mean_over_the_five_crops(tmp_path: Path) -> None:
    network = build_network("small", pretrained=False)
    with torch.no_grad():
        network.head.weight.normal_()
    rater = FfsRater(network, backbone="small", crop_px=40, simulated=False, device=CPU)
    photo = np.random.default_rng(0).integers(256, size=(60, 70, 3), dtype=np.uint8)
    # The network by itself, crop by crop, without the function that cuts them.
    crops = [
        photo[:40, :40],
        photo[:40, 30:],
        photo[20:, :40],
        photo[20:, 30:],
        photo[10:50, 15:55],
    ]
    with torch.no_grad():
        each = [
            torch.sigmoid(network(torch.from_numpy(crop.copy()).permute(2, 0, 1)[None] / 255))
            for crop in crops
        ]
    assert rater.score(photo) == pytest.approx(float(torch.cat(each).mean()), abs=1e-6)


def test_an_original_and_its_enhancements_have_the_same_crops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []

    def watching(photo: Any, places: Any) -> Any:
        seen.append(list(places))
        return cut(photo, places)

    monkeypatch.setattr("wespe.judging.raters.ffs.rater.cut", watching)
    network = build_network("small", pretrained=False)
    rater = FfsRater(network, backbone="small", crop_px=40, simulated=False, device=CPU)
    photo = np.random.default_rng(0).integers(256, size=(60, 70, 3), dtype=np.uint8)
    rater.score(photo)
    rater.score(255 - photo)
    assert seen[0] == seen[1]
    assert len(seen[0]) == 5


def test_an_epoch_shows_each_photo_once(tmp_path: Path) -> None:
    photos = of_part(read_faves(tmp_path, write_faves(tmp_path)), "train")
    batches = training_batches(photos, size_px=32, batch_size=3, flip=True, seed=0)
    assert steps_per_epoch(len(photos), 3) == 3
    epoch = [batches(step) for step in range(3)]
    assert [len(labels) for _, labels in epoch] == [3, 3, 2]
    assert sum(float(labels.sum()) for _, labels in epoch) == 4
    assert epoch[0][0].shape == (3, 3, 32, 32)
    again, _ = batches(0)
    assert torch.equal(epoch[0][0], again)
    orders = [
        [float(n) for step in range(3 * e, 3 * e + 3) for n in batches(step)[1]] for e in (0, 1)
    ]
    assert orders[0] != orders[1]


def test_labels_go_with_their_photos(tmp_path: Path) -> None:
    photos = of_part(read_faves(tmp_path, write_faves(tmp_path)), "train")
    crops, labels = training_batches(photos, size_px=32, batch_size=8, flip=False, seed=0)(0)
    noisy = to_pixels(crops).reshape(8, -1).std(axis=1) > 5
    assert (noisy == (labels.numpy() == 0)).all()


def step_of(losses: list[float], patience: int, monkeypatch: pytest.MonkeyPatch) -> FfsStep:
    """A step whose validation losses are given, after as many epochs of one step each."""
    crops = np.zeros((2, 32, 32, 3), np.uint8)
    step = FfsStep(
        build_network("small", pretrained=False),
        validation=(crops, [0, 1]),
        per_epoch=1,
        patience=patience,
        learning_rate=1e-3,
        batch_size=2,
        seed=0,
        device=CPU,
    )
    told = iter(losses)
    monkeypatch.setattr(step, "_validate", lambda: (next(told), 0.5))
    batch = (torch.rand(2, 3, 32, 32), torch.tensor([0.0, 1.0]))
    for number, _ in enumerate(losses, 1):
        step.train_step(batch, number)
    return step


@pytest.mark.parametrize(
    ("losses", "best", "finished"),
    [
        ([0.9, 0.8, 0.7], 3, False),
        ([0.9, 0.5, 0.7], 2, False),
        ([0.9, 0.5, 0.7, 0.6], 2, True),
        ([0.9, 0.5, 0.7, 0.4], 4, False),
    ],
)
def test_training_stops_when_validation_no_longer_improves(
    losses: list[float], best: int, finished: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = step_of(losses, 2, monkeypatch)
    assert step.best_epoch == best
    assert step.finished() is finished


def test_the_best_weights_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[dict[str, torch.Tensor]] = []
    update = torch.optim.Adam.step

    def watching(self: torch.optim.Adam, *arguments: Any) -> Any:
        done = update(self, *arguments)
        kept.append({k: v.detach().clone() for k, v in steps[0].network.state_dict().items()})
        return done

    steps: list[FfsStep] = []
    original = FfsStep.train_step

    def train_step(self: FfsStep, *arguments: Any) -> Any:
        steps[:] = [self]
        return original(self, *arguments)

    monkeypatch.setattr(torch.optim.Adam, "step", watching)
    monkeypatch.setattr(FfsStep, "train_step", train_step)
    step = step_of([0.9, 0.5, 0.7, 0.6], 5, monkeypatch)
    assert step.best is not None
    assert all(torch.equal(step.best[name], kept[1][name]) for name in kept[1])
    assert any(not torch.equal(step.best[name], kept[3][name]) for name in kept[1])


def test_the_loss_falls_on_one_batch(tmp_path: Path) -> None:
    photos = of_part(read_faves(tmp_path, write_faves(tmp_path)), "train")
    batch = training_batches(photos, size_px=32, batch_size=8, flip=False, seed=0)(0)
    torch.manual_seed(0)
    step = FfsStep(
        build_network("small", pretrained=False),
        validation=(np.zeros((1, 32, 32, 3), np.uint8), [0]),
        per_epoch=1000,
        patience=1,
        learning_rate=1e-2,
        batch_size=8,
        seed=0,
        device=CPU,
    )
    losses = [float(step.train_step(batch, number)["loss"]) for number in range(1, 26)]
    assert losses[0] == pytest.approx(np.log(2), abs=1e-5)  # undecided at the start
    assert losses[-1] < 0.3


@pytest.mark.slow
def test_it_learns_and_tells_how_well(tmp_path: Path) -> None:
    fitted = FfsRater.fit(settings(epochs=12, learning_rate=3e-3), task(tmp_path))
    card = fitted.figures
    assert card["accuracy"]["share"] == 1.0
    assert card["accuracy"]["n"] == 4
    assert card["accuracy"]["low"] == pytest.approx(0.5101, abs=1e-4)  # Wilson's, 4 of 4
    assert (card["chance"], card["majority"]) == (0.5, 0.5)
    assert card["splits"]["test"] == {"photos": 4, "owners": 2, "above_median": 2}
    assert card["best_epoch"] == int(np.argmin(card["validation_losses"])) + 1
    assert len(fitted.records) == card["epochs"]
    assert fitted.rater.shown.label == "FFS (simulated viewers)"
    noise = np.random.default_rng(9).integers(30, 210, (40, 40, 3)).astype(np.uint8)
    assert fitted.rater.score(np.full((40, 40, 3), 120, np.uint8)) > 0.5 > fitted.rater.score(noise)


def test_how_far_it_came_to_the_best_possible_accuracy(tmp_path: Path) -> None:
    given = task(tmp_path)
    model = {"best_accuracy": 0.8, "best_on_test": 0.75}
    (tmp_path / "viewers.json").write_text(json.dumps(model))
    fitted = FfsRater.fit(settings(epochs=1), given)
    card = fitted.figures
    share = card["accuracy"]["share"]
    assert card["way_to_best"] == pytest.approx((share - 0.5) / 0.3)
    assert any(line.startswith("simulated viewers: the best possible") for line in fitted.says)


class StoppedError(Exception):
    """Stands for whatever ends a process in the middle of a training."""


@pytest.mark.parametrize("stop_at", [1, 4, 9])
def test_a_stopped_training_ends_bit_for_bit_like_one_that_was_not(
    tmp_path: Path, stop_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = settings(flip=True, save_every=2)
    whole = FfsRater.fit(chosen, task(tmp_path, state="whole"))
    taken: list[int] = []
    train_step: Callable[..., Any] = FfsStep.train_step

    def stopping(self: FfsStep, batch: Any, number: int) -> Any:
        taken.append(number)
        if len(taken) == stop_at + 1:
            raise StoppedError
        return train_step(self, batch, number)

    monkeypatch.setattr(FfsStep, "train_step", stopping)
    with pytest.raises(StoppedError):
        FfsRater.fit(chosen, task(tmp_path))
    resumed = FfsRater.fit(chosen, task(tmp_path))
    assert taken[stop_at + 1] == stop_at - stop_at % 2 + 1  # after the last save
    tensors = whole.rater.tensors()
    assert all((tensors[name] == value).all() for name, value in resumed.rater.tensors().items())
    assert resumed.records == whole.records
    assert resumed.figures["validation_losses"] == whole.figures["validation_losses"]


def test_it_stops_early_and_so_it_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter([0.5, 0.6, 0.7, 0.8])
    monkeypatch.setattr(FfsStep, "_validate", lambda self: (next(told), 0.5))
    chosen = settings(patience=2, epochs=9)
    first = FfsRater.fit(chosen, task(tmp_path))
    assert (first.figures["epochs"], first.figures["best_epoch"]) == (3, 1)
    # Killed between the last step and the files, it has nothing left to train.
    again = FfsRater.fit(chosen, task(tmp_path))
    assert again.figures["epochs"] == 3
    tensors = first.rater.tensors()
    assert all((tensors[name] == value).all() for name, value in again.rater.tensors().items())


def test_small_photos_are_left_out_of_training_by_name(tmp_path: Path) -> None:
    given = task(tmp_path)
    (photo,) = [entry for entry in given.photos.photos if entry.file == "photos/2.png"]
    write_photo(tmp_path / photo.file, np.full((31, 50, 3), 120, np.uint8))
    card = FfsRater.fit(settings(epochs=1), given).figures
    assert card["too_small"] == [str(tmp_path / "photos/2.png")]
    assert card["splits"]["train"]["photos"] == 7


def test_crops_larger_than_all_photos_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="source faves: expected photos for train of at least 64 px"
    ):
        FfsRater.fit(settings(crop_px=64), task(tmp_path))


def test_two_processes_cannot_train_one(tmp_path: Path) -> None:
    given = task(tmp_path)
    with lock(given.state / "lock"), pytest.raises(BusyError):
        FfsRater.fit(settings(), given)


def test_what_is_saved_scores_the_same(tmp_path: Path) -> None:
    fitted = FfsRater.fit(settings(epochs=1), task(tmp_path))
    path = tmp_path / "rater.safetensors"
    save_rater(path, fitted.rater)
    photo = np.random.default_rng(0).integers(256, size=(50, 50, 3), dtype=np.uint8)
    loaded = load_rater(path, CPU)
    assert loaded.score(photo) == fitted.rater.score(photo)
    assert (loaded.shown, loaded.config) == (fitted.rater.shown, fitted.rater.config)


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["efficientnet_b0", "mobilenet_v3_large", "convnext_tiny"])
def test_the_other_backbones_have_the_same_interface(backbone: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = build_network(backbone, pretrained=False)
    rater = FfsRater(network, backbone=backbone, crop_px=32, simulated=False, device=CPU)
    assert rater.score(np.full((32, 32, 3), 90, np.uint8)) == 0.5  # a head of zeros
    with torch.no_grad():
        network.head.weight.normal_()
    save_rater(tmp_path / "rater.safetensors", rater)
    photo = np.random.default_rng(0).integers(256, size=(32, 40, 3), dtype=np.uint8)
    assert load_rater(tmp_path / "rater.safetensors", CPU).score(photo) == rater.score(photo) != 0.5


def test_vgg19_starts_from_the_weights_of_a_file(tmp_path: Path) -> None:
    tensors = {
        f"features.{name}": torch.full_like(value, 0.25, dtype=torch.float16)
        for name, value in BACKBONES["vgg19"].build().state_dict().items()
    }
    save_file(tensors, tmp_path / "vgg.safetensors")
    network = build_network("vgg19", pretrained=True, weights=tmp_path / "vgg.safetensors")
    assert (network.get_parameter("features.0.weight") == 0.25).all()
    assert network.head.weight.shape == (1, 512)
    del tensors["features.34.bias"]
    save_file(tensors, tmp_path / "vgg.safetensors")
    with pytest.raises(ValueError, match=r"vgg\.safetensors: expected features\.34\.bias"):
        build_network("vgg19", pretrained=True, weights=tmp_path / "vgg.safetensors")


def test_a_backbone_that_has_no_weights_takes_none_and_an_unknown_one_is_refused() -> None:
    with pytest.raises(ValueError, match="the backbone small takes no weights file"):
        build_network("small", pretrained=True, weights=Path("x.safetensors"))
    with pytest.raises(ValueError, match=r"expected a backbone among vgg19, .*, got 'alexnet'"):
        build_network("alexnet", pretrained=False)
