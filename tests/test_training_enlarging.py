"""Methods of super-resolution: what their steps change, and what they learn from."""

import copy
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.made import manifest
from wespe.core.device import resolve
from wespe.core.files import sha256
from wespe.data.patches.store import PatchSet
from wespe.networks.checkpoints import load_generator, save_generator
from wespe.networks.enhancer import Enhancer
from wespe.networks.enlarging.compact import Compact
from wespe.photos.resizing import bicubic_down, bicubic_up, rounded
from wespe.results.badges import Badge, badge_of
from wespe.results.cards import ModelCard
from wespe.training.enlarging.degradations import DEGRADATIONS
from wespe.training.methods.registry import RECIPES
from wespe.training.methods.step import MethodStep, Task
from wespe.training.run import train_pair
from wespe.training.transport.transports import Transports

TINY: dict[str, dict[str, Any]] = {
    "compact": {"generator": {"width": 6, "layers": 1}},
    "srresnet": {"generator": {"width": 4, "blocks": 1}},
    "edsr": {"generator": {"width": 4, "blocks": 1}},
    "rrdb": {"generator": {"width": 4, "blocks": 1, "growth": 2}},
    "srcnn_sr": {"generator": {"width": 8}},
}
LOSSES = {method: {"mse" if method in ("srresnet", "srcnn_sr") else "l1"} for method in TINY}
PLACES = ["cpu-fp32", "cpu-bf16"] + ["cuda-bf16"] * torch.cuda.is_available()


def recipe_of(method: str, **changes: Any) -> Any:
    settings = {"method": method, "steps": 40, "batch_size": 4, **TINY[method], **changes}
    return RECIPES[method].model_validate(settings)


def build(
    method: str, *, compute: str = "cpu-fp32", start: Enhancer | None = None, **changes: Any
) -> MethodStep:
    recipe, preview = recipe_of(method, **changes), batch()
    same = patches("photos", "a")
    task = Task(
        (preview[0], preview[1]),
        Transports(same, same, shrink=True),
        resolve(compute),  # type: ignore[arg-type]
        seed=3,
        start=start,
    )
    step: MethodStep = pkgutil.resolve_name(recipe.step)(recipe, task)
    return step


