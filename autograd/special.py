"""ln|Γ|, ψ and its derivatives on floats, by the standard library alone.

Every function answers every float and raises no arithmetic exception: NaN in gives NaN
out, poles and overflow give an infinity, or NaN where the two sides of a pole differ.
Errors stay within 4 ulp of the result + 2·|x·f′(x)|·2⁻⁵³, the last term being what
rounding x alone can do. A sum is rounded once, by `math.fsum`, so that terms which
cancel leave no more than their own errors.
"""

import math
import operator

from .errors import ArgumentError, NumberError

_BERNOULLI = [  # B₂, B₄, ..., B₂₀ (DLMF 24.2.4)
    (1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66),
    (-691, 2730), (7, 6), (-3617, 510), (43867, 798), (-174611, 330),
]  # fmt: skip
# The tails of the Euler-Maclaurin series, last term first: (2j, B₂ⱼ/(2j)!) for the
# Hurwitz zeta function, B₂ⱼ/2j for ψ, where from z = 10 on eight terms are enough.
_ZETA_TAIL = [
    (2 * j, p / (q * math.factorial(2 * j))) for j, (p, q) in enumerate(_BERNOULLI, 1)
][::-1]
_PSI_TAIL = [p / (q * 2 * j) for j, (p, q) in enumerate(_BERNOULLI[:8], 1)][::-1]


def lgamma(x: float) -> float:
    """Return the logarithm of |Γ(x)|: `math.lgamma` with infinities for exceptions.

    Γ has no zero: its poles 0, -1, -2, ... give +inf, and so does overflow.

    >>> lgamma(0.5), lgamma(-1.0), lgamma(1e308)
    (0.5723649429247001, inf, inf)
    """
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):
        return math.inf


def digamma(x: float) -> float:
    """Return ψ(x) = Γ′(x)/Γ(x).

    ψ(z) = ln z - 1/2z - ∑ⱼ B₂ⱼ/(2j·z²ʲ) at z = x + m ≥ 10, then ψ(x) = ψ(z) minus
    1/x + ... + 1/(x+m-1); for x < 0 the reflection ψ(x) = ψ(1-x) - π·cot πx; around its
    positive zero the Taylor series, so that the digits do not cancel.
    (DLMF 5.11.2, 5.5.2, 5.5.4, 5.15.1.) Poles: ∓inf at ±0.0, NaN at -1, -2, ...

    >>> digamma(1.0)  # -γ
    -0.5772156649015329
    """
    if x > 0.0:
        d = (x - _ZERO) - _ZERO_LOW
        if -0.25 < d < 0.25:
            t = d / _ZERO
            total = 0.0
            for c in _TAYLOR:
                total = (total + c) * t
            return total
        if x == math.inf:
            return x
        first, last = 0, 0.0
    elif x == 0.0:
        return math.copysign(math.inf, -x)
    elif x > -math.inf and (r := math.remainder(x, 1.0)):
        # ψ(1+y) of y = -x: the recurrence starts at 1/(y+1).
        x, first, last = -x, 1, -_pi_cot_pi(r)
    else:
        return math.nan
    count = 10 - int(x) if x < 10.0 else first
    z = x + count
    w = 1.0 / (z * z)
    tail = 0.0
    for c in _PSI_TAIL:
        tail = (tail + c) * w
    terms = [-1.0 / (x + k) for k in range(first, count)]
    terms += (last, math.log(z), -0.5 / z, -tail)
    return math.fsum(terms)


def polygamma(n: int, x: float) -> float:
    """Return ψ⁽ⁿ⁾(x), the nth derivative of digamma.

    ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹·n!·ζ(n+1, x), where ζ(s, x) = ∑ₖ (x+k)⁻ˢ over k ≥ 0 (DLMF 25.11.12).
    For x < 0 and r = x - m, the nearest integer being m, the same sum over all integers
    k less the one over k < 0 (with s = n+1):

        ζ(s, x) = r⁻ˢ + ζ(s, 1+r) + (-1)ˢ·ζ(s, 1-r) - (-1)ˢ·ζ(s, 1-x)

    Poles: +inf for odd n; for even n NaN, but ∓inf at ±0.0. Time grows with n.

    >>> polygamma(1, 1.0)  # π²/6
    1.6449340668482264
    """
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise NumberError(
            f"polygamma(n, x): the order n counts derivatives and must be an int, "
            f"got {n!r} of type {type(n).__name__}"
        )
    n = operator.index(n)
    if n < 0:
        raise ArgumentError(
            f"polygamma(n, x): the order n must be 0 (digamma) or greater, got {n}"
        )
    if n == 0:
        return digamma(x)
    sign = 1.0 if n % 2 else -1.0
    if x == math.inf:
        return 0.0 * sign
    if x > 0.0:
        return _times_factorial(sign * _zeta(n, x, x), n, x)
    if not x > -math.inf:
        return math.nan
    r = math.remainder(x, 1.0)  # exact
    if r == 0.0:
        if n % 2:
            return math.inf
        return math.copysign(math.inf, -x) if x == 0.0 else math.nan
    b = abs(r)
    pole = 1.0 / b if n % 2 else -1.0 / r
    zetas = sign * _zeta(n, 1.0 + r, b), _zeta(n, 1.0 - r, b), -_zeta(n, 1.0 - x, b)
    return _times_factorial(math.fsum((pole, *zetas)), n, b)


def _pi_cot_pi(r: float) -> float:
    """Return π·cot(πr) for 0 < |r| ≤ 1/2, accurate near its zero 1/2 too."""
    if abs(r) < 0.25:
        return math.pi / math.tan(math.pi * r)
    return math.pi * math.tan(math.pi * (math.copysign(0.5, r) - r))


def _zeta(n: int, a: float, b: float) -> float:
    """Return bⁿ·ζ(n+1, a) for a ≥ b > 0; b keeps powers of a from overflowing.

    The sum of (a+k)⁻ˢ, s = n+1, up to z = a+m ≥ n+10, where Euler-Maclaurin takes over:
    z⁻ⁿ·(1/n + 1/2z + ∑ⱼ B₂ⱼ/(2j)!·s(s+1)...(s+2j-2)·z⁻²ʲ). (DLMF 25.11.28.)
    """
    count = n + 10 - int(a) if a < n + 10 else 0
    z = a + count
    w = 1.0 / (z * z)
    tail = 0.0
    for k, c in _ZETA_TAIL:
        tail = c + (n + k) * (n + k + 1) * w * tail
    terms = [(b / (a + k)) ** n / (a + k) for k in range(count)]
    terms.append((b / z) ** n * (1.0 / n + 0.5 / z + (n + 1) * w * tail))
    return math.fsum(terms)


def _times_factorial(total: float, n: int, b: float) -> float:
    """Return total·n!/bⁿ; overflows or underflows only if the result does.

    The factors 1/b, ..., n/b are taken from the end that leads back towards 1.
    """
    low, high = 1, n
    while low <= high:
        if abs(total) < 1.0:
            total *= high / b
            high -= 1
        else:
            total *= low / b
            low += 1
    return total


# The positive zero of ψ, 1.46163214496836234126265954232572..., as two doubles; there
# ψ(x) = -∑ₙ ζ(n+1, zero)·(zero-x)ⁿ, in powers of (x-zero)/zero, last term first.
_ZERO, _ZERO_LOW = 1.4616321449683622, 9.549995429965697e-17
_TAYLOR = [(1 if n % 2 else -1) * _zeta(n, _ZERO, _ZERO) for n in range(24, 0, -1)]
