"""The user study: which photos people prefer."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from wespe.cli.network import model_option
from wespe.cli.parser import Commands
from wespe.core.words import number_of

if TYPE_CHECKING:
    from wespe.apps.study.sources import PhotoSet
    from wespe.apps.study.votes import Votes


_STUDIES = Path("results/studies")
"""Where the rule `study` puts figures too, unless the settings have other folders."""
_TITLES = {"pairs": "Which photo is better?", "ratings": "How good are these photos?"}


def add(commands: Commands) -> None:
    """The commands of a study, all below `wespe study`."""
    actions = Commands(commands.add("study", study, params=False), "action", within="study")
    _build_options(actions.add("build", build))
    _serve_options(actions.add("serve", serve, params=False))
    exporting, reporting, withdrawing = (
        _folder(actions.add(name, run, params=False))
        for name, run in (("export", export), ("report", report), ("withdraw", withdraw))
    )
    exporting.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the .csv file to write"
    )
    reporting.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        default=_STUDIES,
        help="where NAME.json, NAME.md and NAME.csv go (default: %(default)s)",
    )
    reporting.add_argument(
        "--name", metavar="NAME", help="the name of these files (default: the study's)"
    )
    withdrawing.add_argument("code", metavar="CODE", help="the subject's code")


def _folder(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("folder", type=Path, metavar="STUDY", help="the study's folder")
    return command


def _build_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("out", type=Path, metavar="STUDY", help="the folder to create")
    command.add_argument(
        "--set",
        action="append",
        required=True,
        metavar="NAME=FOLDER",
        help="an evaluation's folder, or photos for --model to enhance; may be repeated",
    )
    command.add_argument(
        "--kind",
        default="pairs",
        type=lambda kind: "ratings" if kind == "mos" else kind,
        choices=["pairs", "ratings"],
        help="ask which of two is preferred, or for ratings from 1 to 5, also called mos (default: "
        "%(default)s)",
    )
    command.add_argument(
        "--against",
        nargs="+",
        default=["original", "autocontrast"],
        metavar="METHOD",
        help="what the enhanced photo is compared with (default: original autocontrast)",
    )
    model_option(command, required=False)
    command.add_argument(
        "--longest-px",
        type=int,
        default=1600,
        metavar="NUMBER",
        help="longest side of enhanced photos (default: 1600, as in evaluations)",
    )
    command.add_argument(
        "--title", metavar="TEXT", help="the page's heading (default: a question that fits --kind)"
    )
    for option, default, text in (
        ("photos", 7, "photos of each set"),
        ("practice", 2, "practice trials in all"),
        ("catches", 2, "catch trials of each set"),
        ("seed", 0, "seed of what is drawn, and in which order it is shown"),
    ):
        command.add_argument(
            f"--{option}",
            type=int,
            default=default,
            metavar="NUMBER",
            help=f"{text} (default: {default})",
        )


def _serve_options(command: argparse.ArgumentParser) -> None:
    _folder(command)
    command.add_argument(
        "--port",
        type=int,
        default=8010,
        metavar="NUMBER",
        help="0 chooses a free one (default: 8010)",
    )
    command.add_argument(
        "--lan",
        action="store_true",
        help="let other machines on the network connect, without encryption",
    )
    command.add_argument(
        "--simulated-subjects",
        action="store_true",
        help="the subjects are simulated: a trial run, marked as such in its report",
    )


def study(arguments: argparse.Namespace) -> None:
    """Ask people which photos they prefer: build, serve, export, report, withdraw."""


def build(arguments: argparse.Namespace) -> None:
    """Build the folder of a blinded study."""
    from wespe.apps.study.build import build as make

    made = make(
        arguments.out,
        [_photo_set(arguments, text) for text in arguments.set],
        kind=arguments.kind,
        title=arguments.title or _TITLES[arguments.kind],
        against=arguments.against,
        photos_per_set=arguments.photos,
        practice=arguments.practice,
        catches=arguments.catches,
        seed=arguments.seed,
    )
    counts = (f"{len(made.numbers(part))} {part}" for part in ("practice", "main", "catch"))
    print(f"{made.study}: {number_of(len(made.networks), 'set')}, trials: {', '.join(counts)}")
    print(f"serve it: wespe study serve {arguments.out}")


def _photo_set(arguments: argparse.Namespace, text: str) -> "PhotoSet":
    from wespe.apps.study.sources import (
        BICUBIC,
        enlarged_originals,
        is_evaluation,
        of_evaluation,
        of_photos,
    )

    name, equals, path = text.partition("=")
    folder = Path(path)
    if not equals or not folder.is_dir():
        raise ValueError(f"--set: expected NAME=FOLDER with an existing folder, got {text!r}")
    if is_evaluation(folder):
        return of_evaluation(name, folder)
    if arguments.model is None:
        raise ValueError(f"{folder}: expected an evaluation's folder, or --model to enhance it")

    from wespe.apps.enhancing.networks import network_file, open_network
    from wespe.judging.baselines import baselines
    from wespe.results.networks import read_card

    network = network_file(arguments.model, arguments.params)
    card = read_card(network) if network.with_suffix(".json").exists() else None
    others = [method for method in arguments.against if method not in ("original", BICUBIC)]
    enhancer = open_network(network)
    enhancers = {"enhanced": enhancer.enhance, **baselines(others, card)}
    enhancers |= enlarged_originals(enhancer.scale)
    return of_photos(
        name, folder, model=network, enhancers=enhancers, longest_px=arguments.longest_px
    )


def serve(arguments: argparse.Namespace) -> None:
    """Serve a study's page and store the votes, until Ctrl-C."""
    from wespe.apps.study.app import make_app
    from wespe.apps.study.folder import read_study
    from wespe.apps.web.server import serve as run

    read = read_study(arguments.folder)
    app = make_app(
        arguments.folder, read, simulated=arguments.simulated_subjects, lan=arguments.lan
    )
    print(f"{read.study}: {len(read.items)} trials; votes are kept", flush=True)
    run(app, port=arguments.port, lan=arguments.lan, say=lambda line: print(line, flush=True))


def export(arguments: argparse.Namespace) -> None:
    """Write all votes to a CSV file."""
    from wespe.apps.study.folder import read_study
    from wespe.apps.study.report import export_votes

    count = export_votes(arguments.out, read_study(arguments.folder), _votes(arguments.folder))
    print(f"{arguments.out}: {count} votes")


def report(arguments: argparse.Namespace) -> None:
    """Compute what the votes show: preferences or ratings, with intervals, beside the paper's."""
    from wespe.apps.study.folder import read_study
    from wespe.apps.study.report import as_markdown, write_results
    from wespe.results.layout import StudyFiles

    study, votes = read_study(arguments.folder), _votes(arguments.folder)
    files = StudyFiles(arguments.out, arguments.name or study.study)
    print(as_markdown(write_results(files, study, votes)))


def withdraw(arguments: argparse.Namespace) -> None:
    """Delete the votes of a subject who asks for it."""
    print(f"{_votes(arguments.folder).withdraw(arguments.code)} votes deleted")


def _votes(folder: Path) -> "Votes":
    from wespe.apps.study.folder import read_study
    from wespe.apps.study.votes import open_votes

    return open_votes(folder, read_study(folder))
