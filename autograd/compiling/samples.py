"""Samples: a data set laid out once, to be run many times, all of it or some rows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..value import Value
from .batch import Axes, Batch, Group, Results, run_group
from .numpy_backend import NumPyRunner
from .program import Program
from .recording import Branch, Call, Recordings, check_bounds, expanded
from .simplify import simplified

__all__ = ["Samples"]

Array = np.ndarray[Any, np.dtype[Any]]


class Part:
    """Samples that one program runs: of one group, and of one branch if they decide it.

    quick: a branch without guards, if there is one.
    """

    def __init__(
        self, recordings: Recordings, group: Group, quick: Branch | None
    ) -> None:
        self.recordings, self.group, self.quick = recordings, group, quick
        group.lanes = np.ascontiguousarray(group.lanes, float)
        # By the number of samples: where their lanes are gathered, and what runs them.
        self._runs: dict[int, tuple[Array, Callable[[], Array]]] = {}

    def total(self, inputs: Array, rows: Array | None) -> Array:
        """Return the sums of the quick branch's outputs over some of the samples.

        inputs: the same array each time.
        """
        known = self._runs.get(-1 if rows is None else len(rows))
        here, run = known or self._run(inputs, rows)
        if rows is not None:
            self.group.lanes.take(rows, 1, here, "clip")
        return run()

    def _run(
        self, inputs: Array, rows: Array | None
    ) -> tuple[Array, Callable[[], Array]]:
        assert self.quick
        lanes, key = self.group.lanes, -1
        if rows is not None:
            key = len(rows)
            lanes = np.empty((len(lanes), key))
        runner = self.recordings.runner(self.quick, self.group.layout)
        made = self._runs[key] = lanes, runner.summing(inputs, lanes)
        return made

    def chosen(self, rows: Array, places: Array) -> Group:
        """Return some of the samples as a group, and where their results shall lie."""
        lanes = self.group.lanes.take(rows, axis=1)
        return Group(places, lanes, self.group.layout)


class Samples(Batch):
    """The samples that a compiled function runs on: see `Compiled.samples`.

    One thread at a time may run them.
    """

    def __init__(
        self,
        name: str,
        recordings_of: Callable[[Any], Recordings],
        args: Sequence[Any],
        in_axes: Axes,
        indices: tuple[int, ...],
    ) -> None:
        super().__init__(name, args, in_axes, indices)
        groups = self.groups()
        if groups is None:
            raise ArgumentError(f"{name}: samples are laid out as numbers, not Values")
        self._groups = [(recordings_of(key), group) for key, group in groups.items()]
        self._parts: list[Part] = []
        self._part_of = np.empty(self.count, int)
        self._within = np.empty(self.count, int)
        self._numbers: Array = np.empty(0)
        self._shared: dict[Branch, Array] = {}
        self._rows: Array = np.empty(0, int)
        self.bind([])

    @property
    def kinds(self) -> int:
        """How many recordings the samples need, as far as they alone decide."""
        return len(self._laid_out())

    def bind(self, values: Sequence[Value]) -> None:
        """Let each run be told the numbers of these Values, which the function uses.

        Others that it closes over are read now, not anew at each run.
        """
        self._values = values
        self._place = {id(value): i for i, value in enumerate(values)}
        self._bound: dict[Branch, tuple[Array, Callable[[Array], None]]] = {}
        self._whole: int | None = None  # where all of them lie, if they do so in order
        # Where one branch serves all samples: its part, and what `_bind` gives.
        self._only: tuple[Part, Array, Callable[[Array], None]] | None = None

    def total(self, numbers: Array, rows: Array | None = None) -> Array:
        """Return the sums of the function's results over samples, flat.

        numbers: those of the Values in `bind`. rows: the samples' places; None for all.
        """
        if self._only is not None:
            part, inputs, fill = self._only
            fill(numbers)
            return part.total(inputs, rows)
        self._numbers = numbers
        parts = self._laid_out()
        if len(parts) == 1 and parts[0].quick is not None:
            inputs, fill = self._bind(parts[0].quick)
            self._only = parts[0], inputs, fill
            return self.total(numbers, rows)
        return self._results(rows, "sum").total()

    def repeated(self, update: "Samples", batch: int | None = None) -> Any:
        """Return what goes steps on samples by native code; None where it can't.

        batch: how many samples make a step; None: all.
        update: samples, of which the first two arguments, and any more that vary, have
        a number for each Value in `bind`: the gradient over the number of samples, the
        Value's number, and columns. Others are counters. Their function returns the new
        number and columns; see `native.repeated.Repeated`.
        """
        if self._only is None or self._whole is None:
            return None
        part, inputs, _ = self._only
        if not self._place or update.count != len(self._place):
            return None
        moved = update._laid_out()
        if len(moved) != 1 or moved[0].quick is None or moved[0].quick.captured:
            return None
        gradient, step = (
            p.recordings.runner(p.quick, p.group.layout)
            for p in (part, *moved)
            if p.quick is not None
        )
        lanes, counters = part.group.lanes, len(update.uniform)
        given = inputs, self._whole, lanes, len(self._place)
        return gradient.repeated(*given, step, counters, batch)

    def each(self, numbers: Array, rows: Array | None = None) -> list[Any]:
        """Return the function's result for each sample, nested as it returns them."""
        self._numbers = numbers
        self._laid_out()
        results = self._results(rows, None)
        build = results.structure.build
        return [build(column) for column in results.found.T.tolist()]

    def _results(self, rows: Array | None, reduce: str | None) -> Results:
        if rows is None:
            rows = np.arange(self.count)
        self._rows = rows
        results, parts = Results(len(rows), reduce, self.name), self._part_of[rows]
        for i, part in enumerate(self._parts):
            (places,) = np.nonzero(parts == i)
            if not places.size:
                continue
            within = self._within[rows[places]]
            if part.quick is not None and reduce:
                outputs = part.total(self.inputs(part.quick), within)
                results.add(part.quick, outputs, places)
            else:
                run_group(part.recordings, self, part.chosen(within, places), results)
        return results

    def call(self, place: int) -> Call:
        """Return the call of one of the samples that run now."""
        return super().call(int(self._rows[place]))

    def record(self, recordings: Recordings, place: int, known: int) -> None:
        """Record the branch that a sample takes, with the numbers of this run."""
        before = [value.data for value in self._values]
        try:
            for value, number in zip(self._values, self._numbers, strict=False):
                value.data = float(number)
            super().record(recordings, place, known)
        finally:
            for value, number in zip(self._values, before, strict=True):
                value.data = number

    def inputs(self, branch: Branch) -> Array:
        """Return a program's inputs that all samples share."""
        inputs, fill = self._bound.get(branch) or self._bind(branch)
        fill(self._numbers)
        return inputs

    def _bind(self, branch: Branch) -> tuple[Array, Callable[[Array], None]]:
        """Read a program's inputs, always into the same array; return what moves some.

        That takes the numbers of the Values in `bind`.
        """
        read, start = super().inputs(branch), len(self.uniform)
        inputs = self._shared.setdefault(branch, read.copy())
        inputs[:] = read
        pairs = [
            (start + i, self._place[id(value)])
            for i, value in enumerate(branch.captured)
            if id(value) in self._place
        ]
        to, places = np.array(pairs, int).reshape(-1, 2).T
        into, chosen = _range(to), _range(places)
        fill: Callable[[Array], None]
        self._whole = None
        if isinstance(into, slice) and np.array_equal(places, range(len(self._place))):
            self._whole = into.start
            fill = partial(np.copyto, inputs[into])  # of all, the soonest way
        else:

            def fill(numbers: Array) -> None:
                inputs[into] = numbers[chosen]

        made = self._bound[branch] = inputs, fill
        return made

    def _laid_out(self) -> list[Part]:
        """Return the parts, made when they are first needed: f is recorded for them."""
        if not self._parts:
            self._rows = np.arange(self.count)
            parts = [part for pair in self._groups for part in self._divided(*pair)]
            for i, part in enumerate(parts):
                self._part_of[part.group.places] = i
                self._within[part.group.places] = np.arange(part.group.places.size)
            self._parts = parts
        return self._parts

    def _divided(self, recordings: Recordings, group: Group) -> list[Part]:
        """Divide a group by branches, where no other numbers decide about them."""
        found, places, lanes, tried = [], group.places, group.lanes, 0
        while places.size:
            if tried == len(recordings.branches):
                self.record(recordings, int(places[0]), tried)
            branch = recordings.branches[tried]
            tried += 1
            fixed = expanded(group.layout)
            if not _decided_by(branch.program, len(fixed)):
                return [Part(recordings, group, None)]
            held = self._held(branch, fixed, lanes)
            if held.any():
                some = Group(places[held], lanes[:, held], group.layout)
                if branch.bounds:
                    check_bounds(branch, self.rows_of(group.layout, some.lanes))
                quick = recordings.without_guards(branch)
                found.append(Part(quick, some, quick.branches[0]))
            places, lanes = places[~held], lanes[:, ~held]
        return found

    def _held(self, branch: Branch, varies: list[bool], lanes: Array) -> Array:
        """Tell of each sample whether a branch's guards hold."""
        program = branch.program
        if not program.guards:
            return np.ones(lanes.shape[1], bool)
        guards = simplified(replace(program, outputs=()), exact=True)
        rest = [False] * (len(program.inputs) - len(varies))
        runner = NumPyRunner(guards, (*varies, *rest), exact=True)
        _, held = runner.run(super().inputs(branch), lanes, False)
        assert held is not None
        return held


def _decided_by(program: Program, known: int) -> bool:
    """Tell whether a program's guards need no inputs but the first ones."""
    needed = bytearray(program.size)
    for place, _ in program.guards:
        needed[place] = 1
    for slot in range(program.size - 1, program.start - 1, -1):
        if needed[slot]:
            for operand in program.code[slot - program.start][1:]:
                needed[operand] = 1
    return not any(needed[known : len(program.inputs)])


def _range(places: Array) -> Any:
    """Return places one after the other as a slice, which is faster."""
    first, count = (int(places[0]), len(places)) if len(places) else (0, 0)
    if np.array_equal(places, np.arange(first, first + count)):
        return slice(first, first + count)
    return places
