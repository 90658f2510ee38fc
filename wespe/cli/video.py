"""Figures of videos."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from wespe.cli.parser import Commands


def add(commands: Commands) -> None:
    """The commands only for videos; `wespe enhance` takes both videos and photos."""
    command = commands.add("flicker", flicker, params=False)
    command.add_argument("source", type=Path, metavar="SOURCE", help="a video")
    command.add_argument("result", type=Path, metavar="RESULT", help="the enhanced video")
    command.add_argument(
        "--frames",
        type=int,
        metavar="NUMBER",
        help="how many frames to measure, from the start (default: all)",
    )
    command.add_argument("--json", action="store_true", help="print the figures as JSON")


def flicker(arguments: argparse.Namespace) -> None:
    """Measure how much more an enhanced video flickers than its source."""
    from wespe.networks.inference.video.flicker import flicker_of_files

    measured = flicker_of_files(arguments.source, arguments.result, frames=arguments.frames)
    if arguments.json:
        print(json.dumps(asdict(measured)))
        return
    print(f"{measured.pairs} pairs of frames, {measured.left_out} more at cuts left out")
    print(f"the source changes by {measured.source:.2f} levels of 255 from frame to frame")
    print(f"flicker added: {measured.added:.2f} levels, of large areas {measured.added_areas:.2f}")
