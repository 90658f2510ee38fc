"""What published datasets have in common: where their files come from, and which are taken."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from wespe.core.files import lock
from wespe.data.archives import ArchiveError, is_begun, is_unpacked, unpack
from wespe.data.download import DownloadError, download
from wespe.data.inventory import Item, read_inventory
from wespe.data.needs import Download, Needs
from wespe.data.settings import SourceSettings
from wespe.data.transfer import Wanted

File = TypeVar("File")


class DatasetSettings(SourceSettings):
    """A published dataset."""

    path: str
    """`data/sources.csv`, the inventory of addresses, to download what is missing. Or what you
    have: the archive, a folder with the archives, or a folder with their contents."""
    raw: str = "data/raw"
    """The folder for downloaded archives and their contents. Nothing in it is ever deleted; you may
    delete an archive once it is unpacked. Sources may share the folder."""
    complete: bool = True
    """Refuse a dataset with missing or unexpected files. `false`: use the files that exist."""


@dataclass(frozen=True)
class Archive:
    """One archive of a dataset, and how to know its content."""

    name: str
    """In the inventory."""
    file: str
    top: str
    """The folder that everything in it is in; it may be missing."""
    proof: str
    """A glob pattern below that folder: what is there is the content."""
    magic: tuple[bytes, ...] = (b"PK",)
    only: tuple[str, ...] = ()
    """Glob patterns of the members to unpack; none: all."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What the addresses leave open."""


def obtain(
    source: str,
    settings: DatasetSettings,
    archive: Archive,
    fetch: Callable[[Item, Wanted], None] | None = None,
) -> Path:
    """The folder that an archive's content is in, its `top` folder: given, or made.

    `fetch` makes the archive where it has no address. Sources that share an archive wait for each
    other. Raises ValueError, with how to get it, if it cannot be had.
    """
    path, raw = Path(settings.path), Path(settings.raw)
    if path.is_dir() and (place := _find(path, archive)):
        return place
    if path.is_dir() and not (path / archive.file).is_file():
        raise ValueError(
            f"source {source}: expected {archive.file}, or {archive.top}/{archive.proof} from it, "
            f"in {path}, got neither"
        )
    if not path.exists():
        raise ValueError(f"source {source}: expected an archive or a folder at {path}, got nothing")
    file, folder = _places(settings, archive)
    with lock(raw / f".{folder.name}.lock", wait=True):
        if not _is_there(file, folder, archive):
            if path.suffix == ".csv":
                _fetch(source, path, archive, Wanted(file, magic=archive.magic), fetch)
            _unpack(source, file, folder, archive)
        place = _find(folder, archive)
    if not place:
        raise ValueError(
            f"source {source}: expected {archive.top}/{archive.proof} in {file}, got "
            f"{', '.join(sorted(entry.name for entry in folder.iterdir())) or 'nothing'}"
        )
    return place


def needed(settings: DatasetSettings, archives: Sequence[Archive]) -> Needs:
    """What `obtain` would download of `archives`, or not find. Reads no archive."""
    path = Path(settings.path)
    if not path.exists():
        return Needs(missing=(f"an archive or a folder at {path}",))
    if path.suffix != ".csv":
        return Needs()
    items = read_inventory(path)
    downloads = []
    for archive in archives:
        file, folder = _places(settings, archive)
        if archive.name in items and not file.exists() and not _is_there(file, folder, archive):
            value = next(iter(archive.values.values()), "")
            downloads.append(Download(file, items[archive.name].expected_bytes(value)))
    return Needs(tuple(downloads))


def _places(settings: DatasetSettings, archive: Archive) -> tuple[Path, Path]:
    """Where the archive is or will be, and the folder that it is unpacked into."""
    path, raw = Path(settings.path), Path(settings.raw)
    given = path / archive.file if path.is_dir() else path
    file = raw / archive.file if path.suffix == ".csv" else given
    return file, raw / file.name.strip(".").partition(".")[0]


def _is_there(file: Path, folder: Path, archive: Archive) -> bool:
    """Whether the content is there: unpacked by hand, or by us and whole."""
    by_hand = not is_begun(folder) and _find(folder, archive)
    return bool(by_hand) or is_unpacked(file, folder, only=archive.only)


def _unpack(source: str, file: Path, folder: Path, archive: Archive) -> None:
    try:
        unpack(file, folder, only=archive.only)
    except ArchiveError as error:
        raise ValueError(f"source {source}: {error}\nremove it to download it again") from error


def _find(folder: Path, archive: Archive) -> Path | None:
    """The folder that the content is in, where `folder` has it."""
    places = (folder / archive.top, folder)
    return next((place for place in places if next(place.glob(archive.proof), None)), None)


def _fetch(
    source: str,
    inventory: Path,
    archive: Archive,
    wanted: Wanted,
    fetch: Callable[[Item, Wanted], None] | None,
) -> None:
    items = read_inventory(inventory)
    if archive.name not in items:
        raise ValueError(
            f"source {source}: expected a line {archive.name} in {inventory}, got none"
        )
    item = items[archive.name]
    wanted = Wanted(wanted.path, item.size, item.sha256, wanted.magic)
    print(f"{archive.file}: {item.licence}, terms: {item.terms}; cite {item.citation}")
    urls = [url.format(**archive.values) for url in item.urls]
    try:
        if fetch and not wanted.path.exists():
            fetch(item, wanted)
        else:
            download(urls, wanted)
    except DownloadError as error:
        raise ValueError(
            f"source {source}: {error}\n"
            f"to get it by hand, see {item.terms}; put {archive.file} into {wanted.path.parent}, "
            f"or set sources.{source}.path to it or to its unpacked folder"
        ) from error


def require(source: str, settings: DatasetSettings, found: bool, expected: str, got: str) -> None:
    """Raise ValueError if what was `found` is not what the dataset should be, and has to be."""
    if settings.complete and not found:
        raise ValueError(
            f"source {source}: expected {expected}, got {got}; "
            f"sources.{source}.complete: false accepts this"
        )


def evenly(files: Sequence[File], count: int | None) -> list[File]:
    """At most `count` of `files`, spread evenly over them, in their order; None: all."""
    if count is None or count >= len(files):
        return list(files)
    return [files[number * len(files) // count] for number in range(count)]


def photos_below(root: Path, pattern: str, suffix: str) -> list[str]:
    """The files that match a glob pattern and have the suffix in any case, relative to `root`."""
    found = (path for path in root.glob(pattern) if path.suffix.lower() == suffix)
    return sorted(str(path.relative_to(root)) for path in found if path.is_file())
