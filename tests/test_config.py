"""Wrong settings are refused by name, all at once, before any work."""

import copy
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import yaml

from tests.conftest import ROOT
from wespe.core.schema import SettingsError
from wespe.data.registry import SOURCES
from wespe.settings.params import Run, json_schema, load
from wespe.training.methods.dped.settings import DpedRecipe
from wespe.training.methods.johnson.settings import JohnsonRecipe
from wespe.training.methods.registry import RECIPES
from wespe.training.methods.wespe.settings import WespeRecipe

SHIPPED = [ROOT / "params.yaml", *sorted((ROOT / "configs").glob("*.yaml"))]
DELETED = object()
KINDS, METHODS = (
    " or ".join(", ".join(sorted(names)).rsplit(", ", 1)) for names in (SOURCES, RECIPES)
)


def write(path: Path, changes: Mapping[str, Any]) -> Path:
    """The demo's settings with `changes` by dotted key."""
    tree = yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))
    # What names a pair or holds a recipe a second time: every message would be there twice.
    del tree["ratings"], tree["recipes"]["adversaries"], tree["pairs"]["with_adversaries"]
    del tree["evaluations"]["scenes_adversaries"]
    del tree["tables"]["scenes"]["evaluations"]["scenes_adversaries"]
    for key, value in changes.items():
        *parents, last = key.split(".")
        table = tree
        for parent in parents:
            table = table.setdefault(parent, {})
        if value is DELETED:
            del table[last]
        else:
            table[last] = copy.deepcopy(value)
    path.write_text(yaml.safe_dump(tree), "utf-8")
    return path


def refusal(path: Path) -> list[str]:
    """The lines of the refusal, without the file's name, which all have to begin with."""
    with pytest.raises(SettingsError) as caught:
        load(path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(str(path)) for line in lines)
    return [line.removeprefix(str(path)).removeprefix(": ") for line in lines]


