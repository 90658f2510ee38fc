"""What runs again after a change, by either tool: it begins with a run that is recorded."""

import shutil
from itertools import product
from pathlib import Path

import pytest

from tests.conftest import Project
from wespe.settings.params import load

OF_ALL = {"metrics", "tables", "report"}
BRANCH_OF_DSLR = {"train phone_dslr", "evaluate dslr_scenes"} | OF_ALL
TOOLS = ("snakemake all", "dvc repro")
CHANGES = {
    "setting": ("params.yaml", "steps: 400", "steps: 500", BRANCH_OF_DSLR),
    "photo": (
        "photos/dslr/2018/0.jpg",
        "dslr",
        "another dslr",
        {"acquire dslr", "patches dslr"} | BRANCH_OF_DSLR,
    ),
    "code": ("wespe/reports/templates/report.css", "{", " {", {"tables", "report"}),
    "docstring": ("wespe/reports/tables/build.py", "what stands in each cell", "each cell", set()),
}


@pytest.mark.parametrize(
    ("kind", "tool"),
    # DVC with another setting is an experiment, below.
    [*product(CHANGES, TOOLS[:1]), *product([*CHANGES][1:], TOOLS[1:])],
)
def test_a_change_reruns_what_depends_on_it(finished: Project, kind: str, tool: str) -> None:
    file, old, new, expected = CHANGES[kind]
    finished.edit(file, old, new)
    finished.do(*tool.split())
    assert finished.ran() == expected
    assert "Nothing to be done" in finished.do("snakemake", "--dry-run", "all")


@pytest.mark.parametrize("tool", TOOLS)
def test_who_only_looks_into_a_folder_changes_nothing(finished: Project, tool: str) -> None:
    folder = finished.root / "photos" / "dslr"
    before_s = folder.stat().st_mtime
    (folder / ".DS_Store").touch()
    assert folder.stat().st_mtime > before_s
    finished.do(*tool.split())
    assert finished.ran() == set()


@pytest.mark.parametrize("tool", TOOLS)
def test_tables_and_report_follow_the_ratings(finished: Project, tool: str) -> None:
    finished.add_judges()
    finished.do(*tool.split())
    assert finished.ran() == {"rater faves", "rater quality", "rate scenes"} | OF_ALL
    finished.edit("params.yaml", "{rater: faves, pair", "{rater: quality, pair")
    finished.do(*tool.split())
    assert finished.ran() == {"rate scenes"} | OF_ALL
    rating = "scenes: {rater: quality, pair: phone_dslr, photos: scenes}"
    finished.edit("params.yaml", f"ratings: {{{rating}}}", "ratings: {}")
    before = Path("results/tiny/report.html").read_text()
    finished.do(*tool.split())
    # DVC has metrics and tables without ratings in its cache, but no page with raters alone.
    assert finished.ran() == (OF_ALL if tool == "snakemake all" else {"report"})
    assert Path("results/tiny/report.html").read_text() != before


def test_after_a_record_neither_tool_has_anything_to_do(finished: Project) -> None:
    assert "Nothing to be done" in finished.do("snakemake", "all")
    assert "up to date" in finished.do("dvc", "repro")
    assert finished.ran() == set()


def test_an_experiment_of_dvc_changes_a_setting(finished: Project) -> None:
    finished.do("dvc", "exp", "run", "--quiet", "--set-param", "recipes.short.steps=7")
    assert finished.ran() == BRANCH_OF_DSLR
    assert "Nothing to be done" in finished.do("snakemake", "--dry-run", "all")
    assert load(Path("params.yaml")).recipes["short"].steps == 7
    # As `docs/commands.md` has it: what a person compares, without the files that stages read.
    shown = finished.do(
        *("dvc", "exp", "show", "--only-changed", "--drop", ".*/|params.yaml", "--md")
    )
    columns = [column.strip() for column in shown.splitlines()[0].strip("| ").split("|")]
    assert columns == ["Experiment", "Created", "digest", "recipes.short.steps"]


def test_a_study_is_on_the_report_page(finished: Project) -> None:
    folder = finished.root / "asked" / "street 1"
    finished.edit("params.yaml", "studies: {}", "studies: {street: {path: asked/street 1}}")
    done = finished.call("snakemake", "--keep-going", "all")
    key = "asked/street 1/study.json and asked/street 1/votes.sqlite"
    assert done.returncode == 1
    assert f"study street: expected {key}, found nothing" in done.stdout
    assert "report" not in finished.ran()
    folder.mkdir(parents=True)
    (folder / "study.json").write_text("key")
    (folder / "votes.sqlite").write_text("votes")
    finished.do("dvc", "repro")
    assert finished.ran() == {"study street", "report"}
    (folder / "votes.sqlite").write_text("more votes")
    finished.do("dvc", "repro")
    assert finished.ran() == {"study street", "report"}
    (folder / "votes.sqlite").write_text("most votes")
    finished.do("snakemake", "all")
    assert finished.ran() == {"study street", "report"}
    # Votes may go once they are counted, as photos may once they are acquired.
    shutil.rmtree(folder)
    assert "Nothing to be done" in finished.do("snakemake", "all")


def test_photos_may_go_once_they_are_acquired(finished: Project) -> None:
    shutil.rmtree("photos/dslr")
    assert "Nothing to be done" in finished.do("snakemake", "--dry-run", "all")
    done = finished.call(
        "snakemake", "--dry-run", "--forcerun", "acquire", "--", "data/sources/dslr"
    )
    assert "source dslr: expected photos at photos/dslr, found nothing" in done.stdout


def test_touched_code_and_photos_plan_nothing(finished: Project) -> None:
    # Of what passes between stages times count, so these are kept; of code and photos they do not.
    for file in [*Path("wespe").rglob("*.py"), *Path("photos").rglob("*.jpg")]:
        file.touch()
    assert "Nothing to be done" in finished.do("snakemake", "--dry-run", "all")
