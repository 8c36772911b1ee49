"""Steps by native code alone: the optimizer's update recorded as well."""

from collections.abc import Callable, Iterator
from typing import Any

import autograd

from .compiled_batches import CompiledBatches
from .methods import Method

__all__ = ["ManySteps"]

Array = Any


class ManySteps:
    """Goes steps, many in one call, as the method does on arrays.

    The method's update is recorded for one parameter, its state taken apart: lists of
    floats are columns, whole numbers count steps. A first step is compared, bit by bit,
    with the method's.

    rows: those of a batch, as many as all batches shall have; None: all.

    Raises `ArgumentError` where the update can't be recorded, or needs more than one
    parameter's numbers, and what recording raises.
    """

    def __init__(
        self,
        method: Method,
        batches: CompiledBatches,
        numbers: Array,
        state: Any,
        rows: Array | None,
    ) -> None:
        columns, counters = _columns(state, state), _counters(state)

        def update(slope: Any, number: Any, *rest: Any) -> tuple[Any, ...]:
            given = ([x] for x in rest[: len(columns)]), iter(rest[len(columns) :])
            own = _built(state, *given, lambda _, count: [count])
            (step,), new = method.update([slope], own, [number])
            return number + step, *[x for (x,) in _columns(new, state)]

        lanes = (numbers, numbers, *columns)
        axes = (*[0] * len(lanes), *[None] * len(counters))
        fast = autograd.compile(update, exact=True)
        samples = fast.samples(*lanes, *map(float, counters), in_axes=axes)
        slopes = batches.mean(numbers, rows)[1:]
        size = None if rows is None else len(rows)
        self._repeated = batches.repeated(samples, size)
        if self._repeated is None:
            raise autograd.ArgumentError("this backend goes one step at a time")
        steps, new = method.update(slopes, state, numbers)
        _, *found = self.go(numbers, state, 1, rows)
        if _bits(*found) != _bits(slopes, numbers + steps, new):
            raise autograd.ArgumentError("the update is another for all parameters")

    def go(
        self, numbers: Array, state: Any, most: int, rows: Array | None
    ) -> tuple[list[float], Array, Array, Any]:
        """Go up to so many steps; return their losses, and what there is after them.

        That is the last step's gradient, the numbers and the state. The steps end
        before one in which a number is not finite. rows: of one batch after another.
        """
        columns, counters = _columns(state, state), _counters(state)
        given = columns, [float(k) for k in counters], most, rows
        losses, slopes, numbers, columns = self._repeated.go(numbers, *given)
        now = (k + len(losses) for k in counters)
        new = _built(state, iter(columns), now, lambda old, k: old * 0 + k)
        return losses, slopes, numbers, new


def _pairs(state: Any, other: Any) -> Iterator[tuple[Any, Any]]:
    """Go through the parts of a state, each with its like in one of the same form."""
    if isinstance(state, dict):
        for key, part in state.items():
            yield from _pairs(part, other[key])
    elif isinstance(state, tuple):
        for pair in zip(state, other, strict=True):
            yield from _pairs(*pair)
    else:
        yield state, other


def _is_column(part: Any) -> bool:
    return not isinstance(part, int) and part.dtype != int


def _columns(state: Any, like: Any) -> list[Any]:
    """Return the columns of a state, of the form of another that has floats there."""
    return [part for kind, part in _pairs(like, state) if _is_column(kind)]


def _counters(state: Any) -> list[int]:
    """Return the numbers of steps in a state, one for all parameters."""
    found = []
    for part, _ in _pairs(state, state):
        if not _is_column(part):
            first = part if isinstance(part, int) else int(part[0])
            if not isinstance(part, int) and (part != first).any():
                raise autograd.ArgumentError("parameters differ in their steps")
            found.append(first)
    return found


def _built(
    state: Any,
    columns: Iterator[Any],
    counters: Iterator[Any],
    column: Callable[[Any, Any], Any],
) -> Any:
    """Return a state of the same form, of these columns and numbers of steps.

    column: from what was there and a number of steps to what shall be.
    """
    rest = columns, counters, column
    if isinstance(state, dict):
        return {key: _built(part, *rest) for key, part in state.items()}
    if isinstance(state, tuple):
        return tuple(_built(part, *rest) for part in state)
    if _is_column(state):
        return next(columns)
    count = next(counters)
    return count if isinstance(state, int) else column(state, count)


def _bits(slopes: Array, numbers: Array, state: Any) -> list[bytes]:
    columns = [slopes, numbers, *_columns(state, state)]
    return [*(x.tobytes() for x in columns), repr(_counters(state)).encode()]
