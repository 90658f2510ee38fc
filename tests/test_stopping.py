"""SIGTERM stops work where it can go on, and nowhere else."""

import os
import signal
from pathlib import Path

import pytest

from wespe.core import stopping


def terminate() -> None:
    """Call the handler as Python does when SIGTERM comes; `test_resume` has real ones.

    A real one would end pytest where a test has let several of OpenVINO's Cores go, whose stack for
    signals is gone then (see `openvino_engine.core`).
    """
    handler = signal.getsignal(signal.SIGTERM)
    assert callable(handler)
    handler(signal.SIGTERM, None)


def test_work_that_heeds_sigterm_ends_in_words_and_leaves_the_handler_as_it_was() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(stopping.Terminated, match="stopped by SIGTERM"), stopping.heeded():
        terminate()
    assert signal.getsignal(signal.SIGTERM) == before


def test_work_that_postpones_it_is_told_and_goes_on() -> None:
    with stopping.heeded():
        with stopping.postponed() as came:
            assert not came()
            terminate()
            terminate()
            assert came()
        with pytest.raises(stopping.Terminated):
            terminate()


@pytest.mark.parametrize(
    ("left", "expected"), [("0:00", True), ("INVALID", True), ("1:23", False), ("", False)]
)
def test_slurm_is_asked_whether_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str, expected: bool
) -> None:
    squeue = tmp_path / "squeue"
    asked = "--noheader --jobs=17 --format=%L"
    squeue.write_text(f"#!/bin/sh\n[ \"$*\" = '{asked}' ] && echo {left}\n")
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert not stopping.out_of_time()
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    assert stopping.out_of_time() is expected


def test_without_slurm_no_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    assert not stopping.out_of_time()
