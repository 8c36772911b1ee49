"""The namespace `m` of Values: a rule's formulas run on nodes, to be differentiated."""

from collections.abc import Callable, Sequence
from typing import Any

from .layout import is_number, number_of
from .modes import ACTIVE, STATE
from .namespace import Namespace
from .rules import RULES

Number = Any
_CHAIN = RULES["chain"]


class OverValues:
    """The namespace of Values over one kind of number: derivatives of derivatives."""

    kind = "Value"
    # How a recording gives a sweep the order, and partials the zeros, of the eager run.
    arranged: Any = None
    settled: Any = None

    def __init__(self, numbers: Namespace, apply: Callable[..., Any]) -> None:
        self._numbers = numbers
        self._apply = apply
        self.rational = numbers.rational
        self.inf, self.nan = numbers.inf, numbers.nan

    def __getattr__(self, name: str) -> Callable[..., Any]:
        rule, on_numbers = RULES[name], getattr(self._numbers, name)

        def function(*operands: Any) -> Any:
            for operand in operands:
                if not is_number(operand):
                    return self._apply(rule, *operands)
            return on_numbers(*operands)

        setattr(self, name, function)
        return function

    @property
    def pi(self) -> Number:
        return self._numbers.pi

    @property
    def digits(self) -> int:
        return self._numbers.digits

    @staticmethod
    def detach(x: Any) -> Any:
        if ACTIVE and STATE.trace is not None:
            return STATE.trace.detach(x)
        return number_of(x)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """Choose at once: eager conditions are plain bools, and need no node."""
        if ACTIVE and (trace := STATE.trace) is not None and trace.decides(condition):
            return trace.choose(condition, a, b)
        return a if condition else b

    def one_hot(self, index: Any, count: int) -> Sequence[Any]:
        if not is_number(index) and ACTIVE and (trace := STATE.trace) is not None:
            hot: Sequence[Any] = trace.one_hot(index, count)
            return hot
        return self._numbers.one_hot(index, count)

    def total(self, cotangents: Sequence[Any], partials: Sequence[Any]) -> Any:
        """Add what the edges of a node contribute: Σ cotangent · partial, in order."""
        if len(cotangents) > 1 and ACTIVE and STATE.trace is not None:
            together = STATE.trace.total(cotangents, partials)
            if together is not None:
                return together
        found = self.chain(cotangents[0], partials[0])
        for term in zip(cotangents[1:], partials[1:], strict=True):
            found = found + self.chain(*term)
        return found

    def chain(self, cotangent: Any, partial: Any) -> Any:
        """Multiply as the chain rule does; the plain number 1 needs no node."""
        if not hasattr(partial, "rule"):  # `is_number`, without a call
            if partial == 1:
                return cotangent
            if is_number(cotangent):
                return self._numbers.chain(cotangent, partial)
        elif not hasattr(cotangent, "rule") and cotangent == 1:
            return partial
        return self._apply(_CHAIN, cotangent, partial)
