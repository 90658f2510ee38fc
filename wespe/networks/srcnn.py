"""The network of SRCNN: three convolutions."""

import torch
from torch import Tensor, nn

from wespe.networks.enhancer import Enhancer


class Srcnn(Enhancer):
    """SRCNN on RGB (Dong et al., TPAMI 2016): `(N, 3, H, W)` in [0, 1] → the same shape.

    Convolutions of 9, `middle_kernel_px` and 5 px, ReLU after the first two; zero padding keeps the
    size, where the paper's training cuts the border off. Nothing bounds the output.
    """

    def __init__(self, *, width: int = 64, middle_kernel_px: int = 1) -> None:
        super().__init__()
        self.config = {"width": width, "middle_kernel_px": middle_kernel_px}
        self.extraction = nn.Conv2d(3, width, 9, padding="same")
        self.mapping = nn.Conv2d(width, width // 2, middle_kernel_px, padding="same")
        self.reconstruction = nn.Conv2d(width // 2, 3, 5, padding="same")

    def convolve(self, prepared: Tensor) -> Tensor:
        features = torch.relu(self.mapping(torch.relu(self.extraction(prepared))))
        convolved: Tensor = self.reconstruction(features)
        return convolved

    @property
    def receptive_field_px(self) -> int:
        kernel_px: int = self.config["middle_kernel_px"]
        return 4 + kernel_px // 2 + 2
