"""ESRGAN's generator, by the pixels of its results (Wang et al., ECCV Workshops 2018)."""

from wespe.networks.enlarging.rrdb import Rrdb
from wespe.training.methods.enlarging import PixelStep


class RrdbStep(PixelStep):
    """One loss, that of the pixels."""

    network = Rrdb
