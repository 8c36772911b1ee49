"""Random expression graphs: reverse = forward = what other arithmetic says.

A program is a list of operations on earlier results, so it has fan-out, repeated
parents, constants and shared sub-graphs. The oracles know nothing of the rule table:
differences of a 50-digit evaluation in mpmath, and for floats the sum over all paths of
the products of local derivatives, in rational arithmetic.
"""

import dataclasses
import itertools
from fractions import Fraction

import mpmath
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

import autograd as ag
from autograd import Value, hessian, jvp, vjp

EPSILON = 2.0**-53


def phi(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


# name: (in mpmath, how each operand is kept within the operation's domain)
OPERATIONS = {
    "add": (lambda x, y: x + y, "  "),
    "sub": (lambda x, y: x - y, "  "),
    "mul": (lambda x, y: x * y, "  "),
    "div": (lambda x, y: x / y, " +"),
    "pow": (lambda x, y: x**y, "+s"),
    "neg": (lambda x: -x, " "),
    "square": (lambda x: x**2, " "),
    "reciprocal": (lambda x: 1 / x, "+"),
    "sqrt": (lambda x: mp.sqrt(x), "+"),
    "cbrt": (lambda x: mp.cbrt(x), "+"),
    "exp": (lambda x: mp.exp(x), "s"),
    "expm1": (lambda x: mp.expm1(x), "s"),
    "log": (lambda x: mp.log(x), "+"),
    "log1p": (lambda x: mp.log1p(x), "+"),
    "sin": (lambda x: mp.sin(x), " "),
    "cos": (lambda x: mp.cos(x), " "),
    "atan": (lambda x: mp.atan(x), " "),
    "tanh": (lambda x: mp.tanh(x), " "),
    "asinh": (lambda x: mp.asinh(x), " "),
    "cosh": (lambda x: mp.cosh(x), "s"),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), " "),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), " "),
    "silu": (lambda x: x / (1 + mp.exp(-x)), " "),
    "gelu": (lambda x: x * phi(x), " "),
    "erf": (lambda x: mp.erf(x), " "),
    "sinc": (lambda x: mp.sincpi(x), " "),
    "hypot": (lambda x, y: mp.sqrt(x * x + y * y), " +"),
    "atan2": (lambda y, x: mp.atan(y / x), " +"),
    "logaddexp": (lambda x, y: mp.log(mp.exp(x) + mp.exp(y)), "  "),
    "xlogy": (lambda x, y: x * mp.log(y), " +"),
    "sum": (lambda *x: mp.fsum(x), "   "),
    "mean": (lambda *x: mp.fsum(x) / len(x), "  "),
    "prod": (lambda *x: mp.fprod(x), "   "),
    "dot": (lambda a, b, c, d: a * c + b * d, "    "),
    "norm": (lambda *x: mp.sqrt(mp.fsum(t * t for t in x)), "  +"),
    "logsumexp": (lambda *x: mp.log(mp.fsum(map(mp.exp, x))), "   "),
    "first": (lambda x, y: x, "  "),
    "second": (lambda x, y: y, "  "),
}
OPERATORS = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "pow": lambda x, y: x**y,
    "neg": lambda x: -x,
    "dot": lambda a, b, c, d: ag.dot([a, b], [c, d]),
    "first": lambda x, y: ag.where(True, x, y),
    "second": lambda x, y: ag.where(False, x, y),
}


def engine(name):
    return OPERATORS.get(name) or getattr(ag, name)


def in_mpmath(name):
    return OPERATIONS[name][0]


