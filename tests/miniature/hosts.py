"""The hosts of the archives on the loopback interface, each with its habits.

An address `https://HOST/PATH` is `http://127.0.0.1:PORT/HOST/PATH` here.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.servers import Behaviour, Exchange, FileServer, Listener, cut, status

USER, PASSWORD = "miniature", "only here"
"""The one account at the host of Cityscapes."""
CITYSCAPES = "/www.cityscapes-dataset.com"
_COOKIE = "session=1"
# S3 tells who may not list a folder nothing of what is missing there.
_OF_MISSING = {"s3.eu-central-1.amazonaws.com": 403}
_GONE = ("/data.vision.ee.ethz.ch/ihnatova/",)


class Hosts(Listener):
    """Serves the files below `folder`.

    The first request for DPED ends in the middle, as large transfers do; one drive of KITTI is busy
    once; the old address of DPED is forbidden, as it has been since 2023.
    """

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Exchange)
        self._folder = folder
        self._known: dict[str, FileServer] = {}
        self._lock = threading.Lock()

    def at(self, path: str) -> FileServer:
        with self._lock:
            if path not in self._known:
                self._known[path] = self._found(path)
            return self._known[path]

    def _found(self, path: str) -> FileServer:
        host, file = path.strip("/").partition("/")[0], self._folder / path.strip("/")
        if path.startswith(_GONE):
            return FileServer(b"", [status(403)] * 100)
        if ".." in path or not file.is_file():
            return FileServer(b"", [status(_OF_MISSING.get(host, 404))] * 100)
        content = file.read_bytes()
        return FileServer(content, _first(file.name, len(content)))


def _first(name: str, size: int) -> list[Behaviour]:
    """What a host does at first."""
    if name == "dped.gz":
        return [cut(size // 2)]
    return [status(503, Retry_After=1)] if "drive_0013" in name else []


class _Exchange(Exchange):
    """Cityscapes asks for an account: a form, and a cookie for whoever sends it filled in."""

    def do_GET(self) -> None:  # noqa: N802
        address = urlsplit(self.path)
        if not address.path.startswith(CITYSCAPES):
            return super().do_GET()
        if address.path == f"{CITYSCAPES}/login/":
            return self._send("text/html", b"<html><form>Name and password</form></html>")
        if _COOKIE not in (self.headers["Cookie"] or ""):
            return self.head(302, {"Location": f"{CITYSCAPES}/login/", "Content-Length": 0})
        if address.path == f"{CITYSCAPES}/downloads/":
            listed = [{"name": "leftImg8bit_trainvaltest.zip", "packageID": "3"}]
            return self._send("application/json", json.dumps(listed).encode())
        assert parse_qs(address.query) == {"packageID": ["3"]}
        self.path = f"{CITYSCAPES}/file-handling/leftImg8bit_trainvaltest.zip"
        super().do_GET()

    def do_POST(self) -> None:  # noqa: N802
        said = parse_qs(self.rfile.read(int(self.headers["Content-Length"] or 0)).decode())
        known = said.get("username") == [USER] and said.get("password") == [PASSWORD]
        cookie = {"Set-Cookie": f"{_COOKIE}; Path=/", "Location": f"{CITYSCAPES}/"} if known else {}
        self.head(302 if known else 200, {**cookie, "Content-Length": 0})

    def _send(self, kind: str, data: bytes) -> None:
        self.head(200, {"Content-Type": kind, "Content-Length": len(data)})
        self.wfile.write(data)


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[str]:
    """The hosts for the time of a `with` block; yields their address."""
    with Hosts(folder, port) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.server_port}"
        finally:
            listener.shutdown()
            thread.join()
