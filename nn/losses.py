"""Losses: how far predictions are from what was wanted, averaged over a batch.

Each takes the model's outputs for a batch and the batch's targets (lists, arrays, and
for the losses of single numbers also one Value and its target) and returns one Value;
of plain numbers, a number.

Every loss takes `reduction`, how the costs become one number:

    "mean"      their mean
    "sum"       their sum
    "none"      no reduction: a list of the costs, in the shape of the predictions; of
                losses of rows, one cost a row
"""

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

import autograd
from autograd import (
    ArgumentError,
    clip,
    dot,
    log,
    log1p,
    logsumexp,
    maximum,
    norm,
    relu,
    softplus,
    where,
    xlogy,
)

from .activations import log_softmax
from .lookup import known
from .reductions import (
    REDUCTIONS,
    check_range,
    class_index,
    listed,
    of_numbers,
    of_rows,
    times,
)

__all__ = [
    "LOSSES",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "by_name",
    "cosine",
    "cross_entropy",
    "hinge",
    "huber",
    "kl_divergence",
    "mae",
    "mse",
    "nll",
    "squared_hinge",
]

# Losses of single numbers


def mse(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """Return the mean squared error, 1/n Σ (ŷᵢ − yᵢ)².

    Predictions and targets are numbers, or rows of them; n counts the numbers.

    >>> mse([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0, 0.0]])
    4.0
    >>> mse([1.0, 2.0], [1.0, 4.0], reduction="none")
    [0.0, 4.0]

    Raises `ArgumentError` where the shapes of predictions and targets differ.
    """

    def cost(y: Any, t: Any, _: int) -> Any:
        difference = y - t
        return difference * difference

    return of_numbers("mse", cost, predictions, targets, reduction)


def mae(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """Return the mean absolute error, 1/n Σ |ŷᵢ − yᵢ|; at 0 the derivative is 0.

    >>> mae([1.0, -2.0], [0.0, 1.0])
    2.0

    Raises `ArgumentError` where the shapes of predictions and targets differ.
    """
    return of_numbers(
        "mae", lambda y, t, _: abs(y - t), predictions, targets, reduction
    )


def huber(
    predictions: Any, targets: Any, delta: float = 1, reduction: str = "mean"
) -> Any:
    """Return Huber's loss: d²/2 where |d| = |ŷ − y| ≤ δ, and δ (|d| − δ/2) beyond.

    The square near 0, and outliers only pull with slope δ.

    >>> huber([0.5, 3.0], [0.0, 0.0], reduction="none")
    [0.125, 2.5]

    Raises `ArgumentError` where the shapes differ and for a delta that is not above 0.
    """
    if not delta > 0:
        raise ArgumentError(f"huber takes a delta above 0, got {delta!r}")

    def cost(y: Any, t: Any, _: int) -> Any:
        difference = y - t
        near = clip(difference, -delta, delta)
        return near * (difference - near / 2)

    return of_numbers("huber", cost, predictions, targets, reduction)


def hinge(scores: Any, targets: Any, reduction: str = "mean") -> Any:
    """Return the hinge loss 1/n Σ max(0, 1 − yᵢ sᵢ) of scores s for classes y = ±1.

    Right answers beyond the margin 1 cost nothing. At the kink the derivative is 0.

    >>> hinge([2.0, 0.5, -1.0], [1, 1, 1])
    0.8333333333333334

    Raises `ArgumentError` for shapes that differ and targets that are not −1 or 1.
    """
    return of_numbers("hinge", _missing_margin("hinge"), scores, targets, reduction)


def squared_hinge(scores: Any, targets: Any, reduction: str = "mean") -> Any:
    """Return 1/n Σ max(0, 1 − yᵢ sᵢ)² of scores s for classes y = ±1.

    >>> squared_hinge([2.0, 0.5, -1.0], [1, 1, 1], reduction="none")
    [0.0, 0.25, 4.0]

    Raises `ArgumentError` for shapes that differ and targets that are not −1 or 1.
    """
    missing = _missing_margin("squared_hinge")

    def cost(s: Any, y: Any, place: int) -> Any:
        margin = missing(s, y, place)
        return margin * margin

    return of_numbers("squared_hinge", cost, scores, targets, reduction)


def _missing_margin(name: str) -> Callable[[Any, Any, int], Any]:
    def cost(s: Any, y: Any, place: int) -> Any:
        if not ((y == -1) | (y == 1)):  # one condition, where y is recorded
            raise ArgumentError(
                f"{name} takes targets -1 and 1, got {y!r} at place {place}; "
                f"from classes 0 and 1 make 2 * y - 1"
            )
        return relu(1 - y * s)

    return cost


def binary_cross_entropy(
    probabilities: Any, targets: Any, reduction: str = "mean"
) -> Any:
    """Return −1/n Σ (yᵢ ln pᵢ + (1 − yᵢ) ln(1 − pᵢ)), the logarithms at least −100.

    probabilities: p of class 1, from 0 to 1. targets: y from 0 to 1.

    The bound is PyTorch's (Keras moves p into [1e-7, 1 − 1e-7] instead). The gradient
    is that of this very formula, so 0 behind the bound (p < 4e-44, or p = 1); PyTorch's
    is (p − y) / max(p (1 − p), 1e-12). On logits, neither is needed:
    `binary_cross_entropy_with_logits`.

    >>> binary_cross_entropy([0.5, 0.0], [1, 1], reduction="none")
    [0.6931471805599453, 100.0]

    Raises `ArgumentError` for shapes that differ and numbers outside of [0, 1].
    """
    name = "binary_cross_entropy"

    def cost(p: Any, y: Any, place: int) -> Any:
        check_range(name, "targets", y, place)
        if p < 0 or p > 1:  # nan goes through
            raise ArgumentError(
                f"{name} takes probabilities from 0 to 1, got {p!r} at place {place}; "
                f"logits are for binary_cross_entropy_with_logits"
            )
        yes, no = maximum(log(p), -100), maximum(log1p(-p), -100)
        return -(y * yes + (1 - y) * no)

    return of_numbers(name, cost, probabilities, targets, reduction)


def binary_cross_entropy_with_logits(
    logits: Any, targets: Any, reduction: str = "mean"
) -> Any:
    """Return the binary cross-entropy of p = sigmoid(z): y ln(1+e⁻ᶻ) + (1−y) ln(1+eᶻ).

    logits: any z, large ones too. targets: y from 0 to 1.

    >>> binary_cross_entropy_with_logits([1000.0, -1000.0], [0, 1])
    1000.0

    Raises `ArgumentError` for shapes that differ and targets outside of [0, 1].
    """
    name = "binary_cross_entropy_with_logits"

    def cost(z: Any, y: Any, place: int) -> Any:
        check_range(name, "targets", y, place)
        return times(y, softplus(-z)) + times(1 - y, softplus(z))

    return of_numbers(name, cost, logits, targets, reduction)


def kl_divergence(log_probabilities: Any, targets: Any, reduction: str = "mean") -> Any:
    """Return the costs p ln p − p ln q of probabilities p, given ln q, reduced.

    log_probabilities: ln q, the model's (`nn.log_softmax`). targets: p, 0 included.
    reduction: as for PyTorch's, "mean" divides by the count of numbers, "batchmean" by
        that of rows: only this is the mean of the divergences KL(p‖q) = Σ p ln(p/q).
        Keras takes q instead of ln q, and means "batchmean".

    >>> from math import log
    >>> kl_divergence([[log(0.5), log(0.5)]], [[1.0, 0.0]], reduction="batchmean")
    0.6931471805599453

    Raises `ArgumentError` for shapes that differ and targets outside of [0, 1].
    """
    name = "kl_divergence"

    def cost(log_q: Any, p: Any, place: int) -> Any:
        check_range(name, "targets", p, place)
        return xlogy(p, p) - times(p, log_q)

    if reduction == "batchmean":
        rows = listed(log_probabilities)
        total = of_numbers(name, cost, rows, targets, "sum")
        return total / len(rows)
    known(reduction, [*REDUCTIONS, "batchmean"], "reduction")
    return of_numbers(name, cost, log_probabilities, targets, reduction)


# Losses of rows


def cross_entropy(
    logits: Sequence[Sequence[Any]],
    targets: Sequence[Any],
    label_smoothing: float = 0,
    reduction: str = "mean",
) -> Any:
    """Return the cross-entropy −1/n Σᵢ Σⱼ qᵢⱼ ln softmax(zᵢ)ⱼ of rows of logits z.

    logits: a row of scores for each sample, one score a class, large ones too.
    targets: the index yᵢ of each sample's class (then the cost is ln Σⱼ exp zᵢⱼ −
        zᵢ,yᵢ), or a row of probabilities qᵢ for each sample.
    label_smoothing: ε from 0 to 1; with C classes, q becomes (1 − ε) q + ε/C.

    >>> cross_entropy([[1000.0, 0.0], [0.0, 1000.0]], [0, 0])
    500.0
    >>> cross_entropy([[0.0, 0.0]], [[0.25, 0.75]])
    0.6931471805599453

    Raises `ArgumentError` for lengths that differ, labels that are no class index and
    probabilities outside of [0, 1].
    """
    if not 0 <= label_smoothing <= 1:
        raise ArgumentError(f"label_smoothing is from 0 to 1, got {label_smoothing!r}")

    def cost(row: list[Any], target: Any, place: int) -> Any:
        if len(row) < 2:
            raise ArgumentError(
                f"cross_entropy takes a logit for each of 2 or more classes, got "
                f"{len(row)} at place {place}; one logit for two classes is for "
                f"binary_cross_entropy_with_logits"
            )
        wanted = target.tolist() if hasattr(target, "tolist") else target
        if not isinstance(wanted, list | tuple):
            label = class_index("cross_entropy", wanted, len(row), place, "logits")
            if not label_smoothing:
                # Differences first: they keep the digits of a small cost.
                chosen = autograd.take(row, label)
                gaps = [z - chosen for z in row]
                if isinstance(label, int):
                    gaps[label] = 0.0
                else:  # recorded
                    gaps = [where(label == j, 0.0, gap) for j, gap in enumerate(gaps)]
                return logsumexp(gaps)
            wanted = [where(label == j, 1.0, 0.0) for j in range(len(row))]
        elif len(wanted) != len(row):
            raise ArgumentError(
                f"cross_entropy got {len(wanted)} probabilities but {len(row)} logits "
                f"at place {place}: give one for one"
            )
        else:
            for probability in wanted:
                check_range("cross_entropy", "probabilities", probability, place)
        if label_smoothing:
            rest = label_smoothing / len(row)
            wanted = [(1 - label_smoothing) * q + rest for q in wanted]
        pairs = zip(wanted, log_softmax(row), strict=True)
        return -autograd.sum([times(q, log_p) for q, log_p in pairs])

    return of_rows(
        "cross_entropy", cost, logits, targets, reduction, "rows of logits", "labels"
    )


def nll(
    log_probabilities: Sequence[Sequence[Any]],
    labels: Sequence[int],
    reduction: str = "mean",
) -> Any:
    """Return the negative log-likelihood −1/n Σ lᵢ,yᵢ of rows of log-probabilities l.

    labels: the index yᵢ of each sample's class. ``nll(log_softmax(z), y)`` is
    ``cross_entropy(z, y)``.

    >>> nll([[-0.5, -1.0], [-2.0, -0.25]], [0, 1])
    0.375

    Raises `ArgumentError` for lengths that differ and labels that are no class index.
    """

    def cost(row: list[Any], label: Any, place: int) -> Any:
        return -autograd.take(row, class_index("nll", label, len(row), place))

    return of_rows("nll", cost, log_probabilities, labels, reduction, "rows", "labels")


def cosine(
    predictions: Sequence[Sequence[Any]],
    targets: Sequence[Sequence[Any]],
    reduction: str = "mean",
) -> Any:
    """Return 1/n Σ (1 − cos(ŷᵢ, yᵢ)), cos(a, b) = a·b / (‖a‖ ‖b‖), of rows.

    0 for rows of one direction, 2 for opposite ones. A norm counts as at least 1e-8, as
    in PyTorch's ``cosine_similarity``; so a row of zeros costs 1. Keras has −cos.

    >>> cosine([[1.0, 0.0], [2.0, 0.0]], [[3.0, 0.0], [0.0, 1.0]])
    0.5

    Raises `ArgumentError` where the lengths of batches or rows differ.
    """

    def cost(row: list[Any], target: Any, place: int) -> Any:
        wanted = listed(target)
        if len(wanted) != len(row):
            raise ArgumentError(
                f"cosine got rows of {len(row)} and {len(wanted)} numbers at place "
                f"{place}: give one for one"
            )
        lengths = maximum(norm(row), 1e-8) * maximum(norm(wanted), 1e-8)
        return 1 - dot(row, wanted) / lengths

    return of_rows("cosine", cost, predictions, targets, reduction)


LOSSES: MappingProxyType[str, Callable[..., Any]] = MappingProxyType(
    {
        loss.__name__: loss
        for loss in (
            binary_cross_entropy,
            binary_cross_entropy_with_logits,
            cosine,
            cross_entropy,
            hinge,
            huber,
            kl_divergence,
            mae,
            mse,
            nll,
            squared_hinge,
        )
    }
)


def by_name(name: str) -> Callable[..., Any]:
    """Return the loss of that name.

    Raises `ArgumentError` for a name that is unknown, with the nearest one.

    >>> by_name("cross_entropi")
    Traceback (most recent call last):
    autograd.errors.ArgumentError: unknown loss 'cross_entropi': did you mean ...
    """
    return LOSSES[known(name, LOSSES, "loss")]
