"""A study of mean opinion scores of super-resolution, from the evaluation to the report."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.test_evaluation import MakeIndex, make_index, photo
from tests.test_evaluation_enlarging import enlarging
from wespe import cli
from wespe.apps.study.folder import read_study
from wespe.apps.study.votes import Votes
from wespe.networks.checkpoints import save_generator
from wespe.networks.enlarging.compact import Compact
from wespe.photos.images import read_photo, write_photo
from wespe.photos.resizing import larger, smaller

__all__ = ["make_index"]

RATED = {"bicubic": 2, "enhanced": 3, "target": 5, "degraded": 1}
"""What each method deserves, which simulated subjects give it."""


def command(*arguments: str) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["study", *arguments])
    assert not ended.value.code


def test_from_the_evaluation_to_mean_opinion_scores(
    make_index: MakeIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = {f"{number}.png": photo(number, 48, 64) for number in range(5)}
    evaluation, folder = tmp_path / "set5", tmp_path / "opinions"
    enlarging(make_index(pictures, {}), evaluation, pictures=5)
    kind = ("--kind", "mos", "--against", "bicubic", "target")
    few = ("--photos", "4", "--practice", "1", "--catches", "1")
    command("build", str(folder), "--set", f"set5={evaluation}", *kind, *few)
    study = read_study(folder)
    assert study.kind == "ratings"
    main = [study.items[number] for number in study.numbers("main")]
    assert sorted(item.methods[0] for item in main) == sorted(4 * ["bicubic", "enhanced", "target"])
    # What is shown is the photo itself, and the small one by bicubic, each under a random name.
    for item in main:
        [method], [file] = item.methods, item.pictures
        assert not any(word in file for word in (method, Path(item.photo).stem + "."))
        shown = read_photo(folder / "pictures" / file).pixels.astype(int)
        whole = read_photo(evaluation / "pictures" / f"{item.photo}.target.jpg").pixels
        expected = larger(smaller(whole, 4), 4) if method == "bicubic" else whole
        if method != "enhanced":
            assert np.abs(shown - expected).mean() < 6
    votes = Votes(folder / "votes.sqlite", study)
    for _ in range(6):
        code = votes.enrol(simulated=True)
        for position in range(len(study.items)):
            votes.vote(code, position, 1, seconds=1)
            votes.connection.execute(
                "UPDATE votes SET choice = ? WHERE subject = (SELECT max(number) FROM subjects)"
                " AND position = ?",
                (RATED[votes.votes()[-1].shown[0]], position),
            )
    votes.close()
    capsys.readouterr()
    command("report", str(folder), "--out", str(tmp_path / "studies"))
    page = capsys.readouterr().out
    for method, mean in (("bicubic", 2), ("enhanced", 3), ("target", 5)):
        assert f"| set5 | {method} | 24 | 6 | {mean}.00 | 0.00 |" in page
    assert "| Set5 | 1.28 | 1.97 | 2.57 | 3.37 | 3.58 | 4.32 |" in page
    assert "Set14" not in page
    assert "table 5" not in page


def test_small_photos_of_a_folder_are_shown_at_one_size(tmp_path: Path) -> None:
    for number in range(2):
        write_photo(tmp_path / "small" / f"{number}.png", photo(number, 12, 16))
    torch.manual_seed(0)
    model = tmp_path / "large.safetensors"
    save_generator(model, Compact(scale=2, width=4, layers=1))
    given = ("--set", f"mine={tmp_path / 'small'}", "--model", str(model))
    few = ("--photos", "1", "--practice", "0", "--catches", "0")
    command("build", str(tmp_path / "pairs"), *given, *few, "--against", "bicubic", "original")
    study = read_study(tmp_path / "pairs")
    assert [item.methods for item in study.items] == [
        ("enhanced", "bicubic"),
        ("enhanced", "original"),
    ]
    for item in study.items:
        for file in item.pictures:
            assert read_photo(tmp_path / "pairs" / "pictures" / file).pixels.shape == (24, 32, 3)
