"""Topological order of any directed acyclic graph, without recursion."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from .errors import CycleError

Node = TypeVar("Node")


def topological_order(
    roots: Iterable[Node], parents: Callable[[Node], Iterable[Node]]
) -> list[Node]:
    """Return every node that `roots` reach, each one after all of its parents.

    The order depends on nothing but the order of roots and parents: it is that of a
    depth-first walk. Nodes are told apart by identity, so they need no `hash` or `==`.
    Time and memory are linear in nodes and edges; depth is not limited.

    >>> topological_order(["c"], {"c": "ab", "b": "a", "a": ""}.__getitem__)
    ['a', 'b', 'c']

    Raises `CycleError` where a node is its own ancestor.
    """
    order: list[Node] = []
    state: dict[int, bool] = {}  # False while on the path, True when done
    for root in roots:
        if id(root) in state:
            continue
        state[id(root)] = False
        path = [(root, iter(parents(root)))]
        while path:
            node, rest = path[-1]
            for parent in rest:
                done = state.get(id(parent))
                if done is None:
                    state[id(parent)] = False
                    path.append((parent, iter(parents(parent))))
                    break
                if not done:
                    raise CycleError(f"the graph has a cycle through {parent!r}")
            else:
                state[id(node)] = True
                order.append(node)
                path.pop()
    return order


def check_order(
    order: Sequence[Node], parents: Callable[[Node], Iterable[Node]]
) -> None:
    """Raise `CycleError` unless each node stands once, and after all its parents."""
    place = {id(node): i for i, node in enumerate(order)}
    if len(place) != len(order):
        raise CycleError("a node stands twice in its topological order")
    for i, node in enumerate(order):
        for parent in parents(node):
            if place.get(id(parent), i) >= i:
                raise CycleError(f"{parent!r} does not stand before its child {node!r}")
