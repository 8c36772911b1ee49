"""Wrong gradients and the kind of mistake that each makes.

A row: kind, name, function, gradient, arguments.
"""

import numpy as np

import autograd as ag

from .right_gradients import (
    B1,
    LABELS,
    LSTM,
    OUT,
    RNG,
    SEEN,
    W1,
    W2,
    U,
    W,
    X,
    Y,
    attention,
    attention_gradient,
    batch_norm,
    batch_norm_gradient,
    convolution,
    convolution_gradient,
    cross_entropy,
    cross_entropy_gradient,
    layer_norm,
    layer_norm_gradient,
    lstm_cell,
    lstm_cell_gradient,
    mlp,
    mlp_gradient,
    recurrent,
    recurrent_gradient,
    softmax,
)

M, N = RNG.normal(size=(3, 3)), RNG.normal(size=(3, 3))
STATE = np.random.default_rng(3)


def changed(gradient, place, change):
    """Return a gradient with one of its results passed through `change`."""

    def wrong(*args):
        parts = list(gradient(*args))
        parts[place] = change(parts[place])
        return tuple(parts)

    return wrong


def bilinear(a, b):
    return np.sum(M * np.tanh(a @ b))


def bilinear_gradient(a, b):
    d = M * (1 - np.tanh(a @ b) ** 2)
    return d @ b.T, a.T @ d


def in_place(x):
    x *= 2
    return x


def sorting(x):
    g = np.cos(x)
    x.sort()
    return g


def centred(x, w):
    x -= x.mean()
    return (w, x + 0.0)


def cube_in_place(x):
    x **= 3
    return 4 * x


def noisy(x):
    return 2 * x * (1 + 1e-3 * STATE.normal())


CALLS = {"n": 0}


def accumulating(x):
    CALLS["n"] += 1
    return CALLS["n"] * 2 * x


def dropout(x):
    return 2 * x * (STATE.random(x.shape) > 0.5)


def overflowing(x):
    e = np.exp(x)
    return e / e.sum()


def mlp_flawed(flaw):
    def wrong(w1, b1, w2):
        z = X @ w1 + b1
        h = np.tanh(z)
        d = 2 * (h @ w2 - Y) / Y.size
        slope = 1 - h * h
        if flaw == "pre":
            slope = 1 - z * z
        if flaw == "post":
            slope = 1 - np.tanh(h) ** 2
        if flaw == "none":
            slope = 1.0
        dz = (d @ w2.T) * slope
        db = dz[0] if flaw == "unsummed" else dz.sum(0)
        return X.T @ dz, db, (z if flaw == "w2 pre" else h).T @ d

    return wrong


def recurrent_flawed(flaw):
    def wrong(w, u):
        hs = [np.zeros(2)]
        for x in X:
            hs.append(np.tanh(w @ x + u @ hs[-1]))
        dw, du, dh = np.zeros_like(w), np.zeros_like(u), np.zeros(2)
        for t in range(4, 0, -1):
            dh = dh + 2 * hs[t]
            dz = dh * (1 - hs[t] ** 2)
            dw += np.outer(dz, X[t - 1])
            du += np.outer(dz, hs[t if flaw == "step" else t - 1])
            dh = u.T @ dz if flaw != "truncated" else np.zeros(2)
        return dw, du

    return wrong


def batch_norm_fixed_mean(x, gamma, beta):
    std = np.sqrt(x.var(0) + 1e-5)
    hat, n, d = (x - x.mean(0)) / std, len(x), OUT * gamma
    return (n * d - hat * (d * hat).sum(0)) / (n * std), (OUT * hat).sum(0), OUT.sum(0)


def batch_norm_fixed_variance(x, gamma, beta):
    std = np.sqrt(x.var(0) + 1e-5)
    hat, d = (x - x.mean(0)) / std, OUT * gamma
    return (d - d.mean(0)) / std, (OUT * hat).sum(0), OUT.sum(0)


def attention_without_normaliser(q, k, v):
    p = softmax(q @ k.T / np.sqrt(3.0))
    ds = p * (SEEN @ v.T) / np.sqrt(3.0)
    return ds @ k, ds.T @ q, p.T @ SEEN


def relu_net(w1, w2):
    h = ag.relu(X @ w1)
    return ((h @ w2) ** 2).sum()


def relu_net_unmasked(w1, w2):
    h = np.maximum(X @ w1, 0)
    d = 2 * (h @ w2)
    return X.T @ (d @ w2.T), h.T @ d


def polynomial(x, y):
    a = x * y
    b = np.sin(a)
    return b + a * x


def residual(x):
    inner = np.tanh(x)
    return (inner * x + x).sum()


def ridge(w):
    fit = ((X @ w - Y[:, 0]) ** 2).sum()
    penalty = 0.1 * (w**2).sum()
    return fit + penalty


