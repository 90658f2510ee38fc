"""A copy of the project whose networks are stood in for, and a fresh MLflow file."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.copies import ROOT as ROOT
from tests.copies import copy_project
from wespe.core import parallel
from wespe.core.schema import SettingsError
from wespe.pipeline import tracking, versions
from wespe.pipeline.dvc_stages import write_dvc_yaml
from wespe.settings import params as config

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Neither Snakemake, DVC nor MLflow may call home or hold a test up for a server.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
# Several tests run at once: torch's threads beyond the cores wait for each other in loops, so that
# two of them on a busy core take six times the processor time of one.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Snakemake gives a training all cores, whatever is said above: its threads are to wait asleep.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# Servers of tests are on this machine, where no proxy leads.
os.environ["no_proxy"] = ",".join(
    filter(None, [os.environ.get("no_proxy") or os.environ.get("NO_PROXY"), "127.0.0.1,localhost"])
)

SLOW_FIXTURES = frozenset({"fresh", "browser", "two_processes"})
"""A test with one of these starts Snakemake, DVC, a browser or other processes."""

SETTINGS = """\
run: {name: tiny, results: results/tiny, data: data, seed: 0, compute: auto, tracking: ""}
sources:
  phone: {kind: folder, path: photos/phone}
  dslr: {kind: folder, path: photos/dslr}
  flickr: {kind: folder, path: photos/flickr}
  scenes: {kind: folder, path: photos/scenes}
recipes:
  short: {steps: 400}
  long: {steps: 900}
pairs:
  phone_dslr: {source: phone, target: dslr, recipe: short}
  phone_flickr: {source: phone, target: flickr, recipe: long}
evaluations:
  dslr_scenes: {pair: phone_dslr, photos: scenes}
  flickr_scenes: {pair: phone_flickr, photos: scenes}
