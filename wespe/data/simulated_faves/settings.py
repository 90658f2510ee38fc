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
    """Tiles of real photos, degraded to quality levels, with the faves of simulated viewers: what
    a rater is proved on without a Flickr key. No page or table from it claims more."""

    kind: Literal["simulated_faves"]
    """Tells this kind of source from the others."""
    path: str
    """A directory of photos, searched recursively, or the inventory of the demo's photos."""
    include: tuple[str, ...] = ("**",)
    """Glob patterns relative to the directory (`**` crosses folders); a photo must match one."""
    exclude: tuple[str, ...] = ()
    """Glob patterns relative to the directory; a photo that matches one is left out."""
    reduce: Count = 1
    """Photos are first reduced to one in so many of their pixels a side, so that what their own
    cameras did to them is small beside what the levels do."""
    tile_px: Annotated[int, Field(ge=32, le=4096)] = 320
    """Side of the square tiles that photos are cut into, side by side; each becomes a photo of the
    dataset. Photos that are smaller are left out."""
    tiles: Count = 16
    """At most so many tiles a photo, drawn at random."""
    min_std: Annotated[float, Field(ge=0, le=128)] = 0.0
    """A tile whose grey levels (0 to 255) have a smaller standard deviation shows nothing that
    could be judged: left out. 0 keeps all."""
    versions: Count = 1
    """Each tile appears at so many quality levels, drawn at random, no two the same."""
    degradations: Annotated[tuple[Degradation, ...], Field(min_length=1)] = DEGRADATIONS
    """What can make a photo worse; of these each photo gets at least three (or all there are),
    drawn at random, with one strength: 1 on the lowest level, 0, a photo as it was, on the
    highest."""
    fave_rates: Annotated[tuple[Rate, ...], Field(min_length=2)] = (
        0.010,
        0.015,
        0.022,
        0.033,
        0.050,
    )
    """The share of viewers who fave a photo of each quality level, worst first: as many levels as
    numbers. Each viewer decides for himself, so faves are binomial."""
    owner_spread: NonNegative = 0.25
    """Standard deviation of what an owner adds to the log odds of a fave on all his photos."""
    views_median: Positive = 2000.0
    """Median of the views of a photo, which are log-normal."""
    views_spread: NonNegative = 0.7
    """Standard deviation of the natural logarithm of the views."""
    owner_photos: Count = 4
    """Photos of the dataset that an owner has, all of one original photo."""
    validation: Share = 0.15
    """Share of the original photos whose tiles are for validation, at least one photo."""
    test: Share = 0.15
    """Share of the original photos whose tiles are for testing, at least one photo. No photo and
    no owner is in two of the three parts."""
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
