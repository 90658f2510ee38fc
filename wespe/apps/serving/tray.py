"""The photos that a page has sent: on disk while they are needed, enhanced one after the other."""

import contextlib
import os
import queue
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from wespe.apps.serving.photo import Photo, Wanted, named_by_content
from wespe.core.files import BusyError, lock
from wespe.photos.images import AnyPixels, PhotoError, photo_size
from wespe.photos.originals import read_original

_PREFIX = "wespe-serve-"
_LONGEST_PX = 65_500  # of the previews, as of any JPEG
_LOOK_S = 30  # how often photos that nobody asks about are looked for


class Enhancing(Protocol):
    """A network that is ready for photos: `wespe.networks.inference.tiles.TiledEnhancer`.

    `scale` is only given to those that enlarge.
    """

    @property
    def engine(self) -> str: ...

    @property
    def enhance(self) -> Callable[..., AnyPixels]:
        """`(pixels, *, advance, scale) → pixels`; `advance` is told of pixels as they are done."""
        ...


class TrayError(ValueError):
    """A photo that is refused; the message gives the reason, without a path."""


class _GoneError(Exception):
    """The photo that is being enhanced is not wanted any more."""


@dataclass(frozen=True)
class Limits:
    """What a tray takes."""

    photos: int = 50
    megapixels: float = 100
    """Of a photo, and of its result."""
    idle_s: float = 3600
    """Photos that nobody has asked about for so long go."""