raters: {}
ratings: {}
studies: {}
domains: [phone, dslr, flickr]
patches: {count: 100}
tables: {scenes: {evaluations: {dslr_scenes: {}, flickr_scenes: {}}}}
"""


JUDGES = """\
raters: {faves: {kind: ffs, photos: flickr}, quality: {kind: cornia, photos: flickr}}
ratings: {scenes: {rater: faves, pair: phone_dslr, photos: scenes}}
"""


def pytest_configure(config: pytest.Config) -> None:
    # Wherever Slurm is installed, each start of Snakemake asks it for its settings, and waits ten
    # seconds for a controller that does not answer. Without settings Slurm fails at once.
    if "cluster" not in config.getoption("-m"):
        os.environ.setdefault("SLURM_CONF", os.devnull)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    slow = Counter[Path]()
    named = "cluster" in config.getoption("-m")
    no_slurm = "" if shutil.which("sbatch") else "Slurm is not installed"
    for item in items:
        if jobs := item.get_closest_marker("cluster"):
            lacking = no_slurm if jobs.kwargs.get("slurm", True) else ""
            if reason := lacking if named else "submits jobs: ask for it by -m cluster":
                item.add_marker(pytest.mark.skip(reason=reason))
        fixtures = {*item.fixturenames} if isinstance(item, pytest.Function) else set[str]()
        if SLOW_FIXTURES & fixtures:
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("slow"):
            # Snakemake and DVC take several seconds a test, the others one.
            slow[item.path] += 5 if "fresh" in fixtures else 1
    # A file is the work of one process: those that take minutes come first, so that no process is
    # left with one of them when the others have nothing more to do.
    items.sort(key=lambda item: -slow[item.path])


@dataclass(frozen=True)
class Project:
    """A copy of the project, the current folder of its test."""

    root: Path

    def call(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command; its messages are in `stdout`, those of standard error too."""
        return subprocess.run(
            command, cwd=self.root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def do(self, *command: str) -> str:
        """Run a command that has to succeed; returns its messages."""
        done = self.call(*command)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def ran(self) -> set[str]:
        """The stages that ran since this was last asked, as `train phone_dslr`."""
        calls = self.root / ".wespe" / "calls"
        if not calls.exists():
            return set()
        lines = calls.read_text().splitlines()
        calls.unlink()
        assert len(lines) == len(set(lines)), f"a stage ran twice: {lines}"
        return set(lines)

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        if file == "params.yaml":
            self.write_dvc_yaml()

    def write_dvc_yaml(self) -> None:
        """Do what `wespe dvc` does, unless the settings are wrong."""
        with suppress(SettingsError):
            write_dvc_yaml(config.load(self.root / "params.yaml"))

    def add_judges(self) -> None:
        """Give the settings raters and a rating."""
        self.edit("params.yaml", "raters: {}\nratings: {}\n", JUDGES)

    def add_study(self) -> None:
        """Give the settings a study with votes."""
        for file in ("study.json", "votes.sqlite"):
            path = self.root / "studies" / "street" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        self.edit("params.yaml", "studies: {}\n", "studies: {street: {path: studies/street}}\n")

    def record(self) -> list[str]:
        return versions.record(Path("params.yaml"), config.load(Path("params.yaml")))

    def commit(self) -> None:
        self.do("git", "add", "--all")
        self.do("git", "commit", "--quiet", "--message", "Test")


def enter(root: Path, patch: pytest.MonkeyPatch) -> Project:
    """Make `root` the current folder, and its package and the stand-in what commands find."""
    folders = [str(ROOT / "tests" / "stand_in"), str(Path(sys.executable).parent)]
    patch.setenv("PATH", os.pathsep.join([*folders, os.environ["PATH"]]))
    patch.setenv("PYTHONPATH", str(root))
    for name in ("AUTHOR", "COMMITTER"):
        patch.setenv(f"GIT_{name}_NAME", "Test")
        patch.setenv(f"GIT_{name}_EMAIL", "test@localhost")
    patch.chdir(root)
    return Project(root)


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a Git repository with small settings and photos; nothing has run."""
    root = tmp_path_factory.mktemp("fresh") / "project"
    copy_project(root)
    # Each test has a copy, which takes half the time without what no stage reads.
    for folder in ("benchmarks", "docs", "examples", "tests"):
        shutil.rmtree(root / folder)
    (root / "params.yaml").write_text(SETTINGS)
    for name in ("phone", "dslr", "flickr", "scenes"):
        photo = root / "photos" / name / "2018" / "0.jpg"
        photo.parent.mkdir(parents=True)
        photo.write_text(name)
    with pytest.MonkeyPatch.context() as patch:
        project = enter(root, patch)
        project.write_dvc_yaml()
        project.do("git", "init", "--quiet")
        project.commit()
        project.do("git", "repack", "-a", "-d", "--quiet")
        # Or the commands of each copy would compile it again.
        project.do(sys.executable, "-m", "compileall", "-q", "wespe")
    return root


@pytest.fixture(scope="session")
def recorded(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after `snakemake all` and `wespe record`, with its version committed."""
    root = tmp_path_factory.mktemp("recorded") / "project"
    shutil.copytree(fresh, root)
    with pytest.MonkeyPatch.context() as patch:
        project = enter(root, patch)
        project.do("snakemake", "all")
        # As a command, which reads the code of the project and not that of this process.
        project.do(sys.executable, "-m", "wespe.cli", "record")
        project.commit()
    return root


@pytest.fixture
def project(fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of the fresh project."""
    return enter(Path(shutil.copytree(fresh, tmp_path / "project")), monkeypatch)


@pytest.fixture
def finished(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of the recorded project; its modification times are kept."""
    done = enter(Path(shutil.copytree(recorded, tmp_path / "project")), monkeypatch)
    done.ran()
    return done


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where photos of two cameras go."""
    monkeypatch.chdir(tmp_path)
    return Path("photos")


@pytest.fixture(scope="session", autouse=True)
def one_process() -> Iterator[None]:
    """Work on many photos is done in this process, as on a machine of one core.

    Others take seconds to start. The tests that need them ask for `two_processes` or `workers`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parallel, "available_cores", lambda: 1)
        yield


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "available_cores", lambda: 2)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from tests.pages import browsing

    with browsing() as browser:
        yield browser


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A fresh MLflow file: making one takes seconds, a copy none."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    tracking.find_run(config.Run(name="another", tracking=f"sqlite:///{path}"), "none")
    return path.read_bytes()


@pytest.fixture
def on(tmp_path: Path, empty_database: bytes, monkeypatch: pytest.MonkeyPatch) -> config.Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlflow.db").write_bytes(empty_database)
    # MLflow keeps a connection for each URI, so a relative one would lead to the first test's file.
    return config.Run(tracking=f"sqlite:///{tmp_path}/mlflow.db")
