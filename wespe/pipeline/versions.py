"""Versions of a run: the bridge between Snakemake, which makes the files, and DVC, which keeps
them."""

import csv
import io
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from wespe.core.files import sha256
from wespe.pipeline import tracking
from wespe.pipeline.dvc_stages import (
    CODE,
    DVC_YAML,
    refuse_stale,
    write_code,
    write_dvc_yaml,
)
from wespe.pipeline.stages import Stages
from wespe.pipeline.workflow import DEFAULT_SETTINGS
from wespe.settings.params import Params

_LOCK = Path("dvc.lock")
_ACCOUNT = "expected an account that may read the bucket, by AWS_PROFILE or AWS_ACCESS_KEY_ID"
_ADVICE = {
    "Forbidden": _ACCOUNT,
    "Unable to locate credentials": _ACCOUNT,
    "CERTIFICATE_VERIFY_FAILED": "expected the authority of the server's certificate in "
    "AWS_CA_BUNDLE",
}
"""What to do, by what DVC says of a remote."""


class VersionsError(ValueError):
    """A state that cannot be recorded or fetched; the message gives the reason and the remedy."""


def record(settings_file: Path, settings: Params) -> list[str]:
    """Record the finished run as a version: `dvc.lock`, DVC's cache and tags on the MLflow runs.

    dvc.yaml is written anew where it is of other settings. Returns what was done and what is next,
    a sentence each. Raises VersionsError if a file is missing or out of date, or if DVC fails.
    """
    only_default(settings_file)
    pending = _pending()
    if pending:
        listed = "\n".join(f"  {line}" for line in pending)
        raise VersionsError(
            f"expected a finished run (`snakemake all`), but these are out of date:\n{listed}"
        )
    before = _locked()
    written = write_dvc_yaml(settings)
    write_code(settings)
    # Without a commit `dvc repro` would repeat what Snakemake has just made.
    try:
        _call("dvc", "commit", "--force")
    finally:  # it may have taken in some stages before it failed
        _order_times()
    locked = _locked()
    _tag_runs(settings, locked)
    changed = [name for name in locked if locked[name] != before.get(name)]
    said = [f"{DVC_YAML}: written anew, {', '.join(written)} differed"] if written else []
    if not changed:
        return [*said, f"{_LOCK} had this run already: nothing new to record"]
    which = f" ({', '.join(changed)})" if before else ""
    return [
        *said,
        f"{_LOCK}: {len(changed)} of {len(locked)} stages are new or have changed{which}; "
        "their files are in DVC's cache",
        f"next: `git add {DVC_YAML} {_LOCK} {DEFAULT_SETTINGS}` and `git commit` keep this version"
        + (", `dvc push` shares its files" if _remotes() else ""),
    ]


def sync(settings_file: Path, settings: Params) -> None:
    """Fetch the version that `dvc.lock` names, so that neither Snakemake nor DVC reruns anything.

    With a DVC remote the files come from there, else from the cache. Raises VersionsError if DVC
    fails, or if `dvc.lock` does not belong to the settings and the code beside it, and StaleError
    if dvc.yaml does not.
    """
    only_default(settings_file)
    refuse_stale(settings)
    # In the way of the version's own, which then give way to those of the code that is here.
    shutil.rmtree(CODE, ignore_errors=True)
    _call("dvc", "pull" if _remotes() else "checkout")
    write_code(settings)
    changed = json.loads(_call("dvc", "status", "--json"))
    changed.pop("check", None)
    if changed:
        listed = "\n".join(f"  {stage}: {_why(changes)}" for stage, changes in changed.items())
        raise VersionsError(
            f"dvc.lock does not match the settings, data or code; run `snakemake all`\n{listed}"
        )
    _order_times()


def _order_times() -> None:
    """Make what is made of a file newer than it: Snakemake goes by modification times.

    DVC leaves them in no order, where it checks files out and where it first takes them in: it
    moves a file into its cache and gives back a copy.
    """
    _call("snakemake", "--touch", "--forceall", "--quiet", "all", "--", "all")


def only_default(settings_file: Path) -> None:
    """Raise VersionsError for another settings file than the default one."""
    if settings_file.resolve() != DEFAULT_SETTINGS.resolve():
        raise VersionsError(f"DVC keeps versions of {DEFAULT_SETTINGS} only, got {settings_file}")


def _locked() -> dict[str, Any]:
    """The stages of `dvc.lock`; none where there is no such file."""
    if not _LOCK.is_file():
        return {}
    stages: dict[str, Any] = yaml.safe_load(_LOCK.read_text("utf-8"))["stages"]
    return stages


def _pending() -> list[str]:
    """The outputs that Snakemake would make, each with the reason where Snakemake knows one."""
    table = csv.DictReader(io.StringIO(_call("snakemake", "--summary", "all")), delimiter="\t")
    return [
        f"{row['output_file']}: {row['status'].replace('ok', 'made from what is out of date')}"
        for row in table
        if row["plan"] != "no update"
    ]


def _tag_runs(settings: Params, locked: Mapping[str, Any]) -> None:
    """Tag the MLflow run and model of each pair and rater with DVC's hashes of data and network."""
    stages = Stages(settings)
    for stage in stages:
        if stage.rule == "train":
            data = {
                f"dvc.{name.removesuffix('_array')}": file
                for name, file in stage.inputs.items()
                if name.endswith("_array")
            }
            checkpoint = stage.outputs["network"]
        elif stage.rule == "rater":
            data, checkpoint = {"dvc.photos": stage.inputs["photos"]}, stage.outputs["rater"]
        else:
            continue
        entries = locked[stage.title]["deps"] + locked[stage.title]["outs"]
        md5 = {entry["path"]: entry["md5"] for entry in entries}
        hashes = {tag: md5[file] for tag, file in (data | {"dvc.checkpoint": checkpoint}).items()}
        network = sha256(Path(checkpoint))
        tracking.find_run(settings.run, network).tag(hashes)
        tracking.annotate(settings.run, network, hashes)


def _remotes() -> bool:
    return bool(_call("dvc", "remote", "list").strip())


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
        said = done.stderr.strip()
        advice = "".join(f"\n{more}" for sign, more in _ADVICE.items() if sign in said)
        raise VersionsError(f"`{' '.join(command)}` failed:\n{said}{advice}")
    return done.stdout
