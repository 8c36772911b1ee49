"""Finds instructions that are alike, and writes them as one.

Of what runs on single numbers the lanes are up to 8 instructions of one kind, none of
which needs another's result, and whose operands lie evenly spaced. They are looked for
level by level (one above the highest of the operands'), among instructions ordered by
where their operands lie, and get their results side by side. So the product of a matrix
and a vector is found again that was recorded as a dot for each row.

Dots share rows of factors. Each row is looked at once: it is an operand that has a
level and a place as numbers have them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from operator import eq, sub
from typing import Any

from ..program import pick
from .calls import function_called
from .handlers import ARITIES
from .plan import Item, Plan
from .shapes import LANES
from .writer import SPARE, Steps, Writer

__all__ = ["Once"]

WORTH = 4  # instructions from which on it pays to gather operands that lie apart

_Row = tuple[int, ...]
_Kind = tuple[str, int, int]  # name, operands (a row is one), length of the last row
_Group = list[int]  # of each instruction its slot and its operands, one after the other
_KINDS = {name: (name, arity, 0) for name, arity in ARITIES.items()}


class Once:
    """What runs on single numbers, up to 8 instructions at once.

    Memory: uniform inputs, constants (the first of them 0.0), spare places, results in
    the order in which they are written, what is kept for tiles. Lanes that are not
    wanted write into places whose own results come later.
    """

    def __init__(self, plan: Plan, items: Sequence[Item]) -> None:
        self.plan = plan
        self.constants = [0.0]
        self.places = [-1] * plan.size  # and then of rows
        for slot, (source, x) in plan.sources.items():
            if source == "uniform":
                self.places[slot] = int(x)
            elif source == "constant":
                self.places[slot] = plan.uniform + len(self.constants)
                self.constants.append(float(x))
        spare = plan.uniform + len(self.constants)
        self.writer = Writer(plan, spare, with_vectors=False)
        self.end = spare + SPARE
        rows = self.rows = list[_Row]()  # where the operands of each lie
        self._apart = cache(lambda row, other: tuple(map(sub, rows[row], rows[other])))
        for groups, new in self._levels(items):
            for kind, group in groups.items():
                self._group(kind, group)
            if new:
                self._place_rows(new)
        self.kept = self.end
        for place, _, operands in plan.keeps:
            self.writer.copy(self.kept + place, self.places[operands[0]], 0, 1)
        self.end += plan.kept
        self.writer.put("stop")

    def _levels(
        self, items: Sequence[Item]
    ) -> Iterator[tuple[dict[_Kind, _Group], list[tuple[_Row, int]] | None]]:
        """Yield each level's instructions by kind, and the rows it completes."""
        levels = [0] * self.plan.size
        found: list[dict[_Kind, _Group]] = [defaultdict(list)]
        rows = _Rows(levels)
        for slot, name, operands in items:
            if name == "dot":
                half = len(operands) // 2
                kind = name, 2, half
                operands = rows[operands[:half]], rows[operands[half:]]
            elif name in _KINDS:
                kind = _KINDS[name]
            else:
                kind, operands = self._kind(name, operands, rows)
            if len(operands) == 2:  # most have two
                left, right = operands
                a, b = levels[left], levels[right]
                level = 1 + (a if a > b else b)
            else:
                level = 1 + max(pick(levels, operands), default=0)
            levels[slot] = level
            if level == len(found):
                found.append(defaultdict(list))
            found[level][kind].extend((slot, *operands))
        self.places += [-1] * len(rows)
        for level, groups in enumerate(found):
            yield groups, rows.complete.get(level)

    def _kind(self, name: str, operands: _Row, rows: "_Rows") -> tuple[_Kind, _Row]:
        if name == "sum":
            return (name, 1, len(operands)), (rows[operands],)
        if name == "take":
            return (name, 2, len(operands) - 1), (operands[0], rows[operands[1:]])
        given = self.plan.sources, name, operands, self.plan.exact
        name, operands = function_called(*given)
        return (name, len(operands), 0), operands

    def _place_rows(self, new: list[tuple[_Row, int]]) -> None:
        """Give rows numbers, in the order of where their operands lie."""
        places = self.places
        found = sorted([(pick(places, row), number) for row, number in new])
        for place, (row, number) in enumerate(found, len(self.rows)):
            places[number] = place
            self.rows.append(row)

    def _group(self, kind: _Kind, group: _Group) -> None:
        """Write instructions of one kind."""
        name, count, length = kind
        places, write, size = self.places, self.writer.write, count + 1
        if len(group) == size:  # alone, as in a chain: quickly
            found = [(*pick(places, group[1:]), group[0])]
        else:
            columns = [pick(places, group[i::size]) for i in range(1, size)]
            found = sorted(zip(*columns, group[::size], strict=True))
        if name == "take":
            self._take(found)
        elif name in ("sum", "dot"):
            for to, rows, steps, lanes in self._runs(found, self._apart, (0,) * length):
                write(name, to, pick(self.rows, rows), steps, lanes)
        else:
            for to, operands, steps, lanes in self._runs(found, sub, 0):
                write(name, to, operands, steps, lanes)

    def _take(self, found: Iterable[_Row]) -> None:
        even = defaultdict(list)  # by the distance of the table's numbers
        for index, row, slot in found:
            table = self.rows[row]
            step = table[1] - table[0] if len(table) > 1 else 0
            if all(b - a == step for a, b in pairwise(table)):
                even[len(table), step].append((index, table[0], slot))
            else:
                self.writer.put("take.v", self.end, len(table), index, *table)
                self.places[slot] = self.end
                self.end += 1
        for given, rows in even.items():
            for to, places, steps, lanes in self._runs(sorted(rows), sub, 0):
                self.writer.put("take.s", to, *given, *steps, lanes, *places)

    def _runs(
        self, rows: list[_Row], apart: Callable[[int, int], Any], none: Any
    ) -> Iterator[tuple[int, _Row, Steps, int]]:
        """Yield up to 8 instructions whose operands are evenly spaced, as one.

        rows: of each instruction where its operands lie, and its slot, sorted. Of each
        run where its results go, the first one's operands, their steps, and its length.
        """
        first, start, total = 0, self.end, len(rows)
        alone = (none,) * (len(rows[0]) - 1)
        if total > 1:
            columns = list(zip(*rows, strict=True))[:-1]
            steps = list(zip(*[map(apart, x[1:], x) for x in columns], strict=True))
            same = bytes(map(eq, steps[1:], steps))
        while first < total:
            end, step = first + 1, alone
            if end < total:
                step = steps[first]
                end = same.find(0, first, first + LANES - 2) + 2
                if end == 1:  # all are the same
                    end = min(first + LANES, total)
            if end - first >= WORTH or _near(step):
                yield start + first, rows[first][:-1], step, end - first
            else:
                for i in range(first, end):
                    yield start + i, rows[i][:-1], alone, 1
            first = end
        places = self.places
        for place, row in enumerate(rows, start):
            places[row[-1]] = place
        self.end += total


class _Rows(dict[_Row, int]):
    """Numbers of rows, which follow those of the slots."""

    def __init__(self, levels: list[int]) -> None:
        self.levels = levels
        self.complete: dict[int, list[tuple[_Row, int]]] = defaultdict(list)

    def __missing__(self, row: _Row) -> int:
        levels = self.levels
        number = self[row] = len(levels)
        level = max(pick(levels, row)) if row else 0
        levels.append(level)
        self.complete[level].append((row, number))
        return number


@lru_cache(10_000)
def _near(steps: Steps) -> bool:
    """Tell whether operands so far apart need not be gathered."""
    return all({0, 1}.issuperset(x if isinstance(x, tuple) else (x,)) for x in steps)
