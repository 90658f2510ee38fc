"""What networks there are: whole ones, half ones, and what MLflow's registry says of them."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from tests.made import card, domain, summary
from tests.test_tracking import rows
from wespe import cli
from wespe.apps.catalogue import Network, as_json, as_table, find_networks, markdown, one_of
from wespe.core.files import sha256, write_json
from wespe.networks.checkpoints import save_generator
from wespe.networks.generator import Generator
from wespe.networks.published import model_card
from wespe.pipeline import tracking
from wespe.results.cards import Domains
from wespe.results.record import write_record
from wespe.settings import params as config

PSNR_DB = {"original": 17.638, "enhanced": 21.032, "clahe": 18.97, "autocontrast": 15.7}


def trained(name: str = "phone_dslr", *, seed: int = 0, detail: float | None = None) -> Path:
    """A network and its card, as a training leaves them; returns the network."""
    path = Path(f"results/pairs/{name}/generator.safetensors")
    torch.manual_seed(seed)
    save_generator(path, Generator(width=4, blocks=0))
    source = domain(origin="mine", simulated=True, licence="research use")
    made = card(
        pair=name,
        seed=seed,
        detail=detail,
        code_commit="c0ffee",
        sha256=sha256(path),
        data=Domains(source=source, target=domain(origin="mine")),
    )
    write_record(path.with_suffix(".json"), made)
    return path


def evaluated(network: Path, name: str = "scenes") -> None:
    """The summary of an evaluation."""
    means = {method: {"psnr_db": mean} for method, mean in PSNR_DB.items()}
    made = summary(
        means | {"target": {"entropy_bit": 7.0}},
        evaluation=name,
        photos=name,
        network=sha256(network),
    )
    write_record(Path(f"results/evaluations/{name}/summary.json"), made)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def find() -> list[Any]:
    return list(find_networks([Path("results")]))


def test_a_row_has_the_network_and_its_metrics_beside_original_and_best_baseline() -> None:
    evaluated(trained())
    table = as_table(find(), {})
    heading, row = table.splitlines()
    assert heading.startswith("NAME")
    cells = [cell for cell in row.split("  ") if cell]
    assert [cell.strip() for cell in cells[:7]] == [
        *("phone_dslr", "demo, simulated", "wespe", "phone → dslr", "400", "scenes"),
        "21.03 (17.64, 18.97)",
    ]
    assert find()[0].card.sha256[:12] in row


def test_columns_are_aligned_and_a_second_evaluation_is_a_row_of_its_own() -> None:
    network = trained("a_much_longer_name")
    evaluated(network)
    evaluated(network, "photos")
    trained("short", seed=1)
    heading, *listed = as_table(find(), {}).splitlines()
    assert len(listed) == 3
    column = heading.index("EVALUATION")
    assert [row[column:].split()[0] for row in listed] == ["photos", "scenes", "–"]
    assert not listed[1][:column].strip()


def test_an_evaluation_belongs_to_the_network_that_it_measured() -> None:
    evaluated(trained())
    trained(seed=1)  # trained again, not yet evaluated
    [network] = find()
    assert network.evaluations == ()


def test_an_imported_network_is_listed_by_the_name_of_its_file() -> None:
    path = Path("results/imported/iphone.safetensors")
    generator = Generator(width=4, blocks=0, norm="instance")
    save_generator(path, generator)
    write_record(
        path.with_suffix(".json"),
        model_card(Path("iphone_orig"), generator, sha256=sha256(path)),
    )
    [network] = find()
    assert isinstance(network, Network)
    assert network.name == "iphone"
    assert "imported" in as_table([network], {})
    assert "- checkpoint: not stated" in markdown(network)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:300])


def change_card(path: Path) -> None:
    card = json.loads(path.with_suffix(".json").read_text())
    write_json(path.with_suffix(".json"), card | {"steps": "many"})


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (cut, "generator.safetensors: expected a .safetensors network, got "),
        (Path.unlink, "generator.safetensors: expected a network, found none"),
        (
            lambda path: path.with_suffix(".json").unlink(),
            "generator.json: expected a model card, found none",
        ),
        (
            lambda path: path.with_suffix(".json").write_text("{"),
            "generator.json: expected JSON, got ",
        ),
        (
            lambda path: save_generator(path, Generator(width=5, blocks=0)),
            "generator.json: expected the card of generator.safetensors ",
        ),
        (change_card, "generator.json: expected a model card, but steps: "),
    ],
    ids=["cut", "no network", "no card", "half a card", "other network", "wrong card"],
)
def test_a_half_network_is_listed_with_the_reason(
    damage: Callable[[Path], object], problem: str
) -> None:
    trained("whole", seed=1)
    damage(trained("half"))
    half, whole = find()
    assert isinstance(whole, Network)
    assert half.problem.startswith(f"results/pairs/half/{problem}")
    assert as_table([half, whole], {}).splitlines()[-1] == f"broken: {half.problem}"
    assert json.loads(as_json([half, whole], {}))[0]["problem"] == half.problem
    with pytest.raises(ValueError, match="results/pairs/half"):
        one_of([half, whole], "half")


def test_a_summary_that_cannot_be_read_is_listed_and_hidden_folders_are_not() -> None:
    Path("results/evaluations/scenes").mkdir(parents=True)
    Path("results/evaluations/scenes/summary.json").write_text("{")
    shutil.copytree("results/evaluations/scenes", "results/evaluations/.scenes.unfinished")
    [found] = find()
    assert found.problem.startswith("results/evaluations/scenes/summary.json: expected an eval")


def test_json_has_everything_but_the_curves() -> None:
    evaluated(trained())
    version = tracking.Version("demo-phone_dslr", "3", "run", {})
    text = as_json(find(), {find()[0].card.sha256: [version]})
    [entry] = json.loads(text)
    assert entry["registry"] == [{"model": "demo-phone_dslr", "version": "3", "run_id": "run"}]
    assert entry["evaluations"][0]["methods"]["clahe"]["psnr_db"]["mean"] == 18.97
    assert entry["card"]["data"]["source"]["licence"] == "research use"
    assert "transport" not in text


def test_the_card_in_markdown_has_front_matter_and_all_sections_in_order() -> None:
    evaluated(trained())
    _, front, page = markdown(find()[0]).split("---\n", 2)
    assert yaml.safe_load(front)["pipeline_tag"] == "image-to-image"
    titles = [line[3:] for line in page.splitlines() if line.startswith("## ")]
    assert titles == [
        *("Intended use", "Data", "Training", "Metrics", "Limits", "Licence", "How to use")
    ]
    for told in (
        "To enhance photos of the phone.",
        "mine, **simulated**; 9 patches of 32 px from 2 photos",
        "400 steps of 2 patches, seed 0",
        "(commit c0ffee)",
        "| scenes (3 photos) | PSNR dB | 21.03 | 17.64 | 18.97 |",
        "- It has learned little.",
        "- photos of source `phone`: research use",
    ):
        assert told in page


@pytest.mark.parametrize(("gain", "said"), [(1.35, True), (1.0, False), (None, False)])
def test_the_card_says_that_detail_is_amplified_where_it_is(gain: float | None, said: bool) -> None:
    trained(detail=gain)
    assert ("detail of what it makes is amplified 1.35 times." in markdown(find()[0])) == said


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        cli.main(["models", *arguments])
    printed = capsys.readouterr()
    return end.value.code, printed.out + printed.err


def settings(uri: str) -> None:
    lines = f"run: {{name: demo, results: results, tracking: '{uri}'}}\n"
    Path("params.yaml").write_text(lines + "sources: {}\nrecipes: {}\npairs: {}\nevaluations: {}\n")


def test_the_command_lists_shows_and_fails_for_half_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings("")
    assert call(capsys) == (0, "no networks in results\n")
    trained()
    code, listed = call(capsys)
    assert code == 0
    assert "phone_dslr" in listed
    assert call(capsys, "show", "phone_dslr")[1].startswith("---\n")
    code, message = call(capsys, "show", "fone")
    assert (code, "results/pairs/phone_dslr/generator.safetensors" in message) == (1, True)
    trained("half").unlink()
    code, listed = call(capsys, "--folder", "results")
    assert code == 1
    assert "broken: results/pairs/half" in listed


@pytest.mark.slow
def test_the_list_and_the_registry_agree(
    on: config.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlflow.tracking import MlflowClient

    settings(on.tracking)
    network = trained()
    evaluated(network)
    trained("second", seed=1)
    for _ in range(2):
        code, listed = call(capsys, "--json", "--register")
        assert code == 0
    assert rows("select count(*) from model_versions") == [(2,)]
    held = {
        (version.name, str(version.version)): version
        for version in MlflowClient(on.tracking, on.tracking).search_model_versions()
    }
    for entry in json.loads(listed):
        [told] = entry["registry"]
        version = held.pop((told["model"], str(told["version"])))
        assert told["model"] == f"demo-{entry['name']}"
        assert version.run_id == told["run_id"]
        assert version.tags[tracking.CHECKPOINT] == entry["sha256"]
        assert version.tags["wespe.source.licence"] == "research use"
        for found in entry["evaluations"]:
            mean = found["methods"]["enhanced"]["psnr_db"]["mean"]
            assert float(version.tags["scenes.enhanced.psnr_db"]) == mean
        files = {path.name: sha256(path) for path in Path(str(version.source)).iterdir()}
        assert files["generator.safetensors"] == entry["sha256"]
        assert "generator.json" in files
    assert not held


@pytest.mark.slow
def test_listing_imports_neither_torch_nor_mlflow_where_tracking_is_off() -> None:
    settings("")
    trained()
    program = (
        "import sys\nfrom wespe.cli import main\n"
        "try:\n    main(['models'])\n"
        "except SystemExit as end:\n"
        "    sys.exit(end.code or str({'torch', 'mlflow'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr == "set()\n"
