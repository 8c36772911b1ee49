"""The gradients of every loss, layer and recurrent network through the checks."""

import numpy as np
import pytest

import nn
from autograd import Value, check_gradient, check_vjp, grad
from autograd.layout import number_of


def numbers(nest):
    if isinstance(nest, list | tuple | np.ndarray):
        return np.array([numbers(item) for item in nest])
    return float(number_of(nest))


P, Q = np.array([0.3, 1.2, -0.7]), np.array([0.5, -0.4, 0.9])
LOSSES = {
    "mse": (P, Q),
    "mae": (P, Q),
    "huber": (3 * P, Q),
    "hinge": (P, np.sign(Q)),
    "squared_hinge": (P, np.sign(Q)),
    "binary_cross_entropy": (np.array([0.4, 0.5, 0.6]), np.array([0.0, 1.0, 1.0])),
    "binary_cross_entropy_with_logits": (P, np.array([0.0, 1.0, 1.0])),
    "cross_entropy": (np.array([P, Q]), [2, 0]),
    "nll": (np.array([-np.abs(P), -np.abs(Q)]), [2, 0]),
    "kl_divergence": (np.log([[0.2, 0.5, 0.3]]), np.array([[0.3, 0.3, 0.4]])),
    "cosine": (np.array([P, Q]), np.array([Q, P + 1])),
}


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_goes_through_differences(name):
    x, target = LOSSES[name]
    loss = getattr(nn.losses, name)

    def fn(x):
        return loss(x, target)

    def plain(x):
        return float(number_of(loss(x.tolist(), target)))

    report = check_gradient(
        plain, grad(fn), x, points=2, reference="differences", argnums=0
    )
    assert report.ok, str(report)


def test_no_loss_is_left_out():
    assert set(LOSSES) == set(nn.losses.LOSSES)


LAYERS = {
    "Neuron": lambda seed: nn.Neuron(3, seed=seed),
    "Layer": lambda seed: nn.Layer(3, 2, activation="tanh", seed=seed),
    "MLP": lambda seed: nn.MLP(3, [4, 2], seed=seed),
    "LayerNorm": lambda seed: nn.LayerNorm(3),
    "Sequential": lambda seed: nn.Sequential(
        [nn.Layer(3, 2, seed=seed), nn.LayerNorm(2)]
    ),
    "RNN": lambda seed: nn.RNN(3, 2, seed=seed),
    "GRU": lambda seed: nn.GRU(3, 2, seed=seed),
    "LSTM": lambda seed: nn.LSTM(3, 2, seed=seed),
}


def flat(nest):
    if isinstance(nest, list | tuple | np.ndarray):
        return [one for item in nest for one in flat(item)]
    return [nest]


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_goes_through_differences(name):
    layer = LAYERS[name](0)
    x = np.array([P, Q]) if name in ("RNN", "GRU", "LSTM") else P

    def forward(x):
        return numbers(flat(layer(x.tolist())))

    def backward(g, x):
        leaves = np.array([Value(v) for v in x.ravel().tolist()])
        out = flat(layer(leaves.reshape(x.shape).tolist()))
        total = sum(c * o for c, o in zip(g.tolist(), out, strict=True))
        return np.array(total.gradient(leaves.tolist())).reshape(x.shape)

    report = check_vjp(forward, backward, x, points=2, reference="differences")
    assert report.ok, str(report)
