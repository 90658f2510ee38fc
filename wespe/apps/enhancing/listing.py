"""The networks at hand, for people: what each is, and where it comes from."""

from pathlib import Path

from wespe.apps.enhancing.networks import SETTINGS, places_at_hand
from wespe.networks.shipped import DEFAULT, FOLDER
from wespe.results.networks import Broken, Network, find_networks

_HEADINGS = ("NAME", "WHAT IT IS", "SIZE", "FROM")


def listed(settings: Path = SETTINGS) -> tuple[list[str], bool]:
    """The lines of the list, the default network first, and whether all networks are whole.

    Raises as `places_at_hand`.
    """
    places = places_at_hand(settings)
    found = [network for place in places for network in find_networks([place])]
    whole = [network for network in found if isinstance(network, Network)]
    whole.sort(key=lambda network: (not _is_default(network), network.badge.rank))
    rows = [_HEADINGS, *map(_row, whole)] if whole else []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    broken = [network for network in found if isinstance(network, Broken)]
    lines += [f"broken: {network.problem}" for network in broken]
    searched = f"in {', '.join(map(str, places))}" if places else f"here, and no {settings}"
    return lines or [f"no networks {searched}"], not broken


def _row(network: Network) -> tuple[str, str, str, str]:
    shipped = network.path.parent == FOLDER
    came = "comes with wespe" if shipped else str(network.path)
    if _is_default(network):
        came += "; taken where no other is named"
    return network.name, network.badge, f"{network.path.stat().st_size / 1e6:.2f} MB", came


def _is_default(network: Network) -> bool:
    return network.path == FOLDER / f"{DEFAULT}.safetensors"
