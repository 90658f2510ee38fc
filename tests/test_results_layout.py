"""Where files lie."""

from pathlib import Path

from wespe.results.layout import Layout, PairFiles, PatchFiles, state


def test_files_lie_below_data_and_results() -> None:
    layout = Layout("d", "r")
    assert layout.source("phone").index == Path("d/sources/phone/index.json")
    assert layout.patches("phone").array == Path("d/patches/phone.npy")
    assert layout.patches("phone").manifest == Path("d/patches/phone.json")
    assert layout.pair("a").network == Path("r/pairs/a/generator.safetensors")
    assert layout.rater("ffs").card == Path("r/raters/ffs/rater.json")
    assert layout.evaluation("a").images == Path("r/evaluations/a/images.csv")
    assert layout.rating("a").scores == Path("r/ratings/a/scores.csv")
    assert layout.table("one").record == layout.tables / "one.json"
    assert layout.table("one").written("tex") == layout.tables / "one.tex"
    assert layout.study("asked").figures == layout.studies / "asked.json"
    assert layout.metrics == Path("r/metrics.json")
    assert layout.report == Path("r/report.html")


def test_logs_have_a_folder_for_each_rule_with_several_jobs() -> None:
    layout = Layout("d", "r")
    assert layout.log("train", "a") == Path("r/logs/train/a.log")
    assert layout.log("tables") == Path("r/logs/tables.log")


def test_names_may_be_patterns_of_snakemake_and_of_dvc() -> None:
    assert f"{Layout('d', 'r').pair('{name}').samples}" == "r/pairs/{name}/samples"
    layout = Layout("${run.data}", "${run.results}")
    assert str(layout.patches("${item}").array) == "${run.data}/patches/${item}.npy"


def test_a_folder_alone_is_enough() -> None:
    assert PairFiles(Path("out")).losses == Path("out/losses.jsonl")
    assert PatchFiles(Path("out/a.npy")).manifest == Path("out/a.json")


def test_stopped_work_lies_outside_results() -> None:
    assert state("ratings", "0123") == Path(".wespe/ratings/0123")
