"""The demo's inventory, its camera simulation and its three roles."""

from pathlib import Path

import numpy as np
import pytest

from wespe.core.files import sha256
from wespe.data.camera import (
    add_noise,
    blur,
    decode_srgb,
    encode_srgb,
    expose,
    simulate_phone,
    vignette,
)
from wespe.data.demo import DemoSettings, acquire, read_inventory
from wespe.photos.images import Pixels, read_photo
from wespe.results.index import PhotoIndex

INVENTORY = Path(__file__).parents[1] / "data" / "demo.csv"


def _acquire(role: str, out: Path, inventory: Path = INVENTORY) -> PhotoIndex:
    settings = DemoSettings.model_validate({"kind": "demo", "path": str(inventory), "role": role})
    return acquire("demo", settings, out)


def _psnr_db(photo: Pixels, reference: Pixels) -> float:
    error = np.mean((photo.astype(float) - reference) ** 2)
    return float(10 * np.log10(255**2 / error))


def test_phone_and_dslr_have_fields_of_a_chessboard_that_share_no_pixel(tmp_path: Path) -> None:
    phone, dslr = (_acquire(role, tmp_path / role) for role in ("phone", "dslr"))
    names = [f"{photo}_{number}" for photo in ("coffee", "china") for number in range(12)]
    assert [photo.file for photo in phone.photos] == [f"{name}.jpg" for name in names]
    assert [photo.file for photo in dslr.photos] == [f"{name}.png" for name in names]
    for index in (phone, dslr):
        assert sum(photo.width_px * photo.height_px for photo in index.photos[:12]) == 600 * 200
        assert all(photo.width_px in (100, 106, 107) for photo in index.photos)
    assert (phone.simulated, dslr.simulated) == (True, False)
    assert phone.origin == "photos of installed packages, simulated phone camera"
    assert dslr.origin == "photos of installed packages, as taken"
    assert phone.licence == dslr.licence == "CC BY 2.0, CC0"


def test_the_dslrs_fields_are_as_taken(tmp_path: Path) -> None:
    skimage_data = pytest.importorskip("skimage.data")
    _acquire("dslr", tmp_path)
    coffee = skimage_data.coffee()
    for number, (y, x) in {0: (0, 100), 2: (0, 500), 3: (100, 0), 11: (300, 400)}.items():
        assert np.array_equal(
            read_photo(tmp_path / f"coffee_{number}.png").pixels,
            coffee[y : y + 100, x : x + 100],
        )


@pytest.mark.slow
def test_test_photos_are_others_and_have_references_of_their_size(tmp_path: Path) -> None:
    index = _acquire("test", tmp_path)
    assert [photo.file for photo in index.photos] == [
        f"phone/{name}.jpg"
        for name in ("grace_hopper", "astronaut", "camera", "chelsea", "rocket", "flower")
    ]
    assert index.simulated
    for photo in index.photos:
        assert photo.reference is not None
        taken = read_photo(tmp_path / photo.reference).pixels
        assert taken.shape == (photo.height_px, photo.width_px, 3)
        assert sha256(tmp_path / photo.file) == photo.sha256


@pytest.mark.slow
def test_phone_is_about_as_far_from_its_reference_as_an_iphone_3gs_from_a_dslr(
    tmp_path: Path,
) -> None:
    index = _acquire("test", tmp_path)
    values = [
        _psnr_db(read_photo(tmp_path / photo.file).pixels, read_photo(tmp_path / reference).pixels)
        for photo in index.photos
        if (reference := photo.reference)
    ]
    assert 17 < np.mean(values) < 20  # DPED's iPhone patches: 17.3 dB
    assert all(16 < value < 23 for value in values)


@pytest.mark.slow
def test_the_same_photos_are_written_every_time(tmp_path: Path) -> None:
    first, second = (_acquire("test", tmp_path / name) for name in ("first", "second"))
    assert first == second


