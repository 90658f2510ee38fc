"""What a network cannot do, as far as its architecture shows: sentences for its model card."""

from wespe.networks.enhancer import Enhancer
from wespe.networks.layers import Context
from wespe.networks.scene import GRID_PX

_CONTEXT = {
    Context.NOTHING: "on nothing else: enhancing in tiles equals enhancing the whole.",
    Context.STATISTICS: "on statistics of the whole photo, which are gathered over all its tiles "
    "first: enhancing in tiles equals enhancing the whole, and a crop is enhanced differently.",
    Context.WHOLE: "on the whole photo: it cannot be enhanced in tiles, which limits its size, and "
    "a crop is enhanced differently.",
}


def network_limits(network: Enhancer) -> list[str]:
    """The limits of any use of `network`, whatever it was trained on."""
    limits = [
        "It has seen 8-bit sRGB alone, at any size: what more bits or a wider gamut hold beyond "
        "that is passed on as it is, and not enhanced.",
        f"An output pixel depends on the pixels up to {network.receptive_field_px} px away and "
        f"{_CONTEXT[network.context]}",
        "Colours, brightness and texture change to what pleases, not to what was there: enhanced "
        "photos are neither for measuring nor evidence.",
    ]
    if network.neutral:
        limits.append(
            f"It judges each photo as a whole, by {GRID_PX}² of its pixels, so that a crop is "
            "enhanced differently; a photo that is dark or bright on purpose is told by its mean "
            "alone."
        )
    if network.scale != 1:
        limits.append(f"Its photos are {network.scale} times as wide and high as the original.")
    if network.size_multiple != 1:
        limits.append(
            f"Photos whose sides are no multiples of {network.size_multiple} px are mirrored "
            "beyond their lower and right borders, and the result is cut."
        )
    return limits
