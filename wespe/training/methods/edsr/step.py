"""EDSR, by the pixels of its results (Lim et al., CVPR Workshops 2017)."""

from wespe.networks.enlarging.edsr import Edsr
from wespe.training.methods.enlarging import PixelStep


class EdsrStep(PixelStep):
    """One loss, that of the pixels."""

    network = Edsr
