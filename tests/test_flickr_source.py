"""The whole source: settings in, index and tables out, also when it is killed on its way."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.conftest import ROOT
from tests.flickr import SMALL, service, settings, truth
from tests.flickr_emulator import KEY, SECRET, Emulator, Faults, make_catalogue
from wespe import cli
from wespe.core.files import lock
from wespe.core.schema import SettingsError
from wespe.data.flickr import FlickrSettings
from wespe.data.flickr.source import acquire
from wespe.photos.images import read_photo
from wespe.results.index import PhotoIndex, read_index
from wespe.settings.params import load

CATALOGUE = make_catalogue(400, seed=4)
TABLES = ("index.json", "faves.csv", "attribution.csv", "crawl.json")


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("removed.txt").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FLICKR_API_KEY", KEY)
    monkeypatch.setenv("FLICKR_API_SECRET", SECRET)


def crawl(wanted: FlickrSettings, emulator: Emulator, out: str = "out") -> PhotoIndex:
    Path(out).mkdir()
    client = service(emulator, Path())
    return acquire("faves", wanted, Path(out), service=client, report=lambda line: None)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def write_params(emulator: Emulator, **values: Any) -> None:
    """`params.yaml` with one source, `faves`."""
    source = {
        **{
            "kind": "flickr",
            "path": "removed.txt",
            "raw": "data/raw/faves",
            "service": emulator.service,
        },
        **{"since": "2016-01-01", "until": "2016-12-31"},
        **SMALL,
        **values,
    }
    params = {"sources": {"faves": source}, "recipes": {}, "pairs": {}, "evaluations": {}}
    Path("params.yaml").write_text(yaml.safe_dump(params))


def wespe(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    return int(end.value.code or 0)


@pytest.mark.slow
def test_the_dataset_is_the_emulators(capsys: pytest.CaptureFixture[str]) -> None:
    expected = truth(CATALOGUE, settings(), pictures=True)
    sizes: dict[str, Any] = {**SMALL, "train": len(expected) - 10}
    with Emulator(CATALOGUE) as emulator:
        index = crawl(settings(service=emulator.service, **sizes), emulator)
    rows = table(Path("out/faves.csv"))
    assert {row["id"]: int(row["faves"]) for row in rows} == expected
    assert Counter(row["split"] for row in rows) == {
        **{"train": len(expected) - 10, "validation": 5, "test": 5}
    }
    known = {str(photo.id): photo for photo in CATALOGUE}
    for row in rows:
        assert float(row["score"]) == int(row["faves"]) / known[row["id"]].views
        assert (row["owner"], int(row["views"])) == (known[row["id"]].owner, known[row["id"]].views)
    median = np.median([float(row["score"]) for row in rows if row["split"] == "train"])
    assert all(row["label"] == str(int(float(row["score"]) > median)) for row in rows)
    # The index has the same photos, where they lie.
    assert [str(Path(index.root) / photo.file) for photo in index.photos] == [
        row["file"] for row in rows
    ]
    assert {(photo.width_px, photo.height_px) for photo in index.photos} == {(320, 180), (180, 320)}
    assert all(read_photo(index.path(photo)).pixels.any() for photo in index.photos)
    assert index.simulated
    assert "emulator" in index.origin
    assert index.licence == ", ".join(sorted({row["licence"] for row in rows}))
    # Photos that the search found, and that could not be had, are named with the reason.
    reasons = Counter(entry.reason.partition(":")[0] for entry in index.skipped)
    assert reasons["gone"] > 0
    summary = json.loads(Path("out/crawl.json").read_text())
    assert summary["left_out"] == reasons
    assert summary["median_score"] == median
    assert summary["splits"]["test"]["photos"] == 5
    assert sum(window["found"] for window in summary["windows"]) > len(expected)
    assert [row["id"] for row in table(Path("out/attribution.csv"))] == [row["id"] for row in rows]


@pytest.mark.slow
def test_better_pictures_score_higher() -> None:
    """The emulator's photos have something to learn: contrast goes with the label."""
    with Emulator(CATALOGUE) as emulator:
        sizes: dict[str, Any] = {**SMALL, "train": 60}
        crawl(settings(service=emulator.service, **sizes), emulator)
    contrast = {"0": list[float](), "1": list[float]()}
    for row in table(Path("out/faves.csv")):
        contrast[row["label"]].append(float(read_photo(Path(row["file"])).pixels.std()))
    assert np.mean(contrast["1"]) > 1.2 * np.mean(contrast["0"])


