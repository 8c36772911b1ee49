"""Values and partial derivatives in symbols, from the rows of `RULES`."""

import inspect
from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import Any

from ..kinds import FLOATS
from ..rules import Rule
from .symbolic import Symbols, symbol

_VARIADIC = {"dot": ["x₁", "x₂", "y₁", "y₂"], "take": ["0", "x₁", "x₂"]}
_FIXED = {"take": 0, "polygamma": 1, "round_to": 1, "where": True}
_POINTS = (2.5, -1.75, 0.5, 1.5)
_MOST_CASES = 3
_MOST_POINTS = 8


def operand_names(rule: Rule) -> list[str]:
    """Return what the operands are called where none is known."""
    if rule.arity is None:
        return _VARIADIC.get(rule.name, ["x₁", "x₂"])
    names = list(inspect.signature(rule.partials).parameters)[2:]
    return ["1" if name == "n" else name for name in names]


def partials_in_symbols(rule: Rule, names: Sequence[str]) -> Iterator[str]:
    """Yield the partial derivatives in symbols: of a rule with kinks in all cases."""
    cases: dict[str, dict[str, None]] = {}
    for point in islice(_points(rule, len(names)), _MOST_POINTS if rule.kinks else 1):
        for name, text in _partials(rule, names, point):
            cases.setdefault(name, {})[text] = None
    for name, texts in cases.items():
        chosen = " or ".join(f"`{text}`" for text in islice(texts, _MOST_CASES))
        yield f"∂/∂{name} = {chosen}"


def value_in_symbols(rule: Rule, names: Sequence[str]) -> str:
    """Return a row's formula in symbols; "" where it is a primitive or has cases."""
    if rule.formula is None or rule.kinks or rule.opaque or not rule.domain:
        return ""
    point = next(_points(rule, len(names)))
    value = rule.formula(Symbols(FLOATS), *_symbols(rule, names, point))
    return getattr(value, "text", "")


def _symbols(rule: Rule, names: Sequence[str], point: Sequence[float]) -> list[Any]:
    return [
        x if i in rule.static else symbol(x, name)
        for i, (x, name) in enumerate(zip(point, names, strict=True))
    ]


def _partials(
    rule: Rule, names: Sequence[str], point: Sequence[float]
) -> Iterator[tuple[str, str]]:
    operands = _symbols(rule, names, point)
    out = symbol(float(rule.forward(FLOATS, *point)), "out")
    wanted = [i not in rule.static for i in range(len(names))]
    partials = rule.local(Symbols(FLOATS), out, operands, wanted)
    for name, partial in zip(names, partials, strict=True):
        if partial is not None:
            yield name, getattr(partial, "text", None) or f"{partial:g}"


def _points(rule: Rule, count: int) -> Iterator[tuple[float, ...]]:
    """Yield points inside of the domain, none of them on a tie."""
    choices: list[list[float]] = []
    for i in range(count):
        if i in rule.static:
            choices.append([_FIXED[rule.name]])
            continue
        low, high = rule.domain[i] if i < len(rule.domain) else (0.0, 10.0)
        shifted = [x + i / 8 for x in _POINTS]
        choices.append([x for x in shifted if low <= x <= high] or [(low + high) / 2])
    yield from product(*choices)
