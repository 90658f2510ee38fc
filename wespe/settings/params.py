"""`params.yaml` as typed, frozen settings. Errors name the key, before any work starts."""

import json
import os
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from wespe.core.schema import CommandPath, Count, Fraction, Name, Settings, SettingsError, explain
from wespe.core.yaml_file import read_yaml
from wespe.data.registry import SOURCES
from wespe.judging.raters.registry import RATERS
from wespe.reports.papers.settings import Table
from wespe.settings.contradictions import contradictions, unknown_names
from wespe.training.methods.registry import RECIPES
from wespe.training.methods.settings import Recipe

_RECORD = "sqlite:///mlflow.db"
_BASELINES = ("histogram_match", "transport", "autocontrast", "grey_world", "clahe")


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
    """Settings of the whole run."""

    name: Name = "demo"
    """The run's name, in the report and in MLflow (its experiment)."""
    results: CommandPath = "results"
    """The folder of all results. Neither it nor `data` may have spaces in its name."""
    data: CommandPath = "data"
    """The folder of photo indexes (`sources/`) and patch sets (`patches/`). If two settings files
    have different sources of the same name, give each file its own folder."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of every random choice: patch positions, batches, first weights."""
    compute: Literal["auto", "cpu-fp32", "cpu-bf16", "cuda-fp32", "cuda-bf16"] = "auto"
    """Device and precision of training. Evaluations and ratings run networks on the same device, in
    fp32. `auto`: CUDA in bf16 if present, else the CPU, in bf16 if it computes that natively."""
    devices: Count = 1
    """Processes per machine that train a pair together, each on its own GPU or on its share of the
    cores. They share each batch, so the outcome is that of one process, up to rounding."""
    nodes: Count = 1
    """Machines that train a pair together, each with `devices` processes, on a shared file system.
    Start the same command once on each: by Slurm's `srun`, as the rule does, or by hand. By hand,
    set the variable MASTER_ADDR to the address of one of them, and MASTER_PORT if it is not 29400.
    Jobs of Slurm have a port each, from 20000 to 29999."""
    compile: bool = False
    """Let torch compile the networks before training. This takes minutes at the start, and on the
    CPU it needs a C++ compiler. Discriminators with `r1` are not compiled."""
    vgg_weights: str | None = None
    """A local .safetensors file with torchvision's keys and the convolutions of VGG-19, for the
    metric `vgg_distance`; by default torchvision's weights are downloaded and their hash is
    checked. Recipes and raters name theirs themselves."""
    tracking: str = Field(
        default_factory=lambda: os.environ.get("MLFLOW_TRACKING_URI") or _RECORD,
        json_schema_extra={"default": _RECORD},
    )
    """MLflow's tracking URI. Where the settings have none, it is that of the variable
    MLFLOW_TRACKING_URI, and without it a file. An empty value switches tracking off."""


class Patches(Settings):
    """How training patches are cut, the same for all domains. The paper states only the size.
    Sources of kind `aligned` have finished patches, which are used as they are; if there are more
    than `count`, they are chosen evenly."""

    size_px: Annotated[int, Field(ge=32, le=512)] = 100
    """Width and height of a patch. Smaller photos give no patches."""
    mode: Literal["random", "grid"] = "random"
    """`random`: uniformly random positions, all different, which may overlap. `grid`: cells side by
    side. If a photo is already a patch, as in DPED, both use all of it."""
    count: Count = 20000
    """The largest number of patches per domain, spread evenly over its photos. What a small photo
    cannot give is taken from larger ones. 10,000 patches of 100 px take 300 MB."""
    counts: dict[Name, Count] = Field(default={})
    """Other numbers than `count` for some of `domains`: more for one whose photos are clean and
    large, while another has few photos and little to cut."""
    min_std: Annotated[float, Field(ge=0, le=128)] = 0.0
    """A patch is left out as flat if its grey levels (0 to 255) have a smaller standard deviation.
    0 keeps all."""
    max_clipped: Fraction = 1.0
    """A patch is left out if a larger share of its pixels has a channel at 0 or 255. 1 keeps
    all."""


