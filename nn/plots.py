"""Pictures of training, by matplotlib; each function returns the figure.

The figures are free of `pyplot`: nothing opens a window, nothing has to be closed, and
``figure.savefig(path)`` works on a machine without a display.

    loss_curve          losses and metrics over the epochs
    decision_regions    which class wins where
    fitted_curve        a function of one number, and the samples
    predictions         what was predicted over what was wanted
    gradient_flow       the gradient's norm by layer and by time step
    weight_histograms   how each layer's weights spread, over the epochs
    activations         how each layer's outputs spread
"""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

from autograd import ArgumentError

from .figures import COLORS, MARKERS, axes_or_new, new_figure
from .metrics import plain
from .model_plots import activations, gradient_flow, weight_histograms

__all__ = [
    "activations",
    "decision_regions",
    "fitted_curve",
    "gradient_flow",
    "loss_curve",
    "new_figure",
    "predictions",
    "weight_histograms",
]


def loss_curve(losses: Any, axes: Any = None) -> Any:
    """Plot losses, and metrics beside them, over the epochs; return the figure.

    The scale is logarithmic where losses differ by more than a factor of 3.

    losses: a `History`; a dict of its columns; or one list, such as `History.losses`.
        Columns with "accuracy" in their names get axes of their own, on the right.
    axes: where to draw the losses, instead of a new figure; then nothing else is drawn.

    Raises `ArgumentError` for a run without epochs, and `MissingExtraError` without
    matplotlib.

    >>> figure = loss_curve([0.5, 0.25, 0.125])
    >>> figure.axes[0].get_ylabel()
    'mean loss of an epoch'
    """
    columns = losses if isinstance(losses, Mapping) else {"loss": losses}
    if hasattr(losses, "to_dict"):
        columns = losses.to_dict()
    if not all(map(len, columns.values())) or not columns:
        raise ArgumentError("loss_curve of no epochs: train at least one")
    shares = {name: column for name, column in columns.items() if "accuracy" in name}
    others = {name: column for name, column in columns.items() if name not in shares}
    panels = [(others, "Loss", "mean loss of an epoch")]
    if shares:
        panels.append((shares, "Accuracy", "share of samples"))
    every = [axes] if axes is not None else new_figure(len(panels))[1]
    for where, (curves, title, label) in zip(every, panels, strict=False):
        _curves(where, curves)
        where.set(title=title, xlabel="epoch", ylabel=label)
    _scale(every[0], [x for column in others.values() for x in column])
    for right in every[1:]:
        right.set_ylim(top=1.02)
    return every[0].figure


def _curves(axes: Any, curves: Mapping[str, Sequence[float]]) -> None:
    """Draw each over the epochs; what is of validation dashed, in its pair's colour."""
    names = list(dict.fromkeys(name.removeprefix("val_") for name in curves))
    for name, column in curves.items():
        axes.plot(
            range(1, len(column) + 1),
            column,
            color=COLORS[names.index(name.removeprefix("val_")) % len(COLORS)],
            linestyle="--" if name.startswith("val_") else "-",
            marker="o" if len(column) == 1 else None,
            label=name,
        )
    if len(curves) > 1:
        axes.legend()
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3, which="both")


def _scale(axes: Any, numbers: Sequence[float]) -> None:
    """Make the axis logarithmic where that shows more."""
    if 0 < 3 * min(numbers) < max(numbers) < math.inf:
        axes.set_yscale("log")
        # Plain numbers, at 1, 2 and 5: at least one is within any factor of 3.
        labelled = "25" if max(numbers) < 1000 * min(numbers) else ()
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(
            lambda x, _: f"{x:g}" if f"{x:e}"[0] in labelled else ""
        )


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

    >>> scores = lambda row: row[0] - row[1]
    >>> figure = decision_regions(scores, [[0.0, 1.0], [1.0, 0.0]], [0, 1], points=8)
    >>> len(figure.axes) > 0
    True
    """
    _check_lengths("decision_regions", features, labels)
    axes = axes_or_new(axes)
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
            color = COLORS[k % len(COLORS)]
            axes.contourf(xs, ys, lead, levels=[0, math.inf], colors=[color], alpha=0.2)
    for k in sorted(set(labels)):
        dots = [row for row, label in zip(features, labels, strict=True) if label == k]
        axes.scatter(
            [row[i] for row in dots],
            [row[j] for row in dots],
            color=COLORS[k % len(COLORS)],
            marker=MARKERS[k % len(MARKERS)],
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


def fitted_curve(
    function: Callable[[list[float]], Any],
    inputs: Sequence[Sequence[float]],
    targets: Sequence[float],
    points: int = 200,
    axes: Any = None,
) -> Any:
    """Plot a model of one number as a curve, and samples as dots; return the figure.

    function: a model, or a function of a row [x]. inputs, targets: the samples.

    Raises `MissingExtraError` without matplotlib.

    >>> figure = fitted_curve(lambda row: 2 * row[0], [[0.0], [1.0]], [0.1, 1.9])
    >>> len(figure.axes)
    1
    """
    _check_lengths("fitted_curve", inputs, targets)
    axes = axes_or_new(axes)
    xs = [x for [x] in inputs]
    axes.scatter(xs, targets, s=12, color=COLORS[1], label="samples")
    curve = _steps(xs, points)
    axes.plot(curve, [_numbers(function([x]))[-1] for x in curve], label="model")
    axes.set(title="What was learned", xlabel="x", ylabel="y")
    axes.legend()
    return axes.figure


def predictions(
    predicted: Sequence[Any], targets: Sequence[float], axes: Any = None
) -> Any:
    """Plot what a model predicts over what was wanted; return the figure.

    The better, the nearer the dots are to the line.

    Raises `MissingExtraError` without matplotlib.

    >>> figure = predictions([0.9, 2.1], [1.0, 2.0])
    >>> len(figure.axes)
    1
    """
    _check_lengths("predictions", predicted, targets)
    axes = axes_or_new(axes)
    axes.scatter(
        targets, [_numbers(y)[-1] for y in predicted], s=12, color=COLORS[0], alpha=0.6
    )
    axes.axline((0, 0), slope=1, color="gray", linewidth=1, zorder=0)
    axes.set(title="Predictions", xlabel="target", ylabel="prediction")
    return axes.figure


def _check_lengths(name: str, rows: Sequence[Any], labels: Sequence[Any]) -> None:
    if len(rows) != len(labels) or len(rows) == 0:
        raise ArgumentError(
            f"{name} got {len(rows)} rows of features and {len(labels)} labels: give "
            f"one label for each row, and at least one"
        )


def _steps(values: Sequence[float], points: int) -> list[float]:
    """Return evenly spaced numbers over the values, with a margin on both sides."""
    low, high = min(values), max(values)
    margin = 0.08 * (high - low) or 1.0
    step = (high - low + 2 * margin) / (points - 1)
    return [low - margin + step * k for k in range(points)]


def _numbers(scores: Any) -> list[float]:
    """Return one score a class as plain numbers."""
    numbers = plain(scores)
    if not isinstance(numbers, list):
        numbers = [numbers]
    return [-numbers[0], numbers[0]] if len(numbers) == 1 else numbers
