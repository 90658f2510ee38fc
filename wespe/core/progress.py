"""A progress line on standard error: how much is done, the rate, the time left, a note."""

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Self

_REFRESH_S = 1.0
_MILLIONS = {"bytes": "MB", "pixels": "MP"}
_REFRESH_LOG_S = 30.0  # Where standard error is a file, a line now and then is enough.


class Progress:
    """Counts steps, frames, bytes or pixels.

    Rate and time left are those of this process, not of resumed parts. `total`: how many there will
    be, None where no one knows.
    """

    def __init__(
        self,
        label: str,
        *,
        total: int | None,
        done: int = 0,
        unit: Literal["steps", "frames", "bytes", "pixels"] = "steps",
        silent: bool = False,
    ) -> None:
        self._label, self._total, self._done, self._first = label, total, done, done
        self._unit = unit
        self._started = self._shown = time.monotonic()
        self._silent = silent
        self._terminal = sys.stderr.isatty()
        self._note = ""

    def __enter__(self) -> Self:
        if self._done:
            where = "" if self._unit in _MILLIONS else f"{self._unit.removesuffix('s')} "
            self._print(f"{self._label}: resumes at {where}{self._so_far()}\n")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._show()
        if self._terminal:
            self._print("\n")

    @property
    def done(self) -> int:
        """How many have been counted, those of resumed parts among them."""
        return self._done

    def note(self, values: Mapping[str, float]) -> None:
        """Show these values from now on."""
        self._note = "  ".join(f"{k} {v:.3g}" for k, v in values.items() if k != "step")

    def back(self, done: int, reason: str) -> None:
        """Say why the count goes back to `done`; the rate stays that of all steps taken."""
        self._first += done - self._done
        self._done = done
        self.clear()
        self._print(f"{self._label}: {reason}\n")

    def clear(self) -> None:
        """Make room for a line of another's, where people watch; the next update shows again."""
        if self._terminal:
            self._print("\r\x1b[2K")

    def advance(self, count: int = 1) -> None:
        """Count `count` more."""
        self._done += count
        if time.monotonic() - self._shown > (_REFRESH_S if self._terminal else _REFRESH_LOG_S):
            self._show()

    def _show(self) -> None:
        self._shown = time.monotonic()
        elapsed = self._shown - self._started
        rate = (self._done - self._first) / elapsed if elapsed > 0 else 0.0
        left = _clock(max(0, self._total - self._done) / rate) if rate and self._total else "–"
        counted = self._unit not in _MILLIONS
        speed = f"{rate:.2f} {self._unit}/s" if counted else f"{self._amount(rate)}/s"
        line = f"{self._label}: {self._so_far()}  {speed}  left {left}  {self._note}"
        self._print(f"\r\x1b[2K{line[:200]}" if self._terminal else f"{line.rstrip()}\n")

    def _so_far(self) -> str:
        done = self._amount(self._done)
        return done if self._total is None else f"{done} of {self._amount(self._total)}"

    def _amount(self, count: float) -> str:
        if self._unit not in _MILLIONS:
            return str(count)
        amount = f"{count / 1e6:.1f}" if self._unit == "bytes" else f"{count / 1e6:.2f}"
        return f"{amount} {_MILLIONS[self._unit]}"

    def _print(self, text: str) -> None:
        if not self._silent:
            sys.stderr.write(text)
            sys.stderr.flush()


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
