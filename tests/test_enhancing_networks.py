"""The network that is meant: a file, a name of the package or of the project, or none at all."""

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made import domain
from tests.shipping import ship
from wespe import cli
from wespe.apps.enhancing.listing import listed
from wespe.apps.enhancing.networks import network_file, places_at_hand
from wespe.apps.serving.offers import find_offers
from wespe.networks.shipped import shipped_names
from wespe.photos.images import write_photo
from wespe.results.cards import Domains

SETTINGS = """\
run: {results: results, tracking: ""}
sources: {phone: {kind: folder, path: photos}}
domains: [phone]
recipes: {}
pairs: {}
evaluations: {}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package's folder of networks; the current one is another, and empty."""
    for module in ("networks.shipped", "apps.enhancing.networks", "apps.enhancing.listing"):
        monkeypatch.setattr(f"wespe.{module}.FOLDER", tmp_path / "shipped")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "shipped"


def own(name: str, **changes: Any) -> Path:
    """A network in the results of the settings, which are written, too."""
    Path("params.yaml").write_text(SETTINGS)
    return ship(Path("results/pairs") / name, "generator", **{"any_camera": False} | changes)


def test_a_name_is_one_of_the_package_before_it_is_one_of_the_project(folder: Path) -> None:
    own("any_camera")
    mine = own("mine")
    ship(folder)
    assert network_file("any_camera") == folder / "any_camera.safetensors"
    assert network_file("mine") == mine
    assert network_file(str(mine.parent)) == network_file(str(mine)) == mine
    assert network_file(None) == folder / "any_camera.safetensors"


def test_a_folder_without_a_network_does_not_hide_a_name(folder: Path) -> None:
    Path("any_camera").mkdir()
    with pytest.raises(ValueError, match=r"a folder without generator\.safetensors, no network"):
        network_file("any_camera")
    path = ship(folder)
    assert network_file("any_camera") == path


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("any_camra", "nor one in the results of params.yaml; did you mean any_camera?"),
        ("mien", "nor one in the results of params.yaml; did you mean mine?"),
        ("quite_another", r"results of params.yaml \(any_camera, mine\)"),
    ],
)
def test_a_misspelt_name_is_told_the_nearest(folder: Path, model: str, message: str) -> None:
    ship(folder)
    own("mine")
    with pytest.raises(ValueError, match=f"{model}: no such file, no network that .*{message}"):
        network_file(model)


def test_without_what_reads_settings_the_packages_networks_are_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship(folder)
    own("mine")
    real: Callable[..., Any] = builtins.__import__

    def bare(name: str, *rest: Any) -> Any:
        if name == "wespe.settings.params":
            raise ModuleNotFoundError("No module named 'yaml'", name="yaml")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", bare)
    assert network_file("any_camera") == folder / "any_camera.safetensors"
    with pytest.raises(ValueError, match=r"params\.yaml needs yaml, which comes with"):
        network_file("mine")


def test_the_list_begins_with_the_default(folder: Path) -> None:
    ship(folder, "a_camera", any_camera=False)
    ship(folder)
    own("mine")
    lines, whole = listed()
    assert whole
    assert [line.split("  ")[0] for line in lines[1:]] == ["any_camera", "a_camera", "mine"]
    assert lines[1].endswith("comes with wespe; taken where no other is named")
    assert "for one camera" in lines[3]
    assert lines[3].endswith("results/pairs/mine/generator.safetensors")


def test_the_list_names_what_is_broken(folder: Path) -> None:
    ship(folder)
    own("mine").with_suffix(".json").unlink()
    lines, whole = listed()
    assert not whole
    assert lines[-1].startswith("broken: results/pairs/mine/generator.json: expected a model card")


def test_without_any_network_or_settings_one_sentence_says_so() -> None:
    assert shipped_names() == []
    assert places_at_hand() == []
    assert listed() == (["no networks here, and no params.yaml"], True)
    with pytest.raises(ValueError, match="comes without its network any_camera"):
        network_file(None)
    with pytest.raises(ValueError, match=r"gone\.yaml: no such settings file"):
        places_at_hand(Path("gone.yaml"))


def test_a_page_offers_the_default_first_and_a_demo_last(folder: Path) -> None:
    ship(folder)
    own("a_demo", data=Domains(source=domain(simulated=True), target=domain()))
    own("mine")
    paths, offers = find_offers(places_at_hand())
    assert [(offer.name, offer.badge) for offer in offers.values()] == [
        ("any_camera", "for any camera"),
        ("mine", "for one camera"),
        ("a_demo", "demo, simulated"),
    ]
    assert paths["0"] == folder / "any_camera.safetensors"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, list[str], str]:
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    printed = capsys.readouterr()
    return end.value.code or 0, printed.out.splitlines(), printed.err


@pytest.mark.slow
def test_a_photo_is_enhanced_where_no_network_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_photo(Path("photo.png"), np.full((40, 50, 3), 90, np.uint8))
    code, _, error = run(capsys, "enhance", "photo.png")
    assert code == 1
    assert error.startswith("wespe enhance: this version of wespe comes without its network")
    assert len(error.splitlines()) == 1
    ship(folder)
    code, lines, _ = run(capsys, "enhance", "photo.png")
    assert code == 0
    assert lines[0] == (
        "by the network any_camera, for any camera; --model takes another, see wespe list"
    )
    assert lines[1].startswith("1/1 photo.png → photo_enhanced.png")
    code, lines, _ = run(capsys, "enhance", "photo.png", "--model", "any_camera")
    assert lines[0] == "1/1 photo.png: skipped, photo_enhanced.png is up to date"
    assert run(capsys, "list")[:2] == (0, listed()[0])


@pytest.mark.parametrize("model", [(), ("--model", "nowhere")])
def test_photos_are_looked_at_before_a_network_is_asked_for(
    capsys: pytest.CaptureFixture[str], model: tuple[str, ...]
) -> None:
    Path("notes.jpg").write_text("no photo")
    code, lines, error = run(capsys, "enhance", "gone.jpg", "notes.jpg", *model)
    assert (code, error) == (1, "")
    assert lines == [
        "failed: gone.jpg: no such file",
        "failed: notes.jpg: not an image",
        "0 enhanced, 0 already done, 2 failed",
    ]


def test_options_out_of_range_are_refused_before_a_network_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, _, error = run(capsys, "enhance", "gone.jpg", "--strength", "2")
    assert error == "wespe enhance: strength must be from 0 to 1, got 2.0\n"
