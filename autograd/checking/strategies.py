"""Hypothesis strategies for the arguments of a check (extra: `check`).

@given(arguments((3, 4), (4,)))
def test_my_layer(args):
    assert_gradient(loss, hand_gradient, *args)
"""

from typing import Any

import numpy as np

from ..errors import ArgumentError, MissingExtraError

Shape = tuple[int, ...]


def arrays(
    shape: Shape, low: float = -3.0, high: float = 3.0, single: bool = False
) -> Any:
    """Return a strategy for float arrays of one shape with entries in [low, high].

    shape: () gives a plain float. single: float32 instead of float64.

    >>> x = arrays((2, 3), 0.5, 2.0).example()  # doctest: +SKIP
    """
    try:
        from hypothesis import strategies
        from hypothesis.extra import numpy as extra
    except ImportError:
        raise MissingExtraError.of("hypothesis", "check", "strategies") from None
    if not (np.isfinite(low) and np.isfinite(high) and low <= high):
        raise ArgumentError(
            f"entries lie in a finite range low ≤ high, got {low!r} to {high!r}"
        )
    if single:
        low, high = float(np.float32(low)), float(np.float32(high))
    entries = strategies.floats(
        low, high, width=32 if single else 64, allow_subnormal=False
    )
    if shape == () and not single:
        return entries
    return extra.arrays(np.float32 if single else np.float64, shape, elements=entries)


def arguments(*shapes: Shape, **options: Any) -> Any:
    """Return a strategy for the arguments of a function: a tuple, one of each shape.

    Options as for `arrays`.
    """
    if not shapes:
        raise ArgumentError("give the shape of each argument, () for a number")
    first, *rest = [arrays(shape, **options) for shape in shapes]
    from hypothesis import strategies

    return strategies.tuples(first, *rest)


__all__ = ["arguments", "arrays"]
