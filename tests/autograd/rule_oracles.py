"""What the rows are judged by: each operation defined anew in mpmath.

`ORACLES` holds definitions from the textbook, not from the rows. Their derivatives are
central differences, taken with more and more digits until two precisions agree, so that
1e300 and 1e-300 are as good arguments as 1.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import mpmath
from mpmath import mp, mpf

from autograd.kinds import namespace_of_type
from autograd.rules import Rule

Function = Callable[..., Any]
HIGH_PRECISION = namespace_of_type(mpf)
MAX, NORMAL, MIN = 1.7976931348623157e308, 2.0**-1022, 5e-324

ORACLES: dict[str, Function] = {
    "add": lambda x, y: mp.fadd(x, y),
    "sub": lambda x, y: mp.fsub(x, y),
    "mul": lambda x, y: mp.fmul(x, y),
    "div": lambda x, y: mp.fdiv(x, y),
    "neg": lambda x: mp.fneg(x),
    "pos": lambda x: mp.fadd(x, 0),
    "pow": lambda x, y: mp.power(x, y),
    "square": lambda x: mp.power(x, 2),
    "reciprocal": lambda x: mp.power(x, -1),
    "cbrt": lambda x: mp.sign(x) * mp.root(abs(x), 3),
    "mod": lambda x, y: x - y * mp.floor(x / y),
    "floordiv": lambda x, y: mp.floor(x / y),
    "chain": lambda g, d: mp.fmul(g, d),
    "exp2": lambda x: mp.power(2, x),
    "log2": lambda x: mp.log(x, 2),
    "sinc": lambda x: mp.sincpi(x),
    "abs": lambda x: mp.fabs(x),
    "trunc": lambda x: mp.sign(x) * mp.floor(abs(x)),
    "round": lambda x: mp.nint(x),
    "round_to": lambda x, digits: mp.nint(x * mpf(10) ** digits) / mpf(10) ** digits,
    "minimum": lambda x, y: min(x, y),
    "maximum": lambda x, y: max(x, y),
    "clip": lambda x, low, high: min(max(x, low), high),
    "where": lambda condition, a, b: a if condition else b,
    "relu": lambda x: max(x, 0),
    "leaky_relu": lambda x, slope: max(x, 0) + slope * min(x, 0),
    "elu": lambda x, alpha: max(x, 0) + alpha * mp.expm1(_within(1e4, min(x, 0))),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "log_sigmoid": lambda x: -mp.log1p(mp.exp(-x)),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "gelu": lambda x: x * mp.ncdf(_within(1e6, x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "erfc": lambda x: mp.erfc(_within(1e6, x)),
    "lgamma": lambda x: mp.re(mp.loggamma(x)),
    "logaddexp": lambda x, y: mp.log(mp.exp(x) + mp.exp(y)),
    "xlogy": lambda x, y: x * mp.log(y),
    "xlog1py": lambda x, y: x * mp.log1p(y),
    "sum": lambda *xs: mp.fsum(xs),
    "prod": lambda *xs: mp.fprod(xs),
    "dot": lambda *xs: mp.fdot(xs[: len(xs) // 2], xs[len(xs) // 2 :]),
    "mean": lambda *xs: mp.fsum(xs) / len(xs),
    "norm": lambda *xs: mp.sqrt(mp.fsum(x**2 for x in xs)),
    "logsumexp": lambda *xs: mp.log(mp.fsum(map(mp.exp, xs))),
    "max": lambda *xs: max(xs),
    "min": lambda *xs: min(xs),
    "take": lambda index, *xs: xs[index],
}
# First derivatives by hand, where differences would take seconds, or see the identity
# in a staircase far away from 0.
SLOPES: dict[str, tuple[Function | None, ...]] = {
    **dict.fromkeys(("floor", "ceil", "trunc", "round"), (lambda x: mpf(0),)),
    "round_to": (lambda x, digits: mpf(0), None),
    "mod": (lambda x, y: mpf(1), lambda x, y: -mp.floor(x / y)),
    "floordiv": (lambda x, y: mpf(0), lambda x, y: mpf(0)),
    "pow": (
        lambda x, y: y * mp.power(x, y - 1),
        lambda x, y: mp.log(x) * mp.power(x, y),
    ),
    "erf": (lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-(x**2)),),
    "erfc": (lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-(x**2)),),
    "lgamma": (lambda x: mp.digamma(x),),
    "digamma": (lambda x: mp.polygamma(1, x),),
    "polygamma": (None, lambda n, x: mp.polygamma(n + 1, x)),
    "logaddexp": (
        lambda x, y: 1 / (1 + mp.exp(_within(1e4, y - x))),
        lambda x, y: 1 / (1 + mp.exp(_within(1e4, x - y))),
    ),
}


def _within(bound: float, x: Any) -> Any:
    """Return x, no further out than e^-bound takes to leave all numbers of interest.

    There mpmath is slow, or its erfc overflows inside.
    """
    return max(min(x, mpf(bound)), -mpf(bound))


def oracle(rule: Rule) -> Function:
    """Return the row's definition, else mpmath's function of its name.

    A row that has neither is its own oracle for the value; its partials are then still
    compared with differences.
    """
    found = ORACLES.get(rule.name) or getattr(mp, rule.name, None)
    return found or (lambda *xs: rule.forward(HIGH_PRECISION, *xs))


def lift(rule: Rule, operands: Sequence[Any]) -> list[Any]:
    """Return the operands as mpf; what is not differentiated stays what it is."""
    return [x if i in rule.static else mpf(x) for i, x in enumerate(operands)]


def free_places(rule: Rule, operands: Sequence[Any]) -> list[int]:
    return [i for i in range(len(operands)) if i not in rule.static]


# Derivatives by differences

LADDER = (60, 120, 240, 480, 960, 1920, 3840)  # decimal digits
TINY = mpf(10) ** -345  # less than any float


class UndefinedError(ArithmeticError):
    """The function has no real, finite value here, or the digits do not settle."""


def settle(
    compute: Callable[[], tuple[Any, Any]], digits: int = 25, negligible: Any = 0
) -> Any:
    """Run `compute() -> (result, noise)` with more digits until two results agree.

    Below `negligible` results agree that are so by two precisions. A zero without noise
    may be a difference that was lost: it takes all digits of the ladder.
    """
    last = last_noise = None
    for dps in LADDER:
        with mp.workdps(dps):
            result, noise = compute()
            if last is not None:
                if result and abs(result - last) <= mpf(10) ** -digits * abs(result):
                    return result
                close = abs(result) + 100 * noise <= negligible
                if close and noise and abs(last) <= negligible + 100 * last_noise:
                    return result
            last, last_noise = result, noise
    if abs(result) <= 100 * noise:
        return mpf(0)
    raise UndefinedError(f"{mp.nstr(last)} at all digits, with noise {mp.nstr(noise)}")


def _real(f: Function, operands: Sequence[Any]) -> Any:
    try:
        result = f(*operands)
    except (ValueError, ZeroDivisionError) as error:
        raise UndefinedError(f"{error} at {operands}") from error
    if isinstance(result, mpmath.mpc) or not mp.isfinite(result):
        raise UndefinedError(f"{result} at {operands}")
    return mpf(result)


def value(f: Function, operands: Sequence[Any], digits: int = 25) -> Any:
    """Return f(*operands)."""
    return settle(lambda: (_real(f, operands), mpf(0)), digits)


def _step(x: Any, order: int) -> Any:
    return mp.ldexp(abs(x) or mpf(1), -(mp.prec // (order + 2)))


def _moved(operands: Sequence[Any], steps: dict[int, Any]) -> list[Any]:
    return [x + steps[i] if i in steps else x for i, x in enumerate(operands)]


def slope(
    f: Function,
    operands: Sequence[Any],
    i: int,
    digits: int = 25,
    negligible: Any = TINY,
) -> Any:
    """Return ∂f/∂(operand i) by central differences."""

    def compute() -> tuple[Any, Any]:
        h = _step(operands[i], 1)
        up, down = (_real(f, _moved(operands, {i: s})) for s in (h, -h))
        return (up - down) / (2 * h), max(abs(up), abs(down)) * mp.eps / h

    return settle(compute, digits, negligible)


def curvature(
    f: Function,
    operands: Sequence[Any],
    i: int,
    j: int,
    digits: int = 25,
    negligible: Any = TINY,
) -> Any:
    """Return ∂²f/∂(operand i)∂(operand j) by central differences."""

    def compute() -> tuple[Any, Any]:
        h, k = _step(operands[i], 2), _step(operands[j], 2)
        if i == j:
            places = [(1, {i: h}), (-2, {}), (1, {i: -h})]
            area = h * h
        else:
            signs = product((1, -1), repeat=2)
            places = [(s * t, {i: s * h, j: t * k}) for s, t in signs]
            area = 4 * h * k
        terms = [sign * _real(f, _moved(operands, steps)) for sign, steps in places]
        return mp.fsum(terms) / area, max(map(abs, terms)) * mp.eps / abs(area)

    return settle(compute, digits, negligible)


def side_slopes(f: Function, operands: Sequence[Any], i: int) -> tuple[Any, Any, bool]:
    """Return the slopes left and right of a kink, and whether f jumps there."""
    with mp.workdps(3000):
        h = min(abs(operands[i]) or 1, mpf(1)) * mpf(10) ** -1000
        f0, *fs = (_real(f, _moved(operands, {i: k * h})) for k in (0, -2, -1, 1, 2))
        left, right = (fs[1] - fs[0]) / h, (fs[3] - fs[2]) / h
        step = max(abs(fs[1] - f0), abs(fs[2] - f0))
        return left, right, step > mpf(10) ** -900 * (1 + abs(left) + abs(right))


class Truth(NamedTuple):
    """What is true of a row at some operands: value, partials, second partials."""

    operands: tuple[Any, ...]
    value: Any
    slopes: dict[int, Any]
    curvatures: dict[tuple[int, int], Any]


def truth(rule: Rule, operands: Sequence[Any], digits: int = 4) -> Truth:
    """Find it out for a point where the function is smooth.

    digits: of the second partials, which need not be many in a bound for errors; what
        would change no bound is 0 there.

    Raises `UndefinedError` where the function has no real, finite answer.
    """
    f, xs = oracle(rule), lift(rule, operands)
    free = free_places(rule, operands)
    known = SLOPES.get(rule.name)
    answer, curvatures, many = value(f, xs), {}, max(25, digits)
    slopes = {
        i: value(known[i], xs, many) if known else slope(f, xs, i, many) for i in free
    }
    for i, j in product(free, free):
        least = max(mpf(10) ** -20 * min(abs(slopes[i]), abs(slopes[j])), TINY)
        least /= max(abs(xs[i]), abs(xs[j])) or 1
        if digits == 4 and not TINY < abs(slopes[j]) < 1 / TINY:
            curvatures[i, j] = mpf(0)
        elif known:
            curvatures[i, j] = slope(known[j], xs, i, digits, least)
        elif (j, i) in curvatures:
            curvatures[i, j] = curvatures[j, i]
        else:
            curvatures[i, j] = curvature(f, xs, i, j, digits, least)
    return Truth(tuple(operands), answer, slopes, curvatures)


# Bounds


def spacing(x: Any) -> Any:
    """Return ulp(x) of the float next to x."""
    return mpf(math.ulp(max(-MAX, min(MAX, float(x)))))


def within(got: float, true: Any, margin: Any) -> bool:
    """Tell whether a float is right within a margin; what is too large is infinite."""
    if math.isinf(got):
        return mp.sign(got) * true + margin >= mpf(2) ** 1024 - mpf(2) ** 970
    return abs(mpf(got) - true) <= margin  # False for nan


def margin(k: int, true: Any, size: Any) -> Any:
    """Return k·ulp(true) + 2·size·2⁻⁵³."""
    return k * spacing(true) + 2 * size * mpf(2) ** -53


def terms(rule: Rule, known: Truth) -> tuple[Any, dict[int, Any]]:
    """Return what the rounding of value and partials is relative to.

    It is Σ|xᵢ·h′ᵢ|, or the row's stated magnitude. |xᵢ| is no less than the smallest
    normal number, where the spacing of floats stops to shrink.
    """
    xs, places = lift(rule, known.operands), list(known.slopes)

    def sensitivity(slopes: dict[int, Any]) -> Any:
        return mp.fsum(max(abs(xs[i]), mpf(NORMAL)) * abs(h) for i, h in slopes.items())

    with mp.workdps(60):
        if rule.magnitude:
            of_value = rule.magnitude(HIGH_PRECISION, known.value, *xs)
        else:
            of_value = sensitivity(known.slopes)
        if rule.partial_magnitudes:
            stated = rule.partial_magnitudes(HIGH_PRECISION, known.value, *xs)
            return of_value, {j: stated[j] for j in places}
        return of_value, {
            j: sensitivity({i: known.curvatures[i, j] for i in places}) for j in places
        }


# Where to look


def grid(interval: tuple[float, float], count: int) -> Iterator[float]:
    """Yield floats of an interval: its ends, all magnitudes, many moderate ones."""
    low, high = interval
    ends = max(low, -MAX), min(high, MAX)
    yield from ends
    first, last = math.log(MIN), math.log(max(map(abs, ends)))
    # At the others e^-x², e^-x²/2, 1/cosh², e^x and 2^x are below the normal floats.
    sizes = [MIN, NORMAL, 26.8, 38.1, 361.0, 361.5, 720.5, 1060.5]
    sizes += [
        math.exp(first + (last - first) * (k + 0.4) / count) for k in range(count)
    ]
    sizes += [math.exp(-7 + 16 * (k + 0.6) / count) for k in range(count)]
    for end, inward in ((low, 1), (high, -1)):  # and close to a finite end
        if 0 < abs(end) < math.inf:
            sizes += [abs(end + inward * abs(end) * 2.0**-k) for k in range(1, 53, 6)]
    yield from (x for size in sizes for x in (size, -size) if low < x < high)


def points(rule: Rule, count: int = 24, most: int = 250) -> list[tuple[Any, ...]]:
    """Return operands all over a row's domain, beside its samples."""
    chance = random.Random(rule.name)
    if rule.arity is None:
        return [_tuple_of_any_length(rule, chance) for _ in range(most // 4)]
    if not rule.domain:
        return []
    count = count if len(free_places(rule, range(rule.arity))) == 1 else count // 2
    axes = [
        sorted({sample[i] for sample in rule.samples})
        if i in rule.static
        else list(grid(rule.domain[i], count))
        for i in range(rule.arity)
    ]
    found = list(product(*axes))
    return found if len(found) <= most else chance.sample(found, most)


def _tuple_of_any_length(rule: Rule, chance: random.Random) -> tuple[Any, ...]:
    """Return numbers whose products stay within the floats."""
    n = chance.choice((1, 2, 3, 5, 9))
    paired = "#<" in rule.text
    widest = 300 / (2 if paired else n)
    spread = chance.choice((0, 0.5, 2.5, min(30, widest), widest))
    xs = [
        chance.choice((-1, 1)) * 10 ** chance.uniform(-spread, spread)
        for _ in range(2 * n if paired else n)
    ]
    return (*(chance.randrange(n) for _ in rule.static), *xs)
