"""Families of functions with right gradients, by hand in NumPy, for `false_alarms.py`.

Each draws problems of its own shape, scale and conditioning, and returns the function,
its gradient and the arguments, all in the dtype of the code under test.
"""

from itertools import pairwise

import numpy as np

import autograd as ag


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


class Draw:
    """Random arrays of one problem, in the dtype of the code under test."""

    def __init__(self, seed, single):
        self.rng = np.random.default_rng(seed)
        self.type = np.float32 if single else np.float64

    def normal(self, *shape, size=1.0, mean=0.0):
        return (mean + size * self.rng.normal(size=shape)).astype(self.type)

    def uniform(self, low, high, *shape):
        return self.rng.uniform(low, high, shape).astype(self.type)

    def between(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def scale(self, low=-2, high=2):
        return float(10 ** self.rng.uniform(low, high))


def least_squares(draw):
    n, m, k = draw.between(2, 12), draw.between(20, 120), draw.between(1, 12)
    x, y = draw.normal(n, m, size=draw.scale()), draw.normal(n, k)

    def fn(w, b):
        return ((x @ w + b - y) ** 2).mean()

    def hand(w, b):
        d = 2 * (x @ w + b - y) / y.dtype.type(y.size)
        return x.T @ d, d.sum(0)

    return fn, hand, (draw.normal(m, k, size=draw.scale(-1, 1)), draw.normal(k))


def ridge(draw):
    n, m = draw.between(3, 10), draw.between(50, 400)
    x, y, lam = draw.normal(n, m), draw.normal(n), draw.type(draw.scale(-4, 0))

    def fn(w):
        return 0.5 * ((x @ w - y) ** 2).sum() + 0.5 * float(lam) * (w * w).sum()

    return fn, lambda w: x.T @ (x @ w - y) + lam * w, (draw.normal(m),)


def logistic(draw):
    n, m = draw.between(3, 12), draw.between(30, 300)
    x = draw.normal(n, m, size=draw.scale(-1, 1))
    y = draw.rng.choice([-1.0, 1.0], n).astype(draw.type)

    def fn(w):
        return ag.softplus(-y * (x @ w)).mean()

    def hand(w):
        with np.errstate(over="ignore"):
            return -(x.T @ (y / (1 + np.exp(y * (x @ w))))) / draw.type(n)

    return fn, hand, (draw.normal(m),)


def mlp(draw):
    n = draw.between(2, 8)
    widths = [draw.between(5, 40) for _ in range(draw.between(3, 5))]
    x = draw.normal(n, widths[0], size=draw.scale(-1, 1))
    labels = draw.rng.integers(0, widths[-1], n)
    pairs = list(pairwise(widths))
    weights = [draw.normal(a, b, size=1 / np.sqrt(a)) for a, b in pairs]

    def fn(*weights):
        h = x
        for w in weights[:-1]:
            h = np.tanh(h @ w)
        z = h @ weights[-1]
        return sum(ag.logsumexp(z[i]) - z[i, labels[i]] for i in range(n)) / n

    def hand(*weights):
        hs = [x]
        for w in weights[:-1]:
            hs.append(np.tanh(hs[-1] @ w))
        p = softmax(hs[-1] @ weights[-1])
        p[np.arange(n), labels] -= 1
        d, found = p / draw.type(n), []
        for h, w in zip(hs[::-1], weights[::-1], strict=True):
            found.append(h.T @ d)
            d = (d @ w.T) * (1 - h * h)
        return tuple(found[::-1])

    return fn, hand, tuple(weights)


def relu_net(draw):
    n, a, b = draw.between(2, 8), draw.between(10, 50), draw.between(10, 50)
    x, y = draw.normal(n, a), draw.normal(n, 2)

    def fn(w, c, v):
        return ((ag.relu(x @ w + c) @ v - y) ** 2).sum()

    def hand(w, c, v):
        z = x @ w + c
        h = np.maximum(z, 0)
        d = 2 * (h @ v - y)
        dz = (d @ v.T) * (z > 0)
        return x.T @ dz, dz.sum(0), h.T @ d

    return fn, hand, (draw.normal(a, b), draw.normal(b), draw.normal(b, 2))


def batch_norm(draw):
    n, m = draw.between(4, 20), draw.between(5, 40)
    out = draw.normal(n, m)
    eps = draw.type(1e-5)

    def fn(x, gamma, beta):
        mu = x.mean(axis=0)
        var = ((x - mu) ** 2).mean(axis=0)
        return (out * (gamma * (x - mu) / np.sqrt(var + float(eps)) + beta)).sum()

    def hand(x, gamma, beta):
        std = np.sqrt(x.var(0) + eps)
        hat = (x - x.mean(0)) / std
        d = out * gamma
        dx = (d - d.mean(0) - hat * (d * hat).mean(0)) / std
        return dx, (out * hat).sum(0), out.sum(0)

    x = draw.normal(n, m, size=draw.scale(-1, 1), mean=draw.scale(-2, 3))
    return fn, hand, (x, draw.normal(m), draw.normal(m))


def layer_norm(draw):
    n, m = draw.between(3, 12), draw.between(8, 60)
    out = draw.normal(n, m)
    eps = draw.type(1e-5)

    def fn(x, gamma):
        c = x - x.mean(axis=1, keepdims=True)
        var = (c**2).mean(axis=1, keepdims=True)
        return (out * gamma * c / np.sqrt(var + float(eps))).sum()

    def hand(x, gamma):
        std = np.sqrt(x.var(1, keepdims=True) + eps)
        hat, d = (x - x.mean(1, keepdims=True)) / std, out * gamma
        dx = d - d.mean(1, keepdims=True) - hat * (d * hat).mean(1, keepdims=True)
        return dx / std, (out * hat).sum(0)

    x = draw.normal(n, m, size=draw.scale(-1, 1), mean=draw.scale(-2, 2))
    return fn, hand, (x, draw.normal(m))


def rms_norm(draw):
    n, m = draw.between(3, 12), draw.between(8, 60)
    out = draw.normal(n, m)

    def fn(x):
        return (out * x / np.sqrt((x * x).mean(axis=1, keepdims=True))).sum()

    def hand(x):
        r = np.sqrt((x * x).mean(1, keepdims=True))
        y = x / r
        return (out - y * (out * y).mean(1, keepdims=True)) / r

    return fn, hand, (draw.normal(n, m, size=draw.scale()),)


def attention(draw):
    n, d = draw.between(4, 16), draw.between(4, 24)
    seen = draw.normal(n, d)
    root = draw.type(np.sqrt(d))

    def fn(q, k, v):
        e = np.exp(q @ k.T / float(root))
        return (seen * ((e / e.sum(axis=1, keepdims=True)) @ v)).sum()

    def hand(q, k, v):
        p = softmax(q @ k.T / root)
        dp = seen @ v.T
        ds = p * (dp - (dp * p).sum(1, keepdims=True)) / root
        return ds @ k, ds.T @ q, p.T @ seen

    size = draw.scale(-1, 0.6)
    return fn, hand, tuple(draw.normal(n, d, size=size) for _ in range(3))


def convolution(draw):
    n, k, c = draw.between(6, 14), draw.between(2, 4), draw.between(1, 3)
    m = n - k + 1
    out = draw.normal(m, m)

    def patches(image):
        return [
            (i, j, image[:, i : i + m, j : j + m]) for i in range(k) for j in range(k)
        ]

    def fn(image, kernel):
        total = 0.0
        for i, j, patch in patches(image):
            for channel in range(c):
                total = total + patch[channel] * kernel[channel, i, j]
        return (out * np.tanh(total)).sum()

    def hand(image, kernel):
        z = sum(np.tensordot(kernel[:, i, j], p, 1) for i, j, p in patches(image))
        d = out * (1 - np.tanh(z) ** 2)
        di, dk = np.zeros_like(image), np.zeros_like(kernel)
        for i, j, patch in patches(image):
            dk[:, i, j] = (patch * d).sum((1, 2))
            di[:, i : i + m, j : j + m] += kernel[:, i, j, None, None] * d
        return di, dk

    return fn, hand, (draw.normal(c, n, n), draw.normal(c, k, k, size=1 / k))


def recurrent(draw):
    t, m, n = draw.between(3, 15), draw.between(2, 10), draw.between(2, 16)
    xs = draw.normal(t, m)

    def fn(w, u, b):
        h, total = np.zeros(n), 0.0
        for x in xs:
            h = np.tanh(w @ x + u @ h + b)
            total = total + (h * h).sum()
        return total

    def hand(w, u, b):
        hs = [np.zeros(n, draw.type)]
        for x in xs:
            hs.append(np.tanh(w @ x + u @ hs[-1] + b))
        dw, du, db = np.zeros_like(w), np.zeros_like(u), np.zeros_like(b)
        dh = np.zeros(n, draw.type)
        for i in range(t, 0, -1):
            dz = (dh + 2 * hs[i]) * (1 - hs[i] ** 2)
            dw += np.outer(dz, xs[i - 1])
            du += np.outer(dz, hs[i - 1])
            db += dz
            dh = u.T @ dz
        return dw, du, db

    size = draw.scale(-1, 0.3)
    return fn, hand, (draw.normal(n, m), draw.normal(n, n, size=size), draw.normal(n))


def lstm(draw):
    t, m, n = draw.between(2, 6), draw.between(2, 8), draw.between(2, 10)
    xs = draw.normal(t, m)

    def fn(w, b):
        h, c = np.zeros(n), np.zeros(n)
        for x in xs:
            z = w @ np.concatenate([x, h]) + b
            i, f, o = (ag.sigmoid(z[k * n : k * n + n]) for k in range(3))
            c = f * c + i * np.tanh(z[3 * n :])
            h = o * np.tanh(c)
        return (h * h).sum()

    def hand(w, b):
        h, c, saved = np.zeros(n, draw.type), np.zeros(n, draw.type), []
        for x in xs:
            xh = np.concatenate([x, h])
            z = w @ xh + b
            i, f, o = (sigmoid(z[k * n : k * n + n]) for k in range(3))
            g, old = np.tanh(z[3 * n :]), c
            c = f * c + i * g
            h = o * np.tanh(c)
            saved.append((xh, i, f, o, g, old, np.tanh(c)))
        dw, db, dh, dc = np.zeros_like(w), np.zeros_like(b), 2 * h, 0 * h
        for xh, i, f, o, g, old, tc in saved[::-1]:
            dc = dc + dh * o * (1 - tc * tc)
            dz = np.concatenate(
                [
                    dc * g * i * (1 - i),
                    dc * old * f * (1 - f),
                    dh * tc * o * (1 - o),
                    dc * i * (1 - g * g),
                ]
            )
            dw += np.outer(dz, xh)
            db += dz
            dh, dc = (w.T @ dz)[m:], dc * f
        return dw, db

    return fn, hand, (draw.normal(4 * n, m + n), draw.normal(4 * n))


def log_sum_exp(draw):
    n = draw.between(50, 800)
    return ag.logsumexp, softmax, (draw.normal(n, size=draw.scale(-1, 2.5)),)


def cross_entropy(draw):
    n, k = draw.between(5, 30), draw.between(3, 30)
    labels = draw.rng.integers(0, k, n)

    def fn(z):
        return sum(ag.logsumexp(z[i]) - z[i, labels[i]] for i in range(n)) / n

    def hand(z):
        p = softmax(z)
        p[np.arange(n), labels] -= 1
        return p / draw.type(n)

    return fn, hand, (draw.normal(n, k, size=draw.scale(-1, 2)),)


def alternating(draw):
    n = draw.between(100, 1000)
    signs = np.where(np.arange(n) % 2, -1, 1).astype(draw.type)

    def fn(x):
        return (signs * x).sum() ** 2

    def hand(x):
        return 2 * (signs * x).sum() * signs

    return fn, hand, (draw.normal(n, mean=draw.scale(0, 5)),)


def variance(draw):
    n = draw.between(50, 500)

    def fn(x):
        return ((x - x.mean()) ** 2).sum() / (n - 1)

    def hand(x):
        return 2 * (x - x.mean()) / draw.type(n - 1)

    return fn, hand, (draw.normal(n, mean=draw.scale(0, 6 if draw.type != np.float32
                                                     else 3)),)  # fmt: skip


def hilbert(draw):
    n = draw.between(4, 40)
    a = (1.0 / (np.arange(n)[:, None] + np.arange(n)[None, :] + 1.0)).astype(draw.type)
    b = draw.normal(n)

    def fn(x):
        return 0.5 * x @ (a @ x) - b @ x

    x = np.linalg.lstsq(a.astype(float), b.astype(float), rcond=1e-13)[0]
    return fn, lambda x: a @ x - b, (x.astype(draw.type),)


def rosenbrock(draw):
    n = draw.between(20, 500)

    def fn(x):
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    def hand(x):
        g = np.zeros_like(x)
        gap = x[1:] - x[:-1] ** 2
        g[:-1] = -400 * x[:-1] * gap - 2 * (1 - x[:-1])
        g[1:] += 200 * gap
        return g

    return fn, hand, (draw.normal(n, size=draw.scale(-3, 0), mean=1.0),)


ELEMENTS = {
    "sin": (np.sin, np.cos, (-20, 20)),
    "cos": (np.cos, lambda x: -np.sin(x), (-20, 20)),
    "exp": (np.exp, np.exp, (-20, 20)),
    "log": (np.log, lambda x: 1 / x, (0.2, 50)),
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x), (0.2, 50)),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2, (-15, 15)),
    "tanh, by the output": (np.tanh, lambda x: 1 - np.tanh(x) ** 2, (-6, 6)),
    "sigmoid": (ag.sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x)), (-30, 10)),
    "arctan": (np.arctan, lambda x: 1 / (1 + x * x), (-9, 9)),
    "arcsin": (np.arcsin, lambda x: 1 / np.sqrt(1 - x * x), (-0.8, 0.8)),
    "sinh": (np.sinh, np.cosh, (-9, 9)),
    "log1p": (np.log1p, lambda x: 1 / (1 + x), (-0.5, 9)),
    "expm1": (np.expm1, np.exp, (-9, 9)),
    "square": (lambda x: x**2, lambda x: 2 * x, (-9, 9)),
    "cube": (lambda x: x**3, lambda x: 3 * x * x, (-9, 9)),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / (x * x), (0.3, 9)),
    "softplus": (ag.softplus, sigmoid, (-20, 20)),
    "silu": (ag.silu,
             lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x))), (-9, 9)),
    "gelu": (ag.gelu, lambda x: 0.5 * (1 + erf(x / np.sqrt(x.dtype.type(2))))
             + x * np.exp(-x * x / 2) / np.sqrt(x.dtype.type(2 * np.pi)), (-3, 9)),
    "sin of exp": (lambda x: np.sin(np.exp(x)),
                   lambda x: np.cos(np.exp(x)) * np.exp(x), (-3, 6)),
    "log of 1 + x²": (lambda x: np.log(1 + x**2),
                      lambda x: 2 * x / (1 + x * x), (-9, 9)),
}  # fmt: skip


