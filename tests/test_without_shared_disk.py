"""Runs on machines that have nothing in common but a bucket: each job is a pod of a stand-in for
Kubernetes, and has a new, empty folder.
"""

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.buckets import ACCOUNT, BUCKET, serving_bucket
from tests.cluster.projects import Project, make_project, result
from tests.conftest import SETTINGS
from tests.stand_in_kubernetes import Cluster, Pod, check_job, serving
from wespe.core.schema import SettingsError
from wespe.pipeline.bucket import copies_folder, prepare_copies
from wespe.pipeline.stages import Stages
from wespe.settings.params import load

if TYPE_CHECKING:
    import s3fs

QUICKLY = ("--seconds-between-status-checks", "1")
ONE_THREAD = ("--set-threads", *(f"{rule}=1" for rule in ("patches", "train", "evaluate")))
"""Several threads may round otherwise than one."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster and the bucket that its machines reach, with an image that has the packages."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "pip").symlink_to("/bin/true")  # as in Containerfile
    folders = [str(tools), str(Path(sys.executable).parent), os.environ["PATH"]]
    image = {"PATH": os.pathsep.join(folders), "SLURM_CONF": os.devnull}
    with serving(tmp_path / "pods", image) as cluster:
        cluster.write_account(tmp_path / "account")
        yield cluster


@pytest.fixture
def project(cluster: Cluster, tmp_path: Path) -> Iterator[Project]:
    """A project with one pair, whose user may use the cluster and the bucket."""
    project = make_project(tmp_path / "project", ["htc"], ["canon"])
    project.settings(lambda settings: settings["pairs"].pop("again"))
    project.settings(lambda settings: settings["pairs"].pop("htc_canon"))
    profile = project.root / "profiles" / "kubernetes" / "config.yaml"
    profile.write_text(profile.read_text().replace("BUCKET", BUCKET))
    with serving_bucket() as address:
        project.environment.update(
            {
                **ACCOUNT,
                "AWS_ENDPOINT_URL": address,
                "KUBECONFIG": str(tmp_path / "account"),
                "SLURM_CONF": os.devnull,
                "MLFLOW_DISABLE_TELEMETRY": "true",
            }
        )
        yield project


def submission(*targets: str) -> list[str]:
    profile = ("--workflow-profile", "profiles/kubernetes")
    return ["snakemake", *profile, *QUICKLY, *ONE_THREAD, "--", *targets]


def bucket(project: Project) -> "s3fs.S3FileSystem":
    import s3fs

    address = project.environment["AWS_ENDPOINT_URL"]
    return s3fs.S3FileSystem(key="me", secret="secret", endpoint_url=address)


def fetch(project: Project, to: Path) -> Path:
    """Do what docs/cluster.md says to have the results."""
    files = bucket(project)
    files.get(f"{BUCKET}/wespe/results/tiny/", str(to), recursive=True)
    return to


def lose_a_node(cluster: Cluster, rule: str, *, step: int) -> None:
    """Kill the job of a training without warning, after `step`."""

    def recorded(pod: Pod) -> int:
        found = pod.folder.rglob("losses.jsonl")
        return max((losses.read_text().count("\n") for losses in found), default=0)

    while True:
        for name, pod in [*cluster.pods.items()]:
            if pod.rule == rule and recorded(pod) >= step:
                os.killpg(pod.process.pid, signal.SIGKILL)
                cluster.deleted.add(name)
                return
        time.sleep(0.01)


@pytest.mark.cluster(slurm=False)
def test_jobs_without_a_common_disk_make_what_one_machine_makes_though_a_node_is_lost(
    project: Project, cluster: Cluster, tmp_path: Path
) -> None:
    whole = project.copy(tmp_path / "whole")
    whole.locally()
    loss = threading.Thread(target=lose_a_node, args=(cluster, "train"), kwargs={"step": 20})
    loss.daemon = True
    loss.start()
    project.do(*submission("all"))
    assert not loss.is_alive()
    made = result(fetch(project, tmp_path / "fetched"))
    assert made == whole.result()
    log = (tmp_path / "fetched" / "logs" / "train" / "long.log").read_text()
    assert re.match(r"long: resumes at step (15|20) of 60", log)
    # This machine has no more than it gave.
    made_here = ("data/sources", "data/patches", "results")
    assert not any((project.root / name).exists() for name in made_here)
    rules = sorted(pod.rule for pod in cluster.pods.values())
    once = ["evaluate", "metrics", "patches", "patches", "report", "tables"]
    assert rules == [*once, "train", "train"]
    assert cluster.secrets == {}
    assert "Nothing to be done" in project.do(*submission("all"))


ASKED = {
    "patches": (4, 8000, 0),
    "train": (8, 32000, 1),
    "evaluate": (4, 8000, 1),
    "metrics": (1, 8000, 0),
    "tables": (1, 8000, 0),
    "report": (1, 8000, 0),
}
"""Cores, memory in MB and GPUs of each rule's jobs."""


