"""Tables of crops: which rows are taken, and each wrong one named with its line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from wespe.core.files import sha256
from wespe.data.crops import CropSettings
from wespe.data.folder import FolderSettings, acquire
from wespe.photos.images import write_photo
from wespe.results.index import Crop, PhotoIndex, read_index, write_index

SHARED = Path(__file__).parents[1].parent / "shared" / "data"


def draw(path: Path, width: int, height: int, seed: int = 0) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    write_photo(path, pixels)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two photos of 60×40 px, and three references of 10×8 px."""
    for number in range(2):
        draw(tmp_path / "phone" / f"{number}.png", 60, 40, seed=number)
    for number in range(3):
        draw(tmp_path / "canon" / f"{number}.png", 10, 8, seed=10 + number)
    return tmp_path


def take(root: Path, table: str, **crops: Any) -> PhotoIndex:
    (root / "crops.csv").write_text(table, "utf-8")
    values: dict[str, Any] = {"kind": "folder", "path": str(root), "min_side_px": 20}
    settings = FolderSettings(**values, crops=CropSettings(**{"file": "crops.csv", **crops}))
    return acquire("whole", settings, root / "out")


def test_photos_come_with_their_crops_in_the_order_of_the_rows(root: Path) -> None:
    draw(root / "phone" / "unnamed.png", 60, 40, seed=9)
    index = take(
        root,
        "photo,y,x,reference,remark\n"
        "phone/1.png,32,50,canon/1.png,at the corner\n"
        "phone/0.png,0,0,./canon/0.png,\n"
        "phone/1.png, 3 ,4,canon/2.png,\n",
    )
    assert [entry.file for entry in index.photos] == ["phone/0.png", "phone/1.png"]
    first, second = (entry.crops for entry in index.photos)
    digest = sha256(root / "canon" / "0.png")
    assert first == (Crop(0, 0, 8, 10, "canon/0.png", digest),)
    assert [(crop.y, crop.x, crop.reference) for crop in second] == [
        (32, 50, "canon/1.png"),
        (3, 4, "canon/2.png"),
    ]
    assert {entry.reference for entry in index.photos} == {None}
    # References are no photos that were left out.
    assert [(entry.file, entry.reason) for entry in index.skipped] == [
        ("phone/unnamed.png", "without a crop: no row names it")
    ]
    assert index.origin.endswith(f", crops of {root / 'crops.csv'}")
    write_index(root / "index.json", index)
    assert [*read_index(root / "index.json").photos] == [*index.photos]


def test_columns_can_be_mapped_and_rows_chosen(root: Path) -> None:
    table = "patch,photo,y,x,ncc\n0,0,1,2,0.98\n1,1,3,4,0.99\n2,1,20,30,0.97\n"
    mapped = {"photo": "phone/{photo}.png", "reference": "canon/{patch}.png"}
    index = take(root, table, **mapped)
    assert [len(entry.crops) for entry in index.photos] == [1, 2]
    index = take(root, table, **mapped, include=("canon/[02].png",))
    crops = {entry.file: [crop.reference for crop in entry.crops] for entry in index.photos}
    assert crops == {"phone/0.png": ["canon/0.png"], "phone/1.png": ["canon/2.png"]}
    with pytest.raises(ValueError, match=r"none that `crops\.include` takes"):
        take(root, table, **mapped, include=("nikon/**",))


def test_a_spreadsheets_byte_order_mark_is_no_part_of_a_column(root: Path) -> None:
    index = take(root, "\ufeffphoto,y,x,reference\r\nphone/0.png,0,0,canon/0.png\r\n")
    assert len(index.photos[0].crops) == 1


