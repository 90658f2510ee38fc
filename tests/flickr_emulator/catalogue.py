"""The photos that the emulator has: made from a seed, with the traits of real ones.

Viewers are modelled as simply as will do: a photo has a quality between 0 and 1, its photographer a
following; each view is a fave with a probability that grows with both.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

YEAR = 2016
"""When all photos were uploaded."""

Trait = Literal["", "no faves", "no list", "deleted", "resized", "damaged"]
TRAITS: dict[Trait, float] = {
    "no faves": 0.02,
    "no list": 0.002,
    "deleted": 0.01,
    "resized": 0.004,
    "damaged": 0.002,
}
"""Shares of photos: whose faves the search does not tell, and of those that have no list of faves
either; whose picture is gone, has another size than told, or cannot be decoded."""

# Landscape and upright, of phones and cameras, some too small.
_SIZES = np.array(
    [
        *((6000, 4000), (5184, 3456), (4032, 3024), (4000, 3000), (3456, 5184), (3000, 4000)),
        *((2400, 1600), (1920, 1080), (1280, 853), (1024, 768)),
    ]
)
_SIZE_SHARES = [0.2, 0.15, 0.15, 0.1, 0.1, 0.05, 0.1, 0.06, 0.05, 0.04]
_LICENCE_SHARES = [0.3, 0.12, 0.1, 0.12, 0.12, 0.09, 0.05, 0.02, 0.01, 0.05, 0.02]
_BURST_SHARE, _BURST_S = 0.15, 1800


@dataclass(frozen=True)
class CataloguePhoto:
    """A photo of the emulator; `quality` from 0 to 1 shows in its picture and its faves."""

    id: int
    owner: str
    secret: str
    uploaded: int
    tags: tuple[str, ...]
    licence: int
    views: int
    faves: int
    width_px: int
    height_px: int
    original: bool
    """Whether the original may be fetched."""
    quality: float
    trait: Trait


def make_catalogue(count: int, *, seed: int, tag: str = "street") -> list[CataloguePhoto]:
    """`count` photos with `tag` uploaded in YEAR, in order of upload.

    Hours of the day differ, and one busy half hour holds 15 % of all. A tenth as many photos
    have another tag.
    """
    draw = np.random.default_rng(seed)
    every = count + count // 10
    uploaded = np.sort(_upload_times(draw, every))
    tagged = np.ones(every, bool)
    tagged[draw.choice(every, count // 10, replace=False)] = False
    owners = 1 + draw.zipf(1.3, every) % max(2, every // 8)
    following = draw.lognormal(0, 0.5, owners.max() + 1)[owners]
    quality = draw.random(every)
    views = draw.lognormal(6, 1.2, every).astype(int)
    faves = draw.binomial(views, np.clip(0.04 * following * quality**2 + 0.001, 0, 0.5))
    sizes = _SIZES[draw.choice(len(_SIZES), every, p=_SIZE_SHARES)]
    licence = draw.choice(len(_LICENCE_SHARES), every, p=_LICENCE_SHARES)
    original = draw.random(every) < 0.5
    secrets = draw.integers(16**10, size=every)
    names = [*TRAITS, ""]
    shares = [*TRAITS.values(), 1 - sum(TRAITS.values())]
    traits = draw.choice(len(names), every, p=shares)
    return [
        CataloguePhoto(
            id=50_000_000_000 + 7 * number,
            owner=f"{10_000_000 + owners[number]}@N00",
            secret=f"{secrets[number]:010x}",
            uploaded=int(uploaded[number]),
            tags=(tag, "city") if tagged[number] else ("city",),
            licence=int(licence[number]),
            views=int(views[number]),
            faves=int(faves[number]),
            width_px=int(sizes[number][0]),
            height_px=int(sizes[number][1]),
            original=bool(original[number]),
            quality=float(quality[number]),
            trait=names[traits[number]],
        )
        for number in range(every)
    ]


def _upload_times(draw: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Seconds of upload, fewer at night, and a busy half hour."""
    first, last = (int(datetime(YEAR + years, 1, 1, tzinfo=UTC).timestamp()) for years in (0, 1))
    times = draw.integers(first, last, count)
    night = (times % 86_400) < 6 * 3600
    moved = night & (draw.random(count) < 0.7)
    times[moved] = np.minimum(times[moved] + 12 * 3600, last - 1)
    busy = draw.choice(count, int(_BURST_SHARE * count), replace=False)
    middle = first + (last - first) * 2 // 3
    times[busy] = np.clip(middle + draw.integers(_BURST_S, size=len(busy)), first, last - 1)
    return times
