"""Plan: which instruction runs once a call, which for every tile; where numbers lie.

What depends on inputs that all samples share is computed once, on one double, and kept
in memory for the tiles; the rest runs on 8 samples at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from ..builder import Builder
from ..lowering import expanded
from ..program import Program
from .operations import is_condition

__all__ = ["Item", "Plan", "planned", "read"]

# A result's slot (or what an item without result is about), a name, operands.
Item = tuple[int, str, tuple[int, ...]]

LONGEST = 32  # operands of one instruction; longer sums are written in parts


@dataclass
class Plan:
    """A program's instructions in two parts, and where their operands are from.

    sources: for slots that no part computes, ("constant", x), ("uniform", place),
    ("varying", place) or ("kept", place). once: items that run once a call; an item
    "keep" puts a slot at a place of the kept numbers. tiled: items for each tile (all
    of them where nothing varies: then `once` is empty and one sample is run). An item
    "out" puts a slot at the place of an output; "held" says if the guards held.
    tables: for a take, the base and step of its numbers in memory.
    """

    sources: dict[int, tuple[str, float]] = field(default_factory=dict)
    once: list[Item] = field(default_factory=list)
    tiled: list[Item] = field(default_factory=list)
    conditions: set[int] = field(default_factory=set)
    tables: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    uniform: int = 0
    varying: int = 0
    kept: int = 0
    outputs: int = 0
    guarded: bool = False
    exact: bool = False

    @cached_property
    def weight(self) -> int:
        """About how many instructions of the machine a tile, or a sample, takes."""
        return weight(self.tiled)


def weight(items: Iterable[Item]) -> int:
    """Return about how many instructions of the machine items take."""
    return sum([max(1, len(operands) - 1) for _, _, operands in items])


def planned(program: Program, varying: tuple[bool, ...], exact: bool) -> Plan:
    """Return the plan of a program, whose inputs vary where `varying` says."""
    builder, handles = expanded(program, exact)
    held = _one_guard(builder, [(handles[p], wanted) for p, wanted in program.guards])
    plan = Plan(outputs=len(program.outputs), guarded=bool(held), exact=exact)
    items = _items(builder, plan, varying)
    results: list[Item] = [(-1, "held", held)] if held else []
    for i, place in enumerate(program.outputs):
        results.append((i, "out", (handles[place], *held)))
    if not plan.varying:
        plan.tiled = [*items, *results]
        return plan
    # For each slot; those of parts of sums come last.
    varies = bytearray(len(builder.made) + sum(len(operands) for *_, operands in items))
    for slot, (kind, _) in plan.sources.items():
        varies[slot] = kind == "varying"
    for slot, _, operands in items:
        varies[slot] = any(map(varies.__getitem__, operands))
    items = _beginnings(items, varies)
    plan.once = [item for item in items if not varies[item[0]]]
    plan.tiled = [item for item in items if varies[item[0]]]
    plan.tiled += results
    _keep_tables(plan, varies)
    _keep(plan)
    return plan


def _one_guard(builder: Builder, guards: list[tuple[int, bool]]) -> tuple[int, ...]:
    """Join guards to one, and return its slot; nothing where there are none."""
    held: tuple[int, ...] = ()
    for place, wanted in guards:
        guard = place if wanted else builder.emit("not", place)
        held = (builder.emit("and", *held, guard) if held else guard,)
    return held


def _items(builder: Builder, plan: Plan, varying: tuple[bool, ...]) -> list[Item]:
    """Return the instructions, long sums in parts; note all others in the plan."""
    items: list[Item] = []
    extra = len(builder.made)  # slots of parts
    for slot, made in enumerate(builder.made):
        name, operands = made[0], made[1:]
        if name == "input":
            _note_input(plan, slot, varying[operands[0]])
        elif name == "constant":
            plan.sources[slot] = ("constant", operands[0])
            if isinstance(operands[0], bool):
                plan.conditions.add(slot)
        elif len(operands) > LONGEST and name in ("sum", "dot"):
            parts = _parts(name, operands)
            part = -1
            for i, (kind, some) in enumerate(parts):
                given = some if i == 0 else (part, *some)
                part = slot if i == len(parts) - 1 else extra
                extra += 1
                items.append((part, kind, given))
        else:
            if is_condition(name):
                plan.conditions.add(slot)
            items.append((slot, name, operands))
    return items


def _note_input(plan: Plan, slot: int, varies: bool) -> None:
    if varies:
        plan.sources[slot] = ("varying", plan.varying)
        plan.varying += 1
    else:
        plan.sources[slot] = ("uniform", plan.uniform)
        plan.uniform += 1


def _parts(name: str, operands: tuple[int, ...]) -> list[tuple[str, tuple[int, ...]]]:
    """Split a long sum from left to right; `more` adds products to its first."""
    if name == "sum":
        ranges = range(0, len(operands), LONGEST)
        return [("sum", operands[i : i + LONGEST]) for i in ranges]
    half, step = len(operands) // 2, LONGEST // 2
    left, right = operands[:half], operands[half:]
    return [
        ("dot" if i == 0 else "more", (*left[i : i + step], *right[i : i + step]))
        for i in range(0, half, step)
    ]


def _beginnings(items: list[Item], varies: bytearray) -> list[Item]:
    """Let sums that vary begin with what does not: those terms are added once.

    Terms are added from left to right, so the bits stay.
    """
    found: list[Item] = []
    for slot, name, operands in items:
        if name not in ("sum", "dot", "more") or not varies[slot]:
            found.append((slot, name, operands))
            continue
        first = operands[:1] if name == "more" else ()
        terms = _terms(name, operands[len(first) :])
        same = 0
        if not any(map(varies.__getitem__, first)):
            while not any(map(varies.__getitem__, terms[same])):
                same += 1
        if same == 0 or (name == "sum" and same == 1):
            found.append((slot, name, operands))
            continue
        start = len(varies)
        varies.append(False)
        found.append((start, name, (*first, *_operands(terms[:same]))))
        rest = (start, *_operands(terms[same:]))
        found.append((slot, "sum" if name == "sum" else "more", rest))
    return found


def _terms(name: str, operands: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the factors of each term of a sum, or of a sum of products."""
    if name == "sum":
        return [(p,) for p in operands]
    half = len(operands) // 2
    return list(zip(operands[:half], operands[half:], strict=True))


