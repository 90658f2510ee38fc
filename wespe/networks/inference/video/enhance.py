"""A video file through a network, in pieces that a stopped run need not make again."""

import shutil
import time
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from wespe.core.files import BusyError, atomic_file, lock, sha256
from wespe.core.progress import Progress
from wespe.networks.inference.video.encoding import CRF, check_crf, encode
from wespe.networks.inference.video.enlarged import enlarged_clip
from wespe.networks.inference.video.join import join
from wespe.networks.inference.video.kept import Kept
from wespe.networks.inference.video.memory import Remembering
from wespe.networks.inference.video.steady import STEADY, State, Steady
from wespe.photos.video.clip import Clip, decoded, read_clip
from wespe.photos.video.colour import Levels, ToRgb, changed
from wespe.photos.video.deinterlace import Deinterlacer
from wespe.photos.video.source import VideoError

if TYPE_CHECKING:
    from av import VideoFrame

PIECE_FRAMES = 48
"""The most frames that a stopped run has to make again; each piece begins with a key frame."""

_MEMORY = "memory."  # Before the names in a state of what a network remembers.
_VERSION = 3  # Of the files of a stopped run, and of how frames are made.


def enhance_video(
    path: Path,
    output: Path,
    *,
    enhance: Callable[[Levels], Levels] | Remembering,
    key: str,
    crf: float = CRF,
    steady: float = STEADY,
    double_rate: bool = False,
    scale: float = 1.0,
    silent: bool = False,
) -> tuple[float, str]:
    """Enhance a video; returns its megapixels, and in words its size, the speed and what was lost.

    `enhance` takes and returns upright `Levels`; `key` identifies it. One that remembers frames is
    `Remembering`, since what it remembers has to be kept, too. The result is `scale` times
    as large (see `enlarged_clip`); what `enhance` returns has this size, or a larger one that is
    then reduced, each pixel to the mean of what it covers. It has the source's
    frames at their times, from 0 on, and whatever else `join` keeps. Interlaced frames become whole
    ones, with `double_rate` one for each field. It appears whole at the end; until then
    pieces of 48 frames lie in `.NAME.unfinished` beside it, and the same call continues after them,
    to the same frames. `crf` is that of x264, `steady` as in `Steady`. Memory does not
    depend on the length. Raises VideoError, also where another process makes the same result and,
    before any work, where frames would become too large, OSError where the disk refuses, ValueError
    for a setting out of range.
    """
    begin = time.perf_counter()
    check_crf(crf)
    averaged, clip = Steady(steady, fine=scale != 1), read_clip(path, double_rate=double_rate)
    made = enlarged_clip(clip, scale)
    deinterlacer = Deinterlacer(double_rate=double_rate)
    folder = output.with_name(f".{output.name}.unfinished")
    finished = folder / f"result{output.suffix}"
    try:
        with lock(output.with_name(f".{output.name}.lock"), remove=True):
            try:
                kept = Kept(folder, _settings(made, key, crf, steady))
                frames = decoded(clip, deinterlacer)
                change = _Change(clip, made, enhance, averaged)
                count = _make(kept, frames, change, crf, silent)
                with atomic_file(finished) as temporary:
                    left_out = join(kept.pieces(), made, temporary, crf=crf)
                finished.replace(output)
            except VideoError:
                # Damage further on in the file: nothing of the pieces will be of use.
                shutil.rmtree(folder)
                raise
            shutil.rmtree(folder)
    except BusyError as error:
        raise VideoError(path, f"another process is writing {output}") from error
    speed = count / (time.perf_counter() - begin)
    notes = [*clip.notes, *left_out, *_deinterlaced(deinterlacer.fields, count, double_rate)]
    lost = "".join(f"; {note}" for note in notes)
    summary = f"{count} frames of {made.width}×{made.height}, {speed:.2f} frames/s{lost}"
    return count * made.width * made.height / 1e6, summary


