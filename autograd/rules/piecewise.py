"""Operations with kinks, ties and steps; each with its convention."""

import math
from typing import Any

from .rule import EVERYWHERE, Number, Rule, table

# Comparisons with nan are false, so each chain of `where` ends in the nan itself.
PIECEWISE = table(
    Rule(
        name="abs",
        formula=lambda m, x: m.where(x > 0, x, m.where(x < 0, -x, x * x)),
        partials=lambda m, out, x: (m.sign(x),),
        latex=r"\left|#1\right|",
        numpy=("absolute", "abs", "fabs"),
        domain=(EVERYWHERE,),
        samples=((0.0,), (-0.0,), (math.nan,)),
        kinks=lambda m, x: (x,),
        note="derivative 0 at 0",
    ),
    Rule(
        name="sign",
        formula=lambda m, x: m.where(x > 0, 1, m.where(x < 0, -1, x)),
        partials=lambda m, out, x: (0,),
        latex=r"\operatorname{sgn}\left(#1\right)",
        numpy=("sign",),
        domain=(EVERYWHERE,),
        samples=((0.0,), (math.nan,)),
        kinks=lambda m, x: (x,),
        note="derivative 0",
    ),
    Rule(
        name="floor",
        partials=lambda m, out, x: (0,),
        latex=r"\left\lfloor#1\right\rfloor",
        numpy=("floor",),
        domain=(EVERYWHERE,),
        samples=((2.0,), (-0.5,)),
        kinks=lambda m, x: (x - m.round(x),),
        note="derivative 0",
    ),
    Rule(
        name="ceil",
        partials=lambda m, out, x: (0,),
        latex=r"\left\lceil#1\right\rceil",
        numpy=("ceil",),
        domain=(EVERYWHERE,),
        samples=((2.0,), (-0.5,)),
        kinks=lambda m, x: (x - m.round(x),),
        note="derivative 0",
    ),
    Rule(
        name="trunc",
        partials=lambda m, out, x: (0,),
        numpy=("trunc", "fix"),
        domain=(EVERYWHERE,),
        samples=((2.0,), (-3.0,), (0.0,)),
        kinks=lambda m, x: (m.where(m.abs(x) < 1, 1, x - m.round(x)),),  # none at 0
        note="derivative 0",
    ),
    Rule(
        name="round",
        partials=lambda m, out, x: (0,),
        numpy=("rint",),
        domain=(EVERYWHERE,),
        samples=((0.5,), (1.5,), (-2.5,)),
        kinks=lambda m, x: (x - m.floor(x) - m.rational(1, 2),),
        note="halves go to the even neighbour; derivative 0",
    ),
    Rule(
        name="round_to",
        partials=lambda m, out, x, digits: (0, None),
        text="round(#1, #2)",
        static=(1,),
        domain=((-1e3, 1e3),),
        samples=((1.2345, 2), (-0.125, 1), (0.125, 2), (123.5, -1)),
        kinks=lambda m, x, digits: (
            m.mod(x * m.rational(10) ** digits, 1) - m.rational(1, 2),
        ),
        note="round with a number of decimals; derivative 0",
    ),
    Rule(
        name="minimum",
        formula=lambda m, x, y: m.where(
            x < y, x, m.where(y < x, y, m.where(x == y, x, x + y))
        ),
        partials=lambda m, out, x, y: (
            _share(m, x < y, y < x, x == y, out),
            _share(m, y < x, x < y, x == y, out),
        ),
        latex=r"\min\left(#1, #2\right)",
        numpy=("minimum",),
        domain=(EVERYWHERE, EVERYWHERE),
        samples=((1.0, 1.0), (math.nan, 1.0), (1.0, math.nan)),
        kinks=lambda m, x, y: (x - y,),
        note="½ and ½ at a tie",
    ),
    Rule(
        name="maximum",
        formula=lambda m, x, y: m.where(
            x > y, x, m.where(y > x, y, m.where(x == y, x, x + y))
        ),
        partials=lambda m, out, x, y: (
            _share(m, x > y, y > x, x == y, out),
            _share(m, y > x, x > y, x == y, out),
        ),
        latex=r"\max\left(#1, #2\right)",
        numpy=("maximum",),
        domain=(EVERYWHERE, EVERYWHERE),
        samples=((1.0, 1.0), (math.nan, 1.0), (1.0, math.nan)),
        kinks=lambda m, x, y: (x - y,),
        note="½ and ½ at a tie",
    ),
    Rule(
        name="clip",
        formula=lambda m, x, low, high: m.minimum(m.maximum(x, low), high),
        partials=lambda m, out, x, low, high: (
            _or_nan(m, out, m.where(x < low, 0, m.where(x > high, 0, 1))),
            _or_nan(m, out, m.where(x < low, m.where(high < low, 0, 1), 0)),
            _or_nan(
                m,
                out,
                m.where(x < low, m.where(high < low, 1, 0), m.where(x > high, 1, 0)),
            ),
        ),
        domain=(EVERYWHERE, (-10.0, -1.0), (1.0, 10.0)),
        samples=((1.0, 1.0, 2.0), (2.0, 1.0, 2.0), (0.5, 2.0, 1.0)),
        kinks=lambda m, x, low, high: (x - low, x - high),
        note="derivative 1 at a bound, as torch.clamp; outside 0, and the bound gets 1",
    ),
    Rule(
        name="where",
        formula=lambda m, condition, a, b: m.where(condition, a, b),
        partials=lambda m, out, condition, a, b: (
            None,
            m.where(condition, 1, 0),
            m.where(condition, 0, 1),
        ),
        static=(0,),
        latex=r"\begin{cases} #2 & \text{if } #1 \\ #3 & \text{else}\end{cases}",
        domain=((0, 1), EVERYWHERE, EVERYWHERE),
        samples=((True, 2.0, 3.0), (False, 2.0, 3.0)),
        note="the branch not taken gets 0, even where its derivative is nan",
    ),
    Rule(
        name="relu",
        formula=lambda m, x: m.where(x <= 0, 0, x),
        partials=lambda m, out, x: (m.where(x > 0, 1, m.where(x <= 0, 0, x)),),
        domain=(EVERYWHERE,),
        samples=((0.0,), (-0.0,), (math.nan,)),
        kinks=lambda m, x: (x,),
        note="derivative 0 at 0",
    ),
    Rule(
        name="leaky_relu",
        formula=lambda m, x, slope: m.where(x > 0, x, slope * x),
        partials=lambda m, out, x, slope: (
            m.where(x > 0, 1, slope),
            m.where(x > 0, 0, x),
        ),
        defaults=((1, 100),),
        domain=(EVERYWHERE, (0.0, 1.0)),
        samples=((0.0, 0.01),),
        kinks=lambda m, x, slope: (x,),
        note="the slope itself at 0",
    ),
    Rule(
        name="elu",
        formula=lambda m, x, alpha: m.where(x > 0, x, alpha * m.expm1(x)),
        partials=lambda m, out, x, alpha: (
            m.where(x > 0, 1, alpha * m.exp(x)),
            m.where(x > 0, 0, m.expm1(x)),
        ),
        defaults=((1, 1),),
        domain=(EVERYWHERE, (0.01, 10.0)),
        samples=((0.0, 1.0), (0.0, 2.0)),
        kinks=lambda m, x, alpha: (x,),
        note="alpha at 0",
    ),
)


def _or_nan(m: Any, out: Number, partial: Number) -> Number:
    return m.where(out == out, partial, out)


def _share(m: Any, ahead: bool, behind: bool, tied: bool, out: Number) -> Number:
    """Return 1 for the operand ahead, 0 behind, ½ at a tie, nan where out is nan."""
    return m.where(ahead, 1, m.where(behind, 0, m.where(tied, m.rational(1, 2), out)))
