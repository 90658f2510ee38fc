"""One rater, from the photos of a source to its file, its card and its records."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import wespe
from wespe.core.device import Device
from wespe.core.files import BusyError, atomic_folder, sha256, write_json
from wespe.judging.raters.base import Task, class_of, save_rater
from wespe.judging.raters.settings import RaterSettings
from wespe.networks.fitting.engine import Log
from wespe.networks.fitting.environment import NOT_STATED, environment
from wespe.results.index import read_index

RATER, CARD, LOSSES = "rater.safetensors", "rater.json", "losses.jsonl"


def fit_rater(
    name: str,
    *,
    settings: RaterSettings,
    index: Path,
    seed: int,
    device: Device,
    out: Path,
    state: Path,
    log: Log = lambda step, values: None,
) -> dict[str, Any]:
    """Fit `name`, or go on where that was stopped, and write the folder `out`. Returns the card.

    `index`: the `index.json` of the source to learn from; its tables lie beside it. `state`: the
    folder, named by `state_key`, in which a fit that is stopped leaves what it resumes from.
    `log(step, values)`: is told of losses, once each. Raises what the kind's `fit` does, and
    BusyError where another process fits the same.
    """
    photos = read_index(index)
    state.mkdir(parents=True, exist_ok=True)
    try:
        fitted = class_of(settings.kind).fit(
            settings, Task(name, index.parent, photos, seed, device, state, log)
        )
    except BlockingIOError as error:
        raise BusyError(f"{name} is being fitted by another process (lock in {state})") from error
    rater = fitted.rater
    card = {
        "rater": name,
        "kind": rater.kind,
        "label": rater.shown.label,
        "better": rater.shown.better,
        "settings": settings.model_dump(mode="json"),
        "seed": seed,
        "compute": device.name,
        **environment(device),
        "data": {
            "source": photos.source,
            "origin": photos.origin,
            "simulated": photos.simulated,
            "licence": photos.licence or NOT_STATED,
            "photos": len(photos.photos),
            "sha256": data_hash(index.parent),
        },
        **fitted.card,
        "intended_use": f"To compare photos with their own enhancements by {rater.shown.label}.",
        "limits": [*fitted.limits, *_limits(photos.origin, photos.simulated)],
    }
    with atomic_folder(out) as folder:
        save_rater(folder / RATER, rater)
        card["sha256"] = sha256(folder / RATER)
        write_json(folder / CARD, card)
        lines = "".join(json.dumps(record) + "\n" for record in fitted.records)
        (folder / LOSSES).write_text(lines, "utf-8")
    shutil.rmtree(state)
    return card


def data_hash(folder: Path) -> str:
    """Hex SHA-256 over the index of a source, which has the hash of every photo, and its tables."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.json"), *folder.glob("*.csv")]):
        digest.update(f"{path.name} {sha256(path)}\n".encode())
    return digest.hexdigest()


def state_key(name: str, *, settings: RaterSettings, index: Path, seed: int, device: Device) -> str:
    """A hash of everything that a fit depends on; its state belongs to no other."""
    weights = settings.weights_file
    parts = {
        "rater": name,
        "data": data_hash(index.parent),
        "settings": settings.model_dump(mode="json"),
        "weights": sha256(Path(weights)) if weights and Path(weights).is_file() else None,
        "seed": seed,
        "device": device.name,
        "code": wespe.__version__,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _limits(origin: str, simulated: bool) -> list[str]:
    limits = [
        f"It has learned from {origin}. What it says of other photos need not be what people say."
    ]
    if simulated:
        limits.append("Its data are simulated: its scores are no evidence of what people like.")
    return limits
