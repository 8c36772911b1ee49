"""ln|Γ|, ψ and its derivatives on floats, by the standard library alone.

They answer every float and raise no arithmetic exception: NaN gives NaN, overflow and
poles give an infinity, or NaN where the two sides of a pole differ. Errors of ψ⁽ⁿ⁾ stay
within 4 ulp of the result + 2·|x·f′(x)|·2⁻⁵³, the second being what rounding x may do.
Sums are rounded once (`math.fsum`): what cancels leaves no more than its own errors.
"""

import math
import operator

from .errors import ArgumentError, NumberError

_BERNOULLI = [  # B₂, B₄, ..., B₂₀ (DLMF 24.2(iv))
    (1, 6), (-1, 30), (1, 42), (-1, 30), (5, 66),
    (-691, 2730), (7, 6), (-3617, 510), (43867, 798), (-174611, 330),
]  # fmt: skip
# The tails of the Euler-Maclaurin series, last term first: (2j, B₂ⱼ/(2j)!) for the
# Hurwitz zeta function, B₂ⱼ/2j for ψ.
_ZETA_TAIL = [
    (2 * j, p / (q * math.factorial(2 * j))) for j, (p, q) in enumerate(_BERNOULLI, 1)
][::-1]
_PSI_TAIL = [p / (q * 2 * j) for j, (p, q) in enumerate(_BERNOULLI, 1)][::-1]


def lgamma(x: float) -> float:
    """Return ln|Γ(x)|: `math.lgamma` with +inf for its exceptions, poles and overflow.

    >>> lgamma(4.0), lgamma(-1.0), lgamma(1e308)  # ln 3!, a pole, overflow
    (1.7917594692280554, inf, inf)
    """
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):
        return math.inf


def digamma(x: float) -> float:
    """Return ψ(x) = Γ′(x)/Γ(x).

    From x = 8 on ψ(x) = ln x - 1/2x - ∑ⱼ B₂ⱼ/(2j·x²ʲ) (DLMF 5.11.2); below, the
    recurrence ψ(x+1) = ψ(x) + 1/x (5.5.2) leads to 1 ≤ x < 2 and a Taylor series around
    the zero of ψ; and for x < 0 there is ψ(x) = ψ(1-x) - π·cot πx (5.5.4).
    Poles: ∓inf at ±0.0, NaN at -1, -2, ...

    >>> digamma(1.0)  # -γ
    -0.5772156649015329
    """
    x = float(x)
    terms = []
    if x < 1.0:
        if x > 0.0:
            terms.append(-1.0 / x)
            x += 1.0
        elif x == 0.0:
            return math.copysign(math.inf, -x)
        elif x > -math.inf and (r := math.remainder(x, 1.0)):  # r is exact
            terms.append(-_pi_cot_pi(r))
            x = 1.0 - x
        else:
            return math.nan
    if x < 8.0:
        for _ in range(int(x) - 1):
            x -= 1.0
            terms.append(1.0 / x)
        d = (x - _ZERO) - _ZERO_LOW
        taylor = 0.0
        for c in _TAYLOR:
            taylor = (taylor + c) * d
        terms += (d / (x * _ZERO), taylor)
    else:
        w = 1.0 / (x * x)
        tail = 0.0
        for c in _PSI_TAIL:
            tail = (tail + c) * w
        terms += (math.log(x), -0.5 / x, -tail)
    return math.fsum(terms)


def polygamma(n: int, x: float) -> float:
    """Return ψ⁽ⁿ⁾(x), the nth derivative of digamma.

    ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹·n!·ζ(n+1, x), ζ(s, x) = ∑ₖ (x+k)⁻ˢ over k ≥ 0 (DLMF 5.15).
    For x < 0, r being x less the nearest integer, the sum over all k less that over
    k < 0: ∑ₖ (r+k)⁻ˢ - (-1)ˢ·ζ(s, 1-x).
    Poles: +inf for odd n; for even n ∓inf at ±0.0, NaN at -1, -2, ...

    >>> polygamma(1, 1.0)  # π²/6
    1.6449340668482264
    """
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise NumberError(
            f"polygamma(n, x): the order n must be an int, got the "
            f"{type(n).__name__} {n!r}"
        )
    n, x = operator.index(n), float(x)
    if not 0 <= n <= 1000:  # beyond, powers of 2 to the n would leave the floats
        raise ArgumentError(
            f"polygamma(n, x): the order n must lie in 0 (digamma) to 1000, got {n}"
        )
    if n == 0:
        return digamma(x)
    sign = 1.0 if n % 2 else -1.0
    if x == math.inf:
        return 0.0 * sign
    if not x > -math.inf:
        return math.nan
    r = x if x > 0.0 else math.remainder(x, 1.0)  # exact
    if r == 0.0:
        if n % 2:
            return math.inf
        return math.copysign(math.inf, -x) if x == 0.0 else math.nan
    exponent = math.frexp(r)[1] - 1
    b = math.ldexp(1.0, exponent)  # ≤ |r|; to divide by a power of two rounds nothing
    total = sign * _zeta(n, r, r < 0.0, b)
    if x < 0.0:
        total = math.fsum((total, _zeta(n, -r, r > 0.0, b), -_zeta(n, -x, 1, b)))
    factorial = math.factorial(n)
    bits = factorial.bit_length()
    try:
        return math.ldexp(total * (factorial / (1 << bits)), bits - n * exponent)
    except OverflowError:
        return math.copysign(math.inf, total)


def _pi_cot_pi(r: float) -> float:
    """Return π·cot(πr) for 0 < |r| ≤ 1/2, accurate near its zero 1/2 too."""
    if abs(r) < 0.25:
        return math.pi / math.tan(math.pi * r)
    return math.pi * math.tan(math.pi * (math.copysign(0.5, r) - r))


def _zeta(n: int, a: float, first: int, b: float) -> float:
    """Return bⁿ·ζ(n+1, a+first), where b ≤ a+first keeps powers from overflowing.

    The sum of (a+k)⁻ˢ, s = n+1, up to z = a+m ≥ n+9, where Euler-Maclaurin takes over:
    z⁻ⁿ·(1/n + 1/2z + ∑ⱼ B₂ⱼ/(2j)!·s(s+1)...(s+2j-2)·z⁻²ʲ). (DLMF 25.11.43.)
    """
    count = n + 10 - int(a) if a < n + 9 else first
    terms = []
    for k in range(first, count):
        t = a + k
        lost = a - (t - k)  # by rounding t, and (t+lost)⁻ˢ ≈ t⁻ˢ·(1-s·lost/t)
        terms.append((t / b) ** -n / t * (1.0 - (n + 1) * lost / t))
    z = a + count
    w = 1.0 / (z * z)
    tail = 0.0
    for k, c in _ZETA_TAIL:
        tail = c + (n + k) * (n + k + 1) * w * tail
    terms.append((z / b) ** -n * (1.0 / n + 0.5 / z + (n + 1) * w * tail))
    return math.fsum(terms)


# The positive zero of ψ, 1.46163214496836234126265954232572..., as two doubles. With
# d = x - zero, ψ(x) = d/(x·zero) + ∑ₙ (-1)ⁿ⁺¹·ζ(n+1, 1+zero)·dⁿ; last term first.
_ZERO, _ZERO_LOW = 1.4616321449683622, 9.549995429965697e-17
_TAYLOR = [(1 if n % 2 else -1) * _zeta(n, _ZERO, 1, 1.0) for n in range(25, 0, -1)]
