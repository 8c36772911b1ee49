"""What NumPy's functions do to arrays of Values: rules, element by element or in rows.

Everything here takes plain arrays (of dtype object where Values are in them) and gives
plain object arrays. `array_tables.py` says which function of NumPy is done by which of
these, `arrays.py` makes a `ValueArray` of the result.
"""

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from functools import cmp_to_key, lru_cache, partial
from itertools import accumulate, chain, compress
from typing import Any

import numpy as np

from .errors import ArgumentError, NumberError, UnsupportedFunctionError
from .kinds import FLOATS, namespace_of_type
from .layout import number_of
from .modes import ACTIVE, STATE
from .rules import RULES, Rule
from .value import Value, apply

Array = np.ndarray[Any, np.dtype[Any]]
Row = Sequence[Any]  # the elements that one result is made of

# Elements


def operand(x: Any) -> Array:
    """Return a plain array of Values or real numbers, or say why x is none."""
    if isinstance(x, np.ma.MaskedArray):
        raise NumberError(
            "a masked array would lose its mask here: use masked.filled(number), or "
            "np.where(mask, number, values)"
        )
    found = np.asarray(x)
    if found.dtype.kind == "f":
        return found.astype(float, copy=False)  # float32 and longdouble as well
    if found.dtype.kind not in "biuO":
        raise NumberError(
            f"expected an array of real numbers or Values, got dtype {found.dtype}"
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


def _scalar_function(rule: Rule) -> Callable[..., Any]:
    """Return a rule as a function of scalars: by the operator or method of its own."""
    quick = _OPERATORS.get(rule.name)
    if quick is None and rule.arity == 1:
        quick = getattr(Value, rule.name, None)
    if quick is None or RULES.get(rule.name) is not rule:
        return partial(apply, rule)

    def function(*scalars: Any) -> Any:
        for x in scalars:
            if isinstance(x, Value):
                return quick(*scalars)
        return apply(rule, *scalars)  # an operator would raise at 1.0 / 0.0

    return function


@lru_cache(maxsize=1024)
def _loop(function: Rule | Callable[..., Any], arity: int, results: int) -> Any:
    scalar = _scalar_function(function) if isinstance(function, Rule) else function
    return np.frompyfunc(scalar, arity, results)


def elementwise(
    function: Rule | Callable[..., Any], *operands: Any, results: int = 1
) -> Any:
    """Apply a rule, or a function of scalars, element by element; operands broadcast.

    Return an object array, or a tuple of them where there are several results.
    """
    loop = _loop(function, len(operands), results)
    # The C library sets flags of which NumPy would make warnings.
    with np.errstate(all="ignore"):
        found = loop(*map(operand, operands))
    if results == 1:
        return np.asarray(found, object)
    return tuple(np.asarray(each, object) for each in found)


# Rows along axes


def _rows(a: Array, axes: tuple[int, ...]) -> tuple[tuple[int, ...], list[list[Any]]]:
    """Return the shape that is left without these axes, and the row at each place."""
    moved = np.moveaxis(a, axes, range(-len(axes), 0))
    split = a.ndim - len(axes)
    shape = moved.shape[:split]
    table = moved.reshape(math.prod(shape), math.prod(moved.shape[split:]))
    return shape, table.tolist()


def from_rows(rows: Iterable[Row], shape: tuple[int, ...]) -> Array:
    """Return the array of this shape whose elements are those of the rows."""
    flat = chain.from_iterable(rows)
    return np.fromiter(flat, object, math.prod(shape)).reshape(shape)


def fold(
    function: Callable[[Row], Any],
    a: Any,
    axis: Any = None,
    *,
    keepdims: bool = False,
    where: Any = True,
    initial: Any = None,
) -> Array:
    """Make one element of each row along the axes; `where` chooses, `initial` joins."""
    a = operand(a)
    if axis is None or (a.ndim == 0 and axis in (0, -1)):  # a scalar has these two
        axis = range(a.ndim)
    axes = tuple(axis) if isinstance(axis, Iterable) else (axis,)
    shape, rows = _rows(a, axes)
    if where is not True:
        _, masks = _rows(np.broadcast_to(operand(where), a.shape), axes)
        rows = [list(compress(*pair)) for pair in zip(rows, masks, strict=True)]
    if initial is not None:
        rows = [[initial, *row] for row in rows]
    found = from_rows(([function(row)] for row in rows), shape)
    return np.expand_dims(found, axes) if keepdims else found


def scan(
    step: Callable[[Any, Any], Any], a: Any, axis: Any = None, *, start: Row = ()
) -> Array:
    """Fold each row step by step and keep every stage; without an axis, flatten."""
    a = operand(a)
    a, axis = (a.ravel(), 0) if axis is None else (np.atleast_1d(a), axis)
    shape, rows = _rows(a, (axis,))
    stages = [list(accumulate([*start, *row], step)) for row in rows]
    count = a.shape[axis] + len(start)
    return np.moveaxis(from_rows(stages, (*shape, count)), -1, axis)


def row_function(rule: Rule) -> Callable[[Row], Any]:
    """Return a rule of any number of operands as a function of a row."""

    def function(row: Row) -> Any:
        if not row and rule.name == "logsumexp":
            return -math.inf
        if not row and rule.name in ("max", "min"):
            raise ArgumentError(
                f"{rule.name} of no elements has no value: give initial=, or an array "
                f"that has elements"
            )
        return apply(rule, *row)

    return function


add, sub, mul, div, power, magnitude = (
    partial(apply, RULES[name]) for name in ("add", "sub", "mul", "div", "pow", "abs")
)
total, prod, mean, largest, smallest, radius = (
    row_function(RULES[name]) for name in ("sum", "prod", "mean", "max", "min", "norm")
)


def spread(row: Row) -> Any:
    """Return the largest less the smallest element."""
    return sub(largest(row), smallest(row))


def median(row: Row) -> Any:
    """Take the middle element, or the mean of the middle two; NaN if there is one."""
    for x in row:
        if x != x:
            return x
    middle = sorted(row)[(len(row) - 1) // 2 : len(row) // 2 + 1]
    return mean(middle)


def _variance(row: Row, ddof: float) -> Any:
    center = mean(row)
    deviations = [sub(x, center) for x in row]
    squares = apply(RULES["dot"], *deviations, *deviations)
    return div(squares, max(len(row) - ddof, 0))


def var(
    a: Any,
    axis: Any = None,
    *,
    ddof: float = 0,
    correction: Any = None,
    keepdims: bool = False,
    where: Any = True,
) -> Array:
    """Return the mean squared deviation: Σ(x − mean)² / (n − ddof)."""
    ddof = ddof if correction is None else correction
    function = partial(_variance, ddof=ddof)
    return fold(function, a, axis, keepdims=keepdims, where=where)


def std(
    a: Any,
    axis: Any = None,
    *,
    ddof: float = 0,
    correction: Any = None,
    keepdims: bool = False,
    where: Any = True,
) -> Any:
    """Return the square root of `var`; derivative 0 where all elements are equal."""
    how: Any = {"ddof": ddof, "correction": correction, "keepdims": keepdims}
    return elementwise(RULES["sqrt"], var(a, axis, where=where, **how))


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """Return the sum along a diagonal."""
    return fold(total, np.diagonal(operand(a), offset, axis1, axis2), -1)


def cumulative(
    step: Callable[[Any, Any], Any],
    identity: int,
    x: Any,
    /,
    *,
    axis: Any = None,
    include_initial: bool = False,
) -> Array:
    """Scan as `np.cumulative_sum` does: no axis is needed up to 1-d."""
    if axis is None and operand(x).ndim > 1:
        raise ArgumentError(
            "a cumulative sum or product needs axis= where the array is not 1-d"
        )
    return scan(step, x, axis, start=(identity,) if include_initial else ())


# Choosing


def sort(a: Any, axis: Any = -1, *, kind: Any = None, stable: Any = None) -> Array:
    """Put the elements themselves in order: the derivative of a permutation."""
    a = operand(a)
    a, axis = (a.ravel(), 0) if axis is None else (a, axis)
    return np.take_along_axis(a, _order(a, axis), axis)


def _order(a: Array, axis: Any) -> Array:
    """Return the places of the elements in ascending order, NaN last; stable.

    In a recording by comparisons, which decide for the numbers of this call.
    """
    if not (ACTIVE and STATE.trace is not None):
        return np.argsort(numbers(a), axis, "stable")

    def places(row: Row) -> Array:
        def order(i: int, j: int) -> int:
            x, y = row[i], row[j]
            if (x < y) | ((x == x) & (y != y)):
                return -1
            return 1 if (y < x) | ((y == y) & (x != x)) else 0

        return np.array(sorted(range(len(row)), key=cmp_to_key(order)))

    ordered: Array = np.apply_along_axis(places, axis, a)  # type: ignore[call-overload]
    return ordered


def partition(a: Any, kth: Any, axis: Any = -1) -> Array:
    """Put the kth element in its sorted place, smaller ones before it."""
    a = operand(a)
    a, axis = (a.ravel(), 0) if axis is None else (a, axis)
    if ACTIVE and STATE.trace is not None:
        return sort(a, axis)
    return np.take_along_axis(a, np.argpartition(numbers(a), kth, axis), axis)


def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    """Choose element by element; of the condition alone, where it holds."""
    if not (ACTIVE and STATE.trace is not None and STATE.trace.decides_in(condition)):
        condition = numbers(condition).astype(bool)
    if x is None and y is None:
        return np.nonzero(condition)
    return elementwise(RULES["where"], condition, x, y)


def clip(
    a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None
) -> Any:
    """Clip by the rule of that name: derivative 1 at a bound."""
    low = a_min if min is None else min
    high = a_max if max is None else max
    low = -math.inf if low is None else low
    return elementwise(RULES["clip"], a, low, math.inf if high is None else high)


def round_to(a: Any, decimals: int = 0) -> Any:
    """Round to a number of decimals, halves to the even neighbour."""
    if decimals == 0:
        return elementwise(RULES["round"], a)
    return elementwise(RULES["round_to"], a, decimals)


# Norms


def _row_norm(order: Any) -> Callable[[Row], Any]:
    """Return the vector norm of an order as a function of a row."""
    if order is None or order == 2:
        return radius
    if order == math.inf or order == -math.inf:
        extreme = largest if order > 0 else smallest
        return lambda row: extreme([magnitude(x) for x in row])
    if order == 0:
        return lambda row: sum(1 for x in row if x != 0)
    if order == 1:
        return lambda row: total([magnitude(x) for x in row])
    if isinstance(order, str):
        raise ArgumentError(f"a vector has no norm {order!r}: ord takes numbers")
    return lambda row: power(
        total([power(magnitude(x), order) for x in row]), 1 / order
    )


def vector_norm(
    x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2
) -> Array:
    """Return the norm of vectors along axes: derivative 0 at the origin."""
    return fold(_row_norm(ord), x, axis, keepdims=keepdims)


def matrix_norm(
    x: Any, *, keepdims: bool = False, ord: Any = "fro", axis: Any = (-2, -1)
) -> Array:
    """Return the norm of matrices in two axes."""
    if ord is None or ord == "fro":
        return fold(radius, x, axis, keepdims=keepdims)
    if ord not in (1, -1, math.inf, -math.inf):
        raise UnsupportedFunctionError(
            f"np.linalg.norm of a matrix with ord={ord!r} has no derivative here (it "
            f"needs singular values): use 'fro', 1 or inf"
        )
    summed = axis[0] if abs(ord) == 1 else axis[1]
    sums = fold(_row_norm(1), x, summed, keepdims=True)
    return fold(largest if ord > 0 else smallest, sums, axis, keepdims=keepdims)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    """Return the norm of vectors or of matrices, as the number of axes says."""
    x = operand(x)
    if axis is None and ord is None:
        return fold(radius, x, keepdims=keepdims)
    axes = range(x.ndim) if axis is None else axis
    axes = tuple(axes) if isinstance(axes, Iterable) else (axes,)
    if len(axes) == 2:
        return matrix_norm(x, ord=ord, axis=axes, keepdims=keepdims)
    if len(axes) != 1:
        raise ArgumentError(f"a norm goes along one axis or two, got {len(axes)} axes")
    return vector_norm(x, ord=ord, axis=axes, keepdims=keepdims)