def erf(x):
    from scipy.special import erf

    return erf(x)


def elementwise(draw):
    name = draw.rng.choice(sorted(ELEMENTS))
    f, slope, (low, high) = ELEMENTS[name]
    n = draw.between(50, 600)
    c = draw.normal(n)

    def fn(x):
        return (c * f(x)).sum()

    return fn, lambda x: c * slope(x), (draw.uniform(low, high, n),)


def norms(draw):
    n = draw.between(10, 400)
    a = draw.normal(n)

    def fn(x):
        return (a * x).sum() / np.sqrt((x * x).sum())

    def hand(x):
        r = np.linalg.norm(x)
        u = x / r
        return (a - u * (a @ u)) / r

    return fn, hand, (draw.normal(n, size=draw.scale(-1, 3)),)


def product(draw):
    n = draw.between(5, 60)
    return np.prod, lambda x: np.prod(x) / x, (draw.uniform(0.5, 1.5, n),)


def pair_energy(draw):
    n = draw.between(4, 14)

    def fn(r):
        total = 0.0
        for i in range(n):
            for j in range(i):
                total = total + 1 / np.sqrt(((r[i] - r[j]) ** 2).sum())
        return total

    def hand(r):
        gap = r[:, None] - r[None]
        cube = (gap**2).sum(-1) ** draw.type(1.5)
        np.fill_diagonal(cube, np.inf)
        return -(gap / cube[:, :, None]).sum(1)

    return (
        fn,
        hand,
        (draw.normal(n, 3, size=draw.scale(-1, 1), mean=draw.scale(-2, 2)),),
    )


