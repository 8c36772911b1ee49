"""Let pass a hand gradient whose own rounding explains all that it is off."""

from typing import Any

import numpy as np

from ..accuracy import UNIT
from .arguments import Array
from .diagnosis import looks_single
from .hand import Hand, HandError
from .limits import BEYOND_ROUNDING, CANCELLED, FULL_TABLE
from .noise import scatter
from .reference import exact_call
from .report import GradientReport, Point


def forgive(report: GradientReport, failing: Array, hand: Hand, seed: int) -> None:
    """Let pass what is mathematically right and loses digits to cancellation."""
    points = report.compared()
    hands: Any = [point.hand for point in points]
    if not np.isfinite(hands).all():
        return
    covered = failing.copy()  # a coordinate is forgiven at all points or at none
    digits = np.zeros(len(failing))
    noises = []
    for point in points:
        over = (point.ratios() > 1) & covered
        noise = np.zeros(len(point.x))
        if over.any():
            error = np.abs(np.asarray(point.hand) - point.reference)
            noise = _explained(report, point, error, over, hand, seed)
            covered &= ~over | (error <= noise)
            with np.errstate(divide="ignore", invalid="ignore"):
                lost = np.log10(error / (2.0**-53 * np.abs(point.reference)))
            digits[over] = np.maximum(digits, np.clip(lost, 1, 16))[over]
        noises.append(noise)
        if not covered.any():
            return
    for point, noise in zip(points, noises, strict=True):
        point.allowed = np.where(
            covered, np.maximum(point.allowed, noise), point.allowed
        )
    where = "" if covered.all() else f"in {report.args.some(covered)}"
    report.warnings.append(
        f"cancellation: mathematically right, loses {digits[covered].max():.0f} "
        f"digits {where}".rstrip()
    )


def _explained(
    report: GradientReport,
    point: Point,
    error: Array,
    over: Array,
    hand: Hand,
    seed: int,
) -> Array:
    """Return the error that the hand gradient's own rounding explains."""
    report.args.stand_at(point.x)
    none = np.zeros(len(point.x))
    record = point.recorded
    large = record is not None and len(point.x) > FULL_TABLE
    if large and error[over].max() > BEYOND_ROUNDING * record.largest():
        return none  # no cancellation goes so far; a run on 50 digits takes long
    try:
        exact = exact_call(hand.function, report.args, point.x)
    except Exception:  # the user's code, on numbers it was not made for
        exact = None
    if exact is not None:
        right = np.abs(exact - point.reference) <= point.allowed
        return np.where(right, error, 0.0)
    if report.precision == "single":
        return none
    if record is None and looks_single(report.compared()):
        return none
    try:
        noise = 8 * scatter(hand.quietly, point.x, seed)
    except HandError:
        return none
    if record is not None:
        # More noise than doubles of this size make is that of another precision.
        noise[noise > CANCELLED * UNIT[report.precision] * record.largest()] = 0.0
    return noise
