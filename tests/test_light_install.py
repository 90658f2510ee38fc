"""`pip install wespe`, without torch: what it can do, and what it says where it cannot."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

import wespe
from tests.bare import bare, bare_python, missing_modules
from tests.videos import see, write_clip
from tools.try_wheel import light_modules
from wespe.cli.groups import PURPOSES
from wespe.networks.checkpoints import save_generator
from wespe.networks.enlarging.compact import Compact
from wespe.photos.images import AnyPixels, read_photo
from wespe.photos.originals import read_original

pytestmark = pytest.mark.slow

WIDTH, HEIGHT = 150, 130


def photo(dtype: type = np.uint8, channels: int = 3) -> AnyPixels:
    largest = np.iinfo(dtype).max
    noise = np.random.default_rng(0).random((HEIGHT, WIDTH, channels))
    return (noise * largest).astype(dtype)


def enhanced_by_both(tmp_path: Path, name: str) -> tuple[Path, Path]:
    """What the light install makes of a photo here, and what this one does."""
    done = bare("enhance", name, "--out", "light", "--compute", "cpu-fp32", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "openvino-cpu-fp32" in done.stdout
    here = wespe.Enhancer(compute="cpu-fp32").enhance(tmp_path / name, out=tmp_path / "full")
    return tmp_path / "light" / name, here


def test_photos_come_out_as_with_torch(tmp_path: Path) -> None:
    picture = Image.fromarray(photo(channels=4), "RGBA")
    picture.save(tmp_path / "alpha.png")
    light, full = map(read_original, enhanced_by_both(tmp_path, "alpha.png"))
    assert light.alpha is not None
    np.testing.assert_array_equal(light.alpha, full.alpha)
    difference = np.abs(light.upright().astype(int) - full.upright())
    assert difference.max() <= 1
    assert difference.mean() < 0.001


def test_16_bits_come_out_as_with_torch(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "deep.png"), photo(np.uint16))
    light, full = map(read_original, enhanced_by_both(tmp_path, "deep.png"))
    assert light.upright().dtype == np.uint16
    assert np.abs(light.upright().astype(int) - full.upright()).max() <= 2


def test_photos_are_enlarged_as_with_torch(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "photo.png"), photo())
    torch.manual_seed(0)
    model = tmp_path / "large.safetensors"
    save_generator(model, Compact(scale=4, width=6, layers=2))
    options = ("--out", "light", "--compute", "cpu-fp32", "--model", "large.safetensors")
    done = bare("enhance", "photo.png", *options, "--scale", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "×2 by area from ×4" in done.stdout
    enhancer = wespe.Enhancer(model, compute="cpu-fp32")
    here = enhancer.enhance(tmp_path / "photo.png", scale=2, out=tmp_path / "full")
    light, full = (read_photo(path).pixels for path in (tmp_path / "light" / "photo.png", here))
    assert light.shape == (2 * HEIGHT, 2 * WIDTH, 3)
    assert np.abs(light.astype(int) - full).max() <= 1


def test_videos_are_enhanced(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4")
    done = bare("enhance", "clip.mp4", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    before, after = see(tmp_path / "clip.mp4"), see(tmp_path / "clip_enhanced.mp4")
    assert len(before.seconds) == len(after.seconds) > 0


INTERFACE = """
import numpy as np
import wespe
enhancer = wespe.Enhancer("any_camera")
print(enhancer)
for kind in (np.uint8, np.uint16, np.float32):
    given = np.zeros((30, 40, 3), kind)
    made = enhancer.enhance(given)
    assert (made.shape, made.dtype) == (given.shape, given.dtype)
assert "torch" not in sys.modules
"""


def test_the_interface_of_python_works() -> None:
    done = bare_python(INTERFACE)
    assert done.returncode == 0, done.stderr
    assert "any_camera, for any camera, openvino-cpu-" in done.stdout


SERVE = """
import json, threading, time
from pathlib import Path
from urllib.request import Request, urlopen
import uvicorn
import wespe.apps.web.server as server
from wespe.cli import main

def visited(app, **options):
    '''A visitor in place of `serve`, which would wait for one.'''
    page = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=page.run)
    thread.start()
    while not page.started:
        time.sleep(0.01)
    [socket] = page.servers[0].sockets
    address = f"http://127.0.0.1:{socket.getsockname()[1]}/photos"
    try:
        content = Path("a.png").read_bytes()
        sent = Request(f"{address}?network=0&name=a.png", content, method="POST")
        photo = json.load(urlopen(sent))
        while photo["state"] != "done":
            assert photo["state"] != "failed", photo
            time.sleep(0.05)
            photo = json.load(urlopen(f"{address}/{photo['key']}"))
        Path("b.png").write_bytes(urlopen(f"{address}/{photo['key']}/result").read())
    finally:
        page.should_exit = True
        thread.join()

server.serve = visited
main(["serve", "--compute", "cpu-fp32"])
"""


def test_the_page_enhances(tmp_path: Path) -> None:
    Image.fromarray(photo()).save(tmp_path / "a.png")
    done = bare_python(SERVE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "any_camera: for any camera, chosen at first" in done.stdout
    _, full = enhanced_by_both(tmp_path, "a.png")
    by_page, expected = (read_photo(path).pixels for path in (tmp_path / "b.png", full))
    assert np.abs(by_page.astype(int) - expected).max() <= 1


HELP = """
import contextlib, io
from wespe.cli import make_parser
for command in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
        make_parser().parse_args([command, "--help"])
    assert said.getvalue().startswith(f"usage: wespe {command}"), command
"""


def test_every_command_explains_itself() -> None:
    done = bare_python(HELP, *(name for names in PURPOSES.values() for name in names))
    assert done.returncode == 0, done.stderr


def test_what_enhances_and_serves_can_be_imported() -> None:
    modules = light_modules()
    assert len(modules) > 90
    done = bare("--version", modules=",".join(modules))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["torch", "torchvision", "onnx", "yaml", "mlflow", "scipy"])
def test_the_light_install_is_light(module: str) -> None:
    assert module in missing_modules()


def test_the_light_install_refuses_what_it_does_not_have() -> None:
    done = bare("--version", modules="wespe.settings.params")
    assert done.returncode == 1
    assert "No module named 'yaml'" in done.stderr


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--compute", "cuda-bf16"), "--compute cuda-bf16"),
        (("--backend", "torch"), "the engine torch"),
        (("--model", "iphone"), "iphone.index: a checkpoint of TensorFlow"),
    ],
)
def test_what_needs_torch_says_so_in_one_line(
    tmp_path: Path, options: tuple[str, ...], what: str
) -> None:
    Image.fromarray(photo()).save(tmp_path / "a.png")
    (tmp_path / "iphone.index").touch()
    done = bare("enhance", "a.png", *options, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"wespe enhance: {what} needs torch: pip install 'wespe[train]'\n"
