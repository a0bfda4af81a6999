"""Items done here or in worker processes: the same result, nothing lost with a worker, and little in memory."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import toy_work

from vitreous.errors import Cancelled, InputError
from vitreous.pipeline.executors import RETRIES, WorkerDied
from vitreous.pipeline.executors.local import Local
from vitreous.runtime.threads import threads


@pytest.fixture(scope="module")
def two() -> Iterator[Local]:
    """Two worker processes."""
    executor = Local(2)
    yield executor
    executor.close()


def reduced(executor: Any, function: Any, shared: Any, count: int) -> tuple[dict[int, Any], Any]:
    """Values in the order in which they finished, and the sum."""
    values: dict[int, Any] = {}
    total = executor.map_reduce(function, shared, range(count), toy_work.added, values.__setitem__)
    return values, total


@pytest.mark.parametrize("count", [1, 2, 3, 37])
def test_sums_have_the_same_bits_with_any_number_of_workers(two: Local, count: int) -> None:
    values, total = reduced(Local(), toy_work.tenth, 0.3, count)
    assert values == {item: item * item for item in range(count)}
    # Truth by another way: the first is a triangular number, the others are added without rounding.
    assert total[0] == count * (count - 1) // 2
    for index in (1, 2):
        exact = math.fsum(toy_work.tenth(0.3, item)[1][index] for item in range(count))
        assert total[index] == pytest.approx(exact, rel=count * 2.3e-16)  # each addition rounds by at most 1.2e-16
    three = Local(3)
    for several in (two, three):
        found, added = reduced(several, toy_work.tenth, 0.3, count)
        assert found == values
        assert [number.hex() for number in map(float, added)] == [number.hex() for number in map(float, total)]
    three.close()


def test_the_order_of_addition_matters_for_these_numbers() -> None:
    """The test above would see sums that were added one after the other, or in the order in which they came."""
    in_a_row = [0.0, 0.0, 0.0]
    for item in range(37):
        in_a_row = toy_work.added(in_a_row, toy_work.tenth(0.3, item)[1])
    assert in_a_row != reduced(Local(), toy_work.tenth, 0.3, 37)[1]


def test_workers_do_not_run_far_ahead_of_a_late_item(two: Local, tmp_path: Path) -> None:
    values, total = reduced(two, toy_work.late_first, tmp_path, 30)
    assert list(values)[:7] == [1, 2, 3, 4, 5, 6, 7]
    assert values[0] == 8, "items 0 to 7 may be begun before item 0 is finished: four for each of two workers"
    assert total == reduced(Local(), toy_work.tenth, 1.0, 30)[1]


def test_few_sums_are_in_memory_at_once(two: Local) -> None:
    for executor in (Local(), two):
        toy_work.Sum.most = before = toy_work.Sum.alive
        total = executor.map_reduce(toy_work.counted, None, range(200), toy_work.Sum.__add__, lambda index, value: None)
        assert total.value == 199 * 100
        # log2(200) < 8 levels wait, and beside them the two that are added, their sum and the next; ahead of a late one lie at
        # most seven others in three subtrees.
        assert toy_work.Sum.most - before <= 8 + 4 + 3
        del total
        assert toy_work.Sum.alive == before


def test_a_killed_worker_loses_its_item_only(two: Local, tmp_path: Path) -> None:
    found = reduced(two, toy_work.dying_once, tmp_path, 12)
    assert found[1] == reduced(Local(), toy_work.tenth, 1.0, 12)[1]
    assert {item: len(toy_work.beginnings(tmp_path, item)) for item in range(12)} == {item: 1 + (item == 5) for item in range(12)}


def test_an_item_that_kills_each_worker_is_named(two: Local) -> None:
    with pytest.raises(WorkerDied, match="4 worker processes died") as caught:
        reduced(two, toy_work.deadly, None, 6)
    assert caught.value.index == 2
    assert RETRIES == 3


def test_what_a_function_raises_is_raised_here_and_the_workers_go_on(two: Local) -> None:
    with pytest.raises(InputError, match="anything but 3") as caught:
        reduced(two, toy_work.refusing, None, 8)
    assert "in refusing" in caught.value.__notes__[0]
    with pytest.raises(RuntimeError, match="awkward"):
        reduced(two, toy_work.awkward, None, 8)
    assert sorted(two(abs, [-1, -2, -3])) == [(0, 1), (1, 2), (2, 3)]


def test_stopped_between_items(two: Local, tmp_path: Path) -> None:
    def stop(index: int, value: Any) -> None:
        raise Cancelled("stopped by the user.")

    for executor, begun in ((Local(), 1), (two, 4)):
        folder = tmp_path / str(begun)
        folder.mkdir()
        with pytest.raises(Cancelled):
            executor.map_reduce(toy_work.dying_once, folder, range(5), toy_work.added, stop)
        assert 1 <= len(toy_work.beginnings(folder)) <= begun


def test_what_is_shared_is_sent_to_each_worker_once_a_call(two: Local, tmp_path: Path) -> None:
    for call in (1, 2):
        told: dict[int, str] = {}
        total = two.map_reduce(toy_work.carried, toy_work.Luggage(tmp_path), range(12), int.__add__, told.__setitem__)
        assert total == 12
        workers = {value.split()[0] for value in told.values()}
        assert str(os.getpid()) not in workers
        assert len(workers) <= 2
        assert len(toy_work.beginnings(tmp_path)) <= 2 * call
        share = str(max(1, threads() // 2))
        assert {value.split(maxsplit=1)[1] for value in told.values()} == {f"{share} {share}"}


def test_processes_end_when_asked_and_are_started_again() -> None:
    executor = Local(2)
    reduced(executor, toy_work.tenth, 0.3, 4)
    workers = [worker.process.pid for worker in executor._pool._workers]
    assert len(workers) == 2
    executor.close()
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert reduced(executor, toy_work.tenth, 0.3, 4)[0] == {0: 0, 1: 1, 2: 4, 3: 9}
    executor.close()


@pytest.mark.parametrize("count", [0, -2])
def test_number_of_processes(count: int) -> None:
    with pytest.raises(InputError, match="processes of the local executor must be at least 1"):
        Local(count)
