"""Copying and pickling of graphs: any depth, sharing kept.

`copy.deepcopy` hands a memo down, which is filled here in topological order. `pickle`
does not: so the first interior node that a pickler meets brings its whole graph along
as one `_Bundle` of columns, and every other node of that graph that the same pickler
meets later refers to the bundle. Leaves are pickled one by one, so that a model and its
loss in one container share them.
"""

import copy
import operator
import threading
import weakref
from collections.abc import Iterable
from typing import Any

from .graph import topological_order
from .layout import connect, operands_of, parents_of

Node = Any
_PLAIN_SLOTS = ("data", "grad", "label", "rule")


def ancestors(roots: Iterable[Node]) -> list[Node]:
    """Return the roots and all that they were made from, parents first."""
    return topological_order(roots, parents_of)


def _blank(cls: type, data: Any, grad: Any, label: str | None) -> Node:
    node: Node = object.__new__(cls)
    node.data, node.grad, node.label = data, grad, label
    node.rule = node._mark = None
    node._left = node._right = node._d_left = node._d_right = None
    return node


def _restore_leaf(
    cls: type,
    data: Any,
    grad: Any,
    label: str | None,
    attributes: dict[str, Any] | None,
) -> Node:
    leaf = _blank(cls, data, grad, label)
    if attributes:
        leaf.__dict__.update(attributes)
    return leaf


def shallow_copy(node: Node) -> Any:
    """Return a new node with the same number, rule and operands."""
    attributes = getattr(node, "__dict__", None)
    new = _restore_leaf(type(node), node.data, node.grad, node.label, attributes)
    _connect_like(new, node, operands_of(node))
    return new


def deep_copy(root: Node, memo: dict[int, Any]) -> Any:
    """Copy a node with all that it was made from; nodes in the memo are shared."""
    for node in ancestors([root]):
        if id(node) in memo:
            continue
        attributes = copy.deepcopy(getattr(node, "__dict__", None), memo)
        new = _restore_leaf(type(node), node.data, node.grad, node.label, attributes)
        memo[id(node)] = new
        operands = [
            memo.get(id(o), o) if hasattr(o, "rule") else o for o in operands_of(node)
        ]
        _connect_like(new, node, operands)
    return memo[id(root)]


def _partials(node: Node) -> tuple[Any, ...]:
    """Return one partial an operand, None for plain numbers."""
    operands = operands_of(node)
    if len(operands) <= 2:
        return (node._d_left, node._d_right)[: len(operands)]
    partials = iter(node._right)
    return tuple(next(partials) if hasattr(o, "rule") else None for o in operands)


def _connect_like(new: Node, node: Node, operands: Iterable[Any]) -> None:
    if node.rule is not None:
        new.rule = node.rule
        connect(new, tuple(operands), _partials(node))
    if node.source is not None:
        new._source = node.source


class _LiveBundles(threading.local):
    def __init__(self) -> None:
        self.of_node: dict[int, weakref.ref[_Bundle]] = {}


_LIVE = _LiveBundles()


class _Bundle:
    """The interior nodes of a graph, pickled as columns.

    A pickler keeps what it has met alive until it is done, so a bundle found in `_LIVE`
    belongs to a pickling that is under way.
    """

    __slots__ = ("__weakref__", "index", "nodes")

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.index = {id(node): i for i, node in enumerate(nodes)}
        _LIVE.of_node.update(dict.fromkeys(self.index, weakref.ref(self)))
        weakref.finalize(self, _forget, _LIVE.of_node, list(self.index)).atexit = False

    def __reduce__(self) -> tuple[Any, ...]:
        outside: list[Any] = []
        places: dict[int, int] = {}

        def refer(operand: Any) -> int:
            """Return the operand's place in the bundle, or −1 − its place outside."""
            inside = self.index.get(id(operand))
            if inside is not None:
                return inside
            if id(operand) not in places:
                places[id(operand)] = len(outside)
                outside.append(operand)
            return -1 - places[id(operand)]

        makers: dict[tuple[type, Any], int] = {}
        columns: tuple[list[Any], ...] = ([], [], [], [], [], [], [])
        for node in self.nodes:
            row = (
                makers.setdefault((type(node), node.rule), len(makers)),
                node.data,
                node.grad,
                tuple(map(refer, operands_of(node))),
                _partials(node),
                node.label,
                node.source,
            )
            for column, entry in zip(columns, row, strict=True):
                column.append(entry)
        return _unpack, (list(makers), outside, *columns)


def _forget(of_node: dict[int, Any], ids: list[int]) -> None:
    for key in ids:
        of_node.pop(key, None)


def _unpack(
    makers: list[tuple[type, Any]], outside: list[Any], *columns: list[Any]
) -> list[Node]:
    nodes: list[Node] = []
    for maker, data, grad, places, partials, label, source in zip(
        *columns, strict=True
    ):
        cls, rule = makers[maker]
        node = _blank(cls, data, grad, label)
        node.rule = rule
        operands = [nodes[i] if i >= 0 else outside[-1 - i] for i in places]
        connect(node, operands, partials)
        if source is not None:
            node._source = source
        nodes.append(node)
    return nodes


def reduce_node(node: Node) -> tuple[Any, ...]:
    """Return what pickle needs for a node; see the module's docstring."""
    if node.rule is None:
        attributes = getattr(node, "__dict__", None)
        return _restore_leaf, (type(node), node.data, node.grad, node.label, attributes)
    live = _LIVE.of_node.get(id(node))
    bundle = live() if live is not None else None
    if bundle is None:
        fresh = [
            n
            for n in ancestors([node])
            if n.rule is not None and id(n) not in _LIVE.of_node
        ]
        bundle = _Bundle(fresh)
    return operator.getitem, (bundle, bundle.index[id(node)])
