"""Which patches are cut from which photos, and how they are packed."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image

from wespe.core.files import sha256
from wespe.core.parallel import ordered_map
from wespe.data.patches.extraction import extract
from wespe.data.patches.sampling import (
    Rule,
    allocate,
    choose,
    clipped_share,
    draw_grid,
    draw_random,
    grey_std,
)
from wespe.data.patches.store import PatchSet
from wespe.photos.images import Pixels, read_photo, write_photo
from wespe.results.index import PhotoEntry, PhotoIndex, Skipped
from wespe.results.patches import CutBy, PatchManifest

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
SIZE = 8


def _noise(height: int, width: int, seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(1, 255, (height, width, 3), dtype=np.uint8)


def _index(folder: Path, photos: list[Pixels]) -> PhotoIndex:
    entries = []
    for number, pixels in enumerate(photos):
        path = folder / f"{number}.png"
        write_photo(path, pixels)
        entries.append(PhotoEntry(path.name, pixels.shape[1], pixels.shape[0], sha256(path)))
    return PhotoIndex("phone", str(folder), "noise", True, entries, licence="CC0")


def _extract(index: PhotoIndex, out: Path, **settings: Any) -> PatchManifest:
    defaults: dict[str, Any] = {
        "size_px": SIZE,
        "mode": "random",
        "count": 1000,
        "min_std": 0.0,
        "max_clipped": 1.0,
        "seed": 0,
        "workers": 1,
    }
    return extract(index, out, **{**defaults, **settings})


@pytest.mark.parametrize(
    ("capacities", "count", "expected"),
    [
        ([10, 10, 10], 9, [3, 3, 3]),
        ([2, 10, 10], 12, [2, 5, 5]),  # what the small one lacks goes to the larger ones
        ([1, 3, 10, 10], 18, [1, 3, 7, 7]),
        ([4, 4], 100, [4, 4]),
        ([0, 5, 0], 3, [0, 3, 0]),
        ([10, 10, 10, 10], 2, [1, 0, 1, 0]),  # fewer than photos: spread over the index
        ([3, 1, 3, 3], 8, [3, 1, 2, 2]),
        ([0, 0], 5, [0, 0]),
    ],
)
def test_patches_are_shared_evenly(capacities: list[int], count: int, expected: list[int]) -> None:
    assert allocate(np.array(capacities), count).tolist() == expected


def test_shares_never_exceed_what_a_photo_has_and_use_all_that_can_be_had() -> None:
    generator = np.random.default_rng(0)
    for _ in range(200):
        capacities = generator.integers(0, 12, generator.integers(1, 20))
        count = int(generator.integers(1, 150))
        quotas = allocate(capacities, count)
        assert (quotas <= capacities).all()
        assert quotas.sum() == min(count, capacities.sum())
        # Even: only a photo that gave all it has gave more than one less than another.
        assert (quotas[quotas < capacities] >= quotas.max() - 1).all()


def test_random_positions_are_uniform_and_distinct() -> None:
    counts = np.zeros((6, 9))
    for seed in range(600):
        positions = draw_random(13, 16, SIZE, 9, np.random.default_rng(seed))
        assert len(np.unique(positions, axis=0)) == 9
        np.add.at(counts, tuple(positions.T), 1)
    expected = 600 * 9 / counts.size
    # χ² with 53 degrees of freedom stays below 90.6 in 99.9 % of cases; draws without
    # repetition vary less still.
    assert ((counts - expected) ** 2 / expected).sum() < 90.6


def test_grid_cells_do_not_overlap_and_lie_inside() -> None:
    positions = draw_grid(29, 45, SIZE, 100, np.random.default_rng(0))
    covered = np.zeros((29, 45), int)
    for y, x in positions:
        assert covered[y : y + SIZE, x : x + SIZE].shape == (SIZE, SIZE)
        covered[y : y + SIZE, x : x + SIZE] += 1
    assert len(positions) == 3 * 5
    assert covered.max() == 1
    # 29 = 2 + 24 + 3 and 45 = 2 + 40 + 3: the rest is left on both sides.
    assert positions.min(axis=0).tolist() == [2, 2]


def test_a_grid_with_more_cells_than_wanted_gives_a_seeded_choice() -> None:
    draws = [draw_grid(80, 80, SIZE, 5, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


def test_grey_std_of_a_known_patch() -> None:
    patch = np.zeros((2, 2, 3), np.uint8)
    patch[0] = 200
    assert grey_std(patch) == pytest.approx(100)
    patch[0] = [0, 200, 0]
    assert grey_std(patch) == pytest.approx(0.587 * 100)


def test_clipped_share_counts_pixels_not_channels() -> None:
    patch = np.full((2, 2, 3), 128, np.uint8)
    assert clipped_share(patch) == 0
    patch[0, 0] = [0, 255, 128]
    patch[1, 1, 2] = 255
    assert clipped_share(patch) == 0.5


@pytest.mark.parametrize("mode", ["random", "grid"])
def test_refused_positions_are_replaced_by_others(mode: Any) -> None:
    photo = _noise(64, 64, 0)
    photo[:, :24] = 100  # flat
    photo[:, 40:] = 255  # clipped, and flat where nothing else is
    photo[::2, 40:] = 0
    rule = Rule(SIZE, mode, min_std=5.0, max_clipped=0.2)
    choice = choose(photo, 10, rule=rule, generator=np.random.default_rng(0))
    assert len(choice.positions) == 10
    assert choice.flat > 0
    assert choice.clipped > 0
    for y, x in choice.positions:
        patch = photo[y : y + SIZE, x : x + SIZE]
        assert grey_std(patch) >= 5
        assert clipped_share(patch) <= 0.2


def test_tries_are_bounded_and_no_position_is_tried_twice() -> None:
    flat = np.full((64, 64, 3), 100, np.uint8)
    rule = Rule(SIZE, "random", min_std=1.0, max_clipped=1.0)
    assert choose(flat, 5, rule=rule, generator=np.random.default_rng(0)).flat == 8 * 5
    one_position = choose(flat[:SIZE, :SIZE], 1, rule=rule, generator=np.random.default_rng(0))
    assert (one_position.positions, one_position.flat) == ([], 1)


@pytest.mark.parametrize("mode", ["random", "grid"])
def test_every_patch_is_where_the_manifest_says(
    tmp_path: Path, mode: Literal["random", "grid"]
) -> None:
    photos = [_noise(20, 30, 0), _noise(16, 16, 1), _noise(40, 9, 2)]
    index = _index(tmp_path, photos)
    manifest = _extract(index, tmp_path / "set.npy", mode=mode)
    patches = PatchSet.open(tmp_path / "set.npy")
    assert patches.manifest == manifest
    places = {"grid": 2 * 3 + 2 * 2 + 5 * 1, "random": 13 * 23 + 9 * 9 + 33 * 2}
    assert len(patches) == places[mode]
    for patch, (number, y, x) in zip(patches.pixels, manifest.patches, strict=True):
        assert np.array_equal(patch, photos[number][y : y + SIZE, x : x + SIZE])
    assert manifest.sha256 == sha256(tmp_path / "set.npy")
    assert manifest.photos == ["0.png", "1.png", "2.png"]
    about = ("source", "origin", "simulated", "licence")
    assert [getattr(manifest, key) for key in about] == ["phone", "noise", True, "CC0"]
    assert manifest.settings == CutBy(
        size_px=SIZE, mode=mode, min_std=0.0, max_clipped=1.0, count=1000
    )


def test_photos_that_give_less_than_planned_leave_no_holes(tmp_path: Path) -> None:
    half_flat = _noise(32, 32, 1)
    half_flat[:, 8:] = 90
    photos = [_noise(32, 32, 0), half_flat, np.full((32, 32, 3), 90, np.uint8), _noise(32, 32, 3)]
    manifest = _extract(_index(tmp_path, photos), tmp_path / "set.npy", mode="grid", min_std=5.0)
    patches = PatchSet.open(tmp_path / "set.npy")
    assert np.bincount([number for number, _, _ in manifest.patches]).tolist() == [16, 4, 0, 16]
    assert manifest.left_out.flat == 12 + 16
    for patch, (number, y, x) in zip(patches.pixels, manifest.patches, strict=True):
        assert np.array_equal(patch, photos[number][y : y + SIZE, x : x + SIZE])


def test_the_manifest_says_how_the_files_were_compressed(tmp_path: Path) -> None:
    """The quality that nine tenths of the patches have at most; none where a file is no JPEG."""
    manifests = []
    for qualities in ([80] * 8 + [90, 99], [80, None]):
        folder = tmp_path / str(len(qualities))
        index = _index(folder, [_noise(16, 16, n) for n, _ in enumerate(qualities)])
        for number, quality in enumerate(qualities):
            if quality:
                photo = Image.fromarray(_noise(16, 16, number))
                photo.save(folder / f"{number}.png", "JPEG", quality=quality)
        manifests.append(_extract(index, folder / "set.npy", mode="grid"))
    assert [manifest.jpeg_quality for manifest in manifests] == [90, None]


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    photos = [_noise(24 + number, 40, number) for number in range(12)]
    photos[3][:] = 7
    index = _index(tmp_path / "photos", photos)
    for workers in (1, 2, 3):
        _extract(index, tmp_path / f"{workers}.npy", min_std=2.0, count=70, workers=workers)
    for suffix in (".npy", ".json"):
        contents = {(tmp_path / f"{workers}{suffix}").read_bytes() for workers in (1, 2, 3)}
        assert len(contents) == 1


def test_a_photos_patches_depend_on_its_content_and_the_seed_alone(tmp_path: Path) -> None:
    index = _index(tmp_path, [_noise(40, 40, number) for number in range(3)])
    alone = PhotoIndex("phone", index.root, "noise", True, index.photos[1:2])
    settings = {"count": 5 * 3}
    among = _extract(index, tmp_path / "all.npy", **settings).patches
    single = _extract(alone, tmp_path / "one.npy", count=5).patches
    other = _extract(alone, tmp_path / "two.npy", count=5, seed=1).patches
    assert [place for number, *place in among if number == 1] == [place for _, *place in single]
    assert single != other


def test_photos_that_became_unusable_are_listed(tmp_path: Path) -> None:
    index = _index(tmp_path, [_noise(16, 16, number) for number in range(5)])
    content = (tmp_path / "0.png").read_bytes()
    (tmp_path / "0.png").write_bytes(content[:200])
    (tmp_path / "1.png").unlink()
    write_photo(tmp_path / "3.png", _noise(12, 20, 9))
    manifest = _extract(index, tmp_path / "set.npy")
    broken, absent, resized = manifest.left_out.unreadable
    assert broken.file == "0.png"
    assert broken.reason.startswith("cannot be decoded")
    assert absent == Skipped("1.png", "no such file")
    assert resized == Skipped("3.png", "20×12 px, expected 16×16 px as in the index")
    assert {number for number, _, _ in manifest.patches} == {2, 4}


def test_photos_smaller_than_a_patch_are_counted(tmp_path: Path) -> None:
    index = _index(tmp_path, [_noise(7, 90, 0), _noise(9, 9, 1)])
    manifest = _extract(index, tmp_path / "set.npy")
    assert manifest.left_out.too_small == 1
    assert {number for number, _, _ in manifest.patches} == {1}


def test_a_source_without_a_patch_gets_an_empty_set_that_cannot_be_opened(tmp_path: Path) -> None:
    index = _index(tmp_path / "photos", [np.full((16, 16, 3), 9, np.uint8), _noise(7, 9, 1)])
    manifest = _extract(index, tmp_path / "set.npy", mode="grid", min_std=1.0)
    assert manifest.patches == []
    assert np.load(tmp_path / "set.npy").shape == (0, SIZE, SIZE, 3)
    expected = r"set\.npy: expected patches, got none; left out: 4 flat and .*, 1 too small"
    with pytest.raises(ValueError, match=expected):
        PatchSet.open(tmp_path / "set.npy")


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_work_comes_back_in_order(workers: int) -> None:
    numbers = list(range(-150, 150))
    assert list(ordered_map(abs, numbers, workers=workers)) == [abs(number) for number in numbers]


@pytest.mark.slow
def test_real_photos_give_patches(tmp_path: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip("no real photos here")
    paths = sorted((SHARED / "phones").glob("*.jpg"))[:2]
    shapes = [read_photo(path).pixels.shape for path in paths]
    entries = [
        PhotoEntry(path.name, shape[1], shape[0], sha256(path))
        for path, shape in zip(paths, shapes, strict=True)
    ]
    index = PhotoIndex("phones", str(paths[0].parent), "phones", False, entries)
    settings = {"size_px": 100, "count": 40, "min_std": 3.0, "max_clipped": 0.1}
    manifest = _extract(index, tmp_path / "set.npy", **settings)
    patches = PatchSet.open(tmp_path / "set.npy")
    assert patches.pixels.shape == (40, 100, 100, 3)
    assert min(grey_std(patch) for patch in patches.pixels) >= 3
    assert manifest.left_out.unreadable == ()
