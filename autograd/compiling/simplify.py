"""Simplification: the same program in fewer instructions.

    folding, identities, common sub-expressions   `Rewriter`, by IDENTITIES
    sums and products of sums → n-ary sum and dot `collected` (collect.py)

A recording is written by a `Rewriter`, and what it has written is only collected; what
either gives is verified, slots are numbered at the end. With `exact` the bits of
every output stay the same for all inputs, signs of zero and infinities included (that
of a NaN apart); otherwise a result may move by a few units in the last place. What IEEE
arithmetic does not allow is never done: x*0 is NaN for an infinite x, x + 0.0 is 0.0
for x = −0.0, and a − a is NaN where a is one.
"""

import math
from collections.abc import Callable, Iterable, Sequence

from .builder import Builder
from .collect import collected
from .draft import Draft
from .program import (
    COMPARISONS,
    CONDITIONS,
    Instruction,
    Number,
    Program,
    function_of,
    pick,
)

__all__ = ["Rewriter", "rewritten", "simplified"]


def simplified(program: Program, exact: bool = False) -> Program:
    """Return a program that computes the same in fewer instructions.

    >>> from .program import Program
    >>> long = Program(("x", "y"), (1.0,), (("mul", 0, 2), ("neg", 1),
    ...     ("add", 3, 4)), (5,))
    >>> print(simplified(long))
    program(x, y):
        v0 = x - y
        return v0
    """
    program = rewritten(program, exact).verify()
    return collected(Draft.of(program), exact).verify()


class Rewriter(Builder):
    """A builder that folds constants and applies the identities as it writes."""

    def __init__(
        self, inputs: Sequence[str] = (), indices: Iterable[int] = (), *, exact: bool
    ) -> None:
        super().__init__(inputs, indices)
        self.exact = exact
        self._fixed = self.constants.keys()
        self._negated: set[int] = set()  # results of neg

    def put(self, instruction: Instruction) -> int:
        """Return the handle of an instruction's result, simplified."""
        name, fixed, negated = instruction[0], self._fixed, self._negated
        if name in _COMMUTATIVE:  # constants last, else the earlier one first
            _, x, y = instruction
            if x in fixed or (y < x and y not in fixed):
                instruction = name, y, x
        if (found := self.known(instruction)) is not None:
            return found
        # Look for a simpler form only where there may be one: quickly.
        if len(instruction) == 3:
            _, x, y = instruction
            special = x in fixed or y in fixed or x in negated or y in negated
            look = special or name in _OF_NEITHER
        else:
            look = len(instruction) < 5 or instruction[1] in fixed
        if look and (found := self._simpler(name, instruction[1:])) is not None:
            return found
        handle = self._known[instruction] = len(self.made)
        self.made.append(instruction)
        if name == "neg":
            negated.add(handle)
        return handle

    def _simpler(self, name: str, operands: tuple[int, ...]) -> int | None:
        """Return the handle of the same by folding or an identity, if there is one."""
        fixed = self._fixed
        if not operands or (
            operands[0] in fixed and all(map(fixed.__contains__, operands))
        ):
            numbers = [self.constants[x] for x in operands]
            return self.constant(function_of(name)(*numbers))
        if len(operands) > 3:  # no identity looks at so many
            return None
        if not fixed.isdisjoint(operands):
            rows = IDENTITIES
        elif not self._negated.isdisjoint(operands):
            rows = _WITHOUT_CONSTANTS
        else:
            rows = _OF_NEITHER
        for identity in rows.get(name, ()):
            found = identity(self, *operands)
            if found is not None:
                return found
        return None

    def number(self, handle: int) -> Number | None:
        """Return the number if the handle is a constant."""
        return self.constants.get(handle)

    def is_(self, handle: int, x: float) -> bool:
        """Tell the constant x, with its sign of zero."""
        found = self.constants.get(handle)
        if type(found) is not float or found != x:
            return False
        return math.copysign(1, found) == math.copysign(1, x)

    def operands(self, handle: int, name: str) -> tuple[int, ...] | None:
        """Return the operands if the handle is the result of this operation."""
        made = self.made[handle]
        return made[1:] if made[0] == name else None

    def choose(self, condition: int, yes: int, no: int) -> int:
        """Return the condition (condition and yes) or (not condition and no)."""
        if yes == no:
            return yes
        either, neither = self.number(yes), self.number(no)
        if either is True and neither is False:
            return condition
        if either is True:
            return self.emit("or", condition, no)
        if neither is False:
            return self.emit("and", condition, yes)
        opposite = self.emit("not", condition)
        if either is False:
            return opposite if neither is True else self.emit("and", opposite, no)
        if neither is True:
            return self.emit("or", opposite, yes)
        return self.emit(
            "or", self.emit("and", condition, yes), self.emit("and", opposite, no)
        )


