"""The charts that `dvc plots` draws of tables: the template is there and takes their columns."""

import json
from typing import Any

import pytest
import yaml
from dvc_render.vega import VegaRenderer

from tests.conftest import ROOT
from wespe.judging.metrics.registry import METRICS

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]
COLUMNS = {"images.csv": {"image", "method", *METRICS}, "scores.csv": {"image", "method", "score"}}


def charts() -> dict[str, dict[str, Any]]:
    """Each table that is drawn, by its file's name, and how."""
    plots = [plot for stage in STAGES.values() for plot in stage.get("do", stage).get("plots", [])]
    drawn = [plot for plot in plots if isinstance(plot, dict)]
    return {path.rpartition("/")[2]: how for plot in drawn for path, how in plot.items()}


def test_every_table_is_drawn() -> None:
    assert charts().keys() == COLUMNS.keys()


@pytest.mark.parametrize("table", COLUMNS)
def test_methods_are_names_and_values_are_numbers(table: str) -> None:
    how = charts()[table]
    assert {how["x"], how["y"]} <= COLUMNS[table]
    rows = [
        {how["x"]: value, how["y"]: method, "rev": rev}
        for rev in ("HEAD", "workspace")
        for method, value in (("original", "17.5"), ("enhanced", "20.1"), ("target", ""))
    ]
    renderer = VegaRenderer(rows, table, template_dir=str(ROOT / ".dvc" / "plots"), **how)
    chart = json.loads(renderer.partial_html())
    assert chart["data"]["values"] == rows
    assert (chart["encoding"]["x"]["field"], chart["encoding"]["x"]["type"]) == (
        how["x"],
        "quantitative",
    )
    assert (chart["encoding"]["y"]["field"], chart["encoding"]["y"]["type"]) == (
        how["y"],
        "nominal",
    )
    # A value that cannot be had is empty, and no 0.
    assert {"filter": {"field": how["x"], "valid": True}} in chart["transform"]
    assert "<DVC_METRIC" not in json.dumps(chart)
