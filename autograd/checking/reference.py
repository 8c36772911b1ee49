"""Reference (a): the function runs on Values, and exact sweeps give its gradient.

The gradient comes from reverse mode, is confirmed by forward mode along two random
directions, and by a second run on 50-digit numbers, which then is the reference itself.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import forward
from ..accuracy import UNIT, Tape, gradient_bounds
from ..errors import ArgumentError
from ..kinds import namespace_of
from ..layout import is_number, number_of
from ..modes import no_grad, record_sources
from ..node import describe
from ..value import Value
from .arguments import Arguments, Array
from .differences import Slope

DIGITS = 50
DIGITS_OF_A_HAND = 350  # 1 − sigmoid(700) still has its first fifty
EXACT_AT_THE_POINT = 20_000  # edges of a graph that runs on 50 digits, at the first
EXACT_ELSEWHERE = 2_000  # and at the other points
SAMPLED = 200  # operations checked on 50 digits where the whole graph is too large


class Disagreement(Exception):
    """Two ways to the reference disagree: nothing can be decided."""


class Recorded:
    """The function, its gradient and the bound of its rounding at one point."""

    def __init__(
        self, fn: Callable[..., Any], args: Arguments, x: Array, precision: str
    ) -> None:
        self.x = x
        self.leaves = [Value(number) for number in x.tolist()]
        self.output = scalar(fn(*args.fill(self.leaves)))
        self.detached = is_number(self.output)  # a branch that returns a plain number
        if self.detached:
            self.output = Value(self.output)
        self.value = float(self.output.data)
        self.digits = 0
        self.error = np.zeros(len(x))
        if np.isfinite(self.value):
            self.tape = Tape(self.output)
            self.gradient = np.array(self.output.gradient(self.leaves), float)
            self.bound = gradient_bounds(self.tape, self.leaves, precision)
            # Even a constant is the result of a few roundings: 3 · (1/3).
            self.bound += 4 * UNIT[precision] * np.abs(self.gradient)

    def confirm_forward(self, seed: int) -> None:
        """Compare with forward mode along two random directions."""
        usable = np.isfinite(self.gradient) & np.isfinite(self.bound)
        rng = np.random.default_rng(seed)
        for _ in range(2):
            r = np.where(usable, rng.uniform(-1, 1, len(self.x)), 0.0)
            seeds = dict(zip(map(id, self.leaves), r.tolist(), strict=True))
            (slope,) = forward.tangents([self.output], seeds)
            expected = r * np.where(usable, self.gradient, 0.0)
            with np.errstate(over="ignore"):
                room = 8 * (np.abs(r) * np.where(usable, self.bound, 0)).sum()
            room += len(r) * 2.0**-50 * np.abs(expected).sum()
            if not abs(float(slope) - expected.sum()) <= room:
                raise Disagreement(
                    f"forward mode gives {float(slope)!r} along a random direction, "
                    f"reverse mode {expected.sum()!r}: please report this function"
                )

    def is_cut(self, value: Callable[[Array], float], seed: int) -> str:
        """Say where differences show that the graph lacks a path, "" where they agree.

        A function that reads ``.data`` or calls ``float`` on the way gives right
        values and wrong derivatives, of which no sweep knows. Only a gap that neither
        the differences' error nor a kink explains counts.
        """
        usable = np.isfinite(self.gradient) & np.isfinite(self.bound)
        slope = Slope(value, self.x)
        rng = np.random.default_rng([seed, 2])
        for _ in range(2):
            r = rng.uniform(0.5, 1.0, len(self.x)) * rng.choice([-1, 1], len(self.x))
            r = np.where(usable, r, 0.0)
            parts = r * np.where(usable, self.gradient, 0.0)
            room = 8 * float((np.abs(r) * np.where(usable, self.bound, 0)).sum())
            room += 1e-6 * float(np.abs(parts).sum())
            expected = float(parts.sum())
            found = []
            for side in (0, -1, 1):
                found.append(slope.along(r, side))
                if not abs(found[-1][0] - expected) > room + 10 * found[-1][1]:
                    break
            else:
                (centre, error), *sides = found
                if all(abs(s - centre) <= room + 10 * (e + error) for s, e in sides):
                    return (
                        f"along a random direction differences of fn give {centre:.9g} "
                        f"(± {error:.1g}), its graph of Values {expected:.9g}: a path "
                        f"is cut, by .data, float() or a detached value inside fn"
                    )
        return ""

    def confirm_exactly(self, fn: Callable[..., Any], args: Arguments) -> str:
        """Run again on 50 digits and take that gradient; return why not, or nothing."""
        try:
            found = exact_gradient(fn, args, self.x)
        except ImportError:
            return "mpmath is not installed: pip install 'scalar-autograd[check]'"
        except (
            Exception
        ) as error:  # the user's function, on numbers it was not made for
            return f"it does not run on 50 digits: {type(error).__name__}: {error}"
        usable = np.isfinite(found)
        if not usable.any():
            return "its gradient is not finite on 50 digits"
        off = np.abs(np.where(usable, found - self.gradient, 0.0)) > 4 * self.bound
        self.gradient = np.where(usable, found, self.gradient)
        self.digits = DIGITS
        if off.any():
            return (
                "in doubles the engine's own gradient differs by more than rounding "
                "explains: that of 50 digits is the reference"
            )
        return ""

    def confirm_sample(self, seed: int) -> int:
        """Check a sample of the operations on 50 digits; return how many."""
        import mpmath

        mp = namespace_of([mpmath.mpf(1)])
        inner = [node for node in self.tape.nodes if node.rule and not node.rule.opaque]
        rng = np.random.default_rng(seed)
        chosen = rng.permutation(len(inner))[:SAMPLED].tolist()
        with mpmath.workdps(DIGITS):
            for node in (inner[i] for i in chosen):
                rule: Any = node.rule
                numbers = [
                    number_of(o) if k in rule.static else mp.lift(number_of(o))
                    for k, o in enumerate(node.operands)
                ]
                out = rule.forward(mp, *numbers)
                size = abs(out) + sum(
                    abs(n) for n in numbers if not isinstance(n, bool)
                )
                if rule.magnitude:
                    size += abs(rule.magnitude(mp, out, *numbers))
                if abs(out - node.data) > 2.0**-45 * (1 + abs(size)) * len(numbers):
                    raise Disagreement(
                        f"{rule.name} gives {node.data!r} where 50 digits give {out}"
                    )
        return len(chosen)

    def largest(self) -> float:
        """Return the largest number of both sweeps: what a hand gradient may cancel."""
        parts = (self.tape.data, self.tape.d, self.tape.pull(), self.gradient)
        return max(float(np.abs(p[np.isfinite(p)]).max(initial=0.0)) for p in parts)

    def sourced(self, fn: Callable[..., Any], args: Arguments) -> "Recorded":
        """Run again, with the user's line in each node."""
        args.stand_at(self.x)
        with record_sources():
            again = object.__new__(Recorded)
            again.x = self.x
            again.leaves = [Value(number) for number in self.x.tolist()]
            again.output = scalar(fn(*args.fill(again.leaves)))
            if is_number(again.output):
                again.output = Value(again.output)
        again.value, again.digits = self.value, self.digits
        again.gradient, again.bound, again.error = self.gradient, self.bound, self.error
        again.tape = Tape(again.output)
        again.tape.partner = self.tape.partner
        return again


