"""The emulator as a command: `python -m tests.flickr_emulator`, until Ctrl-C."""

import argparse
import contextlib
import threading
from collections.abc import Callable

from tests.flickr_emulator.catalogue import YEAR, make_catalogue
from tests.flickr_emulator.server import KEY, SECRET, Emulator, Faults

_FOR_GOOD = threading.Event().wait


def serve(
    *,
    port: int,
    photos: int,
    seed: int,
    faults: float,
    until: Callable[[], object] = _FOR_GOOD,
) -> None:
    """Run an emulator until `until` returns, or for good; says how to crawl it."""
    catalogue = make_catalogue(photos, seed=seed)
    what = Faults(errors=faults, cut=faults / 2, slow=faults / 2, seed=seed)
    with Emulator(catalogue, port=port, faults=what) as emulator:
        print(
            f"{len(catalogue)} photos of {YEAR}, of which {photos} are tagged street, at\n"
            f"  service: {emulator.service}\nIts key:\n"
            f"  export FLICKR_API_KEY={KEY} FLICKR_API_SECRET={SECRET}\nCtrl-C stops it.",
            flush=True,
        )
        until()


def main() -> None:
    command = argparse.ArgumentParser("python -m tests.flickr_emulator", description=__doc__)
    for name, kind, default, explained in (
        ("port", int, 8765, "where to listen"),
        ("photos", int, 30000, "the number of photos with the tag street"),
        ("seed", int, 0, "of the photos and of what goes wrong"),
        ("faults", float, 0.02, "the share of requests that fail"),
    ):
        command.add_argument(
            f"--{name}",
            type=kind,
            default=default,
            metavar="NUMBER",
            help=f"{explained} (default: %(default)s)",
        )
    with contextlib.suppress(KeyboardInterrupt):
        serve(**vars(command.parse_args()))


if __name__ == "__main__":
    main()
