"""People's scores of the photos of a folder, from a CSV file that lies there."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wespe.results.csv_file import read_csv


@dataclass(frozen=True)
class Opinions:
    """The mean opinion score of each photo by its file, and the photos that `where` leaves out."""

    mos: Mapping[str, float]
    left_out: frozenset[str]


def read_opinions(
    table: Path, files: Sequence[str], *, columns: tuple[str, str], where: Sequence[str] = ()
) -> Opinions:
    """The scores in `table` of `files`, which are all photos of a folder, relative to it.

    `columns`: those of the photo's name and of its score. A name without its folder is enough where
    only one of `files` has it. `where`: conditions `column=value`; rows that do not meet all of
    them are left out. Raises ValueError that names the table, and the line where there is one: for
    a missing table or column, a photo that is not there, could be several or is there twice, and a
    score that is no finite number; also if no row is left.
    """
    conditions = [_condition(text) for text in where]
    by_name: dict[str, list[str]] = {}
    for file in files:
        by_name.setdefault(PurePosixPath(file).name, []).append(file)
    known = set(files)
    lines: dict[str, int] = {}
    scores: dict[str, float] = {}
    left_out: set[str] = set()
    wanted = (*columns, *(column for column, _ in conditions))
    for line, row in read_csv(table, wanted, "a table of people's scores"):
        place = f"{table}, line {line}"
        file = _photo((row[columns[0]] or "").strip(), known, by_name, place)
        if file in lines:
            raise ValueError(f"{place}: {row[columns[0]]} is already on line {lines[file]}")
        lines[file] = line
        if all((row[column] or "").strip() == value for column, value in conditions):
            scores[file] = _score(row[columns[1]], columns[1], place)
        else:
            left_out.add(file)
    if not scores:
        chosen = f" with {' and '.join(where)}" if where else ""
        raise ValueError(f"{table}: expected scores{chosen}, got none in {len(lines)} rows")
    return Opinions(scores, frozenset(left_out))


def is_held_out(file: str, share: float) -> bool:
    """Whether no rater may learn from the photo `file`, so that it can be judged there.

    The first 32 bits of the SHA-256 of its name without folders, as a fraction, are below `share`.
    So a photo stays where it is when others come or go.
    """
    name = PurePosixPath(file).name
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32 < share


def _condition(text: str) -> tuple[str, str]:
    column, _, value = text.partition("=")
    return column.strip(), value.strip()


def _photo(name: str, known: set[str], by_name: Mapping[str, Sequence[str]], place: str) -> str:
    """The file that a row is about."""
    if name in known:
        return name
    found = by_name.get(name, ())
    if len(found) > 1:
        raise ValueError(f"{place}: {name} could be {' or '.join(found)}")
    if not found:
        raise ValueError(f"{place}: expected a photo of the folder, got {name!r}")
    return found[0]


def _score(text: str | None, column: str, place: str) -> float:
    try:
        score = float(text or "")
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise ValueError(f"{place}: {column} must be a number, got {text!r}")
    return score
