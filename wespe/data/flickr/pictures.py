"""The pictures of photos: fetched, checked, cropped and resized."""

import re
import time
import weakref
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import cv2
import numpy as np
import requests

from wespe.core.files import atomic_file
from wespe.data.flickr.client import ATTEMPTS
from wespe.data.flickr.photo import FlickrPhoto, Size, to_fetch
from wespe.data.flickr.settings import FlickrSettings
from wespe.data.http import Patience, Session, TemporaryError, check_status, persist
from wespe.photos.images import PhotoError, Pixels, read_photo, write_photo

_TIMEOUT_S = 60
_CHUNK_BYTES = 2**18
_MAX_BYTES = 200 * 2**20


class _GoneError(Exception):
    """The picture is not available, now or later; the message gives the reason."""


class Pictures:
    """The folder of the photos as kept, `WIDTHxHEIGHT/ID.jpg` below that of the crawl.

    A file there is whole, and needs no other record. Threads may share an instance.
    """

    def __init__(
        self, settings: FlickrSettings, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.folder = Path(settings.raw) / f"{settings.width_px}x{settings.height_px}"
        self._settings, self._patience = settings, Patience(ATTEMPTS, sleep=sleep)
        self._session = Session()
        weakref.finalize(self, self._session.close)

    def path(self, photo_id: str) -> Path:
        return self.folder / f"{photo_id}.jpg"

    def tidy(self) -> None:
        """Delete what a crawl that was killed has left half-written; none may be running."""
        for path in self.folder.glob(".*"):
            if not re.fullmatch(r"\.\d+\.download", path.name):
                path.unlink()

    def fetch(self, photo: FlickrPhoto) -> str | None:
        """Fetch the picture of a photo, unless it is there; returns why it cannot be had, if so.

        What was fetched is kept until it is cropped, so that a crawl that is stopped in between
        does not fetch it again. Raises UnavailableError.
        """
        path = self.path(photo.id)
        if path.exists():
            return None
        size = to_fetch(photo, self._settings)
        assert size, "a photo that is wanted has a size to fetch"
        download = self.folder / f".{photo.id}.download"
        try:
            if not download.exists():
                what = f"fetching photo {photo.id}"
                persist(lambda: self._download(size, download), what, patience=self._patience)
            write_photo(path, self._crop(download, size))
        except _GoneError as error:
            return str(error)
        finally:
            if path.exists():
                download.unlink(missing_ok=True)
        return None

    def _download(self, size: Size, path: Path) -> None:
        assert size.url
        try:
            with self._session.get(size.url, stream=True, timeout=_TIMEOUT_S) as response:
                _check(response, size.url)
                with atomic_file(path) as temporary, temporary.open("wb") as stream:
                    for chunk in response.iter_content(_CHUNK_BYTES):
                        stream.write(chunk)
                        if stream.tell() > _MAX_BYTES:
                            raise _GoneError(f"larger than {_MAX_BYTES // 2**20} MB")
        except requests.RequestException as error:
            raise TemporaryError(f"no connection ({type(error).__name__})") from error

    def _crop(self, download: Path, size: Size) -> Pixels:
        try:
            pixels = read_photo(download).pixels
        except PhotoError as error:
            download.unlink()
            raise _GoneError(f"unreadable: {error.reason}") from error
        height, width = pixels.shape[:2]
        # An original may lie on its side in its file.
        if sorted((width, height)) != sorted((size.width_px, size.height_px)):
            download.unlink()
            expected = f"{size.width_px}×{size.height_px}"
            raise _GoneError(f"another size: {width}×{height} px, expected {expected}")
        return crop(pixels, self._settings.width_px, self._settings.height_px)


def _check(response: requests.Response, url: str) -> None:
    """Raise unless the answer is the picture that was asked for."""
    check_status(response)
    if response.status_code >= 400:
        raise _GoneError(f"gone: status {response.status_code}")
    # For a photo that is gone Flickr redirects to a picture that says so.
    if _file(response.url) != _file(url):
        raise _GoneError("gone: Flickr sent a placeholder")
    kind = response.headers.get("Content-Type", "none").partition(";")[0]
    if not kind.startswith("image/"):
        raise _GoneError(f"not a picture: content type {kind}")


def _file(url: str) -> str:
    return PurePosixPath(urlsplit(url).path).name


def crop(pixels: Pixels, long_px: int, short_px: int) -> Pixels:
    """The largest part about the centre with sides of `long_px` to `short_px`, at that size.

    `pixels` and the result: uint8 `(H, W, 3)`, at least as large; wide photos stay wide, upright
    ones upright.
    """
    height, width = pixels.shape[:2]
    out_w, out_h = (long_px, short_px) if width >= height else (short_px, long_px)
    scale = min(width / out_w, height / out_h)
    part_w, part_h = round(out_w * scale), round(out_h * scale)
    left, top = (width - part_w) // 2, (height - part_h) // 2
    part = pixels[top : top + part_h, left : left + part_w]
    # Averages whole areas, so that fine texture does not alias.
    return np.asarray(cv2.resize(part, (out_w, out_h), interpolation=cv2.INTER_AREA), np.uint8)
