"""What in a settings file contradicts itself: a line for each, naming the key."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wespe.judging.metrics.registry import METRICS
from wespe.judging.registry import BASELINES
from wespe.reports.papers.settings import table_problems

if TYPE_CHECKING:
    from wespe.settings.params import Evaluation, Pair, Params, Rating
    from wespe.training.methods.settings import Recipe

_REFERENCES = {
    ("pairs", "source"): "sources",
    ("pairs", "target"): "sources",
    ("pairs", "texture"): "sources",
    ("pairs", "recipe"): "recipes",
    ("pairs", "start"): "pairs",
    ("evaluations", "pair"): "pairs",
    ("evaluations", "photos"): "sources",
    ("raters", "photos"): "sources",
    ("ratings", "rater"): "raters",
    ("ratings", "pair"): "pairs",
    ("ratings", "photos"): "sources",
}
"""Table and key of every setting that is a name, and the table that it names an entry of."""


def unknown_names(values: Mapping[str, Any]) -> list[str]:
    """One error per reference to an undefined name; `values` may be otherwise invalid."""
    problems = []
    for (table, key), named in _REFERENCES.items():
        known, entries = values.get(named), values.get(table)
        if not isinstance(known, dict) or not isinstance(entries, dict):
            continue
        for name, entry in entries.items():
            value = entry.get(key) if isinstance(entry, dict) else None
            if isinstance(value, str) and value not in known:
                choice = ", ".join(known) or "there are none"
                what = named.removesuffix("s")
                problems.append(
                    f"{table}.{name}.{key} must name a {what} ({choice}), got {value!r}"
                )
    return problems


def contradictions(params: "Params") -> list[str]:
    """A line for each thing that is valid by itself, but does not go with another."""
    about = [
        {name: (item.pair, item.photos) for name, item in table.items()}
        for table in (params.evaluations, params.ratings)
    ]
    return [
        *_wrong_pairs(params),
        *_wrong_starts(params),
        *_indivisible_patches(params),
        *_no_clips(params),
        *_wrong_domains(params),
        *_unknown_judges(params),
        *_unfitted_baselines(params),
        *_unscored(params),
        *_not_shared(params),
        *table_problems(params.tables, *about),
    ]


def _wrong_pairs(params: "Params") -> list[str]:
    """A line for each pair that is neither trained nor given, or both, or lacks a domain."""
    problems = []
    for name, pair in params.pairs.items():
        key, domains = f"pairs.{name}", (pair.source, pair.target)
        if (pair.recipe is None) == (pair.network is None):
            got = "neither" if pair.recipe is None else "both"
            problems.append(f"{key} must have either a recipe or a network, got {got}")
        elif pair.network is None:
            problems += _wrongly_trained(key, pair, params.recipes.get(pair.recipe or ""))
        elif domains.count(None) == 1:
            problems.append(f"{key} must have both source and target or neither, got one of them")
        elif pair.texture is not None:
            problems.append(f"{key}.texture serves a training; a network is not trained")
        elif pair.any_camera:
            problems.append(f"{key}.any_camera serves a training; a network is not trained")
        elif pair.seed is not None:
            problems.append(f"{key}.seed is the seed of a training; a network is not trained")
        elif pair.start is not None:
            problems.append(f"{key}.start serves a training; a network is not trained")
    return problems


def _wrongly_trained(key: str, pair: "Pair", recipe: "Recipe | None") -> list[str]:
    """A line for each domain that a pair lacks, or has and cannot use, by its recipe."""
    enlarges = recipe is not None and recipe.enlarges
    needed = ("target",) if enlarges else ("source", "target")
    problems = [f"{key}.{side} is missing" for side in needed if getattr(pair, side) is None]
    if enlarges and pair.source is not None:
        problems.append(
            f"{key}.source must be left out: recipes.{pair.recipe} makes photos of the target "
            "smaller"
        )
    fields = ("any_camera",) if enlarges else ("texture", "any_camera")
    return problems + [
        f"{key}.{field} needs a recipe with weights.restoration; recipes.{pair.recipe} has none"
        for field in fields
        if getattr(pair, field) and recipe and not recipe.restores
    ]


def _enlarges(params: "Params", pair: "Pair") -> bool:
    recipe = params.recipes.get(pair.recipe or "")
    return recipe is not None and recipe.enlarges


def _wrong_starts(params: "Params") -> list[str]:
    """A line for each pair that has no network to begin with, though it needs one, or its own."""
    problems = []
    for name, pair in params.pairs.items():
        recipe = params.recipes.get(pair.recipe or "")
        if recipe and recipe.continues and pair.start is None:
            problems.append(
                f"pairs.{name}.start is missing: recipes.{pair.recipe} goes on with the network of "
                "another pair"
            )
        chain, other = [name], pair.start
        while other in params.pairs and other not in chain:
            chain.append(other)
            other = params.pairs[other].start
        if other == name:
            problems.append(f"pairs.{name}.start leads back to itself: {' → '.join(chain)}")
    return problems


def _indivisible_patches(params: "Params") -> list[str]:
    """A line for each recipe of super-resolution that cannot make patches smaller."""
    size_px = params.patches.size_px
    return [
        f"patches.size_px must be a multiple of recipes.{name}.scale ({scale}), got {size_px}"
        for name, recipe in params.recipes.items()
        if recipe.enlarges and size_px % (scale := getattr(recipe, "scale", 1))
    ]


def _no_clips(params: "Params") -> list[str]:
    """A line for each domain without the clips that a recipe learns from."""
    problems = []
    for name, pair in params.pairs.items():
        recipe = params.recipes.get(pair.recipe or "")
        frames = recipe.clip_frames if recipe else 1
        for key, domain in pair.patches.items() if frames > 1 else ():
            source = params.sources.get(domain)
            if source and source.kind != "clips":
                problems.append(
                    f"pairs.{name}.{key} must name a source of the kind clips, since "
                    f"recipes.{pair.recipe} learns from frames in a row; {domain} is {source.kind}"
                )
            elif source and getattr(source, "frames", frames) % frames:
                problems.append(
                    f"sources.{domain}.frames must be a multiple of recipes.{pair.recipe}.frames "
                    f"({frames}), got {getattr(source, 'frames', None)}"
                )
    return problems


def _unfitted_baselines(params: "Params") -> list[str]:
    """A line for each baseline that is fitted to the domains of a pair that names none."""
    tables: dict[str, Mapping[str, Evaluation | Rating]] = {
        "evaluations": params.evaluations,
        "ratings": params.ratings,
    }
    return [
        f"{table}.{name}.baselines must be without {baseline}, which is fitted to source and "
        f"target: pairs.{entry.pair} names none"
        for table, entries in tables.items()
        for name, entry in entries.items()
        for baseline in entry.baselines
        if baseline in BASELINES
        and BASELINES[baseline].fitted
        and (pair := params.pairs.get(entry.pair))
        and pair.source is None
        and (pair.network is not None or _enlarges(params, pair))
    ]


def _unscored(params: "Params") -> list[str]:
    """A line for each rater that is to learn what people say of photos that nobody scored."""
    return [
        f"raters.{name}.opinions must not be people: sources.{rater.photos} has no scores"
        for name, rater in params.raters.items()
        if rater.learns_from_people
        and (source := params.sources.get(rater.photos))
        and getattr(source, "scores", None) is None
    ]


def _wrong_domains(params: "Params") -> list[str]:
    """A line for each domain that is no source, listed twice, or missing though it is named."""
    choice = ", ".join(params.sources)
    problems = [
        f"domains must name sources ({choice}), each once, got {name!r}"
        for place, name in enumerate(params.domains)
        if name not in params.sources or name in params.domains[:place]
    ]
    listed = ", ".join(params.domains) or "nothing"
    problems += [
        f"patches.counts must name domains ({listed}), got {name!r}"
        for name in params.patches.counts
        if name not in params.domains
    ]
    return problems + [
        f"domains must include {source!r}, which pairs.{name}.{key} names, got {listed}"
        for name, pair in params.pairs.items()
        for key, source in pair.patches.items()
        if source in params.sources and source not in params.domains
    ]


def _unknown_judges(params: "Params") -> list[str]:
    """A line for each metric or baseline that does not exist, or is there twice."""
    chosen: list[tuple[str, Mapping[str, Any], tuple[str, ...]]] = [
        *((f"evaluations.{n}.metrics", METRICS, e.metrics) for n, e in params.evaluations.items()),
        *(
            (f"{table}.{name}.baselines", BASELINES, item.baselines)
            for table, items in (("evaluations", params.evaluations), ("ratings", params.ratings))
            for name, item in items.items()
        ),
    ]
    return [
        f"{key} must be among {', '.join(known)}, each once, got {name!r}"
        for key, known, names in chosen
        for place, name in enumerate(names)
        if name not in known or name in names[:place]
    ]


def _not_shared(params: "Params") -> list[str]:
    """A line for each recipe whose batches the processes cannot share evenly."""
    processes = params.run.devices * params.run.nodes
    return [
        f"recipes.{name}.batch_size must be a multiple of {processes} (run.devices × run.nodes), "
        f"got {recipe.batch_size}"
        for name, recipe in params.recipes.items()
        if recipe.batch_size % processes
    ]
