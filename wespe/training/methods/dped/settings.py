"""The settings of DPED, fully supervised (Ignatov et al., ICCV 2017)."""

from typing import ClassVar, Literal

from wespe.core.schema import Count, NonNegative, Positive, Settings
from wespe.training.methods.settings import (
    AdversarialRecipe,
    Discriminator,
    Generator,
    PerceptualRecipe,
)


class DpedWeights(Settings):
    """The weights of the total loss, those of the DPED code (10, 0.5, 1 and 2000) for losses that
    are means over the batch and the pixels."""

    content: NonNegative = 10.0
    """Of the squared distance of the features of G(x) and y. The code's loss is a mean too: its
    weight stays 10."""
    color: NonNegative = 7500.0
    """Of the squared distance of the blurred G(x) and y. The code halves the sum over a patch of
    3 · 100² values: 0.5 · 30,000 / 2 = 7500 for the mean."""
    texture: NonNegative = 50.0
    """Of the adversarial loss of the grey G(x). The code sums over its batch of 50: 1 · 50 for the
    mean. It minimises log(1 − D), whose gradient vanishes when D is sure. Here it is −log D, as the
    paper prints, with the same gradient when D is undecided."""
    tv: NonNegative = 2000.0
    """Of the total variation loss. The code's loss is a mean too: its weight stays 2000."""


class DpedRecipe(AdversarialRecipe, PerceptualRecipe):
    """Training from patches of the same scenes: G(x) should get the content, the colours and the
    texture of y (Ignatov et al. 2017, section 3). The defaults are those of the published code; its
    paper prints weights in other proportions (content 1, texture 0.4, colour 0.1, total variation
    400). A step is one update of G and one of the discriminator, on the same patches; the code
    draws others for the discriminator and shows it one of x and y each."""

    step: ClassVar[str] = "wespe.training.methods.dped.step:DpedStep"

    method: Literal["dped"]
    """The training method."""
    batch_size: Count = 50
    """Patches of each domain per step; 50 in the DPED code."""
    discriminator_learning_rate: Positive = 5e-4
    """Adam's learning rate for the discriminator; 0.0005 in the DPED code."""
    blur_sigma_px: Positive = 4.3
    """Standard deviation of the Gaussian of the colour loss. That of the kernel of the DPED code,
    whose weights these are, is 4.3 px; its paper prints σ = 3."""
    generator: Generator = Generator()
    discriminator: Discriminator = Discriminator()
    weights: DpedWeights = DpedWeights()
