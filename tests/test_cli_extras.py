"""Whoever has not installed an extra is told which one, in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bare import bare
from wespe import cli
from wespe.cli.extras import missing


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("torch", "train"),
        ("yaml", "train"),
        ("skimage.metrics", "train"),
        ("choix", "train"),
        ("onnx", "train"),
        ("onnxruntime", "onnx"),
    ],
)
def test_the_extra_of_a_module_is_named(module: str, extra: str) -> None:
    package = module.partition(".")[0]
    assert missing(ModuleNotFoundError(f"No module named {module!r}", name=module)) == (
        f"{package} is not installed; it comes with the extra '{extra}': "
        f"pip install 'wespe[{extra}]'"
    )


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("cv2", "opencv-python-headless"),
        ("starlette.responses", "fastapi"),
        ("av", "av"),
        ("elsewhere", "elsewhere"),
    ],
)
def test_what_no_extra_brings_has_a_name_too(module: str, distribution: str) -> None:
    package = module.partition(".")[0]
    expected = f"{package} is not installed; pip install {distribution}"
    assert missing(ModuleNotFoundError(f"No module named {module!r}", name=module)) == expected


def test_what_cannot_be_loaded_is_told_as_it_is() -> None:
    error = ImportError("libGL.so.1: cannot open shared object file", name="cv2")
    assert missing(error) == str(error)


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("acquire", "phone", "--out", "phone"),
        ("train", "pair", "--source", "a.npy", "--target", "b.npy", "--out", "out"),
        ("schema",),
        ("export", "--model", "any_camera", "--out", "a.onnx"),
        ("evaluate", "scenes", "--index", "i.json", "--model", "g.safetensors", "--out", "out"),
        ("init", "mine", "--photos", ".", "--wish", "."),
    ],
    ids=lambda command: command[0],
)
def test_a_bare_machine_names_the_extra_of_a_command(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = bare(*command, modules="wespe.cli")
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith(f"wespe {command[0]}: ")
    assert done.stderr.endswith(
        " is not installed; it comes with the extra 'train': pip install 'wespe[train]'\n"
    )


def test_a_module_of_ours_that_is_missing_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise ModuleNotFoundError("No module named 'wespe.gone'", name="wespe.gone")

    monkeypatch.setattr("wespe.cli.settings.schema", broken)
    with pytest.raises(ModuleNotFoundError, match=r"wespe\.gone"):
        cli.main(["schema"])


@pytest.mark.slow
def test_output_that_nobody_reads_any_more_ends_it_without_a_word() -> None:
    command = [sys.executable, "-c", "from wespe.cli import main; main(['schema'])"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stderr
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(60) == 141
