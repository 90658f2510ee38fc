"""Evaluations of networks that enlarge: photos are made smaller first, and are their own
references."""

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.published import SHARED
from tests.test_evaluation import MakeIndex, make_index, photo, run
from wespe.data.folder import FolderSettings, acquire
from wespe.judging.metrics.luma import psnr_y_db
from wespe.photos.images import Pixels, read_photo
from wespe.photos.resizing import larger, smaller
from wespe.results.evaluations import read_images
from wespe.results.index import PhotoIndex

__all__ = ["make_index"]

METRICS = ("psnr_y_db", "ssim_y")


def is_grey(path: Path) -> bool:
    with Image.open(path) as image:
        return image.mode == "L"


def nearest(photo: Pixels, factor: int) -> Pixels:
    return np.ascontiguousarray(photo.repeat(factor, 0).repeat(factor, 1))


def enlarging(index: PhotoIndex, out: Path, scale: int = 4, **changed: Any) -> Any:
    given = {"enhance": partial(nearest, factor=scale), "baselines": {}, "metrics": METRICS}
    return run(index, out, **{**given, "scale": scale, **changed})


def test_photos_are_their_own_references_without_a_border(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    # 50×38 px: what is left of a multiple of 4 is cut off.
    pictures = {"a.png": photo(1, 38, 50), "b.png": photo(2, 40, 48)}
    summary = enlarging(make_index(pictures, {}), tmp_path / "out")
    assert (summary.scale, summary.n_images, summary.n_crops, summary.n_identical) == (4, 2, 0, 0)
    found = {
        (row.image, row.method): row.values for row in read_images(tmp_path / "out" / "images.csv")
    }
    assert {method for _, method in found} == {"original", "enhanced", "target"}
    for name, full in pictures.items():
        height, width = (side // 4 * 4 for side in full.shape[:2])
        small, reference = smaller(full, 4), full[4 : height - 4, 4 : width - 4]
        for method, result in (("original", larger(small, 4)), ("enhanced", nearest(small, 4))):
            expected = psnr_y_db(result[4 : height - 4, 4 : width - 4], reference)
            assert found[f"x/{name}", method]["psnr_y_db"] == pytest.approx(expected, abs=1e-6)


def test_its_pictures_are_all_as_large_as_the_photo(make_index: MakeIndex, tmp_path: Path) -> None:
    index = make_index({"a.png": photo(1, 38, 50)}, {})
    summary = enlarging(index, tmp_path / "out", pictures=1)
    assert summary.sizes == {"a": (48, 36)}
    for method in ("original", "enhanced", "target"):
        picture = read_photo(tmp_path / "out" / "pictures" / f"a.{method}.jpg").pixels
        assert picture.shape == (36, 48, 3), method


def test_the_number_of_workers_changes_no_result(make_index: MakeIndex, tmp_path: Path) -> None:
    index = make_index({"a.png": photo(1), "b.png": photo(2)}, {})
    one, two = (
        enlarging(index, tmp_path / str(count), scale=2, workers=count).methods for count in (1, 2)
    )
    assert one == two


def test_photos_with_references_are_refused(make_index: MakeIndex, tmp_path: Path) -> None:
    index = make_index({"a.png": photo(1)}, {"a.png": photo(2)})
    with pytest.raises(ValueError, match="set: expected photos without references"):
        enlarging(index, tmp_path / "out")


def test_photos_too_small_to_be_made_smaller_are_left_out(
    make_index: MakeIndex, tmp_path: Path
) -> None:
    index = make_index({"a.png": photo(1, 15, 40), "b.png": photo(2, 16, 40)}, {})
    summary = enlarging(index, tmp_path / "out")
    (left_out,) = summary.unreadable
    assert left_out.reason == "expected at least 16×16 px, got 40×15 px"
    assert summary.n_images == 1


@pytest.mark.skipif(not (SHARED / "set5").is_dir(), reason="needs the real photos")
@pytest.mark.parametrize(("photos", "psnr_db"), [("set5", 28.42), ("set14", 26.00)])
def test_bicubic_has_its_published_figures(tmp_path: Path, photos: str, psnr_db: float) -> None:
    settings = FolderSettings(kind="folder", path=str(SHARED / photos))
    index = acquire(photos, settings, tmp_path / "index")
    assert not index.skipped
    summary = enlarging(index, tmp_path / "out")
    mean = summary.mean("original", "psnr_y_db")
    assert mean is not None
    # The published figures take the levels of a grey photo as they are, 0 … 255, instead of luma in
    # 16 … 235. Set14 has one.
    greys = sum(is_grey(path) for path in (SHARED / photos).glob("*.png"))
    assert greys == (photos == "set14")
    shift_db = greys / summary.n_images * 20 * math.log10(255 / 219)
    assert mean - shift_db == pytest.approx(psnr_db, abs=0.02)
