"""The code and the machine that something was fitted by, for its card."""

import platform
import subprocess
from pathlib import Path

import torch

import wespe
from wespe.core.device import Device
from wespe.results.cards import Environment


def environment(device: Device) -> Environment:
    """The code, by its version and, from a checkout, its commit; torch, Python and the device."""
    cuda = device.torch_device.type == "cuda"
    commit, changed = checkout(Path(wespe.__file__).parent)
    return Environment(
        code_version=wespe.__version__,
        code_commit=commit,
        code_changed=changed,
        torch=torch.__version__,
        python=platform.python_version(),
        device=torch.cuda.get_device_name(device.torch_device) if cuda else platform.machine(),
    )


def checkout(package: Path) -> tuple[str, bool]:
    """The commit of the folder `package`, and whether its files differ from that commit.

    Empty and false where Git does not keep the folder `package`, as in an installed copy.
    """
    try:
        # A virtual environment may lie in the checkout of something else.
        _git(package, "ls-files", "--error-unmatch", "__init__.py")
        changed = bool(_git(package, "status", "--porcelain", "--", "."))
        return _git(package, "rev-parse", "HEAD"), changed
    except (OSError, subprocess.CalledProcessError):
        return "", False


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
