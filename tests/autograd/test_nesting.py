"""Derivatives within derivatives, Values out, and nothing else touched."""

import gc
import itertools
import sys
import threading
from fractions import Fraction

import mpmath
import pytest
from mpmath import mpf

import autograd as ag
from autograd import (
    StaleGraphError,
    Value,
    grad,
    hessian,
    jacobian,
    jvp,
    no_grad,
    value_and_grad,
    vjp,
)
from autograd.modes import ACTIVE, RUNS, STATE


@pytest.fixture(autouse=True)
def nothing_left_behind():
    yield
    assert (ACTIVE, RUNS, STATE.entered, STATE.leaves) == ([], [], [], None)


def pushed(f):
    """The derivative of a scalar function of a scalar by forward mode."""
    return lambda x: jvp(f, (x,), (1.0,))[1]


def pulled(f):
    """The same by vjp."""
    return lambda x: vjp(f, x)[1](1.0)[0]


OPERATORS = {"grad": grad, "forward": pushed, "vjp": pulled}
PAIRS = list(itertools.product(OPERATORS.values(), repeat=2))
TRIPLES = list(itertools.product([grad, pushed], repeat=3))


# Nesting


# (D the inner operator, a function of x, a point, its derivative there)
CONFUSIONS = [
    # d/dx [x · d/dy (x + y)] = 1, and not 2 (Siskind and Pearlmutter, 2005)
    (lambda D: lambda x: x * D(lambda y: x + y)(1.0), 1.0, 1.0),
    # d/dx [x · d/dy (x·y)|y=2] = d/dx x² = 2x
    (lambda D: lambda x: x * D(lambda y: x * y)(2.0), 3.0, 6.0),
    # d/dx [d/dy (x·y²)|y=3] = 6, d/dx [d/dy (x·y²)|y=x] = d/dx 2x² = 4x
    (lambda D: lambda x: D(lambda y: x * y**2)(3.0), 5.0, 6.0),
    (lambda D: lambda x: D(lambda y: x * y**2)(x), 3.0, 12.0),
    # d/dx [d/dy y³|y=x²] = d/dx 3x⁴ = 12x³
    (lambda D: lambda x: D(lambda y: y**3)(x * x), 2.0, 96.0),
    # The inner function does not use the outer variable, or nothing at all.
    (lambda D: lambda x: x * D(lambda y: y**2)(5.0), 3.0, 10.0),
    (lambda D: lambda x: D(lambda y: 3 * y)(x), 2.0, 0.0),
    (lambda D: lambda x: D(lambda y: 3.0)(x) + x, 2.0, 1.0),
    (lambda D: lambda x: D(lambda y: x)(1.0), 2.0, 0.0),
    (lambda D: lambda x: D(lambda y: y)(x) * x, 2.0, 1.0),
    # Values that the functions make are constants.
    (lambda D: lambda x: D(lambda y: y**2 * Value(4.0))(x) + Value(1.0), 2.0, 8.0),
    (lambda D: lambda x: D(lambda y: y * Value(4.0))(3.0) * x, 2.0, 4.0),
]


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
@pytest.mark.parametrize(("make", "point", "expected"), CONFUSIONS)
def test_perturbations_are_not_confused(outer, inner, make, point, expected):
    found = outer(make(inner))(point)
    assert found == expected
    assert type(found) is float  # and not a Value: nothing came from outside


@pytest.mark.parametrize(("first", "second", "third"), TRIPLES)
def test_three_levels_and_every_variable_at_every_level(first, second, third):
    def f(x):
        def g(y):
            return y * third(lambda z: x * y * ag.sin(z) * z)(x * y)

        return x**2 * second(g)(x)

    # With s(u) = d/du (u·sin u) = sin u + u·cos u:
    # f(x) = x² · d/dy [x·y²·s(x·y)] at y = x
    with mpmath.workdps(40):
        s = lambda u: mpmath.sin(u) + u * mpmath.cos(u)  # noqa: E731
        inner = lambda x: mpmath.diff(lambda y: x * y**2 * s(x * y), x)  # noqa: E731
        expected = mpmath.diff(lambda x: x**2 * inner(x), mpf("0.7"))
    assert first(f)(0.7) == pytest.approx(float(expected), rel=1e-13)


