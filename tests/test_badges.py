"""What a network is said to be, from its card alone."""

from pathlib import Path

import pytest

from tests.made import card, domain
from wespe.networks.generator import Generator
from wespe.networks.published import model_card
from wespe.results.badges import Badge, badge_of
from wespe.results.cards import Domains, NetworkCard

REAL = Domains(source=domain(), target=domain())
SIMULATED = Domains(source=domain(simulated=True), target=domain())
GIVEN = NetworkCard(intended_use="To enhance.", limits=(), sha256="0" * 64)


@pytest.mark.parametrize(
    ("described", "badge"),
    [
        (card(data=REAL), Badge.ONE_CAMERA),
        (card(data=SIMULATED), Badge.DEMO),
        (card(data=REAL, any_camera=True), Badge.ANY_CAMERA),
        (card(data=SIMULATED, any_camera=True), Badge.ANY_CAMERA),
        (card(data=REAL, scale=2), Badge.SUPER_RESOLUTION),
        (model_card(Path("iphone_orig"), Generator(width=4), sha256="0"), Badge.PUBLISHED),
        (GIVEN, Badge.UNKNOWN),
        (None, Badge.UNKNOWN),
    ],
)
def test_a_network_is_what_its_card_says(described: NetworkCard | None, badge: Badge) -> None:
    assert badge_of(described) is badge


def test_for_any_camera_comes_first_and_a_demo_last() -> None:
    ranked = sorted(Badge, key=lambda badge: badge.rank)
    assert (ranked[0], ranked[-1]) == (Badge.ANY_CAMERA, Badge.DEMO)
