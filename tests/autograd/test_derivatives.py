"""`vjp`, `jvp`, `grad` and the others: arguments, results, seeds and messages."""

import inspect
import math
from collections import namedtuple
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import autograd as ag
from autograd import (
    ArgumentError,
    NumberError,
    Value,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
)

Point = namedtuple("Point", "x y")


def pushed(f):
    """The derivative of a scalar function of a scalar by forward mode."""
    return lambda x: jvp(f, (x,), (1.0,))[1]


def pulled(f):
    """The same by vjp."""
    return lambda x: vjp(f, x)[1](1.0)[0]


# Structures in, the same structures out


def total(nest):
    """x₁·1 + x₂²·2 + x₃³·3 + ... of the numbers of a nest in order."""
    if isinstance(nest, dict):
        nest = list(nest.values())
    flat = []
    for item in nest if isinstance(nest, list | tuple) else [nest]:
        flat += item if isinstance(item, list | tuple) else [item]
    return ag.sum([k * x**k for k, x in enumerate(flat, 1)])


NESTS = {  # the partials of k·x^k are k²·x^(k−1)
    "float": (3.0, 1.0),
    "int": (3, 1.0),
    "numpy scalar": (np.float64(3.0), 1.0),
    "numpy int": (np.int64(3), 1.0),
    "Fraction": (Fraction(1, 3), Fraction(1)),
    "list": ([5.0, 3], [1.0, 12.0]),
    "tuple": ((5.0, 3.0, 2.0), (1.0, 12.0, 36.0)),
    "namedtuple": (Point(5.0, 3.0), Point(1.0, 12.0)),
    "nested": ([5.0, (3.0, 2.0)], [1.0, (12.0, 36.0)]),
    "dict": ({"b": 5.0, "a": 3.0}, {"b": 1.0, "a": 12.0}),
    "dict of lists": ({"w": [5.0, 3.0], "b": 2.0}, {"w": [1.0, 12.0], "b": 36.0}),
    "ints beside Fractions": ([2, Fraction(1, 3)], [Fraction(1), Fraction(4, 3)]),
    "mpf": ([mpf(5), 3], [mpf(1), mpf(12)]),
}


@pytest.mark.parametrize("name", NESTS)
def test_a_gradient_has_the_structure_of_the_argument(name):
    argument, expected = NESTS[name]
    found = grad(total)(argument)
    assert found == expected
    assert repr(found) == repr(expected)  # the kind of each number too
    assert value_and_grad(total)(argument)[1] == expected
    assert vjp(total, argument)[1](1) == (expected,)


def test_the_argument_is_not_changed():
    argument = [1.0, [2.0]]
    grad(lambda x: x[0] * x[1][0])(argument)
    assert argument == [1.0, [2.0]]


def test_values_come_as_plain_numbers():
    assert value_and_grad(lambda x: x**2)(3.0) == (9.0, 6.0)
    value, _ = vjp(lambda x: {"a": [x, 2 * x], "b": 1.0}, 3.0)
    assert value == {"a": [3.0, 6.0], "b": 1.0}
    assert type(value["a"][0]) is float


# Which arguments


def volume(a, b, c):
    return a * b**2 * c**3


ARGNUMS = {  # at (2, 3, 5): ∂a = 1125, ∂b = 1500, ∂c = 1350
    0: 1125.0,
    2: 1350.0,
    -1: 1350.0,
    -3: 1125.0,
    (1,): (1500.0,),
    (0, 2): (1125.0, 1350.0),
    (2, 0): (1350.0, 1125.0),
    (-1, 1): (1350.0, 1500.0),
    np.int64(1): 1500.0,
}


@pytest.mark.parametrize("argnums", ARGNUMS)
def test_argnums_choose_the_arguments(argnums):
    expected = ARGNUMS[argnums]
    assert grad(volume, argnums)(2.0, 3.0, 5.0) == expected
    assert value_and_grad(volume, argnums)(2.0, 3.0, 5.0) == (2250.0, expected)
    assert jacobian(volume, argnums)(2.0, 3.0, 5.0) == expected


