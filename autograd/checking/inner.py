"""Explanations of a wrong gradient: the derivative of an inner function.

An activation that is written out, such as 1/(1 + exp(−x)), is several nodes, but one
function to its author. In the graph it is a node u and its source v: a node through
which everything goes that u depends on. The author's mistake is then another number in
place of du/dv: 1, where the inner derivative was left out, or the function's derivative
at its own output.

Sources are the immediate dominators of the graph; they are found by one pass (Cooper,
Harvey & Kennedy, A simple, fast dominance algorithm, 2001).
"""

import copy
from bisect import bisect
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from ..accuracy import Tape
from ..kinds import FLOATS
from ..layout import is_number
from .blocks import Array
from .paths import MOST_GROUPS, Graph, Paths
from .report import Diagnosis

__all__ = ["inner_functions"]

LEVELS = 3  # of operations that tell a node's form
DEEP = 8  # sources of sources that are looked at
MOST_STEPS = 64  # to the source that two parents share; beyond, there is none
MOST_NODES = 200_000  # of a graph that is searched, node by node
MOST_SLOPES = 20_000  # nodes that are evaluated at another point
Pairs = list[tuple[int, int]]  # nodes with their source
Slopes = Callable[[Tape, Pairs], Array]  # what is taken in place of du/dv


def _one(tape: Tape, pairs: Pairs) -> Array:
    return np.ones(len(pairs))


def _at_output(tape: Tape, pairs: Pairs) -> Array:
    with np.errstate(all="ignore"):
        return np.array([_slope_at(tape, u, v, float(tape.data[u])) for u, v in pairs])


EDITS: list[tuple[str, str, Slopes]] = [
    ("wrong-point", "taken at its output (the post-activation value)", _at_output),
    ("missing-path", "left out (taken as 1)", _one),
]


def inner_functions(search: Paths) -> Iterator[Diagnosis]:
    """Find functions of several operations with another number as their derivative."""
    graph = search.graphs[0]
    if len(graph.tape.nodes) > MOST_NODES or not search.same_structure():
        return
    groups = _groups(graph)[:MOST_GROUPS]
    bars = graph.tape.pull()
    directions = [(search.tangents(0, s), *search.along(0, s)[1:]) for s in (1, 2)]
    evaluated = 0
    for kind, text, slopes in EDITS:
        for name, pairs in groups:
            if slopes is _at_output:
                evaluated += sum(len(_between(graph.tape, u, v)) for u, v in pairs)
                if evaluated > MOST_SLOPES:
                    break
            if _are_parallel(graph.tape, pairs):
                changes = _changes(graph.tape, bars, pairs, slopes)
                if not all(
                    abs(changes(dots) - target) <= slack
                    for dots, target, slack in directions
                ):
                    continue
            predict = partial(_predict, search, pairs=pairs, slopes=slopes)
            if search.confirms(predict):
                yield Diagnosis(kind, f"the derivative of {name} is {text}")
                break


def _groups(graph: Graph) -> list[tuple[str, Pairs]]:
    """Return nodes of one form with their sources, the farthest sources first."""
    tape = graph.tape
    above, forms, made = _sources(tape), _forms(graph), graph.makers()
    found: dict[tuple[int, int, str], Pairs] = {}
    for u, node in enumerate(tape.nodes):
        v = above[u] if node.rule is not None else -1
        for depth in range(DEEP):
            if v < 0:
                break
            # A single edge is an operation's own derivative: see `paths`.
            if depth or tape.start[u + 1] - tape.start[u] > 1:
                found.setdefault((-depth, forms[u], made[v]), []).append((u, v))
            v = above[v]
    return [
        (f"{made[pairs[0][0]]}, as a function of {made[pairs[0][1]]}", pairs)
        for _, pairs in sorted(found.items())
    ]


