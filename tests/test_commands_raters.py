"""`wespe rater` and `wespe rate` from settings to files."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.faves import write_faves
from tests.made import card
from tests.results import write_evaluation, write_pair, write_rating
from wespe import cli
from wespe.apps.catalogue import find_networks
from wespe.core.files import lock, sha256
from wespe.networks.checkpoints import save_generator
from wespe.networks.enlarging.compact import Compact
from wespe.networks.generator import Generator
from wespe.photos.images import write_photo
from wespe.pipeline import tracking
from wespe.results.index import PhotoEntry, PhotoIndex, write_index
from wespe.results.record import write_record
from wespe.settings import params as config

SETTINGS = """\
run: {name: tiny, results: results, compute: cpu-fp32, tracking: ""}
sources:
  faves: {kind: folder, path: photos}
  scenes: {kind: folder, path: photos}
domains: [scenes]
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
    write_record(Path("results/g.json"), card(sha256=sha256(Path("results/g.safetensors"))))

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        printed = capsys.readouterr()
        return int(caught.value.code or 0), printed.out + printed.err

    return run


@pytest.mark.slow
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
    assert summary["engine"].endswith("-cpu-fp32")
    assert set(summary["methods"]) == {"original", "enhanced"}


@pytest.mark.slow
def test_a_network_that_enlarges_is_rated_on_photos_made_smaller(call: Call) -> None:
    save_generator(Path("results/g.safetensors"), Compact(scale=2, width=4, layers=0))
    written = card(sha256=sha256(Path("results/g.safetensors")), scale=2)
    write_record(Path("results/g.json"), written)
    assert call("rater", "ffs", *FIT)[0] == 0
    code, messages = call("rate", "scenes", *RATE)
    assert code == 0, messages
    summary = json.loads(Path("results/ratings/scenes/summary.json").read_text())
    assert (summary["scale"], summary["n_images"]) == (2, 2)
    assert set(summary["methods"]) == {"original", "enhanced", "target"}


def test_mlflow_has_the_rater_below_the_pipeline_and_the_rating_with_its_pair(
    call: Call, on: config.Run
) -> None:
    settings = Path("params.yaml")
    settings.write_text(SETTINGS.replace('tracking: ""', f'tracking: "{on.tracking}"'))
    network = sha256(Path("results/g.safetensors"))
    run = config.load(settings).run
    with tracking.training(run, "pair", {"steps": 2}, state_key="k") as record:
        record.tag({tracking.CHECKPOINT: network})
    assert call("rater", "ffs", *FIT)[0] == 0
    assert call("rate", "scenes", *RATE)[0] == 0
    with sqlite3.connect("mlflow.db") as database:
        found = {
            table: {
                (name, key): value
                for name, key, value in database.execute(
                    f"select r.name, t.key, t.value from {table} t join runs r using (run_uuid)"
                )
            }
            for table in ("params", "metrics", "tags")
        }
        models = database.execute("select name from model_versions").fetchall()
        status = dict(database.execute("select name, status from runs"))
    of_rater = json.loads(Path("results/raters/ffs/rater.json").read_text())
    assert status["ffs"] == "FINISHED"
    assert found["params"]["ffs", "epochs"] == "1"
    assert found["metrics"]["ffs", "accuracy.low"] == of_rater["figures"]["accuracy"]["low"]
    assert found["metrics"]["ffs", "validation_loss"] == pytest.approx(
        of_rater["figures"]["validation_losses"][0]
    )
    assert found["tags"]["ffs", tracking.PARENT]
    assert found["tags"]["ffs", tracking.CHECKPOINT] == of_rater["sha256"]
    assert found["tags"]["ffs", "wespe.photos.sha256"] == of_rater["data"]["sha256"]
    assert found["tags"]["ffs", "wespe.photos.simulated"] == "True"
    assert models == [("tiny-rater-ffs",)]
    summary = json.loads(Path("results/ratings/scenes/summary.json").read_text())
    key = "scenes.enhanced.ffs_simulated_viewers"
    score = summary["methods"]["enhanced"]
    assert found["metrics"]["pair", key] == score["mean"]
    assert found["metrics"]["pair", f"{key}_change"] == score["difference"]["mean"]


