"""Recording a version and fetching it elsewhere, with a local DVC remote."""

import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import Project, enter
from wespe.core.files import sha256
from wespe.pipeline import tracking, versions
from wespe.settings import params as config

WESPE = (sys.executable, "-m", "wespe.cli")


def test_a_clone_fetches_the_version_and_neither_tool_reruns_anything(
    finished: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished.do("dvc", "remote", "add", "--default", "local", str(tmp_path / "remote"))
    finished.do("dvc", "push", "--quiet")
    finished.commit()
    finished.do("git", "clone", "--quiet", ".", str(tmp_path / "clone"))

    clone = enter(tmp_path / "clone", monkeypatch)
    versions.sync(Path("params.yaml"), config.load(Path("params.yaml")))
    assert "Nothing to be done" in clone.do("snakemake", "all")
    assert "up to date" in clone.do("dvc", "status")
    assert clone.ran() == set()
    assert clone.do("git", "status", "--porcelain") == ""
    network = "results/tiny/pairs/phone_dslr/generator.safetensors"
    assert sha256(clone.root / network) == sha256(finished.root / network)

    # Snakemake has no history in a clone; it sees a changed setting all the same.
    clone.edit("params.yaml", "steps: 400", "steps: 500")
    clone.do("snakemake", "all")
    assert clone.ran() == {
        "train phone_dslr",
        "evaluate dslr_scenes",
        "metrics",
        "tables",
        "report",
    }


def test_sync_restores_lost_and_changed_results_from_the_cache(finished: Project) -> None:
    shutil.rmtree("results/tiny/pairs")
    shutil.rmtree("data/sources")
    versions.sync(Path("params.yaml"), config.load(Path("params.yaml")))
    assert "Nothing to be done" in finished.do("snakemake", "all")
    assert finished.ran() == set()


def test_sync_refuses_a_lock_file_of_other_settings(finished: Project) -> None:
    finished.edit("params.yaml", "steps: 400", "steps: 500")
    with pytest.raises(versions.VersionsError, match="train-phone_dslr: changed deps"):
        versions.sync(Path("params.yaml"), config.load(Path("params.yaml")))


def test_record_refuses_what_is_out_of_date_and_names_it(finished: Project) -> None:
    before = Path("dvc.lock").read_text()
    finished.edit("params.yaml", "steps: 400", "steps: 500")
    with pytest.raises(versions.VersionsError) as caught:
        finished.record()
    message = str(caught.value)
    assert "results/tiny/pairs/phone_dslr/generator.safetensors: params changed" in message
    assert "results/tiny/evaluations/dslr_scenes/summary.json: made from what is" in message
    assert "flickr" not in message
    assert Path("dvc.lock").read_text() == before


def test_record_says_what_it_did_and_what_is_next(finished: Project) -> None:
    assert finished.record() == ["dvc.lock had this run already: nothing new to record"]
    with (finished.root / "wespe/reports/templates/report.css").open("a") as stream:
        stream.write("a {}")
    # Somebody has forgotten `wespe dvc`.
    Path("dvc.yaml").write_text("stages: {old: {cmd: exit}}")
    finished.do("snakemake", "all")
    # As a command, which reads the code of the project and not that of this process.
    written, recorded, after = finished.do(*WESPE, "record").splitlines()
    assert written.startswith("dvc.yaml: written anew, check, acquire-phone,")
    assert written.endswith("old differed")
    assert "(check, tables, report)" in recorded
    assert after.startswith("next: `git add dvc.yaml dvc.lock params.yaml`")


def test_a_run_that_is_recorded_for_the_first_time_is_not_made_again(finished: Project) -> None:
    """DVC moves files into its cache and gives back copies, which are newer than what is made
    of them."""
    Path("dvc.lock").unlink()
    shutil.rmtree(".dvc/cache")
    shutil.rmtree(".dvc/tmp")
    finished.record()
    # Snakemake compares the contents of files up to a size; patches of real runs are larger.
    by_times = ("--max-checksum-file-size", "0")
    assert "Nothing to be done" in finished.do("snakemake", *by_times, "all")
    assert "up to date" in finished.do("dvc", "status")


def test_a_record_that_fails_halfway_leaves_a_finished_run(
    finished: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DVC had given some files a new time, and Snakemake would have made the others again."""
    Path("dvc.lock").unlink()
    dvc = shutil.which("dvc")
    assert dvc
    fails = tmp_path / "bin" / "dvc"
    fails.parent.mkdir()
    fails.write_text(f"#!/bin/sh\n{dvc} $* || exit\ntouch data/patches/*\necho full >&2\nexit 1\n")
    fails.chmod(0o755)
    monkeypatch.setenv("PATH", str(fails.parent), prepend=":")
    with pytest.raises(versions.VersionsError, match=r"(?s)`dvc commit --force` failed:\n.*full"):
        finished.record()
    by_times = ("--max-checksum-file-size", "0")
    assert "Nothing to be done" in finished.do("snakemake", *by_times, "all")


def test_a_code_that_says_the_same_is_no_other_version(finished: Project) -> None:
    with (finished.root / "wespe/reports/compare.py").open("a") as stream:
        stream.write("# Why.\n")
    finished.do(*WESPE, "sync")
    assert "Nothing to be done" in finished.do("snakemake", "all")


def test_only_the_default_settings_have_versions(project: Project) -> None:
    other = Path("other.yaml")
    with pytest.raises(versions.VersionsError, match=r"params\.yaml only, got other\.yaml"):
        versions.sync(other, config.load(Path("params.yaml")))
    with pytest.raises(versions.VersionsError, match=r"params\.yaml only, got other\.yaml"):
        versions.record(other, config.load(Path("params.yaml")))


def test_a_failing_tool_is_quoted(project: Project) -> None:
    with pytest.raises(versions.VersionsError, match=r"(?s)`dvc checkout` failed:\n.+"):
        versions.sync(Path("params.yaml"), config.load(Path("params.yaml")))


def test_a_record_tags_the_runs_with_the_versions_of_data_and_network(
    finished: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags: dict[str, dict[str, str]] = {}

    class Run:
        def __init__(self, checkpoint_sha256: str) -> None:
            self.checkpoint = checkpoint_sha256

        def tag(self, values: dict[str, str]) -> None:
            tags[self.checkpoint] = values

    monkeypatch.setattr(tracking, "find_run", lambda settings, sha: Run(sha))
    finished.record()
    pairs = Path("results/tiny/pairs")
    locked = yaml.safe_load(Path("dvc.lock").read_text())["stages"]
    for name, target in (("phone_dslr", "dslr"), ("phone_flickr", "flickr")):
        network = {entry["path"]: entry["md5"] for entry in locked[f"train-{name}"]["outs"]}
        patches = {entry["path"]: entry["md5"] for entry in locked[f"patches-{target}"]["outs"]}
        found = tags[sha256(pairs / name / "generator.safetensors")]
        assert found["dvc.checkpoint"] == network[str(pairs / name / "generator.safetensors")]
        assert found["dvc.target"] == patches[f"data/patches/{target}.npy"]
        assert found["dvc.source"] != found["dvc.target"]
