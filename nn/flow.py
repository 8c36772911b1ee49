"""`gradient_flow`: how large the gradient is in each layer and at each time step."""

import math
import re
from dataclasses import dataclass
from typing import Any

from autograd import ArgumentError, Value

from . import plots
from .module import Module, layer_of
from .recurrent import Recurrent
from .selection import selection

__all__ = ["GradientFlow", "gradient_flow"]

LARGE = 1000.0  # a change by this factor, over all steps or layers, is given its name

_STATE = re.compile(r"(.*[hc]_l\d+)\[(\d+)\]\[\d+\]")  # the labels that Recurrent gives


@dataclass(frozen=True)
class GradientFlow:
    """Norms of a gradient; ``print(flow)`` shows them as a table.

    layers: by the name of each layer, how many parameters it has, and the Euclidean
        norm of the loss's gradient with respect to them.
    steps: by the name of each recurrent layer's state, such as ``h_l0``, the norm of
        the loss's gradient with respect to the state after time step 0, 1, 2, ...

    >>> import nn
    >>> model = nn.MLP(2, [3, 1], seed=0)
    >>> flow = nn.gradient_flow(model, model([1.0, 2.0]) ** 2)
    >>> list(flow.layers), flow.findings
    (['layers[0]', 'layers[1]'], [])
    """

    layers: dict[str, tuple[int, float]]
    steps: dict[str, list[float]]

    @property
    def findings(self) -> list[str]:
        """What is wrong, in words: gradients that vanish, explode or are no numbers.

        A gradient vanishes or explodes if it changes by more than a factor of 1000 on
        its way from the last time step to the first, or from the last layer to the
        first.
        """
        found = []
        for state, norms in self.steps.items():
            places = [f"time step {t}" for t in range(len(norms))]
            found += _findings(f"{state}: ", places, norms)
        norms = [norm for _, norm in self.layers.values()]
        return found + _findings("", list(self.layers), norms)

    def __str__(self) -> str:
        width = max(map(len, ["layer", *self.layers]))
        lines = [f"{'layer':<{width}}  parameters  gradient norm"]
        for name, (count, norm) in self.layers.items():
            lines.append(f"{name:<{width}}  {count:>10}  {norm:>13.3e}")
        if self.steps:
            columns = {name: max(len(name), 9) for name in self.steps}
            cells = [f"{name:>{wide}}" for name, wide in columns.items()]
            lines += ["", "  ".join(["time step", *cells])]
            for t in selection(max(map(len, self.steps.values()))):
                cells = [
                    f"{norms[t]:>{columns[name]}.3e}" if t < len(norms) else " " * 9
                    for name, norms in self.steps.items()
                ]
                lines.append("  ".join([f"{t:>9}", *cells]).rstrip())
        return "\n".join([*lines, "", *(self.findings or ["nothing unusual"])])

    def plot(self) -> Any:
        """Draw the norms by layer, and by time step if there are; return the figure.

        Raises `MissingExtraError` without matplotlib.
        """
        return plots.gradient_flow(self)


