"""`Draft`: what has been written of a program, before its slots are numbered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .program import (
    Instruction,
    Number,
    Program,
    check,
    kind_of_constant,
    kinds_of_inputs,
    pick,
)

__all__ = ["Draft"]


@dataclass(frozen=True)
class Draft:
    """A program whose slots are handles, in any order, with gaps.

    made: what each handle is: ("input", place), ("constant", x) or an instruction.
    places: the inputs' handles. constants, chosen: the constants that are needed and
    the handles of the instructions that are, each after its operands.

    >>> square = Draft(("x",), frozenset(), [("input", 0), ("exp", 0), ("mul", 0, 0)],
    ...     [0], {}, [2], [2], [])
    >>> print(square.program())
    program(x):
        v0 = x * x
        return v0
    """

    inputs: tuple[str, ...]
    indices: frozenset[int]
    made: list[Instruction]
    places: Sequence[int]
    constants: Mapping[int, Number]
    chosen: Sequence[int]
    outputs: Sequence[int]
    guards: Sequence[tuple[int, bool]]

    @classmethod
    def of(cls, program: Program) -> "Draft":
        """Return a program as a draft: its slots are the handles."""
        inputs, first = range(len(program.inputs)), len(program.inputs)
        return cls(
            program.inputs,
            program.indices,
            [
                *(("input", place) for place in inputs),
                *(("constant", x) for x in program.constants),
                *program.code,
            ],
            inputs,
            dict(enumerate(program.constants, first)),
            range(program.start, program.size),
            program.outputs,
            program.guards,
        )

    def verify(self) -> "Draft":
        """Return self; raise `ProgramError` for what the grammar does not allow."""
        kinds: list[str | None] = [None] * len(self.made)
        inputs = kinds_of_inputs(len(self.inputs), self.indices)
        for place, kind in zip(self.places, inputs, strict=True):
            kinds[place] = kind
        for handle, x in self.constants.items():
            kinds[handle] = kind_of_constant(x)
        code = zip(self.chosen, map(self.made.__getitem__, self.chosen), strict=True)
        check(kinds, code, self.outputs, self.guards)
        return self

    def program(self) -> Program:
        """Return the program, its slots numbered in order."""
        slots = [-1] * len(self.made)
        for slot, handle in enumerate((*self.places, *self.constants, *self.chosen)):
            slots[handle] = slot
        code = []
        for instruction in map(self.made.__getitem__, self.chosen):
            if len(instruction) == 3:  # most of them, quickly
                name, x, y = instruction
                code.append((name, slots[x], slots[y]))
            else:
                code.append((instruction[0], *pick(slots, instruction[1:])))
        return Program(
            self.inputs,
            tuple(self.constants.values()),
            tuple(code),
            tuple([slots[handle] for handle in self.outputs]),
            tuple([(slots[handle], wanted) for handle, wanted in self.guards]),
            self.indices,
        )
