"""Prints the graph of one tool as JSON: `python tests/graphs.py snakemake|dvc`, in the project.

A process of its own, since both tools change warnings, logging and more where they are imported.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from wespe.pipeline.workflow import code

Stage = dict[str, list[str]]


def snakemake_graph() -> dict[str, Stage]:
    """Every job of `rule all` by rule and name: outputs, inputs, code and settings keys."""
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
            "@".join([job.rule.name.removesuffix("_online"), *job.wildcards]): _stage(
                job.output,
                job.input,
                list(json.loads(job.params.settings)),
            )
            | {"rule": [job.rule.name]}
            for job in flow.dag.jobs
            if job.output
        }


def dvc_graph() -> dict[str, Stage]:
    """Every stage by name; a dependency on a folder stands for what the stages put there."""
    from dvc.dependency.param import ParamsDependency
    from dvc.repo import Repo

    with Repo(".") as repo:
        stages = repo.index.stages
        made = [out.def_path for stage in stages for out in stage.outs]
        graph = {}
        for stage in stages:
            files = [dep for dep in stage.deps if not isinstance(dep, ParamsDependency)]
            keys = [
                key for dep in stage.deps if isinstance(dep, ParamsDependency) for key in dep.params
            ]
            inputs = [path for dep in files for path in _expand(dep.def_path, made)]
            graph[stage.name] = _stage([out.def_path for out in stage.outs], inputs, keys)
            rules, target = re.fullmatch(
                r".* --allowed-rules ([\w ]+) -- (\S+)", stage.cmd
            ).groups()
            graph[stage.name] |= {"runs": rules.split(), "asks for": [target]}
        return graph


def _expand(path: str, made: Sequence[str]) -> Iterator[str]:
    if path.startswith("wespe/"):
        yield from code(path.removeprefix("wespe/"))
    elif below := [output for output in made if output.startswith(f"{path}/")]:
        yield from below
    else:
        yield path


def _stage(outputs: Sequence[str], inputs: Sequence[str], keys: Sequence[str]) -> Stage:
    return {
        "output": sorted(map(str, outputs)),
        "input": sorted(path for path in map(str, inputs) if not path.startswith("wespe/")),
        "code": sorted(path for path in map(str, inputs) if path.startswith("wespe/")),
        "setting": sorted(keys),
    }


if __name__ == "__main__":
    graphs = {"snakemake": snakemake_graph, "dvc": dvc_graph}
    print(json.dumps(graphs[sys.argv[1]]()))
