"""MLflow's registry: each network once, with its files, and with what is learned about it later."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.made import card, domain
from tests.test_tracking import rows, train
from wespe.core.files import sha256
from wespe.pipeline import tracking
from wespe.results.cards import Domains, Imported, ModelCard, NetworkCard
from wespe.results.record import write_record
from wespe.settings import params as config

OFF = config.Run(tracking="")


def network(name: str = "phone_dslr", content: bytes = b"weights") -> tuple[Path, ModelCard]:
    """A network's file and its card, beside it."""
    path = Path(f"results/{name}/generator.safetensors")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    data = Domains(source=domain(sha256="0a", simulated=True), target=domain(sha256="0b"))
    made = card(pair=name, data=data, sha256=sha256(path))
    write_record(path.with_suffix(".json"), made)
    return path, made


def test_a_trained_network_becomes_a_version_with_files_and_tags(on: config.Run) -> None:
    path, told = network()
    train(on, range(1), sha256=told.sha256)
    made = tracking.register(on, "phone_dslr", path, told)
    assert made
    assert (made.model, made.version) == ("demo-phone_dslr", "1")
    assert [(made.run_id,)] == rows("select run_uuid from runs")
    assert made.tags[tracking.CHECKPOINT] == told.sha256
    assert made.tags["wespe.source.licence"] == "CC0"
    assert made.tags["wespe.target.sha256"] == "0b"
    [(source,)] = rows("select source from model_versions")
    kept = {file.name: file.read_bytes() for file in Path(str(source)).iterdir()}
    assert kept == {
        "generator.safetensors": b"weights",
        "generator.json": path.with_suffix(".json").read_bytes(),
    }


def test_a_repeated_training_makes_a_second_version_only_of_another_network(
    on: config.Run,
) -> None:
    for key, content in (("k1", b"weights"), ("k2", b"weights"), ("k3", b"others")):
        path, told = network(content=content)
        train(on, range(1), key=key, sha256=told.sha256)
        tracking.register(on, "phone_dslr", path, told)
    assert rows("select count(*) from runs") == [(3,)]
    assert rows("select name, version from model_versions order by version") == [
        ("demo-phone_dslr", 1),
        ("demo-phone_dslr", 2),
    ]


def test_a_network_that_no_run_trained_gets_a_run(on: config.Run) -> None:
    path, of_pair = network("iphone")
    imported = Imported(origin="published", checkpoint="iphone", licence="not stated")
    about = NetworkCard(intended_use="", limits=(), imported=imported, sha256=of_pair.sha256)
    made = tracking.register(on, "iphone", path, about)
    assert made
    assert rows("select name, status, run_uuid from runs") == [("iphone", "FINISHED", made.run_id)]
    assert made.tags["wespe.origin"] == "published"


def test_what_is_learned_later_is_put_on_the_version(on: config.Run) -> None:
    path, told = network()
    tracking.register(on, "phone_dslr", path, told)
    tracking.annotate(on, told.sha256, {"scenes.enhanced.psnr_db": 21.5})
    tracking.annotate(on, "of no network", {"scenes.enhanced.psnr_db": 9.9})
    found = tracking.versions(on, [told.sha256, "unknown"])
    assert [version.tags["scenes.enhanced.psnr_db"] for version in found[told.sha256]] == ["21.5"]
    assert found["unknown"] == []


def test_without_tracking_or_a_database_there_are_no_versions_and_none_is_made(
    tmp_path: Path,
) -> None:
    path = tmp_path / "none.db"
    assert tracking.versions(OFF, ["ab"]) == {}
    assert tracking.versions(config.Run(tracking=f"sqlite:///{path}"), ["ab"]) == {}
    assert tracking.register(OFF, "a", tmp_path / "a.safetensors", card(sha256="ab")) is None
    tracking.annotate(OFF, "ab", {"a": 1})
    assert not list(tmp_path.iterdir())


def test_a_registry_that_fails_is_a_warning(
    on: config.Run, caplog: pytest.LogCaptureFixture
) -> None:
    path, told = network()
    rows("drop table model_versions")
    assert tracking.register(on, "phone_dslr", path, told) is None
    assert tracking.versions(on, ["ab"]) == {}
    warnings = [record for record in caplog.records if record.name == "wespe.pipeline.tracking"]
    assert len(warnings) == 2


@pytest.mark.slow
def test_four_processes_register_one_network_once(on: config.Run) -> None:
    network()
    done = subprocess.run(
        [sys.executable, "-c", FOUR_PROCESSES, on.tracking], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "MLflow failed" not in done.stderr
    assert rows("select name, version from model_versions order by name") == [
        ("demo-other", 1),
        ("demo-phone_dslr", 1),
    ]


# Forked after the import of MLflow, which takes longer than everything else here.
FOUR_PROCESSES = """
import multiprocessing, sys, mlflow.tracking
from pathlib import Path
from wespe.pipeline import tracking
from wespe.results.networks import read_card
from wespe.settings import params as config

def register(name):
    path = Path("results/phone_dslr/generator.safetensors")
    tracking.register(config.Run(tracking=sys.argv[1]), name, path, read_card(path))

fork = multiprocessing.get_context("fork")
names = ["phone_dslr", "phone_dslr", "phone_dslr", "other"]
started = [fork.Process(target=register, args=[name]) for name in names]
for process in started:
    process.start()
for process in started:
    process.join()
raise SystemExit(max(process.exitcode for process in started))
"""
