"""`Program`: straight-line code over numbered slots, recorded from a function.

    program      inputs, constants, instructions, guards, outputs
    slot         0, 1, 2, ...: first the inputs, then the constants, then the result of
                 each instruction in turn; a slot is written once
    instruction  (name, slot, ..., slot): an operation on earlier slots
    guard        (slot, bool): the program is only right where that condition is so
    output       a slot

    name         a row of RULES          number, ... → number
                 lt le eq ne gt ge       number, number → condition
                 and or not              condition, ... → condition
                 fma                     x, y, z → x·y + z, rounded once
    chains                  g₁ ... gₙ, d₁ ... dₙ → the sum of chain(gᵢ, dᵢ)

`where` takes a condition first, `take` the place of one of its others first (a whole
number; negative ones count from the end), `polygamma` and `round_to` have a constant
that is an int. Inputs may be marked as whole numbers. Everything is a total function of
IEEE 754 doubles: nothing raises, nothing is undefined, so the code may run whether or
not the guards hold.
"""

import math
import operator
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache, partial
from typing import Any

from ..errors import ProgramError
from ..kinds import FLOATS
from ..rules import RULES
from ..rules.rule import fill

Number = Any
Instruction = tuple[Any, ...]  # a name and slots

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    name: getattr(operator, name) for name in ("lt", "le", "eq", "ne", "gt", "ge")
}
LOGIC: dict[str, Callable[..., bool]] = {
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": operator.not_,
}
CONDITIONS = {*COMPARISONS, *LOGIC}
_SIGNS = {"lt": "<", "le": "<=", "eq": "==", "ne": "!=", "gt": ">", "ge": ">="}
_FORMS = {
    **{name: f"#1 {sign} #2" for name, sign in _SIGNS.items()},
    "and": "#1 and #2",
    "or": "#1 or #2",
    "not": "not #1",
    "fma": "fma(#1, #2, #3)",
    "where": "#2 if #1 else #3",
    "chains": "chains([#<], [#>])",
}


@dataclass(frozen=True, slots=True)
class Program:
    """Straight-line code: see the module's docstring for the grammar.

    inputs: their names. indices: the places of the inputs that are whole numbers.
    constants: floats; bools and ints where an operation wants them. code: the
    instructions. outputs: slots. guards: pairs of a slot and what it must be.

    >>> program = Program(("x", "y"), (2.0,), (("mul", 0, 2), ("add", 3, 1)), (4,))
    >>> print(program)
    program(x, y):
        v0 = x * 2.0
        v1 = v0 + y
        return v1
    >>> program.run([3.0, 1.0])
    ([7.0], True)
    """

    inputs: tuple[str, ...]
    constants: tuple[Number, ...]
    code: tuple[Instruction, ...]
    outputs: tuple[int, ...]
    guards: tuple[tuple[int, bool], ...] = ()
    indices: frozenset[int] = frozenset()

    @property
    def start(self) -> int:
        """The slot of the first instruction."""
        return len(self.inputs) + len(self.constants)

    @property
    def size(self) -> int:
        """The number of slots."""
        return self.start + len(self.code)

    def run(self, numbers: Iterable[Number]) -> tuple[list[Number], bool]:
        """Return the outputs, and whether all guards held: the reference evaluator."""
        slots = [*numbers, *self.constants]
        for name, *places in self.code:
            slots.append(function_of(name)(*[slots[place] for place in places]))
        held = all(slots[place] is wanted for place, wanted in self.guards)
        return [slots[place] for place in self.outputs], held

    def verify(self) -> "Program":
        """Return self; raise `ProgramError` for what the grammar does not allow."""
        kinds = kinds_of_inputs(len(self.inputs), self.indices)
        kinds += map(kind_of_constant, self.constants)
        kinds += [None] * len(self.code)
        check(kinds, enumerate(self.code, self.start), self.outputs, self.guards)
        return self

    def names(self) -> list[str]:
        """Return how each slot is called where the program is printed."""
        made = (f"v{i}" for i in range(len(self.code)))
        return [*self.inputs, *map(repr, self.constants), *made]

    def __str__(self) -> str:
        names = self.names()
        lines = [f"program({', '.join(self.inputs)}):"]
        for name, (rule, *places) in zip(names[self.start :], self.code, strict=True):
            lines.append(f"    {name} = {form(rule, [names[p] for p in places])}")
        for place, wanted in self.guards:
            lines.append(f"    guard {names[place]} is {wanted}")
        lines.append(f"    return {', '.join(names[p] for p in self.outputs)}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return (
            f"<program: {len(self.inputs)} inputs, {len(self.code)} instructions, "
            f"{len(self.guards)} guards, {len(self.outputs)} outputs>"
        )


def pick(items: Sequence[Any], places: Sequence[int]) -> tuple[Any, ...]:
    """Return the items at these places, quickly: most instructions have two."""
    count = len(places)
    if count == 2:
        left, right = places
        return items[left], items[right]
    if count > 2:
        found: tuple[Any, ...] = operator.itemgetter(*places)(items)
        return found
    return (items[places[0]],) if count else ()


