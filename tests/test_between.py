"""Networks between the one that a training began with and what it became."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from wespe import cli
from wespe.apps.enhancing.networks import open_between, open_network
from wespe.networks.between import write_between
from wespe.networks.checkpoints import load_generator, save_generator
from wespe.networks.enhancer import Enhancer
from wespe.networks.enlarging.compact import Compact
from wespe.networks.enlarging.srresnet import SrResNet
from wespe.networks.light.opening import open_light


def saved(path: Path, seed: int, network: type[Enhancer] = SrResNet, **options: int) -> Path:
    torch.manual_seed(seed)
    made = network(**{"scale": 2, "width": 4, **options})
    for value in made.state_dict().values():
        if value.is_floating_point():
            value += 0.1 * torch.rand_like(value)
    save_generator(path, made)
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return tuple(  # type: ignore[return-value]
        saved(tmp_path / f"{name}.safetensors", seed, blocks=1)
        for seed, name in enumerate(("start", "trained"))
    )


def test_weights_are_between(files: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "mixed.safetensors"
    write_between(*files, 0.25, out)
    start, trained, mixed = (load_generator(path).state_dict() for path in (*files, out))
    for name, value in mixed.items():
        if value.is_floating_point():
            expected = 0.75 * start[name] + 0.25 * trained[name]
            torch.testing.assert_close(value, expected)
    assert load_generator(out).config == load_generator(files[0]).config


@pytest.mark.parametrize("end", [0, 1])
def test_the_ends_are_the_networks(files: tuple[Path, Path], end: int) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    expected = open_network(files[end], "cpu-fp32").enhance(photo)
    mixed = open_between(*files, end, "cpu-fp32")
    np.testing.assert_array_equal(mixed.enhance(photo), expected)
    assert mixed.weights == open_light(files[end], "cpu-fp32").weights


def test_networks_that_do_not_belong_together_are_refused(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    others = (
        saved(tmp_path / "wide.safetensors", 0, blocks=1, width=6),
        saved(tmp_path / "compact.safetensors", 0, Compact, layers=1),
    )
    for other in others:
        with pytest.raises(ValueError, match=rf"{other.name}: expected a network of the archi"):
            write_between(other, files[1], 0.5, tmp_path / "out.safetensors")
    with pytest.raises(ValueError, match="strength must be from 0 to 1, got 2"):
        write_between(*files, 2, tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def test_the_command_goes_from_one_to_the_other(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    start, trained = map(str, files)

    def run(*options: str) -> None:
        place = (str(tmp_path / "photo.png"), "--out", str(tmp_path / "out"))
        with pytest.raises(SystemExit) as ended:
            cli.main(["enhance", *place, "--compute", "cpu-fp32", *options])
        assert not ended.value.code

    run("--model", trained, "--start", start, "--strength", "0.5")
    expected = open_between(*files, 0.5, "cpu-fp32").enhance(photo)
    with Image.open(tmp_path / "out" / "photo.png") as image:
        np.testing.assert_array_equal(np.asarray(image), expected)
    # The picture of another share is another one; that of the same is there.
    run("--model", trained, "--start", start, "--strength", "0.5")
    run("--model", trained, "--start", start, "--strength", "0.6")
    told = capsys.readouterr().out
    assert told.count("1 enhanced, 0 already done") == 2
    assert told.count("0 enhanced, 1 already done") == 1
    for options in (("--start", start), ("--start", start, "--model", start, "--model", start)):
        with pytest.raises(SystemExit) as ended:
            cli.main(["enhance", str(tmp_path / "photo.png"), *options])
        assert ended.value.code
    assert "--start: expected one --model" in capsys.readouterr().err
