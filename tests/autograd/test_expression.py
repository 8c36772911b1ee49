"""Formulas from text: what they mean, and what is turned away with one line."""

import ast
import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd import RULES, ArgumentError, ExpressionError, NumberError, Value
from autograd.expression import _Reader, parse
from autograd.kinds import FLOATS

inf, nan = math.inf, math.nan


def same(a, b):
    """Tell whether two floats are the same, NaN and the sign of 0 included."""
    if a != a or b != b:
        return a != a and b != b
    return a == b and math.copysign(1, a) == math.copysign(1, b)


# What a text means

MEANINGS = [  # the expected numbers by hand
    ("2", {}, 2.0),
    ("x", {"x": 3.0}, 3.0),
    ("a - b - c", {"a": 1.0, "b": 2.0, "c": 4.0}, -5.0),
    ("a - (b - c)", {"a": 1.0, "b": 2.0, "c": 4.0}, 3.0),
    ("a - b + c - -1", {"a": 1.0, "b": 2.0, "c": 4.0}, 4.0),
    ("-x**2", {"x": 3.0}, -9.0),
    ("(-x)**2", {"x": 3.0}, 9.0),
    ("2**3**2", {}, 512.0),
    ("2**-1", {}, 0.5),
    ("+x - +-x", {"x": 3.0}, 6.0),
    ("7 // 2 + 7.5 % -2", {}, 2.5),  # 3 + -0.5
    ("a / b / 2", {"a": 6.0, "b": 3.0}, 1.0),
    ("1_000 + 007 + .5 + 5. + 1e-3 + 2E+2", {}, 1212.501),
    ("pi + e + inf", {}, inf),
    ("nan", {}, nan),
    ("9**9**9**9", {}, inf),
    ("9" * 5000, {}, inf),
    ("1e400", {}, inf),
    ("1/0 - 1/0", {}, nan),
    ("log(-1)", {}, nan),
    (" ( a\n+\tb ) ", {"a": 1.0, "b": 2.0}, 3.0),
    ("2 * π_ä + é", {"π_ä": 3.0, "é": 1.0}, 7.0),
    ("ﬁ + µ", {"fi": 1.0, "μ": 2.0}, 3.0),  # Python's names are normalized, NFKC
    ("fi + μ", {"ﬁ": 1.0, "µ": 2.0}, 3.0),
    ("hypot(3, y)", {"y": 4.0}, 5.0),
    ("leaky_relu(x)", {"x": -100.0}, -1.0),
    ("leaky_relu(x, 1/2)", {"x": -100.0}, -50.0),
    ("elu(x)", {"x": 3.0}, 3.0),
    ("round(x)", {"x": 2.5}, 2.0),
    ("round(x, 1)", {"x": 2.567}, 2.6),
    ("sum(a, b, 3)", {"a": 1.0, "b": 2.0}, 6.0),
    ("sum([a, b, 3])", {"a": 1.0, "b": 2.0}, 6.0),
    ("prod(a)", {"a": 4.0}, 4.0),
    ("dot([a, b], [3, 4])", {"a": 1.0, "b": 2.0}, 11.0),
    ("take([a, b, 7], 1)", {"a": 1.0, "b": 2.0}, 2.0),
    ("take([a, b, 7], -3)", {"a": 1.0, "b": 2.0}, 1.0),
    ("take([a, b, 7], 1 + i)", {"a": 1.0, "b": 2.0, "i": 1}, 7.0),
    ("where(x > 0, log(x), 0)", {"x": -1.0}, 0.0),
    ("where(0 < x <= 2 != 3, 1, 2)", {"x": 2.0}, 1.0),
    ("where(0 < x < 2, 1, 2)", {"x": 2.0}, 2.0),
    ("where(x == y, x, where(x >= y, 5, 6))", {"x": 1.0, "y": 2.0}, 6.0),
    ("where(c, 1, 2)", {"c": True}, 1.0),
    ("where(c, 1, 2)", {"c": 0.0}, 2.0),
    ("polygamma(1, 1)", {}, math.pi**2 / 6),
]


@pytest.mark.parametrize(("text", "values", "expected"), MEANINGS)
def test_values(text, values, expected):
    found = parse(text).evaluate(values)
    assert isinstance(found, Value)
    assert found.data == pytest.approx(expected, rel=1e-15, nan_ok=True)
    assert isinstance(found.data, float)


def test_numbers_are_floats_even_in_a_long_integer():
    digits = "12345678901234567890"
    assert parse(digits).evaluate({}).data == float(digits)


def test_gradient():
    x, y = Value(3.0), Value(math.pi / 6)
    parse("x**2 * sin(y) - x").evaluate({"x": x, "y": y}).backward()
    assert x.grad == pytest.approx(2 * 3 * 0.5 - 1, rel=1e-15)  # 2x·sin(π/6) − 1
    assert y.grad == pytest.approx(9 * math.sqrt(3) / 2, rel=1e-15)  # x²·cos(π/6)


