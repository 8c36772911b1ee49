"""Pictures of training, by matplotlib; each function returns the figure.

The figures are free of `pyplot`: nothing opens a window, nothing has to be closed, and
`figure.savefig(path)` works on a machine without a display.
"""

import math
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

from autograd import ArgumentError, MissingExtraError, Value

__all__ = ["decision_regions", "loss_curve"]

# Okabe and Ito's colours, which people with any colour vision can tell apart.
_COLORS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442"]
_MARKERS = "osD^vP*"


def loss_curve(losses: Sequence[float], axes: Any = None) -> Any:
    """Plot the loss of each epoch; return the figure.

    The scale is logarithmic where losses differ by more than a factor of 3.

    losses: such as `History.losses`. axes: where to draw, instead of a new figure.

    Raises `MissingExtraError` without matplotlib.
    """
    if not losses:
        raise ArgumentError("loss_curve of no epochs: train at least one")
    axes = _axes(axes)
    marker = "o" if len(losses) == 1 else None
    axes.plot(range(1, len(losses) + 1), losses, color=_COLORS[0], marker=marker)
    if 0 < 3 * min(losses) < max(losses):
        axes.set_yscale("log")
        # Plain numbers, at 1, 2 and 5: at least one is within any factor of 3.
        labelled = "25" if max(losses) < 1000 * min(losses) else ()
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(
            lambda x, _: f"{x:g}" if f"{x:e}"[0] in labelled else ""
        )
    axes.set(title="Loss", xlabel="epoch", ylabel="mean loss of an epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3, which="both")
    return axes.figure


def decision_regions(
    scores: Callable[[list[float]], Any],
    features: Sequence[Sequence[float]],
    labels: Sequence[int],
    *,
    columns: tuple[int, int] = (0, 1),
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    points: int = 60,
    axes: Any = None,
) -> Any:
    """Plot which class wins where, over two of the features; return the figure.

    scores: a model, or a function: for a row of features it gives one score a class,
        or one number that is positive for class 1.
    features, labels: samples, drawn as dots, with their class indices.
    columns: the two features to vary; all others stay at their mean over `features`.
    points: how many steps the grid has on each side.

    Raises `ArgumentError` for empty or unequal lists and `MissingExtraError` without
    matplotlib.
    """
    if len(features) != len(labels) or not features:
        raise ArgumentError(
            f"decision_regions got {len(features)} rows of features and {len(labels)} "
            f"labels: give one label for each row, and at least one"
        )
    axes = _axes(axes)
    means = [fmean(column) for column in zip(*features, strict=True)]
    i, j = columns
    xs, ys = (_steps([row[k] for row in features], points) for k in columns)

    def margins(x: float, y: float) -> list[float]:
        """Return for each class its lead over the best other one."""
        row = list(means)
        row[i], row[j] = x, y
        numbers = _numbers(scores(row))
        return [
            score - max(numbers[:k] + numbers[k + 1 :])
            for k, score in enumerate(numbers)
        ]

    table = [[margins(x, y) for x in xs] for y in ys]
    for k in range(len(table[0][0])):
        lead = [[cell[k] for cell in line] for line in table]
        if max(map(max, lead)) > 0:
            color = _COLORS[k % len(_COLORS)]
            axes.contourf(xs, ys, lead, levels=[0, math.inf], colors=[color], alpha=0.2)
    for k in sorted(set(labels)):
        dots = [row for row, label in zip(features, labels, strict=True) if label == k]
        axes.scatter(
            [row[i] for row in dots],
            [row[j] for row in dots],
            color=_COLORS[k % len(_COLORS)],
            marker=_MARKERS[k % len(_MARKERS)],
            edgecolors="white",
            linewidths=0.6,
            label=class_names[k] if class_names else f"class {k}",
        )
    names = feature_names or [f"feature {k}" for k in range(len(means))]
    title = "Decision regions"
    if len(means) > 2:
        title += ", other features at their means"
    axes.set(title=title, xlabel=names[i], ylabel=names[j])
    axes.legend()
    return axes.figure


def _steps(values: Sequence[float], points: int) -> list[float]:
    """Return evenly spaced numbers over the values, with a margin on both sides."""
    low, high = min(values), max(values)
    margin = 0.08 * (high - low) or 1.0
    step = (high - low + 2 * margin) / (points - 1)
    return [low - margin + step * k for k in range(points)]


def _numbers(scores: Any) -> list[float]:
    """Return one score a class as plain numbers."""
    if not hasattr(scores, "__len__"):
        scores = [-scores, scores]
    numbers = [s.data if isinstance(s, Value) else float(s) for s in scores]
    return [-numbers[0], numbers[0]] if len(numbers) == 1 else numbers


def _axes(axes: Any) -> Any:
    """Return the axes to draw in: those given, or those of a new figure."""
    if axes is not None:
        return axes
    return new_figure(1)[1][0]


def new_figure(panels: int) -> tuple[Any, list[Any]]:
    """Return a figure with axes side by side, or say what to install."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError.of("matplotlib", "plot", "a plot") from None
    figure = Figure(figsize=(6 * panels, 4.5), layout="constrained", dpi=120)
    return figure, list(figure.subplots(1, panels, squeeze=False)[0])
