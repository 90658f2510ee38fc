"""The settings of SRGAN (Ledig et al., CVPR 2017)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from wespe.core.schema import Count, NonNegative, Positive
from wespe.training.methods.settings import EnlargingGanRecipe, EnlargingGanWeights


class SrganWeights(EnlargingGanWeights):
    """The weights of the total loss."""

    pixels: NonNegative = 0.0
    """Of the mean absolute difference of the pixels. Not in the paper; a little of it keeps
    colours."""
    content: NonNegative = 1.0
    """Of the distance of features. The paper has 0.006 (features are multiplied by 1 / 12.75).
    Between bicubic and a photo the distance at `relu5_4` was 0.014 here, so that with 0.006 the
    adversarial loss would be several times as large from the first step. Other layers need other
    weights: at `relu3_3` it was 740."""
    texture: NonNegative = 1e-3
    """Of the adversarial loss; 0.001 in the paper."""


class SrganRecipe(EnlargingGanRecipe):
    """Training of SRGAN, which goes on with the network of another pair, as `start` of the pair
    names it: in the paper one of `srresnet`. The defaults are the paper's (section 3.2), but for
    the rate, which is a tenth there in the second half."""

    step: ClassVar[str] = "wespe.training.methods.srgan.step:SrganStep"

    method: Literal["srgan"]
    """The training method."""
    steps: Count = 200_000
    """Training steps; 2 · 10⁵ in the paper."""
    batch_size: Annotated[int, Field(ge=2)] = 16
    """Patches per step; 16 in the paper, of 96 px."""
    learning_rate: Positive = 1e-4
    """Adam's learning rate; 0.0001 in the paper."""
    discriminator_learning_rate: Positive = 1e-4
    """Adam's learning rate for the discriminator; 0.0001 in the paper."""
    weights: SrganWeights = SrganWeights()
