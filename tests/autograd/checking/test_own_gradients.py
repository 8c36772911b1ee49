"""The gradients through every layer, activation and loss of `nn`, by the checks.

The hand gradient is reverse mode through `nn`; what it is compared with are differences
of the same formula in NumPy (`nn_formulas`), which shares no code with it: a wrong
formula fails as a wrong derivative does.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

import nn
from autograd import RULES, Value, check_gradient, check_vjp, grad
from autograd.layout import number_of
from nn.activations import ACTIVATIONS, ROW_ACTIVATIONS

from . import nn_formulas as formulas

P, Q = np.array([0.3, 1.2, -0.7]), np.array([0.5, -0.4, 0.9])
ROWS = np.array([P, Q])


def flat(nest):
    if isinstance(nest, list | tuple | np.ndarray):
        return [one for item in nest for one in flat(item)]
    return [nest]


def plain(nest):
    return np.array([float(number_of(one)) for one in flat(nest)])


# Layers


@dataclass
class Case:
    """A layer, and its output in NumPy, of the input and the parameters."""

    make: Callable[[], Any]
    formula: Callable[..., Any]
    x: Any
    call: Callable[..., Any] = lambda layer, x: layer(x)
    theta: Any = None  # the parameters to look at; None for some near the first

    def set_up(self, theta):
        """Return the layer with these parameters."""
        layer = self.make()
        parameters = layer.parameters() if isinstance(layer, nn.Module) else []
        for parameter, number in zip(parameters, theta.tolist(), strict=True):
            parameter.data = number
        return layer, parameters


def recurrent(kind, cell, gates, parts=1, **options):
    """Return a case of two layers: the first rows of x are the state, the rest steps.

    The layers above the first start at 0.
    """

    def call(layer, rows):
        zeros = [[0.0] * 2] * (layer.num_layers - 1)
        states = tuple([row, *zeros] for row in rows[:parts])
        return layer(rows[parts:], states if parts > 1 else states[0])

    return Case(
        lambda: kind(2, 2, 2, seed=0, **options),
        formulas.recurrent(cell, gates, parts),
        np.linspace(-1.0, 1.2, 2 * (3 + parts)).reshape(-1, 2),
        call,
    )


def in_training(p):
    return Case(
        lambda: nn.Dropout(p, seed=3), lambda x, _: formulas.dropout(x, p, 3), P
    )


LAYERS = {
    "Neuron": Case(
        lambda: nn.Neuron(3, "tanh", seed=0),
        lambda x, theta: np.tanh(formulas.affine(x, theta)),
        P,
    ),
    "Neuron, not fused": Case(
        lambda: nn.Neuron(3, fused=False, seed=0), formulas.affine, P
    ),
    "Layer": Case(
        lambda: nn.Layer(3, 2, "sigmoid", seed=0),
        lambda x, theta: 1 / (1 + np.exp(-formulas.affine(x, theta))),
        P,
    ),
    "Layer of rows": Case(
        lambda: nn.Layer(3, 3, "softmax", seed=0),
        lambda x, theta: formulas.softmax(formulas.affine(x, theta)),
        P,
    ),
    "MLP": Case(lambda: nn.MLP(3, [4, 2], seed=0), formulas.mlp, P),
    "Sequential": Case(
        lambda: nn.Sequential([nn.Layer(3, 2, seed=0), nn.LayerNorm(2)]),
        lambda x, theta: formulas.layer_norm(formulas.affine(x, theta[:8]), theta[8:]),
        P,
    ),
    "LayerNorm": Case(
        lambda: nn.LayerNorm(3, eps=0.1),
        lambda x, theta: formulas.layer_norm(x, theta, 0.1),
        P,
    ),
    "LayerNorm, not affine": Case(
        lambda: nn.LayerNorm(3, affine=False), formulas.layer_norm, P
    ),
    "Dropout": in_training(0.5),
    "Dropout of few": in_training(0.2),
    "Dropout in evaluation": Case(
        lambda: nn.Dropout(0.5, seed=3).eval(), lambda x, _: x, P
    ),
    "Embedding": Case(
        lambda: nn.Embedding(4, 2, seed=0),
        lambda x, theta: formulas.embedding(x, theta, 2),
        [3, 0, 3],
    ),
    "RNN": recurrent(nn.RNN, formulas.elman, 1),
    "RNN with relu": recurrent(
        nn.RNN, lambda a, s, h: (np.maximum(a + s, 0),), 1, nonlinearity="relu"
    ),
    "GRU": recurrent(nn.GRU, formulas.gru, 3),
    "LSTM": recurrent(nn.LSTM, formulas.lstm, 4, parts=2),
    "LastOutput": Case(
        nn.LastOutput, lambda x, _: x[-1], ROWS, lambda layer, x: layer((x, None))
    ),
    "softmax": Case(lambda: nn.softmax, lambda x, _: formulas.softmax(x), P),
    "log_softmax": Case(
        lambda: nn.log_softmax, lambda x, _: np.log(formulas.softmax(x)), P
    ),
}
NOT_LAYERS = {
    "Module": "the base of all: it has no output of its own",
    "Recurrent": "the base of RNN, GRU and LSTM: it has no cell",
}


def check(case):
    """Check the gradient for the input and the parameters, and the output itself."""
    layer = case.make()
    module = isinstance(layer, nn.Module)
    # Off the numbers to start from: γ = 1, β = 0 and biases of 0 hide mistakes.
    theta = case.theta
    if theta is None:
        theta = plain(layer.parameters() if module else [])
        theta += 0.3 * np.cos(np.arange(len(theta)))
    continuous = isinstance(case.x, np.ndarray)

    def forward(x, theta):
        return np.ravel(case.formula(x, theta))

    def backward(g, x, theta):
        layer, parameters = case.set_up(theta)
        leaves = [Value(number) for number in flat(np.array(x, float).tolist())]
        given = np.array(leaves).reshape(x.shape).tolist() if continuous else x
        out = flat(case.call(layer, given))
        total = sum(c * o for c, o in zip(g.tolist(), out, strict=True))
        if not continuous:
            return np.array(total.gradient(parameters))
        slopes = np.array(total.gradient([*leaves, *parameters]))
        return slopes[: x.size].reshape(x.shape), slopes[x.size :]

    layer, _ = case.set_up(theta)
    given = case.x.tolist() if continuous else case.x
    out = plain(case.call(layer, given))
    assert out == pytest.approx(forward(case.x, theta), rel=1e-13, abs=1e-13)
    argnums = None if continuous else 1
    return check_vjp(
        forward,
        backward,
        case.x,
        theta,
        points=2,
        argnums=argnums,
        reference="differences",
    )


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_goes_through_differences(name):
    report = check(LAYERS[name])
    assert report.ok, str(report)
    assert len(report.compared()) == 3


class CutNeuron(nn.Neuron):
    """One whose value is right, and that keeps its bias from learning."""

    def __call__(self, x):
        return nn.Neuron.__call__(self, x) - self.b + self.b.detach()


def test_a_layer_with_a_wrong_derivative_fails():
    report = check(Case(lambda: CutNeuron(3, seed=0), formulas.affine, P))
    assert not report.ok
    assert report.diagnosis.kind == "constant"
    assert "hand = 0 in theta[3]" in str(report.diagnosis)


def test_a_layer_with_a_wrong_formula_fails():
    def doubled(x, theta):
        return 2 * formulas.affine(x, theta)

    with pytest.raises(AssertionError):
        check(Case(lambda: nn.Neuron(3, seed=0), doubled, P))


def public_layers():
    """Return the names of all public modules, wherever in `nn` they are defined."""
    found = {"softmax", "log_softmax"}
    for module in pkgutil.iter_modules(nn.__path__, "nn."):
        if not module.name.startswith("nn._"):
            members = vars(importlib.import_module(module.name)).values()
            classes = [c for c in members if inspect.isclass(c)]
            found |= {c.__name__ for c in classes if issubclass(c, nn.Module)}
    return {name for name in found if not name.startswith("_")}


def test_no_layer_is_left_out():
    covered = {name.replace(",", "").split()[0] for name in LAYERS}
    assert public_layers() == covered | set(NOT_LAYERS)
    assert not covered & set(NOT_LAYERS)


# Activations


def preactivations(name):
    """Return where to look: numbers in the rule's domain, on both sides of 0."""
    low, high = RULES[name].domain[0] if name in RULES else (-3.0, 3.0)
    if (low, high) == (-1.0, 1.0):
        return [-0.5, 0.5]
    return [max(low, -3.0) + d for d in (2.2, 3.9)]


