"""Arguments of a checked function as one vector, and gradients read back into it."""

import copy
import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..node import describe
from ..structures import Nest, Structure, flatten

Array = np.ndarray[Any, np.dtype[Any]]
Argnums = int | tuple[int, ...] | None


class ShapeMismatch(Exception):
    """A gradient has not the structure of its argument; `found` is what it has."""

    def __init__(self, block: "Block", found: Any, gradient: Any) -> None:
        self.block, self.found, self.gradient = block, found, gradient
        self.whole: Any = None  # what the hand gradient returned
        super().__init__(
            f"the gradient of {block.name} has {_shape_in_words(found)}, "
            f"the argument has {_shape_in_words(block.shape)}"
        )


@dataclass(frozen=True)
class Block:
    """The coordinates of one array or number of the arguments."""

    name: str
    argument: int
    shape: tuple[int, ...]
    start: int

    @property
    def size(self) -> int:
        """How many coordinates it has."""
        return math.prod(self.shape)

    @property
    def part(self) -> slice:
        """Where its coordinates stand in the vector."""
        return slice(self.start, self.start + self.size)

    def label(self, place: int) -> str:
        """Name one of its coordinates: ``w[0, 2]``."""
        if not self.shape:
            return self.name
        index = np.unravel_index(place - self.start, self.shape)
        return f"{self.name}[{', '.join(map(str, index))}]"


class Arguments:
    """The arguments of one check: which are differentiated, as one flat vector."""

    def __init__(
        self, fn: Callable[..., Any], args: Sequence[Nest], argnums: Argnums
    ) -> None:
        self.args = list(args)
        self.notes: list[str] = []
        self.bare = isinstance(argnums, int) or (argnums is None and len(args) == 1)
        self.places = _places(argnums, args)
        _must_take(fn, args)
        names = parameter_names(fn, len(args))
        self.blocks: list[Block] = []
        self.structures: list[Structure] = []
        vector: list[float] = []
        for place in self.places:
            name = names[place]
            numbers, structure = flatten(self._converted(place, name), name)
            self.structures.append(structure)
            self.blocks += _blocks(structure, name, place, len(vector))
            vector += [float(number) for number in numbers]
        self.vector = np.array(vector, float)
        self.single = _are_single([args[place] for place in self.places])
        self.redraw: Callable[[], Nest] | None = None  # the first, at a new point
        self._firsts = {self.vector.tobytes(): args[0]}
        self._refuse_what_cannot_be_compared()

    def _converted(self, place: int, name: str) -> Nest:
        """Return an argument with its integers as floats, and say so."""
        nest = self.args[place]
        kinds = {x.dtype.kind for x in _arrays(nest)}
        if kinds & set("iu") or (isinstance(nest, int) and not isinstance(nest, bool)):
            self.notes.append(
                f"{name} holds integers: they were converted to floats, since a "
                f"derivative moves them by less than 1"
            )
            nest = _as_floats(nest)
            self.args[place] = nest
        return nest

    def _refuse_what_cannot_be_compared(self) -> None:
        if not len(self.vector):
            raise ArgumentError(
                "there is nothing to compare: the arguments hold no number "
                f"({', '.join(f'{b.name} has shape {b.shape}' for b in self.blocks)})"
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
            block = Block("the arguments", 0, (len(self.places),), 0)
            raise ShapeMismatch(block, _structure_of(parts), gradient)
        found: list[Array] = []
        blocks = iter(self.blocks)
        for part, structure in zip(parts, self.structures, strict=True):
            _read(part, structure, blocks, found)
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


def _must_take(fn: Callable[..., Any], args: Sequence[Nest]) -> None:
    """Raise `ArgumentError` where a function can't be called with these arguments."""
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError):
        return  # one that does not say what it takes
    try:
        signature.bind(*args)
    except TypeError as error:
        raise ArgumentError(
            f"the function takes {signature}, and was given {len(args)} of them "
            f"({error}): give its arguments one by one, such as "
            f"check_gradient(f, hand, x, y)"
        ) from None


def _places(argnums: Argnums, args: Sequence[Nest]) -> list[int]:
    if not args:
        raise ArgumentError("there is nothing to check: give the function's arguments")
    given = range(len(args)) if argnums is None else argnums
    wanted = [given] if isinstance(given, int) else list(given)
    for place in wanted:
        if not isinstance(place, int) or not -len(args) <= place < len(args):
            raise ArgumentError(
                f"argnums is {argnums!r}, but there are {len(args)} arguments: give "
                f"the place of one, or a tuple of places"
            )
    places = [place % len(args) for place in wanted]
    if len(set(places)) != len(places):
        raise ArgumentError(f"argnums {argnums!r} name an argument twice")
    return places


