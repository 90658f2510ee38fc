"""How well pairs of patches are aligned, on real photos with known truth; time and memory.

Run by hand: `python -m benchmarks.alignment [photos [part [kind]]]`; the parts are `large`, `true`,
`false` and `real`, and a word of its name chooses a kind of difference. Real photos of
`../shared/data` (where there are none, those of scikit-image) are seen by two simulated cameras:
homographies, blur, noise, colour, exposure, JPEG and a lens that distorts, as
`tests/two_cameras.py` has them. Prints, for each kind of difference, how far patches are from where
they truly are and how many of the possible ones are kept; how many patches are kept of photos of
different scenes; seconds and peak memory of a pair of 12 megapixels; and how the search takes to
DPED's patches by real cameras.
"""

import itertools
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import skimage

from tests.two_cameras import Cameras, Shot, residuals_px, shoot
from wespe.data.aligned.geometry import frame
from wespe.data.aligned.matching import Grey
from wespe.data.aligned.pair import Pair, Report, align
from wespe.data.aligned.patches import inset, search, smooth
from wespe.data.aligned.settings import Thresholds
from wespe.photos.images import Pixels, read_photo, write_photo

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
SIZE_PX = 100
KINDS = {
    "side by side": Cameras(),
    "strong turn and perspective": Cameras(rotation_deg=25, perspective=0.12),
    "strong noise, blur, exposure": Cameras(
        blur_px=2.0, noise=12.0, gain_ev=1.5, tint=0.3, gamma=1.6, jpeg_quality=60
    ),
    "target of fewer pixels": Cameras(source_scale=0.85, target_scale=0.6),
    "lens distortion of 1 %": Cameras(distortion=0.01),
    "lens distortion of 3 %": Cameras(distortion=0.03),
}


def scenes(count: int) -> list[Pixels]:
    """Real photos of about 2000 px, from all collections in turn."""
    folders = [SHARED / name for name in ("div2k", "clic2025", "dped/iphone_full", "phones")]
    groups = [sorted([*folder.glob("*.png"), *folder.glob("*.jpg")]) for folder in folders]
    mixed = itertools.chain.from_iterable(itertools.zip_longest(*groups))
    paths = [path for path in mixed if path][:count]
    if not paths:
        names = ("coffee.png", "chelsea.png", "rocket.jpg", "astronaut.png")
        paths = [Path(skimage.__file__).parent / "data" / name for name in names]
    return [_near_2000_px(read_photo(path).pixels) for path in paths]


def _near_2000_px(photo: Pixels) -> Pixels:
    factor = 2000 / max(photo.shape)
    if 0.9 < factor < 1.1:
        return photo
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(photo, None, fx=factor, fy=factor, interpolation=way), np.uint8)


