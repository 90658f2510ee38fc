"""The paper in miniature: what differs from the paper, its hosts, and a part of it end to end."""

import io
import json
import socket
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.copies import ROOT
from tests.miniature import hosts
from tests.miniature.__main__ import run
from tests.miniature.archives import Counts, make, make_own_photos
from tests.miniature.project import OVERLAY, PAPER, joined, settings
from wespe.core.yaml_file import read_yaml
from wespe.data.inventory import read_inventory
from wespe.results.evaluations import EvaluationSummary
from wespe.results.record import read_record
from wespe.settings.params import Params

FEW = Counts(patches=8, test_patches=3, photos=1, div2k=2, own=2, wide_px=240)
MARK = {"simulated"}
ADDRESSES = {"service", "weights"}
COUNTS = {
    *("complete", "count", "train", "validation", "test", "words", "patches_per_photo"),
    *("codebook_patches", "batch_size", "epochs"),
}
STEPS = {"steps", "log_every", "sample_every", "save_every"}
WIDTHS = {"width", "width_px", "height_px", "crop_px"}


def leaves(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{key}.")
        else:
            yield above + key, value


def test_only_addresses_counts_steps_and_widths_differ_from_the_paper() -> None:
    overlay, paper = read_yaml(OVERLAY), read_yaml(PAPER)
    changed = {key.rpartition(".")[2] for key, _ in leaves(overlay)}
    assert changed == MARK | ADDRESSES | COUNTS | STEPS | WIDTHS
    # Nothing is added or left out: every table has the entries of the paper's.
    both = joined(paper, overlay)
    for table in ("sources", "domains", "recipes", "pairs", "evaluations", "raters", "ratings"):
        assert list(both[table]) == list(paper[table])
    assert both["tables"] == paper["tables"]
    params = Params.model_validate_json(json.dumps(settings()))
    # What is not drawn by the emulator, which marks its own, says that it stands in for others.
    assert {name for name, source in params.sources.items() if not source.simulated} == {"faves"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Path]]:
    folder = tmp_path_factory.mktemp("hosts")
    return folder, make(read_inventory(ROOT / "data" / "sources.csv"), folder, FEW)


@pytest.mark.slow
def test_every_archive_has_its_published_layout(made: tuple[Path, dict[str, Path]]) -> None:
    folder, archives = made
    # BSD100 is of super-resolution, not of the paper.
    of_the_paper = set(read_inventory(ROOT / "data" / "sources.csv")) - {"bsd100"}
    assert set(archives) == of_the_paper
    with tarfile.open(archives["dped"]) as tar:
        names = [name for name in tar.getnames() if name.endswith("jpg")]
    counted = Counter(name.rpartition("/")[0] for name in names)
    for phone in ("iphone", "blackberry", "sony"):
        for camera in (phone, "canon"):
            assert counted[f"dped/{phone}/training_data/{camera}"] == 8
            assert counted[f"dped/{phone}/test_data/patches/{camera}"] == 3
        assert counted[f"dped/{phone}/test_data/full_size_test_images"] == 1
    assert zipfile.ZipFile(archives["div2k_train"]).namelist()[0] == "DIV2K_train_HR/0001.png"
    assert zipfile.ZipFile(archives["div2k_valid"]).namelist() == ["DIV2K_valid_HR/0801.png"]
    drives = [*(folder / "s3.eu-central-1.amazonaws.com").rglob("*_sync.zip")]
    assert len(drives) == 28 + 1
    kitti = zipfile.ZipFile(archives["kitti_raw"]).namelist()
    assert "2011_09_26/2011_09_26_drive_0001_sync/image_02/data/0000000000.png" in kitti
    assert "2011_09_26/2011_09_26_drive_0001_sync/image_02/timestamps.txt" in kitti
    streets = zipfile.ZipFile(archives["cityscapes"]).namelist()
    assert "leftImg8bit/val/lindau/lindau_000000_000019_leftImg8bit.png" in streets


