"""What is decided for a photo as a whole: its light."""

import itertools

import numpy as np
import pytest
import torch

from tests.strangers import Stranger
from wespe.networks.enhancer import grid
from wespe.networks.generator import Generator
from wespe.networks.inference.contract import check_contract
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.networks.scene import GRID_PX, SMALLEST_PX, grid_places
from wespe.networks.transport import UNMIXED, Transport
from wespe.photos.images import Pixels
from wespe.photos.tensors import to_tensor

BRIGHTNESS = 0.45


def photo(mean: float, side: int = 300) -> Pixels:
    """A photo of smooth noise with this mean level."""
    coarse = np.random.default_rng(0).normal(0, 30, (6, 6, 3))
    fine = np.kron(coarse - coarse.mean(), np.ones((side // 6, side // 6, 1)))
    return (fine + mean).clip(0, 255).round().astype(np.uint8)


def lit() -> Generator:
    """A network that changes nothing but the light."""
    return Generator(
        width=4, blocks=0, norm="none", start="transport", light=True,
        transport=Transport(brightness=BRIGHTNESS),
    ).eval()  # fmt: skip


@pytest.mark.parametrize("side", [1, 7, 255, 256, 257, 4000])
def test_the_grid_is_spread_evenly_and_lies_within(side: int) -> None:
    places = grid_places(side)
    assert len(places) == GRID_PX
    assert 0 <= int(places.min()) <= int(places.max()) < side
    middle = (np.arange(GRID_PX) + 0.5) * side / GRID_PX
    assert np.abs(places + 0.5 - middle).max() <= 0.5
    column = torch.arange(side).view(1, 1, side, 1)
    assert grid(column)[0, 0, :, 0].tolist() == places.tolist()


def test_the_grid_of_a_photo_of_its_size_is_the_photo() -> None:
    image = torch.rand(2, 3, GRID_PX, GRID_PX)
    assert torch.equal(grid(image), image)


@pytest.mark.parametrize("mean", [90, 115, 140])
def test_ordinary_photos_come_to_one_brightness(mean: int) -> None:
    given = photo(mean)
    enhanced = PhotoEnhancer(lit()).enhance(given)
    assert enhanced.mean() / 255 == pytest.approx(BRIGHTNESS, abs=0.015)
    assert Transport(brightness=BRIGHTNESS).enhance(given).mean() == pytest.approx(
        enhanced.mean(), abs=0.1
    )


@pytest.mark.parametrize("mean", [15, 235])
def test_night_stays_night_and_snow_white(mean: int) -> None:
    given = photo(mean)
    assert abs(float(PhotoEnhancer(lit()).enhance(given).mean()) - given.mean()) < 6


@pytest.mark.slow
def test_a_darker_photo_is_never_brighter_in_the_end() -> None:
    """The gamma of what is meant to be dark fades, but the order of brightness stays."""
    look = Transport(brightness=BRIGHTNESS)
    means = [float(look.enhance(photo(mean)).mean()) for mean in range(10, 246, 5)]
    assert all(later > earlier - 2 for earlier, later in itertools.pairwise(means))


def test_part_of_a_photo_keeps_its_light() -> None:
    patch = photo(80, side=SMALLEST_PX - 2)
    assert np.array_equal(PhotoEnhancer(lit()).enhance(patch), patch)
    assert np.array_equal(Transport(brightness=BRIGHTNESS).enhance(patch), patch)
    assert float(lit().scene_of(to_tensor(patch))) == 1


def test_black_and_white_photos_stay_as_they_are() -> None:
    for level in (0, 255):
        given = np.full((200, 200, 3), level, np.uint8)
        assert np.array_equal(PhotoEnhancer(lit()).enhance(given), given)


def test_without_light_nothing_is_decided() -> None:
    network = Generator(
        width=4, blocks=0, norm="none", start="transport",
        transport=Transport(mixing=UNMIXED, brightness=BRIGHTNESS),
    ).eval()  # fmt: skip
    given = photo(90)
    assert np.array_equal(PhotoEnhancer(network).enhance(given), given)


def test_a_scene_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"scene to give a tensor of shape \(1, 2\)"):
        check_contract(Stranger(neutral=(1.0, 0.5)))
