"""The public functions: what they take, their names, docstrings and errors."""

import builtins
import doctest
import inspect
import math
import re
from fractions import Fraction

import numpy as np
import pytest

import autograd
from autograd import (
    RULES,
    ArgumentError,
    NumberError,
    Value,
    dot,
    sin,
    take,
    where,
)

V = Value(1.0)
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
        (
            lambda: take(3.0, 0),
            NumberError,
            "of one or more dimensions, not float",
        ),
        (lambda: take(Value(3.0), 0), NumberError, "not Value Value(data=3.0"),
        (lambda: take(np.array(3.0), 0), NumberError, "not ndarray array(3.)"),
        (lambda: take("ab", 0), NumberError, "picks one of several values"),
        (lambda: take({0: 1.0}, 0), NumberError, "give a list of them"),
        (lambda: take({1.0}, 0), NumberError, "give a list of them"),
        (lambda: take([1.0], 1), IndexError, "index 1 is outside of the 1 values"),
        (lambda: take([1.0], 0.5), NumberError, "a whole number as index, got 0.5"),
        (lambda: take([1.0], Value(0)), NumberError, "needs a plain index"),
        (lambda: take([1.0], True), NumberError, "a whole number"),
        (lambda: where(Value(1.0), 1, 2), NumberError, "write x != 0"),
        (lambda: where(Value(1.0), np.ones(2), 2), NumberError, "write x != 0"),
        (lambda: where([False, True], V, V), NumberError, "got list [False, True]"),
        (lambda: where([False], V, V), NumberError, "np.where(...) with autograd.arr"),
        (lambda: where("a", V, V), NumberError, "takes a bool such as x > 0"),
        (lambda: where(None, V, V), NumberError, "got NoneType None"),
        (lambda: where(0.5, V, V), NumberError, "got float 0.5"),
        (lambda: where(1.0, V, V), NumberError, "got float 1.0"),
        (lambda: where(2, V, V), NumberError, "got int 2"),
        (lambda: where(np.float64(1.0), V, V), NumberError, "got float64"),
        (lambda: where(np.int64(2), V, V), NumberError, "got int64"),
        (lambda: where(np.array([0.5, 1]), V, V), NumberError, "got float 0.5"),
        (lambda: where([V], np.ones(1), V), NumberError, "write x != 0"),
        (
            lambda: autograd.sum([V], 2),
            NumberError,
            "sum takes Values and numbers",
        ),
        (lambda: autograd.sum([V], 2), NumberError, "a list among several arguments"),
        (
            lambda: autograd.max([[V], [V]]),
            NumberError,
            "got a list in a list, [Val",
        ),
        (lambda: autograd.mean([np.ones(2)]), NumberError, "np.mean(autograd.array("),
        (lambda: autograd.sum("ab"), NumberError, "sum takes Values and real numbers"),
        (lambda: autograd.sum([True, None]), NumberError, "got NoneType None among"),
        (lambda: autograd.sum([0.5, Fraction(1)]), NumberError, "meets a float"),
        (lambda: autograd.clip(x=1.0, z=2.0), TypeError, "'z'"),
        (lambda: sin(y=1.0), ArgumentError, "sin(x): missing a required argument: 'x'"),
        (lambda: sin(1.0, x=1.0), ArgumentError, "multiple values for argument 'x'"),
        (lambda: autograd.clip("a", None, 1), NumberError, "got str 'a'"),
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


def test_where_takes_bools_and_the_numbers_1_and_0():
    a, b = Value(1.0), Value(2.0)
    for yes, no in ((True, False), (np.True_, np.False_), (1, 0), (np.int8(1), 0)):
        assert where(yes, a, b).data == 1.0
        assert where(no, a, b).data == 2.0
    assert where(condition=a > b, a=a, b=b).data == 2.0
    assert where(np.array([1, 0]), 1.0, 2.0).tolist() == [1.0, 2.0]
    assert where(True, np.array([3.0]), 2.0).tolist() == [3.0]
    assert where([True, False], np.array([3.0, 4.0]), 2.0).tolist() == [3.0, 2.0]
    assert where(np.array([True, False], object), 1.0, 2.0).tolist() == [1.0, 2.0]