@pytest.mark.slow
def test_the_same_photos_give_the_same_archives(
    made: tuple[Path, dict[str, Path]], tmp_path: Path
) -> None:
    again = make(read_inventory(ROOT / "data" / "sources.csv"), tmp_path, FEW)
    drive = "2011_09_26/2011_09_26_drive_0001_sync/image_02/data/0000000000.png"
    first, second = (
        zipfile.ZipFile(archives["kitti_raw"]).read(drive) for archives in (made[1], again)
    )
    assert first == second


@pytest.mark.slow
def test_no_photo_of_ones_own_is_in_both_parts(tmp_path: Path) -> None:
    make_own_photos(tmp_path, FEW)
    for phone in ("htc_one_m9", "huawei_p9", "iphone_6"):
        parts = [
            {path.read_bytes() for path in (tmp_path / "phones" / phone / part).iterdir()}
            for part in ("train", "test")
        ]
        assert [len(part) for part in parts] == [2, 1]
        assert not parts[0] & parts[1]


@pytest.mark.slow
def test_hosts_have_their_habits(made: tuple[Path, dict[str, Path]]) -> None:
    with hosts.serving(made[0]) as address, requests.Session() as session:
        session.trust_env = False

        def get(path: str, **headers: str) -> requests.Response:
            return session.get(f"{address}/{path}", headers=headers, timeout=20)

        dped = "download.ai-benchmark.com/s/dWZz5RD9kHpedix/download/dped.gz"
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            get(dped)
        size = len(get(dped).content)
        rest = get(dped, Range=f"bytes={size - 10}-")
        assert (rest.status_code, len(rest.content)) == (206, 10)
        assert get("data.vision.ee.ethz.ch/ihnatova/public/dped/dped.gz").status_code == 403
        drive = "s3.eu-central-1.amazonaws.com/avg-kitti/raw_data/{0}/{0}_sync.zip".format
        busy = [get(drive("2011_09_26_drive_0013")) for _ in range(2)]
        assert [answer.status_code for answer in busy] == [503, 200]
        assert get(drive("2011_09_26_drive_9999")).status_code == 403
        assert get("data.vision.ee.ethz.ch/cvl/DIV2K/none.zip").status_code == 404


@pytest.mark.slow
def test_cityscapes_is_for_those_who_have_an_account(made: tuple[Path, dict[str, Path]]) -> None:
    with hosts.serving(made[0]) as address, requests.Session() as session:
        session.trust_env = False
        there = address + hosts.CITYSCAPES
        package = f"{there}/file-handling/?packageID=3"
        assert "form" in session.get(package, timeout=20).text
        login = {"username": hosts.USER, "password": "wrong"}
        for password, status in (("wrong", 200), (hosts.PASSWORD, 302)):
            said = login | {"password": password}
            answer = session.post(f"{there}/login/", said, allow_redirects=False, timeout=20)
            assert answer.status_code == status
        listed = session.get(f"{there}/downloads/?list", timeout=20).json()
        assert listed == [{"name": "leftImg8bit_trainvaltest.zip", "packageID": "3"}]
        archive = session.get(package, timeout=20).content
    assert zipfile.is_zipfile(io.BytesIO(archive))


def free_port() -> int:
    """A port that is free, and so is the one before it."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port: int = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", port - 1))
            except OSError:
                continue
            return port


@pytest.mark.slow
def test_a_part_of_the_paper_from_download_to_evaluation(tmp_path: Path) -> None:
    wanted = "results/paper/evaluations/table2_iphone_srcnn/summary.json"
    snakemake = ["snakemake", "--cores", "2", "--quiet", "all"]
    commands = [[*snakemake, "--", wanted], [*snakemake, "--dry-run", "--", "all"]]
    assert run(tmp_path, commands, port=free_port(), counts=FEW) == 0
    summary = read_record(tmp_path / "project" / wanted, EvaluationSummary)
    assert summary.simulated
    assert summary.n_images == 3
    assert {"psnr_db", "ssim", "ms_ssim"} <= set(summary.methods["enhanced"])
    # Archives went where their sources look for them, from the address that has them.
    assert (tmp_path / "project" / "data" / "raw" / "dped.gz").is_file()
