"""Pictures: cropped as they should be, and those that are none are told apart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.flickr import photo, settings
from tests.flickr_emulator import Emulator, Faults, make_catalogue
from tests.flickr_emulator.answers import picture_path, sizes_of
from tests.flickr_emulator.catalogue import CataloguePhoto, Trait
from wespe.data.flickr.photo import FlickrPhoto, Size
from wespe.data.flickr.pictures import Pictures, crop
from wespe.data.http import UnavailableError
from wespe.photos.images import photo_size, read_photo

CATALOGUE = make_catalogue(3000, seed=0)


def of_trait(trait: Trait, *, upright: bool = False) -> CataloguePhoto:
    return next(
        photo
        for photo in CATALOGUE
        if photo.trait == trait and upright == (photo.width_px < photo.height_px)
    )


def shown(known: CataloguePhoto, emulator: Emulator, suffix: str = "c") -> FlickrPhoto:
    width, height = sizes_of(known)[suffix]
    url = emulator.address + picture_path(known, suffix)
    return photo(known.id, sizes=(Size(width, height, url),))


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(CATALOGUE) as running:
        yield running


def pictures(folder: Path, **values: Any) -> Pictures:
    small = {"width_px": 320, "height_px": 180, **values}
    return Pictures(settings(folder, **small), sleep=lambda wait_s: None)


@pytest.mark.parametrize(("upright", "size"), [(False, (320, 180)), (True, (180, 320))])
def test_a_picture_is_cropped_resized_and_fetched_once(
    tmp_path: Path, emulator: Emulator, upright: bool, size: tuple[int, int]
) -> None:
    known = of_trait("", upright=upright)
    shelf = pictures(tmp_path)
    for _ in range(2):
        assert shelf.fetch(shown(known, emulator)) is None
    path = tmp_path / "320x180" / f"{known.id}.jpg"
    assert shelf.path(str(known.id)) == path
    assert photo_size(path) == size
    assert list(path.parent.iterdir()) == [path]
    assert emulator.pictures == {str(known.id): 1}


def test_the_largest_sizes_have_secrets_of_their_own(tmp_path: Path, emulator: Emulator) -> None:
    known = of_trait("")
    guessed = picture_path(known, "c").replace("_c.jpg", "_h.jpg")
    size = Size(*sizes_of(known)["h"], emulator.address + guessed)
    assert (
        pictures(tmp_path).fetch(photo(known.id, sizes=(size,)))
        == "gone: Flickr sent a placeholder"
    )
    assert pictures(tmp_path).fetch(shown(known, emulator, "h")) is None


@pytest.mark.parametrize(
    ("trait", "reason"),
    [
        ("deleted", "gone: Flickr sent a placeholder"),
        ("resized", "another size: 400×"),
        ("damaged", "unreadable: cannot be decoded: "),
    ],
)
def test_what_is_no_picture_of_the_photo_is_refused(
    tmp_path: Path, emulator: Emulator, trait: Trait, reason: str
) -> None:
    said = pictures(tmp_path).fetch(shown(of_trait(trait), emulator))
    assert said
    assert said.startswith(reason)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_other_files_are_no_pictures(tmp_path: Path, emulator: Emulator) -> None:
    api = photo(1, sizes=(Size(800, 600, emulator.service + "?format=json"),))
    assert pictures(tmp_path).fetch(api) == "not a picture: content type application/json"


def test_a_connection_that_is_cut_is_tried_again(tmp_path: Path) -> None:
    wanted = [known for known in CATALOGUE if known.trait == ""][:10]
    with Emulator(CATALOGUE, faults=Faults(cut=0.3, errors=0.2, seed=0)) as emulator:
        shelf = pictures(tmp_path)
        for known in wanted:
            assert shelf.fetch(shown(known, emulator)) is None
        assert emulator.pictures == {str(known.id): 1 for known in wanted}
    for known in wanted:
        assert min(read_photo(shelf.path(str(known.id))).pixels.shape[:2]) == 180


def test_a_server_that_stays_down_is_no_reason_to_give_a_photo_up(tmp_path: Path) -> None:
    with (
        Emulator(CATALOGUE, faults=Faults(cut=1)) as emulator,
        pytest.raises(UnavailableError, match=r"fetching photo \d+: no connection .*after 8 tries"),
    ):
        pictures(tmp_path).fetch(shown(of_trait(""), emulator))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_was_fetched_before_a_crawl_was_stopped_is_not_fetched_again(
    tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, shelf = of_trait(""), pictures(tmp_path)

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("wespe.data.flickr.pictures.write_photo", stop)
        with pytest.raises(KeyboardInterrupt):
            shelf.fetch(shown(known, emulator))
    assert shelf.fetch(shown(known, emulator)) is None
    assert emulator.pictures[str(known.id)] == 1
    assert [path.name for path in shelf.folder.iterdir()] == [f"{known.id}.jpg"]


def test_a_file_that_grows_without_end_is_given_up(
    tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wespe.data.flickr.pictures._MAX_BYTES", 1000)
    said = pictures(tmp_path).fetch(shown(of_trait(""), emulator))
    assert said == "larger than 0 MB"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("shape", "rows", "columns"),
    [
        # 16:9 of 4:3: the height is cut; of a panorama: the width.
        ((1200, 1600), (150, 1050), (0, 1600)),
        ((900, 3200), (0, 900), (800, 2400)),
        ((1600, 1200), (0, 1600), (150, 1050)),
    ],
)
def test_the_middle_is_kept(
    shape: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    pixels = np.zeros((*shape, 3), np.uint8)
    pixels[slice(*rows), slice(*columns)] = 200
    assert (crop(pixels, 1280, 720) == 200).all()
    pixels = 200 - pixels
    assert (crop(pixels, 1280, 720) == 0).all()


def test_resizing_averages() -> None:
    fine = np.zeros((144, 256, 3), np.uint8)
    fine[::2] = 200  # every second line
    assert (crop(fine, 128, 72) == 100).all()
