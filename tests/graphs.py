"""Prints the stages as JSON: `python tests/graphs.py snakemake|dvc|settings`, in the project.

As one of the two tools sees them, or as the settings say. A process of its own, since both tools
change warnings, logging and more where they are imported.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

Graph = dict[str, dict[str, Any]]


def of_settings() -> Graph:
    """Every stage by its title, as the settings say."""
    from wespe.pipeline.stages import Stages
    from wespe.settings.params import load

    return {
        stage.title: asdict(stage) | {"code": stage.code_hash}
        for stage in Stages(load(Path("params.yaml")))
    }


def of_snakemake() -> Graph:
    """Every job of `rule all`."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import ResourceSettings

    with SnakemakeApi() as api:
        made = api.workflow(
            resource_settings=ResourceSettings(cores=1), snakefile=Path("Snakefile")
        )
        made.dag()
        # There is no public way to the jobs; this is what `snakemake --summary` does.
        flow = made._workflow
        flow._prepare_dag(forceall=True, ignore_incomplete=True, lock_warn_only=True)
        flow._build_dag()
        return {
            # One stage, whether it is tried again or not.
            "-".join([job.rule.name.removesuffix("_online"), *job.wildcards]): {
                "rule": job.rule.name,
                "inputs": [str(path) for path in job.input],
                "outputs": {key: str(path) for key, path in job.output.items()},
                "settings": list(json.loads(job.params.settings)),
                "code": job.params.code,
            }
            for job in flow.dag.jobs
            if job.output
        }


def of_dvc() -> Graph:
    """Every stage of dvc.yaml."""
    from dvc.dependency.param import ParamsDependency
    from dvc.repo import Repo

    with Repo(".") as repo:
        return {
            stage.name: {
                "command": stage.cmd,
                "inputs": [
                    dep.def_path for dep in stage.deps if not isinstance(dep, ParamsDependency)
                ],
                "outputs": [out.def_path for out in stage.outs],
                "settings": [
                    key
                    for dep in stage.deps
                    if isinstance(dep, ParamsDependency)
                    for key in dep.params
                ],
                "metrics": [out.def_path for out in stage.outs if out.metric],
            }
            for stage in repo.index.stages
        }


if __name__ == "__main__":
    graphs = {"settings": of_settings, "snakemake": of_snakemake, "dvc": of_dvc}
    print(json.dumps(graphs[sys.argv[1]]()))