def _operands(terms: list[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the operands of these terms: all first factors, then all second ones."""
    return tuple(p for column in zip(*terms, strict=True) for p in column)


def find_tables(plan: Plan) -> None:
    """Note where each take's numbers lie evenly spaced, for one sample."""
    for slot, name, operands in plan.tiled:
        if name == "take":
            _find_table(plan, slot, operands[1:])


def _find_table(plan: Plan, slot: int, values: tuple[int, ...]) -> bool:
    """Note where a take's numbers lie evenly spaced among the uniform inputs."""
    sources = [plan.sources.get(v, ("", 0)) for v in values]
    if any(kind != "uniform" for kind, _ in sources):
        return False
    places = [int(place) for _, place in sources]
    step = places[1] - places[0] if len(places) > 1 else 0
    if any(b - a != step for a, b in pairwise(places)):
        return False
    plan.tables[slot] = ("u", places[0], step)
    return True


def _keep_tables(plan: Plan, varies: bytearray) -> None:
    """Give each take among numbers that do not vary a table in memory."""
    known: dict[tuple[int, ...], int] = {}
    for slot, name, operands in plan.tiled:
        values = operands[1:]
        if name != "take" or len(values) < 4 or any(varies[v] for v in values):
            continue
        if _find_table(plan, slot, values):
            continue
        if values not in known:
            known[values] = plan.kept
            plan.once += [
                (i, "keep", (v,)) for i, v in enumerate(values, known[values])
            ]
            plan.kept += len(values)
        plan.tables[slot] = ("h", known[values], 1)


def _keep(plan: Plan) -> None:
    """Keep what was computed once and tiles need."""
    made = {slot for slot, name, _ in plan.once if name != "keep"}
    for slot in _unique(p for item in plan.tiled for p in read(plan, item)):
        if slot in made:
            plan.sources[slot] = ("kept", plan.kept)
            plan.once.append((plan.kept, "keep", (slot,)))
            plan.kept += 1


def read(plan: Plan, item: Item) -> tuple[int, ...]:
    """Return the slots that an item reads itself; a table is read from memory."""
    slot, name, operands = item
    return operands[:1] if name == "take" and slot in plan.tables else operands


def _unique(slots: Iterable[int]) -> dict[int, None]:
    return dict.fromkeys(slots)
