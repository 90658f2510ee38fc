"""One settings file means the same to all who read it: to WESPE, to Snakemake and to DVC."""

import json
import subprocess
import sys

import pytest
import yaml
from ruamel.yaml import YAML

from tests.conftest import ROOT

FILES = ["params.yaml", *(f"configs/{path.name}" for path in (ROOT / "configs").glob("*.yaml"))]

# In a process of its own, since both tools change warnings and logging where they are imported.
READ_BY_TOOLS = """
import json, sys
from dvc.utils.serialize import load_yaml
from snakemake.common.configfile import load_configfile
print(json.dumps({path: [load_configfile(path), load_yaml(path)] for path in sys.argv[1:]}))
"""


@pytest.fixture(scope="module")
def read_by_tools() -> dict[str, list[object]]:
    done = subprocess.run(
        [sys.executable, "-c", READ_BY_TOOLS, *FILES], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    read: dict[str, list[object]] = json.loads(done.stdout.splitlines()[-1])
    return read


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_snakemake_and_dvc_read_what_we_read(
    read_by_tools: dict[str, list[object]], file: str
) -> None:
    ours = yaml.safe_load((ROOT / file).read_text("utf-8"))
    snakemake, dvc = read_by_tools[file]
    assert snakemake == ours
    assert dvc == ours


def test_the_comparison_tells_the_two_kinds_of_yaml_apart() -> None:
    # What would slip in: YAML 1.1, ours, against DVC's 1.2.
    for text, ours, theirs in (
        ("1e-4", "1e-4", 1e-4),
        ("on", True, "on"),
        ("010", 8, 10),
    ):
        assert yaml.safe_load(text) == ours
        assert YAML(typ="safe").load(text) == theirs
