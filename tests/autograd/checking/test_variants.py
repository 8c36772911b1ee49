"""check_vjp, check_jacobian, check_hessian, check_rule; differences; report; bounds."""

import numpy as np
import pytest

import autograd as ag
from autograd import Value, check_hessian, check_jacobian, check_rule, check_vjp
from autograd.accuracy import Tape, gradient_bounds
from autograd.checking import check_gradient

A = np.array([[2.0, 1.0], [0.5, 3.0]])
X, W = np.arange(6.0).reshape(2, 3) / 3, np.linspace(-1, 1, 12).reshape(3, 4)


def test_a_vjp():
    def forward(x, w):
        return np.tanh(x @ w)

    def backward(g, x, w):
        d = g * (1 - np.tanh(x @ w) ** 2)
        return d @ w.T, x.T @ d

    assert check_vjp(forward, backward, X, W).ok
    wrong = check_vjp(forward, lambda g, x, w: backward(1 + 0 * g, x, w), X, W)
    assert not wrong.ok
    assert check_vjp(forward, lambda g, x, w: backward(g, x, w)[1], X, W, argnums=1).ok


def test_a_vjp_in_the_style_of_course_exercises():
    def forward(x, w):
        return x @ w, (x, w)

    def backward(dout, cache):
        x, w = cache
        return dout @ w.T, x.T @ dout

    assert check_vjp(forward, backward, X, W, cache=True).ok
    report = check_vjp(
        forward, lambda d, c: tuple(-g for g in backward(d, c)), X, W, cache=True
    )
    assert report.diagnosis.kind == "sign"


@pytest.mark.parametrize("differenced", [False, True])
def test_a_backward_that_is_right_for_one_cotangent_only(differenced):
    kept = []

    def forward(x, w):
        if differenced:
            x, w = np.array(x, float), np.array(w, float)
        return np.tanh(x @ w)

    def backward(g, x, w):
        kept.append(g.copy())
        d = kept[0] * (1 - np.tanh(x @ w) ** 2)  # a stale one
        return d @ w.T, x.T @ d

    def half(g, x, w):
        kept.append(g.copy())
        d, old = (c * (1 - np.tanh(x @ w) ** 2) for c in (g, kept[0]))
        return d @ w.T, x.T @ old

    for wrong, where in ((backward, "everywhere"), (half, "in w")):
        kept.clear()
        assert check_vjp(forward, wrong, X, W, points=0).ok  # the one that it keeps
        kept.clear()
        report = check_vjp(forward, wrong, X, W, points=2)
        assert not report.ok
        assert str(report.diagnosis) == (
            f"constant: backward gives the same for every cotangent {where}"
        )


def test_a_wrong_backward_that_raises_for_another_cotangent_is_reported():
    kept = []

    def backward(g, x):
        kept.append(g.copy())
        if (kept[0] != g).any():
            raise KeyError("another cotangent")
        return 3 * g * x

    report = check_vjp(lambda x: x**2, backward, np.ones(3), points=0)
    assert report.diagnosis.kind == "factor"
    kept.clear()
    report = check_vjp(lambda x: x**2, backward, np.ones(3), points=1)
    assert not report.ok
    assert "KeyError: 'another cotangent'" in str(report)


def test_cotangents_come_from_the_seed():
    seen = []

    def backward(g, x):
        seen.append(g.tolist())
        return 2 * g * x

    for seed in (0, 0, 1):
        check_vjp(lambda x: x**2, backward, np.ones(3), seed=seed, points=3)
    first, second, other = np.array(seen).reshape(3, -1, 3)
    assert (first == second).all()
    assert (first != other).any(axis=1).all()
    assert len(np.unique(first, axis=0)) == 4  # one a point


def test_what_is_the_same_at_all_points_is_told_for_one_cotangent():
    def floats(x):
        return np.array([float(v) ** 2 + float(v) for v in x])

    x = np.ones(3)
    report = check_vjp(lambda x: x**2, lambda g, x: 3 * g, x)
    assert report.diagnosis.kind == "constant"
    assert "the same at all points" in str(report.diagnosis)
    report = check_vjp(floats, lambda g, x: 2 * g * x, x)
    assert report.diagnosis.kind == "offset"
    assert check_vjp(floats, lambda g, x: g * (2 * x + 1), x).ok