class Tray:
    """Photos by key. One thread enhances them in the order in which they arrived.

    `load(network)` gives a network by its id; it is called for each photo. Everything lies in a
    temporary folder that only this user may read, and is gone when the tray is closed; what a
    killed one has left goes when the next is opened.
    """

    def __init__(self, load: Callable[[str], Enhancing], limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._load = load
        self._photos, self._lock = dict[str, Photo](), threading.Lock()
        self._receiving = 0
        self._jobs: queue.Queue[tuple[Photo, int] | None] = queue.Queue()
        self._closing = threading.Event()
        self._resources = contextlib.ExitStack()
        _sweep(Path(tempfile.gettempdir()))
        self._folder = Path(
            self._resources.enter_context(
                tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
            )
        )
        self._resources.enter_context(lock(self._folder / ".lock"))
        self._worker = threading.Thread(target=self._work, name="enhancing", daemon=True)
        self._worker.start()

    def close(self) -> None:
        """Stop, in the middle of a photo if need be, and remove all of them."""
        self._closing.set()
        self._jobs.put(None)
        self._worker.join()
        self._resources.close()

    @contextlib.contextmanager
    def receiving(self) -> Iterator[Path]:
        """Yield a file to write a photo to; what `add` has not taken is removed."""
        self.drop_idle()  # The worker does so only between two photos, which may take minutes.
        with self._lock:
            # Those under way count: many that begin at once are no way around the limit.
            if (count := len(self._photos) + self._receiving) >= self.limits.photos:
                raise TrayError(f"This page already has {count} photos: remove some first.")
            self._receiving += 1
        folder = self._folder / secrets.token_urlsafe(16)
        try:
            folder.mkdir()
            yield folder / "upload"
        finally:
            with self._lock:
                self._receiving -= 1
            if folder.name not in self._photos:
                shutil.rmtree(folder, ignore_errors=True)

    def add(self, upload: Path, *, name: str, wanted: Wanted) -> Photo:
        """Take a photo that was received; it is enhanced as `wanted` when it is its turn.

        Raises TrayError for what is no photo, or too large, or would become so.
        """
        try:
            width, height = photo_size(upload)
            file = named_by_content(upload)
        except PhotoError as error:
            raise TrayError(f"It cannot be used: {error.reason}.") from error
        if (megapixels := width * height / 1e6) > self.limits.megapixels:
            raise TrayError(
                f"It has {megapixels:.0f} megapixels; this page accepts at most "
                f"{self.limits.megapixels:.0f}."
            )
        self._check_result(wanted, width, height)
        photo = Photo(file.parent.name, name, width, height, wanted, file=file)
        photo.touched_s = time.monotonic()  # Before it is seen: the other thread drops idle ones.
        with self._lock:
            self._photos[photo.key] = photo
        return self.enhance(photo, wanted)

    def get(self, key: str) -> Photo | None:
        """The photo with this key."""
        photo = self._photos.get(key)
        if photo:
            photo.touched_s = time.monotonic()
        return photo

    def enhance(self, photo: Photo, wanted: Wanted) -> Photo:
        """Have a photo enhanced, again if it was. Raises TrayError if it would become too large."""
        self._check_result(wanted, photo.width, photo.height)
        with self._lock:
            photo.wanted, photo.run = wanted, photo.run + 1
            photo.state, photo.share, photo.engine, photo.reason = "waiting", 0.0, "", ""
            photo.touched_s = time.monotonic()
            self._jobs.put((photo, photo.run))
        return photo

    def remove(self, photo: Photo) -> None:
        """Take a photo off, also while it is being enhanced."""
        with self._lock:
            self._remove(photo)

    def _check_result(self, wanted: Wanted, width: int, height: int) -> None:
        made_width, made_height = wanted.size(width, height)
        megapixels, longest = made_width * made_height / 1e6, max(made_width, made_height)
        if wanted.scale and megapixels > self.limits.megapixels:
            raise TrayError(
                f"At {wanted.scale:g} times the size it would have {megapixels:.0f} megapixels; "
                f"this page makes at most {self.limits.megapixels:.0f}. Choose a smaller factor."
            )
        if wanted.scale and longest > _LONGEST_PX:
            raise TrayError(
                f"At {wanted.scale:g} times the size it would be {longest} pixels long; this page "
                f"makes at most {_LONGEST_PX}. Choose a smaller factor."
            )

    def drop_idle(self) -> None:
        """Remove the photos that nobody has asked about for `limits.idle_s`."""
        now = time.monotonic()
        with self._lock:
            for photo in list(self._photos.values()):
                if now - photo.touched_s > self.limits.idle_s:
                    self._remove(photo)

    def _remove(self, photo: Photo) -> None:
        self._photos.pop(photo.key, None)
        photo.run += 1
        shutil.rmtree(photo.folder, ignore_errors=True)

    def _work(self) -> None:
        while not self._closing.is_set():
            self.drop_idle()
            try:
                job = self._jobs.get(timeout=min(_LOOK_S, self.limits.idle_s))
            except queue.Empty:
                continue
            if job and job[0].run == job[1]:
                with contextlib.suppress(_GoneError):
                    self._try(*job)
                if job[0].key not in self._photos:  # What was written while it was removed.
                    shutil.rmtree(job[0].folder, ignore_errors=True)

    def _try(self, photo: Photo, run: int) -> None:
        try:
            self._enhance(photo, run)
        except _GoneError:
            raise
        except Exception as error:  # whatever one photo does, the others get their turn
            reason = error.reason if isinstance(error, PhotoError) else str(error)
            self._report(photo, run, state="failed", reason=reason or type(error).__name__)

    def _enhance(self, photo: Photo, run: int) -> None:
        self._report(photo, run, state="working")
        original = read_original(photo.file).upright()
        wanted, done = photo.wanted, 0
        network = self._load(wanted.network)
        self._report(photo, run, engine=network.engine)

        def advance(pixels: int) -> None:
            nonlocal done
            done += pixels
            self._report(photo, run, share=done / original[..., 0].size)

        larger = {} if wanted.scale is None else {"scale": wanted.scale}
        enhanced = network.enhance(original, advance=advance, **larger)
        try:
            photo.keep(original=original, enhanced=enhanced)
        except OSError as error:
            if not photo.folder.exists():  # it was removed
                raise _GoneError from error
            raise
        self._report(photo, run, state="done", share=1.0)

    def _report(self, photo: Photo, run: int, **news: Any) -> None:
        with self._lock:
            if photo.run != run or self._closing.is_set():
                raise _GoneError
            for key, value in news.items():
                setattr(photo, key, value)


def _sweep(place: Path) -> None:
    """Remove what killed servers of this user have left."""
    for folder in place.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError, BusyError):
            if folder.is_symlink() or not _is_own(folder):
                continue
            with lock(folder / ".lock"):
                pass  # its server is gone, and no other takes its name
            shutil.rmtree(folder)


def _is_own(folder: Path) -> bool:
    """Whether this user made it; on Windows each user has a temporary folder of their own."""
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
