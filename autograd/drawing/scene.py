"""Graph → scene: what a picture shows, as plain data, without saying how.

A scene depends on nothing but the graph: names count through the topological order, so
the same graph gives the same scene on every run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, groupby
from operator import attrgetter
from typing import Any

from ..graph import topological_order
from ..layout import edges, is_number
from ..rules import Rule
from ..value import Value
from .formatting import number

Number = Any
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Where the mathematical form is not what `Rule.format` prints as Python.
_MATHEMATICAL = {
    "mul": "{} × {}",
    "chain": "{} × {}",
    "square": "{}²",
    "abs": "|{}|",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A box: a leaf, an operation, or the plain numbers that an operation took.

    name: identifies the node in its scene. title: its label, or v1, v2, ...; of a
    constant, the numbers. formula: the operation, with the titles of its operands.
    data: the number; of a constant, the tuple of its numbers.
    """

    name: str
    kind: str  # "leaf", "operation" or "constant"
    title: str
    formula: str
    data: Number
    grad: Number
    is_output: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """An operand on its way into an operation; `x*x` has two.

    place: which operand it is, from 0; of several numbers in a row, the first.
    derivative: ∂head/∂tail by this operand alone; numbers have None.
    """

    tail: str
    head: str
    place: int
    derivative: Number


@dataclass(frozen=True, slots=True)
class Scene:
    """Nodes, each after its operands, and edges in the order of heads and operands."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def scene_of(outputs: Sequence[Value]) -> Scene:
    """Return the scene of everything that the outputs were made from.

    >>> from autograd import Value
    >>> x = Value(3.0, label="x")
    >>> scene = scene_of([x * x + 1])
    >>> [node.formula or node.title for node in scene.nodes]
    ['x', 'x × x', '1', 'v1 + 1']
    >>> [(edge.tail, edge.head, edge.derivative) for edge in scene.edges]
    [('n1', 'n2', 3.0), ('n1', 'n2', 3.0), ('n2', 'n3', 1.0), ('n3_2', 'n3', None)]
    """
    order = topological_order(outputs, attrgetter("parents"))
    outputs_by_id = set(map(id, outputs))
    names = {id(value): f"n{i}" for i, value in enumerate(order, 1)}
    titles = _titles(order)
    nodes: list[Node] = []
    arrows: list[Edge] = []
    for value in order:
        name, derivatives = names[id(value)], edges(value)
        texts: list[str] = []
        for constant, operands in groupby(value.operands, is_number):
            if constant:
                place, numbers = len(texts), tuple(operands)
                tail = f"{name}_{place + 1}"
                texts += map(number, numbers)
                title = ", ".join(_some(texts[place:]))
                nodes.append(Node(tail, "constant", title, "", numbers, None, False))
                arrows.append(Edge(tail, name, place, None))
                continue
            for operand in operands:
                _, derivative = next(derivatives)
                arrows.append(Edge(names[id(operand)], name, len(texts), derivative))
                texts.append(titles[id(operand)])
        nodes.append(
            Node(
                name,
                kind="leaf" if value.rule is None else "operation",
                title=titles[id(value)],
                formula="" if value.rule is None else _formula(value.rule, texts),
                data=value.data,
                grad=value.grad,
                is_output=id(value) in outputs_by_id,
            )
        )
    return Scene(tuple(nodes), tuple(arrows))


def _titles(order: Sequence[Value]) -> dict[int, str]:
    """Return each node's label; v1, v2, ... for those without one."""
    labels = {node.label for node in order}
    free: Iterator[str] = (v for i in count(1) if (v := f"v{i}") not in labels)
    return {
        id(node): str(node.label) if _is_visible(node.label) else next(free)
        for node in order
    }


def _is_visible(label: Any) -> bool:
    return label is not None and any(c.isprintable() and c != " " for c in str(label))


def _formula(rule: Rule, operands: list[str]) -> str:
    """Print an operation in mathematical form, a long list of operands shortened."""
    if rule.name == "pow":
        base, exponent = _bracketed(operands[0]), operands[1]
        if exponent.lstrip("-").isdigit():
            return base + exponent.translate(_SUPERSCRIPTS)
        return f"{base} ^ {_bracketed(exponent)}"
    if "(" not in rule.text:  # an operator
        operands = [operands[0], *map(_bracketed, operands[1:])]
    if rule.name in _MATHEMATICAL:
        return _MATHEMATICAL[rule.name].format(*operands)
    if "#<" in rule.text:
        half = len(operands) // 2
        return rule.format(*_some(operands[:half]), *_some(operands[half:]))
    if rule.static:
        return rule.format(operands[0], *_some(operands[1:]))
    return rule.format(*_some(operands))


def _some(operands: list[str], most: int = 6) -> list[str]:
    return operands if len(operands) <= most else [*operands[:3], "…", operands[-1]]


def _bracketed(operand: str) -> str:
    return f"({operand})" if operand.startswith("-") else operand
