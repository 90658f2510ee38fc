"""`wespe rater` and `wespe rate` from settings to files."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.faves import write_faves
from wespe import cli
from wespe.acquisition.index import PhotoEntry, PhotoIndex, write_index
from wespe.catalogue import find_networks
from wespe.files import sha256, write_json
from wespe.images import write_photo
from wespe.models.checkpoints import save_generator
from wespe.models.generator import Generator

SETTINGS = """\
run: {name: tiny, results: results, compute: cpu-fp32, tracking: ""}
sources:
  faves: {kind: folder, path: photos}
  scenes: {kind: folder, path: photos}
recipes:
  tiny: {steps: 2}
pairs:
  pair: {source: scenes, target: scenes, recipe: tiny}
evaluations: {}
raters:
  ffs: {kind: ffs, photos: faves, backbone: small, crop_px: 32, epochs: 1}
ratings:
  scenes: {rater: ffs, pair: pair, photos: scenes, baselines: []}
"""
FIT = ("--index", "faves/index.json", "--out", "results/raters/ffs")
RATE = (
    *("--index", "scenes/index.json", "--out", "results/ratings/scenes"),
    *("--rater", "results/raters/ffs/rater.safetensors", "--model", "results/g.safetensors"),
)
Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """`wespe` in a folder with settings, faves, two scenes and a network: code and messages."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(SETTINGS)
    write_faves(Path("faves"))
    entries = []
    for number in range(2):
        pixels = np.random.default_rng(number).integers(256, size=(40, 50, 3), dtype=np.uint8)
        write_photo(Path(f"scenes/{number}.png"), pixels)
        entries.append(PhotoEntry(f"{number}.png", 50, 40, ""))
    write_index(Path("scenes/index.json"), PhotoIndex("scenes", "", "a test", False, entries))
    torch.manual_seed(0)
    save_generator(Path("results/g.safetensors"), Generator(width=4, blocks=0))
    write_json(Path("results/g.json"), {"sha256": sha256(Path("results/g.safetensors"))})

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        printed = capsys.readouterr()
        return int(caught.value.code or 0), printed.out + printed.err

    return run


def test_a_rater_is_fitted_and_rates(call: Call) -> None:
    code, messages = call("rater", "ffs", *FIT)
    assert code == 0, messages
    assert "ffs: FFS (simulated viewers), from 16 photos (simulated)" in messages
    assert "chance 0.5, majority 0.5" in messages
    code, messages = call("rate", "scenes", *RATE)
    assert code == 0, messages
    assert "FFS (simulated viewers), learned from simulated data, higher is better" in messages
    assert "scenes: enhanced: " in messages
    summary = json.loads(Path("results/ratings/scenes/summary.json").read_text())
    assert summary["rater"]["simulated"]
    assert summary["network"] == sha256(Path("results/g.safetensors"))
    assert set(summary["methods"]) == {"original", "enhanced"}


def test_raters_and_ratings_are_no_networks(call: Call) -> None:
    assert call("rater", "ffs", *FIT)[0] == 0
    assert call("rate", "scenes", *RATE)[0] == 0
    assert [network.path.name for network in find_networks([Path("results")])] == ["g.safetensors"]


def test_wrong_names_and_files_are_refused(call: Call) -> None:
    assert call("rater", "cornea", *FIT) == (
        1,
        "wespe rater: expected a rater of the settings (ffs), got 'cornea'\n",
    )
    (Path("faves") / "faves.csv").unlink()
    code, messages = call("rater", "ffs", *FIT)
    assert code == 1
    assert messages.startswith(
        "wespe rater: source faves: expected a table of faves, faves/faves.c"
    )
    assert not Path("results/raters").exists()


def test_a_rating_names_what_there_is(call: Call) -> None:
    settings = Path("params.yaml")
    settings.write_text(SETTINGS.replace("rater: ffs, pair: pair", "rater: x, pair: y"))
    code, messages = call("rate", "scenes", *RATE)
    assert code == 1
    assert "ratings.scenes.rater must name a rater (ffs), got 'x'" in messages
    assert "ratings.scenes.pair must name a pair (pair), got 'y'" in messages