class Pair(Settings):
    """A camera, photos with the look you want, and the recipe to train a network; or a network
    that others have trained, which is evaluated like any other."""

    source: Name | None = None
    """The source domain X, the camera's photos: one of `domains`. A recipe needs it, unless it is
    one of super-resolution, which makes photos of the target smaller instead. With `network` it
    only serves the baselines `transport` and `histogram_match`, which are fitted to both
    domains."""
    target: Name | None = None
    """The target domain Y, the photos you wish for: one of `domains`, as `source`. WESPE does not
    need both domains to show the same scenes; the other methods do, patch by patch."""
    texture: Name | None = None
    """More photos whose texture is clean, whatever their colours and scenes: one of `domains`. With
    the weight `restoration`, half of the patches that are degraded and restored come from it; in
    super-resolution, half of those that are made smaller."""
    recipe: Name | None = None
    """The name of a recipe. A pair has either this or `network`."""
    start: Name | None = None
    """The name of another pair, with whose network this training begins. It must be of the recipe's
    architecture. A GAN for super-resolution needs it."""
    any_camera: bool = False
    """The network is for photos of any camera, and its card says so. With the weight `restoration`
    no camera is measured: clean patches are degraded by ranges that many cameras lie in, from
    nothing to the noise of a small sensor, and colours stay as they are."""
    network: str | None = None
    """A network to use as it is: the prefix of a TensorFlow checkpoint of the DPED authors, or a
    .safetensors network of this project with its card beside it. Nothing is trained."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    """Seed of this training, for several trainings of one kind on the same patches. By default it
    is `run.seed`."""

    @property
    def patches(self) -> dict[str, str]:
        """The domains whose patches it needs, by their part: `source`, `target`, `texture`."""
        parts = {"source": self.source, "target": self.target, "texture": self.texture}
        return {part: domain for part, domain in parts.items() if domain is not None}

    @property
    def published(self) -> bool:
        """Whether the network is a checkpoint of the DPED authors."""
        return self.network is not None and Path(self.network).suffix != ".safetensors"

    @property
    def network_files(self) -> tuple[str, ...]:
        """The files of `network`, which have to be there."""
        if self.network is None:
            return ()
        if not self.published:
            return self.network, str(Path(self.network).with_suffix(".json"))
        prefix = self.network.removesuffix(".index")
        # The DPED code saves a generator of 1.6 MB in one shard.
        return f"{prefix}.index", f"{prefix}.data-00000-of-00001"


class Evaluation(Settings):
    """One trained pair on one set of test photos."""

    pair: Name
    """The name of a pair."""
    photos: Name
    """The name of a source. If its photos have references, PSNR, SSIM and MS-SSIM are measured."""
    baselines: tuple[Name, ...] = _BASELINES
    """Plain enhancers to compare with."""
    metrics: tuple[Name, ...] = (
        *("psnr_db", "ssim", "ms_ssim"),
        *("entropy_bit", "png_bpp", "brisque"),
    )
    """The metrics, in the order of the columns."""
    pictures: Annotated[int, Field(ge=0)] = 6
    """Photos shown in the report, evenly spread over the set."""


class Rating(Settings):
    """The scores of a rater for test photos and for their enhancements by a pair's network."""

    rater: Name
    """The name of a rater."""
    pair: Name
    """The name of a pair; its network enhances the photos."""
    photos: Name
    """The name of a source. If its photos have references, those are rated too."""
    baselines: tuple[Name, ...] = _BASELINES
    """Plain enhancers to compare with."""


class Study(Settings):
    """A user study that the report shows."""

    path: str
    """The study's folder, which `wespe study build` creates, with the votes that `wespe study
    serve` stored there."""


class Params(Settings):
    """All settings of a run."""

    run: Run = Run()
    sources: dict[Name, AnySource]
    """Where photos come from."""
    domains: tuple[Name, ...] = ()
    """The names of the sources that networks learn from, as the source or the target of a pair.
    Only these are cut into patches, not photos for testing or for raters."""
    patches: Patches = Patches()
    recipes: dict[Name, AnyRecipe]
    """How pairs are trained."""
    pairs: dict[Name, Pair]
    """What is trained."""
    evaluations: dict[Name, Evaluation]
    """What is tested on what."""
    raters: dict[Name, AnyRater] = Field(default={})
    """Raters, which learn from photos and score photos."""
    ratings: dict[Name, Rating] = Field(default={})
    """Which photos are scored by which rater."""
    studies: dict[Name, Study] = Field(default={})
    """User studies. The results of each are a section of the report."""
    tables: dict[Name, Table] = Field(default={})
    """Tables of evaluations, each beside one of the papers."""

    def recipe_of(self, pair: str) -> Recipe | None:
        """What trains a pair; None for one whose network is given."""
        name = self.pairs[pair].recipe
        return None if name is None else self.recipes[name]


def load(path: Path) -> Params:
    """Read and check a settings file. Raises SettingsError with one line per error."""
    values = read_yaml(path)
    try:
        # YAML has lists where the settings have tuples; JSON mode is strict but knows that.
        params, problems = Params.model_validate_json(json.dumps(values)), []
    except ValidationError as error:
        params, problems = None, explain(error, json_schema())
    problems += unknown_names(values)
    if params:
        problems += contradictions(params)
    if params is None or problems:
        raise SettingsError("\n".join(f"{path}: {problem}" for problem in problems))
    return params


def json_schema() -> dict[str, Any]:
    """The JSON schema of a settings file, for editors."""
    return Params.model_json_schema()