def _blocks(structure: Structure, name: str, argument: int, start: int) -> list[Block]:
    if structure.kind == "number":
        return [Block(name, argument, (), start)]
    if structure.kind == "array":
        return [Block(name, argument, structure.keys, start)]
    numbers = structure.children and all(c.kind == "number" for c in structure.children)
    if numbers and not issubclass(structure.kind, dict):
        return [Block(name, argument, (len(structure.children),), start)]
    found: list[Block] = []
    for key, child in zip(structure.keys, structure.children, strict=True):
        found += _blocks(child, f"{name}[{key!r}]", argument, start)
        start += child.size
    return found


def _read(
    nest: Nest, structure: Structure, blocks: Iterator[Block], found: list[Array]
) -> None:
    numbers = structure.kind not in ("number", "array") and all(
        child.kind == "number" for child in structure.children
    )
    if structure.kind in ("number", "array") or (
        numbers and not issubclass(structure.kind, dict)
    ):
        block = next(blocks)
        try:
            array = np.asarray(nest)
            if array.dtype.kind not in "iufb":
                array = np.asarray(nest, dtype=float)
        except (TypeError, ValueError):
            raise ShapeMismatch(block, describe(nest), nest) from None
        if array.shape != block.shape:
            raise ShapeMismatch(block, array.shape, nest)
        found.append(array.astype(float))
        return
    sort = dict if issubclass(structure.kind, dict) else list | tuple
    keys = set(nest) if isinstance(nest, dict) else set(range(_length(nest)))
    if not isinstance(nest, sort) or keys != set(structure.keys):
        raise ShapeMismatch(next(blocks), _structure_of(nest), nest)
    for key, child in zip(structure.keys, structure.children, strict=True):
        _read(nest[key], child, blocks, found)


def _wrapped(gradient: Nest, structure: Structure) -> bool:
    """Tell a gradient of one argument that was given as a tuple of one."""
    if not isinstance(gradient, tuple) or len(gradient) != 1:
        return False
    return structure.kind in ("number", "array") or len(structure.keys) != 1


def _length(nest: Nest) -> int:
    return len(nest) if isinstance(nest, list | tuple) else -1


def _structure_of(nest: Nest) -> Any:
    if isinstance(nest, np.ndarray):
        return nest.shape
    if isinstance(nest, list | tuple | dict):
        return f"a {type(nest).__name__} of length {len(nest)}"
    return describe(nest)


def _shape_in_words(shape: Any) -> str:
    if isinstance(shape, tuple):
        return f"shape {shape}"
    return str(shape)


def _arrays(nest: Nest) -> list[Array]:
    if isinstance(nest, np.ndarray | np.generic):
        return [np.asarray(nest)]
    if isinstance(nest, dict):
        nest = list(nest.values())
    if isinstance(nest, list | tuple):
        return [array for item in nest for array in _arrays(item)]
    return []


def _as_floats(nest: Nest) -> Nest:
    if isinstance(nest, np.ndarray | np.generic):
        return nest.astype(float) if nest.dtype.kind in "iu" else nest
    if isinstance(nest, int):
        return float(nest)
    if isinstance(nest, dict):
        return {key: _as_floats(item) for key, item in nest.items()}
    if isinstance(nest, list | tuple):
        items = [_as_floats(item) for item in nest]
        return type(nest)(items) if type(nest) in (list, tuple) else nest
    return nest


def _are_single(nests: Sequence[Nest]) -> bool:
    dtypes = {array.dtype for nest in nests for array in _arrays(nest)}
    floats = {dtype for dtype in dtypes if dtype.kind == "f"}
    return bool(floats) and all(dtype.itemsize <= 4 for dtype in floats)


def _typed_like(nest: Nest, given: Nest) -> Nest:
    """Give float arrays the dtype of the argument's."""
    if isinstance(nest, np.ndarray):
        if (
            nest.dtype == float
            and isinstance(given, np.ndarray)
            and given.dtype.kind == "f"
        ):
            return nest.astype(given.dtype)
        return nest
    if isinstance(given, np.generic) and given.dtype.kind == "f":
        return given.dtype.type(nest) if isinstance(nest, float) else nest
    if isinstance(nest, dict) and isinstance(given, dict):
        return {key: _typed_like(nest[key], given[key]) for key in nest}
    if type(nest) in (list, tuple):
        return type(nest)(_typed_like(n, g) for n, g in zip(nest, given, strict=True))
    return nest
