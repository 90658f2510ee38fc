"""Runs whose machines share no disk: what Snakemake's storage plugins need of the project.

Snakemake keeps copies of what a bucket has below one folder of the project, at the same places as
in the project itself. In that folder commands find each other's files.
"""

import os
import re
from pathlib import Path
from typing import Any

from wespe.core.schema import COMMAND_PATH, PATTERNS, SettingsError
from wespe.pipeline.stages import Stages

# Below the prefix of all other files in the bucket.
_STATES = ".wespe"
# No paths: what they name is not where jobs are.
_PASSED_ON = {
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "DO_NOT_TRACK",
    "MLFLOW_DISABLE_TELEMETRY",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_URI",
    "MLFLOW_TRACKING_USERNAME",
}


def copies_folder(workflow: Any) -> str:
    """Where Snakemake keeps copies of the bucket's files; empty where machines share a disk.

    Raises SettingsError for a prefix that commands cannot have, and where jobs would not get the
    settings.
    """
    provider = workflow.storage_registry.default_storage_provider
    if provider is None:
        return ""
    prefix = workflow.storage_settings.default_storage_prefix
    path = prefix.partition("://")[2]
    if not re.fullmatch(COMMAND_PATH, path):
        raise SettingsError(
            f"--default-storage-prefix: expected {PATTERNS[COMMAND_PATH]} behind ://, got {prefix}"
        )
    if not workflow.config_settings.configfiles:
        raise SettingsError(
            "expected --configfile params.yaml, or `configfile` in the profile: machines that "
            "share no disk get no other settings"
        )
    _see_new_folders(provider)
    return str(provider.object(in_bucket(workflow, "params.yaml")).local_path().parent)


def _see_new_folders(provider: Any) -> None:
    """Have the plugin for S3 see a folder that a job has made.

    Of a folder that is not there when it first looks, its version 0.3.6 says so for ever.
    """
    objects = provider.get_storage_object_cls()
    if hasattr(objects, "get_subkeys"):
        objects.is_dir = lambda folder: any(folder.get_subkeys())


def in_bucket(workflow: Any, place: str) -> str:
    """The address of a file of the project, given by its place there."""
    return f"{workflow.storage_settings.default_storage_prefix.rstrip('/')}/{place}"


def states_in_bucket(workflow: Any) -> str:
    """The address below which trainings keep what they resume from."""
    return in_bucket(workflow, _STATES)


def passed_on() -> list[str]:
    """The variables of this process that its jobs need to reach the bucket and MLflow."""
    return sorted(_PASSED_ON & os.environ.keys())


def given_files(stages: Stages) -> list[str]:
    """What jobs read and the user gives, such as weights, besides photos and votes."""
    on_this_machine = ("acquire", "study")
    read = {
        file
        for stage in stages
        if stage.rule not in on_this_machine
        for file in stage.inputs.values()
    }
    return sorted(read - {file for stage in stages for file in stage.outputs.values()})


def prepare_copies(folder: Path, settings_file: Path, stages: Stages) -> None:
    """Have a command find the settings in `folder`.

    Raises SettingsError for settings that need a disk that all machines see.
    """
    run = stages.params.run
    _refuse_outside("run.data", run.data)
    _refuse_outside("run.results", run.results)
    _refuse_outside("--configfile", str(settings_file))
    for file in given_files(stages):
        _refuse_outside("a file of the settings", file)
    if run.nodes > 1:
        raise SettingsError(
            f"run.nodes: expected 1 where machines share no disk, got {run.nodes}: the "
            "processes of one training share its folder"
        )
    link = folder / settings_file
    link.parent.mkdir(parents=True, exist_ok=True)
    target = settings_file.absolute()
    if not link.is_symlink() or link.readlink() != target:
        # Another job of this machine may look for it at any time.
        new = link.with_name(f".{link.name}.{os.getpid()}")
        new.symlink_to(target)
        new.replace(link)


def _refuse_outside(key: str, place: str) -> None:
    if Path(place).is_absolute() or ".." in Path(place).parts:
        raise SettingsError(
            f"{key}: expected a path within the project where machines share no disk, got {place}"
        )
