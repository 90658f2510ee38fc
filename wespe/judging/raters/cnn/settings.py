"""The settings of the rater that reads people's opinions from a network's features."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from wespe.core.schema import Name
from wespe.judging.raters.settings import RaterSettings


class CnnSettings(RaterSettings):
    """A rater fitted to people's scores that needs few photos: a ridge regression on the mean and
    spread of a network's features at each of its resolutions. The network knows ImageNet and is not
    trained further. All results are called "CNN (fitted to people)"."""

    rater: ClassVar[str] = "wespe.judging.raters.cnn.rater:CnnRater"

    kind: Literal["cnn"]
    """Selects this kind of rater."""
    photos: Name
    """The source to learn from, photos that people scored (its setting `scores`)."""
    backbone: Literal[
        "vgg19", "efficientnet_b0", "mobilenet_v3_large", "convnext_tiny", "small"
    ] = "vgg19"
    """The network, as for `ffs`. `small` has random weights and needs no download, for tests."""
    weights: str | None = None
    """A local .safetensors file with torchvision's keys (`features.…`); without one torchvision's
    weights are downloaded and their hash is checked."""
    crop_px: Annotated[int, Field(ge=32, le=1024)] = 224
    """Side of the five square crops, at the corners and the centre, that a photo is judged by. In
    smaller photos it is their shorter side."""

    @property
    def learns_from_people(self) -> bool:
        return True

    @property
    def weights_file(self) -> str | None:
        return self.weights

    @property
    def begins_with(self) -> str | None:
        return None if self.weights else self.backbone
