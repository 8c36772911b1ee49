"""Layers, losses and cells through the checks of hand-derived gradients.

The gradient by backpropagation in floats is taken as if it were written by hand; the
checks compare it with a reference of their own, within bounds on rounding errors.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import check_gradient, grad
from nn.metrics import plain

RNG = np.random.default_rng(3)
ROWS = RNG.normal(size=(3, 4))


def weighted(outputs: list[Any], x: Any) -> Any:
    """Return Σ cᵢ outᵢ; of plain inputs a plain number, though weights are Values."""
    total = autograd.sum([(1 + i / 2) * y for i, y in enumerate(outputs)])
    return total if np.asarray(x).dtype == object else plain(total)


def outputs_of(module: nn.Module) -> Callable[[Any], Any]:
    """Return the weighted sum of the module's outputs as a function of its input."""
    return lambda x: weighted(module(list(x)), x)


def last_outputs_of(module: nn.Module) -> Callable[[Any], Any]:
    return lambda x: weighted(module([list(row) for row in x])[0][-1], x)


def by_backpropagation(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: np.array(plain(grad(function)(x)), dtype=float)


LAYERS = {
    "dense": (outputs_of(nn.Dense(4, 3, "tanh", seed=0)), ROWS[0]),
    "softmax": (outputs_of(nn.Dense(4, 3, "softmax", seed=0)), ROWS[0]),
    "layer_norm": (outputs_of(nn.LayerNorm(4)), ROWS[0]),
    "rnn": (last_outputs_of(nn.RNN(4, 2, seed=0)), ROWS),
    "lstm": (last_outputs_of(nn.LSTM(4, 2, seed=0)), ROWS),
    "gru": (last_outputs_of(nn.GRU(4, 2, seed=0)), ROWS),
}
LOSSES: dict[str, tuple[Any, Any]] = {
    "mse": (nn.losses.mse, ROWS + 1),
    "mae": (nn.losses.mae, ROWS + 1),
    "huber": (nn.losses.huber, ROWS * 0.3),
    "hinge": (nn.losses.hinge, np.sign(ROWS)),
    "squared_hinge": (nn.losses.squared_hinge, np.sign(ROWS)),
    "binary_cross_entropy_with_logits": (
        nn.losses.binary_cross_entropy_with_logits,
        (ROWS > 0) * 1.0,
    ),
    "cross_entropy": (nn.losses.cross_entropy, [0, 3, 1]),
    "nll": (nn.losses.nll, [0, 3, 1]),
    "cosine": (nn.losses.cosine, ROWS[::-1].tolist()),
}


PROBABILITIES = 1 / (1 + np.exp(-ROWS))
PROBABILITY_LOSSES: dict[str, tuple[Any, Any, Any]] = {
    "binary_cross_entropy": (
        nn.losses.binary_cross_entropy,
        PROBABILITIES,
        (ROWS > 0) * 1.0,
    ),
    "kl_divergence": (
        nn.losses.kl_divergence,
        np.log(PROBABILITIES / PROBABILITIES.sum(1, keepdims=True)),
        np.full(ROWS.shape, 0.25),
    ),
}
# Modules with weights, how they are called, and what of the result counts.
MODULES: dict[str, tuple[nn.Module, Callable[[Any], Any]]] = {
    "dense": (nn.Dense(4, 3, "tanh", seed=0), lambda m: m(ROWS[0].tolist())),
    "layer_norm": (nn.LayerNorm(4), lambda m: m(ROWS[0].tolist())),
    "embedding": (nn.Embedding(5, 3, seed=0), lambda m: [*m(1), *m(4), *m(1)]),
    "mlp": (nn.MLP(4, [3, 2], "tanh", seed=0), lambda m: m(ROWS[0].tolist())),
    "rnn": (nn.RNN(4, 2, seed=0), lambda m: m(ROWS.tolist())[0][-1]),
    "lstm": (nn.LSTM(4, 2, seed=0), lambda m: m(ROWS.tolist())[0][-1]),
    "gru": (nn.GRU(4, 2, seed=0), lambda m: m(ROWS.tolist())[0][-1]),
}


@pytest.mark.parametrize("factor", [1.0, 1.001])
@pytest.mark.parametrize("name", MODULES)
def test_weights(name: str, factor: float) -> None:
    """Backpropagation's gradient against differences of plain numbers."""
    module, call = MODULES[name]
    parameters = module.parameters()

    def total(weights: Any) -> Any:
        for parameter, number in zip(parameters, weights.tolist(), strict=True):
            parameter.data = number
        outputs = call(module)
        return autograd.sum([(1 + i / 2) * y for i, y in enumerate(outputs)])

    def backpropagated(weights: Any) -> Any:
        return factor * np.array(total(weights).gradient(parameters))

    before = np.array([parameter.data for parameter in parameters])
    report = check_gradient(lambda w: total(w).data, backpropagated, before, points=2)
    assert report.ok is (factor == 1.0), str(report)


@pytest.mark.parametrize("name", PROBABILITY_LOSSES)
def test_loss_of_probabilities(name: str) -> None:
    loss, x, targets = PROBABILITY_LOSSES[name]

    def function(x: Any) -> Any:
        return loss([list(row) for row in x], targets.tolist())

    report = check_gradient(function, by_backpropagation(function), x)
    assert report.ok, str(report)


def test_no_loss_is_left_out() -> None:
    assert {*LOSSES, *PROBABILITY_LOSSES} == set(nn.losses.LOSSES)


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name: str) -> None:
    function, x = LAYERS[name]
    assert check_gradient(function, by_backpropagation(function), x).ok


@pytest.mark.parametrize("name", LOSSES)
def test_loss(name: str) -> None:
    loss, targets = LOSSES[name]

    def function(x: Any) -> Any:
        return loss([list(row) for row in x], targets)

    assert check_gradient(function, by_backpropagation(function), ROWS).ok


def test_a_gradient_that_is_a_thousandth_off_fails() -> None:
    function, x = LAYERS["lstm"]
    right = by_backpropagation(function)
    assert not check_gradient(function, lambda x: 1.001 * right(x), x).ok
