"""Sums of products over arrays of Values: einsum, matmul, dot; one node a result."""

import math
from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from .array_functions import Array, Row, elementwise, from_rows, operand
from .errors import ArgumentError
from .rules import RULES
from .value import apply, apply_dot

_mul, _prod, _sum = (partial(apply, RULES[name]) for name in ("mul", "prod", "sum"))


def _sum_of_products(*factors: Row) -> Any:
    if len(factors) == 2 and len(factors[0]) > 1:
        return apply_dot(*factors)
    terms = [_product(row) for row in zip(*factors, strict=True)]
    return terms[0] if len(terms) == 1 else _sum(*terms)


def _product(row: Row) -> Any:
    return row[0] if len(row) == 1 else _mul(*row) if len(row) == 2 else _prod(*row)


def contract(
    operands: Sequence[Array], labels: Sequence[Sequence[Any]], kept: Sequence[Any]
) -> Array:
    """Multiply, and sum over the labels that are not kept: one node a result.

    labels: a hashable name for each axis of each operand. Axes of the same name run
    together; one of length 1 is repeated.
    """
    sizes: dict[Any, int] = {}
    for a, names in zip(operands, labels, strict=True):
        for name, size in zip(names, a.shape, strict=True):
            if sizes.setdefault(name, size) == 1:
                sizes[name] = size
            elif size not in (1, sizes[name]):
                shapes = " and ".join(str(a.shape) for a in operands)
                raise ArgumentError(
                    f"arrays of shapes {shapes} do not fit: an axis of length "
                    f"{sizes[name]} would run along one of length {size}"
                )
    space = [*kept, *(name for name in sizes if name not in kept)]
    shape = tuple(sizes[name] for name in space)
    grid = dict(zip(space, np.indices(shape, sparse=True), strict=True))
    split = len(kept)
    columns = []
    for a, names in zip(operands, labels, strict=True):
        index = tuple(
            grid[name] if size > 1 else 0 * grid[name]
            for name, size in zip(names, a.shape, strict=True)
        )
        full = np.broadcast_to(np.asarray(a[index]), shape)
        table = full.reshape(math.prod(shape[:split]), math.prod(shape[split:]))
        columns.append(table.tolist())
    results = ([_sum_of_products(*rows)] for rows in zip(*columns, strict=True))
    return from_rows(results, shape[:split])


def einsum(*given: Any, optimize: Any = False) -> Array:
    """Sum products by Einstein's convention; both forms of `np.einsum`.

    `optimize` chooses an order of summation in NumPy; here each result is one sum.
    """
    arrays, terms, output = _einsum_terms(given)
    operands = [operand(a) for a in arrays]
    labels = [_expand(term, a.ndim) for term, a in zip(terms, operands, strict=True)]
    every = list(chain.from_iterable(labels))
    broadcast = sorted({name for name in every if isinstance(name, int)})
    if output is None:
        single = {name for name in every if every.count(name) == 1}
        kept = [*broadcast, *sorted(single.difference(broadcast))]
    else:
        wide = len(broadcast) - 1 if ... in output else 0
        kept = _expand(output, len(output) + wide)
    if len(set(kept)) < len(kept) or not {*broadcast} <= {*kept} <= {*every}:
        raise ArgumentError(
            f"einsum: the output {output!r} must name axes of the operands, each once, "
            f"and have '...' if they have it"
        )
    return contract(operands, labels, kept)


