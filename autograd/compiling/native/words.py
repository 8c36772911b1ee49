"""Words: a plan as tables that handlers follow (handlers.py), for tiles or one sample.

Tiles: the 8 lanes of an instruction are 8 samples.

One sample, and what runs once for all: the lanes are up to 8 instructions of one kind,
none of which needs another's result, and whose operands lie evenly spaced. They are
looked for level by level (one above the highest of the operands'), among instructions
ordered by where their operands lie, and get their results side by side. So the product
of a matrix and a vector is found again that was recorded as a dot for each row.
"""

import struct
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from operator import itemgetter, sub

from ..program import pick
from .calls import address_of, function_called
from .handlers import ARITIES, HANDLERS
from .plan import Item, Plan, read
from .shapes import LANES
from .vectors import VECTORS

__all__ = ["NotInWords", "Table", "tabled"]

WORTH = 4  # instructions from which on it pays to gather operands that lie apart
_NEAR = {0, 1}  # steps of operands that need not be gathered
_SPARE = 3 * LANES  # places for operands that must be brought into a row first
_NO_INSTRUCTIONS = ("keep", "out", "held")


class NotInWords(Exception):
    """An operation has no handler."""


@dataclass
class Table:
    """A plan in words. Places count doubles.

    once, tile: what runs once, and for each tile. outputs, held: places of the outputs,
    and of whether the guards held (-1 without guards): of the once part if nothing
    varies, else of the tile. start, constants: where the constants lie in the memory of
    the once part, and their numbers. kept, between: sizes of the memory of both parts.
    instructions: how many there are for a tile (a sample, if nothing varies). calls:
    functions that are called, and the number of their operands.
    """

    once: "array[int]"
    tile: "array[int]"
    outputs: "array[int]"
    held: int
    start: int
    constants: list[float]
    kept: int
    between: int
    instructions: int
    calls: dict[str, int]


def tabled(plan: Plan) -> Table:
    """Return a plan as a table.

    Raises `NotInWords` where an operation has no handler.
    """
    once = _Once(plan, plan.once if plan.varying else plan.tiled)
    words, calls, between = array("i"), once.writer.calls, 0
    places: Sequence[int] | dict[int, int] = once.places
    count = once.writer.count
    if plan.varying:
        tile = _Tile(plan, once)
        words, places, between = tile.writer.words, tile.places, tile.end + LANES
        calls, count = calls | tile.writer.calls, tile.writer.count
    results = [item for item in plan.tiled if item[1] == "out"]
    held = [places[slots[0]] for _, name, slots in plan.tiled if name == "held"]
    return Table(
        once.writer.words,
        words,
        array("i", [places[slots[0]] for _, _, slots in results]),
        held[0] if held else -1,
        plan.uniform,
        once.constants,
        once.end + LANES,  # an instruction writes 8 results, wanted or not
        between,
        count,
        calls,
    )


