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

from tests.cluster.projects import Project, read_losses, slurm

pytestmark = pytest.mark.cluster

SIDE_BY_SIDE = ("long", "again")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of an MLflow server with an empty database that is about to start."""
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
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def test_a_grid_of_pairs_is_that_of_one_machine_and_no_record_is_lost(
    project: Project, made: Project, server: str
) -> None:
    """Three sources by two targets, and two pairs more: eight jobs start under a fresh server."""
    from mlflow.tracking import MlflowClient

    project.environment["MLFLOW_TRACKING_URI"] = server
    project.settings(lambda settings: settings["run"].pop("tracking"))
    project.do(*project.submission())
    assert differing(project, made) == []

    client = MlflowClient(server)
    [experiment] = [found for found in client.search_experiments() if found.name == "tiny"]
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    pairs = {pair.name for pair in (project.root / "results" / "tiny" / "pairs").iterdir()}
    assert len(pairs) == 8
    assert runs.keys() == {*pairs, "tiny"}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    for name in pairs:
        kept = client.get_metric_history(runs[name].info.run_id, "total")
        assert [point.step for point in kept] == [
            loss["step"] for loss in read_losses(project, name)
        ]
        assert runs[name].data.params["batch_size"] == "2"


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
