"""Calls of the API: each kind of failure ends as it should, and none shows the key."""

import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.flickr import service
from tests.flickr_emulator import KEY, SECRET, Emulator, Faults, make_catalogue
from wespe.data.flickr.budget import Budget
from wespe.data.flickr.client import CallError, Flickr
from wespe.data.flickr.key import Credentials, KeyRefusedError, read_credentials
from wespe.data.flickr.windows import Window
from wespe.data.http import UnavailableError

YEAR = Window(1_451_606_400, 1_483_228_799)
STREET = {"tags": "street"}
OTHER_KEY = "fedcba9876543210fedcba9876543210"


def all_text(error: BaseException) -> str:
    """What any reader of an error could show of it, its causes and contexts among it."""
    texts = ["".join(traceback.format_exception(error))]
    step: BaseException | None = error
    while step is not None:
        texts += [str(step), repr(step), repr(step.args)]
        step = step.__cause__ or step.__context__
    return "\n".join(texts)


def failing(monkeypatch: pytest.MonkeyPatch, problem: Callable[[], Any]) -> None:
    """Let every request end with what `problem` raises or returns."""
    monkeypatch.setattr(requests.Session, "post", lambda *a, **k: problem())


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (OTHER_KEY, r"Flickr refuses the API key \(100: Invalid API Key \(Key not found\)\)"),
        ("short", r"100: Invalid API Key \(Key has invalid format\)"),
    ],
)
def test_a_wrong_key_is_told_at_once_with_where_to_get_one(
    tmp_path: Path, key: str, message: str
) -> None:
    with Emulator([]) as emulator:
        client = service(emulator, tmp_path, key=key)
        with pytest.raises(KeyRefusedError, match=message) as caught:
            client.search(STREET, YEAR, 1)
        assert emulator.calls.total() == 1
    assert "https://www.flickr.com/services/apps/create/" in str(caught.value)
    assert "FLICKR_API_KEY" in str(caught.value)
    assert key not in all_text(caught.value)


def test_a_server_that_nobody_vouches_for_is_named_and_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def distrust() -> None:
        calls.append(1)
        raise requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")

    failing(monkeypatch, distrust)
    with Emulator([]) as emulator:
        client = service(emulator, tmp_path)
        with pytest.raises(CallError, match="REQUESTS_CA_BUNDLE"):
            client.search(STREET, YEAR, 1)
    assert len(calls) == 1


