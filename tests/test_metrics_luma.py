"""PSNR and SSIM of luma: by hand, against scikit-image, and against published results."""

import math

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from tests.published import SHARED
from wespe.judging.metrics.luma import luma, psnr_y_db, ssim_y
from wespe.photos.images import Pixels, read_photo

OUTPUTS = SHARED / "srgan_outputs"


def photo(seed: int, shape: tuple[int, ...] = (40, 33, 3)) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def test_luma_by_hand() -> None:
    colours = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 0, 255]]], np.uint8)
    np.testing.assert_allclose(luma(colours), [[16, 235, 81.481, 40.966]])


def test_psnr_by_hand() -> None:
    dark, bright = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 10, np.uint8)
    assert psnr_y_db(dark, bright) == pytest.approx(20 * math.log10(255 / (219 * 10 / 255)))
    assert psnr_y_db(dark, dark) == math.inf


def test_ssim_is_that_of_scikit_image() -> None:
    one, other = photo(0), photo(0) // 2 + photo(1) // 3
    _, every = structural_similarity(
        luma(one),
        luma(other),
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    # Where the window lies inside.
    assert ssim_y(one, other) == pytest.approx(every[5:-5, 5:-5].mean(), abs=1e-9)
    assert ssim_y(one, one) == pytest.approx(1)


@pytest.mark.skipif(not OUTPUTS.is_dir(), reason="needs the real photos")
@pytest.mark.parametrize(
    ("photos", "psnr_db", "ssim"), [("set5", 29.92, 0.8354), ("set14", 26.95, 0.7051)]
)
def test_published_results_have_their_published_figures(
    photos: str, psnr_db: float, ssim: float
) -> None:
    references = [read_photo(path).pixels for path in sorted((SHARED / photos).glob("*.png"))]
    results = [read_photo(path).pixels for path in sorted(OUTPUTS.glob(f"{photos}_*.png"))]
    inside = (slice(4, -4), slice(4, -4))
    both = [
        (result[inside], reference[inside])
        for result, reference in zip(results, references, strict=True)
    ]
    assert np.mean([psnr_y_db(*each) for each in both]) == pytest.approx(psnr_db, abs=0.006)
    assert np.mean([ssim_y(*each) for each in both]) == pytest.approx(ssim, abs=0.00006)
