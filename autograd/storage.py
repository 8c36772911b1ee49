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
from functools import cache
from typing import Any

from .graph import topological_order
from .layout import NODE_SLOTS, connect, operands_of, parents_of, partials_of
from .modes import RUNS, STATE

Node = Any


def ancestors(roots: Iterable[Node]) -> list[Node]:
    """Return the roots and all that they were made from, parents first."""
    return topological_order(roots, parents_of)


def _blank(cls: type, data: Any, grad: Any, label: str | None) -> Node:
    node: Node = object.__new__(cls)
    node.data, node.grad, node.label = data, grad, label
    node.rule = node._mark = None
    node._left = node._right = node._d_left = node._d_right = None
    return node


@cache
def _slots_of_subclass(cls: Any) -> tuple[str, ...]:
    """Return the slots that a subclass of Value adds, `_source` among them."""
    own: set[str] = set()
    for base in cls.__mro__:
        slots = vars(base).get("__slots__", ())
        own.update([slots] if isinstance(slots, str) else slots)
    return tuple(sorted(own - {*NODE_SLOTS, "__dict__", "__weakref__"}))


def _extras(node: Node) -> dict[str, Any] | None:
    """Return what a node of a subclass has beside the slots of every node."""
    extras = dict(getattr(node, "__dict__", ()))
    cls: Any = type(node)
    for name in _slots_of_subclass(cls):
        if hasattr(node, name):
            extras[name] = getattr(node, name)
    return extras or None


def _add_extras(node: Node, extras: dict[str, Any] | None) -> None:
    for name, value in (extras or {}).items():
        object.__setattr__(node, name, value)


def _restore_leaf(cls: type, data: Any, grad: Any, label: str | None) -> Node:
    leaf = _blank(cls, data, grad, label)
    if RUNS and STATE.leaves is not None:
        STATE.leaves.append(leaf)
    return leaf


def shallow_copy(node: Node) -> Any:
    """Return a new node with the same number, rule and operands."""
    new = _restore_leaf(type(node), node.data, node.grad, node.label)
    _add_extras(new, _extras(node))
    if node.rule is not None:
        new.rule = node.rule
        connect(new, operands_of(node), partials_of(node))
    return new


def deep_copy(root: Node, memo: dict[int, Any]) -> Any:
    """Copy a node with all that it was made from; nodes in the memo are shared."""
    for node in ancestors([root]):
        if id(node) in memo:
            continue
        new = _restore_leaf(type(node), node.data, node.grad, node.label)
        memo[id(node)] = new
        if extras := _extras(node):
            _add_extras(new, copy.deepcopy(extras, memo))
        if node.rule is not None:
            new.rule = node.rule
            operands = [memo.get(id(o), o) for o in operands_of(node)]
            connect(new, operands, partials_of(node))
    return memo[id(root)]


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
        places = dict(self.index)

        def refer(operand: Any) -> int:
            """Return the operand's place in the bundle, or −1 − its place outside."""
            place = places.get(id(operand))
            if place is None:
                outside.append(operand)
                place = places[id(operand)] = -len(outside)
            return place

        makers: dict[tuple[type, Any], int] = {}
        nodes = self.nodes
        columns = (
            [makers.setdefault((type(n), n.rule), len(makers)) for n in nodes],
            [n.data for n in nodes],
            [n.grad for n in nodes],
            [tuple(map(refer, operands_of(n))) for n in nodes],
            [partials_of(n) for n in nodes],
            [n.label for n in nodes],
            [_extras(n) for n in nodes],
        )
        return _unpack, (list(makers), outside, *columns)


def _forget(of_node: dict[int, Any], ids: list[int]) -> None:
    for key in ids:
        of_node.pop(key, None)


def _unpack(
    makers: list[tuple[type, Any]], outside: list[Any], *columns: list[Any]
) -> list[Node]:
    nodes: list[Node] = []
    for maker, data, grad, places, partials, label, extras in zip(
        *columns, strict=True
    ):
        cls, rule = makers[maker]
        node = _blank(cls, data, grad, label)
        node.rule = rule
        operands = [nodes[i] if i >= 0 else outside[-1 - i] for i in places]
        connect(node, operands, partials)
        _add_extras(node, extras)
        nodes.append(node)
    return nodes


def reduce_node(node: Node) -> tuple[Any, ...]:
    """Return what pickle needs for a node; see the module's docstring."""
    if node.rule is None:
        made = (type(node), node.data, node.grad, node.label)
        return _restore_leaf, made, _extras(node), None, None, _add_extras
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
