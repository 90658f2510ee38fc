"""A network that is given as a pair: nothing is trained, and its card says whose it is."""

import re
import shutil
from pathlib import Path

import pytest
import torch
import yaml

from tests.bundles import write_bundle
from tests.made import card as trained
from tests.test_config import refusal
from tests.test_dped import variables  # noqa: F401, a fixture
from tests.test_training_supervised import patches
from wespe.apps.catalogue import Network, find_networks, markdown
from wespe.cli import main
from wespe.core.files import sha256
from wespe.data.patches.store import PatchSet
from wespe.judging.baselines import baselines
from wespe.judging.registry import BASELINES
from wespe.networks.checkpoints import load_generator, save_generator
from wespe.networks.published import load_dped
from wespe.networks.srcnn import Srcnn
from wespe.reports.page.write import write_report
from wespe.results.cards import ModelCard, NetworkCard
from wespe.results.networks import read_card
from wespe.results.reading import ImportedResult, read_pair
from wespe.results.record import write_record
from wespe.training.importing import import_pair


@pytest.fixture
def checkpoint(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    write_bundle(tmp_path / "iphone_orig", request.getfixturevalue("variables"))
    return tmp_path / "iphone_orig"


def domains() -> tuple[PatchSet, PatchSet]:
    return patches("phone", "abcd"), patches("dslr", "wxyz", brighter=20)


@pytest.mark.slow
def test_the_pair_has_the_checkpoints_network_and_says_so(checkpoint: Path) -> None:
    out = checkpoint.parent / "pairs" / "published"
    card = import_pair(checkpoint, patches=None, out=out)
    ours, theirs = load_generator(out / "generator.safetensors"), load_dped(checkpoint)
    for name, value in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value), name
    assert card == read_card(out / "generator.safetensors")
    assert card.imported
    assert card.imported.origin == "published DPED generator (Ignatov et al. 2017)"
    assert (card.imported.checkpoint, card.imported.licence) == ("iphone_orig", "not stated")
    assert sorted(path.name for path in out.iterdir()) == [
        *("generator.json", "generator.safetensors", "losses.jsonl", "samples")
    ]
    [network] = find_networks([out])
    assert isinstance(network, Network)
    text = markdown(network)
    assert "By others: published DPED generator" in text
    assert "- checkpoint: not stated" in text
    assert "photos of source" not in text


@pytest.mark.slow
def test_baselines_are_fitted_where_source_and_target_are_given(checkpoint: Path) -> None:
    out = checkpoint.parent / "pair"
    card = import_pair(checkpoint, patches=domains(), out=out)
    assert card.transport
    assert len(card.transport.levels) == 256
    assert baselines(BASELINES, card).keys() == BASELINES.keys()
    plain = import_pair(checkpoint, patches=None, out=out)
    with pytest.raises(ValueError, match=r"nothing for the baseline 'transport'"):
        baselines(["transport"], plain)


def test_a_network_of_this_project_keeps_its_card(tmp_path: Path) -> None:
    network = tmp_path / "mine.safetensors"
    save_generator(network, Srcnn())
    write_record(network.with_suffix(".json"), trained(sha256=sha256(network)))
    card = import_pair(network, patches=None, out=tmp_path / "pair")
    assert isinstance(card, ModelCard)
    assert sha256(tmp_path / "pair" / "generator.safetensors") == card.sha256


@pytest.mark.parametrize("file", ["iphone_orig", "mine.safetensors"])
def test_a_network_that_is_not_there_is_named(tmp_path: Path, file: str) -> None:
    named = {"iphone_orig": r"iphone_orig\.index: "}.get(file, re.escape(file))
    with pytest.raises(ValueError, match=named):
        import_pair(tmp_path / file, patches=None, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def settings(folder: Path, baselines: list[str]) -> Path:
    tree = {
        "run": {"tracking": ""},
        "sources": {"photos": {"kind": "folder", "path": "photos"}},
        "recipes": {},
        "pairs": {"given": {"network": str(folder / "iphone_orig")}},
        "evaluations": {"e": {"pair": "given", "photos": "photos", "baselines": baselines}},
    }
    (folder / "params.yaml").write_text(yaml.safe_dump(tree))
    return folder / "params.yaml"


def test_the_command_imports_what_the_settings_name(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(checkpoint.parent)
    out, params = Path("pairs/given"), settings(checkpoint.parent, ["clahe"])
    command = ["train", "given", "--params", str(params), "--out", str(out)]
    with pytest.raises(SystemExit) as end:
        main(command)
    assert not end.value.code
    assert capsys.readouterr().out == f"given: {checkpoint}, as it is\n"
    found = read_pair("given", out)
    assert isinstance(found, ImportedResult)
    assert type(found.card) is NetworkCard
    shutil.rmtree(out)
    Path(f"{checkpoint}.index").unlink()
    with pytest.raises(SystemExit) as end:
        main(command)
    assert end.value.code
    assert f"{checkpoint}.index: " in capsys.readouterr().err


def test_fitted_baselines_are_refused_where_nothing_is_named_to_fit_them_to(
    tmp_path: Path,
) -> None:
    assert refusal(settings(tmp_path, ["clahe", "transport"])) == [
        "evaluations.e.baselines must be without transport, which is fitted to source and target: "
        "pairs.given names none"
    ]


def test_the_report_says_whose_network_it_is(checkpoint: Path, tmp_path: Path) -> None:
    import_pair(checkpoint, patches=None, out=tmp_path / "pair")
    page = tmp_path / "report.html"
    write_report(
        page,
        run_name="r",
        pairs={"given": tmp_path / "pair"},
        evaluations={},
        settings_text="",
    )
    text = page.read_text()
    assert "<dd>published DPED generator (Ignatov et al. 2017)</dd>" in text
    assert 'href="#imported-1"' in text
    assert 'id="training-1"' not in text
