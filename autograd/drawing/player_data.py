"""What the player's page needs to know: nodes, groups and a first layout, as data."""

import math
from collections.abc import Sequence
from typing import Any

from ..layout import is_number, operands_of, partials_of
from ..reverse import cotangents
from ..value import Value
from .folding import closed_to_fit
from .grouping import grouped
from .javascript import function_of
from .names import titles_by_id
from .rendering import render
from .scene import Group, Node, scene_of

__all__ = ["player_data"]

_OPEN = 40  # boxes at first
# Sizes in the page: a box is as wide as its longest line, of letters of one width.
_LETTER, _LINE, _MARGIN = 7.3, 16, 14
_LONGEST = 44


def player_data(output: Value, order: Sequence[Value], names: Any) -> dict[str, Any]:
    """Return the graph as plain data for JSON.

    order: the nodes of the output's graph, each after its operands. names: as `draw`
    takes them.
    """
    scene = grouped(scene_of([output], *titles_by_id(names)))
    scene, closed = closed_to_fit(scene, _OPEN)
    place = {id(node): i for i, node in enumerate(order)}
    bars = cotangents([output], [1], order)
    functions: dict[str, int] = {}
    drawn = [node for node in scene.nodes if node.kind != "constant"]
    nodes = [
        _node_data(value, box, float(bar), place, functions)
        for value, box, bar in zip(order, drawn, bars, strict=True)
    ]
    groups = [_group_data(group) for group in scene.groups]
    if not closed:  # small enough to be seen as it is
        groups = []
        for each in nodes:
            each["group"] = ""
    data = {
        "nodes": nodes,
        "functions": list(functions),
        "groups": groups,
        "closed": sorted(closed),
        "header": _HEADER,
    }
    data["layout"] = _layout(data)
    return data


def _node_data(
    value: Value,
    box: Node,
    bar: float,
    place: dict[int, int],
    functions: dict[str, int],
) -> dict[str, Any]:
    operands = operands_of(value)
    parents = [None if is_number(x) else place[id(x)] for x in operands]
    data: dict[str, Any] = {
        "id": box.name,
        "title": box.title,
        "formula": box.formula,
        "operation": box.operation,
        "pattern": box.pattern,
        "data": _number(value.data),
        "bar": _number(bar),
        "operands": parents,
        "numbers": [_number(x) if is_number(x) else None for x in operands],
        "group": box.group,
        "source": box.source,
        "size": _size(box.title, box.formula),
    }
    if value.rule is None:
        return data
    data["partials"] = [None if d is None else _number(d) for d in partials_of(value)]
    wanted = [parent is not None for parent in parents]
    try:
        text = function_of(value.rule, operands, wanted)
    except (AttributeError, TypeError) as error:
        data["why"] = f"{value.rule.name} can't be computed in this page: {error}"
        data["function"] = None
    else:
        data["function"] = functions.setdefault(text, len(functions))
    return data


def _group_data(group: Group) -> dict[str, Any]:
    return {
        "id": group.name,
        "title": group.title or group.formula or group.caption,
        "formula": group.formula,
        "caption": group.caption,
        "parent": group.parent,
        "root": group.root,
        "size": _size(group.title or group.formula[:_LONGEST], group.caption),
    }


def _number(x: Any) -> float | str:
    """Return a number for JSON, which has no infinities: JavaScript reads the text."""
    number = x if isinstance(x, bool) else float(x)
    if math.isfinite(number):
        return number
    return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"


def _size(title: str, formula: str) -> list[float]:
    """Return the width and height of a box with these texts and two numbers."""
    letters = max(len(title), min(len(formula) + 2, _LONGEST), len("grad -1.23457e-09"))
    lines = 4 if formula else 3
    return [round(letters * _LETTER + 2 * _MARGIN), lines * _LINE + _MARGIN]


# Layout: the page makes the same text where groups are opened or closed

_HEADER = 'rankdir=LR;nodesep=0.25;ranksep=1.4;node[shape=box,fixedsize=true,label=""]'


def _layout(data: dict[str, Any]) -> str:
    """Return the places of boxes and arrows at first, in Graphviz's plain format."""
    parents = {group["id"]: group["parent"] for group in data["groups"]}
    closed = set(data["closed"])

    def box_of(node: dict[str, Any]) -> str:
        box, group = node["id"], node["group"]
        while group:
            box = group if group in closed else box
            group = parents[group]
        return str(box)

    boxes = [box_of(node) for node in data["nodes"]]
    sizes = {each["id"]: each["size"] for each in (*data["nodes"], *data["groups"])}
    lines = [
        f'"{box}"[width={sizes[box][0] / 72:.3f},height={sizes[box][1] / 72:.3f}]'
        for box in dict.fromkeys(boxes)
    ]
    arrows: list[tuple[str, str]] = []
    for node, head in zip(data["nodes"], boxes, strict=True):
        tails = [boxes[i] for i in node["operands"] if i is not None]
        arrows += [(tail, head) for tail in tails if tail != head]
    grouped_names = parents.keys()
    for tail, head in _once(arrows, grouped_names):
        lines.append(f'"{tail}"->"{head}"')
    source = f"digraph{{{_HEADER};{';'.join(lines)}}}"
    return render(source, "plain").decode()


def _once(arrows: Sequence[tuple[str, str]], groups: Any) -> list[tuple[str, str]]:
    """Return the arrows, those from and to a group once."""
    seen: dict[Any, tuple[str, str]] = {}
    for i, arrow in enumerate(arrows):
        folded = arrow[0] in groups or arrow[1] in groups
        seen.setdefault(arrow if folded else (i, arrow), arrow)
    return list(seen.values())
