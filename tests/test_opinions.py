"""People's scores of the photos of a folder."""

from pathlib import Path
from typing import Any

import pytest

from tests.opinions import write_scored, write_table
from wespe.data.folder import FolderSettings, acquire
from wespe.data.opinions import Opinions, is_held_out, read_opinions
from wespe.results.index import PhotoIndex, read_index, write_index

FILES = ["a/1.png", "a/2.png", "b/2.png", "b/3.png"]


def read(path: Path, *where: str, columns: tuple[str, str] = ("file", "mos")) -> Opinions:
    return read_opinions(path, FILES, columns=columns, where=where)


def source(folder: Path, **changes: Any) -> PhotoIndex:
    values: dict[str, Any] = {"kind": "folder", "path": str(folder), "scores": "mos.csv"}
    settings = FolderSettings(**values | {"min_side_px": 8} | changes)
    return acquire("people", settings, folder / "out")


def test_photos_are_found_by_their_path_or_their_name_alone(tmp_path: Path) -> None:
    table = write_table(tmp_path / "mos.csv", [("a/2.png", 2), ("1.png", 1.5), ("b/2.png", "3e0")])
    assert read(table).mos == {"a/2.png": 2.0, "a/1.png": 1.5, "b/2.png": 3.0}


def test_columns_have_any_name_and_others_are_ignored(tmp_path: Path) -> None:
    # As a spreadsheet saves it, with a mark before the first column.
    table = tmp_path / "koniq.csv"
    table.write_text("\ufeffimage_name,c1,MOS,set\n3.png,9,71.5,test\n", "utf-8")
    assert read(table, columns=("image_name", "MOS")).mos == {"b/3.png": 71.5}


def test_conditions_choose_rows(tmp_path: Path) -> None:
    rows = [("a/1.png", 1, "rated", 5), ("a/2.png", 2, "high", 5), ("b/3.png", 3, "rated", 6)]
    table = write_table(tmp_path / "mos.csv", rows, ("file", "mos", "part", "lab"))
    found = read(table, "part=rated")
    assert found.mos == {"a/1.png": 1.0, "b/3.png": 3.0}
    assert found.left_out == {"a/2.png"}
    assert list(read(table, "part=rated", "lab=6").mos) == ["b/3.png"]
    with pytest.raises(ValueError, match=r"mos.csv: expected scores with part=x, got none in 3"):
        read(table, "part=x")
    with pytest.raises(ValueError, match=r"mos.csv: expected the column room, got file, mos, part"):
        read(table, "room=1")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a/1.png", 1), ("9.png", 1)], r"line 3: expected a photo of the folder, got '9.png'"),
        ([("2.png", 1)], r"line 2: 2.png could be a/2.png or b/2.png"),
        ([("1.png", 1), ("a/1.png", 1)], r"line 3: a/1.png is already on line 2"),
        ([("1.png", "good")], r"line 2: mos must be a number, got 'good'"),
        ([("1.png", "nan")], r"line 2: mos must be a number, got 'nan'"),
        ([("1.png",)], r"line 2: mos must be a number, got None"),
        ([], r"mos.csv: expected scores, got none in 0 rows"),
    ],
)
def test_wrong_rows_are_named_with_their_line(
    rows: list[tuple[object, ...]], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        read(write_table(tmp_path / "mos.csv", rows))


def test_a_missing_table_or_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"mos.csv: expected a table of people's scores, found no"):
        read(tmp_path / "mos.csv")
    table = write_table(tmp_path / "mos.csv", [("1.png", 1)], ("file", "score"))
    with pytest.raises(ValueError, match=r"mos.csv: expected the column mos, got file, score"):
        read(table)


def test_the_index_of_a_folder_has_the_scores(tmp_path: Path) -> None:
    scores = write_scored(tmp_path, 6)
    index = source(tmp_path)
    assert [entry.mos for entry in index.photos] == scores
    write_index(tmp_path / "index.json", index)
    assert [entry.mos for entry in read_index(tmp_path / "index.json").photos] == scores


def test_photos_without_a_score_are_named_and_those_not_chosen_are_not(tmp_path: Path) -> None:
    write_scored(tmp_path, 3)
    rows = [("0.png", 0.5, "rated"), ("1.png", 0.5, "high")]
    write_table(tmp_path / "mos.csv", rows, ("file", "mos", "part"))
    index = source(tmp_path, scores_where=("part=rated",))
    assert [entry.file for entry in index.photos] == ["0.png"]
    reasons = [(skipped.file, skipped.reason) for skipped in index.skipped]
    assert reasons == [("2.png", "without score: not in mos.csv")]


def test_wrong_scores_name_the_source(tmp_path: Path) -> None:
    write_scored(tmp_path, 1)
    with pytest.raises(ValueError, match=r"source people: .*expected the column points, got file"):
        source(tmp_path, scores_mos="points")


def test_scores_lie_where_changes_are_noticed(tmp_path: Path) -> None:
    write_scored(tmp_path / "photos", 1)
    write_table(tmp_path / "mos.csv", [("0.png", 1)])
    with pytest.raises(
        ValueError, match=r"source people: expected a file of scores below .*photos"
    ):
        source(tmp_path / "photos", scores="../mos.csv")


def test_what_is_held_out_hangs_on_the_name_alone(tmp_path: Path) -> None:
    # The SHA-256 of "0.png" begins with 0f25, which is 0.059 of ffff, that of "1.png" with 9461.
    assert [is_held_out(name, 0.3) for name in ("0.png", "1.png")] == [True, False]
    names = [f"{number}.jpg" for number in range(2000)]
    share = sum(is_held_out(name, 0.3) for name in names) / len(names)
    assert share == pytest.approx(0.3, abs=0.03)
    assert [is_held_out(f"a/{name}", 0.3) for name in names] == [
        is_held_out(name, 0.3) for name in names
    ]
    # Who is held out stays so where more are.
    assert all(is_held_out(name, 0.5) for name in names if is_held_out(name, 0.3))
    write_scored(tmp_path, 20)
    index = source(tmp_path)
    assert [e.held_out for e in index.photos] == [is_held_out(e.file, 0.3) for e in index.photos]
    assert not any(entry.held_out for entry in source(tmp_path, scores_held_out=0.0).photos)