@pytest.mark.slow
def test_killed_and_started_again_the_files_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    """SIGKILL, by the emulator, at calls of the API and at pictures, of `wespe acquire`."""
    command = [sys.executable, "-m", "wespe.cli", "acquire", "faves", "--out"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process: list[subprocess.Popen[bytes]] = []
    left = [0]

    def count(_event: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(process[-1].pid, signal.SIGKILL)

    with Emulator(CATALOGUE, on_event=count) as emulator:
        # Calls come to the emulator before and after their answers, pictures after them.
        for at in (2, 24, 0):
            write_params(emulator, raw="raw/killed")
            left[0] = at
            process.append(
                subprocess.Popen([*command, "killed"], env=environment, stdout=subprocess.DEVNULL)
            )
            assert process[-1].wait() == (-signal.SIGKILL if at else 0)
            assert Path("killed").exists() == (not at)
        fetched = Counter(emulator.pictures)
        write_params(emulator, raw="raw/whole")
        assert wespe("acquire", "faves", "--out", "whole") == 0
    for name in TABLES:
        killed = (Path("killed") / name).read_bytes().replace(b"raw/killed", b"raw/whole")
        assert killed == (Path("whole") / name).read_bytes()
    pictures = sorted(path.name for path in Path("raw/whole/320x180").iterdir())
    assert sorted(path.name for path in Path("raw/killed/320x180").iterdir()) == pictures
    # Of pictures, those under way at a kill may come twice.
    assert sum(times - 1 for times in fetched.values()) <= 4


@pytest.mark.slow
def test_removed_photos_stay_away_and_move_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    with Emulator(CATALOGUE) as emulator:
        write_params(emulator)
        assert wespe("acquire", "faves", "--out", "before") == 0
        before = {row["id"]: row for row in table(Path("before/faves.csv"))}
        out = list(before)[::10]
        kept = before.keys() - out
        assert wespe("flickr-remove", "faves", *out[1:], before[out[0]]["page"]) == 0
        assert f"{len(out)} photos removed, {len(out)} files deleted" in capsys.readouterr().out
        # Again, then from nothing but the list.
        calls = emulator.calls.total()
        assert wespe("acquire", "faves", "--out", "again") == 0
        assert emulator.calls.total() == calls
        Path("data/raw/faves/journal.jsonl").unlink()
        for picture in Path("data/raw/faves/320x180").iterdir():
            picture.unlink()
        emulator.pictures.clear()
        assert wespe("acquire", "faves", "--out", "anew") == 0
        assert not set(emulator.pictures) & set(out)
    for folder in ("again", "anew"):
        after = {row["id"]: row for row in table(Path(folder) / "faves.csv")}
        assert after.keys() == kept
        assert all(after[key]["split"] == before[key]["split"] for key in kept)
        index = read_index(Path(folder) / "index.json")
        assert not {Path(photo.file).stem for photo in index.photos} & set(out)
        assert {entry.file for entry in index.skipped if entry.reason == "removed"} == set(out)
    assert Path("again/faves.csv").read_bytes() == Path("anew/faves.csv").read_bytes()


def test_a_done_crawl_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator(CATALOGUE) as emulator:
        write_params(emulator)
        assert wespe("acquire", "faves", "--out", "first") == 0
    monkeypatch.delenv("FLICKR_API_KEY")
    monkeypatch.delenv("FLICKR_API_SECRET")
    assert wespe("acquire", "faves", "--out", "second") == 0
    assert Path("first/index.json").read_bytes() == Path("second/index.json").read_bytes()


def test_the_key_is_in_no_file_and_in_no_line(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with Emulator(CATALOGUE, faults=Faults(slow=0.2, slow_s=0.01)) as emulator:
        write_params(emulator)
        assert wespe("acquire", "faves", "--out", "data/sources/faves") == 0
    assert wespe("check") == 0
    written = [path.read_bytes() for path in Path().rglob("*") if path.is_file()]
    assert len(written) > 40
    printed = capfd.readouterr()
    for secret in (KEY, SECRET):
        assert not any(secret.encode() in content for content in written)
        assert secret not in printed.out + printed.err + caplog.text


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (None, "wespe acquire: no key for Flickr was found; get a key at https://www.flickr.com/"),
        ("f" * 32, "wespe acquire: Flickr refuses the API key (100: Invalid API Key (Key not fou"),
    ],
)
def test_without_a_key_that_works_it_is_said_at_once(
    key: str | None,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("FLICKR_API_KEY", "FLICKR_API_SECRET"):
        monkeypatch.setenv(name, key) if key else monkeypatch.delenv(name)
    with Emulator(CATALOGUE) as emulator:
        write_params(emulator)
        assert wespe("acquire", "faves", "--out", "out") == 1
        assert emulator.calls.total() == bool(key)
    printed = capsys.readouterr().err
    assert printed.startswith(message)
    assert "FLICKR_API_KEY" in printed
    assert key is None or key not in printed
    assert not Path("out").exists()


def test_too_few_photos_are_an_error_that_counts_them() -> None:
    with Emulator(CATALOGUE) as emulator:
        wanted = settings(service=emulator.service, **{**SMALL, "train": 5000}, licences=("cc0",))
        with pytest.raises(
            ValueError, match=r"source faves: expected 5010 photos, the query found \d"
        ):
            crawl(wanted, emulator)


def test_two_crawls_do_not_share_a_folder() -> None:
    with (
        Emulator(CATALOGUE) as emulator,
        lock(Path("raw/.lock")),
        pytest.raises(ValueError, match="raw: another crawl is running there"),
    ):
        crawl(settings(service=emulator.service, **SMALL), emulator)


def test_only_flickr_has_photos_to_remove(capsys: pytest.CaptureFixture[str]) -> None:
    Path("params.yaml").write_text(
        "{sources: {own: {kind: folder, path: x}}, recipes: {}, pairs: {}, evaluations: {}}"
    )
    assert wespe("flickr-remove", "own", "1") == 1
    assert "own: expected a source of kind flickr, got folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"until": "2015-12-31"}, "sources.faves.until.*must not be before since, 2016-01-01"),
        ({"tags": []}, "sources.faves.tags"),
        ({"licences": ["by", "mine"]}, "sources.faves.licences.*'mine'"),
        ({"calls_per_hour": 3601}, "sources.faves.calls_per_hour must be at most 3600, got 3601"),
        ({"since": "yesterday"}, "sources.faves.since.*'yesterday'"),
    ],
)
def test_wrong_settings_are_named(values: dict[str, Any], message: str) -> None:
    with Emulator([]) as emulator:
        write_params(emulator, **values)
    with pytest.raises(SettingsError, match=message):
        load(Path("params.yaml"))


def test_the_defaults_are_the_papers() -> None:
    wanted = settings()
    assert (wanted.train, wanted.validation, wanted.test, wanted.wanted) == (15200, 400, 400, 16000)
    assert (wanted.min_width_px, wanted.min_height_px) == (1600, 1200)
    assert wanted.tags == ("street",)
    assert wanted.uploaded == (1_451_606_400, 1_483_228_799)
