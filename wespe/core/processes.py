"""Several processes that train one network together: torchrun's launcher, and DDP for gradients.

Each takes its share of the same batch, and gradients are averaged, so a step is that of one process
with the whole batch, up to rounding. In a process of its own every function here does nothing.
"""

import logging
import os
import signal
import time
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from wespe.core.parallel import available_cores
from wespe.core.stopping import Terminated

Value = TypeVar("Value")

_LOGGERS = (
    "torch.distributed.elastic.agent.server.api",
    "torch.distributed.elastic.multiprocessing.api",
    "torch.multiprocessing.spawn",
)
_NOTICE_S = 20.0  # longer than a process takes to end, and the launcher to see it


def count() -> int:
    """How many processes train together; 1 for a process by itself."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Which of them this process is, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def first() -> bool:
    """Whether this is the process that writes files, keeps records and shows progress."""
    return rank() == 0


def started() -> bool:
    """Whether `launch`, or torchrun itself, has started this process."""
    return dist.is_torchelastic_launched()


def local_rank() -> int:
    """The number of this process on its machine, which is that of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def launch(work: Callable[[], object], *, devices: int, nodes: int) -> None:
    """Run `work`, which must be picklable, in `devices` processes on this one of `nodes` machines.

    When a process fails, all are ended: SystemExit if it has reported the reason, RuntimeError if a
    signal ended it. Raises ValueError where several machines have no way to find each other.
    """
    # The launcher takes long to import, and logs in its own words what is raised below.
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    single = nodes == 1
    config = LaunchConfig(
        min_nodes=nodes,
        max_nodes=nodes,
        nproc_per_node=devices,
        run_id=str(uuid.uuid4()) if single else os.environ.get("SLURM_JOB_ID", "wespe"),
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0" if single else meeting_point(nodes),
        local_addr="localhost" if single else None,
        max_restarts=0,
    )
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        elastic_launch(config, _work)(work)
    except SignalException as error:
        # The first of the processes has said it.
        raise Terminated("") if error.sigval == signal.SIGTERM else KeyboardInterrupt from error
    except ChildFailedError as error:
        number, failure = error.get_first_failure()
        if failure.exitcode >= 0:
            raise SystemExit(failure.exitcode) from error
        reason = signal.Signals(-failure.exitcode).name
        raise RuntimeError(f"process {number} of the training was ended by {reason}") from error


def _work(work: Callable[[], object]) -> None:
    try:
        work()
    except SystemExit as end:
        if end.code:
            raise


def meeting_point(nodes: int) -> str:
    """Address and port at which the `nodes` machines of a training find each other.

    Raises ValueError where nothing says it.
    """
    host = os.environ.get("MASTER_ADDR") or os.environ.get("SLURM_LAUNCH_NODE_IPADDR")
    if not host:
        raise ValueError(
            f"run.nodes: {nodes} machines have to find each other: expected a start by srun, or "
            "MASTER_ADDR set to the address of one of them, got neither"
        )
    return f"{host}:{os.environ.get('MASTER_PORT') or _port()}"


def _port() -> int:
    """A port of its own for each job of Slurm, since two may have one machine as their first."""
    job = os.environ.get("SLURM_JOB_ID", "")
    return 20000 + int(job) % 10000 if job.isdigit() else 29400


@contextmanager
def joined(device: torch.device) -> Iterator[None]:
    """Be one of the processes that were started together, each on its own `device`."""
    if not started():
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    else:
        share = available_cores() // int(os.environ["LOCAL_WORLD_SIZE"])
        torch.set_num_threads(max(1, min(share, torch.get_num_threads())))
    # Of the one layout that a convolution of one channel's weights has under two names.
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
    except Terminated:
        dist.destroy_process_group()
        raise
    except Exception as error:
        # One reason is enough. What all processes refuse, the first one reports. Lost connections,
        # plain RuntimeErrors of torch, follow from the end of another process. A process that waits
        # here is ended by the launcher before it can report, unless no other process has.
        if not first() or type(error) in (RuntimeError, dist.DistBackendError):
            time.sleep(_NOTICE_S)
        raise  # with the connections open: the others notice once this process is gone
    dist.destroy_process_group()


def share(batch_size: int) -> slice:
    """This process's part of a batch; `batch_size` must be a multiple of `count()`."""
    each, left = divmod(batch_size, count())
    if left:
        raise ValueError(f"a batch of {batch_size} cannot be shared by {count()} processes")
    number = dist.get_rank() if dist.is_initialized() else 0
    return slice(number * each, (number + 1) * each)


def mean(values: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Scalars averaged over the processes, which all must call this with the same keys."""
    if count() == 1:
        return values
    stacked = torch.stack([value.detach().float() for value in values.values()])
    dist.all_reduce(stacked)
    return dict(zip(values, stacked / count(), strict=True))


def meet() -> None:
    """Wait until all processes are here."""
    if count() > 1:
        dist.barrier()


def agreed(value: Value) -> Value:
    """What the first process has for `value`, in all of them; it must be picklable."""
    if count() == 1:
        return value
    values = [value]
    dist.broadcast_object_list(values)
    return values[0]


def anywhere(value: bool) -> bool:
    """Whether `value` is true in any of the processes, which all must call this."""
    if count() == 1:
        return value
    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    flag = torch.tensor(float(value), device=device)
    dist.all_reduce(flag, op=dist.ReduceOp.MAX)
    return bool(flag)


def shared(
    losses: Callable[..., Any], networks: Iterable[nn.Module], *, unused: bool = False
) -> Callable[..., Any]:
    """`losses`, in whose backward pass the gradients of `networks` are averaged over the processes.

    Each call must be followed by one backward pass before the next. `unused`: not every parameter
    takes part in every call.
    """
    if count() == 1:
        return losses
    return DistributedDataParallel(_Losses(losses, networks), find_unused_parameters=unused)


class _Losses(nn.Module):
    """A function as a module whose only parameters are those of `networks`."""

    def __init__(self, losses: Callable[..., Any], networks: Iterable[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self._losses = losses

    def forward(self, *inputs: Any) -> Any:
        return self._losses(*inputs)


def synchronised(networks: nn.ModuleDict) -> nn.ModuleDict:
    """`networks`, whose batch norms take their statistics from the batches of all processes.

    Raises ValueError on the CPU, where torch has no such norm.
    """
    norms = [m for m in networks.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if count() == 1 or not norms:
        return networks
    if any(parameter.device.type == "cpu" for parameter in norms[0].parameters()):
        raise ValueError(
            "generator.norm or discriminator.norm: batch needs the whole batch, which several "
            "processes on the CPU do not see: expected another norm, CUDA devices or one process"
        )
    nn.SyncBatchNorm.convert_sync_batchnorm(networks)  # type: ignore[no-untyped-call]
    return networks