@pytest.mark.parametrize(("first", "second", "third"), TRIPLES)
def test_third_derivatives_in_every_order_of_modes(first, second, third):
    f = lambda x: ag.exp(2 * x) * ag.sin(x) / x  # noqa: E731
    with mpmath.workdps(40):
        expected = mpmath.diff(
            lambda x: mpmath.exp(2 * x) * mpmath.sin(x) / x, mpf("0.8"), 3
        )
    assert first(second(third(f)))(0.8) == pytest.approx(float(expected), rel=1e-13)


def test_a_hundred_steps_of_descent_are_differentiated():
    # Steps x ← x − r(x − a) on ½(x − a)²: x_n − a = (1−r)ⁿ(x₀ − a); derivative by r
    def descend(r):
        x = 3.0
        for _ in range(100):
            x = x - r * grad(lambda x: (x - 1.0) ** 2 / 2)(x)
        return x

    value, slope = value_and_grad(descend)(0.01)
    assert value == pytest.approx(1 + 2 * 0.99**100, rel=1e-14)
    assert slope == pytest.approx(-200 * 0.99**99, rel=1e-13)


def test_what_lies_behind_the_arguments_is_not_walked_again():
    v = Value(1.0)
    for _ in range(20_000):
        v = v * 1.0
    seen = []
    run = lambda x: seen.append(1) or x**2  # noqa: E731

    def visits(f):
        """Count the steps of Python in a call, as a clock that does not jitter."""
        count = 0

        def trace(frame, event, argument):
            nonlocal count
            count += 1

        sys.setprofile(trace)
        try:
            f()
        finally:
            sys.setprofile(None)
        return count

    assert visits(lambda: grad(run)(v)) < 2000
    assert visits(lambda: pushed(run)(v)) < 2000
    product = jacobian(lambda x: x[0] * x[1], mode="forward")
    assert visits(lambda: product([v, v])) < 2000


# When results are Values


def kinds(result):
    return {
        type(x).__name__ for x in (result if isinstance(result, tuple) else [result])
    }


def test_closed_over_values_make_the_results_values():
    w = Value(3.0)
    value, slope = value_and_grad(lambda x: w * x**2)(2.0)
    assert (value.data, slope.data) == (12.0, 12.0)
    slope.backward()
    assert w.grad == 4.0
    found = jacobian(lambda x: [w * x, x])(2.0)
    assert [d.data for d in found] == [3.0, 1.0]
    assert kinds(tuple(found)) == {"Value"}
    assert jvp(lambda x: w * x, (2.0,), (5.0,))[1].gradient([w]) == [5.0]


def test_value_arguments_make_the_results_values():
    v, w = Value(2.0, label="v"), Value(3.0)
    value, slopes = value_and_grad(lambda x, y: x**2 * y, (0, 1))(v, 3.0)
    assert (value.data, [s.data for s in slopes]) == (12.0, [12.0, 4.0])
    assert slopes[0].gradient([v]) == [6.0]
    assert value.gradient([v]) == [12.0]
    assert grad(lambda x, y: x * y)(2.0, w).gradient([w]) == [1.0]
    constant = grad(lambda x: 3.0)(v)
    assert isinstance(constant, Value)
    assert constant.data == 0.0
    assert grad(lambda x: x)(Value(Fraction(1, 2))).data == Fraction(1)
    assert vjp(lambda x: x, 2.0)[1](v)[0].gradient([v]) == [1.0]
    assert kinds(vjp(lambda x, y: x, 2.0, 3.0)[1](v)) == {"Value"}
    assert jvp(lambda x: x**2, (2.0,), (v,))[1].gradient([v]) == [4.0]
    assert (v.grad, w.grad) == (0.0, 0.0)


def test_a_leaf_stands_in_for_the_argument_under_its_label():
    v = Value(2.0, label="v")
    seen = []
    grad(lambda x: seen.append(x) or x)(v)
    assert seen[0] is not v
    assert (seen[0].data, seen[0].label) == (2.0, "v")
    assert seen[0].parents[0] is v


