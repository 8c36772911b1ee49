"""`Rule`: everything that is known of one operation."""

import importlib
import inspect
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pickle import PicklingError
from typing import Any

from ..errors import ArgumentError, OpaqueRuleError

Number = Any
Interval = tuple[float, float]
EVERYWHERE: Interval = (-math.inf, math.inf)


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class Rule:
    """One operation: its value, its partial derivatives, how it prints, where it lives.

    A row states mathematics only, over a namespace `m` of functions for one kind of
    number (`kinds.py`), so that it runs on floats, exact numbers, Values and programs.

    name: how it is called, also as `autograd.<name>` and `Value.<name>()`.
    partials: ``(m, out, *operands) -> tuple`` of ∂out/∂operand, one an operand. An
        entry may be a function without arguments: it is called only if the partial is
        needed (``x**2`` needs no logarithm).
    formula: ``(m, *operands) -> out``; None for a primitive, which every namespace has
        as a function of the row's name.
    arity: how many operands; None for any number. Read off `partials`.
    text, latex: the printed form; #1, #2 stand for operands, #* for all of them.
    static: places of the operands that are never differentiated (index, condition).
    defaults: numerator and denominator of the last operands where they are left out.
    numpy: what NumPy calls this operation.
    domain: an interval an operand, from which tests draw.
    samples: operand tuples that tests try besides: the delicate points.
    kinks: ``(m, *operands) -> tuple`` of quantities; where one is zero the operation
        has no derivative and follows its stated convention.
    magnitude, partial_magnitudes: where terms cancel, ``(m, out, *operands) ->`` size
        of the largest term of the value, and of each partial: what rounding is relative
        to, in place of Σ|xᵢ·∂h/∂xᵢ|.
    note: the convention at delicate points, in words.
    opaque: a black box on floats: it can't be nested or compiled.

    >>> from autograd import RULES
    >>> rule = RULES["hypot"]
    >>> rule.arity, rule.format("x", "y"), rule.note
    (2, 'hypot(x, y)', 'derivative 0 at the origin, nan for an infinite operand')

    Raises `ArgumentError` where the partials of a row are not one an operand,
    `OpaqueRuleError` where an opaque one is to run on anything but floats.
    """

    name: str
    partials: Callable[..., tuple[Any, ...]]
    formula: Callable[..., Number] | None = None
    text: str = ""
    latex: str = ""
    static: tuple[int, ...] = ()
    defaults: tuple[tuple[int, int], ...] = ()
    numpy: tuple[str, ...] = ()
    domain: tuple[Interval, ...] = ()
    samples: tuple[tuple[Number, ...], ...] = ()
    kinks: Callable[..., tuple[Number, ...]] | None = None
    magnitude: Callable[..., Number] | None = None
    partial_magnitudes: Callable[..., tuple[Number, ...]] | None = None
    note: str = ""
    opaque: bool = False
    home: str = ""  # module:qualname of a user's rule, for pickling
    arity: int | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arity", _arity(self.partials))
        if not self.text:
            object.__setattr__(self, "text", f"{self.name}(#*)")
        if not self.latex:
            name = self.name.replace("_", r"\_")
            object.__setattr__(
                self, "latex", rf"\operatorname{{{name}}}\left(#*\right)"
            )

    def forward(self, m: Any, *operands: Number) -> Number:
        """Return the operation's value in the namespace m."""
        if self.opaque:
            self._must_be_floats(m)
        if self.formula is None:
            return getattr(m, self.name)(*operands)
        return self.formula(m, *operands)

    def local(
        self, m: Any, out: Number, operands: Sequence[Any], wanted: Sequence[bool]
    ) -> tuple[Any, ...]:
        """Return ∂out/∂operand for the wanted operands, None for the others."""
        if self.opaque:
            self._must_be_floats(m)
        partials = self.partials(m, out, *operands)
        if not isinstance(partials, tuple) or len(partials) != len(operands):
            raise ArgumentError(
                f"the partials of {self.name} must be a tuple of {len(operands)}, one "
                f"an operand; got {partials!r}"
            )
        if False not in wanted:
            for partial in partials:
                if callable(partial):
                    break
            else:
                return partials
        return tuple(
            [
                (partial() if callable(partial) else partial) if needed else None
                for partial, needed in zip(partials, wanted, strict=True)
            ]
        )

    def _must_be_floats(self, m: Any) -> None:
        if getattr(m, "kind", "Value") != "float":
            raise OpaqueRuleError(
                f"{self.name} is an opaque rule: a black box that only takes floats. "
                f"It has first derivatives only and no exact numbers; write it with "
                f"the functions of m and leave opaque=True out to nest or compile it"
            )

    def format(self, *operands: str) -> str:
        """Print the operation with these texts in place of its operands."""
        return fill(self.text, operands)

    def format_latex(self, *operands: str) -> str:
        """Print the operation in LaTeX."""
        return fill(self.latex, operands)

    def __repr__(self) -> str:
        return f"<rule {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        try:
            found = _find_rule(self.name, self.home)
        except (AttributeError, ImportError, KeyError):
            found = None
        if found is not self:
            raise PicklingError(
                f"the rule {self.name} can't be pickled: it is not found at "
                f"{self.home!r}; define it at the top level of a module"
            )
        return _find_rule, (self.name, self.home)


def _arity(partials: Callable[..., Any]) -> int | None:
    parameters = list(inspect.signature(partials).parameters.values())[2:]
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return None if variadic else len(parameters)


def fill(template: str, operands: Sequence[str]) -> str:
    """Put texts in the places of a printed form; see `Rule`."""

    def operand(place: re.Match[str]) -> str:
        which = place[1]
        if which.isdigit():
            return operands[int(which) - 1]
        half = len(operands) // 2
        chosen = {"*": operands, "<": operands[:half], ">": operands[half:]}
        return ", ".join(chosen.get(which, operands[1:]))

    return re.sub(r"#(\d+|[*<>+])", operand, template)


def _find_rule(name: str, home: str) -> Rule:
    """Find a rule again when it is unpickled: in the table, or where a user made it."""
    if not home:
        from . import RULES

        return RULES[name]
    module, _, path = home.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    rule: Rule = found.rule
    return rule


def table(*rules: Rule) -> dict[str, Rule]:
    """Return the rules by name; a name that stands twice is a mistake."""
    named = {rule.name: rule for rule in rules}
    if len(named) != len(rules):
        raise ValueError("two rules have the same name")
    return named
