"""The rule table: one loop over its rows; a new row needs no line here.

What is true comes from `rule_oracles.py`. A row passes where |error| is at most
k·ulp(result) + 2·Σ|xᵢ·h′ᵢ|·2⁻⁵³, h being the value (k = 4) or a partial (k = 16). The
magnitude that a row states stands in place of the sum.
"""

import math
import operator
from dataclasses import replace
from functools import cache, wraps
from itertools import islice

import pytest
from mpmath import mp, mpf

from autograd import RULES, Value
from autograd.kinds import FLOATS
from autograd.value import apply

from . import rule_oracles as oracles
from .rule_conventions import CONVENTIONS

ROWS = pytest.mark.parametrize("rule", list(RULES.values()), ids=str)


def evaluate(rule, operands):
    """Return value and partials in floats, None for what is never differentiated."""
    free = oracles.free_places(rule, operands)
    out = apply(rule, *[Value(x) if i in free else x for i, x in enumerate(operands)])
    partials = dict(zip(free, (d() for d in out.local_derivatives), strict=True))
    return out.data, partials


def on_kink(rule, operands):
    if rule.kinks is None:
        return False
    with mp.workdps(1400):
        kinks = rule.kinks(oracles.HIGH_PRECISION, *oracles.lift(rule, operands))
        return any(quantity == 0 for quantity in kinks)


def is_number(x):
    return isinstance(x, bool | int) or math.isfinite(x)


def known_truths(rule, operands):
    """Yield what is true at smooth points; the rest are ends of a domain, or stated."""
    for point in operands:
        if not all(map(is_number, point)) or on_kink(rule, point):
            continue
        try:
            yield oracles.truth(rule, point)
        except oracles.UndefinedError:
            at_end = any(map(operator.contains, rule.domain, point))
            assert at_end or point in conventions_of(rule), point


def agrees(got, true, k, size=0):
    return oracles.within(got, true, oracles.margin(k, true, size))


def complaints(rule, known):
    """Return what is wrong with a row at a point."""
    value, partials = evaluate(rule, known.operands)
    of_value, of_partials = oracles.terms(rule, known)
    found, name = [], f"{rule.name}{known.operands}"
    if not agrees(value, known.value, 4, of_value):
        found.append(f"{name} = {value!r}, not {known.value}")
    for i, true in known.slopes.items():
        if not agrees(partials[i], true, 16, of_partials[i]):
            found.append(f"∂{i + 1} {name} = {partials[i]!r}, not {true}")
    return found


@ROWS
def test_value_and_partials_agree_with_mpmath_on_a_grid_and_at_the_samples(rule):
    points = oracles.points(rule)
    truths = list(known_truths(rule, [*rule.samples, *points]))
    assert len(truths) > len(points) / 2
    for known in truths:
        assert complaints(rule, known) == []


def wrong(rule, place=None):
    """Return the row with its value, or one partial, 0.1 % off; 0.001 where it is 0."""

    def off(m, x):
        return x * m.rational(1001, 1000) + m.where(x == 0, m.rational(1, 1000), 0)

    if place is None:
        return replace(rule, formula=lambda m, *xs: off(m, rule.forward(m, *xs)))

    @wraps(rule.partials)
    def partials(m, out, *xs):
        true = rule.local(m, out, xs, [True] * len(xs))
        return tuple(off(m, d) if i == place else d for i, d in enumerate(true))

    return replace(rule, partials=partials)


@ROWS
def test_a_row_that_is_wrong_by_a_thousandth_fails(rule):
    points = [*rule.samples, *oracles.points(rule)[::9]]
    truths = list(islice(known_truths(rule, points), 12))
    places = {i for known in truths for i in known.slopes}
    for planted in (wrong(rule), *(wrong(rule, place) for place in places)):
        assert any(complaints(planted, known) for known in truths)


@pytest.mark.parametrize(
    "rule", [r for r in RULES.values() if r.magnitude or r.partial_magnitudes], ids=str
)
def test_stated_magnitudes_are_the_same_in_floats(rule):
    stated = [
        rule.magnitude or (lambda *_: 1),
        rule.partial_magnitudes or (lambda *_: ()),
    ]
    for known in known_truths(rule, [*rule.samples, *oracles.points(rule)[::4]]):
        value, _ = evaluate(rule, known.operands)
        xs = oracles.lift(rule, known.operands)
        size, sizes = (f(FLOATS, value, *known.operands) for f in stated)
        true, trues = (f(oracles.HIGH_PRECISION, known.value, *xs) for f in stated)
        for got, high in zip((size, *sizes), (true, *trues), strict=True):
            near = max(high * mpf(10) ** -9, mpf(oracles.NORMAL))
            assert oracles.within(got, high, near), known


# Delicate points


@pytest.mark.parametrize(
    ("name", "operands", "value", "partials"), CONVENTIONS, ids=lambda x: str(x)
)
def test_each_convention_in_literal_numbers(name, operands, value, partials):
    got, got_partials = evaluate(RULES[name], operands)
    true = {i: d for i, d in enumerate(partials) if d is not None}
    close = {"rel": 4 * 2**-53, "abs": 0, "nan_ok": True}
    assert got == pytest.approx(value, **close)
    assert got_partials == pytest.approx(true, **close)


