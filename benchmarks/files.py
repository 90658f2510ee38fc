"""What becomes of odd files: each one enhanced by itself at strength 0, within limits.

    python -m benchmarks.files FOLDER... [--seconds 60] [--gigabytes 4]

Every file below the folders goes through `wespe enhance` with a network that changes nothing, in a
process of its own. Printed are the numbers of those that were enhanced, refused in words, and
unnamed: crashed, hung, or ended by an exception. Where ImageMagick is installed, it decodes photo
and result, and what differs by more than the encoding explains is counted as wrong pixels, unless
libvips, where its command `vips` is installed, finds no difference. Where exiftool is installed,
tags that are in the photo and not in the result are counted as lost, unless the line of the photo
says so. Ends with 1 if anything is unnamed, wrong or lost.
"""

import argparse
import json
import multiprocessing
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wespe.core.walk import walk
from wespe.networks.generator import Generator
from wespe.networks.inference.photo import enhance_files
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.photos.video.source import is_video

LOSSY = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".heic", ".heif", ".hif", ".avif"})
# Mean and largest difference, in levels of 255. Decoders round 5 bits to 8 in their own ways.
EXACT, ENCODED = (0.5, 1.01), (3.0, 255.0)
# What describes the file or its coding, and not the photo.
OF_THE_FILE = (
    *("SourceFile", "System:", "ExifTool:", "File:", "Composite:", "IFD1:", "IFD2:", "SubIFD"),
    *("MPF", "MPImage", "QuickTime:", "Meta:", "Adobe:", "RIFF:", "HEIC"),
)
OF_THE_CODING = frozenset(
    {"ImageWidth", "ImageHeight", "BitsPerSample", "Compression", "PhotometricInterpretation"}
    | {"StripOffsets", "StripByteCounts", "RowsPerStrip", "SamplesPerPixel", "Orientation"}
    | {"PlanarConfiguration", "Predictor", "ExtraSamples", "TileWidth", "TileLength", "ColorMap"}
    | {"TileOffsets", "TileByteCounts", "SampleFormat", "SubfileType", "FillOrder", "BitDepth"}
    | {"ColorType", "Filter", "Interlace", "Palette", "Transparency", "T4Options", "T6Options"}
    | {"YCbCrSubSampling", "YCbCrPositioning", "YCbCrCoefficients", "ReferenceBlackWhite"}
    | {"JPEGTables", "OldSubfileType", "ThumbnailOffset", "ThumbnailLength", "ThumbnailImage"}
    | {"SignificantBits", "BackgroundColor", "PaletteHistogram", "Thresholding", "T88Options"}
    | {"PhotoshopThumbnail", "ImageSourceData", "PreviewImage", "MaxSampleValue", "MinSampleValue"}
    | {"SMaxSampleValue", "SMinSampleValue", "OtherImageStart", "OtherImageLength"}
    | {"PreviewImageStart", "PreviewImageLength", "AnimationFrames", "AnimationPlays"}
)
# What a photo's line says is gone, and the names of the tags that go with it.
TOLD = {"Photoshop's layers": "Photoshop:Layer", "CMYK as RGB": "IFD0:InkSet"}
TOLD |= {"CMYK with alpha as RGB": "IFD0:InkSet"}


@dataclass(frozen=True)
class Outcome:
    """What became of a file."""

    path: Path
    kind: str
    """enhanced, refused or unnamed."""
    words: str = ""
    wrong: str = ""
    lost: tuple[str, ...] = ()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--gigabytes", type=float, default=4)
    arguments = parser.parse_args()
    tried = Trial(arguments.seconds, arguments.gigabytes)
    outcomes = []
    for folder in arguments.folders:
        for name in walk(folder).files:
            outcomes.append(tried.file(folder / name))
            show(outcomes[-1])
    print(", ".join(f"{count} {what}" for what, count in counted(outcomes).items()))
    missing = [name for name, found in PROGRAMS.items() if not found]
    if missing:
        print(f"not installed, so not compared: {', '.join(missing)}")
    bad = any(o.kind == "unnamed" or o.wrong or o.lost for o in outcomes)
    sys.exit(1 if bad else 0)


def show(outcome: Outcome) -> None:
    problems = [outcome.wrong, f"lost: {', '.join(outcome.lost)}" if outcome.lost else ""]
    words = "; ".join(filter(None, [outcome.words, *problems]))
    print(f"{outcome.kind:9} {outcome.path}: {words}", flush=True)


def counted(outcomes: Sequence[Outcome]) -> Counter[str]:
    found = Counter(dict.fromkeys(("enhanced", "refused", "unnamed"), 0))
    found.update(outcome.kind for outcome in outcomes)
    found["wrong pixels"] = sum(bool(outcome.wrong) for outcome in outcomes)
    found["lost tags"] = sum(bool(outcome.lost) for outcome in outcomes)
    return found


