"""Patience: what may pass is tried again, and for how long."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests

from tests.servers import serving, status
from wespe.data.http import (
    Patience,
    Session,
    TemporaryError,
    UnavailableError,
    check_status,
    persist,
    retry_after_s,
)


class Service:
    """Fails with each of `errors`, then answers; `waits` are the pauses that were asked for."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.calls = list(errors), 0
        self.waits: list[float] = []

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"

    def ask(self, **patience: float) -> str:
        return persist(self, "it", patience=Patience(sleep=self.waits.append, **patience))  # type: ignore[arg-type]


def test_waits_double_up_to_the_longest() -> None:
    service = Service(*[TemporaryError("busy")] * 6)
    assert service.ask(attempts=7, first_wait_s=2, longest_wait_s=10) == "answer"
    assert service.calls == 7
    for wait_s, longest_s in zip(service.waits, [2, 4, 8, 10, 10, 10], strict=True):
        assert longest_s / 2 <= wait_s <= longest_s


def test_what_is_asked_for_is_waited_but_not_shortened() -> None:
    service = Service(TemporaryError("busy", 30), TemporaryError("busy", 0.1))
    assert service.ask() == "answer"
    assert service.waits[0] == 30
    assert 1 <= service.waits[1] <= 2


def test_patience_ends_with_what_failed_and_why() -> None:
    service = Service(*[TemporaryError("busy")] * 9)
    with pytest.raises(UnavailableError, match=r"^it: busy; given up after 3 tries$"):
        service.ask(attempts=3)
    assert (service.calls, len(service.waits)) == (3, 2)


def test_too_long_a_wait_is_not_begun() -> None:
    service = Service(TemporaryError("busy"), TemporaryError("busy", 86_400))
    with pytest.raises(UnavailableError, match=r"^it: busy; it asks for a wait of 86400 s$"):
        service.ask()
    assert len(service.waits) == 1


def test_other_errors_are_not_tried_again() -> None:
    service = Service(KeyError("gone"))
    with pytest.raises(KeyError, match="gone"):
        service.ask()
    assert (service.calls, service.waits) == (1, [])


def test_tries_that_get_further_do_not_count() -> None:
    service, waits = Service(*[TemporaryError("broke")] * 9), list[float]()
    come = {5: 1.0, 6: 2.0, 9: 3.0}  # by the call that brings it

    def progress() -> float:
        return max((bytes_ for call, bytes_ in come.items() if call <= service.calls), default=0.0)

    patience = Patience(attempts=5, sleep=waits.append)
    # Call 5 would be the last, but for what it brings.
    assert persist(service, "it", patience=patience, progress=progress) == "answer"
    assert service.calls == 10
    steps = [1, 2, 4, 8, 1, 1, 2, 4, 1]
    assert all(step / 2 <= wait <= step for step, wait in zip(steps, waits, strict=True))


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504, 599])
def test_these_may_pass(code: int) -> None:
    response = requests.Response()
    response.status_code, response.reason = code, "Why"
    response.headers["Retry-After"] = "7"
    with pytest.raises(TemporaryError, match=f"the server answered {code} Why") as caught:
        check_status(response)
    assert caught.value.after_s == 7


@pytest.mark.parametrize("code", [200, 206, 301, 400, 401, 403, 404, 410, 416, 418])
def test_these_do_not(code: int) -> None:
    response = requests.Response()
    response.status_code = code
    check_status(response)


def test_retry_after_is_a_number_or_a_date() -> None:
    def date(seconds: float) -> str:
        return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)

    assert retry_after_s("99") == 99
    assert 97 <= retry_after_s(date(100)) <= 100
    assert [retry_after_s(value) for value in ("", "later", "-3", "1.5", date(-100))] == [0.0] * 5


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment with a proxy that refuses, and no word about who needs none."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_this_machine_is_reached_without_a_proxy(proxy: None) -> None:
    with serving(b"content") as files, Session() as session:
        assert session.get(files.url, timeout=10).content == b"content"


def test_a_redirection_to_this_machine_needs_no_proxy(proxy: None) -> None:
    with serving(b"content") as files, Session() as session:
        files.script.append(status(302, Location=files.url))
        assert session.get(files.url, timeout=10).content == b"content"


def test_others_are_reached_through_the_proxy(proxy: None) -> None:
    with Session() as session, pytest.raises(requests.exceptions.ProxyError):
        session.get("http://192.0.2.1/", timeout=10)
