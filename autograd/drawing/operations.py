"""The table of all operations, written from `RULES`.

`python -m autograd.drawing.operations` prints it.
"""

from ..printing.formulas import formula
from ..printing.partials import operand_names, partials_in_symbols
from ..rules import RULES

__all__ = ["operations_table"]


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
        names = operand_names(rule)
        value = formula(name, rule.text, names)
        numpy = ", ".join(f"`np.{each}`" for each in rule.numpy)
        derivatives = "<br>".join(partials_in_symbols(rule, names))
        cells = (f"`{name}`", f"`{value}`", numpy, derivatives, rule.note)
        lines.append(f"| {' | '.join(cell.replace('|', '∣') for cell in cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(operations_table(), end="")
