"""The real chain, with real networks, on a small demo: killed in the middle, then finished."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Project, enter
from wespe.judging.registry import BASELINES
from wespe.photos.images import read_photo
from wespe.pipeline import tracking

pytestmark = pytest.mark.slow

SETTINGS = """\
run: {name: chain, results: results/chain, data: data/chain, compute: cpu-fp32}
sources:
  phone: {kind: demo, path: data/demo.csv, role: phone}
  dslr: {kind: demo, path: data/demo.csv, role: dslr}
  scenes: {kind: demo, path: data/demo.csv, role: test}
domains: [phone, dslr]
patches: {size_px: 32, count: 40}
recipes:
  tiny:
    steps: 40
    batch_size: 2
    generator: {width: 8, blocks: 1, norm: none, start: identity}
    content: {extractor: untrained, layer: relu2}
    log_every: 5
    sample_every: 20
    save_every: 5
pairs:
  phone_dslr: {source: phone, target: dslr, recipe: tiny}
evaluations:
  scenes: {pair: phone_dslr, photos: scenes, pictures: 1}
"""
CALL = ("snakemake", "--cores", "2", "--configfile", "configs/chain.yaml")
EXIF_MODEL = 272


@dataclass(frozen=True)
class Chain:
    """A project whose pipeline was killed while it trained, and called again until it was done."""

    project: Project
    killed: str
    """What the call after the kill said."""
    done: str
    """What the call that finished said."""

    @property
    def results(self) -> Path:
        return self.project.root / "results" / "chain"

    @property
    def pair(self) -> Path:
        return self.results / "pairs" / "phone_dslr"


@pytest.fixture(scope="module")
def chain(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    root = tmp_path_factory.mktemp("chain") / "project"
    subprocess.run(["git", "clone", "--quiet", fresh, root], check=True)
    (root / "configs" / "chain.yaml").write_text(SETTINGS)
    with pytest.MonkeyPatch.context() as patch:
        project = enter(root, patch)
        # Before the stand-in: the command that is installed.
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        kill_in_training(project)
        killed = project.call(*CALL)
        assert killed.returncode == 1
        project.do(*CALL, "--unlock")
        yield Chain(project, killed.stdout, project.do(*CALL))


def kill_in_training(project: Project) -> None:
    """Start the pipeline and kill it with all its processes once a state was saved in training.

    One of step 0 is there before it; the second record is written after the first save.
    """
    with (project.root / "killed.log").open("w") as log:
        process = subprocess.Popen(
            CALL, cwd=project.root, stdout=log, stderr=log, start_new_session=True
        )
        while process.poll() is None and len(records(project.root)) < 2:
            time.sleep(0.02)
        assert process.poll() is None, Path(log.name).read_text()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def records(root: Path) -> list[str]:
    files = root.glob(".wespe/training/*/losses.jsonl")
    return [line for path in files for line in path.read_text().splitlines()]


def test_after_a_kill_snakemake_says_what_to_do(chain: Chain) -> None:
    assert "--unlock" in chain.killed
    assert "Traceback" not in chain.killed


def test_the_killed_training_went_on_where_it_was(chain: Chain) -> None:
    assert "phone_dslr: resumes at step" in chain.done
    assert json.loads((chain.pair / "generator.json").read_text())["steps"] == 40
    # What was done before the kill was not done again.
    assert "Training phone_dslr" in chain.done
    for domain in ("phone", "dslr"):
        assert f"Patches of {domain}\n" not in chain.done


def test_the_results_are_complete_and_nothing_else_is_left(chain: Chain) -> None:
    made = {str(path.relative_to(chain.results)) for path in chain.results.rglob("*.*")}
    logs = {path for path in made if path.startswith("logs/")}
    assert logs == {
        *(f"logs/acquire/{name}.log" for name in SOURCES),
        *(f"logs/patches/{name}.log" for name in ("phone", "dslr")),
        "logs/train/phone_dslr.log",
        "logs/evaluate/scenes.log",
        "logs/metrics.log",
        "logs/tables.log",
        "logs/report.log",
    }
    pictures = {f"{path.name}" for path in chain.results.glob("evaluations/scenes/pictures/*.jpg")}
    methods = {"original", "enhanced", "target", *BASELINES}
    assert {picture.split(".")[1] for picture in pictures} == methods
    assert {path for path in made - logs if not path.endswith(".jpg")} - timestamps(made) == {
        "report.html",
        "metrics.json",
        *(f"pairs/phone_dslr/generator.{suffix}" for suffix in ("safetensors", "json")),
        "pairs/phone_dslr/losses.jsonl",
        *(f"evaluations/scenes/{file}" for file in ("images.csv", "summary.json")),
    }
    samples = chain.pair / "samples"
    assert [path.name for path in sorted(samples.glob("*.jpg"))] == ["000020.jpg", "000040.jpg"]
    assert not any((chain.project.root / ".wespe" / "training").iterdir())


SOURCES = ("phone", "dslr", "scenes")


def timestamps(paths: set[str]) -> set[str]:
    return {path for path in paths if path.endswith(".snakemake_timestamp")}


def test_the_page_says_that_the_camera_is_simulated(chain: Chain) -> None:
    page = (chain.results / "report.html").read_text("utf-8")
    assert "simulated phone camera" in page
    for file in ("original", "enhanced"):
        assert file in page


def test_a_second_call_has_nothing_to_do(chain: Chain) -> None:
    assert "Nothing to be done" in chain.project.do(*CALL)


def test_mlflow_has_one_run_with_settings_curves_metrics_pictures_and_network(
    chain: Chain,
) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri="sqlite:///mlflow.db")
    experiment = client.get_experiment_by_name("chain")
    assert experiment
    runs = client.search_runs([experiment.experiment_id])
    [run] = [run for run in runs if tracking.PAIR in run.data.tags]
    [whole] = [run for run in runs if tracking.PIPELINE in run.data.tags]
    assert (run.info.status, whole.info.status) == ("FINISHED", "FINISHED")
    assert run.data.tags[tracking.PARENT] == whole.info.run_id
    assert "report.html" in {file.path for file in client.list_artifacts(whole.info.run_id)}
    assert run.data.params["recipe"] == "tiny"
    assert run.data.params["generator.width"] == "8"
    curve = client.get_metric_history(run.info.run_id, "total")
    assert [point.step for point in curve] == [*range(5, 41, 5)]
    assert "step" not in run.data.metrics
    summary = json.loads((chain.results / "evaluations/scenes/summary.json").read_text())
    psnr_db = summary["methods"]["enhanced"]["psnr_db"]["mean"]
    for name in ("scenes.enhanced.psnr_db", "enhanced.psnr_db"):
        assert run.data.metrics[name] == pytest.approx(psnr_db)
    kept = {
        file.path
        for folder in ("network", "samples", "scenes", "scenes/pictures")
        for file in client.list_artifacts(run.info.run_id, folder)
    }
    assert {"network/generator.safetensors", "network/generator.json", "samples/000040.jpg"} <= kept
    assert {"scenes/images.csv", "scenes/summary.json"} <= kept
    assert any(path.startswith("scenes/pictures/") for path in kept)


def test_what_there_is_can_be_shown_before_all_is_there(chain: Chain, tmp_path: Path) -> None:
    assert SETTINGS.endswith("pictures: 1}\n")  # the last of the evaluations
    more = """\
  phones: {pair: phone_dslr, photos: phone}
