"""The suite of hand gradients: right ones pass, wrong ones fail with the reason."""

import numpy as np
import pytest

import autograd as ag
from autograd.checking import GradientMismatch, assert_gradient, check_gradient
from autograd.checking.diagnosis import KINDS

from .right_gradients import RIGHT
from .wrong_gradients import WRONG


@pytest.mark.parametrize(
    ("fn", "hand", "args"), [r[1:] for r in RIGHT], ids=lambda x: ""
)
def test_a_right_gradient_passes_with_no_tolerance_given(fn, hand, args):
    report = check_gradient(fn, hand, *args)
    assert report.ok, report
    assert report.diagnosis is None
    assert len(report.compared()) == 9
    assert all(row.ratio <= 1 for row in report.table)


@pytest.mark.parametrize(
    ("kind", "fn", "hand", "args"),
    [(kind, *rest) for kind, _, *rest in WRONG],
    ids=[f"{kind}: {name}" for kind, name, *_ in WRONG],
)
def test_a_wrong_gradient_fails_with_the_right_reason(kind, fn, hand, args):
    report = check_gradient(fn, hand, *args)
    assert not report.ok
    assert report.diagnosis.kind == kind, report


def test_the_suite_is_large_enough():
    assert len(RIGHT) + len(WRONG) >= 60
    kinds = [kind for kind, *_ in WRONG]
    assert set(kinds) == set(KINDS)
    assert all(kinds.count(kind) >= 3 for kind in KINDS)


def test_what_is_lost_by_cancellation_is_said():
    report = check_gradient(np.tanh, lambda x: 1 - np.tanh(x) ** 2, 12.0)
    assert report.ok
    assert "cancellation: mathematically right, loses" in report.warnings[0]


def test_cancellation_shows_in_code_that_takes_floats_only():
    def hand(x):
        return np.array([1 - np.tanh(float(t)) ** 2 for t in x])

    report = check_gradient(lambda x: np.tanh(x).sum(), hand, np.array([12.0, 0.5]))
    assert report.ok, report
    assert "cancellation" in report.warnings[0]


def test_an_error_of_one_in_a_million_fails_where_nothing_cancels():
    report = check_gradient(
        lambda r: np.pi * r**2, lambda r: 2 * np.pi * r * (1 + 1e-13), 2.0
    )
    assert not report.ok


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_any_slope_between_left_and_right_passes_at_a_kink(value):
    def hand(x):
        return value if x == 0 else float(x > 0)

    report = check_gradient(ag.relu, hand, 0.0)
    assert report.ok
    assert report.points[0].kinks == "relu"
    assert any("kink" in text for text in report.warnings) == (value > 0)


@pytest.mark.parametrize("value", [2.0, -0.1])
def test_a_slope_beyond_left_and_right_fails_at_a_kink(value):
    def hand(x):
        return value if x == 0 else float(x > 0)

    assert not check_gradient(ag.relu, hand, 0.0).ok


@pytest.mark.parametrize(
    ("fn", "x", "good", "bad"),
    [
        (abs, 0.0, [-1.0, -0.3, 0.0, 1.0], [1.1, -2.0]),
        (lambda x: ag.maximum(x, 3 * x), 0.0, [1.0, 2.0, 3.0], [0.9, 3.1]),
        (lambda x: x if x > 0 else -2 * x, 0.0, [-2.0, 0.0, 1.0], [-2.1, 1.2]),
        (lambda x: abs(float(x)), 0.0, [-1.0, 0.0, 1.0], [1.5]),
        (lambda x: np.linalg.norm([x, 0.0]), 0.0, [-1.0, 0.0, 1.0], [1.5]),
    ],
    ids=["abs", "maximum", "a branch in Python", "by differences", "norm"],
)
def test_kinks(fn, x, good, bad):
    for value in good:
        assert check_gradient(fn, lambda x, v=value: v, x, points=0).ok, value
    for value in bad:
        assert not check_gradient(fn, lambda x, v=value: v, x, points=0).ok, value


def test_float32_arguments_are_judged_in_single_precision():
    x = np.linspace(0.1, 2, 7, dtype=np.float32)

    def fn(x):
        return (np.exp(x) * np.sin(x)).sum()

    def hand(x):
        assert x.dtype == np.float32
        return np.exp(x) * (np.sin(x) + np.cos(x))

    report = check_gradient(fn, hand, x)
    assert report.ok, report
    assert report.precision == "single"
    assert not check_gradient(fn, hand_like(hand), x.astype(float)).ok
    assert check_gradient(fn, hand_like(hand), x.astype(float), precision="single").ok
    assert not check_gradient(fn, lambda x: 1.0001 * hand(x), x).ok


def hand_like(hand):
    return lambda x: hand(x.astype(np.float32))


def test_rtol_and_atol_override():
    def hand(x):
        return 2 * x * (1 + 1e-7)

    assert not check_gradient(lambda x: x**2, hand, 3.0).ok
    assert check_gradient(lambda x: x**2, hand, 3.0, rtol=1e-6).ok
    assert check_gradient(lambda x: x**2, hand, 3.0, atol=1e-5).ok
    assert not check_gradient(lambda x: x**2, hand, 3.0, atol=1e-8).ok


def test_alternatives_stand_beside_the_first_kind():
    def fn(x):
        return x * x

    report = check_gradient(fn, lambda x: x, 3.0)
    assert report.diagnosis.kind == "factor"
    assert [d.kind for d in report.diagnosis.alternatives] == ["missing-path"] * 2


def test_the_reason_names_the_operation_and_the_line():
    def fn(x, y):
        first = x * y
        second = ag.sin(y)
        return first + second * x

    report = check_gradient(fn, lambda x, y: (y + np.sin(y), x), 1.2, 0.7)
    text = str(report.diagnosis)
    assert text.startswith("missing-path: the path through sin at")
    assert "second = ag.sin(y)" in text or "operand" in text
    assert "test_verdicts.py, line" in text


def test_assert_gradient_raises_the_report():
    assert_gradient(lambda x: x**2, lambda x: 2 * x, 3.0)
    with pytest.raises(GradientMismatch, match="WRONG in 1 of 1") as caught:
        assert_gradient(lambda x: x**2, lambda x: -2 * x, 3.0)
    assert isinstance(caught.value, AssertionError)
    assert caught.value.report.diagnosis.kind == "sign"
