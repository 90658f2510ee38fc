"""The emulator as a server on the loopback interface."""

import json
import random
import re
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from tests.flickr_emulator.answers import Answers, FailError, pictured, sizes_of
from tests.flickr_emulator.catalogue import CataloguePhoto
from tests.flickr_emulator.drawing import draw_jpeg, draw_placeholder

KEY = "0123456789abcdef0123456789abcdef"
SECRET = "0123456789abcdef"
"""The one key that the emulator takes, and its secret, which it does not check."""

API = "/services/rest/"
_PLACEHOLDER = "/pw/images/en-us/photo_unavailable.png"
_CALLS_PER_HOUR = 3600


@dataclass(frozen=True)
class Faults:
    """What goes wrong, as shares of all requests; the same seed and requests, the same faults."""

    errors: float = 0.0
    """Status 500, 502, 503 or 429, code 105 or 10, a page of HTML, or no answer at all."""
    cut: float = 0.0
    """Pictures that end before their end."""
    slow: float = 0.0
    """Answers that come after `slow_s`."""
    slow_s: float = 2.0
    seed: int = 0


class Emulator:
    """The emulator on a free port, or on `port`, while its context lasts.

    `calls` counts calls of the API by method, `pictures` those sent whole by photo, both before the
    answer: who has it finds it counted. `on_event` is told "call" before a call is answered,
    "answer" after it, and "picture" after a picture: a test may stop the crawl there. More than
    3600 calls in an hour of `now` are refused, status 429.
    """

    def __init__(
        self,
        catalogue: Sequence[CataloguePhoto],
        *,
        port: int = 0,
        faults: Faults | None = None,
        on_event: Callable[[str], None] = lambda event: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.faults, self.on_event, self._now = faults or Faults(), on_event, now
        self.calls, self.pictures = Counter[str](), Counter[str]()
        self._draw, self._recent = random.Random(self.faults.seed), deque[float]()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self.answers = Answers(catalogue, self.address)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def service(self) -> str:
        """The address of the API, for the setting `service`."""
        return self.address + API

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def fault(self) -> str:
        """What is to go wrong with the next request; empty for nothing."""
        with self._lock:
            draw, kind = self._draw.random(), self._draw.choice(_ERRORS)
        for name, share in (("cut", self.faults.cut), ("slow", self.faults.slow)):
            if draw < share:
                return name
            draw -= share
        return kind if draw < self.faults.errors else ""

    def count_call(self, method: str) -> bool:
        """Count a call; whether it is within the limit of an hour."""
        with self._lock:
            self.calls[method] += 1
            now = self._now()
            while self._recent and self._recent[0] <= now - 3600:
                self._recent.popleft()
            self._recent.append(now)
            return len(self._recent) <= _CALLS_PER_HOUR

    def count_picture(self, photo_id: str) -> None:
        with self._lock:
            self.pictures[photo_id] += 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of crawls that were killed: that is what the emulator is for."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


_ERRORS = ("500", "502", "503", "429", "105", "10", "html", "hang up")


def _handler(emulator: Emulator) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        pass

    Handler.emulator = emulator
    return Handler


class _Handler(BaseHTTPRequestHandler):
    emulator: Emulator
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in one packet: two of them would wait for each other
    timeout = 60

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path != API:
            return self._send(404, "text/html", b"<html>Not found</html>")
        self._call(dict(parse_qsl(body)))

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == API:
            return self._call(dict(parse_qsl(parts.query)))
        if parts.path == _PLACEHOLDER:
            return self._send(200, "image/png", draw_placeholder())
        self._picture(parts.path)

    def _call(self, parameters: dict[str, str]) -> None:
        self.emulator.on_event("call")
        within = self.emulator.count_call(parameters.get("method", ""))
        fault = self.emulator.fault()
        if not within or fault == "429":
            self._send(429, "text/plain", b"Slow down", {"Retry-After": "2" if within else "60"})
        elif fault in {"500", "502", "503"}:
            self._send(int(fault), "text/html", b"<html>Bad, bad panda!</html>")
        elif fault == "html":
            self._send(200, "text/html", b"<html>Flickr is having a massage</html>")
        elif fault == "hang up":
            self.close_connection = True
        else:
            if fault == "slow":
                time.sleep(self.emulator.faults.slow_s)
            body = json.dumps(self._answer(parameters, fault)).encode()
            self._send(200, "application/json", body)
        self.emulator.on_event("answer")

    def _answer(self, parameters: dict[str, str], fault: str) -> dict[str, object]:
        try:
            self._check_key(parameters)
            if fault == "105":
                raise FailError(105, "Service currently unavailable")
            if fault == "10":
                raise FailError(10, "Sorry, the Flickr search API is not currently available.")
            return self.emulator.answers.answer(parameters)
        except FailError as error:
            return {"stat": "fail", "code": error.code, "message": str(error)}

    def _check_key(self, parameters: dict[str, str]) -> None:
        """The key is a parameter, or part of the header that signs a call."""
        signed = re.search(r'oauth_consumer_key="([^"]*)"', self.headers.get("Authorization", ""))
        key = signed[1] if signed else parameters.get("api_key", "")
        if not re.fullmatch("[0-9a-f]{32}", key):
            raise FailError(100, "Invalid API Key (Key has invalid format)")
        if key != KEY:
            raise FailError(100, "Invalid API Key (Key not found)")

    def _picture(self, path: str) -> None:
        found = pictured(path, self.emulator.answers.by_id)
        if found is None or found[0].trait == "deleted":
            return self._send(302, "text/plain", b"", {"Location": _PLACEHOLDER})
        photo, suffix = found
        fault = self.emulator.fault()
        if fault in {"500", "502", "503", "429"}:
            return self._send(int(fault), "text/plain", b"", {"Retry-After": "1"})
        if fault == "slow":
            time.sleep(self.emulator.faults.slow_s)
        width, height = sizes_of(photo)[suffix]
        if photo.trait == "resized":
            width, height = width // 2, height // 2
        picture = draw_jpeg(photo, width, height)
        if photo.trait == "damaged":
            picture = picture[: len(picture) // 2]
        if fault == "cut":
            return self._send(200, "image/jpeg", picture, cut=True)
        self.emulator.count_picture(str(photo.id))
        self._send(200, "image/jpeg", picture)
        self.emulator.on_event("picture")

    def _send(
        self,
        status: int,
        kind: str,
        body: bytes,
        headers: dict[str, str] | None = None,
        *,
        cut: bool = False,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: tests and users read what the crawl says."""
