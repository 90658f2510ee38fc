"""Finding networks below folders, with their cards and their evaluations."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from wespe.core.files import read_json, sha256
from wespe.results.badges import Badge, badge_of
from wespe.results.cards import ModelCard, NetworkCard
from wespe.results.evaluations import EvaluationSummary
from wespe.results.layout import EvaluationFiles, PairFiles, RaterFiles, RatingFiles
from wespe.results.rater_card import RaterCard
from wespe.results.record import read_record

_HERE = Path()
_NETWORK, _CARD, _LOSSES = (
    path.name for path in (PairFiles(_HERE).network, PairFiles(_HERE).card, PairFiles(_HERE).losses)
)
_SUMMARY = EvaluationFiles(_HERE).summary.name
_OTHERS = (RaterFiles(_HERE).card.name, RatingFiles(_HERE).scores.name)
"""Files that mark a folder as that of a rater or a rating, not of a network."""


@dataclass(frozen=True)
class Network:
    """A whole network: its file, its card and the summaries of its evaluations, by name."""

    path: Path
    card: NetworkCard
    evaluations: Sequence[EvaluationSummary] = ()

    @property
    def name(self) -> str:
        return name_of(self.path)

    @property
    def badge(self) -> Badge:
        return badge_of(self.card)


@dataclass(frozen=True)
class Broken:
    """A file, or the place of a pair's missing network, that cannot be used, and why."""

    path: Path
    problem: str

    @property
    def name(self) -> str:
        return name_of(self.path)


def name_of(path: Path) -> str:
    """The name of the network in a file: its pair's, which is its folder's, or else the file's."""
    return path.parent.name if path.name == _NETWORK else path.stem


def find_networks(places: Iterable[Path]) -> list[Network | Broken]:
    """The networks in `places`, files or folders, which are searched to any depth, by path.

    These are Broken: a network whose card is missing, damaged or another's, a pair's folder without
    a network, a summary that cannot be read. Hidden files and folders, which unfinished work
    leaves, are ignored. A missing folder has no networks.
    """
    below = [path for place in places for path in ([place] if place.is_file() else _visible(place))]
    files = {path for path in below if path.suffix == ".safetensors"}
    # A pair's folder that has a card or losses, and no network.
    files |= {path.with_name(_NETWORK) for path in below if path.name in {_CARD, _LOSSES}}
    found: list[Network | Broken] = []
    summaries: dict[str, list[EvaluationSummary]] = {}
    for path in sorted(path for path in below if path.name == _SUMMARY):
        try:
            summary = read_record(path, EvaluationSummary)
        except ValueError as error:
            found.append(Broken(path, str(error)))
        else:
            summaries.setdefault(summary.network, []).append(summary)
    found += [_read(path, summaries) for path in files]
    return sorted(found, key=lambda network: network.path)


def one_of(networks: Sequence[Network | Broken], name: str | None) -> Network:
    """The whole network with this name or path. Raises ValueError unless there is exactly one."""
    found = [network for network in networks if name in {network.name, str(network.path)}]
    if len(found) != 1:
        known = ", ".join(str(network.path) for network in found or networks) or "there are none"
        raise ValueError(f"expected the name or path of one network ({known}), got {name!r}")
    if isinstance(found[0], Broken):
        raise ValueError(found[0].problem)
    return found[0]


def _visible(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*.*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and not any((path.parent / other).exists() for other in _OTHERS):
            yield path


def _read(path: Path, summaries: Mapping[str, Sequence[EvaluationSummary]]) -> Network | Broken:
    try:
        _check_header(path)
        card = read_card(path)
    except (ValueError, OSError) as error:
        return Broken(path, str(error))
    return Network(path, card, tuple(summaries.get(card.sha256, ())))


def read_card(network: Path) -> NetworkCard:
    """The card beside a network, a ModelCard for one that a pair has trained.

    Raises ValueError that names the card if it is missing or belongs to another network.
    """
    card = read_card_file(path := network.with_suffix(".json"))
    _check_hash(path, card.sha256, network)
    return card


def read_card_file(path: Path) -> NetworkCard:
    """A network's card as `read_card` gives it, whether the network is there or not."""
    content = read_json(path) if path.is_file() else {}
    trained = isinstance(content, dict) and "pair" in content
    return read_record(path, ModelCard if trained else NetworkCard)


def read_rater_card(rater: Path) -> RaterCard:
    """The card beside a rater. Raises ValueError as `read_card`."""
    path = rater.with_suffix(".json")
    card = read_record(path, RaterCard)
    _check_hash(path, card.sha256, rater)
    return card


def _check_hash(path: Path, claimed: str, file: Path) -> None:
    if claimed != (found := sha256(file)):
        raise ValueError(f"{path}: expected the card of {file.name} {found}, got that of {claimed}")


def _check_header(path: Path) -> None:
    """Raise ValueError unless the file's header is whole and of our format; needs no torch."""
    if not path.is_file():
        raise ValueError(f"{path}: expected a network, found none")
    try:
        with safe_open(path, framework="np") as file:
            ours = "wespe" in (file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path}: expected a .safetensors network, got {error}") from error
    if not ours:
        raise ValueError(f"{path}: expected a network of this program, got tensors of another")
