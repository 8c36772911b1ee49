"""Batches: arguments that hold a sample each along an axis, as lanes of numbers.

Samples whose arguments differ in more than their numbers (labels that are ints, lists
of different lengths) go in groups, each with a recording of its own.
"""

import copy
from array import array
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..functions import is_array
from ..rules import RULES
from ..structures import flatten, to_array
from ..value import apply
from .recording import Branch, Call, Layout, Recordings, check_bounds
from .signature import (
    LiveError,
    Numbers,
    attributes,
    call_key,
    check_plain,
    key_of_array,
    signature,
)

Array = np.ndarray[Any, np.dtype[Any]]
Axes = int | None | Sequence[int | None]


class Mapped:
    """An argument with one sample at each place of an axis.

    x: an array, a list or tuple of samples, or a dict of such. where: what errors call
    it.
    """

    def __init__(self, x: Any, axis: int, index: bool, where: str) -> None:
        self.index = index
        self.count: int
        self.samples: Any
        self.parts: dict[Any, Mapped] | None = None
        if is_array(x):
            check_plain(x)
            if not -x.ndim <= axis < x.ndim:
                raise ArgumentError(
                    f"in_axes says axis {axis} of {where}, an array of shape {x.shape}"
                )
            self.samples = np.moveaxis(x, axis, 0) if axis else x
        elif isinstance(x, dict):
            self.parts = {
                k: Mapped(y, axis, index, f"{where}[{k!r}]") for k, y in x.items()
            }
            self.samples = x
            counts = {part.count for part in self.parts.values()}
            if len(counts) != 1:
                raise ArgumentError(
                    f"{where} has {sorted(counts)} samples in its parts"
                )
            (self.count,) = counts
            return
        elif isinstance(x, list | tuple) and axis in (0, -len(x)):
            self.samples = x
        else:
            raise ArgumentError(
                f"{where} has no samples along axis {axis}: give an array, or a list "
                f"with a sample at each place (axis 0), or None for it in in_axes"
            )
        self.count = len(self.samples)

    def sample(self, place: int) -> Any:
        """Return the argument of one sample."""
        if self.parts is not None:
            found = copy.copy(self.samples)  # a subclass may be more than its items
            for k, part in self.parts.items():
                found[k] = part.sample(place)
            return found
        return self.samples[place]

    def lanes(self) -> tuple[Hashable, Array] | None:
        """Return the key that all samples have, and their numbers (numbers, samples).

        None where the samples' keys differ, or may do so: they are looked at singly.
        """
        if self.parts is not None:
            if attributes(self.samples):
                return None
            found = {k: part.lanes() for k, part in self.parts.items()}
            if any(each is None for each in found.values()):
                return None
            keys = [(k, each[0]) for k, each in found.items() if each]
            return (type(self.samples), *keys), np.concatenate(
                [each[1] for each in found.values() if each]
            )
        samples = self.samples
        if not is_array(samples):
            return lanes_of_list(samples, self.index)
        if samples.dtype.kind not in ("iu" if self.index else "f"):
            return None
        key = key_of_array(samples.shape[1:], self.index)
        return key, samples.reshape(self.count, -1).T


def lanes_of_list(samples: Any, index: bool) -> tuple[Hashable, Array] | None:
    """Return the key that all samples in a list have, and their numbers, as lanes."""
    numbers: Numbers = array("d")
    key: Any = signature(samples, numbers, index)
    _, first, *rest = key
    if rest.count(first) < len(rest):
        return None
    return first, np.frombuffer(numbers).reshape(len(samples), -1).T


@dataclass
class Group:
    """Samples with one key: their places, and the numbers that vary (m, samples).

    layout: for each argument whether it varies, and how many numbers it has.
    """

    places: Array
    lanes: Array
    layout: Layout


class Rows:
    """Each input of the arguments by its place: a number, or those of all samples."""

    def __init__(self, layout: Layout, lanes: Array, uniform: Numbers) -> None:
        self._parts = layout, lanes, uniform

    def __getitem__(self, place: int) -> Any:
        layout, lanes, uniform = self._parts
        before = {True: 0, False: 0}  # of those that vary and those that do not
        for varies, count in layout:
            if place < count:
                return (lanes if varies else uniform)[before[varies] + place]
            place -= count
            before[varies] += count
        raise IndexError(place)


