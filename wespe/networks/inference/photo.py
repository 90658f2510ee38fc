"""Photo files, folders and patterns through a network: what `wespe enhance` does."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from wespe.core.files import check_writable
from wespe.core.progress import Progress
from wespe.core.words import number_of
from wespe.networks.inference.enlarged import check_scale, check_size, reduced
from wespe.networks.inference.ledger import Ledger, Stamp, State
from wespe.networks.inference.plan import plan
from wespe.networks.inference.tiles import TiledEnhancer, TooLargeError
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
            counts += f", {number_of(self.passed_over, 'other file')} ignored"
        if self.enhanced:
            speed = f"{self.megapixels / self.seconds:.2f} MP/s"
            counts += f"; {self.megapixels:.1f} MP in {self.seconds:.1f} s, {speed}, {self.engine}"
        return "\n".join([*lines, counts])


def enhance_files(
    inputs: Sequence[Path],
    *,
    enhancer: TiledEnhancer,
    out: Path | None = None,
    in_place: bool = False,
    strength: float = 1.0,
    overwrite: bool = False,
    quality: int | None = None,
    crf: float = CRF,
    steady: float = STEADY,
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
    pixel to the mean of what it covers. Results have at most 300 megapixels. A network that
    enlarges does not take videos. Of videos, which `in_place` leaves alone, see
    `enhance_video`, also for `crf`, `steady` and `double_rate`. Raises ValueError, before any photo
    is touched, for a setting out of range, and where an original would be overwritten though not
    `in_place`.
    """
    check_options(strength=strength, quality=quality, crf=crf, steady=steady)
    check_scale(scale, enhancer)
    planned = plan(inputs, out=out, in_place=in_place)
    work = _Work(enhancer, strength, quality, crf, steady, double_rate, scale)
    states = {
        photo: (State.NEW, "") if overwrite else work.state(photo, output)
        for photo, output in planned.outputs.items()
    }
    failed, megapixels, begin = list(planned.failed), 0.0, time.monotonic()
    for path, reason in failed:
        report(f"{path}: failed, {reason}")
    sizes = {photo: _pixels(photo) for photo, (state, _) in states.items() if state is State.NEW}
    with Progress(
        "photos", total=sum(sizes.values()), unit="pixels", silent=quiet or not sizes
    ) as progress:
        for number, (path, output) in enumerate(planned.outputs.items(), start=1):
            line = f"{number}/{len(planned.outputs)} {path}"
            state, why = states[path]
            if state is State.DONE:
                report(f"{line}: skipped, {why}")
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
            report(line)
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


def check_options(*, strength: float, quality: int | None, crf: float, steady: float) -> None:
    """Raise ValueError for a setting of `enhance_files` that is out of range."""
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must be from 0 to 1, got {strength}")
    if quality is not None and not 1 <= quality <= 100:
        raise ValueError(f"quality must be from 1 to 100, got {quality}")
    check_crf(crf)
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
    if not path.exists():
        return "no such file"
    if is_video(path):
        return ""
    try:
        photo_size(path)
    except (PhotoError, OSError) as error:
        return _reason(error, path)
    return ""


class _Work:
    """What is done with each photo or video."""

    def __init__(
        self,
        enhancer: TiledEnhancer,
        strength: float,
        quality: int | None,
        crf: float,
        steady: float,
        double_rate: bool,
        scale: float | None,
    ) -> None:
        self._enhancer, self._strength, self._quality = enhancer, strength, quality
        self._crf, self._steady, self._double_rate = crf, steady, double_rate
        self._scale = enhancer.scale if scale is None else scale
        self._ledger = Ledger()
        # Its key names the engine too, whose results differ by rounding.
        self._weights = enhancer.key.partition(" ")[0]

    def state(self, path: Path, output: Path) -> tuple[State, str]:
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
            if self._enhancer.scale != 1:
                raise PhotoError(
                    path,
                    f"{self._enhancer.name} makes pictures {self._enhancer.scale} times larger, "
                    "which is for photos, not for videos",
                )
            progress.clear()
            done = enhance_video(
                path,
                output,
                enhance=partial(self._enhancer.enhance, strength=self._strength),
                key=f"{self._enhancer.key} {self._strength}",
                crf=self._crf,
                steady=self._steady,
                double_rate=self._double_rate,
            )
        else:
            done = _enhance_photo(
                *(path, output, self._enhancer, self._scale, self._strength, self._quality),
                progress.advance,
            )
        self._ledger.add(path, stamp, output, self._made_by(path))
        return done

    def _made_by(self, path: Path) -> str:
        settings: list[Any] = [self._crf, self._steady] if is_video(path) else [self._quality]
        if is_video(path) and self._double_rate:
            settings.append("double rate")
        if self._scale != self._enhancer.scale:
            settings.append(f"scale {self._scale:g}")
        return " ".join(map(str, (self._weights, self._strength, *settings)))


def _enhance_photo(
    path: Path,
    output: Path,
    enhancer: TiledEnhancer,
    scale: float,
    strength: float,
    quality: int | None,
    advance: Callable[[int], None],
) -> tuple[float, str]:
    """Enhance one photo; returns what `_Work.do` does."""
    begin = time.monotonic()
    check_size(path, enhancer.scale)
    original = read_original(path)
    upright = original.upright()
    enhanced = enhancer.enhance(upright, strength=strength, advance=advance)
    said = "" if enhancer.scale == 1 else f"×{scale:g}, "
    if scale != enhancer.scale:
        enhanced = reduced(enhanced, upright, scale)
        said = f"×{scale:g} by area from ×{enhancer.scale}, "
    write_like(output, original, enhanced, quality=quality)
    megapixels = enhanced[..., 0].size / 1e6
    speed = megapixels / (time.monotonic() - begin)
    lost = "".join(f"; {note}" for note in original.notes)
    return megapixels, f"{said}{megapixels:.1f} MP, {speed:.2f} MP/s{lost}"


def _reason(error: Exception, photo: Path) -> str:
    """Why a photo failed; engines that find no memory raise RuntimeError."""
    if isinstance(error, PhotoError):
        return error.reason
    if isinstance(error, FileNotFoundError) and error.filename == str(photo):
        return "no such file"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error) or "out of memory"


def _pixels(path: Path) -> int:
    """The number of pixels in the file's header; 0 for a file that cannot be used."""
    try:
        width, height = photo_size(path)
    except (PhotoError, OSError):
        return 0
    return width * height
