"""Result folders written by hand, for tests of the report: test data, not measurements."""

import csv
import math
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from skimage import data

from tests.made import card as trained
from tests.made import domain, rating, summary
from wespe.judging.raters.rate import statistics_of
from wespe.photos.images import Pixels, write_photo
from wespe.results.cards import Domains, ModelCard
from wespe.results.evaluations import Extremes, means_of, read_images
from wespe.results.layout import EvaluationFiles, PairFiles, RatingFiles
from wespe.results.losses import write_losses
from wespe.results.ratings import ScoreRow, write_scores
from wespe.results.record import write_record
from wespe.results.score import Score
from wespe.results.tables import Cell, Column, Row, Table

HOSTILE = "<script>alert('&')</script>"
METHODS = {"original": 0.0, "enhanced": 2.0, "histogram_match": 2.5, "clahe": -1.0}
COLUMNS = ("psnr_db", "ssim", "ms_ssim", "entropy_bit", "png_bpp")


@cache
def photos() -> list[Pixels]:
    """Three photos, to be read alone: they are the same ones each time."""
    return [getattr(data, name)()[:300, :300] for name in ("astronaut", "chelsea", "coffee")]


def card(**changes: Any) -> ModelCard:
    """A model card."""
    data = {"origin": "Test data, made by hand.", "patches": 2345, "licence": "not stated"}
    made: dict[str, Any] = {
        "recipe": {"method": "wespe", "batch_size": 8, "weights": {"tv": 10.0}},
        "seed": 7,
        "steps": 1400,
        "compute": "cpu-bf16",
        "data": Domains(
            source=domain(**data, sha256="5" * 64), target=domain(**data, sha256="7" * 64)
        ),
        "train_seconds": 754.0,
        "patches_per_second": 12.34,
        "final_losses": {"content": 0.0213, "total": 1.5, "d_color": 0.69},
    }
    return trained(**made | changes)


def write_pair(folder: Path, **changes: Any) -> Path:
    """A pair's results: 70 records of losses and three sheets."""
    (folder / "samples").mkdir(parents=True)
    write_record(PairFiles(folder).card, card(**changes))
    random = np.random.default_rng(0)
    records = [
        {
            "step": step,
            "content": 3 * math.exp(-step / 250) + 0.02 * random.uniform(0.6, 1.4),
            "total": 4 * math.exp(-step / 300) + 1.4 * random.uniform(0.8, 1.2),
            "tv": 0.3 * random.uniform(0.6, 1.4),
            "d_color": 0.69 + 0.2 * random.normal(),
            "d_texture": 0.6 + 0.1 * random.normal(),
        }
        for step in range(20, 1401, 20)
    ]
    write_losses(PairFiles(folder).losses, records)
    for step in (400, 800, 1400):
        patches = [photo[100:200, 150:250] for photo in photos()]
        sheet = np.vstack([np.hstack([patch, 255 - patch, patch]) for patch in patches])
        write_photo(folder / "samples" / f"{step:06d}.jpg", sheet)
    return folder