class Given:
    """The arguments of a batch. uniform: the numbers that all samples share."""

    def __init__(
        self, name: str, args: Sequence[Any], in_axes: Axes, indices: tuple[int, ...]
    ) -> None:
        self.name, self.args, self.indices = name, args, indices
        self.axes: Any = (
            in_axes if isinstance(in_axes, list | tuple) else [in_axes] * len(args)
        )
        self.uniform: Numbers = array("d")

    def call(self, place: int) -> Call:
        """Return the call of one sample."""
        return Batch(self.name, self.args, self.axes, self.indices).call(place)

    def record(self, recordings: Recordings, place: int, known: int) -> None:
        """Record the function for the branch that a sample takes."""
        recordings.record(self.call(place), known)

    def inputs(self, branch: Branch) -> Array:
        """Return a program's inputs that all samples share."""
        return np.frombuffer(branch.inputs(self.uniform))

    def rows_of(self, layout: Layout, lanes: Array) -> Rows:
        """Return each input of the arguments."""
        return Rows(layout, lanes, self.uniform)


class Batch(Given):
    """A batch, looked at closely: what varies, and how many samples there are."""

    def __init__(
        self, name: str, args: Sequence[Any], in_axes: Axes, indices: tuple[int, ...]
    ) -> None:
        super().__init__(name, args, in_axes, indices)
        axes = self.axes
        if len(axes) != len(args):
            raise ArgumentError(
                f"in_axes has {len(axes)} entries, but {name} was given {len(args)} "
                f"arguments: an axis for each, None for one that all samples share"
            )
        self.mapped: dict[int, Mapped] = {}
        self.live = False  # whether there are Values among the arguments
        # Of each argument its key, if it varies, and how many numbers it has.
        self.keys: list[Hashable] = [None] * len(args)
        self.layout: list[tuple[bool, int]] = [(True, 0)] * len(args)
        for i, x in enumerate(args):
            axis = axes[i]
            if axis is None:
                known = len(self.uniform)
                try:
                    self.keys[i] = signature(x, self.uniform, i in indices)
                except LiveError:
                    self.live = True
                self.layout[i] = False, len(self.uniform) - known
            elif type(axis) is bool or not isinstance(axis, int):
                raise ArgumentError(f"in_axes holds ints and None, got {axis!r}")
            else:
                self.mapped[i] = Mapped(
                    x, axis, i in indices, f"argument {i} of {name}"
                )
        counts = {each.count for each in self.mapped.values()}
        if len(counts) != 1:
            found = {i: each.count for i, each in self.mapped.items()}
            raise ArgumentError(
                f"{name}: the mapped arguments must have equally many samples, got "
                f"{found or 'no mapped argument'}"
            )
        (self.count,) = counts
        if self.count == 0:
            raise ArgumentError(f"{name}: a batch needs at least one sample")

    def sample(self, place: int) -> list[Any]:
        """Return the arguments of one sample."""
        return [
            self.mapped[i].sample(place) if i in self.mapped else x
            for i, x in enumerate(self.args)
        ]

    def samples(self) -> Iterator[list[Any]]:
        """Yield the arguments of each sample."""
        return map(self.sample, range(self.count))

    def call(self, place: int) -> Call:
        """Return the call of one sample."""
        args = self.sample(place)
        numbers: Numbers = array("d")
        call_key(args, {}, self.indices, numbers)
        return Call(args, {}, numbers)

    def groups(self) -> dict[Hashable, Group] | None:
        """Return the samples by the key of their arguments, first come first.

        None where there are Values among the arguments.
        """
        if self.live:
            return None
        try:
            found = [each.lanes() for each in self.mapped.values()]
            alike = [each for each in found if each is not None]
            return self._one(alike) if len(alike) == len(found) else self._several()
        except LiveError:
            return None

    def _one(self, parts: list[tuple[Hashable, Array]]) -> dict[Hashable, Group]:
        """Return all samples as one group; parts: keys and lanes of what is mapped."""
        lanes = np.empty((sum([len(part) for _, part in parts]), self.count))
        start = 0
        for i, (key, part) in zip(self.mapped, parts, strict=True):
            end = start + len(part)
            lanes[start:end] = part
            self._note(i, key, end - start)
            start = end
        return {self._key(): Group(np.arange(self.count), lanes, tuple(self.layout))}

    def _several(self) -> dict[Hashable, Group]:
        """Return the groups of samples that are not alike."""
        places: dict[Hashable, list[int]] = {}
        rows: dict[Hashable, list[Numbers]] = {}
        layouts: dict[Hashable, Layout] = {}
        for place in range(self.count):
            numbers: Numbers = array("d")
            for i, each in self.mapped.items():
                known = len(numbers)
                key = signature(each.sample(place), numbers, each.index)
                self._note(i, key, len(numbers) - known)
            key = self._key()
            layouts[key] = tuple(self.layout)
            places.setdefault(key, []).append(place)
            rows.setdefault(key, []).append(numbers)
        return {
            key: Group(
                np.array(at),
                np.array(rows[key], float).T.reshape(-1, len(at)),
                layouts[key],
            )
            for key, at in places.items()
        }

    def _note(self, place: int, key: Hashable, count: int) -> None:
        """Note the key of a mapped argument's samples, and how many numbers it has."""
        self.keys[place], self.layout[place] = key, (True, count)

    def _key(self) -> Hashable:
        """Return the key of a call, as `Compiled` makes it."""
        return tuple(self.keys), ()


