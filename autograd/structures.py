"""Nests of numbers: lists, tuples, dicts and arrays, taken apart and put together."""

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

from .errors import ArgumentError, NumberError
from .functions import is_array
from .kinds import FLOATS, namespace_of_type
from .layout import is_number
from .node import Node, describe

Nest = Any
Number = Any
Path = Any  # the nest's name, or the path of what holds it and the key there

_NUMERIC = "iuf"  # NumPy's letters for signed, unsigned and floating-point numbers


@dataclass(frozen=True, slots=True)
class Structure:
    """How a nest is built: of numbers, arrays and containers of nests.

    kind: the type of a container; "number" or "array".
    keys: of a container; of an array its shape.
    children: the structures of a container's items.
    """

    kind: Any
    keys: tuple[Any, ...] = ()
    children: tuple["Structure", ...] = ()
    size: int = 1
    sample: Any = field(default=None, compare=False, repr=False)

    def fill(self, make: Callable[["Structure"], Any]) -> Nest:
        """Build the nest from what `make` gives for each number and array in it."""
        kind = self.kind
        if kind in ("number", "array"):
            return make(self)
        return self._holding([child.fill(make) for child in self.children])

    def _holding(self, items: list[Any]) -> Nest:
        """Return a container of this kind with these items."""
        kind = self.kind
        if kind is list:
            return items
        if issubclass(kind, dict):
            filled = copy.copy(self.sample)  # a subclass may be more than its items
            for key, item in zip(self.keys, items, strict=True):
                filled[key] = item  # not update(): that of a Counter counts
            return filled
        return kind._make(items) if hasattr(kind, "_make") else kind(items)

    def build(self, numbers: Iterable[Number]) -> Nest:
        """Build the nest from its numbers in order.

        >>> leaves, structure = flatten({"w": [1.0, 2.0], "b": 3.0})
        >>> structure.build(10 * x for x in leaves)
        {'w': [10.0, 20.0], 'b': 30.0}
        """
        return self._build(iter(numbers))

    def _build(self, rest: Iterator[Number]) -> Nest:
        if self.kind == "number":
            return next(rest)
        if self.kind == "array":
            return to_array(list(islice(rest, self.size)), self.keys)
        if self.children.count(NUMBER) == len(self.children):
            return self._holding(list(islice(rest, self.size)))
        return self._holding([child._build(rest) for child in self.children])

    def read(self, nest: Nest, name: str) -> list[Number]:
        """Return the numbers, in order, of a nest that must have this structure.

        Lists and tuples may stand for each other, and the order of a dict is its own.
        Raises `ArgumentError` where the structures differ; `name` is the nest's there.
        """
        numbers: list[Number] = []
        self._read(nest, name, numbers)
        return numbers

    def _read(self, nest: Nest, path: Path, numbers: list[Number]) -> None:
        if self.kind == "number":
            fits = _is_leaf(nest)
            numbers.append(nest)
        elif self.kind == "array":
            fits = is_array(nest) and nest.shape == self.keys
            if fits:
                numbers += _entries(nest, path)
        else:
            sort = dict if issubclass(self.kind, dict) else list | tuple
            fits = isinstance(nest, sort) and set(_keys(nest)) == set(self.keys)
            if fits:
                for key, child in zip(self.keys, self.children, strict=True):
                    child._read(nest[key], (path, key), numbers)
        if not fits:
            raise ArgumentError(f"{_at(path)} must be {self}, got {_shown(nest)}")

    def __str__(self) -> str:
        if self.kind == "number":
            return "a number"
        if self.kind == "array":
            return f"an array of shape {self.keys}"
        if issubclass(self.kind, dict):
            return f"a {self.kind.__name__} with the keys {list(self.keys)}"
        return f"a {self.kind.__name__} of length {len(self.keys)}"


NUMBER = Structure("number")


