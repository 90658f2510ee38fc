"""How far scores agree with people's: by hand, of metrics and raters, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.opinions import scored_index
from wespe.cli import main
from wespe.judging.agreement import Judge, agreements, open_judge
from wespe.photos.images import Pixels
from wespe.results.agreement import agreement, with_people
from wespe.results.index import PhotoEntry, PhotoIndex
from wespe.results.score import Score


def index(*photos: tuple[float | None, bool]) -> PhotoIndex:
    entries = [
        PhotoEntry(f"{number}.png", 8, 8, "", mos=mos, held_out=held_out)
        for number, (mos, held_out) in enumerate(photos)
    ]
    return PhotoIndex("people", "", "made by hand", True, entries)


def test_agreement_hand_computed() -> None:
    found = agreement([1, 2, 9], [1, 2, 3])
    assert (found.n, found.spearman.value) == (3, 1)
    assert found.pearson.value == pytest.approx(8 / (2 * 38) ** 0.5)
    assert (found.spearman.low, found.spearman.text) == (None, "1.000")
    assert agreement([1, 2, 9], [1, 2, 3], lower=True).spearman.value == -1


def test_an_interval_has_the_value_inside() -> None:
    random = np.random.default_rng(0)
    mos = random.uniform(0, 1, 40)
    found = agreement((mos + random.normal(0, 0.2, 40)).tolist(), mos.tolist())
    assert found.spearman.low
    assert found.spearman.high
    assert 0.4 < found.spearman.low < found.spearman.value < found.spearman.high < 1
    assert found.spearman.text.startswith(f"{found.spearman.value:.3f} (95 %: ")


def test_held_out_photos_are_a_part_of_their_own() -> None:
    photos = index((0.1, False), (0.2, True), (None, False), (0.3, True), (0.4, True), (0.9, False))
    scores = {"0.png": 9.0, "1.png": 1.0, "2.png": 7.0, "3.png": 2.0, "4.png": 3.0}
    found = with_people(scores, photos)
    assert found
    assert found.held_out
    assert (found.all.n, found.held_out.n) == (4, 3)  # photos without either score do not count
    assert found.held_out.spearman.value == 1
    assert found.all.spearman.value == pytest.approx(-0.2)
    few = with_people({"0.png": 1.0, "3.png": 2.0, "5.png": 3.0}, photos)
    assert few
    assert few.held_out is None
    assert with_people({"0.png": 1.0, "3.png": 2.0}, photos) is None


def test_judges_are_held_against_people(tmp_path: Path) -> None:
    scored = scored_index(tmp_path, 30, size_px=32)

    def noise(photo: Pixels) -> float:
        return float(np.abs(np.diff(photo.astype(float), axis=1)).mean())

    judges = [
        Judge(Score("noise", better="lower"), noise),
        Judge(Score("level"), lambda photo: float(photo.mean())),
    ]
    found = agreements(scored, judges)
    assert list(found) == ["noise", "level"]
    assert found["noise"].all.spearman.value > 0.9
    assert abs(found["level"].all.spearman.value) < 0.6
    with pytest.raises(ValueError, match="source people: expected at least 3 photos with people's"):
        agreements(replace(scored, photos=scored.photos[:2]), judges)


def test_judges_that_need_a_reference_are_refused(tmp_path: Path) -> None:
    assert open_judge("entropy_bit").shown.label == "entropy"
    with pytest.raises(ValueError, match="psnr_db needs a reference"):
        open_judge("psnr_db")
    with pytest.raises(ValueError, match=r"none\.safetensors: no such rater"):
        open_judge(str(tmp_path / "none.safetensors"))
    with pytest.raises(ValueError, match=r"rater: brisqe; did you mean brisque\?"):
        open_judge("brisqe")


def test_the_command_prints_a_line_a_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scored_index(tmp_path, 30, size_px=32)
    with pytest.raises(SystemExit) as ended:
        main(["agree", "--index", str(tmp_path / "index.json"), "entropy_bit", "png_bpp"])
    assert not ended.value.code
    lines = capsys.readouterr().out.splitlines()
    starts = ["entropy: all 30", "entropy: held out", "PNG size: all 30", "PNG size: held out"]
    assert [any(line.startswith(start) for line in lines) for start in starts] == [True] * 4
