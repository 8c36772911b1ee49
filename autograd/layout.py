"""How a node lies in memory: what sweeps know of it without knowing `Value`.

One object a node, no tuple and no closure: that is what made the engine fast. `_left`
and `_right` are the operands, `_d_left` and `_d_right` the local derivatives of the
forward pass, None where an operand is a plain number. A node of more than two operands
has the tuple of its parents in `_left`, that of their partials in `_right`, and None in
`_d_left` and `_d_right`; so a sweep need not look for numbers among them. A leaf has
None everywhere. `_mark` and `_bar` are scratch of one sweep.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .errors import StaleGraphError
from .kinds import Namespace, namespace_of
from .modes import ACTIVE, STATE

Node = Any
Number = Any

NODE_SLOTS = (
    *("data", "grad", "label", "rule"),
    *("_left", "_right", "_d_left", "_d_right", "_mark", "_bar"),
)


class _Parents(tuple[Any, ...]):
    """The parents of a node of more than two operands, plain numbers among them."""

    operands: tuple[Any, ...]


def among(operands: Sequence[Any], parents: Iterable[Any]) -> _Parents:
    """Return these parents as some of these operands."""
    found = _Parents(parents)
    found.operands = tuple(operands)
    return found


def connect(node: Node, operands: Sequence[Any], partials: Sequence[Any]) -> None:
    """Store operands and partials in a node's slots."""
    node._left = node._right = node._d_left = node._d_right = None
    if len(operands) == 1:
        node._left, node._d_left = operands[0], partials[0]
    elif len(operands) == 2:
        node._left, node._right = operands
        node._d_left, node._d_right = partials
    else:
        parents = [o for o, d in zip(operands, partials, strict=True) if d is not None]
        if len(parents) < len(operands):
            partials = [d for d in partials if d is not None]
            node._left = among(operands, parents)
        else:
            node._left = tuple(operands)
        node._right = tuple(partials)


def operands_of(node: Node) -> tuple[Any, ...]:
    """Return every operand in order, Values and plain numbers."""
    if node.rule is None:
        return ()
    if node._d_left is None and node._d_right is None:
        operands: tuple[Any, ...] = getattr(node._left, "operands", node._left)
        return operands
    return (node._left,) if node._right is None else (node._left, node._right)


def partials_of(node: Node) -> tuple[Any, ...]:
    """Return one partial an operand of an interior node, None for plain numbers."""
    if node._d_left is not None or node._d_right is not None:
        both = (node._d_left, node._d_right)
        return both[:1] if node._right is None else both
    if type(node._left) is tuple:
        partials: tuple[Any, ...] = node._right
        return partials
    rest = iter(node._right)
    return tuple(None if is_number(o) else next(rest) for o in node._left.operands)


def parents_of(node: Node) -> tuple[Node, ...]:
    """Return the operands that are Values, in order."""
    if node._d_left is not None:
        return (node._left,) if node._d_right is None else (node._left, node._right)
    if node._d_right is not None:
        return (node._right,)
    return () if node._left is None else tuple(node._left)


def edges(node: Node) -> Iterator[tuple[Node, Number]]:
    """Yield each parent with the local derivative, in the order of the operands."""
    if node._d_left is not None:
        yield node._left, node._d_left
    if node._d_right is not None:
        yield node._right, node._d_right
    elif node._d_left is None and node._left is not None:
        yield from zip(node._left, node._right, strict=True)


def is_number(x: Any) -> bool:
    """Tell a plain number from a node."""
    return not hasattr(x, "rule")


def number_of(x: Any) -> Number:
    """Return a node's number, and a number itself."""
    if is_number(x):
        return x
    if ACTIVE and STATE.trace is not None:
        STATE.trace.check_constant(x)  # another number may stand there at the next call
    return x.data


def kind_of(nodes: Iterable[Node]) -> Namespace:
    """Return the namespace of the nodes' numbers; what is only recorded has floats."""
    return namespace_of(node.data for node in nodes if not node.is_recorded)


def check_fresh(node: Node) -> None:
    """Raise `StaleGraphError` if this node or an operand has changed since it was made.

    The node is computed again from its operands' present data: its value and its
    partials must be those of the forward pass. What is only recorded can't be stale.
    """
    if node.is_recorded:
        return
    operands = operands_of(node)
    numbers = [number_of(operand) for operand in operands]
    static = node.rule.static
    m = namespace_of(x for place, x in enumerate(numbers) if place not in static)
    data = node.rule.forward(m, *numbers)
    wanted = [not is_number(operand) for operand in operands]
    again = node.rule.local(m, data, numbers, wanted)
    for old, new in zip((node.data, *partials_of(node)), (data, *again), strict=True):
        if old is not new and not m.same(old, new):
            given = ", ".join(map(repr, parents_of(node)))
            raise StaleGraphError(
                f"the data of a Value changed after {node.rule.name} was computed: its "
                f"operands are now {given}, its result {node.data!r}, and computed "
                f"again {data!r}. Run the forward pass again, or change .data only "
                f"after all derivatives of this graph are taken"
            )
