"""A photo that a page has sent, and the files that are made of it."""

import contextlib
import secrets
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np

from wespe.core.files import atomic_file
from wespe.photos.images import (
    FORMATS,
    AnyPixels,
    PhotoError,
    Pixels,
    read_photo,
    shrunk,
    write_photo,
)
from wespe.photos.opening import opened
from wespe.photos.originals import read_original, write_like

_PREVIEW_QUALITY = 90
_THUMBNAIL_PX = 256
_DECODING = threading.Lock()  # A list asks for all thumbnails at once, and a photo may be large.
_ROWS = 256  # that are blended at a time, so that a large photo needs little more than itself
State = Literal["waiting", "working", "done", "failed"]


class Wanted(NamedTuple):
    """What is asked for a photo: a network by its id, and how many times larger it becomes.

    `scale` is None for a network that keeps a photo's size.
    """

    network: str
    scale: float | None = None

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the result."""
        if self.scale is None:
            return width, height
        return max(1, round(width * self.scale)), max(1, round(height * self.scale))


_TOLD = ("key", "name", "width", "height", "state", "share", "engine", "reason")


@dataclass
class Photo:
    """A photo on the tray."""

    key: str
    """Names it in addresses; cannot be guessed."""
    name: str
    """What its sender calls it. Never part of a path here."""
    width: int
    height: int
    wanted: Wanted
    state: State = "waiting"
    share: float = 0.0
    """Of the pixels that are done, from 0 to 1."""
    engine: str = ""
    """What computes it, such as `openvino-cpu-bf16`; known when its turn has come."""
    reason: str = ""
    """Why it failed."""
    file: Path = field(default=Path(), repr=False)
    """What was sent; what is made of it lies beside it."""
    touched_s: float = field(default=0.0, repr=False)
    run: int = field(default=0, repr=False)
    """How often it has been asked for: what an earlier run brings is dropped."""

    @property
    def folder(self) -> Path:
        return self.file.parent

    def told(self) -> dict[str, Any]:
        """What its sender may know."""
        made_width, made_height = self.wanted.size(self.width, self.height)
        return {
            **{name: getattr(self, name) for name in _TOLD},
            **{"network": self.wanted.network, "scale": self.wanted.scale},
            **{"made_width": made_width, "made_height": made_height},
        }

    def keep(self, **versions: AnyPixels) -> None:
        """Write `original` and `enhanced`, upright pixels, for `preview` and `result`.

        Of an original that was made larger, the preview is as large, by bicubic.
        """
        large = versions["enhanced"]
        for name, pixels in versions.items():
            # Not written over: a download may be reading what an earlier run has left, and to
            # read a mapped file that is cut short ends the process.
            with atomic_file(self.folder / f"{name}.npy") as temporary:
                np.save(temporary, pixels)
            shown = _like(_eight_bit(pixels), large)
            write_photo(self.folder / f"{name}.jpg", shown, quality=_PREVIEW_QUALITY)

    def preview(self, which: Literal["original", "enhanced"]) -> Path:
        """The JPEG of a version, upright, at full size."""
        return self.folder / f"{which}.jpg"

    def thumbnail(self) -> bytes:
        """A small JPEG of what was sent, whether it is done or not. Raises PhotoError."""
        with _DECODING:
            pixels = shrunk(read_photo(self.file).pixels, _THUMBNAIL_PX)
        with tempfile.TemporaryDirectory() as folder:
            write_photo(path := Path(folder, "thumbnail.jpg"), pixels)
            return path.read_bytes()

    @contextlib.contextmanager
    def result(self, strength: float) -> Iterator[Path]:
        """A file like the one that was sent, blended by `strength` in [0, 1].

        With what was sent, made as large by bicubic.
        """
        stored, after = (
            np.lib.format.open_memmap(self.folder / f"{which}.npy", mode="r")
            for which in ("original", "enhanced")
        )
        before = _like(stored, after) if strength < 1 else after
        blend = np.empty_like(after)
        for row in range(0, len(after), _ROWS):
            old, new = before[row : row + _ROWS], after[row : row + _ROWS].astype(np.float32)
            blend[row : row + _ROWS] = (old + np.float32(strength) * (new - old)).round()
        path = self.folder / f"{secrets.token_urlsafe(8)}{self.file.suffix}"
        try:
            write_like(path, read_original(self.file), blend)
            yield path
        finally:
            path.unlink(missing_ok=True)


def named_by_content(upload: Path) -> Path:
    """Give a file the suffix of its format, whatever its sender called it. Raises PhotoError."""
    with opened(upload) as image:
        # Phones put a second picture behind the first; Pillow has a name of its own for that.
        name = "JPEG" if image.format == "MPO" else image.format
    suffix = next((suffix for suffix, known in FORMATS.items() if known == name), None)
    if suffix is None:
        expected = ", ".join(dict.fromkeys(FORMATS.values()))
        raise PhotoError(upload, f"expected one of {expected}, got {name}")
    return upload.rename(upload.with_suffix(suffix))


def _like(small: AnyPixels, large: AnyPixels) -> AnyPixels:
    """A photo as large as another, by OpenCV's bicubic, which `--strength` blends with too."""
    if small.shape == large.shape:
        return small
    resized = cv2.resize(small, large.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(resized, small.dtype)


def _eight_bit(pixels: AnyPixels) -> Pixels:
    return pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
