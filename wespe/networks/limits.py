"""What a network cannot do, as far as its architecture tells: sentences for its model card."""

from torch import nn

from wespe.networks.enhancer import Enhancer


def network_limits(network: Enhancer) -> list[str]:
    """The limits of any use of `network`, whatever it was trained on."""
    sight = f"An output pixel depends on the pixels up to {network.receptive_field_px} px away"
    if any(isinstance(module, nn.InstanceNorm2d) for module in network.modules()):
        sight += (
            " and on statistics of the whole photo, which are gathered over all its tiles first: "
            "enhancing in tiles equals enhancing the whole, and a cropped photo comes out another."
        )
    else:
        sight += (
            " and on nothing else: enhancing in tiles equals enhancing the whole, and no decision "
            "is made for a photo as a whole."
        )
    return [
        "It has seen 8-bit sRGB alone, at any size: what more bits or a wider gamut hold beyond "
        "that is passed on as it is, and not enhanced.",
        sight,
        "Colours, brightness and texture change to what pleases, not to what was there: enhanced "
        "photos are neither for measuring nor evidence.",
    ]
