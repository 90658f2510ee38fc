"""`params.yaml` as typed, frozen settings: wrong ones are refused by name before any work."""

import json
from collections.abc import Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from wespe.core.schema import CommandPath, Count, Fraction, Name, Settings, SettingsError, explain
from wespe.core.yaml_file import read_yaml
from wespe.data.registry import SOURCES
from wespe.judging.metrics.registry import METRICS
from wespe.judging.raters.registry import RATERS
from wespe.reports.papers.settings import Table, table_problems
from wespe.results.methods import BASELINES, BaselineName
from wespe.training.methods.registry import RECIPES
from wespe.training.methods.settings import Recipe


def _with_method(recipe: Any) -> Any:
    """A recipe without a method is one of WESPE."""
    return {"method": "wespe"} | recipe if isinstance(recipe, dict) else recipe


if TYPE_CHECKING:
    from wespe.data.settings import SourceSettings as AnySource
    from wespe.judging.raters.settings import RaterSettings as AnyRater

    AnyRecipe = Recipe
else:
    # The union of all sources' settings, told apart by `kind`: an entry in SOURCES is enough.
    AnySource = Annotated[
        reduce(or_, [source.settings for source in SOURCES.values()]), Field(discriminator="kind")
    ]
    AnyRecipe = Annotated[
        reduce(or_, RECIPES.values()),
        Field(discriminator="method"),
        BeforeValidator(_with_method),
    ]
    AnyRater = Annotated[reduce(or_, RATERS.values()), Field(discriminator="kind")]


class Run(Settings):
    """What holds for the whole run."""

    name: Name = "demo"
    """The run's name, in the report and in MLflow (its experiment)."""
    results: CommandPath = "results"
    """The folder of all results. Neither it nor `data` may have spaces in its name."""
    data: CommandPath = "data"
    """The folder of photo indexes (`sources/`) and patch sets (`patches/`). Settings files whose
    sources of one name differ need folders of their own."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of every random choice: patch positions, batches, first weights."""
    compute: Literal["auto", "cpu-fp32", "cpu-bf16", "cuda-fp32", "cuda-bf16"] = "auto"
    """Device and precision of training; evaluations and ratings run networks there in fp32. `auto`:
    CUDA in bf16 if present, else the CPU, in bf16 where it computes that natively."""
    devices: Count = 1
    """Processes on a machine that train a pair together, each on a GPU of its own, or on its share
    of the cores. They share each batch, so the outcome is that of one, up to rounding."""
    nodes: Count = 1
    """Machines that train a pair together, each with `devices` processes, on a shared file system.
    The same command has to be started once on each: by Slurm's `srun`, as the rule does, or by hand
    with the variable MASTER_ADDR set to the address of one of them (and MASTER_PORT, else
    29400)."""
    compile: bool = False
    """Let torch compile the networks before they train (minutes at the start; on the CPU it needs
    a C++ compiler). Discriminators with `r1` stay as they are."""
    tracking: str = "sqlite:///mlflow.db"
    """MLflow's tracking URI, a file by default; empty switches tracking off."""


class Patches(Settings):
    """How training patches are cut, the same for all domains. The paper states the size alone.
    Patches that come finished, from sources of kind `aligned`, are taken as they are, spread evenly
    where they are more than `count`."""

    size_px: Annotated[int, Field(ge=32, le=512)] = 100
    """Width and height of a patch. Photos smaller than that give none."""
    mode: Literal["random", "grid"] = "random"
    """`random`: uniformly random positions, no two the same, which may overlap. `grid`: cells side
    by side, which do not. Of a photo that is a patch already, such as DPED's, both take all."""
    count: Count = 20000
    """At most so many patches a domain, spread evenly over its photos; what a small photo cannot
    give is left to larger ones. 10,000 patches of 100 px take 300 MB."""
    min_std: Annotated[float, Field(ge=0, le=128)] = 0.0
    """A patch whose grey levels (0 to 255) have a smaller standard deviation is flat: left out.
    0 keeps all."""
    max_clipped: Fraction = 1.0
    """A patch with a larger share of pixels that have a channel at 0 or 255 is left out. 1 keeps
    all."""


class Pair(Settings):
    """A camera and the photos one wishes it took."""

    source: Name
    """The source domain X, the camera's photos: one of `domains`."""
    target: Name
    """The target domain Y, the photos wished for: one of `domains`. Where both show the same
    scenes, WESPE makes no use of it; the other methods need that, patch by patch."""
    recipe: Name
    """The name of a recipe."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    """Seed of this training alone, for several trainings of one kind on the same patches; without
    one `run.seed` holds."""


class Evaluation(Settings):
    """One trained pair on one set of test photos."""

    pair: Name
    """The name of a pair."""
    photos: Name
    """The name of a source; where its photos have references, PSNR, SSIM and MS-SSIM are given."""
    baselines: tuple[BaselineName, ...] = BASELINES
    """Plain enhancers to compare with."""
    metrics: tuple[Name, ...] = (
        *("psnr_db", "ssim", "ms_ssim"),
        *("entropy_bit", "png_bpp", "brisque"),
    )
    """What is measured, in the order of the columns."""
    pictures: Annotated[int, Field(ge=0)] = 6
    """Photos shown in the report, evenly spread over the set."""


class Rating(Settings):
    """What a rater says of test photos, and of what a pair's network makes of them."""

    rater: Name
    """The name of a rater."""
    pair: Name
    """The name of a pair; its network enhances the photos."""
    photos: Name
    """The name of a source; where its photos have references, those are rated too."""
    baselines: tuple[BaselineName, ...] = BASELINES
    """Plain enhancers to compare with."""


