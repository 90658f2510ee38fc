"""The page Camera: frames of a browser's camera, there and back, and who may send any."""

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.pages import running
from tests.test_serving_browser import Inverting
from wespe.apps.serving.app import Offer, make_app
from wespe.apps.serving.camera import FRAME_BYTES, LARGEST_PX, Enhance
from wespe.photos.images import Pixels

OFFERS = {
    "0": Offer("invert", "for one camera"),
    "1": Offer("large", "super-resolution", scale=3),
    "2": Offer("broken", "published"),
}
HOST = "127.0.0.1:8600"
OWN = {"host": HOST, "origin": f"http://{HOST}"}


def live(network: str, scale: float | None) -> Enhance:
    def enhance(pixels: Pixels) -> Pixels:
        if network == "2":
            raise ValueError("this network is broken")
        times = int(scale or 1)
        return 255 - np.repeat(np.repeat(pixels, times, 0), times, 1)

    return enhance


def app() -> FastAPI:
    return make_app(OFFERS, dict.fromkeys(OFFERS, Inverting()).__getitem__, live=live)


class Socket:
    """A page's end of a WebSocket to an app, without a network."""

    def __init__(self, to: FastAPI, query: str, headers: dict[str, str], at: str) -> None:
        self._sent, self._got = (asyncio.Queue[MutableMapping[str, Any]]() for _ in range(2))
        scope = {
            **{"type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1"},
            **{"scheme": "ws", "path": "/camera/frames", "raw_path": b"/camera/frames"},
            **{"root_path": "", "query_string": query.encode(), "subprotocols": []},
            **{"client": (at, 50000), "server": ("127.0.0.1", 8600), "state": {}},
            "headers": [(key.encode(), value.encode()) for key, value in headers.items()],
        }
        self._sent.put_nowait({"type": "websocket.connect"})
        self._app = asyncio.create_task(to(scope, self._sent.get, self._got.put))

    def send(self, content: bytes) -> None:
        self._sent.put_nowait({"type": "websocket.receive", "bytes": content})

    async def got(self) -> str | bytes | None:
        """What the server sends next; None for the end."""
        message = await asyncio.wait_for(self._got.get(), 60)
        if message["type"] == "websocket.accept":
            return await self.got()
        if message["type"] == "websocket.close":
            return None
        text, content = message.get("text"), message.get("bytes")
        return text if content is None else content

    async def leave(self) -> None:
        self._sent.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await self._app


def sockets(
    play: Callable[[Callable[..., Socket]], Awaitable[None]], *, at: str = "127.0.0.1"
) -> None:
    """Let `play` open sockets to one app by query and headers, which end with it."""

    async def run() -> None:
        served, opened = app(), list[Socket]()

        def connect(query: str, headers: dict[str, str] = OWN) -> Socket:
            opened.append(Socket(served, query, headers, at))
            return opened[-1]

        await play(connect)
        for socket in opened:
            await socket.leave()

    asyncio.run(run())


async def get(to: FastAPI, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(to)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as page:
        return await page.get(path)


def jpeg(width: int, height: int, level: int = 200) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), level, np.uint8)).save(stream, "JPEG")
    return stream.getvalue()


def refused(query: str, headers: dict[str, str], at: str = "127.0.0.1") -> None:
    async def play(connect: Callable[..., Socket]) -> None:
        assert await connect(query, headers).got() is None

    sockets(play, at=at)


def test_frames_come_back_enhanced() -> None:
    async def play(connect: Callable[..., Socket]) -> None:
        socket = connect("network=1&scale=2")
        assert await socket.got() == ""
        for width in (40, 40, 24):
            socket.send(jpeg(width, 16))
            got = await socket.got()
            assert isinstance(got, bytes)
            made = Image.open(io.BytesIO(got))
            assert made.size == (2 * width, 32)
            assert abs(int(np.asarray(made).mean()) - 55) <= 1

    sockets(play)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": HOST},
        {"host": HOST, "origin": "null"},
        {"host": HOST, "origin": "http://evil.example"},
        {"host": HOST, "origin": "http://127.0.0.1:9000"},
        {"host": HOST, "origin": f"https://{HOST}"},
        {"host": "evil.example", "origin": "http://evil.example"},
    ],
)
def test_other_pages_get_no_socket(headers: dict[str, str]) -> None:
    refused("network=0", headers)


