"""DVC's description of the stages, dvc.yaml, which is written from the settings.

Its first stage, `check`, runs where settings or code have changed. It refuses to go on with a
dvc.yaml of other settings, and writes the hash of each stage's code to a file, where the others
find it.
"""

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from wespe.core.files import atomic_file, atomic_folder, write_json
from wespe.pipeline.stages import Stage, Stages
from wespe.settings.params import Params

DVC_YAML = Path("dvc.yaml")
CODE = Path(".wespe/code")
"""The folder with a file for each stage: the hash of its code."""

_HEAD = """\
# Written by `wespe dvc` from params.yaml: change that and run it again. Each stage lets Snakemake
# run one rule for one entry of the settings; `check` sees whether this file is up to date.
"""
_PLOTS = frozenset({"samples", "pictures", "crops", "images", "scores"})
"""Outputs that DVC shows."""


class StaleError(ValueError):
    """A dvc.yaml that does not match the settings; the message says what differs and what helps."""


def dvc_yaml(params: Params) -> str:
    """The text of dvc.yaml for these settings."""
    check = {
        "cmd": "wespe dvc --check",
        "deps": ["params.yaml", "wespe"],  # dvc.yaml itself DVC refuses
        "outs": [str(CODE)],
    }
    stages = {stage.title: _described(stage, params) for stage in Stages(params)}
    stages = {"check": check} | stages
    return _HEAD + yaml.safe_dump({"stages": stages}, sort_keys=False, width=1000)


def write_dvc_yaml(params: Params) -> list[str]:
    """Write dvc.yaml where it is not that of the settings; returns the stages that differed."""
    text = dvc_yaml(params)
    differing = _differing(text)
    if differing:
        with atomic_file(DVC_YAML) as temporary:
            temporary.write_text(text, "utf-8")
    return differing


def refuse_stale(params: Params) -> None:
    """Raise StaleError if dvc.yaml is not that of the settings."""
    if differing := _differing(dvc_yaml(params)):
        raise StaleError(
            f"{DVC_YAML} does not match params.yaml ({', '.join(differing)} differ); "
            "`wespe dvc` writes it anew, then give the same command again"
        )


def write_code(params: Params) -> None:
    """Write the hash of each stage's code where DVC's stages look for it."""
    with atomic_folder(CODE) as folder:
        for stage in Stages(params):
            write_json(folder / f"{stage.title}.json", stage.code_hash)


def _differing(text: str) -> list[str]:
    """The stages that are missing from dvc.yaml, superfluous or different."""
    if DVC_YAML.is_file() and DVC_YAML.read_text("utf-8") == text:
        return []
    try:
        there = yaml.safe_load(DVC_YAML.read_text("utf-8"))["stages"]
    except (OSError, yaml.YAMLError, TypeError, KeyError):
        there = {}
    wanted = yaml.safe_load(text)["stages"]
    names = [*wanted, *(name for name in there if name not in wanted)]
    return [name for name in names if there.get(name) != wanted.get(name)] or ["its comments"]


def _described(stage: Stage, params: Params) -> dict[str, Any]:
    rules = "acquire acquire_online" if stage.rule == "acquire" else stage.rule
    target, *_ = stage.outputs.values()
    outs = [path for key, path in stage.outputs.items() if key not in {*_PLOTS, "metrics"}]
    plots = [_plot(stage, key) for key in stage.outputs if key in _PLOTS]
    parts: dict[str, Any] = {
        "cmd": f"snakemake --profile profiles/dvc --allowed-rules {rules} -- {target}",
        "deps": [str(CODE / f"{stage.title}.json"), *dict.fromkeys(stage.inputs.values())],
        # DVC records no stage with a key that the settings file leaves out.
        "params": [key for key in stage.settings if _is_written(key, params)],
        "outs": outs,
        "metrics": [stage.outputs["metrics"]] if "metrics" in stage.outputs else [],
        "plots": plots,
    }
    return {key: value for key, value in parts.items() if value}


def _is_written(key: str, params: Params) -> bool:
    """Whether settings state a key, such as `run.seed`, and do not leave it at its default."""
    place: Any = params
    for name in key.split("."):
        if name not in (place.model_fields_set if isinstance(place, BaseModel) else place):
            return False
        place = getattr(place, name) if isinstance(place, BaseModel) else place[name]
    return True


def _plot(stage: Stage, key: str) -> Any:
    """An output as DVC shows it: a table as a chart by method, of its first metric."""
    column = {"images": next(iter(stage.facts), None), "scores": "score"}.get(key)
    how = {"template": "by_method", "x": column, "y": "method"}
    return {stage.outputs[key]: how} if column else stage.outputs[key]
