"""Topological order of any graph, and its check."""

import pytest

from autograd import CycleError
from autograd.graph import check_order, topological_order

DIAMOND = {4: (2, 3), 3: (1,), 2: (1,), 1: ()}


def test_parents_stand_before_children_in_depth_first_order():
    assert topological_order([4], DIAMOND.__getitem__) == [1, 2, 3, 4]
    assert topological_order([3, 4], DIAMOND.__getitem__) == [1, 3, 2, 4]
    assert topological_order([4, 4], DIAMOND.__getitem__) == [1, 2, 3, 4]
    assert topological_order([], DIAMOND.__getitem__) == []


def test_depth_is_not_limited():
    numbers = list(range(200_000))
    order = topological_order([numbers[-1]], lambda n: numbers[n - 1 : n] if n else ())
    assert order == numbers


@pytest.mark.parametrize(
    "parents",
    [{1: [1]}, {1: [2], 2: [1]}, {1: [2, 3], 2: [], 3: [4], 4: [1]}],
    ids=str,
)
def test_a_cycle_is_named(parents):
    with pytest.raises(CycleError, match="the graph has a cycle through 1"):
        topological_order([1], parents.__getitem__)


def test_the_check_can_fail():
    check_order([1, 2, 3, 4], DIAMOND.__getitem__)
    with pytest.raises(CycleError, match="1 does not stand before its child 2"):
        check_order([2, 1], DIAMOND.__getitem__)
    with pytest.raises(CycleError, match="stands twice"):
        check_order([1, 1], DIAMOND.__getitem__)
