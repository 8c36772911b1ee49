"""`Node`: what a Value is in memory, knows of itself, and says when misused."""

import numbers
import operator
from collections.abc import Callable
from functools import partial
from typing import Any, Self

from . import storage
from .errors import CutGraphError, NumberError
from .floats import LARGEST
from .kinds import FLOATS, namespace_of_type
from .layout import NODE_SLOTS, edges, number_of, operands_of, parents_of
from .modes import ACTIVE, STATE, Source
from .rules import Rule

Number = Any
FLOAT_TYPES = {float, int}
_NUMPY_BOOLS = {"bool", "bool_"}  # the second up to NumPy 1.26; Python's is "bool" too


def _comparison(name: str) -> Any:
    compare = getattr(operator, name)

    def compare_data(self: Any, other: Any) -> Any:
        if ACTIVE and STATE.trace is not None:
            return STATE.trace.compare(name, self, other)
        return (
            compare(self.data, number_of(other))
            if is_operand(other)
            else NotImplemented
        )

    return compare_data


class Node:
    """A number with the operation that made it; `Value` adds operators and sweeps."""

    __slots__ = NODE_SLOTS
    is_recorded = False  # whether it stands for a number that each call gives anew
    data: Number
    grad: Number
    rule: Rule | None
    label: str | None
    _left: Any
    _right: Any
    _d_left: Any
    _d_right: Any
    _mark: Any
    _bar: Any

    # What a node knows of itself

    @property
    def operands(self) -> tuple[Any, ...]:
        """Every operand in order: Values and plain numbers."""
        return operands_of(self)

    @property
    def parents(self) -> tuple[Any, ...]:
        """The operands that are Values, in order; ``x*x`` has two."""
        return parents_of(self)

    @property
    def local_derivatives(self) -> tuple[Callable[[], Number], ...]:
        """One function a parent: ∂v/∂parent as it was in the forward pass."""
        return tuple(partial(_same, d) for _, d in edges(self))

    @property
    def is_leaf(self) -> bool:
        """Whether no operation made this node."""
        return self.rule is None

    @property
    def source(self) -> Source | None:
        """The user's line that made this node, if `record_sources()` was on."""
        return None

    def item(self) -> Number:
        """Return the plain number, `v.data`."""
        return self.data

    # Comparisons compare data; equal numbers are still different nodes

    __eq__ = _comparison("eq")
    __ne__ = _comparison("ne")
    __lt__ = _comparison("lt")
    __le__ = _comparison("le")
    __gt__ = _comparison("gt")
    __ge__ = _comparison("ge")
    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return bool(self != 0)

    # A number taken out of the graph is asked for by name

    def __float__(self) -> float:
        raise _cut_graph("float(v), or a function of math such as math.sin(v),")

    def __int__(self) -> int:
        raise _cut_graph("int(v)")

    def __index__(self) -> int:
        raise _cut_graph("a Value as an index")

    def __complex__(self) -> complex:
        raise _cut_graph("complex(v)")

    def __repr__(self) -> str:
        label = "" if self.label is None else f", label={self.label!r}"
        return f"Value(data={self.data!r}, grad={self.grad!r}{label})"

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        try:
            return format(self.data, spec)
        except TypeError:  # a Fraction has no formats before Python 3.12
            return format(float(self.data), spec)

    # Copies keep a graph's sharing, at any depth

    def __copy__(self) -> Self:
        new: Self = storage.shallow_copy(self)
        return new

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        new: Self = storage.deep_copy(self, memo)
        return new

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return storage.reduce_node(self)


def _same(d: Number) -> Number:
    return d


def real_number(data: Any) -> Number:
    """Return data as a number that a Value may hold, or say why it can't."""
    if type(data).__name__ in _NUMPY_BOOLS:
        raise NumberError(
            f"Value() takes a real number, got the bool {data}: use where(condition, "
            f"a, b) to choose, or float({data})"
        )
    if isinstance(data, Node):
        raise NumberError(
            f"Value() takes a number, got {data!r}: use it as it is, "
            f"or v.detach() for a new leaf with the same number"
        )
    m = namespace_of_type(type(data))
    if m is FLOATS:
        number = int(data) if isinstance(data, numbers.Integral) else float(data)
        if type(number) is int and abs(number) > LARGEST:
            raise NumberError(
                f"an int of {number.bit_length()} bits does not fit beside floats: "
                f"use fractions.Fraction(number) to stay exact, or math.inf"
            )
        return number
    if m is not None:  # a constant of mpmath, such as pi, becomes a number
        return m.lift(data) if type(data).__name__ == "constant" else data
    hint = ""
    if isinstance(data, str):
        hint = "; for text use float(text)"
    elif isinstance(data, numbers.Complex):
        hint = "; use its real and imaginary parts as two Values"
    elif hasattr(data, "__len__") or hasattr(data, "shape"):
        hint = "; for an array of Values use autograd.array(data)"
    raise NumberError(
        f"Value() takes a real number (float, int, Fraction or mpmath.mpf), got "
        f"{describe(data)}{hint}"
    )


def describe(x: Any) -> str:
    """Name a thing of the wrong kind by its type and a short repr."""
    text = repr(x)
    return f"{type(x).__name__} {text if len(text) < 60 else text[:57] + '...'}"


def _cut_graph(what: str) -> CutGraphError:
    return CutGraphError(
        f"{what} would cut the graph: write v.data or v.item() for the plain number, "
        f"or autograd.<name> in place of math.<name> to keep the derivative"
    )


def is_operand(x: Any) -> bool:
    """Tell whether x is a Value or a real number, bools and NumPy scalars included."""
    return (
        type(x) in FLOAT_TYPES
        or isinstance(x, Node | bool)
        or namespace_of_type(type(x)) is not None
        or (type(x).__module__ == "numpy" and type(x).__name__ in _NUMPY_BOOLS)
    )


def plain(x: Any) -> Number:
    """Return the number of an operand; a bool counts as 0 or 1, as in NumPy."""
    if isinstance(x, Node):
        x = x.data
    if type(x) in FLOAT_TYPES:
        return x
    return int(x) if type(x).__name__ in _NUMPY_BOOLS else real_number(x)
