"""The settings of simulated viewers: the photos, what is done to them, and the viewers' model."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator

from wespe.core.schema import Count, NonNegative, Positive
from wespe.data.settings import SourceSettings
from wespe.data.simulated_faves.degradations import DEGRADATIONS, Degradation
from wespe.data.simulated_faves.viewers import Viewers

Rate = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(gt=0, lt=0.5)]


class SimulatedFavesSettings(SourceSettings):
    """Tiles of real photos, degraded to quality levels, with the faves of simulated viewers. They
    test a rater without a Flickr key. Every page and table from them says that the viewers are
    simulated."""

    kind: Literal["simulated_faves"]
    """Selects this kind of source."""
    path: str
    """A directory of photos, searched recursively, or the inventory of the demo's photos."""
    include: tuple[str, ...] = ("**",)
    """Glob patterns relative to the directory (`**` crosses folders); a photo must match one."""
    exclude: tuple[str, ...] = ()
    """Glob patterns relative to the directory; a photo that matches one is left out."""
    reduce: Count = 1
    """Photos are first reduced by this factor on each side, so that the defects of their own
    cameras are small beside those of the quality levels."""
    tile_px: Annotated[int, Field(ge=32, le=4096)] = 320
    """Side of the square tiles that photos are cut into, side by side; each becomes a photo of the
    dataset. Photos that are smaller are left out."""
    tiles: Count = 16
    """The largest number of tiles per photo, drawn at random."""
    min_std: Annotated[float, Field(ge=0, le=128)] = 0.0
    """A tile is left out if its grey levels (0 to 255) have a smaller standard deviation, since it
    shows nothing to score. 0 keeps all."""
    versions: Count = 1
    """The number of different quality levels at which each tile appears, drawn at random."""
    degradations: Annotated[tuple[Degradation, ...], Field(min_length=1)] = DEGRADATIONS
    """The possible degradations. Each photo gets at least three of them (or all, if there are
    fewer), drawn at random, with one strength: 1 at the lowest level, and 0, an unchanged photo, at
    the highest."""
    fave_rates: Annotated[tuple[Rate, ...], Field(min_length=2)] = (
        0.010,
        0.015,
        0.022,
        0.033,
        0.050,
    )
    """The share of viewers who fave a photo of each quality level, worst first. There are as many
    levels as numbers. Viewers decide independently, so faves are binomial."""
    owner_spread: NonNegative = 0.25
    """Standard deviation of the amount that an owner adds to the log odds of a fave for all of
    their photos."""
    views_median: Positive = 2000.0
    """Median of the views of a photo, which are log-normal."""
    views_spread: NonNegative = 0.7
    """Standard deviation of the natural logarithm of the views."""
    owner_photos: Count = 4
    """Photos of the dataset per owner, all from one original photo."""
    validation: Share = 0.15
    """Share of the original photos whose tiles are for validation, at least one photo."""
    test: Share = 0.15
    """Share of the original photos whose tiles are for testing, at least one photo. No photo and no
    owner is in more than one part."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of the split, the tiles, the degradations and the viewers."""

    @field_validator("fave_rates")
    @classmethod
    def _rises(cls, rates: tuple[float, ...]) -> tuple[float, ...]:
        if any(worse >= better for worse, better in pairwise(rates)):
            raise ValueError("must rise from the worst level to the best")
        return rates

    @property
    def viewers(self) -> Viewers:
        """The model of the viewers."""
        return Viewers(self.fave_rates, self.owner_spread, self.views_median, self.views_spread)
