"""The few numbers by which runs are compared."""

import json
from pathlib import Path

import pytest

from tests.results import write_evaluation, write_rating
from wespe.reports.metrics import run_metrics


def test_names_are_short_and_only_what_has_a_direction_counts(tmp_path: Path) -> None:
    evaluation = write_evaluation(tmp_path / "e") / "summary.json"
    rating = write_rating(tmp_path / "r") / "summary.json"
    found = run_metrics({"scenes": evaluation}, {"scenes": rating, "street": rating})
    measured = json.loads(evaluation.read_text())["methods"]["enhanced"]
    rated = json.loads(rating.read_text())
    score, enhanced = rated["metric"], rated["methods"]["enhanced"]
    of_rating = {score: pytest.approx(enhanced["mean"], abs=1e-4)}
    if enhanced["difference"]:
        change = enhanced["difference"]["mean"]
        of_rating[f"{score}_change"] = pytest.approx(change, abs=1e-4)
    assert found["street"] == of_rating
    directed = ("psnr_db", "ssim", "ms_ssim")
    assert found["scenes"] == of_rating | {
        name: pytest.approx(measured[name]["mean"], abs=1e-4) for name in directed
    }


def test_a_missing_summary_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.json: expected an evaluation's summary"):
        run_metrics({"scenes": tmp_path / "none.json"}, {})
