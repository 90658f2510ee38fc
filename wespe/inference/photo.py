"""Photo files and folders of them through a generator: what `wespe enhance` does."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from wespe.images import PHOTO_SUFFIXES, PhotoError, Pixels, read_photo, write_photo
from wespe.inference.backends import TorchBackend
from wespe.inference.tiled import TILE_PX, PhotoEnhancer
from wespe.inference.video.encoding import CRF
from wespe.inference.video.enhance import enhance_video, fingerprint
from wespe.inference.video.join import result_suffix
from wespe.inference.video.source import VIDEO_SUFFIXES
from wespe.inference.video.steady import STEADY
from wespe.models.enhancer import Enhancer


@dataclass(frozen=True)
class Summary:
    """What became of the photos; `failed` holds each one that could not be done, and why."""

    enhanced: int
    skipped: int
    failed: tuple[tuple[Path, str], ...]


def enhance_files(
    inputs: Sequence[Path],
    *,
    generator: Enhancer,
    out: Path | None = None,
    strength: float = 1.0,
    tile_px: int = TILE_PX,
    overwrite: bool = False,
    quality: int = 95,
    crf: float = CRF,
    steady: float = STEADY,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    report: Callable[[str], None] = print,
) -> Summary:
    """Enhance photos, and folders of photos with all that is below them.

    Writes where `planned_outputs` says, with the photo's EXIF, JPEG and WebP at `quality`. A result
    that is newer than its photo stays, unless `overwrite`. A photo that cannot be used is reported
    and the rest goes on; a run that is stopped leaves no half file and can be run again. `report`
    gets a line for each photo. `strength`, `tile_px`, `device` and `dtype` as in `enhance_pixels`.
    Raises ValueError, before any photo is touched, where an original would be overwritten.
    """
    backend = TorchBackend(device, bf16=dtype == torch.bfloat16)
    enhance = partial(PhotoEnhancer(generator, backend, tile_px=tile_px).enhance, strength=strength)
    key = f"{fingerprint(generator)} {strength} {backend.name} {tile_px}"
    outputs = planned_outputs(inputs, out)
    enhanced, skipped, failed = 0, 0, []
    for number, (path, output) in enumerate(outputs.items(), start=1):
        line = f"{number}/{len(outputs)} {path}"
        if not overwrite and _is_done(path, output):
            skipped += 1
            report(f"{line}: skipped, {output} is newer")
            continue
        try:
            if path.suffix.lower() in VIDEO_SUFFIXES:
                speed = enhance_video(
                    path, output, enhance=enhance, key=key, crf=crf, steady=steady
                )
            else:
                speed = _enhance_file(path, output, enhance, quality)
        except (PhotoError, OSError) as error:
            reason = error.reason if isinstance(error, PhotoError) else str(error)
            failed.append((path, reason))
            report(f"{line}: failed, {reason}")
        else:
            enhanced += 1
            report(f"{line} → {output} ({speed})")
    return Summary(enhanced, skipped, tuple(failed))


def _enhance_file(
    path: Path, output: Path, enhance: Callable[[Pixels], Pixels], quality: int
) -> str:
    """Enhance one file; returns its size and the speed in words."""
    begin = time.perf_counter()
    photo = read_photo(path)
    write_photo(output, enhance(photo.pixels), exif=photo.exif, quality=quality)
    megapixels = photo.pixels[..., 0].size / 1e6
    return f"{megapixels:.1f} MP, {megapixels / (time.perf_counter() - begin):.2f} MP/s"


def planned_outputs(inputs: Sequence[Path], out: Path | None) -> dict[Path, Path]:
    """Each photo of `inputs` and the file that its result goes to.

    Without `out`, that is `<stem>_enhanced` beside the photo; what is named so is a result itself
    and left out. With `out`, it is the photo's name there, or its path below the input folder. A
    suffix that cannot be written becomes `.jpg`. Raises ValueError where two photos would go to one
    file, a result would replace an original, `out` is a file, or an input folder has no photo.
    """
    if out and out.is_file():
        raise ValueError(f"{out}: expected a folder for the results, got a file")
    outputs: dict[Path, Path] = {}
    for path in inputs:
        for photo, name in _photos(path, out):
            suffix = photo.suffix if photo.suffix.lower() in PHOTO_SUFFIXES else ".jpg"
            if photo.suffix.lower() in VIDEO_SUFFIXES:
                suffix = result_suffix(photo.suffix)
            beside = photo.with_name(f"{photo.stem}_enhanced{suffix}")
            output = out / name.with_suffix(suffix) if out else beside
            outputs.setdefault(photo, output)
    if out is None:
        results = set(outputs.values())
        outputs = {photo: output for photo, output in outputs.items() if photo not in results}
    originals = {photo.resolve(): photo for photo in outputs}
    taken: dict[Path, Path] = {}
    for photo, output in outputs.items():
        target = output.resolve()
        if target in originals:
            raise ValueError(f"{photo}: its result would replace the original {originals[target]}")
        if target in taken:
            raise ValueError(f"{photo} and {taken[target]} would both go to {output}")
        taken[target] = photo
    return outputs


def _photos(path: Path, out: Path | None) -> Iterator[tuple[Path, Path]]:
    """A photo and its name, or a folder's photos, sorted, with their paths below it.

    Hidden files (unfinished ones among them) and earlier results in `out` are no photos.
    """
    if not path.is_dir():
        yield path, Path(path.name)
        return
    found = False
    for photo in sorted(path.rglob("*")):
        name = photo.relative_to(path)
        hidden = any(part.startswith(".") for part in name.parts)
        suffixes = PHOTO_SUFFIXES | VIDEO_SUFFIXES
        if hidden or photo.suffix.lower() not in suffixes or not photo.is_file():
            continue
        if (
            out
            and out.resolve() != path.resolve()
            and photo.resolve().is_relative_to(out.resolve())
        ):
            continue
        found = True
        yield photo, name
    if not found:
        raise ValueError(f"{path}: no photos ({', '.join(sorted(PHOTO_SUFFIXES))}) in this folder")


def _is_done(photo: Path, output: Path) -> bool:
    return (
        output.exists() and photo.exists() and output.stat().st_mtime_ns >= photo.stat().st_mtime_ns
    )
