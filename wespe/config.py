"""`params.yaml` as typed, frozen settings: wrong ones are refused by name before any work."""

import difflib
import json
from collections.abc import Sequence
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

from wespe.acquisition import SOURCES
from wespe.schema import Settings

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]

if TYPE_CHECKING:
    AnySource = Settings
else:
    # The union of all sources' settings, told apart by `kind`: an entry in SOURCES is enough.
    AnySource = Annotated[
        reduce(or_, [source.settings for source in SOURCES.values()]), Field(discriminator="kind")
    ]


class SettingsError(ValueError):
    """Settings that cannot be used; one line for each culprit."""


class Run(Settings):
    """What holds for the whole run."""

    name: Name = "demo"
    """The run's name, in the report and in MLflow (its experiment)."""
    results: str = "results"
    """The folder of all results."""
    data: str = "data"
    """The folder of photo indexes (`sources/`) and patch sets (`patches/`). Settings files whose
    sources of one name differ need folders of their own."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of every random choice: patch positions, batches, first weights."""
    compute: Literal["auto", "cpu-fp32", "cpu-bf16", "cuda-fp32", "cuda-bf16"] = "auto"
    """Device and precision of training. `auto`: CUDA in bf16 if present, else the CPU, in bf16
    where it computes that natively."""
    tracking: str = "sqlite:///mlflow.db"
    """MLflow's tracking URI, a file by default; empty switches tracking off."""


class Patches(Settings):
    """How training patches are cut, the same for all sources. The paper states the size alone."""

    size_px: Annotated[int, Field(ge=32, le=512)] = 100
    """Width and height of a patch. Photos smaller than that give none."""
    mode: Literal["random", "grid"] = "random"
    """`random`: uniformly random positions, no two the same, which may overlap. `grid`: cells side
    by side, which do not. Of a photo that is a patch already, such as DPED's, both take all."""
    count: Count = 20000
    """At most so many patches a source, spread evenly over its photos; what a small photo cannot
    give is left to larger ones. 10,000 patches of 100 px take 300 MB."""
    min_std: Annotated[float, Field(ge=0, le=128)] = 0.0
    """A patch whose grey levels (0 to 255) have a smaller standard deviation is flat: left out.
    0 keeps all."""
    max_clipped: Fraction = 1.0
    """A patch with a larger share of pixels that have a channel at 0 or 255 is left out. 1 keeps
    all."""


class Generator(Settings):
    """The networks G and F, which have the same shape."""

    width: Annotated[int, Field(ge=4, le=512)] = 64
    """Channels of every hidden layer; 64 as in DPED. Half of it is almost four times as fast."""
    blocks: Annotated[int, Field(ge=0, le=32)] = 4
    """Residual blocks, of two convolutions each; four in the paper."""
    norm: Literal["batch", "instance", "none"] = "batch"
    """Normalisation in the residual blocks. The DPED paper, whose network this is, has batch norm;
    the code published with it normalises each photo by itself (`instance`), which makes enhancing
    four times as expensive. `batch` and `none` cost nothing there."""
    start: Literal["random", "identity"] = "random"
    """`random`: the output is a scaled tanh, as in the DPED code. `identity`: the output is the
    input plus a residual that is zero before training: stabler, not in the paper."""


class Discriminator(Settings):
    """The networks D_c (on blurred colour) and D_t (on grey)."""

    norm: Literal["instance", "batch", "spectral", "none"] = "instance"
    """Normalisation of the convolutions after the first. The paper does not say; the DPED code
    normalises each photo by itself. `spectral` bounds every layer, the first too: stabler."""
    r1: NonNegative = 0.0
    """Weight of the R1 gradient penalty on real patches (Mescheder et al. 2018). Not in the
    paper."""


