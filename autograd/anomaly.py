"""Where did the NaN come from? What `detect_anomaly()` asks after a sweep."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .errors import AnomalyError

Node = Any
Number = Any


def check_for_anomalies(
    order: Sequence[Node],
    bar_of: Callable[[Node], Number],
    edges: Callable[[Node], Iterable[tuple[Node, Number]]],
    infinities: bool,
) -> None:
    """Raise `AnomalyError` for the first operation that made a NaN, forward first.

    `order` has parents first. An operation below a zero cotangent is no anomaly: its
    NaN reaches nobody. With `infinities` an infinity out of finite numbers counts too.
    """

    def fine(x: Number) -> bool:
        return _is_fine(x, infinities)

    for node in order:
        numbers = [getattr(operand, "data", operand) for operand in node.operands]
        if bar_of(node) == 0 or fine(node.data) or not all(map(fine, numbers)):
            continue
        if node.rule is not None:
            raise AnomalyError(
                f"{node.rule.name} made {float(node.data)} in the forward pass\n"
                + _describe(node, order)
            )
    for node in reversed(order):
        bar = bar_of(node)
        if bar == 0 or not fine(bar):
            continue
        for parent, partial in edges(node):
            if partial != 0 and not fine(bar * partial):
                raise AnomalyError(
                    f"{node.rule.name} made {float(bar * partial)} in the backward "
                    f"pass: its cotangent {bar!r} times its local derivative "
                    f"{partial!r} for {_name(parent)}\n" + _describe(node, order)
                )
    for node in reversed(order):
        if not fine(bar_of(node)) and node is not order[-1]:
            raise AnomalyError(
                f"contributions to the gradient of {_name(node)} add up to "
                f"{float(bar_of(node))}\n" + _describe(node, order)
            )


def check_tangents(
    order: Sequence[Node], dot_of: Callable[[Node], Number], infinities: bool
) -> None:
    """Raise `AnomalyError` if an output's tangent is NaN: the like for forward mode."""
    if _is_fine(dot_of(order[-1]), infinities):
        return
    for node in order:
        numbers = [getattr(operand, "data", operand) for operand in node.operands]
        numbers += [dot_of(parent) for parent in node.parents]
        made = [x for x in (node.data, dot_of(node)) if not _is_fine(x, infinities)]
        if node.rule is None or not made or dot_of(node) == 0:
            continue
        if all(_is_fine(x, infinities) for x in numbers):
            raise AnomalyError(
                f"{node.rule.name} made {float(made[0])} in the forward pass, its "
                f"tangent is {float(dot_of(node))}\n" + _describe(node, order)
            )


def _is_fine(x: Number, infinities: bool) -> bool:
    return bool(x == x and not (infinities and abs(x) == math.inf))


def _name(x: Any) -> str:
    if not hasattr(x, "rule"):
        return repr(x)
    return x.label or (x.rule.name if x.rule else f"leaf {x.data!r}")


def _describe(node: Node, order: Sequence[Node]) -> str:
    lines = []
    if node.rule is not None:
        names = [_name(operand) for operand in node.operands]
        operands = "".join(
            f", {name} = {operand.data!r}"
            for name, operand in zip(names, node.operands, strict=True)
            if hasattr(operand, "rule")
        )
        lines.append(f"  {node.rule.format(*names)} = {node.data!r}{operands}")
    if node.source is not None:
        lines.append(f"  at {node.source}")
    path = [_name(step) for step in _path_to_output(node, order)]
    if len(path) > 8:
        path[4:-4] = [f"({len(path) - 8} more)"]
    return "\n".join([*lines, f"  path to the output: {' → '.join(path)}"])


def _path_to_output(node: Node, order: Sequence[Node]) -> list[Node]:
    """Return a shortest path from a node to the last of the order, inclusive."""
    children: dict[int, list[Node]] = {}
    for child in order:
        for parent in child.parents:
            children.setdefault(id(parent), []).append(child)
    came_from: dict[int, Node] = {id(node): None}
    queue = [node]
    for step in queue:
        if step is order[-1]:
            break
        for child in children.get(id(step), ()):
            if id(child) not in came_from:
                came_from[id(child)] = step
                queue.append(child)
    path = [order[-1]]
    while path[-1] is not node:
        path.append(came_from[id(path[-1])])
    return path[::-1]
