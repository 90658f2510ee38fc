"""The shipped settings: read alike by every tool, and their plans are complete."""

from collections import Counter
from pathlib import Path

import pytest
import yaml
from ruamel.yaml import YAML

from tests.conftest import ROOT, Project
from wespe.data.aligned import AlignedSettings
from wespe.data.aligned.source import work_folder
from wespe.data.folder import FolderSettings, find_photos
from wespe.reports.papers.values import TITLES
from wespe.settings.params import Evaluation, Rating, load
from wespe.training.methods.registry import RECIPES
from wespe.training.methods.wespe.settings import WespeRecipe

SHIPPED = [ROOT / "params.yaml", *sorted((ROOT / "configs").glob("*.yaml"))]
PAPER = ROOT / "configs" / "paper.yaml"
OWN_CAMERA = ROOT / "configs" / "own_camera.yaml"
TWO_CAMERAS = ROOT / "configs" / "two_cameras.yaml"
TABLES = ROOT / "configs" / "tables_sample.yaml"
SUPERVISED = ROOT / "configs" / "dped_sample_supervised.yaml"

# Photos of one's own, by the source that they belong to; what is published is downloaded.
PAPER_LAYOUT = {
    "htc_one_m9": "data/raw/phones/htc_one_m9/train/IMAG0001.jpg",
    "htc_one_m9_photos": "data/raw/phones/htc_one_m9/test/IMAG0002.jpg",
    "huawei_p9": "data/raw/phones/huawei_p9/train/IMG_1.jpg",
    "huawei_p9_photos": "data/raw/phones/huawei_p9/test/IMG_2.jpg",
    "iphone_6": "data/raw/phones/iphone_6/train/IMG_1.JPG",
    "iphone_6_photos": "data/raw/phones/iphone_6/test/IMG_2.JPG",
}
SUPERVISED_LAYOUT = {
    "iphone": "../shared/data/dped/patches/iphone/0.jpg",
    "canon": "../shared/data/dped/patches/canon/0.jpg",
    "pairs_200_299": "../shared/data/dped/patches/iphone/200.jpg",
}
WEIGHTS = "../shared/data/weights/vgg19_imagenet_conv.safetensors"
OWN_LAYOUT = {
    "camera": "photos/camera/2018/IMG_1.jpg",
    "wished": "photos/wished/1.jpg",
    "camera_test": "photos/camera/test/IMG_2.jpg",
}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_settings_are_the_same_for_every_tool(path: Path) -> None:
    text = path.read_text("utf-8")
    load(path)
    # PyYAML is Snakemake's and ours; DVC reads YAML 1.2, where `1e-4`, `on` and `010` differ.
    assert yaml.safe_load(text) == YAML(typ="safe", pure=True).load(text)


def test_the_papers_settings_are_the_papers() -> None:
    params = load(PAPER)
    recipe = params.recipes["paper"]
    assert recipe == WespeRecipe()
    for method in ("dped", "srcnn", "johnson"):
        assert params.recipes[method] == RECIPES[method](method=method)
    assert (recipe.steps, recipe.batch_size, params.patches.size_px) == (20_000, 30, 100)
    tables = Counter(name.partition("_")[0] for name in params.evaluations)
    assert tables == {"table2": 6 + 9, "table3": 6 + 3, "table6": 5}
    judged: dict[str, Evaluation | Rating] = {**params.evaluations, **params.ratings}
    for name, evaluation in judged.items():
        assert name.partition("_")[2] in (evaluation.pair, evaluation.pair.removesuffix("_div2k"))
        # Photos of the camera that the network is for.
        camera = params.pairs[evaluation.pair].source
        assert evaluation.photos in (f"{camera}_patches", f"{camera}_photos")
    targets = Counter(pair.target for pair in params.pairs.values() if pair.recipe == "paper")
    assert targets == {"div2k": 8, "iphone_canon": 1, "blackberry_canon": 1, "sony_canon": 1}
    # Every set of photos at full size is rated by both raters, with each of its networks.
    rated = Counter(
        (rating.rater, rating.pair, rating.photos) for rating in params.ratings.values()
    )
    whole = [
        (evaluation.pair, evaluation.photos)
        for name, evaluation in params.evaluations.items()
        if not name.startswith("table2")
    ]
    assert rated == Counter((rater, *both) for rater in ("ffs", "cornia") for both in whole)


@pytest.mark.parametrize(
    ("file", "layout", "jobs"),
    [
        # Sources, patch sets, trainings, evaluations, raters, ratings; metrics, tables, page, all.
        (PAPER, PAPER_LAYOUT, 24 + 12 + 20 + 29 + 2 + 28 + 4),
        (OWN_CAMERA, OWN_LAYOUT, 3 + 2 + 1 + 1 + 4),
        (SUPERVISED, SUPERVISED_LAYOUT, 3 + 2 + 3 + 3 + 4),
    ],
    ids=["paper", "own camera", "supervised"],
)
def test_with_the_photos_in_place_the_plan_is_complete(
    project: Project, file: Path, layout: dict[str, str], jobs: int
) -> None:
    for photo in [*layout.values(), WEIGHTS]:
        Path(photo).parent.mkdir(parents=True, exist_ok=True)
        Path(photo).touch()
    sources = load(file).sources
    for name, settings in sources.items():
        if name not in layout:
            listed = "data/flickr_removed.txt" if name == "faves" else "data/sources.csv"
            assert settings.path == listed
            continue
        assert isinstance(settings, FolderSettings)
        found = [
            Path(settings.path) / photo for photo in find_photos(Path(settings.path), settings)
        ]
        assert found == [Path(layout[name])]
    plan = project.do("snakemake", "--dry-run", "--configfile", f"configs/{file.name}")
    assert f"total {jobs}" in " ".join(plan.split())
    assert "found nothing" not in plan