@cache
def function_of(name: str) -> Callable[..., Number]:
    """Return what an instruction of this name does to floats."""
    if name in CONDITIONS:
        return COMPARISONS.get(name) or LOGIC[name]
    if name == "fma":
        return _fma
    if name == "chains":
        return _chains
    if name not in RULES:
        raise ProgramError(f"there is no operation {name!r}")
    if name == "take":
        return _take
    return partial(_as_float, partial(RULES[name].forward, FLOATS))


def _chains(*operands: float) -> float:
    half = len(operands) // 2
    products = map(FLOATS.chain, operands[:half], operands[half:])
    return float(FLOATS.sum(*products))


def _take(index: float, *values: float) -> float:
    place, count = int(index), len(values)
    return values[place if -count <= place < count else 0]  # see `check_bounds`


def _as_float(function: Callable[..., Number], *operands: Number) -> float:
    return float(function(*operands))


def _fma(x: float, y: float, z: float) -> float:
    """Return x·y + z rounded once (`math.fma` came with Python 3.13)."""
    if not (math.isfinite(x) and math.isfinite(y)):
        return x * y + z
    if not math.isfinite(z):
        return z
    exact = Fraction(x) * Fraction(y) + Fraction(z)
    if exact == 0:
        return x * y + z  # has the right sign of zero
    try:
        return exact.numerator / exact.denominator  # correctly rounded
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def kinds_of_inputs(count: int, indices: Container[int]) -> list[str | None]:
    """Return what each input is: "number" or "index"."""
    return ["index" if i in indices else "number" for i in range(count)]


def kind_of_constant(x: Number) -> str:
    """Return what a constant is: "condition", "whole" or "number"."""
    if isinstance(x, bool):
        return "condition"
    return "whole" if isinstance(x, int) else "number"


def check(
    kinds: list[str | None],
    code: Iterable[tuple[int, Instruction]],
    outputs: Iterable[int],
    guards: Iterable[tuple[int, bool]],
) -> None:
    """Raise `ProgramError` for what the grammar does not allow.

    kinds: what each slot is; None for those that an instruction gives, until it does.
    code: slots and their instructions, in turn.
    """
    for slot, instruction in code:
        name, places = instruction[0], instruction[1:]
        try:
            given = pick(kinds, places)
        except (IndexError, TypeError):
            given = (None,)
        # What takes numbers only, and as many, needs no closer look.
        count = len(places)
        taken = count - count % 2 if name == "chains" else _TAKEN.get(name, -1)
        if not (
            given.count("number") == count
            and (taken == count > 0 or taken is None)
            and (not count or min(places) >= 0)
        ):
            if None in given or min(places, default=0) < 0:
                at = f"slot {slot}, {name}{places}"
                raise ProgramError(f"{at}: an operand is no earlier slot")
            if complaint := _complaint(name, given):
                raise ProgramError(f"slot {slot}, {name}{places}: {complaint}")
        kinds[slot] = "condition" if name in CONDITIONS else "number"
    guarded = [place for place, _ in guards]
    for place in (*outputs, *guarded):
        if not 0 <= place < len(kinds) or kinds[place] is None:
            raise ProgramError(f"slot {place} is none of the {len(kinds)}")
    for place in guarded:
        if kinds[place] != "condition":
            raise ProgramError(f"the guard of slot {place} is a {kinds[place]}")


_NUMBERS = frozenset({"number", "index", "whole"})
# How many numbers an operation takes that takes nothing else; None: any number of them.
_TAKEN: dict[str, int | None] = {
    **{name: row.arity for name, row in RULES.items()},
    **dict.fromkeys(COMPARISONS, 2),
    "fma": 3,
}
for _name in ("where", "polygamma", "round_to"):
    del _TAKEN[_name]


@lru_cache(1000)
def _complaint(name: str, given: tuple[Any, ...]) -> str:
    """Say why operands of these kinds do not fit the operation; nothing if they do."""
    condition, whole = frozenset({"condition"}), frozenset({"whole"})
    if name in LOGIC:
        wanted = [condition] * (1 if name == "not" else 2)
    elif name in COMPARISONS:
        wanted = [_NUMBERS] * 2
    elif name == "fma":
        wanted = [_NUMBERS] * 3
    elif name == "chains":
        wanted = [_NUMBERS] * max(2, len(given) + len(given) % 2)
    elif name in RULES:
        arity = RULES[name].arity
        wanted = [_NUMBERS] * (len(given) if arity is None else arity)
        first = {"where": condition, "polygamma": whole}.get(name)
        if first and wanted:
            wanted[0] = first
        if name == "round_to":
            wanted[1] = whole
    else:
        return "there is no such operation"
    if len(wanted) == len(given) and all(map(operator.contains, wanted, given)):
        return ""
    return (
        f"takes {', '.join('/'.join(sorted(w)) for w in wanted)}, got "
        f"{', '.join(given)}"
    )


def form(name: str, operands: Sequence[str]) -> str:
    """Print an operation with these texts in place of its operands."""
    if name in _FORMS:
        return fill(_FORMS[name], operands)
    return RULES[name].format(*operands)
