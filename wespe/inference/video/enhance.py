"""A video file through a network, in pieces that a stopped run need not make again."""

import shutil
import time
from collections.abc import Callable, Iterator
from itertools import chain, count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wespe.files import atomic_file, lock, read_json, sha256, write_json
from wespe.images import Pixels
from wespe.inference.video.clip import Clip, decoded, read_clip
from wespe.inference.video.colour import Levels, to_frame, to_rgb
from wespe.inference.video.encoding import CRF, Piece, encode, read_piece, write_piece
from wespe.inference.video.join import join
from wespe.inference.video.source import VideoError
from wespe.inference.video.steady import Steady
from wespe.progress import Progress

if TYPE_CHECKING:
    from av import VideoFrame

PIECE_FRAMES = 48
"""The most that a stopped run has to make again; each piece begins with a key frame."""

_VERSION = 1  # Of what is kept of a stopped run, and of how frames are made.


def enhance_video(
    path: Path,
    output: Path,
    *,
    enhance: Callable[[Pixels], Pixels],
    key: str,
    crf: float = CRF,
    steady: float = 0.0,
    silent: bool = False,
) -> str:
    """Enhance a video; returns its size, the speed and what was lost, in words.

    `enhance` takes and gives uint8 `(H, W, 3)`, upright; `key` tells it from every other. The
    result has the frames of the source at their times, and what else `join` keeps. It appears whole
    at the end; until then pieces of 48 frames lie in `.NAME.unfinished` beside it, and the same call
    goes on after them, to the same bits. `crf` as of x264, `steady` as in `Steady`. Memory does
    not depend on the length. Raises VideoError, BlockingIOError where another process is at it,
    ValueError for a setting out of range.
    """
    begin = time.perf_counter()
    clip, averaged = read_clip(path), Steady(steady)
    kept = output.with_name(f".{output.name}.unfinished")
    finished = kept / f"result{output.suffix}"
    try:
        with lock(kept / "lock"):
            done = _made(kept, _settings(clip, key, crf, steady))
            if done:
                averaged.state = read_piece(done[-1]).state
            with Progress(
                path.name,
                total=clip.frames,
                done=min(len(done) * PIECE_FRAMES, clip.frames),
                unit="frames",
                silent=silent,
            ) as progress:
                for piece in _make(kept, len(done), clip, enhance, averaged, crf, progress):
                    done.append(piece)
            with atomic_file(finished) as temporary:
                left_out = join(done, clip, temporary, crf=crf)
            finished.replace(output)
            shutil.rmtree(kept)
    except BlockingIOError as error:
        raise VideoError(path, f"another process is at {output}") from error
    except VideoError:
        # Damage further on in the file: nothing of the pieces will be of use.
        shutil.rmtree(kept)
        raise
    speed = clip.frames / (time.perf_counter() - begin)
    lost = "".join(f"; {note}" for note in [*clip.notes, *left_out])
    return f"{clip.frames} frames of {clip.width}×{clip.height}, {speed:.2f} frames/s{lost}"


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


def _made(kept: Path, settings: dict[str, Any]) -> list[Path]:
    """The pieces that a run with the same settings has left; those of another are removed."""
    file = kept / "settings.json"
    if not file.exists() or read_json(file) != settings:
        for piece in kept.glob("piece-*.npz"):
            piece.unlink()
        write_json(file, settings)
    return sorted(kept.glob("piece-*.npz"))


def _make(
    kept: Path,
    done: int,
    clip: Clip,
    enhance: Callable[[Pixels], Pixels],
    averaged: Steady,
    crf: float,
    progress: Progress,
) -> Iterator[Path]:
    """Make the pieces after the first `done` ones, each in its file, one frame in memory."""
    frames = decoded(clip)
    # Decoding from the start costs little beside a network, and is exact where seeking is not.
    for _ in islice(frames, done * PIECE_FRAMES):
        pass

    def enhanced(frame: "VideoFrame") -> "VideoFrame":
        result = to_frame(_enhanced(to_rgb(frame, clip), enhance, averaged), clip)
        result.pts, result.time_base, result.duration = frame.pts, clip.time_base, frame.duration
        progress.advance()
        return result

    for number in count(done):
        if (first := next(frames, None)) is None:
            return
        piece = chain([first], islice(frames, PIECE_FRAMES - 1))
        content, packets = encode(map(enhanced, piece), clip, crf)
        path = kept / f"piece-{number:06d}.npz"
        write_piece(path, Piece(content, packets, averaged.state))
        yield path


def _enhanced(source: Levels, enhance: Callable[[Pixels], Pixels], averaged: Steady) -> Levels:
    """What the network and `averaged` make of a frame.

    The network's change is that of 8 bits; with more, it is added to all of them.
    """
    steps = np.float32(1 if source.dtype == np.uint8 else 257)
    exact = source / steps
    levels = exact.round().astype(np.uint8)
    change = averaged(levels, enhance(levels) - levels.astype(np.float32))
    result: Levels = ((exact + change).clip(0, 255) * steps).round().astype(source.dtype)
    return result