class Program:
    """Leaves, steps (name, places of operands in leaves + constants + results)."""

    def __init__(self, leaves, constants):
        self.leaves, self.constants = leaves, constants
        self.steps = []
        self.numbers = [*map(mpf, leaves), *map(mpf, constants)]

    def add(self, name, *places):
        number = in_mpmath(name)(*[self.numbers[place] for place in places])
        self.steps.append((name, places))
        self.numbers.append(number)
        if abs(number) > 30:  # or a few products would be beyond all numbers
            return self.add("atan", len(self.numbers) - 1)
        return len(self.numbers) - 1

    def guarded(self, guard, place):
        if guard == "+":  # 1 + x²
            return self.add("add", self.add("square", place), len(self.leaves))
        return self.add("tanh", place) if guard == "s" else place

    def run(self, leaves, operation):
        """Return all results: of leaves, constants and steps."""
        results = [*leaves, *self.constants]
        if mpmath.mp.dps > 15:  # a constant that meets no leaf must not be rounded
            results[len(leaves) :] = map(mpf, self.constants)
        for name, places in self.steps:
            results.append(operation(name)(*[results[place] for place in places]))
        return results

    def __repr__(self):
        return f"{self.leaves} {self.constants} {self.steps}"


@st.composite
def programs(draw, most_leaves=4, most_steps=12):
    numbers = st.one_of(
        st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0]), st.floats(-3, 3, width=32)
    )
    program = Program(
        draw(st.lists(numbers, min_size=1, max_size=most_leaves)),
        [1, 2, -0.5, draw(numbers)],  # two ints, and the 1 of a guard comes first
    )
    for _ in range(draw(st.integers(1, most_steps))):
        name = draw(st.sampled_from(sorted(OPERATIONS)))
        places = []
        for guard in OPERATIONS[name][1]:
            # From the end, so that most results are used, and some twice.
            back = draw(st.integers(1, len(program.numbers)))
            places.append(program.guarded(guard, len(program.numbers) - back))
        program.add(name, *places)
    count = len(program.steps)
    outputs = draw(st.lists(st.integers(0, count), max_size=2))
    program.outputs = [-1, *(len(program.numbers) - 1 - back for back in outputs)]
    weights = st.sampled_from([1.0, -2.0, 0.5, 0.0])
    program.weights = [1.0, *(draw(weights) for _ in outputs)]
    return program


def deterministic(examples):
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def weighted(program, leaves, operation):
    """Σ weight·output."""
    results = program.run(leaves, operation)
    return sum(
        weight * results[place]
        for place, weight in zip(program.outputs, program.weights, strict=True)
    )


def by_differences(program, order=1):
    """All derivatives of an order of Σ weight·output, by differences at 50 digits."""
    leaves = list(map(mpf, program.leaves))
    f = lambda *x: weighted(program, x, in_mpmath)  # noqa: E731
    found = []
    for places in itertools.product(range(len(leaves)), repeat=order):
        counts = tuple(places.count(place) for place in range(len(leaves)))
        found.append(mpmath.diff(f, tuple(leaves), counts))
    return found


def by_reverse(program, leaves):
    f = lambda x: [program.run(x, engine)[place] for place in program.outputs]  # noqa: E731
    return vjp(f, leaves)[1](program.weights)[0]


def by_forward(program, leaves):
    f = lambda x: weighted(program, x, engine)  # noqa: E731
    units = [[int(i == j) for i in range(len(leaves))] for j in range(len(leaves))]
    return [jvp(f, (leaves,), (unit,))[1] for unit in units]


def by_backward(program, leaves):
    leaves = list(map(Value, leaves))
    out = Value(0.0) + weighted(program, leaves, engine)
    out.backward()
    return [leaf.grad for leaf in leaves]


def on_values(program, leaves):
    """By the formulas that second derivatives are taken of."""
    return [bar.data for bar in by_reverse(program, list(map(Value, leaves)))]


def forward_on_values(program, leaves):
    return [dot.data for dot in by_forward(program, list(map(Value, leaves)))]


WAYS = (by_reverse, by_forward, by_backward, on_values, forward_on_values)


@deterministic(300)
@given(programs())
def test_gradients_at_fifty_digits_are_those_of_differences(program):
    check_at_fifty_digits(program)


def check_at_fifty_digits(program):
    with mpmath.workdps(50):
        expected = by_differences(program)
        leaves = list(map(mpf, program.leaves))
        for way in WAYS:
            for found, wanted in zip(way(program, leaves), expected, strict=True):
                assert abs(found - wanted) <= mpf(10) ** -30 * max(1, abs(wanted)), way