@pytest.mark.slow
def test_each_rule_asks_kubernetes_for_what_it_needs(project: Project, cluster: Cluster) -> None:
    project.settings(lambda settings: settings["run"].update(compute="auto"))
    given = ("given/network.safetensors", "given/network.json")
    project.settings(lambda settings: settings["pairs"].update(given={"network": given[0]}))
    for file in given:
        (project.root / file).parent.mkdir(exist_ok=True)
        (project.root / file).write_text(file)
    files = bucket(project)
    for stage in Stages(load(project.root / "params.yaml")):
        for output in stage.outputs.values():
            place = output if Path(output).suffix else f"{output}/file"
            files.pipe_file(f"{BUCKET}/wespe/{place}", b"made")
    cluster.idle = True
    profile = ("--workflow-profile", "profiles/kubernetes")
    project.do("snakemake", *profile, *QUICKLY, "--forceall", "--", "all")
    asked = {pod.rule: resources(pod) for pod in cluster.pods.values()}
    assert asked == ASKED
    for file in given:
        assert files.cat(f"{BUCKET}/wespe/{file}") == file.encode()


def resources(pod: Pod) -> tuple[int, int, int]:
    """Cores, memory in MB and GPUs that a job may have at most."""
    [container] = check_job(pod.job)["containers"]
    limits: dict[str, str] = container["resources"]["limits"]
    cores, memory = int(limits["cpu"].rstrip("m")), int(limits["memory"].rstrip("M"))
    return cores // 1000, memory, int(limits.get("nvidia.com/gpu", 0))


def options(**given: Any) -> SimpleNamespace:
    """What Snakemake has been given, with a plugin for storage."""
    storage = {"default_storage_provider": None, "default_storage_prefix": "s3://lab/wespe"} | given
    files = given.get("configfiles", [Path("params.yaml")])
    return SimpleNamespace(
        storage_registry=SimpleNamespace(**storage),
        storage_settings=SimpleNamespace(**storage),
        config_settings=SimpleNamespace(configfiles=files),
    )


def test_options_with_which_jobs_could_not_work_are_refused() -> None:
    assert copies_folder(options()) == ""
    with pytest.raises(SettingsError, match=r"-prefix: expected .*, got s3://a b"):
        copies_folder(options(default_storage_provider=object(), default_storage_prefix="s3://a b"))
    with pytest.raises(SettingsError, match=r"^expected --configfile params.yaml"):
        copies_folder(options(default_storage_provider=object(), configfiles=[]))


REFUSED = {
    "data: data": ("data: /scratch/data", "run.data: expected a path within the project"),
    "results: results/tiny": ("results: ../tiny", "run.results: expected a path within"),
    "nodes: 1": ("nodes: 2", "run.nodes: expected 1 where machines share no disk, got 2"),
}


@pytest.mark.parametrize("given", REFUSED)
def test_settings_that_need_a_common_disk_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused, message = REFUSED[given]
    file = Path("params.yaml")
    text = SETTINGS.replace("seed: 0", "seed: 0, nodes: 1")
    assert given in text
    file.write_text(text)
    prepare_copies(Path("copies"), file, Stages(load(file)))
    assert Path("copies/params.yaml").read_text() == text
    file.write_text(text.replace(given, refused))
    with pytest.raises(SettingsError, match=message):
        prepare_copies(Path("copies"), file, Stages(load(file)))