def test_the_gradient_goes_to_the_value_taken():
    a, b = Value(1.0), Value(2.0)
    parse("take([a, b, 7], -2)").evaluate({"a": a, "b": b}).backward()
    assert (a.grad, b.grad) == (0.0, 1.0)


def test_a_number_becomes_a_leaf_with_the_variables_name():
    out = parse("x * 2").evaluate({"x": 3})
    [x] = out.parents
    assert (x.label, x.data, out.operands[1]) == ("x", 3, 2.0)


ARITHMETIC = st.recursive(
    st.integers(0, 9).map(str),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", " * ", "/", "//", "%"]), inner).map(
            "".join
        ),
        st.tuples(st.sampled_from(["-", "+", "- -"]), inner).map("".join),
        inner.map("({})".format),
        st.tuples(inner.map("({})".format), st.sampled_from(["**2", "**-1"])).map(
            "".join
        ),
    ),
    max_leaves=12,
)


@given(ARITHMETIC)
@example("1-2+3-4*5**2")
def test_arithmetic_is_pythons(text):
    """Against Python's own evaluation on floats, where that gives a number."""
    floats = re.sub(r"\d+", lambda digits: f"float({digits[0]})", text)
    try:
        expected = eval(floats)
    except (ZeroDivisionError, OverflowError):
        return
    assert same(parse(text).evaluate({}).data, expected)


# Printed rules parse back


def points(rule):
    """Yield operand tuples of a rule: its samples, and a point inside its domain."""
    yield from rule.samples
    if rule.domain and not rule.static:
        yield tuple(
            max(low, -3.25) + 0.5 if low > -inf else min(high, 3.25) - 0.5
            for low, high in rule.domain
        )


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_the_printed_form_of_each_rule_parses_back(rule):
    tried = 0
    for operands in points(rule):
        names = [f"o{i}" for i in range(len(operands))]
        expression = parse(rule.format(*names))
        assert expression.steps[-1].what is rule
        assert sorted(expression.variables) == sorted(names)
        found = expression.evaluate(dict(zip(names, operands, strict=True)))
        assert same(found.data, float(rule.forward(FLOATS, *operands)))
        tried += 1
    assert tried


# Sub-expressions


def test_steps_come_in_the_order_of_evaluation_with_their_text():
    expression = parse("a*(b + c)  +\n sin( a )")
    assert expression.variables == ("a", "b", "c")
    results = expression.evaluate_all({"a": 2.0, "b": 3.0, "c": 4.0})
    texts = [expression.text_of(step) for step in expression.steps]
    assert texts == ["a", "b", "c", "b + c", "a*(b + c)", "sin( a )", expression_text]
    assert [r.data for r in results[:5]] == [2.0, 3.0, 4.0, 7.0, 14.0]
    assert results[-1].parents == (results[4], results[5])
    assert [expression.steps[i].operands for i in (3, 4, 5, 6)] == [
        (1, 2),
        (0, 3),
        (0,),
        (4, 5),
    ]
    assert repr(parse("a+b")) == "Expression('a+b')"


expression_text = "a*(b + c) + sin( a )"


def test_texts_of_a_sum_and_of_names_beyond_ascii():
    expression = parse("(ä + b) - (c*ö) + 2")
    texts = [expression.text_of(step) for step in expression.steps]
    assert texts[2:] == [
        "ä + b",
        "c",
        "ö",
        "c*ö",
        "(ä + b) - (c*ö)",
        "2",
        "(ä + b) - (c*ö) + 2",
    ]


def test_a_step_without_variables_gives_a_plain_number():
    expression = parse("x + 2*3")
    assert expression.evaluate_all({"x": 1.0})[-2] == 6.0


# Size


def test_a_sum_of_50000_terms():
    expression = parse("+".join(["a"] * 50_000))
    a = Value(2.0)
    out = expression.evaluate({"a": a})
    out.backward()
    assert (out.data, a.grad) == (100_000.0, 50_000.0)


def test_any_number_of_operands():
    text = f"sum({', '.join(['a*2'] * 20_000)}) - 1"
    assert parse(text).evaluate({"a": 2.0}).data == 79_999.0


@pytest.mark.parametrize(
    "text",
    [
        "(" * 3000 + "x" + ")" * 3000,
        "(" * 100_000,
        "-" * 100_000 + "x",
        "**".join("x" * 50_000),
        "*".join("x" * 50_000),
        "sin(" * 3000 + "x" + ")" * 3000,
    ],
    ids=["brackets", "open", "minus", "powers", "products", "calls"],
)
def test_too_deep(text):
    with pytest.raises(ExpressionError, match=r"nested too deeply|too many nested"):
        parse(text)


