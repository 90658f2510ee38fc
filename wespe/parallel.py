"""Work on many photos at once: one single-threaded process for each core, flat memory."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_MAX_CHUNK = 32


def available_cores() -> int:
    """The cores this process may run on, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # not on Linux


def ordered_map(
    function: Callable[[Item], Result], items: Sequence[Item], *, workers: int | None = None
) -> Iterator[Result]:
    """`map(function, items)`, in order, in `workers` processes (default: one for each core).

    Only a few items for each worker are under way at a time, so that memory does not grow with
    their number. `function` and its results must be picklable. With one worker or one item there is
    no process but this one.
    """
    workers = min(workers or available_cores(), len(items))
    if workers <= 1:
        yield from map(function, items)
        return
    size = max(1, min(_MAX_CHUNK, len(items) // (8 * workers)))
    # A fork of a process in which torch runs threads can hang; the server has none.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["wespe.images"])
    waiting: deque[Future[list[Result]]] = deque()
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for start in range(0, len(items), size):
            waiting.append(pool.submit(_apply, function, items[start : start + size]))
            if len(waiting) > 4 * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _apply(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [function(item) for item in items]
