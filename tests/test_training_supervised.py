"""DPED, SRCNN and Johnson et al.: what their steps change, and what they learn from pairs."""

import copy
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.made import manifest
from wespe.core.device import resolve
from wespe.data.patches.store import PatchSet
from wespe.networks.checkpoints import load_generator
from wespe.networks.registry import ARCHITECTURES
from wespe.photos.filters import gaussian_blur
from wespe.results.cards import ModelCard
from wespe.training.losses import total_variation_loss
from wespe.training.methods.dped.settings import DpedRecipe
from wespe.training.methods.registry import RECIPES
from wespe.training.methods.step import MethodStep, Task
from wespe.training.run import train_pair
from wespe.training.transport.transports import Transports

UNTRAINED = {"extractor": "untrained", "layer": "relu2"}
TINY: dict[str, dict[str, Any]] = {
    "dped": {
        "generator": {"width": 4, "blocks": 1, "norm": "none"},
        "discriminator": {"norm": "none"},
        "content": UNTRAINED,
    },
    "srcnn": {"generator": {"width": 8}, "learning_rate": 5e-3},
    "johnson": {"generator": {"width": 4, "blocks": 1}, "content": UNTRAINED},
}
PLACES = ["cpu-fp32", "cpu-bf16"] + ["cuda-bf16"] * torch.cuda.is_available()


def build(method: str, *, compute: str = "cpu-fp32", **changes: Any) -> MethodStep:
    settings = {"method": method, "steps": 40, "batch_size": 4, **TINY[method], **changes}
    recipe = RECIPES[method].model_validate(settings)
    step: MethodStep = pkgutil.resolve_name(recipe.step)(recipe, task(compute))
    return step


def task(compute: str) -> Task:
    transports = Transports(patches("phone", "a"), patches("dslr", "a"), shrink=True)
    return Task(batch(), transports, resolve(compute), seed=3)  # type: ignore[arg-type]