tables:
  all: {evaluations: {scenes: {}, phones: {}}}
  later: {evaluations: {phones: {}}}
"""
    settings = tmp_path / "more.yaml"
    settings.write_text(SETTINGS + more)
    page, folder = tmp_path / "report.html", tmp_path / "tables"
    make_tables = ("wespe", "tables", "--params", str(settings), "--out", str(folder))
    make_page = ("wespe", "report", "--params", str(settings), "--out", str(page))
    assert "evaluations/phones" in chain.project.call(*make_tables).stdout
    assert not folder.exists()

    said = chain.project.do(*make_tables, "--partial")
    assert "still missing: evaluations.phones, tables.later" in said
    assert {path.stem for path in folder.iterdir()} == {"all"}
    said = chain.project.do(*make_page, "--partial")
    assert "still missing: evaluations.phones, tables.later, tables.all" in said
    assert "Without results: evaluations.phones, tables.later, tables.all." in page.read_text()


def test_the_network_enhances_a_photo_and_keeps_its_exif(chain: Chain, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[EXIF_MODEL] = "Pocket camera"
    pixels = np.random.default_rng(0).integers(256, size=(70, 90, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(photo, exif=exif)
    model = chain.pair / "generator.safetensors"
    messages = chain.project.do("wespe", "enhance", str(photo), "--model", str(model))
    assert messages.splitlines()[-1].startswith("1 enhanced, 0 already done, 0 failed; ")
    enhanced = tmp_path / "photo_enhanced.jpg"
    assert read_photo(enhanced).pixels.shape == (70, 90, 3)
    with Image.open(enhanced) as image:
        assert image.getexif()[EXIF_MODEL] == "Pocket camera"
