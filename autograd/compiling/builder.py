"""`Builder`: writes a program; the same operation on the same operands once only."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Self

from .draft import Draft
from .program import Instruction, Number, Program

__all__ = ["Builder"]


class Builder:
    """A program under construction.

    `emit` gives the slot of an operation's result, an earlier one where the program has
    that very operation already: operations are pure functions.

    Slots are handles while the program grows (inputs, constants and instructions come
    in any order); `finish` numbers them as `Program` wants.
    """

    def __init__(self, inputs: Sequence[str] = (), indices: Iterable[int] = ()) -> None:
        self.inputs = list(inputs)
        self.indices = set(indices)
        # What each handle is: an input's place, a constant, or an instruction.
        self.made: list[Instruction] = [("input", i) for i in range(len(self.inputs))]
        self.constants: dict[int, Number] = {}  # by handle
        self._places = list(range(len(self.inputs)))  # the inputs' handles
        self._known: dict[Any, int] = {}
        self.known = self._known.get  # the handle of what has been made, or None

    @classmethod
    def of(cls, program: Program) -> Self:
        """Return a builder that has made this program: its slots are the handles."""
        builder, draft = cls(program.inputs, program.indices), Draft.of(program)
        builder.made = draft.made
        builder.constants.update(draft.constants)
        for handle, x in draft.constants.items():
            builder._known.setdefault(_key(x), handle)
        return builder

    def input(self, name: str, index: bool = False) -> int:
        """Add an input, return its handle."""
        handle, place = len(self.made), len(self.inputs)
        self.inputs.append(name)
        if index:
            self.indices.add(place)
        self.made.append(("input", place))
        self._places.append(handle)
        return handle

    def constant(self, x: Number) -> int:
        """Return the handle of a constant: a float, or a bool, or an int."""
        key = _key(x)
        handle = self._known.get(key)
        if handle is None:
            handle = self._known[key] = len(self.made)
            self.made.append(("constant", x))
            self.constants[handle] = x
        return handle

    def emit(self, name: str, *operands: int) -> int:
        """Return the handle of an operation's result."""
        return self.put((name, *operands))

    def put(self, instruction: Instruction) -> int:
        """Return the handle of an instruction's result."""
        new = len(self.made)
        handle = self._known.setdefault(instruction, new)
        if handle == new:
            self.made.append(instruction)
        return handle

    def remember(self, handles: Iterable[int]) -> None:
        """Let operations that have these handles not be made again."""
        for handle in handles:
            self._known.setdefault(self.made[handle], handle)

    def finish(
        self, outputs: Sequence[int], guards: Sequence[tuple[int, bool]] = ()
    ) -> Program:
        """Return the program, without what no output and no guard needs."""
        return self.draft(outputs, guards).program()

    def draft(
        self, outputs: Sequence[int], guards: Sequence[tuple[int, bool]] = ()
    ) -> Draft:
        """Return the same before its slots are numbered."""
        made, sources = self.made, {*self._places, *self.constants}
        needed = [False] * len(made)  # a list is quicker here than a bytearray
        for handle in (*outputs, *(handle for handle, _ in guards)):
            needed[handle] = True
        chosen = []  # the handles of instructions that are needed, the last first
        for handle in range(len(made) - 1, -1, -1):
            if needed[handle] and handle not in sources:
                chosen.append(handle)
                instruction = made[handle]
                if len(instruction) == 3:  # most of them, quickly
                    _, x, y = instruction
                    needed[x] = needed[y] = True
                else:
                    for operand in instruction[1:]:
                        needed[operand] = True
        constants = {h: x for h, x in self.constants.items() if needed[h]}
        return Draft(
            tuple(self.inputs),
            frozenset(self.indices),
            made,
            self._places,
            constants,
            chosen[::-1],
            outputs,
            guards,
        )


def _key(constant: Number) -> Any:
    """Return what tells constants apart that are equal, but not the same.

    0.0 and -0.0 are, True and 1 and 1.0.
    """
    if type(constant) is not float:
        return "constant", type(constant), constant
    return constant or ("constant", math.copysign(1.0, constant))
