"""Patience with a service that fails now and then."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

_ATTEMPTS = 8
_LONGEST_S = 60.0


class TemporaryError(Exception):
    """A failure that may pass; `after_s`: how long the service asks to wait, if it does."""

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.after_s = after_s


class UnavailableError(RuntimeError):
    """The service kept failing."""


def persist(
    action: Callable[[], Value], what: str, *, sleep: Callable[[float], None] = time.sleep
) -> Value:
    """The value of `action`, which is tried up to eight times, for about two minutes in all.

    Waits double from a second to a minute, with a random half more or less, so that several
    crawls do not come back in step; a wait that the service asks for is kept. Raises
    UnavailableError, which names `what`, after the last TemporaryError.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return action()
        except TemporaryError as error:
            reason, asked_s = str(error), error.after_s or 0.0
        if attempt < _ATTEMPTS - 1:
            sleep(max(asked_s, min(2.0**attempt, _LONGEST_S) * random.uniform(0.5, 1.5)))
    raise UnavailableError(
        f"{what} failed {_ATTEMPTS} times, at last with {reason}; "
        "start again later, the crawl goes on where it stopped"
    )


def retry_after_s(value: str | None) -> float | None:
    """The seconds of a Retry-After header; None where there are none. Ten minutes at most."""
    return min(float(value), 600.0) if value and value.isdecimal() else None
