"""The settings of the compact network that enlarges."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from wespe.core.schema import Count, Fraction, Positive, Settings
from wespe.training.methods.settings import PixelRecipe


class CompactGenerator(Settings):
    """The network, whose layers all work at the small photo's size."""

    width: Annotated[int, Field(ge=4, le=512)] = 48
    """Channels of every hidden layer."""
    layers: Annotated[int, Field(ge=0, le=64)] = 10
    """Convolutions between the first and the last."""


class CompactRecipe(PixelRecipe):
    """Training of a small network for super-resolution that two cores train in an hour and run at
    once. Its shape is that of Real-ESRGAN's SRVGGNetCompact, with its residual on bicubic. There is
    no paper; the defaults are what was measured here."""

    step: ClassVar[str] = "wespe.training.methods.compact.step:CompactStep"

    method: Literal["compact"]
    """The training method."""
    batch_size: Count = 16
    """Patches per step. Of 160 px at a scale of 4."""
    learning_rate: Positive = 1e-3
    """Adam's learning rate."""
    decay_from: Fraction = 0.0
    """The share of the steps after which the learning rate falls to zero."""
    decay: Literal["linear", "cosine"] = "cosine"
    """How it falls: in a straight line, or as half a wave of a cosine."""
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Decay of the running average of the weights, which is saved. 0 saves the last weights."""
    augment: bool = True
    """Flip and rotate patches at random (the eight symmetries of the square)."""
    generator: CompactGenerator = CompactGenerator()
