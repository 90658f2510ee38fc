"""Two machines with nothing in common but a bucket, on a server of S3 on this machine: a version
of the data and networks, and the state of a training.
"""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Project, enter
from tests.test_resume import Training, prepare

if TYPE_CHECKING:
    import s3fs

pytestmark = pytest.mark.slow

BUCKET = "lab"


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The address of a service that has the bucket, empty."""
    import s3fs

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None
            time.sleep(0.1)
        files = s3fs.S3FileSystem(key="me", secret="secret", endpoint_url=address)
        files.mkdir(BUCKET)
        yield address
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ACCESS_KEY_ID": "me", "SECRET_ACCESS_KEY": "secret"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def connect(project: Project, address: str) -> None:
    """Do what docs/cluster.md says of a bucket."""
    project.do("dvc", "remote", "add", "--default", "lab", f"s3://{BUCKET}/wespe")
    project.do("dvc", "remote", "modify", "lab", "endpointurl", address)


def test_what_one_machine_made_another_has_and_does_not_make_again(
    finished: Project, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(finished, service)
    finished.do("dvc", "push")
    finished.commit()

    finished.do("git", "clone", "--quiet", str(finished.root), str(tmp_path / "other"))
    other = enter(tmp_path / "other", monkeypatch)
    assert not (other.root / "results").exists()
    other.do(sys.executable, "-m", "wespe.cli", "sync")
    for made in ("data/patches/phone.npy", "results/tiny/pairs/phone_dslr/generator.safetensors"):
        assert (other.root / made).read_bytes() == (finished.root / made).read_bytes()
    assert "Nothing to be done" in other.do("snakemake", "--dry-run", "all")
    assert other.ran() == set()


class Denying(BaseHTTPRequestHandler):
    """Whatever it is asked for is forbidden."""

    def deny(self) -> None:
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def __getattr__(self, name: str) -> Callable[[], None]:
        """The methods that http.server looks for, by the names of requests."""
        if name.startswith("do_"):
            return self.deny
        raise AttributeError(name)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def denying() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Denying) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_bucket_that_denies_is_named_and_nothing_is_lost(
    finished: Project, denying: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(finished, denying)
    pushed = finished.call("dvc", "push")
    finished.commit()
    finished.do("git", "clone", "--quiet", str(finished.root), str(tmp_path / "other"))
    other = enter(tmp_path / "other", monkeypatch)
    fetched = other.call(sys.executable, "-m", "wespe.cli", "sync")
    assert pushed.returncode != 0
    assert fetched.returncode == 1
    assert fetched.stdout.startswith("wespe sync: ")
    assert "Forbidden" in fetched.stdout
    assert "expected an account that may read the bucket" in fetched.stdout
    assert (finished.root / "results/tiny/pairs/phone_dslr/generator.safetensors").exists()


def test_a_training_goes_on_elsewhere_from_a_state_in_the_bucket(
    service: str, tmp_path: Path
) -> None:
    import s3fs

    whole = prepare(tmp_path / "whole", "cpu-fp32")
    assert whole.finish()[0] == 0

    files = s3fs.S3FileSystem(key="me", secret="secret", endpoint_url=service)
    here, there = (prepare(tmp_path / name, "cpu-fp32") for name in ("here", "there"))
    here.kill_at(12)
    copy_states(files, here, there)
    code, messages = there.finish()
    assert code == 0, messages
    assert "pair: resumes at step 10" in messages
    assert there.result() == whole.result()


def copy_states(files: "s3fs.S3FileSystem", here: Training, there: Training) -> None:
    """Do what `aws s3 sync` does, once to the bucket and once from it."""
    states = f"{BUCKET}/states"
    files.put(str(here.root / ".wespe" / "training"), states, recursive=True)
    files.get(states, str(there.root / ".wespe" / "training"), recursive=True)