def gradient_flow(model: Module, loss: Value) -> GradientFlow:
    """Measure the gradient of a loss by layer and by time step; touch no `.grad`.

    loss: a Value made from the model's outputs. Of several sequences in one loss, the
        steps with the same number are taken together.

    >>> from nn import RNN
    >>> from nn.losses import mse
    >>> model = RNN(1, 1, nonlinearity="relu")
    >>> for parameter in model.parameters():
    ...     parameter.data = 0.125
    >>> outputs, _ = model([[1.0]] * 5)
    >>> flow = gradient_flow(model, mse(outputs[-1], [0.0]))
    >>> print(flow)
    layer         parameters  gradient norm
    weight_ih_l0           1      9.795e-01
    weight_hh_l0           1      4.194e-01
    bias_ih_l0             1      9.795e-01
    bias_hh_l0             1      9.795e-01
    <BLANKLINE>
    time step       h_l0
            0  2.093e-04
            1  1.674e-03
            2  1.339e-02
            3  1.071e-01
            4  8.571e-01
    <BLANKLINE>
    vanishing: h_l0: from time step 4 to time step 0 the gradient shrinks by 4.1e+03

    Raises `ArgumentError` for a loss that is no Value or was not made by this model,
    and for recurrent modules that the labels of their states do not tell apart.
    """
    if not isinstance(loss, Value):
        raise ArgumentError(
            f"gradient_flow takes the loss as a Value, got {loss!r}: compute it from "
            f"the model's outputs, such as nn.losses.mse(outputs, targets)"
        )
    _check_names(model)
    nodes = _graph(loss)
    named = model.named_parameters()
    if not any(id(parameter) in nodes for _, parameter in named):
        raise ArgumentError(
            "the loss was made from none of the model's parameters: compute it from "
            "what this model returns, outside of no_grad()"
        )
    groups: dict[str, list[Value]] = {}
    for path, parameter in named:
        groups.setdefault(layer_of(path), []).append(parameter)
    layers = {
        name: (len(group), _norm(loss.gradient(group)))
        for name, group in groups.items()
    }
    states: dict[str, dict[int, list[Value]]] = {}
    for node in nodes.values():
        match = node.label and not node.is_leaf and _STATE.fullmatch(node.label)
        if match:
            state = states.setdefault(match[1], {})
            state.setdefault(int(match[2]), []).append(node)
    return GradientFlow(layers, _norms_by_step(loss, states))


def _norms_by_step(
    loss: Value, states: dict[str, dict[int, list[Value]]]
) -> dict[str, list[float]]:
    # One sweep for all of them: the graph may be long.
    groups = [group for by_step in states.values() for group in by_step.values()]
    every = [node for group in groups for node in group]
    slopes = iter(loss.gradient(every))
    norms = {
        name: {t: _norm([next(slopes) for _ in group]) for t, group in by_step.items()}
        for name, by_step in states.items()
    }
    # A step that the loss was not made from has no node, and gradient 0.
    return {
        name: [found.get(t, 0.0) for t in range(max(found) + 1)]
        for name, found in sorted(norms.items())
    }


def _graph(root: Value) -> dict[int, Value]:
    """Return a node and all that it was made from, by id."""
    found = {id(root): root}
    stack = [root]
    while stack:
        for parent in stack.pop().parents:
            if id(parent) not in found:
                found[id(parent)] = parent
                stack.append(parent)
    return found


def _check_names(model: Module) -> None:
    owners: dict[str, str] = {}
    for path, module in model.named_modules():
        if isinstance(module, Recurrent):
            if module.name in owners:
                raise ArgumentError(
                    f"gradient_flow cannot tell the time steps of "
                    f"{owners[module.name]} and {path} apart: give them names, as in "
                    f"{type(module).__name__}({module.n_in}, {module.n_hidden}, "
                    f"name='encoder')"
                )
            owners[module.name] = path


def _norm(slopes: list[Any]) -> float:
    return math.hypot(*map(float, slopes))


def _findings(what: str, places: list[str], norms: list[float]) -> list[str]:
    for place, norm in zip(places, norms, strict=True):
        if not math.isfinite(norm):
            return [f"exploding: {what}at {place} the gradient is {norm}"]
    reached = [k for k, norm in enumerate(norms) if norm]
    if not reached:
        return [f"vanishing: {what}the gradient is 0 everywhere"] if norms else []
    first, last = reached[0], reached[-1]
    found = []
    if first > 0:
        found.append(
            f"vanishing: {what}no gradient gets behind {places[first]} (all units "
            f"saturated, or the graph is cut there, by tbptt or detach)"
        )
    ratio = norms[first] / norms[last]
    if not 1 / LARGE <= ratio <= LARGE:
        name, verb = ("vanishing", "shrinks") if ratio < 1 else ("exploding", "grows")
        factor = f"{1 / ratio if ratio and ratio < 1 else ratio:.1e}"
        found.append(
            f"{name}: {what}from {places[last]} to {places[first]} the gradient {verb} "
            f"by {factor}"
        )
    return found
