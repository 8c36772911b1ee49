"""`Drawing`: a drawn graph, as notebooks show it and as files."""

import contextlib
import math
import os
import re
from pathlib import Path
from typing import Any

from ..errors import ArgumentError, MissingExtraError
from .colors import dark_rules
from .dot import FONT, Style, digraph_of
from .files import write_whole
from .fonts import fitted
from .rendering import pdf_of_svg, render, use_installed_graphviz
from .scene import Scene
from .trees import text_of

FORMATS = (".svg", ".png", ".pdf", ".html", ".dot", ".gv")
_MOST_PIXELS = 8000  # a side of a PNG; a larger one is scaled down
_DARK_THEMES = (  # of JupyterLab and Notebook 7, VS Code
    'body[data-jp-theme-light="false"] .autograd-drawing',
    "body.vscode-dark .autograd-drawing",
)


class Drawing:
    """A drawn graph: shows itself in notebooks, saves itself as a picture or page.

    `scene` is what is drawn, as plain data; `digraph` the `graphviz.Digraph` to change
    at will; `dot` its text, the same on every run and machine; `svg` the image's text;
    `folded` says in words what was folded, "" if nothing was.
    """

    def __init__(self, scene: Scene, style: Style | None = None) -> None:
        self.scene = scene
        self.style = style or Style()

    @property
    def folded(self) -> str:
        """What was folded, in words; "" if nothing was."""
        return self.style.note

    @property
    def digraph(self) -> Any:
        """A new `graphviz.Digraph` of this drawing."""
        use_installed_graphviz()
        return digraph_of(self.scene, self.style)

    @property
    def dot(self) -> str:
        """The drawing in Graphviz's language."""
        text: str = digraph_of(self.scene, self.style).source
        return text

    @property
    def svg(self) -> str:
        """The drawing as SVG."""
        return fitted(render(self.dot, "svg").decode(), FONT)

    @property
    def html(self) -> str:
        """The drawing as a page of its own, in the reader's light or dark theme."""
        scope = ".autograd-drawing"
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            "<title>Computation graph</title><style>"
            f"{_FRAME}@media (prefers-color-scheme:dark){{"
            f":root{{color-scheme:dark;background:#1e1e1e}}{dark_rules(scope)}}}"
            f"</style></head><body>{self._figure()}</body></html>\n"
        )

    def png(self, dpi: float = 144) -> bytes:
        """Return the drawing as PNG, with this resolution unless it is very large."""
        if not (isinstance(dpi, int | float) and 0 < dpi < math.inf):
            raise ArgumentError(f"dpi must be a positive number, got {dpi!r}")
        inches = f"{_MOST_PIXELS / dpi:g}"
        size = {"dpi": f"{dpi:g}", "size": f"{inches},{inches}"}
        return render(digraph_of(self.scene, self.style, **size).source, "png")

    def pdf(self) -> bytes:
        """Return the drawing as PDF, by Graphviz or else by svglib and reportlab."""
        try:
            return render(self.dot, "pdf")
        except MissingExtraError:
            return pdf_of_svg(self.svg)

    def text(self, *, ascii: bool = False) -> str:
        """Return the drawing as a tree for terminals and logs, from the outputs down.

        ascii: use no other characters than those of ASCII.

        >>> from autograd import Value, draw
        >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
        >>> out = (a * b).exp() * a
        >>> out.backward()
        >>> print(draw(out).text())
        v3 = v2 × a                  data 0.0049575   grad 1
        ├─ [2] v2 = exp(v1)          data 0.00247875  grad 2
        │  └─ [0.002479] v1 = a × b  data -6          grad 0.0049575
        │     ├─ [-3] a              data 2           grad -0.0123938
        │     └─ [2] b               data -3          grad 0.00991501
        └─ [0.002479] a ↑

        In front of an operand stands the local derivative; ↑ marks what stands above.
        """
        return text_of(self.scene, ascii=ascii, note=self.folded)

    def save(self, path: str | os.PathLike[str], dpi: float = 144) -> Path:
        """Write a file in the format that its name ends with, and return its path.

        path: ends with .svg, .png, .pdf, .html, .dot or .gv. dpi: the resolution of a
        PNG.

        The file appears whole or not at all. Raises `ArgumentError` for another ending,
        `MissingExtraError` where nothing installed can write the format, OSError as
        `open` does.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in FORMATS:
            raise ArgumentError(
                f"cannot save a drawing as {path.name!r}: the name must end with one "
                f"of {' '.join(FORMATS)}"
            )
        contents: Any = {
            ".png": lambda: self.png(dpi),
            ".pdf": self.pdf,
            ".svg": lambda: self.svg.encode(),
            ".html": lambda: self.html.encode(),
        }
        make = contents.get(suffix, lambda: self.dot.encode())
        write_whole(path, make())
        return path

    def _figure(self) -> str:
        """Return the SVG for a page: as wide as there is room, within limits."""
        svg = self.svg
        svg = svg[svg.index("<svg") :]
        if found := re.match(r'<svg width="([\d.]+)pt"', svg):
            width = float(found[1])
            least = _SMALLEST * width
            limits = f"max-width:{width:.0f}pt;min-width:{least:.0f}pt"
            style = f"width:100%;{limits};height:auto"
            svg = f'<svg style="{style}"{svg.removeprefix("<svg")}'
        return f'<div class="autograd-drawing">{svg}</div>'

    def _repr_svg_(self) -> str | None:
        with contextlib.suppress(MissingExtraError):
            return self.svg
        return None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        try:
            styles = "".join(map(dark_rules, _DARK_THEMES))
            page = f"<style>{_FRAME}{styles}</style>{self._figure()}"
            plain = {"image/svg+xml": self.svg, "text/plain": repr(self)}
            return {"text/html": page, **plain}
        except MissingExtraError as error:
            return {"text/plain": f"{self!r}: {error}"}

    def __repr__(self) -> str:
        nodes, edges = len(self.scene.nodes), len(self.scene.edges)
        folded = f"; {self.folded}" if self.folded else ""
        return f"Drawing({nodes} nodes, {edges} edges{folded})"


_SMALLEST = 0.6  # of its size, before a picture scrolls in a narrow page
_FRAME = ".autograd-drawing{overflow:auto;max-width:100%}"