@pytest.mark.parametrize("fault", ["500", "502", "503", "429", "105", "10", "html", "hang up"])
def test_what_may_pass_is_tried_again(
    tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults, waits = iter([fault, fault]), list[float]()
    with Emulator(make_catalogue(20, seed=0)) as emulator:
        monkeypatch.setattr(emulator, "fault", lambda: next(faults, ""))
        client = service(emulator, tmp_path, sleep=waits.append)
        assert client.search(STREET, YEAR, 1).total == 20
        assert client.calls == emulator.calls.total() == 3
    assert len(waits) == 2
    # Up to a second, then up to two; status 429 says two at least.
    assert (2 if fault == "429" else 0.5) <= waits[0] <= 2
    assert (2 if fault == "429" else 1) <= waits[1] <= 3


def test_what_does_not_pass_ends_after_eight_tries(tmp_path: Path) -> None:
    waits: list[float] = []
    with Emulator([], faults=Faults(errors=1)) as emulator:
        client = service(emulator, tmp_path, sleep=waits.append)
        with pytest.raises(UnavailableError, match=r"photos\.search: .*; given up after 8 tries"):
            client.search(STREET, YEAR, 1)
        assert emulator.calls.total() == 8
    assert len(waits) == 7
    assert KEY not in "".join(map(str, waits))


def test_a_photo_without_a_list_of_faves_is_gone(tmp_path: Path) -> None:
    catalogue = make_catalogue(3000, seed=0)
    gone = next(photo for photo in catalogue if photo.trait == "no list")
    there = next(photo for photo in catalogue if photo.trait == "no faves" and photo.faves > 1)
    with Emulator(catalogue) as emulator:
        client = service(emulator, tmp_path)
        assert client.faves(str(gone.id)) is None
        assert client.faves(str(there.id)) == there.faves
        assert emulator.calls.total() == 2


@pytest.mark.parametrize(
    ("query", "window", "message"),
    [
        ({"tags": ""}, YEAR, "refuses photos.search .3: Parameterless searches"),
        (STREET, Window(10, 9), "refuses photos.search .18: Illogical arguments"),
    ],
)
def test_a_refused_query_is_not_tried_again(
    tmp_path: Path, query: dict[str, str], window: Window, message: str
) -> None:
    with Emulator([]) as emulator:
        with pytest.raises(CallError, match=message):
            service(emulator, tmp_path).search(query, window, 1)
        assert emulator.calls.total() == 1


def test_an_address_that_is_not_the_apis_is_said(tmp_path: Path) -> None:
    budget = Budget(tmp_path / "budget.json", calls=10)
    with Emulator([]) as emulator:
        for address, message in (
            (emulator.address + "/elsewhere", "status 404; check the address, `service`"),
            ("no address", r"cannot be called \(\w+\); check the address"),
        ):
            client = Flickr(
                budget=budget, service=address, credentials=lambda: Credentials(KEY, SECRET)
            )
            with pytest.raises(CallError, match=message):
                client.search(STREET, YEAR, 1)


def test_beyond_3600_calls_an_hour_the_emulator_slows_down_and_the_budget_does_not_get_there(
    tmp_path: Path,
) -> None:
    clock = [1e9]
    budget = Budget(
        tmp_path / "budget.json",
        calls=5,
        now=lambda: clock[0],
        sleep=lambda wait_s: clock.__setitem__(0, clock[0] + wait_s),
        report=lambda line: None,
    )
    with Emulator([], now=lambda: clock[0]) as emulator:
        client = Flickr(
            budget=budget,
            service=emulator.service,
            credentials=lambda: Credentials(KEY, SECRET),
        )
        for _ in range(12):
            client.search(STREET, YEAR, 1)
        assert clock[0] == pytest.approx(1e9 + 2 * 3600)
        assert emulator.calls.total() == 12
        # The emulator's own limit, without a budget.
        for _ in range(3600):
            emulator.count_call("any")
        assert not emulator.count_call("any")


@pytest.mark.slow
@pytest.mark.parametrize(
    "problem",
    [
        requests.ConnectionError(f"HTTPSConnection /services/rest/?api_key={KEY}&secret={SECRET}"),
        requests.ReadTimeout(f"https://api/?api_key={KEY}"),
        requests.TooManyRedirects(f"https://api/?api_key={KEY}"),
        requests.exceptions.InvalidURL(f"https://api/?api_key={KEY}"),
    ],
    ids=lambda problem: type(problem).__name__,
)
def test_no_error_shows_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    def fail() -> None:
        raise problem

    failing(monkeypatch, fail)
    budget = Budget(tmp_path / "budget.json", calls=100)
    client = Flickr(
        budget=budget, credentials=lambda: Credentials(KEY, SECRET), sleep=lambda wait_s: None
    )
    with pytest.raises((UnavailableError, CallError)) as caught:
        client.search(STREET, YEAR, 1)
    assert KEY not in all_text(caught.value)
    assert SECRET not in all_text(caught.value)


def test_no_message_of_flickrs_shows_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = requests.Response()
    answer.status_code = 200
    answer._content = f'{{"stat":"fail","code":100,"message":"Invalid {KEY} {SECRET}"}}'.encode()
    failing(monkeypatch, lambda: answer)
    client = Flickr(
        budget=Budget(tmp_path / "budget.json", calls=9),
        credentials=lambda: Credentials(KEY, SECRET),
    )
    with pytest.raises(KeyRefusedError, match=r"Invalid \[key\] \[secret\]") as caught:
        client.search(STREET, YEAR, 1)
    assert KEY not in all_text(caught.value)


def test_no_log_shows_the_key(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    faults = Faults(errors=0.5, seed=1)
    with (
        caplog.at_level(logging.DEBUG),
        Emulator(make_catalogue(20, seed=0), faults=faults) as emulator,
    ):
        client = service(emulator, tmp_path)
        for page in range(5):
            client.search(STREET, YEAR, page + 1)
        with pytest.raises(KeyRefusedError):
            service(emulator, tmp_path, key=OTHER_KEY).faves("1")
    assert "urllib3" in caplog.text  # the log was on
    for secret in (KEY, SECRET, OTHER_KEY):
        assert secret not in caplog.text
    assert KEY not in repr(Credentials(KEY, SECRET))


def test_the_key_comes_from_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("FLICKR_API_KEY", "FLICKR_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(
        KeyRefusedError, match=r"no key for Flickr was found; get a key at https://www\.fl"
    ):
        read_credentials()
    with pytest.raises(KeyRefusedError, match="FLICKR_API_SECRET is not set"):
        read_credentials({"FLICKR_API_KEY": KEY})
    path = tmp_path / ".config" / "wespe" / "flickr"
    path.parent.mkdir(parents=True)
    path.write_text(f"{KEY}\n")
    with pytest.raises(
        KeyRefusedError, match="expected two lines, key and secret, got 1"
    ) as caught:
        read_credentials({})
    assert KEY not in str(caught.value)
    path.write_text(f"{KEY}\n{SECRET}\n")
    assert read_credentials({}) == Credentials(KEY, SECRET)
    environment = {"FLICKR_API_KEY": OTHER_KEY, "FLICKR_API_SECRET": SECRET}
    assert read_credentials(environment).key == OTHER_KEY


def test_the_key_is_read_at_the_first_call(tmp_path: Path) -> None:
    def refuse() -> Credentials:
        raise KeyRefusedError("there is no key")

    budget = Budget(tmp_path / "budget.json", calls=1)
    client = Flickr(budget=budget, credentials=refuse)
    with pytest.raises(KeyRefusedError, match="there is no key"):
        client.faves("1")
    assert not (tmp_path / "budget.json").exists()
