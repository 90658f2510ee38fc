"""The source: a crawl, then its photos as an index and the tables of the dataset."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wespe.core.files import BusyError, lock, sha256, write_json
from wespe.data.flickr.budget import Budget
from wespe.data.flickr.client import Flickr
from wespe.data.flickr.crawl import Collection, collect
from wespe.data.flickr.dataset import PARTS, Row, build, write_tables
from wespe.data.flickr.journal import CrawlJournal
from wespe.data.flickr.pictures import Pictures
from wespe.data.flickr.removal import read_removed, remove
from wespe.data.flickr.settings import FlickrSettings
from wespe.data.http import UnavailableError
from wespe.photos.images import photo_size
from wespe.results.index import PhotoEntry, PhotoIndex, Skipped

BUDGETS = Path(".wespe/flickr")
"""Where the calls of the last hour are, a file for each service: a key's limit holds for all
crawls together."""


def acquire(
    name: str,
    settings: FlickrSettings,
    out: Path,
    *,
    service: Flickr | None = None,
    report: Callable[[str], None] = print,
) -> PhotoIndex:
    """Crawl, or go on with a crawl, and write `faves.csv`, `attribution.csv` and `crawl.json`.

    The pictures stay in the folder of the crawl, where the index finds them. Raises ValueError if
    the query has too few photos, if Flickr refuses the key or the query, or if another crawl runs
    there; UnavailableError if Flickr cannot be reached.
    """
    folder, listed = Path(settings.raw), Path(settings.path)
    removed = read_removed(listed)
    remove(listed, removed, raw=folder)  # it may have been edited by hand
    service = service or connect(settings, report)
    pictures = Pictures(settings)
    try:
        with lock(folder / ".lock"):
            journal = CrawlJournal(folder / "journal.jsonl", identity(settings))
            pictures.tidy()
            collection = collect(
                settings,
                service=service,
                journal=journal,
                fetch=pictures.fetch,
                removed=removed,
                report=report,
            )
    except UnavailableError as error:
        raise UnavailableError(
            f"{error}; start again later; the crawl resumes where it stopped"
        ) from error
    except BusyError as error:
        raise ValueError(f"{folder}: another crawl is running there") from error
    report(f"{service.calls} calls of the API")
    if len(collection.photos) < settings.wanted:
        raise ValueError(
            f"source {name}: expected {settings.wanted} photos, the query found "
            f"{len(collection.photos)}; widen its dates, tags or licences, or ask for fewer"
        )
    sizes = {part: getattr(settings, part) for part in PARTS}
    rows, median = build(collection.photos, sizes, removed=removed, seed=settings.seed)
    paths = {row.photo.id: pictures.path(row.photo.id) for row in rows}
    write_tables(out, rows, paths)
    write_json(out / "crawl.json", _summary(settings, collection, rows, median))
    left_out = dict.fromkeys(sorted(removed, key=int), "removed") | collection.left_out
    return PhotoIndex(
        source=name,
        root=str(pictures.folder),
        origin=_origin(settings),
        simulated=settings.service is not None,
        photos=[_entry(path) for path in paths.values()],
        skipped=[Skipped(photo_id, reason) for photo_id, reason in left_out.items()],
        licence=", ".join(sorted({row.photo.licence for row in rows})),
    )


def connect(settings: FlickrSettings, report: Callable[[str], None] = print) -> Flickr:
    """The service of the settings, with the budget that all crawls of the project share."""
    place = urlsplit(settings.service).netloc if settings.service else "flickr"
    budget = Budget(
        BUDGETS / f"{place.replace(':', '_')}.json", calls=settings.calls_per_hour, report=report
    )
    return Flickr(budget=budget, service=settings.service)


def identity(settings: FlickrSettings) -> dict[str, Any]:
    """What a journal is of: with another one of these, its answers would be wrong."""
    dates = {"since": str(settings.since), "until": str(settings.until)}
    return {"service": settings.service, **settings.query(), **dates}


def _origin(settings: FlickrSettings) -> str:
    what = f"photos tagged {', '.join(settings.tags)}, {settings.since} to {settings.until}"
    return f"{what}, drawn by a Flickr emulator" if settings.service else f"Flickr {what}"


def _entry(path: Path) -> PhotoEntry:
    width, height = photo_size(path)
    return PhotoEntry(path.name, width, height, sha256(path))


def _summary(
    settings: FlickrSettings, collection: Collection, rows: Sequence[Row], median: float
) -> dict[str, Any]:
    parts = {part: [row for row in rows if row.part == part] for part in PARTS}
    return {
        "query": identity(settings),
        "median_score": median,
        "splits": {
            part: {
                "photos": len(members),
                "owners": len({row.photo.owner for row in members}),
                "above_median": sum(row.label for row in members),
            }
            for part, members in parts.items()
        },
        "unwanted": dict(collection.unwanted.most_common()),
        "left_out": Counter(reason.partition(":")[0] for reason in collection.left_out.values()),
        "windows": [
            {"first": window.first, "last": window.last, **asdict(gave)}
            for window, gave in collection.windows.items()
        ],
    }
