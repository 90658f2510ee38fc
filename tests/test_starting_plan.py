"""What a run needs beforehand, against Snakemake's own plan and files that are there or not."""

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import ROOT, Project
from tests.published import folder, photos
from wespe.apps.starting import plan as planned
from wespe.apps.starting.plan import plan
from wespe.pipeline.pending import pending
from wespe.pipeline.stages import Stages
from wespe.settings.params import Params, load

PAPER = ROOT / "configs" / "paper.yaml"
KEYS = ("CITYSCAPES_USERNAME", "CITYSCAPES_PASSWORD", "FLICKR_API_KEY", "FLICKR_API_SECRET")


def by_snakemake(project: Project, file: str) -> Counter[str]:
    """The jobs of a dry run by rule; downloading sources have a rule of their own there."""
    said = project.do("snakemake", "--dry-run", "--configfile", file, "--", "all")
    jobs = Counter[str]()
    stats = said.partition("Job stats:")[2].partition("\n\n")[0]
    for name, count in re.findall(r"^(\w+) +(\d+)$", stats, re.MULTILINE):
        jobs[name.removesuffix("_online")] += int(count)
    del jobs["all"], jobs["total"]
    return jobs


def by_us(file: str) -> Counter[str]:
    return Counter(stage.rule for stage in pending(Stages(load(Path(file)))))


def test_the_jobs_are_those_of_snakemake(project: Project) -> None:
    assert by_us("configs/paper.yaml") == by_snakemake(project, "configs/paper.yaml")
    assert sum(by_us("configs/paper.yaml").values()) == 118
    # A source that nothing needs is not made.
    unused = "  unused: {kind: folder, path: photos/phone}\nrecipes:"
    project.edit("params.yaml", "recipes:", unused)
    project.do("snakemake", "--", "results/tiny/evaluations/dslr_scenes/summary.json")
    assert by_us("params.yaml") == by_snakemake(project, "params.yaml")
    project.do("snakemake", "all")
    assert by_us("params.yaml") == Counter()
    # What is gone is made again where something asks for it, and with it what reads it.
    shutil.rmtree("results/tiny/evaluations/flickr_scenes")
    assert by_us("params.yaml") == Counter()
    Path("results/tiny/metrics.json").unlink()
    assert by_us("params.yaml") == by_snakemake(project, "params.yaml")
    assert by_us("params.yaml")["evaluate"] == 1


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """The paper's settings in an empty folder, on a machine without keys."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("PATH", "")
    for key in KEYS:
        monkeypatch.delenv(key, raising=False)
    for file in ("sources.csv", "flickr_removed.txt"):
        Path("data").mkdir(exist_ok=True)
        shutil.copy(ROOT / "data" / file, Path("data") / file)
    return load(PAPER)


def line(lines: list[str], begins: str) -> str:
    (found,) = [each for each in lines if each.startswith(begins)]
    return found


def test_the_paper_needs_what_its_inventory_says(paper: Params) -> None:
    lines = [*plan(paper, measure=False)]
    assert lines[0] == "118 jobs to do"
    acquire = line(lines, "acquire: 24 of 24; about 58.3 GB to download, 33 files")
    assert "leftImg8bit_trainvaltest.zip 11.0 GB, dped.gz 9.0 GB, " in acquire
    assert "16,000 photos of a crawl" in acquire
    # 12 sets of 165,000 patches of 100 × 100 × 3.
    assert line(lines, "patches") == "patches: 12 of 12; at most 59.4 GB of disk"
    assert line(lines, "train") == (
        "train: 20 of 20; 548 MB, the weights of vgg19 for the content loss"
    )
    city = line(lines, "missing for cityscapes:")
    assert "CITYSCAPES_USERNAME and CITYSCAPES_PASSWORD in the environment; csDownload" in city
    # Its index, its patches, a training; an evaluation and two ratings; then all that is joined.
    assert city.endswith("9 jobs wait for it")
    assert "FLICKR_API_KEY" in line(lines, "missing for faves:")
    own = line(lines, "missing for huawei_p9:")
    assert own.startswith("missing for huawei_p9: photos at data/raw/phones/huawei_p9/train. ")


def test_what_is_there_is_neither_downloaded_nor_missing(
    paper: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("data/raw").mkdir()
    Path("data/raw/dped.gz").touch()
    folder(Path("data/raw"), photos(["DIV2K_train_HR/0001.png", "DIV2K_valid_HR/0801.png"]))
    folder(Path("data/raw/leftImg8bit_trainvaltest/leftImg8bit"), photos(["train/a/a.png"]))
    for key in KEYS:
        monkeypatch.setenv(key, "ours")
    lines = [*plan(paper, measure=False)]
    acquire = line(lines, "acquire")
    assert "dped.gz" not in acquire
    assert "DIV2K_train_HR.zip" not in acquire
    assert not [each for each in lines if each.startswith(("missing for faves", "missing for div"))]
    # Of Cityscapes only the photos for testing are lacking, and the tool to get them.
    assert not [each for each in lines if each.startswith("missing for cityscapes:")]
    assert "csDownload" in line(lines, "missing for cityscapes_photos:")


class _Usage(NamedTuple):
    free: int


def test_a_disk_that_is_too_small_is_told(paper: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, few in ((10**13, False), (10**10, True)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: _Usage(free))
        disk = line([*plan(paper, measure=False)], "disk: ")
        # Archives, what is unpacked of them, and patches.
        assert "up to 176.0 GB beside the results" in disk
        assert ("too little" in disk) == few


def test_nothing_to_do_is_said(paper: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planned, "pending", lambda stages: [])
    assert [*plan(paper)] == ["0 jobs to do"]
