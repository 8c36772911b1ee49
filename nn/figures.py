"""What all pictures share: figures without `pyplot`, colours, axes.

Nothing opens a window, nothing has to be closed, and ``figure.savefig(path)`` works on
a machine without a display. A notebook shows a figure that is a cell's last value.
"""

import io
import math
from typing import Any

from autograd import MissingExtraError

__all__ = ["COLORS", "MARKERS", "axes_or_new", "grid", "new_figure"]

# Okabe and Ito's colours, which people with any colour vision can tell apart.
COLORS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442"]
MARKERS = "osD^vP*"


def axes_or_new(axes: Any) -> Any:
    """Return the axes to draw in: those given, or those of a new figure."""
    return new_figure(1)[1][0] if axes is None else axes


def new_figure(panels: int) -> tuple[Any, list[Any]]:
    """Return a figure with axes side by side, or say what to install.

    Raises `MissingExtraError` without matplotlib.

    >>> figure, axes = new_figure(2)
    >>> len(axes)
    2
    """
    return grid(panels, columns=panels, size=(6, 4.5))


def grid(
    panels: int, columns: int = 3, size: tuple[float, float] = (4, 3)
) -> tuple[Any, list[Any]]:
    """Return a figure with axes row by row; size: of each, in inches."""
    columns = min(panels, columns)
    rows = math.ceil(panels / columns)
    wide, high = size
    figure = _figure_class()(
        figsize=(wide * columns, high * rows), layout="constrained", dpi=120
    )
    every = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in every[panels:]:
        axes.remove()
    return figure, every[:panels]


def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError.of("matplotlib", "plot", "a plot") from None

    class NotebookFigure(Figure):
        """A figure that shows itself in notebooks, without pyplot."""

        def _repr_png_(self) -> bytes:
            file = io.BytesIO()
            self.savefig(file, format="png")
            return file.getvalue()

    return NotebookFigure
