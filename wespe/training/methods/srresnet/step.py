"""SRResNet, by the pixels of its results (Ledig et al., CVPR 2017)."""

from wespe.networks.enlarging.srresnet import SrResNet
from wespe.training.methods.enlarging import PixelStep


class SrResNetStep(PixelStep):
    """One loss, that of the pixels."""

    network = SrResNet
