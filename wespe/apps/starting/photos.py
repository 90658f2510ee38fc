"""What a folder of photos holds, as far as the files' headers tell."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import ExifTags

from wespe.core.files import sha256
from wespe.photos.images import PhotoError, photo_size
from wespe.photos.opening import opened

FEW_PHOTOS, SOME_PHOTOS = 20, 100
"""Below the first a look cannot be told from what the photos show; the second is a start."""
_SMALL_MP = 1.0
_MOST = 0.9  # of the photos by one camera; a few of another do no harm


@dataclass(frozen=True)
class Look:
    """The photos of a folder: `photos` are usable, and each is there once."""

    photos: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    """Files that are not used, and why, in words."""
    cameras: Mapping[str, int]
    """Photos by the camera that EXIF names; an empty name stands for none."""
    megapixels: tuple[float, ...]
    hashes: frozenset[str]


def look_at(root: Path, files: Sequence[str], *, min_side_px: int = 100) -> Look:
    """Look at `files` below `root`: headers, and whole files for duplicates; no pixels."""
    photos, left_out, cameras = list[str](), list[tuple[str, str]](), Counter[str]()
    megapixels, first = list[float](), dict[str, str]()
    for file in files:
        path = root / file
        try:
            width, height = photo_size(path)
            camera = _camera(path)
            hashed = sha256(path)
        except PhotoError as error:
            left_out.append((file, error.reason))
            continue
        except OSError as error:
            left_out.append((file, error.strerror or str(error)))
            continue
        if min(width, height) < min_side_px:
            left_out.append((file, f"too small, {width}×{height} px"))
        elif hashed in first:
            left_out.append((file, f"the same as {first[hashed]}"))
        else:
            first[hashed] = file
            photos.append(file)
            cameras[camera] += 1
            megapixels.append(width * height / 1e6)
    return Look(
        *(tuple(photos), tuple(left_out), dict(cameras.most_common()), tuple(megapixels)),
        hashes=frozenset(first),
    )


def told(look: Look, *, one_camera: bool) -> Iterator[str]:
    """What there is, and what is wrong with it, a line each.

    `one_camera`: whether the photos should all be of one camera, unedited.
    """
    count = len(look.photos)
    sizes = f", {min(look.megapixels):.2g} to {max(look.megapixels):.2g} MP" if count else ""
    yield f"{count} photos{sizes}"
    if look.cameras:
        named = (
            f"{n} {camera or 'without a camera in EXIF'}" for camera, n in look.cameras.items()
        )
        yield f"cameras: {', '.join(named)}"
    if look.left_out:
        yield f"{len(look.left_out)} left out, such as {look.left_out[0][0]}: {look.left_out[0][1]}"
    if count < FEW_PHOTOS:
        yield f"too few: from fewer than {FEW_PHOTOS} it learns what they show and little else"
    elif count < SOME_PHOTOS:
        yield f"few: {SOME_PHOTOS} are a start, thousands are better"
    if not one_camera or not count:
        return
    known = {camera: n for camera, n in look.cameras.items() if camera}
    if len(known) > 1 and max(known.values()) < _MOST * sum(known.values()):
        yield "of several cameras: the network learns their mean; take the photos of one"
    if look.cameras.get("", 0) > (1 - _MOST) * count:
        yield "many without EXIF, as photos are that were edited or sent; take those of the camera"
    if sorted(look.megapixels)[count // 2] < _SMALL_MP:
        yield "small photos: those that were resized do not show what the camera does to texture"


def _camera(path: Path) -> str:
    with opened(path) as image:
        exif = image.getexif()
        make, model = (
            str(exif.get(tag) or "").strip(" \0")
            for tag in (ExifTags.Base.Make, ExifTags.Base.Model)
        )
    return model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()
