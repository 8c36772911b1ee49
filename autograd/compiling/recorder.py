"""What a recording writes: an instruction for each operation, with its operands.

What depends on no input is computed at once, as ever; everything else becomes an
instruction and a Tracer that stands for its result. A Tracer is a node of the graph
like any Value, so derivatives are recorded as they are computed: on Values.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from ..errors import NumberError, OpaqueRuleError
from ..floats import as_float
from ..graph import topological_order
from ..kinds import FLOATS, namespace_of_type
from ..layout import among, connect, parents_of
from ..modes import STATE
from ..node import FLOAT_TYPES, plain
from ..rules import RULES, Rule
from ..value import Value, apply
from .lowering import Expressions, Slot
from .program import Number
from .simplify import Rewriter
from .tracers import Condition, Index, Tracer, unknown

__all__ = ["Recorder"]

# What several edges contribute to a cotangent: one instruction.
_CHAINS = Rule(
    name="chains",
    formula=lambda m, *xs: m.sum(*map(m.chain, xs[: len(xs) // 2], xs[len(xs) // 2 :])),
    partials=lambda m, out, *xs: xs[len(xs) // 2 :] + xs[: len(xs) // 2],
)
# Rows that an instruction of their name stands for, whatever the operands.
_PLAIN = {r: name for name, r in RULES.items() if not r.static and name != "pos"}
_POS, _WHERE = RULES["pos"], RULES["where"]
_PLAIN[_CHAINS] = "chains"


def _mark(operand: Any) -> Any:
    """Return what stands for a local derivative: it is no number yet, but not None."""
    return 1.0 if isinstance(operand, Value) else None


@cache
def _ones(count: int) -> tuple[float, ...]:
    return (1.0,) * count


def _is_one(x: Any) -> bool:
    return type(x) in FLOAT_TYPES and x == 1


class Recorder:
    """The program under construction, and what it depends on.

    numbers: those of the call that is recorded. captured: Values from outside, whose
    numbers are read anew at each call.
    """

    exact = False

    def __init__(self) -> None:
        self.builder = Rewriter(exact=self.exact)
        self.m = Expressions(self.builder)
        self.numbers: list[Number] = []
        self.captured: list[Value] = []
        self.made: list[Value] = []  # leaves that the function makes: constants
        self.seen = 0  # how many of `made` are from before, or in `_constant`
        self.entered: list[Any] = []  # modes of this recording's own
        self._inputs: dict[int, int] = {}  # handle of each captured Value
        self._constant: dict[int, bool] = {}
        self._choices: dict[int, Tracer] = {}  # of plain numbers
        self._kept: list[Value] = []  # so that no `id` in these is used twice

    # Inputs

    def input(self, name: str, number: Number, index: bool = False) -> Tracer:
        """Return the Tracer of a new input."""
        self.numbers.append(number)
        return self._tracer(
            self.builder.input(name, index), kind=Index if index else Tracer
        )

    def _tracer(
        self,
        handle: int,
        rule: Rule | None = None,
        left: Any = None,
        right: Any = None,
        kind: type[Tracer] = Tracer,
    ) -> Tracer:
        """Return a Tracer of no operand, one, or two, which are Tracers too."""
        out = object.__new__(kind)
        out.handle = handle
        out.trace = self
        out.rule = rule
        out.label = out._mark = None
        out._left, out._right = left, right
        out._d_left = None if left is None else 1.0
        out._d_right = None if right is None else 1.0
        return out

    def _tracer_of(
        self, handle: int, rule: Rule, operands: Sequence[Any], only_values: bool
    ) -> Tracer:
        """Return a Tracer of any operands."""
        if only_values and len(operands) < 3:
            return self._tracer(handle, rule, *operands)
        out = self._tracer(handle, rule)
        if only_values:
            out._left, out._right = operands, _ones(len(operands))
        elif len(operands) < 3:
            connect(out, operands, [_mark(x) for x in operands])
        else:
            parents = [x for x in operands if type(x) is Tracer or isinstance(x, Value)]
            out._left, out._right = among(operands, parents), _ones(len(parents))
        return out

    def _handle(self, x: Any) -> int:
        """Return the handle of an operand: Tracer, Value from outside or number."""
        kind = type(x)
        if kind is Tracer or kind is Condition or isinstance(x, Tracer):
            if x.trace is not self:
                raise unknown("a Value of another recording")
            handle: int = x.handle
            return handle
        if kind is float or kind is int:
            return self.builder.constant(as_float(x))
        if isinstance(x, Value):
            if self.is_constant(x):
                return self.builder.constant(float(x.data))
            return self._capture(x)
        return self.builder.constant(float(plain(x)))

    def _capture(self, value: Value) -> int:
        handle = self._inputs.get(id(value))
        if handle is None:
            number = value.data
            if namespace_of_type(type(number)) is not FLOATS:
                raise NumberError(
                    f"a compiled function computes in floats, but it uses {value!r}"
                )
            name = value.label or f"captured[{len(self.captured)}]"
            handle = self._inputs[id(value)] = self.builder.input(name)
            self.captured.append(value)
            self.numbers.append(float(number))
        return handle

    def is_constant(self, value: Value) -> bool:
        """Tell a Value made of the function's plain numbers from one from outside."""
        for leaf in self.made[self.seen :]:
            self._constant[id(leaf)] = True
        self.seen = len(self.made)
        known = self._constant
        if (found := known.get(id(value))) is not None:
            return found

        if value.rule is None:
            known[id(value)] = False
            self._kept.append(value)
            return False

        def unknown_parents(node: Value) -> Sequence[Value]:
            return () if id(node) in known else parents_of(node)

        for node in topological_order([value], unknown_parents):
            if id(node) not in known:
                parents = parents_of(node)
                known[id(node)] = bool(parents) and all(known[id(p)] for p in parents)
                self._kept.append(node)
        return known[id(value)]

    def check_constant(self, node: Value) -> None:
        """Raise `TracingError` for a node whose number may change between calls."""
        if node.is_recorded or not self.is_constant(node):
            raise unknown("this function")

    # Operations

    def apply(self, rule: Rule, operands: Sequence[Any]) -> Value | None:
        """Write an operation's instruction, return the Tracer of its result.

        None where the operation depends on no input: then it is computed at once.
        """
        name = _PLAIN.get(rule)
        if len(self.entered) > 1 or (name is None and rule is not _POS):
            return self._apply(rule, operands) if self.takes(operands) else None
        new, put = self._tracer, self.builder.put
        if len(operands) == 2:  # the usual operands, quickly
            x, y = operands
            if type(x) is Tracer is type(y) and x.trace is self is y.trace:
                return new(put((name, x.handle, y.handle)), rule, x, y)
        elif len(operands) == 1:
            (x,) = operands
            if type(x) is Tracer and x.trace is self:
                same = rule is _POS
                return new(x.handle if same else put((name, x.handle)), rule, x)
        handles = [x.handle for x in operands if type(x) is Tracer and x.trace is self]
        only_values = len(handles) == len(operands)
        if not only_values:
            handles, only_values = [], True
            depends = False
            for x in operands:
                kind = type(x)
                if kind is Tracer and x.trace is self:
                    handles.append(x.handle)
                    depends = True
                elif kind is Value and (handle := self._inputs.get(id(x))) is not None:
                    handles.append(handle)
                    depends = True
                elif kind is float or (kind is int and not rule.static):
                    handles.append(self.builder.constant(as_float(x)))
                    only_values = False
                else:
                    return self._apply(rule, operands) if self.takes(operands) else None
            if not depends:
                return None
        handle = handles[0] if rule is _POS else put((name, *handles))
        return self._tracer_of(handle, rule, operands, only_values)

    def takes(self, operands: Sequence[Any]) -> bool:
        """Tell whether an operation depends on an input, so that it is recorded."""
        for x in operands:
            if isinstance(x, Tracer) or type(x) is Condition:
                return True
            if isinstance(x, Value) and not self.is_constant(x):
                return True
        return False

    def _apply(self, rule: Rule, operands: Sequence[Any]) -> Value:
        if rule.opaque:
            raise OpaqueRuleError(
                f"{rule.name} is an opaque rule, a black box that only takes floats: "
                f"it can't be compiled. Write it with the functions of m and leave "
                f"opaque=True out"
            )
        operands = [
            self.counted(x) if type(x) is Condition and i not in rule.static else x
            for i, x in enumerate(operands)
        ]
        if rule is _POS:
            handle = self._handle(operands[0])
        elif rule in _PLAIN or RULES.get(rule.name) is rule:
            handles = [
                self.builder.constant(x)
                if i in rule.static and type(x) is int
                else self._handle(x)
                for i, x in enumerate(operands)
            ]
            handle = self.builder.emit(rule.name, *handles)
        else:  # a user's rule: its formula writes the instructions
            slots = [
                x if i in rule.static else Slot(self.m, self._handle(x))
                for i, x in enumerate(operands)
            ]
            handle = self.m.slot(rule.forward(self.m, *slots))
        out = self._tracer_of(handle, rule, operands, False)
        return self._without_graph(out) if self._is_silent() else out

    def total(self, cotangents: Sequence[Any], partials: Sequence[Any]) -> Any:
        """Add the products of cotangents and partials in one instruction."""
        if type(partials[0]) in FLOAT_TYPES and all(map(_is_one, partials)):
            return apply(RULES["sum"], *cotangents)
        operands = (*cotangents, *partials)
        found = self.apply(_CHAINS, operands)
        return apply(_CHAINS, *operands) if found is None else found

    def leaf(self, x: Any) -> Tracer:
        """Return a Tracer of the same number that is a leaf to derivatives."""
        return self._tracer(self._handle(x))

    def detach(self, x: Any) -> Any:
        """Return a constant's number; of everything else a leaf with its number."""
        if not isinstance(x, Value):
            return x
        return self._tracer(self._handle(x)) if self.takes([x]) else x.data

    def _is_silent(self) -> bool:
        return len(self.entered) > 1 and STATE.no_grad

    def _without_graph(self, out: Tracer) -> Tracer:
        """Return what `no_grad` leaves of a result."""
        return self.leaf(out)

    def choose(self, condition: Condition, a: Any, b: Any) -> Any:
        """Return a where the condition holds, else b: of plain numbers made once."""
        handle_of = self._handle
        made = "where", handle_of(condition), handle_of(a), handle_of(b)
        handle = self.builder.put(made)
        if (found := self._choices.get(handle)) is not None:
            return found
        out = self._tracer_of(handle, _WHERE, (condition, a, b), False)
        if not out._left:
            self._choices[handle] = out
        return self._without_graph(out) if self._is_silent() else out

    def counted(self, condition: Condition) -> Any:
        """Return a condition as a number, 1 or 0."""
        return self.choose(condition, 1.0, 0.0)
