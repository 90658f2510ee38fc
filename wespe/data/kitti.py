"""KITTI: photos of the left colour camera of a car (Geiger et al., 2013)."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from wespe.data.datasets import (
    Archive,
    DatasetSettings,
    evenly,
    needed,
    obtain,
    photos_below,
    require,
)
from wespe.data.folder import index_photos
from wespe.data.needs import Needs
from wespe.results.index import PhotoIndex

# The paper names none of its drives.
_NUMBERS = {
    "2011_09_26": "1 2 5 9 11 13 14 17 18 48 51 56 57 59 60 84 91 93 95 96 104 106 113 117",
    "2011_09_28": "1 2",
    "2011_09_29": "26 71",
}
_DRIVES = tuple(
    f"{date}_drive_{int(number):04}"
    for date, numbers in _NUMBERS.items()
    for number in numbers.split()
)
LICENCE = "non-commercial research"


class KittiSettings(DatasetSettings):
    """KITTI, drives of the raw data, synchronised and rectified: the left colour camera."""

    kind: Literal["kitti"]
    """Selects this kind of source."""
    split: Literal["all", "train", "test"] = "all"
    """`train`: the drives that are not for testing. A drive is never split, since its photos look
    alike."""
    drives: tuple[str, ...] = _DRIVES
    """The drives, as `2011_09_26_drive_0001`. The paper does not name its drives; these are 28 in
    town."""
    test_drives: tuple[str, ...] = ("2011_09_26_drive_0046",)
    """The drives for testing. They need not be in `drives`."""
    count: Annotated[int, Field(ge=1)] | None = None
    """The largest number of photos, spread evenly over the split. The paper has 8458 for training
    and 124 for testing (its table 4)."""


def acquire(name: str, settings: KittiSettings, out: Path) -> PhotoIndex:
    """Index the photos where they lie. Raises ValueError if a drive cannot be had."""
    drives = _drives(settings)
    if not drives:
        raise ValueError(f"source {name}: expected drives for {settings.split}, got none")
    places = [_photos(name, settings, drive) for drive in drives]
    root = Path(os.path.commonpath([place for place, _ in places]))
    files = [str((place / file).relative_to(root)) for place, found in places for file in found]
    origin = f"KITTI raw data, {len(drives)} drives, {settings.split}"
    return index_photos(name, root, evenly(files, settings.count), origin=origin, licence=LICENCE)


def needs(settings: KittiSettings) -> Needs:
    """What is to be downloaded."""
    return needed(settings, [_archive(drive) for drive in _drives(settings)])


def _drives(settings: KittiSettings) -> list[str]:
    """The drives of the split."""
    training = [drive for drive in settings.drives if drive not in settings.test_drives]
    split = {"train": training, "test": [*settings.test_drives]}
    return split.get(settings.split, [*training, *settings.test_drives])


def _archive(drive: str) -> Archive:
    return Archive(
        "kitti_raw",
        f"{drive}_sync.zip",
        drive.partition("_drive_")[0],
        f"{drive}_sync/image_02/data",
        only=("image_02/data/*.png", "image_02/timestamps.txt"),
        values={"drive": drive},
    )


def _photos(name: str, settings: KittiSettings, drive: str) -> tuple[Path, list[str]]:
    """The photos of a drive, which its list of times has a line for each of."""
    camera = f"{drive}_sync/image_02"
    place = obtain(name, settings, _archive(drive))
    files = photos_below(place, f"{camera}/data/*", ".png")
    times = place / camera / "timestamps.txt"
    expected = len(times.read_text("utf-8").strip().splitlines()) if times.exists() else 0
    what = f"as many photos as there are lines in {times}, {expected}"
    require(name, settings, len(files) == expected > 0, what, f"{len(files)} photos")
    return place, files
