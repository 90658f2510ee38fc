"""A network's model card as Markdown, in the order that model hubs have it in."""

from collections.abc import Iterator

import yaml

from wespe.apps.catalogue.table import KEY_METRICS, figures
from wespe.results.cards import Imported, ModelCard
from wespe.results.networks import Network


def markdown(network: Network) -> str:
    """The card of a whole network: its JSON and its evaluations, nothing else."""
    card = network.card
    if isinstance(card, ModelCard):
        data, training, licence = [*_data(card)], [*_training(card)], [*_licence(card)]
    else:
        data, training, licence = _made_elsewhere(card.imported)
    sections = {
        "Intended use": [card.intended_use],
        "Data": data,
        "Training": training,
        "Metrics": _metrics(network),
        "Limits": [f"- {limit}" for limit in card.limits],
        "Licence": [
            "The network's licence is up to its maker, within the terms of what it was made from.",
            "",
            *licence,
        ],
        "How to use": [
            "```",
            f"wespe enhance photo.jpg --model {network.path}",
            "```",
            "",
            f"The file's SHA-256 is `{card.sha256}`.",
        ],
    }
    badge = f"*{network.badge.capitalize()}.*"
    text = [_front_matter(network), f"# {network.name}", "", badge, ""]
    for title, lines in sections.items():
        text += [f"## {title}", "", *lines, ""]
    return "\n".join(text).rstrip()


def _front_matter(network: Network) -> str:
    card = network.card
    values = {
        "license": "unknown",
        "library_name": "wespe",
        "pipeline_tag": "image-to-image",
        "tags": ["photo-enhancement", card.method if isinstance(card, ModelCard) else "dped"],
        "metrics": list(KEY_METRICS),
    }
    return f"---\n{yaml.safe_dump(values, sort_keys=False)}---\n"


def _made_elsewhere(imported: Imported | None) -> tuple[list[str], list[str], list[str]]:
    """Data, training and licence of a network that others have trained."""
    if imported is None:
        return ["Not stated."], ["Not stated."], ["- not stated"]
    return (
        [f"{imported.origin}. What it was trained on is not recorded here."],
        [f"By others: {imported.origin}, `{imported.checkpoint}`."],
        [f"- checkpoint: {imported.licence}"],
    )


def _data(card: ModelCard) -> Iterator[str]:
    for role, name, domain in card.domains:
        simulated = ", **simulated**" if domain.simulated else ""
        yield (
            f"- {role} `{name}`: {domain.origin}{simulated}; {domain.patches} patches of "
            f"{domain.patch_px} px from {domain.photos} photos; SHA-256 `{domain.sha256}`"
        )


def _licence(card: ModelCard) -> Iterator[str]:
    for role, name, domain in card.domains:
        yield f"- photos of {role} `{name}`: {domain.licence}"


def _training(card: ModelCard) -> Iterator[str]:
    changed = ", with changes" if card.code_changed else ""
    commit = f" (commit {card.code_commit}{changed})" if card.code_commit else ""
    yield (
        f"Method `{card.method}`, {card.steps} steps of {card.recipe['batch_size']} patches, seed "
        f"{card.seed}, on {card.compute} in {card.train_seconds} s, with wespe "
        f"{card.code_version}{commit}, torch {card.torch}."
    )
    if card.degradation:
        yield from ("", f"What it learned to undo: {card.degradation}.")
    if card.detail and card.detail > 1:
        yield from ("", f"The finest detail of what it makes is amplified {card.detail:g} times.")
    yield from ("", "All settings:", "", "```yaml")
    yield yaml.safe_dump(dict(card.recipe), sort_keys=False).rstrip()
    yield "```"


def _metrics(network: Network) -> Iterator[str]:
    if not network.evaluations:
        yield "It has not been evaluated."
        return
    yield "| evaluation | metric | enhanced | original | best plain baseline |"
    yield "|---|---|---|---|---|"
    for summary in network.evaluations:
        simulated = ", simulated" if summary.simulated else ""
        crops = f"{summary.n_crops} crops of " if summary.n_crops else ""
        photos = f"{summary.evaluation} ({crops}{summary.n_images} photos{simulated})"
        for metric, label in KEY_METRICS.items():
            yield f"| {photos} | {label} | {' | '.join(figures(summary, metric))} |"
