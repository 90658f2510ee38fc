"""One rater, from the photos of a source to its file, its card and its records."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from wespe.core.device import Device
from wespe.core.files import BusyError, atomic_folder, sha256
from wespe.core.key import key_of
from wespe.judging.raters.base import Task, class_of, save_rater
from wespe.judging.raters.settings import RaterSettings
from wespe.networks.fitting.engine import Log
from wespe.networks.fitting.environment import environment
from wespe.results.cards import NOT_STATED
from wespe.results.index import PhotoIndex, read_index
from wespe.results.layout import RaterFiles
from wespe.results.losses import write_losses
from wespe.results.rater_card import RaterCard, RaterData
from wespe.results.record import write_record


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
) -> RaterCard:
    """Fit `name`, or resume, and write the folder `out`. Returns the card.

    `index`: the `index.json` of the source to learn from; its tables lie beside it. `state`: the
    folder, named by `state_key`, in which a stopped fit leaves the state it resumes from.
    `log(step, values)` receives the losses, once each. Raises what the kind's `fit` raises, and
    BusyError if another process fits the same rater.
    """
    photos = read_index(index)
    state.mkdir(parents=True, exist_ok=True)
    try:
        fitted = class_of(settings.kind).fit(
            settings, Task(name, index.parent, photos, seed, device, state, log)
        )
    except BusyError as error:
        raise BusyError(f"{name} is being fitted by another process (lock in {state})") from error
    rater = fitted.rater
    with atomic_folder(out) as folder:
        files = RaterFiles(folder)
        save_rater(files.rater, rater)
        write_losses(files.losses, fitted.records)
        card = RaterCard(
            rater=name,
            kind=rater.kind,
            label=rater.shown.label,
            better=rater.shown.better,
            settings=settings.model_dump(mode="json"),
            seed=seed,
            compute=device.name,
            **vars(environment(device)),
            data=_provenance(photos, index.parent),
            says=tuple(fitted.says),
            figures=fitted.figures,
            intended_use=f"To compare photos with their own enhancements by {rater.shown.label}.",
            limits=(*fitted.limits, *_limits(photos)),
            sha256=sha256(files.rater),
        )
        write_record(files.card, card)
    shutil.rmtree(state)
    return card


def _provenance(photos: PhotoIndex, folder: Path) -> RaterData:
    return RaterData(
        source=photos.source,
        origin=photos.origin,
        simulated=photos.simulated,
        licence=photos.licence or NOT_STATED,
        photos=len(photos.photos),
        sha256=data_hash(folder),
    )


def data_hash(folder: Path) -> str:
    """Hex SHA-256 over the index of a source, which has the hash of every photo, and its tables."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.json"), *folder.glob("*.csv")]):
        digest.update(f"{path.name} {sha256(path)}\n".encode())
    return digest.hexdigest()


def state_key(
    name: str, *, settings: RaterSettings, index: Path, seed: int, device: Device, code: str
) -> str:
    """A hash of everything that a fit depends on; its state belongs to no other.

    `code`: the hash of the stage's code, so that changed code starts anew.
    """
    weights = settings.weights_file
    return key_of(
        rater=name,
        data=data_hash(index.parent),
        settings=settings.model_dump(mode="json"),
        weights=sha256(Path(weights)) if weights and Path(weights).is_file() else None,
        seed=seed,
        device=device.name,
        code=code,
    )


def _limits(photos: PhotoIndex) -> Iterator[str]:
    yield f"It learned from {photos.origin}. People may judge other photos differently."
    if photos.simulated:
        yield "Its data are simulated: its scores are not evidence of what people like."
