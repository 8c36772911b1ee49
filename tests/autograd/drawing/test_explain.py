"""`explain`: the paths, their formulas and numbers, and their sum."""

import math
import random
import re
import time
from fractions import Fraction
from itertools import product as products

import mpmath
import pytest

import autograd
from autograd import (
    RULES,
    ArgumentError,
    NumberError,
    Value,
    dot,
    exp,
    explain,
    log,
    rule,
    sigmoid,
    sin,
    tanh,
)
from autograd.printing.symbolic import latex_name


def all_paths(output, node):
    """Return the products along all paths, found by going down every one of them."""
    if output is node:
        return [1.0]
    return [
        derivative() * rest
        for parent, derivative in zip(
            output.parents, output.local_derivatives, strict=True
        )
        for rest in all_paths(parent, node)
    ]


def small_graph(seed):
    rng = random.Random(seed)
    values = [Value(rng.uniform(0.5, 1.5), label=label) for label in "xyz"]
    for _ in range(9):
        a, b = rng.choice(values[-4:]), rng.choice(values)
        values.append(
            rng.choice(
                [a + b, a * b, a - b, a / b, sin(a), exp(a) * b, dot([a, b], [b, a])]
            )
        )
    return values[-1], values[0]


@pytest.mark.parametrize("seed", range(40))
def test_the_largest_of_all_paths(seed):
    output, x = small_graph(seed)
    expected = sorted(map(abs, all_paths(output, x)), reverse=True)
    found = explain(output, wrt=x, most=5)
    assert found.count == len(expected)
    sizes = [abs(path.product) for path in found.paths]
    assert sizes == pytest.approx(expected[:5], rel=1e-12)
    assert found.gradient == pytest.approx(output.gradient([x])[0], rel=1e-12)
    shown = math.fsum(path.product for path in found.paths)
    assert shown + found.left_out == pytest.approx(found.gradient, rel=1e-9, abs=1e-9)
    if found.count <= 5:
        assert found.left_out == 0
        assert shown == pytest.approx(found.gradient, rel=1e-9, abs=1e-12)
    for path in found.paths:  # each is a way from the output down to x
        assert path.steps[0].head is output
        assert path.steps[-1].tail is x
        for step, below in zip(path.steps, path.steps[1:], strict=False):
            assert step.tail is below.head
        factors = [step.derivative for step in path.steps]
        assert math.prod(factors) == pytest.approx(path.product, rel=1e-12)


NEURON = """\
∂o/∂w = 0.839949

   ∂o/∂v2 · ∂v2/∂v1 · ∂v1/∂w
    = (1 / cosh(v2))² · 1 · x
    = 0.42 · 1 · 2
    = 0.839949

where"""


def test_a_neuron_in_words():
    w, x, b = Value(0.5, label="w"), Value(2.0, label="x"), Value(0.0, label="b")
    o = tanh(w * x + b)
    o.label = "o"
    text = explain(o, wrt=w).text
    assert text.startswith(NEURON)
    assert text.splitlines()[-6:] == [
        "  o = tanh(v2) = 0.761594",
        "  v2 = v1 + b = 1",
        "  v1 = w × x = 1",
        "  b = 0",
        "  w = 0.5",
        "  x = 2",
    ]


def test_two_edges_are_two_paths():
    x = Value(3.0, label="x")
    found = explain(x * x, wrt=x)
    assert found.count == 2
    assert [path.steps[0].place for path in found.paths] == [0, 1]
    assert "sum: 3 + 3 = 6" in found.text


def test_symbols_that_say_what_the_rule_says():
    x, y = Value(2.0, label="x"), Value(-3.0, label="y")
    expected = {
        x**2: "2 · x",
        x**3: "3 · x²",
        x - y: "1",
        x / y: "1 / y",
        exp(x): "v1",
        log(x): "1 / x",
        sin(x): "cos(x)",
        sigmoid(x): "v1 · sigmoid(-x)",
        x.relu(): "1",
        y.relu() * x: "0",
        x**y: "y · x ^ (y - 1)",
        5 / x: "(-v1) / x",
        abs(x): "sign(x)",
    }
    for out, text in expected.items():
        wrt = y if text == "0" else x
        lines = explain(out, wrt=wrt).text.splitlines()
        factors = lines[3].removeprefix("    = ")
        assert text in factors


def evaluate(text, names):
    """Compute a formula as it was printed."""
    sups = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    text = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: f"**({m[0].translate(sups)})", text)
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    text = text.replace("·", "*").replace("×", "*").replace("^", "**")
    functions = {name: getattr(autograd, name, None) for name in RULES}
    found = eval(text, {**functions, **names, "abs": abs})
    return getattr(found, "data", found)