def exact_gradient(fn: Callable[..., Any], args: Arguments, x: Array) -> Array:
    """Return the gradient on 50-digit numbers, rounded once."""
    import mpmath

    with mpmath.workdps(DIGITS):
        leaves = [Value(mpmath.mpf(number)) for number in x.tolist()]
        output = scalar(fn(*args.fill(leaves)))
        if is_number(output):
            return np.zeros(len(x))
        return np.array([float(d) for d in output.gradient(leaves)])


def exact_call(hand: Callable[..., Any], args: Arguments, x: Array) -> Array:
    """Return a hand gradient computed on exact enough numbers, rounded once.

    What it raises, if it was written for floats only, goes through.
    """
    import mpmath

    args.stand_at(x)
    with mpmath.workdps(DIGITS_OF_A_HAND), no_grad():
        leaves = [Value(mpmath.mpf(number)) for number in x.tolist()]
        found = hand(*args.fill(leaves))
        return args.read(_as_plain(found))


def _as_plain(nest: Any) -> Any:
    if isinstance(nest, np.ndarray):
        flat = [float(number_of(x)) for x in nest.ravel().view(np.ndarray).tolist()]
        return np.array(flat, float).reshape(nest.shape)
    if isinstance(nest, dict):
        return {key: _as_plain(item) for key, item in nest.items()}
    if isinstance(nest, list | tuple):
        return type(nest)(_as_plain(item) for item in nest)
    return float(number_of(nest))


def scalar(result: Any) -> Any:
    """Return the one number of a function's result, or say what it is instead."""
    if isinstance(result, np.ndarray) and result.shape == ():
        result = result[()]
    if isinstance(result, Value):
        return result
    if np.ma.is_masked(result):
        raise ArgumentError("the function must return one number, it is masked")
    if isinstance(result, np.ndarray | list | tuple):
        shape = getattr(result, "shape", f"length {len(result)}")
        raise ArgumentError(
            f"the function must return one number, it returned {type(result).__name__} "
            f"of {'shape ' if isinstance(shape, tuple) else ''}{shape}: add its "
            f"numbers up, or use check_jacobian or check_vjp"
        )
    if isinstance(result, float | int) and not isinstance(result, bool):
        return result
    no_number = str | bytes | bool | np.bool_ | complex | np.complexfloating
    if not isinstance(result, no_number) and hasattr(result, "__float__"):
        try:
            return float(result)
        except (TypeError, ValueError, RuntimeError):
            pass  # another library's array
    raise ArgumentError(
        f"the function must return one number, it returned {describe(result)}"
    )
