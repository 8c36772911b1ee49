"""Right gradients, written by hand: each passes with no tolerance given.

A row: name, function, gradient, arguments. The gradients are the textbook's, in NumPy.
"""

import numpy as np

import autograd as ag

RNG = np.random.default_rng(7)
SIGNS = np.where(np.arange(400) % 2, -1.0, 1.0)
HILBERT = 1.0 / (np.arange(8)[:, None] + np.arange(8)[None, :] + 1.0)
LABELS = np.array([0, 2, 1, 2])
X = RNG.normal(size=(4, 3))
Y = RNG.normal(size=(4, 2))


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def alternating(x):
    total = 0.0
    for s, v in zip(SIGNS, x, strict=True):
        total = total + s * v
    return total**2


def rosenbrock(x):
    return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(3))


def rosenbrock_gradient(x):
    g = np.zeros(4)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


def cross_entropy(z):
    return sum(ag.logsumexp(z[i]) - z[i, LABELS[i]] for i in range(4)) / 4


def cross_entropy_gradient(z):
    p = softmax(z)
    p[np.arange(4), LABELS] -= 1
    return p / 4


def naive_cross_entropy(z):
    e = np.exp(z)
    p = e / e.sum(axis=1, keepdims=True)
    return -sum(np.log(p[i, LABELS[i]]) for i in range(4)) / 4


OUT = RNG.normal(size=(4, 3))


def batch_norm(x, gamma, beta):
    mu = x.mean(axis=0)
    var = ((x - mu) ** 2).mean(axis=0)
    hat = (x - mu) / np.sqrt(var + 1e-5)
    return (OUT * (gamma * hat + beta)).sum()


def batch_norm_gradient(x, gamma, beta):
    mu, n = x.mean(0), len(x)
    std = np.sqrt(x.var(0) + 1e-5)
    hat = (x - mu) / std
    d = OUT * gamma
    dx = (n * d - d.sum(0) - hat * (d * hat).sum(0)) / (n * std)
    return dx, (OUT * hat).sum(0), OUT.sum(0)


def layer_norm(x, gamma):
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=1, keepdims=True)
    return (OUT * gamma * (x - mu) / np.sqrt(var + 1e-5)).sum()


def layer_norm_gradient(x, gamma):
    mu, std = x.mean(1, keepdims=True), np.sqrt(x.var(1, keepdims=True) + 1e-5)
    hat, d = (x - mu) / std, OUT * gamma
    dx = d - d.mean(1, keepdims=True) - hat * (d * hat).mean(1, keepdims=True)
    return dx / std, (OUT * hat).sum(0)


SEEN = RNG.normal(size=(4, 3))


def attention(q, k, v):
    scores = q @ k.T / np.sqrt(3.0)
    e = np.exp(scores)
    p = e / e.sum(axis=1, keepdims=True)
    return (SEEN * (p @ v)).sum()


def attention_gradient(q, k, v):
    p = softmax(q @ k.T / np.sqrt(3.0))
    dp = SEEN @ v.T
    ds = p * (dp - (dp * p).sum(1, keepdims=True)) / np.sqrt(3.0)
    return ds @ k, ds.T @ q, p.T @ SEEN


def lstm_cell(w, x, h, c):
    n = 2
    z = w @ np.concatenate([x, h])
    i, f, o = (ag.sigmoid(z[k * n : k * n + n]) for k in range(3))
    g = np.tanh(z[3 * n :])
    new = f * c + i * g
    return (np.array([1.0, -2.0]) * (o * np.tanh(new))).sum() + (new**2).sum()


def lstm_cell_gradient(w, x, h, c):
    n = 2
    xh = np.concatenate([x, h])
    z = w @ xh
    i, f, o = (sigmoid(z[k * n : k * n + n]) for k in range(3))
    g = np.tanh(z[3 * n :])
    new = f * c + i * g
    t = np.tanh(new)
    dh = np.array([1.0, -2.0])
    dnew = dh * o * (1 - t * t) + 2 * new
    dz = np.concatenate(
        [
            dnew * g * i * (1 - i),
            dnew * c * f * (1 - f),
            dh * t * o * (1 - o),
            dnew * i * (1 - g * g),
        ]
    )
    dxh = w.T @ dz
    return np.outer(dz, xh), dxh[:3], dxh[3:], dnew * f


def convolution(image, kernel):
    total = 0.0
    for i in range(3):
        for j in range(3):
            total = total + np.tanh((image[i : i + 2, j : j + 2] * kernel).sum())
    return total


def convolution_gradient(image, kernel):
    di, dk = np.zeros_like(image), np.zeros_like(kernel)
    for i in range(3):
        for j in range(3):
            patch = image[i : i + 2, j : j + 2]
            d = 1 - np.tanh((patch * kernel).sum()) ** 2
            di[i : i + 2, j : j + 2] += d * kernel
            dk += d * patch
    return di, dk


def mlp(w1, b1, w2):
    h = np.tanh(X @ w1 + b1)
    return ((h @ w2 - Y) ** 2).mean()


def mlp_gradient(w1, b1, w2):
    h = np.tanh(X @ w1 + b1)
    d = 2 * (h @ w2 - Y) / Y.size
    dz = (d @ w2.T) * (1 - h * h)
    return X.T @ dz, dz.sum(0), h.T @ d


