"""Batches: arguments that hold a sample each along an axis, as lanes of numbers.

Samples whose arguments differ in more than their numbers (labels that are ints, lists
of different lengths) go in groups, each with a recording of its own.
"""

from array import array
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..functions import is_array
from ..rules import RULES
from ..structures import flatten, to_array
from ..value import apply
from .recording import Call, Layout, Recordings, built, check_bounds, expanded
from .signature import LiveError, Numbers, signature

Array = np.ndarray[Any, np.dtype[Any]]
Axes = int | None | Sequence[int | None]


class Mapped:
    """An argument with one sample at each place of an axis.

    x: an array, a list or tuple of samples, or a dict of such.
    """

    def __init__(self, x: Any, axis: int, index: bool, name: str) -> None:
        self.index = index
        self.count: int
        if isinstance(x, dict):
            parts = {k: Mapped(y, axis, index, f"{name}[{k!r}]") for k, y in x.items()}
            self.parts: dict[Any, Mapped] | None = parts
            self.kind = type(x)
            counts = {part.count for part in parts.values()}
            if len(counts) != 1:
                raise ArgumentError(f"{name} has {sorted(counts)} samples in its parts")
            (self.count,) = counts
            return
        self.parts = None
        if is_array(x):
            if not -x.ndim <= axis < x.ndim:
                raise ArgumentError(
                    f"in_axes says axis {axis} of {name}, an array of shape {x.shape}"
                )
            self.samples: Any = np.moveaxis(x, axis, 0) if axis else x
        elif isinstance(x, list | tuple) and axis in (0, -len(x)):
            self.samples = x
        else:
            raise ArgumentError(
                f"{name} has no samples along axis {axis}: give an array, or a list "
                f"with a sample at each place (axis 0), or None for it in in_axes"
            )
        self.count = len(self.samples)

    def sample(self, place: int) -> Any:
        """Return the argument of one sample."""
        if self.parts is not None:
            return self.kind({k: part.sample(place) for k, part in self.parts.items()})
        return self.samples[place]

    def lanes(self) -> tuple[Hashable, Array] | None:
        """Return the key that all samples have, and their numbers (numbers, samples).

        None where the samples' keys differ, or may do so: they are looked at singly.
        """
        if self.parts is not None:
            found = {k: part.lanes() for k, part in self.parts.items()}
            if any(each is None for each in found.values()):
                return None
            keys = [(k, each[0]) for k, each in found.items() if each]
            return (self.kind, *keys), np.concatenate(
                [each[1] for each in found.values() if each]
            )
        if not is_array(self.samples):
            return self._lanes_of_list()
        wanted = "iu" if self.index else "f"
        if self.samples.dtype.kind not in wanted:
            return None
        numbers: Numbers = array("d")
        key = signature(self.samples[0], numbers, self.index)
        return key, self.samples.reshape(self.count, -1).T.astype(float)

    def _lanes_of_list(self) -> tuple[Hashable, Array] | None:
        """Return the lanes of a list of samples that are alike: nested lists."""
        numbers: Numbers = array("d")
        key = signature(self.samples[0], numbers, self.index)
        rows = [numbers]
        for sample in self.samples[1:]:
            row: Numbers = array("d")
            if signature(sample, row, self.index) != key:
                return None
            rows.append(row)
        return key, np.array(rows, float).T.reshape(len(numbers), self.count)


@dataclass
class Group:
    """Samples with one key: their places, and the numbers that vary (m, samples).

    layout: for each argument whether it varies, and how many numbers it has.
    """

    places: Array
    lanes: Array
    layout: Layout