def rewritten(program: Program, exact: bool) -> Program:
    """Fold constants and apply the identities, in one walk."""
    r = Rewriter(program.inputs, program.indices, exact=exact)
    slots = [*range(len(program.inputs)), *map(r.constant, program.constants)]
    for instruction in program.code:
        slots.append(r.put((instruction[0], *pick(slots, instruction[1:]))))
    guards = [(slots[place], wanted) for place, wanted in program.guards]
    # A guard on a constant that holds always holds; one that fails always fails.
    guards = [g for g in guards if r.number(g[0]) is not g[1]]
    return r.finish([slots[place] for place in program.outputs], guards)


_COMMUTATIVE = {"add", "mul", "chain", "eq", "ne", "and", "or"}
_NEVER_MINUS_ZERO = {"exp", "exp2", "cosh", "abs", "sigmoid", "softplus", "relu"}
_NEVER_MINUS_ZERO |= {"hypot", "norm", "erfc", "square"}

Identity = Callable[..., int | None]


def _is_never_minus_zero(r: Rewriter, x: int) -> bool:
    name, *operands = r.made[x]
    if name == "constant":
        return not r.is_(x, -0.0)
    if name == "mul":
        return bool(operands[0] == operands[1])
    if name == "add":  # only −0.0 + −0.0 is −0.0
        return any(r.made[y][0] in _NEVER_MINUS_ZERO for y in operands) or any(
            r.made[y][0] == "constant" and not r.is_(y, -0.0) for y in operands
        )
    return name in _NEVER_MINUS_ZERO


def _negated(r: Rewriter, x: int) -> int | None:
    """Return y where x is −y."""
    made = r.made[x]
    return made[1] if made[0] == "neg" else None


def _add_zero(r: Rewriter, x: int, y: int) -> int | None:
    if r.is_(y, -0.0) or (r.is_(y, 0.0) and _is_never_minus_zero(r, x)):
        return x  # x + -0.0 = x; x + 0.0 = x unless x may be -0.0
    if r.is_(x, -0.0) or (r.is_(x, 0.0) and _is_never_minus_zero(r, y)):
        return y
    return None


def _add_negative(r: Rewriter, x: int, y: int) -> int | None:
    if (z := _negated(r, y)) is not None:
        return r.emit("sub", x, z)  # x + (-z) = x - z
    if (z := _negated(r, x)) is not None:
        return r.emit("sub", y, z)  # (-z) + y = y - z
    return None


def _sub_zero(r: Rewriter, x: int, y: int) -> int | None:
    return x if r.is_(y, 0.0) else None  # x - 0.0 = x


def _sub_negative(r: Rewriter, x: int, y: int) -> int | None:
    z = _negated(r, y)
    return None if z is None else r.emit("add", x, z)  # x - (-z) = x + z


def _times(r: Rewriter, x: int, y: int) -> int | None:
    """Multiply by 1 and −1, whichever factor it is."""
    for one, other in ((x, y), (y, x)):
        if r.is_(one, 1.0):
            return other  # 1*x = x
        if r.is_(one, -1.0):
            return r.emit("neg", other)  # -1*x = -x
    return None


def _negatives(name: str) -> Identity:
    def multiply(r: Rewriter, x: int, y: int) -> int | None:
        if r.made[x][0] != "neg" and r.made[y][0] != "neg":
            return None
        a, b = _negated(r, x), _negated(r, y)
        if a is not None and b is not None:
            return r.emit(name, a, b)  # (-a)*(-b) = a*b
        for negated, other in ((a, y), (b, x)):
            constant = r.number(other)
            if negated is not None and type(constant) is float:
                return r.emit(name, negated, r.constant(-constant))  # (-a)*c = a*-c
        return None

    return multiply


def _chain(r: Rewriter, g: int, d: int) -> int | None:
    for one, other in ((g, d), (d, g)):
        constant = r.number(one)
        if constant is None:
            continue
        if constant != 0 and math.isfinite(constant):
            return r.emit("mul", one, other)  # but for 0·∞ a chain is a product
        if constant == 0:
            return r.constant(0.0) if not r.exact else None  # 0·x = 0
    return None


def _neg(r: Rewriter, x: int) -> int | None:
    if (y := _negated(r, x)) is not None:
        return y  # -(-y) = y
    product = r.operands(x, "mul")
    for one, other in (product, product[::-1]) if product else ():
        constant = r.number(one)
        if type(constant) is float:
            return r.emit("mul", r.constant(-constant), other)  # -(c*x) = -c*x
    return None


def _div(r: Rewriter, x: int, y: int) -> int | None:
    c = r.number(y)
    if type(c) is not float or c == 0 or not math.isfinite(c):
        return None
    if c == 1.0:
        return x  # x/1 = x
    if c == -1.0:
        return r.emit("neg", x)  # x/-1 = -x
    inverse = 1 / c
    power_of_two = abs(math.frexp(c)[0]) == 0.5
    normal = 2.0**-1022 <= abs(inverse) < math.inf
    if normal and (power_of_two or not r.exact):
        return r.emit("mul", x, r.constant(inverse))  # x/2 = x*½; else 1 ulp
    return None