def polynomial(draw):
    n = draw.between(4, 18)
    x = draw.uniform(-2, 2, 20)

    def fn(c, x):
        total = 0.0 * x
        for k in range(n):
            total = total * x + c[k]
        return (total * total).sum()

    def hand(c, x):
        powers = x[None] ** np.arange(n - 1, -1, -1)[:, None].astype(draw.type)
        p = c @ powers
        slope = np.polyval(np.polyder(c), x)
        return powers @ (2 * p), 2 * p * slope

    return fn, hand, (draw.normal(n), x)


def near_root(draw):
    """(x − 1)ᵏ written out: every digit cancels near 1."""
    k = draw.between(2, 7)
    c = np.poly(np.ones(k)).astype(draw.type)

    def fn(x):
        total = 0.0 * x
        for number in c.tolist():
            total = total * x + number
        return total.sum()

    def hand(x):
        return np.polyval(np.polyder(c), x)

    return fn, hand, (draw.normal(200, size=0.01, mean=1.0),)


def gaussian(draw):
    n = draw.between(20, 300)
    y = draw.normal(n)

    def fn(mu, s):
        return (s + 0.5 * ((y - mu) / np.exp(s)) ** 2).sum()

    def hand(mu, s):
        z = (y - mu) / np.exp(s)
        return -z / np.exp(s), 1 - z * z

    return fn, hand, (draw.normal(n), draw.normal(n))