def test_a_corner_is_that_of_the_upright_photo(root: Path) -> None:
    upright = np.random.default_rng(5).integers(0, 256, (50, 30, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 8  # to be turned left by a quarter
    Image.fromarray(np.rot90(upright, -1)).save(root / "phone" / "turned.png", exif=exif)
    index = take(root, "photo,y,x,reference\nphone/turned.png,42,20,canon/0.png\n")
    assert (index.photos[0].width_px, index.photos[0].height_px) == (30, 50)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (
            "phone/0.png,33,0,canon/0.png",
            r"the crop ends at y 41, x 10 .* outside phone/0\.png of ",
        ),
        ("phone/0.png,0,51,canon/0.png", r"the crop ends at y 8, x 61 .*10×8 px.* of 60×40 px"),
        ("phone/0.png,0,0,phone/2.png", r"expected a reference, got .*phone/2\.png: no such file"),
        ("phone/0.png,0,0,crops.csv", "expected a reference, got .*crops.csv: not an image"),
        ("phone/7.png,0,0,canon/0.png", r"a photo that the source includes, got phone/7\.png"),
        ("phone/0.png,-1,0,canon/0.png", "expected a whole number from 0 as y, got '-1'"),
        ("phone/0.png,0,1.5,canon/0.png", r"expected a whole number from 0 as x, got '1\.5'"),
        ("phone/0.png,0", "expected a whole number from 0 as x, got ''"),
        ("phone/0.png,0,0,", "expected a value as reference, got none"),
        ("phone/0.png,0,0,../canon/0.png", r"below the source's path, got \.\./canon/0\.png"),
        ("/phone/0.png,0,0,canon/0.png", r"below the source's path, got /phone/0\.png"),
        ("phone/1.png,1,2,canon/0.png", "the same crop as in line 2"),
        ("phone/1.png,9,9,canon/1.png", "the same crop as in line 2"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(root: Path, row: str, problem: str) -> None:
    table = f"photo,y,x,reference\nphone/1.png,1,2,canon/1.png\n{row}\n"
    with pytest.raises(ValueError, match=rf"crops\.csv, line 3: .*{problem}"):
        take(root, table)


def test_all_wrong_rows_are_named_but_not_hundreds(root: Path) -> None:
    rows = "".join(f"phone/0.png,-1,{n},canon/0.png\n" for n in range(30))
    with pytest.raises(ValueError, match=r"line 2: ") as caught:
        take(root, f"photo,y,x,reference\n{rows}")
    lines = str(caught.value).splitlines()
    assert len(lines) == 11
    assert lines[-1].endswith("20 more lines")


def test_a_photo_that_is_left_out_is_named_with_the_reason(root: Path) -> None:
    (root / "phone" / "copy.png").write_bytes((root / "phone" / "0.png").read_bytes())
    table = "photo,y,x,reference\nphone/0.png,0,0,canon/0.png\nphone/copy.png,0,0,canon/0.png\n"
    with pytest.raises(
        ValueError, match=r"line 3: .*got phone/copy\.png \(duplicate: of phone/0\.png\)"
    ):
        take(root, table)


def test_a_wrong_table_is_named(root: Path) -> None:
    with pytest.raises(ValueError, match=r"crops\.csv: expected the column reference, got photo,"):
        take(root, "photo,y,x\n")
    with pytest.raises(ValueError, match=r"crops\.csv: expected the column number, got photo, y"):
        take(root, "photo,y,x,reference\n", photo="phone/{number}.png")
    (root / "crops.csv").write_bytes("photo,y,x,reference\nphöne,0,0,a\n".encode("latin-1"))
    values: dict[str, Any] = {"kind": "folder", "path": str(root)}
    settings = FolderSettings(**values, crops=CropSettings(file="crops.csv"))
    with pytest.raises(ValueError, match=r"crops\.csv: expected a table of crops in UTF-8"):
        acquire("whole", settings, root / "out")
    with pytest.raises(ValueError, match="expected a table of crops below"):
        take(root, "photo,y,x,reference\n", file="../crops.csv")
    (root / "crops.csv").unlink()
    with pytest.raises(ValueError, match=r"crops\.csv: expected a table of crops, found none"):
        acquire("whole", settings, root / "out")
    with pytest.raises(ValidationError, match="leave out one of both"):
        FolderSettings(**values, crops=settings.crops, references="canon")


@pytest.mark.slow
def test_the_real_origins_of_patches_are_read_as_they_are() -> None:
    if not SHARED.is_dir():
        pytest.skip("no real photos here")
    values: dict[str, Any] = {"kind": "folder", "path": str(SHARED / "dped")}
    crops = CropSettings(
        file="patch_origins.csv",
        photo="iphone_full/{photo}",
        reference="patches/canon/{patch}.jpg",
        include=("patches/canon/2??.jpg",),
    )
    index = acquire("whole", FolderSettings(**values, crops=crops), Path("out"))
    assert sum(len(entry.crops) for entry in index.photos) == 19
    assert {crop.width_px for entry in index.photos for crop in entry.crops} == {100}
