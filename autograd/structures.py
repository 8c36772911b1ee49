"""Nests of numbers: lists, tuples, dicts and arrays, taken apart and put together."""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from .errors import ArgumentError, NumberError
from .functions import is_array
from .kinds import namespace_of_type
from .node import Node, describe

Nest = Any
Number = Any


class Structure:
    """How a nest is built: a number, an array of a shape, or a container of nests.

    kind: the container's type, "number" or "array".
    keys: of a dict; of an array its shape.
    """

    __slots__ = ("children", "keys", "kind", "sample", "size")

    def __init__(
        self,
        kind: Any,
        keys: tuple[Any, ...] = (),
        children: Sequence["Structure"] = (),
        size: int | None = None,
        sample: Any = None,
    ) -> None:
        self.kind, self.keys, self.children = kind, keys, children
        self.size = sum(c.size for c in children) if size is None else size
        self.sample = sample

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of an array; () for a number."""
        return self.keys

    def fill(self, make: Callable[["Structure"], Any]) -> Nest:
        """Build the nest, with what `make` returns for each number and array in it."""
        kind = self.kind
        if kind == "number" or kind == "array":
            return make(self)
        items = [child.fill(make) for child in self.children]
        if issubclass(kind, dict):
            filled = copy.copy(self.sample)
            filled.update(zip(self.keys, items, strict=True))
            return filled
        return kind._make(items) if hasattr(kind, "_make") else kind(items)

    def build(self, leaves: Iterable[Number]) -> Nest:
        """Build the nest from its numbers in order; arrays become float arrays."""
        rest = iter(leaves)
        if self.kind == "number":
            return next(rest)
        return self.fill(lambda part: part.part(islice(rest, part.size)))

    def part(self, numbers: Iterable[Number]) -> Any:
        """Build a number or an array from its numbers in order."""
        if self.kind == "number":
            (number,) = numbers
            return number
        return to_array(list(numbers), self.shape)

    def flatten(self, nest: Nest, name: str) -> list[Number]:
        """Return the numbers of another nest that must have this structure.

        Raises `ArgumentError` that names the place where it has not.
        """
        leaves: list[Number] = []
        try:
            self._flatten(nest, leaves)
        except _Misfit as misfit:
            raise ArgumentError(
                f"{name}{misfit.path} must be {misfit.wanted}, as it is where the "
                f"derivative is taken; got {misfit.given}"
            ) from None
        return leaves

    def _flatten(self, nest: Nest, leaves: list[Number]) -> None:
        given, found = _scan(nest, leaves), None
        ...

    def __str__(self) -> str:
        if self.kind == "number":
            return "a number"
        if self.kind == "array":
            return f"an array of shape {self.shape}"
        if issubclass(self.kind, dict):
            return f"a {self.kind.__name__} with the keys {list(self.keys)}"
        return f"a {self.kind.__name__} of {len(self.children)}"