NAME = "must be a name of letters, digits, - and _"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        # Unknown keys, at every depth; the suggestion is a setting of that very table.
        ("recepies", {}, "recepies is not a setting; did you mean recipes?"),
        ("run.sead", 1, "run.sead is not a setting; did you mean seed?"),
        (
            "recipes.demo.generator.widht",
            8,
            "recipes.demo.generator.widht is not a setting; did you mean width?",
        ),
        (
            "sources.phone.include",
            ["**"],
            "sources.phone.include is not a setting; expected one of kind, path, licence, "
            "simulated, role",
        ),
        # Wrong types.
        ("recipes.demo.steps", "400", "recipes.demo.steps must be a whole number, got '400'"),
        ("recipes.demo.steps", 400.0, "recipes.demo.steps must be a whole number, got 400.0"),
        ("recipes.demo.steps", 0.5, "recipes.demo.steps must be a whole number, got 0.5"),
        ("recipes.demo.steps", True, "recipes.demo.steps must be a whole number, got True"),
        ("recipes.demo.steps", None, "recipes.demo.steps must be a whole number, got nothing"),
        ("recipes.demo.augment", "yes", "recipes.demo.augment must be true or false, got 'yes'"),
        ("run.results", 5, "run.results must be a string, got 5"),
        (
            "run.results",
            "my results",
            "run.results must be a path of letters, digits and ./:@%+=,-_ without spaces, "
            "got 'my results'",
        ),
        ("run", None, "run must be a mapping, got nothing"),
        ("recipes.demo", "paper", "recipes.demo must be a mapping, got 'paper'"),
        ("pairs", [], "pairs must be a mapping, got []"),
        (
            "evaluations.scenes.baselines",
            "clahe",
            "evaluations.scenes.baselines must be a list, got 'clahe'",
        ),
        # What YAML makes of numbers.
        (
            "recipes.demo.learning_rate",
            "1e-4",
            "recipes.demo.learning_rate must be a number, got '1e-4' (write 1.0e-4, not 1e-4)",
        ),
        (
            "recipes.demo.learning_rate",
            "fast",
            "recipes.demo.learning_rate must be a number, got 'fast'",
        ),
        (
            "recipes.demo.learning_rate",
            float("inf"),
            "recipes.demo.learning_rate must be a finite number, got inf",
        ),
        (
            "recipes.demo.weights.tv",
            float("nan"),
            "recipes.demo.weights.tv must be a finite number, got nan",
        ),
        # Ranges.
        ("recipes.demo.steps", 0, "recipes.demo.steps must be at least 1, got 0"),
        ("recipes.demo.learning_rate", 0, "recipes.demo.learning_rate must be more than 0, got 0"),
        ("recipes.demo.adam_beta1", 1.0, "recipes.demo.adam_beta1 must be less than 1, got 1.0"),
        ("patches.max_clipped", 1.5, "patches.max_clipped must be at most 1, got 1.5"),
        ("run.seed", 2**32, "run.seed must be less than 4294967296, got 4294967296"),
        # Choices.
        (
            "sources.phone.role",
            "fone",
            "sources.phone.role must be 'phone', 'dslr' or 'test', got 'fone'",
        ),
        ("sources.phone.kind", "nikon", f"sources.phone.kind must be {KINDS}, got 'nikon'"),
        ("sources.phone.kind", DELETED, f"sources.phone.kind must be {KINDS}, got nothing"),
        (
            "evaluations.scenes.baselines",
            ["clahe", "gimp"],
            "evaluations.scenes.baselines must be among histogram_match, transport, autocontrast, "
            "grey_world, clahe, each once, got 'gimp'",
        ),
        # Missing.
        ("evaluations", DELETED, "evaluations is missing"),
        (
            "recipes.demo.method",
            "unet",
            f"recipes.demo.method must be {METHODS}, got 'unet'",
        ),
        ("sources.phone.path", DELETED, "sources.phone.path is missing"),
        # Names, which become folders.
        ("run.name", "my run", f"run.name {NAME}, got 'my run'"),
        ("run.name", "", f"run.name {NAME}, got ''"),
        (
            "pairs.a/b",
            {"source": "phone", "target": "dslr", "recipe": "demo"},
            f"pairs.a/b {NAME}, got 'a/b'",
        ),
        # Names of what there is not.
        (
            "evaluations.scenes.metrics",
            ["ssim", "psnr"],
            "evaluations.scenes.metrics must be among psnr_db, ssim, ms_ssim, psnr_y_db, "
            "ssim_y, vgg_distance, entropy_bit, png_bpp, brisque, each once, got 'psnr'",
        ),
        (
            "domains",
            ["phone", "dslr", "fone"],
            "domains must name sources (dslr, faves, phone, scenes), each once, got 'fone'",
        ),
        (
            "domains",
            ["phone", "dslr", "phone"],
            "domains must name sources (dslr, faves, phone, scenes), each once, got 'phone'",
        ),
        (
            "domains",
            ["phone"],
            "domains must include 'dslr', which pairs.phone_dslr.target names, got phone",
        ),
        (
            "pairs.phone_dslr.start",
            "phone",
            "pairs.phone_dslr.start must name a pair (phone_dslr), got 'phone'",
        ),
        (
            "pairs.phone_dslr.start",
            "phone_dslr",
            "pairs.phone_dslr.start leads back to itself: phone_dslr",
        ),
        (
            "patches.counts",
            {"fone": 9},
            "patches.counts must name domains (phone, dslr), got 'fone'",
        ),
        (
            "pairs.phone_dslr.source",
            "fone",
            "pairs.phone_dslr.source must name a source (dslr, faves, phone, scenes), got 'fone'",
        ),
        (
            "pairs.phone_dslr.target",
            "dlsr",
            "pairs.phone_dslr.target must name a source (dslr, faves, phone, scenes), got 'dlsr'",
        ),
        (
            "pairs.phone_dslr.recipe",
            "paper",
            "pairs.phone_dslr.recipe must name a recipe (demo), got 'paper'",
        ),
        # A pair is trained or given.
        (
            "pairs.phone_dslr.network",
            "iphone_orig",
            "pairs.phone_dslr must have either a recipe or a network, got both",
        ),
        (
            "pairs.phone_dslr.recipe",
            DELETED,
            "pairs.phone_dslr must have either a recipe or a network, got neither",
        ),
        (
            "raters.ffs",
            {"kind": "cornia", "photos": "faves", "opinions": "people"},
            "raters.ffs.opinions must not be people: sources.faves has no scores",
        ),
        (
            "sources.mine",
            {"kind": "folder", "path": "mine", "scores": "mos.csv", "scores_where": ["rated"]},
            "sources.mine.scores_where.0 must be a condition column=value, got 'rated'",
        ),
        ("pairs.phone_dslr.source", DELETED, "pairs.phone_dslr.source is missing"),
        (
            "pairs.given",
            {"network": "iphone_orig", "source": "phone"},
            "pairs.given must have both source and target or neither, got one of them",
        ),
        (
            "pairs.given",
            {"network": "iphone_orig", "seed": 1},
            "pairs.given.seed is the seed of a training; a network is not trained",
        ),
        (
            "evaluations.scenes.pair",
            "dslr_phone",
            "evaluations.scenes.pair must name a pair (phone_dslr), got 'dslr_phone'",
        ),
        (
            "evaluations.scenes.photos",
            "test",
            "evaluations.scenes.photos must name a source (dslr, faves, phone, scenes), got 'test'",
        ),
        (
            "pairs.phone_dslr",
            DELETED,
            "evaluations.scenes.pair must name a pair (there are none), got 'phone_dslr'",
        ),
    ],
)
def test_one_problem_is_one_line_with_key_expectation_and_value(
    tmp_path: Path, key: str, value: Any, message: str
) -> None:
    path = write(tmp_path / "params.yaml", {key: value})
    assert refusal(path) == [message]


