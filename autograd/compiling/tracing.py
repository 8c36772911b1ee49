"""Recording: a function runs once on `Tracer`s, and every operation writes a program.

The engine hands each operation here while a recording is under way in its thread
(`STATE.trace`): what it writes is in recorder.py. Here is what decides which way the
recording goes, and what the sweeps of derivatives ask of it.
"""

import operator
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import NumberError, TracingError
from ..functions import outside
from ..kinds import FLOATS
from ..layout import is_number, operands_of
from ..modes import STATE, collect_leaves, recording
from ..node import FLOAT_TYPES, describe, is_operand, plain
from ..reverse import leaves_of
from ..rules import RULES
from ..structures import to_array
from ..value import Value
from .draft import Draft
from .program import Number, function_of
from .recorder import Recorder
from .sweeps import Sweep
from .tracers import Condition, Index, Tracer, is_condition

__all__ = ["Trace", "tracing"]

_TAKE = RULES["take"]
_USUAL = {*FLOAT_TYPES, Tracer}


class Trace(Recorder):
    """One recording: what it writes, and the branches that it takes.

    guards: conditions that were decided, by handle. bounds: pairs of an index input's
    place and the length that it must fit.
    """

    def __init__(self, most_guards: int) -> None:
        super().__init__()
        self.guards: dict[int, bool] = {}
        self.bounds: set[tuple[int, int]] = set()
        self._most_guards, self._counted = most_guards, 0
        self._values: list[Number] = []  # of each handle, as far as a branch needed it
        self._hot: dict[tuple[int, int], Sequence[Any]] = {}

    # Sweeps

    def has_value(self, x: Any) -> bool:
        """Tell whether derivatives look at x; without `exact` at all Tracers."""
        return not is_number(x)

    def reaches_beyond(self, roots: Sequence[Value], known: set[int]) -> bool:
        """Tell whether the roots use other Values than leaves that are known by id."""
        return any(id(leaf) not in known for leaf in leaves_of(roots))

    def sweep(
        self, live: bool, roots: Sequence[Any], leaves: Sequence[Value] | None = None
    ) -> Sweep:
        """Return a sweep from these roots; leaves: what the run in it began with."""
        return Sweep(self, live)

    def settled(self, x: Any, special: int) -> Any:
        """Return x; with `exact` it may be known to be 0 or 1."""
        return x

    # Conditions and choices

    def compare(self, name: str, left: Any, right: Any) -> Any:
        """Return a Condition, of constants a bool."""
        if type(left) is Tracer and type(right) in _USUAL:
            made = name, self._handle(left), self._handle(right)
            return Condition(self.builder.put(made), self)
        if isinstance(left, Condition):
            left = self.counted(left)
        if isinstance(right, Condition):
            right = self.counted(right)
        if not (is_operand(left) and is_operand(right)):
            return NotImplemented
        if not self.takes((left, right)):
            return getattr(operator, name)(plain(left), plain(right))
        handles = self._handle(left), self._handle(right)
        return Condition(self.builder.put((name, *handles)), self)

    def condition(self, x: Any) -> Condition:
        """Return a bool as a Condition, a Condition as it is."""
        if not is_condition(x):
            raise NumberError(
                f"a condition combines with conditions, got {describe(x)}: write x != 0"
            )
        if type(x) is Condition:
            return Condition(self._handle(x), self)
        return Condition(self.builder.constant(bool(x)), self)

    def combine(self, name: str, *conditions: Any) -> Any:
        """Return the and, or, not of conditions."""
        handles = [self.condition(x).handle for x in conditions]
        return Condition(self.builder.emit(name, *handles), self)

    def one_hot(self, index: Any, count: int) -> Sequence[Any]:
        """Return 1 for the chosen one of so many and 0 for the others, made once."""
        key = self._handle(index), count
        if key not in self._hot:
            self._hot[key] = [self.choose(index == i, 1, 0) for i in range(count)]
        return self._hot[key]

    def decides(self, x: Any) -> bool:
        """Tell a condition of this recording from a plain bool."""
        return isinstance(x, Condition)

    def decides_in(self, array: Any) -> bool:
        """Tell an array with conditions of this recording from one of bools."""
        if getattr(getattr(array, "dtype", None), "kind", "") != "O":
            return isinstance(array, Condition)
        return any(isinstance(x, Condition) for x in array.ravel().tolist())

    def is_index(self, x: Any) -> bool:
        """Tell an index of this recording from a plain int."""
        return isinstance(x, Index)

    def take(self, values: Any, index: Index) -> Any:
        """Choose one of values, or of rows of a table, by a recorded index."""
        if not len(values):
            raise IndexError("take from no values")
        count = len(values)
        _, place = self.builder.made[index.handle]
        if not -count <= self.numbers[place] < count:
            raise outside(int(self.numbers[place]), count)
        self.bounds.add((index.handle, count))
        from_start: Any = self._apply(RULES["where"], (index < 0, index + count, index))
        return _take(list(values), from_start, self)

    def one_of(self, values: Sequence[Any], index: Tracer) -> Any:
        """Choose one of some numbers and Values."""
        return self.apply(_TAKE, (index, *values))

    def taken(self, x: Any) -> Any:
        """Return the very row that `take` gave, whose derivative is asked for."""
        while x.rule is _TAKE and x.is_recorded:
            x = self.decided_row(x)
        return x

    def decided_row(self, take: Any) -> Any:
        """Return the row that a `take` of this recording gave, and guard its index."""
        index, *rows = operands_of(take)
        return rows[self.place(index, len(rows))]

    def place(self, index: Tracer, count: int) -> int:
        """Return the index of this call, from 0 on, and guard it."""
        place = int(self._evaluate(self._handle(index)))
        self.decide(index == place, counted=False)
        return place

    # Branches

    def decide(self, condition: Condition, counted: bool = True) -> bool:
        """Return which way the numbers of this call go, and guard that.

        counted: whether it is one of the decisions of which there is a limited number.
        """
        handle = condition.handle
        if (known := self.builder.number(handle)) is not None:
            return bool(known)
        if handle not in self.guards:
            self._counted += counted
            if self._counted > self._most_guards:
                raise TracingError(
                    f"the function took more than {self._most_guards:,} decisions on "
                    f"numbers in one recording: choose with where(condition, a, b) in "
                    f"place of `if`, and give a `while` a fixed number of steps"
                )
            self.guards[handle] = bool(self._evaluate(handle))
        return self.guards[handle]

    def _evaluate(self, handle: int) -> Number:
        values, made = self._values, self.builder.made
        for name, *operands in made[len(values) : handle + 1]:
            if name == "input":
                values.append(self.numbers[operands[0]])
            elif name == "constant":
                values.append(operands[0])
            else:
                values.append(function_of(name)(*[values[x] for x in operands]))
        return values[handle]

    # The end

    def close(self) -> None:
        """Break the reference cycles, so that all is freed at once."""
        self._choices.clear()
        self._hot.clear()
        vars(self.m).clear()

    def finish(self, results: Sequence[Any]) -> Draft:
        """Return what computes these results."""
        for value, number in zip(
            self.captured, self.numbers[-len(self.captured) :], strict=False
        ):
            if not FLOATS.same(value.data, number):
                raise TracingError(
                    f"the function changes a Value from outside, {value!r}: a compiled "
                    f"function has no side effects. Return what is new, and assign it "
                    f"outside"
                )
        outputs = [self._handle(x) for x in results]
        return self.builder.draft(outputs, list(self.guards.items()))


def _take(values: list[Any], index: Tracer, trace: Trace) -> Any:
    first = values[0]
    if isinstance(first, list | tuple):
        return type(first)(
            _take(list(column), index, trace) for column in zip(*values, strict=True)
        )
    if hasattr(first, "shape") and first.shape:
        columns = zip(*(row.ravel().tolist() for row in values), strict=True)
        flat = [_take(list(column), index, trace) for column in columns]
        return to_array(flat, first.shape)
    return trace.one_of([x[()] if hasattr(x, "shape") else x for x in values], index)


@contextmanager
def tracing(kind: type[Trace], most_guards: int) -> Iterator[Trace]:
    """Record what this thread computes inside, in modes of its own."""
    outer, entered = STATE.trace, STATE.entered
    trace = kind(most_guards)
    try:
        STATE.entered = trace.entered
        with recording(), collect_leaves():
            made: Any = STATE.leaves
            STATE.trace, trace.made, trace.seen = trace, made, len(made)
            yield trace
    finally:
        STATE.trace, STATE.entered = outer, entered
        trace.close()
