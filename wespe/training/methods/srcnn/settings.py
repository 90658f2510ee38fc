"""The settings of SRCNN (Dong et al., TPAMI 2016)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from wespe.core.schema import Positive, Settings
from wespe.training.methods.settings import Recipe


class SrcnnGenerator(Settings):
    """The network of three convolutions."""

    width: Annotated[int, Field(ge=4, le=512)] = 64
    """Channels of the first layer; the second has half as many. 64 in the paper."""
    middle_kernel_px: Literal[1, 3, 5] = 1
    """Kernel of the second layer, between 9 and 5 px. 1 is the paper's basic network (9-1-5), 5 the
    largest that it measures (9-5-5). The tables that it is compared in do not say which."""


class SrcnnRecipe(Recipe):
    """Training from patches of the same scenes: the mean squared error of the pixels of G(x) and y
    (Dong et al. 2016), on RGB. The paper trains with plain gradient descent for 8·10⁸ updates with
    a rate for each layer; Adam needs neither. Steps and batch are those of the other methods."""

    step: ClassVar[str] = "wespe.training.methods.srcnn.step:SrcnnStep"

    method: Literal["srcnn"]
    """The training method."""
    learning_rate: Positive = 1e-4
    """Adam's learning rate. The paper has 0.0001, and 0.00001 for the last layer."""
    generator: SrcnnGenerator = SrcnnGenerator()
