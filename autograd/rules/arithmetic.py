"""Arithmetic: the operators, powers and roots, products of the chain rule."""

import math
from typing import Any

from .rule import EVERYWHERE, Number, Rule, table

POSITIVE = (0.0, math.inf)


def underflow(m: Any, x: Number) -> Number:
    """Bound what x times a number below the normal floats has lost by rounding."""
    return m.abs(x) * m.rational(1, 2**1022)


def finite_size(m: Any, x: Number) -> Number:
    """Return |x|, and 0 for an infinite one, which rounding leaves as it is."""
    return m.where(m.abs(x) == m.inf, 0, m.abs(x))


def _power_rule(m: Any, x: Number, y: Number) -> Number:
    """Return y·x^(y−1); for small y as y·x^y/x, since y − 1 would lose digits of y.

    Zero beats infinity: x**0 and 0**1 have the derivatives 0 and 1.
    """
    size = m.abs(m.detach(x))
    divides = m.where(size == 0, 0, m.where(size == m.inf, 0, 1))
    small = 4 * m.square(m.detach(y)) < divides  # |y| < ½, and x may divide
    slope = m.chain(y, m.pow(x, m.where(small, y, y - 1)))
    return m.where(small, m.div(slope, m.where(small, x, 1)), slope)


def _power_magnitudes(m: Any, out: Number, x: Number, y: Number) -> tuple[Number, ...]:
    """Return Σ|xᵢ·∂h/∂xᵢ|, and what y and ln x make of a power below the floats."""
    log = m.where(x == 0, 0, m.abs(m.log(m.abs(x))))
    slope = m.abs(_power_rule(m, x, y))
    return (
        m.chain(slope, 2 + m.abs(y) * (1 + log)) + underflow(m, y),
        m.chain(m.abs(out), 1 + m.abs(y) * log * (1 + log)) + underflow(m, log),
    )


def direction(m: Any, out: Number, *xs: Number) -> tuple[Number, ...]:
    """Return each xᵢ/‖x‖, 0 at the origin; where ‖x‖ overflows, of a shorter vector."""
    short = [m.div(x, 2 * len(xs)) for x in xs]
    length = m.norm(*short)
    return tuple(
        m.where(out == 0, 0, m.where(out < m.inf, m.div(x, out), m.div(s, length)))
        for x, s in zip(xs, short, strict=True)
    )