class Results:
    """What the samples of a batch gave: each of them, or their sum."""

    def __init__(self, count: int, reduce: str | None, name: str) -> None:
        self.count, self.reduce, self.name = count, reduce, name
        self.structure: Any = None
        self.found: Any = None  # (outputs, samples)
        self.sums: list[tuple[int, Array]] = []  # with each one's first sample
        self.build_one: Callable[[Array], Any]

    def add(self, branch: Branch, outputs: Array, places: Array) -> None:
        """Add the outputs of the samples at these places."""
        structure = branch.results
        self._check(structure)
        self.build_one = branch.build
        if self.reduce:
            self.sums.append((int(places[0]), outputs))
            return
        if self.found is None:
            if places.size == self.count:
                self.found = outputs
                return
            self.found = np.empty((structure.size, self.count))
        self.found[:, places] = outputs

    @np.errstate(all="ignore")
    def total(self) -> Array:
        """Return the sum over all samples; its bits don't depend on who came first."""
        if len(self.sums) > 1:
            self.sums.sort(key=itemgetter(0))
        (_, total), *others = self.sums
        for _, each in others:
            total += each
        return total

    def by_hand(self, results: list[Any]) -> Any:
        """Return these results of the samples, Values perhaps, as `build` does."""
        rows = []
        for result in results:
            flat, structure = flatten(result, f"the result of {self.name}")
            rows.append(flat)
            self._check(structure)
        columns = list(zip(*rows, strict=True))
        if self.reduce:
            divisor = self.count if self.reduce == "mean" else 1
            totals = [apply(RULES["sum"], *column) / divisor for column in columns]
            return self.structure.build(totals)
        rest = iter(columns)

        def part(structure: Any) -> Any:
            block = [next(rest) for _ in range(structure.size)]
            flat = [x for sample in zip(*block, strict=True) for x in sample]
            return to_array(flat, (self.count, *structure.keys))

        return self.structure.fill(part)

    def _check(self, structure: Any) -> None:
        if self.structure is None:
            self.structure = structure
        elif structure != self.structure:
            raise ArgumentError(
                f"{self.name} returns {structure} for some samples of the batch and "
                f"{self.structure} for others"
            )

    def build(self) -> Any:
        """Return the results, nested as the function's: a number of each sample."""
        if self.reduce:
            total = self.total()
            if self.reduce == "mean":
                total /= self.count
            return self.build_one(total)
        found, start = self.found, 0

        def part(structure: Any) -> Any:
            nonlocal start
            first, start = start, start + structure.size
            if structure.kind == "number":
                return found[first]
            shape = (self.count, *structure.keys)
            return found[first:start].T.reshape(shape)

        return self.structure.fill(part)


def run_group(
    recordings: Recordings, batch: Given, group: Group, results: Results
) -> None:
    """Run the samples of a group, by the branches that they take."""
    places, lanes, tried = group.places, group.lanes, 0
    while places.size:
        if tried == len(recordings.branches):
            batch.record(recordings, int(places[0]), tried)
        branch = recordings.branches[tried]
        tried += 1
        inputs = batch.inputs(branch)
        runner = recordings.runner(branch, group.layout)
        reduce = results.reduce is not None
        outputs, held = runner.run(inputs, lanes, reduce)
        if branch.bounds and (held is None or held.any()):
            some = lanes if held is None else lanes[:, held]
            check_bounds(branch, batch.rows_of(group.layout, some))
        if held is None or held.all():
            results.add(branch, outputs, places)
            return
        if held.any():
            if reduce:  # by themselves: so the sum's bits depend on these alone
                some = np.ascontiguousarray(lanes[:, held])
                outputs, _ = runner.run(inputs, some, reduce)
            else:
                outputs = outputs[:, held]
            results.add(branch, outputs, places[held])
        branch.failed += int(places.size - held.sum())
        places, lanes = places[~held], np.ascontiguousarray(lanes[:, ~held])
