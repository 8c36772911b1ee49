"""Pictures of what goes on inside of a model: gradients, weights, outputs."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any

from autograd import ArgumentError, no_grad

from .figures import COLORS, grid, new_figure
from .metrics import plain
from .module import Module, layer_of
from .recurrent import Recurrent

if TYPE_CHECKING:
    from .callbacks import RecordWeights
    from .flow import GradientFlow

__all__ = ["activations", "gradient_flow", "weight_histograms"]


def gradient_flow(flow: "GradientFlow") -> Any:
    """Plot the gradient's norm by layer, and by time step if there are some.

    flow: what ``nn.gradient_flow(model, loss)`` returns. Returns the figure.

    Raises `MissingExtraError` without matplotlib.

    >>> import nn
    >>> model = nn.MLP(2, [3, 1], seed=0)
    >>> flow = nn.gradient_flow(model, model([1.0, -1.0]) ** 2)
    >>> len(gradient_flow(flow).axes)
    1
    """
    figure, (left, *rest) = new_figure(2 if flow.steps else 1)
    norms = [norm for _, norm in flow.layers.values()]
    left.barh(range(len(norms)), [norm if _drawn(norm) else 0.0 for norm in norms])
    left.set_yticks(range(len(norms)), list(flow.layers))
    left.invert_yaxis()
    left.set(title="Gradient by layer", xlabel="norm")
    if any(map(_drawn, norms)):
        left.set_xscale("log")
    for axes in rest:
        for name, by_step in flow.steps.items():
            drawn = [norm if _drawn(norm) else math.nan for norm in by_step]
            axes.plot(drawn, marker="." if len(drawn) < 50 else None, label=name)
        axes.set(title="Gradient by time step", xlabel="time step", ylabel="norm")
        if any(_drawn(norm) for norms in flow.steps.values() for norm in norms):
            axes.set_yscale("log")
        axes.legend()
    if flow.findings:
        figure.suptitle("\n".join(flow.findings), fontsize=9)
    return figure


def _drawn(norm: float) -> bool:
    """Tell whether a norm has a place on a logarithmic axis, with its margins."""
    return 1e-250 < norm < 1e250


def weight_histograms(record: "RecordWeights", bins: int = 40) -> Any:
    """Plot how each layer's weights spread over the epochs; return the figure.

    record: the callback that was given to `fit`. Each column of a panel is a histogram,
    the darker, the more of the layer's weights have that size; the line is their mean.

    Raises `MissingExtraError` without matplotlib.

    >>> import nn
    >>> model, record = nn.MLP(1, [1], seed=0), nn.callbacks.RecordWeights()
    >>> history = nn.fit(model, "mse", ([[1.0]], [0.0]), 4, callbacks=record)
    >>> len(weight_histograms(record).axes) > 0
    True
    """
    if not record.records:
        raise ArgumentError(
            "weight_histograms of no records: give nn.RecordWeights() to fit as a "
            "callback first"
        )
    layers: dict[str, list[str]] = {}
    for path in record.records[0]:
        layers.setdefault(layer_of(path), []).append(path)
    figure, every = grid(len(layers))
    edges = _edges(record.epochs)
    for axes, (layer, paths) in zip(every, layers.items(), strict=True):
        table = [[state[path] for path in paths] for state in record.records]
        low, high = min(map(min, table)), max(map(max, table))
        margin = 0.05 * (high - low) or 0.5
        low, step = low - margin, (high - low + 2 * margin) / bins
        counts = [[0.0] * len(table) for _ in range(bins)]
        for column, numbers in enumerate(table):
            for x in numbers:
                counts[int((x - low) / step)][column] += 1 / len(numbers)
        axes.pcolormesh(
            edges, [low + step * k for k in range(bins + 1)], counts, cmap="Blues"
        )
        axes.plot(record.epochs, list(map(fmean, table)), color=COLORS[5], linewidth=1)
        axes.set_title(f"{layer} ({len(paths)})", fontsize=10)
        axes.set(xlabel="epoch", ylabel="weight")
        axes.xaxis.get_major_locator().set_params(integer=True)
    figure.suptitle("Weights over the epochs, by layer (number of them)")
    return figure


def _edges(epochs: Sequence[int]) -> list[float]:
    """Return where the columns of a picture begin and end: halfway between epochs."""
    inner = [(a + b) / 2 for a, b in pairwise(epochs)]
    return [epochs[0] - 0.5, *inner, epochs[-1] + 0.5]


def activations(model: Module, inputs: Sequence[Any], bins: int = 30) -> Any:
    """Plot how the outputs of each layer spread over some inputs; return the figure.

    The layers are the rows of ``model.summary()``. A panel's title has mean, standard
    deviation and the share of zeros, which is large where relus are dead; outputs that
    pile up at −1 and 1 show a saturated tanh.

    Raises `MissingExtraError` without matplotlib.

    >>> import nn
    >>> model = nn.MLP(2, [3, 1], seed=0)
    >>> len(activations(model, [[0.0, 1.0], [1.0, 0.0]]).axes) > 0
    True
    """
    if len(inputs) == 0:
        raise ArgumentError("activations of no inputs: give at least one")
    outputs: dict[str, list[float]] = {}
    layers = {path: layer for path, layer, _ in model._steps(None)}
    with no_grad(), _watched(layers, outputs):
        for x in inputs:
            model(x)
    outputs = {path: numbers for path, numbers in outputs.items() if numbers}
    figure, every = grid(len(outputs))
    for axes, (path, numbers) in zip(every, outputs.items(), strict=True):
        axes.hist(numbers, bins=bins, color=COLORS[0])
        zeros = numbers.count(0.0) / len(numbers)
        name = f"{path}: {type(layers[path]).__name__}" if path else "output"
        axes.set_title(
            f"{name}\nmean {fmean(numbers):.3g}, deviation {pstdev(numbers):.3g}"
            + (f", zeros {zeros:.0%}" if zeros else ""),
            fontsize=10,
        )
        axes.set(xlabel="output", ylabel="count")
    figure.suptitle(f"Outputs of the layers for {len(inputs)} inputs")
    return figure


@contextmanager
def _watched(layers: dict[str, Any], outputs: dict[str, list[float]]) -> Iterator[None]:
    """Collect what modules return, wherever the model calls them."""
    kinds = []
    for path, layer in layers.items():
        numbers = outputs.setdefault(path, [])
        if isinstance(layer, Module) and "__class__" not in vars(layer):
            kinds.append((layer, type(layer)))
            layer.__class__ = _watching(type(layer), numbers)
    try:
        yield
    finally:
        for layer, kind in reversed(kinds):
            layer.__class__ = kind


def _watching(kind: type[Module], numbers: list[float]) -> Any:
    """Return a class like this one that also collects what its calls return."""

    class Watching(kind):  # type: ignore[valid-type, misc]
        def __call__(self, *args: Any, **options: Any) -> Any:
            result = super().__call__(*args, **options)
            out = result[0] if isinstance(self, Recurrent) else result  # not the state
            numbers.extend(_flat(plain(out)))
            return result

    return Watching


def _flat(nest: Any) -> list[float]:
    if isinstance(nest, list):
        return [x for item in nest for x in _flat(item)]
    return [nest]
