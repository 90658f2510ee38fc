"""What Slurm itself gives a job, in seconds: `tests/cluster/slurm.sh start`, then
`pytest -m cluster tests/cluster/test_slurm.py`. What each rule asks for: tests/test_submission.py.
"""

from pathlib import Path

import pytest

from tests.cluster.projects import slurm

pytestmark = pytest.mark.cluster


def test_each_node_has_the_gpus_and_cores_that_are_asked_for(tmp_path: Path) -> None:
    slurm(
        *("sbatch", "--wait", "--account=my_account", "--partition=gpu", "--time=10", "--mem=8000"),
        *("--nodes=2", "--ntasks=2", "--gres=gpu:2", "--cpus-per-task=8"),
        f"--output={tmp_path}/out",
        "--wrap=SRUN_CPUS_PER_TASK=8 srun --nodes=2 --ntasks=2 "
        "bash -c 'echo $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES $SLURM_CPUS_PER_TASK'",
    )
    lines = (tmp_path / "out").read_text().splitlines()
    assert sorted(lines) == ["gpu1 0,1 8", "gpu2 0,1 8"]
