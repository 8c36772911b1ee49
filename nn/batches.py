"""What a training run takes: samples, checked, and the gradient of a batch of them."""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autograd import ArgumentError, NumberError, Value, no_grad

from .csv_files import Dataset
from .losses import LOSSES
from .metrics import plain
from .module import Module
from .optimizers import Optimizer

__all__ = ["BatchGradient", "Loss", "Pairs", "eager", "pairs", "try_out", "with_row"]

Loss = Callable[[list[Any], list[Any]], Any]
Pairs = tuple[list[Any], list[Any]]

BatchGradient = Callable[[list[int], list[Value]], tuple[float, list[Any]]]
"""A batch's rows, and the parameters that shall move → the batch's loss, and its
outputs as plain numbers.

The loss's gradient is in the parameters' `.grad` afterwards, for all of the batch and
nothing else; no parameter has changed.
"""


def eager(
    model: Module, loss: Loss, optimizer: Optimizer, data: Pairs
) -> BatchGradient:
    """Return the function that records a batch's graph and goes back through it."""

    def gradient(rows: list[int], moved: list[Value]) -> tuple[float, list[Any]]:
        inputs, targets = ([part[i] for i in rows] for part in data)
        with with_row("data", model, data, rows):
            outputs = [model(x) for x in inputs]
            cost = loss(outputs, targets)
        if not isinstance(cost, Value):
            raise ArgumentError(
                f"the loss should give a Value made from the outputs, got {cost!r}"
            )
        optimizer.zero_grad()
        cost.backward()
        return cost.data, plain(outputs)

    return gradient


def pairs(name: str, data: Any) -> Pairs:
    """Return inputs and targets as lists of equal length, with finite numbers only.

    >>> pairs("data", ([[1.0], [float("nan")]], [0, 1]))
    Traceback (most recent call last):
    autograd.errors.ArgumentError: the inputs of data have nan in row 1, column 0: ...
    """
    if isinstance(data, Dataset):
        data = data.features, data.labels
    if not isinstance(data, tuple | list) or len(data) != 2:
        got = type(data).__name__
        if hasattr(data, "__len__"):
            got += f" of {len(data)}"
        hint = ""
        if isinstance(data, float):
            hint = "; nn.datasets.train_test_split holds out a share of the data"
        elif hasattr(data, "_fields"):
            hint = f": choose from {', '.join(data._fields)}"
        raise ArgumentError(f"{name} is a pair (inputs, targets), got a {got}{hint}")
    inputs, targets = (_listed(name, part) for part in data)
    if len(inputs) != len(targets) or not inputs:
        raise ArgumentError(
            f"{name} has {len(inputs)} inputs and {len(targets)} targets: give one "
            f"target for each input, and at least one"
        )
    for what, rows in [("inputs", inputs), ("targets", targets)]:
        place = _not_finite(rows)
        if place:
            number: Any = rows
            for k in place:
                number = number[k]
            raise ArgumentError(
                f"the {what} of {name} have {number} in {_where(place)}: leave the "
                f"row out, or fill the gap"
            )
    return inputs, targets


def try_out(name: str, model: Module, loss: Loss, data: Pairs) -> None:
    """Run the model on the first sample, and the loss on all single targets.

    So layers get their numbers of inputs, and bad labels are found before training.
    The model should be in evaluation mode.
    """
    inputs, targets = data
    with no_grad(), with_row(name, model, data, [0]):
        output = plain(model(inputs[0]))
    if loss not in LOSSES.values():
        return  # it may want more than one sample
    for row, target in enumerate(targets):
        if isinstance(target, list | tuple):
            continue  # may have a length of its own
        try:
            loss([output], [target])
        except ArgumentError as error:
            text = str(error).replace(" at place 0", "")
            raise type(error)(f"row {row} of {name}: {text}") from None
        except TypeError:
            raise NumberError(
                f"row {row} of {name}: the target is {target!r}, which is no number"
            ) from None


@contextlib.contextmanager
def with_row(
    name: str, model: Module, data: Pairs, rows: Sequence[int]
) -> Iterator[None]:
    """Name the sample that a model refuses, of those in a batch."""
    try:
        yield
    except (ArgumentError, NumberError):
        for row in rows:
            try:
                with no_grad():
                    model(data[0][row])
            except (ArgumentError, NumberError) as error:
                raise type(error)(f"row {row} of {name}: {error}") from None
        raise


def _listed(name: str, part: Any) -> list[Any]:
    if hasattr(part, "to_numpy"):  # a data frame, whose columns would be its items
        part = part.to_numpy()
    if isinstance(part, str | bytes | dict | set) or not hasattr(part, "__iter__"):
        raise ArgumentError(
            f"{name} is a pair of lists, inputs and targets, got {part!r:.60} in it"
        )
    rows = part.tolist() if hasattr(part, "tolist") else part
    # Rows of arrays as lists: layers are faster on them.
    return [row.tolist() if hasattr(row, "tolist") else row for row in rows]


def _not_finite(rows: Any) -> tuple[int, ...]:
    """Return the place of the first float that is not finite; () if there is none."""
    try:
        if all(map(math.isfinite, rows)):
            return ()
    except (TypeError, OverflowError):  # lists, Values, ints of any size
        pass
    for k, row in enumerate(rows):
        if isinstance(row, list | tuple):
            inside = _not_finite(row)
            if inside:
                return (k, *inside)
        elif isinstance(row, float) and not math.isfinite(row):
            return (k,)
    return ()


def _where(place: tuple[int, ...]) -> str:
    row, *steps = place
    words = [f"row {row}"]
    if steps:
        *between, column = steps
        words += [f"time step {t}" for t in between] + [f"column {column}"]
    return ", ".join(words)
