"""A video file through a network, in pieces that a stopped run need not make again."""

import shutil
import time
from collections.abc import Callable
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wespe.core.files import BusyError, atomic_file, lock, sha256
from wespe.core.progress import Progress
from wespe.networks.inference.video.clip import Clip, decoded, read_clip
from wespe.networks.inference.video.colour import Levels, ToRgb, to_frame
from wespe.networks.inference.video.encoding import CRF, check_crf, encode
from wespe.networks.inference.video.join import join
from wespe.networks.inference.video.kept import Kept
from wespe.networks.inference.video.source import VideoError
from wespe.networks.inference.video.steady import STEADY, Steady

if TYPE_CHECKING:
    from av import VideoFrame

PIECE_FRAMES = 48
"""The most frames that a stopped run has to make again; each piece begins with a key frame."""

_VERSION = 1  # Of the files of a stopped run, and of how frames are made.


def enhance_video(
    path: Path,
    output: Path,
    *,
    enhance: Callable[[Levels], Levels],
    key: str,
    crf: float = CRF,
    steady: float = STEADY,
    silent: bool = False,
) -> tuple[float, str]:
    """Enhance a video; returns its megapixels, and in words its size, the speed and what was lost.

    `enhance` takes and returns upright `Levels`; `key` identifies it. The result has the source's
    frames at their times, and whatever else `join` keeps. It appears whole at the end; until then
    pieces of 48 frames lie in `.NAME.unfinished` beside it, and the same call continues after them,
    to the same frames. `crf` is that of x264, `steady` as in `Steady`. Memory does not
    depend on the length. Raises VideoError, also where another process makes the same result,
    OSError where the disk refuses, ValueError for a setting out of range.
    """
    begin = time.perf_counter()
    check_crf(crf)
    averaged, clip = Steady(steady), read_clip(path)
    folder = output.with_name(f".{output.name}.unfinished")
    finished = folder / f"result{output.suffix}"
    try:
        with lock(output.with_name(f".{output.name}.lock"), remove=True):
            try:
                kept = Kept(folder, _settings(clip, key, crf, steady))
                _make(kept, clip, enhance, averaged, crf, silent)
                with atomic_file(finished) as temporary:
                    left_out = join(kept.pieces(), clip, temporary, crf=crf)
                finished.replace(output)
            except VideoError:
                # Damage further on in the file: nothing of the pieces will be of use.
                shutil.rmtree(folder)
                raise
            shutil.rmtree(folder)
    except BusyError as error:
        raise VideoError(path, f"another process is writing {output}") from error
    speed = clip.frames / (time.perf_counter() - begin)
    lost = "".join(f"; {note}" for note in [*clip.notes, *left_out])
    summary = f"{clip.frames} frames of {clip.width}×{clip.height}, {speed:.2f} frames/s{lost}"
    return clip.frames * clip.width * clip.height / 1e6, summary


def _settings(clip: Clip, key: str, crf: float, steady: float) -> dict[str, Any]:
    """All that the pieces depend on."""
    import av

    return {
        "version": _VERSION,
        "source": sha256(clip.path),
        "enhance": key,
        "crf": crf,
        "steady": steady,
        "piece_frames": PIECE_FRAMES,
        "libraries": {name: list(version) for name, version in av.library_versions.items()},
    }


def _make(
    kept: Kept,
    clip: Clip,
    enhance: Callable[[Levels], Levels],
    averaged: Steady,
    crf: float,
    silent: bool,
) -> None:
    """Make the pieces that are not there, with one frame in memory."""
    averaged.state = kept.state()
    done = min(len(kept.pieces()) * PIECE_FRAMES, clip.frames)
    frames, to_rgb = decoded(clip), ToRgb(clip)
    # Decoding from the start costs little beside a network, and is exact where seeking is not.
    for _ in islice(frames, len(kept.pieces()) * PIECE_FRAMES):
        pass
    with Progress(
        clip.path.name, total=clip.frames, done=done, unit="frames", silent=silent
    ) as progress:

        def enhanced(frame: "VideoFrame") -> "VideoFrame":
            result = to_frame(_enhanced(to_rgb(frame), enhance, averaged), clip)
            result.pts, result.time_base, result.duration = (
                frame.pts,
                clip.time_base,
                frame.duration,
            )
            progress.advance()
            return result

        while first := next(frames, None):
            group = chain([first], islice(frames, PIECE_FRAMES - 1))
            kept.add(encode(map(enhanced, group), clip, crf), averaged.state)


def _enhanced(source: Levels, enhance: Callable[[Levels], Levels], averaged: Steady) -> Levels:
    """What the network and `averaged` make of a frame."""
    result = enhance(source)
    if not averaged.share:
        return result
    exact = source.astype(np.float32)
    steps = 1 if source.dtype == np.uint8 else 257
    change = averaged((exact / steps).round().astype(np.uint8), result - exact)
    steady: Levels = (exact + change).round().clip(0, 255 * steps).astype(source.dtype)
    return steady
