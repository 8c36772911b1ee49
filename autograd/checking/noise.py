"""How much of a hand gradient's discrepancy is its own rounding noise.

A right formula may cancel: 1 − tanh(x)² has no digit left at x = 20. That is decided by
evaluating the hand gradient itself on 50-digit numbers, where it takes Values; where it
does not, by its scatter at neighbouring points.
"""

from collections.abc import Callable
from math import factorial

import numpy as np

from .arguments import Array

STEPS = (2.0**-50, 2.0**-42, 2.0**-34, 2.0**-26, 2.0**-20, 2.0**-14)
ORDERS = (4, 5, 6)
KINKED = 32.0


def scatter(hand: Callable[[Array], Array], x: Array, seed: int) -> Array:
    """Estimate the rounding noise of each coordinate of hand(x), 0 where none shows.

    At eight equidistant points along a random direction, from last-bit perturbations
    on, the k-th differences of what is smooth vanish, those of noise of standard
    deviation σ have the variance σ²·(2k)!/(k!)². Where three orders agree within a
    factor of 4, and the differences change sign, that is noise.

    Source: Moré & Wild, Estimating computational noise, 2011.
    """
    rng = np.random.default_rng(seed)
    direction = rng.choice([-1.0, 1.0], len(x)) * np.maximum(np.abs(x), 2.0**-10)
    found = np.zeros(len(x))
    for step in STEPS:
        table = np.array([hand(x + k * step * direction) for k in range(-4, 5)])
        if not np.isfinite(table).all():
            continue
        levels = []
        changes = np.zeros(len(x), bool)
        for order in range(1, max(ORDERS) + 1):
            table = np.diff(table, axis=0)
            if order in ORDERS:
                scale = factorial(order) ** 2 / factorial(2 * order)
                with np.errstate(over="ignore"):
                    levels.append(np.sqrt(scale * (table**2).mean(axis=0)))
                changes |= (table.min(axis=0) < 0) & (table.max(axis=0) > 0)
        lowest, highest = np.min(levels, axis=0), np.max(levels, axis=0)
        noisy = changes & (lowest > 0) & (highest <= 4 * lowest)
        # A kink's differences grow with the step, by 2⁶ at least; noise does not.
        noisy &= (found == 0) | (highest <= KINKED * found)
        found = np.where(noisy, np.maximum(found, highest), found)
    return found
