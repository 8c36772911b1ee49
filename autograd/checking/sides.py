"""Let pass, at a kink, what lies between the left and the right derivative."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .arguments import Array
from .differences import Slope
from .kinks import kinked_nodes, one_sided_slopes
from .limits import FULL_TABLE, MOST_SIDES, MULTIPLE
from .report import GradientReport, Point


def pass_between_slopes(report: GradientReport, point: Point) -> None:
    """Take both sides from the recorded operations."""
    failing = np.flatnonzero(point.ratios() > 1).tolist()
    record = point.recorded
    kinks = kinked_nodes(record.tape)
    places = record.tape.places(record.leaves)
    low, high = point.reference.copy(), point.reference.copy()
    for i in failing[:FULL_TABLE]:
        if places[i] >= 0:
            left, right = one_sided_slopes(record.tape, kinks, int(places[i]))
            _widen(report, point, low, high, i, left, right)
    point.low, point.high = low, high


def pass_between_differences(
    report: GradientReport, point: Point, f: Callable[[Array], float]
) -> None:
    """Take both sides from one-sided differences: a branch leaves no operation."""
    failing = np.flatnonzero(point.ratios() > 1).tolist()
    hand: Any = point.hand
    if not 0 < len(failing) <= MOST_SIDES or not np.isfinite(hand).all():
        return
    low, high = point.reference.copy(), point.reference.copy()
    slope = Slope(f, point.x)
    for i in failing:
        unit = np.zeros(len(point.x))
        unit[i] = 1.0
        if not slope.bends(unit):
            continue
        left, left_error = slope.along(unit, -1)
        right, right_error = slope.along(unit, 1)
        both = left_error + right_error
        if not np.isfinite(both):
            continue
        near = min(abs(left - point.reference[i]), abs(right - point.reference[i]))
        if (
            point.recorded is not None
            and near > both + 1e-6 * abs(left)
            and np.isfinite(point.recorded.tape.d).all()  # sqrt(x²) has a pole
        ):
            continue  # the recorded slope is that of one of the sides
        if abs(left - right) > 100 * both + 1e-6 * abs(left):
            point.kinks = "the function itself"
            point.allowed[i] = MULTIPLE * both
            _widen(report, point, low, high, i, left, right)
    point.low, point.high = low, high


def _widen(
    report: GradientReport,
    point: Point,
    low: Array,
    high: Array,
    i: int,
    left: float,
    right: float,
) -> None:
    low[i], high[i] = min(left, right), max(left, right)
    hand: Any = point.hand
    if low[i] - point.allowed[i] <= hand[i] <= high[i] + point.allowed[i]:
        report.warnings.append(
            f"{report.args.label(i)} is at a kink of {point.kinks}: any slope "
            f"between {low[i] + 0.0:.6g} and {high[i] + 0.0:.6g} passes, the hand "
            f"gradient gives {float(hand[i]):.6g}"
        )
