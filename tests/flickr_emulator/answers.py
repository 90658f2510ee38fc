"""What the emulator answers to calls of the API, in the shapes of Flickr's own answers."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from tests.flickr_emulator.catalogue import CataloguePhoto

CAP = 4000
_MAX_PER_PAGE = 500
_MAX_FAVES_PER_PAGE = 50
# Long sides of the sizes below the original, by suffix.
_LONG_PX = {"c": 800, "l": 1024, "h": 1600, "k": 2048}
# Of so many results one comes twice.
_REPEAT_EVERY = 97


class FailError(Exception):
    """An answer with an error code, which Flickr sends with status 200."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Answers:
    """The methods of the API, on a catalogue in order of upload.

    `address`: where pictures are, as "http://127.0.0.1:8765".
    """

    def __init__(self, catalogue: Sequence[CataloguePhoto], address: str) -> None:
        self._address = address
        self._catalogue = catalogue
        self._times = [photo.uploaded for photo in catalogue]
        self.by_id = {str(photo.id): photo for photo in catalogue}

    def answer(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        """The answer to a call. Raises FailError."""
        if parameters.get("format") != "json":
            raise FailError(111, f'Format "{parameters.get("format")}" not found')
        method = parameters.get("method", "")
        methods = {
            "flickr.photos.search": self._search,
            "flickr.photos.getFavorites": self._favorites,
        }
        if method not in methods:
            raise FailError(112, f'Method "{method}" not found')
        return {**methods[method](parameters), "stat": "ok"}

    def matching(self, parameters: Mapping[str, str]) -> list[CataloguePhoto]:
        """The photos that a search is about, each once, in order of upload."""
        first = int(parameters.get("min_upload_date") or 0)
        last = int(parameters.get("max_upload_date") or 2**40)
        wanted = {tag.strip() for tag in parameters.get("tags", "").split(",") if tag.strip()}
        if not wanted and not parameters.get("text"):
            raise FailError(3, "Parameterless searches have been disabled")
        if first > last:
            raise FailError(18, "Illogical arguments")
        licences = {int(number) for number in parameters.get("license", "").split(",") if number}
        enough = len(wanted) if parameters.get("tag_mode") == "all" else min(1, len(wanted))
        start, end = bisect_left(self._times, first), bisect_right(self._times, last)
        return [
            photo
            for photo in self._catalogue[start:end]
            if (not licences or photo.licence in licences)
            and len(wanted.intersection(photo.tags)) >= enough
        ]

    def _search(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        found = self.matching(parameters)
        if parameters.get("sort", "date-posted-desc") == "date-posted-desc":
            found = found[::-1]
        for place in range(_REPEAT_EVERY, len(found), _REPEAT_EVERY):
            found.insert(place, found[place - _REPEAT_EVERY // 2])
        per_page = min(int(parameters.get("per_page") or 100), _MAX_PER_PAGE)
        page = max(1, int(parameters.get("page") or 1))
        pages = -(-len(found) // per_page)
        # Beyond the cap there is nothing new: pages come again.
        visible = max(1, -(-min(len(found), CAP) // per_page))
        start = (page - 1) % visible * per_page if page <= pages else len(found)
        extras = set(parameters.get("extras", "").split(","))
        shown = found[start : min(start + per_page, CAP)] if found else []
        return {
            "photos": {
                "page": page,
                "pages": pages,
                "perpage": per_page,
                "total": str(len(found)) if page % 2 else len(found),
                "photo": [self._record(photo, extras) for photo in shown],
            }
        }

    def _favorites(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        photo = self.by_id.get(parameters.get("photo_id", ""))
        if photo is None or photo.trait == "no list":
            raise FailError(1, "Photo not found")
        per_page = min(int(parameters.get("per_page") or 10), _MAX_FAVES_PER_PAGE)
        people = [
            {"nsid": f"{number}@N00", "username": f"viewer {number}", "favedate": "1516000000"}
            for number in range(min(photo.faves, per_page))
        ]
        return {
            "photo": {
                "id": str(photo.id),
                "page": 1,
                "pages": -(-photo.faves // per_page),
                "perpage": per_page,
                "total": str(photo.faves),
                "person": people,
            }
        }

    def _record(self, photo: CataloguePhoto, extras: set[str]) -> dict[str, Any]:
        """A photo as a search shows it; numbers are text for one photo and numbers for another."""
        number = str if photo.id % 3 else int
        record: dict[str, Any] = {
            "id": str(photo.id),
            "owner": photo.owner,
            "secret": photo.secret,
            "server": "65535",
            "farm": 66,
            "title": f"Street no. {photo.id % 1000}, “rain”",
            "ispublic": 1,
            "isfriend": 0,
            "isfamily": 0,
        }
        told: dict[str, dict[str, Any]] = {
            "license": {"license": number(photo.licence)},
            "date_upload": {"dateupload": str(photo.uploaded)},
            "date_taken": {"datetaken": "2018-01-13 10:00:00", "datetakenunknown": "0"},
            "owner_name": {"ownername": f"Photographer {photo.owner.partition('@')[0]}"},
            "views": {"views": number(photo.views)},
            "media": {"media": "photo", "media_status": "ready"},
            "path_alias": {"pathalias": None},
            "count_faves": {"count_faves": number(photo.faves)},
        }
        if photo.trait in {"no faves", "no list"}:
            del told["count_faves"]
        if photo.original:
            told["o_dims"] = {"o_width": str(photo.width_px), "o_height": str(photo.height_px)}
        for extra in extras & told.keys():
            record |= told[extra]
        for suffix, (width, height) in sizes_of(photo).items():
            if f"url_{suffix}" in extras:
                record |= {
                    f"url_{suffix}": f"{self._address}{picture_path(photo, suffix)}",
                    f"width_{suffix}": number(width),
                    f"height_{suffix}": number(height),
                }
        return record


def sizes_of(photo: CataloguePhoto) -> dict[str, tuple[int, int]]:
    """Width and height of every size that a photo is there in, by suffix."""
    longest = max(photo.width_px, photo.height_px)
    sizes = {
        suffix: (
            round(photo.width_px * long_px / longest),
            round(photo.height_px * long_px / longest),
        )
        for suffix, long_px in _LONG_PX.items()
        if long_px < longest
    }
    if photo.original:
        sizes["o"] = (photo.width_px, photo.height_px)
    return sizes


def picture_path(photo: CataloguePhoto, suffix: str) -> str:
    """The path of a picture; the largest sizes have a secret of their own."""
    letter = {"l": "b"}.get(suffix, suffix)
    secret = f"{int(photo.secret, 16) ^ ord(suffix):010x}" if suffix in "hko" else photo.secret
    return f"/65535/{photo.id}_{secret}_{letter}.jpg"


def pictured(path: str, by_id: Mapping[str, CataloguePhoto]) -> tuple[CataloguePhoto, str] | None:
    """The photo and the suffix of a picture's path; None where there is no such picture."""
    match = re.fullmatch(r"/65535/(\d+)_[0-9a-f]+_([a-z])\.jpg", path)
    photo = by_id.get(match[1]) if match else None
    if match is None or photo is None:
        return None
    suffix = {"b": "l"}.get(match[2], match[2])
    known = suffix in sizes_of(photo) and picture_path(photo, suffix) == path
    return (photo, suffix) if known else None
