"""Words in messages: the nearest known one, and how many there are of a thing."""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean …?` with the known word that is nearest; empty where none is near."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {close[0]}?" if close else ""


def number_of(count: int, thing: str) -> str:
    """`1 photo`, `2,000 photos`."""
    return f"{count:,} {thing}" + ("" if count == 1 else "s")
