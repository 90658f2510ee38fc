"""What a finished run has made, for people."""

from pathlib import Path

import pytest

from wespe.pipeline import tracking
from wespe.pipeline.outcome import outcome
from wespe.settings.params import load

SETTINGS = """\
run: {name: tiny, results: out, data: data, tracking: ""}
sources: {phone: {kind: folder, path: phone}}
domains: [phone]
recipes: {short: {steps: 1, content: {extractor: untrained, layer: relu1}}}
pairs: {pair: {source: phone, target: phone, recipe: short}}
evaluations: {}
"""


def test_what_is_made_is_named_and_mlflow_asked_outside_of_dvc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_STAGE", raising=False)
    monkeypatch.setattr(tracking, "comparison", lambda _: ["a link"])
    Path("params.yaml").write_text(SETTINGS)
    params = load(Path("params.yaml"))
    assert outcome(params) == []
    Path("out/pairs/pair").mkdir(parents=True)
    Path("out/report.html").touch()
    assert outcome(params) == ["Report: out/report.html", "a link"]
    Path("out/pairs/pair/generator.safetensors").touch()
    network = "Network pair: out/pairs/pair/generator.safetensors"
    assert outcome(params) == ["Report: out/report.html", network, "a link"]
    monkeypatch.setenv("DVC_STAGE", "report")
    assert outcome(params) == ["Report: out/report.html", network]
