"""Numbers of a table as a reader sees them, in any format."""

from collections.abc import Mapping
from typing import Any


def number(value: float, decimals: int) -> str:
    """With a true minus."""
    return f"{value:.{decimals}f}".replace("-", "−")


def p_text(p: float) -> str:
    """`p = 0.012`, or `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def cell_parts(cell: Mapping[str, Any], column: Mapping[str, Any]) -> dict[str, str]:
    """Those of value, interval, paper, p and n that a cell has, as text.

    A cell without a value has `not at hand` for one, and no `n`.
    """
    decimals = column["decimals"]
    if cell["value"] is None:
        parts = {"value": "not at hand"}
    else:
        parts = {"value": number(cell["value"], decimals), "n": f"n = {cell['n']}"}
    if cell["low"] is not None:
        low, high = (number(cell[end], decimals) for end in ("low", "high"))
        parts["interval"] = f"[{low}, {high}]"
    if cell["p"] is not None:
        parts["p"] = p_text(cell["p"])
    if cell["paper"] is not None:
        parts["paper"] = number(cell["paper"], column["paper_decimals"])
    return parts
