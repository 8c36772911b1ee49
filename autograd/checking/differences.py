"""Reference (b): the function takes no Values, so its plain numbers are differenced.

Adaptive extrapolated differences (`scipy.differentiate`) with an error estimate,
one-sided at the edge of a domain. A complex step replaces them only where the function
takes complex numbers and the two agree: `np.abs`, norms and comparisons run on complex
numbers and give a wrong derivative without a complaint.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import MissingExtraError
from .arguments import Array
from .noise import scatter

COMPLEX_STEP = 1e-100
SAFETY = 10.0  # an estimate is no bound
STEPS = (2.0**-11, 2.0**-7, 2.0**-3)
HOPELESS = 0.01  # an error of that part of the derivative leaves nothing to compare


class Slope:
    """The derivative of f along a direction, with the estimate of its error."""

    def __init__(self, f: Callable[[Array], float], x: Array) -> None:
        self.f, self.x = f, x
        self.value = f(x)
        noise = scatter(lambda y: np.array([f(y)]), x, 0)[0]
        self.noise = 8 * float(noise)  # rounding within f, where it cancels there

    def along(self, direction: Array, side: int = 0) -> tuple[float, float]:
        """Return derivative and error; side −1 or 1 looks to that side only."""
        moved = direction != 0
        scale = float(np.maximum(np.abs(self.x[moved]), 1.0).max(initial=1.0))
        scale /= float(np.abs(direction).max(initial=1.0))
        sides = (side,) if side else (0, 1, -1)
        best = (np.nan, np.inf)
        for chosen in sides:
            for step in STEPS:
                found = self._once(direction, chosen, step * scale)
                # A wider step has less rounding, but may stride over steps and kinks.
                agree = not abs(found[0] - best[0]) > found[1] + best[1]
                if found[1] < best[1] and agree:
                    best = found
            if np.isfinite(best[1]) and best[1] <= 1e-6 * max(1e-3, abs(best[0])):
                break
        return best

    def bends(self, direction: Array) -> bool:
        """Tell, at the price of two values, whether there may be a kink here."""
        step = 2.0**-20 * float(np.maximum(np.abs(self.x), 1.0)[direction != 0].max())
        left = self.value - self.f(self.x - step * direction)
        right = self.f(self.x + step * direction) - self.value
        return not abs(right - left) <= 1e-3 * (abs(left) + abs(right))

    def _once(self, direction: Array, side: int, step: float) -> tuple[float, float]:
        derivative = _scipy_derivative()
        largest = abs(self.value)

        def along(t: Any) -> Any:
            nonlocal largest
            values = [self.f(self.x + s * direction) for s in np.ravel(t).tolist()]
            largest = max([largest, *(abs(v) for v in values if np.isfinite(v))])
            return np.array(values).reshape(np.shape(t))

        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            result = derivative(
                along, 0.0, step_direction=side, initial_step=step, maxiter=8
            )
        error = abs(float(result.error)) * SAFETY
        # f's rounding over the smallest distance: the step is halved in each iteration,
        # and the outermost of scipy's four points a side is 8 times the innermost.
        smallest = step / 2.0 ** (int(result.nit) + 2)
        error += max(2.0**-53 * largest, self.noise / 8) / smallest
        value = float(result.df)
        return (value, error) if np.isfinite(value + error) else (np.nan, np.inf)


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
    slope = Slope(f, x)
    pairs = [slope.along(row) for row in np.eye(len(x))]
    slopes, errors = np.array([v for v, _ in pairs]), np.array([e for _, e in pairs])
    # What rounding the arguments alone makes of f, over the widest step.
    with np.errstate(invalid="ignore"):
        errors += 2.0**-50 * np.nansum(np.abs(x * slopes)) / np.maximum(np.abs(x), 1.0)
    return slopes, errors


def undetermined(slopes: Array, errors: Array) -> Array:
    """Tell where an estimate is no reference: at a pole, a jump, beyond a domain."""
    with np.errstate(invalid="ignore"):
        hopeless = errors > HOPELESS * np.maximum(np.abs(slopes), 1e-3)
    return ~np.isfinite(slopes) | hopeless


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
