"""What a transport is fitted to: the patches of a domain, measured part by part."""

from collections.abc import Callable, Iterator
from functools import cached_property

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wespe.networks.transport import Transport, bands
from wespe.networks.transport_numbers import BAND_EDGES_PX
from wespe.photos.filters import grey
from wespe.photos.images import Pixels
from wespe.photos.tensors import to_pixels, to_tensor
from wespe.training.transport.chance import PARTS
from wespe.training.transport.joint_colour import moments

# Patches of a memory map that are looked at together.
_CHUNK_PIXELS = 2**22
# Patches a domain that contrast and saturation are measured on, evenly spread; and all else after
# a network.
_MEASURED = 2000

Counts = NDArray[np.int64]
Change = Callable[[Tensor], Tensor]


class Domain:
    """The patches of a domain, and which part of its photos each belongs to.

    `whole`: they are all of one part, and nothing is left out.
    """

    def __init__(
        self, patches: Pixels, photos: NDArray[np.int64] | None = None, *, whole: bool = False
    ) -> None:
        self._patches, self._whole = patches, whole
        self._photos = np.arange(len(patches)) if photos is None else photos
        ranks = np.unique(self._photos, return_inverse=True)[1]
        self.parts = 1 if whole else min(PARTS, int(ranks.max()) + 1)
        self._part_of = ranks % self.parts

    def changed(self, change: Change) -> "Domain":
        """The domain of the measured patches after `change`, of 8 bits."""
        patches = [to_pixels(change(patches)) for _, patches in self._chunks()]
        photos = self._photos[self._measured()]
        return Domain(np.concatenate(patches), photos, whole=self._whole)

    @cached_property
    def histograms(self) -> Counts:
        """How often each channel has each of its levels, in each part: `(parts, 3, 256)`."""
        counts = np.zeros((self.parts, 3, 256), np.int64)
        for patch, part in zip(self._patches, self._part_of, strict=True):
            counts[part] += _counts(patch)
        return counts

    def contrasted_histograms(self, look: Transport) -> Counts:
        """`histograms` of what the contrast of `look` makes of the patches."""
        counts = np.zeros((self.parts, 3, 256), np.int64)
        for parts, patches in self._chunks():
            levels = to_pixels(look.contrasted(patches))
            for part, patch in zip(parts, levels, strict=True):
                counts[part] += _counts(patch)
        return counts

    def contrasts(self, look: Transport, change: Change | None = None) -> list[NDArray[np.float64]]:
        """The squares of the chroma and of each band of the luma, after the curves of `look`.

        Of each part the sums over its patches of the means over their pixels, then the number of
        patches: `(bands + 2,)`. `change` is what happens to the patches before.
        """
        sums = np.zeros((self.parts, len(BAND_EDGES_PX) + 1))
        for parts, patches in self._chunks():
            image = look.tone(change(patches) if change else patches)
            luma = grey(image)
            squares = [
                part.square().mean((1, 2, 3)).double() for part in (image - luma, *bands(luma))
            ]
            rows = torch.stack([*squares, torch.ones(len(parts), dtype=torch.double)], dim=1)
            np.add.at(sums, parts, rows.numpy())
        return [*sums]

    def moments(self, look: Change) -> list[NDArray[np.float64]]:
        """The `joint_colour.moments` of each part after `look`."""
        sums = np.zeros((self.parts, 4, 4))
        for parts, patches in self._chunks():
            for part, image in zip(parts, look(patches), strict=True):
                sums[part] += moments(image.flatten(1).T.double().numpy())
        return [*sums]

    def _chunks(self) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
        """Patches that are measured, `(n, 3, S, S)`, and which part each belongs to."""
        chosen = self._measured()
        step = max(1, _CHUNK_PIXELS // (4 * self._patches.shape[1] * self._patches.shape[2]))
        for first in range(0, len(chosen), step):
            chunk = chosen[first : first + step]
            yield self._part_of[chunk], to_tensor(self._patches[chunk])

    def _measured(self) -> NDArray[np.int64]:
        """The numbers of the patches that contrasts and colours are measured on."""
        count = min(len(self._patches), _MEASURED)
        return np.unique(np.linspace(0, len(self._patches) - 1, count).astype(np.int64))


def _counts(patch: Pixels) -> Counts:
    """How often each channel of a patch has each level, `(3, 256)`."""
    counts = [cv2.calcHist([patch], [channel], None, [256], [0, 256]) for channel in range(3)]
    return np.stack(counts).reshape(3, 256).astype(np.int64)