class Content(Settings):
    """The feature extractor ψ of the content loss (eq. 1)."""

    extractor: Literal["vgg19", "mobilenet_v2", "untrained"] = "vgg19"
    """`vgg19` is the paper's. `mobilenet_v2` is smaller. `untrained` is a fixed random network that
    needs no download, for the demo."""
    layer: str = "relu5_4"
    """The layer whose features are compared: of vgg19 `relu1_1` … `relu5_4`, of mobilenet_v2
    `block0` … `block18`, of untrained `relu1` … `relu4`. The paper does not say which; DPED has
    `relu5_4`."""
    weights: str | None = None
    """A local .safetensors or .pth file with torchvision's keys; without one torchvision's weights
    are downloaded and their hash is checked. Those are another training than the Oxford weights
    that the papers used, with smaller activations: a content weight found with the one does not
    carry over to the other."""


class Weights(Settings):
    """The weights of the total loss (eq. 6). All losses are means over the batch and the pixels;
    norms are squared, as in the DPED code."""

    content: NonNegative = 1.0
    """Of the content loss (eq. 1)."""
    color: NonNegative = 5e-3
    """Of the adversarial colour loss (eq. 3)."""
    texture: NonNegative = 5e-3
    """Of the adversarial texture loss (eq. 4)."""
    tv: NonNegative = 10.0
    """Of the total variation loss (eq. 5)."""
    transport: NonNegative = 0.0
    """Of the squared distance between the blurred G(x) and the blurred x after the unpaired
    histogram match of the two domains. Not in the paper, which leaves the colours to D_c alone:
    this holds them near those of the target domain."""
    identity: NonNegative = 0.0
    """Of the squared distance between a target patch y and G(y), which needs no enhancement. Not
    in the paper."""


class Recipe(Settings):
    """How a pair is trained. The defaults are the paper's (section 3), or those of the code of
    DPED, which it builds on, where the paper is silent."""

    method: Literal["wespe"] = "wespe"
    """The training method."""
    steps: Count = 20000
    """Training steps: one update of G and F and one of the discriminators each."""
    batch_size: Count = 30
    """Patches of each domain a step."""
    learning_rate: Positive = 5e-4
    """Adam's learning rate for G and F. The paper does not say; the DPED code has 0.0005."""
    discriminator_learning_rate: Positive = 5e-4
    """Adam's learning rate for the discriminators. The paper does not say; as for G and F."""
    adam_beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Adam's β1. The paper does not say; 0.9 is Adam's own default, 0.5 is usual for GANs."""
    adam_beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Adam's β2. The paper does not say; 0.999 is Adam's own default."""
    decay_from: Fraction = 1.0
    """From this share of the steps on, the learning rates fall linearly to zero; 1: constant, since
    the paper mentions no schedule."""
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Decay of the running average of G's weights, which is what is saved; 0: the last weights, as
    in the paper."""
    augment: bool = False
    """Flip and turn patches at random (the eight symmetries of the square). Not in the paper."""
    blur_sigma_px: Positive = 1.7320508
    """Standard deviation of the Gaussian in front of D_c. The papers print A = 0.053 and σ = 3;
    such a kernel sums to one only if 3 is the variance, which makes √3 px. With 3 px it would sum
    to three. The DPED code blurs with about 4.3 px."""
    generator: Generator = Generator()
    discriminator: Discriminator = Discriminator()
    content: Content = Content()
    weights: Weights = Weights()
    log_every: Count = 20
    """Steps between two records of the losses."""
    sample_every: Count = 1000
    """Steps between two sheets of sample pictures."""
    save_every: Count = 500
    """Steps between two saves of the state that a stopped training resumes from."""


class Pair(Settings):
    """A camera and the photos one wishes it took."""

    source: Name
    """The source domain X, the camera's photos: the name of a source."""
    target: Name
    """The target domain Y, the photos wished for: the name of a source. Where both show the same
    scenes, training makes no use of it."""
    recipe: Name
    """The name of a recipe."""


class Evaluation(Settings):
    """One trained pair on one set of test photos."""

    pair: Name
    """The name of a pair."""
    photos: Name
    """The name of a source; where its photos have references, PSNR, SSIM and MS-SSIM are given."""
    baselines: tuple[Literal["histogram_match", "autocontrast", "clahe"], ...] = (
        "histogram_match",
        "autocontrast",
        "clahe",
    )
    """Plain enhancers to compare with."""
    pictures: Annotated[int, Field(ge=0)] = 6
    """Photos shown in the report, evenly spread over the set."""


