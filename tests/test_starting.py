"""The first step of one's own training: what the photos are, what is needed, the settings."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from tests.conftest import ROOT
from wespe import cli
from wespe.apps.starting import needs as needed
from wespe.apps.starting.needs import downloads, needs
from wespe.apps.starting.photos import look_at, told
from wespe.apps.starting.speed import seconds_per_step
from wespe.apps.starting.write import held_out, write_settings
from wespe.core.device import resolve
from wespe.data.folder import FolderSettings, find_photos
from wespe.settings.params import load
from wespe.training.methods.srcnn.settings import SrcnnRecipe
from wespe.training.methods.wespe.settings import WespeRecipe

Call = Callable[..., tuple[Any, list[str], str]]


def photo(
    path: str, *, camera: str = "", size: tuple[int, int] = (120, 110), seed: int = 0
) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if camera:
        exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = camera.split("/")
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), np.uint8)
    Image.fromarray(pixels).save(path, exif=exif)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


@pytest.fixture
def folders() -> None:
    for number in range(12):
        photo(f"camera/{number:02}.jpg", camera="Acme/Acme One", seed=number)
        photo(f"wished/{number}.jpg", camera="Canon/EOS", seed=100 + number)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*arguments: str) -> tuple[Any, list[str], str]:
        with pytest.raises(SystemExit) as end:
            cli.main(arguments)
        printed = capsys.readouterr()
        return end.value.code or 0, printed.out.splitlines(), printed.err

    return run


def test_a_look_tells_cameras_sizes_and_what_is_left_out() -> None:
    photo("p/a.jpg", camera="Acme/One", size=(1000, 500), seed=1)
    photo("p/b.jpg", camera="Acme/Acme One", seed=2)
    photo("p/c.jpg", camera="Acme/One", size=(1000, 500), seed=1)
    photo("p/d.png", size=(120, 40))
    Path("p/e.jpg").write_text("no photo")
    look = look_at(Path("p"), ["a.jpg", "b.jpg", "c.jpg", "d.png", "e.jpg", "gone.jpg"])
    assert look.photos == ("a.jpg", "b.jpg")
    assert look.cameras == {"Acme One": 2}
    assert look.megapixels == (0.5, 0.0132)
    assert dict(look.left_out) == {
        "c.jpg": "the same as a.jpg",
        "d.png": "too small, 120×40 px",
        "e.jpg": "not an image",
        "gone.jpg": "no such file",
    }


def test_what_is_wrong_with_the_photos_is_told() -> None:
    for number in range(9):
        camera = ("Acme/One", "Acme/Two", "")[number % 3]
        photo(f"p/{number}.png", camera=camera, seed=number)
    look = look_at(Path("p"), [f"{number}.png" for number in range(9)])
    lines = [*told(look, one_camera=True)]
    assert lines[:2] == [
        "9 photos, 0.013 to 0.013 MP",
        "cameras: 3 Acme One, 3 Acme Two, 3 without a camera in EXIF",
    ]
    starts = [line.partition(":")[0].partition(",")[0] for line in lines[2:]]
    assert starts == [
        *("too few", "of several cameras"),
        *("many without EXIF", "small photos"),
    ]
    assert len([*told(look, one_camera=False)]) == 3
    assert next(told(look_at(Path("p"), []), one_camera=True)) == "0 photos"


def test_a_tenth_is_held_out_evenly() -> None:
    photos = [f"{number:03}.jpg" for number in range(40)]
    assert held_out(photos) == ["005.jpg", "015.jpg", "025.jpg", "035.jpg"]
    assert held_out(photos[:2]) == ["001.jpg"]
    assert len(held_out([str(number) for number in range(500)])) == 12


def test_the_settings_train_as_the_shipped_ones_do() -> None:
    names = ["a [1].jpg", "b*.jpg", 'c".jpg']
    write_settings(Path("my.yaml"), "my", photos=Path("ca mera"), wish=Path("w"), test=names)
    made, shipped = (load(path) for path in (Path("my.yaml"), ROOT / "configs/own_camera.yaml"))
    assert made.recipes == shipped.recipes
    assert made.patches == shipped.patches
    assert (made.run.results, made.run.data) == ("results/my", "data/my")
    for name in [*names, "d.jpg", "a 1.jpg"]:
        photo(f"ca mera/{name}.png")
        Path(f"ca mera/{name}.png").rename(f"ca mera/{name}")
    sources = {key: made.sources[key] for key in ("camera", "camera_test")}
    found = {}
    for key, source in sources.items():
        assert isinstance(source, FolderSettings)
        found[key] = find_photos(Path(source.path), source)
    assert found == {"camera": ["a 1.jpg", "d.jpg"], "camera_test": sorted(names)}
    with pytest.raises(ValueError, match=r"my\.yaml is there already"):
        write_settings(Path("my.yaml"), "my", photos=Path("c"), wish=Path("w"), test=names)


def test_init_writes_settings_and_says_what_follows(call: Call, folders: None) -> None:
    code, lines, error = call(
        *("init", "mine", "--photos", "camera", "--wish", "wished", "--no-measure")
    )
    assert (code, error) == (0, "")
    assert lines[0] == "camera: 11 photos, 0.013 to 0.013 MP"
    assert "camera: cameras: 11 Acme One" in lines
    assert "wished: cameras: 12 Canon EOS" in lines
    assert "camera_test: 1 photo" in lines
    assert "no weights to download" in lines
    assert lines[-3:] == [
        "mine.yaml is written. Next, in the project's folder:",
        "  snakemake --cores all --configfile mine.yaml",
        "  wespe enhance photo.jpg --model mine --params mine.yaml",
    ]
    code, again, _ = call("check", "--params", "mine.yaml", "--no-measure")
    assert code == 0
    assert again == ["mine.yaml: 1 pair, no mistakes found", *lines[:-3]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("my camera", "camera", "wished"), "expected a name of letters, digits, - and _"),
        (("mine", "gone", "wished"), "--photos: expected a folder of photos, got gone"),
        (("mine", "camera", "camera/00.jpg"), "--wish: expected a folder of photos, got camera"),
        (
            ("mine", "camera", "camera/../camera"),
            "expected two folders of photos, got camera",
        ),
        (("mine", "camera", "empty"), "empty: expected photos, found none that can be used"),
        (("mine", "one", "wished"), "one: expected two photos at least, one of them to test"),
    ],
)
def test_what_is_no_start_is_refused_and_leaves_nothing(
    call: Call, folders: None, arguments: tuple[str, str, str], message: str
) -> None:
    Path("empty").mkdir()
    photo("one/a.jpg")
    name, photos, wish = arguments
    code, lines, error = call("init", name, "--photos", photos, "--wish", wish)
    assert (code, lines) == (1, [])
    assert error.startswith(f"wespe init: {message}")
    assert not [*Path().glob("*.yaml")]


def test_photos_in_both_folders_are_told(folders: None) -> None:
    photo("wished/again.jpg", camera="Acme/Acme One", seed=3)
    write_settings(Path("a.yaml"), "a", photos=Path("camera"), wish=Path("wished"), test=["00.jpg"])
    lines = [*needs(load(Path("a.yaml")), measure=False)]
    assert "a: 1 of the photos are in both camera and wished" in lines


def test_downloads_are_told_before_they_begin(tmp_path: Path) -> None:
    paper = load(ROOT / "configs" / "paper.yaml")
    every = partial(downloads, paper, pairs=paper.pairs, raters=paper.raters)
    assert [*every()] == ["548 MB, the weights of vgg19 for the content loss"]
    assert [*downloads(paper, pairs=[], raters=["cornia"])] == []
    of_rater = "548 MB, the weights of vgg19 for the rater ffs"
    assert [*downloads(paper, pairs=[], raters=paper.raters)] == [of_rater]
    enlarging = load(ROOT / "configs" / "super_resolution.yaml")
    of_metric = "548 MB, the weights of vgg19 for the metric vgg_distance"
    measured = enlarging.evaluations
    assert [*downloads(enlarging, evaluations=measured)] == []  # a file beside the project
    run = enlarging.run.model_copy(update={"vgg_weights": None})
    enlarging = enlarging.model_copy(update={"run": run})
    assert [*downloads(enlarging, evaluations=measured)] == [of_metric]
    kept = tmp_path / "torch" / "hub" / "checkpoints"
    kept.mkdir(parents=True)
    (kept / "vgg19-dcbb9e9d.pth").touch()
    assert [*every()] == []


def test_hours_are_steps_times_what_one_takes(
    folders: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wespe.apps.starting import speed

    write_settings(Path("a.yaml"), "a", photos=Path("camera"), wish=Path("wished"), test=["00.jpg"])
    for whole, word in ((True, "about"), (False, "more than")):
        measured = speed.Speed(1.44, whole)
        monkeypatch.setattr(speed, "seconds_per_step", lambda *_, measured=measured, **__: measured)
        *_, last = needed.needs(load(Path("a.yaml")))
        assert last.startswith(f"training: {word} 2.0 hours on cpu-")


def test_a_step_is_tried_for_what_the_recipe_is() -> None:
    def recipe(**weights: float) -> WespeRecipe:
        plain = {"content": 0.0, "color": 0.0, "texture": 0.0, "restoration": 1.0}
        shape = {"width": 4, "blocks": 0, "norm": "none", "start": "transport"}
        return WespeRecipe.model_validate(
            {"batch_size": 2, "generator": shape, "weights": plain | weights}
        )

    device = resolve("cpu-fp32")
    for made, whole in ((recipe(), True), (recipe(color=1.0), False), (recipe(content=1.0), False)):
        found = seconds_per_step(made, size_px=32, device=device)
        assert found
        assert found.seconds > 0
        assert found.whole is whole
    assert seconds_per_step(SrcnnRecipe(method="srcnn"), size_px=32, device=device) is None
