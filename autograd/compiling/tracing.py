"""Recording: a function runs once on `Tracer`s, and every operation writes a program.

The engine hands each operation here while a recording is under way in its thread
(`STATE.trace`). What depends on no input is computed at once, as ever; everything else
becomes an instruction and a Tracer that stands for its result. A Tracer is a node of
the graph like any Value, so derivatives are recorded as they are computed: on Values.
"""

import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..errors import NumberError, OpaqueRuleError, TracingError
from ..graph import topological_order
from ..kinds import FLOATS, namespace_of_type
from ..layout import connect, parents_of
from ..modes import STATE, collect_leaves, recording, user_source
from ..node import describe, is_operand, plain
from ..rules import RULES, Rule
from ..value import Value
from .builder import Builder
from .lowering import Expressions, Slot
from .program import Number, Program, function_of

__all__ = ["Condition", "Trace", "Tracer", "tracing"]


def _unknown(what: str) -> TracingError:
    source = user_source()
    place = f" ({source})" if source else ""
    return TracingError(
        f"{what} asks for a number while the function is being recorded{place}: it "
        f"would be fixed for all later calls. Compute with the Value itself, choose "
        f"with where(condition, a, b) or an `if` on a comparison, and take numbers out "
        f"of the compiled function's result; a Value that left its recording, by a "
        f"side effect, has no number at all"
    )


class Tracer(Value):
    """A Value of a recording: it has an operation and operands, and no number yet."""

    __slots__ = ("handle",)
    handle: int
    is_recorded = True

    @property
    def data(self) -> Number:
        """Raise `TracingError`: the number is another one at each call."""
        raise _unknown(".data")

    @data.setter
    def data(self, new: Number) -> None:
        raise _unknown("assigning to .data")

    @property
    def grad(self) -> Number:
        """Raise `TracingError`: a recording fills no `.grad`."""
        raise _unknown(".grad")

    @grad.setter
    def grad(self, new: Number) -> None:
        raise _unknown("assigning to .grad")

    def item(self) -> Number:
        """Raise `TracingError`, as `.data`."""
        raise _unknown(".item()")

    def backward(self, seed: Number = None) -> None:
        """Raise `TracingError`: it would fill `.grad`, a side effect."""
        raise TracingError(
            "backward() fills .grad, which a compiled function can't: return the "
            "gradient, by autograd.value_and_grad(f) or v.gradient([...])"
        )

    def gradient(
        self, inputs: Any, create_graph: bool = False, seed: Number = None
    ) -> list[Any]:
        """Return the derivatives, recorded too; `create_graph` makes no difference."""
        return super().gradient(inputs, True, seed)

    def zero_grad(self) -> None:
        """Raise `TracingError`, as `backward`."""
        raise _unknown("zero_grad()")

    def detach(self) -> "Value":
        """Return the same number, behind which no derivative looks."""
        found: Value = _current().detach(self)
        return found

    def __float__(self) -> float:
        raise _unknown("float(v), or a function of math such as math.sin(v),")

    def __int__(self) -> int:
        raise _unknown("int(v)")

    def __index__(self) -> int:
        raise _unknown("a Value as an index (write autograd.take(values, index))")

    def __complex__(self) -> complex:
        raise _unknown("complex(v)")

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        name = "an input" if self.rule is None else self.rule.name
        return f"Tracer({name}{label})"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise _unknown("pickling or copying a Value")

    __deepcopy__ = __copy__ = __reduce_ex__  # type: ignore[assignment]


class Index(Tracer):
    """An input that is a whole number: for `take(values, index)` and comparisons."""

    __slots__ = ()


