"""Snakemake and DVC have the stages of the settings; new code changes those that use it alone."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, Project, enter
from tests.graphs import Graph
from wespe.pipeline.code import code_of
from wespe.pipeline.dvc_stages import CODE, dvc_yaml
from wespe.pipeline.stages import Stages
from wespe.settings.params import load

METHODS = """\
recipes:
  short: {steps: 400, content: {extractor: untrained, layer: relu2}}
  long: {method: dped, steps: 900}
"""


def graph(of: str, root: Path, package: Path | None = None) -> Graph:
    """The stages of the project in `root`, by the code of `package`."""
    program = ROOT / "tests" / "graphs.py"
    environment = {**os.environ, "PYTHONPATH": str(package or root)}
    command = [sys.executable, str(program), of]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: Graph = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def judged(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two methods, raters, a rating, a study, a download and files of weights."""
    root = Path(shutil.copytree(fresh, tmp_path_factory.mktemp("judges") / "project"))
    with pytest.MonkeyPatch.context() as patch:
        project = enter(root, patch)
        for name in ("vgg", "metric"):
            (root / f"{name}.safetensors").touch()
        project.add_judges()
        project.add_study()
        for old, new in (
            ("recipes:\n  short: {steps: 400}\n  long: {steps: 900}\n", METHODS),
            ("long: {method: dped,", "long: {method: dped, content: {weights: vgg.safetensors},"),
            ('tracking: ""}', 'tracking: "", vgg_weights: metric.safetensors}'),
            (
                "{pair: phone_dslr, photos: scenes}",
                "{pair: phone_dslr, photos: scenes, metrics: [psnr_db, vgg_distance]}",
            ),
            ("{kind: folder, path: photos/flickr}", "{kind: div2k, path: data/sources.csv}"),
        ):
            project.edit("params.yaml", old, new)
    return root


@pytest.fixture(scope="module")
def stages(judged: Path) -> Graph:
    return graph("settings", judged)


def test_snakemake_has_the_stages_of_the_settings(judged: Path, stages: Graph) -> None:
    jobs = graph("snakemake", judged)
    assert jobs.keys() == stages.keys()
    assert [name for name, job in jobs.items() if job["rule"] == "acquire_online"] == [
        "acquire-flickr"
    ]
    for name, job in jobs.items():
        stage = stages[name]
        assert set(job["inputs"]) == set(stage["inputs"].values()), name
        for key in ("outputs", "settings", "code"):
            assert job[key] == stage[key], name


def stated(file: Path, key: str) -> bool:
    """Whether a settings file states a key, such as `run.seed`."""
    place = yaml.safe_load(file.read_text("utf-8"))
    for name in key.split("."):
        if not isinstance(place, dict) or name not in place:
            return False
        place = place[name]
    return True


def test_dvc_has_the_stages_of_the_settings(judged: Path, stages: Graph) -> None:
    found, settings = graph("dvc", judged), judged / "params.yaml"
    assert found.pop("check")["outputs"] == [str(CODE)]
    assert found.keys() == stages.keys()
    for name, stage in stages.items():
        ours = {*stage["inputs"].values(), str(CODE / f"{name}.json")}
        assert set(found[name]["inputs"]) == ours, name
        assert set(found[name]["outputs"]) == set(stage["outputs"].values())
        assert found[name]["settings"] == [
            key for key in stage["settings"] if stated(settings, key)
        ]
        assert f"--allowed-rules {stage['rule']}" in found[name]["command"]
        assert found[name]["command"].split()[-1] in found[name]["outputs"]
    assert [name for name, stage in found.items() if stage["metrics"]] == ["metrics"]
    assert "vgg.safetensors" in found["train-phone_flickr"]["inputs"]
    readers = [name for name, stage in found.items() if "metric.safetensors" in stage["inputs"]]
    assert readers == ["evaluate-dslr_scenes"]


