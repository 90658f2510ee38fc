"""A local web server that is safe by default: loopback only, strict headers, a stop that is clean.

Whoever serves a page makes a FastAPI app with `local_app` and hands it to `serve`.
"""

import contextlib
import importlib.resources
import ipaddress
import mimetypes
import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Lifespan, Message, Receive, Scope, Send

_HEADERS = {
    # Nothing from elsewhere, no inline script or style, no frame around the page.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PERMISSIONS = "geolocation=(), microphone=()"
_STOP_WAIT_S = 5
_MESSAGE_BYTES = 2_000_000  # Of a WebSocket.


class Guard:
    """ASGI middleware: refuses what another site's page could send, and adds the headers.

    A `Host` has to be an IP address or one of `hosts`: a foreign name that leads here is DNS
    rebinding. A request that changes something has to come from a page of this server, where a
    browser says from where it comes, and so has a WebSocket, which has to say it. A body of more
    than `body_bytes` is refused with 413. `camera`: the address of the only page that may ask for
    the camera.
    """

    def __init__(
        self, app: ASGIApp, *, hosts: frozenset[str], body_bytes: int, camera: str = ""
    ) -> None:
        self._app, self._hosts, self._body_bytes = app, hosts, body_bytes
        self._camera = camera

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            refusal = self._refusal(scope["method"], Headers(scope=scope))
            answer = refusal or self._app
            camera = "camera=(self)" if scope["path"] == self._camera else "camera=()"
            sending = _with_headers(send, f"{camera}, {_PERMISSIONS}")
            await answer(scope, _limited(receive, self._body_bytes), sending)
        elif self._is_own_socket(Headers(scope=scope)):
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close"})

    def _is_own_socket(self, headers: Headers) -> bool:
        """Whether a page of this server opens it. Any page may open one, and browsers say whose."""
        host, origin = headers.get("host", ""), headers.get("origin", "")
        return self._is_ours(host) and urlsplit(origin)[:2] == ("http", host)

    def _refusal(self, method: str, headers: Headers) -> PlainTextResponse | None:
        host = headers.get("host", "")
        if not self._is_ours(host):
            return PlainTextResponse("This server is not known by that name.\n", 421)
        if method not in {"GET", "HEAD"}:
            origin = headers.get("origin")
            foreign = origin is not None and urlsplit(origin).netloc != host
            if foreign or headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
                return PlainTextResponse("Only this server's own pages may do that.\n", 403)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._body_bytes:
            return PlainTextResponse("That is too large.\n", 413)
        return None

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
            ipaddress.ip_address(name)
        except ValueError:
            return host.rpartition(":")[0].lower() in self._hosts or host.lower() in self._hosts
        return True


def _limited(receive: Receive, most: int) -> Receive:
    """`receive` that counts, for bodies that do not say how long they are."""
    got = 0

    async def counted() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > most:
            raise HTTPException(413, "That is too large.")
        return message

    return counted


def _with_headers(send: Send, permissions: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Permissions-Policy", permissions)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending


def local_app(
    *,
    package: str,
    pages: Mapping[str, str],
    body_bytes: int,
    lan: bool = False,
    camera: str = "",
    lifespan: Lifespan[FastAPI] | None = None,
) -> FastAPI:
    """An app behind a `Guard`, without FastAPI's own pages, whose scripts come from elsewhere.

    `pages`: address → file of `package`, served as it is. `lan` also lets in who calls this
    machine by its name. `camera`: see `Guard`. `lifespan` is FastAPI's: what to open at the start
    and close at the end.
    """
    hosts = {"localhost"}
    if lan:
        name = socket.gethostname().lower()
        hosts |= {name, f"{name}.local"}
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_middleware(Guard, hosts=frozenset(hosts), body_bytes=body_bytes, camera=camera)
    for address, file in pages.items():
        app.add_api_route(address, _page(package, file), methods=["GET"])
    return app


def _page(package: str, file: str) -> Callable[[], Response]:
    content = importlib.resources.files(package).joinpath(file).read_bytes()
    kind = mimetypes.guess_type(file)[0]

    def page() -> Response:
        return Response(content, media_type=kind)

    return page


def serve(
    app: FastAPI, *, port: int, lan: bool = False, say: Callable[[str], object] = print
) -> None:
    """Serve until Ctrl-C or SIGTERM; requests under way have five seconds to end.

    Only this machine reaches it, unless `lan` opens it to the network. `port` 0 takes a free one.
    `say` receives each address and how to stop, a line each, once connections are
    accepted. Raises OSError where the port is taken, ValueError where there is no such port.
    """
    with contextlib.closing(_listen("0.0.0.0" if lan else "127.0.0.1", port)) as listener:
        port = listener.getsockname()[1]
        for address in ["127.0.0.1", *(_own_addresses() if lan else [])]:
            say(f"Open http://{address}:{port}/")
        say("Ctrl-C stops the server.")
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_STOP_WAIT_S,
            ws_max_size=_MESSAGE_BYTES,
        )
        if threading.current_thread() is threading.main_thread():
            # uvicorn raises the signal that stopped it again: as this one it ends quietly here.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def _listen(address: str, port: int) -> socket.socket:
    listener = socket.socket()
    # A server that starts again does not wait for the last one's connections to be forgotten. On
    # Windows that is so anyway, and the option would let two servers have one port.
    if os.name != "nt":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        if not 0 <= port <= 65535:
            raise ValueError(f"port must be from 0 to 65535, got {port}")
        listener.bind((address, port))
        listener.listen(256)
    except (OSError, ValueError) as error:
        listener.close()
        if isinstance(error, OSError):
            error.filename = f"{address}:{port}"
        raise
    return listener


def _own_addresses() -> list[str]:
    """The address that others on the network reach this machine by, if it has one."""
    with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as asked:
        asked.connect(("192.0.2.1", 9))  # UDP: only looks up the route, sends nothing
        return [str(asked.getsockname()[0])]
    return []
