"""A crawl of 16,000 photos of the emulator, killed at 20 random points with SIGKILL.

Run by hand: `python -m benchmarks.flickr`. Every crawl is a process of its own, which the emulator
kills at a random call, before its answer or after it. Prints whether the photos are exactly the
emulator's, the calls made against the least possible, the time, and how fast pictures are fetched,
cropped and written.
"""

import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.flickr import service, settings, truth, without_faves
from tests.flickr_emulator import Emulator, make_catalogue
from wespe.core.files import read_json, write_json
from wespe.data.flickr.crawl import collect
from wespe.data.flickr.journal import CrawlJournal
from wespe.data.flickr.pictures import Pictures
from wespe.data.flickr.source import identity

PHOTOS, KILLS = 29_000, 20


class Executioner:
    """Kills the crawl that runs when the emulator sees a call that was drawn."""

    def __init__(self) -> None:
        self.draw = random.Random(0)
        self.process: subprocess.Popen[bytes] | None = None
        self.left = 0

    def on_event(self, _event: str) -> None:
        self.left -= 1
        if self.left == 0 and self.process:
            os.kill(self.process.pid, signal.SIGKILL)


def crawl(address: str, folder: Path, train: int) -> None:
    """One crawl, of everything but pictures; writes the faves of each photo to `found.json`."""
    wanted = settings(folder, service=address, train=train)
    emulator = Address(address)
    client = service(emulator, folder, sleep=time.sleep)  # type: ignore[arg-type]
    found = collect(
        wanted,
        service=client,
        journal=CrawlJournal(folder / "journal.jsonl", identity(wanted)),
        fetch=lambda photo: None,
        removed=frozenset(),
        report=lambda line: None,
    )
    write_json(folder / "found.json", {photo.id: photo.faves for photo in found.photos})


class Address:
    """Where an emulator is that runs in another process."""

    def __init__(self, address: str) -> None:
        self.service = address


def metadata(folder: Path) -> None:
    catalogue = make_catalogue(PHOTOS, seed=3)
    fate, start = Executioner(), time.perf_counter()
    with Emulator(catalogue, on_event=fate.on_event) as emulator:
        wanted = settings(folder, service=emulator.service)
        expected = truth(catalogue, wanted, pictures=False)
        train = len(expected) - wanted.validation - wanted.test
        command = [
            sys.executable,
            "-m",
            "benchmarks.flickr",
            emulator.service,
            str(folder),
            str(train),
        ]
        kills = 0
        while True:
            fate.left = fate.draw.randint(1, 60) if kills < KILLS else 0
            fate.process = subprocess.Popen(command)
            code = fate.process.wait()
            if not code:
                break
            assert code == -signal.SIGKILL, f"a crawl ended with {code}"
            kills += 1
        matching = emulator.answers.matching(
            {"tags": "street", "license": wanted.query()["license"]}
        )
    assert kills == KILLS
    exact = read_json(folder / "found.json") == expected
    used = emulator.calls
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{len(expected)} photos of {len(matching)} that match, {kills} kills: exact {exact}")
    print(
        f"searches: {used['flickr.photos.search']}, least possible {-(-len(matching) // 500)}; "
        f"lists of faves: {used['flickr.photos.getFavorites']}, "
        f"least possible {without_faves(catalogue, wanted)}"
    )
    print(
        f"{time.perf_counter() - start:.1f} s in all, {cpu.ru_utime + cpu.ru_stime:.1f} s of "
        f"processor time in {kills + 1} crawls"
    )


def pictures(folder: Path, count: int = 60) -> None:
    with Emulator(make_catalogue(3 * count, seed=3)) as emulator:
        wanted = settings(folder, service=emulator.service, train=count, validation=0, test=0)
        journal = CrawlJournal(folder / "journal.jsonl", identity(wanted))
        client, shelf = service(emulator, folder), Pictures(wanted)
        keep: dict[str, Any] = {"service": client, "journal": journal, "removed": frozenset()}
        quiet = lambda line: None  # noqa: E731
        collect(wanted, **keep, fetch=lambda photo: None, report=quiet)  # metadata first
        start, cpu = time.perf_counter(), time.process_time()
        collect(wanted, **keep, fetch=shelf.fetch, report=quiet)
        elapsed_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu
        size = sum(path.stat().st_size for path in shelf.folder.glob("*.jpg"))
    print(
        f"{count} pictures, drawn by the emulator in the same process: {count / elapsed_s:.1f}/s, "
        f"{1000 * cpu_s / count:.0f} ms of processor time each, {size / count / 1000:.0f} kB each"
    )


def main() -> None:
    if len(sys.argv) > 1:
        crawl(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
        return
    with tempfile.TemporaryDirectory() as name:
        metadata(Path(name) / "metadata")
        pictures(Path(name) / "pictures")


if __name__ == "__main__":
    main()
