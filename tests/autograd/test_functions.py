"""The public functions: what they take, their names, and users' own rules."""

import inspect
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest

import autograd
from autograd import (
    RULES,
    ArgumentError,
    NumberError,
    OpaqueRuleError,
    Value,
    dot,
    rule,
    sin,
    take,
    where,
)

PUBLIC = [name for name in RULES if hasattr(autograd, name) and name != "rule"]


@pytest.mark.parametrize("name", PUBLIC)
def test_generated_functions_have_names_docs_and_signatures(name):
    function = getattr(autograd, name)
    assert function.__name__ == name
    assert function.__doc__.startswith("Return ")
    assert list(inspect.signature(function).parameters)
    if RULES[name].note and hasattr(function, "rule"):
        assert RULES[name].note in function.__doc__


def test_float_in_float_out_value_in_value_out():
    assert sin(0.5) == math.sin(0.5)
    assert type(sin(Value(0.5))) is Value
    assert autograd.softplus(1000.0) == 1000.0
    assert autograd.leaky_relu(-2.0) == -0.02
    assert autograd.leaky_relu(Value(-2.0), 0.5).data == -1.0
    assert Value(-2.0).leaky_relu().data == -0.02
    assert Value(Fraction(-2)).leaky_relu().data == Fraction(-1, 50)
    assert autograd.pow(2.0, 3.0) == 8.0
    assert autograd.round(2.5) == 2.0


def test_reductions_take_lists_arrays_and_single_operands():
    a, b = Value(3.0), Value(4.0)
    for call in (lambda f: f([a, b]), lambda f: f(a, b), lambda f: f((a, b))):
        assert call(autograd.sum).data == 7.0
        assert call(autograd.norm).data == 5.0
        assert call(autograd.max).data == 4.0
    assert autograd.mean(np.array([1.0, 2.0, 6.0])) == 3.0
    assert autograd.sum(v for v in (a, b)).data == 7.0
    assert autograd.sum([]) == 0
    assert autograd.prod([]) == 1
    with pytest.raises(ArgumentError, match="max of nothing"):
        autograd.max([])


def test_dot_multiplies_then_adds_from_left_to_right():
    xs, ys = [1e16, 1.0, -1e16], [1.0, 1.0, 1.0]
    assert dot(xs, ys) == 0.0  # (1e16 + 1) - 1e16 in plain doubles
    assert dot([Value(x) for x in xs], ys).data == 0.0
    assert autograd.sum([1e16, 1.0, -1e16]) == 0.0


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: dot([1.0], [1.0, 2.0]), ArgumentError, "same length, got 1 and 2"),
        (lambda: dot(np.eye(2), np.eye(2)), ArgumentError, "use the operator @"),
        (lambda: dot(1.0, 2.0), ArgumentError, "lists or 1-d arrays, got 1.0"),
        (lambda: sin("x"), NumberError, "got str 'x'"),
        (lambda: sin([1.0]), NumberError, "use autograd.array"),
        (lambda: sin(1.0, 2.0), ArgumentError, "sin takes 1 operands, got 2"),
        (lambda: sin(1j), NumberError, "real number"),
        (lambda: take([1.0], 1), IndexError, "index 1 is outside of the 1 values"),
        (lambda: take([1.0], 0.5), NumberError, "a whole number as index, got 0.5"),
        (lambda: take([1.0], Value(0)), NumberError, "needs a plain index"),
        (lambda: take([1.0], True), NumberError, "a whole number"),
        (lambda: where(Value(1.0), 1, 2), NumberError, "write x != 0"),
        (lambda: autograd.polygamma(Value(1), 2.0), NumberError, "operand 1"),
    ],
)
def test_bad_input_is_named(call, error, says):
    with pytest.raises(error) as caught:
        call()
    assert says in str(caught.value)


def test_take_picks_rows_and_passes_the_gradient():
    a, b = Value(1.0), Value(2.0)
    y = take([a, b], 1) * 3.0
    y.backward()
    assert (a.grad, b.grad) == (0.0, 3.0)
    assert take([[a], [b]], -1) == [b]
    assert take([a, b], np.int64(0)) is a


@rule(
    partials=lambda m, out, x: (1 - out * out,),
    kinks=lambda m, x: (x,),
    text="softclip(#1)",
)
def softclip(m, x):
    """Clip softly."""
    return m.tanh(x)


def test_a_users_rule_works_like_a_built_in_one():
    x = Value(0.5)
    y = softclip(x) * x
    y.backward()
    assert x.grad == pytest.approx(math.tanh(0.5) + 0.5 * (1 - math.tanh(0.5) ** 2))
    # tanh'' = -2 tanh (1 - tanh²)
    [slope] = softclip(x).gradient([x], create_graph=True)
    t = math.tanh(0.5)
    assert slope.gradient([x])[0] == pytest.approx(-2 * t * (1 - t * t), rel=1e-14)
    assert softclip(0.5) == math.tanh(0.5)
    assert (softclip.__name__, softclip.__doc__) == ("softclip", "Clip softly.")
    assert str(inspect.signature(softclip)) == "(x)"
    assert softclip.rule.format("a + b") == "softclip(a + b)"
    assert pickle.loads(pickle.dumps(softclip(x))).rule is softclip.rule


def test_an_opaque_rule_has_first_derivatives_only_and_says_so():
    @rule(partials=lambda m, out, x: (math.cos(x),), opaque=True)
    def black_box(m, x):
        return math.sin(float(x))

    x = Value(1.0)
    y = black_box(x)
    y.backward()
    assert x.grad == math.cos(1.0)
    with pytest.raises(OpaqueRuleError, match="black_box is an opaque rule"):
        y.gradient([x], create_graph=True)
    with pytest.raises(OpaqueRuleError, match="only takes floats"):
        black_box(Value(Fraction(1, 2)))


@pytest.mark.parametrize(
    ("partials", "formula", "says"),
    [
        (lambda m, out, x: 1.0, lambda m, x: x, "must be a tuple of 1"),
        (lambda m, out, x: (1.0, 2.0), lambda m, x: x, "must be a tuple of 1"),
        (lambda m, out, x, y: (1.0, 2.0), lambda m, x: x, "its partials take 2"),
        (1.0, lambda m, x: x, "takes a function (m, out, *operands) -> tuple"),
    ],
)
def test_a_rule_that_does_not_fit_its_function_is_refused(partials, formula, says):
    with pytest.raises(ArgumentError) as caught:
        rule(partials=partials)(formula)(Value(1.0))
    assert says in str(caught.value)
