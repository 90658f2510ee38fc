"""Both transports of a pair, and the one around a network that restores."""

import pytest
import torch
from torch import Tensor

from tests.made import manifest
from tests.test_camera import degraded, scenes
from wespe.data.patches.store import PatchSet
from wespe.networks.transport import bands
from wespe.photos.filters import grey
from wespe.photos.tensors import to_pixels
from wespe.training.camera.degradation import ANY_CAMERA
from wespe.training.transport.transports import Transports


def patch_set(patches: Tensor) -> PatchSet:
    return PatchSet(to_pixels(patches), manifest([(n, 0, 0) for n in range(len(patches))]))


@pytest.fixture(scope="module")
def transports() -> Transports:
    """From a camera that only blurs; other scenes on either side."""
    blurring = degraded(scenes(0, count=48), blur_px=(1.8, 1.8))
    return Transports(patch_set(blurring), patch_set(scenes(1, count=48)), shrink=False)


@pytest.mark.slow
def test_the_contrast_that_a_blur_took_is_left_to_the_network(transports: Transports) -> None:
    _, whole, _ = transports.forth.gains.tolist()
    _, left, _ = transports.around_restoration.gains.tolist()
    assert whole > 1.25
    assert left == pytest.approx(1, abs=0.13)


@pytest.mark.slow
def test_colours_go_back_without_the_contrast(transports: Transports) -> None:
    assert transports.back.gains[1] < 0.8
    assert transports.colours_back.gains[1:].tolist() == [1, 1]
    clean = scenes(2, count=8)
    sharp, soft = (
        float(bands(grey(back(clean)))[0].std())
        for back in (transports.colours_back, transports.back)
    )
    # To blur is the degradation's business alone.
    assert sharp > 1.1 * soft


def test_for_any_camera_nothing_is_measured_and_colours_stay() -> None:
    dark, bright = patch_set(0.4 * scenes(0)), patch_set(scenes(1))
    transports = Transports(dark, bright, shrink=False, any_camera=True)
    assert transports.degradation == ANY_CAMERA
    clean = scenes(2, count=2)
    for transport in (transports.colours_back, transports.around_restoration):
        assert torch.allclose(transport(clean), clean, atol=1e-6)
    # A baseline to compare with is what it would be.
    assert not torch.allclose(transports.forth(clean), clean, atol=0.05)
