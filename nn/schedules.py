"""Learning-rate schedules: functions from the step 0, 1, 2, ... to the rate.

Each function here returns one, without state, to be given to an optimizer as its
``lr``. A step is one update of the parameters. The formulas are PyTorch's.

>>> import nn
>>> rate = step(0.1, every=2, factor=0.5)
>>> [rate(k) for k in range(5)]
[0.1, 0.1, 0.05, 0.05, 0.025]
>>> optimizer = nn.SGD(nn.MLP(2, [1], seed=0), lr=rate)
"""

import math
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from autograd import ArgumentError

from .counts import check_count
from .lookup import known

__all__ = [
    "SCHEDULES",
    "by_name",
    "cosine",
    "exponential",
    "one_cycle",
    "step",
    "warm_up",
]

Schedule = Callable[[int], float]


def step(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """Return the schedule η·γ^⌊k/s⌋: times γ = factor after each s = every steps.

    PyTorch's StepLR(step_size, gamma).

    Raises `ArgumentError` for options, and steps, outside of their ranges.

    >>> rate = step(0.5, every=10, factor=0.5)
    >>> rate(0), rate(9), rate(10), rate(20)
    (0.5, 0.5, 0.25, 0.125)
    """
    _check_size("lr", lr)
    _check_size("factor", factor)
    check_count("every", every)
    return lambda k: lr * factor ** (_step(k) // every)


def exponential(lr: float, factor: float) -> Schedule:
    """Return the schedule η·γᵏ, γ = factor. PyTorch's ExponentialLR(gamma).

    Raises `ArgumentError` for options, and steps, outside of their ranges.

    >>> [round(exponential(1.0, 0.9)(k), 3) for k in range(4)]
    [1.0, 0.9, 0.81, 0.729]
    """
    _check_size("lr", lr)
    _check_size("factor", factor)
    return lambda k: lr * factor ** _step(k)


def cosine(lr: float, steps: int, lowest: float = 0.0) -> Schedule:
    """Return the schedule μ + (η − μ)(1 + cos(πk/n))/2, from η to μ = lowest.

    After n = steps the rate rises again, with the period 2n, as in PyTorch's
    CosineAnnealingLR(T_max, eta_min). Source: I. Loshchilov, F. Hutter, "SGDR", ICLR
    2017, equation 5.

    Raises `ArgumentError` for options, and steps, outside of their ranges.

    >>> [round(cosine(1.0, 4)(k), 3) for k in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """
    _check_size("lr", lr)
    _check_size("lowest", lowest)
    check_count("steps", steps)
    return lambda k: _between(lr, lowest, _step(k) / steps)


def warm_up(lr: float | Schedule, steps: int, start: float = 1 / 3) -> Schedule:
    """Return the schedule η·(s + (1 − s)k/n) for n steps, then η; s = start.

    lr: the rate η, or the schedule that follows: it begins at its step 0 after the
        warm-up, and that rate is what the warm-up leads to.

    PyTorch's LinearLR(start_factor, total_iters), before another one by SequentialLR.

    Raises `ArgumentError` for options, and steps, outside of their ranges.

    >>> rate = warm_up(cosine(1.0, 4), steps=2, start=0.5)
    >>> [round(rate(k), 3) for k in range(7)]
    [0.5, 0.75, 1.0, 0.854, 0.5, 0.146, 0.0]
    """
    check_count("steps", steps)
    _check_size("start", start)
    if callable(lr):
        after = lr
    else:
        rate = _check_size("lr", lr)
        after = lambda _: rate  # noqa: E731 (shorter than a function of two lines)
    return lambda k: (
        after(0) * (start + (1 - start) * k / steps)
        if _step(k) < steps
        else after(k - steps)
    )


def one_cycle(
    highest: float,
    steps: int,
    rise: float = 0.3,
    start_divisor: float = 25.0,
    end_divisor: float = 1e4,
) -> Schedule:
    """Return the schedule up from η/d to η and down to η/(d·e), along half cosines.

    highest: η. steps: how many there are in all. rise: the share of them that goes up.
    start_divisor: d. end_divisor: e, by which the first rate is divided at the end.

    PyTorch's OneCycleLR(max_lr, total_steps, pct_start, div_factor, final_div_factor).
    Source: L. Smith, N. Topin, "Super-convergence", 2018.

    >>> [round(one_cycle(1.0, 5, rise=0.5)(k), 3) for k in range(5)]
    [0.04, 0.76, 0.905, 0.345, 0.0]

    The schedule raises `ArgumentError` for a step beyond the last.
    """
    _check_size("highest", highest)
    check_count("steps", steps)
    divisors = {"start_divisor": start_divisor, "end_divisor": end_divisor}
    for name, divisor in divisors.items():
        if not _check_size(name, divisor):
            raise ArgumentError(f"{name} divides the rate: give a number above 0")
    if not 0 <= _check_size("rise", rise) <= 1:
        raise ArgumentError(f"rise is a share from 0 to 1, got {rise!r}")
    first = highest / start_divisor
    last = first / end_divisor
    top, end = rise * steps - 1, steps - 1  # where it turns, which may be between steps

    def schedule(k: int) -> float:
        if _step(k) >= steps:
            raise ArgumentError(
                f"one_cycle was made for {steps} steps, and step {k} is beyond the "
                f"last, {end}: give the number of all steps"
            )
        if k <= top:
            return _between(first, highest, k / top if top else 1.0)
        return _between(highest, last, (k - top) / (end - top))

    return schedule


SCHEDULES: MappingProxyType[str, Callable[..., Schedule]] = MappingProxyType(
    {
        "cosine": cosine,
        "exponential": exponential,
        "one_cycle": one_cycle,
        "step": step,
        "warm_up": warm_up,
    }
)


def by_name(name: str) -> Callable[..., Schedule]:
    """Return the function of that name.

    Raises `ArgumentError` for a name that is unknown, with the nearest one.

    >>> by_name("cosin")
    Traceback (most recent call last):
    autograd.errors.ArgumentError: unknown schedule 'cosin': did you mean 'cosine'? ...
    """
    return SCHEDULES[known(name, SCHEDULES, "schedule")]


def _between(start: float, end: float, share: float) -> float:
    """Go from start to end along half a cosine."""
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


def _step(k: Any) -> int:
    if isinstance(k, bool) or not isinstance(k, int) or k < 0:
        raise ArgumentError(f"a step is a whole number from 0 on, got {k!r}")
    return k


def _check_size(name: str, size: Any) -> float:
    if (
        isinstance(size, bool)
        or not isinstance(size, int | float)
        or not 0 <= size < math.inf
    ):
        raise ArgumentError(f"{name} is a number from 0 on, got {size!r}")
    return size