def _deinterlaced(interlaced: int, count: int, double_rate: bool) -> list[str]:
    if not interlaced:
        return []
    if double_rate:
        return [f"{interlaced} interlaced frames became {2 * interlaced}"]
    share = "" if interlaced == count else f"{interlaced} of them "
    return [f"{share}deinterlaced (--double-rate makes a frame of each field)"]


def _settings(made: Clip, key: str, crf: float, steady: float) -> dict[str, Any]:
    """All that the pieces depend on."""
    import av

    return {
        "version": _VERSION,
        "source": sha256(made.path),
        "enhance": key,
        "crf": crf,
        "steady": steady,
        "double_rate": made.double_rate,
        "piece_frames": PIECE_FRAMES,
        "size": [made.width, made.height],
        "libraries": {name: list(version) for name, version in av.library_versions.items()},
    }


def _make(
    kept: Kept, frames: Iterator["VideoFrame"], change: "_Change", crf: float, silent: bool
) -> int:
    """Make the pieces that are not there, with one frame in memory; returns how many frames."""
    clip = change.clip
    change.state = kept.state()
    # Decoding from the start costs little beside a network, and is exact where seeking is not.
    done = sum(1 for _ in islice(frames, len(kept.pieces()) * PIECE_FRAMES))
    with Progress(
        clip.path.name, total=clip.frames, done=done, unit="frames", silent=silent
    ) as progress:

        def enhanced(frame: "VideoFrame") -> "VideoFrame":
            result = change(frame)
            progress.advance()
            return result

        while first := next(frames, None):
            group = chain([first], islice(frames, PIECE_FRAMES - 1))
            kept.add(encode(map(enhanced, group), change.made, crf), change.state)
        return progress.done


class _Change:
    """What a network and `averaged` make of the frames of `clip`, which become those of `made`."""

    def __init__(
        self,
        clip: Clip,
        made: Clip,
        enhance: Callable[[Levels], Levels] | Remembering,
        averaged: Steady,
    ) -> None:
        self.clip, self.made, self.averaged = clip, made, averaged
        self._enhance, self._to_rgb = enhance, ToRgb(clip)

    @property
    def state(self) -> State:
        """All that the next frame depends on beside itself."""
        state = dict(self.averaged.state)
        if isinstance(self._enhance, Remembering):
            state |= {f"{_MEMORY}{name}": value for name, value in self._enhance.state.items()}
        return state

    @state.setter
    def state(self, state: State) -> None:
        remembered = {name for name in state if name.startswith(_MEMORY)}
        self.averaged.state = {name: state[name] for name in state.keys() - remembered}
        if isinstance(self._enhance, Remembering):
            self._enhance.state = {name.removeprefix(_MEMORY): state[name] for name in remembered}

    def __call__(self, frame: "VideoFrame") -> "VideoFrame":
        source = self._to_rgb(frame)
        return changed(frame, source, self._enhanced(source), self.clip, self.made)

    def _enhanced(self, source: Levels) -> Levels:
        size = self.made.width, self.made.height
        if self.clip.quarter_turns % 2:
            size = size[::-1]
        result = self._enhance(source)
        if result.shape[1::-1] != size:
            result = cv2.resize(result, size, interpolation=cv2.INTER_AREA)
        if not self.averaged.share:
            return result
        steps = 1 if source.dtype == np.uint8 else 257
        exact = source.astype(np.float32)
        if source.shape != result.shape:
            larger = cv2.resize(exact, size, interpolation=cv2.INTER_CUBIC)
            exact = np.asarray(larger, np.float32).clip(0, 255 * steps)
        # The motion is that of large frames: enlarged itself, it is too coarse for fine detail.
        seen = (exact / steps).round().astype(np.uint8)
        change = self.averaged(seen, result - exact)
        steady: Levels = (exact + change).round().clip(0, 255 * steps).astype(source.dtype)
        return steady
