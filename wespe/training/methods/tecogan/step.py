"""TecoGAN: a network that remembers, a way there and back, a discriminator of three frames."""

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wespe.networks.enlarging.discriminator import EnlargingDiscriminator
from wespe.networks.enlarging.recurrent import Recurrent
from wespe.photos.resizing import bicubic_up
from wespe.training.enlarging.clips import flicker, followed, motions, moved
from wespe.training.methods.enlarging_gan import DISTANCES, EnlargingGanStep
from wespe.training.methods.step import Losses, Task, Weights

if TYPE_CHECKING:
    from wespe.training.methods.tecogan.settings import TecoganRecipe

_VIEW_CHANNELS = 27
"""Of three frames in colour: as they are, moved to the middle one, and by bicubic."""


class TecoganStep(EnlargingGanStep):
    """G, which follows each frame from the one before, and D, which sees three frames in a row.

    Batches are clips, frame after frame: `(batch_size · frames, 3, size_px, size_px)`. Source: Chu
    et al., Learning Temporal Coherence via Self-Supervision for GAN-based Video Generation, 2020.
    Raises ValueError without a network to begin with, and for one of another architecture.
    """

    recipe: "TecoganRecipe"
    shows = ("input", "enhanced", "alone", "target")

    def __init__(self, recipe: "TecoganRecipe", task: Task) -> None:
        if task.start:
            task = replace(task, start=Recurrent.begun(task.start))
        super().__init__(recipe, task)

    def build_networks(self, task: Task) -> dict[str, nn.Module]:
        networks = super().build_networks(task)
        del networks["d_texture"]
        if self.recipe.weights.texture:
            shape = self.recipe.discriminator
            networks["d_texture"] = EnlargingDiscriminator(
                size_px=self.recipe.crop_px or task.size_px,
                width=shape.width,
                norm=shape.norm,
                channels=_VIEW_CHANNELS,
            )
        return networks

    def columns(self) -> list[Tensor]:
        """The last frames of the preview clips, among them what it makes of them alone."""
        x, y = (self._clips(frames) for frames in self.preview)
        network = self.generator
        assert isinstance(network, Recurrent)
        seen = self._clips(self.as_large(self.preview[0]))
        made = followed(network, x, motions(seen)[0])[:, -1]
        return [self.as_large(x[:, -1]), made, network(x[:, -1]), y[:, -1]]

    def _begin(self, batch: tuple[Tensor, ...], number: int) -> list[Tensor]:
        x, y = super()._begin(batch, number)
        return [x, y, motions(self._clips(self.as_large(x)))]

    def _generator_losses(
        self, x: Tensor, y: Tensor, weights: Weights, motion: Tensor | None = None
    ) -> tuple[Losses, Tensor]:
        """The losses, and what D sees of the results. `motion`: that of x, see `motions`."""
        assert motion is not None
        (forth, back), frames = motion, self.recipe.frames
        small, large, way = self._clips(x), self._clips(y), forth
        if weights["ping_pong"]:
            small, large = (torch.cat([each, each[:, :-1].flip(1)], 1) for each in (small, large))
            way = torch.cat([forth, back.flip(1)], 1)
        network = self.networks["generator"]
        assert isinstance(network, Recurrent)
        with self.device.autocast():
            made = followed(network, small, way)
        losses = Losses()
        if weights["pixels"]:
            losses["pixels"] = F.l1_loss(made, large)
        if weights["color"]:
            losses["color"] = self.color(made.flatten(0, 1), large.flatten(0, 1))
        if weights["content"]:
            distance = DISTANCES[self.recipe.content_distance]
            losses["content"] = self.content(large.flatten(0, 1), made.flatten(0, 1), distance)
        if weights["flicker"]:
            losses["flicker"] = flicker(made[:, :frames], self._clips(y), forth)
        if weights["ping_pong"]:
            there, again = made[:, : frames - 1], made[:, frames:].flip(1)
            losses["ping_pong"] = F.l1_loss(there, again)
        if not weights["texture"]:
            return losses, made
        by_bicubic = bicubic_up(x, self.recipe.scale)
        view = self._seen(made[:, :frames].flatten(0, 1), by_bicubic, motion)
        losses["texture"] = self.deceive(view, y)
        return losses, view

    def _discriminator_losses(self, enhanced: Tensor, y: Tensor, *others: Tensor) -> Losses:
        """`enhanced`: what D sees of the results, by bicubic last."""
        real = torch.cat([self._seen(y, None, others[0]), enhanced[:, 18:]], 1)
        return {"d_texture": self._discriminator_loss("d_texture", enhanced, real)}

    def _seen(self, frames: Tensor, by_bicubic: Tensor | None, motion: Tensor) -> Tensor:
        """What D sees of the frames of clips, three by three: `(N · T // 3, 27 or 18, H, W)`."""
        clips, (forth, back) = self._clips(frames), motion
        last = clips.shape[1] // 3 * 3
        before, middle, after = (clips[:, place:last:3] for place in range(3))
        # The middle one's motion from the one before, and from the one behind it.
        there, again = forth[:, 0 : last - 1 : 3], back[:, 1:last:3]
        before, after = (
            moved(image.flatten(0, 1), way.flatten(0, 1))
            for image, way in ((before, there), (after, again))
        )
        views = [self._threes(frames), before, middle.flatten(0, 1), after]
        if by_bicubic is not None:
            views.append(self._threes(by_bicubic))
        return torch.cat(views, 1)

    def _threes(self, frames: Tensor) -> Tensor:
        """The channels of three frames in a row, `(N · T // 3, 9, H, W)`."""
        clips = self._clips(frames)
        whole = clips[:, : clips.shape[1] // 3 * 3]
        return whole.reshape(-1, 9, *whole.shape[-2:])

    def _clips(self, frames: Tensor) -> Tensor:
        """`(N · T, …)` as `(N, T, …)`."""
        return frames.reshape(-1, self.recipe.frames, *frames.shape[1:])
