import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.made import manifest
from wespe.core.device import Device, resolve
from wespe.data.patches.store import PatchSet
from wespe.networks.generator import Generator
from wespe.networks.transport import Transport
from wespe.photos.tensors import to_pixels, to_tensor
from wespe.results.cards import DegradationNumbers
from wespe.training.losses import total_variation_loss
from wespe.training.methods.step import Task
from wespe.training.methods.wespe.settings import WespeRecipe, WespeWeights
from wespe.training.methods.wespe.step import WespeStep
from wespe.training.transport.transports import Transports

TINY: dict[str, Any] = {
    "steps": 40,
    "batch_size": 4,
    "generator": {"width": 8, "blocks": 1, "norm": "none", "start": "identity"},
    "content": {"extractor": "untrained", "layer": "relu2"},
    "learning_rate": 2e-3,
}
LEVELS = np.arange(256)[:, None].repeat(3, axis=1)
BRIGHTER = Transport(255 * (LEVELS / 255) ** 0.5, 1.2, (1.3, 1.1))
PLACES = ["cpu-fp32", "cpu-bf16"] + ["cuda-bf16"] * torch.cuda.is_available()


def build(changes: dict[str, Any] | None = None, *, compute: str = "cpu-fp32") -> WespeStep:
    recipe = WespeRecipe.model_validate({**TINY, **(changes or {})})
    return WespeStep(recipe, task(resolve(compute)))  # type: ignore[arg-type]


def task(device: Device) -> Task:
    """A training between looks that are known."""
    one = PatchSet(np.zeros((1, 32, 32, 3), np.uint8), manifest([(0, 0, 0)]))
    transports = Transports(one, one, shrink=True)
    transports.forth, transports.back = BRIGHTER, Transport()
    return Task(batch(), transports, device, seed=3)


