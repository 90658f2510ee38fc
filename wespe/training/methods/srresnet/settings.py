"""The settings of SRResNet (Ledig et al., CVPR 2017)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from wespe.core.schema import Count, Positive, Settings
from wespe.training.methods.settings import PixelRecipe


class SrResNetGenerator(Settings):
    """The generator of SRGAN."""

    width: Annotated[int, Field(ge=4, le=512)] = 64
    """Channels of every hidden layer; 64 in the paper."""
    blocks: Annotated[int, Field(ge=0, le=64)] = 16
    """Residual blocks, of two convolutions each; 16 in the paper."""


class SrResNetRecipe(PixelRecipe):
    """Training of SRResNet, by which SRGAN begins. The defaults are the paper's (section 3.2)."""

    step: ClassVar[str] = "wespe.training.methods.srresnet.step:SrResNetStep"

    method: Literal["srresnet"]
    """The training method."""
    steps: Count = 1_000_000
    """Training steps; 10⁶ in the paper."""
    batch_size: Count = 16
    """Patches per step; 16 in the paper, of 96 px."""
    learning_rate: Positive = 1e-4
    """Adam's learning rate; 0.0001 in the paper."""
    loss: Literal["l1", "mse"] = "mse"
    """The loss: the mean of absolute or of squared differences; `mse` in the paper."""
    generator: SrResNetGenerator = SrResNetGenerator()
