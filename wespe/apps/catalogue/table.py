"""The list of networks, for people and for machines."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wespe.judging.metrics.registry import METRICS
from wespe.pipeline.tracking import Version
from wespe.results.cards import ModelCard, NetworkCard
from wespe.results.evaluations import EvaluationSummary
from wespe.results.methods import ENHANCED, ORIGINAL, TARGET
from wespe.results.networks import Broken, Network
from wespe.results.record import as_json as tree_of

KEY_METRICS = {"psnr_db": "PSNR dB", "ssim": "SSIM", "ms_ssim": "MS-SSIM"}
"""What the table shows; of each more is better."""
_HEADINGS = (
    *("NAME", "WHAT IT IS", "METHOD", "SOURCE → TARGET", "STEPS", "EVALUATION"),
    *(f"{label} (original, baseline)" for label in KEY_METRICS.values()),
    *("SIZE", "SHA256", "MLFLOW RUN", "VERSION"),
)
Versions = Mapping[str, Sequence[Version]]
_CURVES = ("transport", "histogram_match")


def as_table(networks: Sequence[Network | Broken], versions: Versions) -> str:
    """An aligned table, a row a network and evaluation; then a line for each problem.

    Beside each metric of the enhanced photos stand that of the originals and the best of the plain
    baselines. `versions`: what MLflow's registry has of each network, by its hash.
    """
    whole = (network for network in networks if isinstance(network, Network))
    rows = [row for network in whole for row in _rows(network, versions)]
    lines = []
    if rows:
        table = [_HEADINGS, *rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for row in table:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            lines.append("  ".join(cells).rstrip())
    lines += [f"broken: {found.problem}" for found in networks if isinstance(found, Broken)]
    return "\n".join(lines)


def as_json(networks: Sequence[Network | Broken], versions: Versions) -> str:
    """The same with all that cards and summaries hold, but for curves of 256 levels."""
    return json.dumps([_entry(network, versions) for network in networks], indent=1)


def figures(summary: EvaluationSummary, metric: str) -> tuple[str, str, str]:
    """A metric of the enhanced photos, the originals and the best baseline, as text."""
    values = (
        summary.mean(ENHANCED, metric),
        summary.mean(ORIGINAL, metric),
        _best_baseline(summary, metric),
    )
    form = f".{METRICS[metric].shown.decimals}f"
    first, second, third = ("–" if value is None else format(value, form) for value in values)
    return first, second, third


def _best_baseline(summary: EvaluationSummary, metric: str) -> float | None:
    """The best mean of the plain baselines of an evaluation; None without one."""
    others = (name for name in summary.methods if name not in {ORIGINAL, ENHANCED, TARGET})
    means = (summary.mean(method, metric) for method in others)
    return max((value for value in means if value is not None), default=None)


def _rows(network: Network, versions: Versions) -> Iterator[tuple[str, ...]]:
    card = network.card
    held = versions.get(card.sha256, ())
    first = (network.name, network.badge, *_made(card))
    last = (
        f"{network.path.stat().st_size / 1e6:.2f} MB",
        card.sha256[:12],
        ", ".join(dict.fromkeys(version.run_id[:8] for version in held)) or "–",
        ", ".join(f"{version.model}/{version.version}" for version in held) or "–",
    )
    for number, summary in enumerate(network.evaluations or (None,)):
        metrics = [_cell(summary, metric) for metric in KEY_METRICS]
        name = summary.evaluation if summary else "–"
        front, back = (first, last) if not number else (("",) * len(first), ("",) * len(last))
        yield (*front, name, *metrics, *back)


def _made(card: NetworkCard) -> tuple[str, str, str]:
    """Method, domains and steps."""
    if isinstance(card, ModelCard):
        return card.method, f"{card.source} → {card.target}", str(card.steps)
    return "imported", card.imported.checkpoint if card.imported else "–", "–"


def _cell(summary: EvaluationSummary | None, metric: str) -> str:
    if summary is None:
        return "–"
    enhanced, original, baseline = figures(summary, metric)
    return f"{enhanced} ({original}, {baseline})"


def _entry(network: Network | Broken, versions: Versions) -> dict[str, Any]:
    if isinstance(network, Broken):
        return {"name": network.name, "path": str(network.path), "problem": network.problem}
    card = network.card
    return {
        "name": network.name,
        "badge": network.badge,
        "path": str(network.path),
        "bytes": network.path.stat().st_size,
        "sha256": card.sha256,
        "card": {key: value for key, value in tree_of(card).items() if key not in _CURVES},
        "evaluations": [tree_of(summary) for summary in network.evaluations],
        "registry": [
            {"model": version.model, "version": version.version, "run_id": version.run_id}
            for version in versions.get(card.sha256, ())
        ],
    }
