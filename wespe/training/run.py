"""One pair's training, from two patch sets to a network, its card, its losses and its samples."""

import pkgutil
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from wespe.core import processes
from wespe.core.device import Device, tune
from wespe.core.files import BusyError, atomic_folder, sha256
from wespe.core.key import key_of
from wespe.data.patches.store import PatchSet, check_clips, check_pairs
from wespe.networks.checkpoints import load_generator, save_generator
from wespe.networks.fitting.engine import Log, Outcome, Schedule, fit
from wespe.networks.fitting.environment import environment
from wespe.photos.tensors import to_tensor
from wespe.results.cards import Domains, ModelCard, Rollback
from wespe.results.layout import PairFiles
from wespe.results.record import write_record
from wespe.training.batches import feed, fits
from wespe.training.card import intended_use, limits, provenance
from wespe.training.methods.step import MethodStep, Task
from wespe.training.transport.transports import Transports

if TYPE_CHECKING:
    from wespe.training.methods.settings import Recipe

PREVIEWS = 6
_PREVIEW_STREAM = 2  # after those of x and y


def train_pair(
    name: str,
    *,
    source: PatchSet,
    target: PatchSet,
    texture: PatchSet | None = None,
    recipe: "Recipe",
    seed: int,
    device: Device,
    any_camera: bool = False,
    start: Path | None = None,
    out: Path,
    state: Path,
    log: Log,
) -> ModelCard | None:
    """Train `name`, or resume, and write the folder `out`. Returns the card.

    `source`, `target`: patch sets of one patch size. The folder `state`, named by `state_key`,
    holds what a stopped training resumes from until `out` is written. `any_camera`: as in the
    settings of a pair. `start`: the file of a network that the training begins with. Raises
    ValueError for sets, weights or a network that cannot be used, among them sets without pairs
    where the method needs them, and BusyError where another process trains the same.
    Of several processes that train together, only the first writes; the others return None.
    """
    sizes_px = [patches.size_px for patches in (source, target, texture) if patches]
    if len({*sizes_px}) > 1:
        raise ValueError(
            f"{name}: expected source, target and texture patches of one size, "
            f"got {', '.join(map(str, sizes_px))} px"
        )
    method: type[MethodStep] = pkgutil.resolve_name(recipe.step)
    if method.paired:
        check_pairs(source, target)
    if (frames := recipe.clip_frames) > 1:
        for domain in filter(None, (source, target, texture)):
            check_clips(domain, frames)
    x, y = (
        to_tensor(domain.batch(0, PREVIEWS, seed=seed, stream=_PREVIEW_STREAM, frames=frames))
        for domain in (source, target)
    )
    tune(device)
    transports = Transports(
        source,
        target,
        texture,
        shrink=recipe.shrink_transport,
        light=recipe.adapts_light,
        any_camera=any_camera,
    )
    begun = load_generator(start) if start else None
    step = method(recipe, Task((x, y), transports, device, seed, begun))
    try:
        outcome = fit(
            step,
            feed(
                source,
                target,
                texture,
                paired=method.paired,
                batch_size=recipe.batch_size,
                seed=seed,
                augment=recipe.augment,
                frames=frames,
                device=device.torch_device,
                resident=fits((source, target, texture), device.torch_device),
            ),
            Schedule(
                recipe.steps,
                save=recipe.save_every,
                log=recipe.log_every,
                sample=recipe.sample_every,
            ),
            folder=state,
            rollbacks=recipe.monitor.rollbacks,
            slow_down=recipe.monitor.slow_down,
            log=log,
            label=name,
        )
    except BusyError as error:
        raise BusyError(f"{name} is being trained by another process (lock in {state})") from error
    if not processes.first():
        return None
    step.complete()
    with atomic_folder(out) as folder:
        files = PairFiles(folder)
        save_generator(files.network, step.generator)
        shutil.copyfile(state / "losses.jsonl", files.losses)
        shutil.copytree(state / "samples", files.samples)
        card = _card(
            name,
            step,
            outcome,
            source=source,
            target=target,
            texture=texture,
            transports=transports,
            recipe=recipe,
            seed=seed,
            device=device,
            any_camera=any_camera,
            start=sha256(start) if start else None,
            sha256=sha256(files.network),
        )
        write_record(files.card, card)
    shutil.rmtree(state)
    return card


def state_key(
    name: str,
    *,
    source: PatchSet,
    target: PatchSet,
    texture: PatchSet | None = None,
    recipe: "Recipe",
    seed: int,
    device: Device,
    any_camera: bool = False,
    start: Path | None = None,
    code: str,
) -> str:
    """A hash of everything that a training depends on; its state belongs to no other.

    `code`: the hash of the stage's code, so that changed code starts anew.
    """
    given = [Path(file) for file in recipe.given_files]
    return key_of(
        pair=name,
        source=source.manifest.sha256,
        target=target.manifest.sha256,
        texture=texture.manifest.sha256 if texture else None,
        recipe=recipe.model_dump(mode="json"),
        weights=[sha256(file) for file in given if file.is_file()],
        seed=seed,
        device=device.name,
        any_camera=any_camera,
        start=sha256(start) if start else None,
        code=code,
    )


def _card(
    name: str,
    step: MethodStep,
    outcome: Outcome,
    *,
    source: PatchSet,
    target: PatchSet,
    texture: PatchSet | None,
    transports: Transports,
    recipe: "Recipe",
    seed: int,
    device: Device,
    any_camera: bool,
    start: str | None,
    sha256: str,
) -> ModelCard:
    names = (source.manifest.source, target.manifest.source)
    data = Domains(
        source=provenance(source),
        target=provenance(target),
        texture=provenance(texture) if texture else None,
    )
    return ModelCard(
        pair=name,
        source=names[0],
        target=names[1],
        texture=texture.manifest.source if texture else None,
        recipe=recipe.model_dump(mode="json"),
        seed=seed,
        steps=recipe.steps,
        compute=device.name,
        compiled=device.compiled,
        processes=processes.count(),
        **vars(environment(device)),
        data=data,
        train_seconds=round(outcome.seconds, 1),
        patches_per_second=round(recipe.steps * recipe.batch_size / outcome.seconds, 2),
        data_share=round(outcome.data_seconds / outcome.seconds, 5),
        paired=step.paired,
        samples=step.shows,
        rollbacks=tuple(Rollback(**event) for event in outcome.rollbacks),
        warning=outcome.warning,
        # What the plain baselines are fitted to: the card is enough to evaluate.
        transport=None if recipe.enlarges else transports.forth.numbers(),
        degradation=step.degradation,
        detail=step.detail,
        histogram_match=None if recipe.enlarges else transports.histogram_match.round(2).tolist(),
        final_losses={key: value for key, value in outcome.records[-1].items() if key != "step"},
        any_camera=any_camera,
        start=start,
        scale=step.generator.scale,
        intended_use=intended_use(*names, data, any_camera=any_camera, scale=step.generator.scale),
        limits=tuple(
            limits(
                *names,
                data,
                step.generator,
                step.degradation,
                any_camera=any_camera,
                pretrained=recipe.begins_with,
            )
        ),
        sha256=sha256,
    )
