"""A crawl of the emulator, and what it has to find, told from the emulator's own photos."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from tests.flickr_emulator import KEY, SECRET, Emulator
from tests.flickr_emulator.answers import sizes_of
from tests.flickr_emulator.catalogue import CataloguePhoto
from wespe.data.flickr import FlickrSettings
from wespe.data.flickr.budget import Budget
from wespe.data.flickr.client import Flickr
from wespe.data.flickr.key import Credentials
from wespe.data.flickr.licences import NAMES
from wespe.data.flickr.photo import FlickrPhoto, Size

SMALL: dict[str, Any] = {"width_px": 320, "height_px": 180, "train": 30, "validation": 5, "test": 5}


def settings(raw: Path | str = "raw", **values: Any) -> FlickrSettings:
    """Settings of a crawl of the emulator's year into the folder `raw`."""
    dates = {"since": date(2016, 1, 1), "until": date(2016, 12, 31)}
    return FlickrSettings(kind="flickr", path="removed.txt", raw=str(raw), **{**dates, **values})


def service(
    emulator: Emulator,
    folder: Path,
    *,
    key: str = KEY,
    sleep: Callable[[float], None] = lambda wait_s: None,
) -> Flickr:
    """A client of the emulator that does not wait; its budget is in `folder`."""
    budget = Budget(folder / "budget.json", calls=3600, sleep=sleep)
    return Flickr(
        budget=budget,
        service=emulator.service,
        credentials=lambda: Credentials(key, SECRET),
        sleep=sleep,
    )


def photo(number: int, **values: Any) -> FlickrPhoto:
    """A photo with a small number for its id."""
    known = {
        "id": str(number),
        "owner": f"{number}@N00",
        "owner_name": "ann",
        "title": "Rain",
        "licence": "by",
        "uploaded": 1_451_606_400 + number,
        "taken": "2016-01-01 10:00:00",
        "views": 100,
        "faves": number,
        "page": f"https://www.flickr.com/photos/ann/{number}/",
        "sizes": (Size(1600, 1200, f"http://localhost/{number}_x_h.jpg"),),
    }
    return FlickrPhoto(**{**known, **values})


def truth(
    catalogue: Sequence[CataloguePhoto], wanted: FlickrSettings, *, pictures: bool
) -> dict[str, int]:
    """Faves of all photos that a crawl should end with; `pictures`: also their pictures."""
    lost = {"no list", *(("deleted", "resized", "damaged") if pictures else ())}
    return {
        str(photo.id): photo.faves
        for photo in catalogue
        if photo.trait not in lost and is_wanted(photo, wanted)
    }


def without_faves(catalogue: Sequence[CataloguePhoto], wanted: FlickrSettings) -> int:
    """How many photos there are whose faves have to be asked for one by one."""
    lacking = {"no faves", "no list"}
    return sum(photo.trait in lacking and is_wanted(photo, wanted) for photo in catalogue)


def is_wanted(photo: CataloguePhoto, wanted: FlickrSettings) -> bool:
    return (
        bool(set(wanted.tags) & set(photo.tags))
        and NAMES[photo.licence] in wanted.licences
        and photo.views >= wanted.min_views
        and large_enough(photo, wanted)
    )


def large_enough(photo: CataloguePhoto, wanted: FlickrSettings) -> bool:
    shown = sizes_of(photo).values()
    long_px, short_px = max((max(size), min(size)) for size in shown)
    return long_px >= wanted.min_width_px and short_px >= wanted.min_height_px
