"""A published network as a pair: nothing is trained, and its card says whose it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.bundles import write_bundle
from tests.test_dped import variables  # noqa: F401, a fixture
from tests.test_training_supervised import patches
from wespe.apps.catalogue import Network, find_networks, markdown
from wespe.core.device import resolve
from wespe.networks.checkpoints import load_generator
from wespe.networks.published import load_dped
from wespe.results.reading import read_pair
from wespe.training.methods.published.settings import PublishedRecipe
from wespe.training.run import state_key, train_pair


def pair(folder: Path) -> dict[str, Any]:
    recipe = PublishedRecipe(method="published", checkpoint=str(folder / "iphone_orig"))
    return {
        "source": patches("phone", "abcd"),
        "target": patches("dslr", "wxyz", brighter=20),
        "recipe": recipe,
        "seed": 0,
        "device": resolve("cpu-fp32"),
    }


@pytest.fixture
def checkpoint(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    write_bundle(tmp_path / "iphone_orig", request.getfixturevalue("variables"))
    return tmp_path / "iphone_orig"


def test_the_pair_has_the_checkpoints_network_and_says_so(checkpoint: Path) -> None:
    folder = checkpoint.parent
    out, state = folder / "pairs" / "published", folder / "state"
    told: list[int] = []
    card = train_pair(
        "published", **pair(folder), out=out, state=state, log=lambda step, _: told.append(step)
    )
    assert card
    assert card.imported
    ours, theirs = load_generator(out / "generator.safetensors"), load_dped(checkpoint)
    for name, value in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value), name
    assert card.imported.origin == "published DPED generator (Ignatov et al. 2017)"
    assert (card.imported.checkpoint, card.imported.licence) == ("iphone_orig", "not stated")
    assert "learned from" not in " ".join(card.limits)
    # What an evaluation and the report need is there as for a trained one.
    assert len(card.transport.levels) == 256
    assert read_pair("published", out).card.steps == 1
    [network] = find_networks([out])
    assert isinstance(network, Network)
    text = markdown(network)
    assert "By others: published DPED generator" in text
    assert "- checkpoint: not stated" in text
    assert "photos of source" not in text


def test_another_checkpoint_is_another_training(checkpoint: Path) -> None:
    before = state_key("published", code="", **pair(checkpoint.parent))
    assert state_key("published", code="", **pair(checkpoint.parent)) == before
    shard = Path(f"{checkpoint}.data-00000-of-00001")
    content = np.frombuffer(shard.read_bytes(), np.uint8)
    shard.write_bytes((content + np.uint8(1)).tobytes())
    assert state_key("published", code="", **pair(checkpoint.parent)) != before


def test_a_checkpoint_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"iphone_orig\.index: "):
        train_pair(
            "published",
            **pair(tmp_path),
            out=tmp_path / "out",
            state=tmp_path / "state",
            log=lambda *_: None,
        )
