"""The rows in other forms: exact, printed, written out for speed; and their style."""

import ast
import inspect
import math
import operator
import random
import struct
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from mpmath import mp, mpf

import autograd
from autograd import RULES, NumberError, Rule, Value, dot
from autograd.expression import parse
from autograd.value import apply

from . import rule_oracles as oracles

ROWS = pytest.mark.parametrize("rule", list(RULES.values()), ids=str)


# Fractions

EXACT = {
    *("add", "sub", "mul", "div", "neg", "pos", "pow", "square", "reciprocal", "mod"),
    *("floordiv", "chain", "abs", "sign", "floor", "ceil", "trunc", "round"),
    *("round_to", "minimum", "maximum", "clip", "where", "relu", "leaky_relu"),
    *("softsign", "sum", "prod", "dot", "mean", "max", "min", "take"),
}
NOT_EXACT = {("pow", 1)}  # the slope along an exponent is a logarithm
POOL = [Fraction(7, 3), Fraction(-13, 6), Fraction(2, 7), Fraction(-9, 5)]


def fraction_operands(rule):
    """Yield operand tuples of Fractions; exponents are whole."""
    for turn in range(4):
        pool = POOL[turn:] + POOL[:turn]
        count = 4 if rule.arity is None else rule.arity
        numbers = (pool * 2)[: count + len(rule.static) * (rule.arity is None)]
        for sample in rule.samples if rule.static else [()]:
            for place in rule.static:
                numbers[place] = sample[place]
            yield tuple(numbers)
    if rule.name == "pow":
        yield from ((x, Fraction(n)) for x in POOL for n in (3, 1, 0, -1, -2))


def fraction_result(rule, operands, place):
    """Return value and partial at a place, None where there is no exact answer."""
    xs = [Value(x) if i == place else x for i, x in enumerate(operands)]
    try:
        out = apply(rule, *xs)
    except NumberError:
        return None
    return out.data, out.local_derivatives[0]()


@ROWS
def test_fractions_stay_exact_or_say_that_there_is_no_exact_answer(rule):
    answered = set()
    f = oracles.oracle(rule)
    for operands in fraction_operands(rule):
        for place in oracles.free_places(rule, operands):
            found = fraction_result(rule, operands, place)
            if found is None:
                continue
            answered.add(place)
            value, partial = found
            assert type(value) is Fraction
            assert type(partial) in (int, Fraction)
            with mp.workdps(250):
                xs = [
                    mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else x
                    for x in operands
                ]
                true = oracles.slope(f, xs, place)
                assert abs(value.numerator - f(*xs) * value.denominator) < 1e-200
                assert abs(partial.numerator - true * partial.denominator) < 1e-20
    places = set(oracles.free_places(rule, next(fraction_operands(rule))))
    expected = places if rule.name in EXACT else set()
    assert answered == {i for i in expected if (rule.name, i) not in NOT_EXACT}


def test_a_third_each_of_three_equal_fractions_stays_a_fraction():
    xs = [Value(Fraction(2, 7)) for _ in range(3)]
    assert autograd.max(xs).gradient(xs) == [Fraction(1, 3)] * 3
    assert Fraction in map(type, autograd.max(xs).gradient(xs))


def test_pi_is_no_fraction():
    with pytest.raises(NumberError, match=r"pi has no exact answer: .*use float"):
        autograd.sinc(Fraction(1, 2))


# Printed forms


@ROWS
def test_the_printed_form_parses_back_to_the_same_operation(rule):
    if rule.arity is None:
        count = 4 + len(rule.static)
    else:
        count = rule.arity
    names = [f"x{i}" for i in range(count)]
    numbers = [2.5, 0.75, 3.5, -1.25, 0.5][:count]
    for place in rule.static:
        numbers[place] = rule.samples[0][place]
    values = dict(zip(names, numbers, strict=True))
    expression = parse(rule.format(*names))
    assert expression.steps[-1].what is rule
    assert sorted(expression.variables) == names
    assert bits(expression.evaluate(values).data) == bits(apply(rule, *numbers))
    latex = rule.format_latex(*names)
    assert latex.count("{") == latex.count("}")
    assert "#" not in latex
    assert all(name in latex for name in names)


# What is written out for speed does the same as the row

