"""Points without a derivative: found from the recorded operations, slopes by side."""

from typing import Any

import numpy as np

from ..accuracy import Tape, times
from ..kinds import FLOATS
from ..layout import is_number, number_of
from .arguments import Array

STEPWISE = {"floor", "ceil", "trunc", "round", "round_to", "sign", "floordiv", "mod"}
NEAR = 2.0**-50  # of the operands: what their own rounding may decide


def kinked_nodes(tape: Tape) -> list[tuple[int, float]]:
    """Return the nodes that sit at a kink, and how far from it their operands are."""
    found = []
    for i, node in enumerate(tape.nodes):
        rule: Any = node.rule
        if rule is None or rule.kinks is None or rule.name in STEPWISE:
            continue
        if len(node.operands) < 2 and rule.arity is None and rule.name != "norm":
            continue
        numbers = [number_of(operand) for operand in node.operands]
        size = max(map(abs, numbers), default=0.0)
        if rule.name in ("max", "min"):  # the row compares all pairs
            best, second = sorted(numbers, reverse=rule.name == "max")[:2]
            gaps = [abs(best - second)]
        else:
            gaps = [abs(float(gap)) for gap in rule.kinks(FLOATS, *numbers)]
        gap = min(gaps, default=np.inf)
        if gap <= NEAR * size:
            found.append((i, gap))
    return found


def describe_kinks(tape: Tape, kinks: list[tuple[int, float]]) -> str:
    """Name the operations that sit at a kink."""
    names = sorted({str(tape.nodes[i].rule.name) for i, _ in kinks})
    return ", ".join(names)


def one_sided_slopes(
    tape: Tape, kinks: list[tuple[int, float]], coordinate: int
) -> tuple[float, float]:
    """Return the left and the right derivative by one leaf, its number given.

    Forward mode along ±e: at a kink the local derivatives are those of the branch into
    which the tangent points.
    """
    return -_slope(tape, kinks, coordinate, -1.0), _slope(tape, kinks, coordinate, 1.0)


def _slope(
    tape: Tape, kinks: list[tuple[int, float]], coordinate: int, direction: float
) -> float:
    gaps = dict(kinks)
    d = tape.d.copy()
    dots = np.zeros(len(tape.nodes))
    dots[coordinate] = direction
    for low, high in tape.levels[1:]:
        for i in gaps.keys() & set(range(low, high)):
            part = tape.edges_of(i, i + 1)
            d[part] = _beside(tape, i, gaps[i], dots[tape.parent[part]])
        part = tape.edges_of(low, high)
        sent = times(dots[tape.parent[part]], d[part])
        dots[low:high] = np.add.reduceat(sent, tape.start[low:high] - part.start)
    return float(dots[tape.place[id(tape.output)]])


def _beside(tape: Tape, i: int, gap: float, tangents: Array) -> list[float]:
    """Return the local derivatives after a move along the tangents."""
    node: Any = tape.nodes[i]
    largest = np.abs(tangents).max()
    if not largest:
        return tape.d[tape.edges_of(i, i + 1)].tolist()  # type: ignore[no-any-return]
    numbers = [number_of(operand) for operand in node.operands]
    scale = max(map(abs, numbers), default=0.0)
    step = max(2.0**-30 * scale, 2.0**-40, 4 * gap) / largest
    moving = iter(tangents.tolist())
    moved = [
        operand if is_number(operand) else number_of(operand) + step * next(moving)
        for operand in node.operands
    ]
    out = node.rule.forward(FLOATS, *moved)
    wanted = [not is_number(operand) for operand in node.operands]
    partials = node.rule.local(FLOATS, out, moved, wanted)
    return [float(partial) for partial in partials if partial is not None]
