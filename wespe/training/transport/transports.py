"""Both transports of a pair of domains, and what the source's camera does."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from wespe.data.patches.store import PatchSet
from wespe.networks.transport import Transport
from wespe.photos.images import Pixels
from wespe.photos.tensors import to_tensor
from wespe.results.cards import DegradationNumbers
from wespe.training.camera.degradation import ANY_CAMERA, Degradation
from wespe.training.camera.fit import fit_degradation
from wespe.training.transport.curves import Levels
from wespe.training.transport.domain import Change, Domain
from wespe.training.transport.fit import fit_domains, match_domains

# Patches a domain that degradation and detail are fitted to.
_MEASURED = 200


class Transports:
    """The transports from each domain to the look of the other, fitted when first asked for.

    `shrink`, `light`: as in `fit_transport`. `texture`: other photos whose texture is as clean as
    the target's, whatever their colours. `any_camera`: what degrades clean photos is not measured,
    and colours stay: the network is for photos of cameras that are not known.
    """

    def __init__(
        self,
        source: PatchSet,
        target: PatchSet,
        texture: PatchSet | None = None,
        *,
        shrink: bool,
        light: bool = False,
        any_camera: bool = False,
    ) -> None:
        self._shrink, self._light, self._any_camera = shrink, light, any_camera
        self._source, self._target = (
            Domain(patches.pixels, patches.photos, whole=not shrink) for patches in (source, target)
        )
        self._taken, self._wanted = source.pixels, target.pixels
        self._files_quality = source.manifest.jpeg_quality
        self._texture = texture.pixels if texture else None

    @cached_property
    def forth(self) -> Transport:
        """From the source to the target."""
        return fit_domains(self._source, self._target, shrink=self._shrink, light=self._light)

    @cached_property
    def around_restoration(self) -> Transport:
        """`forth` for a network that undoes the degradation.

        The blur has taken some of the contrast that the target has more. The network gives that
        back, and the gains only what is left: with the whole gain photos got it twice.
        """
        if self._any_camera:
            return Transport()
        random = torch.Generator().manual_seed(0)
        degradation, back = Degradation(self.degradation), self.colours_back

        def degraded(clean: Tensor) -> Tensor:
            return degradation(back.recolour(clean), random)

        domains = self._source, self._target
        return fit_domains(*domains, shrink=self._shrink, light=self._light, degraded=degraded)

    def after_restoration(self, restored: Change, contrast: Sequence[float]) -> Transport:
        """`around_restoration` for a network that has learned, where its colours are as wanted.

        What it takes away, noise above all, made the source's colours and levels spread wider than
        they do now. So everything but the `contrast`, which comes before the network, is fitted to
        what the network makes. `restored`: patches `(n, 3, S, S)` of the source → the same as they
        are before the colours change.
        """
        if self._any_camera:
            return Transport()
        fitted = fit_domains(
            self._source.changed(restored),
            self._target,
            shrink=self._shrink,
            light=self._light,
            colours_only=True,
        )
        fitted.gains[1:] = torch.tensor(contrast)
        return fitted

    @cached_property
    def back(self) -> Transport:
        """From the target to the source."""
        return fit_domains(self._target, self._source, shrink=self._shrink, light=self._light)

    @cached_property
    def colours_back(self) -> Transport:
        """From the target to the source's colours: the contrast of the target stays."""
        if self._any_camera:
            return Transport()
        domains = self._target, self._source
        return fit_domains(*domains, shrink=self._shrink, light=self._light, colours_only=True)

    @cached_property
    def degradation(self) -> DegradationNumbers:
        """What the source's camera does to clean photos: the target's and those of texture.

        Those of texture alone may be sharper than any of the target's, and then the camera seems to
        blur more than it does. Training degrades as many of both, too.
        """
        if self._any_camera:
            return ANY_CAMERA
        clean = _sample(self._wanted)
        if self._texture is not None:
            # In turn, so that patches taken evenly are as many of both.
            pairs = zip(clean, _sample(self._texture), strict=False)
            clean = torch.stack([patch for pair in pairs for patch in pair])
        taken, clean = _sample(self._taken), self.colours_back.recolour(clean)
        return fit_degradation(taken, clean, files_quality=self._files_quality)

    @property
    def texture(self) -> tuple[Tensor, Tensor]:
        """Patches of source and target whose texture is to be compared, `(n, 3, S, S)` each."""
        return _sample(self._taken), _sample(self._wanted)

    @cached_property
    def histogram_match(self) -> Levels:
        """The plain histogram match from the source to the target, `(256, 3)`."""
        return match_domains(self._source, self._target)


def _sample(patches: Pixels) -> Tensor:
    """Patches that texture is measured on, evenly spread, `(n, 3, S, S)`."""
    numbers = np.linspace(0, len(patches) - 1, min(len(patches), _MEASURED)).astype(int)
    return to_tensor(patches[np.unique(numbers)])