@pytest.mark.parametrize("name", ["own_camera", "paper", "super_resolution", "cornia_refit"])
def test_dvc_records_settings_that_leave_keys_out(name: str) -> None:
    """It refuses to commit a stage that has a key which is not there."""
    file = ROOT / "configs" / f"{name}.yaml"
    described = yaml.safe_load(dvc_yaml(load(file)))["stages"]
    keys = {key for stage in described.values() for key in stage.get("params", ())}
    assert "studies" not in keys
    assert "sources" in keys
    assert [key for key in sorted(keys) if not stated(file, key)] == []


def test_the_shipped_dvc_yaml_is_that_of_the_shipped_settings() -> None:
    params = load(ROOT / "params.yaml")
    assert (ROOT / "dvc.yaml").read_text("utf-8") == dvc_yaml(params), "run `wespe dvc`"


def test_a_given_network_is_imported_by_no_code_of_training() -> None:
    stages = Stages(load(ROOT / "configs" / "tables_sample.yaml"))
    given, trained = (stages("train", name) for name in ("dped_published", "dped"))
    assert [Path(path).name for path in given.inputs.values()] == [
        "iphone_orig.index",
        "iphone_orig.data-00000-of-00001",
    ]
    assert given.settings == ("pairs.dped_published",)
    assert given.outputs.keys() == trained.outputs.keys()
    importing = "wespe.training.importing"
    assert importing in code_of(*given.code)
    assert importing not in code_of(*trained.code)
    training = {
        "wespe.training.run",
        "wespe.training.methods.step",
        "wespe.networks.fitting.engine",
    }
    assert training <= code_of(*trained.code).keys()
    assert not training & code_of(*given.code).keys()
    # Of an evaluation's code the network's architecture is a part.
    assert "wespe.networks.generator" in code_of(*stages("evaluate", "pairs_published").code)


def test_every_file_that_is_no_module_belongs_to_a_stage_or_a_page() -> None:
    package = ROOT / "wespe"
    files = {
        str(path.relative_to(package))
        for path in package.rglob("*.*")
        if path.suffix not in {".py", ".pyc"}
        and not path.is_relative_to(package / "apps")
        # Networks that come with it: no stage takes them.
        and not path.is_relative_to(package / "networks" / "shipped")
        and path.name != "py.typed"
    }
    named = {entry for stage in Stages(load(ROOT / "params.yaml")) for entry in stage.code}
    assert {file for file in files if not {file, str(Path(file).parent)} & named} == set()


def test_a_stale_dvc_yaml_is_refused_with_the_one_command(finished: Project) -> None:
    path = finished.root / "params.yaml"
    text = path.read_text().replace(
        "pairs:\n", "pairs:\n  again: {source: phone, target: dslr, recipe: long}\n"
    )
    path.write_text(text)
    done = finished.call("dvc", "repro")
    assert done.returncode != 0
    assert "train-again" in done.stdout
    assert "`wespe dvc` writes it anew" in done.stdout
    assert finished.ran() == set()


def append(file: str, text: str) -> Callable[[Path], None]:
    def change(package: Path) -> None:
        with (package / file).open("a") as stream:
            stream.write(text)

    return change


