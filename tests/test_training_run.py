"""A pair's training as a whole: short, tiny ones end well, whatever the seed or the rates."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.made import manifest
from wespe.core.device import resolve
from wespe.data.patches.store import PatchSet
from wespe.networks.checkpoints import load_generator
from wespe.networks.enhancer import Enhancer
from wespe.networks.fitting.engine import Log
from wespe.networks.fitting.monitor import DivergedError, collapse
from wespe.photos.images import Pixels
from wespe.photos.tensors import to_tensor
from wespe.results.cards import ModelCard
from wespe.results.record import read_record
from wespe.training.methods.wespe.settings import WespeRecipe
from wespe.training.run import state_key, train_pair

STEPS = 16
TINY: dict[str, Any] = {
    "steps": STEPS,
    "batch_size": 2,
    "learning_rate": 5e-3,
    "discriminator_learning_rate": 5e-4,
    "adam_beta1": 0.5,
    "decay_from": 0.4,
    "ema": 0.9,
    "generator": {"width": 4, "blocks": 1, "norm": "none", "start": "identity"},
    "discriminator": {"norm": "none"},
    "content": {"extractor": "untrained", "layer": "relu2"},
    "weights": {"content": 0.05, "color": 0.3, "texture": 0.1, "tv": 1.0, "transport": 20.0},
    "log_every": 2,
    "sample_every": STEPS,
    "save_every": 4,
}

# Two times slowed down, this is the learning rate of TINY.
ABSURD: dict[str, Any] = {"learning_rate": 5e3, "monitor": {"slow_down": 1e-3}}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Networks this small run ten times as fast without threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def smooth(seed: int) -> Pixels:
    """Twelve patches of 32 px with soft shapes, dark ones."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(0, 0.6, (12, 8, 8, 3))
    return np.asarray(coarse.repeat(4, 1).repeat(4, 2) * 255, np.uint8)


def brighter(pixels: Pixels) -> Pixels:
    """What training should learn to do."""
    return np.asarray(np.clip(pixels * (1.4, 1.3, 1.1) + (30, 20, 5), 0, 255), np.uint8)


def patches(name: str, pixels: Pixels) -> PatchSet:
    places = [(number, 0, 0) for number in range(len(pixels))]
    return PatchSet(pixels, manifest(places, source=name, sha256=name, simulated=True))


def train(
    folder: Path, *, seed: int = 0, log: Log = lambda step, values: None, **changes: Any
) -> tuple[ModelCard, Enhancer]:
    card = train_pair(
        "pair",
        source=patches("phone", smooth(1)),
        target=patches("dslr", brighter(smooth(2))),
        recipe=WespeRecipe.model_validate({**TINY, **changes}),
        seed=seed,
        device=resolve("cpu-fp32"),
        out=folder / "out",
        state=folder / "state",
        log=log,
    )
    assert card
    assert card == read_record(folder / "out" / "generator.json", ModelCard)
    return card, load_generator(folder / "out" / "generator.safetensors")


def gain(network: Enhancer) -> float:
    """By how much the network brings new photos nearer to what they should be, as a share."""
    x, y = to_tensor(smooth(3)), to_tensor(brighter(smooth(3)))
    with torch.inference_mode():
        enhanced = network(x).clamp(0, 1)
    assert collapse(x, enhanced) is None
    return float(1 - (enhanced - y).square().mean() / (x - y).square().mean())


@pytest.mark.slow
def test_all_of_the_transport_where_both_domains_show_the_same(tmp_path: Path) -> None:
    once: dict[str, Any] = {"steps": 1, "sample_every": 1}
    whole, _ = train(tmp_path / "whole", shrink_transport=False, **once)
    shrunk, _ = train(tmp_path / "shrunk", **once)
    assert whole.transport
    assert shrunk.transport
    levels = np.array(whole.transport.levels)
    # Up to what the little contrast that differs between them moves.
    whole_way = np.abs(levels - whole.histogram_match).mean()
    part_way = np.abs(np.array(shrunk.transport.levels) - whole.histogram_match).mean()
    assert whole_way < 0.4 < 0.6 < part_way


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_every_seed_ends_well_and_without_a_false_alarm(tmp_path: Path, seed: int) -> None:
    card, network = train(tmp_path, seed=seed)
    assert (card.rollbacks, card.warning) == ((), None)
    assert gain(network) > 0.3


@dataclass(frozen=True)
class Trained:
    folder: Path
    card: ModelCard
    network: Enhancer

    @property
    def losses(self) -> str:
        return (self.folder / "out" / "losses.jsonl").read_text()


@pytest.fixture(scope="module")
def absurd(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A training that was rescued twice."""
    folder = tmp_path_factory.mktemp("absurd")
    return Trained(folder, *train(folder, **ABSURD))


@pytest.mark.slow
def test_an_absurd_learning_rate_is_lowered_until_it_is_none(absurd: Trained) -> None:
    card = absurd.card
    assert [event.to_step for event in card.rollbacks] == [0, 0]
    rates = [event.rates["generator"] for event in card.rollbacks]
    np.testing.assert_allclose(rates, [1e-3, 1e-6])
    lines = absurd.losses.splitlines()
    assert [json.loads(line)["step"] for line in lines] == list(range(2, STEPS + 1, 2))
    assert gain(absurd.network) > 0.3


@pytest.mark.slow
def test_a_rescued_training_resumes_bit_for_bit(absurd: Trained, tmp_path: Path) -> None:
    def stop(step: int, values: Mapping[str, float]) -> None:
        if step == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, log=stop, **ABSURD)
    resumed = Trained(tmp_path, *train(tmp_path, **ABSURD))
    same = ("sha256", "rollbacks", "final_losses")
    wanted = [getattr(absurd.card, key) for key in same]
    assert [getattr(resumed.card, key) for key in same] == wanted
    assert resumed.losses == absurd.losses


@pytest.mark.slow
def test_a_discriminator_that_has_won_is_slowed_down(tmp_path: Path) -> None:
    """G stands still; what D_c and D_t tell apart is as plain as day."""
    card, _ = train(
        tmp_path,
        steps=24,
        learning_rate=1e-9,
        discriminator_learning_rate=2e-3,
        log_every=1,
        monitor={"rollbacks": 3, "slow_down": 1e-3, "discriminator_won": 0.3},
    )
    [event] = card.rollbacks
    assert "the discriminator has won: d_" in event.reason
    assert event.step - event.to_step >= 10  # as long as it has lasted
    assert event.rates == {"generator": 1.0, "discriminators": 1e-3}


def test_a_training_that_cannot_be_rescued_says_so(tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="given up after going back once") as caught:
        train(tmp_path, learning_rate=1e3, monitor={"rollbacks": 1, "slow_down": 0.9})
    assert "Lower the learning rates" in str(caught.value)
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "state" / "state.pt").exists()


def test_changed_code_resumes_no_state() -> None:
    what: dict[str, Any] = {"recipe": WespeRecipe(method="wespe"), "seed": 0}
    what |= {"source": patches("x", smooth(0)), "target": patches("y", smooth(1))}
    first, again, other = (
        state_key("pair", device=resolve("cpu-fp32"), code=code, **what) for code in "aab"
    )
    assert first == again != other
    wider = state_key("pair", device=resolve("cpu-fp32"), code="a", any_camera=True, **what)
    assert wider != first
