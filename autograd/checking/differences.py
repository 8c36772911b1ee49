"""Reference (b): the function takes no Values, so its plain numbers are differenced.

Adaptive extrapolated differences (`scipy.differentiate`) with an error estimate,
one-sided at the edge of a domain. A complex step replaces them only where the function
takes complex numbers and the two agree: `np.abs`, norms and comparisons run on complex
numbers and give a wrong derivative without a complaint.
"""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..errors import MissingExtraError
from .arguments import Array
from .noise import scatter

COMPLEX_STEP = 1e-100
SAFETY = 10.0  # an estimate is no bound
STEPS = (2.0**-3, 2.0**-8, 2.0**-13, 2.0**-18)  # where halving begins, widest first
HALVINGS = 4
SETTLED = 2.0**-40  # an error, relative to the derivative, that needs no smaller step
HOPELESS = 0.01  # an error of that part of the derivative leaves nothing to compare
HIDDEN = 1e-6  # unless it is so small a part of the largest derivative

Level = tuple[Array, Array, Array]  # rows, their derivatives, the errors of these


class Slope:
    """The derivatives of f along directions, with estimates of their errors."""

    def __init__(self, f: Callable[[Array], float], x: Array) -> None:
        self.f, self.x = f, x
        self.value = f(x)
        noise = scatter(lambda y: np.array([f(y)]), x, 0)[0]
        self.noise = 8 * float(noise)  # rounding within f, where it cancels there

    def along(self, direction: Array, side: int = 0) -> tuple[float, float]:
        """Return derivative and error; side −1 or 1 looks to that side only."""
        slopes, errors = self.along_all(direction[None], side)
        return float(slopes[0]), float(errors[0])

    def along_all(self, directions: Array, side: int = 0) -> tuple[Array, Array]:
        """Return derivatives and errors along the rows, one-sided where need be."""
        slopes, errors = _best([], len(directions))
        poor = np.arange(len(directions))
        for chosen in (side,) if side else (0, 1, -1):
            found = self._one_way(directions, poor, chosen)
            better = found[1] < errors
            slopes, errors = np.where(better, (found[0], found[1]), (slopes, errors))
            poor = np.flatnonzero(~(errors <= 1e-6 * np.maximum(1e-3, np.abs(slopes))))
        return slopes, errors

    def bends(self, direction: Array) -> bool:
        """Tell, at the price of two values, whether there may be a kink here."""
        step = 2.0**-20 * float(np.maximum(np.abs(self.x), 1.0)[direction != 0].max())
        left = self.value - self.f(self.x - step * direction)
        right = self.f(self.x + step * direction) - self.value
        return not abs(right - left) <= 1e-3 * (abs(left) + abs(right))

    def _one_way(
        self, directions: Array, rows: Array, side: int
    ) -> tuple[Array, Array]:
        """Return what the best of all steps gives for some rows, inf for the others."""
        levels: list[Level] = []
        for step in STEPS:
            if len(rows):
                found, settled = self._halving(directions, rows, side, step)
                levels += found
                rows = rows[~settled]
        return _best(levels, len(directions))

    def _halving(
        self, directions: Array, rows: Array, side: int, step: float
    ) -> tuple[list[Level], Array]:
        """Halve a step; return the levels, and which rows need no smaller one."""
        chosen = directions[rows]
        sizes = np.where(chosen != 0, np.maximum(np.abs(self.x), 1.0), 1.0).max(axis=1)
        first = step * sizes / np.maximum(np.abs(chosen).max(axis=1), 1.0)
        rounding = np.full(len(rows), max(2.0**-53 * abs(self.value), self.noise / 8))
        levels: list[Level] = []
        settled = np.zeros(len(rows), bool)
        active, last = ~settled, np.full(len(rows), np.nan)

        def values(t: Array, row: Array) -> Array:
            found = np.empty(t.shape)
            for place, s in np.ndenumerate(t):
                i = int(row.reshape(len(t), -1)[place[0], 0])
                found[place] = self.f(self.x + s * chosen[i]) if s else self.value
                if np.isfinite(found[place]):
                    rounding[i] = max(rounding[i], 2.0**-53 * abs(found[place]))
            return found

        def note(state: Any) -> None:
            nonlocal active, last, settled
            h = first / 2.0 ** (len(levels) - 1)  # it is told before the first, too
            noise = rounding * _amplified(side) / h
            # The order is 8: halving takes 2⁻⁸ of an error. A chance agreement of two
            # steps is none of three.
            error = SAFETY * np.fmax(state.error, last / 64) + noise
            fresh = active & np.isfinite(state.df + error)
            levels.append((rows[fresh], state.df[fresh], error[fresh]))
            enough = np.maximum(SETTLED * np.abs(state.df), 4 * noise)
            settled |= fresh & (error <= enough)
            if (settled | ~active).all():
                raise StopIteration
            last = np.where(np.isfinite(state.error), state.error, np.abs(state.df))
            active = state.status == 1

        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            _scipy_derivative()(
                values,
                np.zeros(len(rows)),
                args=(np.arange(len(rows)),),
                step_direction=side,
                initial_step=first,
                maxiter=HALVINGS + 1,
                tolerances={"atol": 0.0, "rtol": 0.0},
                callback=note,
            )
        return levels, settled


