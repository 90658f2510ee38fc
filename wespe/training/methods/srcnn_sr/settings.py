"""The settings of SRCNN for super-resolution (Dong et al., TPAMI 2016)."""

from typing import ClassVar, Literal

from wespe.core.schema import Count, Positive
from wespe.training.methods.settings import PixelRecipe
from wespe.training.methods.srcnn.settings import SrcnnGenerator


class SrcnnSrRecipe(PixelRecipe):
    """Training of SRCNN for what it was made for: photos enlarged by bicubic interpolation are
    sharpened. On RGB; the paper trains on luma, by plain gradient descent for 8·10⁸ updates with a
    rate for each layer. Adam needs neither."""

    step: ClassVar[str] = "wespe.training.methods.srcnn_sr.step:SrcnnSrStep"

    method: Literal["srcnn_sr"]
    """The training method."""
    batch_size: Count = 16
    """Patches per step."""
    learning_rate: Positive = 1e-4
    """Adam's learning rate. The paper has 0.0001, and 0.00001 for the last layer."""
    loss: Literal["l1", "mse"] = "mse"
    """The loss: the mean of absolute or of squared differences; `mse` in the paper."""
    generator: SrcnnGenerator = SrcnnGenerator()
