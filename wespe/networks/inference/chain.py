"""Networks one after the other, in one pass over a photo's file."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wespe.networks.inference.enlarged import by_area, end_scale
from wespe.networks.inference.tiles import TiledEnhancer
from wespe.photos.images import AnyPixels


class Chain:
    """Several networks as one; see `TiledEnhancer`, whose attributes and method it has.

    Between two networks a photo of 8 bits has 16, so that nothing is rounded to 8 bits twice. It is
    there as a whole: in tiles, the first network would compute what the tiles of the second share
    again and again. Raises ValueError for no network.
    """

    def __init__(self, enhancers: Sequence[TiledEnhancer]) -> None:
        if not enhancers:
            raise ValueError("expected a network, got none")
        self._enhancers = tuple(enhancers)
        self.scale = 1
        for enhancer in enhancers:
            self.scale *= enhancer.scale

    @property
    def engine(self) -> str:
        """What computes the convolutions, each once."""
        return ", ".join(dict.fromkeys(enhancer.engine for enhancer in self._enhancers))

    @property
    def name(self) -> str:
        """The networks' classes."""
        return " and ".join(enhancer.name for enhancer in self._enhancers)

    @property
    def key(self) -> str:
        """What distinguishes its results from another's."""
        return " + ".join(enhancer.key for enhancer in self._enhancers)

    @property
    def weights(self) -> str:
        """The hashes of the weights, in order."""
        return "+".join(enhancer.weights for enhancer in self._enhancers)

    @property
    def following(self) -> "TiledEnhancer | None":
        """None: frames go through each network by themselves. Raises ValueError where one of them
        remembers the frame before, which here it could not."""
        if any(enhancer.following for enhancer in self._enhancers):
            raise ValueError(
                "expected a network that remembers frames, such as `larger_video`, to be the only "
                "one for a video; `larger` goes behind others"
            )
        return None

    def enhance(
        self,
        pixels: AnyPixels,
        *,
        strength: float = 1.0,
        scale: float | None = None,
        dtype: np.dtype[Any] | None = None,
        advance: Callable[[int], None] = lambda _: None,
    ) -> AnyPixels:
        """As `TiledEnhancer.enhance`; `strength` is that of each network."""
        wanted, last_scale = end_scale(self.scale, scale), self._scale_of_last(scale)
        dtype = np.dtype(dtype or pixels.dtype)
        between = np.dtype(np.uint16) if pixels.dtype == np.uint8 else pixels.dtype
        *others, last = self._enhancers
        told, made = _Told(pixels, len(self._enhancers), advance), pixels
        for enhancer in others:
            tell = told.of(made.shape)
            made = enhancer.enhance(made, strength=strength, dtype=between, advance=tell)
        tell = told.of(made.shape)
        made = last.enhance(made, strength=strength, scale=last_scale, dtype=dtype, advance=tell)
        done = wanted in (self.held_scale(scale), self.scale)
        return made if done else by_area(made, pixels, wanted)

    def held_scale(self, scale: float | None) -> int:
        """The factor of what `enhance` has in memory as a whole; see `TiledEnhancer`."""
        last = self._enhancers[-1]
        return self.scale // last.scale * last.held_scale(self._scale_of_last(scale))

    def _scale_of_last(self, scale: float | None) -> float | None:
        """The factor that the last network ends at, where reducing its tiles is all there is."""
        last = self._enhancers[-1]
        ends = last.scale * end_scale(self.scale, scale) / self.scale
        exact = ends >= 1 and last.held_scale(ends) == ends
        return ends if exact else None


class _Told:
    """Says how many pixels of a photo are done while each is done by several networks."""

    def __init__(self, pixels: AnyPixels, networks: int, advance: Callable[[int], None]) -> None:
        self._pixels, self._networks, self._advance = pixels[..., 0].size, networks, advance
        self._done, self._told = 0.0, 0

    def of(self, shape: tuple[int, ...]) -> Callable[[int], None]:
        """What one network tells, which has a photo of this shape to do."""
        share = self._pixels / (shape[0] * shape[1] * self._networks)

        def advance(done: int) -> None:
            self._done += done * share
            new = round(self._done) - self._told
            self._told += new
            self._advance(new)

        return advance
