"""Forward mode: the one place where the chain rule runs forwards."""

import operator
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import starmap
from typing import Any

from .anomaly import check_tangents
from .graph import topological_order
from .kinds import Namespace
from .layout import check_fresh, edges, is_number, kind_of, number_of, parents_of
from .modes import ACTIVE, STATE

Node = Any


def tangents(
    outputs: Sequence[Node], seeds: Mapping[int, Any], over_values: Any = None
) -> list[Any]:
    """Push tangents through a recorded graph: ẏ = Σ ∂y/∂xᵢ · ẋᵢ in its order.

    `seeds` has the tangent of a node by its `id`, and what is behind such a node is not
    looked at; an output that no tangent reaches gives 0. With `over_values`, which is a
    namespace for Values, the local derivatives are computed on nodes, so that the
    result can be differentiated; edges whose partial is the plain number 0 are dropped.
    """
    m: Namespace = kind_of(outputs)
    dots = {key: dot for key, dot in seeds.items() if not (is_number(dot) and dot == 0)}
    order = topological_order(
        outputs, lambda node: () if id(node) in seeds else parents_of(node)
    )
    for node in order:
        if id(node) in seeds or node.rule is None:
            continue
        pairs: Iterable[tuple[Node, Any]] = edges(node)
        if over_values is not None:
            pairs = _edges_over(over_values, node, dots)
        terms = [(dots[id(x)], d) for x, d in pairs if id(x) in dots]
        if terms and over_values is not None:
            dots[id(node)] = over_values.total(*zip(*terms, strict=True))
        elif terms:
            dots[id(node)] = reduce(operator.add, starmap(m.chain, terms))
    if ACTIVE and STATE.anomaly is not None:
        check_tangents(
            order,
            lambda node: number_of(dots.get(id(node), 0)),
            STATE.anomaly.infinities,
        )
    found = [dots.get(id(output), 0) for output in outputs]
    if over_values is None:
        found = [dot + 0 for dot in found]  # never -0.0, as in a sum that begins with 0
    return [m.lift(dot) if is_number(dot) else dot for dot in found]


def _edges_over(
    over_values: Any, node: Node, dots: Mapping[int, Any]
) -> list[tuple[Node, Any]]:
    """Return the parents with a tangent, and their partials computed on nodes."""
    wanted = [id(operand) in dots for operand in node.operands]
    if not any(wanted):
        return []
    check_fresh(node)
    partials = node.rule.local(over_values, node, node.operands, wanted)
    if over_values.settled is not None:
        partials = map(over_values.settled, partials)
    return [
        (operand, partial)
        for operand, partial in zip(node.operands, partials, strict=True)
        if partial is not None and not (is_number(partial) and partial == 0)
    ]
