"""Model cards: where data and code come from, and what the network is not for."""

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.made import manifest
from tests.strangers import Attending, UNet
from wespe import __version__
from wespe.core.device import resolve
from wespe.data.patches.store import PatchSet
from wespe.networks.enlarging.compact import Compact
from wespe.networks.enlarging.recurrent import Recurrent
from wespe.networks.fitting.environment import checkout, environment
from wespe.networks.generator import Generator
from wespe.networks.limits import network_limits
from wespe.results.cards import Domains
from wespe.training.card import intended_use, limits, provenance


def patches(**changes: Any) -> PatchSet:
    places = [(0, 0, 0), (0, 5, 5), (7, 0, 0)]
    return PatchSet(np.zeros((3, 32, 32, 3), np.uint8), manifest(places, **changes))


@pytest.mark.parametrize(("given", "licence"), [("CC0", "CC0"), (None, "not stated")])
def test_data_with_their_size_hash_and_licence(given: str | None, licence: str) -> None:
    told = provenance(patches(licence=given, sha256="ab"))
    assert (told.photos, told.patches, told.patch_px, told.sha256) == (2, 3, 32, "ab")
    assert told.licence == licence


@pytest.mark.parametrize("simulated", [True, False])
def test_a_card_says_what_the_network_is_for_and_what_is_not_known(simulated: bool) -> None:
    data = Domains(
        source=provenance(patches(origin="photos of folder a", simulated=simulated)),
        target=provenance(patches()),
    )
    use = intended_use("phone", "dslr", data)
    assert "camera of phone (photos of folder a) towards the look of dslr" in use
    everywhere = intended_use("phone", "dslr", data, any_camera=True)
    assert everywhere == "To enhance unedited photos of any camera."
    told = limits("phone", "dslr", data, Generator(width=4, blocks=1))
    assert "3 patches of 32 px from 2 photos of phone and 3 patches of" in told[0]
    assert "on another camera's photos" in told[0]
    wide = limits("phone", "dslr", data, Generator(width=4, blocks=1), any_camera=True)
    assert "another camera" not in wide[0]
    assert told[1].startswith("So few photos of phone and dslr hardly separate")
    assert any("simulated" in limit for limit in told) == simulated
    assert all(limit.endswith(".") for limit in told)


@pytest.mark.parametrize(
    ("norm", "expected"),
    [("none", "and on nothing else"), ("instance", "and on statistics of the whole photo")],
)
def test_the_architecture_tells_how_far_a_network_sees(norm: Any, expected: str) -> None:
    limits = network_limits(Generator(width=4, blocks=3, norm=norm))
    # 4 px for each 9×9 convolution, 1 for each 3×3: two in each block, two after them.
    [sight] = [limit for limit in limits if "16 px away" in limit]
    assert expected in sight


def test_a_card_says_what_a_network_does_to_sizes() -> None:
    limits = network_limits(UNet())
    assert any("are not multiples of 4 px are extended by mirroring" in limit for limit in limits)
    assert any(
        "statistics of the whole photo" in text
        for text in network_limits(UNet(torch.nn.InstanceNorm2d))
    )
    whole = network_limits(Attending())
    assert any("cannot be enhanced in tiles" in limit for limit in whole)
    assert len(whole) == 3


def test_the_memory_of_a_network_for_videos_is_told() -> None:
    told = "In a video it goes on from what it made of the frame before"
    plain, remembers = (made(scale=2, width=4, layers=1) for made in (Compact, Recurrent))
    assert not any(told in text for text in network_limits(plain))
    assert any(told in text for text in network_limits(remembers))


def test_the_environment_names_code_torch_and_device() -> None:
    told = environment(resolve("cpu-fp32"))
    assert told.code_version == __version__
    assert told.torch == torch.__version__
    assert told.device


def test_a_checkout_has_a_commit_and_says_if_the_package_differs(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    assert checkout(package) == ("", False)

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=Test", "-c", "user.email=test@localhost")
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "--message", "Of something else")
    assert checkout(package) == ("", False)
    git("add", "package")
    git("commit", "--quiet", "--message", "With the package")
    commit = git("rev-parse", "HEAD")
    (tmp_path / "params.yaml").write_text("not of the package")
    assert checkout(package) == (commit, False)
    (package / "new.py").write_text("")
    assert checkout(package) == (commit, True)


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkout(tmp_path) == ("", False)
