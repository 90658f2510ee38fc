"""The local web server: who is let in, what it adds to every answer, and how it stops."""

import asyncio
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from wespe.apps.web.server import local_app, serve


def make_app() -> FastAPI:
    app = local_app(package="wespe.apps.web", pages={"/": "server.py"}, body_bytes=10)

    @app.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    return app


def call(method: str, path: str, **options: Any) -> httpx.Response:
    """One request to the app itself, without a socket."""

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(make_app())
        base = "http://127.0.0.1:8000"
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.request(method, path, **options)

    return asyncio.run(request())


def test_every_answer_allows_nothing_from_elsewhere() -> None:
    for answer in (
        call("GET", "/"),
        call("GET", "/nothing"),
        call("GET", "/", headers={"host": "a"}),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("host", ["localhost:8000", "localhost", "127.0.0.1:1", "[::1]:8000"])
def test_own_names_are_let_in(host: str) -> None:
    assert call("GET", "/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil:80", "", "["])
def test_a_foreign_name_is_dns_rebinding(host: str) -> None:
    assert call("GET", "/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9000"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_another_sites_page_can_change_nothing(headers: dict[str, str]) -> None:
    assert call("POST", "/length", content=b"abc", headers=headers).status_code == 403


def test_its_own_page_can() -> None:
    own = {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}
    assert call("POST", "/length", content=b"abc", headers=own).json() == 3


def test_a_body_has_a_limit_whether_it_tells_its_length_or_not() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"abcd"

    assert call("POST", "/length", content=b"0123456789").json() == 10
    assert call("POST", "/length", content=b"0123456789a").status_code == 413
    assert call("POST", "/length", content=pieces()).status_code == 413


SERVER = """
from tests.test_web_server import make_app
from wespe.apps.web.server import serve
serve(make_app(), port=0, say=lambda line: print(line, flush=True))
print("closed", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_this_machine_alone_and_stops_cleanly(number: signal.Signals) -> None:
    command = [sys.executable, "-c", SERVER]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        said, _, address = server.stdout.readline().strip().partition(" ")
        assert said == "Open"
        assert address.startswith("http://127.0.0.1:")
        assert server.stdout.readline() == "Ctrl-C stops the server.\n"
        with urllib.request.urlopen(address, timeout=20) as answer:
            assert answer.status == 200
            assert "server" not in answer.headers
        server.send_signal(number)
        assert server.stdout.read() == "closed\n"
        assert server.wait(20) == 0


@pytest.mark.parametrize("port", [-1, 65536])
def test_what_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(ValueError, match=f"port must be from 0 to 65535, got {port}"):
        serve(make_app(), port=port)


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(OSError, match="in use") as error:
            serve(make_app(), port=port)
    assert error.value.filename == f"127.0.0.1:{port}"
