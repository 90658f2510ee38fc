"""What a model card tells beyond its training's figures: code and machine, intended use, limits."""

import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

import wespe
from wespe.models.enhancer import Enhancer
from wespe.models.limits import network_limits
from wespe.patches.store import PatchSet
from wespe.training.compute import Place

NOT_STATED = "not stated"
# Of a domain with fewer photos the card warns.
_FEW_PHOTOS = 20


def environment(place: Place) -> dict[str, Any]:
    """The code, by its version and, from a checkout, its commit; torch, Python and the device."""
    cuda = place.device.type == "cuda"
    return {
        "code_version": wespe.__version__,
        **checkout(Path(wespe.__file__).parent),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": torch.cuda.get_device_name(place.device) if cuda else platform.machine(),
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


def provenance(patches: PatchSet) -> dict[str, Any]:
    """What a network's card says about one domain of its data."""
    manifest: Mapping[str, Any] = patches.manifest
    return {
        "origin": manifest["origin"],
        "simulated": manifest["simulated"],
        "licence": manifest.get("licence") or NOT_STATED,
        "photos": len({number for number, _, _ in manifest["patches"]}),
        "patches": len(patches),
        "patch_px": patches.size_px,
        "sha256": manifest["sha256"],
    }


def use_and_limits(card: Mapping[str, Any], network: Enhancer) -> dict[str, Any]:
    """The entries `intended_use`, a sentence, and `limits`, a list of them, of a card's network."""
    domains = [(card[role], card["data"][role]) for role in ("source", "target")]
    (source, photos), (target, _) = domains
    learned = " and ".join(
        f"{data['patches']} patches of {data['patch_px']} px from {data['photos']} photos of {name}"
        for name, data in domains
    )
    limits = [
        f"It has learned from {learned}. What it does to other scenes, to another camera's photos "
        "and to edited ones is not known."
    ]
    if few := [name for name, data in domains if data["photos"] < _FEW_PHOTOS]:
        limits.append(
            f"So few photos of {' and '.join(few)} hardly tell a camera's look from what happens "
            "to be on them. Hundreds of mixed scenes do."
        )
    if photos["simulated"]:
        limits.append(
            f"The photos of {source} are simulated: what it does to a real camera's is not known."
        )
    return {
        "intended_use": f"To enhance unedited photos of the camera of {source} "
        f"({photos['origin']}) towards the look of {target}.",
        "limits": limits + network_limits(network),
    }
