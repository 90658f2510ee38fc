"""The distance of VGG-19's features: by hand, tiled against plain, and in order of what is seen."""

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tests.published import SHARED
from wespe.judging.metrics import vgg_distance as module
from wespe.judging.metrics.measuring import measure
from wespe.judging.metrics.vgg_distance import vgg_distance
from wespe.networks.perceptual import IMAGENET_MEAN, IMAGENET_STD, read_weights, vgg19_layers
from wespe.photos.images import Pixels, read_photo
from wespe.photos.resizing import larger, smaller

REAL = SHARED / "weights" / "vgg19_imagenet_conv.safetensors"
LAYERS = ("relu1_2", "relu2_2", "relu3_4", "relu4_4", "relu5_4")


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    module.load_network.cache_clear()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random convolutions in VGG-19's shapes, whose features keep their scale."""
    random, tensors, channels = torch.Generator().manual_seed(0), {}, 3
    for name, position in vgg19_layers().items():
        if name.startswith("conv"):
            wide = 64 * 2 ** min(int(name[4]) - 1, 3)
            std = (2 / (channels * 9)) ** 0.5
            shape = (wide, channels, 3, 3)
            tensors[f"features.{position}.weight"] = torch.randn(shape, generator=random) * std
            tensors[f"features.{position}.bias"] = torch.randn(wide, generator=random) * 0.01
            channels = wide
    path = tmp_path_factory.mktemp("weights") / "vgg19.safetensors"
    save_file(tensors, path)
    return path


def photo(seed: int, height: int, width: int) -> Pixels:
    small = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def plain(one: Pixels, other: Pixels, weights: Path) -> float:
    """The same straight from the definition, the photos as a whole and each by itself."""
    tensors, names = read_weights(weights, None), vgg19_layers()
    total, vectors = 0.0, []
    for pixels in (one, other):
        image = torch.from_numpy(pixels / 255).float().permute(2, 0, 1)[None]
        image = (image - torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1)) / torch.tensor(
            IMAGENET_STD
        ).view(1, 3, 1, 1)
        found = []
        for name, position in names.items():
            if name.startswith("relu"):
                continue
            if name.endswith("_1") and name != "conv1_1":
                image = nn.functional.max_pool2d(image, 2)
            bias = tensors[f"features.{position}.bias"].float()
            weight = tensors[f"features.{position}.weight"].float()
            image = torch.relu(torch.conv2d(image, weight, bias, padding=1))
            if name.replace("conv", "relu") in LAYERS:
                found.append(image / (torch.linalg.vector_norm(image, dim=1, keepdim=True) + 1e-10))
        vectors.append(found)
    for first, second in zip(*vectors, strict=True):
        total += float((first - second).square().sum(1).mean())
    return total


@pytest.mark.parametrize(("height", "width"), [(48, 64), (37, 90), (16, 16), (131, 19)])
def test_tiles_have_the_value_of_the_whole_photo(
    weights: Path, monkeypatch: pytest.MonkeyPatch, height: int, width: int
) -> None:
    one, other = photo(1, height, width), photo(2, height, width)
    expected = plain(one, other, weights)
    assert 0.1 < expected < 10
    # By default these photos are one tile.
    assert vgg_distance(one, other, weights=weights) == pytest.approx(expected, rel=1e-5)
    monkeypatch.setattr(module, "_GROUPS", ((3, 16, 32), (2, 4, 16)))
    assert vgg_distance(one, other, weights=weights) == pytest.approx(expected, rel=1e-5)


def test_equal_photos_blur_and_order(weights: Path) -> None:
    sharp = photo(3, 48, 64)
    assert vgg_distance(sharp, sharp, weights=weights) == 0
    blurred = [np.asarray(cv2.GaussianBlur(sharp, (0, 0), s), np.uint8) for s in (0.6, 1, 2, 4)]
    distances = [vgg_distance(each, sharp, weights=weights) for each in blurred]
    assert distances == sorted(distances)
    assert 0 < distances[0] < distances[-1] <= 2 * len(LAYERS)
    there, back = (vgg_distance(*pair, weights=weights) for pair in (blurred[:2], blurred[1::-1]))
    assert there == pytest.approx(back)


def test_a_photo_too_small_for_the_network_has_no_value(weights: Path) -> None:
    one = photo(1, 20, 40)
    assert math.isnan(vgg_distance(one[:15], one[:15], weights=weights))
    assert measure(one[:15], one[:15], ["psnr_db", "vgg_distance"], weights).keys() == {"psnr_db"}
    assert measure(one, one, ["vgg_distance"], weights) == {"vgg_distance": 0}


def test_missing_weights_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"nowhere\.safetensors: no such weights file"):
        vgg_distance(photo(1, 20, 20), photo(2, 20, 20), weights=Path("nowhere.safetensors"))


@pytest.mark.skipif(not REAL.is_file(), reason="needs the real weights")
def test_real_weights_put_results_in_the_order_that_people_see() -> None:
    """Bicubic is further from the photo than what SRGAN makes, whatever PSNR says."""
    full = read_photo(SHARED / "set5" / "img_003.png").pixels[:256, :256]
    made = read_photo(SHARED / "srgan_outputs" / "set5_res_0002.png").pixels[:256, :256]
    noisy = np.random.default_rng(0).normal(full, 40).clip(0, 255).astype(np.uint8)
    distances = [
        vgg_distance(np.ascontiguousarray(each), np.ascontiguousarray(full), weights=REAL)
        for each in (made, larger(smaller(full, 4), 4), noisy)
    ]
    assert all(one < other for one, other in pairwise(distances)), distances
    expected = plain(made, full, REAL)
    assert distances[0] == pytest.approx(expected, rel=1e-5)
