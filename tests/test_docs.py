"""The pages say what the code does: settings, commands, links and examples."""

import argparse
import importlib.util
import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import BaseModel

from tests.conftest import ROOT
from tests.made import manifest
from wespe import cli
from wespe.cli.groups import GROUPS
from wespe.cli.parser import Commands
from wespe.core.device import resolve
from wespe.data.patches.store import PatchSet
from wespe.data.registry import SOURCES, Source
from wespe.judging.baselines import baselines
from wespe.judging.metrics.measuring import measure
from wespe.judging.metrics.registry import METRICS, Metric
from wespe.judging.raters.registry import RATERS
from wespe.judging.registry import BASELINES, Baseline
from wespe.networks.checkpoints import load_generator, save_generator
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.networks.limits import network_limits
from wespe.networks.registry import ARCHITECTURES
from wespe.photos.images import write_photo
from wespe.reports.papers.settings import Table, TableEntry
from wespe.results.score import Score
from wespe.settings import docs as reference
from wespe.settings import params as config
from wespe.training.methods.registry import RECIPES
from wespe.training.methods.step import Task
from wespe.training.transport.transports import Transports

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
EXTENDING = (ROOT / "docs" / "extending.md").read_text("utf-8")
COMMANDS = Commands(argparse.ArgumentParser())
for group in GROUPS:
    group.add(COMMANDS)


def test_the_reference_of_settings_is_up_to_date() -> None:
    written = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert written.rstrip() == reference.markdown().rstrip(), (
        "run: wespe schema --markdown > docs/settings.md"
    )


def test_the_schema_for_editors_is_up_to_date() -> None:
    written = json.loads((ROOT / "docs" / "params.schema.json").read_text("utf-8"))
    assert written == config.json_schema(), "run: wespe schema > docs/params.schema.json"


def test_the_reference_has_every_setting_with_an_explanation() -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    entries = dict(re.findall(r"^- \*\*`(.+?)`\*\*: .*\n  (.*)$", page, re.MULTILINE))
    groups: list[tuple[str, type[BaseModel]]] = [
        ("run", config.Run),
        ("patches", config.Patches),
        ("pairs.NAME", config.Pair),
        ("evaluations.NAME", config.Evaluation),
        ("ratings.NAME", config.Rating),
        ("studies.NAME", config.Study),
        ("tables.NAME", Table),
        ("tables.NAME.evaluations.NAME", TableEntry),
        *(("sources.NAME", source.settings) for source in SOURCES.values()),
        *(("recipes.NAME", recipe) for recipe in RECIPES.values()),
        *(("raters.NAME", rater) for rater in RATERS.values()),
    ]
    lists = {"domains"}
    found = {key.partition(".")[0] for key, _ in groups} | lists
    assert found == set(config.Params.model_fields)
    expected = lists | {key for group, model in groups for key in settings_below(group, model)}
    assert entries.keys() == expected
    assert all(text.endswith(".") for text in entries.values())


def settings_below(key: str, model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings_below(f"{key}.{name}", kind)
        else:
            yield f"{key}.{name}"


def test_the_command_prints_the_reference(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["schema", "--markdown"])
    assert not end.value.code
    assert capsys.readouterr().out.startswith("# Settings\n")


def test_a_page_has_every_command() -> None:
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    wanted = [*(f"wespe {name}" for name in COMMANDS.names), "make all", "make test"]
    # `wespe sync` in a table, in a sentence or in a block; `make` alone is `make all`.
    lacking = [command for command in wanted if not re.search(rf"\b{command}\b", page)]
    assert not lacking


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_target_follows_the_settings_file(page: Path) -> None:
    # Snakemake's --configfile takes every word up to the next option: a target would be a file.
    assert not re.search(r"--configfile \S+ \w", page.read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(<?([^)>\s]+)>?[^)]*\)", text)
    targets += re.findall(r"""(?:src|href)=["']([^"']+)["']""", text)
    for target in targets:
        file, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = page.parent / file if file else page
        assert path.exists(), f"{page.name}: {target} leads nowhere"
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path), f"{page.name}: {target} has no such heading"


