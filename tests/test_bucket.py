"""Two machines with nothing in common but a bucket, on a server of S3 on this machine: a version
of the data and networks, and the state of a training.
"""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.buckets import ACCOUNT, BUCKET, serving_bucket
from tests.conftest import Project, enter
from tests.test_resume import Training, prepare

if TYPE_CHECKING:
    import s3fs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The address of a service that has the bucket, empty."""
    with serving_bucket() as address:
        yield address


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)


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


@pytest.fixture
def shared(service: str, monkeypatch: pytest.MonkeyPatch) -> "s3fs.S3FileSystem":
    """The bucket, in which trainings keep their states."""
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", service)
    monkeypatch.setenv("WESPE_STATES", f"s3://{BUCKET}/states")
    files = s3fs.S3FileSystem(endpoint_url=service, use_listings_cache=False)
    if files.exists(f"{BUCKET}/states"):
        files.rm(f"{BUCKET}/states", recursive=True)
    return files


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Training:
    """A training that nobody disturbed."""
    training = prepare(tmp_path_factory.mktemp("whole") / "project", "cpu-fp32")
    assert training.finish()[0] == 0
    return training


def machines(root: Path) -> tuple[Training, Training]:
    """The same training on two machines, not begun."""
    here, there = (prepare(root / name, "cpu-fp32") for name in ("here", "there"))
    return here, there


def test_a_training_goes_on_elsewhere_from_its_last_save_wherever_that_was(
    whole: Training, shared: "s3fs.S3FileSystem", tmp_path: Path
) -> None:
    here, there = machines(tmp_path)
    here.kill_at(7)
    there.kill_at(12)
    code, messages = here.finish()
    assert code == 0, messages
    assert "pair: resumes at step 10" in messages
    assert here.result() == whole.result()
    # A job may end after its training and before its results are in the bucket.
    code, messages = there.finish()
    assert code == 0, messages
    assert "pair: resumes at step 20" in messages
    assert there.result() == whole.result()


def test_a_pause_goes_along_and_an_older_one_is_forgotten(
    whole: Training, shared: "s3fs.S3FileSystem", tmp_path: Path
) -> None:
    here, there = machines(tmp_path)
    paused = here.start_until(7)
    paused.send_signal(signal.SIGTERM)
    paused.send_signal(signal.SIGCONT)
    assert "is saved" in paused.communicate()[1]
    assert (here.state / "paused.pt").exists()
    there.kill_at(12)
    code, messages = here.finish()
    assert code == 0, messages
    assert "pair: resumes at step 10" in messages
    assert here.result() == whole.result()


def test_a_bucket_that_cannot_be_read_stops_a_training_before_it_begins(
    denying: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", denying)
    monkeypatch.setenv("WESPE_STATES", f"s3://{BUCKET}/states")
    code, messages = prepare(tmp_path / "here", "cpu-fp32").finish()
    assert code == 1
    assert f"WESPE_STATES: s3://{BUCKET}/states/training/" in messages
    assert "cannot be used: Forbidden" in messages


def test_a_training_goes_on_while_its_copy_cannot_be_written(
    whole: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving_bucket() as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        monkeypatch.setenv("WESPE_STATES", f"s3://{BUCKET}/states")
        here = prepare(tmp_path / "here", "cpu-fp32")
        training = here.start_until(7)
    training.send_signal(signal.SIGCONT)
    _, messages = training.communicate()
    assert training.returncode == 0, messages
    assert "the training goes on, its copy is behind" in messages
    assert here.result() == whole.result()
