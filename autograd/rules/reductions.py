"""Operations on any number of operands."""

import math
from collections.abc import Sequence
from functools import reduce
from typing import Any

from .arithmetic import direction, finite_size
from .rule import Number, Rule, table

Numbers = Sequence[Number]


def _products_of_others(xs: Numbers) -> tuple[Number, ...]:
    """For each operand the product of all the others, without a division."""
    before: list[Number] = [1]
    after: list[Number] = [1]
    for x in xs[:-1]:
        before.append(before[-1] * x)
    for x in xs[:0:-1]:
        after.append(after[-1] * x)
    return tuple(
        left * right for left, right in zip(before, reversed(after), strict=True)
    )


def _accumulated(m: Any, *xs: Number) -> Number:
    """Return what the n − 1 roundings of a sum are relative to, counted as two."""
    return m.rational(len(xs), 2) * m.sum(*map(m.abs, xs))


def _products(xs: Numbers) -> tuple[Number, ...]:
    half = len(xs) // 2
    return tuple(x * y for x, y in zip(xs[:half], xs[half:], strict=True))


def _size_of_exponents(m: Any, xs: Numbers) -> Number:
    return m.rational(len(xs), 2) + m.max(*[finite_size(m, x) for x in xs])


def _softmax(m: Any, xs: Numbers) -> tuple[Number, ...]:
    """e^x_i / Σ e^x_j, shifted by the largest; the shift is a constant."""
    top = m.detach(m.max(*xs))
    endless = m.abs(top) == m.inf
    weights = [m.where(endless, m.where(x == top, 1, 0), m.exp(x - top)) for x in xs]
    total = m.where(top == -m.inf, m.inf, m.sum(*weights))  # all −inf: 1/inf of each
    return tuple(m.div(weight, total) for weight in weights)


def _ties(m: Any, out: Number, xs: Numbers) -> tuple[Number, ...]:
    """1/k for each of the k operands that equal out, 0 for the others."""
    hits = [m.where(x == out, 1, 0) for x in xs]
    share = m.div(1, m.sum(*hits))
    return tuple(m.where(x == out, share, m.where(out == out, 0, out)) for x in xs)


def _leads(m: Any, extreme: Number, xs: Numbers) -> tuple[Number, ...]:
    """Return for each pair how far one is from the other that is the extreme."""
    return tuple(
        m.where(x == extreme, x - y, m.where(y == extreme, x - y, 1))
        for i, x in enumerate(xs)
        for y in xs[:i]
    )


REDUCTIONS = table(
    Rule(
        name="sum",
        partials=lambda m, out, *xs: (1,) * len(xs),
        latex=r"\sum\left(#*\right)",
        samples=((1.0, 2.0, 3.0), (1e16, 1.0, -1e16), (5.0,)),
        magnitude=lambda m, out, *xs: _accumulated(m, *xs),
        note="adds from left to right",
    ),
    Rule(
        name="prod",
        partials=lambda m, out, *xs: _products_of_others(xs),
        latex=r"\prod\left(#*\right)",
        samples=((2.0, 3.0, 4.0), (0.0, 3.0, 4.0), (0.0, 0.0, 4.0), (7.0,)),
        note="right with zeros",
    ),
    Rule(
        name="dot",
        partials=lambda m, out, *xs: xs[len(xs) // 2 :] + xs[: len(xs) // 2],
        text="dot([#<], [#>])",
        latex=r"\left(#<\right) \cdot \left(#>\right)",
        samples=((1.0, 2.0, 3.0, 4.0), (1.5, -2.0)),
        magnitude=lambda m, out, *xs: _accumulated(m, *_products(xs)),
        note="multiplies, then adds from left to right",
    ),
    Rule(
        name="mean",
        formula=lambda m, *xs: m.div(m.sum(*xs), len(xs)),
        partials=lambda m, out, *xs: (m.rational(1, len(xs)),) * len(xs),
        samples=((1.0, 2.0, 6.0), (5.0,)),
        magnitude=lambda m, out, *xs: m.div(_accumulated(m, *xs), len(xs)),
    ),
    Rule(
        name="norm",
        partials=lambda m, out, *xs: direction(m, out, *xs),
        latex=r"\left\lVert #* \right\rVert",
        samples=((3.0, 4.0), (0.0, 0.0), (1e200, 1e200), (1.0, -2.0, 3.0)),
        kinks=lambda m, *xs: (m.norm(*xs),),
        note="derivative 0 at the origin",
    ),
    Rule(
        name="logsumexp",
        partials=lambda m, out, *xs: _softmax(m, xs),
        latex=r"\ln\sum\exp\left(#*\right)",
        samples=(
            (1.0, 2.0, 3.0),
            (1000.0, 990.0, -1000.0),
            (-1000.0, -1000.0),
            (0.0, -40.0),
            (-math.inf, -math.inf),
            (math.inf, math.inf, 1.0),
        ),
        # The largest and the logarithm of the rest cancel where the sum is near 1.
        magnitude=lambda m, out, *xs: _size_of_exponents(m, xs),
        partial_magnitudes=lambda m, out, *xs: tuple(
            weight * (_size_of_exponents(m, xs) + finite_size(m, x))
            for x, weight in zip(xs, _softmax(m, xs), strict=True)
        ),
        note="all −inf → gradient 0; k entries +inf → 1/k each",
    ),
    Rule(
        name="max",
        formula=lambda m, *xs: reduce(m.maximum, xs),
        partials=lambda m, out, *xs: _ties(m, out, xs),
        latex=r"\max\left(#*\right)",
        samples=((1.0, 3.0, 2.0), (2.0, 2.0, 1.0), (4.0,), (1.0, math.nan)),
        kinks=lambda m, *xs: _leads(m, m.max(*xs), xs),
        note="1/k for each of k equal ones",
    ),
    Rule(
        name="min",
        formula=lambda m, *xs: reduce(m.minimum, xs),
        partials=lambda m, out, *xs: _ties(m, out, xs),
        latex=r"\min\left(#*\right)",
        samples=((1.0, 3.0, 2.0), (2.0, 1.0, 1.0), (4.0,), (1.0, math.nan)),
        kinks=lambda m, *xs: _leads(m, m.min(*xs), xs),
        note="1/k for each of k equal ones",
    ),
    Rule(
        name="take",
        partials=lambda m, out, index, *xs: (None, *m.one_hot(index, len(xs))),
        text="take([#+], #1)",
        static=(0,),
        samples=((1, 2.0, 3.0), (0, 5.0)),
        note="derivative 1 for the chosen one",
    ),
)
