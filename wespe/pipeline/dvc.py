"""The bridge between Snakemake, which makes the files, and DVC, which keeps their versions."""

import csv
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from wespe.core.files import sha256
from wespe.pipeline import tracking
from wespe.pipeline.workflow import DEFAULT_SETTINGS
from wespe.settings.params import Params


class VersionsError(ValueError):
    """A state that cannot be recorded or fetched; the message says why and what helps."""


def record(settings_file: Path, settings: Params) -> None:
    """Record the finished run as a version: `dvc.lock`, DVC's cache and tags on the MLflow runs.

    Raises VersionsError if a file is missing or out of date, or if DVC fails.
    """
    _only_default(settings_file)
    pending = _pending()
    if pending:
        listed = "\n".join(f"  {line}" for line in pending)
        raise VersionsError(
            f"expected a finished run (`snakemake all`), but out of date is\n{listed}"
        )
    _no_strays(settings)
    # Without a commit `dvc repro` would repeat what Snakemake has just made.
    _call("dvc", "commit", "--force")
    _tag_runs(settings, yaml.safe_load(Path("dvc.lock").read_text("utf-8"))["stages"])


def sync(settings_file: Path) -> None:
    """Fetch the version that `dvc.lock` names, so that neither Snakemake nor DVC reruns anything.

    With a DVC remote the files come from there, else from the cache. Raises VersionsError if DVC
    fails, or if `dvc.lock` does not belong to the settings and the code beside it.
    """
    _only_default(settings_file)
    _call("dvc", "pull" if _call("dvc", "remote", "list").strip() else "checkout")
    changed = json.loads(_call("dvc", "status", "--json"))
    if changed:
        listed = "\n".join(f"  {stage}: {_why(changes)}" for stage, changes in changed.items())
        raise VersionsError(
            f"dvc.lock is of other settings, data or code; `snakemake all` makes theirs\n{listed}"
        )
    # A checkout leaves modification times in no order, and Snakemake goes by them.
    _call("snakemake", "--touch", "--forceall", "--quiet", "all", "--", "all")


def _only_default(settings_file: Path) -> None:
    if settings_file.resolve() != DEFAULT_SETTINGS.resolve():
        raise VersionsError(f"DVC keeps versions of {DEFAULT_SETTINGS} only, got {settings_file}")


def _pending() -> list[str]:
    """The outputs that Snakemake would make, each with the reason where Snakemake knows one."""
    table = csv.DictReader(io.StringIO(_call("snakemake", "--summary", "all")), delimiter="\t")
    return [
        f"{row['output_file']}: {row['status'].replace('ok', 'made from what is out of date')}"
        for row in table
        if row["plan"] != "no update"
    ]


def _no_strays(settings: Params) -> None:
    """DVC's report stage depends on these folders as they are, and so on every folder in them."""
    belongs = {
        "pairs": set(settings.pairs),
        "evaluations": set(settings.evaluations),
        "ratings": {"index.json", *settings.ratings},
        "studies": {
            "index.json",
            *(f"{name}.{suffix}" for name in settings.studies for suffix in ("json", "md", "csv")),
        },
    }
    for kind, names in belongs.items():
        for folder in sorted((Path(settings.run.results) / kind).iterdir()):
            if folder.name not in names:
                raise VersionsError(f"{folder} is none of the {kind} in the settings: remove it")


def _tag_runs(settings: Params, locked: dict[str, Any]) -> None:
    """Tag the MLflow run and model of each pair and rater with DVC's hashes of data and network."""
    run = settings.run
    trained = {
        f"train@{name}": {
            "dvc.source": f"{run.data}/patches/{pair.source}.npy",
            "dvc.target": f"{run.data}/patches/{pair.target}.npy",
            "dvc.checkpoint": f"{run.results}/pairs/{name}/generator.safetensors",
        }
        for name, pair in settings.pairs.items()
    } | {
        f"rater@{name}": {
            "dvc.photos": f"{run.data}/sources/{rater.photos}",
            "dvc.checkpoint": f"{run.results}/raters/{name}/rater.safetensors",
        }
        for name, rater in settings.raters.items()
    }
    for name, files in trained.items():
        md5 = {entry["path"]: entry["md5"] for entry in locked[name]["deps"] + locked[name]["outs"]}
        hashes = {tag: md5[file] for tag, file in files.items()}
        checkpoint = sha256(Path(files["dvc.checkpoint"]))
        tracking.find_run(run, checkpoint).tag(hashes)
        tracking.annotate(run, checkpoint, hashes)


def _why(changes: list[Any]) -> str:
    """One line of `dvc status` for a stage: `changed deps: data/demo.csv`."""
    return "; ".join(
        f"{what}: {', '.join(entries)}"
        for change in changes
        if isinstance(change, dict)
        for what, entries in change.items()
    )


def _call(*command: str) -> str:
    """The output of a command; VersionsError with its messages if it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise VersionsError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
    return done.stdout
