"""What a model card tells beyond its training's figures: code and machine, intended use, limits."""

from collections.abc import Mapping
from typing import Any

from wespe.data.patches.store import PatchSet
from wespe.networks.enhancer import Enhancer
from wespe.networks.fitting.environment import NOT_STATED
from wespe.networks.limits import network_limits

# Of a domain with fewer photos the card warns.
_FEW_PHOTOS = 20


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