ARITHMETIC = table(
    Rule(
        name="add",
        formula=lambda m, x, y: x + y,
        partials=lambda m, out, x, y: (1, 1),
        text="#1 + #2",
        latex="#1 + #2",
        numpy=("add",),
        domain=(EVERYWHERE, EVERYWHERE),
    ),
    Rule(
        name="sub",
        formula=lambda m, x, y: x - y,
        partials=lambda m, out, x, y: (1, -1),
        text="#1 - #2",
        latex="#1 - #2",
        numpy=("subtract",),
        domain=(EVERYWHERE, EVERYWHERE),
    ),
    Rule(
        name="mul",
        formula=lambda m, x, y: x * y,
        partials=lambda m, out, x, y: (y, x),
        text="#1 * #2",
        latex=r"#1 \cdot #2",
        numpy=("multiply",),
        domain=(EVERYWHERE, EVERYWHERE),
    ),
    Rule(
        name="div",
        partials=lambda m, out, x, y: (m.div(1, y), m.div(-out, y)),
        text="#1 / #2",
        latex=r"\frac{#1}{#2}",
        numpy=("divide", "true_divide"),
        domain=(EVERYWHERE, EVERYWHERE),
        samples=((1.0, 0.0), (-1.0, 0.0), (0.0, 2.0), (1.0, math.inf)),
        note="IEEE 754: 1/0 is inf, 0/0 is nan; ∂/∂y is −out/y",
    ),
    Rule(
        name="neg",
        formula=lambda m, x: -x,
        partials=lambda m, out, x: (-1,),
        text="-#1",
        latex="-#1",
        numpy=("negative",),
        domain=(EVERYWHERE,),
    ),
    Rule(
        name="pos",
        formula=lambda m, x: x,
        partials=lambda m, out, x: (1,),
        text="+#1",
        latex="+#1",
        numpy=("positive", "conjugate", "conj"),
        domain=(EVERYWHERE,),
        note="a new node with the same number",
    ),
    Rule(
        name="pow",
        partials=lambda m, out, x, y: (
            _power_rule(m, x, y),
            lambda: m.where(
                x > 0,
                m.chain(out, m.log(x)),
                m.where(x == 0, m.where(y > 0, 0, m.nan), m.nan),
            ),
        ),
        text="#1 ** #2",
        latex="{#1}^{#2}",
        numpy=("power", "pow", "float_power"),
        domain=(POSITIVE, EVERYWHERE),
        partial_magnitudes=_power_magnitudes,
        samples=(
            (0.0, 1.0),
            (0.0, 0.0),
            (0.0, 2.0),
            (0.0, 0.5),
            (-2.0, 3.0),
            (-2.0, -3.0),
            (-8.0, 0.5),
            (2.0, 0.5),
            (1e200, 2.0),
            (1e-200, 2.0),
            (1e-300, 1.05),
            (1e-320, 1e-300),
        ),
        note="∂/∂x at x = 0: p=1 → 1, p=0 or p>1 → 0, 0<p<1 → inf; "
        "∂/∂y: 0 at x = 0 < y, else nan for x ≤ 0",
    ),
    Rule(
        name="square",
        formula=lambda m, x: x * x,
        partials=lambda m, out, x: (2 * x,),
        latex="{#1}^2",
        numpy=("square",),
        domain=(EVERYWHERE,),
    ),
    Rule(
        name="reciprocal",
        formula=lambda m, x: m.div(1, x),
        partials=lambda m, out, x: (-out * out,),
        latex=r"\frac{1}{#1}",
        numpy=("reciprocal",),
        domain=(EVERYWHERE,),
        samples=((0.0,),),
        note="IEEE 754: 1/0 is inf",
    ),
    Rule(
        name="sqrt",
        # out + 0 turns -0.0 into 0.0, so that the slope there is +inf.
        partials=lambda m, out, x: (m.div(m.rational(1, 2), out + 0),),
        latex=r"\sqrt{#1}",
        numpy=("sqrt",),
        domain=(POSITIVE,),
        samples=((0.0,), (-0.0,), (-1.0,), (math.inf,)),
        note="derivative +inf at 0 and -0.0; nan below",
    ),
    Rule(
        name="cbrt",
        partials=lambda m, out, x: (m.div(1, 3 * out * out),),
        latex=r"\sqrt[3]{#1}",
        numpy=("cbrt",),
        domain=(EVERYWHERE,),
        samples=((0.0,), (-8.0,)),
        note="derivative +inf at 0",
    ),
    Rule(
        name="hypot",
        partials=lambda m, out, x, y: direction(m, out, x, y),
        latex=r"\sqrt{{#1}^2 + {#2}^2}",
        numpy=("hypot",),
        domain=(EVERYWHERE, EVERYWHERE),
        samples=((0.0, 0.0), (3.0, 4.0), (0.0, -2.0), (1e200, 1e200)),
        kinks=lambda m, x, y: (m.hypot(x, y),),
        note="derivative 0 at the origin, nan for an infinite operand",
    ),
    Rule(
        name="mod",
        partials=lambda m, out, x, y: (m.where(y == 0, out, 1), -m.floordiv(x, y)),
        text="#1 % #2",
        latex=r"#1 \bmod #2",
        numpy=("remainder", "mod"),
        domain=(EVERYWHERE, EVERYWHERE),
        samples=((7.5, -2.0), (-7.5, 2.0), (6.0, 2.0), (1.0, 0.0)),
        kinks=lambda m, x, y: (m.mod(x, y),),
        note="Python's: the sign of the divisor; (1, −(x // y)); nan at y = 0",
    ),
    Rule(
        name="floordiv",
        partials=lambda m, out, x, y: (
            m.where(y == 0, out, 0),
            m.where(y == 0, out, 0),
        ),
        text="#1 // #2",
        latex=r"\left\lfloor\frac{#1}{#2}\right\rfloor",
        numpy=("floor_divide",),
        domain=(EVERYWHERE, EVERYWHERE),
        samples=((7.5, -2.0), (-7.5, 2.0), (6.0, 2.0), (1.0, 0.0)),
        kinks=lambda m, x, y: (m.mod(x, y),),
        note="derivative 0; nan at y = 0",
    ),
    Rule(
        name="chain",
        partials=lambda m, out, g, d: (d, g),
        latex=r"#1 \cdot #2",
        domain=(EVERYWHERE, EVERYWHERE),
        samples=((0.0, math.inf), (math.nan, 0.0)),
        note="the chain rule's product: zero beats infinity and nan",
    ),
)
