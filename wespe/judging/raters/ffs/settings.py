"""The settings of the Flickr Faves Score (WESPE, section 4.4)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from wespe.core.schema import Count, Name, Positive
from wespe.judging.raters.settings import RaterSettings


class FfsSettings(RaterSettings):
    """A network that separates photos with more faves per view than the median from those with
    fewer (Ignatov et al. 2018, section 4.4). The defaults are the paper's where it states them."""

    rater: ClassVar[str] = "wespe.judging.raters.ffs.rater:FfsRater"

    kind: Literal["ffs"]
    """Selects this kind of rater."""
    photos: Name
    """The source to learn from. It needs a table of faves, so its kind is `flickr` or
    `simulated_faves`."""
    backbone: Literal[
        "vgg19", "efficientnet_b0", "mobilenet_v3_large", "convnext_tiny", "small"
    ] = "vgg19"
    """The convolutions. `vgg19` is the paper's; three newer ones from torchvision are lighter.
    `small` starts at random and needs no download, for the demo. The classifier after them is
    always ours: the mean over the crop, dropout, one linear layer."""
    start: Literal["imagenet", "random"] = "imagenet"
    """The start of the convolutions: weights trained on ImageNet, as in the paper, or random
    numbers. `small` is always random."""
    weights: str | None = None
    """A local .safetensors file with torchvision's keys (`features.…`) to start from; without one
    torchvision's weights are downloaded and their hash is checked."""
    crop_px: Annotated[int, Field(ge=32, le=1024)] = 224
    """Side of the square crops; 224 in the paper. Training uses one at a random position of each
    photo in each epoch; scoring uses the four corners and the centre. Smaller photos are left out
    of training. When they are scored, the crop is as large as their shorter side."""
    learning_rate: Positive = 5e-5
    """Adam's learning rate; 5·10⁻⁵ in the paper, which does not name the optimiser."""
    batch_size: Count = 25
    """Photos per step; 25 in the paper."""
    epochs: Count = 50
    """The largest number of passes over the photos; the paper trains until it stops early."""
    patience: Count = 5
    """Training stops after this many epochs in a row without a smaller loss on the validation
    photos. The paper does not say how it stops."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Share of the features that are dropped at random in training; 0.5 as in VGG's classifier."""
    flip: bool = False
    """Mirror crops at random in training. Not in the paper."""
    save_every: Count = 50
    """Steps between two saves of the state that a stopped training resumes from."""

    @property
    def weights_file(self) -> str | None:
        return self.weights

    @property
    def begins_with(self) -> str | None:
        return self.backbone if self.start == "imagenet" and not self.weights else None
