"""Explanations of a wrong gradient: a derivative taken at another point.

At the output of an activation in place of its input, with a factor before or after its
activation, at the step before or after in a loop.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..accuracy import Tape
from ..kinds import FLOATS
from ..layout import is_number
from .arguments import Array
from .paths import MOST_GROUPS, Edit, Graph, Paths, node_of
from .report import Diagnosis

__all__ = ["wrong_points"]


def _output_forms() -> dict[str, Callable[[Array], Array]]:
    """Return derivatives as they are written by means of the output."""
    return {
        "tanh": lambda a: 1 - a * a,
        "sigmoid": lambda a: a * (1 - a),
        "exp": lambda a: a,
        "sqrt": lambda a: 0.5 / a,
        "relu": lambda a: (a > 0) * 1.0,
    }


def _partial_at(node: Any, x: float) -> float:
    numbers = [o if is_number(o) else x for o in node.operands]
    out = node.rule.forward(FLOATS, *numbers)
    wanted = [not is_number(o) for o in node.operands]
    (found,) = [
        d for d in node.rule.local(FLOATS, out, numbers, wanted) if d is not None
    ]
    return float(found)


def _at_output(tape: Tape, chosen: Array, d: Array) -> Array:
    return np.array(
        [_partial_at(node_of(tape, e), node_of(tape, e).data) for e in chosen]
    )


def _by_output_of_input(tape: Tape, chosen: Array, d: Array) -> Array:
    forms = _output_forms()
    found = d.copy()
    for place, e in enumerate(chosen.tolist()):
        form = forms.get(node_of(tape, e).rule.name)
        if form is not None:
            found[place] = form(tape.data[tape.parent[e]])
    return found


def _at_input_of_input(tape: Tape, chosen: Array, d: Array) -> Array:
    found = d.copy()
    for place, e in enumerate(chosen.tolist()):
        before = tape.nodes[int(tape.parent[e])].parents
        if before:
            found[place] = _partial_at(node_of(tape, e), before[0].data)
    return found


def _factor_before(operand: int) -> Edit:
    """Take the other factor before its activation, or before it was scaled."""

    def edit(tape: Tape, chosen: Array, d: Array) -> Array:
        other = tape.partner[chosen]
        places, back = np.unique(other, return_inverse=True)
        leads = np.array([_leads(tape, i, operand) for i in places.tolist()], bool)
        found, usable = d.copy(), leads[back]
        before = tape.parent[tape.start[other[usable]] + operand]
        found[usable] = tape.data[before]
        return found

    return edit


def _leads(tape: Tape, i: int, operand: int) -> bool:
    """Tell whether a factor is made from that operand by an activation, or scaled."""
    if i < 0:
        return False
    count = int(tape.start[i + 1] - tape.start[i])
    return operand < count and (count == 1 or tape.nodes[i].rule.name in ("mul", "div"))


def _factor_after(tape: Tape, chosen: Array, d: Array) -> Array:
    """Take the other factor after the activation that it goes through."""
    alone = np.flatnonzero(np.diff(tape.start)[tape.child] == 1)
    after = np.full(len(tape.nodes), -1)
    after[tape.parent[alone]] = tape.child[alone]
    other = tape.partner[chosen]
    child = np.where(other >= 0, after[other], -1)
    return np.where(child >= 0, tape.data[child], d)


UNARY_EDITS: list[tuple[str, Edit]] = [
    ("taken at its output (the post-activation value)", _at_output),
    (
        "written for its output, but taken at its input (the pre-activation value)",
        _by_output_of_input,
    ),
    ("taken at an earlier value than its input", _at_input_of_input),
]
PRODUCT_EDITS: list[tuple[str, Edit]] = [
    ("with the other factor before its activation", _factor_before(0)),
    ("with the other factor before its activation", _factor_before(1)),
    ("with the other factor after its activation", _factor_after),
]


def wrong_points(search: Paths) -> Iterator[Diagnosis]:
    """Find local derivatives that were taken at another value of the forward pass."""
    tape = search.graphs[0].tape
    for name, first in list(search.tables[0].items())[:MOST_GROUPS]:
        nodes = [tape.nodes[i] for i in np.unique(tape.child[first]).tolist()]
        if all(len(n.parents) == 1 and n.rule.name != "neg" for n in nodes):
            if any(n.rule.kinks for n in nodes):
                continue  # its output is often on the kink: that is a mask left out
            edits = UNARY_EDITS
        elif all(n.rule.name in ("mul", "dot") for n in nodes):
            edits = PRODUCT_EDITS
        else:
            continue
        for text, edit in edits:
            if search.explains(search.group(name), edit):
                yield Diagnosis("wrong-point", f"the derivative of {name} is {text}")
                return
    yield from _shifted(search)


def _shifted(search: Paths) -> Iterator[Diagnosis]:
    """Find uses of an argument whose derivative is that of the use before or after."""
    if not search.same_structure():
        return
    bare = [
        Graph(record.tape, record.tape.places(record.leaves), [], [], [])
        for record in search.recorded
    ]
    for step, word in ((-1, "previous"), (1, "next")):
        predictions = []
        ends = []
        for graph in bare:
            whole, last = _shift(graph, step, search.found.wrong)
            predictions.append(whole)
            ends.append(last)
        rest = np.array([search.found.hand[k] - p for k, p in enumerate(predictions)])
        if _is_a_node(search, rest, np.array(ends)):
            yield Diagnosis(
                "wrong-point",
                f"{search.found.name_wrong()}, each use has the local derivative of "
                f"the {word} step",
            )
            return


def _shift(graph: Graph, step: int, wrong: Array) -> tuple[Array, Array]:
    """Return the gradient without the use at the end, and that use's cotangent."""
    tape = graph.tape
    bars = tape.pull()
    of_leaf: dict[int, list[int]] = {}
    for e, parent in enumerate(tape.parent.tolist()):
        of_leaf.setdefault(parent, []).append(e)
    whole, ends = np.zeros(len(graph.leaves)), np.zeros(len(graph.leaves))
    for i, leaf in enumerate(graph.leaves.tolist()):
        uses = of_leaf.get(leaf, [])
        if len(uses) < 2 or not wrong[i] or not _alike(tape, uses):
            whole[i] = bars[leaf] if leaf >= 0 else 0.0
            continue
        d = tape.d[uses]
        cotangent = bars[tape.child[uses]]
        if (d == d[0]).all():
            whole[i] = bars[leaf]
        elif step > 0:
            whole[i], ends[i] = (cotangent[:-1] * d[1:]).sum(), cotangent[-1]
        else:
            whole[i], ends[i] = (cotangent[1:] * d[:-1]).sum(), cotangent[0]
    return whole, ends


def _alike(tape: Tape, uses: list[int]) -> bool:
    """Tell whether one operation makes all these uses, as the steps of a loop do."""
    first = node_of(tape, uses[0]).rule.name
    return all(node_of(tape, e).rule.name == first for e in uses[1:])


def _is_a_node(search: Paths, rest: Array, ends: Array) -> bool:
    """Tell whether what is left is the end's cotangent times some recorded value."""
    found = search.found
    values = np.array([record.tape.data for record in search.recorded])
    values = np.concatenate([np.zeros((len(values), 1)), values], axis=1)
    if values.size * rest.shape[1] > 20_000_000:
        return False
    shifted = False
    for i in range(rest.shape[1]):
        room = 8 * found.allowed[:, i] + 2.0**-44 * np.abs(found.hand[:, i])
        misses = np.abs(rest[:, i, None] - ends[:, i, None] * values) <= room[:, None]
        if not misses.all(axis=0).any():
            return False
        shifted |= bool(ends[:, i].any())
    return shifted
