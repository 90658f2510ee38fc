"""SRCNN for super-resolution (Dong et al., TPAMI 2016)."""

from wespe.networks.srcnn import Srcnn
from wespe.training.methods.enlarging import PixelStep


class SrcnnSrStep(PixelStep):
    """One loss, that of the pixels."""

    network = Srcnn
