"""From two folders of photos to an index of aligned patches."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path, PurePosixPath

import wespe
from wespe.core.files import lock
from wespe.core.parallel import ordered_map
from wespe.core.progress import Progress
from wespe.data.aligned.held_out import patches, whole_photo
from wespe.data.aligned.pair import OVERLAYS, Pair, Report, align, strip_path
from wespe.data.aligned.settings import AlignedSettings
from wespe.data.datasets import evenly
from wespe.data.folder import FolderSettings, find_photos
from wespe.results.index import PhotoEntry, PhotoIndex, Skipped

# To be raised where the same photos and settings give other patches than before.
_VERSION = 1
_NESTED = {"homography", "patches", "refused", "sha256"}
_COLUMNS = [field.name for field in fields(Report) if field.name not in _NESTED]


def acquire(name: str, settings: AlignedSettings, out: Path) -> PhotoIndex:
    """Align what is not aligned yet, and index the patches of a part.

    Writes `alignment.csv`, a row a pair, and, for the parts `test` and `whole`, the photos below
    `out`; all else is in the folder for work. Raises ValueError if a folder is missing or no pair
    gives a patch.
    """
    pairs, skipped = find_pairs(name, settings)
    chosen = split(pairs, settings)
    folder = work_folder(settings)
    reports = align_all(name, chosen, settings, folder)
    skipped += [Skipped(report.name, report.reason) for report in reports if report.reason]
    used = [
        (pair, report) for pair, report in zip(chosen, reports, strict=True) if not report.reason
    ]
    if not used:
        kinds = Counter(entry.reason.partition(":")[0] for entry in skipped)
        counts = "".join(f", {count} {kind}" for kind, count in kinds.most_common())
        raise ValueError(
            f"source {name}: expected photos of the same scenes in {settings.path}/"
            f"{settings.source} and {settings.target}, got {len(chosen)} pairs for this part, "
            f"none with a patch{counts}; {folder / OVERLAYS} has pictures"
        )
    write_table(out / "alignment.csv", reports, folder)
    root, patch_px = "", None
    if settings.part == "whole":
        photos = [whole_photo(pair, report, settings, folder, out) for pair, report in used]
    elif settings.part == "test":
        photos = [entry for _, report in used for entry in patches(report, settings, folder, out)]
    else:
        root, patch_px = str(folder), settings.size_px
        photos = [_strip(report, settings) for _, report in used]
    origin = (
        f"patches of {settings.path}/{settings.source} and {settings.target}, aligned: "
        f"{settings.part}"
    )
    return PhotoIndex(name, root, origin, False, photos, skipped, patch_px=patch_px)


def find_pairs(name: str, settings: AlignedSettings) -> tuple[list[Pair], list[Skipped]]:
    """The photos of both folders that have one name, by name, and those that have no partner."""
    found: list[dict[str, list[Path]]] = []
    for side in (settings.source, settings.target):
        root = Path(settings.path) / side
        if not root.is_dir():
            raise ValueError(f"source {name}: expected a folder of photos at {root}, got none")
        by_name: dict[str, list[Path]] = {}
        for file in find_photos(root, FolderSettings(kind="folder", path=str(root))):
            by_name.setdefault(str(PurePosixPath(file).with_suffix("")), []).append(root / file)
        found.append(by_name)
    pairs: list[Pair] = []
    skipped: list[Skipped] = []
    for scene in sorted({*found[0], *found[1]}):
        source, target = (by_name.get(scene, []) for by_name in found)
        if len(source) == len(target) == 1:
            pairs.append(Pair(scene, source[0], target[0]))
            continue
        counts = f"{len(source)} in {settings.source}, {len(target)} in {settings.target}"
        kind = "ambiguous" if source and target else "without a partner"
        skipped.append(Skipped(scene, f"{kind}: {counts}"))
    return pairs, skipped


def split(pairs: Sequence[Pair], settings: AlignedSettings) -> list[Pair]:
    """The pairs of a part: those held out for the parts `test` and `whole`, else the others."""
    held_out = set(evenly(pairs, round(settings.held_out * len(pairs))))
    tested = settings.part in {"test", "whole"}
    return [pair for pair in pairs if (pair in held_out) == tested]


def work_folder(settings: AlignedSettings) -> Path:
    """Where an alignment's work is: a folder for the same photos, sizes and thresholds."""
    parts = settings.model_dump(
        mode="json", include={"path", "source", "target", "size_px", "max_patches", "thresholds"}
    )
    text = json.dumps([parts, _VERSION, wespe.__version__], sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()[:8]
    sides = f"{settings.source}_{settings.target}".replace("/", "_")
    return Path(settings.work) / f"{sides}-{key}"


def align_all(
    name: str, pairs: Sequence[Pair], settings: AlignedSettings, folder: Path
) -> list[Report]:
    """A report for each pair, by several processes; those that are there are not made again."""
    one = partial(
        align,
        folder=folder,
        size_px=settings.size_px,
        max_patches=settings.max_patches,
        thresholds=settings.thresholds,
    )
    with lock(folder.with_name(f".{folder.name}.lock"), wait=True):
        for left in folder.rglob(".*"):
            left.unlink()  # by a process that was killed while it wrote
        reports = []
        with Progress(f"aligning {name}", total=len(pairs)) as progress:
            for report in ordered_map(one, pairs):
                reports.append(report)
                progress.advance()
    return reports


def write_table(path: Path, reports: Iterable[Report], folder: Path) -> None:
    """A row a pair; `refused` are the cells that gave no patch, by reason."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow([*_COLUMNS, "refused", "overlay"])
        for report in reports:
            refused = ", ".join(f"{count} {why}" for why, count in report.refused.items())
            overlay = folder / OVERLAYS / f"{report.name}.jpg"
            values = [getattr(report, column) for column in _COLUMNS]
            cells = [" ".join(map(str, v)) if isinstance(v, list | tuple) else v for v in values]
            table.writerow([*cells, refused, overlay if overlay.is_file() else ""])


def _strip(report: Report, settings: AlignedSettings) -> PhotoEntry:
    file = strip_path(Path(), settings.part, report.name).as_posix()
    digest = report.sha256[f"{settings.part}_patches"]
    return PhotoEntry(file, settings.size_px, report.used * settings.size_px, digest)
