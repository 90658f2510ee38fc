from pathlib import Path
from typing import Any

import pytest

from tests.faves import PARTS, read_rows, write_faves, write_rows
from wespe.results.faves import median_split, of_part, read_faves


def test_median_split_hand_computed() -> None:
    # The training scores are 1, 4, 6 and 9: their median is 5. The others have no say in it.
    scores = [4.0, 1.0, 9.0, 6.0, 5.0, 5.1, 100.0]
    parts: list[Any] = ["train"] * 4 + ["validation", "validation", "test"]
    assert median_split(scores, parts) == ([0, 0, 1, 1, 0, 1, 1], 5.0)


def test_a_score_at_the_median_is_not_above_it() -> None:
    assert median_split([1.0, 2.0, 3.0], ["train"] * 3) == ([0, 0, 1], 2.0)


def test_without_training_photos_there_is_no_split() -> None:
    with pytest.raises(ValueError, match="expected scores of photos for training, got none"):
        median_split([1.0], ["test"])


def test_the_table_is_read(tmp_path: Path) -> None:
    photos = read_faves(tmp_path, write_faves(tmp_path))
    assert [photo.part for photo in photos] == list(PARTS)
    assert [photo.label for photo in photos] == [1, 0] * 8
    assert photos[3].path == tmp_path / "photos/3.png"
    assert photos[3].score == 0.01
    assert len(of_part(photos, "validation")) == 4


def test_a_table_may_name_photos_by_their_whole_path(tmp_path: Path) -> None:
    # As that of a crawl of Flickr does, whose photos lie elsewhere.
    index = write_faves(tmp_path)
    rows = read_rows(tmp_path)
    write_rows(tmp_path, [row | {"file": f"{tmp_path}/{row['file']}"} for row in rows])
    assert read_faves(tmp_path, index)[0].path == tmp_path / "photos/0.png"


@pytest.mark.parametrize(
    ("row", "change", "message"),
    [
        (0, {"owner": "test-6"}, "owner test-6 has photos for train and for test: popularity"),
        (
            1,
            {"label": "1"},
            r"1\.png has the label 1 and the score 0\.01, expected 0: the training",
        ),
        (2, {"label": "yes"}, "faves.csv, line 4: label must be 0 or 1, got 'yes'"),
        (2, {"split": "dev"}, "line 4: split must be train or validation or test, got 'dev'"),
        (2, {"score": "many"}, "line 4: score must be a number, got 'many'"),
        (2, {"file": "photos/99.png"}, "line 4: expected a photo of the index, got 'photos/99"),
    ],
)
def test_a_wrong_row_is_named(
    tmp_path: Path, row: int, change: dict[str, str], message: str
) -> None:
    index = write_faves(tmp_path)
    rows = read_rows(tmp_path)
    rows[row] |= change
    write_rows(tmp_path, rows)
    with pytest.raises(ValueError, match=message):
        read_faves(tmp_path, index)


def test_a_source_without_a_table_is_told_which_have_one(tmp_path: Path) -> None:
    index = write_faves(tmp_path)
    (tmp_path / "faves.csv").unlink()
    with pytest.raises(ValueError, match=r"source faves: expected a table of faves.*got none; s"):
        read_faves(tmp_path, index)


def test_a_lacking_column_is_named(tmp_path: Path) -> None:
    index = write_faves(tmp_path)
    rows = read_rows(tmp_path)
    write_rows(tmp_path, [{k: v for k, v in row.items() if k != "owner"} for row in rows])
    with pytest.raises(ValueError, match=r"expected columns .*, got no owner"):
        read_faves(tmp_path, index)


def test_an_empty_part_is_named(tmp_path: Path) -> None:
    index = write_faves(tmp_path, parts=("train",) * 4 + ("test",) * 2)
    with pytest.raises(ValueError, match="expected photos for validation, got none"):
        read_faves(tmp_path, index)
