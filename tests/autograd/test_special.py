"""ln|Γ|, ψ and its derivatives against mpmath, and what they say at the edges."""

import math
import sys
from functools import cache

import mpmath
import pytest

from autograd import special
from autograd.special import digamma, lgamma, polygamma

INF, NAN = math.inf, math.nan
TINY, HUGE = 5e-324, sys.float_info.max
ZERO = 1.4616321449683622  # where ψ changes its sign
ORDERS = (0, 1, 2, 3, 10, 99)


@cache
def psi(n, x):
    """ψ⁽ⁿ⁾(x) to mpmath's 50 digits.

    mpmath's psi(n, x) needs minutes far left, and its Hurwitz zeta is right to so many
    decimal places, not digits; hence psi right of 0, and the recurrence or, far left,
    the derivatives of the cotangent, P → -P′·(1+c²), to get there.
    """
    x = mpmath.mpf(x)
    if x > 0:
        return mpmath.psi(n, x)
    steps = int(-x) + 1
    if steps < 200:
        past = mpmath.fsum((x + k) ** -(n + 1) for k in range(steps))
        return mpmath.psi(n, x + steps) - (-1) ** n * mpmath.factorial(n) * past
    poly = [0, 1]
    for _ in range(n):
        slope = [k * c for k, c in enumerate(poly)][1:]
        poly = [-a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    cot = mpmath.cot(mpmath.pi * x)
    derivative = mpmath.fsum(c * cot**k for k, c in enumerate(poly))
    return (-1) ** n * mpmath.psi(n, 1 - x) - mpmath.pi ** (n + 1) * derivative


def error(n, x):
    """The error of polygamma in units of 4 ulp(result) + 2·|x·derivative|·2⁻⁵³."""
    with mpmath.workdps(50):
        got, want = polygamma(n, x), psi(n, x)
        allowed = 4 * mpmath.mpf(math.ulp(min(abs(want), HUGE)))
        allowed += 2 * abs(x * psi(n + 1, x)) * mpmath.mpf(2) ** -53
        if math.isinf(got):
            return 0.0 if abs(want) + allowed > HUGE and got * want > 0 else INF
        return float(abs(got - want) / allowed)


def spread(low, high, count):
    """Numbers in about equal ratios, with digits to the last place."""
    first, last = math.log(low), math.log(high)
    return [math.exp(first + (last - first) * k / count) for k in range(count + 1)]


def around(centres, low, high, count):
    distances = spread(low, high, count)
    return [c + s * d for c in centres for d in distances for s in (1, -1)]


SMALLEST = [TINY, 1e-310, 2.0**-1022, *spread(1e-300, 1e-3, 12)]
GRIDS = {
    "smallest": SMALLEST,
    "ordinary": spread(1e-3, 1e3, 40),
    "greatest": [*spread(1e3, 1e160, 15), 1e300, HUGE],
    "whole and half": [k / 2 for k in range(1, 21)],
    "zero of digamma": around([ZERO], 2e-16, 0.5, 15),
    "left of 0": [-x for x in SMALLEST],
    "left": [-x for x in spread(1e-3, 15.2, 40)],
    "poles": around([-1, -2, -5, -60], 1e-13, 0.1, 5),
    "halves": around([-0.5, -1.5, -7.5], 1e-15, 1e-3, 6),
    "far left": [-60.5, -1e3 - 0.3, -1e10 + 0.5, -1e14 + 0.25, -(2.0**51) + 0.5],
}


@pytest.mark.parametrize("n", ORDERS)
@pytest.mark.parametrize("grid", GRIDS)
def test_polygamma_against_mpmath(n, grid):
    points = GRIDS[grid]
    if n > 10:
        points = points[:: 1 + len(points) // 8]  # mpmath is slow here
    worst, x = max((error(n, x), x) for x in points)
    assert worst <= 1, x


def test_digamma_keeps_its_digits_at_its_zero_and_at_halves():
    for x in [*GRIDS["zero of digamma"], -0.5, -1.5, -10.5]:
        with mpmath.workdps(50):
            want = psi(0, x)
        assert abs(digamma(x) - want) <= 4 * math.ulp(float(abs(want))), x


def test_digamma_is_polygamma_0():
    for x in (-2.5, -0.0, 0.3, 7.0, INF):
        assert polygamma(0, x) == digamma(x)


@pytest.mark.parametrize(
    ("name", "fault", "n", "grid"),
    [
        ("_PSI_TAIL", lambda tail: [*tail[:-1], tail[-1] * (1 + 1e-9)], 0, "ordinary"),
        ("_ZETA_TAIL", lambda tail: [*tail[:-1], (2, 1 / 12 + 1e-10)], 1, "ordinary"),
        ("_ZETA_TAIL", lambda tail: tail[4:], 10, "ordinary"),
        ("_TAYLOR", lambda c: [*c[:-1], c[-1] * (1 + 1e-14)], 0, "zero of digamma"),
        ("_ZERO_LOW", lambda low: low + 1e-15, 0, "zero of digamma"),
        ("_pi_cot_pi", lambda f: lambda r: f(r) * (1 + 1e-14), 0, "left"),
    ],
)
def test_a_planted_fault_is_found(monkeypatch, name, fault, n, grid):
    monkeypatch.setattr(special, name, fault(getattr(special, name)))
    assert max(error(n, x) for x in GRIDS[grid]) > 1


CONVENTIONS = [  # n, x, ψ⁽ⁿ⁾(x)
    *((n, x, NAN) for n in (0, 1, 2, 100) for x in (NAN, -INF)),
    # Poles: the sign of zero tells the side; odd orders agree on both sides.
    *((n, x, y) for n in (0, 2, 100) for x, y in ((0.0, -INF), (-0.0, INF), (0, -INF))),
    *((n, x, NAN) for n in (0, 2, 100) for x in (-1.0, -2.0, -7, -1e10, -1e300, -HUGE)),
    *((n, x, INF) for n in (1, 3, 99) for x in (0.0, -0.0, -1.0, -7, -1e10, -HUGE)),
    # The far right: from above for odd orders, from below for even ones.
    (0, INF, INF),
    *((n, x, 0.0) for n in (3, 99) for x in (INF, HUGE)),
    *((n, x, -0.0) for n in (2, 100) for x in (INF, HUGE)),
    (1, INF, 0.0),
    # Overflow.
    *((n, TINY, INF if n % 2 else -INF) for n in (0, 1, 2, 100)),
    *((n, -TINY, INF) for n in (0, 1, 2, 100)),
    *((n, 1e-4, INF if n % 2 else -INF) for n in (99, 100, 1000)),
    (1000, 1.0, -INF),
    (1000, 1e300, -0.0),
]


@pytest.mark.parametrize(("n", "x", "want"), CONVENTIONS)
def test_edges(n, x, want):
    got = polygamma(n, x)
    assert type(got) is float
    assert repr(got) == repr(want)  # nan is nan, -0.0 is not 0.0
    if n == 0:
        assert repr(digamma(x)) == repr(want)


@pytest.mark.parametrize("n", [True, False, 1.0, "1", None, 0.5])
def test_an_order_that_is_no_int(n):
    name = type(n).__name__
    with pytest.raises(TypeError, match=f"must be an int, got the {name} {n!r}"):
        polygamma(n, 1.0)


@pytest.mark.parametrize("n", [-1, -100, 1001])
def test_an_order_out_of_range(n):
    with pytest.raises(ValueError, match=rf"0 \(digamma\) to 1000, got {n}"):
        polygamma(n, 1.0)


def test_numpy_numbers_give_floats_and_no_warning():
    np = pytest.importorskip("numpy")
    assert type(digamma(np.float64(1.5))) is float
    assert digamma(np.float64(TINY)) == -INF
    assert repr(polygamma(np.int64(2), np.float64(TINY))) == "-inf"


@pytest.mark.parametrize(
    ("x", "want"),
    [
        *((x, INF) for x in (0.0, -0.0, -1.0, -2.0, -1e10, -HUGE, INF, -INF)),
        *((x, INF) for x in (1e307, HUGE)),  # overflow
        *((x, 0.0) for x in (1.0, 2.0)),
        (NAN, NAN),
    ],
)
def test_edges_of_lgamma(x, want):
    assert repr(lgamma(x)) == repr(want)


@pytest.mark.parametrize(
    "x", [*spread(TINY, 1e300, 40), *(-x for x in spread(1e-300, 15, 40)), -1e10 + 0.5]
)
def test_lgamma_against_mpmath(x):
    # math.lgamma is right to 2e-15 absolutely where it is small (zeros at 1 and 2).
    with mpmath.workdps(50):
        y = mpmath.mpf(x)
        want = mpmath.loggamma(y if x > 0 else 1 - y)
        if x < 0:
            want = mpmath.log(mpmath.pi / abs(mpmath.sinpi(y))) - want
        allowed = 4e-15 + 2e-15 * abs(want)
        allowed += 2 * abs(y * psi(0, y)) * mpmath.mpf(2) ** -53
        assert abs(lgamma(x) - want) <= allowed
