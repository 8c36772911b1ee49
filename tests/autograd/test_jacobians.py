"""`jacobian`, `hessian`, `hvp`: structures, modes, values by hand."""

import itertools

import pytest

import autograd as ag
from autograd import (
    ArgumentError,
    grad,
    hessian,
    hvp,
    jacobian,
)


def volume(a, b, c):
    return a * b**2 * c**3


@pytest.mark.parametrize("mode", [None, "reverse", "forward"])
def test_a_jacobian_nests_the_argument_in_the_result(mode):
    def f(p, s):
        return {"u": p["a"] * s, "v": (p["a"] * p["b"][0], p["b"][1])}

    found = jacobian(f, (0, 1), mode)({"a": 2.0, "b": [3.0, 5.0]}, 7.0)
    assert found == {
        "u": ({"a": 7.0, "b": [0.0, 0.0]}, 2.0),
        "v": (
            ({"a": 3.0, "b": [2.0, 0.0]}, 0.0),
            ({"a": 0.0, "b": [0.0, 1.0]}, 0.0),
        ),
    }


@pytest.mark.parametrize("mode", [None, "reverse", "forward"])
def test_empty_jacobians(mode):
    assert jacobian(lambda x: [], mode=mode)([1.0]) == []
    assert jacobian(lambda x: [1.0, 2.0], mode=mode)([]) == [[], []]
    assert jacobian(lambda x: [], mode=mode)([]) == []


def test_the_cheaper_mode_is_chosen(monkeypatch):
    from autograd import forward, reverse

    sweeps = []
    for module, name in [(forward, "tangents"), (reverse, "cotangents")]:
        original = getattr(module, name)

        def counted(*args, name=name, original=original):
            sweeps.append(name)
            return original(*args)

        monkeypatch.setattr(module, name, counted)
    jacobian(lambda x: [k * x[0] for k in range(9)])([1.0, 2.0])
    assert sweeps == ["tangents"] * 2
    sweeps.clear()
    jacobian(lambda x: [x[0], x[1], x[0]])([1.0, 2.0])
    assert sweeps == ["cotangents"] * 3


@pytest.mark.parametrize("operator", [jacobian, hessian])
def test_an_unknown_mode_is_refused(operator):
    with pytest.raises(ArgumentError, match='mode is "reverse", "forward" or None'):
        operator(volume, mode="both")


def rosenbrock(x):
    return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))


ROSENBROCK_AT = [1.5, -0.5, 2.0]
# ∂aa = 1200a² − 400b + 2 (+ 200 where it is also a b), ∂ab = −400a
ROSENBROCK_HESSIAN = [
    [1200 * 1.5**2 + 400 * 0.5 + 2, -600.0, 0.0],
    [-600.0, 200 + 1200 * 0.5**2 - 800 + 2, 200.0],
    [0.0, 200.0, 200.0],
]


@pytest.mark.parametrize("mode", [None, "reverse", "forward"])
def test_a_hessian_by_hand(mode):
    assert hessian(rosenbrock, mode=mode)(ROSENBROCK_AT) == ROSENBROCK_HESSIAN


def test_a_hessian_vector_product_is_the_hessian_times_the_vector():
    vector = [1.0, 2.0, -1.0]
    expected = [
        sum(h * v for h, v in zip(row, vector, strict=True))
        for row in ROSENBROCK_HESSIAN
    ]
    assert hvp(rosenbrock)(ROSENBROCK_AT, vector) == pytest.approx(expected, rel=1e-15)
    by_reverse = grad(lambda x: ag.dot(grad(rosenbrock)(x), vector))(ROSENBROCK_AT)
    assert by_reverse == pytest.approx(expected, rel=1e-15)