def test_metrics_of_the_run_have_the_rating(call: Call) -> None:
    assert call("rater", "ffs", *FIT)[0] == 0
    assert call("rate", "scenes", *RATE)[0] == 0
    code, messages = call("metrics", "--out", "results/metrics.json")
    assert code == 0, messages
    found = json.loads(Path("results/metrics.json").read_text())["scenes"]
    summary = json.loads(Path("results/ratings/scenes/summary.json").read_text())
    assert found["ffs_simulated_viewers"] == pytest.approx(
        summary["methods"]["enhanced"]["mean"], abs=1e-4
    )


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


def test_a_photo_that_is_gone_is_left_out_by_name(call: Call) -> None:
    assert call("rater", "ffs", *FIT)[0] == 0
    Path("scenes/1.png").unlink()
    code, messages = call("rate", "scenes", *RATE)
    assert code == 0
    assert "scenes: 1.png left out: no such file" in messages
    Path("scenes/0.png").unlink()
    code, messages = call("rate", "scenes", *RATE)
    assert code == 1
    assert "scenes: none of its photos (2) can be rated: 0.png: no such file" in messages


def test_files_of_another_kind_are_refused(call: Call) -> None:
    assert call("rater", "ffs", *FIT)[0] == 0
    network, rater = "results/g.safetensors", "results/raters/ffs/rater.safetensors"
    code, messages = call("rate", "scenes", *RATE, "--rater", network)
    assert code == 1
    assert f"{network}: expected a rater of format wespe-rater/1, got wespe-gen" in messages
    code, messages = call("rate", "scenes", *RATE, "--model", rater)
    assert code == 1
    assert f"{rater}: expected a network of format wespe-generator/1, got wespe-rater" in messages


def test_a_rating_that_another_process_makes_is_left_to_it(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("rater", "ffs", *FIT)[0] == 0
    monkeypatch.setattr("wespe.judging.raters.rate.rating_key", lambda *_, **__: "key")
    with lock(Path(".wespe/ratings/key.lock")):
        code, messages = call("rate", "scenes", *RATE)
    assert (code, messages) == (1, "wespe rate: scenes is being rated by another process\n")


def test_what_is_of_a_pair_that_is_not_there_is_not_there_either(call: Call) -> None:
    evaluation = "evaluations: {scenes: {pair: pair, photos: scenes}}"
    more = "tables: {t: {evaluations: {scenes: {}}}}\n"
    Path("params.yaml").write_text(SETTINGS.replace("evaluations: {}", evaluation) + more)
    write_evaluation(Path("results/evaluations/scenes"), n=3, pair="pair")
    code, messages = call("tables", "--partial", "--out", "tables")
    assert (code, messages) == (
        1,
        "wespe tables: results: expected results of pairs, evaluations, ratings, found none\n",
    )
    write_pair(Path("results/pairs/pair"))
    code, messages = call("tables", "--partial", "--out", "tables")
    assert (code, messages) == (0, "still missing: ratings.scenes\nt: 4 rows, 5 columns\n")


def test_two_ratings_for_one_column_are_refused(call: Call) -> None:
    more = """\
  again: {rater: ffs, pair: pair, photos: scenes}
tables: {t: {evaluations: {scenes: {}}, ratings: [scenes, again]}}
"""
    evaluation = "evaluations: {scenes: {pair: pair, photos: scenes}}"
    Path("params.yaml").write_text(SETTINGS.replace("evaluations: {}", evaluation) + more)
    write_evaluation(Path("results/evaluations/scenes"), n=3, pair="pair")
    for name in ("scenes", "again"):
        write_rating(Path("results/ratings") / name, label="FFS", pair="pair")
    assert call("tables", "--out", "tables") == (
        1,
        "wespe tables: tables.t.ratings: expected one for the column Flickr Faves Score of scenes, "
        "got again too\n",
    )
    assert not Path("tables").exists()


def test_changed_code_resumes_no_state(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    states = []

    def stopped(*_: Any, state: Path, **__: Any) -> None:
        states.append(state)
        raise ValueError("stopped")

    monkeypatch.setattr("wespe.judging.raters.run.fit_rater", stopped)
    for code in "aab":
        monkeypatch.setattr("wespe.pipeline.stages.code_hash", lambda *_, code=code, **__: code)
        assert "stopped" in call("rater", "ffs", *FIT)[1]
    assert states[0] == states[1] != states[2]