def test_hessians_and_their_products_take_argnums():
    # ∂aa = 0, ∂ab = 2bc³ = 750, ∂bb = 2ac³ = 500
    expected = ((0.0, 750.0), (750.0, 500.0))
    assert hessian(volume, (0, 1))(2.0, 3.0, 5.0) == expected
    assert hessian(volume, 1)(2.0, 3.0, 5.0) == 500.0
    assert hvp(volume, (0, 1))(2.0, 3.0, 5.0, (1.0, 10.0)) == (7500.0, 5750.0)
    assert hvp(volume, -2)(2.0, 3.0, 5.0, 10.0) == 5000.0


def test_other_arguments_and_keywords_go_through_untouched():
    data, seen = {"name": "x", "rows": [None]}, []

    def f(x, other, *, keyword=None):
        seen.append((other, keyword))
        return x**2

    assert grad(f)(3.0, data, keyword=data) == 6.0
    assert vjp(f, 3.0, 1.0, keyword=data)[1](1.0) == (6.0, 0.0)
    assert jvp(f, (3.0, 1.0), (1.0, 1.0), keyword=data) == (9.0, 6.0)
    assert hvp(f)(3.0, data, 1.0, keyword=data) == 2.0
    assert seen[0][0] is data
    assert all(keyword is data for _, keyword in seen)


WRONG_ARGNUMS = {
    "bool": (True, "argnums is an int, the place of an argument, or a tuple of ints"),
    "float": (1.0, "tuple of ints; got 1.0"),
    "text": ("x", "tuple of ints; got 'x'"),
    "None": (None, "tuple of ints; got None"),
    "list": ([0], r"tuple of ints; got \[0\]"),
    "empty": ((), r"tuple of ints; got \(\)"),
    "bool inside": ((0, True), r"tuple of ints; got \(0, True\)"),
    "too large": (3, r"argnums is 3, but .*volume.* was called with 3 positional arg"),
    "too small": (-4, "argnums is -4, but .*volume.* was called with 3"),
    "one of two": ((0, 3), r"argnums is \(0, 3\), but .*volume"),
    "twice": ((1, 1), r"argnums \(1, 1\) name an argument of .*volume.* twice"),
    "twice, negative": ((1, -2), "name an argument of .*volume.* twice"),
}


@pytest.mark.parametrize("operator", [grad, value_and_grad, jacobian, hessian, hvp])
@pytest.mark.parametrize("name", WRONG_ARGNUMS)
def test_wrong_argnums_are_refused(operator, name):
    argnums, message = WRONG_ARGNUMS[name]
    vector = (1.0,) if operator is hvp else ()
    with pytest.raises(ArgumentError, match=message):
        operator(volume, argnums)(1.0, 2.0, 3.0, *vector)


def test_an_argument_given_by_keyword_cannot_be_differentiated():
    with pytest.raises(ArgumentError, match="called with 0 positional arguments: give"):
        grad(lambda x: x)(x=1.0)


# What the function returns

NO_SCALARS = {
    "list": (lambda x: [x, x], "f returned a list of length 2"),
    "list of one": (lambda x: [x], "f returned a list of length 1"),
    "empty": (lambda x: [], "f returned a list of length 0"),
    "tuple": (lambda x: (x, 1.0), "f returned a tuple of length 2"),
    "dict": (lambda x: {"a": x}, r"f returned a dict with the keys \['a'\]"),
    "array": (lambda x: np.zeros((2, 3)), r"f returned an array of shape \(2, 3\)"),
    "array of one": (lambda x: np.ones(1), r"f returned an array of shape \(1,\)"),
}


@pytest.mark.parametrize("operator", [grad, value_and_grad, hessian])
@pytest.mark.parametrize("name", NO_SCALARS)
def test_a_gradient_needs_one_number(operator, name):
    f, message = NO_SCALARS[name]
    f.__name__ = "f"
    advice = r": use jacobian\(f\) for .* or vjp\(f, ...\)"
    with pytest.raises(ArgumentError, match=message + advice):
        operator(f)(1.0)


NO_NUMBERS = {
    "None": (lambda x: None, "^f returned None: does it lack a `return`"),
    "text": (lambda x: "x", "^the result of f is str 'x'"),
    "comparison": (lambda x: x > 0, "^the result of f is bool True"),
    "inside": (lambda x: [x, {"a": "b"}], r"^the result of f, at \[1\]\['a'\], is str"),
    "generator": (lambda x: (x for _ in [1]), "^the result of f is generator"),
}


