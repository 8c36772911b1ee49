"""Derivatives of functions of arrays: arrays in, arrays out."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

import autograd as ag
from autograd import (
    ArgumentError,
    Value,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    value_and_grad,
    vjp,
)


def rosenbrock(x):
    return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))


A = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])
X = np.array([2.0, 3.0, 5.0])


def is_plain(found, expected):
    """Tell whether an array is one of plain floats, with these entries."""
    return (
        type(found) is np.ndarray
        and found.dtype == float
        and found.shape == np.shape(expected)
        and np.array_equal(found, expected)
    )


def squares(x):
    return np.sum(x * x)


@pytest.mark.parametrize(
    "argument",
    [
        A,
        A[:, ::-2],
        np.asfortranarray(A),
        np.array([1, 2]),
        np.array([0.5, 2.0], dtype=np.float32),
        np.array(3.0),
        np.zeros((0, 2)),
    ],
    ids=lambda a: f"{a.dtype}{a.shape}",
)
def test_an_array_has_an_array_of_floats_as_gradient(argument):
    before = argument.copy()
    value, found = value_and_grad(squares)(argument)
    assert is_plain(found, 2.0 * argument)
    assert isinstance(value, float)
    assert value == (before.astype(float) ** 2).sum()
    assert np.array_equal(argument, before)
    assert is_plain(hvp(squares)(argument, argument), 2.0 * argument)


def test_arrays_within_containers():
    p = {"w": A, "b": [np.ones(2), 2.0]}
    f = lambda p, x: np.sum(p["w"] @ x * p["b"][0]) * p["b"][1]  # noqa: E731
    slope, of_x = grad(f, (0, 1))(p, X)
    assert is_plain(slope["w"], [2 * X, 2 * X])
    assert is_plain(slope["b"][0], 2 * A @ X)
    assert slope["b"][1] == (A @ X).sum()
    assert is_plain(of_x, 2 * A.sum(axis=0))


@pytest.mark.parametrize("mode", [None, "reverse", "forward"])
def test_a_jacobian_of_arrays_has_the_shape_of_both(mode):
    assert is_plain(jacobian(lambda x: A @ x, mode=mode)(X), A)
    found = jacobian(lambda x: np.outer(x, x), mode=mode)(X)
    assert found.shape == (3, 3, 3)
    assert is_plain(found[1], [[3, 2, 0], [0, 6, 0], [0, 5, 3]])
    assert is_plain(jacobian(lambda b: b @ X, mode=mode)(A)[1], [[0, 0, 0], X])
    assert is_plain(jacobian(lambda x: x * X, mode=mode)(2.0), X)
    found = jacobian(lambda x: {"s": x[0] * x[2], "r": x[1:] ** 2}, mode=mode)(X)
    assert is_plain(found["s"], [5, 0, 2])
    assert is_plain(found["r"], [[0, 6, 0], [0, 0, 10]])
    found = jacobian(lambda p: p["a"] * p["b"], mode=mode)({"a": X, "b": 7.0})
    assert is_plain(found["a"], 7 * np.eye(3))
    assert is_plain(found["b"], X)


@pytest.mark.parametrize("mode", [None, "reverse", "forward"])
def test_a_hessian_of_an_array_is_a_matrix(mode):
    # f = xᵀx·x₀: ∇f = 2x₀·x + xᵀx·e₀
    expected = 2 * X[0] * np.eye(3)
    expected[0] += 2 * X
    expected[:, 0] += 2 * X
    f = lambda x: x @ x * x[0]  # noqa: E731
    assert is_plain(hessian(f, mode=mode)(X), expected)
    assert is_plain(hvp(f)(X, np.array([1.0, 0.0, 2.0])), expected @ [1.0, 0.0, 2.0])


def test_pullbacks_and_tangents_of_arrays():
    value, pullback = vjp(lambda a, x: a @ x, A, X)
    assert is_plain(value, A @ X)
    of_a, of_x = pullback(np.array([1.0, 10.0]))
    assert is_plain(of_a, [X, 10 * X])
    assert is_plain(of_x, A.T @ [1.0, 10.0])
    value, tangent = jvp(lambda x: A @ x, (X,), (np.ones(3),))
    assert is_plain(value, A @ X)
    assert is_plain(tangent, A @ np.ones(3))
    with pytest.raises(
        ArgumentError, match=r"cotangent must be an array of shape \(2,"
    ):
        pullback(np.ones(3))


def test_a_function_may_change_the_array_it_is_given():
    def f(x):
        x[0] = x[1] * x[2]
        x[1] = 7.0
        x *= 2.0
        return x.sum()

    x = X.copy()
    assert is_plain(grad(f)(x), [0, 10, 8])  # ∇ of 2·x₁x₂ + 14 + 2·x₂
    assert np.array_equal(x, X)


def test_arrays_of_values_give_arrays_of_values():
    v = ag.array(X)
    slope = grad(lambda x: (x**3).sum())(v)
    assert type(slope) is ag.ValueArray
    assert is_plain(slope.data, 3 * X**2)
    slope.sum().backward()
    assert is_plain(v.grad, 6 * X)
    w = Value(2.0)
    slope = grad(lambda x: (w * x * x).sum())(X)
    assert type(slope) is ag.ValueArray
    assert slope[1].gradient([w]) == [6.0]
    entries = np.array([Value(1.0), Value(2.0)], dtype=object)
    assert is_plain(grad(squares)(entries).data, [2, 4])
    with no_grad():
        assert is_plain(grad(squares)(v), 2 * X)
        assert is_plain(jacobian(lambda x: x * w)(v), 2 * np.eye(3))


def test_arrays_of_exact_numbers_stay_exact():
    x = np.array([Fraction(1, 3), 2], dtype=object)
    found = grad(squares)(x)
    assert found.dtype == object
    assert found.tolist() == [Fraction(2, 3), Fraction(4)]
    assert [type(entry) for entry in found] == [Fraction] * 2


@pytest.mark.parametrize("outer", [grad, jacobian])
def test_perturbations_of_arrays_are_not_confused(outer):
    # f = Σᵢ ∂/∂yᵢ (Σ xⱼ·yⱼ²) at y = x, which is Σ 2xᵢ²
    f = lambda x: np.sum(grad(lambda y: np.sum(x * y**2))(x))  # noqa: E731
    assert is_plain(outer(f)(X), 4 * X)
    assert is_plain(jacobian(outer(f), mode="forward")(X), 4 * np.eye(3))


def test_another_librarys_hand_derived_functions():
    optimize = pytest.importorskip("scipy.optimize")
    x, v = np.array([1.3, 0.7, 0.8, 1.9]), np.array([1.0, -2.0, 0.5, 3.0])
    assert np.allclose(grad(rosenbrock)(x), optimize.rosen_der(x), rtol=1e-13)
    assert np.allclose(hessian(rosenbrock)(x), optimize.rosen_hess(x), rtol=1e-13)
    product = optimize.rosen_hess_prod(x, v)
    assert np.allclose(hvp(rosenbrock)(x, v), product, rtol=1e-13)
    found = optimize.minimize(value_and_grad(rosenbrock), x, jac=True, method="BFGS")
    assert np.allclose(found.x, 1.0, atol=1e-5)
