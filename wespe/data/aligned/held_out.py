"""Held-out scenes: their patches as photos of their own, or whole photos with these as crops."""

import shutil
from pathlib import Path

import numpy as np

from wespe.core.files import sha256
from wespe.data.aligned.geometry import Frame, frame
from wespe.data.aligned.pair import Pair, Report, strip_path
from wespe.data.aligned.patches import reduced, sample
from wespe.data.aligned.settings import AlignedSettings
from wespe.photos.images import Pixels, read_photo, write_photo
from wespe.results.index import Crop, PhotoEntry


def patches(report: Report, settings: AlignedSettings, folder: Path, out: Path) -> list[PhotoEntry]:
    """The patches of a scene as photos below `out`, each with the target's as reference."""
    sources, targets = (
        _written(side, report, settings, folder, out) for side in ("source", "target")
    )
    size = settings.size_px
    return [
        PhotoEntry(file, size, size, sha256(out / file), reference)
        for file, reference in zip(sources, targets, strict=True)
    ]


def whole_photo(
    pair: Pair, report: Report, settings: AlignedSettings, folder: Path, out: Path
) -> PhotoEntry:
    """The source's photo of a scene below `out`, with the target's patches as crops.

    It is a copy of the file, or, where the target has fewer pixels, the photo reduced to them.
    """
    source = read_photo(pair.source).pixels
    placed = _frame(source, pair, report, settings)
    if placed.reductions[0] == 1:
        file = f"source/{report.name}{pair.source.suffix}"
        (out / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(pair.source, out / file)
    else:
        file = f"source/{report.name}.png"
        height, width = (int(side / placed.reductions[0]) for side in source.shape[:2])
        source = sample(
            reduced(source, placed.reductions[0]),
            placed.to_source,
            y=0,
            x=0,
            size=(height, width),
        )
        write_photo(out / file, source)
    size = settings.size_px
    references = _written("target", report, settings, folder, out)
    crops = tuple(
        Crop(int(y), int(x), size, size, reference, sha256(out / reference))
        for (y, x, *_), reference in zip(report.patches, references, strict=True)
    )
    height, width = source.shape[:2]
    return PhotoEntry(file, width, height, sha256(out / file), crops=crops)


def _frame(source: Pixels, pair: Pair, report: Report, settings: AlignedSettings) -> Frame:
    """The pixels that the patches of a scene were cut from."""
    target = read_photo(pair.target).pixels
    (height, width), (target_height, target_width) = (photo.shape[:2] for photo in (source, target))
    return frame(
        np.array(report.homography, np.float64),
        (height, width),
        (target_height, target_width),
        max_enlarge=settings.thresholds.max_enlarge,
    )


def _written(
    side: str, report: Report, settings: AlignedSettings, folder: Path, out: Path
) -> list[str]:
    """The patches of one camera as files below `out`, in the order of the strip."""
    size = settings.size_px
    strip = read_photo(strip_path(folder, side, report.name)).pixels
    files = []
    for number, pixels in enumerate(strip.reshape(-1, size, size, 3)):
        files.append(f"{side}/{report.name}-{number:04}.png")
        write_photo(out / files[-1], pixels)
    return files
