"""What a model card states beyond its training's figures: the data, intended use and limits."""

from wespe.data.patches.store import PatchSet
from wespe.networks.enhancer import Enhancer
from wespe.networks.limits import network_limits
from wespe.results.cards import NOT_STATED, DegradationNumbers, Domain, Domains

# The card warns about a domain with fewer photos.
_FEW_PHOTOS = 20
# Of the real cameras that were tried, each was below 0.3.
_MISMATCHED = 0.5


def provenance(patches: PatchSet) -> Domain:
    """What a network's card states about one domain of its data."""
    manifest = patches.manifest
    return Domain(
        origin=manifest.origin,
        simulated=manifest.simulated,
        licence=manifest.licence or NOT_STATED,
        photos=len({number for number, _, _ in manifest.patches}),
        patches=len(patches),
        patch_px=patches.size_px,
        sha256=manifest.sha256,
    )


def intended_use(
    source: str, target: str, data: Domains, *, any_camera: bool = False, scale: int = 1
) -> str:
    """The use of a network that learned to change photos of `source` into those of `target`.

    `any_camera`: whether it is for other cameras' photos, too. `scale`: how many times larger they
    become.
    """
    if scale != 1:
        return f"To make photos {scale} times as wide and as high, for looking at."
    if any_camera:
        return "To enhance unedited photos of any camera."
    return (
        f"To enhance unedited photos of the camera of {source} ({data.source.origin}) towards the "
        f"look of {target}."
    )


def limits(
    source: str,
    target: str,
    data: Domains,
    network: Enhancer,
    degradation: DegradationNumbers | None = None,
    *,
    any_camera: bool = False,
    pretrained: str | None = None,
) -> list[str]:
    """What such a network cannot do, one sentence each.

    `pretrained`: whose convolutions it began with.
    """
    # By their names: where source and target are the same photos, they count once.
    domains = dict(zip((source, target, "clean texture"), data.roles.values(), strict=False))
    learned = " and ".join(
        f"{domain.patches} patches of {domain.patch_px} px from {domain.photos} photos of {name}"
        for name, domain in domains.items()
    )
    others = "" if any_camera else ", on another camera's photos"
    began = f"It began with the convolutions of {pretrained}. " if pretrained else ""
    if network.scale != 1:
        others = ""  # it learned from photos made smaller, not from a camera's
    found = [
        f"{began}It learned from {learned}. Its effect on other scenes{others} and on edited "
        "photos is not known."
    ]
    looks = () if network.scale != 1 else (source, target)
    if few := [name for name in looks if domains[name].photos < _FEW_PHOTOS]:
        found.append(
            f"So few photos of {' and '.join(few)} hardly separate a camera's look from what they "
            "happen to show. Use hundreds of mixed scenes."
        )
    if data.source.simulated:
        found.append(
            f"The photos of {source} are simulated: its effect on a real camera's is not known."
        )
    if degradation and (degradation.mismatch or 0) > _MISMATCHED:
        found.append(
            f"What the camera of {source} does to texture was not found: photos that are degraded "
            f"as it was measured differ from the camera's by about {degradation.mismatch:.0%}. "
            "Photos that were denoised, enlarged or edited are a common reason."
        )
    return found + network_limits(network)
