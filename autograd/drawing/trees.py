"""Scene → text: a tree for terminals and logs, from the outputs down."""

from ..printing.formatting import number, plain_exponents, shortened
from .dot import value_text
from .scene import Edge, Node, Scene

_WIDEST = 60  # of a title with its formula
_DEEPEST = 24  # levels that are indented; below them the level stands as a number
_ASCII = {
    "├─ ": "|- ",
    "└─ ": "`- ",
    "│  ": "|  ",
    "×": "*",
    "…": "...",
    "→": "->",
    "Σ": "sum",
    "↑": "^",
    "↺": "@",
}


def text_of(scene: Scene, *, ascii: bool = False, note: str = "") -> str:
    """Return the scene as a tree: each node with its operands below it.

    In front of an operand stands the local derivative. A node that stands elsewhere
    already is only named, with ↑; with ↺ where it comes from the step before in a loop.
    """
    rows = _rows(scene)
    if ascii:
        rows = [(plain(tree), plain(data), plain(grad)) for tree, data, grad in rows]
        note = plain(note)
    width = max(len(row[0]) for row in rows)
    width_of_data = max(len(row[1]) for row in rows)
    lines = [
        f"{tree:<{width}}  {data:<{width_of_data}}  {grad}".rstrip()
        for tree, data, grad in rows
    ]
    if note:
        lines.append(note)
    return "\n".join(lines)


def plain(text: str) -> str:
    """Return the text in ASCII."""
    text = plain_exponents(text)
    for fancy, simple in _ASCII.items():
        text = text.replace(fancy, simple)
    return text.encode("ascii", "backslashreplace").decode()


def _rows(scene: Scene) -> list[tuple[str, str, str]]:
    """Return the columns of each line: the tree, data, grad."""
    nodes = {node.name: node for node in scene.nodes}
    incoming: dict[str, list[Edge]] = {name: [] for name in nodes}
    for arrow in scene.edges:
        if nodes[arrow.tail].kind != "constant":
            incoming[arrow.head].append(arrow)
    rows: list[tuple[str, str, str]] = []
    seen: set[str] = set()
    path: set[str] = set()
    roots = [node.name for node in scene.nodes if node.is_output]
    for root in roots:
        # name, edge, indentation of the line and of what comes below; None: leave path
        stack: list[tuple[str, Edge | None, str, str, int] | None] = [
            (root, None, "", "", 0)
        ]
        open_names: list[str] = []
        while stack:
            entry = stack.pop()
            if entry is None:
                path.discard(open_names.pop())
                continue
            name, edge, first, below, depth = entry
            node = nodes[name]
            if name in seen:
                if edge is not None:
                    sign = "↺" if name in path else "↑"
                    rows.append((f"{first}{_slope(edge)}{_name(node)} {sign}", "", ""))
                continue
            seen.add(name)
            path.add(name)
            open_names.append(name)
            stack.append(None)
            slope = "" if edge is None else _slope(edge)
            rows.append(
                (
                    f"{first}{slope}{_what(node)}",
                    "" if node.data is None else f"data {value_text(node.data)}",
                    "" if node.grad is None else f"grad {value_text(node.grad)}",
                )
            )
            operands = incoming[name]
            for i, operand in reversed(list(enumerate(operands))):
                last = i == len(operands) - 1
                branch, bar = ("└─ ", "   ") if last else ("├─ ", "│  ")
                if depth + 1 > _DEEPEST:
                    indented = below[: 3 * _DEEPEST]
                    stack.append(
                        (
                            operand.tail,
                            operand,
                            f"{indented}{depth + 1}: ",
                            below,
                            depth + 1,
                        )
                    )
                    continue
                stack.append(
                    (operand.tail, operand, below + branch, below + bar, depth + 1)
                )
    return rows


def _slope(edge: Edge) -> str:
    return "" if edge.derivative is None else f"[{number(edge.derivative, 4)}] "


def _name(node: Node) -> str:
    return shortened(node.title or node.caption, _WIDEST)


def _what(node: Node) -> str:
    if node.kind == "group":
        words = f"{node.title} ({node.caption})" if node.title else f"({node.caption})"
        text = f"{words} = {node.formula}" if node.formula else words
    else:
        text = f"{node.title} = {node.formula}" if node.formula else node.title
    return shortened(text, _WIDEST)
