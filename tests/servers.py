"""A file server on the loopback interface that misbehaves as it is told, request by request."""

import hashlib
import ipaddress
import re
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Asked:
    """One request as it came, and the bytes of content that it was sent.

    Both are written before the bytes leave: a client that has an answer finds it counted.
    """

    path: str
    range: str | None
    if_range: str | None
    sent: int = 0


@dataclass
class FileServer:
    """Serves `content` at every address; what it does is up to `script`, and honest after that."""

    content: bytes
    script: list["Behaviour"] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    etags: bool = True
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def sent(self) -> int:
        return sum(asked.sent for asked in self.asked)


class Exchange(BaseHTTPRequestHandler):
    """One request; a behaviour answers it."""

    server: "Listener"

    def do_GET(self) -> None:  # the name that http.server looks for
        files = self.server.at(self.path)
        behave = files.script.pop(0) if files.script else honest
        self.asked = Asked(self.path, self.headers["Range"], self.headers["If-Range"])
        files.asked.append(self.asked)
        behave(self, files)

    def head(self, code: int, headers: dict[str, object]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()

    def body(self, data: bytes) -> None:
        self.asked.sent += len(data)
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


Behaviour = Callable[[Exchange, FileServer], None]


def _version(files: FileServer) -> dict[str, object]:
    return {"ETag": f'"{hashlib.sha256(files.content).hexdigest()[:16]}"'} if files.etags else {}


def honest(exchange: Exchange, files: FileServer) -> None:
    """Ranges and If-Range as RFC 9110 has them."""
    _answer(exchange, files, len(files.content))


def cut(after: int) -> Behaviour:
    """Promises all that was asked for and closes the connection after so many bytes of it."""
    return lambda exchange, files: _answer(exchange, files, after)


def _answer(exchange: Exchange, files: FileServer, at_most: int) -> None:
    content, version = files.content, _version(files)
    match = re.fullmatch(r"bytes=(\d+)-", exchange.headers["Range"] or "")
    guard = exchange.headers["If-Range"]
    if not match or (guard and guard != version.get("ETag")):
        exchange.head(200, {**version, "Content-Length": len(content)})
        exchange.body(content[:at_most])
        return
    start, total = int(match[1]), len(content)
    if start >= total:
        exchange.head(416, {"Content-Range": f"bytes */{total}", "Content-Length": 0})
        return
    spans = {"Content-Range": f"bytes {start}-{total - 1}/{total}", "Content-Length": total - start}
    exchange.head(206, {**version, **spans})
    exchange.body(content[start : start + at_most])


def without_guard(exchange: Exchange, files: FileServer) -> None:
    """Knows ranges, and has never heard of If-Range."""
    del exchange.headers["If-Range"]
    honest(exchange, files)


def without_ranges(after: int | None = None) -> Behaviour:
    """All of it, whatever was asked for; closes the connection after so many bytes."""

    def behave(exchange: Exchange, files: FileServer) -> None:
        exchange.head(200, {**_version(files), "Content-Length": len(files.content)})
        exchange.body(files.content[:after])

    return behave


def chunked(exchange: Exchange, files: FileServer) -> None:
    """No length at all."""
    exchange.protocol_version = "HTTP/1.1"
    exchange.close_connection = True
    exchange.head(200, {"Transfer-Encoding": "chunked", "Connection": "close"})
    for start in range(0, len(files.content), 5000):
        piece = files.content[start : start + 5000]
        exchange.wfile.write(f"{len(piece):x}\r\n".encode())
        exchange.body(piece)
        exchange.wfile.write(b"\r\n")
    exchange.wfile.write(b"0\r\n\r\n")


def status(code: int, **headers: object) -> Behaviour:
    """An error, with headers such as `Retry_After=3`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange, files: exchange.head(code, {**named, "Content-Length": 0})


def claims(length: int) -> Behaviour:
    """All of it under a Content-Length that is not its own."""

    def behave(exchange: Exchange, files: FileServer) -> None:
        exchange.head(200, {**_version(files), "Content-Length": length})
        exchange.body(files.content)

    return behave


def page(exchange: Exchange, files: FileServer) -> None:
    """A web page that says sorry."""
    text = b"<!DOCTYPE html><html><head><title>Sorry &amp; goodbye</title></head></html>" * 100
    exchange.head(200, {"Content-Type": "text/html; charset=utf-8", "Content-Length": len(text)})
    exchange.body(text)


def unnamed_page(exchange: Exchange, files: FileServer) -> None:
    """The same without a word in the headers."""
    exchange.head(200, {"Content-Type": "application/octet-stream"})
    exchange.body(b"\n <html><body>gone</body></html>")


def stall(after: int) -> Behaviour:
    """Some bytes, and then none, with the connection open."""

    def behave(exchange: Exchange, files: FileServer) -> None:
        _answer(exchange, files, after)
        exchange.wfile.flush()
        files.closing.wait(30)

    return behave


def becomes(content: bytes, then: Behaviour) -> Behaviour:
    """The file is another one from now on."""

    def behave(exchange: Exchange, files: FileServer) -> None:
        files.content = content
        then(exchange, files)

    return behave


def self_signed() -> ssl.SSLContext:
    """What a server needs that is this machine, and that no authority vouches for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(private + certificate.public_bytes(serialization.Encoding.PEM))
        file.flush()
        context.load_cert_chain(file.name)
    return context


class Listener(ThreadingHTTPServer):
    """Answers each request by what `files` has for it."""

    daemon_threads = True
    files: FileServer

    def at(self, path: str) -> FileServer:
        """What is at an address: here, the same at each."""
        return self.files

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # Clients that have heard enough are part of the play.


@contextmanager
def serving(
    content: bytes, script: Sequence[Behaviour] = (), *, etags: bool = True, unknown: bool = False
) -> Iterator[FileServer]:
    """A server for the time of a `with` block; `unknown`: by TLS, and vouched for by itself."""
    files = FileServer(content, list(script), etags=etags)
    with Listener(("127.0.0.1", 0), Exchange) as listener:
        listener.files = files
        files.url = f"http{'s' * unknown}://127.0.0.1:{listener.server_address[1]}/data.gz"
        if unknown:
            context = self_signed()
            listener.socket = context.wrap_socket(
                listener.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield files
        finally:
            files.closing.set()
            listener.shutdown()
            thread.join()
