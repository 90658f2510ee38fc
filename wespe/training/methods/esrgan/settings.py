"""The settings of ESRGAN (Wang et al., ECCV Workshops 2018)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from wespe.core.schema import Count, NonNegative, Positive
from wespe.training.methods.settings import (
    Content,
    EnlargingGanRecipe,
    EnlargingGanWeights,
    Layers,
)


class EsrganContent(Content):
    """The feature extractor of the content loss."""

    layer: Layers = "conv5_4"
    """The layer whose features are compared, or several, as for other methods: here before the
    activation, as in the paper, which leaves more of them above zero and keeps the brightness."""


class EsrganWeights(EnlargingGanWeights):
    """The weights of the total loss; the defaults are the paper's (section 4.1)."""

    pixels: NonNegative = 1e-2
    """Of the mean absolute difference of the pixels; 0.01 in the paper."""
    content: NonNegative = 1.0
    """Of the distance of features; 1 in the paper."""
    texture: NonNegative = 5e-3
    """Of the adversarial loss; 0.005 in the paper."""


class EsrganRecipe(EnlargingGanRecipe):
    """Training of ESRGAN, which goes on with the network of another pair, as `start` of the pair
    names it: in the paper one of `rrdb`. The discriminator judges which of results and photos are
    more like photos (relativistic average). The defaults are the paper's (section 4.1), but for the
    rate, which is halved there four times."""

    step: ClassVar[str] = "wespe.training.methods.esrgan.step:EsrganStep"

    method: Literal["esrgan"]
    """The training method."""
    steps: Count = 400_000
    """Training steps; 4 · 10⁵ in the paper's code."""
    batch_size: Annotated[int, Field(ge=2)] = 16
    """Patches per step; 16 in the paper, of 128 px."""
    learning_rate: Positive = 1e-4
    """Adam's learning rate; 0.0001 in the paper."""
    discriminator_learning_rate: Positive = 1e-4
    """Adam's learning rate for the discriminator; 0.0001 in the paper."""
    augment: bool = True
    """Flip and rotate patches at random (the eight symmetries of the square), as in the paper."""
    content: EsrganContent = EsrganContent()
    content_distance: Literal["mse", "l1", "cosine"] = "l1"
    """The distance of features, as for `srgan`; the paper's code has `l1`."""
    interpolation: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The share of this training in the weights that are saved; the rest is that of the network it
    began with (section 3.4). Below 1 there is less invented texture and less noise; the paper shows
    0.8. The training itself does not change."""
    weights: EsrganWeights = EsrganWeights()
