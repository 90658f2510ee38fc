"""What is done with one photo or video of a call of `wespe enhance`."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from wespe.core.files import check_writable
from wespe.core.progress import Progress
from wespe.networks.inference.chain import Chain
from wespe.networks.inference.enlarged import check_size, end_scale
from wespe.networks.inference.ledger import Ledger, Stamp, State
from wespe.networks.inference.tiles import TiledEnhancer
from wespe.networks.inference.video.enhance import enhance_video
from wespe.networks.inference.video.memory import Remembering
from wespe.networks.inference.video.steady import STEADY
from wespe.photos.images import PhotoError
from wespe.photos.originals import read_original, write_like
from wespe.photos.video.source import VideoError, is_video


class Work:
    """Enhances files with the settings of `wespe.networks.inference.photo.enhance_files`."""

    def __init__(
        self,
        enhancer: TiledEnhancer | Chain,
        *,
        strength: float,
        quality: int | None,
        crf: float,
        steady: float | None,
        double_rate: bool,
        scale: float | None,
    ) -> None:
        self._enhancer, self._strength, self._quality = enhancer, strength, quality
        self._crf, self._double_rate = crf, double_rate
        self._steady = _steadiness(enhancer) if steady is None else steady
        self._scale, self._end_scale = scale, end_scale(enhancer.scale, scale)
        self._ledger = Ledger()

    def state(self, path: Path, output: Path) -> tuple[State, str]:
        """What is to be done for a file; see `Ledger`."""
        try:
            return self._ledger.state(path, output, self._made_by(path))
        except OSError:  # The photo is missing or unreadable, which enhancing it reports.
            return State.NEW, ""

    def do(self, path: Path, output: Path, progress: Progress) -> tuple[float, str]:
        """Enhance one file; returns its megapixels, and these, the speed and what is lost in words.

        Whether the result can be written is tried first.
        """
        if path.exists() and not (path.is_file() or path.is_dir()):
            # Reading it could wait for ever.
            raise PhotoError(path, "a pipe or a device, expected a file")
        check_writable(output)
        stamp = Stamp.of(path)
        if is_video(path):
            progress.clear()
            done = self._video(path, output)
        else:
            done = self._photo(path, output, progress.advance)
        self._ledger.add(path, stamp, output, self._made_by(path))
        return done

    def _video(self, path: Path, output: Path) -> tuple[float, str]:
        # Between whole factors the size of frames is even, which the video sees to.
        scale = self._scale if self._end_scale % 1 == 0 else None
        given: dict[str, Any] = {"strength": self._strength, "scale": scale}
        try:
            following = self._enhancer.following
        except ValueError as error:
            raise VideoError(path, str(error)) from error
        enhance = (
            Remembering(following, **given)
            if following
            else partial(self._enhancer.enhance, **given)
        )
        megapixels, told = enhance_video(
            path,
            output,
            enhance=enhance,
            key=f"{self._enhancer.key} {self._strength}",
            crf=self._crf,
            steady=self._steady,
            double_rate=self._double_rate,
            scale=self._end_scale,
        )
        return megapixels, f"{self._factor()}{told}"

    def _photo(self, path: Path, output: Path, advance: Callable[[int], None]) -> tuple[float, str]:
        begin = time.monotonic()
        check_size(path, self._enhancer, self._scale)
        original = read_original(path)
        enhanced = self._enhancer.enhance(
            original.upright(), strength=self._strength, scale=self._scale, advance=advance
        )
        write_like(output, original, enhanced, quality=self._quality)
        megapixels = enhanced[..., 0].size / 1e6
        speed = megapixels / (time.monotonic() - begin)
        lost = "".join(f"; {note}" for note in original.notes)
        return megapixels, f"{self._factor()}{megapixels:.1f} MP, {speed:.2f} MP/s{lost}"

    def _factor(self) -> str:
        """By how much a result is larger, in words."""
        own = self._enhancer.scale
        if own == 1:
            return ""
        reduced = f" by area from ×{own}" if self._end_scale != own else ""
        return f"×{self._end_scale:g}{reduced}, "

    def _made_by(self, path: Path) -> str:
        settings: list[Any] = [self._crf, self._steady] if is_video(path) else [self._quality]
        if is_video(path) and self._double_rate:
            settings.append("double rate")
        if self._end_scale != self._enhancer.scale:
            settings.append(f"scale {self._end_scale:g}")
        # Weights alone: another engine's results differ by rounding.
        return " ".join(map(str, (self._enhancer.weights, self._strength, *settings)))


def _steadiness(enhancer: TiledEnhancer | Chain) -> float:
    """How much results of a video are averaged where nobody says; a network that remembers what it
    made of the frame before is steady by itself."""
    try:
        return 0.0 if enhancer.following else STEADY
    except ValueError:  # Not for videos, which enhancing one reports.
        return STEADY