def test_too_long():
    with pytest.raises(ExpressionError, match=r"has 1,000,001 characters; 1,000,000 "):
        parse("x" * 1_000_001)


# What is turned away

REFUSED = [  # text, column, and a part of the message
    ("__import__('os')", 12, "a string is not allowed"),
    ('"abc"', 1, "a string is not allowed"),
    ('f"{x}"', 2, "a string is not allowed"),
    ("x.real", 2, "attribute access is not allowed"),
    ("math.sin(x)", 5, "attribute access is not allowed"),
    ("2 .real", 3, "attribute access is not allowed"),
    ("[i for i in x]", 4, "the word 'for' is not allowed; an expression has numbers"),
    ("lambda x: x", 1, "the word 'lambda' is not allowed; an expression has numbers"),
    ("await x", 1, "the word 'await' is not allowed"),
    ("True", 1, "the word 'True' is not allowed"),
    ("x if y else z", 3, "'if' is not allowed; write where(x > 0, a, b)"),
    ("where(a and b, x, y)", 9, "'and' is not allowed; a condition is a comparison"),
    ("where(not a, x, y)", 7, "'not' is not allowed; a condition is a comparison"),
    ("where(a & b, x, y)", 9, "a condition is a comparison; nest where("),
    ("where(a in b, x, y)", 9, "the word 'in' is not allowed"),
    ("x[0]", 1, "a subscript is not allowed; write take([a, b], 0)"),
    ("(x := 3)", 4, "':' is not allowed; an expression has numbers, names, + - *"),
    ("x = 3", 3, "write == in a condition, and give values beside"),
    ("sin(x=3)", 6, "write == in a condition"),
    ("sin(*x)", 5, "a starred operand is not allowed"),
    ("sin(**x)", 1, "an operand with a name is not allowed"),
    ("x, y", 2, "a comma stands only between a call's operands"),
    ("(x, y)", 1, "a tuple is not allowed"),
    ("()", 1, "a tuple is not allowed"),
    ("[x, y]", 1, "a list stands only in calls such as dot([a, b], [c, d])"),
    ("sum([a], [b])", 5, "a list stands only in calls"),
    ("sum([[a]])", 6, "a list stands only in calls"),
    ("x > 3", 1, "a comparison stands only in where(x > 0, a, b)"),
    ("a < b + c < d", 1, "a comparison stands only in where(x > 0, a, b)"),
    ("where(x, y > 2, 1)", 10, "a comparison stands only in where("),
    ("where((x > 2) > 1, 1, 2)", 8, "a comparison stands only in where("),
    ("sin", 1, "sin is an operation: write sin(...)"),
    ("sin(x)(y)", 1, "only an operation is called, tanh(x); write * for a product"),
    ("2 (3)", 1, "only an operation is called, tanh(x); write * for a product"),
    ("tahn(x)", 1, "unknown operation 'tahn'; did you mean tan or tanh or atan?"),
    ("ln(x)", 1, "unknown operation 'ln'; did you mean log?"),
    ("arctan2(x, y)", 1, "did you mean atan2 or atan"),
    ("q(x)", 1, "unknown operation 'q'; autograd.RULES lists the operations"),
    ("pi(3)", 1, "unknown operation 'pi'"),
    ("eval(x)", 1, "unknown operation 'eval'"),
    ("sin()", 1, "sin needs 1 operand, got 0"),
    ("1 + sin(x, y)", 5, "sin needs 1 operand, got 2"),
    ("hypot(x)", 1, "hypot needs 2 operands, got 1"),
    ("elu(x, 1, 2)", 1, "elu needs 1 or 2 operands, got 3"),
    ("round()", 1, "round needs 1 operand, got 0"),
    ("round(1, 2, 3)", 1, "round needs 2 operands, got 3"),
    ("where(x, 1)", 1, "where needs 3 operands, got 2"),
    ("max()", 1, "max needs at least one operand"),
    ("max([])", 1, "max needs at least one operand"),
    ("dot(a, b)", 1, "dot needs two lists of the same length, dot([a, b], [c, d])"),
    ("dot([a], [b, c])", 1, "dot needs two lists of the same length"),
    ("dot([], [])", 1, "dot needs two lists of the same length"),
    ("dot([a], [b], [c])", 1, "dot needs two lists of the same length"),
    ("take(a, 0)", 1, "take needs a list and an index, take([a, b], 0)"),
    ("take([], 0)", 1, "take needs a list and an index"),
    ("take([a])", 1, "take needs a list and an index"),
    ("2x", 1, "not a number; a product is written 2*x"),
    ("a + 0x10", 5, "not a number"),
    ("2j", 1, "not a number"),
    ("1__0", 1, "not a number"),
    ("1e", 1, "not a number"),
    ("x²", 1, "not a name; write x**2 for a power"),
    ("x^2", 2, "write ** for a power"),
    ("a × b", 3, "write * for a product"),
    ("a − b", 3, "write - for minus"),
    ("x # y", 3, "'#' is not allowed; an expression has numbers"),
    ("x; y", 2, "';' is not allowed"),
    ("~x", 1, "'~' is not allowed"),
    ("a\0b", 2, r"'\x00' is not allowed"),
    ("x\\", 2, r"'\\' is not allowed"),
    ("\ud800", 1, r"'\ud800' is not allowed"),
    ("ä + 😀", 5, r"'\U0001f600' is not allowed"),
    ("a +", 3, "nothing follows the +"),
    ("a + b -", 7, "nothing follows the -"),
    ("a + * b", 5, ""),
    ("a b", 3, ""),
    ("(a", 1, "was never closed"),
    ("a)", 2, "unmatched ')'"),
    ("(a]", 3, "does not match"),
    ("$" * 100_000, 1, "'$' is not allowed"),
    ("x" * 100_000 + "(1)", 1, "unknown operation"),
    ("1" * 100_000 + "x", 1, "not a number"),
]