def write_evaluation(
    folder: Path,
    *,
    references: bool = True,
    n: int = 20,
    prefix: str = "",
    patches: bool = False,
    **changes: Any,
) -> Path:
    """An evaluation's results: n photos, the last one identical to its reference."""
    for kind in ("pictures", "crops"):
        (folder / kind).mkdir(parents=True)
    random = np.random.default_rng(1)
    rows = []
    for number in range(n):
        base = random.normal(20, 2)
        identical = references and number == n - 1
        for method, gain in {**METHODS, **({"target": 0.0} if references else {})}.items():
            full = references and method != "target"
            psnr = math.inf if identical else base + gain * random.normal(1, 0.5)
            similar = [psnr, 0.7 + gain / 30, 0.85 + gain / 30] if full else ["", "", ""]
            free = [7.2 + gain / 100, 10.0]
            rows.append([f"{prefix}{number}.jpg", method, int(identical), *similar, *free])
    with (folder / "images.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["image", "method", "identical", *COLUMNS], *rows])
    gallery = tuple(f"{prefix}{number}" for number in range(3))
    extreme = extremes(rows) if references else Extremes()
    shown = [file.removesuffix(".jpg") for file in (*extreme.worst, *extreme.best)]
    made: dict[str, Any] = {
        "evaluation": folder.name,
        "origin": "Test data, made by hand.",
        "n_images": n,
        "n_identical": int(references),
        "seconds": 90.0,
        "methods": means_of(read_images(EvaluationFiles(folder).images)),
        "pictures": {f"{prefix}{number}": f"{prefix}{number}.jpg" for number in range(n)},
        "gallery": gallery,
        "extremes": extreme,
        **write_pictures(folder, dict.fromkeys([*gallery, *shown]), references, patches),
    }
    write_record(EvaluationFiles(folder).summary, summary(**made | changes))
    return folder


def extremes(rows: Sequence[Sequence[Any]]) -> Extremes:
    """The photos whose PSNR gained least and most, two each."""
    psnr: dict[str, dict[str, float]] = {}
    for image, method, identical, value, *_ in rows:
        if not identical and method in {"original", "enhanced"}:
            psnr.setdefault(image, {})[method] = value
    order = sorted(psnr, key=lambda image: psnr[image]["enhanced"] - psnr[image]["original"])
    return Extremes(metric="psnr_db", worst=tuple(order[:2]), best=tuple(order[:-3:-1]))


def write_pictures(
    folder: Path, stems: Iterable[str], references: bool, patches: bool
) -> dict[str, Any]:
    """Pictures and crops by every method; gives where the crops lie and how large photos are."""
    crops, sizes = {}, {}
    tones = {"original": 0.6, "enhanced": 0.9, "histogram_match": 0.8, "clahe": 0.7}
    for number, stem in enumerate(stems):
        photo = photos()[number % 3]
        shown = photo[50:150, 150:250] if patches else photo
        for method, tone in {**tones, **({"target": 1.0} if references else {})}.items():
            pixels = (shown * tone).astype(np.uint8)
            write_photo(folder / "pictures" / f"{stem}.{method}.jpg", pixels)
            write_photo(folder / "crops" / f"{stem}.{method}.jpg", pixels[20:100, 10:90])
        crops[stem] = (10, 20, 80, min(80, len(shown) - 20))
        sizes[stem] = (shown.shape[1], shown.shape[0])
    return {"crops": crops, "sizes": sizes}


def write_table(path: Path) -> Path:
    """A table beside a paper's, as `wespe tables` writes it."""
    known = Cell(value=18.11, low=17.5, high=18.7, paper=17.45, p=1e-5, n=12)
    values = {
        "WESPE [DIV2K]": known,
        "a method that has a name of many words": Cell(note="No such photos here."),
    }
    psnr = Column(key="psnr", shown=Score("PSNR", "dB", "higher"), paper_decimals=2)
    table = Table(
        name="table",
        title="Table 2",
        caption="Made by hand.",
        simulated=False,
        columns=(psnr,),
        rows=tuple(
            Row(photos="iPhone", method=method, cells={"psnr": cell})
            for method, cell in values.items()
        ),
    )
    write_record(path, table)
    return path


def write_rating(folder: Path, *, label: str = "Flickr Faves Score", **changes: Any) -> Path:
    """A rating's results: 40 photos, enhanced ones liked a little better."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(2)
    scores = {
        f"{number}.jpg": {
            method: round(random.normal(mean, 0.1), 6)
            for method, mean in (("original", 0.4), ("enhanced", 0.5))
        }
        for number in range(40)
    }
    rows = (ScoreRow(file, *score) for file, by in scores.items() for score in by.items())
    write_scores(RatingFiles(folder).scores, rows)
    made: dict[str, Any] = {
        "rating": folder.name,
        "shown": Score(label, better="higher", decimals=3),
        "origin": "Test data, made by hand.",
        "methods": statistics_of([*scores.values()]),
    }
    write_record(RatingFiles(folder).summary, rating(**made | changes))
    return folder
