"""`check_gradient`: points, reference, verdict, reason."""

import math
from collections.abc import Callable
from numbers import Real
from operator import index
from typing import Any

from ..accuracy import UNIT
from ..errors import ArgumentError
from .arguments import Argnums, Arguments, Array, must_take
from .comparison import Check
from .hand import Hand
from .report import GradientMismatch, GradientReport

__all__ = ["GradientMismatch", "GradientReport", "assert_gradient", "check_gradient"]

REFERENCES = (None, "values", "differences", "complex")


def check_gradient(
    fn: Callable[..., Any],
    hand_gradient: Callable[..., Any],
    *args: Any,
    argnums: Argnums = None,
    points: int = 8,
    seed: int = 0,
    precision: str | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    reference: str | None = None,
    _copies: int = 1,
    _exact: Callable[[Array], Array] | None = None,
    _redraw: Callable[[], Any] | None = None,
) -> GradientReport:
    """Compare a gradient written by hand with the exact one; say what is wrong.

    fn: gives one number of `args`, with plain operators, NumPy or `autograd` functions;
        any other Python is differenced. hand_gradient: gives, for the same arguments,
        the gradient in their structure: a tuple for several.
    argnums: the places of the arguments that are differentiated; None for all.
    points, seed: besides the given point, random points within ±0.1·max(|x|, 1).
    precision: "single", "double": the arithmetic of the code under test; None reads it
        off the arguments. rtol, atol: tolerances in place of the derived ones.
    reference: "values" (exact derivatives), "differences" or "complex" force one.

    A coordinate passes within twice the error that rounding alone may make
    (`autograd/accuracy.py`): no tolerance is chosen by hand.

    >>> import numpy as np
    >>> report = check_gradient(lambda x: (x**3).sum(), lambda x: 2 * x**2, np.ones(3))
    >>> report.ok, report.diagnosis.kind
    (False, 'factor')

    Raises `ArgumentError` for arguments that nothing can be compared at, for options
    that are none, and for what is no function of the arguments. A gradient that raises,
    or has another shape, is a report that is not ok.
    """
    check_options(points, seed, precision, reference)
    check_tolerances(rtol, atol)
    given = Arguments(fn, args, argnums)
    given.redraw = _redraw
    must_take(hand_gradient, args, "hand_gradient")
    check = Check(fn, Hand(hand_gradient, given), given, precision, reference, seed)
    check.tolerances = (rtol, atol)
    check.copies, check.exact = _copies, _exact
    return check.run(index(points))


def assert_gradient(fn: Any, hand_gradient: Any, *args: Any, **options: Any) -> None:
    """Raise `GradientMismatch`, with the report as its text, if `check_gradient` fails.

    >>> assert_gradient(lambda x: x**2, lambda x: 2 * x, 3.0)
    """
    report = check_gradient(fn, hand_gradient, *args, **options)
    if not report.ok:
        raise GradientMismatch(report)


def check_options(points: Any, seed: Any, precision: Any, reference: Any) -> None:
    """Raise `ArgumentError` for options that are none."""
    check_count(points, "points is how many random points to try")
    check_seed(seed)
    if precision is not None and precision not in tuple(UNIT):
        raise ArgumentError(
            f'precision is "single", "double" or None, got {precision!r}'
        )
    if reference not in REFERENCES:
        raise ArgumentError(
            f'reference is "values", "differences", "complex" or None, got '
            f"{reference!r}"
        )


def check_tolerances(rtol: Any, atol: Any) -> None:
    """Raise `ArgumentError` for what bounds no error."""
    for name, given in [("rtol", rtol), ("atol", atol)]:
        number = isinstance(given, Real) and not isinstance(given, bool)
        if given is not None and not (number and 0 <= given < math.inf):
            raise ArgumentError(
                f"{name} is a finite number from 0 on, or None for the derived "
                f"tolerance, got {given!r}"
            )


def check_seed(seed: Any) -> None:
    """Raise `ArgumentError` for what is no seed; None would be another check a run."""
    check_count(seed, "seed is what makes a check repeatable")


def check_count(given: Any, meaning: str) -> None:
    """Raise `ArgumentError` for what is no integer from 0 on."""
    try:
        fits = not isinstance(given, bool) and index(given) >= 0
    except TypeError:
        fits = False
    if not fits:
        raise ArgumentError(f"{meaning}: an integer from 0 on, got {given!r}")