def aligned(folder: Path, name: str, source: Pixels, target: Pixels) -> Report:
    """The report of two photos, which are written first."""
    pair = Pair(name, folder / f"{name}.source.png", folder / f"{name}.target.png")
    cv2.imwrite(str(pair.source), source[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    cv2.imwrite(str(pair.target), target[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return align(pair, folder=folder, size_px=SIZE_PX, max_patches=10**6, thresholds=Thresholds())


def true_pairs(photos: list[Pixels], folder: Path, wanted: str) -> None:
    columns = f"{'photos':>7} {'residual px: median, 95 %, max':>33} {'kept, and of not flat':>24}"
    print(f"{'':30} {columns}", flush=True)
    for kind, cameras in KINDS.items():
        if wanted not in kind:
            continue
        residuals, used, kept, cells, flat = [], 0, 0, 0, 0
        for number, photo in enumerate(photos):
            shot = shoot(photo, cameras, np.random.default_rng(number))
            report = aligned(folder, f"{kind} {number}", shot.source, shot.target)
            residuals.append(residuals_px(report, shot, SIZE_PX))
            used += report.reason is None
            kept += report.used
            cells += possible(shot)
            flat += report.refused.get("flat", 0)
        all_px = np.concatenate(residuals)
        median, high = np.percentile(all_px, [50, 95])
        print(
            f"{kind:30} {used:3} of {len(photos):2} {median:15.2f} {high:8.2f} {all_px.max():8.2f} "
            f"{kept:6} = {kept / cells:4.0%}, {kept / (cells - flat):4.0%}",
            flush=True,
        )


def possible(shot: Shot) -> int:
    """The patches that truth has room for, as the settings have them."""
    shapes = [photo.shape[:2] for photo in (shot.source, shot.target)]
    thresholds = Thresholds()
    true = frame(shot.homography, *shapes, max_enlarge=thresholds.max_enlarge)
    return len(inset(true, thresholds.search_px).cells(SIZE_PX))


def false_pairs(photos: list[Pixels], folder: Path) -> None:
    """Every photo with the next ones, as the other camera's photo of the same scene."""
    kept, pairs, inliers = 0, 0, 0
    for number, photo in enumerate(photos):
        source = shoot(photo, Cameras(), np.random.default_rng(number)).source
        for step in (1, 2):
            target = photos[(number + step) % len(photos)]
            report = aligned(folder, f"false {number} {step}", source, target)
            kept, pairs = kept + report.used, pairs + 1
            inliers = max(inliers, report.inliers or 0)
    print(f"{pairs} pairs of different scenes: {kept} patches kept, at most {inliers} inliers")


def real_cameras() -> None:
    """The local search alone, on DPED's own pairs: middles of iPhone patches in Canon patches."""
    folder, thresholds = SHARED / "dped" / "patches", Thresholds()
    radius = thresholds.search_px
    phone, canon = (
        [_smooth_grey(folder / camera / f"{number}.jpg", thresholds) for number in range(300)]
        for camera in ("iphone", "canon")
    )
    for what, step in (("the same scene", 0), ("different scenes", 1), ("different scenes", 17)):
        found, alike = [], 0
        for number, patch in enumerate(phone):
            other = canon[(number + step) % len(canon)]
            shift = search(patch[radius:-radius, radius:-radius], other, thresholds)
            if shift == "flat":
                continue
            best = 0.0 if isinstance(shift, str) else _best(patch, other, radius)
            alike += best > thresholds.min_correlation
            if best > thresholds.min_correlation and not isinstance(shift, str):
                found.append(float(np.hypot(*shift)))
        median = f", moved by {np.median(found):.2f} px in the middle" if found else ""
        print(f"real iPhone and Canon patches of {what}: {alike} of 300 kept{median}")


def _smooth_grey(path: Path, thresholds: Thresholds) -> Grey:
    grey = np.asarray(cv2.cvtColor(read_photo(path).pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    return smooth(grey, thresholds)


def _best(patch: Grey, other: Grey, radius: int) -> float:
    scores = cv2.matchTemplate(other, patch[radius:-radius, radius:-radius], cv2.TM_CCOEFF_NORMED)
    return float(scores.max())


def large_pair(photo: Pixels, folder: Path) -> None:
    """Seconds and memory of one pair of 12 megapixels; runs in a process of its own."""
    factor = np.sqrt(12e6 / (0.81 * photo.shape[0] * photo.shape[1]))
    large = np.asarray(cv2.resize(photo, None, fx=factor, fy=factor), np.uint8)
    shot = shoot(large, Cameras(source_scale=1, target_scale=1.2), np.random.default_rng(0))
    sizes = [f"{photo.shape[1]}×{photo.shape[0]}" for photo in (shot.source, shot.target)]
    pair = Pair("large", folder / "large.source.jpg", folder / "large.target.jpg")
    write_photo(pair.source, shot.source, quality=92)
    write_photo(pair.target, shot.target, quality=92)
    process = multiprocessing.get_context("spawn").Process(target=_timed, args=(pair, folder))
    print(f"a pair of {sizes[0]} and {sizes[1]} px: ", end="", flush=True)
    process.start()
    process.join()


def _timed(pair: Pair, folder: Path) -> None:
    start, cpu = time.perf_counter(), time.process_time()
    report = align(pair, folder=folder, size_px=SIZE_PX, max_patches=200, thresholds=Thresholds())
    elapsed_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu
    # Linux; unlike ru_maxrss it is not inherited from the process that started this one.
    status = Path("/proc/self/status").read_text("utf-8")
    peak_mb = int(status.split("VmHWM:")[1].split()[0]) / 1024
    strips = sum(path.stat().st_size for path in folder.glob("*/large.png")) / 1e6
    print(
        f"{cpu_s:.1f} s of processor time ({elapsed_s:.1f} s), peak {peak_mb:.0f} MB, "
        f"{report.kept} of {report.cells} patches kept, {report.used} written: {strips:.1f} MB"
    )


def main() -> None:
    photos = scenes(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
    part, wanted = [*sys.argv[2:4], "", ""][:2]
    with tempfile.TemporaryDirectory() as name:
        if part in ("", "large"):
            large_pair(photos[0], Path(name))
        if part in ("", "true"):
            true_pairs(photos, Path(name), wanted)
        if part in ("", "false"):
            false_pairs(photos, Path(name))
        if part in ("", "real") and SHARED.is_dir():
            real_cameras()


if __name__ == "__main__":
    main()
