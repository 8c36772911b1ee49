"""Exponentials, logarithms, trigonometric and hyperbolic functions."""

import math
from typing import Any

from .rule import EVERYWHERE, Number, Rule, table

POSITIVE = (0.0, math.inf)
UNIT = (-1.0, 1.0)


def _over_square_of_radius(m: Any, x: Number, y: Number) -> Number:
    """Return x/(x² + y²) by the ratio of smaller to larger: no square overflows."""
    larger = m.where(m.abs(x) >= m.abs(y), x, y)
    smaller = m.where(m.abs(x) >= m.abs(y), y, x)
    ratio = m.div(smaller, larger)
    share = m.div(1, 1 + ratio * ratio)
    return m.div(m.where(m.abs(x) >= m.abs(y), share, share * ratio), larger)


ELEMENTARY = table(
    Rule(
        name="exp",
        partials=lambda m, out, x: (out,),
        latex="e^{#1}",
        numpy=("exp",),
        domain=(EVERYWHERE,),
        samples=((1000.0,), (-1000.0,), (-math.inf,)),
    ),
    Rule(
        name="exp2",
        partials=lambda m, out, x: (out * m.log(2),),
        latex="2^{#1}",
        numpy=("exp2",),
        domain=(EVERYWHERE,),
    ),
    Rule(
        name="expm1",
        partials=lambda m, out, x: (m.exp(x),),  # not out + 1, which cancels
        latex="e^{#1} - 1",
        numpy=("expm1",),
        domain=(EVERYWHERE,),
        samples=((1e-20,),),
    ),
    # x + 0 turns -0.0 into 0.0. Below the domain out is nan, and so is the partial.
    Rule(
        name="log",
        partials=lambda m, out, x: (m.where(x >= 0, m.div(1, x + 0), out),),
        latex=r"\ln\left(#1\right)",
        numpy=("log",),
        domain=(POSITIVE,),
        samples=((0.0,), (-0.0,), (-1.0,)),
        note="log(0) = -inf with derivative +inf; nan below",
    ),
    Rule(
        name="log2",
        partials=lambda m, out, x: (m.where(x >= 0, m.div(1, x * m.log(2) + 0), out),),
        latex=r"\log_2\left(#1\right)",
        numpy=("log2",),
        domain=(POSITIVE,),
        samples=((0.0,), (-1.0,)),
        note="as log",
    ),
    Rule(
        name="log10",
        # Divided in turn: x·ln 10 overflows where the slope is not yet 0.
        partials=lambda m, out, x: (
            m.where(x >= 0, m.div(m.div(1, m.log(10)), x + 0), out),
        ),
        latex=r"\log_{10}\left(#1\right)",
        numpy=("log10",),
        domain=(POSITIVE,),
        samples=((0.0,), (-1.0,)),
        note="as log",
    ),
    Rule(
        name="log1p",
        partials=lambda m, out, x: (m.where(x >= -1, m.div(1, 1 + x), out),),
        latex=r"\ln\left(1 + #1\right)",
        numpy=("log1p",),
        domain=((-1.0, math.inf),),
        samples=((-1.0,), (-2.0,), (1e-20,)),
        note="log1p(-1) = -inf with derivative +inf; nan below",
    ),
    Rule(
        name="sin",
        partials=lambda m, out, x: (m.cos(x),),
        latex=r"\sin\left(#1\right)",
        numpy=("sin",),
        domain=(EVERYWHERE,),
    ),
    Rule(
        name="cos",
        partials=lambda m, out, x: (-m.sin(x),),
        latex=r"\cos\left(#1\right)",
        numpy=("cos",),
        domain=(EVERYWHERE,),
    ),
    Rule(
        name="tan",
        partials=lambda m, out, x: (1 + out * out,),
        latex=r"\tan\left(#1\right)",
        numpy=("tan",),
        domain=(EVERYWHERE,),
    ),
    Rule(
        name="asin",
        partials=lambda m, out, x: (m.div(1, m.sqrt((1 - x) * (1 + x))),),
        latex=r"\arcsin\left(#1\right)",
        numpy=("arcsin", "asin"),
        domain=(UNIT,),
        samples=((1.0,), (-1.0,), (2.0,)),
        note="derivative +inf at ±1; nan outside",
    ),
    Rule(
        name="acos",
        partials=lambda m, out, x: (m.div(-1, m.sqrt((1 - x) * (1 + x))),),
        latex=r"\arccos\left(#1\right)",
        numpy=("arccos", "acos"),
        domain=(UNIT,),
        samples=((1.0,), (-1.0,), (2.0,)),
        note="derivative -inf at ±1; nan outside",
    ),
    Rule(
        name="atan",
        # By hypot: x² overflows where the slope is not yet 0.
        partials=lambda m, out, x: (m.square(m.div(1, m.hypot(1, x))),),
        latex=r"\arctan\left(#1\right)",
        numpy=("arctan", "atan"),
        domain=(EVERYWHERE,),
    ),
    Rule(
        name="atan2",
        partials=lambda m, out, y, x: (
            _over_square_of_radius(m, x, y),
            -_over_square_of_radius(m, y, x),
        ),
        latex=r"\operatorname{atan2}\left(#1, #2\right)",
        numpy=("arctan2", "atan2"),
        domain=(EVERYWHERE, EVERYWHERE),
        samples=((0.0, 0.0), (1e200, 1e200), (1e-200, -1e-200), (1.0, 0.0)),
        note="derivative nan at the origin",
    ),
    Rule(
        name="sinh",
        partials=lambda m, out, x: (m.cosh(x),),
        latex=r"\sinh\left(#1\right)",
        numpy=("sinh",),
        domain=(EVERYWHERE,),
    ),
    Rule(
        name="cosh",
        partials=lambda m, out, x: (m.sinh(x),),
        latex=r"\cosh\left(#1\right)",
        numpy=("cosh",),
        domain=(EVERYWHERE,),
    ),
    Rule(
        name="tanh",
        # 1/cosh², since 1 - out² is 0 from x = 19 on.
        partials=lambda m, out, x: (m.square(m.div(1, m.cosh(x))),),
        latex=r"\tanh\left(#1\right)",
        numpy=("tanh",),
        domain=(EVERYWHERE,),
        samples=((20.0,), (1000.0,)),
        note="derivative right where 1 − out² rounds to 0",
    ),
    Rule(
        name="asinh",
        partials=lambda m, out, x: (m.div(1, m.hypot(x, 1)),),
        latex=r"\operatorname{arsinh}\left(#1\right)",
        numpy=("arcsinh", "asinh"),
        domain=(EVERYWHERE,),
    ),
    Rule(
        name="acosh",
        # Two roots: the product (x - 1)(x + 1) overflows, and is positive below -1.
        partials=lambda m, out, x: (m.div(1, m.sqrt(x - 1) * m.sqrt(x + 1)),),
        latex=r"\operatorname{arcosh}\left(#1\right)",
        numpy=("arccosh", "acosh"),
        domain=((1.0, math.inf),),
        samples=((1.0,), (0.0,), (-2.0,)),
        note="derivative +inf at 1; nan below",
    ),
    Rule(
        name="atanh",
        partials=lambda m, out, x: (
            m.where(x * x <= 1, m.div(1, (1 - x) * (1 + x)), out),
        ),
        latex=r"\operatorname{artanh}\left(#1\right)",
        numpy=("arctanh", "atanh"),
        domain=(UNIT,),
        samples=((1.0,), (-1.0,), (2.0,)),
        note="±inf at ±1 with derivative +inf; nan outside",
    ),
)
