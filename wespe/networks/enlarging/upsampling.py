"""The last layers of networks that enlarge by doubling, once or more often."""

from torch import nn

from wespe.networks.enlarging.numbers import doublings


def shuffled(width: int, scale: int, *after: type[nn.Module]) -> nn.Sequential:
    """For each doubling a 3×3 convolution to 4 · `width` channels, a pixel shuffle, and `after`."""
    layers: list[nn.Module] = []
    for _ in range(doublings(scale)):
        layers += [nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2)]
        layers += [layer() for layer in after]
    return nn.Sequential(*layers)
