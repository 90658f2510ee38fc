"""The inventory of datasets: its format, and that the sources find in it what they ask for."""

import importlib
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from wespe.data.inventory import read_inventory
from wespe.data.kitti import KittiSettings

INVENTORY = ROOT / "data" / "sources.csv"


def test_every_dataset_has_its_terms_and_what_is_known_of_it() -> None:
    items = read_inventory(INVENTORY)
    for name, item in items.items():
        assert item.name == name
        assert item.licence
        assert item.terms.startswith("http")
        assert re.search(r"[A-Z].*, .*: .*(19|20)\d\d$", item.citation), name
        assert all(re.fullmatch(r"https?://\S+", url) for url in item.urls)
        assert item.urls or "needs an account" in item.remarks
        assert item.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", item.sha256)
        # What is not known has to be said, not left to be found out.
        assert item.size or item.remarks
        # What anyone says of it has to be traced.
        assert item.origin
    assert items["div2k_train"].size == items["div2k_train"].expected_bytes() == 3_530_603_713
    assert items["dped"].expected_bytes() == 9_000_000_000
    assert items["dped"].size is None
    kitti = items["kitti_raw"]
    assert kitti.expected_bytes("2011_09_26_drive_0048") == 83_650_171
    assert kitti.expected_bytes("2011_09_26_drive_9999") is None
    drives = [*KittiSettings.model_fields["drives"].default, "2011_09_26_drive_0046"]
    assert set(kitti.about) == set(drives)


def test_every_line_is_of_a_source_and_every_source_has_its_line() -> None:
    asked = set()
    for kind in ("dped", "div2k", "bsd100", "kitti", "cityscapes"):
        code = (ROOT / "wespe" / "data" / f"{kind}.py").read_text("utf-8")
        asked |= set(re.findall(r'Archive\(\s*f?"(\w+?)(?:_\{part\})?"', code))
    lines = set(read_inventory(INVENTORY))
    assert {line.removesuffix("_train").removesuffix("_valid") for line in lines} == asked


@pytest.mark.parametrize("kind", ["dped", "div2k", "bsd100", "kitti", "cityscapes"])
def test_an_index_has_the_licence_of_the_inventory(kind: str) -> None:
    source = importlib.import_module(f"wespe.data.{kind}")
    items = read_inventory(INVENTORY).values()
    assert {item.licence for item in items if item.name.startswith(kind)} == {source.LICENCE}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("name,urls", "name,url", "expected the columns name, urls, "),
        ("3530603713", "3.5 GB", r"line 4, which has '3\.5 GB' bytes"),
        ("9000000000", "9 GB", r"line 2, which has '9 GB' about_bytes"),
        (",research use,", "", "line 2, which does not have one entry per column"),
    ],
)
def test_an_inventory_that_is_none_is_refused(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    text = INVENTORY.read_text("utf-8")
    assert old in text
    (tmp_path / "a.csv").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ValueError, match=rf"a\.csv: expected an inventory .*{problem}"):
        read_inventory(tmp_path / "a.csv")
    with pytest.raises(ValueError, match=r"none\.csv: expected an inventory"):
        read_inventory(tmp_path / "none.csv")
