"""The camera's degradation: what it does, and that it is found without pairs."""

import io

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from wespe.photos.filters import grey
from wespe.photos.images import Pixels
from wespe.photos.tensors import to_pixels, to_tensor
from wespe.results.cards import DegradationNumbers
from wespe.training.camera.degradation import Degradation, blurred
from wespe.training.camera.fit import Texture, fit_degradation
from wespe.training.camera.jpeg import jpeg

NOTHING = DegradationNumbers(
    blur_px=(0.05, 0.05),
    noise_levels=(1.0,) * 6,
    noise_factor=(0.0, 0.0),
    shared_noise=0.5,
    grain_px=(0.05, 0.05),
    jpeg_quality=(100.0, 100.0),
    files_quality=None,
    mismatch=0.0,
)


def scenes(seed: int, count: int = 32, side: int = 48) -> Tensor:
    """Patches with edges and texture of every scale, as photos have, and flat parts."""
    random, made = np.random.default_rng(seed), []
    for _ in range(count):
        canvas = np.full((4 * side, 4 * side, 3), random.integers(40, 200, 3), np.float32)
        for _ in range(60):
            corner = random.integers(0, 4 * side, 2)
            size = random.integers(2, 2 * side) ** random.uniform(0.5, 1)
            colour = random.integers(20, 230, 3).tolist()
            cv2.circle(canvas, corner.tolist(), int(size), colour, -1)
        made.append(cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA))
    return to_tensor(np.stack(made).round().astype(np.uint8))


def degraded(clean: Tensor, seed: int = 1, **changes: object) -> Tensor:
    numbers = DegradationNumbers(**{**vars(NOTHING), **changes})
    return Degradation(numbers)(clean, torch.Generator().manual_seed(seed))


def by_pillow(photo: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("quality", [60, 75, 90])
def test_jpeg_is_libjpegs(quality: int) -> None:
    clean = scenes(0, count=4)
    ours = to_pixels(jpeg(clean, torch.full((4,), float(quality)))).astype(int)
    theirs = np.stack([by_pillow(photo, quality) for photo in to_pixels(clean)]).astype(int)
    error = np.abs(theirs - to_pixels(clean)).mean()
    # Decoders round and enlarge chroma differently; what is lost is the same.
    assert np.abs(ours - theirs).mean() < 0.45 * error


def test_nothing_changes_nothing_but_rounding() -> None:
    clean = scenes(0, count=4)
    # Even at quality 100 chroma has half the resolution.
    assert grey(degraded(clean) - clean).abs().mean() < 0.7 / 255


def test_noise_is_as_strong_as_the_numbers_say() -> None:
    flat = torch.full((8, 3, 64, 64), 0.5)
    noisy = degraded(flat, noise_levels=(0.0, 0.0, 8.0, 8.0, 0.0, 0.0), noise_factor=(1.0, 1.0))
    assert 255 * float(noisy.mean(1).std()) == pytest.approx(8 * (0.5 + 0.5 / 3) ** 0.5, rel=0.1)
    dark = degraded(0.02 * flat, noise_levels=(0.0, 0.0, 8.0, 8.0, 0.0, 0.0), noise_factor=(1, 1))
    assert 255 * float(dark.std()) < 0.5


def test_each_patch_draws_its_own_and_the_same_again() -> None:
    clean = scenes(0, count=2)[[0, 0]]
    some = degraded(clean, blur_px=(0.3, 2.0))
    assert not torch.equal(some[0], some[1])
    assert torch.equal(some, degraded(clean, blur_px=(0.3, 2.0)))


def test_blur_is_a_gaussian() -> None:
    point = torch.zeros(1, 1, 31, 31)
    point[..., 15, 15] = 1
    spread = blurred(point, torch.tensor([1.5]))[0, 0]
    place = torch.arange(31.0) - 15
    assert float(spread.sum()) == pytest.approx(1, abs=1e-5)
    assert float((spread.sum(0) * place**2).sum()) == pytest.approx(1.5**2, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("blur", "noise", "quality"), [(0.6, 1.0, 95.0), (1.3, 3.0, 95.0), (1.0, 6.0, 80.0)]
)
def test_a_known_camera_is_found(blur: float, noise: float, quality: float) -> None:
    """Within 0.45 px of the blur and 35 % of the noise, from other scenes than it took."""
    taken = degraded(
        scenes(1),
        blur_px=(blur, blur),
        noise_factor=(noise, noise),
        grain_px=(0.4, 0.4),
        jpeg_quality=(quality, quality),
    )
    clean = scenes(2)
    found = fit_degradation(taken, clean)
    assert np.mean(found.blur_px) == pytest.approx(blur, abs=0.45)
    again = Degradation(found)(clean, torch.Generator().manual_seed(5))
    strength, wanted = (float(Texture.of(x).noise[:, 0].nanmean().exp()) for x in (again, taken))
    assert strength == pytest.approx(wanted, rel=0.35)
    assert found.mismatch is not None
    assert found.mismatch < 0.3


@pytest.mark.slow
def test_what_the_files_say_of_their_compression_is_believed() -> None:
    found = fit_degradation(scenes(1), scenes(2), files_quality=60)
    lowest, highest = found.jpeg_quality
    assert 50 <= lowest <= highest == 60
    assert "the files say up to 60" in str(found)


@pytest.mark.slow
def test_photos_that_are_as_clean_get_little() -> None:
    found = fit_degradation(scenes(1), scenes(2))
    change = Degradation(found)(scenes(2), torch.Generator().manual_seed(0)) - scenes(2)
    worse = degraded(scenes(2), blur_px=(1.0, 1.0), noise_factor=(4.0, 4.0)) - scenes(2)
    assert grey(change).abs().mean() < 0.7 * grey(worse).abs().mean()


@pytest.mark.slow
def test_flat_photos_are_no_evidence_and_no_error() -> None:
    flat = torch.full((6, 3, 64, 64), 0.4)
    found = fit_degradation(flat, flat)
    assert found.mismatch is not None
    assert np.isfinite([*found.blur_px, *found.noise_levels, found.mismatch]).all()
