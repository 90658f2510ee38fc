"""Networks that come with the package: found by name, and one of them by none."""

from pathlib import Path

import pytest

from tests.made import domain
from tests.shipping import ship
from wespe.networks import shipped
from wespe.networks.light.opening import open_light
from wespe.networks.shipped import (
    MAX_BYTES,
    default_network,
    pretrained_names,
    shipped_names,
    shipped_network,
)
from wespe.results.badges import Badge
from wespe.results.cards import Domains
from wespe.results.networks import Network, find_networks

PACKAGED = shipped.FOLDER


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "shipped")
    return tmp_path / "shipped"


def test_the_default_is_the_one_for_any_camera(folder: Path) -> None:
    ship(folder, "another", any_camera=False)
    path = ship(folder)
    assert shipped_names() == ["another", "any_camera"]
    assert default_network().path == path
    assert default_network().badge is Badge.ANY_CAMERA
    assert shipped_network("another").badge is Badge.ONE_CAMERA


def test_without_it_one_sentence_says_so(folder: Path) -> None:
    ship(folder, "another")
    with pytest.raises(ValueError, match=r"comes without its network any_camera, so that one has"):
        default_network()


def test_a_demo_is_never_the_default(folder: Path) -> None:
    simulated = Domains(source=domain(simulated=True), target=domain())
    ship(folder, any_camera=False, data=simulated)
    with pytest.raises(ValueError, match="expected a network for real photos, got a demo's"):
        default_network()


def test_one_that_is_not_whole_is_refused(folder: Path) -> None:
    ship(folder).with_suffix(".json").unlink()
    with pytest.raises(ValueError, match=r"any_camera\.json: expected a model card, found none"):
        default_network()


@pytest.mark.parametrize(("name", "remembers"), [("larger", False), ("larger_video", True)])
def test_those_that_enlarge_begin_no_training(
    monkeypatch: pytest.MonkeyPatch, name: str, remembers: bool
) -> None:
    monkeypatch.setattr(shipped, "FOLDER", PACKAGED)
    network = shipped_network(name)
    assert network.badge is Badge.SUPER_RESOLUTION
    assert network.card
    assert network.card.scale == 4
    assert name not in pretrained_names()
    following = open_light(network.path, "cpu-fp32").following
    assert (following is not None) == remembers


def test_those_of_the_package_are_whole_small_and_no_demos() -> None:
    assert (PACKAGED / f"{shipped.DEFAULT}.safetensors").is_file()
    for network in find_networks([PACKAGED]):
        assert isinstance(network, Network), network
        assert network.path.stat().st_size <= MAX_BYTES, network.path
        assert network.badge is not Badge.DEMO
    listed = {path.name for path in PACKAGED.iterdir() if path.suffix in {".json", ".safetensors"}}
    assert listed == {
        f"{path.stem}{suffix}"
        for path in PACKAGED.glob("*.safetensors")
        for suffix in (".json", ".safetensors")
    }
