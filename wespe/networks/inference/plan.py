"""Which photos a user means, and where the result of each goes."""

import errno
import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wespe.core.patterns import matches
from wespe.core.walk import walk
from wespe.networks.inference.video.join import result_suffix
from wespe.photos.images import PHOTO_SUFFIXES
from wespe.photos.video.source import is_video


@dataclass(frozen=True)
class Plan:
    """Photos with their results' places, what cannot be used and why, and what was ignored."""

    outputs: dict[Path, Path]
    failed: tuple[tuple[Path, str], ...] = ()
    passed_over: int = 0
    """Files in folders whose names are not those of photos."""


def plan(inputs: Sequence[Path], *, out: Path | None = None, in_place: bool = False) -> Plan:
    """Each photo of `inputs` (files, folders with all below them, patterns) and its result's place.

    Without `out`, the place is `<stem>_enhanced` beside the photo; files with such a name are
    results themselves and left out. With `out`, it is the photo's name there, or its path below the
    input folder. With `in_place`, it is the photo itself. Folders are walked by `wespe.core.walk`,
    links included. A video whose container cannot hold the result goes to `.mkv`; no video is
    replaced. A pattern (`**` goes to any depth) that matches nothing and a folder without photos
    are failures. Raises ValueError if two photos would go to one file, if a result would replace an
    original although not `in_place`, or if `out` is a file.
    """
    if out and in_place:
        raise ValueError(
            "expected either a folder for the results or originals to replace, got both"
        )
    if out and out.is_file():
        raise ValueError(f"{out}: expected a folder for the results, got a file")
    outputs: dict[Path, Path] = {}
    failed: list[tuple[Path, str]] = []
    passed_over = 0
    for path in _matches(inputs, failed):
        photos, others, unreadable = _photos(path, out)
        passed_over += others
        failed += unreadable
        if not photos and not unreadable:
            failed.append((path, _why_none(path)))
        for photo, name in photos:
            if is_video(photo) and in_place:
                failed.append((photo, "videos are never replaced: give a folder for the result"))
                continue
            suffix = result_suffix(photo.suffix) if is_video(photo) else photo.suffix
            name = name.with_suffix(suffix)
            beside = photo.with_name(f"{photo.stem}_enhanced{suffix}")
            outputs.setdefault(photo, photo if in_place else out / name if out else beside)
    if out is None and not in_place:
        results = set(outputs.values())
        outputs = {photo: output for photo, output in outputs.items() if photo not in results}
    if not in_place:
        _refuse_losses(outputs)
    return Plan(outputs, tuple(failed), passed_over)


def _matches(inputs: Sequence[Path], failed: list[tuple[Path, str]]) -> Iterator[Path]:
    """Patterns as the files they match, as a shell would have done; other paths as they are.

    `failed` gets what could not be read while looking.
    """
    for path in inputs:
        if os.path.exists(path) or not glob.has_magic(str(path)):  # noqa: PTH110
            yield path
        elif "**" in path.parts:
            before = len(failed)
            found = _at_any_depth(path, failed)
            yield from found or ([path] if len(failed) == before else [])
        else:
            # Not Path.glob, which takes no absolute pattern.
            found = [Path(name) for name in sorted(glob.glob(str(path)))]  # noqa: PTH207
            yield from found or [path]


def _at_any_depth(pattern: Path, failed: list[tuple[Path, str]]) -> list[Path]:
    """The files that a pattern with `**` matches, each once: `glob` follows links in circles."""
    depth = next(n for n, part in enumerate(pattern.parts) if glob.has_magic(part))
    folder, rest = Path(*pattern.parts[:depth]), "/".join(pattern.parts[depth:])
    try:
        found = walk(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        failed.append((folder, error.strerror or str(error)))
        return []

    def matching(name: PurePosixPath) -> bool:
        """A folder that matches stands for all below it."""
        return any(matches(name.parts[: n + 1], rest) for n in range(len(name.parts)))

    failed += [
        (folder / name, reason)
        for name, reason in found.unreadable
        if matching(name) or not _leads_nowhere(folder / name)
    ]
    return [folder / name for name in found.files if matching(name)]


def _photos(
    path: Path, out: Path | None
) -> tuple[list[tuple[Path, Path]], int, list[tuple[Path, str]]]:
    """A photo and its name, or a folder's photos, sorted, with their paths below it.

    Earlier results in `out` are no photos. Also returns how many other files there are, and what
    could not be read.
    """
    # Of `os`, since those of Path raise where a folder above cannot be read.
    if not os.path.isdir(path):  # noqa: PTH112
        there = os.path.exists(path) or not glob.has_magic(str(path))  # noqa: PTH110
        return [(path, Path(path.name))] if there else [], 0, []
    try:
        found = walk(path)
    except OSError as error:
        return [], 0, [(path, error.strerror or str(error))]
    photos, others = [], 0
    results = _real(out) if out and _real(out) != _real(path) else None
    for name in map(Path, found.files):
        file = path / name
        if results and _real(file).is_relative_to(results):
            continue
        if _is_named_as_ours(file):
            photos.append((file, name))
        else:
            others += 1
    unreadable = []
    for below, reason in found.unreadable:
        file = path / below
        # One without a suffix may have been an album.
        if file.suffix and not _is_named_as_ours(file) and _leads_nowhere(file):
            others += 1
        else:
            unreadable.append((file, reason))
    return photos, others, unreadable


def _is_named_as_ours(file: Path) -> bool:
    return file.suffix.lower() in PHOTO_SUFFIXES or is_video(file)


def _leads_nowhere(path: Path) -> bool:
    """Whether a link leads to nothing, or in a circle: there is nothing that it hides."""
    try:
        path.stat()
    except OSError as error:
        return path.is_symlink() and error.errno in {errno.ENOENT, errno.ELOOP}
    return False


def _real(path: Path) -> Path:
    """`path` without links; Path.resolve raises where they lead in a circle."""
    return Path(os.path.realpath(path))


def _why_none(path: Path) -> str:
    if os.path.isdir(path):  # noqa: PTH112
        return f"expected photos ({', '.join(sorted(PHOTO_SUFFIXES))}) in this folder, found none"
    return "no file matches this pattern"


def _refuse_losses(outputs: dict[Path, Path]) -> None:
    originals = {_real(photo): photo for photo in outputs}
    taken: dict[Path, Path] = {}
    for photo, output in outputs.items():
        target = _real(output)
        if target in originals:
            raise ValueError(f"{photo}: its result would replace the original {originals[target]}")
        if target in taken:
            raise ValueError(f"{photo} and {taken[target]} would both be written to {output}")
        taken[target] = photo
