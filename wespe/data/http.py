"""Sessions, and patience with servers: what may pass is tried again, ever more slowly."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import requests
from tenacity import (
    RetryCallState,
    RetryError,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
)

from wespe.core.loopback import is_loopback

Value = TypeVar("Value")

# Request timeout, too early, too many requests (RFC 9110, 8470, 6585), and all of 500 and above.
_MAY_PASS = {408, 425, 429}


class Session(requests.Session):
    """A session that takes proxies from the environment, but none to this machine itself."""

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        merged = super().merge_environment_settings(url, proxies, stream, verify, cert)
        if is_loopback(url):
            merged["proxies"] = {}
        return merged

    def rebuild_proxies(self, prepared_request: Any, proxies: Any) -> Any:
        """Those of a redirection."""
        if is_loopback(prepared_request.url):
            return {}
        return super().rebuild_proxies(prepared_request, proxies)  # type: ignore[no-untyped-call]


class TemporaryError(Exception):
    """A failure that may pass; `after_s`: how long the server asks to wait, 0 where it does not."""

    def __init__(self, reason: str, after_s: float = 0) -> None:
        super().__init__(reason)
        self.after_s = after_s


class UnavailableError(RuntimeError):
    """A server that kept failing, or that asks for too long a wait."""


@dataclass(frozen=True)
class Patience:
    """How often to try, and how long to wait in between, in seconds."""

    attempts: int = 5
    """The most tries in a row that bring nothing new."""
    first_wait_s: float = 1
    """Before the second try; doubled before each further one, and drawn from its upper half."""
    longest_wait_s: float = 120
    longest_retry_after_s: float = 3600
    """A server that asks for more is given up for now."""
    timeout_s: tuple[float, float] = (20, 60)
    """To connect, and without a byte."""
    sleep: Callable[[float], None] = time.sleep


def persist(
    action: Callable[[], Value],
    what: str,
    *,
    patience: Patience,
    progress: Callable[[], float] = lambda: 0,
) -> Value:
    """The value of `action`, which is called again after a TemporaryError.

    A wait that the server asks for is respected. After a try that raised `progress`, counting
    starts again. Raises UnavailableError, which begins with `what`, when patience ends.
    """
    best = progress()

    def count(state: RetryCallState) -> None:
        nonlocal best
        if progress() > best:
            best, state.attempt_number = progress(), 1

    def stop(state: RetryCallState) -> bool:
        too_long = _asked_s(state) > patience.longest_retry_after_s
        return too_long or stop_after_attempt(patience.attempts)(state)

    doubled = wait_exponential(patience.first_wait_s, patience.longest_wait_s)
    retrying = Retrying(
        retry=retry_if_exception_type(TemporaryError),
        after=count,
        # Not a choice of the run's: requests that fail together should not come back together.
        wait=lambda state: max(_asked_s(state), doubled(state) * random.uniform(0.5, 1)),
        stop=stop,
        sleep=patience.sleep,
    )
    try:
        return retrying(action)
    except RetryError as error:
        last, reason = error.last_attempt, error.last_attempt.exception()
    asked_s = reason.after_s if isinstance(reason, TemporaryError) else 0
    tried = f"given up after {last.attempt_number} tries"
    longest = f"it asks for a wait of {asked_s:.0f} s"
    end = longest if asked_s > patience.longest_retry_after_s else tried
    raise UnavailableError(f"{what}: {reason}; {end}") from reason


def distrusted(error: Exception) -> str:
    """What to do where a server's certificate is not trusted, which does not pass; else empty."""
    if "CERTIFICATE_VERIFY_FAILED" not in str(error):
        return ""
    return (
        "no authority that this machine knows vouches for the server, or for a proxy before it: "
        "expected the authority's file in REQUESTS_CA_BUNDLE, or a clock that is right"
    )


def check_status(response: requests.Response) -> None:
    """Raise TemporaryError for a status that may pass."""
    code = response.status_code
    if code in _MAY_PASS or code >= 500:
        asked_s = retry_after_s(response.headers.get("Retry-After", ""))
        raise TemporaryError(f"the server answered {code} {response.reason}", asked_s)


def retry_after_s(value: str) -> float:
    """The seconds of a Retry-After header, which has a number of them or a date; else 0."""
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return 0.0


def _asked_s(state: RetryCallState) -> float:
    error = state.outcome and state.outcome.exception()
    return error.after_s if isinstance(error, TemporaryError) else 0.0
