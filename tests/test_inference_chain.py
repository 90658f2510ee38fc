"""Several networks in one pass over a file give what they give one after the other."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from wespe.networks.enhancer import Enhancer
from wespe.networks.enlarging.compact import Compact
from wespe.networks.generator import Generator
from wespe.networks.inference.chain import Chain
from wespe.networks.inference.photo import enhance_files
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.photos.images import AnyPixels


def camera() -> PhotoEnhancer:
    torch.manual_seed(1)
    return PhotoEnhancer(Generator(width=4, blocks=1).eval(), tile_px=64)


def enlarging(scale: int = 4) -> PhotoEnhancer:
    torch.manual_seed(0)
    network: Enhancer = Compact(scale=scale, width=6, layers=1).eval()
    return PhotoEnhancer(network, tile_px=30)


def photo(dtype: type = np.float32) -> AnyPixels:
    noise = np.random.default_rng(0).random((70, 90, 3), np.float32)
    return noise if dtype is np.float32 else (noise * np.iinfo(dtype).max).astype(dtype)


@pytest.mark.parametrize("scale", [None, 4, 2, 1])
def test_networks_come_one_after_the_other(scale: float | None) -> None:
    first, second = camera(), enlarging()
    expected = second.enhance(first.enhance(photo()), scale=scale)
    chain = Chain([first, second])
    np.testing.assert_array_equal(chain.enhance(photo(), scale=scale), expected)
    assert chain.held_scale(scale) == (scale or 4)


@pytest.mark.parametrize("scale", [1, 2.5, 4])
def test_the_result_of_a_network_behind_one_that_enlarges_is_reduced(scale: float) -> None:
    first, second = enlarging(), camera()
    whole = second.enhance(first.enhance(photo()))
    chain = Chain([first, second])
    reduced = chain.enhance(photo(), scale=scale)
    assert reduced.shape == (70 * scale, 90 * scale, 3)
    assert chain.held_scale(scale) == 4
    if scale == 1:
        blocks = whole.reshape(70, 4, 90, 4, 3)
        np.testing.assert_allclose(reduced, blocks.mean((1, 3)), atol=1e-6)
    np.testing.assert_allclose(reduced.mean((0, 1)), whole.mean((0, 1)), atol=1e-4)


def test_eight_bits_are_rounded_once() -> None:
    first, second = camera(), enlarging(2)
    exact = 255 * second.enhance(first.enhance((photo(np.uint8) / 255).astype(np.float32)))
    made = Chain([first, second]).enhance(photo(np.uint8))
    assert made.dtype == np.uint8
    assert np.abs(made - exact).max() < 0.51
    twice = second.enhance(first.enhance(photo(np.uint8)))
    assert np.abs(twice - exact).max() > 0.51


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_finer_levels_stay(dtype: type) -> None:
    assert Chain([camera(), enlarging(2)]).enhance(photo(dtype)).dtype == dtype


def test_factors_multiply_and_no_network_is_refused() -> None:
    chain = Chain([enlarging(2), enlarging(2)])
    assert chain.scale == 4
    assert chain.enhance(photo(), scale=2).shape == (140, 180, 3)
    assert chain.held_scale(2) == 2
    with pytest.raises(ValueError, match="scale must be from 1 to 4"):
        chain.enhance(photo(), scale=5)
    with pytest.raises(ValueError, match="expected a network, got none"):
        Chain([])


def test_progress_counts_the_photos_pixels() -> None:
    told = list[int]()
    Chain([camera(), enlarging(2), camera()]).enhance(photo(), advance=told.append)
    assert sum(told) == 70 * 90
    assert min(told) >= 0
    assert len(told) > 3


def test_strength_is_that_of_each_network() -> None:
    first, second = camera(), enlarging(2)
    expected = second.enhance(first.enhance(photo(), strength=0.5), strength=0.5)
    made = Chain([first, second]).enhance(photo(), strength=0.5)
    np.testing.assert_array_equal(made, expected)


def test_a_file_is_done_by_these_networks_in_this_order(tmp_path: Path) -> None:
    Image.fromarray(photo(np.uint8)).save(tmp_path / "a.png")
    first, second = camera(), enlarging(2)

    def run(enhancer: PhotoEnhancer | Chain) -> tuple[int, str]:
        lines: list[str] = []
        out = tmp_path / "out"
        summary = enhance_files(
            [tmp_path / "a.png"], enhancer=enhancer, out=out, report=lines.append, quiet=True
        )
        assert not summary.failed
        return summary.skipped, lines[0]

    chain = Chain([first, second])
    assert run(chain)[0] == 0
    with Image.open(tmp_path / "out" / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), chain.enhance(photo(np.uint8)))
    assert run(Chain([first, second]))[0] == 1
    skipped, line = run(Chain([second, first]))
    assert (skipped, "(×2, " in line) == (0, True)
    assert run(second)[0] == 0
    assert (chain.name, chain.engine) == ("Generator and Compact", "torch-cpu-fp32")
    assert chain.key == f"{first.key} + {second.key}"