@pytest.mark.parametrize("operator", [grad, jacobian, pushed, pulled])
@pytest.mark.parametrize("name", NO_NUMBERS)
def test_a_result_must_be_made_of_numbers(operator, name):
    f, message = NO_NUMBERS[name]
    f.__name__ = "f"
    with pytest.raises(NumberError, match=message):
        operator(f)(1.0)


@pytest.mark.parametrize("operator", [grad, jacobian, pulled])
@pytest.mark.parametrize("argument", [None, "1.0", True, 1j, [1.0, None]])
def test_an_argument_must_be_made_of_numbers(operator, argument):
    def f(x):
        return x

    with pytest.raises(NumberError, match=r"^argument 0 of f(, at \[1\],)? is "):
        operator(f)(argument)


@pytest.mark.parametrize(
    "operator", [grad, value_and_grad, jacobian, hessian, hvp], ids=lambda o: o.__name__
)
def test_a_computed_value_is_no_function(operator):
    with pytest.raises(ArgumentError, match=r"takes a function, got Value .*backward"):
        operator(Value(1.0) * 2)


def test_results_may_be_constants_arguments_and_the_same_node_twice():
    x = [2.0, 3.0]
    assert grad(lambda x: 5.0)(2.0) == 0.0
    assert grad(lambda x: x)(2.0) == 1.0
    assert grad(lambda x, y: y, (0, 1))(2.0, 3.0) == (0.0, 1.0)
    assert jacobian(lambda x: x)(x) == [[1.0, 0.0], [0.0, 1.0]]
    assert jacobian(lambda x: x, mode="forward")(x) == [[1.0, 0.0], [0.0, 1.0]]
    assert jacobian(lambda x: [x[1], x[1], 7.0])(x) == [[0, 1], [0, 1], [0, 0]]

    def twice(x):
        y = x * x
        return [y, y, 1.0]

    assert vjp(twice, 3.0)[1]([1.0, 10.0, 100.0]) == (66.0,)
    assert jvp(twice, (3.0,), (1.0,)) == ([9.0, 9.0, 1.0], [6.0, 6.0, 0.0])
    for mode in ("forward", "reverse"):
        assert repr(jacobian(twice, mode=mode)(3.0)) == "[6.0, 6.0, 0.0]"
        assert repr(jacobian(ag.floor, mode=mode)(Fraction(3, 2))) == "Fraction(0, 1)"
        assert repr(jacobian(lambda x: 5, mode=mode)(2.0)) == "0.0"


def test_one_value_in_two_places_is_two_arguments():
    v = Value(3.0)
    assert [g.data for g in grad(lambda x: x[0] ** 2 * x[1])([v, v])] == [18.0, 9.0]
    assert [g.data for g in grad(lambda a, b: a - b, (0, 1))(v, v)] == [1.0, -1.0]


def test_a_function_may_change_the_list_it_is_given():
    def f(x):
        x[0] = x[0] * x[1]
        x[1] = 7.0
        x.append(x[0])
        return x[0] * x[1] + x[2]

    assert grad(f)([2.0, 3.0]) == [24.0, 16.0]  # f = 8·x₀·x₁


def test_exact_numbers_stay_exact():
    third = Fraction(1, 3)
    assert grad(lambda x: 5)(third) == 0
    assert type(grad(lambda x: 5)(third)) is Fraction
    assert type(grad(lambda x: x)(third)) is Fraction
    assert type(grad(grad(lambda x: x))(third)) is Fraction
    assert hessian(lambda x: 1 / x)(third) == Fraction(54)  # 2/x³
    assert jvp(lambda x: x**2, (third,), (3,)) == (Fraction(1, 9), Fraction(2))
    with mpmath.workdps(50):
        found = grad(grad(ag.exp))(mpf(1) / 3)
        assert type(found) is mpf
        assert abs(found - mpmath.exp(mpf(1) / 3)) < mpf(10) ** -48
    with pytest.raises(NumberError, match="a Fraction meets a float"):
        jvp(lambda x: x, (third,), (0.5,))
    with pytest.raises(NumberError, match="a Fraction meets a float"):
        vjp(lambda x: x, third)[1](0.5)


