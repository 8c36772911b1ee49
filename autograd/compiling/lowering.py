"""Lowering: a program of any rows becomes one of primitives, by the rows' own formulas.

`Expressions` is the namespace `m` whose numbers are slots of a program under
construction: run in it, a row's formula writes its instructions. What has no formula is
a primitive, and every backend has it as a function; `where` is the primitive choice.
"""

import math
import operator
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, reduce
from itertools import accumulate
from typing import Any

from ..namespace import Namespace
from ..rules import RULES
from .builder import Builder
from .draft import Draft
from .program import CONDITIONS, Program, pick

__all__ = ["Expressions", "Slot", "expanded", "is_primitive", "lowered"]


def is_primitive(name: str) -> bool:
    """Tell whether backends have an operation of this name as it is.

    >>> [name for name in ("exp", "add", "where", "sigmoid") if is_primitive(name)]
    ['exp', 'add', 'where']
    """
    if name == "chains":
        return False
    if name in CONDITIONS or name in _ARITHMETIC or name in _NATIVE or name == "fma":
        return True
    return RULES[name].formula is None and name not in _COMPOSED


class Slot:
    """A number, or a condition, of a program under construction."""

    __slots__ = ("handle", "m")
    __hash__ = object.__hash__

    def __init__(self, m: "Expressions", handle: int) -> None:
        self.m, self.handle = m, handle

    def __add__(self, other: Any) -> "Slot":
        return self.m.emit("add", self, other)

    def __radd__(self, other: Any) -> "Slot":
        return self.m.emit("add", other, self)

    def __sub__(self, other: Any) -> "Slot":
        return self.m.emit("sub", self, other)

    def __rsub__(self, other: Any) -> "Slot":
        return self.m.emit("sub", other, self)

    def __mul__(self, other: Any) -> "Slot":
        return self.m.emit("mul", self, other)

    def __rmul__(self, other: Any) -> "Slot":
        return self.m.emit("mul", other, self)

    def __neg__(self) -> "Slot":
        return self.m.emit("neg", self)

    def __pow__(self, other: Any) -> "Slot":
        return self.m.emit("pow", self, other)

    def __lt__(self, other: Any) -> "Slot":
        return self.m.emit("lt", self, other)

    def __le__(self, other: Any) -> "Slot":
        return self.m.emit("le", self, other)

    def __gt__(self, other: Any) -> "Slot":
        return self.m.emit("gt", self, other)

    def __ge__(self, other: Any) -> "Slot":
        return self.m.emit("ge", self, other)

    def __eq__(self, other: object) -> "Slot":  # type: ignore[override]
        return self.m.emit("eq", self, other)

    def __ne__(self, other: object) -> "Slot":  # type: ignore[override]
        return self.m.emit("ne", self, other)

    def __and__(self, other: Any) -> "Slot":
        return self.m.emit("and", self, other)

    def __or__(self, other: Any) -> "Slot":
        return self.m.emit("or", self, other)

    def __invert__(self) -> "Slot":
        return self.m.emit("not", self)


# The operators: their rows' formulas are the operators themselves.
_ARITHMETIC = {"add", "sub", "mul", "div", "neg", "where"}
# Machines have them; their rows' formulas would be six or seven instructions.
_NATIVE = {"abs", "maximum", "minimum"}
# Primitives for other kinds of number, composed here.
_COMPOSED = {"logsumexp", "prod"}


class Expressions(Namespace):
    """The namespace `m` of slots."""

    kind = "program"
    pi = math.pi

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def slot(self, x: Any) -> int:
        """Return the handle of a slot, or of the constant that a plain number is."""
        if isinstance(x, Slot):
            return x.handle
        return self.builder.constant(x if isinstance(x, bool) else float(x))

    def emit(self, name: str, *operands: Any) -> Slot:
        """Write an instruction."""
        return Slot(self, self.builder.emit(name, *map(self.slot, operands)))

    def missing(self, name: str) -> Callable[..., Slot]:
        """Return a primitive as a function; it is kept."""

        def primitive(*operands: Any) -> Slot:
            return self.emit(name, *operands)

        setattr(self, name, primitive)
        return primitive

    @staticmethod
    def rational(p: int, q: int = 1) -> float:
        return p / q

    def where(self, condition: Any, a: Any, b: Any) -> Any:  # type: ignore[override]
        if isinstance(condition, bool):
            return a if condition else b
        return self.emit("where", condition, a, b)

    def prod(self, *xs: Any) -> Any:  # type: ignore[override]
        return reduce(operator.mul, xs, 1)

    def length(self, *xs: Any) -> Any:
        """Return a norm in primitives: within an ulp or two of the instruction `norm`.

        Numbers are scaled by a power of 2 where their squares would over- or underflow.
        """
        sizes = [self.abs(x) for x in xs]
        # The largest, with 0 for NaN: in pairs, which do not wait for each other.
        tops: list[Any] = [self.where(x > 0.0, x, 0.0) for x in sizes] or [0.0]
        while len(tops) > 1:
            pairs = zip(tops[::2], [*tops[1::2], 0.0], strict=False)
            tops = [self.where(x > y, x, y) for x, y in pairs]
        (top,) = tops
        large, small = top > 2.0**500, top < 2.0**-500
        scale, inverse = (
            self.where(large, down, self.where(small, up, 1.0))
            for down, up in ((2.0**-550, 2.0**550), (2.0**550, 2.0**-550))
        )
        scaled = [x * scale for x in sizes]
        found = self.sqrt(self.sum(*[x * x for x in scaled])) * inverse
        return self.where(top == self.inf, top, found)  # even beside NaN

    def logsumexp(self, *xs: Any) -> Any:
        """Shift by the largest, and keep the small rest by log1p, as `Namespace`."""
        tops = list(accumulate(xs, self.maximum))
        top = tops[-1]
        rest: list[Any] = [0]
        for i, x in enumerate(xs):
            # The first of the largest is left out: its power is 1, and log1p adds it.
            first = x == top if i == 0 else (x == top) & (tops[i - 1] != top)
            rest.append(self.where(first, 0, self.exp(x - top)))
        finite = self.abs(top) < self.inf
        return self.where(finite, top + self.log1p(self.sum(*rest)), top)


