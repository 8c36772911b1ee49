"""Rules → JavaScript: the namespace `m` whose numbers are expressions of a program.

A row's formula and partials run on `Expression`s, each of which stands for one line of
a straight program; a line that is there already is not written twice. The functions
that have no formula are those of `page/numbers.js`, under the same names.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..floats import as_float
from ..namespace import Namespace
from ..rules import Rule

Number = Any


def function_of(rule: Rule, operands: Sequence[Any], wanted: Sequence[bool]) -> str:
    r"""Return a JavaScript function ``(m, x1, x2, ...) => [value, [partials]]``.

    operands: those of one node; only how many there are matters, and static ones, which
    become part of the function. wanted: which have a partial; the others get null.

    >>> from autograd.rules import RULES
    >>> print(function_of(RULES["tanh"], [0.5], [True]).replace("; ", ";\n"))
    (m, x1) => { const t1 = m.tanh(x1);
    const t2 = m.cosh(x1);
    const t3 = 1.0 / t2;
    const t4 = t3 * t3;
    return [t1, [t4]];
    }

    What the rule's functions raise on expressions comes through: an opaque rule, a
    branch by `if`, a function of `math` have no meaning in JavaScript.
    """
    m = OverJavaScript()
    numbers = [
        operand if place in rule.static else Expression(m, f"x{place + 1}")
        for place, operand in enumerate(operands)
    ]
    out = rule.forward(m, *numbers)
    partials = rule.local(m, out, numbers, wanted)
    results = ", ".join(
        "null" if partial is None else m.text(partial) for partial in partials
    )
    names = ", ".join(f"x{place + 1}" for place in range(len(operands)))
    lines = [f"const {name} = {text}" for text, name in m.lines.items()]
    body = "; ".join([*lines, f"return [{m.text(out)}, [{results}]]"])
    return f"(m, {names}) => {{ {body}; }}"


def literal(x: Any) -> str:
    """Write a number as JavaScript does.

    >>> literal(-0.5), literal(3), literal(-math.inf), literal(math.nan)
    ('-0.5', '3.0', '-Infinity', 'NaN')
    """
    number = as_float(x)
    if number != number:
        return "NaN"
    return repr(number).replace("inf", "Infinity")


class Expression:
    """A number of the program, or a condition, by the name that it has there."""

    __slots__ = ("m", "name")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, m: "OverJavaScript", name: str) -> None:
        self.m = m
        self.name = name

    def __bool__(self) -> bool:
        raise TypeError(
            "a formula that asks for the truth of a number, as `if` does, can't be "
            "written in JavaScript: use m.where(condition, a, b)"
        )

    def __neg__(self) -> "Expression":
        return self.m.line(f"-{self.name}")

    def __pos__(self) -> "Expression":
        return self

    def __abs__(self) -> Any:
        return self.m.abs(self)

    def __pow__(self, other: Any) -> Any:
        return self.m.pow(self, other)

    def __rpow__(self, other: Any) -> Any:
        return self.m.pow(other, self)

    def __mod__(self, other: Any) -> Any:
        return self.m.mod(self, other)

    def __rmod__(self, other: Any) -> Any:
        return self.m.mod(other, self)

    def __floordiv__(self, other: Any) -> Any:
        return self.m.floordiv(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self.m.floordiv(other, self)


def _infix(sign: str, reflected: bool = False) -> Callable[[Any, Any], Expression]:
    def operation(self: Expression, other: Any) -> Expression:
        left, right = (other, self) if reflected else (self, other)
        return self.m.line(f"{self.m.text(left)} {sign} {self.m.text(right)}")

    return operation


for _name, _sign in {"add": "+", "sub": "-", "mul": "*", "truediv": "/"}.items():
    setattr(Expression, f"__{_name}__", _infix(_sign))
    setattr(Expression, f"__r{_name}__", _infix(_sign, reflected=True))
for _name, _sign in {
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "eq": "===",
    "ne": "!==",
}.items():
    setattr(Expression, f"__{_name}__", _infix(_sign))


class OverJavaScript(Namespace):
    """The namespace of expressions: one instance holds the lines of one program."""

    kind = "JavaScript"
    pi = math.pi

    def __init__(self) -> None:
        self.lines: dict[str, str] = {}

    def line(self, text: str) -> Expression:
        """Return the expression of a line, which is added if it is new."""
        return Expression(self, self.lines.setdefault(text, f"t{len(self.lines) + 1}"))

    def text(self, x: Any) -> str:
        """Write an expression's name, or a number as JavaScript does."""
        if isinstance(x, Expression):
            return x.name
        return literal(x)

    def missing(self, name: str) -> Callable[..., Expression]:
        """Return a function that calls the one of this name in `numbers.js`."""
        if name not in self.table:
            raise AttributeError(f"there is no operation {name!r} in JavaScript")

        def call(*operands: Any) -> Expression:
            return self.line(f"m.{name}({', '.join(map(self.text, operands))})")

        return call

    @staticmethod
    def rational(p: int, q: int = 1) -> float:
        return p / q

    def div(self, x: Any, y: Any) -> Expression:
        return self.line(f"{self.text(x)} / {self.text(y)}")

    def chain(self, cotangent: Any, partial: Any) -> Expression:  # type: ignore[override]
        return self.missing("chain")(cotangent, partial)

    def logsumexp(self, *xs: Any) -> Expression:
        return self.missing("logsumexp")(*xs)

    def where(self, condition: Any, a: Any, b: Any) -> Any:  # type: ignore[override]
        if not isinstance(condition, Expression):
            return a if condition else b
        return self.line(f"{condition.name} ? {self.text(a)} : {self.text(b)}")