def divergence(draw):
    n = draw.between(10, 300)
    q = softmax(draw.normal(n))

    def fn(z):
        z = z - ag.logsumexp(z)
        return (np.exp(z) * (z - np.log(q))).sum()

    def hand(z):
        p = softmax(z)
        gap = np.log(p) - np.log(q)
        return p * (gap - (p * gap).sum())

    return fn, hand, (draw.normal(n, size=draw.scale(-1, 0.7)),)


def ode(draw):
    """Lotka-Volterra by Euler's method, the adjoint by hand."""
    steps, count, h = draw.between(5, 25), draw.between(5, 20), draw.type(0.05)

    def fn(a, b, u, v):
        for _ in range(steps):
            u, v = (
                u + float(h) * (a * u - b * u * v),
                v + float(h) * (b * u * v - a * v),
            )
        return (u * u + v).sum()

    def hand(a, b, u, v):
        states = []
        for _ in range(steps):
            states.append((u, v))
            u, v = u + h * (a * u - b * u * v), v + h * (b * u * v - a * v)
        du, dv, da, db = 2 * u, np.ones_like(v), 0 * a, 0 * b
        for u, v in states[::-1]:
            da += h * (du * u - dv * v)
            db += h * u * v * (dv - du)
            du, dv = (
                du * (1 + h * (a - b * v)) + dv * h * b * v,
                dv * (1 + h * (b * u - a)) - du * h * b * u,
            )
        return da, db, du, dv

    return fn, hand, tuple(draw.uniform(0.5, 1.5, count) for _ in range(4))


