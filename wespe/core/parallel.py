"""Work on many photos at once: one single-threaded process for each core, flat memory."""

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing.context import BaseContext
from typing import Any, TypeVar

import cv2

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
    waiting: deque[Future[list[Result]]] = deque()
    with _pool(workers, function) as pool:
        for start in range(0, len(items), size):
            waiting.append(pool.submit(_apply, function, items[start : start + size]))
            if len(waiting) > 4 * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def overlapped_map(
    function: Callable[[Item], Result], items: Iterable[Item], *, workers: int
) -> Iterator[Result]:
    """`map(function, items)`, in order, where making an item is itself work, done here meanwhile.

    For items too large to wait in number: of those drawn, at most `workers` have no result yet when
    the next is drawn. With one worker there is no process but this one. Else `function`, items and
    results must be picklable.
    """
    if workers <= 1:
        yield from map(function, items)
        return
    waiting: deque[Future[Result]] = deque()
    with _pool(workers, function) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            del item  # The pool lets go of it when it is done; so must this loop.
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _pool(workers: int, function: Callable[..., Any]) -> ProcessPoolExecutor:
    plain = function.func if isinstance(function, partial) else function
    context = _context(["wespe.photos.images", plain.__module__])
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_use_one_thread)


def _context(modules: list[str]) -> BaseContext:
    """A way to start processes other than a fork, which can hang where torch runs threads."""
    if "forkserver" not in multiprocessing.get_all_start_methods():  # Windows
        return multiprocessing.get_context("spawn")
    # The server has no threads. It imports `modules` once, and the workers share them.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(modules)
    return context


def _use_one_thread() -> None:
    """Processes are as many as cores: threads of theirs would be in each other's way."""
    cv2.setNumThreads(1)
    os.environ["OMP_NUM_THREADS"] = "1"  # of torch, where a function imports it later
    # Torch takes seconds to import: only where the function's module has done so.
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def _apply(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [function(item) for item in items]
