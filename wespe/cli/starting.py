"""The first step of your own training: the settings file."""

import argparse
import re
from pathlib import Path

from wespe.cli.parser import Commands


def add(commands: Commands) -> None:
    """The command that writes a settings file."""
    command = commands.add("init", init, params=False)
    command.add_argument("name", metavar="NAME", help="the name of the run and its network")
    for option, text in (
        ("photos", "unedited photos from the camera"),
        ("wish", "photos with the look you want; they may show other scenes"),
    ):
        command.add_argument(f"--{option}", type=Path, required=True, metavar="FOLDER", help=text)
    command.add_argument(
        "--out", type=Path, metavar="FILE", help="the settings file (default: NAME.yaml)"
    )
    no_measure(command)


def no_measure(command: argparse.ArgumentParser) -> None:
    """`--no-measure`, for those who do not want to wait."""
    command.add_argument(
        "--no-measure",
        action="store_true",
        help="do not measure how long a training step takes; this saves a few seconds",
    )


def init(arguments: argparse.Namespace) -> int:
    """Inspect your photos and photos with the look you want, and write settings for training."""
    from wespe.apps.starting.needs import needs
    from wespe.apps.starting.photos import look_at
    from wespe.apps.starting.write import held_out, write_settings
    from wespe.core.schema import NAME, PATTERNS
    from wespe.data.folder import FolderSettings, find_photos
    from wespe.settings.params import load

    name, folders = arguments.name, (arguments.photos, arguments.wish)
    if not re.match(NAME, name):
        raise ValueError(f"expected {PATTERNS[NAME]}, got {name!r}")
    for option, folder in zip(("photos", "wish"), folders, strict=True):
        if not folder.is_dir():
            raise ValueError(f"--{option}: expected a folder of photos, got {folder}")
    if arguments.photos.resolve() == arguments.wish.resolve():
        raise ValueError(f"expected two folders of photos, got {arguments.photos} twice")
    looks = []
    for folder in folders:
        settings = FolderSettings(kind="folder", path=str(folder))
        looks.append(look_at(folder, find_photos(folder, settings)))
        if not looks[-1].photos:
            raise ValueError(f"{folder}: expected photos, found none that can be used")
    if len(looks[0].photos) < 2:
        raise ValueError(f"{arguments.photos}: expected two photos at least, one of them to test")
    path = arguments.out or Path(f"{name}.yaml")
    write_settings(
        path,
        name,
        photos=arguments.photos,
        wish=arguments.wish,
        test=held_out(looks[0].photos),
    )
    for line in needs(load(path), measure=not arguments.no_measure):
        print(line)
    print(f"{path} is written. Next, in the project's folder:")
    print(f"  snakemake --cores all --configfile {path}")
    print(f"  wespe enhance photo.jpg --model {name} --params {path}")
    return 0
