"""Sums are grouped by their number alone, and few wait."""

from __future__ import annotations

from itertools import permutations

import pytest
from toy_work import Sum

from vitreous.pipeline.executors.tree import Tree


def grouped(order: tuple[int, ...]) -> str:
    tree = Tree(len(order), lambda left, right: f"({left}{right})")
    for index in order:
        assert tree.sum is None
        tree.add(index, "abcdefg"[index])
    return tree.sum


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, "a"), (2, "(ab)"), (3, "((ab)c)"), (5, "(((ab)(cd))e)"), (6, "(((ab)(cd))(ef))"), (7, "(((ab)(cd))((ef)g))")],
)
def test_neighbours_are_paired_in_whatever_order_they_come(count: int, expected: str) -> None:
    orders = list(permutations(range(count)))[:: 1 if count < 7 else 7]
    assert {grouped(order) for order in orders} == {expected}


@pytest.mark.parametrize("count", [1, 2, 100, 128])
def test_few_sums_wait_where_they_come_in_order(count: int) -> None:
    Sum.most = Sum.alive
    before = Sum.alive
    tree = Tree(count, Sum.__add__)
    for index in range(count):
        tree.add(index, Sum(index))
    assert tree.sum.value == count * (count - 1) // 2
    # Waiting: one for each level below the root. Beside them the two that are added and their sum, and the caller's.
    assert Sum.most - before <= count.bit_length() + 3
    del tree
    assert Sum.alive == before
