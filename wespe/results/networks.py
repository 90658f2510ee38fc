"""Finding networks below folders, with their cards and their evaluations."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from wespe.core.files import read_json, sha256
from wespe.results.reading import read_record
from wespe.results.records import ModelCard, Summary

NETWORK = "generator.safetensors"
_OTHERS = ("rater.json", "scores.csv")
"""Files that tell the folder of a rater, or of a rating, from that of a network."""


@dataclass(frozen=True)
class Network:
    """A network's file, or the folder that should have one, and what is wrong with it if so."""

    path: Path
    card: Mapping[str, Any] = field(default_factory=dict)
    evaluations: Sequence[Mapping[str, Any]] = ()
    """The summaries of its evaluations, by name."""
    problem: str | None = None

    @property
    def name(self) -> str:
        """That of the pair it was trained for, which is its folder's, or of its file."""
        return self.path.parent.name if self.path.name == NETWORK else self.path.stem


def find_networks(places: Iterable[Path]) -> list[Network]:
    """The networks in `places`, files or folders, which are searched to any depth, by path.

    A half one is found too, with its `problem`: a network without its card, with another's or a
    damaged one, a pair's folder without a network, a summary that cannot be read. Hidden files and
    folders, what unfinished work leaves, are passed over. A folder that is not there has none.
    """
    files, summaries = set[Path](), dict[str, list[Mapping[str, Any]]]()
    networks = []
    for place in places:
        below = [place] if place.is_file() else list(_visible(place))
        files |= {path for path in below if path.suffix == ".safetensors"}
        # A pair's folder that has a card or losses, and no network.
        files |= {
            path.with_name(NETWORK)
            for path in below
            if path.name in {"generator.json", "losses.jsonl"}
        }
        for path in sorted(path for path in below if path.name == "summary.json"):
            try:
                read_record(path, Summary, "an evaluation's summary")
            except ValueError as error:
                networks.append(Network(path, problem=str(error)))
            else:
                summary = read_json(path)
                summaries.setdefault(summary.get("network", ""), []).append(summary)
    networks += [_read(path, summaries) for path in files]
    return sorted(networks, key=lambda network: network.path)


def one_of(networks: Sequence[Network], name: str | None) -> Network:
    """The one whole network with this name or path; ValueError if there is not exactly one."""
    found = [network for network in networks if name in {network.name, str(network.path)}]
    if len(found) != 1:
        known = ", ".join(str(network.path) for network in found or networks) or "there are none"
        raise ValueError(f"expected the name or path of one network ({known}), got {name!r}")
    if found[0].problem:
        raise ValueError(found[0].problem)
    return found[0]


def _visible(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*.*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and not any((path.parent / other).exists() for other in _OTHERS):
            yield path


def _read(path: Path, summaries: Mapping[str, Sequence[Mapping[str, Any]]]) -> Network:
    card_path = path.with_suffix(".json")
    try:
        _check_header(path)
        card = read_card(path)
        if "pair" in card:
            read_record(card_path, ModelCard, "a model card")
    except (ValueError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            return Network(path, problem=f"{card_path}: expected its model card, there is none")
        return Network(path, problem=str(error))
    return Network(path, card, tuple(summaries.get(card["sha256"], ())))


def read_card(network: Path) -> dict[str, Any]:
    """The model card beside a network; ValueError if it is none, or that of another network."""
    path = network.with_suffix(".json")
    card = read_json(path)
    if not isinstance(card, dict) or "sha256" not in card:
        raise ValueError(f"{path}: expected the model card of {network.name}")
    if card["sha256"] != (found := sha256(network)):
        raise ValueError(f"{path}: expected the card of a network {found}, got {card['sha256']}")
    return card


def _check_header(path: Path) -> None:
    """Whether the file is whole and of our format, from its header: without torch."""
    if not path.is_file():
        raise ValueError(f"{path}: expected a network, there is none")
    try:
        with safe_open(path, framework="np") as file:
            ours = "wespe" in (file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: expected a .safetensors network, got {error}") from error
    if not ours:
        raise ValueError(f"{path}: expected a network of this program, got tensors of another")
