"""What a call looks like: its numbers, and a key for all else that a recording fixes.

Floats, arrays of floats and whole numbers marked as indices are numbers; how they are
nested, and every other argument (ints, bools, strings, arrays of ints, functions), is
the key: two calls with the same key can use the same program.
"""

import copy
from array import array
from collections.abc import Callable, Hashable, Sequence
from functools import cache
from itertools import product
from typing import Any, TypeAlias

from ..errors import NumberError, TracingError
from ..functions import is_array
from ..kinds import FLOATS, namespace_of_type
from ..node import Node, describe

_LARGEST = 2**53  # up to here a double holds every whole number

# Doubles in memory, as machine code and NumPy take them.
Numbers: TypeAlias = "array[float]"


class LiveError(Exception):
    """The arguments hold Values: their derivatives must go on, nothing is replayed."""


def signature(x: Any, numbers: Numbers, index: bool = False) -> Hashable:
    """Return an argument's key, and append its numbers.

    Raises `LiveError` for Values, `TracingError` for what can be neither.
    """
    return _READERS[type(x)](x, numbers, index)


def _of_sequence(x: Any, numbers: Numbers, index: bool) -> Hashable:
    if x and type(x[0]) is float and not index:
        kinds = list(map(type, x))
        if kinds.count(float) == len(kinds):
            numbers.fromlist(list(x))
            return (type(x), *("number",) * len(kinds))
    key: list[Any] = [type(x)]
    for each in x:
        key.append(_READERS[type(each)](each, numbers, index))
    return tuple(key)


def _of_dict(x: Any, numbers: Numbers, index: bool) -> Hashable:
    key: list[Any] = [type(x)]
    for name, each in x.items():
        key.append((name, _READERS[type(each)](each, numbers, index)))
    return tuple(key)


def _of_node(x: Any, numbers: Numbers, index: bool) -> Hashable:
    raise LiveError


def _of_float(x: Any, numbers: Numbers, index: bool) -> Hashable:
    if index:
        return _of_other(x, numbers, index)
    numbers.append(x)
    return "number"


def _of_other(x: Any, numbers: Numbers, index: bool) -> Hashable:
    """Read an index or a constant."""
    kind: Any = type(x)
    sort = "" if kind is int else _sort(kind)
    if index:
        if sort == "bool" or not hasattr(x, "__index__"):
            raise NumberError(f"an index argument is a whole number, got {describe(x)}")
        place = x.__index__()
        if not -_LARGEST <= place <= _LARGEST:
            raise NumberError(
                f"an index argument is a whole number from -2**53 to 2**53, got "
                f"{describe(x)}: as a constant, not in index_argnums, it may be larger"
            )
        numbers.append(place)
        return "index"
    if sort == "exact":
        raise NumberError(f"a compiled function computes in floats, got {describe(x)}")
    try:
        hash(x)
    except TypeError:
        raise TracingError(
            f"a compiled function takes floats, arrays, lists, tuples and dicts of "
            f"them, and hashable constants; got {describe(x)}: let the function close "
            f"over it"
        ) from None
    return kind, x


def attributes(x: Any) -> dict[str, Any]:
    """Return what a container of a user's own type has besides what it contains."""
    return getattr(x, "__dict__", {})


def _with_attributes(reader: "Reader") -> "Reader":
    """Return a reader of containers, with attributes that are constants."""

    def read(x: Any, numbers: Numbers, index: bool) -> Hashable:
        key = reader(x, numbers, index)
        if not (given := attributes(x)):
            return key
        return (key, *((name, _fixed(name, y)) for name, y in given.items()))

    return read


def _fixed(name: str, x: Any) -> Hashable:
    """Return the key of a constant that may be made of numbers."""
    if isinstance(x, Node):
        return id(x), x  # read anew, as any Value from outside
    numbers: Numbers = array("d")
    try:
        return signature(x, numbers), numbers.tobytes()
    except LiveError:
        raise TracingError(
            f"the attribute {name} of an argument holds Values in {describe(x)}: let "
            f"the function close over it"
        ) from None


Reader: TypeAlias = Callable[[Any, Numbers, bool], Hashable]


class _Readers(dict[type, Reader]):
    """What reads the arguments of a type, by the type."""

    def __missing__(self, kind: Any) -> Reader:
        by_sort = {
            "sequence": _of_sequence,
            "dict": _of_dict,
            "node": _of_node,
            "float": _of_float,
        }
        sort = _sort(kind)
        reader = _array_reader() if sort == "array" else by_sort.get(sort, _of_other)
        if sort in ("sequence", "dict") and kind.__dictoffset__:
            reader = _with_attributes(reader)
        self[kind] = reader
        return reader


