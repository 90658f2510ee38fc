"""Trainings that begin with the convolutions of another network."""

from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from tests.test_training_wespe import TINY, build
from wespe.networks.checkpoints import save_generator
from wespe.networks.generator import Generator
from wespe.networks.srcnn import Srcnn
from wespe.training.methods.wespe.settings import WespeRecipe
from wespe.training.pretrained import take_convolutions

SHAPE: dict[str, Any] = {"width": 8, "blocks": 1, "norm": "none"}


def learned(path: Path, **changes: Any) -> Generator:
    """A network whose every weight says that it is this one, saved at `path`."""
    network = Generator(**{**SHAPE, "start": "transport", **changes})
    with torch.no_grad():
        for value in network.parameters():
            value.fill_(0.25)
    save_generator(path, network)
    return network


def test_a_training_begins_with_the_convolutions_and_keeps_its_own_transport(
    tmp_path: Path,
) -> None:
    path = tmp_path / "other.safetensors"
    learned(path)
    step = build(
        {"generator": {**SHAPE, "start": "transport"}, "pretrained": str(path), "ema": 0.9}
    )
    fresh = build({"generator": {**SHAPE, "start": "transport"}})
    for network in (step.networks["generator"], step.networks["average"]):
        assert all((value == 0.25).all() for value in network.parameters())
    ours, theirs = step.networks["generator"], fresh.networks["generator"]
    assert isinstance(ours, Generator)
    assert isinstance(theirs, Generator)
    assert ours.transport
    assert theirs.transport
    transports = zip(ours.transport.buffers(), theirs.transport.buffers(), strict=True)
    assert all(torch.equal(one, other) for one, other in transports)
    # F learns the way back, of which the other knows nothing.
    assert not all((value == 0.25).all() for value in step.networks["inverse"].parameters())


@pytest.mark.parametrize("detail", [(True, False), (False, True), (True, True)])
def test_the_gain_of_detail_is_each_networks_own(tmp_path: Path, detail: tuple[bool, bool]) -> None:
    path = tmp_path / "other.safetensors"
    other = learned(path, detail=detail[0])
    if other.detail is not None:
        other.detail.fill_(1.7)
        save_generator(path, other)
    generator = Generator(**SHAPE, start="transport", detail=detail[1])
    take_convolutions(generator, str(path))
    assert (generator.tail.weight == 0.25).all()
    assert (generator.detail == 1) if detail[1] else (generator.detail is None)


def test_the_networks_of_the_package_are_known_by_name() -> None:
    shape = {"width": 32, "norm": "none", "start": "transport", "leak": 0.1}
    generator = Generator(**shape)  # type: ignore[arg-type]
    take_convolutions(generator, "any_camera")
    assert generator.tail.weight.abs().max() > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 4}, r"generator\.width 8, as in the recipe, got 4"),
        ({"leak": 0.1}, r"generator\.leak 0\.0, as in the recipe, got 0\.1"),
        ({"start": "random"}, r"other\.safetensors: expected a network with generator\.start"),
    ],
)
def test_a_network_of_another_shape_is_named(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    learned(tmp_path / "other.safetensors", **changes)
    with pytest.raises(ValueError, match=message):
        take_convolutions(Generator(**SHAPE, start="identity"), str(tmp_path / "other.safetensors"))


def test_a_network_of_another_architecture_is_named(tmp_path: Path) -> None:
    save_generator(tmp_path / "other.safetensors", Srcnn())
    with pytest.raises(ValueError, match="expected a network of WESPE, got Srcnn"):
        take_convolutions(Generator(**SHAPE, start="identity"), str(tmp_path / "other.safetensors"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pretrained": "no_such"}, "a file or one of any_camera.*got 'no_such'"),
        ({"pretrained": "any_camera", "generator": SHAPE}, "got 'random'"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        WespeRecipe.model_validate({**TINY, **changes})


def test_a_training_depends_on_the_file_that_it_begins_with() -> None:
    own = WespeRecipe.model_validate({**TINY, "pretrained": "mine.safetensors"})
    packaged = WespeRecipe.model_validate({**TINY, "pretrained": "any_camera"})
    assert (own.given_files, own.packaged_files) == (("mine.safetensors",), ())
    assert packaged.packaged_files == ("networks/shipped/any_camera.safetensors",)
    assert packaged.given_files == ()
