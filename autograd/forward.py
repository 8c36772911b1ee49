"""Forward mode: the one place where the chain rule runs forwards."""

from collections.abc import Mapping, Sequence
from typing import Any

from .graph import topological_order
from .kinds import Namespace, namespace_of
from .layout import check_fresh, edges, is_number, parents_of

Node = Any


def tangents(
    outputs: Sequence[Node], seeds: Mapping[int, Any], over_values: Any = None
) -> list[Any]:
    """Push tangents through a recorded graph: ẏ = Σ ∂y/∂xᵢ · ẋᵢ in its order.

    `seeds` has the tangent of a node by its `id`; what is not below a seed has none,
    and an output without a tangent gives 0. With `over_values`, a namespace for Values, the
    local derivatives are computed on nodes, so that the result can be differentiated.
    """
    m: Namespace = namespace_of(output.data for output in outputs)
    chain = m.chain if over_values is None else over_values.chain
    dots: dict[int, Any] = dict(seeds)
    for node in topological_order(outputs, parents_of):
        if id(node) in dots or node.rule is None:
            continue
        if over_values is None:
            pairs = [(p, d) for p, d in edges(node) if id(p) in dots]
        else:
            wanted = [id(operand) in dots for operand in node.operands]
            if any(wanted):
                check_fresh(node, m)
            partials = node.rule.local(over_values, node, node.operands, wanted)
            pairs = [
                (operand, partial)
                for operand, partial in zip(node.operands, partials, strict=True)
                if partial is not None and not (is_number(partial) and partial == 0)
            ]
        total = None
        for parent, partial in pairs:
            term = chain(dots[id(parent)], partial)
            total = term if total is None else total + term
        if total is not None:
            dots[id(node)] = total
    return [dots.get(id(output), m.rational(0)) for output in outputs]
