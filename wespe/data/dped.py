"""DPED: the same scenes by three phones and a Canon 70D (Ignatov et al., 2017)."""

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

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

_GZIP = (b"\x1f\x8b", b"PK")
# Pairs of patches for training and for testing, where they were published.
_PATCHES = {"iphone": (160_471, 4_353)}
_TEST_PHOTOS = 29
# Table 1 of the paper: originals for testing.
_HELD_OUT = {"iphone": 113, "blackberry": 113, "sony": 76}
LICENCE = "research use"


class DpedSettings(DatasetSettings):
    """DPED: photos of an iPhone 3GS, a BlackBerry Passport and a Sony Xperia Z, and of the same
    scenes by a Canon 70D."""

    kind: Literal["dped"]
    """Selects this kind of source."""
    camera: Literal["iphone", "blackberry", "sony"]
    """The phone."""
    part: Literal[
        "phone", "canon", "test_patches", "test_photos", "phone_originals", "canon_originals"
    ]
    """`phone`, `canon`: the patches of 100 px for training. `test_patches`: the phone's patches for
    testing, with the Canon's as references. `test_photos`: the phone's 29 photos of full size.
    `phone_originals`, `canon_originals`: the photos as taken, in a separate archive."""
    split: Literal["all", "train", "test"] = "all"
    """For the originals: those for training, or those held out. A scene is held out for both
    cameras or for neither."""
    held_out: Annotated[int, Field(ge=1)] | None = None
    """The number of the phone's originals for testing, evenly spread. By default as many as in the
    paper (its table 1): 113, 113 and 76, which left 5614, 5902 and 4427 for training. If the
    archive has a folder `test`, that is the split."""

    @model_validator(mode="after")
    def _originals_alone_are_split(self) -> Self:
        if self.split != "all" and not self.part.endswith("_originals"):
            raise ValueError(f"part {self.part} has its own split: leave out `split`")
        return self


def acquire(name: str, settings: DpedSettings, out: Path) -> PhotoIndex:
    """Index the photos where they lie. Raises ValueError if they cannot be had."""
    origin = f"DPED, {settings.camera}, {settings.part.replace('_', ' ')}"
    references = None
    if settings.part.endswith("_originals"):
        place, files = _originals(name, settings)
        origin += f", {settings.split}"
    else:
        place = obtain(name, settings, _archive(settings)) / settings.camera
        if settings.part == "test_photos":
            files = _test_photos(name, settings, place)
        else:
            references = "canon" if settings.part == "test_patches" else None
            place /= "test_data/patches" if references else "training_data"
            files = _patches(name, settings, place)
    return index_photos(name, place, files, origin=origin, references=references, licence=LICENCE)


def needs(settings: DpedSettings) -> Needs:
    """What is to be downloaded."""
    return needed(settings, [_archive(settings)])


def _archive(settings: DpedSettings) -> Archive:
    """The archive that a part is in."""
    camera = settings.camera
    if settings.part.endswith("_originals"):
        return Archive(
            "dped_originals", "original_images.gz", "", f"**/{camera}/*.[jJ][pP][gG]", _GZIP
        )
    return Archive("dped", "dped.gz", "dped", f"{camera}/*_data", _GZIP)


def _test_photos(name: str, settings: DpedSettings, place: Path) -> list[str]:
    folder = "test_data/full_size_test_images"
    files = photos_below(place, f"{folder}/*", ".jpg")
    what = f"{_TEST_PHOTOS} photos in {place / folder}"
    require(name, settings, len(files) == _TEST_PHOTOS, what, f"{len(files)}")
    return files


def _patches(name: str, settings: DpedSettings, folder: Path) -> list[str]:
    """Patches are numbered from 0, and the two cameras have the same numbers."""
    found = {
        camera: photos_below(folder, f"{camera}/*", ".jpg") for camera in (settings.camera, "canon")
    }
    phone, canon = ({PurePosixPath(file).name for file in files} for files in found.values())
    pairs = _PATCHES.get(settings.camera, (len(phone), len(phone)))[folder.name == "patches"]
    expected = {f"{number}.jpg" for number in range(pairs)}
    require(
        name,
        settings,
        phone == canon == expected != set(),
        f"0.jpg to {pairs - 1}.jpg of {settings.camera} and canon in {folder}",
        f"{len(phone)} and {len(canon)}",
    )
    return found["canon" if settings.part == "canon" else settings.camera]


def _originals(name: str, settings: DpedSettings) -> tuple[Path, list[str]]:
    """The originals of a split; the published archive's layout is not documented.

    So they are taken from any folder that has the camera's name.
    """
    place = obtain(name, settings, _archive(settings))
    cameras = {
        camera: [
            file
            for file in photos_below(place, f"**/{camera}/*", ".jpg")
            if not {"training_data", "test_data"}.intersection(PurePosixPath(file).parts)
        ]
        for camera in (settings.camera, "canon")
    }
    phone = cameras[settings.camera]
    require(
        name,
        settings,
        all(cameras.values()),
        f"photos in folders named {settings.camera} and canon below {place}",
        " and ".join(f"{len(files)} of {camera}" for camera, files in cameras.items()),
    )
    marked = [file for file in phone if "test" in PurePosixPath(file).parts]
    tests = marked or evenly(phone, settings.held_out or _HELD_OUT[settings.camera])
    scenes = {PurePosixPath(file).stem for file in tests}
    files = cameras["canon" if settings.part == "canon_originals" else settings.camera]
    if settings.split != "all":
        wanted = settings.split == "test"
        files = [file for file in files if (PurePosixPath(file).stem in scenes) == wanted]
    return place, files
