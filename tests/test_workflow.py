"""The graph as its user meets it: what runs when, and what is refused."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, Project
from wespe.core.schema import SettingsError
from wespe.core.yaml_file import read_yaml
from wespe.pipeline import workflow
from wespe.settings.params import load

OF_ALL = {"metrics", "tables", "report"}
ALL = (
    {f"acquire {name}" for name in ("phone", "dslr", "flickr", "scenes")}
    | {f"patches {name}" for name in ("phone", "dslr", "flickr")}
    | {f"train phone_{name}" for name in ("dslr", "flickr")}
    | {f"evaluate {name}_scenes" for name in ("dslr", "flickr")}
    | OF_ALL
)


def test_everything_runs_once_and_the_end_names_page_and_networks(project: Project) -> None:
    messages = project.do("snakemake", "all")
    assert project.ran() == ALL
    assert "Report: results/tiny/report.html" in messages
    assert "Network phone_dslr: results/tiny/pairs/phone_dslr/generator.safetensors" in messages
    assert Path("results/tiny/report.html").is_file()


def test_wrong_settings_are_refused_before_any_work(project: Project) -> None:
    project.edit("params.yaml", "steps: 400", "stops: 400")
    done = project.call("snakemake", "all")
    assert done.returncode == 1
    assert "params.yaml: recipes.short.stops" in done.stdout
    assert "did you mean steps?" in done.stdout
    assert "Traceback" not in done.stdout
    assert project.ran() == set()


def test_another_settings_file_replaces_the_default_one(project: Project) -> None:
    text = Path("params.yaml").read_text().replace("results/tiny", "results/other")
    Path("other.yaml").write_text(text)
    # Merged settings would still be complete.
    Path("params.yaml").write_text("run: {name: wrong")
    network = Path("results/other/pairs/phone_dslr/generator.safetensors")
    project.do("snakemake", "--configfile", "other.yaml", "--", str(network))
    assert network.is_file()


def test_results_that_cannot_be_written_end_with_a_message(project: Project) -> None:
    Path("results").write_text("a file, where the results' folder should be")
    done = project.call("snakemake", "all")
    assert done.returncode == 1
    assert "run.results: results/tiny cannot be written, results is not a folder" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_home_that_cannot_be_written_is_no_obstacle(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    Path("file").touch()
    monkeypatch.setenv("HOME", str(Path("file").absolute()))
    project.do("snakemake", "data/patches/phone.npy")
    assert project.ran() == {"acquire phone", "patches phone"}


def test_what_cannot_be_had_stops_only_what_needs_it(project: Project) -> None:
    shutil.rmtree("photos/flickr")
    done = project.call("snakemake", "all")
    assert done.returncode == 1
    warning = (
        "source flickr: expected photos at photos/flickr, found nothing; the steps that need them"
    )
    assert done.stdout.count(warning) == 1
    needs_them = {
        "patches flickr",
        "train phone_flickr",
        "evaluate flickr_scenes",
        *OF_ALL,
    }
    assert project.ran() == ALL - needs_them
    assert "photos of folder photos/flickr: none" in done.stdout  # its log


@pytest.mark.parametrize(("kind", "tries"), [("div2k", 4), ("folder", 1)])
def test_only_what_needs_the_network_is_tried_again(
    project: Project, monkeypatch: pytest.MonkeyPatch, kind: str, tries: int
) -> None:
    flickr = "flickr: {kind: folder, path: photos/flickr}"
    project.edit("params.yaml", flickr, f"flickr: {{kind: {kind}, path: data/sources.csv}}")
    monkeypatch.setenv("STAND_IN_FAILS", "acquire flickr")
    assert project.call("snakemake", "data/sources/flickr").returncode == 1
    assert Path(".wespe/calls").read_text().splitlines() == ["acquire flickr"] * tries


def test_a_second_pipeline_in_the_same_folder_ends_with_a_message(project: Project) -> None:
    held = project.root / "held"
    held.touch()
    first = subprocess.Popen(
        ["snakemake", "--quiet", "all", "--", "data/patches/phone.npy"],
        env={**os.environ, "STAND_IN_WAITS": str(held)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not Path(".wespe/calls").exists() and first.poll() is None:
            time.sleep(0.1)
        second = project.call("snakemake", "all")
    finally:
        held.unlink()
    assert second.returncode == 1
    assert "cannot be locked" in second.stdout
    assert first.wait() == 0


def test_only_one_settings_file_and_no_overrides() -> None:
    assert workflow.chosen_settings([], {}) == Path("params.yaml")
    assert workflow.chosen_settings([Path.cwd() / "configs/a.yaml"], {}) == Path("configs/a.yaml")
    assert workflow.chosen_settings([Path("/a.yaml")], {}) == Path("/a.yaml")
    with pytest.raises(SettingsError, match=r"expected one settings file, got a\.yaml, b\.yaml"):
        workflow.chosen_settings([Path("a.yaml"), Path("b.yaml")], {})
    with pytest.raises(SettingsError, match=r"^my a\.yaml: .* without spaces$"):
        workflow.chosen_settings([Path("my a.yaml")], {})
    with pytest.raises(SettingsError, match=r"--config seed: .*`dvc exp run --set-param"):
        workflow.chosen_settings([], {"seed": 3})


def test_a_finished_run_says_how_dvc_gets_to_know_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_STAGE", raising=False)
    assert workflow.hint(Path("params.yaml")) == ""
    Path(".dvc").mkdir()
    assert "`wespe record`" in workflow.hint(Path("params.yaml"))
    assert workflow.hint(Path("configs/paper.yaml")) == ""
    monkeypatch.setenv("DVC_STAGE", "report")
    assert workflow.hint(Path("params.yaml")) == ""


@pytest.mark.parametrize(
    ("number", "job", "expected"),
    [
        ("9", "", "wespe patches: ended by SIGKILL, as where memory runs out\n"),
        ("9", "7", "where memory runs out: `mem_mb` of this rule in the profile asks for more\n"),
        ("15", "7", "its time: `runtime` of this rule in the profile asks for more\n"),
    ],
)
def test_what_a_signal_ended_is_named_in_the_log(
    project: Project, monkeypatch: pytest.MonkeyPatch, number: str, job: str, expected: str
) -> None:
    monkeypatch.setenv("STAND_IN_KILLED", number)
    monkeypatch.setenv("SLURM_JOB_ID", job)
    assert project.call("snakemake", "data/patches/phone.npy").returncode == 1
    log = Path("results/tiny/logs/patches/phone.log")
    assert log.read_text().endswith(expected)


def test_jobs_of_a_cluster_are_warned_of_what_one_machine_allows() -> None:
    params = load(Path(__file__).parents[1] / "params.yaml")
    cores, file = workflow.cluster_warnings(params, cores=2)
    assert "more than 2 cores" in cores
    assert "--workflow-profile" in cores
    assert "run.tracking: sqlite:///mlflow.db is a file" in file
    assert "a shared disk may not survive" in file
    [own] = workflow.cluster_warnings(params, cores=None, shared=False)
    assert "a file that each job has to itself, and that is lost with it" in own
    served = params.run.model_copy(update={"tracking": "http://mlflow:5000"})
    assert workflow.cluster_warnings(params.model_copy(update={"run": served}), cores=None) == []


def test_clocks_that_differ_are_told_before_work_is_done_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "generator.safetensors"
    missing = tmp_path / "missing"
    made.touch()
    assert workflow.clock_warnings(tmp_path, [made, missing]) == []
    os.utime(made, (time.time() + 3600,) * 2)
    [later] = workflow.clock_warnings(tmp_path, [made, missing])
    assert later.startswith(f"{made} is dated 60 min ahead of this machine's clock")
    assert "snakemake --cores 1 --touch" in later
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    [disk] = workflow.clock_warnings(tmp_path, [made])
    assert "dated 60 min behind this machine's clock" in disk
    assert "NTP" in disk


def test_what_slurm_ended_is_told_with_what_to_raise(tmp_path: Path) -> None:
    failed = "message: SLURM-job '{}' failed, SLURM status is: '{}'. Reason: Unknown. Log: x\n"
    node = "SLURM-job '9' failed due to a node failure, SLURM status is: 'NODE_FAIL'. Failed"
    many = [("3", "OUT_OF_MEMORY"), ("4", "FAILED"), ("5", "TIMEOUT"), ("6", "OUT_OF_MEMORY")]
    log = tmp_path / "7.log"
    log.write_text("slurmstepd: error: StepId=7.2 exceeded memory limit (58 > 31), being killed")
    step = f"submitted with SLURM jobid 7 (log: {log}).\n{failed.format('7', 'FAILED')}"
    said = "".join(failed.format(*one) for one in many) + step + node
    memory, time, lost = workflow.slurm_advice(said)
    assert memory.startswith(
        "job 3, 6, 7 took more memory than it asked for: expected more `mem_mb`"
    )
    assert time.startswith("job 5 took longer than it asked for: expected more `runtime`")
    assert lost.startswith("job 9 lost its node")
    assert workflow.slurm_advice("Nothing to be done") == []


def test_all_that_may_use_a_gpu_goes_to_the_partition_that_has_some() -> None:
    rules = "\n".join(path.read_text() for path in Path(ROOT / "workflow/rules").glob("*.smk"))
    blocks = re.findall(r"^rule (\w+):(.*?)(?=^\S|\Z)", rules, re.MULTILINE | re.DOTALL)
    asking = {name for name, text in blocks if re.search(r"\*\*(one_gpu|devices)\(", text)}
    assert asking == {"train", "rater", "evaluate", "rate"}
    profile = read_yaml(ROOT / "profiles/slurm/config.yaml")
    placed = profile["set-resources"]
    assert {n for n, asked in placed.items() if asked["slurm_partition"] == "gpu"} == asking
    assert "cores" not in profile
    assert profile["latency-wait"] >= 60
