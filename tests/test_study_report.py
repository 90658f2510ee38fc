"""From votes to tables: who is flagged, what is left out, and what the files say."""

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.subjects import make_study
from wespe import cli
from wespe.apps.study.folder import DEGRADED, Kind, Study, read_study
from wespe.apps.study.paper import PAPER, paper_fraction
from wespe.apps.study.report import as_markdown, export_votes, write_results
from wespe.apps.study.votes import Votes, open_votes
from wespe.networks.checkpoints import save_generator
from wespe.networks.generator import Generator
from wespe.photos.images import read_photo, write_photo
from wespe.reports.page.write import write_report
from wespe.results.layout import StudyFiles
from wespe.results.studies import Flagged, PaperFraction, PreferenceOfAll, StudyFigures


def answer(
    votes: Votes, study: Study, wants: str, *, trials: int | None = None, simulated: bool = True
) -> str:
    """A subject who always prefers one method, else the enhanced photo; returns the code."""
    code = votes.enrol(simulated=simulated)
    for position in range(trials or len(study.items)):
        votes.vote(code, position, 0, seconds=1.25)
        shown = votes.votes()[-1].shown
        wanted = wants if wants in shown else "enhanced"
        # The store keeps the first vote; what this subject wants is known only from the key.
        votes.connection.execute(
            "UPDATE votes SET choice = ? WHERE subject = (SELECT max(number) FROM subjects)"
            " AND position = ?",
            (shown.index(wanted), position),
        )
    return code


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return make_study(tmp_path)


@pytest.fixture
def folder(tmp_path: Path, study: Study) -> Path:
    """Seven subjects prefer the original to all else, one prefers spoiled copies, one stopped."""
    folder = tmp_path / "greys"
    votes = Votes(folder / "votes.sqlite", study)
    for _ in range(7):
        answer(votes, study, "original")
    answer(votes, study, DEGRADED)
    answer(votes, study, "original", trials=1)
    votes.close()
    return folder


def results(folder: Path, study: Study, out: Path) -> StudyFigures:
    votes = open_votes(folder, study)
    found = write_results(StudyFiles(out, "greys"), study, votes)
    votes.close()
    return found


def test_figures_by_hand(folder: Path, study: Study, tmp_path: Path) -> None:
    found = results(folder, study, tmp_path / "out")
    who = found.subjects
    assert (who.began, who.voted, who.finished) == (9, 9, 8)
    assert who.flagged == (Flagged(subject=8, catches=1, failed=1),)
    original, autocontrast = found.preferences
    # Seven subjects, four photos; who is flagged would have preferred the enhanced ones.
    assert (original.against, original.votes, original.preferred) == ("original", 28, 0)
    assert original.with_flagged == PreferenceOfAll(votes=32, fraction=4 / 32)
    assert original.bootstrap == (0, 0)
    assert original.paper == PaperFraction(fraction=0.70, plus_minus=0.10)
    assert (autocontrast.votes, autocontrast.fraction) == (28, 1)
    assert autocontrast.paper is None
    order = [row.method for row in found.strengths]
    assert order == ["original", "enhanced", "autocontrast"]
    assert found.agreement.krippendorff_alpha == 1
    assert found.agreement.same_answer == 1