def one_line(error):
    message = str(error)
    return message.isprintable() and message.isascii() and len(message) < 350


@pytest.mark.parametrize(
    ("text", "column", "message"), REFUSED, ids=[ascii(t[:20]) for t, *_ in REFUSED]
)
def test_refused(text, column, message):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert str(caught.value).startswith(
        f"column {column}, at {text[column - 1 :][:20]!a}:"
    )
    assert message in str(caught.value)
    assert one_line(caught.value)
    assert isinstance(caught.value, ArgumentError | ValueError)


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_nothing(text):
    with pytest.raises(
        ExpressionError, match="the expression is empty; an expression "
    ):
        parse(text)


@pytest.mark.parametrize("text", [None, 3.0, b"x"])
def test_no_text(text):
    with pytest.raises(
        ExpressionError, match=f"takes a text, got {type(text).__name__}"
    ):
        parse(text)


FOREIGN = [
    *("x.y", "x[0]", "[x]", "(x, y)", "{1: 2}", "{1}", "'s'", "f'{x}'", "...", "None"),
    *("lambda: x", "[i for i in x]", "{i for i in x}", "(i for i in x)", "(y := 1)"),
    *("x if y else z", "x and y", "not x", "~x", "x @ y", "x << y", "x & y"),
    *("x in y", "x is y", "f(*x)", "sin(**x)", "sin(x=1)", "sin(x)(y)", "x.sin(y)"),
]


@pytest.mark.parametrize("text", FOREIGN)
def test_the_whitelist_stands_without_the_check_of_tokens(text):
    tree = ast.parse(text, mode="eval").body
    with pytest.raises(ExpressionError, match=r"column [12], at "):
        _Reader(text).read(tree, in_condition=True)


TOKENS = "x yä 2 1e9 .5 + - * ** // % ( ) [ ] , < == . = : ' sin( dot([ where( lambda _"


@given(st.lists(st.sampled_from([*TOKENS.split(), " ", "\n"])).map("".join) | st.text())
@example("(" * 150 + "x" + ")" * 150)
def test_any_text_is_an_expression_or_one_line(text):
    try:
        expression = parse(text)
    except ExpressionError as error:
        refused = error
    else:
        assert expression.text_of(expression.steps[-1])
        return
    assert one_line(refused)


# Values that do not fit

MISFITS = [
    ("x*y + z", {"y": 1.0}, ExpressionError, "no value for x, z: the expression has "),
    ("x + e", {"x": 1.0, "e": 3.0}, ExpressionError, "e is a constant: rename the var"),
    ("x", {"x": "abc"}, NumberError, "takes a real number"),
    ("x", {"x": 1j}, NumberError, "takes a real number"),
    (
        "round(x, n)",
        {"x": 1.0, "n": 1.5},
        ExpressionError,
        "round takes a whole number",
    ),
    (
        "round(x, n)",
        {"x": 1.0, "n": nan},
        ExpressionError,
        "whole number there, got nan",
    ),
    (
        "polygamma(1/2, x)",
        {"x": 1.0},
        ExpressionError,
        "polygamma takes a whole number",
    ),
    ("polygamma(-1, x)", {"x": 1.0}, ArgumentError, "order n must lie in 0"),
    ("take([x, 2], 2)", {"x": 1.0}, ExpressionError, "no value 2.0 in a list of 2"),
    ("take([x, 2], -3)", {"x": 1.0}, ExpressionError, "no value -3.0 in a list of 2"),
]


@pytest.mark.parametrize(("text", "values", "error", "message"), MISFITS)
def test_values_that_do_not_fit(text, values, error, message):
    expression = parse(text)
    with pytest.raises(error, match=re.escape(message)):
        expression.evaluate(values)
