"""What the rules are judged by: each operation defined anew in mpmath.

`ORACLES` has a definition for each row, written from the textbook and not from the row.
Derivatives are central differences of it, taken with more and more digits until two
precisions agree, so that 1e300 and 1e-300 are as good arguments as 1.
"""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import mpmath
from mpmath import mp

from autograd.rules import Rule

mpf = mpmath.mpf
Function = Callable[..., Any]

ORACLES: dict[str, Function] = {
    "add": lambda x, y: mp.fadd(x, y),
    "sub": lambda x, y: mp.fsub(x, y),
    "mul": lambda x, y: mp.fmul(x, y),
    "div": lambda x, y: mp.fdiv(x, y),
    "neg": lambda x: mp.fneg(x),
    "pos": lambda x: +x,
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
    "minimum": lambda x, y: (x + y - abs(x - y)) / 2,
    "maximum": lambda x, y: (x + y + abs(x - y)) / 2,
    "clip": lambda x, low, high: min(max(x, low), high),
    "where": lambda condition, a, b: a if condition else b,
    "relu": lambda x: (x + abs(x)) / 2,
    "leaky_relu": lambda x, slope: max(x, 0) + slope * min(x, 0),
    "elu": lambda x, alpha: max(x, 0) + alpha * (mp.exp(min(x, 0)) - 1),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "log_sigmoid": lambda x: -mp.log(1 + mp.exp(-x)),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "gelu": lambda x: x * mp.ncdf(x),
    "softsign": lambda x: x / (1 + abs(x)),
    "lgamma": lambda x: mp.re(mp.loggamma(x)),
    "logaddexp": lambda x, y: mp.log(mp.exp(x) + mp.exp(y)),
    "xlogy": lambda x, y: x * mp.log(y),
    "xlog1py": lambda x, y: x * mp.log(1 + y),
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
# Derivatives that mpmath knows; thousands of digits of Γ would take seconds each.
SLOPES: dict[str, tuple[Function | None, ...]] = {
    "erf": (lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-(x**2)),),
    "erfc": (lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-(x**2)),),
    "lgamma": (lambda x: mp.digamma(x),),
    "digamma": (lambda x: mp.polygamma(1, x),),
    "polygamma": (None, lambda n, x: mp.polygamma(n + 1, x)),
}

LADDER = (60, 120, 240, 480, 960, 1920)  # decimal digits


class Undefined(ArithmeticError):
    """The function has no real finite value or derivative at these operands."""


def oracle(rule: Rule) -> Function:
    """Return the row's function from `ORACLES`, else mpmath's of the same name."""
    found = ORACLES.get(rule.name) or getattr(mp, rule.name, None)
    if found is None:
        from autograd.kinds import namespace_of

        return lambda *xs: rule.forward(namespace_of([mpf(1)]), *xs)
    return found


def _real(f: Function, operands: Sequence[Any]) -> Any:
    try:
        result = f(*operands)
    except (ValueError, ZeroDivisionError) as error:
        raise Undefined(str(error)) from error
    if isinstance(result, mpmath.mpc) or not mp.isfinite(result):
        raise Undefined(f"{result} at {operands}")
    return mpf(result)


def settle(compute: Callable[[], tuple[Any, Any]], small: Any, digits: int = 25) -> Any:
    """Run `compute() -> (result, noise)` with more digits until two results agree.

    A zero is believed where the noise is at most `small`, or at the ladder's end.
    """
    last = None
    for dps in LADDER:
        with mp.workdps(dps):
            result, noise = compute()
            if last is not None:
                if result and abs(result - last) <= mpf(10) ** -digits * abs(result):
                    return result
                if max(abs(result), abs(last), 100 * noise) <= small:
                    return result
            last = result
    with mp.workdps(LADDER[-1]):
        if abs(result) <= 100 * noise:
            return mpf(0)
    raise AssertionError(f"no agreement: {mp.nstr(last, 30)} noise {mp.nstr(noise, 5)}")


TINY = mpf(10) ** -345  # far below the smallest float


def value(f: Function, operands: Sequence[Any]) -> Any:
    """Return f(*operands), right to 25 digits."""
    return settle(lambda: (_real(f, operands), mpf(0)), mpf(-1))


