"""Enhancing from Python: what goes in comes out, of the same kind."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image, ImageCms

import wespe
from tests.conftest import ROOT
from tests.shipping import ship
from wespe.networks.checkpoints import save_generator
from wespe.networks.enlarging.compact import Compact
from wespe.networks.inference import enlarged
from wespe.photos.images import read_photo, write_photo

PAGE = (ROOT / "docs" / "python.md").read_text("utf-8")
PHOTO = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and a package with a network that changes little."""
    for module in ("networks.shipped", "apps.enhancing.networks"):
        monkeypatch.setattr(f"wespe.{module}.FOLDER", tmp_path / "shipped")
    ship(tmp_path / "shipped")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def enhancer() -> wespe.Enhancer:
    return wespe.Enhancer(compute="cpu-fp32", engine="torch")


class Inverting:
    """Stands in for a network whose effect is plain."""

    engine, scale, key, weights = "a test", 1, "0 a test 0", "0"
    following = None

    def held_scale(self, scale: float | None) -> int:
        return 1

    def enhance(
        self, pixels: Any, *, strength: float = 1, scale: float | None = None, advance: Any = None
    ) -> Any:
        whole = 1 if pixels.dtype == np.float32 else np.iinfo(pixels.dtype).max
        return whole - pixels


@pytest.fixture
def inverting(monkeypatch: pytest.MonkeyPatch) -> wespe.Enhancer:
    monkeypatch.setattr("wespe.apps.enhancing.interface.open_networks", lambda *_: Inverting())
    return wespe.Enhancer()


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_an_array_comes_back_as_one_of_its_type(enhancer: wespe.Enhancer, kind: Any) -> None:
    whole = 1 if kind is np.float32 else np.iinfo(kind).max
    pixels = (PHOTO / 255 * whole).astype(kind)
    before = pixels.copy()
    enhanced = enhancer.enhance(pixels)
    assert (enhanced.dtype, enhanced.shape) == (pixels.dtype, pixels.shape)
    # The network begins as the identity.
    np.testing.assert_allclose(enhanced / whole, before / whole, atol=1 / 255)
    assert (pixels == before).all()


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((4, 4)), r"shape \(H, W, 3\), got \(4, 4\)"),
        (np.zeros((4, 4, 4), np.uint8), r"got \(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), r"got \(0, 4, 3\)"),
        (np.zeros((4, 4, 3)), "uint8, uint16 or float32, got float64"),
        (np.full((4, 4, 3), 255, np.float32), r"float32 in \[0, 1\], got 255 to 255"),
        (np.full((4, 4, 3), np.nan, np.float32), r"float32 in \[0, 1\], got nan"),
    ],
)
def test_another_array_is_refused(
    inverting: wespe.Enhancer, pixels: np.ndarray[Any, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        inverting.enhance(pixels)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_picture_keeps_its_mode_and_alpha(inverting: wespe.Enhancer, mode: str) -> None:
    picture = Image.fromarray(PHOTO).convert(mode)
    picture.info["dpi"] = (300, 300)
    enhanced = inverting.enhance(picture)
    assert (enhanced.mode, enhanced.size, enhanced.info) == (mode, (60, 40), picture.info)
    before, after = (np.asarray(image.convert("RGB")) for image in (picture, enhanced))
    assert np.abs(255 - before.astype(int) - after).max() <= 1
    if mode.endswith("A"):
        assert enhanced.getchannel("A").getextrema() == (255, 255)


def test_a_palette_becomes_colours(inverting: wespe.Enhancer) -> None:
    assert inverting.enhance(Image.new("P", (20, 20))).mode == "RGB"
    with pytest.raises(ValueError, match=r"RGBA, got CMYK: convert it"):
        inverting.enhance(Image.new("CMYK", (20, 20)))


def test_a_picture_is_enhanced_upright_and_stays_as_it_lay(
    inverting: wespe.Enhancer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def note(self: Inverting, pixels: Any, **options: Any) -> Any:
        seen.append(pixels.shape)
        return 255 - pixels

    monkeypatch.setattr(Inverting, "enhance", note)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.fromarray(PHOTO).save("turned.png", exif=exif)
    enhanced = inverting.enhance(Image.open("turned.png"))
    assert seen == [(60, 40, 3)]
    assert (np.asarray(enhanced) == 255 - PHOTO).all()
    assert enhanced.getexif()[ExifTags.Base.Orientation] == 6


def test_a_damaged_profile_is_passed_over(inverting: wespe.Enhancer) -> None:
    picture = Image.fromarray(PHOTO)
    picture.info["icc_profile"] = b"no profile"
    assert (np.asarray(inverting.enhance(picture)) == 255 - PHOTO).all()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture.info["icc_profile"] = profile
    assert inverting.enhance(picture).info["icc_profile"] == profile


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_comes_back_as_the_path_of_the_result(
    inverting: wespe.Enhancer, kind: type, capsys: pytest.CaptureFixture[str]
) -> None:
    write_photo(Path("photo.png"), PHOTO)
    result = inverting.enhance(kind("photo.png"))
    assert result == kind("photo_enhanced.png")
    assert (read_photo(Path("photo_enhanced.png")).pixels == 255 - PHOTO).all()
    assert inverting.enhance(kind("photo.png"), out="out") == kind(Path("out/photo.png"))
    assert capsys.readouterr() == ("", "")
    # What lies there and is another's is not lost.
    write_photo(Path("photo_enhanced.png"), PHOTO)
    with pytest.raises(ValueError, match="overwrite"):
        inverting.enhance(kind("photo.png"))
    assert inverting.enhance(kind("photo.png"), overwrite=True) == result


def test_a_path_that_cannot_be_used_is_refused(inverting: wespe.Enhancer) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.jpg: no such file"):
        inverting.enhance("gone.jpg")
    Path("notes.jpg").write_text("no photo")
    with pytest.raises(ValueError, match=r"notes\.jpg: not an image"):
        inverting.enhance("notes.jpg")
    with pytest.raises(ValueError, match="expected one photo or video, got a folder"):
        inverting.enhance(".")
    with pytest.raises(TypeError, match="or a NumPy array, got list"):
        inverting.enhance([1, 2])  # type: ignore[type-var]


def test_a_network_says_what_it_is(enhancer: wespe.Enhancer, tmp_path: Path) -> None:
    assert (enhancer.name, enhancer.badge) == ("any_camera", "for any camera")
    assert repr(enhancer) == "<wespe.Enhancer any_camera, for any camera, torch-cpu-fp32>"
    with pytest.raises(ValueError, match="strength must be from 0 to 1"):
        enhancer.enhance(PHOTO, strength=2)
    alone = ship(tmp_path, "alone")
    alone.with_suffix(".json").unlink()
    assert wespe.Enhancer(alone).badge == "of unknown origin"
    with pytest.raises(ValueError, match="did you mean any_camera"):
        wespe.Enhancer("any_camra")


@pytest.fixture
def enlarging(tmp_path: Path) -> Path:
    """The file of a network that enlarges by 4."""
    torch.manual_seed(0)
    path = tmp_path / "large.safetensors"
    save_generator(path, Compact(scale=4, width=4, layers=1))
    return path


@pytest.mark.parametrize("scale", [None, 2, 2.5])
def test_an_array_is_enlarged(enlarging: Path, scale: float | None) -> None:
    made = wespe.enhance(PHOTO, enlarging, scale=scale)
    factor = scale or 4
    assert made.shape == (40 * factor, 60 * factor, 3)
    assert made.dtype == np.uint8
    assert wespe.Enhancer(enlarging).scale == 4
    with pytest.raises(ValueError, match="scale must be from 1 to 4"):
        wespe.enhance(PHOTO, enlarging, scale=8)
    with pytest.raises(ValueError, match="expected a network that makes photos larger"):
        wespe.enhance(PHOTO, scale=2)


def test_a_picture_is_enlarged_with_its_alpha_and_exif(enlarging: Path) -> None:
    picture = Image.fromarray(PHOTO).convert("RGBA")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif).update({0xA002: 60, 0xA003: 40})
    picture.info["exif"] = exif.tobytes()
    made = wespe.enhance(picture, enlarging, scale=2)
    assert (made.mode, made.size) == ("RGBA", (120, 80))
    of_exif = made.getexif().get_ifd(ExifTags.IFD.Exif)
    assert (of_exif[0xA002], of_exif[0xA003]) == (120, 80)
    assert picture.info["exif"] == exif.tobytes()


def test_a_file_is_enlarged(enlarging: Path) -> None:
    write_photo(Path("photo.png"), PHOTO)
    made = wespe.enhance("photo.png", enlarging, scale=2)
    assert made == "photo_enhanced.png"
    assert read_photo(Path(made)).pixels.shape == (80, 120, 3)


def test_what_would_become_too_large_is_refused(
    enlarging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enlarged, "LARGEST_PX", 40 * 60 * 16 - 1)
    for picture in (PHOTO, Image.fromarray(PHOTO)):
        with pytest.raises(ValueError, match=r"expected at most .* megapixels once it is 4 times"):
            wespe.enhance(picture, enlarging)
    wespe.enhance(PHOTO, enlarging, scale=2)
    with pytest.raises(ValueError, match="which its result is reduced from"):
        wespe.enhance(PHOTO, enlarging, scale=3)


def test_several_networks_are_applied_one_after_the_other(enlarging: Path) -> None:
    both = wespe.Enhancer(["any_camera", enlarging])
    assert (both.name, both.badge, both.scale) == ("any_camera + large", "of unknown origin", 4)
    assert both.enhance(PHOTO).shape == (160, 240, 3)


@pytest.mark.slow
def test_the_page_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_photo(Path("photo.jpg"), PHOTO)
    write_photo(Path("holiday/1.jpg"), PHOTO)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert Path("photo_enhanced.jpg").is_file()
    assert names["picture"].size == (60, 40)
    assert Path("enhanced/1.jpg").is_file()
    assert capsys.readouterr().out == "expected an array of shape (H, W, 3), got (10, 10)\n"


def test_the_notebook_runs() -> None:
    notebook = json.loads((ROOT / "examples" / "enhance.ipynb").read_text("utf-8"))
    names: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert names["enhanced"].size == names["photo"].size
    assert names["beside"].size == (640, 320)
    assert names["half"].dtype == np.uint8


LIGHT = """
import sys, wespe
assert "torch" not in sys.modules and "numpy" not in sys.modules
from wespe import cli
try:
    cli.main(["enhance", "--help"])
except SystemExit:
    assert "torch" not in sys.modules and "numpy" not in sys.modules
"""


def test_the_package_and_the_help_import_no_torch() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIGHT],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    with pytest.raises(AttributeError, match="has no attribute 'gone'"):
        _ = wespe.gone


def test_a_colour_that_stands_for_transparency_becomes_alpha(inverting: wespe.Enhancer) -> None:
    pixels = PHOTO.copy()
    pixels[:5] = 1, 2, 3
    picture = Image.fromarray(pixels)
    picture.info["transparency"] = (1, 2, 3)
    enhanced = inverting.enhance(picture)
    assert (enhanced.mode, "transparency" in enhanced.info) == ("RGBA", False)
    alpha = np.asarray(enhanced)[..., 3]
    assert not alpha[:5].any()
    assert alpha[5:].all()
