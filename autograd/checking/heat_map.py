"""Heat maps of a report: where in an array a gradient is wrong.

An array is shown as a grid of cells, a long vector in rows below each other. Where it
has more coordinates than can be seen, a cell is the worst of a tile of them: a single
wrong coordinate never disappears.
"""

import html
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .blocks import Array, Block

ROW = 40  # coordinates of a vector, in a row of the grid
MOST_CELLS = 80  # of a row or a column of the grid
PIXELS = 560  # of the widest grid on a page
LEAST, MOST = -3, 12  # decades of the error over what is allowed, on the scale
GREEN, RED = 140, 5  # hues of what is right and what is wrong


@dataclass(frozen=True)
class Grid:
    """Cells of one block: the worst ratio of each, and which coordinate has it.

    ratios: NaN where there is no coordinate. rows, columns: the index at which each
    begins. tile: how many rows and columns of coordinates a cell stands for.
    """

    block: Block
    ratios: Array
    places: Array
    rows: list[str]
    columns: list[str]
    tile: tuple[int, int]

    @property
    def title(self) -> str:
        """Name the block, and what a cell is."""
        high, wide = self.tile
        if high * wide == 1:
            return self.block.name
        return f"{self.block.name} (a cell: the worst of {high * wide} coordinates)"


def grid(block: Block, worst: Array) -> Grid:
    """Arrange the ratios of one block's coordinates."""
    size, shape = block.size, block.shape
    wraps = len(shape) < 2 and size > ROW
    width = ROW if wraps else (shape[-1] if shape else 1)
    lines = math.ceil(size / width)
    high, wide = math.ceil(lines / MOST_CELLS), math.ceil(width / MOST_CELLS)
    down, across = math.ceil(lines / high), math.ceil(width / wide)
    places = np.full(lines * width, -1)
    places[:size] = np.arange(size)
    margins = ((0, down * high - lines), (0, across * wide - width))
    places = np.pad(places.reshape(lines, width), margins, constant_values=-1)
    tiles: Array = places.reshape(down, high, across, wide).swapaxes(1, 2)
    tiles = tiles.reshape(down, across, -1)
    ratios = np.where(tiles < 0, -1.0, worst[tiles])
    best = ratios.argmax(axis=2)[..., None]
    ratios = np.take_along_axis(ratios, best, 2)[..., 0]
    outer = shape[:-1] if len(shape) > 2 else ()
    starts = [line * high for line in range(down)]
    return Grid(
        block,
        np.where(ratios < 0, np.nan, ratios),
        np.take_along_axis(tiles, best, 2)[..., 0],
        [_row_name(start, width if wraps else 1, outer) for start in starts],
        [str(column * wide) for column in range(across)],
        (high, wide),
    )


def _row_name(start: int, step: int, outer: tuple[int, ...]) -> str:
    if outer:
        return ", ".join(map(str, np.unravel_index(start, outer)))
    return str(start * step)


def colour(ratio: float) -> str:
    """Return a cell's colour: light to dark green up to 1, light to dark red beyond."""
    if ratio <= 1:
        return f"hsl({GREEN}, 45%, {92 - 27 * ratio:.0f}%)"
    share = min(1.0, np.log10(min(ratio, 10.0**MOST)) / MOST)
    return f"hsl({RED}, 75%, {72 - 42 * share:.0f}%)"


def as_svg(found: Grid) -> str:
    """Draw a grid with its indices, for a page."""
    down, across = found.ratios.shape
    side = max(6, min(22, PIXELS // across))
    left, top = 12 + 7 * max(map(len, found.rows)), 16
    parts = []
    for i, j in np.ndindex(down, across):
        ratio = float(found.ratios[i, j])
        if np.isnan(ratio):
            continue
        name = found.block.label(found.block.start + int(found.places[i, j]))
        parts.append(
            f"<rect x='{left + side * j}' y='{top + side * i}' width='{side}' "
            f"height='{side}' fill='{colour(ratio)}'><title>{html.escape(name)}: "
            f"{ratio:.3g}</title></rect>"
        )
    widest = 10 + 7 * max(map(len, found.columns))
    for j in range(0, across, math.ceil(widest / side)):
        x = left + side * j + side / 2
        parts.append(_text(x, top - 4, "middle", found.columns[j]))
    for i in range(0, down, math.ceil(14 / side)):
        parts.append(
            _text(left - 4, top + side * i + side / 2 + 4, "end", found.rows[i])
        )
    wide, high = left + side * across + 12, top + side * down + 2
    return (
        f"<figure style='margin:8px 0'><figcaption><b>{html.escape(found.title)}</b>"
        f"</figcaption><svg width='{wide}' height='{high}'>{''.join(parts)}</svg>"
        f"</figure>"
    )


def _text(x: float, y: float, anchor: str, text: str) -> str:
    return (
        f"<text x='{x:g}' y='{y:g}' font-size='11' font-family='sans-serif' "
        f"fill='#444' text-anchor='{anchor}'>{text}</text>"
    )


def legend() -> str:
    """Explain the colours, for a page."""
    steps = [(0.0, "0"), (0.5, "½"), (1.0, "1 (passes)"), (10.0, "10")]
    steps += [(10.0**k, f"10<sup>{k}</sup>") for k in (4, 8)]
    steps.append((10.0**MOST, f"10<sup>{MOST}</sup> and more"))
    swatches = "".join(
        f"<span style='display:inline-block;width:14px;height:14px;margin:0 4px 0 12px;"
        f"vertical-align:-2px;background:{colour(ratio)}'></span>{text}"
        for ratio, text in steps
    )
    return f"<p>error over what is allowed:{swatches}</p>"


def draw(grids: list[Grid], verdict: str, ok: bool) -> Any:
    """Draw grids with matplotlib; return the figure."""
    from matplotlib.colors import TwoSlopeNorm
    from matplotlib.figure import Figure

    across = min(3, len(grids))
    down = math.ceil(len(grids) / across)
    figure = Figure(figsize=(4 * across + 1.5, 3.4 * down + 0.6), layout="constrained")
    norm = TwoSlopeNorm(0, LEAST, MOST)
    drawn = []
    for place, found in enumerate(grids, 1):
        axes = figure.add_subplot(down, across, place)
        with np.errstate(divide="ignore"):
            shown = np.clip(np.log10(found.ratios), LEAST, MOST)
        high, wide = shown.shape
        aspect: Any = "equal" if 1 / 8 <= high / wide <= 8 else "auto"
        image = axes.imshow(
            shown, cmap="RdYlBu_r", norm=norm, aspect=aspect, interpolation="nearest"
        )
        axes.set_title(found.title, fontsize="medium", wrap=True)
        axes.set_xticks(*_ticks(found.columns, 8))
        axes.set_yticks(*_ticks(found.rows, 10))
        drawn.append(axes)
    bar = figure.colorbar(image, ax=drawn, label="error / allowed (1 passes)")
    bar.set_ticks([LEAST, 0, 3, 6, 9, MOST])
    bar.set_ticklabels(["≤ 0.001", "1", "10³", "10⁶", "10⁹", "≥ 10¹²"])
    figure.suptitle(verdict, color="#1a7f37" if ok else "#b42318", wrap=True)
    return figure


def _ticks(names: list[str], most: int) -> tuple[list[int], list[str]]:
    step = math.ceil(len(names) / most)
    return list(range(0, len(names), step)), names[::step]
