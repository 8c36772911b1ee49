"""Words: a plan as tables that handlers follow (handlers.py), for tiles or one sample.

Tiles: the 8 lanes of an instruction are 8 samples. One sample, and what runs once for
all: they are up to 8 instructions that are alike (alike.py).
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass

from ..program import pick
from .alike import Once
from .calls import function_called
from .plan import Plan, read
from .shapes import LANES
from .writer import SPARE, Writer, in_rows

__all__ = ["Table", "tabled"]


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
    once = Once(plan, plan.once if plan.varying else plan.tiled)
    words: list[int] = []
    place: Callable[[int], int] = once.places.__getitem__
    calls, count, between = once.writer.calls, once.writer.count, 0
    if plan.varying:
        tile = _Tile(plan, once)
        words, place, between = tile.writer.words, tile.row, tile.end + LANES
        calls, count = calls | tile.writer.calls, tile.writer.count
    results = [place(operands[0]) for _, _, operands in plan.results]
    return Table(
        array("i", once.writer.words),
        array("i", words),
        array("i", results[plan.guarded :]),
        results[0] if plan.guarded else -1,
        plan.uniform,
        once.constants,
        once.end + LANES,  # an instruction writes 8 results, wanted or not
        between,
        count,
        calls,
    )


class _Tile:
    """What runs on 8 samples at once, in the order of the program.

    places, steps: where numbers lie. Those that vary (step 1) are in the tile's memory:
    inputs, spare places, results, whose places are used again. The others (step 0) are
    in that of the once part.
    """

    def __init__(self, plan: Plan, once: Once) -> None:
        self.plan, self.once = plan, once
        self.places, self.steps = [-1] * plan.size, bytearray(plan.size)
        self._rows: dict[int, int] = {}  # what was copied for all lanes
        for slot, (kind, x) in plan.sources.items():
            if kind == "varying":
                self.places[slot], self.steps[slot] = int(x) * LANES, 1
            else:
                kept = once.kept + int(x) if kind == "kept" else once.places[slot]
                self.places[slot] = kept
        spare = plan.varying * LANES
        self.writer = Writer(plan, spare, with_vectors=not plan.exact)
        self.end = spare + SPARE
        self._free: list[int] = []
        items = plan.tiled + plan.results
        last = {p: i for i, item in enumerate(items) for p in read(plan, item)}
        for i, (slot, name, operands) in enumerate(items):
            if name in ("out", "held"):
                self.row(operands[0])
                continue
            to = self._place()
            self._write(slot, name, to, operands)
            self.places[slot], self.steps[slot] = to, 1
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
        if self.steps[slot]:
            return self.places[slot]
        if slot not in self._rows:
            self._rows[slot] = self._place()
            self.writer.put("copy.u", self._rows[slot], self.places[slot])
        return self._rows[slot]

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
        name, operands = function_called(plan.sources, name, operands, plan.exact)
        places = in_rows(name, pick(self.places, operands))
        steps = in_rows(name, pick(self.steps, operands))
        writer.write(name, to, places, steps, LANES)
