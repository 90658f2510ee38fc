"""Figures of videos."""

import argparse
import json
from dataclasses import asdict
from math import isfinite
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
    _comparing(commands.add("compare-videos", compare, params=False))


def _comparing(command: argparse.ArgumentParser) -> None:
    command.add_argument("truth", type=Path, metavar="TRUTH", help="the video as it should be")
    command.add_argument(
        "results", type=Path, nargs="+", metavar="RESULT", help="a video of the same size"
    )
    for name, default, explained in (
        ("border", 8, "px that are left out along each side"),
        ("ends", 2, "frames that are left out at the start and at the end"),
    ):
        command.add_argument(
            f"--{name}",
            type=int,
            default=default,
            metavar="NUMBER",
            help=f"{explained} (default: %(default)s)",
        )
    command.add_argument(
        "--vgg-weights",
        type=Path,
        metavar="FILE",
        help="a .safetensors file of VGG-19's convolutions: measure tLP with it, too",
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


def compare(arguments: argparse.Namespace) -> None:
    """Measure how near videos are to the true one: PSNR of luma, motion (tOF), flicker, tLP."""
    from wespe.judging.videos import compare_videos

    given = arguments
    width = max(len("RESULT"), *(len(str(result)) for result in given.results))
    for number, result in enumerate(given.results):
        found = compare_videos(
            given.truth,
            result,
            border_px=given.border,
            ends=given.ends,
            vgg_weights=given.vgg_weights,
        )
        if given.json:
            values = {
                key: value if value is not None and isfinite(value) else None
                for key, value in vars(found).items()
            }
            print(json.dumps({"result": str(result), **values}))
            continue
        perceived = found.t_lp is not None
        if number == 0:  # No heads above a refusal.
            heads = f"{'RESULT':{width}}  frames  PSNR Y dB  tOF px  flicker"
            print(heads + "    tLP" * perceived)
        print(
            f"{result!s:{width}}  {found.frames:6}  {found.psnr_y_db:9.2f}  "
            f"{found.t_of_px:6.3f}  {found.flicker:7.2f}"
            + (f"  {found.t_lp:5.3f}" if perceived else "")
        )