class Params(Settings):
    """All settings of a run."""

    run: Run = Run()
    sources: dict[Name, AnySource]
    """Where photos come from."""
    patches: Patches = Patches()
    recipes: dict[Name, Recipe]
    """How pairs are trained."""
    pairs: dict[Name, Pair]
    """What is trained."""
    evaluations: dict[Name, Evaluation]
    """What is tested on what."""

    @model_validator(mode="after")
    def _names_exist(self) -> "Params":
        wanted: list[tuple[str, str, str, Any]] = []
        for name, pair in self.pairs.items():
            wanted += [
                (f"pairs.{name}.source", pair.source, "source", self.sources),
                (f"pairs.{name}.target", pair.target, "source", self.sources),
                (f"pairs.{name}.recipe", pair.recipe, "recipe", self.recipes),
            ]
        for name, evaluation in self.evaluations.items():
            wanted += [
                (f"evaluations.{name}.pair", evaluation.pair, "pair", self.pairs),
                (f"evaluations.{name}.photos", evaluation.photos, "source", self.sources),
            ]
        problems = [
            f"{key} must name a {what} ({', '.join(table) or 'there are none'}), got {value!r}"
            for key, value, what, table in wanted
            if value not in table
        ]
        if problems:
            raise SettingsError("\n".join(problems))
        return self


def load(path: Path) -> Params:
    """Read and check a settings file. Raises SettingsError with a line for each culprit."""
    try:
        values = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: no such settings file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: expected YAML, got {error}") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: expected settings, got {type(values).__name__}")
    try:
        # YAML has lists where the settings have tuples; JSON mode is strict but knows that.
        return Params.model_validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        explained = [_explain(problem) for problem in error.errors()]
        lines = [f"{path}: {line}" for text in explained for line in text.splitlines()]
        raise SettingsError("\n".join(dict.fromkeys(lines))) from error


def json_schema() -> dict[str, Any]:
    """The JSON schema of a settings file, for editors."""
    return Params.model_json_schema()


_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}
_TYPES = {"int": "a whole number", "float": "a number", "string": "a string", "bool": "a boolean"}


def _explain(problem: ErrorDetails) -> str:
    """One problem in words: the key, what was expected and what came."""
    kinds = set(SOURCES)
    parts = [str(part) for part in problem["loc"]]
    # pydantic puts the chosen kind of source into the path; a reader does not see it in the file.
    if parts[:1] == ["sources"] and len(parts) > 2 and parts[2] in kinds:
        del parts[2]
    key, kind, got = ".".join(parts), problem["type"], problem["input"]
    context = problem.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{key} is not a setting{_nearest(parts)}"
    if kind == "missing":
        return f"{key} is missing"
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"{key} must be {words} {context[bound]}, got {got}"
    if kind.removesuffix("_type") in _TYPES:
        hint = " (write 1.0e-4, not 1e-4)" if kind == "float_type" and _is_number(got) else ""
        return f"{key} must be {_TYPES[kind.removesuffix('_type')]}, got {got!r}{hint}"
    if kind == "literal_error":
        return f"{key} must be one of {context['expected']}, got {got!r}"
    if kind == "union_tag_invalid":
        return f"{key}.kind must be one of {', '.join(sorted(kinds))}, got {context['tag']!r}"
    if kind == "union_tag_not_found":
        return f"{key}.kind is missing: one of {', '.join(sorted(kinds))}"
    if kind == "value_error":
        return str(context["error"])
    return f"{key}: {problem['msg']}, got {got!r}"


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def _nearest(parts: Sequence[str]) -> str:
    """A suggestion among all settings' names for a mistyped last part, or nothing."""
    schema = json_schema()
    tables = [schema, *schema["$defs"].values()]
    names = {name for table in tables for name in table.get("properties", {})}
    close = difflib.get_close_matches(parts[-1], names, n=1)
    return f"; did you mean {close[0]}?" if close else ""
