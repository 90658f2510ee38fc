"""`data/sources.csv`: where published datasets are, how large, under which terms."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_COLUMNS = (
    *("name", "urls", "bytes", "sha256", "about_bytes"),
    *("licence", "terms", "citation", "remarks", "origin"),
)


@dataclass(frozen=True)
class Item:
    """One archive. The addresses come from public documents; no one has checked them lately."""

    name: str
    urls: tuple[str, ...]
    """Mirrors of one another, the best first; none where an account is needed."""
    size: int | None
    sha256: str | None
    licence: str
    terms: str
    """The page that has them."""
    citation: str
    remarks: str
    origin: str
    """Where sizes and hashes come from; none of them has been checked against the host."""
    about: Mapping[str, int]
    """Rough bytes, for planning: by the value of what the address leaves open, else by ""."""

    def expected_bytes(self, value: str = "") -> int | None:
        """About how large it is; `value`: of what the address leaves open."""
        return self.size or self.about.get(value)


def read_inventory(path: Path) -> dict[str, Item]:
    """The archives by name. Raises ValueError if the file is not an inventory, naming the line."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = csv.DictReader(stream)
            if tuple(rows.fieldnames or ()) != _COLUMNS:
                raise ValueError(f"expected the columns {', '.join(_COLUMNS)}")
            items = [_item(row, rows.line_num) for row in rows]
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: expected an inventory of datasets, got {error}") from error
    return {item.name: item for item in items}


def _item(row: dict[str, str], line: int) -> Item:
    if None in row.values() or None in row:
        raise ValueError(f"line {line}, which does not have one entry per column")
    if row["bytes"] and not row["bytes"].isdigit():
        raise ValueError(f"line {line}, which has {row['bytes']!r} bytes")
    about = row["about_bytes"]
    if not re.fullmatch(r"\d*|([\w-]+=\d+ ?)+", about):
        raise ValueError(f"line {line}, which has {about!r} about_bytes")
    pairs = (part.rpartition("=") for part in about.split())
    return Item(
        name=row["name"],
        urls=tuple(row["urls"].split()),
        size=int(row["bytes"]) if row["bytes"] else None,
        sha256=row["sha256"] or None,
        licence=row["licence"],
        terms=row["terms"],
        citation=row["citation"],
        remarks=row["remarks"],
        origin=row["origin"],
        about={value: int(size) for value, _, size in pairs},
    )
