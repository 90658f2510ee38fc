"""One pair's training, from two patch sets to a network, its card, its losses and its samples."""

import hashlib
import json
import pkgutil
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import wespe
from wespe.files import atomic_folder, sha256, write_json
from wespe.images import to_tensor
from wespe.models.checkpoints import save_generator
from wespe.patches.store import PatchSet, check_pairs
from wespe.training.card import environment, provenance, use_and_limits
from wespe.training.compute import Place
from wespe.training.engine import Batch, Log, fit
from wespe.training.method import MethodStep, Task
from wespe.transport import fit_transport

if TYPE_CHECKING:
    from wespe.recipes.base import Recipe

PREVIEWS = 6


class BusyError(RuntimeError):
    """Another process is training the same thing."""


def train_pair(
    name: str,
    *,
    source: PatchSet,
    target: PatchSet,
    recipe: "Recipe",
    seed: int,
    place: Place,
    out: Path,
    state: Path,
    log: Log,
) -> dict[str, Any]:
    """Train `name`, or go on where it was stopped, and write the folder `out`. Returns the card.

    `source`, `target`: patch sets of one patch size. The folder `state`, named by `state_key`,
    holds what a stopped training resumes from until `out` is written. Raises ValueError for sets or
    weights that cannot be used, among them sets without pairs where the method needs them, and
    BusyError where another process trains the same.
    """
    if source.size_px != target.size_px:
        raise ValueError(
            f"{name}: expected source and target patches of one size, "
            f"got {source.size_px} and {target.size_px} px"
        )
    method: type[MethodStep[Any]] = pkgutil.resolve_name(recipe.step)
    if method.paired:
        check_pairs(source, target)
    batches = _batches(source, target, recipe, seed, paired=method.paired)
    previews = tuple(
        to_tensor(domain.batch(0, PREVIEWS, seed=seed, stream=_PREVIEW_STREAM))
        for domain in (source, target)
    )
    transport = fit_transport(source.pixels, target.pixels)
    step = method.build(recipe, Task(source, target, transport, previews, place, seed))
    try:
        outcome = fit(
            step,
            batches,
            steps=recipe.steps,
            folder=state,
            save_every=recipe.save_every,
            log_every=recipe.log_every,
            sample_every=recipe.sample_every,
            rollbacks=recipe.monitor.rollbacks,
            slow_down=recipe.monitor.slow_down,
            log=log,
            label=name,
        )
    except BlockingIOError as error:
        raise BusyError(f"{name} is being trained by another process (lock in {state})") from error
    patches_per_second = recipe.steps * recipe.batch_size / outcome.seconds
    card = {
        "pair": name,
        "source": source.manifest["source"],
        "target": target.manifest["source"],
        "recipe": recipe.model_dump(mode="json"),
        "seed": seed,
        "steps": recipe.steps,
        "compute": place.name,
        **environment(place),
        "data": {"source": provenance(source), "target": provenance(target)},
        "train_seconds": round(outcome.seconds, 1),
        "patches_per_second": round(patches_per_second, 2),
        "paired": method.paired,
        "samples": list(method.shows),
        "data_share": round(outcome.data_seconds / outcome.seconds, 5),
        "rollbacks": outcome.rollbacks,
        "warning": outcome.warning,
        # What the plain baselines are fitted to: the card is enough to evaluate.
        "transport": transport.to_json(),
        "final_losses": {k: v for k, v in outcome.records[-1].items() if k != "step"},
    }
    card = _write(out, step, card, state)
    shutil.rmtree(state)
    return card


def state_key(
    name: str,
    *,
    source: PatchSet,
    target: PatchSet,
    recipe: "Recipe",
    seed: int,
    place: Place,
) -> str:
    """A hash of everything that a training depends on; its state belongs to no other."""
    weights = recipe.extractor_weights
    parts = {
        "pair": name,
        "source": source.manifest["sha256"],
        "target": target.manifest["sha256"],
        "recipe": recipe.model_dump(mode="json"),
        "weights": sha256(Path(weights)) if weights and Path(weights).is_file() else None,
        "seed": seed,
        "place": place.name,
        "code": wespe.__version__,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


_SOURCE_STREAM, _TARGET_STREAM, _PREVIEW_STREAM = range(3)


def _batches(
    source: PatchSet, target: PatchSet, recipe: "Recipe", seed: int, *, paired: bool
) -> Callable[[int], Batch]:
    # From one stream x and y are the same scenes, from two they have nothing to do with each other.
    draws = ((source, _SOURCE_STREAM), (target, _SOURCE_STREAM if paired else _TARGET_STREAM))

    def batch(step: int) -> Batch:
        return tuple(
            to_tensor(
                patches.batch(
                    step, recipe.batch_size, seed=seed, stream=stream, augment=recipe.augment
                )
            )
            for patches, stream in draws
        )

    return batch


def _write(out: Path, step: MethodStep[Any], card: dict[str, Any], state: Path) -> dict[str, Any]:
    with atomic_folder(out) as temporary:
        network = temporary / "generator.safetensors"
        save_generator(network, step.generator)
        card = {**card, **use_and_limits(card, step.generator), "sha256": sha256(network)}
        write_json(temporary / "generator.json", card)
        shutil.copyfile(state / "losses.jsonl", temporary / "losses.jsonl")
        shutil.copytree(state / "samples", temporary / "samples")
    return card
