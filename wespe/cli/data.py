"""Photos and patches."""

import argparse
from dataclasses import replace
from pathlib import Path

from wespe.cli.parser import Commands, load_settings, named
from wespe.core.files import atomic_folder
from wespe.core.words import number_of


def add(commands: Commands) -> None:
    """The commands that get photos and cut patches."""
    commands.add("acquire", acquire, named="a source", out="the folder to create").add_argument(
        "--copy-photos",
        action="store_true",
        help="copy the photos into the folder, for machines that share no disk with this one",
    )
    commands.add(
        "patches",
        patches,
        "index",
        named="a source",
        out="the .npy file to write; the manifest goes beside it as .json",
    )
    commands.add("flickr-remove", flickr_remove, named="a source").add_argument(
        "photos", nargs="+", metavar="PHOTO", help="a photo's id, or the address of its page"
    )


def acquire(arguments: argparse.Namespace) -> None:
    """Check and index the photos of a source: a folder with `index.json`."""
    from wespe.data.registry import SOURCES
    from wespe.results.index import copy_photos, write_index
    from wespe.results.layout import SourceFiles

    params = load_settings(arguments)
    settings = named(params.sources, arguments.name, "source")
    with atomic_folder(arguments.out) as folder:
        index = SOURCES[settings.kind].acquire(arguments.name, settings, folder)
        index = replace(
            index,
            licence=settings.licence or index.licence,
            simulated=settings.simulated or index.simulated,
        )
        if arguments.copy_photos:
            index = copy_photos(index, folder)
        write_index(SourceFiles(folder).index, index)
    print(
        f"{arguments.name}: {number_of(len(index.photos), 'photo')}, {len(index.skipped)} left out"
    )
    for skipped in index.skipped:
        print(f"  left out: {skipped.file}: {skipped.reason}")


def patches(arguments: argparse.Namespace) -> None:
    """Cut training patches from the indexed photos: one array and its manifest."""
    from wespe.data.patches.extraction import extract
    from wespe.results.index import read_index

    params = load_settings(arguments)
    settings = params.patches.model_dump(exclude={"counts"})
    settings["count"] = params.patches.counts.get(arguments.name, params.patches.count)
    manifest = extract(read_index(arguments.index), arguments.out, **settings, seed=params.run.seed)
    print(f"{arguments.name}: {len(manifest.patches)} patches, left out: {manifest.left_out}")
    for photo in manifest.left_out.unreadable:
        print(f"  left out: {photo.file}: {photo.reason}")


def flickr_remove(arguments: argparse.Namespace) -> None:
    """Remove photos from a Flickr source permanently: no later crawl brings them back."""
    from wespe.data.flickr import FlickrSettings
    from wespe.data.flickr.removal import remove

    settings = named(load_settings(arguments).sources, arguments.name, "source")
    if not isinstance(settings, FlickrSettings):
        raise ValueError(f"{arguments.name}: expected a source of kind flickr, got {settings.kind}")
    deleted = remove(Path(settings.path), arguments.photos, raw=Path(settings.raw))
    removed = number_of(len(arguments.photos), "photo")
    print(f"{arguments.name}: {removed} removed, {number_of(len(deleted), 'file')} deleted")
    print("run the pipeline again to make the source's index and tables without them")
