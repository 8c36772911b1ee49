"""Users' own rules: what they may look like, and what they must return."""

import functools
import inspect
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from mpmath import mpf

import autograd
from autograd import ArgumentError, NumberError, OpaqueRuleError, Value, rule
from autograd.functions import dot


@rule(
    partials=lambda m, out, x: (1 - out * out,),
    kinks=lambda m, x: (x,),
    text="softclip(#1)",
)
def softclip(m, x):
    """Clip softly."""
    return m.tanh(x)


@rule(partials=lambda m, out, x, k=3: (k * x ** (k - 1), None), static=(1,))
def power(m, x, k=3):
    return x**k


@rule(partials=lambda m, out, x, scale, shift: (scale, x, 1))
def affine(m, x, scale=2, shift=0.5):
    return x * scale + shift


@rule(partials=lambda m, out, first, *rest: (2, *(1,) * len(rest)))
def first_twice(m, first, *rest):
    return m.sum(first, first, *rest)


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
    assert affine.__doc__ == "Return affine(x, scale, shift)."


def test_defaults_and_keywords():
    x = Value(2.0)
    assert power(x).data == power(x, 3).data == power(k=3, x=x).data == 8.0
    assert power(x).gradient([x]) == [12.0]
    assert power(3.0, k=2) == 9.0
    assert power(np.array([1.0, 2.0])).tolist() == [1.0, 8.0]
    assert power(Fraction(1, 2)) == Fraction(1, 8)
    assert str(inspect.signature(power)) == "(x, k=3)"
    scale = Value(4.0)
    y = affine(x, shift=1.0, scale=scale)
    assert y.data == 9.0
    assert y.gradient([x, scale]) == [4.0, 2.0]
    assert affine(x).data == 4.5
    assert first_twice(x, 1.0, 3.0).data == 8.0
    assert first_twice(x).gradient([x]) == [2.0]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: power(), "power(x, k=3): missing a required argument: 'x'"),
        (lambda: power(1.0, 2, 3), "power(x, k=3): too many positional arguments"),
        (lambda: power(1.0, q=3), "power(x, k=3): got an unexpected keyword"),
        (lambda: power(1.0, x=3.0), "multiple values for argument 'x'"),
        (lambda: first_twice(), "missing a required argument: 'first'"),
    ],
)
def test_a_call_that_does_not_fit_is_named(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    assert says in str(caught.value)


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


# What does not fit is refused where it is decorated


def ones(m, out, *operands):
    return (1,) * len(operands)


def one(m, out, x):
    return (1,)


def one_or_more(m, out, x, *more):
    return (1,) * (1 + len(more))


def two(m, out, x, y):
    return 1, 1


class Callable:
    def __call__(self, m, x):
        return x


def identity(m, x):
    return x


def total(m, x, y):
    return x + y


def keyword_only(m, x, *, k=3):
    return x


def any_keyword(m, x, **more):
    return x


def no_operand(m):
    return 1


def nothing():
    return 1


def numbered(m, x, k=3):
    return x


def texted(m, x, k="fast"):
    return x


@pytest.mark.parametrize(
    ("formula", "options", "says"),
    [
        (identity, {"partials": two}, "identity takes 1 operands, but its partials"),
        (identity, {"partials": ones}, "its partials take 0 or more operands"),
        (identity, {"partials": one_or_more}, "its partials take 1 or more operands"),
        (identity, {"partials": 1.0}, "a function (m, out, *operands) -> tuple, got"),
        (identity, {"partials": identity}, "identity takes 1 operands"),
        (identity, {"partials": nothing}, "partials must take m and out before"),
        (identity, {"partials": one, "kinks": total}, "its kinks take 2 operands"),
        (
            identity,
            {"partials": one, "kinks": 3},
            "kinks of identity must be a function",
        ),
        (identity, {"partials": one, "static": (5,)}, "static=(5,) must be a tuple"),
        (identity, {"partials": one, "static": (-1,)}, "places of operands: 0 for x"),
        (identity, {"partials": one, "static": 0}, "static=0 must be a tuple"),
        (identity, {"partials": one, "static": "x"}, "static='x' must be a tuple"),
        (identity, {"partials": one, "static": (False,)}, "static=(False,)"),
        (identity, {"partials": one, "text": "foo(#3)"}, "'foo(#3)' has #3"),
        (identity, {"partials": one, "text": "foo(#0)"}, "has #0, but #1 is the first"),
        (identity, {"partials": one, "latex": r"f_{#2}"}, "latex="),
        (identity, {"partials": one, "text": 3}, "text must be a text such as"),
        (keyword_only, {"partials": one}, "the keyword-only parameter 'k'"),
        (any_keyword, {"partials": one}, "the keyword-only parameter 'more'"),
        (no_operand, {"partials": lambda m, out: ()}, "no_operand has no operands"),
        (nothing, {"partials": lambda m, out: ()}, "nothing must take m before"),
        (Callable(), {"partials": one}, "rule decorates a function, got Callable"),
        (functools.partial(total, y=1), {"partials": one}, "got partial functools"),
        (texted, {"partials": two}, "default of k must be a real number, got str"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(formula, options, says):
    with pytest.raises(ArgumentError) as caught:
        rule(**options)(formula)
    assert says in str(caught.value)


def test_what_is_allowed_in_a_decorator():
    assert rule(partials=two, static=(1,))(texted)(2.0) == 2.0
    assert (
        rule(partials=two, kinks=lambda m, *xs: xs, text="f(#2; #1)")(numbered)(1) == 1
    )
    assert rule(partials=one, text="the #*")(identity).rule.format("x") == "the x"
    assert rule(partials=ones, text="all(#*)")(lambda m, *xs: m.sum(*xs))(1, 2) == 3


@pytest.mark.parametrize("make", [lambda: rule(identity), lambda: rule()])
def test_a_rule_without_brackets_says_what_to_write(make):
    with pytest.raises(ArgumentError) as caught:
        make()
    assert "write @autograd.rule(partials=lambda m, out, x: (...,))" in str(
        caught.value
    )


# What a rule returns is a real number


def returns(value, partial=1):
    @rule(partials=lambda m, out, x: (partial,))
    def mine(m, x):
        return value

    return mine


BAD = [
    (None, "got None"),
    (True, "got bool True"),
    (np.True_, "got bool"),
    (1j, "got complex 1j"),
    ("1", "got str '1'"),
    (np.array([1.0]), "got ndarray array([1.])"),
    (np.array(1.0), "got ndarray array(1.)"),
    ([1.0], "got list [1.0]"),
    (Value(1.0), "got Value Value(data=1.0, grad=0.0): Values are made in"),
    (Fraction(1, 2), "must be a float where the operands are floats"),
    (mpf(1), "must be a float where the operands are floats"),
]


@pytest.mark.parametrize(("bad", "says"), BAD, ids=lambda x: repr(x)[:20])
@pytest.mark.parametrize("x", [1.0, Value(1.0)], ids=["float", "Value"])
def test_a_formula_must_return_a_real_number(bad, says, x):
    with pytest.raises(ArgumentError) as caught:
        returns(bad)(x)
    assert str(caught.value).startswith("mine must be a ")
    assert says in str(caught.value)


@pytest.mark.parametrize(("bad", "says"), BAD, ids=lambda x: repr(x)[:20])
@pytest.mark.parametrize("late", [False, True], ids=["at once", "late"])
def test_a_partial_must_be_a_real_number(bad, says, late):
    mine = returns(2.0, (lambda: bad) if late else bad)
    with pytest.raises(ArgumentError) as caught:
        mine(Value(1.0))
    assert str(caught.value).startswith("the partial of mine for x must be a ")
    assert says in str(caught.value)
    assert mine(1.0) == 2.0  # no partial is needed


@pytest.mark.parametrize("partials", [lambda m, out, x: 1.0, lambda m, out, x: (1, 2)])
def test_partials_must_be_one_an_operand(partials):
    with pytest.raises(ArgumentError, match="mine must be a tuple of 1"):
        rule(partials=partials)(returns(1.0).rule.formula)(Value(1.0))


def test_the_operand_of_a_bad_partial_is_named_in_a_list_too():
    @rule(partials=lambda m, out, first, *rest: (1, 2, "3"))
    def mine(m, first, *rest):
        return first

    with pytest.raises(ArgumentError, match="partial of mine for operand 3 must be"):
        mine(Value(1.0), 2.0, 3.0)


@pytest.mark.parametrize(
    "number", [np.float32(0.5), np.float64(0.5), np.longdouble(0.5), 0.5]
)
def test_scalars_of_numpy_become_floats(number):
    x = Value(1.0)
    y = returns(number, number)(x)
    assert (type(y.data), y.data) == (float, 0.5)
    assert [(type(d), d) for d in y.gradient([x])] == [(float, 0.5)]
    assert type(returns(number)(2.0)) is float


def test_none_is_a_partial_of_a_plain_number_only():
    @rule(partials=lambda m, out, x, k: (k, None))
    def scaled(m, x, k):
        return x * k

    x = Value(2.0)
    assert scaled(x, 3.0).gradient([x]) == [3.0]
    with pytest.raises(ArgumentError, match=r"for k must .*None: None is for operands"):
        scaled(x, Value(3.0))
    assert power(x, 2).gradient([x]) == [4.0]


def test_a_late_partial_is_only_computed_where_it_is_needed():
    calls = []

    @rule(partials=lambda m, out, x, y: (lambda: calls.append("x") or y, x))
    def product(m, x, y):
        return x * y

    x, y = Value(2.0), Value(3.0)
    assert product(5.0, y).gradient([y]) == [5.0]
    assert calls == []
    assert product(x, y).gradient([x, y]) == [3.0, 2.0]
    assert calls == ["x"]
    [slope] = product(x, y).gradient([x], create_graph=True)
    assert slope.gradient([y]) == [1.0]


def test_exact_numbers_stay_exact_or_raise():
    x = Value(Fraction(1, 3))
    half = rule(partials=lambda m, out, x: (m.rational(1, 2),))(
        lambda m, x: x * m.rational(1, 2)
    )
    assert (half(x).data, half(x).gradient([x])) == (Fraction(1, 6), [Fraction(1, 2)])
    assert type(returns(2, 3)(x).data) is Fraction
    for mine, what in (
        (returns(0.5), "mine"),
        (returns(1, 0.5), "the partial of mine"),
    ):
        with pytest.raises(ArgumentError) as caught:
            mine(x)
        assert str(caught.value).startswith(what)
        assert "must be exact where the operands are Fractions, got float 0.5" in str(
            caught.value
        )
    y = Value(mpf(3))
    assert type(returns(Fraction(1, 2), Fraction(1, 2))(y).data) is mpf
    slope = returns(1, Fraction(1, 2))(y).local_derivatives[0]()
    assert (type(slope), slope) == (mpf, 0.5)


def test_second_derivatives_may_mix_values_and_numbers():
    @rule(partials=lambda m, out, x, y: (y, np.float64(2.0) * 0 + x))
    def product(m, x, y):
        return x * y

    x, y = Value(2.0), Value(3.0)
    [slope] = product(x, y).gradient([y], create_graph=True)
    assert slope.gradient([x]) == [1.0]
    bad = rule(partials=lambda m, out, x: (1 if m.kind == "float" else "1",))(identity)
    with pytest.raises(ArgumentError, match="the partial of identity for x must be"):
        bad(x).gradient([x], create_graph=True)


def test_lists_are_refused_by_name():
    with pytest.raises(NumberError, match=r"softclip takes numbers.*autograd\.array"):
        softclip([1.0])
    assert dot([1.0], [softclip(0.0)]) == 0.0
    assert autograd.rule is rule