def replace(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(package: Path) -> None:
        text = (package / file).read_text()
        assert old in text
        (package / file).write_text(text.replace(old, new, 1))

    return change


def add_method(package: Path) -> None:
    methods = package / "training" / "methods"
    shutil.copytree(methods / "srcnn", methods / "mine")
    replace("training/methods/mine/settings.py", '["srcnn"]', '["mine"]')(package)
    mine = "\nfrom wespe.training.methods.mine import settings as mine\n"
    append("training/methods/registry.py", mine + 'RECIPES["mine"] = mine.SrcnnRecipe\n')(package)
    shutil.copy(package / "networks" / "srcnn.py", package / "networks" / "mine.py")
    network = '\nARCHITECTURES["mine"] = "wespe.networks.mine:Srcnn"\n'
    append("networks/registry.py", network)(package)


def add_metric(package: Path) -> None:
    shutil.copy(*(package / "judging" / "metrics" / f"{name}.py" for name in ("entropy", "mine")))
    entry = '\nMETRICS["mine"] = METRICS["entropy_bit"]\n'
    append("judging/metrics/registry.py", entry)(package)


def add_baseline(package: Path) -> None:
    append("judging/baselines.py", "\n\ndef mine(photo):\n    return photo\n")(package)
    entry = '\nBASELINES["mine"] = Baseline("wespe.judging.baselines:mine")\n'
    append("judging/registry.py", entry)(package)


def add_extractor(package: Path) -> None:
    shutil.copy(package / "networks" / "perceptual.py", package / "networks" / "mine.py")
    entry = '\nEXTRACTORS["mine"] = "wespe.networks.mine:untrained"\n'
    append("networks/registry.py", entry)(package)
    replace("training/methods/settings.py", '"untrained"] = ', '"untrained", "mine"] = ')(package)


def add_source(package: Path) -> None:
    source = package / "data" / "mine.py"
    source.write_text((package / "data" / "kitti.py").read_text().replace('"kitti"', '"mine"'))
    entry = 'SOURCES["mine"] = Source(mine.KittiSettings, mine.acquire)\n'
    append("data/registry.py", f"\nfrom wespe.data import mine\n\n{entry}")(package)


def both(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    def change(package: Path) -> None:
        for one in changes:
            one(package)

    return change


NOTHING = both(
    *(add_method, add_metric, add_source, add_baseline, add_extractor),
    append("networks/generator.py", '\n\ndef new():\n    """New."""\n'),
    append("judging/raters/ffs/network.py", "\n\nimport json\n"),
    append("data/div2k.py", "\n# Why.\n"),
    replace("judging/raters/rate.py", '"""', '"""Read. '),
    replace("judging/metrics/ssim.py", "def ssim(", "SIDE = 3\n\n\ndef ssim("),
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (NOTHING, set()),
        # WESPE has this loss, DPED has not; what follows a training follows its step.
        (
            replace("training/losses.py", "F.mse_loss(blurred", "2 * F.mse_loss(blurred"),
            {"train-phone_dslr", "evaluate-dslr_scenes", "rate-scenes"},
        ),
        (
            append("judging/raters/ffs/rater.py", "\nprint(FfsRater)\n"),
            {"rater-faves", "rate-scenes"},
        ),
        (
            both(
                replace("judging/metrics/registry.py", '"PSNR"', '"Peak"'),
                append("data/div2k.py", "\nprint()\n"),
            ),
            {
                *("evaluate-dslr_scenes", "evaluate-flickr_scenes"),
                *("metrics", "tables", "report", "acquire-flickr"),
            },
        ),
        (append("reports/templates/report.css", "\n"), {"tables", "report"}),
        # The command says that evaluations are in fp32.
        (
            replace("cli/evaluation.py", "resolve(params.run.compute).torch_device", "None"),
            {"evaluate-dslr_scenes", "evaluate-flickr_scenes"},
        ),
        (
            replace("judging/baselines.py", "clipLimit=2.0", "clipLimit=3.0"),
            {"evaluate-dslr_scenes", "evaluate-flickr_scenes", "rate-scenes"},
        ),
        (
            both(
                replace("networks/perceptual.py", "names = vgg19_layers()", "names = {}"),
                replace("networks/perceptual.py", 'names = {f"block', 'names = {f"layer'),
            ),
            # Evaluations can measure its distance.
            {"train-phone_flickr", "evaluate-dslr_scenes", "evaluate-flickr_scenes"},
        ),
    ],
    ids=[
        *("nothing", "a loss", "a rater", "a label and a source", "a page"),
        *("a command", "a baseline", "an extractor"),
    ],
)
def test_code_changes_the_stages_that_use_it(
    judged: Path,
    stages: Graph,
    tmp_path: Path,
    change: Callable[[Path], None],
    expected: set[str],
) -> None:
    ignore = shutil.ignore_patterns("__pycache__")
    change(Path(shutil.copytree(judged / "wespe", tmp_path / "wespe", ignore=ignore)))
    after = graph("settings", judged, package=tmp_path)
    assert {name for name in stages if after[name]["code"] != stages[name]["code"]} == expected
