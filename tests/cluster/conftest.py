"""Jobs are submitted only where somebody asks for it: `pytest -m cluster`."""

import shutil

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    reason = "submits jobs: ask for it by -m cluster"
    if "cluster" in config.getoption("-m"):
        if shutil.which("sbatch"):
            return
        reason = "Slurm is not installed"
    for item in items:
        if item.get_closest_marker("cluster"):
            item.add_marker(pytest.mark.skip(reason=reason))
