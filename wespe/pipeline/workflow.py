"""What the Snakefile asks of the package besides the stages."""

import importlib.util
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from wespe.core.schema import COMMAND_PATH, PATTERNS, SettingsError
from wespe.data.registry import SOURCES
from wespe.results.layout import Layout, StudyInputs
from wespe.settings.params import Params

DEFAULT_SETTINGS = Path("params.yaml")


def chosen_settings(files: Sequence[Path], overrides: Mapping[str, Any]) -> Path:
    """The one settings file of a run, relative to the project where it lies inside.

    `files`: those of `--configfile`; `overrides`: those of `--config`. Raises SettingsError for
    several files, since settings are never merged, for overrides, since no tool records them, and
    for a name that commands cannot have.
    """
    if overrides:
        raise SettingsError(
            f"--config {' '.join(overrides)}: settings are changed in their file "
            "(or tried out with `dvc exp run --set-param KEY=VALUE`), not on the command line"
        )
    if len(files) > 1:
        raise SettingsError(f"expected one settings file, got {', '.join(map(str, files))}")
    if not files:
        return DEFAULT_SETTINGS
    chosen = _short(files[0])
    if not re.fullmatch(COMMAND_PATH, str(chosen)):
        raise SettingsError(f"{chosen}: a settings file must be {PATTERNS[COMMAND_PATH]}")
    return chosen


def check_writable(params: Params) -> None:
    """Raise SettingsError if data or results cannot be written where the settings put them."""
    for key, folder in (("run.data", params.run.data), ("run.results", params.run.results)):
        path = Path(folder)
        nearest = next(place for place in (path, *path.absolute().parents) if place.exists())
        if not nearest.is_dir():
            raise SettingsError(
                f"{key}: {folder} cannot be written, {_short(nearest)} is not a folder"
            )
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise SettingsError(
                f"{key}: {folder} cannot be written, {_short(nearest)} is read-only"
            )


def photos_of(params: Params, name: str) -> list[str]:
    """The path of a source: its photos, or the file that decides which.

    Where there is nothing, there is a warning and an empty list: acquiring will say what is to be
    done, and stop only what needs these photos. Raises SettingsError if they have been acquired
    before, so that what was made of them stays.
    """
    path = params.sources[name].path
    made = _layout(params).source(name).index
    return _given([path], f"source {name}: expected photos at {path}, found nothing", made)


def votes_of(params: Params, name: str) -> list[str]:
    """The files that a study's figures are made of. Where one is missing: see `photos_of`."""
    inputs = StudyInputs(Path(params.studies[name].path))
    files = [str(inputs.key), str(inputs.votes)]
    missing = [file for file in files if not Path(file).exists()]
    problem = f"study {name}: expected {' and '.join(missing)}, found nothing"
    return _given(files, problem, _layout(params).study(name).figures)


def _layout(params: Params) -> Layout:
    return Layout(params.run.data, params.run.results)


def _given(paths: Sequence[str], problem: str, made: Path) -> list[str]:
    """`paths` if all are there, else none, with a warning; SettingsError where `made` is there."""
    if all(Path(path).exists() for path in paths):
        return list(paths)
    if made.exists():
        raise SettingsError(problem)
    _warn(f"{problem}; the steps that need them will fail")
    return []


@cache
def _warn(message: str) -> None:
    """Say it once, however often Snakemake asks."""
    print(message, file=sys.stderr)


def online_sources(params: Params) -> list[str]:
    """The sources that may need the network."""
    return [name for name, source in params.sources.items() if SOURCES[source.kind].online]


def hint(settings_file: Path) -> str:
    """What a finished run reports about DVC; nothing if DVC is not set up or runs this itself."""
    by_dvc = "DVC_STAGE" in os.environ
    set_up = Path(".dvc").is_dir() and importlib.util.find_spec("dvc")
    if by_dvc or not set_up or settings_file != DEFAULT_SETTINGS:
        return ""
    return "DVC does not know of this run yet and would make it again: `wespe record` records it."


