"""The unpaired transport of levels, saturation and local contrast."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from skimage.exposure import match_histograms

from wespe.judging.metrics.psnr import psnr_db
from wespe.networks.transport import Transport
from wespe.photos.images import read_photo
from wespe.photos.tensors import to_pixels, to_tensor
from wespe.training.transport.fit import VIVIDNESS, fit_transport, histogram_match

DPED = Path(__file__).parents[1].parent / "shared" / "data" / "dped" / "patches"
LEVELS = np.arange(256.0)[:, None].repeat(3, axis=1)


def patches(seed: int, mean: float, deviation: float, count: int = 5) -> np.ndarray:
    levels = np.random.default_rng(seed).normal(mean, deviation, (count, 40, 40, 3))
    return levels.clip(0, 255).astype(np.uint8)


def smooth(seed: int, count: int = 8) -> np.ndarray:
    """Patches with structure at every scale, in moderate colours and contrast."""
    random = np.random.default_rng(seed)
    layers = [
        cv2.resize(random.normal(0, 1, (side, side, 3 * count)), (64, 64)) for side in (4, 12, 40)
    ]
    stack = np.moveaxis(np.sum(layers, axis=0).reshape(64, 64, 3, count), -1, 0)
    grey = stack.mean(-1, keepdims=True)
    return np.asarray((128 + 18 * grey + 9 * (stack - grey)).clip(0, 255).round(), np.uint8)


def match(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    levels = histogram_match(source, target)
    return to_pixels(Transport(levels).match(to_tensor(source)))


def test_curves_hand_computed() -> None:
    source = np.repeat([10, 10, 20, 30], 256).astype(np.uint8).reshape(1, 32, 32, 1)
    target = np.repeat([100, 100, 120, 200], 256).astype(np.uint8).reshape(1, 32, 32, 1)
    levels = histogram_match(source.repeat(3, axis=-1), target.repeat(3, axis=-1))
    assert levels[[10, 20, 30], 0] == pytest.approx([100, 120, 200], abs=1e-4)
    # Level 15 ranks at 1/2, between the middles of 100 (1/4) and 120 (5/8).
    assert levels[15, 0] == pytest.approx(100 + 20 * (1 / 2 - 1 / 4) / (5 / 8 - 1 / 4), abs=1e-4)


def test_curves_are_monotone_and_per_channel() -> None:
    target = patches(1, 130, 40)
    target[..., 2] //= 2
    levels = histogram_match(patches(0, 90, 20), target)
    assert (np.diff(levels, axis=0) >= 0).all()
    assert levels[90, 2] < levels[90, 0] - 40


def test_curves_agree_with_skimage_on_one_photo() -> None:
    source, target = patches(0, 90, 20), patches(1, 130, 25)
    reference = match_histograms(source[0], target[0], channel_axis=-1).astype(int)
    ours = match(source[:1], target[:1])[0]
    # skimage ranks a level by the top of its pixels, we by their middle, and it rounds down: a
    # level or two in the sparse tails, less elsewhere.
    assert np.abs(ours - reference).mean() < 1
    assert np.abs(ours.mean((0, 1)) - target[0].mean((0, 1))).max() < 0.3


def test_equal_sets_change_nothing() -> None:
    source = smooth(0)
    transport = fit_transport(source, source)
    assert transport.gains.tolist() == [1, 1, 1]
    assert np.array_equal(transport.enhance(source[0]), source[0])


def test_a_curve_that_flattens_the_bright_keeps_half_of_the_colour_it_takes() -> None:
    # Above level 100 it rises by a half a level: 200 → 225, with a slope of 1/4 around it.
    curve = np.interp(np.arange(256.0), [0, 100, 180, 220, 255], [0, 150, 220, 230, 255])
    sky, night = np.full((1, 1, 3), (190, 200, 210)), np.full((1, 1, 3), (40, 50, 60))
    transport = Transport(curve[:, None].repeat(3, axis=1), vividness=0.5)
    for photo, chroma in ((sky, (0.25 + 233 / 208) / 2 * 10), (night, (1.5 + 83 / 58) / 2 * 10)):
        toned = 255 * transport.tone(to_tensor(photo.astype(np.uint8))).flatten()
        luma = float(toned @ torch.tensor([0.299, 0.587, 0.114]))
        # The luma is that of the curves by themselves.
        matched = np.interp(photo.flatten(), np.arange(256), curve) @ [0.299, 0.587, 0.114]
        assert luma == pytest.approx(matched, abs=0.01)
        assert float(toned[2] - toned[0]) / 2 == pytest.approx(chroma, rel=0.02)


def test_curves_that_move_channels_apart_do_so_in_full() -> None:
    warm = LEVELS + np.array([10, 0, -10])
    toned = (
        255
        * Transport(warm, vividness=0.5)
        .tone(to_tensor(np.full((1, 1, 3), 128, np.uint8)))
        .flatten()
    )
    assert toned.tolist() == pytest.approx([138, 128, 118], abs=0.01)


def test_colours_are_given_back_only_where_the_sets_show_other_things() -> None:
    source, target = smooth(0), smooth(1)
    assert float(fit_transport(source, target).vividness) == VIVIDNESS
    assert float(fit_transport(source, target, shrink=False).vividness) == 0


@pytest.mark.slow
def test_a_look_is_found_and_made() -> None:
    # Enough of them for chance to explain little.
    source = np.concatenate([smooth(seed) for seed in range(20)])
    target = to_pixels(Transport(LEVELS, 1.3, (1.4, 0.8))(to_tensor(source)))
    found = fit_transport(source, target)
    # What the curves take of it is missing in the gains.
    saturation, fine, coarse = found.gains.tolist()
    assert saturation > 1.02
    assert fine > 1 > 0.9 > coarse
    moved = np.stack([found.enhance(photo) for photo in source])
    curves = np.stack([Transport(found.levels).enhance(photo) for photo in source])
    errors = [np.abs(photos.astype(float) - target).mean() for photos in (moved, curves, source)]
    assert errors[0] < 0.6 * errors[1] < 0.6 * errors[2]
    again = fit_transport(moved, target)
    assert again.gains.tolist() == pytest.approx([1, 1, 1], abs=0.12)


@pytest.mark.slow
def test_grey_photos_get_no_colour() -> None:
    coloured = np.concatenate([smooth(seed) for seed in range(20)])
    grey = np.concatenate([smooth(seed) for seed in range(20, 40)])[..., :1].repeat(3, axis=-1)
    moved = fit_transport(grey, coloured)(to_tensor(grey[:8])) * 255
    assert float((moved.amax(1) - moved.amin(1)).mean()) < 2


def test_saturation_and_contrast_leave_grey_and_flat_photos_alone() -> None:
    strong = Transport(LEVELS, 1.4, (1.4, 1.4))
    grey = smooth(2)[..., :1].repeat(3, axis=-1)
    enhanced = strong.enhance(grey[0]).astype(int)
    assert np.ptp(enhanced, axis=-1).max() <= 1
    assert enhanced.std() > grey[0].std()
    flat = np.full((40, 50, 3), 77, np.uint8)
    assert np.array_equal(strong.enhance(flat), flat)


def test_vivid_contents_do_not_count_as_look() -> None:
    grey = smooth(0)[..., :1].repeat(3, axis=-1) + np.array([0, 1, 2], np.uint8)
    assert fit_transport(grey, patches(1, 128, 60)).gains[0].item() == pytest.approx(1.4)


def shifted(shifts: list[float], channel_shifts: list[float]) -> np.ndarray:
    """Uniform noise from 60 to 160, a patch for each shift of all and of the red channel."""
    random = np.random.default_rng(0)
    noise = random.uniform(60, 160, (len(shifts), 64, 64, 3)) + np.reshape(shifts, (-1, 1, 1, 1))
    noise[..., 0] += np.reshape(channel_shifts, (-1, 1, 1))
    return np.asarray(noise.round(), np.uint8)


def test_levels_are_shrunk_by_what_chance_explains() -> None:
    signs = np.array([1, -1] * 4)  # eight photos a domain
    # Brightness: means 0 and 20, variances of a photo 8 · 8/7, so that of their difference is
    # 2 · (64/7)/8 = 2.3, and the share to trust 1 − 2.3/400 = 0.994.
    brightness = np.sqrt(8) * signs
    sure = fit_transport(
        shifted(list(brightness), [0] * 8), shifted(list(brightness + 20), [0] * 8)
    )
    assert sure.levels[80:150].mean(axis=1) - np.arange(80, 150) == pytest.approx(19.9, abs=0.5)
    # Red: the difference of 3 has a variance of 2 · (40 · 8/7)/8 = 11.4, more than its square.
    red = np.sqrt(40) * signs
    domains = shifted([0] * 8, list(red)), shifted([0] * 8, list(red + 3))
    chance = fit_transport(*domains)
    own = chance.levels - chance.levels.mean(axis=1, keepdims=True)
    assert np.abs(own[80:150]).max() < 0.2
    plain = histogram_match(*domains)
    assert (plain[80:150, 0] - np.arange(80, 150)).mean() == pytest.approx(3, abs=0.4)


@pytest.mark.slow
def test_patches_of_one_photo_are_no_more_evidence_than_one() -> None:
    shifts = np.array([-30, 30] * 4)
    source, target = (shifted(list(shifts + more), [0] * 8) for more in (0, 10))
    few = fit_transport(source, target)
    many = fit_transport(
        source.repeat(8, axis=0),
        target.repeat(8, axis=0),
        source_photos=np.repeat([4, 9, 1, 0, 3, 2, 7, 8], 8),
        target_photos=np.repeat(range(8), 8),
    )
    torch.testing.assert_close(many.curves, few.curves)
    # As if they were eight photos each, the difference of 10 would be sure enough to count.
    naive = fit_transport(source.repeat(8, axis=0), target.repeat(8, axis=0))
    change = [np.abs(found.levels[60:190] - LEVELS[60:190]).mean() for found in (few, naive)]
    assert change[0] < 0.1
    assert change[1] > 2


@pytest.mark.parametrize("count", [1, 7])
def test_sets_of_the_same_things_are_taken_as_they_are(count: int) -> None:
    source, target = patches(0, 90, 20, count), patches(1, 130, 25, count)
    found = fit_transport(source, target, shrink=False)
    assert np.allclose(found.levels, histogram_match(source, target))


def test_the_fewer_photos_the_less_is_changed() -> None:
    change = []
    for count in (1, 2, 3, 5, 20):
        # Brightness differs by 20, and by 6 from photo to photo, however many there are.
        spread = np.linspace(-1, 1, count) if count > 1 else np.zeros(1)
        source = 6 * spread / max(spread.std(), 1e-9)
        found = fit_transport(
            shifted(list(source), [0] * count), shifted(list(source + 20), [0] * count)
        )
        change.append(float(np.mean(found.levels[80:150] - LEVELS[80:150])))
    # Of one nothing is known; the variance that two tell is taken 844 times, that of five 3 times.
    assert change[:2] == pytest.approx([0, 0], abs=0.1)
    assert change[2] < change[3] - 1 < change[4] - 1
    assert change[4] == pytest.approx(19.7, abs=0.5)
    # Variance of the difference: 2 · 36 · (5/4)/5 = 18, with caution 18 · 3.04 of 400.
    assert change[3] == pytest.approx(20 * (1 - 18 * 3.04 / 400), abs=0.5)


def test_curves_never_fall() -> None:
    random = np.random.default_rng(3)
    for _ in range(5):
        source, target = (
            shifted(list(random.normal(0, 15, 8)), list(random.normal(20, 2, 8))) for _ in "xy"
        )
        assert (np.diff(fit_transport(source, target).levels, axis=0) >= -1e-4).all()


@pytest.mark.parametrize("size", [(1, 1), (7, 40), (33, 32)])
def test_photos_of_any_size(size: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(256, size=(*size, 3), dtype=np.uint8)
    assert Transport(LEVELS, 1.2, (1.3, 1.3)).enhance(photo).shape == photo.shape


def test_it_streams_over_memory_maps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = smooth(0), smooth(1, count=11)
    whole = fit_transport(source, target)
    np.save(tmp_path / "source.npy", source)
    monkeypatch.setattr("wespe.training.transport.domain._CHUNK_PIXELS", 3 * 64 * 64)
    mapped = fit_transport(np.load(tmp_path / "source.npy", mmap_mode="r"), target)
    assert torch.equal(mapped.curves, whole.curves)
    torch.testing.assert_close(mapped.gains, whole.gains)


def test_json_and_back() -> None:
    transport = fit_transport(smooth(0), smooth(1))
    again = Transport.of(transport.numbers())
    assert np.abs(again.levels - transport.levels).max() < 0.01
    torch.testing.assert_close(again.gains, transport.gains, rtol=0, atol=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(not DPED.is_dir(), reason="no real photos")
def test_figures_on_dped() -> None:
    phone, canon = (
        np.stack([read_photo(DPED / camera / f"{number}.jpg").pixels for number in range(300)])
        for camera in ("iphone", "canon")
    )
    plain = Transport(histogram_match(phone, canon)).match(to_tensor(phone))
    transport = fit_transport(phone, canon)
    moved = torch.cat([transport(to_tensor(phone[k : k + 50])) for k in range(0, 300, 50)])
    for enhanced, expected_db in ((plain, 20.47), (moved, 20.88)):
        values = [
            psnr_db(enhanced_photo, reference)
            for photo, enhanced_photo, reference in zip(
                phone, to_pixels(enhanced), canon, strict=True
            )
            if not np.array_equal(photo, reference)
        ]
        assert len(values) == 297
        assert np.mean(values) == pytest.approx(expected_db, abs=6e-3)


def test_bands_of_a_photo_are_seamless(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = np.concatenate(list(smooth(3, count=5)))
    moved = Transport(0.9 * LEVELS, 1.3, (1.3, 0.8))
    whole = moved.enhance(photo)
    monkeypatch.setattr("wespe.networks.transport._BAND_ROWS", 64)
    # The order of sums may differ by rounding, which can tip a level.
    assert np.abs(moved.enhance(photo).astype(int) - whole).max() <= 1
    assert (moved.enhance(photo) == whole).mean() > 0.999
    assert (photo != whole).mean() > 0.5
