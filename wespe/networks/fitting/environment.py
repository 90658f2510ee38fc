"""The code and the machine that something was fitted by, for its card."""

import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

import wespe
from wespe.core.device import Device

NOT_STATED = "not stated"
"""The licence of data whose source states none."""


def environment(device: Device) -> dict[str, Any]:
    """The code, by its version and, from a checkout, its commit; torch, Python and the device."""
    cuda = device.torch_device.type == "cuda"
    return {
        "code_version": wespe.__version__,
        **checkout(Path(wespe.__file__).parent),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": torch.cuda.get_device_name(device.torch_device) if cuda else platform.machine(),
    }


def checkout(package: Path) -> dict[str, Any]:
    """`code_commit`, and in `code_changed` whether the package's files differ from that commit.

    Empty where Git does not keep the folder `package`, as in an installed copy.
    """
    try:
        # A virtual environment may lie in the checkout of something else.
        _git(package, "ls-files", "--error-unmatch", "__init__.py")
        return {
            "code_commit": _git(package, "rev-parse", "HEAD"),
            "code_changed": bool(_git(package, "status", "--porcelain", "--", ".")),
        }
    except (OSError, subprocess.CalledProcessError):
        return {}


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
