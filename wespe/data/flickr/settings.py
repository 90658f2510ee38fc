"""The settings of a crawl of Flickr."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from wespe.data.flickr.licences import NAMES, LicenceName, number
from wespe.data.settings import SourceSettings

Count = Annotated[int, Field(ge=1)]


class FlickrSettings(SourceSettings):
    """Photos from Flickr with their views and faves: the Flickr Faves Score dataset of the WESPE
    paper (section 4.4). It needs an API key, in the environment variables `FLICKR_API_KEY` and
    `FLICKR_API_SECRET` or in the two lines of `~/.config/wespe/flickr`, never in a settings
    file."""

    kind: Literal["flickr"]
    """Selects this kind of source."""
    path: str
    """The list of photos that their photographers want removed, `data/flickr_removed.txt`, with one
    id per line. `wespe flickr-remove` adds to it, and the source is made again without them."""
    raw: str
    """The folder of the crawl: its journal and the photos. It need not exist. A stopped crawl
    resumes from it. Changes in it cause no rerun."""
    tags: Annotated[tuple[str, ...], Field(min_length=1)] = ("street",)
    """Tags to search for. The paper does not say what it searched for."""
    tag_mode: Literal["any", "all"] = "any"
    """Whether a photo needs one of the tags or all of them."""
    text: str | None = None
    """Words that title, description or tags must have as well."""
    since: date
    """First day of upload (UTC), as "2016-01-01"."""
    until: date
    """Last day of upload (UTC). Recent photos have not had the time to collect faves."""
    licences: Annotated[tuple[LicenceName, ...], Field(min_length=1)] = NAMES[1:]
    """Accepted licences. The paper does not say; by default all but "all rights reserved"."""
    min_width_px: Count = 1600
    """Photos with a shorter long side are left out."""
    min_height_px: Count = 1200
    """Photos with a shorter short side are left out."""
    width_px: Count = 1280
    """Long side of the stored photos. They are cropped about their centre and then resized. The
    paper says HD. Upright photos stay upright."""
    height_px: Count = 720
    """Short side of the stored photos."""
    min_views: Count = 50
    """Photos with fewer views are left out, since their faves per view say little. The paper does
    not say."""
    train: Count = 15200
    """Photos for training."""
    validation: Annotated[int, Field(ge=0)] = 400
    """Photos for validation."""
    test: Annotated[int, Field(ge=0)] = 400
    """Photos for testing. No photographer is in more than one part."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of the order in which the dates are searched, and of the split."""
    downloads: Annotated[int, Field(ge=1, le=16)] = 4
    """Photos fetched at the same time."""
    calls_per_hour: Annotated[int, Field(ge=1, le=3600)] = 3600
    """API calls in any hour, by all crawls of the project together. Flickr allows 3600 per key."""
    service: str | None = None
    """Address of the API, if it is not Flickr's own: that of an emulator, for example."""

    @field_validator("until")
    @classmethod
    def _follows(cls, until: date, info: ValidationInfo) -> date:
        since = info.data.get("since")
        if since is not None and until < since:
            raise ValueError(f"must not be before since, {since}")
        return until

    @property
    def wanted(self) -> int:
        """Photos of all three parts."""
        return self.train + self.validation + self.test

    @property
    def uploaded(self) -> tuple[int, int]:
        """First and last second of upload, in Unix time."""
        first = datetime.combine(self.since, time.min, UTC)
        last = datetime.combine(self.until, time(23, 59, 59), UTC)
        return int(first.timestamp()), int(last.timestamp())

    def query(self) -> dict[str, Any]:
        """What a search asks for besides its dates; a journal belongs to one query."""
        return {
            "tags": ",".join(self.tags),
            "tag_mode": self.tag_mode,
            "text": self.text,
            "license": ",".join(str(number(name)) for name in sorted(set(self.licences))),
        }
