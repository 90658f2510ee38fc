"""Patch sets on disk, and the batches drawn from them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made import manifest
from wespe.data.patches import store
from wespe.data.patches.store import PatchSet, apply_symmetries, check_pairs, symmetry_table
from wespe.photos.images import Pixels
from wespe.results.record import write_record


def _patch_set(count: int, size_px: int = 4) -> PatchSet:
    """Patches that carry their own number in every pixel."""
    numbers = np.arange(count, dtype=np.uint8)[:, None, None, None]
    return PatchSet(np.broadcast_to(numbers, (count, size_px, size_px, 3)), manifest())


def _numbers(batch: Pixels) -> list[int]:
    numbers: list[int] = batch[:, 0, 0, 0].tolist()
    return numbers


def _write(path: Path, array: Any, patches: Sequence[tuple[int, int, int]]) -> None:
    np.save(path, array)
    write_record(path.with_suffix(".json"), manifest(patches))


def test_a_set_is_mapped_read_only(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    _write(tmp_path / "set.npy", pixels, [(0, 0, 0), (0, 0, 0), (7, 1, 1)])
    patches = PatchSet.open(tmp_path / "set.npy")
    assert patches.photos.tolist() == [0, 0, 7]
    assert isinstance(patches.pixels, np.memmap)
    assert not patches.pixels.flags.writeable
    assert np.array_equal(patches.pixels, pixels)
    assert (len(patches), patches.size_px, patches.manifest.source) == (3, 8, "phone")


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 8, 8, 3), np.float32),
        np.zeros((2, 8, 9, 3), np.uint8),
        np.zeros((2, 8, 8), np.uint8),
        np.zeros((2, 8, 8, 4), np.uint8),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, array: Any) -> None:
    _write(tmp_path / "set.npy", array, [(0, 0, 0)] * 2)
    with pytest.raises(ValueError, match=r"set\.npy: expected uint8 \(N, S, S, 3\), got"):
        PatchSet.open(tmp_path / "set.npy")


def test_a_set_that_shows_nothing_is_refused(tmp_path: Path) -> None:
    pixels = np.arange(3, dtype=np.uint8).reshape(3, 1, 1, 1).repeat(8, 1).repeat(8, 2).repeat(3, 3)
    _write(tmp_path / "set.npy", pixels, [(0, 0, 0)] * 3)
    with pytest.raises(ValueError, match=r"set\.npy: .*; the 3 patches of phone have a single"):
        PatchSet.open(tmp_path / "set.npy")
    pixels[2, 7, 7, 2] += 1
    np.save(tmp_path / "set.npy", pixels)
    assert len(PatchSet.open(tmp_path / "set.npy")) == 3


def test_files_that_are_no_array_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.npy"
    with pytest.raises(ValueError, match=r"set\.npy: expected a patch set, got"):
        PatchSet.open(path)
    for content in (b"", b"no array", b"\x93NUMPY\x01\x00v\x00"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"set\.npy: expected a patch set, got"):
            PatchSet.open(path)


def test_a_set_needs_its_own_manifest(tmp_path: Path) -> None:
    path = tmp_path / "set.npy"
    np.save(path, np.zeros((2, 8, 8, 3), np.uint8))
    with pytest.raises(ValueError, match=r"set\.json: expected the manifest .*, found none"):
        PatchSet.open(path)
    for content, message in [
        ("{", "expected the manifest of a patch set, but Invalid JSON"),
        ("[]", "expected the manifest"),
        ("{}", "expected the manifest of a patch set, but source: "),
    ]:
        path.with_suffix(".json").write_text(content)
        with pytest.raises(ValueError, match=rf"set\.json: {message}"):
            PatchSet.open(path)
    write_record(path.with_suffix(".json"), manifest([(0, 0, 0)]))
    with pytest.raises(ValueError, match=r"set\.json: expected 2 patches as in .*set\.npy, got 1"):
        PatchSet.open(path)


@pytest.mark.parametrize("batch_size", [1, 3, 5, 10, 15, 25])
def test_every_patch_comes_once_an_epoch(batch_size: int) -> None:
    patches = _patch_set(10)
    steps = range(60 // batch_size)
    drawn = [
        number
        for step in steps
        for number in _numbers(patches.batch(step, batch_size, seed=0, stream=0))
    ]
    epochs = [drawn[start : start + 10] for start in range(0, len(drawn) - 9, 10)]
    assert len(epochs) >= 5
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == len(epochs)


def test_the_order_does_not_depend_on_the_batch_size() -> None:
    patches = _patch_set(10)
    threes = [patches.batch(step, 3, seed=0, stream=0) for step in range(10)]
    sixes = [patches.batch(step, 6, seed=0, stream=0) for step in range(5)]
    assert np.array_equal(np.concatenate(threes), np.concatenate(sixes))


def test_a_batch_depends_on_its_arguments_alone() -> None:
    patches = _patch_set(200)
    steps = [5, 0, 900, 5, 31]
    warm = [patches.batch(step, 8, seed=3, stream=1, augment=True) for step in steps]
    for step, batch in zip(steps, warm, strict=True):
        store.epoch_order.cache_clear()
        assert np.array_equal(patches.batch(step, 8, seed=3, stream=1, augment=True), batch)


def test_seeds_and_streams_draw_independently() -> None:
    patches = _patch_set(200)
    orders = {
        tuple(_numbers(patches.batch(0, 200, seed=seed, stream=stream)))
        for seed in range(3)
        for stream in range(3)
    }
    assert len(orders) == 9


def test_the_eight_symmetries_are_all_different_and_undistorted() -> None:
    patch = np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    results = apply_symmetries(np.stack([patch] * 8), np.arange(8))
    assert len({result.tobytes() for result in results}) == 8
    assert np.array_equal(results[0], patch)
    assert np.array_equal(results[1], np.rot90(patch))
    assert np.array_equal(results[4], patch[:, ::-1])
    assert np.array_equal(results[6], patch[::-1])


def test_the_table_says_where_pixels_come_from() -> None:
    patch = np.random.default_rng(0).integers(0, 256, (1, 5, 5, 3), dtype=np.uint8)
    for symmetry, places in enumerate(symmetry_table(5)):
        moved = patch.reshape(25, 3)[places].reshape(1, 5, 5, 3)
        np.testing.assert_array_equal(moved, apply_symmetries(patch, np.array([symmetry])))


def test_augmented_batches_hold_the_same_patches_in_every_symmetry() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (400, 5, 5, 3), dtype=np.uint8)
    patches = PatchSet(pixels, manifest())
    plain = patches.batch(0, 400, seed=0, stream=0)
    augmented = patches.batch(0, 400, seed=0, stream=0, augment=True)
    counts = np.zeros(8, int)
    for symmetry in range(8):
        turned = apply_symmetries(plain, np.full(400, symmetry))
        counts[symmetry] = (turned == augmented).all(axis=(1, 2, 3)).sum()
    assert counts.sum() == 400
    # 50 expected of each, standard deviation 6.6.
    assert counts.min() > 25


def _named(source: str, photos: list[str], patches: list[list[int]]) -> PatchSet:
    described = manifest([(photo, y, x) for photo, y, x in patches], source=source, photos=photos)
    return PatchSet(np.zeros((len(patches), 4, 4, 3), np.uint8), described)


def test_pairs_have_the_same_photos_at_the_same_places() -> None:
    phone = _named("phone", ["iphone/0.jpg", "iphone/1.jpg"], [[0, 0, 0], [1, 0, 0]])
    # A photo that gave no patch is in the list too; suffix and folder may differ.
    dslr = _named("dslr", ["a.png", "0.png", "1.png"], [[1, 0, 0], [2, 0, 0]])
    check_pairs(phone, dslr)


@pytest.mark.parametrize(
    ("photos", "patches", "difference"),
    [
        (
            ["0.jpg", "2.jpg"],
            [[0, 0, 0], [1, 0, 0]],
            "patch 1 is '1' at y 0, x 0 of phone and '2' at y 0, x 0 of dslr",
        ),
        (
            ["0.jpg", "1.jpg"],
            [[0, 0, 0], [1, 0, 7]],
            "patch 1 is '1' at y 0, x 0 of phone and '1' at y 0, x 7 of dslr",
        ),
        (["0.jpg"], [[0, 0, 0]], "patch 1 is '1' at y 0, x 0 of phone and none of dslr"),
    ],
)
def test_the_first_difference_between_pairs_is_named(
    photos: list[str], patches: list[list[int]], difference: str
) -> None:
    phone = _named("phone", ["0.jpg", "1.jpg"], [[0, 0, 0], [1, 0, 0]])
    with pytest.raises(ValueError, match="expected phone and dslr to be pairs") as caught:
        check_pairs(phone, _named("dslr", photos, patches))
    assert difference in str(caught.value)
    assert "`exclude` it from both" in str(caught.value)


def test_sets_of_one_length_drawn_from_one_stream_stay_pairs() -> None:
    one = _patch_set(40)
    other = PatchSet(255 - one.pixels, manifest())
    draws: dict[str, Any] = {"seed": 5, "stream": 0, "augment": True}
    for step in range(12):
        x, y = (patches.batch(step, 7, **draws) for patches in (one, other))
        assert np.array_equal(y, 255 - x)
