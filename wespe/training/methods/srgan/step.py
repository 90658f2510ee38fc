"""SRGAN: the content of features, and a discriminator of photos (Ledig et al., CVPR 2017)."""

from typing import TYPE_CHECKING

from wespe.training.methods.enlarging_gan import EnlargingGanStep

if TYPE_CHECKING:
    from wespe.training.methods.srgan.settings import SrganRecipe


class SrganStep(EnlargingGanStep):
    """G against a discriminator that takes each picture by itself."""

    recipe: "SrganRecipe"
