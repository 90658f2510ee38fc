"""Any directory of photos."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from wespe.core.files import sha256
from wespe.core.parallel import ordered_map
from wespe.core.patterns import matches
from wespe.core.schema import Condition
from wespe.core.walk import walk
from wespe.data.crops import CropSettings, CropTable
from wespe.data.opinions import Opinions, is_held_out, read_opinions
from wespe.data.reduced import reduced
from wespe.data.settings import SourceSettings
from wespe.photos.images import PHOTO_SUFFIXES, PhotoError, read_photo
from wespe.results.index import PhotoEntry, PhotoIndex, Skipped


class FolderSettings(SourceSettings):
    """Photos of a directory, searched recursively: JPEG, PNG, TIFF, WebP, AVIF, BMP and
    HEIC. Unreadable and repeated files are left out and listed with the reason."""

    kind: Literal["folder"]
    """Selects this kind of source."""
    path: str
    """The directory, absolute or relative to the project. Its files are read and never written."""
    include: tuple[str, ...] = ("**",)
    """Glob patterns relative to `path` (`**` crosses folders); a photo must match one."""
    exclude: tuple[str, ...] = ()
    """Glob patterns relative to `path`; a photo that matches one is left out."""
    references: str | None = None
    """A subfolder of `path` that holds, under the same file name, each photo's aligned target."""
    min_side_px: Annotated[int, Field(ge=1)] = 100
    """Photos with a shorter side are left out."""
    reduce: Annotated[int, Field(ge=1, le=16)] = 1
    """Photos are made smaller by this factor first, each pixel the mean of as many by as many. That
    takes away the traces of JPEG, which a network for super-resolution would learn. The smaller
    photos are kept in the project's folder of data."""
    scores: str | None = None
    """A CSV file below `path` with the mean opinion score (MOS) that people gave each photo, higher
    for better. Raters can learn from such a source and be held against it."""
    scores_photo: str = "file"
    """The column of that file with the photo's name, with or without its folder."""
    scores_mos: str = "mos"
    """The column with the score. Any others are ignored."""
    scores_where: tuple[Condition, ...] = ()
    """Conditions `column=value`, such as `part=rated`; only photos whose row meets all are used."""
    scores_held_out: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the photos that no rater learns from, so that it can be held against people there.
    The hash of a photo's name decides, so it is the same for all raters."""
    crops: CropSettings = CropSettings()

    @model_validator(mode="after")
    def _one_kind_of_reference(self) -> Self:
        if self.references and self.crops.file:
            raise ValueError("references are either photos or crops: leave out one of both")
        if self.reduce > 1 and (self.references or self.crops.file):
            raise ValueError("reduce is for photos without references and crops")
        return self


def acquire(name: str, settings: FolderSettings, out: Path) -> PhotoIndex:
    """Index the usable photos where they lie; below `out` are only those that are made smaller.

    Every photo and reference is decoded; with `crops` only those that the table names. Photos that
    are unreadable, too small, duplicates, or without a reference of their size or a crop go to
    `skipped`, and so do folders that cannot be read; a reason is its kind, a colon and details.
    Raises ValueError if the folder or its references are missing, if no photo is usable, or if
    crops or scores are wrong, with file and line.
    """
    root = Path(settings.path)
    for folder in (root, root / (settings.references or "")):
        if not folder.is_dir():
            raise ValueError(f"source {name}: expected a folder of photos at {folder}, got none")
    unreadable = [
        Skipped(str(file), f"unreadable: {reason}") for file, reason in walk(root).unreadable
    ]
    files, left_out = find_photos(root, settings), list[Skipped]()
    table = CropTable.read(root, settings.crops) if settings.crops.file else None
    if table:
        left_out += table.without_crops(files)
        files = table.photos_among(files)
    opinions = _opinions(name, root, settings)
    if opinions:
        files = [file for file in files if file not in opinions.left_out]
        reason = f"without score: not in {settings.scores}"
        left_out += [Skipped(file, reason) for file in files if file not in opinions.mos]
        files = [file for file in files if file in opinions.mos]
    index = index_photos(
        name,
        root,
        files,
        origin=f"photos of folder {settings.path}",
        references=settings.references,
        min_side_px=settings.min_side_px,
    )
    if table:
        index = table.added_to(index)
    if opinions:
        index = _scored(index, opinions, settings.scores_held_out)
    if settings.reduce > 1:
        index = reduced(index, settings.reduce, out)
    return replace(index, skipped=[*index.skipped, *left_out, *unreadable])