def recurrent(w, u):
    h = np.zeros(2)
    total = 0.0
    for x in X:
        h = np.tanh(w @ x + u @ h)
        total = total + (h**2).sum()
    return total


def recurrent_gradient(w, u):
    hs = [np.zeros(2)]
    for x in X:
        hs.append(np.tanh(w @ x + u @ hs[-1]))
    dw, du, dh = np.zeros_like(w), np.zeros_like(u), np.zeros(2)
    for t in range(4, 0, -1):
        dh = dh + 2 * hs[t]
        dz = dh * (1 - hs[t] ** 2)
        dw += np.outer(dz, X[t - 1])
        du += np.outer(dz, hs[t - 1])
        dh = u.T @ dz
    return dw, du


def near_cancelling(x):
    return ((1e8 + x) - 1e8) ** 2


W, U = RNG.normal(size=(2, 3)), RNG.normal(size=(2, 2))
W1, B1, W2 = RNG.normal(size=(3, 5)), RNG.normal(size=5), RNG.normal(size=(5, 2))
LSTM = (RNG.normal(size=(8, 5)), X[0], np.array([0.2, -0.4]), np.array([0.5, 1.0]))

RIGHT = [
    ("square", lambda x: x**2, lambda x: 2 * x, (3.0,)),
    ("pi r²", lambda r: np.pi * r**2, lambda r: 2 * np.pi * r, (1.7,)),
    ("alternating sum", alternating,
     lambda x: 2 * (SIGNS * x).sum() * SIGNS, (1000 + RNG.normal(size=400),)),
    ("logsumexp at ±1000", lambda x: ag.logsumexp(x), softmax,
     (np.array([1000.0, 999.0, -1000.0, 998.5]),)),
    ("near-cancelling difference", near_cancelling, lambda x: 2 * x, (0.37,)),
    ("same, at the same cost", near_cancelling,
     lambda x: 2 * ((1e8 + x) - 1e8), (0.37,)),
    ("variance about a mean of 1e6", lambda x: ((x - x.mean()) ** 2).sum(),
     lambda x: 2 * (x - x.mean()), (1e6 + RNG.normal(size=9),)),
    ("Hilbert form", lambda x: x @ HILBERT @ x, lambda x: 2 * HILBERT @ x,
     (np.array([1.0, -56, 1512, -15120, 69300, -149688, 144144, -51480]),)),
    ("Rosenbrock", rosenbrock, rosenbrock_gradient, (np.array([1.0, 1.0, 1.0, 1.0]),)),
    ("cross-entropy", cross_entropy, cross_entropy_gradient, (3 * X,)),
    ("cross-entropy, naive function", naive_cross_entropy, cross_entropy_gradient,
     (3 * X,)),
    ("batch norm", batch_norm, batch_norm_gradient, (X, np.ones(3), np.zeros(3))),
    ("layer norm", layer_norm, layer_norm_gradient, (X, np.array([1.0, 2.0, -1.0]))),
    ("attention", attention, attention_gradient, (X, X[::-1] * 0.5, Y @ W)),
    ("LSTM cell", lstm_cell, lstm_cell_gradient, LSTM),
    ("convolution", convolution, convolution_gradient,
     (RNG.normal(size=(4, 4)), RNG.normal(size=(2, 2)))),
    ("MLP", mlp, mlp_gradient, (W1, B1, W2)),
    ("recurrent net", recurrent, recurrent_gradient, (W, U)),
    ("tanh far out", lambda x: np.tanh(x).sum(), lambda x: 1 - np.tanh(x) ** 2,
     (np.array([0.1, 8.0, 19.0]),)),
    ("sigmoid far out", lambda x: ag.sigmoid(x).sum(),
     lambda x: sigmoid(x) * (1 - sigmoid(x)), (np.array([0.1, 30.0, -30.0]),)),
    ("log1p by log", lambda x: ag.log1p(x), lambda x: 1 / (1 + x), (1e-9,)),
    ("norm", lambda x: np.linalg.norm(x), lambda x: x / np.linalg.norm(x), (X[0],)),
    ("product", lambda x: np.prod(x), lambda x: np.prod(x) / x, (X[1],)),
    ("dict of parameters", lambda p: p["w"] ** 2 * p["b"],
     lambda p: {"w": 2 * p["w"] * p["b"], "b": p["w"] ** 2}, ({"w": 1.5, "b": 2.0},)),
    ("list of floats", lambda x: x[0] * x[1], lambda x: [x[1], x[0]], ([2.0, 3.0],)),
    ("relu at 0 gives 0", lambda x: ag.relu(x), lambda x: float(x > 0), (0.0,)),
    ("relu at 0 gives 1", lambda x: ag.relu(x), lambda x: float(x >= 0), (0.0,)),
    ("relu at 0 gives ½", lambda x: ag.relu(x),
     lambda x: 0.5 * (1 + np.sign(x)), (0.0,)),
    ("abs at 0", lambda x: abs(x), lambda x: 1.0 if x >= 0 else -1.0, (0.0,)),
    ("max at a tie", lambda x: np.max(x),
     lambda x: np.eye(3)[int(np.argmax(x))], (np.array([2.0, 2.0, 1.0]),)),
]  # fmt: skip