def test_operands_by_keyword():
    x = Value(-2.0)
    assert autograd.leaky_relu(x, slope=0.1).data == -0.2
    assert autograd.leaky_relu(slope=0.1, x=-2.0) == -0.2
    assert autograd.leaky_relu(x=Fraction(-2)) == Fraction(-1, 50)
    assert autograd.atan2(x=1.0, y=x).data == math.atan2(-2.0, 1.0)
    assert sin(x=x).data == math.sin(-2.0)
    assert autograd.elu(np.array([1.0]), alpha=2.0).tolist() == [1.0]
    assert autograd.round(x=2.567, digits=1) == 2.6


@pytest.mark.parametrize(
    ("given", "value", "slope"),
    [
        ((2.0, None, 1.0), 1.0, 0.0),
        ((1.0, None, 1.0), 1.0, 1.0),  # 1 at a bound
        ((-5.0, None, 1.0), -5.0, 1.0),
        ((-5.0, 0.0, None), 0.0, 0.0),
        ((0.0, 0.0, None), 0.0, 1.0),
        ((5.0, 0.0), 5.0, 1.0),
        ((5.0,), 5.0, 1.0),
        ((Fraction(5, 3), None, 1), 1, 0),
        ((Fraction(1, 3), None, 1), Fraction(1, 3), 1),
        ((Fraction(1, 3), None, Fraction(1, 3)), Fraction(1, 3), 1),
        ((Fraction(1, 3), 1, None), 1, 0),
        ((Fraction(1, 3),), Fraction(1, 3), 1),
    ],
)
def test_a_bound_of_clip_may_be_none(given, value, slope):
    x = Value(given[0])
    y = autograd.clip(x, *given[1:])
    assert (y.data, y.gradient([x])) == (value, [slope])
    assert all(  # where there is no bound there is no kink
        x.data != bound
        for i, bound in enumerate(y.operands[1:], 1)
        if given[i : i + 1] in ((), (None,))
    )
    assert type(y.data) is type(x.data)
    assert autograd.clip(*given) == value


def test_clip_without_a_bound_takes_arrays_values_and_keywords():
    x, high = Value(2.0), Value(1.0)
    assert autograd.clip(x, None, high).gradient([x, high]) == [0.0, 1.0]
    assert autograd.clip(x, low=3, high=4).data == 3.0
    assert autograd.clip(np.array([-2.0, 2.0]), None, 1.0).tolist() == [-2.0, 1.0]
    assert math.isnan(autograd.clip(math.nan, None, 1.0))
    exact = autograd.array([Fraction(1, 3), Fraction(7, 3)])
    clipped = autograd.clip(exact, high=1)
    assert clipped.data.tolist() == [Fraction(1, 3), 1]
    low = autograd.array([Fraction(1, 2), Fraction(5)])
    assert autograd.clip(Fraction(3), low).data.tolist() == [3, 5]


@pytest.mark.parametrize("name", PUBLIC)
def test_docstrings_name_the_operands_and_give_a_true_example(name):
    function = getattr(autograd, name)
    names = list(inspect.signature(function).parameters)
    text = inspect.getdoc(function)
    first, _, rest = text.partition("\n\n")
    assert first.endswith(".")
    assert all(re.search(rf"\b{x}\b", rest) for x in names)
    examples = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert examples.examples
    assert doctest.DocTestRunner(verbose=False).run(examples).failed == 0


def test_a_star_import_leaves_the_built_in_functions_alone():
    everything = {}
    exec("from autograd import *", everything)
    del everything["__builtins__"]
    assert not set(everything) & set(vars(builtins))
    assert {"sin", "clip", "Value"} <= set(everything)
    assert autograd.max([1.0, 2.0]) == 2.0
    assert "autograd.max" in autograd.__doc__
