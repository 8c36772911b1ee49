"""What every kind of number shares: the base of the namespaces `m`.

A namespace has the primitives, the operations without a formula, as functions; an
operation whose rule has a formula needs no function here, it is found in the table.
"""

import math
import operator
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial, reduce
from itertools import accumulate
from typing import Any, ClassVar

Number = Any


class Namespace:
    """Functions for one kind of number; what a rule's formula may use as `m`."""

    kind = "number"
    table: ClassVar[dict[str, Any]] = {}  # RULES, filled by the rules package
    inf: Number = math.inf
    nan: Number = math.nan
    digits = 17  # decimal digits: how far a series is worth summing

    def __getattr__(self, name: str) -> Callable[..., Number]:
        """Make the function of a rule that has a formula, and keep it."""
        rule = self.table.get(name)
        if rule is None or rule.formula is None:
            return self.missing(name)
        function = partial(rule.formula, self)
        setattr(self, name, function)
        return function

    def missing(self, name: str) -> Callable[..., Number]:
        """Say that this kind of number has no function of this name."""
        raise AttributeError(f"there is no operation {name!r} for a {self.kind}")

    # Shared by every kind, written with its own primitives.

    @staticmethod
    def where(condition: bool, a: Number, b: Number) -> Number:
        return a if condition else b

    @staticmethod
    def detach(x: Number) -> Number:
        """Return x as a constant: a derivative does not look into it."""
        return x

    @staticmethod
    def chain(cotangent: Number, partial: Number) -> Number:
        """Multiply by the convention of the chain rule: zero beats infinity and NaN."""
        product = cotangent * partial
        if product != product and (cotangent == 0 or partial == 0):
            return type(product)(0)
        return product

    @staticmethod
    def same(x: Number, y: Number) -> bool:
        """Tell whether one computation, done twice, may give these two numbers."""
        return bool(x == y or (x != x and y != y))

    @staticmethod
    def take(index: int, *values: Number) -> Number:
        return values[index]

    def one_hot(self, index: Number, count: int) -> Sequence[Number]:
        """Return 1 at the place that is chosen of so many, 0 at the others."""
        return [self.where(i == index, 1, 0) for i in range(count)]

    @staticmethod
    def sum(*xs: Number) -> Number:
        """Add from left to right (the built-in sum compensates from 3.12 on)."""
        return _last(accumulate(xs))

    @staticmethod
    def dot(*operands: Number) -> Number:
        """Multiply the first half with the second, add from left to right."""
        half = len(operands) // 2
        return _last(accumulate(map(operator.mul, operands[:half], operands[half:])))

    @staticmethod
    def prod(*xs: Number) -> Number:
        return reduce(operator.mul, xs, 1)

    def logsumexp(self, *xs: Number) -> Number:
        """Shift by the largest, and keep the small rest by log1p."""
        top = self.max(*xs)
        if top != top or abs(top) == math.inf:
            return top
        rest = [self.exp(x - top) for x in xs]
        del rest[xs.index(top)]
        return top + self.log1p(self.sum(0, *rest))


def _last(numbers: Iterable[Number]) -> Number:
    """Return the last of an iterable; 0 of none."""
    tail = deque(numbers, maxlen=1)
    return tail[0] if tail else 0
