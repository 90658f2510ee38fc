"""A progress line on standard error: steps, rate, time left, the last losses."""

import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

_REFRESH_S = 1.0
_REFRESH_LOG_S = 30.0  # Where standard error is a file, a line now and then is enough.


class Progress:
    """Counts steps. Rate and time left are those of this process, not of resumed parts."""

    def __init__(self, label: str, *, total: int, done: int, silent: bool = False) -> None:
        self._label, self._total, self._done, self._first = label, total, done, done
        self._started = self._shown = time.monotonic()
        self._silent = silent
        self._terminal = sys.stderr.isatty()
        self._note = ""

    def __enter__(self) -> Self:
        if self._done:
            self._print(f"{self._label}: resumes at step {self._done} of {self._total}\n")
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

    def note(self, values: Mapping[str, float]) -> None:
        """Show these values from now on."""
        self._note = "  ".join(f"{k} {v:.3g}" for k, v in values.items() if k != "step")

    def back(self, done: int, reason: str) -> None:
        """Say why the count goes back to `done`; the rate stays that of all steps taken."""
        self._first += done - self._done
        self._done = done
        start = "\r\x1b[2K" if self._terminal else ""
        self._print(f"{start}{self._label}: {reason}\n")

    def advance(self) -> None:
        """Count one step."""
        self._done += 1
        if time.monotonic() - self._shown > (_REFRESH_S if self._terminal else _REFRESH_LOG_S):
            self._show()

    def _show(self) -> None:
        self._shown = time.monotonic()
        elapsed = self._shown - self._started
        rate = (self._done - self._first) / elapsed if elapsed > 0 else 0.0
        left = _clock((self._total - self._done) / rate) if rate else "–"
        line = f"{self._label}: {self._done}/{self._total}  {rate:.2f} steps/s  left {left}"
        line += f"  {self._note}"
        self._print(f"\r\x1b[2K{line[:200]}" if self._terminal else f"{line}\n")

    def _print(self, text: str) -> None:
        if not self._silent:
            sys.stderr.write(text)
            sys.stderr.flush()


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