def outer_products(draw):
    n, m = draw.between(5, 40), draw.between(5, 40)
    target = draw.normal(n, m)

    def fn(a, b):
        return ((a[:, None] * b[None] - target) ** 2).sum()

    def hand(a, b):
        d = 2 * (np.outer(a, b) - target)
        return d @ b, a @ d

    return fn, hand, (draw.normal(n), draw.normal(m))


def embedding(draw):
    rows, m, t = draw.between(5, 40), draw.between(2, 20), draw.between(5, 60)
    chosen, c = draw.rng.integers(0, rows, t), draw.normal(t, m)

    def fn(table):
        return (c * np.tanh(table[chosen])).sum()

    def hand(table):
        d = np.zeros_like(table)
        np.add.at(d, chosen, c * (1 - np.tanh(table[chosen]) ** 2))
        return d

    return fn, hand, (draw.normal(rows, m),)


FAMILIES = [
    least_squares, ridge, logistic, mlp, relu_net, batch_norm, layer_norm, rms_norm,
    attention, convolution, recurrent, lstm, log_sum_exp, cross_entropy, alternating,
    variance, hilbert, rosenbrock, elementwise, norms, product, pair_energy, polynomial,
    near_root, gaussian, divergence, ode, outer_products, embedding,
]  # fmt: skip