def test_values_that_the_function_makes_are_constants():
    def f(x):
        with no_grad():
            c = x * 2
        return x * Value(2.0) * x.detach() * c

    assert value_and_grad(f)(3.0) == (108.0, 36.0)
    assert kinds(value_and_grad(f)(3.0)) == {"float"}
    assert grad(lambda x: grad(f)(2.0) * x)(1.0) == 16.0
    assert kinds(grad(lambda x: grad(f)(2.0) * x)(1.0)) == {"float"}

    keep = []

    def with_a_parameter(x):
        if not keep:
            keep.append(Value(5.0))
        return keep[0] * x

    assert kinds(grad(with_a_parameter)(1.0)) == {"float"}
    assert kinds(grad(with_a_parameter)(1.0)) == {"Value"}


def same(found, expected):
    """Tell whether results are equal, and of equal kind: Value(1.0) == 1.0 is true."""
    return repr(found) == repr(expected)


def test_within_no_grad_derivatives_are_plain_numbers():
    w, v = Value(3.0), Value(2.0)
    _, pullback = vjp(lambda x: w * x, 2.0)
    with no_grad():
        assert same(grad(lambda x: w * x**2)(2.0), 12.0)
        assert same(value_and_grad(lambda x: x**2)(v), (4.0, 4.0))
        assert same(grad(grad(lambda x: x**3))(v), 12.0)
        assert same(jvp(lambda x: x**2, (v,), (w,)), (4.0, 12.0))
        assert same(vjp(lambda x: x**2, v)[1](w), (12.0,))
        assert same(hessian(lambda x: x**3)(2.0), 12.0)
        assert same(pullback(w), (9.0,))
        assert (w * 2).is_leaf
    assert pullback(1.0)[0].gradient([w]) == [1.0]


def test_no_grad_inside_the_function_is_respected():
    def f(x):
        with no_grad():
            c = x**2
        return c * x

    assert grad(f)(3.0) == 9.0

    def g(x):
        with no_grad():
            c = grad(lambda y: y**2)(x)
        return c * x

    assert grad(g)(3.0) == 6.0


# Nothing else is touched


def test_derivatives_touch_no_grad_attribute():
    w, v = Value(3.0), Value(2.0)
    grad(lambda x: w * x)(2.0)
    grad(grad(lambda x: w * x**3))(v)
    hessian(lambda x: w * x**3)(2.0)
    jvp(lambda x: w * x, (v,), (1.0,))
    assert (w.grad, v.grad) == (0.0, 0.0)


def test_an_exception_in_the_function_leaves_nothing_behind():
    def f(x):
        raise ZeroDivisionError("mine")

    for derivative in (grad(f), grad(lambda x: x * grad(f)(x)), hessian(f)):
        with pytest.raises(ZeroDivisionError, match="mine"):
            derivative(1.0)
        with no_grad(), pytest.raises(ZeroDivisionError, match="mine"):
            derivative(1.0)
        assert RUNS == []
    assert grad(lambda x: x**2)(3.0) == 6.0


def test_a_changed_leaf_reaches_the_user_as_an_error():
    w = Value(3.0)

    def f(x):
        y = w * x
        w.data += 1.0
        return y * x

    for derivative in (grad(f), pushed(f)):
        with pytest.raises(StaleGraphError, match="changed after mul was computed"):
            derivative(2.0)


def test_threads_do_not_disturb_each_other():
    w = Value(0.5)

    def loss(x):
        inner = grad(lambda y: ag.sin(w * y) * x)(x)
        return ag.exp(inner * 0.1) + x.detach() * 0.0

    expected = grad(loss)(1.25).data
    results = []

    def work():
        for _ in range(30):
            results.append(grad(loss)(1.25).data)
            with no_grad():
                results.append(grad(loss)(1.25))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 240
    assert set(results) == {expected}


def test_no_cyclic_garbage():
    def f(x):
        return ag.sin(x[0] * x[1]) + x[0] ** 3

    def derive():
        w, x = Value(2.0), [1.5, 0.5]
        hessian(f)(x)
        grad(lambda x: w * x)(1.0)
        vjp(f, x)[1](1.0)
        jvp(f, (x,), (x,))

    derive()
    gc.collect()
    gc.disable()
    try:
        derive()
        assert gc.collect() == 0
    finally:
        gc.enable()
