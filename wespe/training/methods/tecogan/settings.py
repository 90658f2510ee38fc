"""The settings of TecoGAN (Chu et al., ACM Transactions on Graphics 2020)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from wespe.core.schema import Count, NonNegative, Positive
from wespe.training.methods.settings import EnlargingGanRecipe, EnlargingGanWeights


class TecoganWeights(EnlargingGanWeights):
    """The weights of the total loss."""

    pixels: NonNegative = 1.0
    """Of the mean absolute difference of the pixels, over all frames. The paper has the squared
    one."""
    content: NonNegative = 0.0
    """Of the distance of features; the paper's own are of VGG-19 and of the discriminator, each
    with weights of 0.2. 0 needs no weights of VGG."""
    texture: NonNegative = 0.01
    """Of the adversarial loss; 0.01 in the paper. With 0 there is no discriminator, and what is
    left is FRVSR with a ping-pong loss."""
    flicker: NonNegative = 0.0
    """Of the flicker of the results against the photos, nearly as `wespe flicker` measures it. Not
    in the papers."""
    ping_pong: NonNegative = 0.5
    """Of the mean absolute difference between what becomes of a frame on the way there and on the
    way back; 0.5 in the paper, of the squared one. With 0 there is no way back, which takes half
    of the time."""


class TecoganRecipe(EnlargingGanRecipe):
    """Training of a network that enlarges videos steadily: what it made of the frame before, moved
    along the motion, is an input. It goes on with the network of another pair, of `compact` or of
    this method. Its patches are those of sources of the kind `clips`. The discriminator sees three
    frames, as they are and moved to the middle one. Unlike in the paper the motion is not learned:
    it is the optical flow that all videos here are measured by. Each frame is made smaller by
    itself."""

    step: ClassVar[str] = "wespe.training.methods.tecogan.step:TecoganStep"

    method: Literal["tecogan"]
    """The training method."""
    frames: Annotated[int, Field(ge=3, le=64)] = 10
    """Frames in a row that it learns from; 10 in the paper. Those of the clips have to be a
    multiple."""
    batch_size: Annotated[int, Field(ge=1)] = 4
    """Clips per step; 4 in the paper, of 128 px."""
    steps: Count = 500_000
    """Training steps; 5 · 10⁵ in the paper, after as many without a discriminator."""
    learning_rate: Positive = 5e-5
    """Adam's learning rate; 0.00005 in the paper."""
    discriminator_learning_rate: Positive = 5e-5
    """Adam's learning rate for the discriminator; 0.00005 in the paper."""
    weights: TecoganWeights = TecoganWeights()

    @property
    def clip_frames(self) -> int:
        return self.frames
