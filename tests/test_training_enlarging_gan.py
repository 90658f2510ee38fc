"""SRGAN and ESRGAN: what their steps change, what they compare, and what they save."""

import copy
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from tests.test_training_enlarging import batch, patches
from wespe.core.device import resolve
from wespe.networks.checkpoints import load_generator, save_generator
from wespe.networks.enhancer import Enhancer
from wespe.networks.enlarging.compact import Compact
from wespe.networks.enlarging.discriminator import EnlargingDiscriminator
from wespe.networks.enlarging.rrdb import Rrdb
from wespe.networks.enlarging.srresnet import SrResNet
from wespe.training.losses import cosine_loss, relativistic_loss
from wespe.training.methods.enlarging_gan import EnlargingGanStep
from wespe.training.methods.registry import RECIPES
from wespe.training.methods.step import MethodStep, Task
from wespe.training.run import train_pair
from wespe.training.transport.transports import Transports

METHODS = ("srgan", "esrgan")
CONTENT = {"extractor": "untrained", "layer": "relu2"}
PLACES = ["cpu-fp32", "cpu-bf16"] + ["cuda-bf16"] * torch.cuda.is_available()


def recipe_of(method: str, **changes: Any) -> Any:
    settings = {
        "method": method,
        "steps": 40,
        "batch_size": 4,
        "content": CONTENT,
        "discriminator": {"width": 2},
        **changes,
    }
    return RECIPES[method].model_validate(settings)


def begun(method: str, scale: int = 4) -> Enhancer:
    torch.manual_seed(0)
    if method == "srgan":
        return SrResNet(scale=scale, width=4, blocks=1)
    return Rrdb(scale=scale, width=4, blocks=1, growth=2)


def build(
    method: str, *, compute: str = "cpu-fp32", start: Enhancer | None = None, **changes: Any
) -> MethodStep:
    recipe, preview, same = recipe_of(method, **changes), batch(), patches("photos", "a")
    task = Task(
        (preview[0], preview[1]),
        Transports(same, same, shrink=True),
        resolve(compute),  # type: ignore[arg-type]
        seed=3,
        start=start or begun(method),
    )
    step: MethodStep = pkgutil.resolve_name(recipe.step)(recipe, task)
    return step


@pytest.mark.parametrize("compute", PLACES)
@pytest.mark.parametrize("method", METHODS)
def test_a_step_changes_both_networks(method: str, compute: str) -> None:
    step = build(method, compute=compute, ema=0.5, weights={"pixels": 0.1, "color": 1})
    before = copy.deepcopy(step.networks.state_dict())
    losses = step.train_step(batch(), 1)
    assert set(losses) == {"pixels", "color", "content", "texture", "total", "d_texture"}
    assert all(torch.isfinite(value) and not value.requires_grad for value in losses.values())
    after = step.networks.state_dict()
    for part in ("generator", "average", "d_texture"):
        names = [name for name in before if name.startswith(part) and name.endswith("weight")]
        assert any(not torch.equal(before[name], after[name]) for name in names), part


@pytest.mark.parametrize("method", METHODS)
def test_it_begins_with_what_is_trained(method: str) -> None:
    start = begun(method)
    step = build(method, start=start)
    for name, value in step.generator.state_dict().items():
        assert torch.equal(value, start.state_dict()[name])
    step.train_step(batch(), 1)
    assert not torch.equal(next(step.generator.parameters()), next(start.parameters()))


def test_it_goes_on_with_any_architecture() -> None:
    step = build("srgan", start=Compact(scale=4, width=6, layers=1))
    assert isinstance(step.generator, Compact)