def cluster_warnings(params: Params, *, cores: int | None, shared: bool = True) -> list[str]:
    """What is amiss with a run whose rules are jobs of a cluster, each with what to do.

    `cores`: Snakemake's limit, which only a profile for one machine sets. `shared`: whether the
    machines share a disk.
    """
    found = []
    if cores is not None:
        found.append(
            f"no job asks for more than {cores} cores, the limit for this machine: expected "
            "--workflow-profile with the cluster's profile, in place of --profile"
        )
    if params.run.tracking.startswith("sqlite:"):
        amiss = (
            "jobs on several machines write at once, which a shared disk may not survive"
            if shared
            else "each job has to itself, and that is lost with it"
        )
        found.append(
            f"run.tracking: {params.run.tracking} is a file that {amiss}: expected the address of "
            "an MLflow server, here or, without this line, in MLFLOW_TRACKING_URI "
            "(docs/cluster.md)"
        )
    return found


_OFF_S = 60.0  # a disk on the network may be late by seconds


def clock_warnings(folder: Path, made: Iterable[Path]) -> list[str]:
    """What is amiss with the clocks that date files, each with what to do.

    `folder`: of the project, in which a file is made and removed again. `made`: what the run has
    made before. Snakemake makes again what is older than what it is made of.
    """
    found = []
    now = time.time()
    with tempfile.TemporaryFile(dir=folder) as probe:
        ahead = os.fstat(probe.fileno()).st_mtime - now
    if abs(ahead) > _OFF_S:
        found.append(
            f"files in {folder.absolute()} are dated {_span(ahead)} this machine's clock, so that "
            "what is done may be done again: expected one time on all machines, as NTP keeps it"
        )
    dates = {path: path.lstat().st_mtime for path in made if path.exists()}
    latest = max(dates, key=dates.__getitem__, default=None)
    if latest and dates[latest] - now > _OFF_S:
        found.append(
            f"{latest} is dated {_span(dates[latest] - now)} this machine's clock, so that what is "
            "made of it would be made again and again: set the clocks right, then date all that "
            "is made anew by `snakemake --cores 1 --touch`"
        )
    return found


def _span(seconds: float) -> str:
    return f"{abs(seconds) / 60:.0f} min {'ahead of' if seconds > 0 else 'behind'}"


_ENDED_BY_SLURM = {
    "TIMEOUT": "took longer than it asked for: expected more `runtime` for its rule in the profile",
    "OUT_OF_MEMORY": "took more memory than it asked for: expected more `mem_mb` for its rule in "
    "the profile",
    "NODE_FAIL": "lost its node: the same command tries again, on another one",
    "CANCELLED": "was cancelled: the same command goes on",
}


_MEMORY = re.compile("exceeded memory limit|oom.kill", re.IGNORECASE)


def slurm_advice(said: str) -> list[str]:
    """What Slurm did to jobs, each kind with what to do.

    `said`: all that Snakemake has said, with the words of its plugin for Slurm about each job.
    """
    logs = dict(re.findall(r"SLURM jobid (\w+) \(log: (.*)\)", said))
    ended: dict[str, list[str]] = {}
    for job, status in re.findall(r"SLURM-job '(\w+)' failed\b.*?status is: '(\w+)", said, re.S):
        # Where Slurm itself watches the memory it ends a step, and the job has only failed.
        full = status == "FAILED" and _MEMORY.search(_text(logs.get(job)))
        ended.setdefault("OUT_OF_MEMORY" if full else status, []).append(job)
    return [
        f"job {', '.join(jobs)} {_ENDED_BY_SLURM[status]}"
        for status, jobs in ended.items()
        if status in _ENDED_BY_SLURM
    ]


def _text(path: str | None) -> str:
    """A file's text; empty where there is none."""
    file = Path(path or "")
    return file.read_text("utf-8", "replace") if file.is_file() else ""


def _short(path: Path) -> Path:
    """`path` relative to the current folder, if it lies inside."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