RANDOM = random.Random(2)
NUMBERS = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, 5e-324, -1e-310, 1e200, -1.7976931348623157e308),
    *(math.inf, -math.inf, math.nan, 0, 1, -7, 10**20),
    *(RANDOM.gauss(0, 1) for _ in range(6)),
    *(math.ldexp(RANDOM.uniform(-1, 1), RANDOM.randint(-1000, 1000)) for _ in range(8)),
]


def bits(x):
    """Return the bits of a number; NaNs are all the same."""
    return "nan" if x != x else struct.pack("<d", x)


def state(node):
    """Return all that a node knows of itself, and what it hands to its parents."""
    return (
        node.rule,
        type(node.data),
        bits(node.data),
        [bits(d()) for d in node.local_derivatives],
        list(map(id, node.parents)),
        list(map(id, node.operands)),
        (type(node), node.grad, node.label),
        [bits(d) for d in node.gradient(node.parents)],
    )


@pytest.mark.parametrize(
    ("name", "operate"),
    [
        ("add", operator.add),
        ("sub", operator.sub),
        ("mul", operator.mul),
        ("div", operator.truediv),
    ],
)
def test_operators_agree_bit_for_bit_with_their_rows(name, operate):
    for x, y in product(NUMBERS, NUMBERS):
        a, b = Value(x), Value(y)
        for left, right in ((a, b), (a, y), (x, b), (a, a)):
            assert state(operate(left, right)) == state(apply(RULES[name], left, right))


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES.values() if rule.arity == 1], ids=str
)
def test_methods_of_one_operand_agree_bit_for_bit_with_their_rows(rule):
    for x in NUMBERS:
        a = Value(x)
        assert state(getattr(a, rule.name)()) == state(apply(rule, a))


def test_dot_agrees_bit_for_bit_with_its_row():
    for _ in range(300):
        n = RANDOM.randint(1, 5)
        kinds = RANDOM.choice([(Value,), (Value, float), (Value, float, int), (int,)])
        operands = [
            Value(x) if i == 0 or RANDOM.choice(kinds) is Value else x
            for i, x in enumerate(RANDOM.choices(NUMBERS, k=2 * n))
        ]
        got = dot(operands[:n], operands[n:])
        assert state(got) == state(apply(RULES["dot"], *operands))


# Style: a row states mathematics only

FORMULAS = {"formula", "partials", "kinks", "magnitude", "partial_magnitudes"}
BRANCHES = (ast.If, ast.IfExp, ast.BoolOp, ast.Not, ast.While, ast.Try, ast.Match)
FOREIGN = {"math", "abs", "min", "max", "sum", "pow", "round", "divmod", "float", "int"}


def faults(source):
    """Yield what is no mathematics in the rows and helper functions of a module."""
    tree = ast.parse(source)
    roots = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in FORMULAS:
            roots.append(node.value)
    for node in (node for root in roots for node in ast.walk(root)):
        if isinstance(node, BRANCHES) or getattr(node, "ifs", None):
            yield f"{ast.unparse(node)}: write m.where"
        elif isinstance(node, ast.Name) and node.id in FOREIGN:
            yield f"{node.id}: write m.{node.id}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"{node.value}: write m.rational"


ROW_FILES = [
    path
    for path in sorted(Path(inspect.getfile(Rule)).parent.glob("*.py"))
    if path.name not in ("__init__.py", "rule.py")
]


@pytest.mark.parametrize("path", ROW_FILES, ids=lambda path: path.stem)
def test_rows_state_mathematics_only(path):
    assert list(faults(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "formula",
    [
        "lambda m, x: x if x > 0 else 0",
        "lambda m, x: x > 0 and x",
        "lambda m, *xs: [x for x in xs if x]",
        "lambda m, x: math.sin(x)",
        "lambda m, x: abs(x)",
        "lambda m, x: 0.5 * x",
    ],
)
def test_the_test_of_style_sees_a_fault(formula):
    assert list(faults(f"Rule(formula={formula})"))
    assert list(faults(f"def _helper(m):\n    return {formula}"))
    assert not list(faults("Rule(formula=lambda m, x: m.abs(x), samples=((0.5,),))"))


@ROWS
def test_the_oracle_of_each_row_is_independent_of_it(rule):
    assert rule.name in oracles.ORACLES or hasattr(mp, rule.name)
