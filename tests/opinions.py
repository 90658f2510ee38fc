"""A small set of photos with known scores: how strongly each was degraded. No person was asked."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from wespe.data.folder import FolderSettings, acquire
from wespe.photos.images import write_photo
from wespe.results.index import PhotoIndex, write_index

Row = tuple[object, ...]


def write_table(path: Path, rows: Sequence[Row], columns: Sequence[str] = ("file", "mos")) -> Path:
    """Write a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(columns)
        table.writerows(rows)
    return path


def write_scored(folder: Path, count: int, *, size_px: int = 64, seed: int = 0) -> list[float]:
    """Write `count` photos and `mos.csv`: a blurred random scene with noise of a random strength.

    The score is 1 without noise and 0 for the strongest, 40 levels. Returns the scores.
    """
    generator = np.random.default_rng(seed)
    scores = [round(float(score), 4) for score in generator.uniform(0, 1, count)]
    for number, score in enumerate(scores):
        colours = generator.normal(0, 1, (size_px, size_px, 3))
        scene = 128 + 200 * np.asarray(cv2.GaussianBlur(colours, (0, 0), 2))
        noisy = scene + (1 - score) * 40 * generator.normal(0, 1, scene.shape)
        write_photo(folder / f"{number}.png", noisy.clip(0, 255).astype(np.uint8))
    write_table(folder / "mos.csv", [(f"{n}.png", score) for n, score in enumerate(scores)])
    return scores


def scored_index(folder: Path, count: int, **changes: int) -> PhotoIndex:
    """Those photos as a source, with its `index.json`, which says that the scores are simulated."""
    write_scored(folder, count, **changes)
    settings = FolderSettings(kind="folder", path=str(folder), scores="mos.csv", min_side_px=8)
    index = replace(
        acquire("people", settings, folder / "out"),
        simulated=True,
        origin="random scenes with noise, scored by its strength",
    )
    write_index(folder / "index.json", index)
    return index
