"""Making photos smaller and larger as MATLAB does: against Pillow, by hand, and known figures."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

from tests.published import SHARED
from wespe.judging.metrics.luma import luma
from wespe.photos.images import Pixels, read_photo
from wespe.photos.resizing import (
    bicubic_down,
    bicubic_up,
    blurred_down,
    larger,
    rounded,
    smaller,
)


def noise(height: int, width: int) -> torch.Tensor:
    return torch.rand(1, 1, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_inside_it_is_pillows_bicubic(factor: int) -> None:
    small = noise(12, 15)
    large = noise(12 * factor, 15 * factor)
    for image, got, size in (
        (large, bicubic_down(large, factor), (15, 12)),
        (small, bicubic_up(small, factor), (15 * factor, 12 * factor)),
    ):
        pillow = Image.fromarray(image[0, 0].numpy()).resize(size, Image.Resampling.BICUBIC)
        margin = 2 if image is large else 2 * factor  # Pillow has its own way at the border.
        inside = (slice(margin, -margin), slice(margin, -margin))
        np.testing.assert_allclose(got[0, 0].numpy()[inside], np.asarray(pillow)[inside], atol=1e-5)


@pytest.mark.parametrize("shrink", [bicubic_down, blurred_down])
def test_constants_and_slopes_stay_in_their_place(
    shrink: Callable[[torch.Tensor, int], torch.Tensor],
) -> None:
    constant = torch.full((1, 3, 8, 12), 0.3)
    torch.testing.assert_close(shrink(constant, 4), torch.full((1, 3, 2, 3), 0.3))
    slope = torch.arange(80.0).expand(1, 1, 8, -1)
    # The middle of px 0 to 3 lies at 1.5.
    expected = 4 * torch.arange(20.0) + 1.5
    torch.testing.assert_close(shrink(slope, 4)[0, 0, 0, 4:-4], expected[4:-4])


def test_the_border_is_mirrored() -> None:
    image = noise(8, 24)
    both = torch.cat([image.flip(-1), image, image.flip(-1)], -1)
    torch.testing.assert_close(bicubic_down(both, 4)[..., 6:12], bicubic_down(image, 4))
    torch.testing.assert_close(bicubic_up(both, 2)[..., 48:96], bicubic_up(image, 2))


def test_the_weights_of_a_halving_by_hand() -> None:
    line = torch.zeros(1, 1, 2, 16)
    line[..., 8] = 1
    # Keys' kernel, a = -0.5, at twice its width: half its value at 1.75, 0.75, 0.25 and 1.25.
    expected = [0, 0, -0.01171875, 0.11328125, 0.43359375, -0.03515625, 0, 0]
    torch.testing.assert_close(bicubic_down(line, 2)[0, 0, 0], torch.tensor(expected))


def test_rounding_is_to_levels_and_halves_go_up() -> None:
    levels = torch.tensor([-3.0, 0.49, 0.5, 1.5, 2.5, 254.5, 300.0])
    torch.testing.assert_close(
        rounded(levels / 255) * 255, torch.tensor([0.0, 0, 1, 2, 3, 255, 255])
    )


def test_photos_lose_what_is_left_of_a_multiple() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (11, 18, 3), np.uint8)
    small = smaller(photo, 4)
    assert small.shape == (2, 4, 3)
    np.testing.assert_array_equal(small, smaller(photo[:8, :16], 4))
    assert larger(small, 4).shape == (8, 16, 3)


@pytest.mark.skipif(not (SHARED / "set5").is_dir(), reason="needs the real photos")
@pytest.mark.parametrize(("photos", "expected"), [("set5", 28.42), ("set14", 26.00)])
def test_the_psnr_of_bicubic_is_the_published_one(photos: str, expected: float) -> None:
    """Published is the mean of Set14 with one of its photos grey, on all 256 levels."""
    values = []
    for path in sorted((SHARED / photos).glob("*.png")):
        large = read_photo(path).pixels
        enlarged = larger(smaller(large, 4), 4)
        grey = photos == "set14" and path.stem == "img_003"
        values.append(psnr(enlarged, large, grey=grey))
    assert np.mean(values) == pytest.approx(expected, abs=0.02)


def psnr(photo: Pixels, reference: Pixels, *, grey: bool) -> float:
    both = [one[..., 0].astype(float) if grey else luma(one) for one in (photo, reference)]
    difference = (both[0] - both[1])[4:-4, 4:-4]
    return float(10 * np.log10(255**2 / np.square(difference).mean()))
