import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from tests.bundles import write_bundle
from tests.by_torch import enhance_pixels
from wespe.cli import main
from wespe.core.files import sha256
from wespe.judging.metrics.psnr import psnr_db
from wespe.judging.metrics.ssim import ssim
from wespe.networks.checkpoints import load_generator
from wespe.networks.published import load_dped
from wespe.photos.images import read_photo, write_photo

DPED = Path(__file__).parents[1].parent / "shared" / "data" / "dped"

Variables = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def variables() -> Variables:
    """Those of the DPED code's generator, in TensorFlow's layout, all different."""
    shapes: dict[str, tuple[int, ...]] = {"W1": (9, 9, 3, 64), "W12": (9, 9, 64, 3), "b12": (3,)}
    shapes |= {f"W{number}": (3, 3, 64, 64) for number in range(2, 12)}
    shapes |= {f"b{number}": (64,) for number in range(1, 12)}
    shapes |= {f"Variable_{number}": (64,) for number in range(1, 16)} | {"Variable": (64,)}
    random = np.random.default_rng(0)
    return {
        f"generator/{name}": random.normal(scale=0.05, size=shape).astype(np.float32)
        for name, shape in shapes.items()
    }


def dped_generator(variables: Variables, image: Tensor) -> Tensor:
    """The network of the DPED paper, step by step from the code's variables."""
    values = {name.partition("/")[2]: torch.from_numpy(v) for name, v in variables.items()}

    def convolved(features: Tensor, number: int) -> Tensor:
        weight = values[f"W{number}"].permute(3, 2, 0, 1)
        return F.conv2d(features, weight, values[f"b{number}"], padding="same")

    def normalised(features: Tensor, number: int) -> Tensor:
        shift = values["Variable" if number == 0 else f"Variable_{2 * number}"]
        scale = values[f"Variable_{2 * number + 1}"]
        variance, mean = torch.var_mean(features, dim=(2, 3), correction=0, keepdim=True)
        standard = (features - mean) / torch.sqrt(variance + 1e-3)
        return standard * scale.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)

    features = convolved(image, 1).relu()
    for block in range(4):
        inner = normalised(convolved(features, 2 * block + 2), 2 * block).relu()
        inner = normalised(convolved(inner, 2 * block + 3), 2 * block + 1).relu()
        features = features + inner
    features = convolved(convolved(features, 10).relu(), 11).relu()
    return convolved(features, 12).tanh() * 0.58 + 0.5


@torch.inference_mode()
def test_gives_what_the_dped_network_gives(tmp_path: Path, variables: Variables) -> None:
    write_bundle(tmp_path / "net", variables)
    generator, image = load_dped(tmp_path / "net"), torch.rand(2, 3, 20, 23)
    expected = dped_generator(variables, image)
    assert expected.std() > 0.01
    torch.testing.assert_close(generator(image), expected, atol=1e-5, rtol=0)
    assert not generator.training


@pytest.mark.slow
def test_what_belongs_to_training_is_left_out(tmp_path: Path, variables: Variables) -> None:
    training: dict[str, Any] = {
        "generator/W1/Adam": variables["generator/W1"],
        "generator/Variable/Adam_1": variables["generator/Variable"],
        "discriminator/Variable": np.ones(48, np.float32),
        "beta1_power": np.array(0.5, np.float32),
        "global_step": np.array(20000, np.int32),
    }
    write_bundle(tmp_path / "net", variables)
    write_bundle(tmp_path / "whole", variables | training)
    plain, whole = (load_dped(tmp_path / name).state_dict() for name in ("net", "whole"))
    torch.testing.assert_close(whole, plain, atol=0, rtol=0)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("generator/W3", None, r"generator/W3 of shape \(3, 3, 64, 64\), got none"),
        ("generator/W13", np.ones(3, np.float32), r"generator/W13 of shape none, got \(3,\)"),
        (
            "generator/W1",
            np.ones((9, 9, 1, 64), np.float32),
            r"generator/W1 of shape \(9, 9, 3, 64\), got \(9, 9, 1, 64\)",
        ),
    ],
)
def test_another_network(
    tmp_path: Path,
    variables: Variables,
    name: str,
    value: NDArray[np.float32] | None,
    message: str,
) -> None:
    changed = {key: old for key, old in variables.items() if key != name}
    write_bundle(tmp_path / "net", changed if value is None else changed | {name: value})
    with pytest.raises(ValueError, match=rf"net: expected the variables .*, {message}"):
        load_dped(tmp_path / "net")


@pytest.mark.slow
def test_command_writes_a_network_that_enhances(tmp_path: Path, variables: Variables) -> None:
    checkpoint, out = tmp_path / "net", tmp_path / "imported" / "generator.safetensors"
    write_bundle(checkpoint, variables)
    with pytest.raises(SystemExit) as done:
        main(["import-dped", f"{checkpoint}.index", "--out", str(out)])
    assert not done.value.code
    card = json.loads(out.with_suffix(".json").read_text())
    assert card["imported"]["origin"] == "published DPED generator (Ignatov et al. 2017)"
    assert card["imported"]["licence"] == "not stated"
    assert any("whole photo" in limit for limit in card["limits"])
    assert card["imported"]["checkpoint"] == "net.index"
    assert card["sha256"] == sha256(out)

    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    write_photo(tmp_path / "photo.png", pixels)
    # The network, and the checkpoint itself.
    for number, model in enumerate((out, checkpoint, f"{checkpoint}.index")):
        enhance = ["enhance", str(tmp_path / "photo.png"), "--model", str(model)]
        folder = tmp_path / f"enhanced_{number}"
        with pytest.raises(SystemExit) as done:
            main([*enhance, "--out", str(folder), "--compute", "cpu-fp32"])
        assert not done.value.code
        (enhanced,) = folder.glob("[!.]*")
        np.testing.assert_array_equal(
            read_photo(enhanced).pixels, enhance_pixels(load_generator(out), pixels)
        )


def test_command_on_no_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(
            ["import-dped", str(tmp_path / "net"), "--out", str(tmp_path / "generator.safetensors")]
        )
    assert done.value.code == 1
    message = capsys.readouterr().err
    assert message.startswith(f"wespe import-dped: {tmp_path / 'net.index'}: no such file")
    assert not [*tmp_path.iterdir()]


@pytest.mark.slow
@pytest.mark.skipif(not DPED.is_dir(), reason="needs ../shared/data")
def test_published_generator_on_real_pairs() -> None:
    """On every 30th pair. On all 297 that are not identical: 21.71 dB, SSIM 0.791."""
    generator = load_dped(DPED / "checkpoints" / "iphone_orig")
    scores = []
    for number in range(0, 300, 30):
        phone, canon = (
            read_photo(DPED / "patches" / camera / f"{number}.jpg").pixels
            for camera in ("iphone", "canon")
        )
        enhanced = enhance_pixels(generator, phone)
        scores.append((psnr_db(enhanced, canon), ssim(enhanced, canon)))
    mean_psnr_db, mean_ssim = np.mean(scores, axis=0)
    assert mean_psnr_db == pytest.approx(21.84, abs=0.01)
    assert mean_ssim == pytest.approx(0.7585, abs=0.001)
