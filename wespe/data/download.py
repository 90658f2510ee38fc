"""One large file from the web: from the first mirror that has it, resumed, whole or absent."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import requests

from wespe.data.transfer import FailedError, Part, RefusedError, Wanted, mismatch, transfer


class DownloadError(ValueError):
    """A file that could not be had; the message names each address, what was expected and came."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for what, in seconds, and how often to try in vain."""

    attempts: int = 5
    """So many tries in a row that bring nothing new give up a mirror."""
    first_wait_s: float = 1
    """Before the second try; doubled before each further one, and drawn from its upper half."""
    longest_wait_s: float = 120
    longest_retry_after_s: float = 3600
    """A server that asks for more is given up for now."""
    connect_s: float = 20
    read_s: float = 60
    """Without a byte."""
    sleep: Callable[[float], None] = time.sleep

    def wait_s(self, failures: int) -> float:
        """The pause after so many failures in a row."""
        longest = min(self.longest_wait_s, self.first_wait_s * 2.0 ** (failures - 1))
        # Not a choice of the run's: downloads that fail together should not come back together.
        return longest * random.uniform(0.5, 1)


def download(urls: Sequence[str], wanted: Wanted, *, patience: Patience | None = None) -> None:
    """Make `wanted.path` the file at the first of `urls`, mirrors of one another, that has it.

    Nothing is requested where the file is there and whole. Raises DownloadError if no mirror has
    it, if there is no room for it, or where another file stands in its place; OSError if the disk
    refuses. What has come so far stays, and the next call goes on there.
    """
    path = wanted.path
    if path.exists():
        if problem := mismatch(path, wanted):
            raise DownloadError(f"{path}: {problem}; remove it to download it again")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    problems = []
    for url in urls:
        try:
            return _from_mirror(Part(wanted, url), patience or Patience())
        except RefusedError as error:
            problems.append(f"{url}: {error}")
            if error.everywhere:
                break
    raise DownloadError("\n".join([f"{path.name} could not be downloaded", *problems]))


def _from_mirror(part: Part, patience: Patience) -> None:
    """Request the rest of the file until it is whole. Raises RefusedError."""
    failures, best = 0, part.size
    with requests.Session() as session:
        while True:
            continued = part.size > 0
            try:
                transfer(session, part, timeout_s=(patience.connect_s, patience.read_s))
                return part.finish(continued)
            except FailedError as error:
                failures = 1 if part.size > best else failures + 1
                best = max(best, part.size)
                if failures >= patience.attempts:
                    raise RefusedError(f"{error}; given up after {failures} tries") from error
                if error.retry_after_s > patience.longest_retry_after_s:
                    raise RefusedError(f"{error}; it wants {error.retry_after_s:.0f} s") from error
                patience.sleep(max(error.retry_after_s, patience.wait_s(failures)))
