"""What most people use: enhance photos."""

import argparse
from pathlib import Path

from wespe.commands.parser import Commands


def add(commands: Commands) -> None:
    """The commands for one's own photos."""
    _enhance_options(commands.add("enhance", enhance, "model", params=False))


def _enhance_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="a photo or folder")
    command.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="where results go (default: beside each photo, as NAME_enhanced)",
    )
    command.add_argument(
        "--strength",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="from 0, the photo as it is, to 1, all that the network changes (default: 1)",
    )
    command.add_argument(
        "--quality",
        type=int,
        default=95,
        metavar="NUMBER",
        help="of JPEG and WebP, 1 to 100 (default: 95)",
    )
    command.add_argument(
        "--overwrite", action="store_true", help="also photos whose result is newer than they are"
    )
    command.add_argument(
        "--compute",
        default="auto",
        choices=["auto", "cpu-fp32", "cpu-bf16", "cuda-fp32", "cuda-bf16"],
        metavar="PLACE",
        help="device and precision: %(choices)s (default: %(default)s)",
    )


def enhance(arguments: argparse.Namespace) -> int:
    """Enhance photos, or folders of photos, of any size."""
    import torch

    from wespe.inference.photo import enhance_files
    from wespe.models.checkpoints import load_generator
    from wespe.training.compute import resolve

    place = resolve(arguments.compute)
    summary = enhance_files(
        arguments.photos,
        generator=load_generator(arguments.model),
        out=arguments.out,
        strength=arguments.strength,
        overwrite=arguments.overwrite,
        quality=arguments.quality,
        device=place.device,
        dtype=torch.bfloat16 if place.bf16 else torch.float32,
    )
    print(
        f"{summary.enhanced} enhanced, {summary.skipped} already done, {len(summary.failed)} failed"
    )
    return 1 if summary.failed else 0