# Cotangents and tangents


def test_a_pullback_works_more_than_once_and_for_any_weights():
    value, pullback = vjp(lambda a, b: {"p": a * b, "q": [a / b]}, 6.0, 2.0)
    assert value == {"p": 12.0, "q": [3.0]}
    assert pullback({"p": 1.0, "q": [0.0]}) == (2.0, 6.0)
    assert pullback({"q": [1], "p": 0}) == (0.5, -1.5)
    assert pullback({"p": 2.0, "q": [4.0]}) == (6.0, 6.0)
    assert pullback({"p": 0.0, "q": [0.0]}) == (0.0, 0.0)


def test_a_tangent_gives_a_directional_derivative():
    f = lambda p, x: p["w"] * x[0] + x[1] ** 2  # noqa: E731
    primals = ({"w": 2.0}, [3.0, 5.0])
    assert jvp(f, primals, ({"w": 1.0}, [0.0, 0.0])) == (31.0, 3.0)
    assert jvp(f, list(primals), [{"w": 1}, (1, 1)]) == (31.0, 15.0)


def test_zero_beats_infinity_in_seeds_too():
    f = lambda x: [ag.sqrt(x), x]  # noqa: E731
    assert vjp(f, 0.0)[1]([0.0, 1.0]) == (1.0,)
    assert vjp(f, 0.0)[1]([1.0, 0.0]) == (math.inf,)
    assert jvp(f, (0.0,), (0.0,)) == ([0.0, 0.0], [0.0, 0.0])


WRONG_SEEDS = {
    "cotangent": (
        lambda: vjp(lambda x: [x], 1.0)[1](1.0),
        "^the cotangent must be a li",
    ),
    "its part": (
        lambda: vjp(lambda x: [x], 1.0)[1]([None]),
        r"^the cotangent, at \[0\], must be a number, got NoneType",
    ),
    "tangent": (
        lambda: jvp(lambda x: x, ([1.0],), (1.0,)),
        r"^tangents, at \[0\], must be a list of length 1, got float 1.0",
    ),
    "too many": (
        lambda: jvp(lambda x: x, (1.0,), (1.0, 2.0)),
        "^tangents must be a tuple of length 1, got tuple",
    ),
    "primal": (
        lambda: jvp(ag.sin, 1.0, (1.0,)),
        r"^jvp takes primals as a tuple.*\(x,\)",
    ),
    "no tuple": (lambda: jvp(ag.sin, (1.0,), 1.0), "^jvp takes tangents as a tuple"),
    "vector": (
        lambda: hvp(lambda x: x[0])([1.0], 1.0),
        "^the vector must be a list of length 1, got float 1.0",
    ),
    "no vector": (
        lambda: hvp(lambda: 1.0)(),
        "hvp.f. takes f's arguments and then a ve",
    ),
}


@pytest.mark.parametrize("name", WRONG_SEEDS)
def test_seeds_of_another_structure_are_refused(name):
    call, message = WRONG_SEEDS[name]
    with pytest.raises(ArgumentError, match=message):
        call()


# What the derivative itself looks like


@pytest.mark.parametrize("operator", [grad, value_and_grad, jacobian, hessian])
def test_derivatives_have_names_signatures_and_docstrings(operator):
    derivative = operator(volume)
    assert derivative.__name__ == f"{operator.__name__}(volume)"
    assert inspect.signature(derivative) == inspect.signature(volume)
    assert f"autograd.{operator.__name__}" in derivative.__doc__
    assert not hasattr(operator(ag.sin), "rule")  # the function's own, not its slope's


def test_a_hessian_product_takes_one_argument_more():
    assert hvp(volume).__name__ == "hvp(volume)"
    assert str(inspect.signature(hvp(volume)))[:6] == "(*args"


def test_anything_callable_can_be_differentiated():
    class Square:
        def __call__(self, x):
            return x**2

        def method(self, x):
            return x**3

    assert grad(Square())(3.0) == 6.0
    assert grad(Square().method)(3.0) == 27.0
    assert grad(ag.tanh)(0.0) == 1.0
    with pytest.raises(ArgumentError, match="but Square was called with 1"):
        grad(Square(), 1)(3.0)
