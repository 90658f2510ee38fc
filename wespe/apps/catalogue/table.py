"""The list of networks, for people and for machines."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wespe.judging.metrics.registry import METRICS
from wespe.pipeline.tracking import Version
from wespe.results.methods import ENHANCED, ORIGINAL, TARGET
from wespe.results.networks import Network

KEY_METRICS = {"psnr_db": "PSNR dB", "ssim": "SSIM", "ms_ssim": "MS-SSIM"}
"""What the table shows; of each more is better."""
_HEADINGS = (
    *("NAME", "METHOD", "SOURCE → TARGET", "STEPS", "SIMULATED", "EVALUATION"),
    *(f"{label} (original, baseline)" for label in KEY_METRICS.values()),
    *("SIZE", "SHA256", "MLFLOW RUN", "VERSION"),
)
Versions = Mapping[str, Sequence[Version]]


def as_table(networks: Sequence[Network], versions: Versions) -> str:
    """An aligned table, a row a network and evaluation; then a line for each problem.

    Beside each metric of the enhanced photos stand that of the originals and the best of the plain
    baselines. `versions`: what MLflow's registry has of each network, by its hash.
    """
    whole = [network for network in networks if not network.problem]
    rows = [row for network in whole for row in _rows(network, versions)]
    lines = []
    if rows:
        table = [_HEADINGS, *rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for row in table:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            lines.append("  ".join(cells).rstrip())
    lines += [f"broken: {network.problem}" for network in networks if network.problem]
    return "\n".join(lines)


_CURVES = ("transport", "histogram_match")


def as_json(networks: Sequence[Network], versions: Versions) -> str:
    """The same with all that cards and summaries hold, but for curves of 256 levels."""
    return json.dumps([_entry(network, versions) for network in networks], indent=1)


def best_baseline(summary: Mapping[str, Any], metric: str) -> float | None:
    """The best mean of the plain baselines of an evaluation; None without one."""
    means = (
        mean(summary, method, metric)
        for method in summary["methods"]
        if method not in {ORIGINAL, ENHANCED, TARGET}
    )
    return max((value for value in means if value is not None), default=None)


def mean(summary: Mapping[str, Any], method: str, metric: str) -> float | None:
    """A mean of an evaluation; None where it has none."""
    value: float | None = summary["methods"].get(method, {}).get(metric, {}).get("mean")
    return value


def figures(summary: Mapping[str, Any], metric: str) -> tuple[str, str, str]:
    """A metric of the enhanced photos, the originals and the best baseline, as text."""
    values = (
        mean(summary, ENHANCED, metric),
        mean(summary, ORIGINAL, metric),
        best_baseline(summary, metric),
    )
    form = f".{METRICS[metric].shown.decimals}f"
    first, second, third = ("–" if v is None else format(v, form) for v in values)
    return first, second, third


def _rows(network: Network, versions: Versions) -> Iterator[tuple[str, ...]]:
    card = network.card
    held = versions.get(card["sha256"], ())
    trained = "pair" in card
    first = (
        network.name,
        card["recipe"]["method"] if trained else "imported",
        f"{card['source']} → {card['target']}" if trained else str(card.get("checkpoint", "–")),
        str(card["steps"]) if trained else "–",
        _simulated(card),
    )
    last = (
        f"{network.path.stat().st_size / 1e6:.2f} MB",
        card["sha256"][:12],
        ", ".join(dict.fromkeys(version.run_id[:8] for version in held)) or "–",
        ", ".join(f"{version.model}/{version.version}" for version in held) or "–",
    )
    summaries: Sequence[Mapping[str, Any] | None] = network.evaluations or (None,)
    for number, summary in enumerate(summaries):
        metrics = [_cell(summary, metric) for metric in KEY_METRICS]
        name = summary["evaluation"] if summary else "–"
        front, back = (first, last) if not number else (("",) * len(first), ("",) * len(last))
        yield (*front, name, *metrics, *back)


def _cell(summary: Mapping[str, Any] | None, metric: str) -> str:
    if summary is None:
        return "–"
    enhanced, original, baseline = figures(summary, metric)
    return f"{enhanced} ({original}, {baseline})"


def _simulated(card: Mapping[str, Any]) -> str:
    if "data" not in card:
        return "not known"
    return "yes" if any(domain["simulated"] for domain in card["data"].values()) else "no"


def _entry(network: Network, versions: Versions) -> dict[str, Any]:
    if network.problem:
        return {"name": network.name, "path": str(network.path), "problem": network.problem}
    card = {key: value for key, value in network.card.items() if key not in _CURVES}
    held = versions.get(card["sha256"], ())
    return {
        "name": network.name,
        "path": str(network.path),
        "bytes": network.path.stat().st_size,
        "sha256": card["sha256"],
        "card": card,
        "evaluations": list(network.evaluations),
        "registry": [
            {"model": version.model, "version": version.version, "run_id": version.run_id}
            for version in held
        ],
    }