class Condition:
    """A comparison of a recording: take it in `where`, combine it with & | ~.

    An `if` on it (its `bool`) is decided by the numbers of the call that is recorded;
    calls with numbers that decide otherwise make a recording of their own.
    """

    __slots__ = ("handle",)
    __hash__ = object.__hash__

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def __bool__(self) -> bool:
        return _current().decide(self)

    def __and__(self, other: Any) -> Any:
        return _current().combine("and", self, other)

    def __or__(self, other: Any) -> Any:
        return _current().combine("or", self, other)

    def __xor__(self, other: Any) -> Any:
        return (self & ~_condition(other)) | (~self & other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> Any:
        return _current().combine("not", self)

    def __eq__(self, other: object) -> Any:
        return ~(self ^ other) if _is_condition(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return self ^ other if _is_condition(other) else NotImplemented

    def __float__(self) -> float:
        raise _unknown("float(condition)")

    __int__ = __index__ = __float__

    def __repr__(self) -> str:
        return f"Condition(slot {self.handle})"


def _arithmetic(name: str) -> Callable[..., Any]:
    operation = getattr(operator, name)

    def count(self: Condition, *others: Any) -> Any:  # True is 1, False is 0
        return operation(_current().counted(self), *others)

    return count


def _reflected(name: str) -> Callable[..., Any]:
    operation = getattr(operator, name)

    def count(self: Condition, other: Any) -> Any:
        return operation(other, _current().counted(self))

    return count


for _name in ("add", "sub", "mul", "truediv", "pow", "mod", "floordiv"):
    setattr(Condition, f"__{_name}__", _arithmetic(_name))
    setattr(Condition, f"__r{_name}__", _reflected(_name))
for _name in ("neg", "pos", "abs", "lt", "le", "gt", "ge"):
    setattr(Condition, f"__{_name}__", _arithmetic(_name))


def _is_condition(x: Any) -> bool:
    return isinstance(x, Condition | bool) or type(x).__name__ in ("bool_", "bool")


def _condition(x: Any) -> Any:
    if isinstance(x, Condition):
        return x
    if not _is_condition(x):
        raise NumberError(f"a condition combines with conditions, got {describe(x)}")
    return Condition(_current().builder.constant(bool(x)))


def _current() -> "Trace":
    trace = STATE.trace
    if trace is None:
        raise _unknown("a Value of a recording, used after its end,")
    return trace  # type: ignore[no-any-return]


class Trace:
    """One recording: the program under construction, and what it depends on.

    numbers: those of the call that is recorded; they decide its branches.
    captured: Values from outside, whose numbers are read anew at each call.
    bounds: pairs of an index input's place and the length that it must fit.
    """

    def __init__(self, most_guards: int) -> None:
        self.builder = Builder()
        self.m = Expressions(self.builder)
        self.numbers: list[Number] = []
        self.captured: list[Value] = []
        self.guards: dict[int, bool] = {}
        self.bounds: set[tuple[int, int]] = set()
        self.made: list[Value] = []  # leaves that the function makes: constants
        self._most_guards = most_guards
        self._values: list[Number] = []  # of each handle, as far as a branch needed it
        self._inputs: dict[int, int] = {}  # handle of each captured Value
        self._seen = 0  # how many of `made` are in the next
        self._constant: dict[int, bool] = {}
        self._kept: list[Value] = []  # so that no `id` in these is used twice

    # Inputs

    def input(self, name: str, number: Number, index: bool = False) -> Tracer:
        """Return the Tracer of a new input."""
        self.numbers.append(number)
        return self._tracer(
            self.builder.input(name, index), None, (), Index if index else Tracer
        )

    def _tracer(
        self,
        handle: int,
        rule: Rule | None,
        operands: Sequence[Any],
        kind: type[Tracer] = Tracer,
    ) -> Tracer:
        out = object.__new__(kind)
        out.handle = handle
        out.rule = rule
        out.label = out._mark = None
        # No number stands for a local derivative; 1.0 marks where there is one.
        connect(
            out, operands, [1.0 if isinstance(x, Value) else None for x in operands]
        )
        return out

    def _handle(self, x: Any) -> int:
        """Return the handle of an operand: Tracer, Value from outside or number."""
        if isinstance(x, Tracer | Condition):
            if x.handle >= len(self.builder.made):
                raise _unknown("a Value of another recording")
            return x.handle
        if isinstance(x, Value):
            if self.is_constant(x):
                return self.builder.constant(float(x.data))
            return self._capture(x)
        return self.builder.constant(x if type(x) is bool else float(plain(x)))

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
        for leaf in self.made[self._seen :]:
            self._constant[id(leaf)] = True
        self._seen = len(self.made)
        known = self._constant
        if (found := known.get(id(value))) is not None:
            return found

        def unknown_parents(node: Value) -> Sequence[Value]:
            return () if id(node) in known else parents_of(node)

        for node in topological_order([value], unknown_parents):
            if id(node) not in known:
                parents = parents_of(node)
                inside = bool(parents) and all(known[id(p)] for p in parents)
                known[id(node)] = inside
                self._kept.append(node)
        return known[id(value)]

    def check_constant(self, node: Value) -> None:
        """Raise `TracingError` for a node whose number may change between calls."""
        if node.is_recorded or not self.is_constant(node):
            raise _unknown("this function")

    # Operations

    def takes(self, operands: Sequence[Any]) -> bool:
        """Tell whether an operation depends on an input, so that it is recorded."""
        for x in operands:
            kind = type(x)
            if kind is Tracer or kind is Condition or kind is Index:
                return True
            if isinstance(x, Value) and not self.is_constant(x):
                return True
        return False

    def record(self, rule: Rule, operands: Sequence[Any]) -> Value:
        """Write an operation's instruction, return the Tracer of its result."""
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
        if rule.name == "pos":
            handle = self._handle(operands[0])
        elif RULES.get(rule.name) is rule:
            handle = self.builder.emit(
                rule.name,
                *[
                    self.builder.constant(x)
                    if rule.static and i in rule.static and type(x) is int
                    else self._handle(x)
                    for i, x in enumerate(operands)
                ],
            )
        else:  # a user's rule: its formula writes the instructions
            slots = [
                x if i in rule.static else Slot(self.m, self._handle(x))
                for i, x in enumerate(operands)
            ]
            handle = self.m.slot(rule.forward(self.m, *slots))
        out = self._tracer(handle, rule, operands)
        if len(STATE.entered) > 1 and STATE.no_grad:
            return self._cut(out)
        return out

    def _cut(self, x: Any) -> Tracer:
        """Return a Tracer of the same number that is a leaf to derivatives."""
        return self._tracer(self._handle(x), None, ())

    def detach(self, x: Any) -> Any:
        """Return a constant's number; of everything else a leaf with its number."""
        if not isinstance(x, Value):
            return x
        return self._cut(x) if self.takes([x]) else x.data

    def compare(self, name: str, left: Any, right: Any) -> Any:
        """Return a Condition, of constants a bool."""
        if isinstance(left, Condition):
            left = self.counted(left)
        if isinstance(right, Condition):
            right = self.counted(right)
        if not (is_operand(left) and is_operand(right)):
            return NotImplemented
        if not self.takes((left, right)):
            return getattr(operator, name)(plain(left), plain(right))
        handles = self._handle(left), self._handle(right)
        return Condition(self.builder.emit(name, *handles))

    def combine(self, name: str, *conditions: Any) -> Any:
        """Return the and, or, not of conditions."""
        handles = [_condition(x).handle for x in conditions]
        return Condition(self.builder.emit(name, *handles))

    def counted(self, condition: Condition) -> Any:
        """Return a condition as a number, 1 or 0."""
        return self.record(RULES["where"], (condition, 1.0, 0.0))

    def decides(self, x: Any) -> bool:
        """Tell a condition of this recording from a plain bool."""
        return isinstance(x, Condition)

    def decides_in(self, array: Any) -> bool:
        """Tell an array with conditions of this recording from one of bools."""
        if getattr(getattr(array, "dtype", None), "kind", "") != "O":
            return isinstance(array, Condition)
        return any(isinstance(x, Condition) for x in array.ravel().tolist())

    def is_index(self, x: Any) -> bool:
        """Tell an index of this recording from a plain int."""
        return isinstance(x, Index)

    def take(self, values: Any, index: Index) -> Any:
        """Choose one of values, or of rows of a table, by a recorded index."""
        if not len(values):
            raise IndexError("take from no values")
        self.bounds.add((index.handle, len(values)))
        return _take(list(values), index, self)

    # Branches

    def decide(self, condition: Condition) -> bool:
        """Return which way the numbers of this call go, and guard that."""
        handle = condition.handle
        if handle not in self.guards:
            if len(self.guards) >= self._most_guards:
                raise TracingError(
                    f"the function took more than {self._most_guards:,} decisions on "
                    f"numbers in one recording: choose with where(condition, a, b) in "
                    f"place of `if`, and give a `while` a fixed number of steps"
                )
            self.guards[handle] = bool(self._evaluate(handle))
        return self.guards[handle]

    def _evaluate(self, handle: int) -> Number:
        values, made = self._values, self.builder.made
        for name, *operands in made[len(values) : handle + 1]:
            if name == "input":
                values.append(self.numbers[operands[0]])
            elif name == "constant":
                values.append(operands[0])
            else:
                values.append(function_of(name)(*[values[x] for x in operands]))
        return values[handle]

    # The end

    def finish(self, results: Sequence[Any]) -> Program:
        """Return the program that computes these results."""
        for value, number in zip(
            self.captured, self.numbers[-len(self.captured) :], strict=False
        ):
            if not FLOATS.same(value.data, number):
                raise TracingError(
                    f"the function changes a Value from outside, {value!r}: a compiled "
                    f"function has no side effects. Return what is new, and assign it "
                    f"outside"
                )
        outputs = [self._handle(x) for x in results]
        return self.builder.finish(outputs, list(self.guards.items()))


def _take(values: list[Any], index: Index, trace: Trace) -> Any:
    first = values[0]
    if isinstance(first, list | tuple):
        return type(first)(
            _take(list(column), index, trace) for column in zip(*values, strict=True)
        )
    if hasattr(first, "shape") and first.shape:
        from ..arrays import array

        columns = zip(*(row.ravel().tolist() for row in values), strict=True)
        flat = [_take(list(column), index, trace) for column in columns]
        return array(flat).reshape(first.shape)
    return trace.record(RULES["take"], (index, *values))


@contextmanager
def tracing(most_guards: int) -> Iterator[Trace]:
    """Record what this thread computes inside, in modes of its own."""
    trace = Trace(most_guards)
    outer, entered = STATE.trace, STATE.entered
    STATE.entered = []
    try:
        with recording():
            STATE.trace = trace
            with collect_leaves():
                trace.made = STATE.leaves or []
                yield trace
    finally:
        STATE.trace, STATE.entered = outer, entered
