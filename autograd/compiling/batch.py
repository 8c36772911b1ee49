"""Batches: arguments that hold a sample each along an axis, as lanes of numbers.

Samples whose arguments differ in more than their numbers (labels that are ints, lists
of different lengths) go in groups, each with a recording of its own.
"""

from array import array
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..functions import is_array
from .recording import Call, Recordings, check_bounds
from .signature import Numbers, signature

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
            self.samples: Any = np.moveaxis(x, axis, 0)
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
    """Samples with one key: their places, and the numbers that vary (m, samples)."""

    places: Array
    lanes: Array


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
        for axis in axes:
            if axis is not None and (type(axis) is bool or not isinstance(axis, int)):
                raise ArgumentError(f"in_axes holds ints and None, got {axis!r}")
        self.indices = indices
        self.shared = list(args)
        self.mapped = {
            i: Mapped(args[i], axis, i in indices, f"argument {i} of {name}")
            for i, axis in enumerate(axes)
            if axis is not None
        }
        counts = {i: each.count for i, each in self.mapped.items()}
        if len(set(counts.values())) != 1:
            raise ArgumentError(
                f"{name}: the mapped arguments must have equally many samples, got "
                f"{counts or 'no mapped argument'}"
            )
        (self.count,) = set(counts.values())
        if self.count == 0:
            raise ArgumentError(f"{name}: a batch needs at least one sample")

    def call(self, place: int) -> Call:
        """Return the call of one sample."""
        args = [
            self.mapped[i].sample(place) if i in self.mapped else x
            for i, x in enumerate(self.shared)
        ]
        numbers: Numbers = array("d")
        for i, x in enumerate(args):
            signature(x, numbers, i in self.indices)
        return Call(tuple(args), {}, self.indices, numbers)

    def groups(self) -> dict[Hashable, Group]:
        """Return the samples by the key of their arguments, first come first."""
        found = {i: each.lanes() for i, each in self.mapped.items()}
        alike = {i: each for i, each in found.items() if each is not None}
        if len(alike) == len(found):
            key = self._key({i: each[0] for i, each in alike.items()})
            lanes = np.concatenate([each[1] for each in alike.values()])
            return {key: Group(np.arange(self.count), lanes)}
        places: dict[Hashable, list[int]] = {}
        rows: dict[Hashable, list[Numbers]] = {}
        for place in range(self.count):
            numbers: Numbers = array("d")
            keys = {
                i: signature(each.sample(place), numbers, each.index)
                for i, each in self.mapped.items()
            }
            key = self._key(keys)
            places.setdefault(key, []).append(place)
            rows.setdefault(key, []).append(numbers)
        return {
            key: Group(np.array(at), np.array(rows[key], float).T.reshape(-1, len(at)))
            for key, at in places.items()
        }

    def _key(self, keys: dict[int, Hashable]) -> Hashable:
        shared = [
            keys[i] if i in keys else signature(x, array("d"), i in self.indices)
            for i, x in enumerate(self.shared)
        ]
        return (tuple(shared), ())

    def layout(self, place: int) -> tuple[list[bool], Numbers]:
        """Return which numbers of a call vary, and those that do not."""
        varying: list[bool] = []
        uniform: Numbers = array("d")
        for i, x in enumerate(self.shared):
            numbers: Numbers = array("d")
            if i in self.mapped:
                signature(self.mapped[i].sample(place), numbers, i in self.indices)
                varying += [True] * len(numbers)
            else:
                signature(x, numbers, i in self.indices)
                varying += [False] * len(numbers)
                uniform += numbers
        return varying, uniform


class Results:
    """What the samples of a batch gave: each of them, or their sum."""

    def __init__(self, count: int, reduce: str | None, name: str) -> None:
        self.count, self.reduce, self.name = count, reduce, name
        self.structure: Any = None
        self.found: Any = None

    def add(self, structure: Any, outputs: Array, places: Array) -> None:
        """Add the outputs of the samples at these places."""
        if self.structure is None:
            self.structure = structure
            shape = (structure.size,) + (() if self.reduce else (self.count,))
            self.found = np.zeros(shape)
        elif structure != self.structure:
            raise ArgumentError(
                f"{self.name} returns {structure} for some samples of the batch and "
                f"{self.structure} for others"
            )
        if self.reduce:
            self.found += outputs
        else:
            self.found[:, places] = outputs

    def build(self) -> Any:
        """Return the results, nested as the function's: a number of each sample."""
        if self.reduce:
            found = self.found / self.count if self.reduce == "mean" else self.found
            return self.structure.build(found.tolist())
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
    varying, uniform = batch.layout(int(group.places[0]))
    places, lanes, tried = group.places, group.lanes, 0
    while places.size:
        if tried == len(recordings.branches):
            recordings.record(batch.call(int(places[0])), tried)
        branch = recordings.branches[tried]
        tried += 1
        check_bounds(branch, _rows(varying, uniform, lanes))
        inputs = np.array(branch.inputs(uniform))
        mask = (*varying, *(False for _ in branch.captured))
        runner = recordings.runner(branch, mask)
        outputs, held = runner.run(inputs, lanes, bool(results.reduce))
        if held is None or held.all():
            results.add(branch.results, outputs, places)
            return
        if held.any():
            some = outputs if results.reduce else outputs[:, held]
            results.add(branch.results, some, places[held])
        branch.failed += int(places.size - held.sum())
        places, lanes = places[~held], np.ascontiguousarray(lanes[:, ~held])


def _rows(varying: Sequence[bool], uniform: Sequence[Any], lanes: Array) -> list[Any]:
    """Return each input of the arguments: a number, or those of all samples."""
    moving, fixed = iter(lanes), iter(uniform)
    return [next(moving) if varies else next(fixed) for varies in varying]
