"""Tiny datasets of the true layout, as folders, archives and inventories."""

import csv
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.test_acquisition_archives import tar
from wespe.results.index import PhotoIndex

SHARED = Path(__file__).parents[1].parent / "shared" / "data"

Files = dict[str, bytes]


def photo(name: str, width: int = 8, height: int = 6) -> bytes:
    """A photo that no other name has, in the format of its suffix."""
    generator = np.random.default_rng(list(name.encode()))
    pixels = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG" if name.lower().endswith("png") else "JPEG")
    return stream.getvalue()


def photos(names: Iterable[str]) -> Files:
    return {name: photo(name) for name in names}


def folder(path: Path, files: Files) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def zipped(path: Path, files: Files) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, files: Files) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return tar(path, "w:gz", files)


def inventory(path: Path, name: str, url: str = "", size: int | str = "", sha256: str = "") -> Path:
    """An inventory of one line."""
    row = {"name": name, "urls": url, "bytes": size, "sha256": sha256, "about_bytes": ""}
    row |= {"licence": "research", "terms": "the page with the terms"}
    row |= {"citation": "the paper", "remarks": "", "origin": ""}
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, list(row))
        table.writeheader()
        table.writerow(row)
    return path


def names(index: PhotoIndex) -> list[str]:
    """The photos' own names; each of them has to be where the index says."""
    assert all(index.path(entry).is_file() for entry in index.photos)
    return [Path(entry.file).name for entry in index.photos]


def contents(index: PhotoIndex) -> set[str]:
    return {entry.sha256 for entry in index.photos}
