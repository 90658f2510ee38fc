"""Tables of crops: parts of whole photos, each with a pixel-aligned reference of its own."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Self

from wespe.core.files import sha256
from wespe.core.parallel import ordered_map
from wespe.core.patterns import matches
from wespe.core.schema import Settings
from wespe.photos.images import PhotoError, read_photo
from wespe.results.csv_file import read_csv
from wespe.results.index import Crop, PhotoIndex, Skipped

_MOST_NAMED = 10
_UNNAMED = "without a crop: no row names it"


class CropSettings(Settings):
    """References that are crops of the photos. An evaluation enhances the whole photo, once, and
    measures each crop against its reference. A wrong row is an error that names the line."""

    file: str | None = None
    """A CSV file in UTF-8, relative to `path`, with a row for each crop: the columns `y` and `x`
    are its top left corner in px of the upright photo, `photo` and `reference` are files relative
    to `path`. A crop has the size of its reference. Further columns are ignored, and photos without
    a crop are left out. By default there are no crops."""
    photo: str = "{photo}"
    """The photo of a row, where the file does not say it as it is: a text with columns in braces,
    such as `phone/{number}.jpg`."""
    reference: str = "{reference}"
    """The reference of a row, as `photo`."""
    include: tuple[str, ...] = ("**",)
    """Glob patterns as for photos; the reference of a row must match one, or the row is ignored."""


@dataclass(frozen=True)
class CropRow:
    """A row of a table of crops, on the line `line` of the file."""

    line: int
    photo: str
    y: int
    x: int
    reference: str


@dataclass(frozen=True)
class CropTable:
    """The rows of a table of crops, of the file `path`."""

    path: Path
    rows: tuple[CropRow, ...]

    @classmethod
    def read(cls, root: Path, settings: CropSettings) -> Self:
        """Those rows that `include` takes, of the file that the settings name.

        Raises ValueError that names the file if it is not below `root`, and the lines of rows that
        have no numbers in `y` and `x`, leave `root`, or repeat another one.
        """
        assert settings.file
        path = root / settings.file
        if not path.resolve().is_relative_to(root.resolve()):
            # What lies elsewhere is not watched: a changed table would change nothing.
            raise ValueError(f"expected a table of crops below {root}, got {path}")
        columns = [*_columns(settings.photo), *_columns(settings.reference), "y", "x"]
        found: list[CropRow] = []
        problems: dict[int, str] = {}
        for line, row in read_csv(path, columns, "a table of crops"):
            try:
                crop = _row(line, row, settings)
            except ValueError as error:
                problems[line] = str(error)
                continue
            if any(matches(PurePosixPath(crop.reference).parts, p) for p in settings.include):
                found.append(crop)
        _refuse(path, problems | _repeated(found))
        if not found:
            raise ValueError(f"{path}: expected rows of crops, got none that `crops.include` takes")
        return cls(path, tuple(found))

    def photos_among(self, files: Iterable[str]) -> list[str]:
        """Those of `files` that have crops. Raises ValueError that names a row of another photo."""
        there, named = list(files), {row.photo for row in self.rows}
        lacking = named.difference(there)
        wanted = "expected a photo that the source includes, got"
        _refuse(self.path, {r.line: f"{wanted} {r.photo}" for r in self.rows if r.photo in lacking})
        return [file for file in there if file in named]

    def added_to(self, index: PhotoIndex) -> PhotoIndex:
        """The index with the crops of each photo, in the order of the rows.

        Raises ValueError that names the file, and the lines of crops whose photo was left out of
        the index, whose reference cannot be read, or that are not inside their photo.
        """
        inspect = partial(
            _inspect,
            root=Path(index.root),
            photos={entry.file: (entry.width_px, entry.height_px) for entry in index.photos},
            reasons={skipped.file: skipped.reason for skipped in index.skipped},
        )
        crops: dict[str, list[Crop]] = {}
        problems: dict[int, str] = {}
        for row, found in zip(self.rows, ordered_map(inspect, self.rows), strict=True):
            if isinstance(found, str):
                problems[row.line] = found
            else:
                crops.setdefault(row.photo, []).append(found)
        _refuse(self.path, problems)
        entries = [replace(entry, crops=tuple(crops[entry.file])) for entry in index.photos]
        return replace(index, photos=entries, origin=f"{index.origin}, crops of {self.path}")

    def without_crops(self, files: Iterable[str]) -> list[Skipped]:
        """Those of `files` that are neither the photo nor the reference of a row, as left out."""
        named = {file for row in self.rows for file in (row.photo, row.reference)}
        return [Skipped(file, _UNNAMED) for file in files if file not in named]


def _repeated(crops: Iterable[CropRow]) -> dict[int, str]:
    """What is wrong with rows that are there twice, by line."""
    problems: dict[int, str] = {}
    known: dict[tuple[object, ...], int] = {}
    for crop in crops:
        # One reference lies at one place of a photo only.
        for key in ((crop.photo, crop.y, crop.x), (crop.photo, crop.reference)):
            if (first := known.setdefault(key, crop.line)) != crop.line:
                problems[crop.line] = f"the same crop as in line {first}"
    return problems


def _columns(text: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", text)


def _row(line: int, row: Mapping[str, str | None], settings: CropSettings) -> CropRow:
    corner = []
    for key in ("y", "x"):
        value = (row[key] or "").strip()
        if not re.fullmatch(r"[0-9]+", value):
            raise ValueError(f"expected a whole number from 0 as {key}, got {value!r}")
        corner.append(int(value))
    photo, reference = (_file(text, row) for text in (settings.photo, settings.reference))
    return CropRow(line, photo, corner[0], corner[1], reference)


def _file(text: str, row: Mapping[str, str | None]) -> str:
    """The path that a text with columns in braces says for a row, without `./`."""
    for column in _columns(text):
        if not (row[column] or "").strip():
            raise ValueError(f"expected a value as {column}, got none")
    filled = re.sub(r"\{(\w+)\}", lambda found: (row[found[1]] or "").strip(), text)
    path = PurePosixPath(filled)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"expected a file below the source's path, got {filled}")
    return path.as_posix()


def _inspect(
    crop: CropRow,
    *,
    root: Path,
    photos: Mapping[str, tuple[int, int]],
    reasons: Mapping[str, str],
) -> Crop | str:
    """A crop as the index has it, or what is wrong with it."""
    if crop.photo not in photos:
        why = reasons.get(crop.photo, "left out")
        return f"expected a photo that can be used, got {crop.photo} ({why})"
    path = root / crop.reference
    try:
        height, width = read_photo(path).pixels.shape[:2]
    except PhotoError as error:
        return f"expected a reference, got {error}"
    photo_width, photo_height = photos[crop.photo]
    if crop.y + height > photo_height or crop.x + width > photo_width:
        return (
            f"the crop ends at y {crop.y + height}, x {crop.x + width} (its reference has "
            f"{width}×{height} px), outside {crop.photo} of {photo_width}×{photo_height} px"
        )
    return Crop(crop.y, crop.x, height, width, crop.reference, sha256(path))


def _refuse(path: Path, problems: Mapping[int, str]) -> None:
    if problems:
        lines = [f"{path}, line {line}: {problem}" for line, problem in sorted(problems.items())]
        more = len(lines) - _MOST_NAMED
        named = lines[:_MOST_NAMED] + ([f"{path}: {more} more lines"] if more > 0 else [])
        raise ValueError("\n".join(named))
