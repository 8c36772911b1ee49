"""Draw graphs: graph → scene → folded scene → DOT → picture.

`scene.py` holds the data; `cones.py`, `grouping.py` and `titles.py` find what belongs
together, `folding.py` closes it; `dot.py`, `colors.py` and `rendering.py` draw.
"""

from collections.abc import Collection, Iterable
from typing import Any

from ..compiling.program import Program
from ..errors import ArgumentError, NumberError
from ..value import Value
from .dot import Style
from .explaining import Explanation, explain
from .folding import (
    LEVELS,
    closed_to_fit,
    fold_scene,
    levels,
    note_on,
    size_of,
    with_modules,
)
from .grouping import grouped
from .names import label_locals, titles_by_id
from .picture import FORMATS, Drawing
from .player import Player, play
from .programs import scene_of_program
from .scene import Scene, scene_of

__all__ = [
    "FORMATS",
    "Drawing",
    "Explanation",
    "Player",
    "draw",
    "explain",
    "label_locals",
    "play",
    "scene_to_draw",
]

_READABLE = 150  # boxes, before draw folds
_DRAWABLE = 2000  # boxes, before it refuses
_LONG_ROW = 5  # so many boxes make a folded picture go down
_COLORS = ("kind", "grad", "data")
_DIRECTIONS = ("auto", "right", "down")


def draw(
    outputs: Any,
    *,
    names: Any = None,
    fold: str | bool | Collection[str] = "auto",
    depth: int | None = None,
    max_nodes: int | None = None,
    color: str = "kind",
    contributions: bool = False,
    direction: str = "auto",
) -> Drawing:
    """Draw the graph of a Value, or of several, as it is now.

    A box shows a node's label (or v1, v2, ...), how it was computed, its data and its
    grad: call `backward()` before. An edge shows the local derivative. Leaves are blue,
    outputs orange, folded groups green with a double frame, plain numbers have no box,
    and what no gradient reaches is pale. A notebook shows the drawing by itself.

    outputs: a Value, a list or array of Values, the program of a compiled function, or
        any object with a method `__scene__` that returns a `scene.Scene`.
    names: titles for Values: a model (anything with `named_parameters()`) or a mapping
        from names to Values; else each has its label.
    fold: what is drawn as one box. "auto" folds as little as needed for `max_nodes`
        boxes; False nothing; "chains" of sums and products; also "neurons", which are
        a chain and the function on top of it; also "copies", the same in the samples of
        a batch; also "layers", neurons alike side by side; also "repeats", the steps of
        a loop (so does True). A list of module paths, as in ["layers[0]"], folds these
        modules.
    depth: how many levels of such boxes to open, instead of `fold`: 0 for the coarsest
        picture, 1 for one with the outermost boxes open, and so on.
    max_nodes: how many boxes "auto" may leave, 150 by default; otherwise the most boxes
        that are drawn at all, 2000 by default.
    color: "kind", or "grad" or "data": boxes are coloured by |grad| or by data, with a
        legend.
    contributions: whether edges show derivative × upstream gradient = contribution.
    direction: where arrows go: "right", or "down"; "auto" is right, but down for folded
        pictures that would be wider than a page.

    >>> from autograd import Value, draw
    >>> x = Value(3.0, label="x")
    >>> y = x * x
    >>> y.backward()
    >>> draw(y)
    Drawing(2 nodes, 2 edges)
    >>> path = draw(y).save("square.svg")  # doctest: +SKIP

    Raises `NumberError` (a TypeError) for what is no Value, `ArgumentError` (a
    ValueError) for an empty list, for unknown options, and for more boxes than
    `max_nodes`.
    """
    if color not in _COLORS:
        raise ArgumentError(f"color is one of {', '.join(_COLORS)}; got {color!r}")
    if direction not in _DIRECTIONS:
        raise ArgumentError(
            f"direction is one of {', '.join(_DIRECTIONS)}; got {direction!r}"
        )
    scene = grouped(scene_to_draw(outputs, names))
    scene, closed = _closed(scene, fold, depth, max_nodes)
    shown = fold_scene(scene, closed)
    note = note_on(shown)
    down = direction == "down" or (
        direction == "auto" and note != "" and size_of(shown, set()).length >= _LONG_ROW
    )
    return Drawing(shown, Style(color, contributions, note, down))


def scene_to_draw(outputs: Any, names: Any = None) -> Scene:
    """Return the open scene of what `draw` takes, without groups."""
    if hasattr(outputs, "__scene__"):
        found = outputs.__scene__()
        if not isinstance(found, Scene):
            raise NumberError(
                f"{type(outputs).__name__}.__scene__() returned a "
                f"{type(found).__name__}, not an autograd.drawing.scene.Scene"
            )
        return found
    if isinstance(outputs, Program):
        return scene_of_program(outputs)
    if hasattr(outputs, "ravel"):  # an array of Values, of any shape
        outputs = outputs.ravel()
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
    return scene_of(values, *titles_by_id(names))


def _closed(
    scene: Scene,
    fold: str | bool | Collection[str],
    depth: int | None,
    max_nodes: int | None,
) -> tuple[Scene, set[str]]:
    """Return the scene and the names of the groups to close."""
    if max_nodes is not None and not (type(max_nodes) is int and max_nodes > 0):
        raise ArgumentError(f"max_nodes is a whole number from 1 on, got {max_nodes!r}")
    if depth is None and fold == "auto":
        return closed_to_fit(scene, max_nodes or _READABLE)
    if depth is not None:
        if not (type(depth) is int and depth >= 0):
            raise ArgumentError(f"depth is a whole number from 0 on, got {depth!r}")
        if fold != "auto":
            raise ArgumentError("give fold or depth, not both")
        choices = levels(scene)
        closed = choices[min(depth, len(choices) - 1)]
    elif isinstance(fold, bool):
        closed = levels(scene)[0 if fold else -1]
    elif isinstance(fold, str):
        if fold not in LEVELS[1:]:
            raise ArgumentError(
                f"fold is 'auto', True, False, one of {', '.join(LEVELS[1:])}, or a "
                f"list of module paths; got {fold!r}"
            )
        level = LEVELS.index(fold)
        closed = {group.name for group in scene.groups if group.level <= level}
    else:
        scene, closed = with_modules(scene, fold)
    boxes = size_of(scene, closed).boxes
    if boxes > (max_nodes or _DRAWABLE):
        raise ArgumentError(
            f"that makes {boxes:,} boxes, more than one can read: leave fold and depth "
            f"out to fold it, draw a part of it, or all with max_nodes={boxes}"
        )
    return scene, closed
