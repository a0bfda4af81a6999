"""Work that does not fit is done in smaller pieces, and only where memory is the trouble."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from vitreous.runtime.memory import OutOfMemory, memory_ran_out, with_less

CPU_SAYS = "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."


def fits(most: int, problem: Exception, asked: list[int]):
    """Work that fails above ``most`` bytes."""

    def work(budget: int) -> str:
        asked.append(budget)
        if budget > most:
            raise problem
        return "done"

    return work


@pytest.mark.parametrize("problem", [MemoryError(), RuntimeError(CPU_SAYS), torch.OutOfMemoryError("CUDA out of memory. Tried to …")])
def test_the_budget_is_halved_until_it_fits(problem: Exception) -> None:
    asked: list[int] = []
    assert with_less(fits(120_000_000, problem, asked), 400_000_000) == "done"
    assert asked == [400_000_000, 200_000_000, 100_000_000]


def test_torch_itself_is_understood() -> None:
    with pytest.raises(RuntimeError) as said:
        torch.empty(2**60, dtype=torch.uint8)
    assert memory_ran_out(said.value)


def test_what_never_fits_says_how_small_it_tried() -> None:
    asked: list[int] = []
    with pytest.raises(OutOfMemory, match=r"even in pieces of 1 MB, with \d+ MB free .* Try: close other programs"):
        with_less(fits(0, MemoryError(), asked), 8_000_000)
    assert asked == [8_000_000, 4_000_000, 2_000_000, 1_000_000]


@pytest.mark.parametrize("problem", [RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("no")])
def test_other_errors_are_not_hidden(problem: Exception) -> None:
    asked: list[int] = []
    with pytest.raises(type(problem), match=str(problem)):
        with_less(fits(0, problem, asked), 8_000_000)
    assert len(asked) == 1


def test_the_arrays_of_a_failed_attempt_are_gone_before_the_next() -> None:
    kept: list[weakref.ref] = []

    def work(budget: int) -> bool:
        if kept:
            gc.collect()
            return kept[0]() is None
        array = torch.zeros(10)
        kept.append(weakref.ref(array))
        raise MemoryError

    assert with_less(work, 8_000_000)
