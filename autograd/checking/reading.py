"""Gradients, as a user's function returns them, read as vectors of floats.

What is read must be real numbers in the argument's structure. Text, complex numbers,
masked entries and the like are refused, though NumPy would convert them: a number that
had to be guessed was not compared.
"""

from collections.abc import Iterator
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from ..kinds import namespace_of_type
from ..node import Node, describe
from ..structures import Nest, Structure
from .blocks import Array, Block

_HOLDS_VALUES = "holds Values: give plain numbers, by .data"


class NoGradient(Exception):
    """What was returned cannot be compared with anything; the text says why."""


class ShapeMismatch(Exception):
    """A gradient has not the structure of its argument; `found` is what it has."""

    def __init__(
        self, block: Block, found: Any, gradient: Any, text: str | None = None
    ) -> None:
        self.block, self.found, self.gradient = block, found, gradient
        self.whole: Any = None  # what the hand gradient returned
        super().__init__(
            text or f"{block.gradient} has {_shape_in_words(found)}, {block.wanted}"
        )


def read_part(
    nest: Nest,
    structure: Structure,
    name: str,
    blocks: Iterator[Block],
    found: list[Array],
) -> None:
    """Append the arrays of one argument's gradient, block by block."""
    if is_one_block(structure):
        block = next(blocks)
        array = _numbers(nest, block)
        if array.shape != block.shape:
            raise ShapeMismatch(block, array.shape, nest)
        found.append(array)
        return
    sort = dict if issubclass(structure.kind, dict) else list | tuple
    keys = set(nest) if isinstance(nest, dict) else set(range(_length(nest)))
    if not isinstance(nest, sort) or keys != set(structure.keys):
        raise ShapeMismatch(
            next(blocks),
            structure_of(nest),
            nest,
            f"the gradient of {name} must be {structure}, it is {structure_of(nest)}",
        )
    for key, child in zip(structure.keys, structure.children, strict=True):
        read_part(nest[key], child, f"{name}[{key!r}]", blocks, found)


def is_one_block(structure: Structure) -> bool:
    """Tell a number, an array, or a list of numbers, which an array may stand for."""
    if structure.kind in ("number", "array"):
        return True
    return not issubclass(structure.kind, dict) and all(
        child.kind == "number" for child in structure.children
    )


def structure_of(nest: Nest) -> str:
    """Say what something is that is no gradient."""
    if isinstance(nest, np.ndarray):
        return f"an array of shape {nest.shape}"
    if isinstance(nest, dict):
        return f"a {type(nest).__name__} with the keys {list(nest)}"
    if isinstance(nest, list | tuple):
        return f"a {type(nest).__name__} of length {len(nest)}"
    return describe(nest)


def _numbers(nest: Nest, block: Block) -> Array:
    """Return a block's gradient as floats, or say what it holds instead."""
    if nest is None:
        raise NoGradient(
            f"{block.gradient} is None: does the function lack a return? (zeros for an "
            f"argument without influence)"
        )
    if isinstance(nest, np.ma.MaskedArray) and np.ma.is_masked(nest):
        raise NoGradient(
            f"{block.gradient} is masked in {np.ma.getmaskarray(nest).sum()} places, "
            f"which have no number: give all, by .filled(...)"
        )
    try:
        array = np.asarray(nest)
    except (TypeError, ValueError):  # ragged, or of Values
        if any(isinstance(entry, Node) for entry in nest):
            raise NoGradient(f"{block.gradient} {_HOLDS_VALUES}") from None
        raise ShapeMismatch(block, f"{describe(nest)}, no array", nest) from None
    kind = array.dtype.kind
    if kind == "O":
        for entry in array.ravel().tolist():
            _must_be_real(entry, block)
    elif kind not in "iufb":
        raise _no_number(array.ravel()[0] if array.size else array, block)
    with np.errstate(over="ignore"):  # of a longdouble: infinite, which is seen
        return array.astype(float)


def _must_be_real(entry: Any, block: Block) -> None:
    kind = type(entry)
    if isinstance(entry, Node):
        raise NoGradient(f"{block.gradient} {_HOLDS_VALUES}")
    if isinstance(entry, Real | Decimal) or namespace_of_type(kind) is not None:
        return
    if isinstance(entry, list | tuple | dict):
        raise ShapeMismatch(block, f"{structure_of(entry)} in it", entry)
    raise _no_number(entry, block)


def _no_number(entry: Any, block: Block) -> NoGradient:
    advice = "give real numbers, in an array, a list or a tuple"
    if isinstance(entry, complex | np.complexfloating):
        advice = "a gradient is real; give .real, if that is what is meant"
    return NoGradient(f"{block.gradient} holds {describe(entry)}: {advice}")


def _length(nest: Nest) -> int:
    return len(nest) if isinstance(nest, list | tuple) else -1


def _shape_in_words(shape: Any) -> str:
    return f"shape {shape}" if isinstance(shape, tuple) else str(shape)
