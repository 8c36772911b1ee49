"""Scene → DOT: boxes with a title, data and grad, and edges with local derivatives."""

import html
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from ..errors import MissingExtraError
from ..printing.formatting import number, shortened
from .colors import FADED, INK, KINDS, LINE, PAPER, QUIET, Scale, ink_on, scale_of
from .scene import Edge, Node, Number, Range, Scene

FONT = "Arial"  # one name: not every `dot` knows the widths of a list of fonts
_GRAPH = {"rankdir": "LR", "bgcolor": PAPER, "nodesep": "0.2", "fontname": FONT}
_NODE = {
    "shape": "box",
    "style": "filled",
    "fontname": FONT,
    "fontsize": "12",
    "fontcolor": INK,
}
_EDGE = {
    "color": LINE,
    "fontcolor": QUIET,
    "fontname": FONT,
    "fontsize": "10",
    "arrowsize": "0.6",
}
# Without these limits, one parameter used in 50 steps keeps `dot` busy for minutes.
_HASTE = {"nslimit": "0.3", "mclimit": "0.2", "splines": "line"}
_LARGE = 200  # nodes, or half as many as edges
# Where more arrows than this come from one node of a large graph, its name stands at
# those of its uses that are farther away than so many ranks.
_MOST_ARROWS = 4
_NEAR = 4
_CROWD = 2  # more numbers than this collide where their arrows end


@dataclass(frozen=True)
class Style:
    """What a picture shows beside the graph.

    color: "kind", or the number that colours stand for: "grad" or "data".
    contributions: whether edges show derivative × upstream gradient = contribution.
    note: a line below the picture. down: whether arrows go down, not to the right.
    """

    color: str = "kind"
    contributions: bool = False
    note: str = ""
    down: bool = False


def digraph_of(scene: Scene, style: Style, **graph_attributes: str) -> Any:
    """Return the scene as a `graphviz.Digraph`: the same text for the same scene."""
    try:
        import graphviz
    except ImportError:
        raise MissingExtraError(
            "drawing needs the package 'graphviz', which is not installed: "
            "pip install graphviz"
        ) from None
    large = max(len(scene.nodes), len(scene.edges) / 2) > _LARGE
    fan_in = Counter(edge.head for edge in scene.edges)
    fan_out = Counter(edge.tail for edge in scene.edges)
    parallel = Counter((edge.tail, edge.head) for edge in scene.edges)
    upstream = {node.name: node.grad for node in scene.nodes}
    texts = [_on_edge(edge, upstream[edge.head], style) for edge in scene.edges]
    longest = max(map(len, texts), default=0)
    attributes = _GRAPH | {"ranksep": f"{max(0.5, 0.25 + 0.08 * longest):.2f}"}
    if style.down:
        attributes |= {"rankdir": "TB", "ranksep": "0.4"}
    attributes |= _HASTE if large else {}
    scale = None if style.color == "kind" else scale_of(scene.nodes, style.color)
    if footer := _footer(style.note, scale):
        attributes |= {"label": footer, "labelloc": "b", "labeljust": "l"}
    graph = graphviz.Digraph(
        graph_attr=attributes | graph_attributes, node_attr=_NODE, edge_attr=_EDGE
    )
    swept = any(_is_alive(node) for node in scene.nodes)
    homes = {node.name: node.group for node in scene.nodes}
    kinds = {node.name: node.kind for node in scene.nodes}
    places = {node.name: i for i, node in enumerate(scene.nodes)}
    clusters, modules = _clusters(graphviz.Digraph, scene)
    for node in scene.nodes:
        dead = swept and node.kind != "constant" and not _is_alive(node)
        within = clusters.get(node.group, graph)
        module = modules[node.group] if node.group in clusters else ""
        within.node(node.name, **_box(node, scale, dead, module))
    _nest(graph, scene, clusters)
    titles = {node.name: node.title for node in scene.nodes}
    far = _far(scene) if large else set()
    for edge, text in zip(scene.edges, texts, strict=True):
        crowded = (
            fan_in[edge.head] > _CROWD
            or parallel[edge.tail, edge.head] > 1
            or min(fan_in[edge.head], fan_out[edge.tail]) > 1
            or style.contributions
            or style.down
            or clusters.get(homes[edge.tail]) is not clusters.get(homes[edge.head])
        )
        arrow = _arrow(edge, text, crowded and not large)
        if kinds[edge.tail] == "constant":
            arrow = {"style": "dashed", "arrowhead": "none"}
        if swept and edge.contribution is not None and edge.contribution == 0:
            arrow |= {"color": FADED, "fontcolor": FADED, "style": "dotted"}
        if places[edge.tail] >= places[edge.head]:  # to the next step of a loop
            arrow |= {"constraint": "false", "color": KINDS["group"][0]}
        tail = edge.tail
        if (tail, edge.head) in far:
            tail = f"{edge.tail}_{edge.head}"  # a name in place of a long arrow
            graph.node(tail, **_reference(titles[edge.tail]))
        graph.edge(tail, edge.head, **arrow)
    return graph