def flatten(nest: Nest, name: str = "the nest") -> tuple[list[Number], Structure]:
    """Return the numbers of a nest in order, Values included, and its structure.

    >>> flatten([1.0, (2.0, 3.0)])[0]
    [1.0, 2.0, 3.0]

    Raises `NumberError` for anything that is no real number, naming its place.
    """
    numbers: list[Number] = []
    return numbers, _structure(nest, name, numbers)


def container(kind: type, items: list[Structure]) -> Structure:
    """Return the structure of a list or tuple of nests."""
    size = sum(item.size for item in items)
    return Structure(kind, tuple(range(len(items))), tuple(items), size)


def _structure(nest: Nest, path: Path, numbers: list[Number]) -> Structure:
    """Return a nest's structure, and append its numbers."""
    if _is_leaf(nest):
        numbers.append(nest)
        return NUMBER
    if is_array(nest):
        numbers += _entries(nest, path)
        return Structure("array", nest.shape, size=nest.size)
    if not isinstance(nest, list | tuple | dict):
        raise _not_a_number(nest, path)
    if type(nest) in (list, tuple) and all(map(_is_leaf_type, set(map(type, nest)))):
        numbers += nest
        make = _short_row if len(nest) <= _SHORT else _row
        return make(type(nest), len(nest))
    keys = _keys(nest)
    children = tuple(_structure(nest[key], (path, key), numbers) for key in keys)
    size = sum(child.size for child in children)
    sample = _emptied(nest) if isinstance(nest, dict) else None
    return Structure(type(nest), keys, children, size, sample)


def _row(kind: type, count: int) -> Structure:
    """Return the structure of a list or tuple of numbers."""
    return container(kind, [NUMBER] * count)


_SHORT = 100
_short_row = lru_cache(2 * _SHORT)(_row)


def _emptied(nest: dict[Any, Nest]) -> dict[Any, Nest]:
    """Return a copy that keeps none of the items alive: a graph may hang on them."""
    sample = copy.copy(nest)
    for key in nest:
        dict.__setitem__(sample, key, 0.0)
    return sample


def _keys(nest: Nest) -> tuple[Any, ...]:
    return tuple(nest) if isinstance(nest, dict) else tuple(range(len(nest)))


def _is_leaf(x: Any) -> bool:
    return _is_leaf_type(type(x))


def _is_leaf_type(kind: type) -> bool:
    if kind is float or issubclass(kind, Node):
        return True
    return namespace_of_type(kind) is not None


def _entries(array: Any, path: Path) -> list[Number]:
    """Return an array's numbers in order, floats or what an object array holds."""
    if array.dtype.kind in _NUMERIC:
        return array.astype(float).ravel().tolist()  # type: ignore[no-any-return]
    if array.dtype.kind != "O":
        raise _not_a_number(array, path)
    entries: list[Number] = array.ravel().tolist()
    for place, entry in enumerate(entries):
        if not _is_leaf(entry):
            raise _not_a_number(entry, (path, place))
    return entries


def to_array(numbers: list[Number], shape: tuple[int, ...]) -> Any:
    """Return an array: of floats, a ValueArray of Values, of objects if exact."""
    import numpy

    if all(namespace_of_type(type(x)) is FLOATS for x in numbers):
        return numpy.array(numbers, dtype=float).reshape(shape)
    entries = numpy.empty(len(numbers), dtype=object)
    entries[:] = numbers
    if all(map(is_number, numbers)):
        return entries.reshape(shape)
    from .arrays import gathered

    return gathered(entries.reshape(shape))


def _not_a_number(x: Any, path: Path) -> NumberError:
    return NumberError(
        f"{_at(path)} is {_shown(x)}: give real numbers, Values, "
        f"arrays of them, and lists, tuples and dicts of those"
    )


def _at(path: Path) -> str:
    """Write a path as ``name`` or ``name, at [key][key],``."""
    keys = ""
    while not isinstance(path, str):
        path, key = path
        keys = f"[{key!r}]{keys}"
    return f"{path}, at {keys}," if keys else path


def _shown(x: Any) -> str:
    if is_array(x):
        return f"an array of shape {x.shape} and dtype {x.dtype}"
    return describe(x)
