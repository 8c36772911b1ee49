"""Bad input: each a clear error or a report that is not ok; nothing passes unseen."""

import numpy as np
import pytest

import autograd as ag
from autograd.checking import check_gradient, check_jacobian, check_rule, check_vjp
from autograd.errors import ArgumentError, MissingExtraError, NumberError


def test_a_wrong_shape_names_the_argument_and_both_shapes():
    report = check_gradient(
        lambda x, w: (x @ w).sum(),
        lambda x, w: (np.ones((2, 2)), x.sum(0)),
        np.ones((2, 3)),
        np.ones(3),
    )
    assert not report.ok
    assert "the gradient of x has shape (2, 2), the argument has shape (2, 3)" in str(
        report
    )


def test_a_broadcast_that_was_not_summed_is_seen_in_the_shape():
    x = np.arange(6.0).reshape(2, 3)
    report = check_gradient(
        lambda b: ((x + b) ** 2).sum(), lambda b: 2 * (x + b), np.ones(3)
    )
    assert report.diagnosis.kind == "missing-path"
    assert "summed over axis 0" in str(report)


def test_gradients_in_another_order_are_seen_in_the_shapes():
    report = check_gradient(
        lambda a, b: (a * a).sum() * (b * b).sum(),
        lambda a, b: (2 * b * (a * a).sum(), 2 * a * (b * b).sum()),
        np.ones(2),
        np.ones(3) * 2,
    )
    assert report.diagnosis.kind == "swapped-arguments"


@pytest.mark.parametrize("found", [None, "text", [1.0], (1.0, 2.0, 3.0), {"x": 1.0}])
def test_what_is_no_gradient_is_no_verdict(found):
    report = check_gradient(lambda x, y: x * y, lambda x, y: found, 1.0, 2.0)
    assert not report.ok
    assert report.failure


@pytest.mark.parametrize(
    "fn", [lambda x: x * 2, lambda x: [x[0], x[1]], lambda x: None, lambda x: "1"]
)
def test_a_function_must_return_one_number(fn):
    with pytest.raises(ArgumentError, match="must return one number"):
        check_gradient(fn, lambda x: x, np.ones(2))


def test_a_gradient_that_raises_is_reported_with_the_point():
    def hand(x):
        raise KeyError("lost")

    report = check_gradient(lambda x: x**2, hand, 3.0)
    assert not report.ok
    assert "raised KeyError: 'lost'" in str(report)
    assert "x = 3.0" in str(report)


def test_a_gradient_that_raises_later_is_not_ok_either():
    def hand(x):
        if x > 3:
            raise ValueError("too large")
        return 2 * x

    assert "too large" in check_gradient(lambda x: x**2, hand, 3.0).failure


@pytest.mark.parametrize("x", [np.nan, np.inf])
def test_arguments_must_be_finite(x):
    with pytest.raises(ArgumentError, match=r"x\[1\] is (nan|inf)"):
        check_gradient(lambda x: x.sum(), np.ones_like, np.array([1.0, x]))


def test_integers_are_converted_and_it_is_said():
    report = check_gradient(lambda x: (x**2).sum(), lambda x: 2 * x, np.array([1, 2]))
    assert report.ok
    assert "x holds integers: they were converted to floats" in str(report)


def test_nothing_to_compare_is_an_error():
    with pytest.raises(ArgumentError, match="nothing to compare"):
        check_gradient(lambda x: x.sum(), lambda x: x, np.zeros(0))
    with pytest.raises(ArgumentError, match="nothing to check"):
        check_gradient(lambda: 1.0, lambda: 1.0)


def test_an_empty_array_beside_another_is_said():
    report = check_gradient(
        lambda x, y: x.sum() ** 2 + y.sum(),
        lambda x, y: (2 * x.sum() * np.ones(2), np.zeros(0)),
        np.ones(2),
        np.zeros(0),
    )
    assert report.ok
    assert "y has shape (0,): no coordinate, nothing compared" in str(report)


def test_a_function_that_is_finite_nowhere_is_a_failure():
    report = check_gradient(ag.log, lambda x: 1 / x, -5.0)
    assert not report.ok
    assert "nothing was compared" in str(report)
    assert report.redrawn == 161


def test_points_that_are_drawn_again_are_counted():
    report = check_gradient(ag.log, lambda x: 1 / x, 0.02)
    assert report.ok, report
    assert report.redrawn > 0
    assert f"at {report.redrawn} points the function is not finite" in str(report)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"points": -1}, "points is how many"),
        ({"points": 2.5}, "points is how many"),
        ({"precision": "half"}, 'precision is "single", "double"'),
        ({"reference": "guess"}, 'reference is "values"'),
        ({"argnums": 3}, "argnums is 3"),
        ({"argnums": (0, 0)}, "name an argument twice"),
    ],
)
def test_options_are_checked(options, words):
    with pytest.raises(ArgumentError, match=words):
        check_gradient(lambda x: x**2, lambda x: 2 * x, 1.0, **options)


def test_a_reference_on_values_can_be_forced():
    with pytest.raises(NumberError, match="fn does not run on Values: CutGraphError"):
        check_gradient(lambda x: float(x), lambda x: 1.0, 1.0, reference="values")


def test_a_missing_package_names_its_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "scipy.differentiate", None)
    with pytest.raises(MissingExtraError, match=r"scalar-autograd\[check\]"):
        check_gradient(lambda x: float(x) ** 2, lambda x: 2 * x, 1.0)


def test_without_mpmath_the_50_digits_are_missed_and_it_is_said(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mpmath", None)
    report = check_gradient(lambda x: x**2, lambda x: 2 * x, 1.0)
    assert report.ok
    assert "mpmath is not installed" in str(report)


def test_the_other_checks_say_what_they_take():
    with pytest.raises(ArgumentError, match="check_rule takes a function made by"):
        check_rule("no such row")
    with pytest.raises(ArgumentError, match="forward must return numbers"):
        check_vjp(lambda x: "out", lambda g, x: g, 1.0)
    with pytest.raises(ArgumentError, match=r"forward returns \(out, cache\)"):
        check_vjp(lambda x: x, lambda g, c: g, np.ones(2), cache=True)
    with pytest.raises(ArgumentError, match="fn returns no number"):
        check_jacobian(lambda x: x[:0], lambda x: x, np.ones(2))
