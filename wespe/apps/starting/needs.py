"""What the trainings of settings need: photos, downloads, hours."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from wespe.apps.starting.photos import Look, look_at, told
from wespe.core.words import number_of
from wespe.data.folder import FolderSettings, find_photos
from wespe.settings.params import Params
from wespe.training.methods.settings import PerceptualRecipe

_WEIGHTS = {
    "vgg19": ("vgg19-dcbb9e9d.pth", 548),
    "mobilenet_v2": ("mobilenet_v2-7ebf99e0.pth", 14),
    "efficientnet_b0": ("efficientnet_b0_rwightman-7f5810bc.pth", 21),
    "mobilenet_v3_large": ("mobilenet_v3_large-5c1a4163.pth", 21),
    "convnext_tiny": ("convnext_tiny-983f1562.pth", 109),
}
"""What torchvision downloads for a loss, a rater or a metric: the file, and its megabytes."""


def needs(params: Params, *, measure: bool = True) -> Iterator[str]:
    """What is there and what is needed, a line each, before any work starts.

    `measure`: try how long a step takes here, which takes some seconds.
    """
    looks = dict[str, Look]()
    for name, source in params.sources.items():
        if not isinstance(source, FolderSettings):
            yield f"{name}: {source.kind}, {source.path}, not looked into"
            continue
        root = Path(source.path)
        if not root.is_dir():
            yield f"{name}: no folder {root}"
            continue
        look = look_at(root, find_photos(root, source), min_side_px=source.min_side_px)
        if name in params.domains:
            looks[name] = look
            of_camera = {pair.source for pair in params.pairs.values() if not pair.any_camera}
            yield from (f"{name}: {line}" for line in told(look, one_camera=name in of_camera))
        else:
            yield f"{name}: {number_of(len(look.photos), 'photo')}"
    yield from _shared(params, looks)
    lacking = [
        *downloads(params, pairs=params.pairs, raters=params.raters, evaluations=params.evaluations)
    ]
    yield from (f"download: {weights}" for weights in lacking)
    if not lacking:
        yield "no weights to download"
    if measure:
        yield from (f"training: {lasts}" for lasts in hours(params, params.pairs))


def downloads(
    params: Params,
    *,
    pairs: Iterable[str] = (),
    raters: Iterable[str] = (),
    evaluations: Iterable[str] = (),
) -> Iterator[str]:
    """Weights that these download, unless torch has them already."""
    uses = dict[str, str]()
    for recipe in map(params.recipe_of, pairs):
        content = isinstance(recipe, PerceptualRecipe) and recipe.has_content and recipe.content
        if content and not content.weights:
            uses[content.extractor] = "the content loss"
    for name in raters:
        rater = params.raters[name]
        if begins := rater.begins_with:
            uses.setdefault(begins, f"the rater {name}")
    chosen = {metric for name in evaluations for metric in params.evaluations[name].metrics}
    if not params.run.vgg_weights and "vgg_distance" in chosen:
        uses.setdefault("vgg19", "the metric vgg_distance")
    for name, use in uses.items():
        if name not in _WEIGHTS:
            continue
        file, megabytes = _WEIGHTS[name]
        if not (_torch_home() / "hub" / "checkpoints" / file).is_file():
            yield f"{megabytes} MB, the weights of {name} for {use}"


def _shared(params: Params, looks: dict[str, Look]) -> Iterator[str]:
    for name, pair in params.pairs.items():
        source, target = looks.get(pair.source or ""), looks.get(pair.target or "")
        if pair.source == pair.target:
            continue  # the same photos, and meant so
        if source and target and (both := len(source.hashes & target.hashes)):
            yield f"{name}: {both} of the photos are in both {pair.source} and {pair.target}"


def hours(params: Params, pairs: Iterable[str]) -> Iterator[str]:
    """How long the trainings of `pairs` last on this machine, tried with noise."""
    from wespe.apps.starting.speed import seconds_per_step
    from wespe.core.device import resolve

    device = resolve(params.run.compute)
    seconds, whole = 0.0, True
    trained = Counter(params.pairs[name].recipe for name in pairs)
    for name, count in trained.items():
        if name is None:
            continue
        recipe = params.recipes[name]
        measured = seconds_per_step(recipe, size_px=params.patches.size_px, device=device)
        if measured is None:
            whole = False
            continue
        seconds += count * recipe.steps * measured.seconds
        whole = whole and measured.whole
    if seconds:
        lasts = f"{'about' if whole else 'more than'} {_clock(seconds)}"
        yield f"{lasts} on {device.name}, as busy as this machine is now"


def _clock(seconds: float) -> str:
    return (
        f"{seconds / 3600:.1f} hours" if seconds >= 3600 else f"{max(1, round(seconds / 60))} min"
    )


def _torch_home() -> Path:
    """Where torch keeps what it has downloaded, without importing it."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("TORCH_HOME") or Path(cache) / "torch").expanduser()
