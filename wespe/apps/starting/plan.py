"""What a whole run needs beforehand, stage by stage: downloads, disk, hours, keys and accounts."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from wespe.apps.starting.needs import downloads, hours
from wespe.core.words import number_of
from wespe.data.needs import Download
from wespe.data.registry import SOURCES
from wespe.pipeline.pending import pending
from wespe.pipeline.stages import Stage, Stages
from wespe.settings.params import Params

_RULES = ("acquire", "patches", "train", "evaluate", "rater", "rate", "study")
_WITH_WEIGHTS = ("train", "rater", "evaluate")
_CHANNELS = 3


def plan(params: Params, *, measure: bool = True) -> Iterator[str]:
    """What there is to do and what that takes, a line each; nothing is made or downloaded.

    `measure`: try how long a step of training takes here.
    """
    stages = Stages(params)
    unmade = pending(stages)
    yield f"{number_of(len(unmade), 'job')} to do"
    if not unmade:
        return
    counts = Counter(stage.rule for stage in unmade)
    of_all = Counter(stage.rule for stage in stages)
    names = {rule: [stage.name for stage in unmade if stage.rule == rule] for rule in _RULES}
    fetched, missing, remarks = _sources(params, names["acquire"])
    patch_bytes = _patch_bytes(params, names["patches"])
    says = {
        "acquire": [*_downloads(fetched), *remarks],
        "patches": [f"at most {_size(patch_bytes)} of disk"] if patch_bytes else [],
        "train": [*hours(params, names["train"])] if measure else [],
    }
    if first := next((rule for rule in _WITH_WEIGHTS if rule in counts), None):
        says[first] = [*_weights(params, names), *says.get(first, ())]
    for rule, count in counts.items():
        yield f"{rule}: {count} of {of_all[rule]}" + "".join(f"; {s}" for s in says.get(rule, ()))
    yield from _disk(params, fetched, patch_bytes)
    yield from _missing(unmade, missing)


def _sources(
    params: Params, names: Sequence[str]
) -> tuple[list[Download], dict[str, list[str]], list[str]]:
    """What sources download, each file once; what each lacks, in words; and what else there is."""
    files = dict[Path, Download]()
    missing, remarks = dict[str, list[str]](), list[str]()
    for name in names:
        source = params.sources[name]
        needs = SOURCES[source.kind].needs
        if needs is None:
            if not Path(source.path).exists():
                missing[name] = [f"photos at {source.path}"]
            continue
        found = needs(source)
        files |= {download.file: download for download in found.downloads}
        remarks += found.remarks
        if found.missing:
            missing[name] = [*found.missing]
    return [*files.values()], missing, remarks


def _downloads(fetched: Sequence[Download]) -> Iterator[str]:
    """The whole, then the largest, by name."""
    if not fetched:
        return
    known = sorted((d for d in fetched if d.size), key=lambda d: d.size or 0, reverse=True)
    total = sum(download.size or 0 for download in known)
    unknown = len(fetched) - len(known)
    largest = ", ".join(f"{d.file.name} {_size(d.size or 0)}" for d in known[:4])
    more = f" and {number_of(unknown, 'file')} of unknown size" if unknown else ""
    named = f" ({largest}{', …' if len(known) > 4 else ''})" if known else ""
    yield f"about {_size(total)}{more} to download, {number_of(len(fetched), 'file')}{named}"


def _patch_bytes(params: Params, names: Sequence[str]) -> int:
    patches = params.patches
    counts = (patches.counts.get(name, patches.count) for name in names)
    return sum(counts) * patches.size_px**2 * _CHANNELS


def _weights(params: Params, names: dict[str, list[str]]) -> Iterator[str]:
    """Weights to be downloaded, by what is trained or measured."""
    pairs, raters, evaluations = (names[rule] for rule in _WITH_WEIGHTS)
    yield from downloads(params, pairs=pairs, raters=raters, evaluations=evaluations)


def _disk(params: Params, fetched: Sequence[Download], patch_bytes: int) -> Iterator[str]:
    """The disk that data takes: an archive, what is unpacked of it, and patches."""
    archives = sum(download.size or 0 for download in fetched)
    wanted = 2 * archives + patch_bytes
    if not wanted:
        return
    folder = Path(params.run.data).absolute()
    place = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(place).free
    few = "too little: " if free < wanted else ""
    back = f"; unpacked archives may go, which gives {_size(archives)} back" if archives else ""
    yield f"disk: {few}up to {_size(wanted)} beside the results, {_size(free)} free here{back}"


def _missing(unmade: Sequence[Stage], missing: dict[str, list[str]]) -> Iterator[str]:
    """What only you can provide, and how many jobs wait for it."""
    for name, lacks in missing.items():
        jobs = _behind(unmade, name)
        wait = "waits" if jobs == 1 else "wait"
        yield f"missing for {name}: {'; '.join(lacks)}. {number_of(jobs, 'job')} {wait} for it"


def _behind(unmade: Sequence[Stage], source: str) -> int:
    """How many stages need a source: itself, and whatever reads what was made of it."""
    made = set[str]()
    count = 0
    for stage in unmade:
        own = (stage.rule, stage.name) == ("acquire", source)
        if own or made & {*stage.inputs.values()}:
            made |= {*stage.outputs.values()}
            count += 1
    return count


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