def _far(scene: Scene) -> set[tuple[str, str]]:
    """Return the long ones among the many arrows that come from one node."""
    ranks: dict[str, int] = {}
    heads: defaultdict[str, list[str]] = defaultdict(list)
    for edge in scene.edges:
        heads[edge.tail].append(edge.head)
        ranks[edge.head] = max(ranks.get(edge.head, 0), 1 + ranks.get(edge.tail, 0))
    kinds = {node.name: node.kind for node in scene.nodes}
    far = set()
    for tail, users in heads.items():
        rank = ranks.get(tail, 0)
        if kinds[tail] == "leaf":  # stands where it is used first
            rank = min(ranks[user] for user in users) - 1
        if len(users) > _MOST_ARROWS:
            far |= {(tail, user) for user in users if ranks[user] - rank > _NEAR}
    return far


def _reference(title: str) -> dict[str, str]:
    """Return the attributes of a name that stands for a node drawn elsewhere."""
    return {
        "label": f"<{_text(title)}>",
        "shape": "plaintext",
        "style": "",
        "fontcolor": KINDS["leaf"][0],
        "fontsize": "10",
        "height": "0",
        "width": "0",
        "margin": "0.03,0.02",
    }


def _clusters(make: Any, scene: Scene) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the subgraph and the module of each open group, or of the one around it.

    Only modules get a subgraph, as their names say something.
    """
    modules = {"": ""}
    clusters: dict[str, Any] = {}
    for group in scene.groups:
        modules[group.name] = group.module or modules[group.parent]
        if group.module and group.module != modules[group.parent]:
            title = _font(_text(group.module), KINDS["group"][0], ' POINT-SIZE="11"')
            clusters[group.name] = make(
                f"cluster_{group.name}",
                graph_attr={
                    "label": f"<{title}>",
                    "color": KINDS["group"][0],
                    "style": "rounded,dashed",
                    "labeljust": "l",
                    "labelloc": "t",
                    "margin": "8",
                },
            )
        elif group.parent in clusters:
            clusters[group.name] = clusters[group.parent]
    return clusters, modules


def _nest(graph: Any, scene: Scene, clusters: dict[str, Any]) -> None:
    """Put the subgraphs into each other, the innermost first, in their order."""
    depths = {"": 0}
    for group in scene.groups:
        depths[group.name] = depths[group.parent] + 1
    for group in sorted(scene.groups, key=lambda group: -depths[group.name]):
        cluster = clusters.get(group.name)
        around = clusters.get(group.parent, graph)
        if cluster is not None and cluster is not around:
            around.subgraph(cluster)


def _is_alive(node: Node) -> bool:
    """Tell whether any gradient has reached a node, not 0; a NaN has."""
    if node.kind == "constant":
        return False
    if isinstance(node.grad, Range):
        return bool(node.grad.low != 0 or node.grad.high != 0)
    return node.grad is not None and bool(node.grad != 0)


# Boxes


def _box(node: Node, scale: Scale | None, dead: bool, module: str) -> dict[str, str]:
    """Return the attributes of a node; module: whose subgraph it stands in."""
    if node.kind == "constant":
        return {
            "label": f"<{_text(node.title)}>",
            "shape": "plaintext",
            "style": "",
            "fontcolor": QUIET,
            "height": "0",
            "width": "0",
            "margin": "0.05,0.03",
        }
    line, fill = KINDS["output" if node.is_output else node.kind]
    ink, quiet = INK, QUIET
    if dead:
        line, ink, quiet = FADED, FADED, FADED
    if scale is not None:
        fill = scale.color(node)
        ink = quiet = ink_on(fill)
    rows = [_title(node, quiet, module)]
    if node.kind == "group" and node.formula:
        rows.append(
            f'<FONT COLOR="{quiet}" POINT-SIZE="10">{_text(node.formula)}</FONT>'
        )
    table = "".join(f'<TR><TD COLSPAN="2">{row}</TD></TR>' for row in rows if row)
    if node.data is not None:
        data = _cell("data", node.data, "LEFT", quiet)
        table += f"<TR>{data}{_cell('grad', node.grad, 'RIGHT', quiet)}</TR>"
    attributes = {
        "label": f'<<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="3">{table}</TABLE>>',
        # Operands come in from the first to the last, as far as the layout can.
        "ordering": "in",
        "color": line,
        "fillcolor": fill,
        "margin": "0.05,0.02",
        "penwidth": "2" if node.is_output else "1",
    }
    if ink != INK:
        attributes["fontcolor"] = ink
    if node.kind == "group":
        attributes["peripheries"] = "2"
    elif node.kind == "leaf":
        attributes["style"] = "filled,rounded"
    return attributes


def _title(node: Node, quiet: str, module: str) -> str:
    title = node.title.removeprefix(f"{module}.") if module else node.title
    title = f"<B>{_text(title)}</B>" if title else ""
    if node.kind == "group":
        caption = _font(_text(node.caption), quiet)
        return f"{title} &#160; {caption}" if title else f"<B>{_text(node.caption)}</B>"
    return f"{title} = {_text(node.formula)}" if node.formula else title


def _cell(name: str, x: Number, side: str, color: str) -> str:
    return f'<TD ALIGN="{side}">{_font(name, color)} {_text(value_text(x))}</TD>'


def value_text(x: Number) -> str:
    """Print a number, or a range from the smallest to the largest."""
    if not isinstance(x, Range):
        return number(x)
    low, high = number(x.low, 3), number(x.high, 3)
    return low if low == high else f"{low} … {high}"


# Edges


def _on_edge(edge: Edge, upstream: Number, style: Style) -> str:
    """Return the derivative, or derivative × upstream = contribution."""
    derivative = "" if edge.derivative is None else number(edge.derivative, digits=4)
    if not style.contributions or edge.contribution is None:
        return derivative
    added = number(edge.contribution, digits=4)
    if edge.derivative is None or isinstance(upstream, Range):
        return f"Σ = {added}"
    return f"{derivative} × {number(upstream, digits=4)} = {added}"


def _arrow(edge: Edge, text: str, crowded: bool) -> dict[str, str]:
    if not text:
        return (
            {"penwidth": "2"} if edge.count > 1 or edge.contribution is not None else {}
        )
    if crowded:  # the layout makes room, a rank an edge: slow in large graphs
        return {"label": f"<{_text(text)}>"}
    # Behind the arrowhead and above the line, in units of the font size.
    distance = 1.4 + 0.27 * len(text)
    return {
        "headlabel": f"<{_text(text)}>",
        "labeldistance": f"{distance:.2f}",
        "labelangle": f"{-math.degrees(math.asin(0.9 / distance)):.0f}",
    }


# Below the picture


def _footer(note: str, scale: Scale | None) -> str:
    rows = []
    if scale is not None:
        name = "|grad|" if scale.quantity == "grad" else "data"
        cells = "".join(
            f'<TD BGCOLOR="{color}">{_font(_text(text), ink_on(color))}</TD>'
            for color, text in scale.legend()
        )
        rows.append(
            '<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="4"><TR>'
            f"<TD>{_font(name, QUIET)}</TD>{cells}</TR></TABLE>"
        )
    if note:
        rows.append(_font(_text(note, 200), QUIET))
    if not rows:
        return ""
    cells = "".join(f'<TR><TD ALIGN="LEFT">{row}</TD></TR>' for row in rows)
    return f'<<FONT POINT-SIZE="10"><TABLE BORDER="0">{cells}</TABLE></FONT>>'


def _font(text: str, color: str, more: str = "") -> str:
    return f'<FONT COLOR="{color}"{more}>{text}</FONT>'


def _text(text: str, width: int = 60) -> str:
    r"""Return the text with all that Graphviz would understand escaped: <, &, \N."""
    return html.escape(shortened(text, width).replace("\\", "\\\\"))
