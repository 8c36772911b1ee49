"""Scene → DOT: boxes with a title, data and grad, and edges with local derivatives."""

import html
import math
import re
from collections import Counter
from typing import Any

from ..errors import MissingExtraError
from .formatting import number, shortened
from .scene import Edge, Node, Scene

# Okabe and Ito's blue and vermilion, which colour-blind readers can tell apart.
_COLORS = {
    "leaf": ("#0072B2", "#E5F1F8"),
    "operation": ("#666666", "#FFFFFF"),
    "output": ("#D55E00", "#FBEEE5"),
}
FONT = "Arial"  # one name: not every `dot` knows the widths of a list of fonts
_GRAPH = {"rankdir": "LR", "bgcolor": "white", "nodesep": "0.2"}
_NODE = {"shape": "box", "style": "filled", "fontname": FONT, "fontsize": "12"}
_EDGE = {
    "color": "#666666",
    "fontcolor": "#444444",
    "fontname": FONT,
    "fontsize": "10",
    "arrowsize": "0.6",
}
# Without these limits, one parameter used in 50 steps keeps `dot` busy for minutes.
_HASTE = {"nslimit": "0.3", "mclimit": "0.2", "splines": "line"}
_LARGE = 100
_CROWD = 2  # more numbers than this collide where their arrows end
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def digraph_of(scene: Scene, **graph_attributes: str) -> Any:
    """Return the scene as a `graphviz.Digraph`: the same text for the same scene."""
    try:
        import graphviz
    except ImportError:
        raise MissingExtraError(
            "drawing needs the package 'graphviz', which is not installed: "
            "pip install graphviz"
        ) from None
    large = len(scene.nodes) > _LARGE
    fan_in = Counter(edge.head for edge in scene.edges)
    parallel = Counter((edge.tail, edge.head) for edge in scene.edges)
    longest = max((len(_derivative(edge)) for edge in scene.edges), default=0)
    attributes = _GRAPH | {"ranksep": f"{max(0.5, 0.25 + 0.08 * longest):.2f}"}
    attributes |= _HASTE if large else {}
    graph = graphviz.Digraph(
        graph_attr=attributes | graph_attributes, node_attr=_NODE, edge_attr=_EDGE
    )
    for node in scene.nodes:
        graph.node(node.name, **_box(node))
    for edge in scene.edges:
        crowded = fan_in[edge.head] > _CROWD or parallel[edge.tail, edge.head] > 1
        graph.edge(edge.tail, edge.head, **_arrow(edge, crowded and not large))
    return graph


def _box(node: Node) -> dict[str, str]:
    if node.kind == "constant":
        return {
            "label": f"<{_text(node.title)}>",
            "shape": "plaintext",
            "style": "",
            "fontcolor": "#666666",
            "height": "0",
            "width": "0",
            "margin": "0.05,0.03",
        }
    title = f"<B>{_text(node.title)}</B>"
    if node.formula:
        title += f" = {_text(node.formula)}"
    numbers = _cell("data", node.data, "LEFT") + _cell("grad", node.grad, "RIGHT")
    color, fill = _COLORS["output" if node.is_output else node.kind]
    return {
        "label": '<<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="3">'
        f'<TR><TD COLSPAN="2">{title}</TD></TR><TR>{numbers}</TR></TABLE>>',
        # Operands come in from the first to the last, as far as the layout can.
        "ordering": "in",
        "color": color,
        "fillcolor": fill,
        "margin": "0.05,0.02",
        "penwidth": "2" if node.is_output else "1",
    }


def _cell(name: str, x: Any, side: str) -> str:
    name = f'<FONT COLOR="#666666">{name}</FONT>'
    return f'<TD ALIGN="{side}">{name} {_text(number(x))}</TD>'


def _arrow(edge: Edge, crowded: bool) -> dict[str, str]:
    if edge.derivative is None:
        return {"style": "dashed", "arrowhead": "none"}
    text = _derivative(edge)
    if crowded:  # the layout makes room, a rank an edge: slow in large graphs
        return {"label": f"<{_text(text)}>"}
    # Behind the arrowhead and above the line, in units of the font size.
    distance = 1.4 + 0.27 * len(text)
    return {
        "headlabel": f"<{_text(text)}>",
        "labeldistance": f"{distance:.2f}",
        "labelangle": f"{-math.degrees(math.asin(0.9 / distance)):.0f}",
    }


def _derivative(edge: Edge) -> str:
    return "" if edge.derivative is None else number(edge.derivative, digits=4)


def _text(text: str, width: int = 60) -> str:
    r"""Return the text with all that Graphviz would understand escaped: <, &, \N."""
    text = _UNPRINTABLE.sub("\ufffd", shortened(text, width))
    return html.escape(text.replace("\\", "\\\\"))