def _primitive(name: str) -> Callable[..., Any]:
    def primitive(self: Expressions, *operands: Any) -> Slot:
        return self.emit(name, *operands)

    return primitive


# The base class has these as functions of plain numbers.
for _name in (*_NATIVE, "chain", "dot", "sum", "take"):
    setattr(Expressions, _name, _primitive(_name))


# Formulas write shorter instructions than that, which the program may have already. Of
# longer ones there is one of a kind as ever, and looking would take longer.
_SHORT = 4
_KEPT = 100  # formulas of so many operands are kept for the next program


def lowered(program: Program) -> Program:
    """Return the program in primitives: the same bits, operation by operation.

    >>> print(lowered(Program(("x",), (), (("relu", 0),), (1,))))
    program(x):
        v0 = x <= 0.0
        v1 = 0.0 if v0 else x
        return v1
    """
    builder, order = expanded(program)
    made, constants = builder.made, builder.constants
    draft = replace(Draft.of(program), made=made, constants=constants, chosen=order)
    return draft.program()


def expanded(program: Program, exact: bool = True) -> tuple[Builder, list[int]]:
    """Return a builder with the program in primitives, and its instructions in order.

    Handles are the program's slots, and above them those that formulas need besides.
    exact: of the same bits; otherwise norms, too, are written in simpler instructions.
    """
    builder, start = Builder.of(program), program.start
    names = {instruction[0] for instruction in program.code}
    formulas = {name for name in names if not is_primitive(name)}
    if not exact:
        formulas.add("norm")
    composed, short = {}, []
    for slot, instruction in enumerate(program.code, start):
        if instruction[0] in formulas:
            find = _kept_formula if len(instruction) <= _KEPT else _formula
            composed[slot] = find(instruction[0], len(instruction) - 1)
        elif len(instruction) <= _SHORT:
            short.append(slot)
    builder.remember(short)
    # The shorter ones first: a longer one may contain them.
    needed = {
        slot: _compose(builder, slot, formula)
        for slot, formula in sorted(composed.items(), key=lambda x: len(x[1].code))
    }
    order: list[int] = []
    for slot in composed:
        order += (*range(start, slot), *needed[slot])
        start = slot
    order += range(start, program.size)
    # What a formula shares with later instructions is computed with the formula.
    return builder, list(dict.fromkeys(order))


def _compose(builder: Builder, slot: int, formula: Program) -> list[int]:
    """Write an instruction by its formula; return the handles of what it needs."""
    handles = [*builder.made[slot][1:], *map(builder.constant, formula.constants)]
    *others, (name, *operands) = formula.code
    put, append = builder.put, handles.append
    for each in others:
        if len(each) == 3:  # most have two operands
            other, left, right = each
            append(put((other, handles[left], handles[right])))
        else:
            append(put((each[0], *pick(handles, each[1:]))))
    result = (name, *pick(handles, operands))
    same = builder.known(result)
    if same is not None:
        handles.append(same)
        result = ("mul", same, builder.constant(1.0))  # x * 1.0 = x
    builder.made[slot] = result
    builder.remember([slot])
    return handles[formula.start :]


def _formula(name: str, count: int) -> Program:
    """Return an operation in primitives: a program that ends with the result."""
    builder = Builder([""] * count)
    m = Expressions(builder)
    operands = [Slot(m, handle) for handle in range(count)]
    if name == "chains":
        made = m.sum(*map(m.chain, operands[: count // 2], operands[count // 2 :]))
    elif name == "norm":
        made = m.length(*operands)
    else:
        made = RULES[name].forward(m, *operands)
    handle = m.slot(made)
    if handle < count or handle in builder.constants:
        handle = builder.emit("mul", handle, builder.constant(1.0))  # x * 1.0 = x
    return builder.finish([handle])


_kept_formula = lru_cache(200)(_formula)