def _scored(index: PhotoIndex, opinions: Opinions, held_out: float) -> PhotoIndex:
    """The index with people's scores, and with the share `held_out` of the photos held out."""
    scored = [
        replace(
            entry, mos=opinions.mos[entry.file], held_out=is_held_out(entry.file, share=held_out)
        )
        for entry in index.photos
    ]
    return replace(index, photos=scored)


def _opinions(name: str, root: Path, settings: FolderSettings) -> Opinions | None:
    """People's scores, if the source has any."""
    if settings.scores is None:
        return None
    table = root / settings.scores
    if not table.resolve().is_relative_to(root.resolve()):
        # What lies elsewhere is not watched: a changed score would change nothing.
        raise ValueError(f"source {name}: expected a file of scores below {root}, got {table}")
    photos = [str(file) for file in walk(root).files if file.suffix.lower() in PHOTO_SUFFIXES]
    try:
        return read_opinions(
            table,
            photos,
            columns=(settings.scores_photo, settings.scores_mos),
            where=settings.scores_where,
        )
    except ValueError as error:
        raise ValueError(f"source {name}: {error}") from error


def index_photos(
    name: str,
    root: Path,
    files: Sequence[str],
    *,
    origin: str,
    references: str | None = None,
    min_side_px: int = 1,
    licence: str | None = None,
) -> PhotoIndex:
    """Index those of `files`, relative to `root`, that are usable.

    `references` is the subfolder with each one's aligned target. Raises ValueError if none is.
    """
    inspect = partial(_inspect, root=root, references=references, min_side_px=min_side_px)
    photos, skipped = _without_repeats(ordered_map(inspect, files))
    if not photos:
        kinds = Counter(entry.reason.partition(":")[0] for entry in skipped)
        counts = "".join(f", {count} {kind}" for kind, count in kinds.most_common())
        raise ValueError(
            f"source {name}: expected usable photos in {root}, got {len(files)} photo files{counts}"
        )
    return PhotoIndex(name, str(root), origin, False, photos, skipped, licence)


def find_photos(root: Path, settings: FolderSettings) -> list[str]:
    """Files below `root` that look like photos and are meant, sorted; hidden ones are not.

    They are found by `walk`, which the fingerprint of a source uses too.
    """
    return [
        str(file)
        for file in walk(root).files
        if file.suffix.lower() in PHOTO_SUFFIXES
        and any(matches(file.parts, pattern) for pattern in settings.include)
        and not any(matches(file.parts, pattern) for pattern in settings.exclude)
        and not (settings.references and file.is_relative_to(settings.references))
    ]


def _inspect(
    file: str, *, root: Path, references: str | None, min_side_px: int
) -> PhotoEntry | Skipped:
    path = root / file
    try:
        height, width = read_photo(path).pixels.shape[:2]
    except PhotoError as error:
        return Skipped(file, f"unreadable: {error.reason}")
    if min(width, height) < min_side_px:
        return Skipped(file, f"too small: {width}×{height} px")
    reference = None
    if references:
        reference = str(PurePosixPath(references) / path.name)
        if problem := _reference_problem(root / reference, (height, width)):
            return Skipped(file, problem)
    return PhotoEntry(file, width, height, sha256(path), reference)


def _reference_problem(path: Path, expected: tuple[int, int]) -> str | None:
    try:
        height, width = read_photo(path).pixels.shape[:2]
    except PhotoError as error:
        return f"without reference: {error}"
    if (height, width) != expected:
        return f"reference of another size: {width}×{height} px"
    return None


def _without_repeats(
    inspected: Iterable[PhotoEntry | Skipped],
) -> tuple[list[PhotoEntry], list[Skipped]]:
    """The photos kept and those skipped: the first of equal files and of a shared reference."""
    photos: list[PhotoEntry] = []
    skipped: list[Skipped] = []
    by_content: dict[str, str] = {}
    by_reference: dict[str, str] = {}
    for entry in inspected:
        if isinstance(entry, Skipped):
            skipped.append(entry)
        elif entry.sha256 in by_content:
            skipped.append(Skipped(entry.file, f"duplicate: of {by_content[entry.sha256]}"))
        elif entry.reference in by_reference:
            kept = by_reference[entry.reference]
            skipped.append(Skipped(entry.file, f"ambiguous reference: also that of {kept}"))
        else:
            photos.append(entry)
            by_content[entry.sha256] = entry.file
            if entry.reference:
                by_reference[entry.reference] = entry.file
    return photos, skipped