def batch(seed: int = 0, size_px: int = 32) -> tuple[torch.Tensor, ...]:
    """Smooth random patches with some edges, twice."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(4, 3, 9, 9, generator=generator)
    y = F.interpolate(coarse, size_px, mode="bicubic").clamp(0.3, 0.7)
    return y, y


def patches(source: str, names: str) -> PatchSet:
    pixels = np.random.default_rng(len(source)).integers(0, 256, (len(names), 32, 32, 3), np.uint8)
    described = manifest(
        [(number, 0, 0) for number in range(len(names))],
        source=source,
        sha256=source,
        photos=[f"{source}/{name}.png" for name in names],
    )
    return PatchSet(pixels, described)


@pytest.mark.parametrize("compute", PLACES)
@pytest.mark.parametrize("method", TINY)
def test_a_step_changes_the_network_and_its_average(method: str, compute: str) -> None:
    step = build(method, compute=compute, ema=0.9)
    before = copy.deepcopy(step.networks.state_dict())
    losses = step.train_step(batch(), 1)
    assert set(losses) == LOSSES[method] | {"total"}
    assert all(torch.isfinite(value) and not value.requires_grad for value in losses.values())
    after = step.networks.state_dict()
    for part in ("generator", "average"):
        names = [name for name in before if name.startswith(part)]
        assert any(not torch.equal(before[name], after[name]) for name in names)


@pytest.mark.slow
@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("method", TINY)
def test_it_learns_to_enlarge_one_batch(method: str, scale: int) -> None:
    step = build(method, scale=scale, learning_rate=5e-3, decay_from=1.0, ema=0.0)
    assert step.generator.scale == scale
    (loss,) = LOSSES[method]
    losses = [float(step.train_step(batch(), 1)[loss]) for _ in range(60)]
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_degradations_are_small_of_8_bits_and_the_same_again(name: str) -> None:
    y = batch(size_px=64)[0]
    one, same, other = (
        DEGRADATIONS[name](y, 4, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert one.shape == (4, 3, 16, 16)
    assert torch.equal(one, same)
    assert torch.equal(one, other) == (name != "camera")
    torch.testing.assert_close(one * 255, (one * 255).round(), atol=1e-3, rtol=0)
    # The same photo, whatever the noise.
    assert float((one - bicubic_down(y, 4)).abs().mean()) < 0.1


def test_what_it_learns_from_is_the_target_made_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    from wespe.training.methods.enlarging import PixelStep

    seen = []

    def look(step: Any, x: torch.Tensor, enhanced: Any, y: torch.Tensor, weights: Any) -> Any:
        seen.append((x, y))
        return {"l1": enhanced.mean()}

    monkeypatch.setattr(PixelStep, "losses", look)
    step = build("compact")
    target, other = batch(0)[0], batch(1)[0]
    step.train_step((target, target), 1)
    step.train_step((target, target, other), 2)
    for x, y in seen:
        torch.testing.assert_close(x, rounded(bicubic_down(y, 4)))
    assert torch.equal(seen[0][1], target)
    # Half of a batch is of the third domain.
    assert torch.equal(seen[1][1], torch.cat([target[2:], other[:2]]))


def test_the_camera_degrades_each_step_anew_and_a_repeated_one_the_same() -> None:
    given: dict[str, Any] = {"degradation": "camera", "scale": 2}
    losses = [
        float(build("compact", **given).train_step(batch(), number)["l1"]) for number in (1, 1, 2)
    ]
    assert losses[0] == losses[1] != losses[2]


def test_a_sheet_shows_bicubic_the_result_and_the_photo() -> None:
    step = build("compact")
    assert step.shows == ("input", "enhanced", "target")
    sheet = step.sample()
    assert sheet.shape == (4 * 32, 3 * 32, 3)
    y = (batch()[0][0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(sheet[:32, 64:], y)
    x = bicubic_up(rounded(bicubic_down(batch()[0], 4)), 4)[0].clamp(0, 1).permute(1, 2, 0)
    np.testing.assert_allclose(sheet[:32, :32], 255 * x.numpy(), atol=0.51)
    assert step.divergence({}) is None


def test_the_rate_falls_as_a_cosine() -> None:
    step = build("compact", steps=40)
    for number, factor in ((1, 1.0), (21, 0.5), (31, 0.1464466)):
        step.train_step(batch(), number)
        (group,) = step.optimisers["generator"].param_groups
        assert group["lr"] == pytest.approx(factor * step.recipe.learning_rate)


def test_patches_that_cannot_be_made_smaller_are_refused() -> None:
    recipe = recipe_of("compact")
    odd, same = torch.rand(2, 3, 34, 34), patches("photos", "a")
    task = Task((odd, odd), Transports(same, same, shrink=True), resolve("cpu-fp32"), seed=0)
    with pytest.raises(ValueError, match=r"size_px must be a multiple of the scale 4, got 34"):
        pkgutil.resolve_name(recipe.step)(recipe, task)
    with pytest.raises(ValueError, match=r"size_px must be at least 64 .* scale of 4, got 32"):
        build("compact", degradation="camera")


def test_it_begins_with_another_network() -> None:
    start = Compact(scale=4, width=6, layers=1)
    step = build("compact", start=start)
    for name, value in start.state_dict().items():
        assert torch.equal(step.networks["generator"].state_dict()[name], value)
        assert torch.equal(step.networks["average"].state_dict()[name], value)


def test_another_architecture_to_begin_with_is_refused() -> None:
    with pytest.raises(ValueError, match=r"start: expected .* Compact .*'width': 6.* 'width': 8"):
        build("compact", start=Compact(scale=4, width=8, layers=1))
    with pytest.raises(ValueError, match=r"start: expected a network of scale 4, .* got 2"):
        build("compact", start=Compact(scale=2, width=6, layers=1))


class StoppedError(Exception):
    """A training that ends early, as if killed."""


def train(method: str, folder: Path, *, stop_at: int = 0, **changes: Any) -> ModelCard:
    often = {"log_every": 1, "save_every": 2, "sample_every": 3, "ema": 0.5, "augment": True}
    recipe = recipe_of(method, steps=6, batch_size=2, degradation="camera", scale=2, **often)

    def log(step: int, values: Mapping[str, float]) -> None:
        if step == stop_at:
            raise StoppedError

    target = patches("photos", "abcdef")
    card = train_pair(
        "pair",
        source=target,
        target=target,
        texture=patches("others", "uvw"),
        recipe=recipe,
        seed=1,
        device=resolve("cpu-fp32"),
        out=folder / "out",
        state=folder / "state",
        log=log,
        **changes,
    )
    assert card
    return card


@pytest.mark.parametrize("method", TINY)
def test_resumed_is_what_it_is_uninterrupted(tmp_path: Path, method: str) -> None:
    card = train(method, tmp_path / "whole")
    with pytest.raises(StoppedError):
        train(method, tmp_path / "resumed", stop_at=5)
    assert train(method, tmp_path / "resumed").sha256 == card.sha256
    network = load_generator(tmp_path / "whole" / "out" / "generator.safetensors")
    assert network.scale == 2


def test_the_card_says_what_it_is(tmp_path: Path) -> None:
    start = tmp_path / "start.safetensors"
    save_generator(start, Compact(scale=2, width=6, layers=1))
    card = train("compact", tmp_path, start=start)
    assert (card.scale, card.source, card.target, card.texture) == (2, *["photos"] * 2, "others")
    assert badge_of(card) is Badge.SUPER_RESOLUTION
    assert card.start == sha256(start)
    assert (card.transport, card.histogram_match) == (None, None)
    assert card.intended_use == "To make photos 2 times as wide and as high, for looking at."
    limits = " ".join(card.limits)
    assert "2 times as wide and as high" in limits
    assert "identify people" in limits
    # What cameras look like is none of its business, nor what people like.
    assert "camera" not in limits
    assert "people like" not in limits