@pytest.mark.parametrize("query", ["network=9", "network=1&scale=4", ""])
def test_what_is_not_offered_is_refused(query: str) -> None:
    refused(query, OWN)


def test_other_machines_get_no_socket() -> None:
    refused("network=0", OWN, at="192.0.2.7")


@pytest.mark.parametrize(
    ("network", "sent", "reason"),
    [
        ("0", b"GIF89a no frame", "expected a frame as JPEG"),
        ("0", jpeg(64, 64)[:300], "expected a frame as JPEG"),
        ("0", jpeg(LARGEST_PX // 500, 501), "expected a frame of at most 1 megapixels, got 2000"),
        ("0", bytes(FRAME_BYTES + 1), "expected a frame of at most 2 MB"),
        ("2", jpeg(8, 8), "this network is broken"),
    ],
)
def test_a_frame_that_cannot_be_used_ends_it_in_words(
    network: str, sent: bytes, reason: str
) -> None:
    async def play(connect: Callable[..., Socket]) -> None:
        socket = connect(f"network={network}")
        assert await socket.got() == ""
        socket.send(sent)
        got = await socket.got()
        assert isinstance(got, str)
        assert got.startswith(reason)
        assert await socket.got() is None

    sockets(play)


def test_one_page_at_a_time_and_the_next_when_it_has_gone() -> None:
    async def play(connect: Callable[..., Socket]) -> None:
        first = connect("network=0")
        assert await first.got() == ""
        got = await connect("network=0").got()
        assert isinstance(got, str)
        assert "in use on another page" in got
        await first.leave()
        assert await connect("network=0").got() == ""

    sockets(play)


def test_the_camera_is_allowed_for_its_page_alone() -> None:
    for path, allowed in (("/camera", True), ("/", False), ("/offers", False)):
        policy = asyncio.run(get(app(), path)).headers["permissions-policy"]
        assert ("camera=(self)" in policy) == allowed
        assert ("camera=()" in policy) != allowed
    assert asyncio.run(get(app(), "/offers")).json()["camera"]


def test_without_it_there_is_no_page() -> None:
    without = make_app(OFFERS, dict.fromkeys(OFFERS, Inverting()).__getitem__)
    assert asyncio.run(get(without, "/camera")).status_code == 404
    assert not asyncio.run(get(without, "/offers")).json()["camera"]


MEAN = """(selector) => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [40, 30];
  const context = canvas.getContext("2d");
  context.drawImage(document.querySelector(selector), 0, 0, 40, 30);
  const levels = context.getImageData(1, 1, 4, 4).data.filter((_, number) => number % 4 < 3);
  return levels.reduce((sum, level) => sum + level, 0) / levels.length;
}"""


@pytest.fixture
def address() -> Iterator[str]:
    with running(app()) as address:
        yield address


@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_shows_what_its_camera_sees_enhanced(
    browser: Browser, address: str, width: int
) -> None:
    expect.set_options(timeout=60_000)  # the machine may be busy
    page = browser.new_page(viewport={"width": width, "height": 900})
    problems: list[str] = []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(address)
    page.get_by_role("link", name="Camera").click()
    expect(page.locator("#live")).to_be_hidden()
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#rate")).to_contain_text("frames per second")
    # The upper left corner of the test picture stands still.
    seen, made = (page.evaluate(MEAN, selector) for selector in ("#seen", "#made"))
    assert abs(seen + made - 255) < 12
    page.get_by_label("Network").select_option("1")
    expect(page.locator("#rate")).to_contain_text(" → ")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_label("Network").select_option("2")
    expect(page.get_by_text("this network is broken")).to_be_visible()
    expect(page.locator("#live")).to_be_hidden()
    assert page.evaluate("document.querySelector('#seen').srcObject === null")
    assert not problems
    page.close()
