"""The archives of the paper in their true layouts, by the addresses that they are published at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.miniature.scenes import as_phone, encoded, views
from tests.published import Files, folder, tarred, zipped
from wespe.core.files import sha256
from wespe.data.dped import DpedSettings
from wespe.data.inventory import Item
from wespe.data.kitti import KittiSettings

_PHONES = DpedSettings.model_fields["camera"].annotation.__args__  # type: ignore[union-attr]
_DRIVES: tuple[str, ...] = KittiSettings.model_fields["drives"].default
_TEST_DRIVES: tuple[str, ...] = KittiSettings.model_fields["test_drives"].default
OWN_PHONES = {
    "htc_one_m9": ("HTC", "HTC One M9"),
    "huawei_p9": ("HUAWEI", "EVA-L09"),
    "iphone_6": ("Apple", "iPhone 6"),
}
"""The phones of table 6 whose photos were never published, with make and model as in EXIF."""


@dataclass(frozen=True)
class Counts:
    """How many photos there are of each kind, and how large they are."""

    patches: int = 60
    """Of each of DPED's phones, for training."""
    test_patches: int = 12
    photos: int = 3
    """At full size: of each phone, of each drive, of each city, of DIV2K's validation."""
    div2k: int = 12
    own: int = 8
    """Of each phone of one's own, for training."""
    wide_px: int = 480
    """The width of photos at full size, 3:2 or 4:3; KITTI and Cityscapes are wider and lower."""


def make(inventory: Mapping[str, Item], hosts: Path, counts: Counts) -> dict[str, Path]:
    """Make all archives below `hosts`, as `HOST/PATH` of their first address.

    Returns them by name in the inventory; of several archives a drive, the first.
    """
    made: dict[str, Path] = {}
    for name, files in (
        ("dped", _dped(counts)),
        ("dped_originals", _originals(counts)),
        ("div2k_train", _div2k("train", 1, counts.div2k, counts)),
        ("div2k_valid", _div2k("valid", 801, counts.photos, counts)),
    ):
        path = hosts / _place(inventory[name].urls[0])
        made[name] = (tarred if path.suffix == ".gz" else zipped)(path, files)
    for number, drive in enumerate((*_DRIVES, *_TEST_DRIVES)):
        count = counts.photos if drive in _TEST_DRIVES else 1 + number % 2
        path = hosts / _place(inventory["kitti_raw"].urls[0].format(drive=drive))
        made.setdefault("kitti_raw", zipped(path, _drive(drive, count, number, counts)))
    place = hosts / "www.cityscapes-dataset.com/file-handling/leftImg8bit_trainvaltest.zip"
    made["cityscapes"] = zipped(place, _cityscapes(counts))
    return made


def make_own_photos(raw: Path, counts: Counts) -> None:
    """The folders of three phones of one's own, for training and for testing."""
    width, height = counts.wide_px, counts.wide_px * 3 // 4
    for number, (phone, camera) in enumerate(OWN_PHONES.items()):
        every = views("phones", counts.own + counts.photos, width, height, seed=50 + number)
        files = [encoded(view, ".jpg", camera=camera) for view in every]
        named = {f"IMG_{n:04}.jpg": data for n, data in enumerate(files)}
        tests = set(list(named)[counts.own :])
        for part in ("train", "test"):
            chosen = {n: data for n, data in named.items() if (n in tests) == (part == "test")}
            folder(raw / "phones" / phone / part, chosen)


def facts(path: Path) -> tuple[int, str]:
    """The bytes of an archive and its sha256, for the inventory."""
    return path.stat().st_size, sha256(path)


def _place(url: str) -> str:
    return url.partition("://")[2]


def _dped(counts: Counts) -> Files:
    files: Files = {}
    width, height = counts.wide_px, counts.wide_px * 3 // 4
    for seed, phone in enumerate(_PHONES):
        parts = (("training_data", counts.patches), ("test_data/patches", counts.test_patches))
        for part, count in parts:
            scenes = views("clic2025", count, 100, 100, seed=10 * seed + len(part))
            for number, scene in enumerate(scenes):
                pair = {"canon": scene, phone: as_phone(scene, phone, seed=number)}
                for camera, patch in pair.items():
                    files[f"dped/{phone}/{part}/{camera}/{number}.jpg"] = encoded(patch, ".jpg")
        whole = views(f"dped/{phone}_full", counts.photos, width, height, seed=seed)
        for number, photo in enumerate(whole):
            name = f"dped/{phone}/test_data/full_size_test_images/{number}.jpg"
            files[name] = encoded(photo, ".jpg")
    return files


def _originals(counts: Counts) -> Files:
    """The layout is not documented: folders named after the cameras are all that is expected."""
    files: Files = {}
    width, height = counts.wide_px, counts.wide_px * 3 // 4
    for number, scene in enumerate(views("clic2025", counts.own, width, height, seed=3)):
        files[f"original_images/canon/{number}.jpg"] = encoded(scene, ".jpg")
        for phone in _PHONES:
            photo = as_phone(scene, phone, seed=number)
            files[f"original_images/{phone}/{number}.jpg"] = encoded(photo, ".jpg")
    return files


def _div2k(part: str, first: int, count: int, counts: Counts) -> Files:
    width, height = counts.wide_px, counts.wide_px * 2 // 3
    return {
        f"DIV2K_{part}_HR/{number:04}.png": encoded(view, ".png")
        for number, view in enumerate(views("div2k", count, width, height, seed=first), first)
    }


def _drive(drive: str, count: int, seed: int, counts: Counts) -> Files:
    """A drive as it is: four cameras, the laser and the GPS, each with its list of times."""
    top = f"{drive.partition('_drive_')[0]}/{drive}_sync"
    times = "".join(f"2011-09-26 13:02:{25 + n:02}.594360375\n" for n in range(count))
    files: Files = {
        f"{top}/{part}/timestamps.txt": times.encode()
        for part in ("image_00", "image_01", "image_02", "image_03", "oxts", "velodyne_points")
    }
    width, height = counts.wide_px * 5 // 4, counts.wide_px * 3 // 8
    for number, view in enumerate(views("kitti", count, width, height, seed=100 + seed)):
        files[f"{top}/image_02/data/{number:010}.png"] = encoded(view, ".png")
        files[f"{top}/image_00/data/{number:010}.png"] = b"grey: not asked for"
        files[f"{top}/oxts/data/{number:010}.txt"] = b"49.015003823272 8.4342971002335\n"
    return files


def _cityscapes(counts: Counts) -> Files:
    cities = {"train": ("aachen", "ulm"), "val": ("lindau",), "test": ("bonn",)}
    places = [
        f"leftImg8bit/{part}/{city}/{city}_{number:06}_000019_leftImg8bit.png"
        for part, names in cities.items()
        for city in names
        for number in range(counts.photos)
    ]
    photos: Iterator[bytes] = (
        encoded(view, ".png")
        for view in views("cityscapes", len(places), counts.wide_px, counts.wide_px // 2, seed=7)
    )
    return {
        "README": b"Cityscapes",
        "license.txt": b"terms",
        **dict(zip(places, photos, strict=True)),
    }
