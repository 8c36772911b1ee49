"""What the losses share: batches of numbers or rows, and how costs become one."""

import math
from collections.abc import Callable
from typing import Any

import autograd
from autograd import ArgumentError, Value, mean, where

from .lookup import known

REDUCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "mean": mean,
    "sum": autograd.sum,
    "none": list,
}
Cost = Callable[[Any, Any, int], Any]  # of prediction, target, place


def of_numbers(
    name: str, cost: Cost, predictions: Any, targets: Any, reduction: str
) -> Any:
    """Return the reduced costs of single numbers, each with its target."""
    known(reduction, REDUCTIONS, "reduction")
    (ys, shape), (ts, target_shape) = _flat(predictions), _flat(targets)
    _check_lengths(name, "predictions", len(ys), "targets", len(ts))
    if _squeezed(shape) != _squeezed(target_shape):
        raise ArgumentError(
            f"{name} got predictions and targets of different shapes, {len(ys)} "
            f"numbers each: give them in the same rows"
        )
    costs = [cost(y, t, i) for i, (y, t) in enumerate(zip(ys, ts, strict=True))]
    if reduction == "none":
        return _nested(shape, iter(costs))
    return REDUCTIONS[reduction](costs)


def of_rows(
    name: str,
    cost: Cost,
    predictions: Any,
    targets: Any,
    reduction: str,
    these: str = "rows",
    those: str = "targets",
) -> Any:
    """Return the reduced costs of rows and their targets; these, those: what to say."""
    known(reduction, REDUCTIONS, "reduction")
    rows, wanted = listed(predictions), listed(targets)
    _check_lengths(name, these, len(rows), those, len(wanted))
    pairs = zip(rows, wanted, strict=True)
    costs = [cost(listed(row), target, i) for i, (row, target) in enumerate(pairs)]
    return REDUCTIONS[reduction](costs)


def listed(values: Any) -> list[Any]:
    """Return a batch, or a row, as a list."""
    if not _is_list(values):
        raise ArgumentError(
            f"a loss takes a batch, got {values!r}: for one sample write [prediction]"
        )
    return values.tolist() if hasattr(values, "tolist") else list(values)


def _is_list(values: Any) -> bool:
    if isinstance(values, str | bytes | dict | set):
        raise ArgumentError(f"a loss takes numbers and lists of them, got {values!r}")
    return hasattr(values, "__iter__") and getattr(values, "ndim", 1) > 0


def _flat(values: Any) -> tuple[list[Any], Any]:
    """Return the numbers in order, and their shape: None for a number, or a list."""
    if not _is_list(values):
        return [values], None
    numbers, shapes = [], []
    for value in listed(values):
        inner, shape = _flat(value)
        numbers += inner
        shapes.append(shape)
    return numbers, shapes


def _squeezed(shape: Any) -> Any:
    """Return a shape without its lists of one: a column fits a list of numbers."""
    if shape is None:
        return None
    items = [_squeezed(item) for item in shape]
    return items[0] if len(items) == 1 else items


def _nested(shape: Any, costs: Any) -> Any:
    return next(costs) if shape is None else [_nested(item, costs) for item in shape]


def times(weight: Any, cost: Any) -> Any:
    """Return weight·cost; a plain weight of 0 beats an infinite cost."""
    if not isinstance(weight, Value):
        if weight == 0:
            return where(False, cost, 0.0)  # a Value if the cost is one, of slope 0
    elif weight.is_recorded:  # a plain number, in the eager run
        beaten = (weight == 0) & (abs(cost) == math.inf)
        return where(beaten, 0.0, weight * cost)
    return weight * cost


def whole(index: Any) -> Any:
    """Return an index as an int, or as a compiled function records it; else None."""
    if isinstance(index, Value) and index.is_recorded:
        return index
    if isinstance(index, bool | Value) or not hasattr(index, "__index__"):
        return None
    return index.__index__()


def class_index(
    name: str, label: Any, count: int, place: int, what: str = "numbers"
) -> Any:
    """Return a label that is the index of one of `count` classes.

    An int; where a compiled function records an index, that.
    """
    index = whole(label)
    if index is None:
        raise ArgumentError(
            f"{name} takes class indices as labels, got {label!r} at place {place}"
        )
    if not ((index >= 0) & (index < count)):  # one condition, where it is recorded
        raise ArgumentError(
            f"label {index} at place {place} is no class index: with {count} {what} a "
            f"row, labels go from 0 to {count - 1}"
        )
    return index


def check_range(name: str, what: str, number: Any, place: int) -> None:
    """Refuse what is not from 0 to 1."""
    if not 0 <= number <= 1:
        raise ArgumentError(
            f"{name} takes {what} from 0 to 1, got {number!r} at place {place}"
        )


def _check_lengths(name: str, these: str, n: int, those: str, m: int) -> None:
    if n != m:
        raise ArgumentError(f"{name} got {n} {these} but {m} {those}: give one for one")
    if n == 0:
        raise ArgumentError(f"{name} of an empty batch: give at least one sample")