def test_what_a_whole_table_gets_wrong_is_said_without_the_table(tmp_path: Path) -> None:
    changes = {"recipes.demo.pretrained": "any_kamera"}
    assert refusal(write(tmp_path / "params.yaml", changes)) == [
        "recipes.demo: pretrained must be a file or one of any_camera, got 'any_kamera'"
    ]


def test_any_camera_needs_restoration(tmp_path: Path) -> None:
    changes = {
        "pairs.phone_dslr.any_camera": True,
        "recipes.demo.weights": {},
        "recipes.demo.keep": 0.0,
    }
    assert refusal(write(tmp_path / "params.yaml", changes)) == [
        "pairs.phone_dslr.any_camera needs a recipe with weights.restoration; recipes.demo has none"
    ]


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    changes = {
        "run.sead": 1,
        "recipes.demo.steps": -3,
        "sources.phone.kind": "nikon",
        "pairs.phone_dslr.target": "dlsr",
        "evaluations.scenes.pair": "phone",
        "evaluations.scenes.photos": DELETED,
    }
    problems = refusal(write(tmp_path / "params.yaml", changes))
    assert sorted(problem.split()[0] for problem in problems) == [
        "evaluations.scenes.pair",
        "evaluations.scenes.photos",
        "pairs.phone_dslr.target",
        "recipes.demo.steps",
        "run.sead",
        "sources.phone.kind",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a mapping of settings, got nothing"),
        ("# all commented out\n", "expected a mapping of settings, got nothing"),
        ("- run\n- sources\n", "expected a mapping of settings, got ['run', 'sources']"),
        (
            "run: {name: x\n",
            ", line 2: not valid YAML: expected ',' or '}', but got '<stream end>'",
        ),
        (
            "run:\n\tname: x\n",
            ", line 2: not valid YAML: found character '\\t' that cannot start any token",
        ),
        ("run: {}\nrun: {}\n", ", line 2: not valid YAML: the key 'run' appears twice"),
        ("run: {}\n? [a]\n: 1\n", ", line 2: not valid YAML: found unhashable key"),
        (
            "2024-01-01: x\n",
            "expected values that JSON can hold: keys must be str, int, float, bool or None, "
            "not datetime.date",
        ),
        ("a: &a [*a]\n", "expected values that JSON can hold: Circular reference detected"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    assert refusal(path) == [message]


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "params.yaml") == ["no such settings file; wespe init writes one"]
    assert refusal(tmp_path) == ["expected a settings file, got Is a directory"]
    (tmp_path / "latin.yaml").write_bytes("run: {name: Zürich}".encode("latin-1"))
    assert "can't decode byte 0xfc" in refusal(tmp_path / "latin.yaml")[0]


def test_the_defaults_of_a_recipe_are_those_of_the_paper() -> None:
    recipe = WespeRecipe()
    assert (recipe.method, recipe.steps, recipe.batch_size) == ("wespe", 20000, 30)
    weights = recipe.weights
    assert (weights.content, weights.color, weights.texture, weights.tv) == (1, 5e-3, 5e-3, 10)
    # What the paper does not have is off.
    assert (weights.transport, weights.identity, recipe.discriminator.r1, recipe.ema) == (0,) * 4
    assert (recipe.decay_from, recipe.augment) == (1, False)
    assert (recipe.content.extractor, recipe.content.layer) == ("vgg19", "relu5_4")
    assert (recipe.generator.blocks, recipe.generator.width) == (4, 64)
    assert (recipe.generator.norm, recipe.generator.start) == ("batch", "random")
    assert recipe.learning_rate == recipe.discriminator_learning_rate == 5e-4
    # The DPED paper's variance of 3 as a standard deviation.
    assert recipe.blur_sigma_px**2 == pytest.approx(3, abs=1e-6)


def test_processes_share_a_batch_evenly(tmp_path: Path) -> None:
    changes = {"run.devices": 4, "run.nodes": 2, "recipes.demo.batch_size": 24}
    assert load(write(tmp_path / "even.yaml", changes)).run.devices == 4
    changes["recipes.demo.batch_size"] = 30
    assert refusal(write(tmp_path / "odd.yaml", changes)) == [
        "recipes.demo.batch_size must be a multiple of 8 (run.devices × run.nodes), got 30"
    ]


def test_a_recipe_without_a_method_is_one_of_wespe(tmp_path: Path) -> None:
    recipe = load(write(tmp_path / "params.yaml", {"recipes.demo.method": DELETED})).recipes["demo"]
    assert isinstance(recipe, WespeRecipe)
    assert recipe == load(ROOT / "params.yaml").recipes["demo"]


@pytest.mark.parametrize("method", ["dped", "srcnn", "johnson"])
def test_a_recipe_has_the_settings_of_its_method(tmp_path: Path, method: str) -> None:
    path = write(tmp_path / "params.yaml", {"recipes.demo": {"method": method, "steps": 7}})
    recipe = load(path).recipes["demo"]
    assert (type(recipe), recipe.steps) == (RECIPES[method], 7)
    jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), json_schema())
    write(path, {"recipes.demo": {"method": method, "weights": {"transport": 1.0}}})
    [problem] = refusal(path)
    assert problem.startswith(
        "recipes.demo.weights.transport is not a setting"
        if method == "dped"
        else "recipes.demo.weights is not a setting"
    )


