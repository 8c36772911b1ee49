"""Smooth activations and special functions."""

import math
from typing import Any

from .arithmetic import finite_size, underflow
from .rule import EVERYWHERE, Number, Rule, table

POSITIVE = (0.0, math.inf)


def _density(m: Any, x: Number) -> Number:
    """Return the standard normal density φ(x) = exp(−x²/2) / √(2π)."""
    return m.div(m.exp(-x * x * m.rational(1, 2)), m.sqrt(2 * m.pi))


def _sinc_series(m: Any, x: Number) -> Number:
    """Return sinc′(x) = −π²x/3 · (1 − s/2·5 · (1 − s/4·7 · (1 − ...))), s = (πx)².

    For |πx| < 1.1, where the closed form (cos πx − sinc x)/x cancels. k brackets leave
    less than 1/(2k)!, which is 1e-21 for floats.
    """
    square = m.square(m.pi * x)
    total: Number = 1
    for k in range(m.digits // 2 + 3, 0, -1):
        total = 1 - total * m.div(square, 2 * k * (2 * k + 3))
    return -m.div(m.square(m.pi) * x, 3) * total


def _slope_of_log(m: Any, out: Number, x: Number, y: Number) -> Number:
    """Return ∂/∂y x·ln y = x/y; 0 for x = 0 even at the pole; nan below, as out is."""
    at_pole = m.chain(x, m.div(1, y + 0))  # y + 0 turns -0.0 into 0.0
    inside = m.where(y == 0, at_pole, m.div(x, m.where(y == 0, 1, y)))
    return m.where(y < 0, m.where(x == 0, inside, out), inside)


SMOOTH = table(
    Rule(
        name="sigmoid",
        formula=lambda m, x: m.where(
            x < 0, m.div(m.exp(x), 1 + m.exp(x)), m.div(1, 1 + m.exp(-x))
        ),
        # Not out(1 - out): 1 - out is 0 from x = 37 on.
        partials=lambda m, out, x: (out * m.sigmoid(-x),),
        latex=r"\sigma\left(#1\right)",
        domain=(EVERYWHERE,),
        samples=((40.0,), (-40.0,), (0.0,)),
        note="derivative right where out(1 − out) rounds to 0",
    ),
    Rule(
        name="softplus",
        formula=lambda m, x: m.where(x > 0, x + m.log1p(m.exp(-x)), m.log1p(m.exp(x))),
        partials=lambda m, out, x: (m.sigmoid(x),),
        domain=(EVERYWHERE,),
        samples=((1000.0,), (-1000.0,), (0.0,), (math.inf,), (-math.inf,)),
        note="right at ±1000 and ±inf",
    ),
    Rule(
        name="log_sigmoid",
        formula=lambda m, x: -m.softplus(-x),
        partials=lambda m, out, x: (m.sigmoid(-x),),
        latex=r"\ln\sigma\left(#1\right)",
        domain=(EVERYWHERE,),
        samples=((1000.0,), (-1000.0,), (0.0,), (math.inf,), (-math.inf,)),
        note="right at ±1000 and ±inf",
    ),
    Rule(
        name="silu",
        formula=lambda m, x: x * m.sigmoid(x),
        partials=lambda m, out, x: (m.sigmoid(x) * (1 + x * m.sigmoid(-x)),),
        domain=(EVERYWHERE,),
        magnitude=lambda m, out, x: (
            m.abs(out) * (1 + m.abs(x * m.sigmoid(-x))) + underflow(m, x)
        ),
        # 1 and x·sigmoid(−x) cancel at x = −1.278.
        partial_magnitudes=lambda m, out, x: (
            m.sigmoid(x) * (1 + m.abs(x * m.sigmoid(-x))) + underflow(m, x),
        ),
    ),
    Rule(
        name="gelu",
        # By erfc: 1 + erf(x/√2) cancels for x < 0.
        formula=lambda m, x: (
            x * m.erfc(-x * m.sqrt(m.rational(1, 2))) * m.rational(1, 2)
        ),
        partials=lambda m, out, x: (
            m.erfc(-x * m.sqrt(m.rational(1, 2))) * m.rational(1, 2)
            + x * _density(m, x),
        ),
        domain=(EVERYWHERE,),
        magnitude=lambda m, out, x: (
            m.abs(out) + m.chain(x * x, _density(m, x)) + underflow(m, x)
        ),
        # Φ(x) and x·φ(x) cancel at x = −0.752; a rounded x² changes φ by x² times that.
        partial_magnitudes=lambda m, out, x: (
            m.chain(m.abs(x * _density(m, x)), 1 + x * x) + underflow(m, x),
        ),
        note="the exact one, by erfc",
    ),
    Rule(
        name="softsign",
        formula=lambda m, x: m.div(x, 1 + m.abs(x)),
        partials=lambda m, out, x: (m.square(m.div(1, 1 + m.abs(x))),),
        domain=(EVERYWHERE,),
        samples=((0.0,),),
    ),
    Rule(
        name="sinc",
        formula=lambda m, x: m.where(x == 0, 1, m.div(m.sin(m.pi * x), m.pi * x)),
        partials=lambda m, out, x: (
            m.where(
                9 * m.square(m.detach(x)) < 1,
                _sinc_series(m, x),
                m.div(m.cos(m.pi * x) - out, x),
            ),
        ),
        numpy=("sinc",),
        domain=((-1e8, 1e8),),  # beyond, rounding πx turns by more than rounding x
        samples=((0.0,), (1e-9,), (1e-200,), (1.0,), (-2.0,)),
        note="sin(πx)/(πx), NumPy's; right to the last digits near 0",
    ),
    Rule(
        name="erf",
        partials=lambda m, out, x: (m.div(2, m.sqrt(m.pi)) * m.exp(-x * x),),
        domain=(EVERYWHERE,),
    ),
    Rule(
        name="erfc",
        partials=lambda m, out, x: (-m.div(2, m.sqrt(m.pi)) * m.exp(-x * x),),
        domain=(EVERYWHERE,),
    ),
    Rule(
        name="lgamma",
        partials=lambda m, out, x: (m.digamma(x),),
        latex=r"\ln\left|\Gamma\left(#1\right)\right|",
        domain=(POSITIVE,),
        samples=((-0.5,), (-2.5,), (0.5,), (0.0,), (1.0,), (2.0,), (1.00001,)),
        # Python's is a sum of terms up to 6, which cancel at the zeros 1 and 2; left of
        # 0 it takes that of 1 − x in.
        magnitude=lambda m, out, x: (
            6 + m.abs(out) + m.where(x < 0, m.abs(m.lgamma(1 - x)), 0)
        ),
        note="ln|Γ(x)|; +inf at the poles",
    ),
    Rule(
        name="digamma",
        partials=lambda m, out, x: (m.polygamma(1, x),),
        latex=r"\psi\left(#1\right)",
        domain=(POSITIVE,),
        samples=((-0.5,), (1.4616321449683623,)),
    ),
    Rule(
        name="polygamma",
        partials=lambda m, out, n, x: (None, m.polygamma(n + 1, x)),
        latex=r"\psi^{(#1)}\left(#2\right)",
        static=(0,),
        domain=((0, 0), POSITIVE),
        samples=((1, 0.5), (2, 3.5), (3, -0.5)),
    ),
    Rule(
        name="logaddexp",
        # x == y first: the difference of two equal infinities is nan.
        formula=lambda m, x, y: m.where(
            x == y, x + m.log(2), m.maximum(x, y) + m.log1p(m.exp(-m.abs(x - y)))
        ),
        partials=lambda m, out, x, y: (_weight(m, x, y), _weight(m, y, x)),
        latex=r"\ln\left(e^{#1} + e^{#2}\right)",
        numpy=("logaddexp",),
        domain=(EVERYWHERE, EVERYWHERE),
        samples=(
            (1000.0, 1000.0),
            (-1000.0, 1000.0),
            (-math.inf, -math.inf),
            (math.inf, math.inf),
            (-math.inf, 1.0),
            (0.0, 0.0),
        ),
        # max(x, y) and log1p cancel where the sum of exponentials is near 1.
        magnitude=lambda m, out, x, y: m.max(finite_size(m, x), finite_size(m, y)),
        note="both −inf → gradient 0; both +inf → ½ each",
    ),
    Rule(
        name="xlogy",
        formula=lambda m, x, y: m.where(x == 0, m.where(y == y, 0, y), x * m.log(y)),
        partials=lambda m, out, x, y: (
            m.log(y),
            _slope_of_log(m, out, x, y),
        ),
        latex=r"#1 \ln #2",
        domain=(EVERYWHERE, POSITIVE),
        samples=((0.0, 0.0), (0.0, 2.0)),
        note="0 at x = 0, whatever y",
    ),
    Rule(
        name="xlog1py",
        formula=lambda m, x, y: m.where(x == 0, m.where(y == y, 0, y), x * m.log1p(y)),
        partials=lambda m, out, x, y: (
            m.log1p(y),
            _slope_of_log(m, out, x, 1 + y),
        ),
        latex=r"#1 \ln\left(1 + #2\right)",
        domain=(EVERYWHERE, (-1.0, math.inf)),
        samples=((0.0, -1.0), (0.0, 2.0)),
        note="0 at x = 0, whatever y",
    ),
)


def _weight(m: Any, x: Number, y: Number) -> Number:
    """e^x / (e^x + e^y), with the stated values where x − y is inf − inf."""
    return m.where(
        x - y == x - y,
        m.sigmoid(x - y),
        m.where(x == y, m.where(x < 0, 0, m.rational(1, 2)), x + y),
    )