@pytest.mark.parametrize(
    "name", [n for n, r in RULES.items() if r.arity in (1, 2) and not r.static]
)
def test_printed_formulas_give_the_derivatives(name):
    """What is printed, read back and computed, is the local derivative."""
    row = RULES[name]
    for numbers in products(*[[0.3, 1.7, -0.6]] * row.arity):
        values = [Value(x, label="xy"[i]) for i, x in enumerate(numbers)]
        out = getattr(autograd, name, getattr(Value, name, None))
        if name in ("add", "sub", "mul", "div", "floordiv", "neg", "pos", "chain"):
            m = {"add": "__add__", "sub": "__sub__", "mul": "__mul__"}
            m |= {"div": "__truediv__", "floordiv": "__floordiv__"}
            m |= {"neg": "__neg__", "pos": "__pos__"}
            if name not in m:
                pytest.skip("not for users")
            node = getattr(values[0], m[name])(*values[1:])
        else:
            node = out(*values)
        if math.isnan(node.data):
            continue
        for i, value in enumerate(values):
            found = explain(node, wrt=value)
            for path in found.paths:
                symbols, _ = found._factors(path)
                if "∂" in symbols[0].text:
                    continue
                names = {"x": numbers[0], "y": numbers[-1], "v1": node.data}
                got = evaluate(symbols[0].text, names)
                wanted = node.local_derivatives[i]()
                assert got == pytest.approx(wanted, rel=2e-3, abs=1e-12, nan_ok=True)


def test_more_paths_than_can_be_counted_one_by_one():
    x = Value(1.0, label="x")
    v = x
    for _ in range(500):
        v = v * 0.5 + v * 0.25
    start = time.process_time()
    found = explain(v, wrt=x, most=4)
    text = found.text
    assert time.process_time() - start < 5
    assert found.count == 2**500
    assert found.paths[0].product == pytest.approx(0.5**500)
    assert found.gradient == pytest.approx(0.75**500)
    assert "the sum over about 3.27e+150 paths; the largest 4:" in text
    assert "and about 3.27e+150 more paths, together" in text
    assert "(… stands for 992 factors)" in text
    assert len(text.splitlines()) < 60


def test_exact_numbers_stay_exact():
    x = Value(Fraction(1, 3), label="x")
    found = explain(x * x + 1 / x, wrt=x)
    assert found.gradient == Fraction(-25, 3)
    assert sum(path.product for path in found.paths) == Fraction(-25, 3)
    assert "((-v2) / x)" in found.text
    y = Value(mpmath.mpf("0.5"), label="y")
    assert "cos(y)" in explain(sin(y), wrt=y).text


def test_zero_beats_infinity():
    x = Value(0.0, label="x")
    out = x * (1 / (x * 1.0))  # 0 × inf
    assert explain(out, wrt=x).text


def test_an_interior_node_and_a_label():
    x = Value(0.5, label="x")
    inner = x * 2
    inner.label = "inner"
    out = sin(inner) + inner
    assert explain(out, wrt="inner").gradient == explain(out, wrt=inner).gradient
    assert explain(out, wrt="inner").count == 2
    assert explain(out, wrt=out).gradient == 1


def test_what_does_not_depend():
    x, other = Value(1.0, label="x"), Value(2.0, label="other")
    found = explain(x * 2, wrt=other)
    assert (found.count, found.gradient, found.paths) == (0, 0, ())
    assert found.text == "∂v1/∂other = 0: v1 does not depend on other"
    assert found.latex.endswith("= 0")


def test_a_rule_of_the_user_s_own():
    @rule(partials=lambda m, out, x: (1 - out * out,))
    def softclip(m, x):
        return m.tanh(x)

    @rule(partials=lambda m, out, x: (math.cos(x),), opaque=True)
    def black_box(m, x):
        return math.sin(x)

    x = Value(0.5, label="x")
    assert "1 - v1 · v1" in explain(softclip(x), wrt=x).text
    assert "∂v1/∂x" in explain(black_box(x), wrt=x).text.splitlines()[3]


def test_latex():
    w, x = Value(0.5, label="w1"), Value(-2.0, label="my_x")
    found = explain(sin(w * x) * w, wrt=w)
    latex = found.latex
    assert latex.count(r"\begin{aligned}") == latex.count(r"\end{aligned}") == 1
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left(") == latex.count(r"\right)")
    assert r"\frac{\partial v_{3}}{\partial w_{1}} &= " in latex
    assert r"\cos\left(v_{1}\right) \cdot \text{my\_x}" in latex
    assert found._repr_latex_() == f"$\\displaystyle {latex}$"


def test_latex_of_hostile_labels():
    name = latex_name(r"<script>alert(1)</script> $ \input{x} % # & _ ^ ~")
    assert "<" not in name
    assert ">" not in name
    assert re.sub(r"\\[{}#$%&_]", "", name).count("{") == name.count(r"\text{")
    for c in "#$%&_":
        assert re.search(rf"(?<!\\)\{c}", name) is None


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: explain(3.0, wrt=x), NumberError, "takes a Value, got a float"),
        (
            lambda x: explain(x, wrt=3.0),
            NumberError,
            "wrt is a Value or a label, got",
        ),
        (lambda x: explain(x * 2, wrt="q"), ArgumentError, "no node has the label 'q'"),
        (
            lambda x: explain(x * Value(1.0, label="x"), wrt="x"),
            ArgumentError,
            "2 nodes have the label 'x'",
        ),
        (lambda x: explain(x, wrt=x, most=0), ArgumentError, "most is a whole number"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call(Value(1.0, label="x"))
