"""The reason: the first kind of mistake that explains the whole discrepancy."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np

from .arguments import Arguments, Array
from .explanations import (
    Discrepancy,
    all_of,
    constant,
    factor,
    offset,
    permuted,
    sign,
    swapped,
    transposed,
)
from .hand import Hand
from .inner import inner_functions
from .paths import Paths, paths
from .points import wrong_points
from .reading import NoGradient, ShapeMismatch
from .reference import EXACT_AT_THE_POINT, exact_call
from .report import Diagnosis, GradientReport, Point

KINDS = (
    "mutates-arguments",
    "non-deterministic",
    "non-finite",
    "transposed",
    "permuted",
    "swapped-arguments",
    "sign",
    "factor",
    "constant",
    "wrong-point",
    "missing-path",
    "doubled-path",
    "offset",
    "single-precision",
    "unknown",
)
MOST_EDGES = 2_000_000  # in all points together, for the search in the graph


def diagnose(
    hand: Hand,
    fn: Callable[..., Any],
    args: Arguments,
    report: GradientReport,
    failing: Array,
    wrong_type: bool,
) -> Diagnosis:
    """Return what is wrong, with its alternatives."""
    found = _behaviour(hand)
    points = _comparable(report.compared())
    if failing.any() and not found:
        found += _non_finite(points, args)
    misbehaves = bool(found)
    if failing.any() and not found:
        wrong: Array = np.any(np.array([p.ratios() for p in points]) > 1, axis=0)
        if wrong.any():
            meant = Discrepancy(args, points, wrong)
            found += _explanations(meant, fn)
            if not found and _without_rounding(meant, hand):
                found += _explanations(meant, fn)
    if not misbehaves and (wrong_type or _is_single(points)):
        found.append(_single(hand, points))
    if not found:
        found.append(_unknown(report))
    found.sort(key=lambda diagnosis: KINDS.index(diagnosis.kind))
    first, *others = found
    return Diagnosis(first.kind, first.sentence, tuple(others))


def _comparable(points: list[Point]) -> list[Point]:
    """Leave out points at a kink, where more than one gradient is right."""
    smooth = [p for p in points if not p.kinks and np.isfinite(p.reference).all()]
    return smooth or points


def _behaviour(hand: Hand) -> list[Diagnosis]:
    found = []
    if hand.mutated:
        found.append(Diagnosis("mutates-arguments", hand.mutated))
    if hand.unsteady is not None:
        name, first, second = hand.unsteady
        found.append(
            Diagnosis(
                "non-deterministic",
                f"two calls at one point give {first!r} and {second!r} for {name}",
            )
        )
    return found


def _non_finite(points: list[Point], args: Arguments) -> list[Diagnosis]:
    for number, point in enumerate(points):
        hand: Any = point.hand
        bad = np.flatnonzero(~np.isfinite(hand) & np.isfinite(point.reference)).tolist()
        if bad:
            i = bad[0]
            return [
                Diagnosis(
                    "non-finite",
                    f"hand is {float(hand[i])!r} in {args.label(i)} at point {number} "
                    f"({len(bad)} coordinates there), the reference is "
                    f"{float(point.reference[i])!r}",
                )
            ]
    return []


def _explanations(found: Discrepancy, fn: Callable[..., Any]) -> list[Diagnosis]:
    if found.explained_by(found.right):
        return []  # barely more than rounding: no shape of it can be told
    kinds = (transposed, permuted, swapped, sign, factor, constant)
    explained = all_of(found, kinds)
    explained += _of_the_graph(found, fn)
    explained += all_of(found, (offset,))
    return explained


def _without_rounding(found: Discrepancy, hand: Hand) -> bool:
    """Put in what the hand gradient gives on exact numbers, if it runs on them.

    A mistake and a cancellation in one gradient hide each other.
    """
    records = [point.recorded for point in found.points]
    if any(r is None for r in records):
        return False
    if sum(len(r.tape.d) for r in records) > EXACT_AT_THE_POINT:
        return False
    try:
        exact = [exact_call(hand.function, found.args, p.x) for p in found.points]
    except Exception:  # the user's code, on numbers it was not made for
        return False
    found.hand = np.array(exact)
    found.wrong = np.any(np.abs(found.hand - found.right) > found.allowed, axis=0)
    found.where = np.flatnonzero(found.wrong)
    return bool(found.wrong.any())


def _of_the_graph(found: Discrepancy, fn: Callable[..., Any]) -> list[Diagnosis]:
    records = [point.recorded for point in found.points]
    if any(record is None for record in records):
        return []
    if sum(len(record.tape.d) for record in records) > MOST_EDGES:
        most = max(1, MOST_EDGES // len(records[0].tape.d))
        found = Discrepancy(found.args, found.points[:most], found.wrong)
        records = records[:most]
    search = Paths(found, records, fn)
    return [*wrong_points(search), *paths(search)] or [*inner_functions(search)]


def _is_single(points: list[Point]) -> bool:
    """Tell whether single precision would explain it, and double does not."""
    ratio = 2.0**29  # of the roundoffs
    for point in points:
        hand: Any = point.hand
        room = 4 * ratio * np.maximum(point.allowed, 2.0**-53 * np.abs(point.reference))
        if not (np.abs(hand - point.reference) <= room).all():
            return False
    return looks_single(points)


def looks_single(points: list[Point]) -> bool:
    """Tell whether most numbers have an error of the size that float32 gives."""
    hand = np.concatenate([np.ravel(p.hand) for p in points])  # type: ignore[arg-type]
    right = np.concatenate([p.reference for p in points])
    known = np.isfinite(hand) & np.isfinite(right) & (right != 0)
    error, size = np.abs(hand - right)[known], np.abs(right)[known]
    if not len(error):
        return False
    return bool(2.0**-34 <= np.median(error / size) <= 2.0**-18)


def _single(hand: Hand, points: list[Point]) -> Diagnosis:
    gaps = [np.abs(p.hand - p.reference).max() for p in points]
    what = f"has dtype {hand.single}" if hand.single else "has the accuracy of float32"
    return Diagnosis(
        "single-precision",
        f"the gradient {what}, the arguments are float64 (largest error "
        f"{max(gaps):.2g}); "
        f'precision="single" would judge it as single precision',
    )


def _unknown(report: GradientReport) -> Diagnosis:
    rows = [row for row in report.rows(3) if row.ratio > 1]
    shown = "; ".join(
        f"{row.index}: hand {row.hand!r}, reference {row.reference!r}" for row in rows
    )
    return Diagnosis("unknown", f"worst: {shown}")


def diagnose_shape(
    error: ShapeMismatch, args: Arguments, points: list[Point]
) -> Diagnosis:
    """Say what a gradient of the wrong shape is: a transpose, not summed, ..."""
    right, allowed = points[-1].reference, points[-1].allowed
    block = error.block
    if block.size and block.part.stop <= len(right) and isinstance(error.found, tuple):
        given = np.asarray(error.gradient, float)
        shaped = right[block.part].reshape(block.shape)
        room = 4 * allowed[block.part].reshape(block.shape)
        if given.T.shape == shaped.shape and _close(given.T, shaped, room):
            return Diagnosis(
                "transposed", f"{error}: it is the gradient of the transpose"
            )
        for summed, how in _sums(given, block.shape):
            if _close(summed, shaped, room):
                return Diagnosis(
                    "missing-path",
                    f"{error}: summed over {how} it is right (a broadcast)",
                )
    order = _order(error, args, right, allowed)
    if order:
        return Diagnosis("swapped-arguments", f"{error}: {order}")
    return Diagnosis("unknown", str(error))


def _close(a: Array, b: Array, room: Array) -> bool:
    return bool((np.abs(a - b) <= room + 2.0**-46 * np.abs(b)).all())


def _sums(given: Array, shape: tuple[int, ...]) -> list[tuple[Array, str]]:
    """Return a gradient summed over extra axes, or where the shape has 1."""
    found = []
    extra = given.ndim - len(shape)
    if extra > 0:
        axes = tuple(range(extra))
        found.append((given.sum(axis=axes), f"axis {', '.join(map(str, axes))}"))
        last = tuple(range(given.ndim - extra, given.ndim))
        found.append((given.sum(axis=last), f"axis {', '.join(map(str, last))}"))
    elif extra == 0:
        axes = tuple(k for k, n in enumerate(shape) if n == 1 != given.shape[k])
        found.append((given.sum(axis=axes, keepdims=True), f"axis {axes}"))
    return [(summed, how) for summed, how in found if summed.shape == shape]


def _order(error: ShapeMismatch, args: Arguments, right: Array, allowed: Array) -> str:
    """Find the order of a tuple of gradients that would be right."""
    whole = error.whole
    if (
        not isinstance(whole, list | tuple)
        or not 1 < len(whole) == len(args.places) <= 5
    ):
        return ""
    for order in permutations(range(len(whole))):
        try:
            vector = args.read(type(whole)(whole[i] for i in order))
        except (ShapeMismatch, NoGradient):
            continue
        if _close(vector, right, 4 * allowed):
            names = ", ".join(args.blocks_name(i) for i in range(len(whole)))
            return f"given in another order than the arguments ({names})"
    return ""
