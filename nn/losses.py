"""Losses: how far predictions are from what was wanted, averaged over a batch.

Each takes the model's outputs for a batch and the batch's targets, lists of the same
length (arrays do, too), and returns one Value; of plain numbers, a number.
"""

from collections.abc import Sequence
from typing import Any

from autograd import ArgumentError, logsumexp, mean, relu

__all__ = ["cross_entropy", "hinge", "mse"]


def mse(predictions: Sequence[Any], targets: Sequence[Any]) -> Any:
    """Return the mean squared error, 1/n Σ (ŷᵢ − yᵢ)².

    Predictions and targets are numbers, or rows of them; n counts the numbers.

    >>> mse([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0, 0.0]])
    4.0

    Raises `ArgumentError` where the numbers of predictions and targets differ.
    """
    differences = [y - t for y, t in _pairs("mse", predictions, targets)]
    return mean([difference * difference for difference in differences])


def hinge(scores: Sequence[Any], targets: Sequence[Any]) -> Any:
    """Return the hinge loss 1/n Σ max(0, 1 − yᵢ sᵢ) of scores s for classes y = ±1.

    Right answers beyond the margin 1 cost nothing. At the kink the derivative is 0.

    >>> hinge([2.0, 0.5, -1.0], [1, 1, 1])
    0.8333333333333334

    Raises `ArgumentError` for lengths that differ and targets that are not −1 or 1.
    """
    pairs = _pairs("hinge", scores, targets)
    for place, (_, y) in enumerate(pairs):
        if y not in (-1, 1):
            raise ArgumentError(
                f"hinge takes targets -1 and 1, got {y!r} at place {place}; "
                f"from classes 0 and 1 make 2 * y - 1"
            )
    return mean([relu(1 - y * s) for s, y in pairs])


def cross_entropy(logits: Sequence[Sequence[Any]], labels: Sequence[int]) -> Any:
    """Return the cross-entropy 1/n Σ (ln Σⱼ exp zᵢⱼ − zᵢ,yᵢ) of rows of logits z.

    logits: a row of scores for each sample, one score a class. labels: the index yᵢ of
    each sample's class. Equals −1/n Σ ln softmax(zᵢ)[yᵢ], without its overflow.

    >>> cross_entropy([[1000.0, 0.0], [0.0, 1000.0]], [0, 0])
    500.0

    Raises `ArgumentError` for lengths that differ and labels that are no class index.
    """
    rows, classes = _list(logits), _list(labels)
    _check_lengths("cross_entropy", "rows of logits", len(rows), "labels", len(classes))
    costs = []
    for place, (logit_row, label) in enumerate(zip(rows, classes, strict=True)):
        row = _list(logit_row)
        if isinstance(label, bool) or not hasattr(label, "__index__"):
            raise ArgumentError(
                f"cross_entropy takes class indices as labels, got {label!r} at place "
                f"{place}"
            )
        if not 0 <= label < len(row):
            raise ArgumentError(
                f"label {label} at place {place} is no class index: with {len(row)} "
                f"logits a row, labels go from 0 to {len(row) - 1}"
            )
        costs.append(logsumexp(row) - row[label])
    return mean(costs)


def _list(values: Any) -> list[Any]:
    if not hasattr(values, "__iter__") or getattr(values, "ndim", 1) == 0:
        raise ArgumentError(
            f"a loss takes a batch, got {values!r}: for one sample write [prediction]"
        )
    return values.tolist() if hasattr(values, "tolist") else list(values)


def _flat(values: Any) -> list[Any]:
    flat = []
    for value in _list(values):
        flat += _flat(value) if hasattr(value, "__iter__") else [value]
    return flat


def _pairs(name: str, predictions: Any, targets: Any) -> list[tuple[Any, Any]]:
    """Return the numbers of both side by side."""
    ys, ts = _flat(predictions), _flat(targets)
    _check_lengths(name, "predictions", len(ys), "targets", len(ts))
    return list(zip(ys, ts, strict=True))


def _check_lengths(name: str, these: str, n: int, those: str, m: int) -> None:
    if n != m:
        raise ArgumentError(f"{name} got {n} {these} but {m} {those}: give one for one")
    if n == 0:
        raise ArgumentError(f"{name} of an empty batch: give at least one sample")
