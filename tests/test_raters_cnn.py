"""The rater on a network's features, with a small random network and simulated scores."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.opinions import scored_index
from wespe.core.device import resolve
from wespe.judging.raters.base import Fitted, Task, load_rater, save_rater
from wespe.judging.raters.cnn.features import FeatureStatistics
from wespe.judging.raters.cnn.rater import CnnRater
from wespe.judging.raters.cnn.settings import CnnSettings
from wespe.networks.perceptual import IMAGENET_MEAN, IMAGENET_STD
from wespe.photos.images import read_photo
from wespe.results.index import PhotoIndex

CPU = resolve("cpu-fp32")
SETTINGS = CnnSettings(kind="cnn", photos="people", backbone="small", crop_px=32)


def task(folder: Path, index: PhotoIndex) -> Task:
    (folder / "state").mkdir(exist_ok=True)
    return Task("judge", folder, index, 0, CPU, folder / "state")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Task, Fitted]:
    folder = tmp_path_factory.mktemp("people")
    given = task(folder, scored_index(folder, 60))
    return given, CnnRater.fit(SETTINGS, given)


def test_statistics_hand_computed() -> None:
    # An average over 2×2 px, then nothing else: of the crop, and of its averages.
    network = FeatureStatistics(nn.Sequential(nn.AvgPool2d(2), nn.Identity()))
    levels = torch.tensor([[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]])
    mean, std = (torch.tensor(each).view(1, 3, 1, 1) for each in (IMAGENET_MEAN, IMAGENET_STD))
    found = network(levels.expand(1, 3, 2, 4) * std + mean)
    assert found.shape == (1, 12)
    spread = (np.arange(8) - 3.5).std()
    expected = np.arcsinh([3.5] * 3 + [spread] * 3 + [3.5] * 3 + [1.0] * 3)
    assert found[0].numpy() == pytest.approx(expected, abs=1e-5)


def test_the_place_does_not_count() -> None:
    network = FeatureStatistics(nn.Sequential(nn.Conv2d(3, 5, 1), nn.ReLU(), nn.MaxPool2d(2)))
    crop = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert network(crop).shape == (1, 10)  # before the last reduction, and no more after it
    turned = network(torch.rot90(crop, dims=(2, 3)))
    assert turned == pytest.approx(network(crop), abs=1e-6)


def test_it_learns_what_people_say(learned: tuple[Task, Fitted]) -> None:
    given, fitted = learned
    found = fitted.figures["agreement"]
    assert found["n"] == sum(entry.held_out for entry in given.photos.photos)
    assert found["spearman"]["value"] > 0.9
    shown = fitted.rater.shown
    assert (shown.label, shown.better) == ("CNN (fitted to simulated scores)", "higher")


def test_the_score_is_the_mean_over_five_crops(learned: tuple[Task, Fitted]) -> None:
    rater = learned[1].rater
    photo = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    places = [(0, 0), (0, 18), (8, 0), (8, 18), (4, 9)]
    each = [rater.score(photo[y : y + 32, x : x + 32]) for y, x in places]
    assert rater.score(photo) == pytest.approx(np.mean(each), abs=1e-5)
    with pytest.raises(ValueError, match="expected at least 32 px a side, got 50×31"):
        rater.score(photo[:31])


def test_a_stopped_fit_goes_on(
    learned: tuple[Task, Fitted], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = task(tmp_path, learned[0].photos)
    features, calls = CnnRater.features, []

    def stops(self: CnnRater, photo: np.ndarray) -> np.ndarray:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return features(self, photo)

    monkeypatch.setattr(CnnRater, "features", stops)
    with pytest.raises(KeyboardInterrupt):
        CnnRater.fit(SETTINGS, given)
    fitted = CnnRater.fit(SETTINGS, given)
    assert len(calls) == 1 + 60  # each photo once, and the one that it stopped at
    for name, value in learned[1].rater.tensors().items():
        assert np.array_equal(value, fitted.rater.tensors()[name])


def test_a_rater_is_the_same_from_its_file(learned: tuple[Task, Fitted], tmp_path: Path) -> None:
    given, fitted = learned
    save_rater(tmp_path / "rater.safetensors", fitted.rater)
    loaded = load_rater(tmp_path / "rater.safetensors", CPU)
    photo = read_photo(given.photos.path(given.photos.photos[0])).pixels
    assert loaded.score(photo) == fitted.rater.score(photo)
    assert loaded.shown == fitted.rater.shown


def test_weights_that_half_precision_holds_are_stored_in_it(
    learned: tuple[Task, Fitted],
) -> None:
    network = FeatureStatistics(nn.Sequential(nn.Conv2d(3, 2, 1)))
    with torch.no_grad():
        network.features[0].weight.fill_(0.25)  # type: ignore[operator]
        network.features[0].bias.fill_(0.1)  # type: ignore[operator]
    rater = CnnRater(
        network, np.zeros(4), bias=0.0, backbone="small", crop_px=32, simulated=False, device=CPU
    )
    types = {name: value.dtype for name, value in rater.tensors().items()}
    assert types["features.0.weight"] == np.float16
    assert types["features.0.bias"] == np.float32
    assert rater.shown.label == "CNN (fitted to people)"
