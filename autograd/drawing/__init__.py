"""Draw graphs: as a scene (`scene.py`), DOT (`dot.py`), images (`rendering.py`)."""

import contextlib
import math
import os
import secrets
from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path
from typing import Any

from ..errors import ArgumentError, MissingExtraError, NumberError
from ..graph import topological_order
from ..value import Value
from .dot import FONT, digraph_of
from .rendering import render, use_installed_graphviz
from .scene import Scene, scene_of

__all__ = ["Drawing", "draw"]

FORMATS = (".svg", ".png", ".dot", ".gv")
_MOST_PIXELS = 8000  # a side of a PNG; a larger one is scaled down


def draw(outputs: Value | Iterable[Value], *, max_nodes: int = 2000) -> "Drawing":
    """Draw the graph of a Value, or of several, as it is now.

    A box shows a node's label (or v1, v2, ...), how it was computed, its data and its
    grad: call `backward()` before. An edge shows the local derivative. Leaves are blue,
    outputs orange, plain numbers have no box. A notebook shows the drawing by itself.

    >>> from autograd import Value, draw
    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> y.backward()
    >>> draw(y)
    Drawing(2 nodes, 2 edges)
    >>> path = draw(y).save("square.svg")  # doctest: +SKIP

    Raises `NumberError` (a TypeError) for what is no Value, `ArgumentError` (a
    ValueError) for an empty list and for a graph of more than `max_nodes` nodes.
    """
    several = isinstance(outputs, Iterable) and not isinstance(outputs, str | bytes)
    values: list[Any] = list(outputs) if several else [outputs]
    if not values:
        raise ArgumentError("draw() of nothing: give it a Value or a list of Values")
    for value in values:
        if not isinstance(value, Value):
            raise NumberError(
                f"draw() takes a Value or a list of Values, got a "
                f"{type(value).__name__}, which has no graph"
            )
    count = len(topological_order(values, attrgetter("parents")))
    if count > max_nodes:
        raise ArgumentError(
            f"the graph has {count:,} nodes, more than one can read: draw a part of "
            f"it, or all with draw(..., max_nodes={count})"
        )
    return Drawing(scene_of(values))


class Drawing:
    """A drawn graph: shows itself in notebooks, saves itself as SVG, PNG or DOT.

    `scene` is what is drawn, as plain data; `digraph` the `graphviz.Digraph` to change
    at will; `dot` its text, the same on every run and machine; `svg` the image's text.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    @property
    def digraph(self) -> Any:
        """A new `graphviz.Digraph` of this drawing."""
        use_installed_graphviz()
        return digraph_of(self.scene)

    @property
    def dot(self) -> str:
        """The drawing in Graphviz's language."""
        text: str = digraph_of(self.scene).source
        return text

    @property
    def svg(self) -> str:
        """The drawing as SVG."""
        # Browsers on systems without Arial would take a font with serifs.
        return (
            render(self.dot, "svg")
            .decode()
            .replace(f'font-family="{FONT}"', f'font-family="{FONT},sans-serif"')
        )

    def png(self, dpi: float = 144) -> bytes:
        """Return the drawing as PNG, with this resolution unless it is very large."""
        if not (isinstance(dpi, int | float) and 0 < dpi < math.inf):
            raise ArgumentError(f"dpi must be a positive number, got {dpi!r}")
        inches = f"{_MOST_PIXELS / dpi:g}"
        size = {"dpi": f"{dpi:g}", "size": f"{inches},{inches}"}
        return render(digraph_of(self.scene, **size).source, "png")

    def save(self, path: str | os.PathLike[str], dpi: float = 144) -> Path:
        """Write a file in the format that its name ends with, and return its path.

        path: ends with .svg, .png, .dot or .gv. dpi: the resolution of a PNG.

        The file appears whole or not at all. Raises `ArgumentError` for another ending,
        `MissingExtraError` where no Graphviz is installed, OSError as `open` does.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in FORMATS:
            raise ArgumentError(
                f"cannot save a drawing as {path.name!r}: the name must end with one "
                f"of {' '.join(FORMATS)}"
            )
        if suffix == ".png":
            content = self.png(dpi)
        else:
            content = (self.svg if suffix == ".svg" else self.dot).encode()
        _write_whole(path, content)
        return path

    def _repr_svg_(self) -> str | None:
        with contextlib.suppress(MissingExtraError):
            return self.svg
        return None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        try:
            return {"image/svg+xml": self.svg, "text/plain": repr(self)}
        except MissingExtraError as error:
            return {"text/plain": f"{self!r}: {error}"}

    def __repr__(self) -> str:
        nodes, edges = len(self.scene.nodes), len(self.scene.edges)
        return f"Drawing({nodes} nodes, {edges} edges)"


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside the file, then put it in place: an error leaves no half of it."""
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with open(beside, "xb") as file:
            file.write(content)
        os.replace(beside, target)
    except OSError as error:  # which should name the user's path
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()
