"""Exported networks do what torch does, at any size, or are not written."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.strangers import Enlarging, UNet, Unlisted, made
from tests.test_inference_backends import need, others, photo, whole, with_transport
from tests.test_inference_tiled import generator
from wespe.networks.enhancer import Enhancer
from wespe.networks.inference import export as exporting
from wespe.networks.inference.export import export
from wespe.networks.inference.openvino_engine import engine

pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")


def run(path: Path, pixels: np.ndarray) -> np.ndarray:
    """An exported file by its own engine, as any program would."""
    image = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
    if path.suffix == ".onnx":
        session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
        (output,) = session.run(None, {"image": image})
    else:
        core = engine().Core()
        model = core.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        output = model([image])[0]
    return np.asarray(output[0]).transpose(1, 2, 0)


NETWORKS = {
    "instance norm": lambda: generator("instance", "random"),
    "transport": lambda: with_transport("batch"),
    "light": lambda: with_transport("none", brightness=0.5, vividness=0.5),
    "detail": lambda: generator("none", "transport", detail=True),
    "johnson": lambda: others()[1],
    "x2": lambda: made(Enlarging(2)),
    "size multiple": lambda: made(UNet()),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "suffix"), [*((name, ".onnx") for name in NETWORKS), ("transport", ".xml")]
)
def test_exported_network_does_the_same(tmp_path: Path, name: str, suffix: str) -> None:
    if suffix == ".xml":
        need("openvino")
    network: Enhancer = NETWORKS[name]().eval()  # type: ignore[no-untyped-call]
    out = tmp_path / "new" / f"network{suffix}"
    difference = export(network, out)
    assert 0 <= difference < 1e-4
    pixels = photo(83, 59)  # A size that the check itself does not have.
    np.testing.assert_allclose(run(out, pixels), whole(network, pixels), atol=1e-4, rtol=0)
    assert {path.name for path in out.parent.iterdir()} == {
        "network.onnx" if suffix == ".onnx" else "network.xml",
        *(["network.bin"] if suffix == ".xml" else []),
    }


@pytest.mark.slow
def test_a_wrong_export_is_refused_and_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = generator("none")
    other = generator("none")
    torch.nn.init.normal_(other.tail.weight, std=0.15)
    right = exporting.exported
    monkeypatch.setattr(exporting, "exported", lambda _: right(other))
    with pytest.raises(ValueError, match=r"differ from torch by at most 0\.0001, got 0\.\d"):
        export(network, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_a_network_that_torch_cannot_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Unlisted: torch cannot export it: "):
        export(made(Unlisted()), tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.pb: expected one of \.onnx, \.xml"):
        export(generator("none"), tmp_path / "a.pb")


@pytest.mark.slow
def test_a_missing_engine_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(ValueError, match=r"onnxruntime is not installed: .*'wespe\[onnx\]'"):
        export(generator("none"), tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())
