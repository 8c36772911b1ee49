"""`play`: a page on which one steps through a computation, forwards and backwards.

Python gives the page the graph as data: nodes with the engine's own numbers, groups
that may be folded, and of each operation a JavaScript function that is generated from
its row (`javascript.py`). The page (`page/player.js`) steps, draws and, when a leaf is
edited, computes anew.
"""

import html
import inspect
import json
import os
from array import array
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ..compiling.signature import Numbers, rebuilt, signature
from ..errors import ArgumentError, MissingExtraError, NumberError
from ..graph import topological_order
from ..layout import parents_of
from ..modes import record_sources
from ..value import Value
from .files import write_whole
from .picture import Drawing
from .player_data import player_data
from .scene import Scene

__all__ = ["Player", "play"]

PAGE = Path(__file__).parent / "page"
_MOST = 5000  # nodes of a graph that can be played


def play(target: Any, *args: Any, names: Any = None) -> "Player":
    """Return a page that steps through a computation: forward, then backward.

    target: a Value, or a function and its arguments; then the function runs on leaves
        in place of the arguments' numbers, and each step shows its source line.
    names: titles for Values, as `draw` takes them.

    In a notebook it shows itself (extra `widget`; without it a picture of the graph),
    and ``play(v).save("player.html")`` writes one file that works offline. There:
    step, play, jump, search, zoom; click a node for its formula, numbers and source;
    open and close folded groups; edit a leaf's number, and all is computed anew.

    >>> from autograd import Value, play
    >>> x = Value(3.0, label="x")
    >>> play(x * x + 1)
    Player(3 nodes, 5 steps)

    Raises `NumberError` (a TypeError) for what is neither a Value nor a function that
    gives one, `ArgumentError` (a ValueError) for more nodes than one can step through.
    """
    if isinstance(target, Value):
        if args:
            raise ArgumentError("play(v) takes no more arguments; play(f, *args) does")
        return Player(target, names)
    if not callable(target):
        raise NumberError(
            f"play() takes a Value, or a function and its arguments; got a "
            f"{type(target).__name__}"
        )
    with record_sources():
        result = target(*_leaves(target, args))
    if not isinstance(result, Value):
        raise NumberError(
            f"play() steps through one number: the function gave {result!r}"
        )
    return Player(result, names)


def _leaves(f: Callable[..., Any], args: Sequence[Any]) -> list[Any]:
    """Return the arguments with a leaf, named after its place, for each number."""
    try:
        names = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        names = []
    names += [f"x{i}" for i in range(len(names), len(args))]
    numbers: Numbers = array("d")
    plain = [float(x) if type(x) is int else x for x in args]
    for x in plain:
        signature(x, numbers)
    rest = iter(numbers)

    def leaf(name: str, _: bool) -> Value:
        return Value(next(rest), label=name)

    return [rebuilt(x, leaf, name) for x, name in zip(plain, names, strict=False)]


class Player:
    """A page that steps through a computation: see `play`."""

    def __init__(self, output: Value, names: Any = None) -> None:
        self._output = output
        self._names = names
        self._order = topological_order([output], parents_of)
        if len(self._order) > _MOST:
            raise ArgumentError(
                f"the graph has {len(self._order):,} nodes, more than one can step "
                f"through ({_MOST:,}): play a part of it, or draw(v) it folded"
            )
        self.data = player_data(output, self._order, names)

    @property
    def html(self) -> str:
        """The page as one file: no other is needed, and no network."""
        graphviz = ""
        if self.data["groups"]:  # opening one needs a new layout, made in the page
            text = (PAGE / "graphviz.js").read_text(encoding="utf-8")
            text = text.partition("//# sourceMappingURL")[0]
            graphviz = (
                f'<script type="text/plain" id="graphviz">{_in_script(text)}</script>'
            )
        data = json.dumps(self.data, allow_nan=False, ensure_ascii=False)
        return _DOCUMENT.format(
            title=html.escape(f"{self.data['nodes'][-1]['title']} - step by step"),
            style=_page("player.css"),
            graphviz=graphviz,
            data=_in_script(data),
            script=_script(),
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page as a file that ends with .html, and return its path.

        It works offline and appears whole or not at all. Raises `ArgumentError` for
        another ending, OSError as `open` does.
        """
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ArgumentError(
                f"a player is saved as .html, got {path.name!r}; draw(v).save(...) "
                f"writes pictures"
            )
        write_whole(path, self.html.encode())
        return path

    @property
    def widget(self) -> Any:
        """The player as an anywidget, for Jupyter; made once."""
        return _widget(self)

    def _repr_mimebundle_(self, **how: Any) -> Any:
        picture = Drawing(self._scene())._repr_mimebundle_()
        try:
            found = self.widget._repr_mimebundle_(**how)
        except MissingExtraError as error:
            return {**picture, "text/plain": f"{self!r}: {error}"}
        bundle, *metadata = found if isinstance(found, tuple) else (found,)
        still = {k: x for k, x in picture.items() if k == "image/svg+xml"}
        bundle = {**still, **bundle, "text/plain": repr(self)}
        return (bundle, *metadata) if metadata else bundle

    def _scene(self) -> Scene:
        from . import draw

        return draw(self._output, names=self._names).scene

    def __repr__(self) -> str:
        made = sum(node.rule is not None for node in self._order)
        return f"Player({len(self._order)} nodes, {2 * made + 1} steps)"


# The page


@cache
def _page(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


def _script() -> str:
    """Return the page's JavaScript as one module."""
    parts = [_page("numbers.js"), _page("computing.js"), _page("player.js")]
    lines = "\n".join(parts).splitlines()
    kept = [line for line in lines if not line.startswith("import ")]
    return (
        "\n".join(kept)
        .replace("export const ", "const ")
        .replace("export function ", "function ")
    )


def _in_script(text: str) -> str:
    r"""Return a text that cannot end the script element that it stands in.

    >>> print(_in_script("</script>"))
    \u003c/script>
    """
    return text.replace("</", "\\u003c/").replace("<!--", "\\u003c!--")


_DOCUMENT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
html, body {{ height: 100%; margin: 0; }}
{style}
</style>
</head>
<body>
<main class="autograd-player" data-page="true"></main>
{graphviz}
<script type="application/json" id="data">{data}</script>
<script type="module">
{script}
mount(
  document.querySelector(".autograd-player"),
  JSON.parse(document.getElementById("data").textContent),
  document.getElementById("graphviz")?.textContent,
);
</script>
</body>
</html>
"""


def _widget(player: Player) -> Any:
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise MissingExtraError.of(
            "anywidget", "widget", "a player in a notebook"
        ) from None
    made: Callable[..., Any] = _widget_class(anywidget, traitlets)
    found = player.__dict__.get("_made")
    if found is None:
        graphviz = _page("graphviz.js") if player.data["groups"] else ""
        found = player.__dict__["_made"] = made(data=player.data, graphviz=graphviz)
    return found


@cache
def _widget_class(anywidget: Any, traitlets: Any) -> Any:
    class PlayerWidget(anywidget.AnyWidget):  # type: ignore[misc]
        """The player's widget: the same page in a notebook's cell."""

        _esm = (
            _script()
            + "\nexport default { render({ model, el }) {"
            + ' const root = document.createElement("div");'
            + ' root.className = "autograd-player"; el.append(root);'
            + ' return mount(root, model.get("data"), model.get("graphviz")); } };\n'
        )
        _css = _page("player.css")
        data = traitlets.Dict().tag(sync=True)
        graphviz = traitlets.Unicode("").tag(sync=True)

    return PlayerWidget
