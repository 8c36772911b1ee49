"""Colours: of kinds, of numbers, and what a dark theme makes of them.

Kinds have Okabe and Ito's colours, numbers one hue from pale to strong, or two hues for
two signs (blue and vermilion): readers with any colour vision can tell them apart.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ..printing.formatting import number
from .scene import Node, Number, Range

INK, QUIET, LINE = "#1A1A1A", "#5C5C5C", "#666666"
PAPER, FADED = "#FFFFFE", "#B3B3B3"  # no pure white: that is for text on strong colours
KINDS = {  # line, fill
    "leaf": ("#0072B2", "#E5F1F8"),
    "operation": (LINE, "#FAFAFA"),
    "group": ("#009E73", "#E6F5F0"),
    "output": ("#D55E00", "#FBEEE5"),
}
_BLUES = ("#F4F8FB", "#D3E4F0", "#A6CBE3", "#6FAAD0", "#3B86B8", "#125F95", "#053A62")
_REDS = ("#FAE3D3", "#F0A878", "#D55E00")
_SIGNED = (*_REDS[::-1], "#F7F7F7", "#CFE3F1", "#74AED6", "#0072B2")
_SPREAD = 100.0  # beyond this ratio of largest to smallest, colours go by the logarithm

# What a dark theme replaces; the colours of numbers stay as they are.
DARK = {
    PAPER: "#1E1E1E",
    INK: "#EDEDED",
    QUIET: "#B5B5B5",
    LINE: "#9A9A9A",
    FADED: "#6A6A6A",
    "#0072B2": "#5DB3E8",
    "#E5F1F8": "#12303F",
    "#FAFAFA": "#2A2A2A",
    "#009E73": "#35C79B",
    "#E6F5F0": "#123529",
    "#D55E00": "#F0904A",
    "#FBEEE5": "#40240F",
}


@dataclass(frozen=True)
class Scale:
    """Colours for the numbers of a scene: those of `quantity`, "grad" or "data".

    bounds: where one colour ends and the next begins.
    """

    quantity: str
    colors: tuple[str, ...]
    bounds: tuple[float, ...]

    def color(self, node: Node) -> str:
        """Return the fill of a node."""
        x = _size(node, self.quantity)
        if math.isnan(x):
            return "#CC79A7"
        return self.colors[sum(x > bound for bound in self.bounds)]

    def legend(self) -> list[tuple[str, str]]:
        """Return each colour with the numbers that it stands for."""
        edges = [number(bound, 2) for bound in self.bounds]
        texts = [f"≤ {edges[0]}", *(f"… {edge}" for edge in edges[1:])]
        return list(zip(self.colors, [*texts, f"> {edges[-1]}"], strict=True))


def scale_of(nodes: Iterable[Node], quantity: str) -> Scale:
    """Return a scale that fits the numbers of these nodes."""
    sizes = [_size(node, quantity) for node in nodes if node.kind != "constant"]
    found = sorted({abs(x) for x in sizes if math.isfinite(x) and x})
    high = found[-1] if found else 1.0
    if quantity == "data":
        third = high / 3.5
        return Scale("data", _SIGNED, tuple(third * (i - 2.5) for i in range(6)))
    steps = len(_BLUES)
    low = found[0] if found else high
    if high > _SPREAD * low:
        low = max(low, high * 1e-12)
        ratio = (high / low) ** (1 / steps)
        bounds = tuple(low * ratio**i for i in range(1, steps))
    else:
        bounds = tuple(high * i / steps for i in range(1, steps))
    return Scale("grad", _BLUES, bounds)


def ink_on(fill: str) -> str:
    """Return the colour for text on another: black or white, what stands out more."""
    parts = [int(fill[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c < 0.04 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b  # relative, as WCAG 2 has it
    return "#FFFFFF" if luminance < 0.179 else "#000000"


def _size(node: Node, quantity: str) -> float:
    """Return |grad| or data as a float; of a range, what is farthest from 0."""
    x = node.grad if quantity == "grad" else node.data
    if isinstance(x, Range):
        x = max(x.low, x.high, key=abs)
    size = 0.0 if x is None else _float(x)
    return abs(size) if quantity == "grad" else size


def _float(x: Number) -> float:
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def dark_rules(scope: str) -> str:
    """Return CSS that gives pictures below the selector `scope` their dark colours."""
    rules = []
    for light, dark in DARK.items():
        for what in ("fill", "stroke"):
            rules.append(f'{scope} [{what}="{light.lower()}"]{{{what}:{dark}}}')
    return "".join(rules)