def path_sums(out, leaves):
    """Σ over paths of Π local derivatives, exactly; the same of their sizes; edges."""
    memo, edges = {}, 0

    def below(node):
        nonlocal edges
        if id(node) not in memo:
            sums = {id(node): (Fraction(1), Fraction(1))} if node.is_leaf else {}
            for parent, d in zip(node.parents, node.local_derivatives, strict=True):
                edges += 1
                for leaf, (total, size) in below(parent).items():
                    before = sums.get(leaf, (0, 0))
                    term = total * Fraction(d()), size * abs(Fraction(d()))
                    sums[leaf] = before[0] + term[0], before[1] + term[1]
            memo[id(node)] = sums
        return memo[id(node)]

    found = [below(out).get(id(leaf), (Fraction(0), Fraction(0))) for leaf in leaves]
    return found, edges


@deterministic(300)
@given(programs())
def test_gradients_of_floats_are_sums_over_paths(program):
    leaves = list(map(Value, program.leaves))
    out = Value(0.0) + weighted(program, leaves, engine)
    sums, edges = path_sums(out, leaves)
    for way in WAYS:
        for found, (total, size) in zip(
            way(program, program.leaves), sums, strict=True
        ):
            # Two roundings an edge: a product and a sum; underflow at the very end.
            bound = 2 * edges * EPSILON * float(size) + 1e-300
            assert abs(Fraction(found) - total) <= bound, way


@deterministic(200)
@given(programs())
def test_local_derivatives_of_floats_are_those_of_differences(program):
    check_local_derivatives(program)


def check_local_derivatives(program):
    results = program.run(list(map(Value, program.leaves)), engine)
    first = len(program.leaves) + len(program.constants)
    for (name, places), out in zip(program.steps, results[first:], strict=True):
        operands = [results[place] for place in places]
        numbers = [mpf(x.data if isinstance(x, Value) else x) for x in operands]
        free = [i for i, x in enumerate(operands) if isinstance(x, Value)]
        if not free:
            assert type(out) in (float, int)
            continue
        with mpmath.workdps(40):
            value = in_mpmath(name)(*numbers)
            assert abs(out.data - value) <= 1e-14 * (
                abs(value) + sum(map(abs, numbers))
            )
            for place, d in zip(free, out.local_derivatives, strict=True):
                count = tuple(int(i == place) for i in range(len(numbers)))
                wanted = mpmath.diff(in_mpmath(name), tuple(numbers), count)
                assert abs(d() - wanted) <= 1e-14 * (1 + abs(wanted)), (name, place)


@deterministic(100)
@given(programs(most_leaves=3, most_steps=8))
def test_hessians_are_those_of_differences(program):
    check_hessians(program)


def check_hessians(program):
    with mpmath.workdps(50):
        expected = by_differences(program, order=2)
        leaves = list(map(mpf, program.leaves))
        f = lambda x: weighted(program, x, engine)  # noqa: E731
        for mode in ("forward", "reverse"):
            found = itertools.chain(*hessian(f, mode=mode)(leaves))
            for h, wanted in zip(found, expected, strict=True):
                # The series of sinc leaves 1e-24 of its slope, and more of the next.
                assert abs(h - wanted) <= mpf(10) ** -18 * max(1, abs(wanted)), mode


def test_a_wrong_rule_is_noticed(monkeypatch):
    planted = dataclasses.replace(
        ag.RULES["sin"], partials=lambda m, out, x: (m.cos(x) * m.rational(1001, 1000),)
    )
    monkeypatch.setattr(ag, "sin", lambda x: ag.value.apply(planted, x))
    program = Program([0.5], [1])
    program.add("sin", program.add("mul", 0, 0))
    program.outputs, program.weights = [-1], [1.0]
    for check in (check_at_fifty_digits, check_local_derivatives, check_hessians):
        with pytest.raises(AssertionError):
            check(program)
    monkeypatch.undo()
    for check in (check_at_fifty_digits, check_local_derivatives, check_hessians):
        check(program)