def test_no_activation_of_rows_is_left_out():
    assert set(ROW_ACTIVATIONS) <= set(LAYERS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_goes_through_differences(name):
    for z in preactivations(name):
        case = Case(
            lambda: nn.Neuron(1, name),
            lambda x, theta: formulas.activation(name)(formulas.affine(x, theta)),
            np.array([z]),
            theta=np.array([1.0, 0.0]),
        )
        report = check(case)
        assert report.ok, str(report)


# Losses

PROBABILITIES = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])
LABELS = np.array([2, 0])
LOSSES = {
    "mse": (lambda y, t: ((y - t) ** 2).mean(), ROWS, ROWS[::-1]),
    "mse, reduction=sum": (lambda y, t: ((y - t) ** 2).sum(), ROWS, ROWS[::-1]),
    "mae": (lambda y, t: np.abs(y - t).mean(), P, Q),
    "huber": (formulas.huber, 3 * P, Q),
    "huber, delta=0.5": (lambda y, t: formulas.huber(y, t, 0.5), P, Q),
    "hinge": (lambda s, y: np.maximum(0, 1 - y * s).mean(), P, np.sign(Q)),
    "squared_hinge": (
        lambda s, y: (np.maximum(0, 1 - y * s) ** 2).mean(),
        P,
        np.sign(Q),
    ),
    "binary_cross_entropy": (
        formulas.binary_cross_entropy,
        np.array([0.4, 0.5, 0.6]),
        np.array([0.0, 1.0, 0.7]),
    ),
    "binary_cross_entropy_with_logits": (
        lambda z, t: formulas.binary_cross_entropy(1 / (1 + np.exp(-z)), t),
        P,
        np.array([0.0, 1.0, 0.7]),
    ),
    "cross_entropy": (formulas.cross_entropy, ROWS, LABELS),
    "cross_entropy of probabilities": (formulas.cross_entropy, ROWS, PROBABILITIES),
    "cross_entropy, label_smoothing=0.3": (
        lambda z, y: formulas.cross_entropy(z, 0.7 * np.eye(3)[y] + 0.1),
        ROWS,
        LABELS,
    ),
    "nll": (formulas.nll, -np.abs(ROWS), LABELS),
    "kl_divergence": (
        formulas.kl_divergence,
        np.log(PROBABILITIES),
        PROBABILITIES[::-1],
    ),
    "kl_divergence, reduction=batchmean": (
        lambda log_q, p: 3 * formulas.kl_divergence(log_q, p),
        np.log(PROBABILITIES),
        PROBABILITIES[::-1],
    ),
    "cosine": (formulas.cosine, ROWS, ROWS[::-1] + P),
}


