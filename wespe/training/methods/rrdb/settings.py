"""The settings of RRDB, the generator of ESRGAN (Wang et al., ECCV Workshops 2018)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from wespe.core.schema import Count, Positive, Settings
from wespe.training.methods.settings import PixelRecipe


class RrdbGenerator(Settings):
    """The generator of ESRGAN."""

    width: Annotated[int, Field(ge=4, le=512)] = 64
    """Channels between the blocks; 64 in the paper."""
    blocks: Annotated[int, Field(ge=0, le=64)] = 23
    """Residual blocks, of three dense blocks each; 23 in the paper."""
    growth: Annotated[int, Field(ge=1, le=256)] = 32
    """What each convolution adds to the channels of a dense block; 32 in the paper's code."""


class RrdbRecipe(PixelRecipe):
    """Training of ESRGAN's generator by its pixels, which ESRGAN begins with. The defaults are the
    paper's (section 4.1), but for the rate, which is halved there every 200,000 steps."""

    step: ClassVar[str] = "wespe.training.methods.rrdb.step:RrdbStep"

    method: Literal["rrdb"]
    """The training method."""
    steps: Count = 1_000_000
    """Training steps; 10⁶ in the paper's code."""
    batch_size: Count = 16
    """Patches per step; 16 in the paper, of 128 px."""
    learning_rate: Positive = 2e-4
    """Adam's learning rate; 0.0002 in the paper."""
    augment: bool = True
    """Flip and rotate patches at random (the eight symmetries of the square), as in the paper."""
    generator: RrdbGenerator = RrdbGenerator()