def _step(x: Any, order: int) -> Any:
    return mp.ldexp(abs(x) or mpf(1), -(mp.prec // (order + 2)))


def _moved(operands: Sequence[Any], steps: dict[int, Any]) -> list[Any]:
    return [x + steps[i] if i in steps else x for i, x in enumerate(operands)]


def slope(f: Function, operands: Sequence[Any], i: int) -> Any:
    """Return ∂f/∂operand i by central differences."""

    def compute() -> tuple[Any, Any]:
        h = _step(operands[i], 1)
        up = _real(f, _moved(operands, {i: h}))
        down = _real(f, _moved(operands, {i: -h}))
        return (up - down) / (2 * h), max(abs(up), abs(down)) * mp.eps / h

    return settle(compute, TINY)


def curvature(
    f: Function, operands: Sequence[Any], i: int, j: int, small: Any = TINY
) -> Any:
    """Return ∂²f/∂operand i ∂operand j by central differences."""

    def compute() -> tuple[Any, Any]:
        h, k = _step(operands[i], 2), _step(operands[j], 2)
        if i == j:
            parts = [
                _real(f, _moved(operands, {i: h})),
                -2 * _real(f, operands),
                _real(f, _moved(operands, {i: -h})),
            ]
            return mp.fsum(parts) / h**2, max(map(abs, parts)) * mp.eps / h**2
        parts = [
            s * t * _real(f, _moved(operands, {i: s * h, j: t * k}))
            for s in (1, -1)
            for t in (1, -1)
        ]
        return mp.fsum(parts) / (4 * h * k), max(map(abs, parts)) * mp.eps / (h * k)

    return settle(compute, small, 15)


class Truth(NamedTuple):
    """A row's value, partials and second partials at some operands."""

    operands: tuple[Any, ...]
    value: Any
    slopes: dict[int, Any]
    curvatures: dict[tuple[int, int], Any]


def lift(rule: Rule, operands: Sequence[Any]) -> list[Any]:
    return [x if i in rule.static else mpf(x) for i, x in enumerate(operands)]


def truth(rule: Rule, operands: Sequence[Any]) -> Truth:
    """Find what is true at a point where the function is smooth."""
    f = oracle(rule)
    xs = lift(rule, operands)
    free = [i for i in range(len(xs)) if i not in rule.static]
    known = SLOPES.get(rule.name)
    slopes, curvatures = {}, {}
    for i in free:
        slopes[i] = value(known[i], xs) if known else slope(f, xs, i)
    for i in free:
        for j in free:
            small = mpf(10) ** -20 * abs(slopes[j]) / (abs(xs[i]) or 1)
            if known:
                curvatures[i, j] = slope(known[j], xs, i)
            elif i <= j:
                curvatures[i, j] = curvature(f, xs, i, j, small)
            else:
                curvatures[i, j] = curvatures[j, i]
    return Truth(tuple(operands), value(f, xs), slopes, curvatures)


MAX = 1.7976931348623157e308
MIN = 5e-324


def grid(interval: tuple[float, float], count: int) -> Iterator[float]:
    """Yield floats of both signs, evenly spaced in their logarithm, and the ends."""
    low, high = interval
    low_end, high_end = max(low, -MAX), min(high, MAX)
    yield low_end
    yield high_end
    top = max(abs(low_end), abs(high_end))
    start, stop = math.log(MIN), math.log(top)
    for k in range(count):
        x = math.exp(start + (stop - start) * (k + 0.37) / count)
        for signed in (x, -x):
            if low < signed < high:
                yield signed
    for k in range(count // 2):  # moderate numbers, where most things happen
        x = math.exp(-7 + 14 * (k + 0.61) / (count // 2))
        for signed in (x, -x):
            if low < signed < high:
                yield signed
    for end, inward in ((low, 1), (high, -1)):  # crowd near a finite end
        if 0 < abs(end) < math.inf:
            for k in range(1, 53, 4):
                x = end + inward * abs(end) * 2.0**-k
                if low < x < high:
                    yield x


def points(rule: Rule, count: int) -> list[tuple[Any, ...]]:
    """Return operand tuples over the row's domain, and its samples."""
    chance = random.Random(rule.name)
    if rule.arity is None:
        found = []
        for n in (1, 2, 3, 5):
            for _ in range(count // 2):
                spread = chance.choice((0.5, 3, 30, 300))
                xs = [
                    chance.choice((-1, 1)) * 10 ** chance.uniform(-spread, spread)
                    for _ in range(n)
                ]
                found.append(tuple(xs))
        return found
    axes = []
    for i in range(rule.arity):
        if i in rule.static:
            axes.append(None)
        elif rule.arity == 1:
            axes.append(list(grid(rule.domain[0], count)))
        else:
            axes.append(list(grid(rule.domain[i], count // 4)))
    return axes
