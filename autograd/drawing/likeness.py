"""Which cones and leaves are alike: the same below and above, or the same weights.

Two sweeps number the structures: first what each node was made from, then what its
results are used for. The same number is given for the same structure, so the sweeps are
linear in nodes and edges.
"""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable

from .cones import Cones
from .scene import Scene

# Where the order of operands does not matter.
_SYMMETRIC = {"add", "mul", "sum", "mean", "prod", "max", "min", "logsumexp", "norm"}
_ADDITIVE = _SYMMETRIC - {"mul"} | {"sub"}


class _Numbers(dict[Hashable, int]):
    """The same number for the same structure, counted up from 0."""

    def __missing__(self, key: Hashable) -> int:
        self[key] = number = len(self)
        return number


def classes_of(
    scene: Scene, cones: Cones
) -> tuple[list[list[int]], dict[int, set[int]]]:
    """Return the classes of cones and free leaves, and which cones use each of them."""
    below = _structures_below(scene, cones)
    numbers = _Numbers()
    entries: defaultdict[int, set[tuple[int, Hashable]]] = defaultdict(set)
    above: dict[int, int] = {}
    elements = sorted((*cones.members, *cones.free), reverse=True)
    for e in elements:
        consumers = frozenset((above[c], port) for c, port in entries[e])
        module = re.sub(r"\[\d+\]$", "", cones.scope.get(e, ""))
        above[e] = numbers[below[e], module, scene.nodes[e].is_output, consumers]
        for i in cones.members.get(e, ()):
            for tail, place in cones.incoming[i]:
                source = cones.element[tail]
                if source != e and scene.nodes[tail].kind != "constant":
                    port = _port(scene, cones, i, place, below[i])
                    entries[source].add((e, port))
    users = {e: {c for c, _ in entries[e]} for e in elements}
    return _merged(scene, cones, reversed(elements), below, above), users


def _structures_below(scene: Scene, cones: Cones) -> list[int]:
    """Return a number for each node: the same for the same structure below it."""
    numbers = _Numbers()
    below: list[int] = []
    for i, node in enumerate(scene.nodes):
        if node.kind == "constant":
            below.append(numbers["number"])
            continue
        label = re.sub(r"\d+", "#", node.title) if node.named else ""
        parts = [below[tail] for tail, _ in cones.incoming[i]]
        if node.operation in _SYMMETRIC:
            parts.sort()
        key: Hashable = (node.operation, label, *parts)
        if node.operation == "pow":  # a square is no cube
            operands = (scene.nodes[tail] for tail, _ in cones.incoming[i])
            key = (key, *(o.title for o in operands if o.kind == "constant"))
        below.append(numbers[key])
    return below


def _port(scene: Scene, cones: Cones, i: int, place: int, below: int) -> Hashable:
    """Return what an operand is to an operation: in a sum, a term like the others."""
    operation = scene.nodes[i].operation
    if operation == "dot":
        return "dot", 2 * place < cones.width[i]
    return "term" if operation in _ADDITIVE else (below, place)


def _merged(
    scene: Scene,
    cones: Cones,
    elements: Iterable[int],
    below: list[int],
    above: dict[int, int],
) -> list[list[int]]:
    """Return the elements of each class: alike above, or with the same weights.

    A neuron that is applied to two samples is one neuron, whatever becomes of its
    results.
    """
    class_of = {number: number for number in above.values()}

    def root(number: int) -> int:
        while class_of[number] != number:
            class_of[number] = number = class_of[class_of[number]]
        return number

    weights: dict[Hashable, int] = {}
    elements = list(elements)
    for e in elements:
        used = frozenset(cones.parameters(scene, e)) if e in cones.members else ()
        if used:
            first = weights.setdefault((below[e], used), above[e])
            class_of[root(above[e])] = root(first)
    classes: defaultdict[int, list[int]] = defaultdict(list)
    for e in elements:
        classes[root(above[e])].append(e)
    return list(classes.values())
