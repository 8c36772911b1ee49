"""What stands for the numbers of a recording: Tracer, Index and Condition."""

import operator
from collections.abc import Callable
from typing import Any

from ..errors import TracingError
from ..modes import STATE, user_source
from ..reverse import differentiable_cotangents
from ..rules import RULES, Rule
from ..value import Value, seed_of, targets_of
from .program import Number

__all__ = ["Condition", "Index", "Tracer", "unknown"]

_POS = RULES["pos"]


def unknown(what: str) -> TracingError:
    """Return the error of asking for a number while there is none."""
    source = user_source()
    place = f" ({source})" if source else ""
    return TracingError(
        f"{what} asks for a number while the function is being recorded{place}: it "
        f"would be fixed for all later calls. Compute with the Value itself, choose "
        f"with where(condition, a, b) or an `if` on a comparison, and take numbers out "
        f"of the compiled function's result; a Value that left its recording, by a "
        f"side effect, has no number at all"
    )


def _operator(rule: Rule, by_rule: Callable[[Any, Any], Any], reflected: bool) -> Any:
    def quick(self: Any, other: Any) -> Any:
        if type(other) in _OPERANDS and (trace := STATE.trace) is not None:
            return trace.apply(rule, (self, other))
        return by_rule(self, other)

    def quick_reflected(self: Any, other: Any) -> Any:
        if type(other) in _OPERANDS and (trace := STATE.trace) is not None:
            return trace.apply(rule, (other, self))
        return by_rule(self, other)

    return quick_reflected if reflected else quick


class Tracer(Value):
    """A Value of a recording: it has an operation and operands, and no number yet."""

    __slots__ = ("handle", "trace")
    handle: int  # of the instruction in its program
    trace: Any  # the recording that it belongs to
    is_recorded = True

    @property
    def data(self) -> Number:
        """Raise `TracingError`: the number is another one at each call."""
        raise unknown(".data")

    @data.setter
    def data(self, new: Number) -> None:
        raise unknown("assigning to .data")

    @property
    def grad(self) -> Number:
        """Raise `TracingError`: a recording fills no `.grad`."""
        raise unknown(".grad")

    @grad.setter
    def grad(self, new: Number) -> None:
        raise unknown("assigning to .grad")

    __add__, __sub__, __mul__, __truediv__, __radd__, __rsub__, __rmul__ = (
        _operator(RULES[name], getattr(Value, f"__{method}__"), method[0] == "r")
        for name, method in [
            ("add", "add"),
            ("sub", "sub"),
            ("mul", "mul"),
            ("div", "truediv"),
            ("add", "radd"),
            ("sub", "rsub"),
            ("mul", "rmul"),
        ]
    )

    def __pos__(self) -> Any:
        if (trace := STATE.trace) is not None:
            return trace.apply(_POS, (self,))
        return super().__pos__()

    def item(self) -> Number:
        """Raise `TracingError`, as `.data`."""
        raise unknown(".item()")

    def backward(self, seed: Number = None) -> None:
        """Raise `TracingError`: it would fill `.grad`, a side effect."""
        raise TracingError(
            "backward() fills .grad, which a compiled function can't: return the "
            "gradient, by autograd.value_and_grad(f) or v.gradient([...])"
        )

    def gradient(
        self, inputs: Any, create_graph: bool = False, seed: Number = None
    ) -> list[Any]:
        """Return the derivatives, recorded too; as numbers without `create_graph`."""
        targets = list(map(self.trace.taken, targets_of(inputs)))
        sweep = self.trace.sweep(create_graph, [self])
        seeds = [seed_of(self, seed)]
        found = differentiable_cotangents([self], seeds, targets, sweep.values)
        finished: list[Any] = sweep.finished(found)
        return finished

    def zero_grad(self) -> None:
        """Raise `TracingError`, as `backward`."""
        raise unknown("zero_grad()")

    def detach(self) -> "Value":
        """Return the same number, behind which no derivative looks."""
        found: Value = self.trace.leaf(self)
        return found

    def __float__(self) -> float:
        raise unknown("float(v), or a function of math such as math.sin(v),")

    def __int__(self) -> int:
        raise unknown("int(v)")

    def __index__(self) -> int:
        raise unknown("a Value as an index (see index_argnums and take)")

    def __complex__(self) -> complex:
        raise unknown("complex(v)")

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        name = "an input" if self.rule is None else self.rule.name
        return f"Tracer({name}{label})"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce_ex__(self, protocol: Any = None) -> Any:
        raise unknown("pickling or copying a Value")

    __deepcopy__ = __copy__ = __reduce_ex__  # type: ignore[assignment]


_OPERANDS = {Tracer, Value, float, int}


class Index(Tracer):
    """An input that is a whole number: for `take(values, index)` and comparisons."""

    __slots__ = ()


class Condition:
    """A comparison of a recording: take it in `where`, combine it with & | ~.

    An `if` on it (its `bool`) is decided by the numbers of the call that is recorded;
    calls with numbers that decide otherwise make a recording of their own.
    """

    __slots__ = ("handle", "trace")
    __hash__ = object.__hash__

    def __init__(self, handle: int, trace: Any) -> None:
        self.handle, self.trace = handle, trace

    def __bool__(self) -> bool:
        decided: bool = self.trace.decide(self)
        return decided

    def __and__(self, other: Any) -> Any:
        return self.trace.combine("and", self, other)

    def __or__(self, other: Any) -> Any:
        return self.trace.combine("or", self, other)

    def __xor__(self, other: Any) -> Any:
        return (self & ~self.trace.condition(other)) | (~self & other)

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __invert__(self) -> Any:
        return self.trace.combine("not", self)

    def __eq__(self, other: object) -> Any:
        return ~(self ^ other) if is_condition(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return self ^ other if is_condition(other) else NotImplemented

    def __float__(self) -> float:
        raise unknown("float(condition)")

    __int__ = __index__ = __float__

    def __repr__(self) -> str:
        return f"Condition(slot {self.handle})"


def _arithmetic(name: str) -> Callable[..., Any]:
    operation = getattr(operator, name)

    def count(self: Condition, *others: Any) -> Any:  # True is 1, False is 0
        return operation(self.trace.counted(self), *others)

    return count


def _reflected(name: str) -> Callable[..., Any]:
    operation = getattr(operator, name)

    def count(self: Condition, other: Any) -> Any:
        return operation(other, self.trace.counted(self))

    return count


for _name in ("add", "sub", "mul", "truediv", "pow", "mod", "floordiv"):
    setattr(Condition, f"__{_name}__", _arithmetic(_name))
    setattr(Condition, f"__r{_name}__", _reflected(_name))
for _name in ("neg", "pos", "abs", "lt", "le", "gt", "ge"):
    setattr(Condition, f"__{_name}__", _arithmetic(_name))


def is_condition(x: Any) -> bool:
    """Tell a condition, or a bool, from everything else."""
    return isinstance(x, Condition | bool) or type(x).__name__ in ("bool_", "bool")
