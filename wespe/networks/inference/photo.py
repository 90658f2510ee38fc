"""Photo files, folders and patterns through a network: what `wespe enhance` does."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from wespe.core.progress import Progress
from wespe.networks.inference.plan import plan
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.networks.inference.video.encoding import CRF, check_crf
from wespe.networks.inference.video.enhance import enhance_video
from wespe.networks.inference.video.source import is_video
from wespe.networks.inference.video.steady import STEADY, check_share
from wespe.photos.images import PhotoError, photo_size
from wespe.photos.originals import read_original, write_like


@dataclass(frozen=True)
class Summary:
    """What became of the photos; `failed` holds each one that could not be done, and why."""

    enhanced: int
    skipped: int
    failed: tuple[tuple[Path, str], ...]
    passed_over: int = 0
    """Files in folders whose names are not those of photos."""
    megapixels: float = 0
    seconds: float = 0
    engine: str = ""
    """What computed: see `Backend.name`."""

    def __str__(self) -> str:
        lines = [f"failed: {path}: {reason}" for path, reason in self.failed]
        counts = f"{self.enhanced} enhanced, {self.skipped} already done, {len(self.failed)} failed"
        if self.passed_over:
            counts += f", {self.passed_over} other files passed over"
        if self.enhanced:
            speed = f"{self.megapixels / self.seconds:.2f} MP/s"
            counts += f"; {self.megapixels:.1f} MP in {self.seconds:.1f} s, {speed}, {self.engine}"
        return "\n".join([*lines, counts])


def enhance_files(
    inputs: Sequence[Path],
    *,
    enhancer: PhotoEnhancer,
    out: Path | None = None,
    in_place: bool = False,
    strength: float = 1.0,
    overwrite: bool = False,
    quality: int | None = None,
    crf: float = CRF,
    steady: float = STEADY,
    report: Callable[[str], None] = print,
) -> Summary:
    """Enhance photos and videos, folders with all that is below them, and patterns.

    Writes where `plan` says, files of the same kind as the photos: see `write_like`, also for
    `quality`. A result that is newer than its photo stays, unless `overwrite`; `in_place` there is
    none, and every photo is enhanced. A photo that cannot be used is reported and the rest goes on;
    a run that is stopped leaves no half file and can be run again. `report` gets a line for each
    photo, standard error a progress line. Of videos, which `in_place` leaves alone, see
    `enhance_video`, also for `crf` and `steady`. Raises ValueError, before any photo is touched,
    for a setting out of range and where an original would be overwritten though not `in_place`.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must be from 0 to 1, got {strength}")
    if quality is not None and not 1 <= quality <= 100:
        raise ValueError(f"quality must be from 1 to 100, got {quality}")
    check_crf(crf)
    check_share(steady)
    planned = plan(inputs, out=out, in_place=in_place)
    waiting = {
        photo: output
        for photo, output in planned.outputs.items()
        if overwrite or in_place or not _is_done(photo, output)
    }
    failed, megapixels, begin = list(planned.failed), 0.0, time.monotonic()
    for path, reason in failed:
        report(f"{path}: failed, {reason}")
    sizes = {photo: _pixels(photo) for photo in waiting}
    with Progress(
        "photos", total=sum(sizes.values()), unit="pixels", silent=not waiting
    ) as progress:
        for number, (path, output) in enumerate(planned.outputs.items(), start=1):
            line = f"{number}/{len(planned.outputs)} {path}"
            if path not in waiting:
                report(f"{line}: skipped, {output} is newer")
                continue
            try:
                if is_video(path):
                    progress.clear()
                    done, speed = enhance_video(
                        path,
                        output,
                        enhance=partial(enhancer.enhance, strength=strength),
                        key=f"{enhancer.key} {strength}",
                        crf=crf,
                        steady=steady,
                    )
                else:
                    done, speed = _enhance_file(
                        path, output, enhancer, strength, quality, progress.advance
                    )
            except (PhotoError, OSError, RuntimeError, MemoryError) as error:
                reason = _reason(error, output)
                failed.append((path, reason))
                progress.advance(sizes[path])
                line = f"{line}: failed, {reason}"
            else:
                _date(output, path)
                megapixels += done
                line = f"{line} → {output} ({speed})"
            progress.clear()
            report(line)
    enhanced = len(waiting) - len(failed) + len(planned.failed)
    skipped = len(planned.outputs) - len(waiting)
    return Summary(
        enhanced,
        skipped,
        tuple(failed),
        planned.passed_over,
        megapixels,
        seconds=time.monotonic() - begin,
        engine=enhancer.engine,
    )


def _enhance_file(
    path: Path,
    output: Path,
    enhancer: PhotoEnhancer,
    strength: float,
    quality: int | None,
    advance: Callable[[int], None],
) -> tuple[float, str]:
    """Enhance one file; returns its megapixels, and these, the speed and what is lost in words."""
    begin = time.monotonic()
    original = read_original(path)
    enhanced = enhancer.enhance(original.upright(), strength=strength, advance=advance)
    write_like(output, original, enhanced, quality=quality)
    megapixels = enhanced[..., 0].size / 1e6
    speed = megapixels / (time.monotonic() - begin)
    lost = "".join(f"; {note}" for note in original.notes)
    return megapixels, f"{megapixels:.1f} MP, {speed:.2f} MP/s{lost}"


def _reason(error: Exception, output: Path) -> str:
    """Why a photo failed; engines that find no memory raise RuntimeError."""
    if isinstance(error, PhotoError):
        return error.reason
    if isinstance(error, OSError) and error.strerror:
        return f"{output}: {error.strerror}"
    return str(error) or "out of memory"


def _pixels(path: Path) -> int:
    """How many the file says it has; of one that cannot be used, none."""
    try:
        width, height = photo_size(path)
    except (PhotoError, OSError):
        return 0
    return width * height


def _date(output: Path, photo: Path) -> None:
    """Make a result no older than its photo, as one of a camera whose clock is ahead."""
    if photo.exists() and not _is_done(photo, output):
        stat = photo.stat()
        os.utime(output, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _is_done(photo: Path, output: Path) -> bool:
    return (
        output.exists() and photo.exists() and output.stat().st_mtime_ns >= photo.stat().st_mtime_ns
    )
