"""A network's model card as Markdown, in the order that model hubs have it in."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from wespe.apps.catalogue.table import KEY_METRICS, figures
from wespe.results.networks import Network


def markdown(network: Network) -> str:
    """The card of a whole network: its JSON and its evaluations, nothing else."""
    card = network.card
    sections = {
        "Intended use": [card.get("intended_use", "Not stated.")],
        "Data": _data(card),
        "Training": _training(card),
        "Metrics": _metrics(network),
        "Limits": [f"- {limit}" for limit in card.get("limits", ["Not stated."])],
        "Licence": _licence(card),
        "How to use": [
            "```",
            f"wespe enhance photo.jpg --model {network.path}",
            "```",
            "",
            f"The file's SHA-256 is `{card['sha256']}`.",
        ],
    }
    text = [_front_matter(network), f"# {network.name}", ""]
    for title, lines in sections.items():
        text += [f"## {title}", "", *lines, ""]
    return "\n".join(text).rstrip()


def _front_matter(network: Network) -> str:
    values = {
        "license": "unknown",
        "library_name": "wespe",
        "pipeline_tag": "image-to-image",
        "tags": ["photo-enhancement", network.card.get("recipe", {}).get("method", "dped")],
        "metrics": list(KEY_METRICS),
    }
    return f"---\n{yaml.safe_dump(values, sort_keys=False)}---\n"


def _data(card: Mapping[str, Any]) -> Iterator[str]:
    if "checkpoint" in card or "data" not in card:
        yield f"{card.get('origin', 'Not stated')}. What it was trained on is not recorded here."
        return
    for role, domain in card["data"].items():
        simulated = ", **simulated**" if domain["simulated"] else ""
        yield (
            f"- {role} `{card[role]}`: {domain['origin']}{simulated}; {domain['patches']} patches "
            f"of {domain.get('patch_px', '?')} px from {domain.get('photos', '?')} photos; "
            f"SHA-256 `{domain['sha256']}`"
        )


def _training(card: Mapping[str, Any]) -> Iterator[str]:
    if "checkpoint" in card or "pair" not in card:
        yield f"By others: {card.get('origin', 'not stated')}, `{card.get('checkpoint', '?')}`."
        return
    commit = card.get("code_commit")
    changed = ", with changes" if card.get("code_changed") else ""
    code = f"wespe {card['code_version']}" + (f" (commit {commit}{changed})" if commit else "")
    yield (
        f"Method `{card['recipe']['method']}`, {card['steps']} steps of "
        f"{card['recipe']['batch_size']} patches, seed {card['seed']}, on {card['compute']} "
        f"in {card['train_seconds']} s, with {code}, torch {card.get('torch', 'not stated')}."
    )
    yield from ("", "All settings:", "", "```yaml")
    yield yaml.safe_dump(card["recipe"], sort_keys=False).rstrip()
    yield "```"


def _metrics(network: Network) -> Iterator[str]:
    if not network.evaluations:
        yield "It has not been evaluated."
        return
    yield "| evaluation | metric | enhanced | original | best plain baseline |"
    yield "|---|---|---|---|---|"
    for summary in network.evaluations:
        simulated = ", simulated" if summary["simulated"] else ""
        photos = f"{summary['evaluation']} ({summary['n_images']} photos{simulated})"
        for metric, label in KEY_METRICS.items():
            yield f"| {photos} | {label} | {' | '.join(figures(summary, metric))} |"


def _licence(card: Mapping[str, Any]) -> Iterator[str]:
    yield "Of the network: up to its maker, within the terms of what it was made from."
    yield ""
    if "checkpoint" in card or "data" not in card:
        yield f"- checkpoint: {card.get('licence', 'not stated')}"
        return
    for role, domain in card.get("data", {}).items():
        yield f"- photos of {role} `{card[role]}`: {domain.get('licence', 'not stated')}"