def _best(levels: list[Level], count: int) -> tuple[Array, Array]:
    """Return derivatives and errors of `count` rows: the best that smaller steps allow.

    A wider step has less rounding, but may stride over steps and kinks: it has to
    agree with the smaller ones.
    """
    slopes, errors = np.full(count, np.nan), np.full(count, np.inf)
    for rows, found, error in reversed(levels):
        agree = ~(np.abs(found - slopes[rows]) > error + errors[rows])
        better = agree & (error < errors[rows])
        slopes[rows[better]], errors[rows[better]] = found[better], error[better]
    return slopes, errors


@cache
def _amplified(side: int) -> float:
    """Return Σ|wᵢ| of scipy's stencil of order 8 with its outermost point at 1.

    Abscissae are 0 and ±1, ±1/2, ±1/4, ±1/8, or to one side 0 and 1/√2ᵏ, k = 0 … 7; the
    weights give the derivative of every power up to the eighth: 13.5 and 979.
    """
    if side:
        points = np.append(0.0, 2.0 ** (-np.arange(8) / 2))
    else:
        half = 2.0 ** -np.arange(4.0)
        points = np.concatenate([-half, [0.0], half])
    slopes = np.zeros(9)
    slopes[1] = 1.0
    weights = np.linalg.solve(np.vander(points, increasing=True).T, slopes)
    return float(np.abs(weights).sum())


def _scipy_derivative() -> Callable[..., Any]:
    try:
        from scipy.differentiate import derivative
    except ImportError:
        raise MissingExtraError.of(
            "scipy", "check", "the check of a function that takes no Values"
        ) from None
    return derivative  # type: ignore[no-any-return]


def gradient_by_differences(
    f: Callable[[Array], float], x: Array
) -> tuple[Array, Array]:
    """Return the gradient by differences and the estimates of its errors."""
    slopes, errors = Slope(f, x).along_all(np.eye(len(x)))
    # What rounding the arguments alone makes of f, over the widest step.
    with np.errstate(invalid="ignore"):
        errors += 2.0**-50 * np.nansum(np.abs(x * slopes)) / np.maximum(np.abs(x), 1.0)
    return slopes, errors


def undetermined(slopes: Array, errors: Array) -> Array:
    """Tell where an estimate is no reference: at a pole, a jump, beyond a domain."""
    largest = np.nan_to_num(np.abs(slopes), posinf=0.0).max(initial=0.0)
    enough = np.maximum(_telling(slopes), HIDDEN * largest)
    compared: Array = np.isfinite(slopes) & (errors <= enough)
    return ~compared


def hidden(slopes: Array, errors: Array) -> Array:
    """Tell where f's rounding hides the slope, beside much larger ones."""
    return (errors > _telling(slopes)) & ~undetermined(slopes, errors)


def _telling(slopes: Array) -> Array:
    """Return the error up to which an estimate tells something of the slope itself."""
    return HOPELESS * np.maximum(np.abs(slopes), 1e-3)


def gradient_by_complex_step(f: Callable[[Array], complex], x: Array) -> Array | None:
    """Return Im f(x + ih)/h for each coordinate; None if f is not for complex x."""
    found = []
    for i in range(len(x)):
        moved = x.astype(complex)
        moved[i] += 1j * COMPLEX_STEP
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                result = f(moved)
        except Exception:  # the user's function, on numbers it was not made for
            return None
        if not isinstance(result, complex | np.complexfloating):
            return None
        found.append(result.imag / COMPLEX_STEP)
    return np.array(found)


def failing_coordinates(
    slope: Slope, hand: Array, room: Callable[[Array, float], float], seed: int
) -> list[int]:
    """Find the coordinates that fail without a full table: directions, then bisection.

    A random direction r compares r·hand with the derivative along r; a half of the
    coordinates whose direction fails is split again.
    """
    rng = np.random.default_rng(seed)

    def fails(part: Array) -> bool:
        for _ in range(2):
            r = np.zeros(len(hand))
            r[part] = rng.uniform(0.5, 1.0, len(part)) * rng.choice([-1, 1], len(part))
            value, error = slope.along(r)
            expected = float((r * hand).sum())
            if not abs(value - expected) <= error + room(r, expected):
                return True
        return False

    found: list[int] = []
    waiting = [np.arange(len(hand))]
    while waiting and len(found) < 20:
        part = waiting.pop()
        if not fails(part):
            continue
        if len(part) == 1:
            found.append(int(part[0]))
            continue
        waiting += [part[len(part) // 2 :], part[: len(part) // 2]]
    return found