def loss_of(name):
    """Return a loss with the option in its case's name."""
    first, *options = name.split(", ")
    loss = getattr(nn.losses, first.split()[0])
    named = dict(option.split("=") for option in options)
    return partial(
        loss, **{k: v if k == "reduction" else float(v) for k, v in named.items()}
    )


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_goes_through_differences(name):
    formula, x, target = LOSSES[name]
    loss = loss_of(name)
    assert loss(x.tolist(), target.tolist()) == pytest.approx(
        formula(x, target), rel=1e-14
    )
    report = check_gradient(
        lambda x: formula(x, target),
        grad(lambda x: loss(x, target)),
        x,
        points=2,
        reference="differences",
    )
    assert report.ok, str(report)
    assert len(report.compared()) == 3


@pytest.mark.parametrize("name", [name for name in LOSSES if "reduc" not in name])
def test_the_costs_of_a_loss_go_through_differences(name):
    formula, x, target = LOSSES[name]
    loss, rows = loss_of(name), x.ndim == 2 and len(x)

    def forward(x):
        pairs = zip(x, target, strict=True)
        return np.array([formula(np.array([y]), np.array([t])) for y, t in pairs])

    def backward(g, x):
        leaves = np.array([Value(v) for v in x.ravel().tolist()]).reshape(x.shape)
        costs = loss(leaves.tolist(), target.tolist(), reduction="none")
        if rows and isinstance(costs[0], list):
            costs = [sum(row) / len(row) for row in costs]
        total = sum(c * o for c, o in zip(g.tolist(), costs, strict=True))
        return np.array(total.gradient(leaves.ravel().tolist())).reshape(x.shape)

    report = check_vjp(forward, backward, x, points=2, reference="differences")
    assert report.ok, str(report)


def test_no_loss_is_left_out():
    public = {name for name in nn.losses.__all__ if name not in ("LOSSES", "by_name")}
    assert {name.replace(",", "").split()[0] for name in LOSSES} == public
    assert public == set(nn.losses.LOSSES)


# What regularizes without a layer


def test_weight_decay_is_the_gradient_of_a_sum_of_squares():
    decay, lr = 0.3, 2.0**20  # so that θ − θ′ keeps the digits of the step

    def penalized(theta):
        return ((formulas.affine(P, theta) - 1) ** 2).sum() + decay / 2 * (
            theta @ theta
        )

    def step(theta):
        layer, parameters = LAYERS["Neuron, not fused"].set_up(theta)
        optimizer = nn.SGD(layer, lr=lr, weight_decay=decay)
        ((layer(P.tolist()) - 1) ** 2).backward()
        optimizer.step()
        return (theta - plain(parameters)) / lr

    report = check_gradient(
        penalized, step, np.array([0.3, -1.2, 0.7, 0.1]), reference="differences"
    )
    assert report.ok, str(report)
