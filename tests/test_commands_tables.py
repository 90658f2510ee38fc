"""The commands of tables and of the report, each in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.results import write_evaluation, write_pair

SETTINGS = """\
run: {name: tiny, tracking: ""}
sources: {photos: {kind: folder, path: photos}}
domains: [photos]
recipes: {tiny: {steps: 1}}
pairs: {phone_dslr: {source: photos, target: photos, recipe: tiny}}
evaluations: {scenes: {pair: phone_dslr, photos: photos}}
tables: {t: {evaluations: {scenes: {}}}}
studies: {asked: {path: studies/asked}}
"""
CODE = """
import sys
from wespe.cli import main
try:
    main(sys.argv[1:])
finally:
    found = [name for name in ("torch", "torchvision", "scipy.stats") if name in sys.modules]
    print("imported:", *found)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text(SETTINGS, "utf-8")
    write_pair(tmp_path / "results" / "pairs" / "phone_dslr")
    write_evaluation(tmp_path / "results" / "evaluations" / "scenes")
    return tmp_path


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CODE, *arguments], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_tables_and_report_import_no_torch(project: Path) -> None:
    told = run(project, "tables", "--out", "results/tables")
    assert told == "t: 4 rows, 5 columns\nimported: scipy.stats\n"
    told = run(project, "report", "--partial", "--out", "results/report.html")
    assert told == "report: results/report.html\nstill missing: studies.asked\nimported:\n"
    page = (project / "results" / "report.html").read_text("utf-8")
    assert "WESPE [photos]" in page
    assert (project / "results" / "tables" / "t.json").is_file()