_READERS = _Readers()


@cache
def _sort(kind: type) -> str:
    """Return what the arguments of a type are."""
    if issubclass(kind, list | tuple):
        return "sequence"
    if issubclass(kind, dict):
        return "dict"
    if issubclass(kind, Node):
        return "node"
    if any(base.__name__ == "ndarray" for base in kind.__mro__):
        return "array"
    if kind is bool or kind.__name__ in ("bool", "bool_"):
        return "bool"
    if hasattr(kind, "dtype"):  # a scalar of NumPy
        return "float" if hasattr(kind, "is_integer") and not _whole(kind) else "whole"
    if issubclass(kind, float):
        return "float"
    exact = namespace_of_type(kind) not in (None, FLOATS)
    return "exact" if exact else "constant"


def _whole(kind: type) -> bool:
    return hasattr(kind, "__index__")


@cache
def _array_reader() -> Reader:
    import numpy

    plain, double = numpy.ndarray, numpy.dtype(float)

    def read(x: Any, numbers: Numbers, index: bool) -> Hashable:
        if x.dtype is double and type(x) is plain and not index:  # most of them
            numbers.frombytes(x.tobytes())
            return "array", x.shape, False
        return _of_array(x, numbers, index)

    return read


def check_plain(x: Any) -> None:
    """Raise `NumberError` for an array that computes in ways of its own."""
    if any(base.__name__ in ("matrix", "MaskedArray") for base in type(x).__mro__):
        raise NumberError(
            f"a compiled function takes plain arrays, got a {type(x).__name__}: use "
            f"np.asarray(matrix), masked.filled(number)"
        )


def _of_array(x: Any, numbers: Numbers, index: bool) -> Hashable:
    check_plain(x)
    kind = x.dtype.kind
    if index and kind not in "iu":
        raise NumberError(f"an index argument is whole, got an array of {x.dtype}")
    if kind == "f" or index:
        floats = x if x.dtype == float else x.astype(float)
        numbers.frombytes(floats.tobytes())
        return "array", x.shape, index
    if kind == "O":
        if any(isinstance(each, Node) for each in x.ravel().tolist()):
            raise LiveError
        raise NumberError(
            "an array of dtype object holds no floats: use array.astype(float)"
        )
    return "constant", x.shape, x.dtype.str, x.tobytes()


def call_key(
    args: Sequence[Any],
    keywords: dict[str, Any],
    indices: tuple[int, ...],
    numbers: Numbers,
) -> Hashable:
    """Return the key of a call, some of whose arguments are indices."""
    keys: list[Hashable] = []
    for i, x in enumerate(args):
        if type(x) is float and not indices:  # as its reader does, in half the time
            numbers.append(x)
            keys.append("number")
        else:
            keys.append(_READERS[type(x)](x, numbers, i in indices))
    return tuple(keys), _of_dict(keywords, numbers, False) if keywords else ()


def key_of_array(shape: tuple[int, ...], index: bool) -> Hashable:
    """Return the key of an array of numbers, or of one number for the shape ()."""
    if shape:
        return "array", shape, index
    return "index" if index else "number"


def rebuilt(
    x: Any, make: Callable[[str, bool], Any], name: str, index: bool = False
) -> Any:
    """Return the argument with `make(name, index)` for each number, in order."""
    kind: Any = type(x)
    if kind is float:
        return make(name, index)
    if isinstance(x, list | tuple):
        items = [rebuilt(y, make, f"{name}[{i}]", index) for i, y in enumerate(x)]
        sequence = x._make(items) if hasattr(x, "_make") else type(x)(items)
        if given := attributes(x):
            vars(sequence).update(given)
        return sequence
    if isinstance(x, dict):
        made = copy.copy(x)  # a subclass may be more than its items
        for key, each in x.items():
            made[key] = rebuilt(each, make, f"{name}[{key!r}]", index)
        return made
    if is_array(x):
        if x.dtype.kind != "f" and not index:
            return x
        return _array(x, make, name, index)
    if index or _sort(kind) == "float":
        return make(name, index)
    return x


def _array(x: Any, make: Callable[[str, bool], Any], name: str, index: bool) -> Any:
    import numpy

    made = numpy.empty(x.size, dtype=object)
    places = product(*map(range, x.shape))
    made[:] = [
        make(f"{name}{list(place)}" if place else name, index) for place in places
    ]
    made = made.reshape(x.shape)
    if index:
        return made
    from ..arrays import gathered

    return gathered(made)
