"""All files below a folder, found in one way wherever photos are looked for."""

import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class Walk:
    """The files below a folder, and the folders below it that could not be read.

    `files`: paths relative to the folder, sorted. `unreadable`: such a path and the system's reason
    for each folder or link.
    """

    files: tuple[PurePosixPath, ...]
    unreadable: tuple[tuple[PurePosixPath, str], ...]


def walk(folder: Path) -> Walk:
    """All files below `folder` but hidden ones, which file managers and unfinished work leave.

    Links to files and folders are followed. A folder that is there more than once, as by a link to
    one of its parents, is walked once: where it really is, else below the first link to it.
    Pipes and devices are no files, and links that lead nowhere cannot be read. Raises OSError if
    `folder` itself cannot be read.
    """
    os.scandir(folder).close()
    files: list[PurePosixPath] = []
    unreadable: list[tuple[PurePosixPath, str]] = []
    seen: set[tuple[int, int]] = set()
    waiting, links = deque([PurePosixPath()]), deque[PurePosixPath]()
    while waiting or links:
        # Links come last, so that a folder is found where it really is.
        name = waiting.popleft() if waiting else links.popleft()
        try:
            stat = (folder / name).stat()
            if (stat.st_dev, stat.st_ino) in seen:
                continue
            seen.add((stat.st_dev, stat.st_ino))
            with os.scandir(folder / name) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            unreadable.append((name, error.strerror or str(error)))
            continue
        for entry in found:
            below = name / entry.name
            if entry.name.startswith("."):
                continue
            try:
                if entry.is_dir():
                    (links if entry.is_symlink() else waiting).append(below)
                elif entry.is_file():
                    files.append(below)
                elif entry.is_symlink():
                    entry.stat()
            except OSError as error:  # Of a link that leads nowhere, or in a circle.
                unreadable.append((below, error.strerror or str(error)))
    return Walk(tuple(sorted(files)), tuple(sorted(unreadable)))
