"""What layers, activations and losses compute, written anew in NumPy.

From the textbooks and the docstrings' formulas, without anything of `nn` or `autograd`:
differences of these are what the gradients through `nn` are compared with.
"""

from random import Random

import numpy as np
from scipy import special

# Layers: x, and the parameters as one vector θ, in the order of `parameters()`


def affine(x, theta):
    """Return A x + b; a row of θ is a neuron's weights and its bias."""
    rows = theta.reshape(-1, len(x) + 1)
    return rows[:, :-1] @ x + rows[:, -1]


def mlp(x, theta, hidden=4):
    cut = hidden * (len(x) + 1)
    return affine(np.maximum(affine(x, theta[:cut]), 0), theta[cut:])


def softmax(z):
    return np.exp(z) / np.exp(z).sum()


def layer_norm(x, theta, eps=1e-5):
    normal = (x - x.mean()) / np.sqrt(x.var() + eps)
    if not len(theta):
        return normal
    gamma, beta = theta.reshape(2, -1)
    return gamma * normal + beta


def dropout(x, p, seed):
    """Return x with some entries at 0; each draws one number of the generator."""
    draws = Random(seed)
    return np.array([xi * (draws.random() >= p) / (1 - p) for xi in x])


def embedding(indices, theta, width):
    return theta.reshape(-1, width)[indices]


def recurrent(cell, gates, parts):
    """Return a network of such cells on top of each other.

    The first rows of x are the states of the lowest layer; the upper ones start at 0.
    """

    def network(x, theta):
        n = x.shape[1]
        count = gates * n
        inputs, finals = list(x[parts:]), []
        state = [tuple(x[:parts])]
        layers = theta.reshape(-1, 2 * count * (n + 1))
        state += [(np.zeros(n),) * parts] * (len(layers) - 1)
        for own, weights in zip(state, layers, strict=True):
            w, u, b, d = np.split(weights, np.cumsum([count * n, count * n, count]))
            w, u = w.reshape(-1, n), u.reshape(-1, n)
            outputs = []
            for row in inputs:
                own = cell(w @ row + b, u @ own[0] + d, *own)
                outputs.append(own[0])
            inputs = outputs
            finals.append(own)
        ends = [layer[k] for k in range(parts) for layer in finals]
        return np.concatenate([*inputs, *ends])

    return network


def elman(a, s, h):
    return (np.tanh(a + s),)


def gru(a, s, h):
    (r, z, n), (sr, sz, sn) = np.split(a, 3), np.split(s, 3)
    z = special.expit(z + sz)
    return ((1 - z) * np.tanh(n + special.expit(r + sr) * sn) + z * h,)


def lstm(a, s, h, c):
    i, f, g, o = np.split(a + s, 4)
    c = special.expit(f) * c + special.expit(i) * np.tanh(g)
    return special.expit(o) * np.tanh(c), c


# Activations of one number

ACTIVATIONS = {
    "linear": lambda x: x,
    "reciprocal": lambda x: 1 / x,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "round": np.rint,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, x / 100),
    "elu": lambda x: np.where(x > 0, x, np.exp(x) - 1),
    "sigmoid": special.expit,
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "log_sigmoid": special.log_expit,
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x * special.ndtr(x),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "erf": special.erf,
    "erfc": special.erfc,
    "lgamma": special.gammaln,
    "digamma": special.psi,
}


def activation(name):
    """Return one by name; what stands in NumPy under the same name is NumPy's."""
    return ACTIVATIONS[name] if name in ACTIVATIONS else getattr(np, name)


# Losses: the mean of the costs


def huber(y, t, delta=1.0):
    d = np.abs(y - t)
    return np.where(d <= delta, d**2 / 2, delta * (d - delta / 2)).mean()


def binary_cross_entropy(p, t):
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()


def cross_entropy(z, q):
    """Return it for rows of probabilities q, or for the indices of the classes."""
    q = np.eye(z.shape[1])[q] if q.ndim == 1 else q
    return -(q * np.log([softmax(row) for row in z])).sum(1).mean()


def nll(log_p, labels):
    return -log_p[np.arange(len(labels)), labels].mean()


def kl_divergence(log_q, p):
    return (p * (np.log(p) - log_q)).mean()


def cosine(y, t):
    lengths = np.linalg.norm(y, axis=1) * np.linalg.norm(t, axis=1)
    return (1 - (y * t).sum(1) / lengths).mean()