class Batch:
    """The arguments of a batch: what varies, what does not, and how many samples."""

    def __init__(
        self, name: str, args: Sequence[Any], in_axes: Axes, indices: tuple[int, ...]
    ) -> None:
        axes = in_axes if isinstance(in_axes, list | tuple) else [in_axes] * len(args)
        if len(axes) != len(args):
            raise ArgumentError(
                f"in_axes has {len(axes)} entries, but {name} was given {len(args)} "
                f"arguments: an axis for each, None for one that all samples share"
            )
        self.args, self.indices = args, indices
        self.uniform: Numbers = array("d")
        self.mapped: dict[int, Mapped] = {}
        self.live = False  # whether there are Values among the arguments
        self.shared: dict[int, tuple[Hashable, int]] = {}  # keys, how many numbers
        for i, (x, axis) in enumerate(zip(args, axes, strict=True)):
            if axis is None:
                known, key = len(self.uniform), None
                try:
                    key = signature(x, self.uniform, i in indices)
                except LiveError:
                    self.live = True
                self.shared[i] = key, len(self.uniform) - known
            elif type(axis) is bool or not isinstance(axis, int):
                raise ArgumentError(f"in_axes holds ints and None, got {axis!r}")
            else:
                where = f"argument {i} of {name}"
                self.mapped[i] = Mapped(x, axis, i in indices, where)
        counts = {i: each.count for i, each in self.mapped.items()}
        if len(set(counts.values())) != 1:
            raise ArgumentError(
                f"{name}: the mapped arguments must have equally many samples, got "
                f"{counts or 'no mapped argument'}"
            )
        (self.count,) = set(counts.values())
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
        for i, x in enumerate(args):
            signature(x, numbers, i in self.indices)
        return Call(tuple(args), {}, self.indices, numbers)

    def groups(self) -> dict[Hashable, Group] | None:
        """Return the samples by the key of their arguments, first come first.

        None where there are Values among the arguments.
        """
        try:
            return None if self.live else self._groups()
        except LiveError:
            return None

    def _groups(self) -> dict[Hashable, Group]:
        found = {i: each.lanes() for i, each in self.mapped.items()}
        alike = {i: each for i, each in found.items() if each is not None}
        if len(alike) == len(found):
            key, layout = self._key({i: (k, len(x)) for i, (k, x) in alike.items()})
            lanes = np.concatenate([x for _, x in alike.values()])
            return {key: Group(np.arange(self.count), lanes, layout)}
        places: dict[Hashable, list[int]] = {}
        rows: dict[Hashable, list[Numbers]] = {}
        layouts: dict[Hashable, Layout] = {}
        for place in range(self.count):
            numbers: Numbers = array("d")
            keys: dict[int, tuple[Hashable, int]] = {}
            for i, each in self.mapped.items():
                known = len(numbers)
                key = signature(each.sample(place), numbers, each.index)
                keys[i] = key, len(numbers) - known
            key, layout = self._key(keys)
            layouts[key] = layout
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

    def _key(self, keys: dict[int, tuple[Hashable, int]]) -> tuple[Hashable, Layout]:
        """Return the key of a call with these arguments, and its layout."""
        every = sorted((self.shared | keys).items())
        layout = tuple((i in self.mapped, count) for i, (_, count) in every)
        return (tuple(key for _, (key, _) in every), ()), layout


class Results:
    """What the samples of a batch gave: each of them, or their sum."""

    def __init__(self, count: int, reduce: str | None, name: str) -> None:
        self.count, self.reduce, self.name = count, reduce, name
        self.structure: Any = None
        self.found: Any = None

    def add(self, structure: Any, outputs: Array, places: Array) -> None:
        """Add the outputs of the samples at these places."""
        self._check(structure)
        if self.found is None:
            shape = (structure.size,) + (() if self.reduce else (self.count,))
            self.found = np.zeros(shape)
        if self.reduce:
            self.found += outputs
        else:
            self.found[:, places] = outputs

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
            if self.reduce == "mean":
                self.found /= self.count
            return built(self.structure, self.found)
        rows = iter(self.found)

        def part(structure: Any) -> Array:
            if structure.kind == "number":
                return next(rows)
            block = np.array([next(rows) for _ in range(structure.size)])
            shape = (self.count, *structure.keys)
            return block.reshape(structure.size, self.count).T.reshape(shape)

        return self.structure.fill(part)


def run_group(
    recordings: Recordings, batch: Batch, group: Group, results: Results
) -> None:
    """Run the samples of a group, by the branches that they take."""
    places, lanes, tried = group.places, group.lanes, 0
    while places.size:
        if tried == len(recordings.branches):
            recordings.record(batch.call(int(places[0])), tried)
        branch = recordings.branches[tried]
        tried += 1
        if branch.bounds:
            check_bounds(branch, _rows(group.layout, batch.uniform, lanes))
        inputs = np.array(branch.inputs(batch.uniform))
        runner = recordings.runner(branch, group.layout)
        outputs, held = runner.run(inputs, lanes, bool(results.reduce))
        if held is None or held.all():
            results.add(branch.results, outputs, places)
            return
        if held.any():
            some = outputs if results.reduce else outputs[:, held]
            results.add(branch.results, some, places[held])
        branch.failed += int(places.size - held.sum())
        places, lanes = places[~held], np.ascontiguousarray(lanes[:, ~held])


def _rows(layout: Layout, uniform: Numbers, lanes: Array) -> list[Any]:
    """Return each input of the arguments: a number, or those of all samples."""
    moving, fixed = iter(lanes), iter(uniform)
    return [next(moving if varies else fixed) for varies in expanded(layout)]