def test_two_cameras_are_planned_from_two_folders_of_photos(project: Project) -> None:
    sources = load(TWO_CAMERAS).sources.values()
    assert {type(source) for source in sources} == {AlignedSettings}
    assert len({work_folder(source) for source in sources}) == 1  # type: ignore[arg-type]
    for side in ("phone", "camera"):
        photo = Path("photos") / side / "0001.jpg"
        photo.parent.mkdir(parents=True, exist_ok=True)
        photo.touch()
    plan = project.do("snakemake", "--dry-run", "--configfile", "configs/two_cameras.yaml")
    # Sources, patch sets, a training, evaluations; then metrics, tables, the page, the whole.
    assert f"total {4 + 2 + 1 + 2 + 4}" in " ".join(plan.split())
    assert "found nothing" not in plan


def test_the_paper_is_planned_completely_on_a_fresh_clone(project: Project) -> None:
    plan = project.do("snakemake", "--dry-run", "--configfile", "configs/paper.yaml")
    assert "total 119" in " ".join(plan.split())
    for name in PAPER_LAYOUT:
        assert plan.count(f"source {name}: expected photos at data/raw/phones") == 1


def test_the_papers_splits_are_those_of_its_tables() -> None:
    sources = load(PAPER).sources
    counts = {name: getattr(source, "count", None) for name, source in sources.items()}
    assert {name: count for name, count in counts.items() if count} == {
        "kitti": 8458,
        "kitti_photos": 124,
        "cityscapes": 2876,
        "cityscapes_photos": 143,
    }
    # No two sources are the same photos.
    assert len({source.model_dump_json() for source in sources.values()}) == len(sources)


def test_one_pair_can_be_planned_without_the_photos_of_others(project: Project) -> None:
    network = "results/paper/pairs/iphone_dped/generator.safetensors"
    plan = project.do("snakemake", "--dry-run", "--configfile", "configs/paper.yaml", "--", network)
    assert "total 5" in " ".join(plan.split())
    assert "found nothing" not in plan


def test_own_camera_trains_as_the_measured_run_does_only_longer() -> None:
    own = load(OWN_CAMERA).recipes["default"]
    measured = load(ROOT / "configs" / "dped_sample.yaml").recipes["default"]
    scale = {"steps", "batch_size", "sample_every", "save_every"}
    assert own.model_dump(exclude=scale) == measured.model_dump(exclude=scale)


def test_the_study_has_the_default_recipe() -> None:
    study = load(ROOT / "configs" / "dped_sample_study.yaml")
    default = load(ROOT / "configs" / "dped_sample.yaml").recipes["default"]
    assert study.recipes["default"] == default
    first = study.recipes["1_paper"]
    paper = WespeRecipe().model_dump()
    changed = {key for key, value in first.model_dump().items() if value != paper[key]}
    assert changed == {"steps", "batch_size", "generator", "content", "sample_every", "save_every"}


def test_the_tables_sample_is_planned_completely_and_trains_as_the_others_do(
    project: Project,
) -> None:
    tables = load(TABLES)
    for other in ("dped_sample.yaml", "dped_sample_supervised.yaml"):
        theirs = load(ROOT / "configs" / other)
        for name, recipe in theirs.recipes.items():
            assert tables.recipes[name] == recipe
        for name in set(theirs.pairs) & set(tables.pairs):
            ours = tables.pairs[name]
            assert (ours.target, ours.recipe) == (theirs.pairs[name].target, ours.recipe)
            sources = (ours.source, theirs.pairs[name].source)
            assert sources[0]
            assert sources[1]
            paths = (tables.sources[sources[0]], theirs.sources[sources[1]])
            mine, others = (source.model_dump(include={"path", "include"}) for source in paths)
            assert mine == others
    folders = ("div2k", "kitti", "cityscapes", "phones", "dped/iphone_full")
    photos = [f"{folder}/1.jpg" for folder in folders]
    photos += [f"dped/patches/{camera}/{n}.jpg" for camera in ("iphone", "canon") for n in (0, 200)]
    given = ["weights/vgg19_imagenet_conv.safetensors"]
    given += [f"dped/checkpoints/iphone_orig.{part}" for part in ("index", "data-00000-of-00001")]
    for file in photos + given:
        path = Path("../shared/data") / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    plan = project.do("snakemake", "--dry-run", "--configfile", "configs/tables_sample.yaml")
    stages = ("sources", "domains", "pairs", "evaluations", "raters", "ratings")
    jobs = sum(len(getattr(tables, stage)) for stage in stages) + 4
    assert f"total {jobs}" in " ".join(plan.split())
    assert "found nothing" not in plan


def test_every_evaluation_and_rating_of_the_paper_is_in_a_table_of_its_number() -> None:
    params = load(PAPER)
    tables = params.tables
    assert {table.paper for table in tables.values()} == set(TITLES) - {"sr_x4"}
    # Table 1 of DPED has pairs as table 2 has, the Flickr Faves Score the photos of tables 3 and 6.
    numbers = {"dped_table_1": "table2", "table_7": "table3", "table_8": "table6"}
    for name, table in tables.items():
        number = numbers.get(name, name.replace("_", ""))
        assert {evaluation.partition("_")[0] for evaluation in table.evaluations} == {number}
    for listed, named in (("evaluations", params.evaluations), ("ratings", params.ratings)):
        assert {name for table in tables.values() for name in getattr(table, listed)} == set(named)


def test_every_method_is_in_a_shipped_file() -> None:
    methods = {recipe.method for path in SHIPPED for recipe in load(path).recipes.values()}
    assert methods == set(RECIPES)
