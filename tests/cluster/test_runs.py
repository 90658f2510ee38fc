"""Whole runs through Slurm end like those of one machine, with nothing lost in MLflow.

Minutes each; `tests/cluster/slurm.sh start`, then `pytest -m cluster tests/cluster/test_runs.py`.
"""

import re
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.cluster.projects import QUICKLY, Project, read_losses, result, slurm, wait_for
from tests.copies import ROOT, copy_project

pytestmark = pytest.mark.cluster

SIDE_BY_SIDE = ("long", "again")
# What makes the demo short; its bytes are compared, and not its pictures.
SHORT = {
    "steps: 150": "steps: 16",
    "sample_every: 75": "sample_every: 8",
    "save_every: 50": "save_every: 8",
    "count: 400": "count: 60",
    "size_px: 64": "size_px: 32",
    "batch_size: 8": "batch_size: 2",
    "epochs: 25": "epochs: 2",
}
ON_THE_CPU = {"compute: auto": "compute: cpu-fp32"}
DEMOS = {"short": SHORT | ON_THE_CPU, "whole": ON_THE_CPU}
"""What is changed in the settings of the demo."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of an MLflow server with an empty database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    records = Project(tmp_path)
    process = records.start(
        *("mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{tmp_path}/mlflow.db"),
        *("--artifacts-destination", str(tmp_path / "mlruns")),
    )
    try:
        wait_for(lambda: answers(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize("length", DEMOS)
def test_the_demo_is_that_of_one_machine(tmp_path: Path, length: str) -> None:
    text = (ROOT / "params.yaml").read_text()
    for old, new in DEMOS[length].items():
        assert old in text
        text = text.replace(old, new)
    made = []
    # As many threads as here: those of another number may round otherwise.
    threads = ("--set-threads", "train=2", "rater=2", "--")
    for name, options in {
        "here": ["--cores", "2"],
        "slurm": ["--workflow-profile", "profiles/slurm", *QUICKLY],
    }.items():
        project = Project(tmp_path / name)
        copy_project(project.root)
        (project.root / "params.yaml").write_text(text)
        project.do("snakemake", *options, *threads, "all")
        made.append(result(project.root / "results" / "demo"))
    here, there = made
    assert here.keys() == there.keys()
    assert [name for name, data in here.items() if data != there[name]] == []


def test_a_grid_of_pairs_is_that_of_one_machine(project: Project, made: Project) -> None:
    """Three sources by two targets, and two pairs more."""
    project.do(*project.submission())
    assert differing(project, made) == []


def test_eight_jobs_that_start_at_once_lose_no_record(project: Project, server: str) -> None:
    from mlflow.tracking import MlflowClient

    project.environment["MLFLOW_TRACKING_URI"] = server
    project.settings(lambda settings: settings["run"].pop("tracking"))
    pairs = list(yaml.safe_load((project.root / "params.yaml").read_text())["pairs"])
    assert len(pairs) == 8
    networks = [f"results/tiny/pairs/{name}/generator.safetensors" for name in pairs]
    project.do(*project.submission(*networks))

    client = MlflowClient(server)
    [experiment] = [found for found in client.search_experiments() if found.name == "tiny"]
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    [pipeline] = runs.keys() - {*pairs}
    assert pipeline.startswith("tiny ")
    for name in pairs:
        assert runs[name].info.status == "FINISHED"
        assert runs[name].data.params["batch_size"] == "2"
        points = client.get_metric_history(runs[name].info.run_id, "total")
        steps = [loss["step"] for loss in read_losses(project, name)]
        assert [point.step for point in points] == steps


def test_two_trainings_on_two_nodes_each_are_side_by_side_those_of_two_processes(
    project: Project, made: Project
) -> None:
    networks = [f"results/tiny/pairs/{name}/generator.safetensors" for name in SIDE_BY_SIDE]
    here = project.copy(project.root.with_name("here"))
    here.settings(lambda settings: settings["run"].update(devices=2))
    here.locally(*networks)

    project.settings(lambda settings: settings["run"].update(nodes=2))
    said = project.do(*project.submission(*networks))

    assert differing(project, here) == []
    jobs = re.findall(r"SLURM jobid (\d+)", said)
    began, ended = zip(*(span(job) for job in jobs), strict=True)
    assert max(began) < min(ended)
    for name in SIDE_BY_SIDE:
        first, alone = read_losses(project, name)[0], read_losses(made, name)[0]
        np.testing.assert_allclose(list(first.values()), list(alone.values()), rtol=1e-4)


def answers(port: int) -> bool:
    """Whether a server on this machine has started."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def differing(ours: Project, theirs: Project) -> list[str]:
    """The files that two runs made differently, or only one of them."""
    one, other = ours.result(), theirs.result()
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def span(job: str) -> tuple[datetime, datetime]:
    """When a job began and ended; it had two nodes."""
    said = slurm("sacct", "-XnP", f"--jobs={job}", "--format=start,end,nnodes")
    start, end, nodes = said.strip().split("|")
    assert nodes == "2"
    return datetime.fromisoformat(start), datetime.fromisoformat(end)
