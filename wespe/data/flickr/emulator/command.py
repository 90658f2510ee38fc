"""The emulator as a command."""

import threading
from collections.abc import Callable

from wespe.data.flickr.emulator.catalogue import YEAR, make_catalogue
from wespe.data.flickr.emulator.server import KEY, SECRET, Emulator, Faults

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
            f"  export FLICKR_API_KEY={KEY} FLICKR_API_SECRET={SECRET}\nCtrl-C ends it.",
            flush=True,
        )
        until()