def _pow(r: Rewriter, x: int, y: int) -> int | None:
    c = r.number(y)
    if c == 0:
        return r.constant(1.0)  # x**0 = 1, of NaN too
    if c == 1:
        return x  # x**1 = x
    if r.exact or c not in (2, 3, 4, -1):
        return None
    if c == -1:
        return r.emit("div", r.constant(1.0), x)  # x**-1 = 1/x
    square = r.emit("mul", x, x)
    if c == 2:
        return square  # x**2 = x*x
    return r.emit("mul", square, square if c == 4 else x)  # x**4 = x²*x², x**3 = x²*x


def _where(r: Rewriter, c: int, a: int, b: int) -> int | None:
    constant = r.number(c)
    if constant is not None:
        return a if constant else b  # a if True else b = a
    if a == b:
        return a  # a if c else a = a
    if (opposite := r.operands(c, "not")) is not None:
        return r.emit("where", opposite[0], b, a)  # a if not c else b = b if c else a
    for place, branch in ((1, a), (2, b)):
        inner = r.made[branch]
        if inner[0] == "where" and inner[1] == c:
            # (y if c else z) if c else b = y if c else b, and so for the other branch
            operands = [c, a, b]
            operands[place] = inner[place + 1]
            return r.emit("where", *operands)
    return None


def _not(r: Rewriter, c: int) -> int | None:
    inner = r.operands(c, "not")
    return inner[0] if inner else None  # not not c = c


def _and(r: Rewriter, a: int, b: int) -> int | None:
    if a == b:
        return a  # a and a = a
    for one, other in ((a, b), (b, a)):
        constant = r.number(one)
        if constant is not None:
            return other if constant else one  # True and a = a
    return None


def _or(r: Rewriter, a: int, b: int) -> int | None:
    if a == b:
        return a  # a or a = a
    for one, other in ((a, b), (b, a)):
        constant = r.number(one)
        if constant is not None:
            return one if constant else other  # False or a = a
    return None


def _compare_choices(name: str) -> Identity:
    def compare(r: Rewriter, x: int, y: int) -> int | None:
        """Compare a constant with each of the constants that the other may be."""
        for choice, fixed, turned in ((x, y, False), (y, x, True)):
            if r.number(fixed) is not None and _are_constants(r, choice):
                return _of_each(r, choice, fixed, turned)
        return None

    def _of_each(r: Rewriter, choice: int, fixed: int, turned: bool) -> int:
        operands = r.operands(choice, "where")
        if operands is None:
            pair = (fixed, choice) if turned else (choice, fixed)
            return r.emit(name, *pair)
        condition, *leaves = operands
        yes, no = [_of_each(r, leaf, fixed, turned) for leaf in leaves]
        return r.choose(condition, yes, no)

    return compare


def _are_constants(r: Rewriter, x: int, depth: int = 4) -> bool:
    """Tell a constant, or a choice of such."""
    if r.number(x) is not None:
        return True
    choice = r.operands(x, "where")
    if choice is None or depth == 0:
        return False
    return all(_are_constants(r, leaf, depth - 1) for leaf in choice[1:])


def _single(r: Rewriter, *xs: int) -> int | None:
    return xs[0] if len(xs) == 1 else None  # sum(x) = x


def _pair(r: Rewriter, *xs: int) -> int | None:
    return r.emit("add", *xs) if len(xs) == 2 else None  # sum(x, y) = x + y


def _dot_of_one(r: Rewriter, *xs: int) -> int | None:
    return r.emit("mul", *xs) if len(xs) == 2 else None  # dot([x], [y]) = x*y


IDENTITIES: dict[str, tuple[Identity, ...]] = {
    "add": (_add_zero, _add_negative),
    "sub": (_sub_zero, _sub_negative),
    "mul": (_times, _negatives("mul")),
    "chain": (_times, _chain, _negatives("chain")),
    "neg": (_neg,),
    "div": (_div,),
    "pow": (_pow,),
    "where": (_where,),
    "not": (_not,),
    "and": (_and,),
    "or": (_or,),
    "sum": (_single, _pair),
    "prod": (_single,),
    "max": (_single,),
    "min": (_single,),
    "dot": (_dot_of_one,),
    **{name: (_compare_choices(name),) for name in COMPARISONS},
}
# Those that may apply where no operand is a constant.
_WITHOUT_CONSTANTS = {
    **IDENTITIES,
    **{name: IDENTITIES[name][-1:] for name in ("add", "sub", "mul", "chain")},
    **dict.fromkeys(("div", "pow", *COMPARISONS), ()),
}
# Those that may where besides none is a negative.
_OF_NEITHER = {
    name: rows
    for name, rows in _WITHOUT_CONSTANTS.items()
    if rows and name not in ("add", "sub", "mul", "chain")
}
assert IDENTITIES.keys() & CONDITIONS  # every comparison is there
