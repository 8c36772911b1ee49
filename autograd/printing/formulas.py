"""Operations in mathematical form."""

from ..rules.rule import fill
from .formatting import SUPERSCRIPTS

# Where the mathematical form is not what `Rule.format` prints as Python.
_MATHEMATICAL = {
    "mul": "{} × {}",
    "chain": "{} × {}",
    "square": "{}²",
    "abs": "|{}|",
}


def formula(operation: str, text: str, operands: list[str]) -> str:
    """Print an operation in mathematical form, a long list of operands shortened.

    operation, text: the name of a rule and its printed form.
    """
    if operation == "pow":
        base, exponent = bracketed(operands[0]), operands[1]
        if exponent.lstrip("-").isdigit():
            return base + exponent.translate(SUPERSCRIPTS)
        return f"{base} ^ {bracketed(exponent)}"
    if "(" not in text:  # an operator
        operands = [operands[0], *map(bracketed, operands[1:])]
    if operation in _MATHEMATICAL:
        return _MATHEMATICAL[operation].format(*operands)
    if operation in {"sum", "dot"}:
        return added_up(operation, operands)
    if "#+" in text:
        operands = [operands[0], *some(operands[1:])]
    else:
        operands = some(operands)
    return fill(text, operands)


def added_up(operation: str, operands: list[str], most: int = 3) -> str:
    """Print a sum, or a sum of products, a long one shortened."""
    terms = operands
    if operation == "dot":
        half = len(operands) // 2
        pairs = zip(operands[:half], operands[half:], strict=True)
        terms = [f"{x} × {bracketed(y)}" for x, y in pairs]
    terms = [*terms[:1], *map(bracketed, terms[1:])]
    text = " + ".join(terms[:2])
    if len(terms) <= most:
        return " + ".join(terms)
    return f"{text if len(text) < 40 else terms[0]} + … + {terms[-1]}"


def some(operands: list[str], most: int = 6) -> list[str]:
    """Return a list, its middle as … where it is long."""
    return operands if len(operands) <= most else [*operands[:3], "…", operands[-1]]


def bracketed(operand: str) -> str:
    """Return a negative number in brackets."""
    return f"({operand})" if operand.startswith("-") else operand
