"""Metrics: how well predictions fit, in numbers that people read.

A metric takes the predictions of a batch, as plain numbers and lists of them, and the
batch's targets, and returns a number; `fit` takes functions like this, and the names of
those in `METRICS`.
"""

from collections.abc import Callable, Sequence
from statistics import fmean
from types import MappingProxyType
from typing import Any

from autograd import ArgumentError, Value

from .lookup import known
from .losses import LOSSES

__all__ = ["METRICS", "accuracy", "binary_accuracy", "by_name", "plain", "predicted"]

Metric = Callable[[list[Any], Sequence[Any]], Any]


def accuracy(predictions: Sequence[Any], targets: Sequence[Any]) -> float:
    """Return the share of samples whose class is the predicted one.

    predictions: for each sample a score for each class, of which the largest wins (at a
        tie the first); or one number, which is positive for class 1.
    targets: class indices, or 0 and 1 or −1 and 1 for single numbers.

    Raises `ArgumentError` for lists of different lengths, or empty ones.

    >>> accuracy([[0.1, 2.0], [0.3, 0.2]], [1, 1])
    0.5
    >>> accuracy([3.0, -0.5, -2.0, 1.0], [1, 1, -1, 1])
    0.75
    """
    return _share(predictions, targets, 0.0)


def binary_accuracy(predictions: Sequence[Any], targets: Sequence[Any]) -> float:
    """Return `accuracy` for probabilities of class 1: it is predicted above 1/2.

    Raises `ArgumentError` for lists of different lengths, or empty ones.

    >>> binary_accuracy([0.9, 0.4, 0.1], [1, 1, 0])
    0.6666666666666666
    """
    return _share(predictions, targets, 0.5)


def _share(predictions: Sequence[Any], targets: Sequence[Any], limit: float) -> float:
    if len(predictions) != len(targets) or len(targets) == 0:
        raise ArgumentError(
            f"accuracy got {len(predictions)} predictions and {len(targets)} targets: "
            f"give one target for each prediction, and at least one"
        )
    pairs = zip(predictions, targets, strict=True)
    return fmean(predicted(p, limit) == max(t, 0) for p, t in pairs)


def predicted(prediction: Any, limit: float = 0.0) -> int:
    """Return the class that a row of scores, or one number above a limit, speaks for.

    >>> predicted([0.1, 2.0, -1.0]), predicted([-0.5]), predicted(0.5)
    (1, 0, 1)
    """
    numbers = plain(prediction)
    if not isinstance(numbers, list):
        numbers = [numbers]
    if len(numbers) == 1:
        return int(numbers[0] > limit)
    return max(range(len(numbers)), key=numbers.__getitem__)


def plain(values: Any) -> Any:
    """Return Values, and nested lists, tuples and arrays of them, as plain numbers.

    >>> plain([Value(1.0), (2.0, [Value(3.0)])])
    [1.0, [2.0, [3.0]]]
    """
    if isinstance(values, Value):
        return values.data
    if hasattr(values, "tolist"):
        values = values.tolist()
    return list(map(plain, values)) if isinstance(values, list | tuple) else values


METRICS: MappingProxyType[str, Metric] = MappingProxyType(
    {"accuracy": accuracy, "binary_accuracy": binary_accuracy, **LOSSES}
)


def by_name(name: str) -> Metric:
    """Return the metric of that name; every loss of `LOSSES` is one, too.

    Raises `ArgumentError` for a name that is unknown, with the nearest one.

    >>> by_name("accurac")
    Traceback (most recent call last):
    autograd.errors.ArgumentError: unknown metric 'accurac': did you mean 'accurac...
    """
    return METRICS[known(name, METRICS, "metric")]
