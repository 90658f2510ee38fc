"""From sets of photos to a study's folder: what is drawn, spoiled, and made indistinguishable."""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from wespe.apps.study.folder import DEGRADED, ENHANCED, Item, Kind, Part, Study
from wespe.apps.study.sources import PhotoSet
from wespe.core.files import atomic_folder
from wespe.photos.images import Pixels, write_photo
from wespe.results.layout import StudyInputs
from wespe.results.record import write_record


@dataclass(frozen=True)
class _Draw:
    """An item before its pictures are written."""

    part: Part
    photo: str
    methods: tuple[str, ...]


def build(
    out: Path,
    sets: Sequence[PhotoSet],
    *,
    kind: Kind,
    title: str,
    against: Sequence[str],
    photos_per_set: int,
    practice: int,
    catches: int,
    seed: int,
) -> Study:
    """Make the folder `out`, which must not exist, and return the study, named as the folder.

    Of each set `photos_per_set` photos are drawn, `practice` trials in all of photos that are left
    over where there are any, and `catches` catch trials a set. Pairs show `enhanced` and each of
    `against`; ratings show each by itself. The same arguments give the same files. Raises
    ValueError for too few photos, a method that is not there, or a folder that is.
    """
    if out.exists():
        raise ValueError(
            f"{out} already exists; votes belong to one study, so choose another folder"
        )
    _check(out.name, [one.name for one in sets])
    if min(photos_per_set - 1, practice, catches) < 0 or not against:
        raise ValueError("expected at least one photo and one method, and no negative number")
    random = np.random.default_rng(seed)
    with atomic_folder(out) as folder:
        (folder / "pictures").mkdir()
        items: list[Item] = []
        for number, photos in enumerate(sets):
            share = practice // len(sets) + (number < practice % len(sets))
            drawn = _draw(photos, kind, against, photos_per_set, share, catches, random)
            items += _write(folder / "pictures", photos, drawn, random)
        study = Study(
            study=out.name,
            key=_key(folder / "pictures", items),
            kind=kind,
            title=title,
            seed=seed,
            simulated=any(photos.simulated for photos in sets),
            networks={photos.name: photos.network for photos in sets},
            items=tuple(items),
        )
        write_record(StudyInputs(folder).key, study)
    return study


def _check(study: str, sets: Sequence[str]) -> None:
    for name in (study, *sets):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
            raise ValueError(f"expected a name of letters, digits, - and _, got {name!r}")
    if len(set(sets)) < len(sets):
        raise ValueError(f"expected sets of different names, got {', '.join(sets)}")


def _draw(
    photos: PhotoSet,
    kind: Kind,
    against: Sequence[str],
    count: int,
    practice: int,
    catches: int,
    random: np.random.Generator,
) -> list[_Draw]:
    """What is shown of a set."""
    if len(photos.photos) < count:
        raise ValueError(
            f"set {photos.name}: expected at least {count} photos, got {len(photos.photos)} "
            "(the setting `pictures` of an evaluation is how many it keeps)"
        )
    order = [photos.photos[number] for number in random.permutation(len(photos.photos))]
    shown, spare = order[:count], order[count:] or order
    shows = _shows(kind, against)
    draws = [_Draw("main", photo, methods) for photo in shown for methods in shows]
    for number in range(practice):
        photo = spare[number % len(spare)]
        draws.append(_Draw("practice", photo, shows[number % len(shows)]))
    spoiled = (ENHANCED, DEGRADED) if kind == "pairs" else (DEGRADED,)
    draws += [_Draw("catch", shown[number % count], spoiled) for number in range(catches)]
    return draws


def _shows(kind: Kind, against: Sequence[str]) -> list[tuple[str, ...]]:
    if kind == "pairs":
        return [(ENHANCED, other) for other in against]
    return [(method,) for method in (ENHANCED, *against)]


def _write(
    folder: Path, photos: PhotoSet, draws: Sequence[_Draw], random: np.random.Generator
) -> Iterator[Item]:
    """Write the pictures of a set, photo by photo; items keep the order of `draws`."""
    names: dict[tuple[str, str], str] = {}
    for photo in dict.fromkeys(draw.photo for draw in draws):
        methods = {name for draw in draws if draw.photo == photo for name in draw.methods}
        wanted = sorted((methods - {DEGRADED}) | {ENHANCED})
        versions = photos.versions(photo, wanted)
        if DEGRADED in methods:
            versions[DEGRADED] = degrade(versions[ENHANCED])
        versions = {name: pixels for name, pixels in versions.items() if name in methods}
        for method, file in _write_versions(folder, versions, random).items():
            names[photo, method] = file
    for draw in draws:
        files = tuple(names[draw.photo, method] for method in draw.methods)
        yield Item(
            part=draw.part, set=photos.name, photo=draw.photo, methods=draw.methods, pictures=files
        )


def _write_versions(
    folder: Path, versions: Mapping[str, Pixels], random: np.random.Generator
) -> dict[str, str]:
    """Write versions of one photo so that name, size and time reveal nothing; method → file."""
    shapes = {name: pixels.shape for name, pixels in versions.items()}
    if len(set(shapes.values())) > 1:
        raise ValueError(f"expected all versions of a photo in one size, got {shapes}")
    files = {name: f"{random.bytes(12).hex()}.jpg" for name in versions}
    for name, pixels in versions.items():
        write_photo(folder / files[name], pixels)
    # Enhanced photos hold more detail, so their files are larger: zeros behind the end of a JPEG
    # picture, which no decoder reads, make all versions equally long.
    longest = max((folder / file).stat().st_size for file in files.values())
    for file in files.values():
        path = folder / file
        path.write_bytes(path.read_bytes().ljust(longest, b"\0"))
        os.utime(path, (0, 0))
    return files


def degrade(photo: Pixels) -> Pixels:
    """A copy that nobody prefers, uint8 `(H, W, 3)`: a 24th of the resolution, dim and greyish."""
    height, width = photo.shape[:2]
    small = cv2.resize(
        photo, (max(1, width // 24), max(1, height // 24)), interpolation=cv2.INTER_AREA
    )
    coarse = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.float32)
    grey = coarse.mean(axis=2, keepdims=True)
    return np.asarray(np.rint(20 + 0.5 * (0.5 * coarse + 0.5 * grey)), np.uint8)


def _key(folder: Path, items: Sequence[Item]) -> str:
    shown = hashlib.sha256(json.dumps([asdict(item) for item in items]).encode())
    for path in sorted(folder.iterdir()):
        shown.update(path.read_bytes())
    return shown.hexdigest()
