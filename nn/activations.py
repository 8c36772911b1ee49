"""Activations by name: of one number, from the rule table, and of a whole row."""

from collections.abc import Callable, Sequence
from typing import Any

import autograd
from autograd import RULES, ArgumentError, Value, exp, logsumexp

__all__ = ["ACTIVATIONS", "ROW_ACTIVATIONS", "log_softmax", "softmax"]

# The rows for one number, with their methods; None leaves a number as it is.
ACTIVATIONS: dict[str, Callable[[Value], Any] | None] = {
    "linear": None,
    **{
        name: getattr(Value, name)
        for name, rule in RULES.items()
        if hasattr(autograd, name)
        and not rule.static
        and rule.arity is not None
        and rule.arity - len(rule.defaults) == 1
    },
}


def softmax(row: Sequence[Any]) -> list[Any]:
    """Return the probabilities exp zᵢ / Σⱼ exp zⱼ of a row of scores z.

    >>> softmax([1000.0, 1000.0, -1000.0])
    [0.5, 0.5, 0.0]

    Raises `ArgumentError` for an empty row and for anything but one row.
    """
    weights = [exp(z) for z in _shifted("softmax", row)]
    total = autograd.sum(weights)
    return [weight / total for weight in weights]


def log_softmax(row: Sequence[Any]) -> list[Any]:
    """Return zᵢ − ln Σⱼ exp zⱼ, the logarithm of `softmax`, also where that is 0.

    >>> log_softmax([1000.0, -1000.0])
    [0.0, -2000.0]

    Raises `ArgumentError` for an empty row and for anything but one row.
    """
    shifted = _shifted("log_softmax", row)
    total = logsumexp(shifted)
    return [z - total for z in shifted]


ROW_ACTIVATIONS: dict[str, Callable[[Sequence[Any]], list[Any]]] = {
    "log_softmax": log_softmax,
    "softmax": softmax,
}


def _shifted(name: str, row: Any) -> list[Any]:
    """Return the scores less the largest: a constant, which changes no probability."""
    if hasattr(row, "tolist"):
        row = row.tolist()
    if not isinstance(row, list | tuple) or not row:
        raise ArgumentError(
            f"{name} takes a row of at least one score, got {row!r}: give a list"
        )
    if isinstance(row[0], list | tuple):
        raise ArgumentError(
            f"{name} takes one row at a time, got {len(row)} rows: write "
            f"[{name}(row) for row in rows]"
        )
    if any(isinstance(z, Value) and z.is_recorded for z in row):
        top = autograd.max(row).detach()
    else:
        top = max(z.data if isinstance(z, Value) else z for z in row)
    return [z - top for z in row]