def batch(seed: int = 0, size_px: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    """Smooth random patches, and the same, brighter and warmer."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(4, 3, 5, 5, generator=generator)
    x = 0.6 * F.interpolate(coarse, size_px, mode="bicubic").clamp(0, 1)
    return x, x + torch.tensor([0.3, 0.2, 0.05]).view(3, 1, 1)


def parameters(step: MethodStep) -> dict[str, list[torch.Tensor]]:
    return {
        name: [value.detach().clone() for value in network.parameters()]
        for name, network in step.networks.items()
    }


def changed(step: MethodStep, before: dict[str, list[torch.Tensor]]) -> set[str]:
    after = parameters(step)
    return {
        name
        for name, values in before.items()
        if any(not torch.equal(mine, new) for mine, new in zip(values, after[name], strict=True))
    }


LOSSES = {
    "dped": {"content", "color", "texture", "tv", "total", "d_texture"},
    "srcnn": {"mse", "total"},
    "johnson": {"content", "total"},
}


@pytest.mark.parametrize("compute", PLACES)
@pytest.mark.parametrize("method", TINY)
def test_a_step_changes_the_networks_and_only_them(method: str, compute: str) -> None:
    step = build(method, compute=compute, ema=0.9)
    before = parameters(step)
    extractor = getattr(step, "extractor", nn.Identity())
    features = copy.deepcopy(extractor.state_dict())
    losses = step.train_step(batch(), 1)
    discriminators = {"d_texture"} if method == "dped" else set()
    assert changed(step, before) == {"generator", "average"} | discriminators
    for name, value in features.items():
        assert torch.equal(extractor.state_dict()[name], value)
    assert set(losses) == LOSSES[method]
    assert all(torch.isfinite(value) and not value.requires_grad for value in losses.values())


@pytest.mark.slow
@pytest.mark.parametrize(("method", "loss"), [("srcnn", "mse"), ("johnson", "content")])
def test_the_loss_falls_on_one_batch(method: str, loss: str) -> None:
    step = build(method)
    losses = [float(step.train_step(batch(), 1)[loss]) for _ in range(60)]
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.slow
def test_color_and_content_of_dped_fall_on_one_batch() -> None:
    step = build("dped", learning_rate=5e-3, weights={"texture": 0.0, "tv": 0.0})
    records = [step.train_step(batch(), 1) for _ in range(20)]
    assert float(records[-1]["color"]) < 0.6 * float(records[0]["color"])
    assert float(records[-1]["content"]) < 0.9 * float(records[0]["content"])


def test_the_discriminator_of_dped_learns_to_tell() -> None:
    step = build("dped", learning_rate=1e-9)
    losses = [float(step.train_step(batch(number), 1)["d_texture"]) for number in range(8)]
    assert losses[-1] < 0.3 * losses[0]


def test_the_losses_of_dped_are_those_of_its_code() -> None:
    step = build("dped", batch_size=4)
    x, y = batch()
    with torch.no_grad():
        enhanced = step.generator(x)
        blurred = [gaussian_blur(image, 4.3) for image in (enhanced, y)]
    got = step.train_step((x, y), 1)
    # The code's own reductions and weights; its patches have 100 px, ours here 32: 3·32² / 2.
    color = 0.5 * (blurred[0] - blurred[1]).square().sum() / (2 * 4) * 100**2 / 32**2
    assert isinstance(step.recipe, DpedRecipe)
    weights = step.recipe.weights
    torch.testing.assert_close(weights.color * got["color"], color)
    steps = [enhanced.diff(dim=dim) for dim in (2, 3)]
    tv = 2000 * sum(value.square().sum() / value[0].numel() for value in steps) / 4
    torch.testing.assert_close(weights.tv * got["tv"], tv)
    torch.testing.assert_close(got["tv"], total_variation_loss(enhanced))
    assert (weights.content, weights.texture) == (10, 1 * 50)
    expected = sum(getattr(weights, name) * got[name] for name in type(weights).model_fields)
    torch.testing.assert_close(got["total"], expected)


def test_a_loss_without_weight_is_not_computed() -> None:
    step = build("dped", weights={"content": 0.0, "texture": 0.0})
    assert set(step.train_step(batch(), 1)) == {"color", "tv", "total", "d_texture"}


@pytest.mark.parametrize("method", TINY)
def test_state_restores_everything(method: str) -> None:
    one, other = build(method, ema=0.9), build(method, ema=0.9)
    for number in range(2):
        one.train_step(batch(number), number + 1)
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    for step in (one, other):
        step.train_step(batch(2), 3)
    mine, theirs = (step.networks.state_dict() for step in (one, other))
    assert all(torch.equal(value, theirs[name]) for name, value in mine.items())


@pytest.mark.parametrize("method", TINY)
def test_same_seed_same_networks(method: str) -> None:
    torch.manual_seed(1)
    one = build(method)
    torch.manual_seed(2)
    two = build(method)
    for mine, theirs in zip(one.networks.parameters(), two.networks.parameters(), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("method", TINY)
def test_rates_fall_to_zero_and_the_sheet_shows_x_enhanced_and_y(method: str) -> None:
    step = build(method, decay_from=0.5)
    step.train_step(batch(), 31)
    for part, optimiser in step.optimisers.items():
        assert optimiser.param_groups[0]["lr"] == pytest.approx(0.5 * step.first_rates[part])
    sheet = step.sample()
    assert sheet.shape == (4 * 32, len(step.shows) * 32, 3)
    for column, image in zip((0, 2), batch(), strict=True):
        levels = (image[0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
        np.testing.assert_array_equal(sheet[:32, 32 * column : 32 * (column + 1)], levels)


def test_every_method_has_a_step_whose_network_can_be_kept() -> None:
    for name, recipe in RECIPES.items():
        step = pkgutil.resolve_name(recipe.step)
        assert step.__module__ == f"wespe.training.methods.{name}.step"
        assert step.shows[:2] == ("input", "enhanced")
    for method in TINY:
        assert type(build(method).generator) in map(pkgutil.resolve_name, ARCHITECTURES.values())


@pytest.mark.parametrize("method", TINY)
def test_no_transport_is_fitted_for_a_method_that_uses_none(method: str) -> None:
    given = task("cpu-fp32")
    recipe = RECIPES[method].model_validate({"method": method, **TINY[method]})
    pkgutil.resolve_name(recipe.step)(recipe, given).train_step(batch(), 1)
    assert not {"forth", "back"} & vars(given.transports).keys()
    assert given.transports.forth is given.transports.forth  # once asked for, it is kept


def patches(source: str, names: str, *, brighter: int = 0) -> PatchSet:
    """A patch of each photo named by a letter, as it comes from photos that are single patches."""
    pixels = np.random.default_rng(0).integers(0, 200, (len(names), 32, 32, 3), dtype=np.uint8)
    described = manifest(
        [(number, 0, 0) for number in range(len(names))],
        source=source,
        sha256=source,
        photos=[f"{source}/{name}.png" for name in names],
    )
    return PatchSet(pixels + np.uint8(brighter), described)


class StoppedError(Exception):
    """A training that ends early, as if killed."""


def train(method: str, folder: Path, *, stop_at: int = 0, target: str = "abcdef") -> ModelCard:
    settings = {**TINY[method], "method": method, "steps": 6, "batch_size": 2, "augment": True}
    often = {"log_every": 1, "save_every": 2, "sample_every": 3, "ema": 0.5}

    def log(step: int, values: Mapping[str, float]) -> None:
        if step == stop_at:
            raise StoppedError

    card = train_pair(
        "pair",
        source=patches("phone", "abcdef"),
        target=patches("dslr", target, brighter=40),
        recipe=RECIPES[method].model_validate(settings | often),
        seed=1,
        device=resolve("cpu-fp32"),
        out=folder / "out",
        state=folder / "state",
        log=log,
    )
    assert card
    return card


@pytest.mark.slow
@pytest.mark.parametrize("method", TINY)
def test_resumed_is_what_it_is_uninterrupted(tmp_path: Path, method: str) -> None:
    card = train(method, tmp_path / "whole")
    with pytest.raises(StoppedError):
        train(method, tmp_path / "resumed", stop_at=5)
    assert train(method, tmp_path / "resumed").sha256 == card.sha256
    assert (card.paired, card.samples) == (True, ("input", "enhanced", "target"))
    assert card.final_losses.keys() == LOSSES[method]
    network = load_generator(tmp_path / "whole" / "out" / "generator.safetensors")
    assert type(network) is type(build(method).generator)


@pytest.mark.parametrize("method", TINY)
def test_sets_that_are_no_pairs_are_refused_before_training(tmp_path: Path, method: str) -> None:
    message = "patch 2 is 'c' at y 0, x 0 of phone and 'x' at y 0, x 0 of dslr"
    with pytest.raises(ValueError, match=message):
        train(method, tmp_path, target="abxdef")
    assert not (tmp_path / "state").exists()


def test_batches_are_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wespe.training.methods.srcnn.step import SrcnnStep

    seen = []

    def look(step: Any, batch: tuple[torch.Tensor, ...], number: int) -> dict[str, Any]:
        seen.append(batch)
        return {"total": torch.tensor(0.0)}

    monkeypatch.setattr(SrcnnStep, "train_step", look)
    train("srcnn", tmp_path)
    assert len(seen) == 6
    for x, y in seen:
        torch.testing.assert_close(y, x + 40 / 255)