class _Writer:
    """Writes instructions, with what brings operands where a handler reads them.

    Of each operand its place and step: with 0 one number serves all lanes, with 1 the
    lanes' numbers lie in a row, else they are that far apart. count: of lanes wanted.
    """

    def __init__(self, plan: Plan, spare: int, with_vectors: bool) -> None:
        self.plan, self.spare = plan, spare
        self.fast = VECTORS if with_vectors else {}
        self.words: array[int] = array("i")
        self.count = 0
        self.calls: dict[str, int] = {}
        self._fused = "" if plan.exact else "fused."

    def put(self, handler: str, *words: int) -> None:
        """Write one handler's words."""
        self.count += 1
        self.words.append(HANDLERS[handler])
        self.words.extend(words)

    def write(
        self,
        name: str,
        to: int,
        places: Sequence[int],
        steps: tuple[int, ...],
        count: int,
    ) -> None:
        """Write an instruction."""
        if name in ("sum", "dot", "more"):
            if name == "more":
                self.copy(to, places[0], steps[0], count)
                places, steps = places[1:], steps[1:]
            if not places:
                self.put("copy.u", to, self.plan.uniform)  # the constant 0.0
            elif name == "sum":
                self._sum(to, places, steps, count)
            else:
                self._dot(to, places, steps, count, "more." * (name == "more"))
        elif name in ARITIES:
            handler, moved = _form(name, steps)
            if moved:
                places = list(places)
                for i in moved:
                    places[i] = self._row(i, places[i], steps[i], count)
            self.put(handler, to, *places)
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

    def _sum(
        self, to: int, places: Sequence[int], steps: tuple[int, ...], count: int
    ) -> None:
        more = ""
        for step, pairs in groupby(zip(places, steps, strict=True), itemgetter(1)):
            terms = [place for place, _ in pairs]
            kind = "uv"[step] if step in (0, 1) else "s"
            spaced = (step, count) if kind == "s" else ()
            self.put(f"{more}sum.{kind}", to, len(terms), *spaced, *terms)
            more = "more."

    def _dot(
        self,
        to: int,
        places: Sequence[int],
        steps: tuple[int, ...],
        count: int,
        more: str,
    ) -> None:
        half = len(places) // 2
        for kinds, start, end, swapped, spaced in _dot_runs(steps):
            flat = [0] * (2 * (end - start))
            flat[swapped::2] = places[start:end]
            flat[1 - swapped :: 2] = places[half + start : half + end]
            handler = f"{more}{self._fused}dot.{kinds}"
            lanes = (*spaced, count) if spaced else ()
            self.put(handler, to, end - start, *lanes, *flat)
            more = "more."

    def _call(
        self,
        name: str,
        to: int,
        places: Sequence[int],
        steps: tuple[int, ...],
        count: int,
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
def _form(name: str, steps: tuple[int, ...]) -> tuple[str, list[int]]:
    """Return the handler for operands so far apart, and which must be moved for it."""
    kinds = "".join(["v" if step else "u" for step in steps])
    return f"{name}.{kinds}", [i for i, step in enumerate(steps) if step not in (0, 1)]


@lru_cache(4096)
def _dot_runs(
    steps: tuple[int, ...],
) -> list[tuple[str, int, int, bool, tuple[int, ...]]]:
    """Return runs of terms that one handler adds.

    Of each its kinds, its first term and its end, whether factors change places, and
    how far they are apart where the handler must be told.
    """
    half = len(steps) // 2
    found: list[tuple[str, int, int, bool, tuple[int, ...]]] = []
    start = 0
    for each, run in groupby(zip(steps[:half], steps[half:], strict=True)):
        end = start + len(list(run))
        kinds = _KINDS.get(each, "ss")
        spaced = each if kinds == "ss" else ()
        found.append((kinds, start, end, each == (0, 1), spaced))
        start = end
    return found


_Row = tuple[tuple[int, ...], int]  # the places of an instruction's operands, its slot
_KINDS = {(1, 1): "vv", (1, 0): "vu", (0, 1): "vu", (0, 0): "uu"}


class _Once:
    """What runs on single numbers, up to 8 instructions at once.

    Memory: uniform inputs, constants (the first of them 0.0), spare places, results in
    the order in which they are written, what is kept for tiles. Lanes that are not
    wanted write into places whose own results come later.
    """

    def __init__(self, plan: Plan, items: Iterable[Item]) -> None:
        self.plan = plan
        self.constants = [0.0]
        items = list(items)
        slots = [*plan.sources, *[slot for slot, _, _ in items]]
        self.places = [-1] * (1 + max(slots, default=0))
        for slot, (kind, x) in plan.sources.items():
            if kind == "uniform":
                self.places[slot] = int(x)
            elif kind == "constant":
                self.places[slot] = plan.uniform + len(self.constants)
                self.constants.append(float(x))
        spare = plan.uniform + len(self.constants)
        self.writer = _Writer(plan, spare, with_vectors=False)
        self.end = spare + _SPARE
        for (_, name, _), group in self._levels(items):
            if name == "take":
                self._take(group)
            else:
                self._group(name, group)
        self.kept = self.end
        for place, name, operands in items:
            if name == "keep":
                self.writer.copy(self.kept + place, self.places[operands[0]], 0, 1)
        self.end += plan.kept
        self.writer.put("stop")

    def _levels(
        self, items: Iterable[Item]
    ) -> list[tuple[tuple[int, str, int], list[tuple[int, tuple[int, ...]]]]]:
        """Return instructions of one kind whose operands are known by then, in turn."""
        levels = [0] * len(self.places)
        groups = defaultdict(list)
        for slot, name, operands in items:
            if name in _NO_INSTRUCTIONS:
                continue
            if name not in _KNOWN:
                given = self.plan.sources, name, operands, self.plan.exact
                name, operands = function_called(*given)
            level = 1 + max(pick(levels, operands), default=0)
            levels[slot] = level
            groups[level, name, len(operands)].append((slot, operands))
        return sorted(groups.items(), key=lambda group: group[0][0])

    def _group(self, name: str, group: list[tuple[int, tuple[int, ...]]]) -> None:
        rows = sorted([(pick(self.places, places), slot) for slot, places in group])
        for run, steps in _runs(rows):
            self.writer.write(name, self.end, run[0][0], steps, len(run))
            self._results(run)

    def _results(self, run: list[_Row]) -> None:
        for _, slot in run:
            self.places[slot] = self.end
            self.end += 1

    def _take(self, group: list[tuple[int, tuple[int, ...]]]) -> None:
        even = defaultdict(list)  # by the distance of the table's numbers
        for slot, operands in group:
            index, *table = pick(self.places, operands)
            step = table[1] - table[0] if len(table) > 1 else 0
            if all(b - a == step for a, b in pairwise(table)):
                even[step].append(((index, table[0]), slot))
            else:
                self.writer.put("take.v", self.end, len(table), index, *table)
                self._results([((), slot)])
        length = len(group[0][1]) - 1
        for step, rows in even.items():
            for run, steps in _runs(sorted(rows)):
                given = length, step, *steps, len(run), *run[0][0]
                self.writer.put("take.s", self.end, *given)
                self._results(run)


def _runs(rows: list[_Row]) -> Iterator[tuple[list[_Row], tuple[int, ...]]]:
    """Yield up to 8 rows whose places are evenly spaced, and how far they are apart."""
    first = 0
    while first < len(rows):
        before = rows[first][0]
        steps = (0,) * len(before)
        end = first + 1
        for places, _ in rows[end : first + LANES]:
            found = tuple(map(sub, places, before))
            if end == first + 1:
                steps = found
            elif found != steps:
                break
            before = places
            end += 1
        if end - first >= WORTH or _NEAR.issuperset(steps):
            yield rows[first:end], steps
        else:
            for row in rows[first:end]:
                yield [row], (0,) * len(before)
        first = end


class _Tile:
    """What runs on 8 samples at once, in the order of the program.

    places: of numbers that vary, in the tile's memory (inputs, spare places, results,
    whose places are used again). What does not vary lies in the once part's memory.
    """

    def __init__(self, plan: Plan, once: _Once) -> None:
        self.plan, self.once = plan, once
        self.places: dict[int, int] = {}
        self._single: dict[int, int] = {}  # slots that do not vary
        for slot, (kind, x) in plan.sources.items():
            if kind == "varying":
                self.places[slot] = int(x) * LANES
            elif kind == "kept":
                self._single[slot] = once.kept + int(x)
            else:
                self._single[slot] = once.places[slot]
        spare = plan.varying * LANES
        self.writer = _Writer(plan, spare, with_vectors=not plan.exact)
        self.end = spare + _SPARE
        self._free: list[int] = []
        items = plan.tiled
        last = {p: i for i, item in enumerate(items) for p in read(plan, item)}
        for i, (slot, name, operands) in enumerate(items):
            if name in ("out", "held"):
                self.row(operands[0])
                continue
            to = self._place()
            self._write(slot, name, to, operands)
            self.places[slot] = to
            for p in set(read(plan, items[i])):
                if last[p] == i and p not in plan.sources:
                    self._free.append(self.places[p])
        self.writer.put("stop")

    def _place(self) -> int:
        if self._free:
            return self._free.pop()
        self.end += LANES
        return self.end - LANES

    def row(self, slot: int) -> int:
        """Return where a slot's number lies for each lane."""
        if slot not in self.places:
            to = self.places[slot] = self._place()
            self.writer.put("copy.u", to, self._single[slot])
        return self.places[slot]

    def _write(self, slot: int, name: str, to: int, operands: tuple[int, ...]) -> None:
        plan, writer = self.plan, self.writer
        if name == "take":
            index, *values = operands
            if slot in plan.tables:
                base, first, step = plan.tables[slot]
                table = first + (self.once.kept if base == "h" else 0)
                given = len(values), step, self.row(index), table
                writer.put("take.u", to, *given)
            else:
                rows = map(self.row, (index, *values))
                writer.put("take.v", to, len(values), *rows)
            return
        if name not in _KNOWN:
            name, operands = function_called(plan.sources, name, operands, plan.exact)
        varying, single = self.places, self._single
        # A number that has been brought into a row is still read where it is single.
        places = [single[p] if p in single else varying[p] for p in operands]
        steps = tuple([0 if p in single else 1 for p in operands])
        writer.write(name, to, places, steps, LANES)


_KNOWN = {*ARITIES, "sum", "dot", "more", "take", "norm"}