def test_a_layer_is_the_methods_own_where_content_names_none(tmp_path: Path) -> None:
    recipe = {"method": "johnson", "content": {"weights": "vgg19.safetensors"}}
    johnson = load(write(tmp_path / "params.yaml", {"recipes.demo": recipe})).recipes["demo"]
    assert isinstance(johnson, JohnsonRecipe)
    assert johnson.content.layer == "relu2_2"
    assert johnson.given_files == ("vgg19.safetensors",)


def test_the_defaults_of_dped_are_those_of_its_code_for_means() -> None:
    recipe = DpedRecipe(method="dped")
    weights, patch = recipe.weights, 3 * 100**2
    assert (weights.content, weights.tv) == (10, 2000)
    assert (weights.color, weights.texture) == (0.5 * patch / 2, 1 * recipe.batch_size)
    # The standard deviation of the code's kernel: 21 values, each the root of a normal cell's mass.
    edges = np.linspace(-3 - 1 / 6, 3 + 1 / 6, 22)
    mass = np.sqrt(np.diff([0.5 * (1 + math.erf(edge / 2**0.5)) for edge in edges]))
    sigma_px = np.sqrt((mass / mass.sum() * np.arange(-10, 11) ** 2).sum())
    assert recipe.blur_sigma_px == pytest.approx(sigma_px, abs=0.05)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        WespeRecipe().steps = 1