def test_a_backward_that_changes_its_cotangent():
    def backward(g, x):
        g *= 2
        return g

    report = check_vjp(lambda x: 2 * x, backward, np.ones(3))
    assert report.diagnosis.kind == "mutates-arguments"


def test_a_jacobian():
    def hand(x):
        return (1 - np.tanh(A @ x) ** 2)[:, None] * A

    def fn(x):
        return np.tanh(A @ x)

    x = np.array([0.3, -0.2])
    assert check_jacobian(fn, hand, x).ok
    assert check_jacobian(fn, lambda x: hand(x).T, x).diagnosis.kind == "transposed"


def test_a_hessian():
    def fn(x):
        return (x**3).sum() + x[0] * x[1]

    x = np.array([1.0, 2.0])
    assert check_hessian(fn, lambda x: np.diag(6 * x) + np.eye(2)[::-1], x).ok
    assert not check_hessian(fn, lambda x: np.diag(6 * x), x).ok


def test_a_rule_that_is_a_thousandth_wrong_fails():
    @ag.rule(partials=lambda m, out, x: (2 * x * m.rational(1001, 1000),))
    def bad(m, x):
        return x * x

    @ag.rule(partials=lambda m, out, x: (2 * x * 1.001,), opaque=True)
    def hidden(m, x):
        return x * x

    for rule in (bad, hidden):
        report = check_rule(rule, 1.5)
        assert report.diagnosis.kind == "factor"
        assert "1.001" in str(report)


def test_a_function_of_floats_is_differenced():
    def fn(x):
        return float(np.exp(float(x[0])) * float(x[1]) ** 2)

    def hand(x):
        return np.array([np.exp(x[0]) * x[1] ** 2, 2 * np.exp(x[0]) * x[1]])

    x = np.array([0.5, 2.0])
    report = check_gradient(fn, hand, x)
    assert report.ok, report
    assert "differences" in report.reference
    assert not check_gradient(fn, lambda x: hand(x) * (1 + 1e-6), x).ok


def test_a_complex_step_that_lies_is_not_believed():
    def fn(x):
        if isinstance(x, Value):
            raise TypeError("no Values")
        return np.abs(x) ** 2 + x * 0

    report = check_gradient(fn, lambda x: 2 * x, 1.5)
    assert report.ok, report
    with_step = check_gradient(lambda x: abs(x) * x, lambda x: 2 * x, 1.5)
    assert with_step.ok


def test_many_coordinates_by_differences_are_found_by_bisection():
    def fn(x):
        return sum(float(v) ** 2 for v in x)

    def hand(x):
        g = 2 * x
        g[1234] *= 1.01
        return g

    x = np.linspace(0.5, 1.5, 1500)
    assert check_gradient(fn, lambda x: 2 * x, x, points=0).ok
    report = check_gradient(fn, hand, x, points=0)
    assert not report.ok
    assert report.worst.index == "x[1234]"


def test_the_report_as_a_page_and_as_a_plot():
    report = check_gradient(
        lambda w: (w**2).sum(), lambda w: 2.1 * w * (w > 0), np.array([[1.0, -2.0]])
    )
    page = report._repr_html_()
    assert "WRONG in 2 of 2" in page
    assert page.count("<rect") == 2
    axes, colours = report.plot().axes
    assert colours
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "1"]
    text = str(report)
    assert text.index("WRONG") < text.index("w[0, 1]") < text.index("reference:")
    assert report.table[0] == report.worst


def test_bounds_hold_for_sums_in_any_order():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200) * 10.0 ** rng.integers(-6, 7, 200)
    leaves = [Value(v) for v in x.tolist()]
    (bound,) = set(gradient_bounds(Tape(ag.sum(leaves) ** 2), leaves).tolist())
    exact = 2 * float(np.sum(x.astype(object)))
    for order in range(50):
        total = 0.0
        for v in np.random.default_rng(order).permutation(x):
            total += v
        assert abs(2 * total - exact) <= 2 * bound
    assert bound < 1e-9 * np.abs(x).sum()
