"""The network of SRCNN: three convolutions."""

import torch
from torch import Tensor, nn

from wespe.networks.enhancer import Enhancer
from wespe.networks.enlarging.bicubic import Bicubic
from wespe.networks.enlarging.numbers import srcnn_reach_px


class Srcnn(Enhancer):
    """SRCNN on RGB (Dong et al., TPAMI 2016): `(N, 3, H, W)` in [0, 1] → `scale` times the size.

    What is enlarged is first brought to its new size by bicubic interpolation, as in the paper.
    Convolutions of 9, `middle_kernel_px` and 5 px, ReLU after the first two; zero padding keeps the
    size, where the paper's training cuts the border off. Nothing bounds the output.
    """

    def __init__(self, *, width: int = 64, middle_kernel_px: int = 1, scale: int = 1) -> None:
        super().__init__()
        self.config = {"width": width, "middle_kernel_px": middle_kernel_px, "scale": scale}
        self.scale = scale
        self.enlarge = Bicubic(scale) if scale > 1 else nn.Identity()
        self.extraction = nn.Conv2d(3, width, 9, padding="same")
        self.mapping = nn.Conv2d(width, width // 2, middle_kernel_px, padding="same")
        self.reconstruction = nn.Conv2d(width // 2, 3, 5, padding="same")

    def convolve(self, prepared: Tensor) -> Tensor:
        enlarged = self.enlarge(prepared)
        features = torch.relu(self.mapping(torch.relu(self.extraction(enlarged))))
        convolved: Tensor = self.reconstruction(features)
        return convolved

    @property
    def receptive_field_px(self) -> int:
        return srcnn_reach_px(self.config["middle_kernel_px"], self.scale)