def test_the_schema_for_editors_is_the_one_of_the_code() -> None:
    shipped = json.loads((ROOT / "docs" / "params.schema.json").read_text("utf-8"))
    assert shipped == json_schema(), "run `wespe schema > docs/params.schema.json`"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_file_loads_and_fits_the_schema(path: Path) -> None:
    load(path)
    jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), json_schema())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_file_shows_editors_where_the_schema_is(path: Path) -> None:
    [place] = [
        line.rpartition("=")[2]
        for line in path.read_text("utf-8").splitlines()
        if line.startswith("# yaml-language-server:")
    ]
    assert (path.parent / place).resolve() == ROOT / "docs" / "params.schema.json"


def test_every_setting_is_described() -> None:
    schema = json_schema()
    for table, fields in schema["$defs"].items():
        for name, field in fields["properties"].items():
            described = field.keys() & {"description", "$ref", "const"}
            assert described, f"{table}.{name} has no description for the editor"


def test_mlflow_is_the_one_of_the_environment_where_the_settings_name_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert Run().tracking == "sqlite:///mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    assert Run().tracking == "http://mlflow:5000"
    assert Run(tracking="").tracking == ""


ENLARGING: dict[str, Any] = {
    "recipes.demo": {"method": "compact"},
    "patches.size_px": 64,
    "pairs.phone_dslr": {"target": "dslr", "recipe": "demo"},
    "evaluations.scenes.baselines": ["clahe"],
}


def test_super_resolution_needs_a_target_alone(tmp_path: Path) -> None:
    params = load(write(tmp_path / "params.yaml", ENLARGING))
    assert params.pairs["phone_dslr"].patches == {"target": "dslr"}
    assert params.recipes["demo"].enlarges


def test_frames_in_a_row_come_from_clips(tmp_path: Path) -> None:
    clips = {"kind": "clips", "path": "films", "frames": 9}
    changes = ENLARGING | {
        "recipes.moving": {"method": "tecogan", "frames": 3},
        "sources.films": clips,
        "pairs.moving": {"target": "films", "recipe": "moving", "start": "phone_dslr"},
        "domains": ["phone", "dslr", "films"],
    }
    assert load(write(tmp_path / "params.yaml", changes)).recipes["moving"].clip_frames == 3
    assert refusal(write(tmp_path / "other.yaml", changes | {"pairs.moving.target": "dslr"})) == [
        "pairs.moving.target must name a source of the kind clips, since recipes.moving learns "
        "from frames in a row; dslr is demo"
    ]
    odd = changes | {"sources.films": clips | {"frames": 10}}
    assert refusal(write(tmp_path / "odd.yaml", odd)) == [
        "sources.films.frames must be a multiple of recipes.moving.frames (3), got 10"
    ]


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        (
            "pairs.phone_dslr.source",
            "phone",
            "pairs.phone_dslr.source must be left out: recipes.demo makes photos of the target "
            "smaller",
        ),
        ("pairs.phone_dslr.target", DELETED, "pairs.phone_dslr.target is missing"),
        (
            "patches.size_px",
            66,
            "patches.size_px must be a multiple of recipes.demo.scale (4), got 66",
        ),
        (
            "evaluations.scenes.baselines",
            ["transport"],
            "evaluations.scenes.baselines must be without transport, which is fitted to source and "
            "target: pairs.phone_dslr names none",
        ),
    ],
)
def test_what_super_resolution_cannot_use_is_refused(
    tmp_path: Path, key: str, value: Any, problem: str
) -> None:
    assert refusal(write(tmp_path / "params.yaml", ENLARGING | {key: value})) == [problem]
