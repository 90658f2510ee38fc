"""A budget of calls in any hour, kept in a file: it outlives a process and holds for several."""

import time
from collections.abc import Callable
from pathlib import Path

from wespe.core.files import lock, read_json, write_json


class Budget:
    """At most `calls` calls in any `per_s` seconds.

    `path` holds the times of the last calls. `now` is wall time, in seconds, since the budget
    has to outlive a restart of the machine; `report` receives long waits.
    """

    def __init__(
        self,
        path: Path,
        *,
        calls: int,
        per_s: float = 3600,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        report: Callable[[str], None] = print,
    ) -> None:
        self._path, self._calls, self._per_s = path, calls, per_s
        self._now, self._sleep, self._report = now, sleep, report

    def take(self) -> None:
        """Wait until one more call is within the budget, and count it before it is made."""
        while wait_s := self._wait_s():
            if wait_s > 60:
                self._report(f"{self._calls} calls this hour: waiting {wait_s:.0f} s")
            self._sleep(wait_s)

    def _wait_s(self) -> float:
        """Count a call and return 0, or return the seconds until there may be one."""
        with lock(self._path.with_suffix(".lock"), wait=True):
            now = self._now()
            # A clock that was set back leaves calls in the future: from now on they age too.
            times: list[float] = read_json(self._path) if self._path.exists() else []
            recent = [min(then, now) for then in times if then > now - self._per_s]
            free = len(recent) < self._calls
            write_json(self._path, [*recent, now] if free else recent)
            return 0 if free else recent[-self._calls] + self._per_s - now
