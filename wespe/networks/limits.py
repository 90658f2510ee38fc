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
        "It learned from 8-bit sRGB only. Finer levels and colours outside sRGB are kept, but not "
        "enhanced.",
        f"An output pixel depends on the pixels up to {network.receptive_field_px} px away and "
        f"{_CONTEXT[network.context]}",
    ]
    if network.following():
        limits.append(
            "In a video it goes on from what it made of the frame before, where that shows the "
            "same. A photo and the first frame of a scene it makes without."
        )
    if network.scale == 1:
        limits.append(
            "It changes colours, brightness and texture to what people like, not to what was "
            "there: do not measure in enhanced photos, and do not use them as evidence."
        )
    if network.neutral:
        limits.append(
            f"It decides on the light of the whole photo from {GRID_PX} × {GRID_PX} of its pixels, "
            "so a crop is enhanced differently. It cannot know whether a photo is dark or bright "
            "on purpose."
        )
    if network.scale != 1:
        limits += [
            f"Its results are {network.scale} times as wide and as high as the original.",
            "Detail that the original does not have is invented: likely, but no evidence of what "
            "was there. Do not measure in its results, and do not use it to identify people or to "
            "read number plates, in medicine, or in court.",
        ]
    if network.size_multiple != 1:
        limits.append(
            f"Photos whose sides are not multiples of {network.size_multiple} px are extended by "
            "mirroring at the lower and right borders, and the result is cropped."
        )
    return limits
