"""A photo as Flickr's search describes it, and whether it is one that is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from wespe.data.flickr.licences import name_of
from wespe.data.flickr.settings import FlickrSettings

# Suffixes of the answer's url_*, width_* and height_*: 800, 1024, 1600 and 2048 px, the original.
_SIZES = ("c", "l", "h", "k", "o")
EXTRAS = ",".join(
    [
        *("license", "date_upload", "date_taken", "owner_name", "views", "media", "path_alias"),
        *("o_dims", *(f"url_{size}" for size in _SIZES)),
        "count_faves",  # not documented: it may stop coming
    ]
)
"""What a search has to return for each photo."""


class Size(NamedTuple):
    """One size that a photo is there in; without an address it cannot be fetched."""

    width_px: int
    height_px: int
    url: str | None

    @property
    def long_px(self) -> int:
        return max(self.width_px, self.height_px)

    @property
    def short_px(self) -> int:
        return min(self.width_px, self.height_px)


@dataclass(frozen=True)
class FlickrPhoto:
    """What is known of a photo; `views` and `faves` are None if Flickr did not state them."""

    id: str
    owner: str
    owner_name: str
    title: str
    licence: str
    uploaded: int
    """Unix time."""
    taken: str
    views: int | None
    faves: int | None
    page: str
    """Its page on Flickr."""
    sizes: tuple[Size, ...]

    @property
    def largest(self) -> Size:
        return max(self.sizes, key=lambda size: size.width_px * size.height_px)

    @property
    def score(self) -> float:
        """Faves over views (WESPE, section 4.4), for a photo that has both."""
        assert self.faves is not None
        assert self.views
        return self.faves / self.views


def parse(record: Mapping[str, Any]) -> FlickrPhoto | None:
    """A photo of a search's answer; None for one without an id or an owner, and for videos.

    Numbers come as numbers or as text, and any of them may be missing.
    """
    identity, owner = str(record.get("id", "")), str(record.get("owner", ""))
    if not identity.isdecimal() or not owner or record.get("media", "photo") != "photo":
        return None
    return FlickrPhoto(
        id=identity,
        owner=owner,
        owner_name=str(record.get("ownername", "")),
        title=str(record.get("title", "")),
        licence=name_of(record.get("license", "")),
        uploaded=whole(record.get("dateupload")) or 0,
        taken=str(record.get("datetaken", "")),
        views=whole(record.get("views")),
        faves=whole(record.get("count_faves")),
        page=f"https://www.flickr.com/photos/{record.get('pathalias') or owner}/{identity}/",
        sizes=tuple(_sizes(record)),
    )


def plain(photo: FlickrPhoto) -> dict[str, Any]:
    """A photo as JSON has it; `dataclasses.asdict` takes many times as long."""
    return vars(photo)


def restore(value: Mapping[str, Any]) -> FlickrPhoto:
    """The photo that `plain` made `value` of."""
    sizes = tuple(Size(*size) for size in value["sizes"])
    return FlickrPhoto(**{**value, "sizes": sizes})


def whole(value: object) -> int | None:
    """A whole number that was sent as one or as text; None for anything else."""
    text = str(value).strip()
    return int(text) if text.isdecimal() else None


def _sizes(record: Mapping[str, Any]) -> list[Size]:
    sizes = []
    for suffix in _SIZES:
        # Of originals, o_dims has the size even if they may not be fetched.
        width, height = (
            whole(record.get(f"{side}_{suffix}")) or whole(record.get(f"{suffix}_{side}"))
            for side in ("width", "height")
        )
        if width and height:
            sizes.append(Size(width, height, record.get(f"url_{suffix}")))
    return sizes


def to_fetch(photo: FlickrPhoto, settings: FlickrSettings) -> Size | None:
    """The smallest size from which the photo can be cropped without enlarging it, if any."""
    enough = [
        size
        for size in photo.sizes
        if size.url and size.long_px >= settings.width_px and size.short_px >= settings.height_px
    ]
    return min(enough, key=lambda size: size.width_px * size.height_px, default=None)


def objection(photo: FlickrPhoto, settings: FlickrSettings) -> str | None:
    """Why a photo that the search found is not wanted; None if it is."""
    if not photo.sizes:
        return "no size given"
    largest = photo.largest
    if largest.long_px < settings.min_width_px or largest.short_px < settings.min_height_px:
        return f"smaller than {settings.min_width_px}×{settings.min_height_px} px"
    if photo.licence not in settings.licences:
        return "another licence"
    if photo.views is None:
        return "views not given"
    if photo.views < settings.min_views:
        return f"fewer than {settings.min_views} views"
    if not to_fetch(photo, settings):
        return f"not available in {settings.width_px}×{settings.height_px} px"
    return None