def conventions_of(rule):
    return [operands for name, operands, *_ in CONVENTIONS if name == rule.name]


@ROWS
def test_a_sample_without_an_answer_in_mpmath_is_a_stated_convention(rule):
    judged = [known.operands for known in known_truths(rule, rule.samples)]
    for sample in rule.samples:
        assert (
            sample in judged
            or on_kink(rule, sample)
            or any(
                list(map(repr, sample)) == list(map(repr, operands))
                for operands in conventions_of(rule)
            )
        ), f"no convention for {rule.name}{sample}"


def test_the_built_in_max_and_min_return_one_operand():
    x, y = Value(2.0), Value(2.0)
    assert max(x, y) is x
    assert min(x, y) is x


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES.values() if rule.kinks], ids=str
)
def test_kinks_are_where_they_are_declared_and_partials_lie_between_the_slopes(rule):
    f, broken = oracles.oracle(rule), False
    for point in [*rule.samples, *oracles.points(rule)]:
        if not all(map(is_number, point)) or not on_kink(rule, point):
            continue
        value, partials = evaluate(rule, point)
        xs = oracles.lift(rule, point)
        assert agrees(value, oracles.value(f, xs), 4)
        for i, partial in partials.items():
            left, right, jumps = oracles.side_slopes(f, xs, i)
            broken |= jumps or abs(left - right) > mpf(10) ** -300
            assert (
                min(left, right) <= partial <= max(left, right)
                or agrees(partial, left, 16)
                or agrees(partial, right, 16)
            ), (point, i, left, right)
    assert broken, f"no sample of {rule.name} lies on a kink"


@ROWS
def test_nan_in_gives_nan_out(rule):
    points = [*rule.samples, *oracles.points(rule)]
    for i in oracles.free_places(rule, points[0]):
        blind = {"where", "take", "leaky_relu", "elu", "pow"}  # here and there: x ** 0
        seen = [
            math.isnan(evaluate(rule, (*p[:i], math.nan, *p[i + 1 :]))[0])
            for p in points
            if len(p) > i and all(map(is_number, p))
        ]
        assert any(seen) if rule.name in blind else all(seen), f"operand {i + 1}"


# Second order: the row on Values


def second_order(rule, operands):
    """Return {(i, j): ∂(∂rule/∂i)/∂j} by gradients of gradients."""
    free = oracles.free_places(rule, operands)
    xs = [Value(x) if i in free else x for i, x in enumerate(operands)]
    inputs = [xs[i] for i in free]
    first = apply(rule, *xs).gradient(inputs, create_graph=True)
    rows = [slope.gradient(inputs) for slope in first]
    return {
        (i, j): second
        for i, row in zip(free, rows, strict=True)
        for j, second in zip(free, row, strict=True)
    }


def is_normal(x):
    return x == 0 or oracles.NORMAL < abs(x) < oracles.MAX


@cache
def exact_truths(rule):
    """Return what is true at samples and at moderate numbers, to 46 digits."""
    points = [p for p in oracles.points(rule) if all(1e-3 < abs(x) < 30 for x in p)]
    smooth = [known.operands for known in known_truths(rule, [*rule.samples, *points])]
    return [oracles.truth(rule, point, digits=46) for point in smooth[:8]]


@ROWS
def test_gradients_of_gradients_agree_with_mpmath(rule):
    for known in exact_truths(rule):
        with mp.workdps(50):
            exact = second_order(rule, oracles.lift(rule, known.operands))
        got = second_order(rule, known.operands)
        scale = 1 + sum(map(abs, known.operands))  # e^x knows x to x·2⁻⁵³ only
        for (i, j), true in known.curvatures.items():
            size = abs(true) * scale + abs(known.slopes[i] / (known.operands[j] or 1))
            near = oracles.TINY + mpf(10) ** -40 * size
            assert abs(exact[i, j] - true) <= near, (known, i, j)
            # Not where it is made of numbers that have left the normal floats.
            if all(map(is_normal, (known.value, *known.slopes.values(), size))):
                assert agrees(got[i, j], true, 16, 16 * size), (known, i, j)


# Exact numbers


@ROWS
def test_a_row_keeps_the_digits_of_mpf(rule):
    assert exact_truths(rule)
    for known in exact_truths(rule):
        of_value, of_partials = oracles.terms(rule, known)
        with mp.workdps(50):
            value, partials = evaluate(rule, oracles.lift(rule, known.operands))
            near = mpf(10) ** -45
            assert isinstance(value, mpf)
            assert abs(value - known.value) <= near * (abs(known.value) + of_value)
            for i, true in known.slopes.items():
                size = abs(true) + of_partials[i]
                off = abs(partials[i] - true)
                assert off <= near * size + oracles.TINY, (known, i)
