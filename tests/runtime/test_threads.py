from __future__ import annotations

import numpy as np
import pytest
import torch

from vitreous.runtime.devices import in_runs, in_threads, one_torch_thread


def test_every_call_is_made_once():
    seen = np.zeros(100, dtype=int)

    def count(i: int) -> None:
        seen[i] += 1

    in_threads(count, 100)
    assert (seen == 1).all()


@pytest.mark.parametrize("count", [1, 2, 7, 1000])
def test_runs_cover_everything_once(count: int):
    seen = np.zeros(count, dtype=int)

    def mark(first: int, last: int) -> None:
        seen[first:last] += 1

    in_runs(mark, count)
    assert (seen == 1).all()


def test_the_first_error_is_raised_after_all_calls():
    done = []

    def fail(i: int) -> None:
        done.append(i)
        if i % 2:
            raise ValueError(f"call {i}")

    with pytest.raises(ValueError, match="call 1"):
        in_threads(fail, 6)
    assert sorted(done) == list(range(6))


def test_torchs_threads_come_back_even_after_an_error():
    before = torch.get_num_threads()

    def fail() -> None:
        with one_torch_thread():
            assert torch.get_num_threads() == 1
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert torch.get_num_threads() == before