def ridge_gradient(times):
    return lambda w: 2 * X.T @ (X @ w - Y[:, 0]) + times * 0.2 * w


def lasso(w, b):
    return ((X @ w + b - Y[:, 0]) ** 2).sum() + 0.3 * w.sum() + 0.7 * b


def lasso_gradient(a, c):
    def gradient(w, b):
        r = 2 * (X @ w + b - Y[:, 0])
        return X.T @ r + a, r.sum() + c

    return gradient


def single(gradient):
    def wrong(*args):
        found = gradient(*(np.asarray(a, np.float32) for a in args))
        if isinstance(found, tuple):
            return tuple(np.asarray(g, float) for g in found)
        return np.asarray(found, float)

    return wrong


def cube_sum(x):
    return (x**3).sum()


def cube_sum_gradient(x):
    return 3 * x**2


V = np.array([0.7, -1.3, 2.1])
SQUARE = np.tanh(RNG.normal(size=(3, 3)))
BATCH = (X, np.ones(3) * 1.5, np.zeros(3))
ATTEND = (X, X[::-1] * 0.5, Y @ W)
IMAGE = (RNG.normal(size=(4, 4)), RNG.normal(size=(2, 2)))

WRONG = [
    ("mutates-arguments", "scaled in place", lambda x: (x**2).sum(), in_place, (V,)),
    ("mutates-arguments", "sorted", lambda x: np.sin(x).sum(), sorting, (V,)),
    ("mutates-arguments", "centred in place", lambda x, w: (x * w).sum(), centred,
     (V, V**2)),
    ("mutates-arguments", "wrong besides", lambda x: (x**4).sum(), cube_in_place, (V,)),
    ("non-deterministic", "noise", lambda x: (x**2).sum(), noisy, (V,)),
    ("non-deterministic", "accumulates", lambda x: (x**2).sum(), accumulating, (V,)),
    ("non-deterministic", "dropout", lambda x: (x**2).sum(), dropout,
     (np.arange(1.0, 40.0),)),
    ("non-finite", "softmax overflows", lambda x: ag.logsumexp(x), overflowing,
     (np.array([1000.0, 0.0]),)),
    ("non-finite", "0/0 of a norm", lambda x: (x**2).sum(),
     lambda x: 2 * x * (x - x[0]) / (x - x[0]), (V,)),
    ("non-finite", "log of a negative", lambda x: (x**3).sum(),
     lambda x: 3 * np.exp(2 * np.log(x)), (V,)),
    ("transposed", "first of a product", bilinear,
     changed(bilinear_gradient, 0, np.transpose), (SQUARE, N)),
    ("transposed", "second of a product", bilinear,
     changed(bilinear_gradient, 1, np.transpose), (SQUARE, N)),
    ("transposed", "recurrent weights", recurrent,
     changed(recurrent_gradient, 1, np.transpose), (W, U)),
    ("transposed", "not square", mlp, changed(mlp_gradient, 0, np.transpose),
     (W1, B1, W2)),
    ("permuted", "reversed", cube_sum, lambda x: cube_sum_gradient(x)[::-1], (V,)),
    ("permuted", "rolled rows", mlp,
     changed(mlp_gradient, 2, lambda g: np.roll(g, 1, 0)), (W1, B1, W2)),
    ("permuted", "flipped kernel", convolution,
     changed(convolution_gradient, 1, lambda g: g[::-1, ::-1]), IMAGE),
    ("permuted", "gates in another order", lstm_cell,
     changed(lstm_cell_gradient, 0, lambda g: np.roll(g, 2, 0)), LSTM),
    ("swapped-arguments", "two numbers", polynomial,
     lambda x, y: (np.cos(x * y) * x + x * x, np.cos(x * y) * y + 2 * x * y),
     (1.0, 2.0)),
    ("swapped-arguments", "two matrices", bilinear,
     lambda a, b: bilinear_gradient(a, b)[::-1], (SQUARE, N)),
    ("swapped-arguments", "queries and keys", attention,
     lambda q, k, v: (lambda g: (g[1], g[0], g[2]))(attention_gradient(q, k, v)),
     ATTEND),
    ("swapped-arguments", "scale and shift", batch_norm,
     lambda *a: (lambda g: (g[0], g[2], g[1]))(batch_norm_gradient(*a)), BATCH),
    ("sign", "all", cube_sum, lambda x: -cube_sum_gradient(x), (V,)),
    ("sign", "one argument", mlp, changed(mlp_gradient, 1, np.negative), (W1, B1, W2)),
    ("sign", "one gate", lstm_cell, changed(lstm_cell_gradient, 3, np.negative), LSTM),
    ("sign", "one coordinate", cube_sum, lambda x: cube_sum_gradient(x) * [1, -1, 1],
     (V,)),
    ("factor", "2", lambda x: (x**2).sum() / 2, lambda x: 2 * x, (V,)),
    ("factor", "sum for mean", cross_entropy, lambda z: 4 * cross_entropy_gradient(z),
     (3 * X,)),
    ("factor", "½ in one argument", mlp, changed(mlp_gradient, 2, lambda g: g / 2),
     (W1, B1, W2)),
    ("factor", "3.14159 for π", lambda r: np.pi * r**2, lambda r: 2 * 3.14159 * r,
     (1.7,)),
    ("factor", "degrees", lambda x: np.sin(np.pi * x / 180).sum(),
     lambda x: np.cos(np.pi * x / 180), (V,)),
    ("constant", "zeros", mlp, changed(mlp_gradient, 1, np.zeros_like), (W1, B1, W2)),
    ("constant", "the number of the point", lambda x: (x**2).sum(),
     lambda x: np.array([1.4, -2.6, 4.2]), (V,)),
    ("constant", "ones", lambda x: np.exp(x).sum(), np.ones_like, (V,)),
    ("wrong-point", "pre-activation in 1 − z²", mlp, mlp_flawed("pre"), (W1, B1, W2)),
    ("wrong-point", "post-activation in tanh′", mlp, mlp_flawed("post"), (W1, B1, W2)),
    ("wrong-point", "pre-activation as the factor", mlp, mlp_flawed("w2 pre"),
     (W1, B1, W2)),
    ("wrong-point", "the next time step", recurrent, recurrent_flawed("step"), (W, U)),
    ("missing-path", "product rule", polynomial,
     lambda x, y: (np.cos(x * y) * y + x * y, np.cos(x * y) * x + x * x), (1.0, 2.0)),
    ("missing-path", "batch norm's mean fixed", batch_norm, batch_norm_fixed_mean,
     BATCH),
    ("missing-path", "batch norm's variance fixed", batch_norm,
     batch_norm_fixed_variance, BATCH),
    ("missing-path", "softmax's normaliser", attention, attention_without_normaliser,
     ATTEND),
    ("missing-path", "bias of one sample", mlp, mlp_flawed("unsummed"), (W1, B1, W2)),
    ("missing-path", "tanh′ forgotten", mlp, mlp_flawed("none"), (W1, B1, W2)),
    ("missing-path", "relu mask", relu_net, relu_net_unmasked, (W1, W2)),
    ("missing-path", "truncated in time", recurrent, recurrent_flawed("truncated"),
     (W, U)),
    ("missing-path", "skip connection", residual,
     lambda x: (1 - np.tanh(x) ** 2) * x + np.tanh(x), (V * 0.5,)),
    ("missing-path", "regularisation", ridge, ridge_gradient(0), (V,)),
    ("doubled-path", "regularisation", ridge, ridge_gradient(2), (V,)),
    ("doubled-path", "product rule", polynomial,
     lambda x, y: (np.cos(x * y) * y + 3 * x * y, np.cos(x * y) * x + x * x),
     (1.0, 2.0)),
    ("doubled-path", "skip connection", residual,
     lambda x: (1 - np.tanh(x) ** 2) * x + 2 * np.tanh(x) + 1, (V * 0.5,)),
    ("doubled-path", "softmax's normaliser", cross_entropy,
     lambda z: (2 * softmax(z) - np.eye(3)[LABELS]) / 4, (3 * X,)),
    ("offset", "constant added", cube_sum, lambda x: cube_sum_gradient(x) + 0.25, (V,)),
    ("offset", "in one coordinate", cube_sum,
     lambda x: cube_sum_gradient(x) + np.array([0, 0.1, 0]), (V,)),
    ("offset", "in one argument", mlp, changed(mlp_gradient, 1, lambda g: g - 0.5),
     (W1, B1, W2)),
    ("single-precision", "cast", mlp, single(mlp_gradient), (W1, B1, W2)),
    ("single-precision", "dtype", cube_sum,
     lambda x: cube_sum_gradient(x).astype(np.float32), (V,)),
    ("single-precision", "layer norm", layer_norm, single(layer_norm_gradient),
     (X, V)),
    ("unknown", "a random matrix besides", mlp,
     changed(mlp_gradient, 0, lambda g: g + 0.1 * np.sin(g)), (W1, B1, W2)),
    ("unknown", "noise of the point", cube_sum,
     lambda x: cube_sum_gradient(x) * (1 + 0.01 * np.sin(50 * x)), (V,)),
    ("unknown", "two mistakes", mlp,
     lambda *a: (lambda g: (g[0] + 0.3 * g[0] ** 2, 1.5 * g[1] + 0.2, g[2]))(
         mlp_gradient(*a)), (W1, B1, W2)),
]  # fmt: skip
