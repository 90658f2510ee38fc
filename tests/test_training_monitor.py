import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from wespe.networks.fitting.monitor import SOUND, Divergence, Watch, collapse, dead, not_finite


def photos(seed: int = 0) -> Tensor:
    """Smooth random photos of different brightness, one of them without any detail."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(6, 3, 6, 6, generator=generator)
    smooth = interpolate(coarse, 32, mode="bicubic").clamp(0, 1)
    smooth[0] = 0.8
    return smooth * torch.linspace(0.4, 1, 6).view(6, 1, 1, 1)


GOOD = {
    "the same": lambda x: x,
    "brighter": lambda x: x + 0.2,
    "gamma": lambda x: x**0.5,
    "more contrast": lambda x: 1.8 * (x - 0.3),
    "less contrast": lambda x: 0.4 + 0.3 * x,
    "warmer": lambda x: x * torch.tensor([1.3, 1.0, 0.7]).view(3, 1, 1),
    "noisy": lambda x: x + 0.1 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1)),
    "grey": lambda x: x.mean(1, keepdim=True).expand_as(x),
}
COLLAPSED = {
    "inverted": lambda x: 1 - x,
    "inverted and faint": lambda x: 0.6 - 0.3 * x,
    "constant": lambda x: torch.full_like(x, 0.5),
    "one colour a photo": lambda x: x.mean((2, 3), keepdim=True).expand_as(x),
    "white": lambda x: x + 40,
    "unlike": lambda x: torch.rand(x.shape, generator=torch.Generator().manual_seed(1)),
    "not a number": lambda x: x * math.nan,
}
REASONS = {
    **{"inverted": "inverted", "inverted and faint": "inverted", "unlike": "no longer like"},
    **dict.fromkeys(["constant", "one colour a photo", "white", "not a number"], "constant"),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_an_enhancer_may_do_is_no_sign(name: str) -> None:
    assert collapse(photos(), GOOD[name](photos())) is None


@pytest.mark.parametrize("name", COLLAPSED)
def test_collapsed_photos_are_a_sign(name: str) -> None:
    found = collapse(photos(), COLLAPSED[name](photos()))  # type: ignore[no-untyped-call]
    assert found
    assert f"enhanced photos are {REASONS[name]}" in found.reason


def test_hand_computed() -> None:
    x = torch.tensor([0.2, 0.4]).expand(1, 3, 1, 2)
    assert collapse(x, torch.tensor([0.5, 0.55]).expand(1, 3, 1, 2)) is None
    found = collapse(x, torch.tensor([0.5, 0.51]).expand(1, 3, 1, 2))
    assert found == Divergence("enhanced photos are constant: 0.05 of the contrast is left")
    found = collapse(x, torch.tensor([0.6, 0.5]).expand(1, 3, 1, 2))
    expected = "enhanced photos are inverted: the correlation of their luma is -1.00"
    assert found == Divergence(expected)


def test_photos_without_contrast_show_nothing() -> None:
    flat = torch.full((2, 3, 8, 8), 0.5)
    assert collapse(flat, photos()[:2, :, :8, :8]) is None


def test_numbers_that_are_not_finite_are_found_wherever_they_are() -> None:
    state: dict[str, Any] = {
        "networks": {"a": torch.ones(2), "n": torch.tensor(3)},
        "optimiser": {"state": {0: {"step": torch.tensor(1.0)}}, "groups": [{"lr": 0.1}]},
        "name": "x",
    }
    assert not_finite(state) is None
    state["optimiser"]["state"][0]["square"] = torch.tensor([1.0, math.inf])
    assert not_finite(state) == Divergence("not finite: optimiser", broken=True)
    state["optimiser"]["state"][0]["square"] = torch.ones(1)
    state["optimiser"]["groups"][0]["lr"] = math.nan
    assert not_finite(state) == Divergence("not finite: optimiser", broken=True)


def test_divergence_counts_in_a_training_that_was_sound() -> None:
    found, broken = Divergence("a"), Divergence("b", broken=True)
    assert Watch(SOUND).counts(found)

    watch = Watch(0)
    assert not watch.counts(found)
    assert watch.counts(broken)
    for _ in range(SOUND - 1):
        assert not watch.counts(None)
    assert not watch.counts(found)  # sound by chance, for a while
    for _ in range(SOUND):
        assert not watch.counts(None)
    assert watch.counts(found)
    assert watch.counts(found)


def test_a_divergence_with_patience_has_to_last() -> None:
    watch, lasting = Watch(SOUND), Divergence("a", patience=3)
    assert [watch.counts(lasting) for _ in range(3)] == [False, False, True]
    watch.counts(None)
    assert not watch.counts(lasting)


def test_a_network_whose_last_features_are_all_zero_is_dead() -> None:
    features = torch.zeros(2, 8, 10, 10)
    found = dead(features)
    assert found
    assert found.reason == "the network is dead: 0.00% of its last features are above zero"
    features[:, :, 0] = 1
    assert dead(features) is None
