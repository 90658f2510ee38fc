"""No pickle is loaded from a file that a user gives: it could run any code."""

import ast
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.conftest import ROOT
from wespe.data.patches.store import PatchSet
from wespe.networks.checkpoints import load_generator
from wespe.networks.perceptual import build_extractor

MODULES = sorted((ROOT / "wespe").rglob("*.py"))
UNSAFE_MODULES = {"pickle", "_pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}
# The state of a stopped training, which this program alone writes, into a folder of its own.
OWN_STATE = "networks/fitting/folder.py: torch.load(path, map_location='cpu', weights_only=True)"


class Trap:
    """Writes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return (Path("sprung").write_text, ("the trap was sprung",))


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A pickle with a trap; the test has to leave it shut."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "trap"
    path.write_bytes(pickle.dumps({"features.0.weight": Trap()}))
    yield path
    assert not Path("sprung").exists()
    pickle.loads(path.read_bytes())
    assert Path("sprung").exists()


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".pkl", "", ".safetensors"])
@pytest.mark.parametrize("extractor", ["vgg19", "mobilenet_v2"])
def test_weights_in_a_pickle_are_refused(trap: Path, extractor: str, suffix: str) -> None:
    path = trap.rename(f"weights{suffix}")
    layer = {"vgg19": "relu1_1", "mobilenet_v2": "block0"}[extractor]
    try:
        with pytest.raises(ValueError, match=rf"^{path}: (expected a|cannot be read)"):
            build_extractor(extractor, layers=[layer], weights=path)
    finally:
        path.rename(trap)


@pytest.mark.slow
def test_the_error_tells_how_to_convert_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tensors = {"features.0.weight": torch.randn(64, 3, 3, 3), "features.0.bias": torch.randn(64)}
    torch.save(tensors, "vgg.pth")
    with pytest.raises(ValueError, match=r"^vgg\.pth: expected a \.safetensors file") as caught:
        build_extractor("vgg19", layers=["relu1_1"], weights=Path("vgg.pth"))
    command = str(caught.value).splitlines()[-1]
    assert command.startswith("python -c ")
    subprocess.run(command.replace("python", sys.executable, 1), shell=True, check=True)
    assert torch.equal(load_file("vgg.safetensors")["features.0.bias"], tensors["features.0.bias"])
    build_extractor("vgg19", layers=["relu1_1"], weights=Path("vgg.safetensors"))


def test_a_network_in_a_pickle_is_refused(trap: Path) -> None:
    with pytest.raises(ValueError, match=r"expected a \.safetensors network"):
        load_generator(trap)


def test_patches_in_a_pickle_are_refused(trap: Path) -> None:
    with pytest.raises(ValueError, match="expected a patch set"):
        PatchSet.open(trap)
    np.save("objects.npy", np.array([Trap()], object))
    with pytest.raises(ValueError, match=r"objects\.npy: expected a patch set"):
        PatchSet.open(Path("objects.npy"))


@pytest.mark.slow
def test_nothing_else_in_the_package_unpickles() -> None:
    assert [use for path in MODULES for use in unpickling(path)] == [OWN_STATE]


def unpickling(path: Path) -> Iterator[str]:
    """Imports of modules that unpickle, and calls of functions that do or might."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        unsafe = [name for name in names if name.partition(".")[0] in UNSAFE_MODULES]
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called.startswith(("torch.load", "torch.hub", "torch.jit.load", "np.load")):
                unsafe.append(ast.unparse(node))
            unsafe += [
                ast.unparse(node)
                for keyword in node.keywords
                if keyword.arg == "allow_pickle"
                or (keyword.arg == "weights_only" and ast.unparse(keyword.value) != "True")
            ]
        yield from (f"{path.relative_to(ROOT / 'wespe')}: {use}" for use in unsafe)
