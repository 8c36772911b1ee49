"""The table of all operations, written from `RULES`.

`python -m autograd.drawing.operations` prints it.
"""

import inspect
from collections.abc import Iterator, Sequence
from itertools import islice, product

from ..kinds import FLOATS
from ..rules import RULES, Rule
from .scene import formula
from .symbolic import Symbols, symbol

__all__ = ["operations_table"]

_VARIADIC = {"dot": ["x₁", "x₂", "y₁", "y₂"], "take": ["0", "x₁", "x₂"]}
_FIXED = {"take": 0, "polygamma": 1, "round_to": 1, "where": True}
_POINTS = (2.5, -1.75, 0.5, 1.5)
_MOST_CASES = 3


def operations_table() -> str:
    """Return the table of all operations in Markdown, a row each.

    It has the function, what it computes, NumPy's names for it, its partial derivatives
    (of an operation with kinks the cases), and its convention at delicate points.
    """
    lines = [
        "| operation | value | NumPy | derivatives | convention |",
        "|---|---|---|---|---|",
    ]
    for name, rule in RULES.items():
        names = _names(rule)
        value = formula(name, rule.text, names)
        numpy = ", ".join(f"`np.{each}`" for each in rule.numpy)
        derivatives = "<br>".join(_derivatives(rule, names))
        cells = (f"`{name}`", f"`{value}`", numpy, derivatives, rule.note)
        lines.append(f"| {' | '.join(cell.replace('|', '∣') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _names(rule: Rule) -> list[str]:
    if rule.arity is None:
        return _VARIADIC.get(rule.name, ["x₁", "x₂"])
    names = list(inspect.signature(rule.partials).parameters)[2:]
    return ["1" if name == "n" else name for name in names]


def _derivatives(rule: Rule, names: Sequence[str]) -> Iterator[str]:
    """Yield the partial derivatives in symbols: of a rule with kinks in all cases."""
    cases: dict[str, dict[str, None]] = {}
    for point in islice(_points(rule, len(names)), 64 if rule.kinks else 1):
        for name, text in _partials(rule, names, point):
            cases.setdefault(name, {})[text] = None
    for name, texts in cases.items():
        chosen = " or ".join(f"`{text}`" for text in islice(texts, _MOST_CASES))
        yield f"∂/∂{name} = {chosen}"


def _partials(
    rule: Rule, names: Sequence[str], point: Sequence[float]
) -> Iterator[tuple[str, str]]:
    operands = [
        x if i in rule.static else symbol(x, name)
        for i, (x, name) in enumerate(zip(point, names, strict=True))
    ]
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


if __name__ == "__main__":
    print(operations_table(), end="")