@pytest.mark.parametrize("method", METHODS)
def test_without_a_network_to_begin_with_it_is_refused(method: str) -> None:
    recipe, preview, same = recipe_of(method), batch(), patches("photos", "a")
    transports = Transports(same, same, shrink=True)
    task = Task((preview[0], preview[1]), transports, resolve("cpu-fp32"), seed=3)
    with pytest.raises(ValueError, match=f"start: {method} goes on with a trained network"):
        pkgutil.resolve_name(recipe.step)(recipe, task)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_discriminator_learns_to_separate_one_batch(method: str) -> None:
    step = build(method, discriminator={"width": 8}, learning_rate=1e-6)
    losses = [float(step.train_step(batch(), 1)["d_texture"]) for _ in range(30)]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_generator_learns_to_deceive(method: str) -> None:
    settings: dict[str, Any] = {"content": 0, "pixels": 0, "texture": 1}
    step = build(
        method, weights=settings, learning_rate=1e-2, discriminator_learning_rate=1e-9, ema=0.0
    )
    losses = [float(step.train_step(batch(), 1)["texture"]) for _ in range(30)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("distance", ["mse", "l1", "cosine"])
def test_content_is_the_mean_of_the_distances_of_all_layers(distance: str) -> None:
    found = {}
    for layers in ("relu1", "relu3", ["relu1", "relu3"]):
        content = {"extractor": "untrained", "layer": layers}
        step = build("srgan", content=content, content_distance=distance)
        found[str(layers)] = float(step.train_step(batch(), 1)["content"])
    one, other, both = found.values()
    assert both == pytest.approx((one + other) / 2, rel=1e-5)
    assert one != other


def test_color_is_of_what_is_left_at_the_small_size() -> None:
    step = build("esrgan")
    assert isinstance(step, EnlargingGanStep)
    y = batch()[1]
    fine = torch.tensor([0.1, -0.1]).tile(y.shape[-1] // 2)
    torch.testing.assert_close(step.color(y + fine, y), torch.tensor(0.0), atol=1e-6, rtol=0)
    torch.testing.assert_close(step.color(y + 0.1, y), torch.tensor(0.1))


def test_the_cosine_loss_by_hand() -> None:
    # At one place vectors of 3, 4 and 4, 3, whose cosine is 0.96; at the other opposite axes.
    one = torch.tensor([[[[3.0, 0.0]], [[4.0, 2.0]]]])
    other = torch.tensor([[[[4.0, 5.0]], [[3.0, 0.0]]]])
    torch.testing.assert_close(
        cosine_loss(one, other), torch.tensor((0.04 + 1) / 2), atol=1e-3, rtol=0
    )
    torch.testing.assert_close(cosine_loss(one, 7 * one), torch.tensor(0.0), atol=1e-6, rtol=0)
    # Vectors without length have no direction, and no gradient that is not finite.
    nothing = torch.zeros(1, 2, 1, 1, requires_grad=True)
    loss = cosine_loss(torch.zeros(1, 2, 1, 1), nothing)
    torch.autograd.backward(loss)
    assert loss == 0
    assert nothing.grad is not None
    assert torch.isfinite(nothing.grad).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_step_may_cut_smaller_patches(method: str) -> None:
    step, whole = build(method, crop_px=16), batch()
    seen = [step._begin(whole, number) for number in (1, 2, 1)]
    for x, y in seen:
        assert (x.shape, y.shape) == ((len(whole[0]), 3, 4, 4), (len(whole[0]), 3, 16, 16))
    assert torch.equal(seen[0][1], seen[2][1])
    assert not torch.equal(seen[0][1], seen[1][1])
    size_px = whole[1].shape[-1]
    places = [
        (top, left)
        for top in range(size_px - 15)
        for left in range(size_px - 15)
        if torch.equal(whole[1][..., top : top + 16, left : left + 16], seen[0][1])
    ]
    assert len(places) == 1
    assert torch.isfinite(step.train_step(whole, 1)["total"])


@pytest.mark.parametrize(
    ("crop_px", "message"),
    [(18, "crop_px must be a multiple of the scale 4, got 18"), (400, "must be at most")],
)
def test_a_crop_that_patches_do_not_have_is_refused(crop_px: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build("srgan", crop_px=crop_px)


def test_features_that_nothing_weighs_are_not_extracted() -> None:
    # Layer fc7 does not exist: nothing may ask for it.
    content = {"extractor": "untrained", "layer": "fc7"}
    step = build("srgan", content=content, weights={"content": 0})
    assert "content" not in step.train_step(batch(), 1)


def test_interpolation_is_between_what_it_began_with_and_what_it_learned() -> None:
    start = begun("esrgan")
    whole, part = (
        build("esrgan", start=start, interpolation=share, learning_rate=1e-2, ema=0.0)
        for share in (1.0, 0.8)
    )
    for number in range(1, 4):
        for step in (whole, part):
            step.train_step(batch(), number)
    for name, value in part.generator.state_dict().items():
        expected = 0.2 * start.state_dict()[name] + 0.8 * whole.generator.state_dict()[name]
        torch.testing.assert_close(value, expected)


def test_the_relativistic_loss_by_hand() -> None:
    real, fake = torch.tensor([2.0, 0.0]), torch.tensor([-1.0, 1.0])
    # Means 1 and 0: photos are 2 and 0 above the results, results -2 and 0 above the photos.
    expected = 0.5 * (
        torch.tensor([F.softplus(torch.tensor(-2.0)), F.softplus(torch.tensor(0.0))]).mean()
        + torch.tensor([F.softplus(torch.tensor(-2.0)), F.softplus(torch.tensor(0.0))]).mean()
    )
    torch.testing.assert_close(relativistic_loss(real, fake), expected)
    same = torch.full((2,), 0.3)
    torch.testing.assert_close(relativistic_loss(same, same), torch.tensor(2.0).log())
    # It asks which of both is more real: what both have in common does not count.
    torch.testing.assert_close(relativistic_loss(real + 3, fake + 3), relativistic_loss(real, fake))


def test_the_discriminator_is_the_papers() -> None:
    network = EnlargingDiscriminator(size_px=96)
    convolutions = [each for each in network.convolutions if isinstance(each, torch.nn.Conv2d)]
    assert [each.out_channels for each in convolutions] == [64, 64, 128, 128, 256, 256, 512, 512]
    assert [each.stride[0] for each in convolutions] == [1, 2] * 4
    # 512 channels of 6×6 px and 1024 neurons.
    linear = network.head[0]
    assert isinstance(linear, torch.nn.Linear)
    assert (linear.in_features, linear.out_features) == (512 * 36, 1024)
    assert sum(isinstance(each, torch.nn.BatchNorm2d) for each in network.convolutions) == 7
    assert EnlargingDiscriminator(size_px=50, width=2)(torch.rand(3, 3, 50, 50)).shape == (3,)


class StoppedError(Exception):
    """A training that ends early, as if killed."""


def train(method: str, folder: Path, *, stop_at: int = 0) -> str:
    often = {"log_every": 1, "save_every": 2, "sample_every": 3, "ema": 0.5, "augment": True}
    changes = {"interpolation": 0.8} if method == "esrgan" else {}
    recipe = recipe_of(method, steps=6, batch_size=2, scale=2, **often, **changes)
    folder.mkdir(exist_ok=True)
    start = folder / "start.safetensors"
    save_generator(start, begun(method, scale=2))

    def log(step: int, values: Mapping[str, float]) -> None:
        if step == stop_at:
            raise StoppedError

    target = patches("photos", "abcdef")
    card = train_pair(
        "pair",
        source=target,
        target=target,
        texture=None,
        recipe=recipe,
        seed=1,
        device=resolve("cpu-fp32"),
        start=start,
        out=folder / "out",
        state=folder / "state",
        log=log,
    )
    assert card
    return card.sha256


@pytest.mark.parametrize("method", METHODS)
def test_resumed_is_what_it_is_uninterrupted(tmp_path: Path, method: str) -> None:
    whole = train(method, tmp_path / "whole")
    with pytest.raises(StoppedError):
        train(method, tmp_path / "resumed", stop_at=5)
    assert train(method, tmp_path / "resumed") == whole
    network = load_generator(tmp_path / "whole" / "out" / "generator.safetensors")
    assert network.scale == 2
    assert type(network) is type(begun(method))
