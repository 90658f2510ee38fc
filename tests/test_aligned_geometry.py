"""Matching and geometry of two photos, by hand and against brute force."""

import numpy as np
import pytest

from wespe.data.aligned.geometry import Frame, common_rectangle, frame, problem
from wespe.data.aligned.matching import match, project, scaling
from wespe.data.aligned.patches import correlation, inset, lonely, reduced, sample, search, vertex
from wespe.data.aligned.settings import Thresholds

PLAIN = np.eye(3)


def _shift(x: float, y: float) -> np.ndarray:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], float)


def _turn(degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


def _texture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Smooth noise, uint8: structure of about 6 px."""
    import cv2

    noise = np.random.default_rng(seed).standard_normal((height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return np.asarray(np.clip(128 + 40 * smooth / smooth.std(), 0, 255), np.uint8)


def test_scaling_keeps_the_middles_of_pixels() -> None:
    # Of a photo twice as large, pixels 0 and 1 are pixel 0 of this one: its middle is at 0.5.
    assert project(scaling(2, 2), np.array([[0.0, 0.0], [3.0, 1.0]])).tolist() == [
        [0.5, 0.5],
        [6.5, 2.5],
    ]


def test_matches_are_mutual_and_unambiguous() -> None:
    descriptors = np.eye(128, dtype=np.float32)[:6]
    order = np.array([3, 1, 0, 2, 5, 4])
    ours, theirs = match(descriptors, descriptors[order], ratio=0.8)
    assert order[theirs].tolist() == ours.tolist() == list(range(6))
    # Two that are alike: neither is the counterpart for certain.
    twins = np.concatenate([descriptors, descriptors[:1]])
    ours, _ = match(descriptors, twins, ratio=0.8)
    assert ours.tolist() == [1, 2, 3, 4, 5]
    # Both of ours want one of theirs: the nearer gets it.
    near = descriptors[:1] * 0.9 + descriptors[1:2] * 0.1
    rivals = np.concatenate([descriptors[:1], near / np.linalg.norm(near)]).astype(np.float32)
    ours, theirs = match(rivals, descriptors[[0, 2]], ratio=1.0)
    assert (ours.tolist(), theirs.tolist()) == ([0], [0])


def test_the_common_rectangle_of_shifted_photos() -> None:
    # Source pixel (0, 0) is target pixel (30, −20): they share x 0…69 and y 20…79.
    top, left, bottom, right = common_rectangle(_shift(30, -20), (80, 100), (80, 100))
    assert (left, right, bottom) == (0, 69, 79)
    assert top == pytest.approx(20, abs=1e-4)


def test_no_rectangle_where_nothing_is_shared() -> None:
    top, left, bottom, right = common_rectangle(_shift(500, 0), (80, 100), (80, 100))
    assert (bottom - top) * (right - left) <= 0 or bottom < top


@pytest.mark.parametrize("seed", range(6))
def test_the_common_rectangle_is_inside_both_and_as_large_as_can_be(seed: int) -> None:
    generator = np.random.default_rng(seed)
    middle = _shift(39.5, 29.5)
    homography = (
        _shift(*generator.uniform(-8, 8, 2))
        @ middle
        @ _turn(generator.uniform(-50, 50))
        @ scaling(*generator.uniform(0.8, 1.3, 2))
        @ np.linalg.inv(middle)
    )
    homography[2, :2] = generator.uniform(-1e-3, 1e-3, 2)
    top, left, bottom, right = common_rectangle(homography, (60, 80), (60, 80))
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    seen = project(homography, corners)
    assert (seen > -1e-2).all()
    assert (seen < [79 + 1e-2, 59 + 1e-2]).all()
    # Brute force: all rectangles of whole pixels, by the sums over a mask.
    x, y = np.meshgrid(np.arange(80.0), np.arange(60.0))
    places = project(homography, np.column_stack([x.ravel(), y.ravel()])).reshape(60, 80, 2)
    mask = np.asarray(((places >= 0) & (places <= [79, 59])).all(axis=-1))
    best = 0
    for upper in range(60):
        open_columns = np.ones(80, bool)
        for lower in range(upper, 60):
            open_columns &= mask[lower]
            edges = np.flatnonzero(np.diff(np.concatenate([[0], open_columns, [0]])))
            if len(edges):
                width = int((edges[1::2] - edges[::2]).max())
                best = max(best, (width - 1) * (lower - upper))
    assert (bottom - top) * (right - left) >= 0.98 * best


@pytest.mark.parametrize(
    ("homography", "expected"),
    [
        (PLAIN, None),
        (_turn(30), None),
        (np.diag([-1.0, 1.0, 1.0]) + _shift(99, 0) - PLAIN, "mirrors"),
        (np.array([[1, 0, 0], [0, 1, 0], [-0.02, 0, 1]], float), "folds"),
        (np.diag([4.0, 1.0, 1.0]), "stretches by 4.0, more than 3"),
        (np.array([[1, 0, 0], [0, 1, 0], [0.01, 0, 1]], float), "stretches"),
    ],
)
def test_homographies_that_cannot_be_true_are_named(
    homography: np.ndarray, expected: str | None
) -> None:
    found = problem(homography, (100, 100), (100, 100), max_stretch=3.0)
    assert found is None if expected is None else (found and expected in found)


def test_the_better_photo_is_reduced_to_the_poorer() -> None:
    # The target has twice the pixels: the source stays as it is.
    placed = frame(scaling(2, 2), (80, 100), (160, 200), max_enlarge=1.01)
    assert np.array_equal(placed.to_source, PLAIN)
    assert placed.reductions == pytest.approx((1, 2))
    assert placed.box == (0, 0, 80, 100)
    # The target has half the pixels: both are as many as that.
    placed = frame(scaling(0.5, 0.5), (80, 100), (40, 50), max_enlarge=1.01)
    assert np.allclose(placed.to_target, PLAIN)
    assert placed.reductions == pytest.approx((2, 1))
    assert placed.box == (0, 0, 40, 50)
    assert placed.magnification == pytest.approx(0.5)


def test_patches_lie_side_by_side_in_the_middle_and_can_move() -> None:
    placed = Frame(PLAIN, PLAIN, (10, 20, 95, 150), (1, 1), 1)
    assert placed.cells(40) == [(12, 25), (12, 65), (12, 105), (52, 25), (52, 65), (52, 105)]
    smaller = inset(placed, 5)
    assert smaller.box == (15, 25, 90, 145)
    assert inset(placed, 60).cells(40) == []


def test_sampling_whole_pixels_copies_them() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    assert np.array_equal(sample(photo, PLAIN, y=5, x=7, size=(8, 9)), photo[5:13, 7:16])
    assert np.array_equal(sample(photo, _shift(3, 2), y=5, x=7, size=(8, 9)), photo[7:15, 10:19])


def test_reducing_blurs_only_where_there_are_pixels_to_lose() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    assert reduced(photo, 1.0) is photo
    # White noise through a Gaussian of variance s²: its own falls by 1 / (4πs²), s² = (9 − 1) / 4.
    assert reduced(photo, 3.0).std() == pytest.approx(photo.std() / np.sqrt(8 * np.pi), rel=0.1)


def test_correlation_is_that_of_numpy_and_blind_to_gain_and_offset() -> None:
    one, other = _texture(20, 20, 0), _texture(20, 20, 1)
    expected = np.corrcoef(one.ravel(), other.ravel())[0, 1]
    assert correlation(one, other) == pytest.approx(expected, abs=1e-4)
    darker = (20 + 0.5 * one.astype(float)).astype(np.uint8)
    assert correlation(one, darker) > 0.999


def test_a_parabola_has_its_top_where_it_is() -> None:
    values = [1 - (place - 0.3) ** 2 for place in (-1, 0, 1)]
    assert vertex(*values) == pytest.approx(0.3)
    assert vertex(1, 1, 1) == 0
    assert vertex(1, 0, 1) == 0  # a valley


@pytest.mark.parametrize(("y", "x"), [(0, 0), (3, -5), (2.4, -1.3), (-0.5, 0.25)])
def test_the_search_finds_a_shift_to_a_tenth_of_a_pixel(y: float, x: float) -> None:
    wide = np.repeat(_texture(140, 140)[..., None], 3, axis=2)
    theirs = wide[20:116, 20:116, 0]
    ours = sample(wide, PLAIN, y=28 + y, x=28 + x, size=(80, 80))[..., 0]
    found = search(ours, theirs, Thresholds())
    assert not isinstance(found, str)
    assert found == pytest.approx((y, x), abs=0.1)


def test_the_search_names_why_there_is_no_place() -> None:
    wide, thresholds = _texture(140, 140), Thresholds()
    theirs = wide[20:116, 20:116]
    assert search(np.full((80, 80), 90, np.uint8), theirs, thresholds) == "flat"
    assert search(wide[40:120, 28:108], theirs, thresholds) in ("beyond the search", "unlike")
    ramp = np.add.outer(np.arange(140.0), np.zeros(140)).astype(np.uint8)
    # Alike wherever it is: it stays where the homography has put it.
    assert search(ramp[28:108, 28:108], ramp[20:116, 20:116], thresholds) == (0.0, 0.0)


def test_a_shift_unlike_its_neighbours_is_lonely() -> None:
    shifts = {(y, x): (0.5, -1.0) for y in (0, 10, 20) for x in (0, 10, 20)}
    shifts[10, 10] = (5.0, -1.0)
    shifts[90, 90] = (7.0, 7.0)  # has no neighbours to differ from
    assert lonely(shifts, 10, 2.0) == [(10, 10)]
