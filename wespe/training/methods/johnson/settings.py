"""The settings of the perceptual loss of Johnson et al. (ECCV 2016)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from wespe.core.schema import Count, Positive, Settings
from wespe.training.methods.settings import Content, PerceptualRecipe


class JohnsonGenerator(Settings):
    """The image transformation network."""

    width: Annotated[int, Field(ge=4, le=512)] = 64
    """Channels of every hidden layer; 64 in the paper."""
    blocks: Annotated[int, Field(ge=0, le=32)] = 4
    """Residual blocks, of two convolutions each; four in the paper's super-resolution."""


class JohnsonContent(Content):
    """The feature extractor φ of the loss. The paper uses VGG-16. Its first layers have the shape
    of VGG-19's, but were trained separately."""

    layer: str = "relu2_2"
    """The layer whose features are compared, named as in the other methods. `relu2_2` is that of
    the paper's super-resolution."""


class JohnsonRecipe(PerceptualRecipe):
    """Training from patches of the same scenes: the squared distance of VGG features of G(x) and y
    (Johnson et al. 2016, eq. 2). Defaults are those of the paper's super-resolution, without the
    histogram match to the input at its end, since here the colours should change."""

    step: ClassVar[str] = "wespe.training.methods.johnson.step:JohnsonStep"

    method: Literal["johnson"]
    """The training method."""
    steps: Count = 200_000
    """Training steps; 200,000 in the paper."""
    batch_size: Count = 4
    """Patches of each domain per step; 4 in the paper, of 288 px."""
    learning_rate: Positive = 1e-3
    """Adam's learning rate; 0.001 in the paper."""
    generator: JohnsonGenerator = JohnsonGenerator()
    content: JohnsonContent = JohnsonContent()
