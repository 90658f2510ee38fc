"""Work in several processes; `ordered_map` is tested where it is used."""

import os
from collections.abc import Iterator

import cv2
import pytest

from wespe.core.parallel import overlapped_map

pytestmark = pytest.mark.slow


def whereabouts(item: int) -> tuple[int, int, int]:
    return item, os.getpid(), cv2.getNumThreads()


def torch_threads(item: int) -> int:
    import torch

    return torch.get_num_threads()


def fail(item: int) -> int:
    raise ValueError(f"item {item} cannot be done")


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order(workers: int) -> None:
    assert list(overlapped_map(abs, iter(range(-9, 9)), workers=workers)) == [
        abs(number) for number in range(-9, 9)
    ]


def test_items_are_made_here_and_done_elsewhere_on_one_thread() -> None:
    made_in = []

    def items() -> Iterator[int]:
        for number in range(5):
            made_in.append(os.getpid())
            yield number

    done = list(overlapped_map(whereabouts, items(), workers=2))
    assert [item for item, _, _ in done] == list(range(5))
    assert set(made_in) == {os.getpid()}
    assert os.getpid() not in {process for _, process, _ in done}
    assert {threads for _, _, threads in done} == {1}


def test_torch_that_is_imported_late_has_one_thread_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert list(overlapped_map(torch_threads, [1, 2, 3], workers=2)) == [1, 1, 1]


def test_one_worker_is_this_process() -> None:
    assert [process for _, process, _ in overlapped_map(whereabouts, [1, 2], workers=1)] == [
        os.getpid()
    ] * 2


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_few_items_wait(workers: int) -> None:
    drawn = done = 0
    most = 0

    def items() -> Iterator[int]:
        nonlocal drawn, most
        for number in range(12):
            most = max(most, drawn - done)
            drawn += 1
            yield number

    for _ in overlapped_map(abs, items(), workers=workers):
        done += 1
    assert (drawn, done) == (12, 12)
    # Without the item that is being made; the last result counts when it has been handed on.
    assert most <= workers


def test_an_error_elsewhere_reaches_the_caller() -> None:
    with pytest.raises(ValueError, match="item 1 cannot be done"):
        list(overlapped_map(fail, iter([1, 2]), workers=2))