def _forms(graph: Graph) -> list[int]:
    """Give nodes that are made alike, some operations deep, one number."""
    tape, made = graph.tape, graph.makers()
    start, parent = tape.start.tolist(), tape.parent.tolist()
    forms = [0] * len(made)
    for _ in range(LEVELS):
        known: dict[Any, int] = {}
        below = [frozenset(forms[p] for p in parent[a:b]) for a, b in pairwise(start)]
        forms = [
            known.setdefault(key, len(known)) for key in zip(made, below, strict=True)
        ]
    return forms


def _sources(tape: Tape) -> list[int]:
    """Return for each node the nearest through which all its paths go, or −1."""
    source, depth = [-1] * len(tape.nodes), [0] * len(tape.nodes)
    start, parent = tape.start.tolist(), tape.parent.tolist()
    for i in range(len(source)):
        parents = parent[start[i] : start[i + 1]]
        if not parents:
            continue
        common = parents[0]
        for other in parents[1:]:
            common = _meet(common, other, source, depth)
        source[i] = common
        depth[i] = depth[common] + 1 if common >= 0 else 0
    return source


def _meet(a: int, b: int, source: list[int], depth: list[int]) -> int:
    for _ in range(MOST_STEPS):
        if a == b or a < 0 or b < 0:
            return min(a, b)
        if depth[a] >= depth[b]:
            a = source[a]
        else:
            b = source[b]
    return -1


def _are_parallel(tape: Tape, pairs: Pairs) -> bool:
    """Tell whether none of these nodes is made from another: their changes add up."""
    ends = [high for _, high in tape.levels]
    return len({bisect(ends, u) for u, _ in pairs}) == 1


def _changes(
    tape: Tape, bars: Array, pairs: Pairs, slopes: Slopes
) -> Callable[[Array], float]:
    """Return what an edit takes from r·gradient, for the nodes' tangents along r."""
    u, v = np.array(pairs).T
    slope = slopes(tape, pairs)

    def changed(dots: Array) -> float:
        with np.errstate(all="ignore"):  # where it makes no sense
            return float((bars[u] * (dots[u] - slope * dots[v])).sum())

    return changed


def _predict(search: Paths, k: int, pairs: Pairs, slopes: Slopes) -> Array:
    """Return the gradient where each u hangs on its v by one edge, of this slope."""
    graph: Graph = search.graphs[k]
    tape = copy.copy(graph.tape)
    tape.parent, d = tape.parent.copy(), tape.d.copy()
    for (u, v), slope in zip(pairs, slopes(tape, pairs).tolist(), strict=True):
        first = int(tape.start[u])
        d[tape.edges_of(u, u + 1)] = 0.0
        tape.parent[first], d[first] = v, slope
    return graph.gradient_of(tape.pull(d))


def _between(tape: Tape, u: int, v: int) -> list[int]:
    """Return the nodes on the way from v to u, each after what it is made from."""
    found, waiting = {u}, [u]
    while waiting:
        i = waiting.pop()
        for parent in tape.parent[tape.edges_of(i, i + 1)].tolist():
            if parent != v and parent not in found:
                found.add(parent)
                waiting.append(parent)
    return sorted(found)


def _slope_at(tape: Tape, u: int, v: int, x: float) -> float:
    """Return du/dv where v is x: forward mode through what lies between."""
    values, dots = {v: x}, {v: 1.0}
    for i in _between(tape, u, v):
        node = tape.nodes[i]
        parents = [None if is_number(o) else tape.place[id(o)] for o in node.operands]
        numbers = [
            o if p is None else values[p]
            for o, p in zip(node.operands, parents, strict=True)
        ]
        out = node.rule.forward(FLOATS, *numbers)
        partials = node.rule.local(
            FLOATS, out, numbers, [p is not None for p in parents]
        )
        values[i] = float(out)
        dots[i] = sum(
            float(d) * dots[p]
            for d, p in zip(partials, parents, strict=True)
            if p is not None and d is not None
        )
    return dots[u]
