"""Plan: which instruction runs once a call, which for every tile; where numbers lie.

What depends on inputs that all samples share is computed once, on one double, and kept
in memory for the tiles; the rest runs on 8 samples at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, count, pairwise

from ..builder import Builder
from ..lowering import expanded
from ..program import Program
from .operations import is_condition

__all__ = ["Item", "Plan", "find_tables", "planned", "prepare", "read", "weight"]

# A result's slot (or what an item without result is about), a name, operands.
Item = tuple[int, str, tuple[int, ...]]

LONGEST = 32  # operands of one instruction in code; longer sums are written in parts


@dataclass
class Plan:
    """A program's instructions in two parts, and where their operands are from.

    sources: for slots that no part computes, ("constant", x), ("uniform", place),
    ("varying", place) or ("kept", place). once: items that run once a call; keeps: an
    item "keep" puts a slot at a place of the kept numbers. tiled: items for each tile
    (all of them where nothing varies: then `once` is empty and one sample is run).
    results: an item "out" puts a slot at the place of an output; before, "held" says if
    the guards held. size: the number of slots. tables: for a take, the base and step of
    its numbers in memory.
    """

    outputs: int
    guarded: bool
    exact: bool
    size: int
    sources: dict[int, tuple[str, float]] = field(default_factory=dict)
    once: list[Item] = field(default_factory=list)
    keeps: list[Item] = field(default_factory=list)
    tiled: list[Item] = field(default_factory=list)
    results: list[Item] = field(default_factory=list)
    conditions: set[int] = field(default_factory=set)
    tables: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    uniform: int = 0
    varying: int = 0

    @property
    def kept(self) -> int:
        """The number of kept numbers."""
        return len(self.keeps)

    @cached_property
    def weight(self) -> int:
        """About how many instructions of the machine a tile, or a sample, takes."""
        return weight(self.tiled) + len(self.results)


def weight(items: Iterable[Item]) -> int:
    """Return about how many instructions of the machine items take."""
    lengths = [len(operands) for _, _, operands in items]
    # max(1, length - 1) of each
    return sum(lengths) - len(lengths) + lengths.count(1) + 2 * lengths.count(0)


def planned(program: Program, varying: tuple[bool, ...], exact: bool) -> Plan:
    """Return the plan of a program, whose inputs vary where `varying` says."""
    builder, order = expanded(program, exact)
    done = len(builder.made)
    held = _one_guard(builder, program.guards)
    size = len(builder.made)
    order += range(done, size)
    plan = Plan(len(program.outputs), bool(held), exact, size)
    for slot, varies in enumerate(varying):
        _note_input(plan, slot, varies)
    for slot, x in builder.constants.items():
        plan.sources[slot] = ("constant", x)
    if held:
        plan.results.append((-1, "held", held))
    for i, slot in enumerate(program.outputs):
        plan.results.append((i, "out", (slot, *held)))
    code = map(builder.made.__getitem__, order)
    plan.tiled = [(slot, x[0], x[1:]) for slot, x in zip(order, code, strict=True)]
    if plan.varying:
        _share(plan)
    return plan


def _share(plan: Plan) -> None:
    """Let what does not vary be computed once, and kept."""
    varies = bytearray(plan.size)
    for slot, (kind, _) in plan.sources.items():
        varies[slot] = kind == "varying"
    for slot, _, operands in plan.tiled:
        varies[slot] = any(map(varies.__getitem__, operands))
    items = _beginnings(plan.tiled, varies)
    plan.size = len(varies)
    plan.once = [item for item in items if not varies[item[0]]]
    plan.tiled = [item for item in items if varies[item[0]]]
    _keep_tables(plan, varies)
    _keep(plan)


def _one_guard(builder: Builder, guards: Iterable[tuple[int, bool]]) -> tuple[int, ...]:
    """Join guards to one, and return its slot; nothing where there are none."""
    held: tuple[int, ...] = ()
    for place, wanted in guards:
        guard = place if wanted else builder.emit("not", place)
        held = (builder.emit("and", *held, guard) if held else guard,)
    return held


def _note_input(plan: Plan, slot: int, varies: bool) -> None:
    if varies:
        plan.sources[slot] = ("varying", plan.varying)
        plan.varying += 1
    else:
        plan.sources[slot] = ("uniform", plan.uniform)
        plan.uniform += 1


def _beginnings(items: list[Item], varies: bytearray) -> list[Item]:
    """Let sums that vary begin with what does not: those terms are added once.

    Terms are added from left to right, so the bits stay.
    """
    found: list[Item] = []
    for slot, name, operands in items:
        if name not in ("sum", "dot") or not varies[slot]:
            found.append((slot, name, operands))
            continue
        terms = _terms(name, operands)
        same = 0
        while not any(map(varies.__getitem__, terms[same])):
            same += 1
        if same == 0 or (name == "sum" and same == 1):
            found.append((slot, name, operands))
            continue
        start = len(varies)
        varies.append(False)
        found.append((start, name, _operands(terms[:same])))
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
            for value in values:
                _keep_one(plan, value)
        plan.tables[slot] = ("h", known[values], 1)


def _keep(plan: Plan) -> None:
    """Keep what was computed once and tiles need."""
    made = {slot for slot, _, _ in plan.once}
    items = chain(plan.tiled, plan.results)
    for slot in _unique(p for item in items for p in read(plan, item)):
        if slot in made:
            plan.sources[slot] = ("kept", plan.kept)
            _keep_one(plan, slot)


def _keep_one(plan: Plan, slot: int) -> None:
    plan.keeps.append((plan.kept, "keep", (slot,)))


def read(plan: Plan, item: Item) -> tuple[int, ...]:
    """Return the slots that an item reads itself; a table is read from memory."""
    slot, name, operands = item
    return operands[:1] if name == "take" and slot in plan.tables else operands


def _unique(slots: Iterable[int]) -> dict[int, None]:
    return dict.fromkeys(slots)


def prepare(plan: Plan) -> None:
    """Make a plan ready for code: note its conditions, write long sums in parts."""
    items = chain(plan.once, plan.tiled)
    plan.conditions = {slot for slot, name, _ in items if is_condition(name)}
    sources = plan.sources.items()
    plan.conditions |= {slot for slot, (_, x) in sources if isinstance(x, bool)}
    fresh = count(plan.size)
    for part in (plan.once, plan.tiled):
        part[:] = [short for item in part for short in _parts(item, fresh)]


def _parts(item: Item, fresh: Iterator[int]) -> Iterator[Item]:
    """Split a long sum from left to right; `more` adds products to its first."""
    slot, name, operands = item
    if name not in ("sum", "dot", "more") or len(operands) <= LONGEST:
        yield item
        return
    before = operands[:1] if name == "more" else ()
    terms = _terms(name, operands[len(before) :])
    size = LONGEST if name == "sum" else LONGEST // 2
    for i in range(0, len(terms), size):
        part = next(fresh) if i + size < len(terms) else slot
        kind = "more" if before and name == "dot" else name
        yield part, kind, (*before, *_operands(terms[i : i + size]))
        before = (part,)
