"""The compact network that enlarges, by the pixels of its results."""

from wespe.networks.enlarging.compact import Compact
from wespe.training.methods.enlarging import PixelStep


class CompactStep(PixelStep):
    """One loss, that of the pixels."""

    network = Compact
