"""Photo files, folders and patterns through a network: what `wespe enhance` does."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wespe.core.progress import Progress
from wespe.core.words import number_of, one_line
from wespe.networks.inference.chain import Chain
from wespe.networks.inference.enlarged import end_scale
from wespe.networks.inference.ledger import State
from wespe.networks.inference.plan import plan
from wespe.networks.inference.tiles import TiledEnhancer, TooLargeError
from wespe.networks.inference.video.encoding import CRF, check_crf
from wespe.networks.inference.video.steady import check_share
from wespe.networks.inference.work import Work
from wespe.photos.images import PhotoError, photo_size
from wespe.photos.video.source import is_video


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
        lines = [one_line(f"failed: {path}: {reason}") for path, reason in self.failed]
        counts = f"{self.enhanced} enhanced, {self.skipped} already done, {len(self.failed)} failed"
        if self.passed_over:
            counts += f", {number_of(self.passed_over, 'other file')} ignored"
        if self.enhanced:
            speed = f"{self.megapixels / self.seconds:.2f} MP/s"
            counts += f"; {self.megapixels:.1f} MP in {self.seconds:.1f} s, {speed}, {self.engine}"
        return "\n".join([*lines, counts])


def enhance_files(
    inputs: Sequence[Path],
    *,
    enhancer: TiledEnhancer | Chain,
    out: Path | None = None,
    in_place: bool = False,
    strength: float = 1.0,
    overwrite: bool = False,
    quality: int | None = None,
    crf: float = CRF,
    steady: float | None = None,
    double_rate: bool = False,
    scale: float | None = None,
    report: Callable[[str], None] = print,
    quiet: bool = False,
) -> Summary:
    """Enhance photos and videos, folders with everything below them, and patterns.

    Writes where `plan` says, files of the same kind as the photos: see `write_like`, also for
    `quality`. A result that was made from the same photo by the same network and settings stays;
    what else is in its place is a failure, unless `overwrite`: see `ledger`. A photo that cannot be
    used is reported and the rest goes on; a run that is stopped leaves no half file and can be run
    again, also `in_place`. `report` gets a line for each photo; standard error has a progress line,
    unless `quiet`, which videos do not heed. `scale`: of a network that enlarges, how many times
    larger photos become in the end, from 1 to the network's own; what it makes is reduced, each
    pixel to the mean of what it covers. Results have at most 300 megapixels. Of videos, which
    `in_place` leaves alone, see `enhance_video`, also for `crf`, `steady` and `double_rate`. Raises
    ValueError, before any photo is touched, for a setting out of range, and where an original would
    be overwritten though not `in_place`.
    """
    check_options(strength=strength, quality=quality, crf=crf, steady=steady)
    end_scale(enhancer.scale, scale)
    planned = plan(inputs, out=out, in_place=in_place)
    work = Work(
        enhancer,
        strength=strength,
        quality=quality,
        crf=crf,
        steady=steady,
        double_rate=double_rate,
        scale=scale,
    )
    states = {
        photo: (State.NEW, "") if overwrite else work.state(photo, output)
        for photo, output in planned.outputs.items()
    }
    failed, megapixels, begin = list(planned.failed), 0.0, time.monotonic()
    for path, reason in failed:
        report(one_line(f"{path}: failed, {reason}"))
    sizes = {photo: _pixels(photo) for photo, (state, _) in states.items() if state is State.NEW}
    with Progress(
        "photos", total=sum(sizes.values()), unit="pixels", silent=quiet or not sizes
    ) as progress:
        for number, (path, output) in enumerate(planned.outputs.items(), start=1):
            line = f"{number}/{len(planned.outputs)} {path}"
            state, why = states[path]
            if state is State.DONE:
                report(one_line(f"{line}: skipped, {why}"))
                continue
            counted = progress.done
            try:
                if state is State.TAKEN:
                    raise PhotoError(path, f"{why}; --overwrite replaces it")
                done, speed = work.do(path, output, progress)
            except (PhotoError, TooLargeError, OSError, RuntimeError, MemoryError) as error:
                reason = _reason(error, path)
                failed.append((path, reason))
                # The rest of its pixels will not be counted any more.
                progress.advance(max(0, counted + sizes.get(path, 0) - progress.done))
                line = f"{line}: failed, {reason}"
            else:
                megapixels += done
                line = f"{line} → {output} ({speed})"
            progress.clear()
            report(one_line(line))
    skipped = sum(state is State.DONE for state, _ in states.values())
    return Summary(
        len(planned.outputs) - skipped - len(failed) + len(planned.failed),
        skipped,
        tuple(failed),
        planned.passed_over,
        megapixels,
        seconds=time.monotonic() - begin,
        engine=enhancer.engine,
    )


def check_options(
    *, strength: float, quality: int | None, crf: float, steady: float | None
) -> None:
    """Raise ValueError for a setting of `enhance_files` that is out of range."""
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must be from 0 to 1, got {strength}")
    if quality is not None and not 1 <= quality <= 100:
        raise ValueError(f"quality must be from 1 to 100, got {quality}")
    check_crf(crf)
    if steady is not None:
        check_share(steady)


def nothing_usable(
    inputs: Sequence[Path], *, out: Path | None = None, in_place: bool = False
) -> Summary | None:
    """What `enhance_files` would find where no photo or video can be used; None where one may be.

    Looks at names and headers alone, so that nobody waits for a network, or is asked for one, to
    learn that the photo's name is misspelt. Raises ValueError as `plan`.
    """
    planned = plan(inputs, out=out, in_place=in_place)
    failed = list(planned.failed)
    for path in planned.outputs:
        reason = _unusable(path)
        if not reason:
            return None
        failed.append((path, reason))
    return Summary(0, 0, tuple(failed), planned.passed_over)


def _unusable(path: Path) -> str:
    """Why a file cannot be enhanced, as far as its header shows; empty where it does not."""
    try:
        if not path.exists():
            return "no such file"
        if not is_video(path):
            photo_size(path)
    except (PhotoError, OSError) as error:
        return _reason(error, path)
    return ""


def _reason(error: Exception, photo: Path) -> str:
    """Why a photo failed; engines that find no memory raise RuntimeError."""
    if isinstance(error, PhotoError):
        return error.reason
    if isinstance(error, FileNotFoundError) and error.filename == str(photo):
        return "no such file"
    if isinstance(error, OSError) and error.strerror:
        # The photo is named anyway.
        named = "" if error.filename == str(photo) else f"{error.filename}: "
        return f"{named}{error.strerror}"
    return str(error) or "out of memory"


def _pixels(path: Path) -> int:
    """The number of pixels in the file's header; 0 for a file that cannot be used."""
    try:
        width, height = photo_size(path)
    except (PhotoError, OSError):
        return 0
    return width * height
