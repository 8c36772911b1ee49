"""Writes a table's words (handlers.py), and what brings operands where they are read.

A row is a tuple of operands: a sum has one, a dot two. It is handed on as such.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

from .calls import address_of
from .handlers import ARITIES, HANDLERS
from .plan import Plan
from .shapes import LANES
from .vectors import VECTORS

__all__ = ["SPARE", "NotInWords", "Writer", "in_rows"]

SPARE = 3 * LANES  # places for operands that must be brought into a row first

Steps = tuple[Any, ...]  # of each operand one, of each row a tuple


class NotInWords(Exception):
    """An operation has no handler."""


def in_rows(name: str, operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return an operation's operands, those in rows as tuples.

    >>> in_rows("dot", (1, 2, 3, 4)), in_rows("take", (1, 2, 3)), in_rows("exp", (1,))
    (((1, 2), (3, 4)), (1, (2, 3)), (1,))
    """
    if name == "sum":
        return (operands,)
    if name == "dot":
        half = len(operands) // 2
        return operands[:half], operands[half:]
    if name == "more":
        return operands[0], *in_rows("dot", operands[1:])
    return (operands[0], operands[1:]) if name == "take" else operands


class Writer:
    """Writes instructions.

    Of each operand its place and step: with 0 one number serves all lanes, with 1 the
    lanes' numbers lie in a row, else they are that far apart. count: of lanes wanted.
    """

    def __init__(self, plan: Plan, spare: int, with_vectors: bool) -> None:
        self.plan, self.spare = plan, spare
        self.fast = VECTORS if with_vectors else {}
        self.words: list[int] = []
        self.count = 0
        self.calls: dict[str, int] = {}
        self._dot = "dot" if plan.exact else "fused.dot"

    def put(self, handler: str, *words: int) -> None:
        """Write one handler's words."""
        self.count += 1
        self.words += (HANDLERS[handler], *words)

    def write(
        self, name: str, to: int, places: Sequence[Any], steps: Steps, count: int
    ) -> None:
        """Write an instruction."""
        if name in ARITIES:
            handler, moved = _form(name, steps)
            if moved:
                places = list(places)
                for i in moved:
                    places[i] = self._row(i, places[i], steps[i], count)
            self.count += 1
            self.words += (handler, to, *places)
        elif name == "more":
            self.copy(to, places[0], steps[0], count)
            self._add(f"more.{self._dot}", to, places[1:], steps[1:], count)
        elif name in ("sum", "dot"):
            if not places[0]:
                self.put("copy.u", to, self.plan.uniform)  # the constant 0.0
                return
            kind = "sum" if name == "sum" else self._dot
            self._add(kind, to, places, steps, count)
        else:
            self._call(name, to, places, steps, count)

    def copy(self, to: int, place: int, step: int, count: int) -> None:
        """Bring an operand into a row."""
        if step:
            self.put("copy.s", to, place, step, count)
        else:
            self.put("copy.u", to, place)

    def _row(self, i: int, place: int, step: int, count: int) -> int:
        """Return where an operand's numbers lie in a row, if need be copied there."""
        if step == 1:
            return place
        to = self.spare + i * LANES
        self.copy(to, place, step, count)
        return to

    def _add(
        self, kind: str, to: int, places: Sequence[Any], steps: Steps, count: int
    ) -> None:
        """Write what adds terms; places and steps: rows of each term's factors."""
        width = len(places)
        for handler, start, end, turn, spaced in _stretches(kind, steps):
            terms = [0] * (width * (end - start))
            for i, row in enumerate(places):
                terms[(i + turn) % width :: width] = row[start:end]
            lanes = (*spaced, count) if spaced else ()
            self.count += 1
            self.words += (handler, to, end - start, *lanes, *terms)

    def _call(
        self, name: str, to: int, places: Sequence[int], steps: Steps, count: int
    ) -> None:
        if name == "norm" or len(places) not in (1, 2):
            raise NotInWords(name)
        rows = [
            self._row(i, place, step, count)
            for i, (place, step) in enumerate(zip(places, steps, strict=True))
        ]
        if name in self.fast:
            self.put(f"{name}.fast", to, *rows)
            return
        self.calls[name] = len(rows)
        address = struct.unpack("2i", struct.pack("q", address_of(name, len(rows))))
        self.put(f"call{len(rows)}", to, count, *address, *rows)


@lru_cache(4096)
def _form(name: str, steps: tuple[int, ...]) -> tuple[int, list[int]]:
    """Return the handler for operands so far apart, and which must be moved for it."""
    kinds = "".join(["v" if step else "u" for step in steps])
    moved = [i for i, step in enumerate(steps) if step not in (0, 1)]
    return HANDLERS[f"{name}.{kinds}"], moved


_Stretch = tuple[int, int, int, int, tuple[int, ...]]


@lru_cache(4096)
def _stretches(kind: str, steps: Steps) -> list[_Stretch]:
    """Return stretches of terms that one handler adds.

    Of each its handler, its first term and its end, by how many places factors are
    moved on, and how far they are apart where the handler must be told.
    """
    found: list[_Stretch] = []
    start, more = 0, ""
    for each, run in groupby(zip(*steps, strict=True)):
        end = start + len(list(run))
        kinds = "".join(["uv"[step] if step in (0, 1) else "s" for step in each])
        turn, spaced = 0, ()
        if kinds == "uv":
            kinds, turn = "vu", 1
        elif "s" in kinds:
            kinds, spaced = "s" * len(each), each
        found.append((HANDLERS[f"{more}{kind}.{kinds}"], start, end, turn, spaced))
        start, more = end, "more." * (not kind.startswith("more."))
    return found