class Trial:
    """One file after the other, each in a process that a hang or a crash ends alone."""

    def __init__(self, seconds: float, gigabytes: float) -> None:
        self._seconds, self._bytes = seconds, int(gigabytes * 1e9)
        self._enhancer = PhotoEnhancer(Generator(width=4, blocks=1, norm="none", start="identity"))
        # Forked, so that torch is imported once.
        self._processes: Any = multiprocessing.get_context("fork")

    def file(self, path: Path) -> Outcome:
        with tempfile.TemporaryDirectory() as folder:
            ours, theirs = self._processes.Pipe(duplex=False)
            process = self._processes.Process(target=self._enhance, args=(path, folder, theirs))
            process.start()
            theirs.close()
            if not ours.poll(self._seconds):
                process.kill()
                process.join()
                return Outcome(path, "unnamed", f"not done after {self._seconds:g} s")
            try:
                kind, words = ours.recv()
            except EOFError:
                process.join()
                return Outcome(path, "unnamed", f"ended with {process.exitcode}")
            process.join()
            results = [file for file in Path(folder).iterdir() if not file.name.startswith(".")]
            if kind != "enhanced" or not results:
                return Outcome(path, kind, words)
            wrong, lost = different(path, results[0]), tuple(lost_tags(path, results[0], words))
            return Outcome(path, kind, words, wrong, lost)

    def _enhance(self, path: Path, folder: str, answer: Any) -> None:
        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + self._bytes,) * 2)
        lines: list[str] = []
        try:
            summary = enhance_files(
                [path], enhancer=self._enhancer, out=Path(folder), strength=0, report=lines.append
            )
        except Exception as error:
            answer.send(("unnamed", f"{type(error).__name__}: {error}"))
            return
        if summary.failed:
            reason = summary.failed[0][1]
            answer.send(("unnamed" if reason == "out of memory" else "refused", reason))
        else:
            notes = lines[0].partition(" MP/s")[2].rstrip(")")
            answer.send(("enhanced", notes.removeprefix("; ")))


def different(photo: Path, result: Path) -> str:
    """How the pixels of a result differ from its photo's, if more than their encoding explains."""
    words = compared(photo, result, photo)
    if not words or not PROGRAMS["libvips"]:
        return words
    with tempfile.TemporaryDirectory() as folder:
        before, after = (
            by_vips(path, Path(folder) / f"{n}.png") for n, path in enumerate((photo, result))
        )
        return words if compared(before, after, photo) else ""


def by_vips(path: Path, out: Path) -> Path:
    """The upright picture as libvips reads it, as a PNG; `path` itself if it cannot."""
    done = subprocess.run([*PROGRAMS["libvips"], "autorot", path, out], capture_output=True)
    return path if done.returncode else out


def compared(photo: Path, result: Path, named: Path) -> str:
    """How ImageMagick finds two files to differ; `named` has the format that explains some."""
    before, after = decoded(photo), decoded(result)
    if before is None:
        return ""  # A video, or what the other decoder does not read.
    if after is None:
        return "the result cannot be decoded"
    if before.shape != after.shape:
        return f"{before.shape} became {after.shape}"
    if before.shape[2] == 4 and not before[..., 3].any():
        # Zeros of a program that knows no alpha are not taken for it.
        before[..., 3] = after[..., 3]
    gaps = np.abs(before - after)
    mean, most = EXACT if named.suffix.lower() not in LOSSY | {".webp"} else ENCODED
    if gaps.mean() <= mean and gaps.max() <= most:
        return ""
    return f"pixels differ by {gaps.mean():.2f} levels, by {gaps.max():.1f} at most"


def decoded(path: Path) -> NDArray[np.float64] | None:
    """The upright first picture as ImageMagick reads it, `(H, W, C)` in levels of 255, or None."""
    program = PROGRAMS["ImageMagick"]
    if not program or is_video(path):
        return None
    command = [*program, f"{path}[0]", "-auto-orient", "-colorspace", "sRGB"]
    command += ["-type", "TrueColorAlpha", "-depth", "16", "pam:-"]
    done = subprocess.run(command, capture_output=True)
    head, mark, body = done.stdout.partition(b"ENDHDR\n")
    if done.returncode or not mark:
        return None
    facts = dict(line.split(b" ", 1) for line in head.splitlines() if b" " in line)
    sides = [int(facts[key]) for key in (b"HEIGHT", b"WIDTH", b"DEPTH")]
    if len(body) < 2 * sides[0] * sides[1] * sides[2]:
        return None
    return np.frombuffer(body, ">u2", np.prod(sides)).reshape(sides) / 257


def lost_tags(photo: Path, result: Path, words: str) -> Iterator[str]:
    """Names of tags that a result has no longer, or with another value, and nobody was told."""
    if is_video(photo):  # Another container has other tags; tests compare what is kept.
        return
    before, after = tags(photo), tags(result)
    said = "gain map" in words or "depth map" in words
    told = [start for what, start in TOLD.items() if what in words]
    for name, value in before.items():
        group, _, tag = name.partition(":")
        if name.startswith(OF_THE_FILE) or tag in OF_THE_CODING or after.get(name) == value:
            continue
        if name.startswith(tuple(told)):
            continue
        if said and ("hdrgm" in group or "GContainer" in group or "apdi" in group):
            continue
        yield name if name not in after else f"{name} changed"


def tags(path: Path) -> dict[str, Any]:
    program = PROGRAMS["exiftool"]
    if not program:
        return {}
    done = subprocess.run([*program, "-j", "-G1", "-n", str(path)], capture_output=True)
    try:
        found: dict[str, Any] = json.loads(done.stdout)[0]
    except (ValueError, IndexError):
        return {}
    return found


def _found(*names: str, version: str, contains: str) -> list[str]:
    """The first program of a name that says to be the one that is meant."""
    for name in names:
        if path := shutil.which(name):
            done = subprocess.run([path, version], capture_output=True, text=True)
            if contains in done.stdout:
                return [path]
    return []


PROGRAMS = {
    "ImageMagick": _found(
        "magick", "convert-im6", "convert", version="-version", contains="Version: ImageMagick"
    ),
    "libvips": _found("vips", version="--version", contains="vips"),
    "exiftool": _found("exiftool", version="-ver", contains="."),
}

if __name__ == "__main__":
    main()
