"""Graph → scene: what a picture shows, as plain data, without saying how.

A scene depends on nothing but the graph: names count through the topological order, so
the same graph gives the same scene on every run. `grouping.py` adds groups to a scene,
`folding.py` closes them.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, groupby
from operator import attrgetter
from typing import Any

from ..graph import topological_order
from ..layout import edges, is_number
from ..printing.formatting import number
from ..printing.formulas import formula, some
from ..value import Value

Number = Any
_PLACE = r"[^\W\d]\w*(?:\[[^\]]*\])*"  # of a path: a name, and perhaps indices
_PATH = re.compile(rf"{_PLACE}(?:\.{_PLACE})+")


@dataclass(frozen=True, slots=True)
class Node:
    """A box: a leaf, an operation, the plain numbers that one took, or a folded group.

    name: identifies the node in its scene. title: its label, or v1, v2, ...; of a
    constant, the numbers. formula: the operation, with the titles of its operands.
    data: the number, None in a program that has not run; of a constant, the tuple of
    its numbers; of a folded group of several values, their `Range`. operation, pattern:
    the name of its rule and how that prints. named: whether the title is a label.
    parameter: whether it is one of a model. group: the innermost group that it lies in,
    "" if in none. source: where the user's code made it, if that was recorded.
    caption: of a folded group, what it holds.
    """

    name: str
    kind: str  # "leaf", "operation", "constant" or "group"
    title: str
    formula: str
    data: Number
    grad: Number
    is_output: bool
    operation: str = ""
    pattern: str = ""
    named: bool = False
    parameter: bool = False
    group: str = ""
    source: str = ""
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """An operand on its way into an operation; `x*x` has two.

    place: which operand it is, from 0; of several numbers in a row, the first.
    derivative: ∂head/∂tail by this operand alone; None for plain numbers, and where a
    folded group has several outputs. contribution: what it adds to the tail's gradient,
    derivative × grad of the head. count: how many edges it stands for.
    """

    tail: str
    head: str
    place: int
    derivative: Number
    contribution: Number = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes that can be drawn as one box.

    name: identifies it, in one scene, among nodes and groups. kind: "chain" (of sums
    and products), "neuron" (a chain with the function on top of it, and the like),
    "copies" (of one neuron, in the samples of a batch), "layer" (neurons alike, side by
    side), "leaves" (alike, not computed), "repeat" (alike, one after the other),
    "module" (folded by its path), "rest" (what came before).
    level: 1 for the innermost kind of group, and so on. parent: the group around it, ""
    for none. size: how many nodes of the graph it holds, constants not counted.
    copies: how many side by side and how many times: (16, 100) for 16 neurons in each
    of 100 samples; () for one alone. caption: what it holds, in words.
    root: the node whose value is the group's, "" if it has several outputs. module: the
    path of the module whose parameters it uses, "" if they are of several or nameless.
    """

    name: str
    kind: str
    level: int
    title: str
    formula: str
    parent: str
    size: int
    caption: str
    copies: tuple[int, ...] = ()
    root: str = ""
    module: str = ""


@dataclass(frozen=True, slots=True)
class Range:
    """The smallest and the largest of several numbers; not a number if one is none."""

    low: Number
    high: Number


@dataclass(frozen=True, slots=True)
class Scene:
    """Nodes, each after its operands, and edges in the order of heads and operands.

    groups: each before those that lie in it; nodes and groups name the one around them.
    In a folded scene the nodes of a closed group are one node that bears its name, and
    `total` says how many nodes there were.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    groups: tuple[Group, ...] = ()
    total: int = 0


def scene_of(
    outputs: Sequence[Value],
    names: Mapping[int, str] | None = None,
    parameters: Collection[int] = (),
) -> Scene:
    """Return the scene of everything that the outputs were made from.

    names: titles for some of the nodes, by their id, in place of their labels.
    parameters: the ids of a model's parameters.

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
    ids = {id(value): f"n{i}" for i, value in enumerate(order, 1)}
    labels = _labels(order, names or {})
    titles = _titles(order, labels)
    scoped = {
        id(value)
        for value in order
        if value.rule is None
        and (id(value) in parameters or module_of(labels.get(id(value), "")))
    }
    nodes: list[Node] = []
    arrows: list[Edge] = []
    for value in order:
        name, derivatives = ids[id(value)], edges(value)
        texts: list[str] = []
        for constant, operands in groupby(value.operands, is_number):
            if constant:
                place, numbers = len(texts), tuple(operands)
                tail = f"{name}_{place + 1}"
                texts += map(number, numbers)
                title = ", ".join(some(texts[place:]))
                nodes.append(Node(tail, "constant", title, "", numbers, None, False))
                arrows.append(Edge(tail, name, place, None))
                continue
            for operand in operands:
                _, derivative = next(derivatives)
                added = product(derivative, value.grad)
                arrows.append(
                    Edge(ids[id(operand)], name, len(texts), derivative, added)
                )
                texts.append(short_title(titles[id(operand)], id(operand) in scoped))
        rule = value.rule
        nodes.append(
            Node(
                name,
                kind="leaf" if rule is None else "operation",
                title=titles[id(value)],
                formula="" if rule is None else formula(rule.name, rule.text, texts),
                data=value.data,
                grad=value.grad,
                is_output=id(value) in outputs_by_id,
                operation="" if rule is None else rule.name,
                pattern="" if rule is None else rule.text,
                named=id(value) in labels,
                parameter=id(value) in scoped,
                source="" if value.source is None else str(value.source),
            )
        )
    return Scene(tuple(nodes), tuple(arrows), total=len(order))


def module_of(label: str) -> str:
    """Return the module of a parameter's path, "" of another label.

    >>> module_of("layers[0].neurons[2].w[1]"), module_of("w[1]"), module_of("lr0.1")
    ('layers[0].neurons[2]', '', '')
    """
    return label.rpartition(".")[0] if _PATH.fullmatch(label) else ""


def short_title(title: str, is_parameter: bool) -> str:
    """Return a title, of a parameter without the path of its module."""
    if not is_parameter:
        return title
    return title[len(module_of(title)) :].removeprefix(".")


def product(derivative: Number, grad: Number) -> Number:
    """Multiply as the chain rule does: zero beats infinity and NaN."""
    return 0.0 if derivative == 0 or grad == 0 else derivative * grad


def _labels(order: Sequence[Value], names: Mapping[int, str]) -> dict[int, str]:
    """Return the name or label of each node that has one to be seen."""
    found = ((id(node), names.get(id(node), node.label)) for node in order)
    return {key: str(label) for key, label in found if _is_visible(label)}


def _titles(order: Sequence[Value], labels: dict[int, str]) -> dict[int, str]:
    """Return each node's label; v1, v2, ... for those without one."""
    taken = set(labels.values())
    free: Iterator[str] = (v for i in count(1) if (v := f"v{i}") not in taken)
    return {id(node): labels.get(id(node)) or next(free) for node in order}


def node_titles(
    order: Sequence[Value], names: Mapping[int, str] | None = None
) -> dict[int, str]:
    """Return the title of each node by its id, as `scene_of` gives them."""
    return _titles(order, _labels(order, names or {}))


def _is_visible(label: Any) -> bool:
    return label is not None and any(c.isprintable() and c != " " for c in str(label))
