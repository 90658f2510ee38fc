"""One pair of photos: aligned, cut, reported and drawn; done once, found by whoever asks again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from wespe.core.files import read_json, sha256, write_json
from wespe.data.aligned.geometry import Frame, frame, problem
from wespe.data.aligned.matching import Registration, find_features, register
from wespe.data.aligned.overlay import draw
from wespe.data.aligned.patches import Cut, cut, reduced
from wespe.data.aligned.settings import Thresholds
from wespe.data.datasets import evenly
from wespe.photos.images import PhotoError, Pixels, read_photo, write_photo

REPORTS, OVERLAYS = "reports", "overlays"


@dataclass(frozen=True)
class Pair:
    """A scene: its name, which is that of both photos without suffix, and the photos."""

    name: str
    source: Path
    target: Path


@dataclass(frozen=True)
class Report:
    """What became of a pair. Empty where it did not come so far.

    `reason` is why no patch was kept, None if some were. `residual_px` is the median distance of
    the inliers from the homography, in px of the reduced target; `homography` takes px (x, y, 1) of
    the source to px of the target; `magnification` is px of the target for one of the source,
    `overlap` the share of the source's area in the common rectangle. `cells`
    are the patches in it, `kept` those that passed and `used` those that are written, of which
    `patches` has y, x, shift (y, x) and correlation. `sha256` is of photos and strips.
    """

    name: str
    reason: str | None = None
    keypoints: tuple[int, int] | None = None
    matches: int | None = None
    inliers: int | None = None
    residual_px: float | None = None
    homography: list[list[float]] | None = None
    magnification: float | None = None
    overlap: float | None = None
    cells: int | None = None
    kept: int | None = None
    used: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    shift_px: float | None = None
    correlation: float | None = None
    patches: list[list[float]] = field(default_factory=list)
    sha256: Mapping[str, str] = field(default_factory=dict)


def strip_path(folder: Path, side: str, name: str) -> Path:
    """Where the patches of one camera (`source` or `target`) are, one below the other."""
    return folder / side / f"{name}.png"


def align(
    pair: Pair, *, folder: Path, size_px: int, max_patches: int, thresholds: Thresholds
) -> Report:
    """Align a pair and write strips, overlay and, when all else is there, the report.

    What is there already, of the same photos, is taken as it is. Photos that cannot be used are
    a report with the reason.
    """
    # One process for each core: threads within would only be in each other's way.
    cv2.setNumThreads(1)
    path = folder / REPORTS / f"{pair.name}.json"
    try:
        photos = {"source": sha256(pair.source), "target": sha256(pair.target)}
    except OSError as error:
        return Report(pair.name, f"unreadable: {error.filename}: {error.strerror}")
    if path.is_file() and (known := _known(path)) and photos.items() <= known.sha256.items():
        return known
    report = _align(pair, photos, folder, size_px, max_patches, thresholds)
    write_json(path, asdict(report))
    return report


def _known(path: Path) -> Report | None:
    """An earlier report; None if it cannot be read, as after a power cut."""
    try:
        values: dict[str, Any] = read_json(path)
        return Report(**values)
    except (ValueError, TypeError):
        return None


def _align(
    pair: Pair,
    photos: dict[str, str],
    folder: Path,
    size_px: int,
    max_patches: int,
    thresholds: Thresholds,
) -> Report:
    try:
        source, target = (read_photo(path).pixels for path in (pair.source, pair.target))
    except PhotoError as error:
        return Report(pair.name, f"unreadable: {error}", sha256=photos)
    facts, placed = fit(source, target, size_px=size_px, thresholds=thresholds)
    overlay = folder / OVERLAYS / f"{pair.name}.jpg"
    if isinstance(placed, str):
        write_photo(overlay, draw(source, target, None, None, size_px))
        return Report(pair.name, placed, **facts, sha256=photos)
    source, target = (
        reduced(photo, reduction)
        for photo, reduction in zip((source, target), placed.reductions, strict=True)
    )
    made = cut(source, target, placed, size_px=size_px, thresholds=thresholds)
    write_photo(overlay, draw(source, target, placed, made, size_px))
    facts |= _facts(made)
    if reason := _too_few(made, thresholds.min_share):
        return Report(pair.name, reason, **facts, sha256=photos)
    chosen = evenly(range(len(made.patches)), max_patches)
    hashes = {}
    for side, pixels in (("source", made.source), ("target", made.target)):
        strip = strip_path(folder, side, pair.name)
        write_photo(strip, pixels[chosen].reshape(-1, size_px, 3))
        hashes[f"{side}_patches"] = sha256(strip)
    patches = [list(asdict(made.patches[number]).values()) for number in chosen]
    facts |= {"used": len(chosen), "patches": patches}
    return Report(pair.name, None, **facts, sha256={**photos, **hashes})


def fit(
    source: Pixels, target: Pixels, *, size_px: int, thresholds: Thresholds
) -> tuple[dict[str, Any], Frame | str]:
    """How two photos, uint8 `(H, W, 3)`, fit: the facts for a report, and the frame or a reason."""
    shapes = [photo.shape[:2] for photo in (source, target)]
    for photo, side in ((source, "source"), (target, "target")):
        if min(photo.shape[:2]) < size_px:
            return {}, f"too small: the {side} has {photo.shape[1]}×{photo.shape[0]} px"
    if np.array_equal(source, target):
        return {}, "identical: source and target are one photo"
    ours, theirs = (
        find_features(np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), np.uint8), thresholds)
        for photo in (source, target)
    )
    found = register(ours, theirs, thresholds)
    facts = _registration(found)
    if found.homography is None or found.inliers < thresholds.min_inliers:
        least = f"at least {thresholds.min_inliers} inliers are needed"
        return facts, f"no common scene: {found.inliers} of {found.matches} matches agree, {least}"
    if wrong := problem(found.homography, *shapes, max_stretch=thresholds.max_stretch):
        return facts, wrong
    placed = frame(found.homography, *shapes, max_enlarge=thresholds.max_enlarge)
    top, left, bottom, right = placed.box
    common = max(bottom - top, 0) * max(right - left, 0) * placed.reductions[0] ** 2
    facts["overlap"] = round(common / float(np.prod(shapes[0])), 4)
    facts["homography"] = found.homography.tolist()
    facts["magnification"] = round(placed.magnification, 4)
    if min(bottom - top, right - left) < size_px + 2 * thresholds.search_px:
        return facts, f"too small: the common part has {right - left}×{bottom - top} px"
    return facts, placed


def _registration(found: Registration) -> dict[str, Any]:
    residual = found.residual_px
    return {
        "keypoints": list(found.keypoints),
        "matches": found.matches,
        "inliers": found.inliers,
        "residual_px": None if residual is None else round(residual, 3),
    }


def _facts(made: Cut) -> dict[str, Any]:
    """What a report states about the patches."""
    shifts = [np.hypot(patch.shift_y, patch.shift_x) for patch in made.patches]
    alike = [patch.correlation for patch in made.patches]
    return {
        "cells": len(made.patches) + len(made.refused),
        "kept": len(made.patches),
        "refused": dict(sorted(made.reasons().items())),
        "shift_px": round(float(np.median(shifts)), 3) if shifts else None,
        "correlation": round(float(np.median(alike)), 4) if alike else None,
    }


def _too_few(made: Cut, min_share: float) -> str | None:
    cells = len(made.patches) + len(made.refused)
    if made.patches and len(made.patches) >= min_share * cells:
        return None
    why = ", ".join(f"{count} {reason}" for reason, count in sorted(made.reasons().items()))
    return f"too few patches: {len(made.patches)} of {cells} kept; {why or 'there is no room'}"
