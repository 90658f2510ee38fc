"""What the study's server tells, and what it does not."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.subjects import LEVELS, make_study
from wespe.apps.study.app import make_app
from wespe.apps.study.folder import Study


class Client:
    """One browser's requests to the app itself, without a socket; keeps cookies."""

    def __init__(self, folder: Path, study: Study) -> None:
        self.app = make_app(folder, study)
        self.cookies = httpx.Cookies()

    def call(self, method: str, path: str, sent: Any = None) -> httpx.Response:
        async def request() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1", cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, json=sent)
                self.cookies = client.cookies
                return answer

        return asyncio.run(request())


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return make_study(tmp_path)


@pytest.fixture
def client(tmp_path: Path, study: Study) -> Iterator[Client]:
    client = Client(tmp_path / "greys", study)
    yield client

    async def close() -> None:
        async with client.app.router.lifespan_context(client.app):
            pass

    asyncio.run(close())


def test_nobody_takes_part_without_agreeing(client: Client) -> None:
    assert client.call("GET", "/state").json()["phase"] == "welcome"
    assert client.call("POST", "/start", {"consent": False}).status_code == 403
    assert client.call("POST", "/start", {}).status_code == 422
    vote = {"code": "nobody", "trial": 0, "choice": 0, "seconds": 1}
    assert client.call("POST", "/vote", vote).status_code == 409
    assert client.call("GET", "/state").json()["phase"] == "welcome"


def test_nothing_that_is_sent_tells_which_picture_is_which(client: Client, study: Study) -> None:
    texts = [client.call("GET", page).text for page in ("/", "/study.css", "/study.js", "/state")]
    state = client.call("POST", "/start", {"consent": True}).json()
    addresses: list[str] = []
    while state["phase"] != "thanks":
        assert state["phase"] in {"practice", "main"}  # a catch trial looks like any other
        texts.append(json.dumps(state))
        addresses += state["pictures"]
        left, right = (client.call("GET", address) for address in state["pictures"])
        assert left.headers.items() == right.headers.items()
        assert not {"etag", "last-modified", "content-disposition"} & left.headers.keys()
        vote = {"code": state["code"], "trial": state["trial"], "choice": 1, "seconds": 2.5}
        state = client.call("POST", "/vote", vote).json()
    texts.append(json.dumps(state))
    assert len(addresses) == len(set(addresses)) == 2 * len(study.items)
    secret = {*LEVELS, "degraded", "iphone_6", *(item.pictures[0] for item in study.items)}
    assert not [word for word in secret for text in texts if word in text.lower()]


def test_a_vote_sent_twice_gets_the_same_answer(client: Client) -> None:
    code = client.call("POST", "/start", {"consent": True}).json()["code"]
    vote = {"code": code, "trial": 0, "choice": 1, "seconds": 2.5}
    assert client.call("POST", "/vote", vote).json() == client.call("POST", "/vote", vote).json()
    for late in ({"trial": 5}, {"choice": 2}):
        assert client.call("POST", "/vote", vote | late).status_code == 409
    odd: list[dict[str, Any]] = [{"seconds": -1}, {"choice": "left"}, {"more": 1}]
    for wrong in odd:
        assert client.call("POST", "/vote", vote | wrong).status_code == 422
    assert client.call("GET", "/state").json()["done"] == 1


def test_a_vote_counts_for_whom_the_page_shows_though_another_began_in_a_second_tab(
    client: Client,
) -> None:
    first, second = (client.call("POST", "/start", {"consent": True}).json() for _ in range(2))
    assert first["pictures"] != second["pictures"]
    vote = {"code": first["code"], "trial": first["trial"], "choice": 1, "seconds": 1}
    told = client.call("POST", "/vote", vote).json()
    assert (told["code"], told["done"]) == (first["code"], 1)
    assert client.call("GET", "/state").json() == second


def test_a_subject_goes_on_with_the_cookie_or_the_code(client: Client) -> None:
    started = client.call("POST", "/start", {"consent": True})
    cookie = started.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    code = started.json()["code"]
    assert client.call("GET", "/state").json() == started.json()
    assert client.call("POST", "/leave", {}).json()["phase"] == "welcome"
    assert client.call("GET", "/state").json()["phase"] == "welcome"
    assert client.call("POST", "/resume", {"code": "nobody"}).status_code == 404
    assert client.call("POST", "/resume", {"code": f" {code.upper()}"}).json() == started.json()
    assert client.call("GET", "/state").json() == started.json()


def test_there_is_nothing_else_to_fetch(client: Client) -> None:
    for path in ("/docs", "/openapi.json", "/study.json", "/picture/../study.json", "/picture/x"):
        assert client.call("GET", path).status_code == 404