def anchors(page: Path) -> set[str]:
    """The names that Git hosts give a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def commands(page: Path) -> Iterator[str]:
    """The `wespe …` lines of a page's fenced blocks, continued lines joined."""
    for block in re.findall(r"^```\w*\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.M):
        for line in block.replace("\\\n", " ").splitlines():
            if match := re.match(r"(?:\$ )?(wespe .*)", line.strip()):
                yield match[1]


@pytest.mark.parametrize(
    "line", [pytest.param(line, id=line) for page in PAGES for line in commands(page)]
)
def test_commands_exist_as_they_are_written(line: str) -> None:
    words = shlex.split(line, comments=True)
    # What the shell keeps for itself is not the command's.
    shell = next((n for n, word in enumerate(words) if word in {"|", ">", "&&", ";"}), len(words))
    cli.make_parser().parse_args(words[1:shell])


def snippet(title: str) -> str:
    """The first Python block after the words `title` of the page on extending."""
    found = re.search(r"```python\n(.*?)```", EXTENDING.partition(title)[2], re.DOTALL)
    assert found, title
    return found[1]


def module(name: str, code: str, folder: Path, patch: pytest.MonkeyPatch) -> ModuleType:
    """`code` imported as the module `name`."""
    path = folder / f"{name}.py"
    path.write_text(code)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    patch.setitem(sys.modules, name, made)
    spec.loader.exec_module(made)
    return made


def entry(title: str, **names: Any) -> tuple[str, Any]:
    """The dictionary entry after the words `title`."""
    ((key, value),) = eval(f"{{{snippet(title)}}}", names).items()
    return key, value


def test_the_example_of_a_source_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = snippet("`wespe/data/listed.py`:")
    listed = module("wespe.data.listed", code, tmp_path, monkeypatch)
    key, source = entry("In `SOURCES`", Source=Source, listed=listed)
    monkeypatch.chdir(tmp_path)
    Path("photos.txt").write_text("a.png\nb.png\n")
    settings = source.settings(kind=key, path="photos.txt")
    with pytest.raises(ValueError, match=r"source mine: expected photos in photos\.txt, got none"):
        source.acquire("mine", settings, tmp_path)
    write_photo(Path("a.png"), np.zeros((4, 6, 3), np.uint8))
    index = source.acquire("mine", settings, tmp_path)
    assert [(photo.file, photo.width_px, photo.height_px) for photo in index.photos] == [
        ("a.png", 6, 4)
    ]
    assert index.path(index.photos[0]).is_file()
    assert [(left.file, left.reason) for left in index.skipped] == [
        ("b.png", "unreadable: no such file")
    ]
    for field in source.settings.model_fields.values():
        assert field.description


def test_the_example_of_a_metric_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = snippet("`wespe/judging/metrics/sharpness.py`:")
    module("wespe.judging.metrics.sharpness", code, tmp_path, monkeypatch)
    key, metric = entry("Add it to `METRICS`", Metric=Metric, Score=Score)
    monkeypatch.setitem(METRICS, key, metric)
    assert key in measure(np.zeros((20, 20, 3), np.uint8), None, [key])
    test = module("example", snippet("`tests/test_metrics_sharpness.py`"), tmp_path, monkeypatch)
    test.test_hand_computed()


def test_the_example_of_a_baseline_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = snippet("`wespe/judging/brighten.py`:")
    module("wespe.judging.brighten", code, tmp_path, monkeypatch)
    key, made = entry("Add it to `BASELINES`", Baseline=Baseline)
    monkeypatch.setitem(BASELINES, key, made)
    enhancers = baselines([key], None)
    photo = np.full((2, 3, 3), 100, np.uint8)
    # 255 (100 / 255)^0.8 = 120.6.
    assert (enhancers[key](photo) == 121).all()


def test_the_example_of_a_network_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = snippet("`wespe/networks/doubling.py`:")
    made = module("wespe.networks.doubling", code, tmp_path, monkeypatch)
    key, address = entry("In `ARCHITECTURES`")
    monkeypatch.setitem(ARCHITECTURES, key, address)
    monkeypatch.setattr("wespe.networks.doubling", made, raising=False)
    file = tmp_path / "network.safetensors"
    save_generator(file, made.Doubling())
    network = load_generator(file)
    photo = np.random.default_rng(0).random((31, 45, 3), np.float32)
    image = torch.from_numpy(photo).permute(2, 0, 1)[None]
    with torch.inference_mode():
        whole = network(image).clamp(0, 1)[0].permute(1, 2, 0).numpy()
    tiles = PhotoEnhancer(network, tile_px=20).enhance(photo)
    assert tiles.shape == (62, 90, 3)
    np.testing.assert_allclose(tiles, whole, atol=1e-5, rtol=0)
    assert "Its results are 2 times as wide and as high as the original." in network_limits(network)


@pytest.mark.slow
def test_the_example_of_a_method_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = "wespe.training.methods.pix2pix"
    code = (
        snippet(f"`{package.replace('.', '/')}/{file}.py` has") for file in ("settings", "step")
    )
    settings = module(f"{package}.settings", next(code), tmp_path, monkeypatch)
    step_module = module(f"{package}.step", next(code), tmp_path, monkeypatch)
    key, recipe_class = entry("In `RECIPES`", pix2pix=settings)
    assert recipe_class.step == f"{package}.step:{step_module.Pix2PixStep.__name__}"
    small = {"generator": {"width": 4, "blocks": 0}, "learning_rate": 2e-2}
    recipe = recipe_class.model_validate({"method": key, **small})
    one = PatchSet(np.zeros((1, 32, 32, 3), np.uint8), manifest([(0, 0, 0)]))
    x = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    y = torch.full_like(x, 0.9)
    transports = Transports(one, one, shrink=True)
    step = step_module.Pix2PixStep(recipe, Task((x, y), transports, resolve("cpu-fp32"), 0))
    first, *_, last = (step.train_step((x, y), 1) for _ in range(20))
    assert set(first) == {"l1", "color", "total", "d_color"}
    assert last["l1"] < 0.8 * first["l1"]
    assert step.sample().shape == (2 * 32, 3 * 32, 3)
