"""What NumPy's functions do to arrays of Values: rows of the rule table, in loops.

Everything here takes plain arrays (of dtype object where Values are in them) and gives
plain object arrays; `arrays.py` makes `ValueArray` of them, and reads `FUNCTIONS`: what
implements a NumPy function, under its name.
"""

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from itertools import accumulate, chain, compress
from typing import Any

import numpy as np

from .errors import ArgumentError, NumberError, UnsupportedFunctionError
from .kinds import FLOATS, namespace_of_type
from .layout import number_of
from .rules import RULES, Rule
from .value import Value, apply

Array = np.ndarray[Any, np.dtype[Any]]
Row = Sequence[Any]  # the elements that one result is made of

FUNCTIONS: dict[str, Callable[..., Any]] = {}


def _implements(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function in `FUNCTIONS`; its parameters are in NumPy's order.

    `out` and `dtype` are dealt with by the caller.
    """

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS.update(dict.fromkeys(names, function))
        return function

    return enter


# Elements


def operand(x: Any) -> Array:
    """Return a plain array of Values or real numbers, or say why x is none."""
    found = np.asarray(x)
    if isinstance(x, np.ma.MaskedArray):
        raise NumberError(
            "a masked array would lose its mask here: use x.filled(number), or "
            "np.where(mask, number, values)"
        )
    if found.dtype.kind == "f":
        return found.astype(float, copy=False)  # also float32 and longdouble
    if found.dtype.kind not in "biuO":
        raise NumberError(
            f"expected an array of real numbers or Values, got one of {found.dtype}"
        )
    return found


def numbers(x: Any) -> Array:
    """Return the plain numbers of an array: floats, or objects where they are exact."""
    found = np.asarray(x)
    if found.dtype != object:
        return found
    flat = list(map(number_of, found.ravel().tolist()))
    if all(namespace_of_type(kind) is FLOATS for kind in set(map(type, flat))):
        return np.array(flat, float).reshape(found.shape)
    return np.fromiter(flat, object, len(flat)).reshape(found.shape)


_OPERATORS = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
}


def _quick(rule: Rule) -> Callable[..., Any]:
    """Return the fastest function of a rule; `apply` is right for all of them."""
    quick = _OPERATORS.get(rule.name)
    if quick is None and rule.arity == 1:
        quick = getattr(Value, rule.name, None)
    if quick is None or RULES.get(rule.name) is not rule:
        return partial(apply, rule)

    def function(*operands: Any) -> Any:
        # Between plain numbers, an operator would raise at 1/0.
        for x in operands:
            if isinstance(x, Value):
                return quick(*operands)
        return apply(rule, *operands)

    return function


@lru_cache(maxsize=1024)
def _vectorized(function: Rule | Callable[..., Any], arity: int, results: int) -> Any:
    scalar = _quick(function) if isinstance(function, Rule) else function
    return np.frompyfunc(scalar, arity, results)


def elementwise(function: Any, *operands: Any, results: int = 1) -> Any:
    """Apply a rule or a function of scalars element by element; operands broadcast.

    Return an object array, or a tuple of them where there are several results.
    """
    loop = _vectorized(function, len(operands), results)
    # C code behind the elements sets flags that NumPy would report as warnings.
    with np.errstate(all="ignore"):
        found = loop(*map(operand, operands))
    if results == 1:
        return np.asarray(found, object)
    return tuple(np.asarray(each, object) for each in found)


# Rows: elements along axes


def _rows(a: Array, axes: Any) -> tuple[tuple[int, ...], list[list[Any]]]:
    """Return the shape that is left without these axes, and its rows."""
    moved = np.moveaxis(a, axes, range(-len(axes), 0))
    shape = moved.shape[: a.ndim - len(axes)]
    count = math.prod(moved.shape[len(shape) :])
    rows: list[list[Any]] = moved.reshape(math.prod(shape), count).tolist()
    return shape, rows


def fold(
    function: Callable[[Row], Any],
    x: Any,
    axis: Any = None,
    keepdims: bool = False,
    where: Any = True,
    initial: Any = None,
) -> Array:
    """Make one element of each row along the axes; `where` chooses, `initial` joins."""
    a = operand(x)
    axes = range(a.ndim) if axis is None else axis
    axes = axes if isinstance(axes, Iterable) else (axes,)
    shape, rows = _rows(a, tuple(axes))
    if where is not True:
        _, masks = _rows(np.broadcast_to(operand(where), a.shape), tuple(axes))
        rows = [list(compress(row, mask)) for row, mask in zip(rows, masks, strict=True)]
    if initial is not None:
        rows = [[initial, *row] for row in rows]
    with np.errstate(all="ignore"):
        found = np.fromiter(map(function, rows), object, len(rows)).reshape(shape)
    return np.expand_dims(found, tuple(axes)) if keepdims else found


def scan(step: Callable[[Any, Any], Any], x: Any, axis: Any, start: Row = ()) -> Array:
    """Fold step by step along an axis and keep every stage; None flattens."""
    a = operand(x)
    a, axis = (a.ravel(), 0) if axis is None else (np.atleast_1d(a), axis)
    _, rows = _rows(a, (axis,))
    stages = [list(accumulate([*start, *row], step)) for row in rows]
    shape = (*np.moveaxis(a, axis, -1).shape[:-1], a.shape[axis] + len(start))
    flat = np.fromiter(chain.from_iterable(stages), object, math.prod(shape))
    return np.moveaxis(flat.reshape(shape), -1, axis)


def row_function(rule: Rule) -> Callable[[Row], Any]:
    """Return the rule of any number of operands as a function of a row."""

    def function(row: Row) -> Any:
        if not row and rule.name in ("max", "min", "logsumexp"):
            raise ArgumentError(
                f"{rule.name} of no elements has no value: give initial=, or an array "
                f"that has elements"
            )
        return apply(rule, *row)

    return function


_add, _sub, _mul, _div, _sqrt, _abs, _pow = (
    partial(apply, RULES[name]) for name in "add sub mul div sqrt abs pow".split()
)
_sum, _prod, _mean, _max, _min, _norm = (
    row_function(RULES[name]) for name in "sum prod mean max min norm".split()
)


@_implements("sum")
def _np_sum(
    a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True
):  # type: ignore[no-untyped-def]
    return fold(_sum, a, axis, keepdims, where, initial)


@_implements("prod")
def _np_prod(
    a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True
):  # type: ignore[no-untyped-def]
    return fold(_prod, a, axis, keepdims, where, initial)
