"""Arguments of a checked function as one vector, and gradients read back into it."""

import copy
import inspect
from collections.abc import Callable, Sequence
from operator import index
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..node import Node, describe
from ..structures import Nest, Structure, flatten
from .blocks import JACOBIAN, Array, Block
from .reading import ShapeMismatch, is_one_block, read_part, structure_of

__all__ = [
    "Argnums",
    "Arguments",
    "Array",
    "Block",
    "is_bare",
    "must_take",
    "parameter_names",
    "places_of",
]

Argnums = int | tuple[int, ...] | None


class Arguments:
    """The arguments of one check: which are differentiated, as one flat vector."""

    def __init__(
        self, fn: Callable[..., Any], args: Sequence[Nest], argnums: Argnums
    ) -> None:
        self.args = list(args)
        self.notes: list[str] = []
        self.places = places_of(argnums, len(args))
        self.bare = is_bare(argnums, len(args))
        must_take(fn, args, "fn")
        names = parameter_names(fn, len(args))
        self.names = [names[place] for place in self.places]
        self.blocks: list[Block] = []
        self.structures: list[Structure] = []
        vector: list[float] = []
        for place in self.places:
            name, nest = names[place], self.args[place]
            _must_be_whole(nest, name)
            numbers, structure = flatten(nest, name)
            self.structures.append(structure)
            self.blocks += _blocks(structure, name, place, len(vector))
            vector += [_as_float(number, name) for number in numbers]
            self._note_conversions(nest, numbers, name)
        self.vector = np.array(vector, float)
        self.single = _are_single([args[place] for place in self.places])
        self.redraw: Callable[[], Nest] | None = None  # the first, at a new point
        self._firsts = {self.vector.tobytes(): args[0]}
        self._refuse_what_cannot_be_compared()

    def _note_conversions(self, nest: Nest, numbers: list[Any], name: str) -> None:
        """Say where a check does not run on the kinds of numbers that were given."""
        arrays = _arrays(nest)
        whole = any(array.dtype.kind in "iu" for array in arrays)
        if whole or any(isinstance(number, int) for number in numbers):
            self.notes.append(
                f"{name} holds integers: they were converted to floats, since a "
                f"derivative moves them by less than 1"
            )
        if any(array.dtype == np.float16 for array in arrays):
            self.notes.append(
                f"{name} holds float16: it was converted to float32, the lowest "
                f"precision that is judged"
            )

    def _refuse_what_cannot_be_compared(self) -> None:
        if not len(self.vector):
            shapes = ", ".join(f"{b.name} has shape {b.shape}" for b in self.blocks)
            raise ArgumentError(
                f"there is nothing to compare: no number in {', '.join(self.names)}"
                + f" ({shapes})" * bool(shapes)
            )
        for place in np.flatnonzero(~np.isfinite(self.vector))[:1].tolist():
            raise ArgumentError(
                f"{self.label(place)} is {self.vector[place]}: a gradient can only be "
                f"checked at finite numbers"
            )
        self.notes += [
            f"{block.name} has shape {block.shape}: no coordinate, nothing compared"
            for block in self.blocks
            if not block.size
        ]

    def __len__(self) -> int:
        return len(self.vector)

    def label(self, place: int) -> str:
        """Name a coordinate of the vector."""
        return self.block_of(place).label(place)

    def block_of(self, place: int) -> Block:
        """Return the block that holds a coordinate."""
        return next(b for b in self.blocks if b.start <= place < b.part.stop)

    def stand_at(self, x: Array) -> None:
        """Take what belongs to a point, where the first argument is drawn for each."""
        key = x.tobytes()
        if self.redraw is not None:
            if key not in self._firsts:
                self._firsts[key] = self.redraw()
            self.args[0] = self._firsts[key]

    def fill(self, numbers: Sequence[Any], typed: bool = False) -> list[Nest]:
        """Return all arguments with these numbers in place of the vector's.

        typed: in the dtypes that were given, else in double precision.
        """
        filled = copy.deepcopy(self.args)
        at = 0
        for place, structure in zip(self.places, self.structures, strict=True):
            nest = structure.build(numbers[at : at + structure.size])
            filled[place] = _typed_like(nest, self.args[place]) if typed else nest
            at += structure.size
        return filled

    def at(self, x: Array) -> list[Nest]:
        """Return all arguments at another point, in the types that were given."""
        return self.fill(x.tolist(), typed=True)

    def point_in_words(self, x: Array) -> str:
        """Write a point: the first eight coordinates."""
        if self.blocks[0].name == JACOBIAN:  # equal copies of one argument
            return str(x[: len(x) // self.blocks[0].shape[0]].tolist())
        first = x[:8].tolist()
        shown = [f"{self.label(i)} = {number!r}" for i, number in enumerate(first)]
        return ", ".join(shown) + (f" and {len(x) - 8} more" if len(x) > 8 else "")

    def some(self, chosen: Array) -> str:
        """Name coordinates that are chosen by a mask: the first three."""
        places = np.flatnonzero(chosen).tolist()
        more = f" and {len(places) - 3} more" if len(places) > 3 else ""
        return ", ".join(map(self.label, places[:3])) + more

    def blocks_name(self, which: int) -> str:
        """Name one of the arguments that are differentiated."""
        place = self.places[which]
        return next(b.name for b in self.blocks if b.argument == place)

    def read(self, gradient: Nest) -> Array:
        """Return a gradient in the arguments' structure as one vector of floats.

        Raises `ShapeMismatch`, naming the argument and both shapes.
        """
        try:
            return self._read(gradient)
        except ShapeMismatch as mismatch:
            mismatch.whole = gradient
            raise

    def _read(self, gradient: Nest) -> Array:
        parts = [gradient] if self.bare else gradient
        if self.bare and _wrapped(gradient, self.structures[0]):
            parts = gradient
        if not isinstance(parts, list | tuple) or len(parts) != len(self.places):
            count = len(self.places)
            raise ShapeMismatch(
                self.blocks[0],
                structure_of(gradient),
                gradient,
                f"the hand gradient must return a tuple of {count} "
                f"gradient{'s' * (count > 1)}, of {', '.join(self.names)} in this "
                f"order; it returned {structure_of(gradient)}",
            )
        found: list[Array] = []
        blocks = iter(self.blocks)
        for part, structure, name in zip(
            parts, self.structures, self.names, strict=True
        ):
            read_part(part, structure, name, blocks, found)
        return np.concatenate([np.ravel(x) for x in found]) if found else np.zeros(0)


def parameter_names(fn: Callable[..., Any], count: int) -> list[str]:
    """Return the names of a function's positional parameters, or of their places."""
    fallback = [f"argument {i}" for i in range(count)]
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):
        return fallback
    names = [
        p.name
        for p in parameters
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return [*names[:count], *fallback[len(names) :]]


def must_take(
    function: Any, args: Sequence[Any], name: str, call: str = "(x, y, ...)"
) -> None:
    """Raise `ArgumentError` for what can't be called with these arguments.

    call: how it is called when it is checked with the arguments x, y, ...
    """
    if not callable(function):
        number = isinstance(function, float | int | np.ndarray)
        constant = ": for a constant one write lambda *args: ..." * number
        raise ArgumentError(
            f"{name} must be a function, got {describe(function)}{constant}"
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # one that does not say what it takes
    try:
        signature.bind(*args)
    except TypeError as error:
        raise ArgumentError(
            f"{name} takes {signature}, and is called with {len(args)} "
            f"argument{'s' * (len(args) != 1)} ({error}): with the arguments x, y, ... "
            f"given one by one after the functions, it is called as {name}{call}"
        ) from None


def is_bare(argnums: Any, count: int) -> bool:
    """Tell whether one gradient is meant, and no tuple of gradients."""
    if argnums is None:
        return count == 1
    return not isinstance(argnums, list | tuple | range)


def places_of(argnums: Any, count: int) -> list[int]:
    """Return the places that argnums name among so many arguments, each from 0 on."""
    if not count:
        raise ArgumentError("there is nothing to check: give the function's arguments")
    given = range(count) if argnums is None else argnums
    wanted: Any = given if isinstance(given, list | tuple | range) else [given]
    places = []
    for place in wanted:
        try:
            if isinstance(place, bool | np.bool_):
                raise TypeError
            number = index(place)
        except TypeError:
            number = count
        if not -count <= number < count:
            raise ArgumentError(
                f"argnums is {argnums!r}, but there {_are(count)}: give the place of "
                f"one, from 0 on, or a tuple of places"
            )
        places.append(number % count)
    if not places:
        raise ArgumentError(f"argnums is {argnums!r}: it names no argument to check")
    if len(set(places)) != len(places):
        raise ArgumentError(f"argnums {argnums!r} name an argument twice")
    return places


def _are(count: int) -> str:
    return "is 1 argument" if count == 1 else f"are {count} arguments"


def _must_be_whole(nest: Nest, name: str) -> None:
    if any(np.ma.is_masked(array) for array in _arrays(nest)):
        raise ArgumentError(
            f"{name} is masked in places, which have no number: give all, by "
            f".filled(...)"
        )


def _as_float(number: Any, name: str) -> float:
    if isinstance(number, Node):
        raise ArgumentError(f"{name} holds Values: give plain numbers, by .data")
    try:
        return float(number)
    except OverflowError:
        raise ArgumentError(
            f"{name} holds an integer of {len(str(number))} digits, beyond the floats"
        ) from None


def _blocks(structure: Structure, name: str, argument: int, start: int) -> list[Block]:
    if is_one_block(structure):
        several = structure.kind not in ("number", "array")
        shape = (len(structure.children),) if several else structure.keys
        return [Block(name, argument, shape, start)]
    found: list[Block] = []
    for key, child in zip(structure.keys, structure.children, strict=True):
        found += _blocks(child, f"{name}[{key!r}]", argument, start)
        start += child.size
    return found


def _wrapped(gradient: Nest, structure: Structure) -> bool:
    """Tell a gradient of one argument that was given as a tuple of one."""
    if not isinstance(gradient, tuple) or len(gradient) != 1:
        return False
    return structure.kind in ("number", "array") or len(structure.keys) != 1


def _arrays(nest: Nest) -> list[Array]:
    if isinstance(nest, np.ndarray | np.generic):
        return [np.asanyarray(nest)]
    if isinstance(nest, dict):
        nest = list(nest.values())
    if isinstance(nest, list | tuple):
        return [array for item in nest for array in _arrays(item)]
    return []


def _are_single(nests: Sequence[Nest]) -> bool:
    dtypes = {array.dtype for nest in nests for array in _arrays(nest)}
    floats = {dtype for dtype in dtypes if dtype.kind == "f"}
    return bool(floats) and all(dtype.itemsize <= 4 for dtype in floats)


def _typed_like(nest: Nest, given: Nest) -> Nest:
    """Give floats the dtype of the argument's, single precision at least."""
    if isinstance(given, np.ndarray | np.generic):
        if given.dtype.kind != "f" or not isinstance(nest, float | np.ndarray):
            return nest
        dtype = np.result_type(given.dtype, np.float32)
        return dtype.type(nest) if isinstance(nest, float) else nest.astype(dtype)
    if isinstance(nest, dict):
        for key in nest:
            nest[key] = _typed_like(nest[key], given[key])
    elif isinstance(nest, list | tuple):
        items = [_typed_like(n, g) for n, g in zip(nest, given, strict=True)]
        kind = type(nest)
        return kind._make(items) if hasattr(kind, "_make") else kind(items)
    return nest
