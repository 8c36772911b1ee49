"""Batches that look like an earlier one: their numbers go straight to the lanes.

A batch whose samples are alike is known at a glance: by the key of what they share, and
by the shapes of what holds them. A plan, kept from the first such batch, says where the
numbers of each array lie among the lanes, and which recordings serve.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, NumberError, TracingError
from ..modes import ACTIVE, STATE
from .batch import Axes, Batch, Given, Group, Results, lanes_of_list, run_group
from .recent import Recent
from .recording import Recordings, Subject
from .signature import LiveError, attributes, signature

__all__ = ["Batches"]

Array = np.ndarray[Any, np.dtype[Any]]

MOST_PLANS = 128
KEPT = 1 << 18  # bytes of lanes that wait for the next batch


class Batches:
    """Runs the batches of a compiled function."""

    def __init__(
        self, subject: Subject, recordings_of: Callable[[Hashable], Recordings]
    ) -> None:
        self._subject, self._recordings_of = subject, recordings_of
        self._plans: Recent[Plan] = Recent(MOST_PLANS)

    def run(self, args: Sequence[Any], in_axes: Axes, reduce: str | None) -> Any:
        """Return the results of a batch: see `Compiled.map`."""
        if reduce not in (None, "sum", "mean"):
            raise ArgumentError(f'reduce is "sum", "mean" or None, got {reduce!r}')
        subject = self._subject
        recorded = not (ACTIVE and STATE.trace is not None)
        outline = Outline(subject.name, args, in_axes, subject.indices)
        if recorded and (plan := self._plans.get(outline.key)) is not None:
            return plan.run(outline, reduce)
        batch = Batch(subject.name, args, in_axes, subject.indices)
        results = Results(batch.count, reduce, subject.name)
        groups = batch.groups() if recorded else None
        if groups is None:
            return results.by_hand([subject.function(*x) for x in batch.samples()])
        for key, group in groups.items():
            recordings = self._recordings_of(key)
            run_group(recordings, batch, group, results)
            if outline.key is not None:
                self._plans.add(outline.key, Plan(outline, recordings, group))
        return results.build()


class Outline(Given):
    """What a batch looks like, at a glance.

    key: all but its numbers; None for a batch that needs a closer look. arrays: those
    that hold the samples, each with its axis.
    """

    def __init__(
        self, name: str, args: Sequence[Any], in_axes: Axes, indices: tuple[int, ...]
    ) -> None:
        super().__init__(name, args, in_axes, indices)
        self.arrays: list[tuple[Array, int]] = []
        self.key: Hashable = None
        axes = self.axes
        if len(axes) != len(args):
            return
        keys: list[Hashable] = []
        try:
            for i, x in enumerate(args):
                if axes[i] is None:
                    keys.append((None, signature(x, self.uniform, i in indices)))
                else:
                    keys.append(self._of_mapped(x, axes[i], i in indices))
        except (LiveError, NumberError, TracingError):
            return
        self.key = tuple(keys)

    def _of_mapped(self, x: Any, axis: Any, index: bool) -> Hashable:
        kind: Any = type(x)
        if type(axis) is not int:
            raise LiveError
        if kind is np.ndarray:
            if x.dtype.kind in ("iu" if index else "f"):
                self.arrays.append((x, axis))
                return axis, x.shape
        elif issubclass(kind, dict) and not attributes(x):
            parts = [(key, self._of_mapped(y, axis, index)) for key, y in x.items()]
            return (kind, *parts)
        elif issubclass(kind, list | tuple) and x and axis in (0, -len(x)):
            found = lanes_of_list(x, index)
            if found is not None:
                key, lanes = found
                self.arrays.append((lanes, -1))
                return list, len(x), key
        raise LiveError


class Plan:
    """How the batches with one outline run."""

    def __init__(self, outline: Outline, recordings: Recordings, group: Group) -> None:
        self.used = 0
        self._recordings = recordings
        self._orders = [_with_last(axis, x.ndim) for x, axis in outline.arrays]
        self._shapes = [
            x.transpose(order).shape
            for (x, _), order in zip(outline.arrays, self._orders, strict=True)
        ]
        self._size, self._count = group.lanes.shape
        self._layout = group.layout
        # Where one program serves whatever the numbers are, it need not be looked for.
        self._quick = recordings.branches[0] if recordings.unconditional else None
        self._free: list[tuple[Array, list[Array]]] = []

    def run(self, outline: Outline, reduce: str | None) -> Any:
        """Return the results of a batch."""
        self._recordings.used = self.used
        try:
            memory = self._free.pop()
        except IndexError:
            memory = self._lanes()
        lanes, places = memory
        for place, (x, _), order in zip(
            places, outline.arrays, self._orders, strict=True
        ):
            place[...] = x.transpose(order)
        branch = self._quick
        if branch is not None and reduce:
            runner = self._recordings.runner(branch, self._layout)
            found, _ = runner.run(outline.inputs(branch), lanes, True)
            found = branch.build(found / self._count if reduce == "mean" else found)
        else:
            results = Results(self._count, reduce, outline.name)
            group = Group(np.arange(self._count), lanes, self._layout)
            run_group(self._recordings, outline, group, results)
            found = results.build()
        if lanes.nbytes <= KEPT:
            self._free.append(memory)
        return found

    def _lanes(self) -> tuple[Array, list[Array]]:
        """Return lanes, and views of them with a place for each array's numbers."""
        lanes = np.empty((self._size, self._count))
        places, start = [], 0
        for shape in self._shapes:
            end = start + int(np.prod(shape[:-1]))
            places.append(lanes[start:end].reshape(shape))
            start = end
        return lanes, places


def _with_last(axis: int, count: int) -> tuple[int, ...]:
    """Return the order of axes that puts one of them last."""
    order = list(range(count))
    order.append(order.pop(axis))
    return tuple(order)