class Study(Settings):
    """A user study that the report shows."""

    path: str
    """The study's folder, as `wespe study build` makes it, with the votes that `wespe study serve`
    has kept there."""


class Params(Settings):
    """All settings of a run."""

    run: Run = Run()
    sources: dict[Name, AnySource]
    """Where photos come from."""
    domains: tuple[Name, ...] = ()
    """The names of the sources that networks learn from, as the source or the target of a pair.
    They are cut into patches; photos that are for testing or for raters alone are not."""
    patches: Patches = Patches()
    recipes: dict[Name, AnyRecipe]
    """How pairs are trained."""
    pairs: dict[Name, Pair]
    """What is trained."""
    evaluations: dict[Name, Evaluation]
    """What is tested on what."""
    raters: dict[Name, AnyRater] = Field(default_factory=dict)
    """Judges of photos that learn from photos."""
    ratings: dict[Name, Rating] = Field(default_factory=dict)
    """What is rated by which judge."""
    studies: dict[Name, Study] = Field(default_factory=dict)
    """User studies, whose results are a section of the report each."""
    tables: dict[Name, Table] = Field(default_factory=dict)
    """Tables of evaluations, each beside one of the papers."""


def load(path: Path) -> Params:
    """Read and check a settings file. Raises SettingsError with a line for each culprit."""
    values = read_yaml(path)
    try:
        # YAML has lists where the settings have tuples; JSON mode is strict but knows that.
        params, problems = Params.model_validate_json(json.dumps(values)), []
    except ValidationError as error:
        params, problems = None, explain(error, json_schema())
    problems += _unknown_names(values)
    if params:
        problems += [*_wrong_domains(params), *_unknown_metrics(params)]
        if "index" in params.studies:
            problems.append("studies.index: expected another name, index.json is the list of them")
        about = [
            {name: (item.pair, item.photos) for name, item in table.items()}
            for table in (params.evaluations, params.ratings)
        ]
        problems += [*_not_shared(params), *table_problems(params.tables, *about)]
    if params is None or problems:
        raise SettingsError("\n".join(f"{path}: {problem}" for problem in problems))
    return params


_REFERENCES = {
    ("pairs", "source"): "sources",
    ("pairs", "target"): "sources",
    ("pairs", "recipe"): "recipes",
    ("evaluations", "pair"): "pairs",
    ("evaluations", "photos"): "sources",
    ("raters", "photos"): "sources",
    ("ratings", "rater"): "raters",
    ("ratings", "pair"): "pairs",
    ("ratings", "photos"): "sources",
}
"""Table and key of every setting that is a name, and the table that it names an entry of."""


def _unknown_names(values: Mapping[str, Any]) -> list[str]:
    """A line for each name of what there is not, in values that may be wrong otherwise too."""
    problems = []
    for (table, key), named in _REFERENCES.items():
        known, entries = values.get(named), values.get(table)
        if not isinstance(known, dict) or not isinstance(entries, dict):
            continue
        for name, entry in entries.items():
            value = entry.get(key) if isinstance(entry, dict) else None
            if isinstance(value, str) and value not in known:
                choice = ", ".join(known) or "there are none"
                what = named.removesuffix("s")
                problems.append(
                    f"{table}.{name}.{key} must name a {what} ({choice}), got {value!r}"
                )
    return problems


def _wrong_domains(params: Params) -> list[str]:
    """A line for each domain that is no source, or there twice; and for each that a pair lacks."""
    choice = ", ".join(params.sources)
    problems = [
        f"domains must name sources ({choice}), each once, got {name!r}"
        for place, name in enumerate(params.domains)
        if name not in params.sources or name in params.domains[:place]
    ]
    listed = ", ".join(params.domains) or "nothing"
    return problems + [
        f"domains must list what pairs.{name}.{key} names, {source!r}; they list {listed}"
        for name, pair in params.pairs.items()
        for key, source in (("source", pair.source), ("target", pair.target))
        if source in params.sources and source not in params.domains
    ]


def _unknown_metrics(params: Params) -> list[str]:
    """A line for each metric of an evaluation that does not exist, or is there twice."""
    return [
        f"evaluations.{name}.metrics must be of {', '.join(METRICS)}, each once, got {metric!r}"
        for name, evaluation in params.evaluations.items()
        for place, metric in enumerate(evaluation.metrics)
        if metric not in METRICS or metric in evaluation.metrics[:place]
    ]


def _not_shared(params: Params) -> list[str]:
    """A line for each recipe whose batches the processes cannot share evenly."""
    processes = params.run.devices * params.run.nodes
    return [
        f"recipes.{name}.batch_size must be a multiple of {processes} (run.devices × run.nodes), "
        f"got {recipe.batch_size}"
        for name, recipe in params.recipes.items()
        if recipe.batch_size % processes
    ]


def json_schema() -> dict[str, Any]:
    """The JSON schema of a settings file, for editors."""
    return Params.model_json_schema()
