"""The settings of EDSR (Lim et al., CVPR Workshops 2017)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from wespe.core.schema import Count, Positive, Settings
from wespe.training.methods.settings import PixelRecipe


class EdsrGenerator(Settings):
    """The network: SRResNet without norm."""

    width: Annotated[int, Field(ge=4, le=512)] = 256
    """Channels of every hidden layer; 256 in the paper, 64 in its baseline."""
    blocks: Annotated[int, Field(ge=0, le=64)] = 32
    """Residual blocks, of two convolutions each; 32 in the paper, 16 in its baseline."""
    residual_scaling: Annotated[float, Field(gt=0, le=1)] = 0.1
    """What residuals are multiplied by, so that wide networks stay stable; 0.1 in the paper, 1 in
    its baseline."""


class EdsrRecipe(PixelRecipe):
    """Training of EDSR. The defaults are the paper's, but for the rate, which is halved there every
    200,000 steps: `decay_from` and `decay` are the schedules here."""

    step: ClassVar[str] = "wespe.training.methods.edsr.step:EdsrStep"

    method: Literal["edsr"]
    """The training method."""
    steps: Count = 300_000
    """Training steps; 300,000 in the paper's code."""
    batch_size: Count = 16
    """Patches per step; 16 in the paper, of 48 px times the scale."""
    learning_rate: Positive = 1e-4
    """Adam's learning rate; 0.0001 in the paper."""
    augment: bool = True
    """Flip and rotate patches at random (the eight symmetries of the square), as in the paper."""
    generator: EdsrGenerator = EdsrGenerator()
