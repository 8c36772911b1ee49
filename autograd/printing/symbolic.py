"""A namespace `m` of symbols: a rule's formulas run on names, to be printed.

A symbol has a number as well, so conditions choose the branch that the computation
took, and what is printed is the formula that gave the local derivative.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..namespace import Namespace
from ..rules import RULES, Rule
from .formatting import number
from .formulas import formula

Number = Any
LOOSE, QUOTIENT, _PRODUCT, _POWER, _ATOM = range(5)  # how tightly a text binds
_BINDS = {"pow": _POWER, "square": _POWER, "mul": _PRODUCT, "div": QUOTIENT}
_NO_BRACKETS = (r"\left", r"\frac", r"\sqrt", r"\begin", "e^{#1}", "2^{#1}")


@dataclass(frozen=True, slots=True, eq=False)
class Symbol:
    """A number with a name: text and LaTeX, and how tightly they bind."""

    value: Number
    text: str
    latex: str
    binds: int = _ATOM

    def __add__(self, other: Any) -> Any:
        return _sum("+", self, other)

    def __radd__(self, other: Any) -> Any:
        return _sum("+", other, self)

    def __sub__(self, other: Any) -> Any:
        return _sum("-", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _sum("-", other, self)

    def __mul__(self, other: Any) -> Any:
        return times(self, other)

    def __rmul__(self, other: Any) -> Any:
        return times(other, self)

    def __neg__(self) -> Any:
        text, latex = (_inside(self, _PRODUCT, which) for which in ("text", "latex"))
        return Symbol(-self.value, f"-{text}", f"-{latex}", LOOSE)

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < _value(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= _value(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > _value(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= _value(other))

    def __eq__(self, other: object) -> bool:
        return bool(self.value == _value(other))

    __hash__ = None  # type: ignore[assignment]


class Symbols:
    """The namespace of symbols over one kind of number."""

    kind = "symbol"

    def __init__(self, numbers: Namespace) -> None:
        self._numbers = numbers

    def __getattr__(self, name: str) -> Any:
        if name not in RULES:  # pi, rational, ...: numbers, and functions of them
            return getattr(self._numbers, name)
        rule, on_numbers = RULES[name], getattr(self._numbers, name)

        def function(*operands: Any) -> Any:
            if not any(isinstance(x, Symbol) for x in operands):
                return on_numbers(*operands)
            if name in {"pow", "div"} and _is(operands[1], 1):
                return operands[0]
            return _applied(rule, on_numbers(*map(_value, operands)), operands)

        return function

    @staticmethod
    def where(condition: Any, a: Any, b: Any) -> Any:
        """Return what the computation chose."""
        return a if condition else b

    @staticmethod
    def detach(x: Any) -> Any:
        """Return x: there is nothing to differentiate here."""
        return x

    def chain(self, x: Any, y: Any) -> Any:
        """Multiply as the chain rule does."""
        return times(x, y)


def symbol(value: Number, title: str) -> Symbol:
    """Return a symbol with this name."""
    return Symbol(value, title, latex_name(title))


def number_symbol(x: Number) -> Symbol:
    """Return a plain number as a symbol."""
    text = number(x, 4)
    mantissa, e, exponent = text.partition("e")
    latex = {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{nan}"}.get(text)
    if latex is None:
        latex = text
        if e:
            latex = rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return Symbol(x, text, latex, LOOSE if text.startswith("-") else _ATOM)


def times(x: Any, y: Any) -> Any:
    """Return x · y; a factor 1 is left out."""
    if _is(x, 1):
        return y
    if _is(y, 1):
        return x
    a, b = _symbol(x), _symbol(y)
    # A product may follow a product, but not stand before a negative number unmarked.
    first = [_inside(a, _PRODUCT, which) for which in ("text", "latex")]
    second = [_inside(b, _PRODUCT, which) for which in ("text", "latex")]
    return Symbol(
        Namespace.chain(a.value, b.value),
        f"{first[0]} · {second[0]}",
        rf"{first[1]} \cdot {second[1]}",
        _PRODUCT,
    )


def latex_name(title: str) -> str:
    r"""Return a title in LaTeX: v_{3} for v3, others as text.

    >>> print(latex_name("w12"), latex_name("a<b"))
    w_{12} \text{a}\lt\text{b}
    """
    found = re.fullmatch(r"([A-Za-z])(\d*)", title)
    if found:
        letter, digits = found.groups()
        return f"{letter}_{{{digits}}}" if digits else letter
    text = title.translate(_LATEX)
    return rf"\text{{{text}}}"


# No character that TeX or HTML would understand is left as it is.
_LATEX = str.maketrans(
    {
        **{c: rf"\{c}" for c in "_{}#$%&"},
        "\\": "\u29f5",
        "^": "\u02c6",
        "~": "\u02dc",
        "<": r"}\lt\text{",
        ">": r"}\gt\text{",
    }
)


def _is(x: Any, what: int) -> bool:
    return not isinstance(x, Symbol) and bool(x == what)


def _value(x: Any) -> Number:
    return x.value if isinstance(x, Symbol) else x


def _symbol(x: Any) -> Symbol:
    return x if isinstance(x, Symbol) else number_symbol(x)


def _inside(x: Symbol, binds: int, which: str) -> str:
    """Return a symbol's text, or LaTeX, in brackets if it binds less than this."""
    text: str = getattr(x, which)
    if x.binds >= binds:
        return text
    return f"({text})" if which == "text" else rf"\left({text}\right)"


def _sum(sign: str, x: Any, y: Any) -> Any:
    if _is(y, 0):
        return x
    if _is(x, 0) and sign == "+":
        return y
    if _is(x, 0):
        return -y
    a, b = _symbol(x), _symbol(y)
    value = a.value + b.value if sign == "+" else a.value - b.value
    least = LOOSE if sign == "+" and not b.text.startswith("-") else _PRODUCT
    text, latex = (
        f"{getattr(a, which)} {sign} {_inside(b, least, which)}"
        for which in ("text", "latex")
    )
    return Symbol(value, text, latex, LOOSE)


def _applied(rule: Rule, value: Number, operands: Sequence[Any]) -> Symbol:
    """Return an operation on symbols, printed as its row says."""
    symbols = [_symbol(x) for x in operands]
    called = "(" in rule.text and rule.name not in {"square"}
    least = LOOSE if called else _POWER
    texts = [_inside(x, least, "text") for x in symbols]
    free = any(mark in rule.latex for mark in _NO_BRACKETS)
    if rule.name == "pow":  # the exponent stands above, whatever it is
        latex = [_inside(symbols[0], _ATOM, "latex"), symbols[1].latex]
    else:
        latex = [_inside(x, LOOSE if free else _ATOM, "latex") for x in symbols]
    summed = rule.name in {"sum", "dot"}  # printed with + between the terms
    binds = _BINDS.get(rule.name, LOOSE) if summed or not called else _ATOM
    text = formula(rule.name, rule.text, texts)
    return Symbol(value, text, rule.format_latex(*latex), binds)
