"""The settings of WESPE (Ignatov et al., CVPR Workshops 2018)."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from wespe.core.schema import Count, NonNegative, Positive, Settings
from wespe.networks.shipped import pretrained_names
from wespe.training.methods.settings import (
    AdversarialRecipe,
    Content,
    Discriminator,
    Generator,
    PerceptualRecipe,
)


class WespeContent(Content):
    """The feature extractor ψ of the content loss (eq. 1)."""

    every: Count = 1
    """With N, the content loss is computed in every N-th step, weighted by N, and F learns only in
    those steps. The content loss is half the work of a step: with 4, a step takes 0.6 of the time.
    The idea is the lazy regularisation of Karras et al. 2020. The paper computes the loss in each
    step."""


class WespeWeights(Settings):
    """The weights of the total loss (eq. 6). All losses are means over the batch and the pixels;
    norms are squared, as in the DPED code."""

    content: NonNegative = 1.0
    """Of the content loss (eq. 1)."""
    color: NonNegative = 5e-3
    """Of the adversarial colour loss (eq. 3)."""
    texture: NonNegative = 5e-3
    """Of the adversarial texture loss (eq. 4)."""
    tv: NonNegative = 10.0
    """Of the total variation loss (eq. 5)."""
    transport: NonNegative = 0.0
    """Of the squared distance between the blurred G(x) and the blurred x after the transport of
    levels, saturation and local contrast between the two domains, which needs no pairs. Not in the
    paper, which leaves the colours to D_c. This loss keeps them near those of the target domain."""
    restoration: NonNegative = 0.0
    """Of the mean absolute difference between clean patches and what G makes of them after they
    were blurred, made noisy and compressed as the source's camera does it, in the source's colours
    (`wespe/training/camera`); both are compared after the transport, as they will be seen. It needs
    `generator.start: transport`. Not in the paper, whose F maps back to the source; here the
    measured camera does."""
    structure: NonNegative = 0.0
    """Of 1 − SSIM between the same two, beside `restoration`. Not in the paper."""
    identity: NonNegative = 0.0
    """Of the squared distance between a target patch y and G(y), which needs no enhancement. Not
    in the paper."""


class WespeRecipe(AdversarialRecipe, PerceptualRecipe):
    """Training from unpaired patches. The defaults are the paper's (section 3). Where the paper is
    silent, they are those of the DPED code, on which it builds. A step is one update of G and F and
    one of the discriminators."""

    step: ClassVar[str] = "wespe.training.methods.wespe.step:WespeStep"

    method: Literal["wespe"] = "wespe"
    """The training method. It is the default."""
    discriminator_learning_rate: Positive = 5e-4
    """Adam's learning rate for the discriminators. The paper does not say; as for G and F."""
    blur_sigma_px: Positive = 1.7320508
    """Standard deviation of the Gaussian in front of D_c. The papers print A = 0.053 and σ = 3;
    such a kernel sums to one only if 3 is the variance, which makes √3 px. With 3 px it would sum
    to three. The DPED code blurs with about 4.3 px."""
    generator: Generator = Generator()
    pretrained: str | None = None
    """A network whose convolutions G begins with: the name of one that comes with the package, such
    as `any_camera`, or a file. It must have the `width`, `blocks`, `norm` and `leak` of
    `generator`, whose `start` is not `random`. Most of what there is to restore is the same for all
    cameras, so few photos and a fraction of the steps are enough. Not in the paper."""
    keep: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The share of what `restoration` takes away that stays in enhanced photos. A tenth of the
    source's own texture, noise included, makes roads, walls and skin look like what they are, and
    brought real photos a little nearer to those of a better camera. Not in the paper."""
    discriminator: Discriminator = Discriminator()
    content: WespeContent = WespeContent()
    weights: WespeWeights = WespeWeights()

    @property
    def given_files(self) -> tuple[str, ...]:
        own = (self.pretrained,) if self.pretrained and not self.packaged_files else ()
        return super().given_files + own

    @property
    def packaged_files(self) -> tuple[str, ...]:
        if self.pretrained is None or Path(self.pretrained).suffix:
            return ()
        return (f"networks/shipped/{self.pretrained}.safetensors",)

    @property
    def begins_with(self) -> str | None:
        return self.pretrained

    @property
    def has_content(self) -> bool:
        return self.weights.content > 0

    @property
    def restores(self) -> bool:
        return self.weights.restoration + self.weights.structure > 0

    @property
    def adapts_light(self) -> bool:
        return self.generator.start == "transport" and self.generator.light

    @model_validator(mode="after")
    def _pretrained_as_a_residual(self) -> Self:
        if self.pretrained and self.generator.start == "random":
            raise ValueError(
                "pretrained needs generator.start: identity or transport, got 'random'"
            )
        if self.packaged_files and self.pretrained not in pretrained_names():
            raise ValueError(
                f"pretrained must be a file or one of {', '.join(pretrained_names())}, "
                f"got {self.pretrained!r}"
            )
        return self

    @model_validator(mode="after")
    def _restores_before_the_transport(self) -> Self:
        if self.restores and self.generator.start != "transport":
            raise ValueError(
                "weights.restoration and weights.structure need generator.start: transport, "
                f"got {self.generator.start!r}"
            )
        if (self.keep or self.generator.detail) and not self.restores:
            raise ValueError("keep and generator.detail need weights.restoration, got 0")
        return self
