"""Snakemake's and DVC's graphs are one graph, and it lists the code that the stages run."""

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT, Project, enter
from tests.graphs import Stage

Graph = Mapping[str, Stage]


def with_judges(project: Project) -> None:
    """Give the project raters, a rating and a study."""
    project.add_judges()
    project.edit("params.yaml", "studies: {}\n", "studies: {street: {path: studies/street}}\n")
    for file in ("study.json", "votes.sqlite"):
        path = project.root / "studies" / "street" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def graph(tool: str, project: Project) -> Graph:
    program = ROOT / "tests" / "graphs.py"
    done = subprocess.run(
        [sys.executable, program, tool], cwd=project.root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found: Graph = json.loads(done.stdout.splitlines()[-1])
    return found


def differences(snakemake: Graph, dvc: Graph) -> list[str]:
    """What one graph has and the other lacks, a line each."""
    lines = [f"{stage}: only in Snakemake" for stage in sorted(snakemake.keys() - dvc.keys())]
    lines += [f"{stage}: only in DVC" for stage in sorted(dvc.keys() - snakemake.keys())]
    for stage in sorted(snakemake.keys() & dvc.keys()):
        ours, theirs = snakemake[stage], dvc[stage]
        for kind in ("output", "input", "code", "setting"):
            here, there = set(ours[kind]), set(theirs[kind])
            lines += [f"{stage}: {kind} {item} only in Snakemake" for item in sorted(here - there)]
            lines += [f"{stage}: {kind} {item} only in DVC" for item in sorted(there - here)]
        if ours["rule"][0] not in theirs["runs"]:
            lines.append(f"{stage}: DVC runs the rule {' or '.join(theirs['runs'])}")
        if not set(theirs["asks for"]) <= set(ours["output"]):
            lines.append(f"{stage}: DVC asks for {theirs['asks for'][0]}")
    return lines


@pytest.mark.parametrize("settings", ["shipped", "two pairs", "downloads", "judges"])
def test_both_tools_have_the_same_graph(project: Project, settings: str) -> None:
    if settings == "shipped":
        (project.root / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    if settings == "downloads":
        flickr = "flickr: {kind: folder, path: photos/flickr}"
        project.edit("params.yaml", flickr, "flickr: {kind: div2k, path: data/sources.csv}")
    if settings == "judges":
        with_judges(project)
    snakemake = graph("snakemake", project)
    stages = {"shipped": 14, "two pairs": 15, "downloads": 15, "judges": 19}
    assert len(snakemake) == stages[settings]
    online = [name for name, stage in snakemake.items() if stage["rule"] == ["acquire_online"]]
    assert online == (["acquire@flickr"] if settings == "downloads" else [])
    assert differences(snakemake, graph("dvc", project)) == []


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        (
            "        - ${run.data}/patches/${item.target}.npy\n",
            "",
            "train@phone_dslr: input data/patches/dslr.npy only in Snakemake",
        ),
        (
            "        - ${run.results}/pairs/${item.pair}/generator.json\n",
            "",
            "evaluate@dslr_scenes: input results/tiny/pairs/phone_dslr/generator.json"
            " only in Snakemake",
        ),
        (
            "      - ${run.results}/pairs\n",
            "",
            "report: input results/tiny/pairs/phone_dslr/losses.jsonl only in Snakemake",
        ),
        (
            "      - ${run.results}/ratings\n",
            "",
            "tables: input results/tiny/ratings/scenes/scores.csv only in Snakemake",
        ),
        (
            "        - recipes.${item.recipe}\n",
            "        - recipes\n",
            "train@phone_dslr: setting recipes.short only in Snakemake",
        ),
        (
            "        - wespe/training\n",
            "",
            "train@phone_dslr: code wespe/training/losses.py only in Snakemake",
        ),
        (
            "      outs:\n        - ${run.data}/patches/${item}.npy\n",
            "      outs:\n        - ${run.data}/patches/${item}.npy\n        - more-${item}\n",
            "patches@phone: output more-phone only in DVC",
        ),
        ("  train:\n", "  training:\n", "train@phone_dslr: only in Snakemake"),
        (
            "--allowed-rules patches",
            "--allowed-rules train",
            "patches@phone: DVC runs the rule train",
        ),
    ],
)
def test_a_drift_is_named(
    project: Project, snakemake_graph: Graph, old: str, new: str, difference: str
) -> None:
    with_judges(project)
    project.edit("dvc.yaml", old, new)
    assert difference in differences(snakemake_graph, graph("dvc", project))


@pytest.fixture(scope="module")
def snakemake_graph(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Graph:
    root = Path(shutil.copytree(fresh, tmp_path_factory.mktemp("judges") / "project"))
    with pytest.MonkeyPatch.context() as patch:
        project = enter(root, patch)
        with_judges(project)
        return graph("snakemake", project)


# Settings and how files are written decide when work is done and where, not what comes out;
# the index is a contract between stages.
_OF_SETTINGS = ("settings", "registry")
PLUMBING = {
    "wespe/__init__.py",
    "wespe/settings/params.py",
    "wespe/core/files.py",
    "wespe/core/parallel.py",
    "wespe/core/progress.py",
    "wespe/core/schema.py",
    "wespe/core/yaml_file.py",
    "wespe/results/index.py",
    *(str(p.relative_to(ROOT)) for p in ROOT.glob("wespe/**/*.py") if p.stem in _OF_SETTINGS),
    *(str(p.relative_to(ROOT)) for p in ROOT.glob("wespe/**/__init__.py")),
}


@pytest.mark.parametrize(
    ("stage", "modules"),
    [
        ("acquire", ["data"]),
        ("patches", ["data/patches"]),
        ("train", ["training"]),
        ("evaluate", ["judging/evaluation.py"]),
        ("rater@", ["judging/raters/run", "judging/raters/ffs"]),
        ("rate@", ["judging/raters", "judging/baselines.py"]),
        ("study@", ["apps/study"]),
        ("tables", ["reports"]),
        ("report", ["reports"]),
    ],
)
def test_a_stage_depends_on_the_code_that_it_imports(
    snakemake_graph: Graph, stage: str, modules: list[str]
) -> None:
    listed = next(job["code"] for name, job in snakemake_graph.items() if name.startswith(stage))
    roots = [path for path in listed if path.startswith(tuple(f"wespe/{m}" for m in modules))]
    assert roots
    missing = imported(roots) - set(listed)
    assert not missing, f"{stage} imports {', '.join(sorted(missing))}"


def imported(files: list[str]) -> set[str]:
    """The files of the package that `files` import, directly or not, except for the plumbing."""
    found: set[str] = set()
    waiting = [file for file in files if file.endswith(".py")]
    while waiting:
        file = waiting.pop()
        found.add(file)
        waiting += set(imports(file)) - found - PLUMBING
    return found


def imports(file: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            path = name.replace(".", "/")
            yield from (
                candidate
                for candidate in (f"{path}.py", f"{path}/__init__.py")
                if path.split("/")[0] == "wespe" and (ROOT / candidate).is_file()
            )