def batch(seed: int = 0, size_px: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    """Smooth random patches; the target domain is brighter and warmer."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(8, 3, 5, 5, generator=generator)
    fine = torch.nn.functional.interpolate(coarse, size_px, mode="bicubic").clamp(0, 1)
    x, y = fine.chunk(2)
    return 0.6 * x, (0.6 * y + torch.tensor([0.3, 0.2, 0.05]).view(3, 1, 1)).clamp(0, 1)


def snapshot(step: WespeStep) -> dict[str, dict[str, torch.Tensor]]:
    return {
        name: copy.deepcopy(dict(network.named_parameters()))
        for name, network in step.networks.items()
    }


def changed(step: WespeStep, before: dict[str, dict[str, torch.Tensor]]) -> set[str]:
    after = snapshot(step)
    return {
        name
        for name, values in before.items()
        if any(not torch.equal(value, after[name][key]) for key, value in values.items())
    }


@pytest.mark.parametrize("compute", PLACES)
def test_a_step_changes_the_networks_and_only_them(compute: str) -> None:
    step = build({"ema": 0.9}, compute=compute)
    before = snapshot(step)
    assert step.extractor
    features = {k: v.clone() for k, v in step.extractor.state_dict().items()}
    losses = step.train_step(batch(), 1)
    assert changed(step, before) == {"generator", "d_color", "d_texture", "average"} | (
        changed(step, before) & {"inverse"}
    )
    # From an identity start F sees a gradient only once its last layer has left zero.
    step.train_step(batch(), 2)
    assert "inverse" in changed(step, before)
    assert all(torch.equal(v, features[k]) for k, v in step.extractor.state_dict().items())
    assert set(losses) == {"content", "color", "texture", "tv", "total", "d_color", "d_texture"}
    assert all(torch.isfinite(value) and not value.requires_grad for value in losses.values())


def test_total_is_the_weighted_sum_of_eq_6() -> None:
    losses = build().train_step(batch(), 1)
    expected = losses["content"] + 5e-3 * (losses["color"] + losses["texture"]) + 10 * losses["tv"]
    torch.testing.assert_close(losses["total"], expected)


def test_identity_start_begins_at_the_identity() -> None:
    x, y = batch()
    losses = build().train_step((x, y), 1)
    assert losses["content"] == 0
    torch.testing.assert_close(losses["tv"], total_variation_loss(x))


@pytest.mark.slow
def test_content_loss_falls_on_one_batch() -> None:
    only = {"weights": {"color": 0.0, "texture": 0.0, "tv": 0.0}}
    random_start = {"generator": {"width": 8, "blocks": 1, "norm": "none", "start": "random"}}
    step = build({**only, **random_start})
    losses = [float(step.train_step(batch(), 1)["content"]) for _ in range(120)]
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.slow
def test_a_seldom_content_loss_weighs_as_much_in_the_mean() -> None:
    step = build({"content": {**TINY["content"], "every": 4}})
    for number in range(8):
        before = snapshot(step)
        losses = step.train_step(batch(), number + 1)
        computed = number % 4 == 3
        assert ("content" in losses) == computed
        # F has no other loss; its first gradient is zero, since G and F start at the identity.
        assert ("inverse" in changed(step, before)) == computed
        rest = 5e-3 * (losses["color"] + losses["texture"]) + 10 * losses["tv"]
        expected = rest + 4 * losses["content"] if computed else rest
        torch.testing.assert_close(losses["total"], expected)


@pytest.mark.slow
def test_adversarial_training_moves_colours_towards_the_target() -> None:
    weights = {"content": 0.1, "color": 1.0, "texture": 0.0, "tv": 0.0}
    # With a faster generator they swing around the target, where rounding decides who wins.
    rates = {"learning_rate": 2e-3, "discriminator_learning_rate": 4e-3, "adam_beta1": 0.5}
    step = build({"weights": weights, "discriminator": {"norm": "spectral"}, **rates})
    for number in range(100):
        step.train_step(batch(number), 1)
    x, y = batch(1000)
    with torch.inference_mode():
        enhanced = step.generator(x)
    means = [image.mean((0, 2, 3)) for image in (x, enhanced, y)]
    assert (means[1] - means[2]).abs().sum() < 0.7 * (means[0] - means[2]).abs().sum()


@pytest.mark.slow
def test_discriminators_learn_to_tell() -> None:
    step = build({"learning_rate": 1e-9, "discriminator": {"norm": "none"}})
    losses = [float(step.train_step(batch(k), 1)["d_color"]) for k in range(60)]
    assert losses[0] > 0.6
    assert np.mean(losses[-10:]) < 0.4


@pytest.mark.slow
def test_transport_alone_teaches_its_look() -> None:
    weights = {"content": 0.0, "color": 0.0, "texture": 0.0, "tv": 0.0, "transport": 1.0}
    step = build({"weights": weights})
    losses = [float(step.train_step(batch(k), 1)["transport"]) for k in range(80)]
    assert np.mean(losses[-10:]) < 0.1 * losses[0]


@pytest.mark.slow
def test_average_follows_slowly_and_is_what_is_kept() -> None:
    step = build({"ema": 0.99})
    assert step.generator is step.networks["average"]
    for number in range(20):
        step.train_step(batch(number), number + 1)
    assert changed(step, snapshot(step)) == set()
    start = build({"ema": 0.99}).networks["generator"].get_parameter("tail.weight")
    new = step.networks["generator"].get_parameter("tail.weight")
    average = step.networks["average"].get_parameter("tail.weight")
    assert 0 < (average - start).abs().mean() < (new - start).abs().mean()


def test_learning_rates_fall_to_zero() -> None:
    step = build({"decay_from": 0.5, "learning_rate": 1e-3, "discriminator_learning_rate": 4e-3})
    rates = []
    for number in (1, 20, 31, 40):
        step.train_step(batch(), number)
        rates.append([o.param_groups[0]["lr"] for o in step.optimisers.values()])
    np.testing.assert_allclose(rates[0], [1e-3, 4e-3])
    np.testing.assert_allclose(rates[1], [1e-3, 4e-3])
    np.testing.assert_allclose(rates[2], [5e-4, 2e-3])
    np.testing.assert_allclose(rates[3], [5e-5, 2e-4])  # the last of 40 steps

    step.rates |= {"generator": 0.5, "discriminators": 0.1}
    step.train_step(batch(), 1)
    lowered = [o.param_groups[0]["lr"] for o in step.optimisers.values()]
    np.testing.assert_allclose(lowered, [5e-4, 4e-4])


@pytest.mark.parametrize("compute", PLACES)
def test_collapse_of_the_generator_or_its_average_is_divergence(compute: str) -> None:
    class Inverted(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return 1 - image

    step = build({"ema": 0.9}, compute=compute)
    assert step.divergence({}) is None
    for name in ("generator", "average"):
        sound, step.networks[name] = step.networks[name], Inverted()
        found = step.divergence({})
        assert found
        assert "inverted" in found.reason
        step.networks[name] = sound
    assert step.divergence({}) is None
    step.networks["generator"].get_parameter("tail.bias").data += 10
    found = step.divergence({})
    assert found
    assert "constant" in found.reason


def test_a_discriminator_has_won_where_the_generator_is_trained_against_it() -> None:
    step = build()
    losses = {"color": 4.0, "texture": 0.7, "d_color": 0.01, "d_texture": 0.6}
    found = step.divergence(losses)
    assert found
    assert found.reason == "the discriminator has won: d_color is 0.01"
    assert found.parts == ("discriminators",)
    assert found.patience > 1
    assert step.divergence(losses | {"d_color": 0.03}) is None
    assert step.divergence({"texture": 0.7, "d_color": 0.01, "d_texture": 0.6}) is None
    assert build({"monitor": {"discriminator_won": 0.0}}).divergence(losses) is None


def test_looking_for_divergence_changes_nothing() -> None:
    changes = {"generator": {**TINY["generator"], "norm": "batch"}}
    one, other = build(changes), build(changes)
    for number in range(2):
        for step in (one, other):
            losses = step.train_step(batch(number), number + 1)
        one.divergence({name: float(value) for name, value in losses.items()})
    for mine, theirs in zip(
        one.networks.state_dict().values(), other.networks.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("norm", ["instance", "batch", "spectral", "none"])
def test_state_restores_everything(norm: str) -> None:
    changes = {"ema": 0.9, "discriminator": {"norm": norm, "r1": 1.0}}
    one, other = build(changes), build(changes)
    for number in range(2):
        one.train_step(batch(number), number + 1)
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    for step in (one, other):
        step.train_step(batch(2), 3)
    for mine, theirs in zip(
        one.networks.state_dict().values(), other.networks.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, theirs)


def test_same_seed_same_networks() -> None:
    torch.manual_seed(1)
    one = build()
    torch.manual_seed(2)
    two = build()
    for mine, theirs in zip(one.networks.parameters(), two.networks.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_building_leaves_the_global_random_state_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    build()
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("r1", [0.0, 1.0])
def test_what_is_compiled(r1: float, monkeypatch: pytest.MonkeyPatch) -> None:
    # That it then computes the same is in benchmarks/compiled.py: compiling takes minutes.
    chosen: list[torch.nn.Module] = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module: chosen.append(module))
    build({"discriminator": {"r1": r1}})
    assert chosen == []
    device = Device(torch.device("cpu"), bf16=False, compiled=True)
    monkeypatch.setattr("tests.test_training_wespe.resolve", lambda _: device)
    step = build({"discriminator": {"r1": r1}})
    names = ["generator", "inverse"] + ([] if r1 else ["d_color", "d_texture"])
    assert chosen == [step.extractor, *(step.networks[name] for name in names)]


def test_sample_sheet() -> None:
    sheet = build().sample()
    x = batch()[0]
    assert sheet.shape == (4 * 32, 3 * 32, 3)
    first = (x[0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(sheet[:32, :32], first)
    np.testing.assert_array_equal(sheet[:32, 32:64], first)  # identity start


def test_places() -> None:
    assert resolve("cpu-fp32") == Device(torch.device("cpu"), bf16=False)
    assert resolve("cpu-bf16").name == "cpu-bf16"
    if not torch.cuda.is_available():
        assert resolve("auto").torch_device.type == "cpu"
        with pytest.raises(ValueError, match=r"run\.compute: cuda-bf16 needs a CUDA device"):
            resolve("cuda-bf16")


RESTORING: dict[str, Any] = {
    "generator": {"width": 8, "blocks": 1, "norm": "none", "start": "transport"},
    "weights": {"content": 0, "color": 0, "texture": 0, "tv": 0, "restoration": 1},
}


def restoring(changes: dict[str, Any] | None = None) -> WespeStep:
    recipe = WespeRecipe.model_validate({**TINY, **RESTORING, **(changes or {})})
    given = task(resolve("cpu-fp32"))
    given.transports.degradation = DegradationNumbers(
        blur_px=(0.8, 1.2),
        noise_levels=(3.0,) * 6,
        noise_factor=(1.0, 2.0),
        shared_noise=0.4,
        grain_px=(0.3, 0.3),
        jpeg_quality=(85.0, 98.0),
        files_quality=None,
        mismatch=0.1,
    )
    return WespeStep(recipe, given)


@pytest.mark.slow
def test_restoration_needs_no_other_network_and_learns() -> None:
    step = restoring()
    assert {*step.networks} == {"generator", "average"}
    assert step.extractor is None
    losses = [float(step.train_step(batch(seed), seed + 1)["restoration"]) for seed in range(40)]
    assert np.mean(losses[-5:]) < 0.85 * np.mean(losses[:5])
    assert step.shows == ("input", "enhanced", "clean", "degraded", "restored")
    assert step.sample().shape == (4 * 32, 5 * 32, 3)


def test_restoration_goes_together_with_the_papers_losses() -> None:
    step = restoring({"weights": {"restoration": 1}})
    losses = step.train_step(batch(), 1)
    assert {"content", "color", "texture", "tv", "restoration", "d_color"} < {*losses}
    assert step.shows[2] == "mapped back"


def test_a_step_draws_the_same_degradation_again() -> None:
    """As a resumed training must; another step draws another."""
    losses = [float(restoring().train_step(batch(), n)["restoration"]) for n in (7, 7, 8)]
    assert losses[0] == losses[1] != losses[2]


def test_half_of_the_clean_patches_are_those_of_texture() -> None:
    (x, y), noise = batch(), torch.Generator().manual_seed(9)
    texture = torch.rand(y.shape, generator=noise)
    with_texture = restoring().train_step((x, y, texture), 1)["restoration"]
    # Of noise, which is all that texture is here, blur leaves little to restore from.
    assert with_texture > 1.5 * restoring().train_step((x, y), 1)["restoration"]


def test_restoration_needs_a_transport_after_it() -> None:
    for weight in ("restoration", "structure"):
        changes = {"generator": {"start": "identity"}, "weights": {weight: 1}}
        with pytest.raises(ValueError, match=r"structure need generator\.start: transport"):
            restoring(changes)


def test_structure_is_a_loss_beside_restoration() -> None:
    weights = {**RESTORING["weights"], "structure": 0.5}
    losses = restoring({"weights": weights}).train_step(batch(), 1)
    assert losses["total"] == pytest.approx(losses["restoration"] + 0.5 * losses["structure"])
    assert 0.01 < losses["structure"] < 1
    alone = restoring().train_step(batch(), 1)
    assert "structure" not in alone
    assert alone["restoration"] == losses["restoration"]


def test_a_network_that_restores_has_the_transport_around_it() -> None:
    """Its gains leave to the network what the blur took; networks without keep the whole."""
    given = task(resolve("cpu-fp32"))
    given.transports.around_restoration = Transport(contrast=(1.1, 1.0))
    recipe = WespeRecipe.model_validate({**TINY, **RESTORING})
    transports = [
        WespeStep(chosen, given).generator.get_submodule("transport")
        for chosen in (recipe, recipe.model_copy(update={"weights": WespeWeights()}))
    ]
    gains = [transport.get_buffer("gains").tolist() for transport in transports]
    assert gains[0] == pytest.approx([1, 1.1, 1.0])
    assert gains[1] == BRIGHTER.gains.tolist()


def test_a_share_of_what_restoration_takes_away_stays() -> None:
    step, whole = restoring({"keep": 0.25}), restoring()
    x, _ = batch()
    for trained in (step, whole):
        trained.train_step(batch(), 1)
        trained.complete()
    with torch.no_grad():
        torch.testing.assert_close(
            step.generator.convolve(x), 0.75 * whole.generator.convolve(x), rtol=1e-4, atol=1e-6
        )


def test_detail_is_measured_after_the_last_step() -> None:
    step = restoring({"generator": {**RESTORING["generator"], "detail": True}})
    noise = torch.Generator().manual_seed(1)
    x, _ = batch()
    # What the generator makes of x has less of the fine texture of y.
    fine = 0.09 * torch.rand(x.shape, generator=noise) - 0.045
    pixels = [
        to_pixels((0.2 + 0.6 * patches + share * fine).clamp(0, 1))
        for patches, share in ((x, 0.8), (x, 1.0))
    ]
    source, target = (PatchSet(given, manifest([(0, 0, 0)] * 4)) for given in pixels)
    step.transports = Transports(source, target, shrink=True)
    assert step.detail == 1
    step.complete()
    assert step.detail is not None
    assert 1.25 < step.detail < 1.45
    step.transports = Transports(target, source, shrink=True)
    step.complete()
    assert step.detail == 1


def test_colours_are_fitted_to_what_the_network_makes() -> None:
    """A network that halves the levels' spread needs a curve that is twice as steep."""
    step = restoring()
    x, y = batch()
    pixels = [to_pixels(0.3 + 0.4 * patches.clamp(0, 1)) for patches in (x, y)]
    source, target = (PatchSet(given, manifest([(n, 0, 0) for n in range(4)])) for given in pixels)
    step.transports = Transports(source, target, shrink=False)
    network = step.generator
    assert isinstance(network, Generator)
    assert network.transport
    network.transport = Transport(contrast=(1.2, 1.1))
    with torch.no_grad():
        network.restored = lambda image: 0.5 * image  # type: ignore[method-assign]
    step.complete()
    moved = network.transport
    assert moved.gains[1:].tolist() == pytest.approx([1.2, 1.1])
    made = 0.5 * to_tensor(source.pixels)
    found = moved.recolour(made).mean(), moved.recolour(made).std()
    wanted = to_tensor(target.pixels)
    assert float(found[0]) == pytest.approx(float(wanted.mean()), abs=0.01)
    assert float(found[1]) == pytest.approx(float(wanted.std()), rel=0.1)


def test_what_completes_a_restoration_needs_one() -> None:
    for changes in ({"keep": 0.1}, {"generator": {"start": "transport", "detail": True}}):
        with pytest.raises(ValueError, match=r"need weights\.restoration"):
            build(changes)


def test_rates_rise_over_the_warm_up() -> None:
    step = build({"warm_up": 10, "learning_rate": 1e-3})
    rates = []
    for number in (1, 5, 10, 20):
        step.train_step(batch(), number)
        rates.append(step.optimisers["generator"].param_groups[0]["lr"])
    assert rates == pytest.approx([1e-4, 5e-4, 1e-3, 1e-3])


def test_a_dead_network_is_noticed() -> None:
    step = restoring()
    assert step.divergence({}) is None
    network = step.networks["generator"]
    assert isinstance(network, Generator)
    for convolution in network.body:
        nn.init.constant_(convolution.get_parameter("bias"), -100)
    found = step.divergence({})
    assert found
    assert "the network is dead" in found.reason