def _einsum_terms(given: tuple[Any, ...]) -> tuple[Row, list[list[Any]], Any]:
    """Return operands, their axes' names, and the output's names or None.

    Names are letters, and `...` stands for itself.
    """
    if isinstance(given[0], str):
        left, arrow, right = given[0].replace(" ", "").partition("->")
        operands: Row = given[1:]
        terms = [_letters(text) for text in left.split(",")]
        output = _letters(right) if arrow else None
    else:  # array, list of ints, array, list of ints, ..., [the output's list]
        operands = given[: len(given) // 2 * 2 : 2]
        lists = [*given[1::2], *given[len(operands) * 2 :]]
        terms = [[x if x is ... else chr(ord("a") + x) for x in each] for each in lists]
        output = terms.pop() if len(terms) > len(operands) else None
    if len(terms) != len(operands):
        raise ArgumentError(
            f"einsum got {len(operands)} arrays, and subscripts for {len(terms)}"
        )
    return operands, terms, output


def _letters(text: str) -> list[Any]:
    head, dots, tail = text.partition("...")
    if head + tail and not (head + tail).isalpha():
        raise ArgumentError(
            f"einsum: subscripts are letters and one '...', separated by ',' and '->'; "
            f"got {text!r}"
        )
    return [*head, *([...] if dots else []), *tail]


def _expand(term: list[Any], ndim: int) -> list[Any]:
    """Name the axes that `...` stands for -1, -2, ... from the right."""
    wide = ndim - len(term) + 1 if ... in term else 0
    if wide < 0 or (... not in term and len(term) != ndim):
        raise ArgumentError(f"einsum: subscripts {term!r} for an array of {ndim} axes")
    names: list[Any] = []
    for name in term:
        names += range(-wide, 0) if name is ... else [name]
    return names


def product(subscripts: str, a: Any, b: Any) -> Array:
    """Contract the axis k of two arrays, which must have the same length in both."""
    a, b = operand(a), operand(b)
    left, right = (term.lstrip(".") for term in subscripts.split("->")[0].split(","))
    if a.ndim < len(left) or b.ndim < len(right):
        raise ArgumentError(
            f"a product {subscripts} takes arrays of at least {len(left)} and "
            f"{len(right)} axes, got shapes {a.shape} and {b.shape}"
        )
    _check_lengths(a, left.index("k") - len(left), b, right.index("k") - len(right))
    return einsum(subscripts, a, b)


def matmul(a: Any, b: Any) -> Array:
    """Multiply matrices, stacks of them, and vectors: `a @ b`."""
    a, b = operand(a), operand(b)
    row, column = "i" * (a.ndim != 1), "j" * (b.ndim != 1)
    return product(f"...{row}k,...k{column}->...{row}{column}", a, b)


def vecdot(a: Any, b: Any, *, axis: int = -1) -> Array:
    """Sum over an axis of both, which broadcast."""
    a, b = (np.moveaxis(operand(x), axis, -1) for x in (a, b))
    return product("...k,...k->...", a, b)


def tensordot(a: Any, b: Any, axes: Any = 2) -> Array:
    """Sum products over pairs of axes, or over the last and first `axes` ones."""
    a, b = operand(a), operand(b)
    if np.ndim(axes) == 0:
        axes = range(-axes, 0), range(axes)
    first, second = (np.atleast_1d(each).tolist() for each in axes)
    left: list[Any] = [("a", i) for i in range(a.ndim)]
    right: list[Any] = [("b", i) for i in range(b.ndim)]
    for number, (i, j) in enumerate(zip(first, second, strict=True)):
        _check_lengths(a, i, b, j)
        left[i] = right[j] = ("sum", number)
    if sum(name[0] == "sum" for name in left + right) != len(first) + len(second):
        raise ArgumentError(f"tensordot: axes={axes!r} names an axis twice")
    kept = [name for name in left + right if name[0] != "sum"]
    return contract([a, b], [left, right], kept)


def _check_lengths(a: Array, i: int, b: Array, j: int) -> None:
    if a.shape[i] != b.shape[j]:
        raise ArgumentError(
            f"arrays of shapes {a.shape} and {b.shape} can't be multiplied: axis "
            f"{i} of the first has {a.shape[i]} elements, axis {j} of the second "
            f"{b.shape[j]}"
        )


def dot(a: Any, b: Any) -> Any:
    """Sum over the last axis of a and the last but one (or only one) of b."""
    a, b = operand(a), operand(b)
    if a.ndim == 0 or b.ndim == 0:
        return elementwise(RULES["mul"], a, b)
    return tensordot(a, b, (-1, max(-2, -b.ndim)))


def inner(a: Any, b: Any) -> Any:
    """Sum over the last axes of both."""
    a, b = operand(a), operand(b)
    if a.ndim == 0 or b.ndim == 0:
        return elementwise(RULES["mul"], a, b)
    return tensordot(a, b, (-1, -1))


def vdot(a: Any, b: Any) -> Array:
    """Sum over all elements of both."""
    return tensordot(operand(a).ravel(), operand(b).ravel(), 1)
