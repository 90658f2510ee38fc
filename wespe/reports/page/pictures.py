"""Pictures inside the page: embedded as base64, and laid out for comparison."""

import base64
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wespe.core.files import sha256
from wespe.photos.images import read_photo, shrunk, write_photo
from wespe.reports.compare import title
from wespe.results.evaluations import ByPhoto
from wespe.results.methods import ENHANCED, ORIGINAL, TARGET
from wespe.results.reading import EvaluationResult

_LONGEST_PX = 1200
_MOST_BYTES = 300_000
_QUALITY = 85
# A picture of at most this size is a patch: shown enlarged, pixel by pixel.
_PATCH_PX = 256
_PATCH_SCALE = 3


@dataclass(frozen=True)
class Picture:
    """A picture as a `data:` address, and its size."""

    source: str
    width_px: int
    height_px: int


@dataclass(frozen=True)
class View:
    """A photo by one method, whole and in part; without a picture the page notes this."""

    method: str
    label: str
    picture: Picture | None
    crop: Picture | None
    psnr_db: float | None


@dataclass(frozen=True)
class Box:
    """Where the crop lies, in percent of the photo's width and height."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class ShownPhoto:
    """A photo by all methods; `left` and `right` are compared at first."""

    name: str
    views: list[View]
    left: str
    right: str
    width_px: int
    height_px: int
    full_px: tuple[int, int]
    """Width and height of the photo itself; its picture may be smaller."""
    crop: Box | None
    is_measured_in_part: bool = False
    """Whether `crop` is one that was measured: only of it is there a target."""

    @property
    def is_patch(self) -> bool:
        return max(self.width_px, self.height_px) <= _PATCH_PX

    @property
    def shown_px(self) -> int:
        """The width on the page, where it has room."""
        return self.width_px * (_PATCH_SCALE if self.is_patch else 1)


@dataclass(frozen=True)
class Column:
    """One way to make a photo, as one or more evaluations have it."""

    key: str
    label: str
    method: str
    result: EvaluationResult


@dataclass(frozen=True)
class Gallery:
    """The shown photos of one set, by all methods of all evaluations on it."""

    photos_of: str
    origin: str
    simulated: bool
    columns: list[Column]
    photos: list[ShownPhoto]


def embed(path: Path) -> Picture:
    """A JPEG file as it is, or, if it is large, at quality 85 and at most 1200 px long.

    Of a photo by several methods all are shrunk, or none: sharpness is compared. Raises PhotoError.
    """
    pixels = read_photo(path).pixels
    content = path.read_bytes()
    if max(pixels.shape) > _LONGEST_PX or len(content) > _MOST_BYTES:
        pixels = shrunk(pixels, _LONGEST_PX)
        with tempfile.TemporaryDirectory() as folder:
            smaller = Path(folder) / "picture.jpg"
            write_photo(smaller, pixels, quality=_QUALITY)
            content = smaller.read_bytes()
    height, width = pixels.shape[:2]
    encoded = base64.b64encode(content).decode("ascii")
    return Picture(f"data:image/jpeg;base64,{encoded}", width, height)


def galleries(results: Sequence[tuple[EvaluationResult, ByPhoto]]) -> list[Gallery]:
    """One gallery a set of photos, in order; sets of which nothing is shown have none.

    Evaluations on the same photos share one, so that their networks can be compared. `results`:
    each with every photo's own PSNR.
    """
    by_set: dict[str, list[tuple[EvaluationResult, ByPhoto]]] = {}
    for result, psnr_db in results:
        if result.summary.gallery:
            by_set.setdefault(result.summary.photos, []).append((result, psnr_db))
    return [_gallery(members) for members in by_set.values()]


def _gallery(members: Sequence[tuple[EvaluationResult, ByPhoto]]) -> Gallery:
    first = members[0][0]
    psnr = {id(result): psnr_db for result, psnr_db in members}
    columns = _columns([result for result, _ in members])
    photos = []
    for stem in first.summary.gallery:
        file = first.summary.pictures[stem]
        views = [
            _view(column, file, psnr[id(column.result)].get(file, {}).get(column.method))
            for column in columns
        ]
        photos.append(_shown(first, stem, views))
    summary = first.summary
    return Gallery(summary.photos, summary.origin, summary.simulated, columns, photos)


def extreme_photos(
    result: EvaluationResult, files: Iterable[str], psnr_db: ByPhoto
) -> list[ShownPhoto]:
    """Those of `files` that there are pictures of: the originals, enhanced, and their targets."""
    stems = {file: stem for stem, file in result.summary.pictures.items()}
    shown = []
    for file in files:
        if file in stems:
            stem = stems[file]
            # Of a photo with crops the target is there only of one of these.
            found = {*result.pictures.get(stem, {}), *result.crops.get(stem, {})}
            methods = [name for name in (ORIGINAL, ENHANCED, TARGET) if name in found]
            columns = [Column(name, title(name), name, result) for name in methods]
            views = [_view(item, file, psnr_db.get(file, {}).get(item.key)) for item in columns]
            shown.append(_shown(result, stem, views))
    return shown


def _columns(results: Sequence[EvaluationResult]) -> list[Column]:
    """Each method once; where evaluations differ in its pictures, once for each, with the pair.

    A plain enhancer may depend on the pair, as the histogram match does on its target.
    """
    found: dict[tuple[str, tuple[str, ...]], EvaluationResult] = {}
    for result in results:
        for method in result.summary.methods:
            if hashes := _hashes(result, method):
                found.setdefault((method, hashes), result)
    methods = [method for method, _ in found]
    columns = []
    for (method, _), result in found.items():
        single = methods.count(method) == 1
        key = method if single else f"{method} {result.name}"
        label = title(method) if single else f"{title(method)}, {result.summary.pair}"
        columns.append(Column(key, label, method, result))
    order = {ORIGINAL: 0, ENHANCED: 2, TARGET: 3}
    return sorted(columns, key=lambda column: order.get(column.method, 1))


def _hashes(result: EvaluationResult, method: str) -> tuple[str, ...]:
    """What distinguishes the shown pictures of two methods; empty without any."""
    files = (
        shown.get(stem, {}).get(method)
        for stem in result.summary.gallery
        for shown in (result.pictures, result.crops)
    )
    return tuple(sha256(file) for file in files if file)


def _view(column: Column, file: str, psnr_db: float | None) -> View:
    stems = {file: stem for stem, file in column.result.summary.pictures.items()}
    stem = stems.get(file, "")
    picture = column.result.pictures.get(stem, {}).get(column.method)
    crop = column.result.crops.get(stem, {}).get(column.method)
    return View(
        column.key,
        column.label,
        embed(picture) if picture else None,
        embed(crop) if crop else None,
        psnr_db,
    )


def _shown(result: EvaluationResult, stem: str, views: list[View]) -> ShownPhoto:
    first = next(view.picture for view in views if view.picture)
    full = result.summary.sizes.get(stem, (first.width_px, first.height_px))
    box = result.summary.crops.get(stem)
    keys = [view.method for view in views]
    return ShownPhoto(
        stem,
        views,
        left=ORIGINAL if ORIGINAL in keys else keys[0],
        right=next((key for key in keys if key.split()[0] == ENHANCED), keys[-1]),
        width_px=first.width_px,
        height_px=first.height_px,
        full_px=full,
        crop=Box(*(100 * box[axis] / full[axis % 2] for axis in range(4))) if box else None,
        is_measured_in_part=result.summary.n_crops > 0,
    )