def test_a_photo_that_is_not_the_inventorys_is_refused_by_name(tmp_path: Path) -> None:
    inventory = tmp_path / "demo.csv"
    inventory.write_text(
        f"file,sha256,split,licence\nskimage/data/coffee.png,{'0' * 64},train,CC0\n"
    )
    with pytest.raises(
        ValueError, match=r"coffee\.png: expected a photo with sha256 0{64}, got cc"
    ):
        _acquire("dslr", tmp_path, inventory)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "file,sha256,split,licence\nskimage/data/none.png,00,train,CC0\n",
            r"none\.png: expected a demo photo",
        ),
        ("file,sha256,split,licence\nnone/a.png,00,train,CC0\n", "comes with the package none"),
        ("file,split\ncoffee.png,train\n", r"demo\.csv: expected a column 'sha256'"),
        ("file,sha256,split,licence\n", r"demo\.csv: expected photos of split 'train', got none"),
    ],
)
def test_a_wrong_inventory_is_named(tmp_path: Path, text: str, message: str) -> None:
    inventory = tmp_path / "demo.csv"
    inventory.write_text(text)
    with pytest.raises(ValueError, match=message):
        _acquire("dslr", tmp_path, inventory)


def test_a_missing_inventory_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"absent\.csv: expected an inventory"):
        read_inventory(tmp_path / "absent.csv")


def test_srgb_levels_survive_linear_light() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    assert np.array_equal(encode_srgb(decode_srgb(levels), contrast=1.0), levels)
    # IEC 61966-2-1: level 188 is a linear 0.5029.
    assert decode_srgb(np.full((1, 1, 3), 188, np.uint8))[0, 0, 0] == pytest.approx(
        0.5029, abs=1e-4
    )


def test_contrast_shrinks_the_range_around_middle_grey() -> None:
    light = np.array([[[0.0, 1.0, 0.0]]], np.float32)
    assert encode_srgb(light, contrast=0.5).tolist() == [[[64, 191, 64]]]


def test_exposure_is_in_stops_and_saturates() -> None:
    light = np.full((1, 1, 3), 0.4, np.float32)
    exposed = expose(light, exposure_ev=1.0, white_balance=(1.0, 0.5, 2.0))
    assert exposed[0, 0] == pytest.approx([0.8, 0.4, 1.0])


def test_vignette_leaves_the_centre_and_dims_the_corners() -> None:
    dimmed = vignette(np.ones((5, 7, 3), np.float32), corner_ev=-1.0)
    assert dimmed[2, 3] == pytest.approx(1.0)
    assert dimmed[0, 0] == pytest.approx(0.5)
    assert dimmed[0, 3] == pytest.approx(2**-0.5)


def test_blur_spreads_a_point_by_its_sigma() -> None:
    point = np.zeros((41, 41, 3), np.float32)
    point[20, 20] = 1
    spread = blur(point, sigma_px=2.0)[..., 0]
    distances = (np.arange(41) - 20) ** 2
    assert spread.sum() == pytest.approx(1)
    # The kernel ends at 4 σ, so its variance is within a per cent of σ².
    assert (spread.sum(axis=0) * distances).sum() == pytest.approx(4, rel=0.01)


def test_noise_has_the_variance_of_shot_and_read_noise() -> None:
    light = np.full((200, 200, 3), 0.5, np.float32)
    generator = np.random.default_rng(0)
    noisy = add_noise(light, generator=generator, full_well=1000.0, read_noise=10.0)
    # 120,000 samples: the standard error of a variance is 0.4 %.
    assert noisy.mean() == pytest.approx(0.5, abs=1e-3)
    assert noisy.var() == pytest.approx((500 + 100) / 1000**2, rel=0.02)


def test_the_simulation_is_a_function_of_photo_and_generator() -> None:
    photo = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    before = photo.copy()
    first, same, other = (
        simulate_phone(photo, generator=np.random.default_rng(seed)) for seed in (7, 7, 8)
    )
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)
    assert np.array_equal(photo, before)
