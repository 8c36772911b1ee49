"""A function that reads plain numbers inside: no verdict from its broken graph."""

import numpy as np
import pytest

from autograd import ArgumentError, Value, check_gradient


def plain(x):
    return x.data if isinstance(x, Value) else x


def half_cut(x):
    return x[0] * x[1] + plain(x[0]) ** 2


def all_of_one_cut(x):
    return np.sin(x[0]) + plain(x[1]) ** 3


def factor_cut(x):
    return x[0] * plain(x[0]) + x[1]


RIGHT = [
    (half_cut, lambda x: np.array([x[1] + 2 * x[0], x[0]])),
    (all_of_one_cut, lambda x: np.array([np.cos(x[0]), 3 * x[1] ** 2])),
    (factor_cut, lambda x: np.array([2 * x[0], 1.0])),
]
AS_THE_GRAPH_SAYS = [
    (half_cut, lambda x: np.array([x[1], x[0]])),
    (all_of_one_cut, lambda x: np.array([np.cos(x[0]), 0.0])),
    (factor_cut, lambda x: np.array([x[0], 1.0])),
]
AT = np.array([0.7, -1.3])


@pytest.mark.parametrize(("fn", "hand"), RIGHT)
def test_the_differences_serve_where_the_graph_is_cut(fn, hand):
    report = check_gradient(fn, hand, AT)
    assert report.ok, str(report)
    assert "differences" in report.reference
    assert any("a path is cut" in note for note in report.notes)


@pytest.mark.parametrize(("fn", "hand"), AS_THE_GRAPH_SAYS)
def test_the_gradient_of_a_cut_graph_is_wrong(fn, hand):
    assert not check_gradient(fn, hand, AT).ok


@pytest.mark.parametrize(
    ("fn", "hand", "x"),
    [
        (lambda x: np.sum(np.abs(x)), np.sign, np.array([0.0, 1.0])),
        (lambda x: np.sum(np.sqrt(x)), lambda x: 0.5 / np.sqrt(x), np.full(2, 1e-9)),
        (lambda x: np.sum(1e8 + x) - 2e8, np.ones_like, np.ones(2)),
        (lambda x: np.sum(np.exp(50 * x)), lambda x: 50 * np.exp(50 * x), np.ones(2)),
        (
            lambda x: np.sum(np.sin(1e4 * x)),
            lambda x: 1e4 * np.cos(1e4 * x),
            np.ones(2),
        ),
    ],
    ids=["kink", "edge", "cancelling", "steep", "fast"],
)
def test_what_differences_find_hard_is_not_called_cut(fn, hand, x):
    report = check_gradient(fn, hand, x, points=0)
    assert report.ok, str(report)
    assert "exact derivatives" in report.reference


def test_a_function_that_refuses_points_beyond_its_domain_is_differenced_inside():
    def entropy(p):
        if not all(0 <= x <= 1 for x in p):
            raise ArgumentError("probabilities only")
        return -np.sum(p * np.log(p))

    near_the_edge = np.array([0.02, 0.9])
    report = check_gradient(entropy, lambda p: -np.log(p) - 1, near_the_edge, points=0)
    assert report.ok, str(report)
    wrong = check_gradient(entropy, lambda p: -np.log(p), near_the_edge, points=0)
    assert not wrong.ok
