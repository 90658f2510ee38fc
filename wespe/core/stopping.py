"""SIGTERM, by which a cluster or an operating system ends work: it stops where it can go on."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_CODE = 128 + signal.SIGTERM
"""What a shell reports of a program that SIGTERM ended."""

_ASK_S = 5.0  # of the seconds between SIGTERM and SIGKILL, which Slurm makes 30
_NO_TIME_LEFT = ("0:00", "INVALID")


class Terminated(KeyboardInterrupt):
    """SIGTERM has ended the work. The text says so, and what is kept; empty where another does."""


@contextmanager
def heeded() -> Iterator[None]:
    """Raise `Terminated` inside this block when SIGTERM comes, so that what is open is closed."""

    def stop(number: int, frame: FrameType | None) -> None:
        # Of several processes that train together, the launcher ends the others when one fails, and
        # that one has given the reason.
        raise Terminated("" if "LOCAL_RANK" in os.environ else "stopped by SIGTERM")

    with _handled_by(stop):
        yield


@contextmanager
def postponed() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether SIGTERM has come, which does nothing else meanwhile."""
    came: list[int] = []
    with _handled_by(lambda number, frame: came.append(number)):
        yield lambda: bool(came)


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    try:
        before = signal.signal(signal.SIGTERM, handler)
    except ValueError:  # A thread besides the main one gets no signals.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def out_of_time() -> bool:
    """Whether this is a job of Slurm whose time is over; false where Slurm does not say."""
    job = os.environ.get("SLURM_JOB_ID")
    if not job:
        return False
    asked = ["squeue", "--noheader", f"--jobs={job}", "--format=%L"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, timeout=_ASK_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return said.stdout.strip() in _NO_TIME_LEFT