def test_the_files_say_so_too(folder: Path, study: Study, tmp_path: Path) -> None:
    found = results(folder, study, tmp_path / "out")
    kept = json.loads((tmp_path / "out" / "greys.json").read_text())
    assert kept["preferences"][0]["fraction"] == found.preferences[0].fraction
    page = (tmp_path / "out" / "greys.md").read_text()
    assert "Simulated subjects: nobody was asked." in page
    assert "catch trials: 8." in page
    assert "| iphone_6 | original | 28 | 7 | 0.00 |" in page
    assert "| original | 0.94 ± 0.03 | 0.81 ± 0.10 |" in page
    with (tmp_path / "out" / "greys.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["fraction"] for row in rows] == ["0.0", "1.0"]
    assert rows[0]["paper_fraction"] == "0.7"


def test_the_export_has_every_vote_and_no_code(folder: Path, study: Study, tmp_path: Path) -> None:
    votes = open_votes(folder, study)
    count = export_votes(tmp_path / "votes.csv", study, votes)
    codes = [code for (code,) in votes.connection.execute("SELECT code FROM subjects")]
    votes.close()
    text = (tmp_path / "votes.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    assert count == len(rows) == 8 * len(study.items) + 1
    assert not [code for code in codes if code in text]
    for row in rows:
        assert row["chosen"] in (row["left"], row["right"])
        assert row["flagged"] == str(int(row["subject"] == "8"))
        assert (row["simulated"], row["seconds"], row["rating"]) == ("1", "1.25", "")
    assert {row["part"] for row in rows} == {"practice", "main", "catch"}


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    formula = '=HYPERLINK("http://elsewhere.test")'
    study = make_study(tmp_path)
    items = tuple(replace(item, photo=formula) for item in study.items)
    study = replace(study, items=items)
    votes = Votes(tmp_path / "greys" / "votes.sqlite", study)
    answer(votes, study, "original", trials=1)
    export_votes(tmp_path / "votes.csv", study, votes)
    votes.close()
    with (tmp_path / "votes.csv").open(newline="") as stream:
        [row] = csv.DictReader(stream)
    assert (row["photo"], row["subject"]) == (f"'{formula}", "1")


def test_people_and_simulated_subjects_are_never_mixed(study: Study, tmp_path: Path) -> None:
    votes = Votes(tmp_path / "greys" / "votes.sqlite", study)
    answer(votes, study, "original", simulated=False)
    assert not write_results(StudyFiles(tmp_path / "out", "greys"), study, votes).simulated_subjects
    assert "Simulated" not in (tmp_path / "out" / "greys.md").read_text()
    answer(votes, study, "original")
    with pytest.raises(ValueError, match="people or of simulated subjects, got both"):
        write_results(StudyFiles(tmp_path / "out", "greys"), study, votes)
    votes.close()


def test_without_votes_there_is_nothing_to_say(study: Study, tmp_path: Path) -> None:
    votes = Votes(tmp_path / "greys" / "votes.sqlite", study)
    votes.enrol(simulated=False)
    with pytest.raises(ValueError, match=r"passed the catch trials, got none \(1 subjects began"):
        write_results(StudyFiles(tmp_path / "out", "greys"), study, votes)
    votes.close()


def test_mean_opinion_scores_by_hand(tmp_path: Path) -> None:
    study = make_study(tmp_path, "ratings")
    votes = Votes(tmp_path / "greys" / "votes.sqlite", study)
    scores = {"enhanced": 4, "original": 2, "autocontrast": 3, DEGRADED: 1}
    # Seven who rate so, and an eighth who rates everything 5, spoiled copies too.
    for extra in [*range(7), None]:
        code = votes.enrol(simulated=True)
        for position in range(len(study.items)):
            votes.vote(code, position, 5, seconds=1)
            if extra is not None:
                votes.connection.execute(
                    "UPDATE votes SET choice = ? WHERE position = ? AND subject = ?",
                    (scores[votes.votes()[-1].chosen], position, extra + 1),
                )
    found = write_results(StudyFiles(tmp_path / "out", "greys"), study, votes)
    export_votes(tmp_path / "votes.csv", study, votes)
    votes.close()
    assert [one.subject for one in found.subjects.flagged] == [8]
    means = {row.method: (row.mean, row.std, row.votes) for row in found.ratings}
    assert means == {name: (scores[name], 0, 28) for name in scores if name != DEGRADED}
    assert [row.method for row in found.ratings] == ["enhanced", "original", "autocontrast"]
    assert found.ratings[0].interval == (4, 4)
    assert found.ratings[0].with_flagged.mean == pytest.approx((28 * 4 + 4 * 5) / 32)
    assert found.agreement.krippendorff_alpha == 1
    assert "| iphone_6 | enhanced | 28 | 7 | 4.00 |" in (tmp_path / "out" / "greys.md").read_text()
    assert "table 5" not in as_markdown(found)
    assert ",autocontrast,3,1.00," in (tmp_path / "votes.csv").read_text()


@pytest.mark.parametrize("kind", ["pairs", "ratings"])
def test_the_report_page_shows_a_study(tmp_path: Path, kind: Kind) -> None:
    study = make_study(tmp_path, kind)
    votes = Votes(tmp_path / "greys" / "votes.sqlite", study)
    for _ in range(6):
        code = votes.enrol(simulated=True)
        for position in range(len(study.items)):
            votes.vote(code, position, 1, seconds=1)
    # Whoever always says "right" fails catch trials; here that is nobody's business.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wespe.apps.study.results.failed", lambda vote: False)
        write_results(StudyFiles(tmp_path / "out", "greys"), study, votes)
    votes.close()
    page = tmp_path / "report.html"
    figures = tmp_path / "out" / "greys.json"
    nothing: dict[str, Any] = {"pairs": {}, "evaluations": {}, "settings_text": ""}
    write_report(page, run_name="run", **nothing, studies=[figures])
    text = page.read_text("utf-8")
    assert "Simulated subjects: nobody was asked." in text
    assert ('<td class="value">0.70 ± 0.10</td>' in text) == (kind == "pairs")
    assert ('<td class="value mean">1.00</td>' in text) == (kind == "ratings")
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ValueError, match=r"other\.json: expected the figures of a study"):
        write_report(page, run_name="run", **nothing, studies=[tmp_path / "other.json"])


def test_the_papers_table_5() -> None:
    original, ape = PAPER.table_5
    assert (original.against, ape.against) == ("original", "APE")
    assert original.fractions.keys() == ape.fractions.keys()
    assert paper_fraction("htc_m9", "original") == PaperFraction(fraction=0.73, plus_minus=0.08)
    # What this project calls autocontrast is not Apple's enhancement.
    assert paper_fraction("KITTI", "autocontrast") is None
    assert paper_fraction(None, "original") is None


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(["study", *arguments])
    return int(end.value.code or 0)


def test_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = make_study(tmp_path)
    monkeypatch.chdir(tmp_path)
    built = "build mine --set iphone_6=evaluation --photos 4 --practice 1 --catches 1"
    assert run(*built.split()) == 0
    assert "trials: 1 practice, 8 main, 1 catch" in capsys.readouterr().out
    votes = Votes(tmp_path / "greys" / "votes.sqlite", study)
    code = answer(votes, study, "original")
    votes.close()
    assert run("report", "greys") == 0
    assert "| iphone_6 | original | 4 | 1 | 0.00 |" in capsys.readouterr().out
    assert (tmp_path / "results" / "studies" / "greys.json").exists()
    assert run("export", "greys", "--out", "votes.csv") == 0
    assert run("withdraw", "greys", code) == 0
    assert "10 votes deleted" in capsys.readouterr().out
    assert run("report", "mine") == 1
    assert "`wespe study serve` collects them" in capsys.readouterr().err
    assert run("build", "other", "--set", "evaluation") == 1
    assert "expected NAME=FOLDER" in capsys.readouterr().err
    Path("empty").mkdir()
    assert run("build", "other", "--set", "a=empty") == 1
    assert "or --model to enhance it" in capsys.readouterr().err


def test_the_study_of_the_settings_is_on_the_report_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study = make_study(tmp_path)
    votes = Votes(tmp_path / "greys" / "votes.sqlite", study)
    answer(votes, study, "original")
    votes.close()
    monkeypatch.chdir(tmp_path)
    settings = {
        "run": {"results": "results", "tracking": ""},
        **{key: {} for key in ("sources", "recipes", "pairs", "evaluations")},
        "studies": {"street": {"path": "greys"}},
    }
    Path("params.yaml").write_text(json.dumps(settings))
    with pytest.raises(SystemExit):
        cli.main(["report", "--out", "report.html"])
    missing = "results/studies/street.json: expected the figures of a study"
    assert missing in capsys.readouterr().err
    assert run("report", "greys", "--name", "street", "--out", "results/studies") == 0
    with pytest.raises(SystemExit):
        cli.main(["report", "--out", "report.html"])
    text = Path("report.html").read_text("utf-8")
    assert "Simulated subjects: nobody was asked." in text
    assert '<section id="study-1">' in text


@pytest.mark.parametrize(
    ("missing", "command", "brings"),
    [("choix", "report", "'wespe[train]'"), ("fastapi", "serve", "fastapi")],
)
def test_a_package_that_is_missing_is_named_with_its_extra(
    missing: str,
    command: str,
    brings: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.delitem(sys.modules, "wespe.apps.study.app", raising=False)
    monkeypatch.delitem(sys.modules, "wespe.apps.web.server", raising=False)
    assert run(command, str(folder)) == 1
    told = capsys.readouterr().err
    assert f"wespe study: {missing} is not installed; " in told
    assert f"pip install {brings}\n" in told


def test_photos_are_enhanced_for_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    save_generator(tmp_path / "net.safetensors", Generator(width=4, blocks=1))
    photo = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    write_photo(tmp_path / "photos" / "a.png", photo)
    monkeypatch.chdir(tmp_path)
    options = "--photos 1 --practice 0 --catches 0 --against original --model net.safetensors"
    assert run("build", "mine", "--set", "a=photos", *options.split()) == 0
    (item,) = read_study(Path("mine")).items
    enhanced, original = (
        read_photo(Path("mine") / "pictures" / file).pixels.astype(int) for file in item.pictures
    )
    assert np.abs(original - photo).mean() < 6  # JPEG of noise
    assert np.abs(enhanced - photo).mean() > 6
