"""Smooth activations and special functions."""

import math

from .rule import EVERYWHERE, Number, Rule, table

POSITIVE = (0.0, math.inf)


def _density(m, x):  # type: ignore[no-untyped-def]
    """The standard normal density φ(x) = exp(−x²/2) / √(2π)."""
    return m.div(m.exp(-x * x * m.rational(1, 2)), m.sqrt(2 * m.pi))


def _sinc_series(m, x):  # type: ignore[no-untyped-def]
    """sinc′(x) = Σ_k (−1)^k 2k π^{2k} x^{2k−1} / (2k+1)!, by Horner, for |πx| < 1.1.

    12 terms leave 1e-24; the closed form (cos πx − sinc x)/x cancels there.
    """
    square = (m.pi * x) * (m.pi * x)
    total = 0
    for k in range(12, 0, -1):
        sign = (-1) ** k
        total = total * square + m.rational(sign * 2 * k, math.factorial(2 * k + 1))
    return total * (m.pi * m.pi) * x


SMOOTH = table(
    Rule(
        name="sigmoid",
        formula=lambda m, x: m.where(
            x < 0, m.div(m.exp(x), 1 + m.exp(x)), m.div(1, 1 + m.exp(-x))
        ),
        # Not out(1 - out): 1 - out is 0 from x = 37 on.
        partials=lambda m, out, x: (out * m.sigmoid(-x),),
        latex=r"\sigma\left(#1\right)",
        domain=((-700.0, 700.0),),
        samples=((40.0,), (-40.0,), (0.0,)),
        note="derivative right where out(1 − out) rounds to 0",
    ),
    Rule(
        name="softplus",
        formula=lambda m, x: m.where(x > 0, x + m.log1p(m.exp(-x)), m.log1p(m.exp(x))),
        partials=lambda m, out, x: (m.sigmoid(x),),
        domain=((-700.0, math.inf),),
        samples=((1000.0,), (-1000.0,), (0.0,), (math.inf,), (-math.inf,)),
        note="right at ±1000 and ±inf",
    ),
    Rule(
        name="log_sigmoid",
        formula=lambda m, x: -m.softplus(-x),
        partials=lambda m, out, x: (m.sigmoid(-x),),
        latex=r"\ln\sigma\left(#1\right)",
        domain=((-math.inf, 700.0),),
        samples=((1000.0,), (-1000.0,), (0.0,), (math.inf,), (-math.inf,)),
        note="right at ±1000 and ±inf",
    ),
    Rule(
        name="silu",
        formula=lambda m, x: x * m.sigmoid(x),
        partials=lambda m, out, x: (m.sigmoid(x) * (1 + x * m.sigmoid(-x)),),
        domain=((-700.0, 1e300),),
        # 1 and x·sigmoid(−x) cancel at x = −1.278.
        partial_magnitudes=lambda m, out, x: (
            m.sigmoid(x) * (1 + m.abs(x * m.sigmoid(-x))),
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
        domain=((-37.0, 1e300),),
        # Φ(x) and x·φ(x) cancel at x = −0.752, and to first order for x → −∞.
        partial_magnitudes=lambda m, out, x: (m.abs(x * _density(m, x)),),
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
        domain=((-1e3, 1e3),),
        samples=((0.0,), (1e-9,), (1e-200,)),
        note="sin(πx)/(πx), NumPy's; right to the last digits near 0",
    ),
    Rule(
        name="erf",
        partials=lambda m, out, x: (m.div(2, m.sqrt(m.pi)) * m.exp(-x * x),),
        domain=((-26.0, 26.0),),
    ),
    Rule(
        name="erfc",
        partials=lambda m, out, x: (-m.div(2, m.sqrt(m.pi)) * m.exp(-x * x),),
        domain=((-26.0, 26.0),),
    ),
    Rule(
        name="lgamma",
        partials=lambda m, out, x: (m.digamma(x),),
        latex=r"\ln\left|\Gamma\left(#1\right)\right|",
        domain=((1e-300, 1e300),),
        samples=((-0.5,), (-2.5,), (0.5,), (0.0,)),
        # The C library loses relative accuracy near the zeros at 1 and 2.
        magnitude=lambda m, out, x: 1 + m.abs(out),
        note="ln|Γ(x)|; +inf at the poles",
    ),
    Rule(
        name="digamma",
        partials=lambda m, out, x: (m.polygamma(1, x),),
        latex=r"\psi\left(#1\right)",
        domain=((1e-150, 1e300),),
        samples=((-0.5,), (1.4616321449683623,)),
        # log x and the recurrence's terms cancel at the zero 1.4616.
        magnitude=lambda m, out, x: 1 + m.abs(out),
    ),
    Rule(
        name="polygamma",
        partials=lambda m, out, n, x: (None, m.polygamma(n + 1, x)),
        latex=r"\psi^{(#1)}\left(#2\right)",
        static=(0,),
        domain=((0, 0), (1e-60, 1e60)),
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
        domain=((-1e3, 1e3), (-1e3, 1e3)),
        samples=(
            (1000.0, 1000.0),
            (-1000.0, 1000.0),
            (-math.inf, -math.inf),
            (math.inf, math.inf),
            (-math.inf, 1.0),
            (0.0, 0.0),
        ),
        # max(x, y) and log1p cancel where the sum of exponentials is near 1.
        magnitude=lambda m, out, x, y: m.maximum(m.abs(x), m.abs(y)),
        note="both −inf → gradient 0; both +inf → ½ each",
    ),
    Rule(
        name="xlogy",
        formula=lambda m, x, y: m.where(x == 0, m.where(y == y, 0, y), x * m.log(y)),
        partials=lambda m, out, x, y: (
            m.log(y),
            m.where(y == 0, m.chain(x, m.div(1, y)), m.div(x, y)),
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
            m.where(y == -1, m.chain(x, m.div(1, 1 + y)), m.div(x, 1 + y)),
        ),
        latex=r"#1 \ln\left(1 + #2\right)",
        domain=(EVERYWHERE, (-1.0, math.inf)),
        samples=((0.0, -1.0), (0.0, 2.0)),
        note="0 at x = 0, whatever y",
    ),
)


def _weight(m, x, y):  # type: ignore[no-untyped-def]
    """e^x / (e^x + e^y), with the stated values where x − y is inf − inf."""
    return m.where(
        x - y == x - y,
        m.sigmoid(x - y),
        m.where(x == y, m.where(x < 0, 0, m.rational(1, 2)), x + y),
    )
