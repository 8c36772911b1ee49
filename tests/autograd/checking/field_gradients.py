"""Hand gradients as statistics, physics and ports of layers write them.

Functions here are written out, as an author without the engine's operations would:
a sigmoid is three operations, a norm five. A row: kind of mistake or "", name,
function, gradient, arguments.
"""

import numpy as np

RNG = np.random.default_rng(20261125)
C = np.sqrt(2 / np.pi)


def normal(*shape):
    return RNG.normal(size=shape)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def slope_of_sigmoid(x):
    return sigmoid(x) * (1 - sigmoid(x))


def silu(x):
    return np.sum(x * sigmoid(x))


def gelu(x):
    return np.sum(0.5 * x * (1 + np.tanh(C * (x + 0.044715 * x**3))))


def gelu_gradient(x, inner):
    t = np.tanh(C * (x + 0.044715 * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner


def softsign(x):
    return np.sum(np.sin(x / (1 + np.abs(x))))


def softsign_gradient(x, at):
    return np.cos(x / (1 + np.abs(x))) / (1 + np.abs(at)) ** 2


def sequence(w, v, xs):
    """Run a recurrence whose activation is written out."""
    h = 0.2
    for x in xs:
        h = sigmoid(w * h + v * x)
    return h


def sequence_gradient(w, v, xs, slope):
    states = [0.2]
    for x in xs:
        states.append(sigmoid(w * states[-1] + v * x))
    bar, dw, dv = 1.0, 0.0, 0.0
    for t in reversed(range(len(xs))):
        x, before, after = xs[t], states[t], states[t + 1]
        bar *= slope(w * before + v * x, after)
        dw, dv, bar = dw + bar * before, dv + bar * x, bar * w
    return dw, dv


def huber(r):
    return np.sum(np.where(np.abs(r) <= 1.0, 0.5 * r * r, np.abs(r) - 0.5))


def elu(x):
    return np.sum(np.where(x > 0, x, np.exp(x) - 1))


def rms_norm(x):
    return np.sum(WEIGHTS * x / np.sqrt(np.mean(x * x) + 1e-6))


def cosine(a, b):
    return np.sum(a * b) / (np.sqrt(np.sum(a * a)) * np.sqrt(np.sum(b * b)))


def cosine_gradient(a, b):
    na, nb, c = np.linalg.norm(a), np.linalg.norm(b), cosine(a, b)
    return b / (na * nb) - c * a / na**2, a / (na * nb) - c * b / nb**2


def kalman(q, r, zs):
    """Return the negative log-likelihood of a random walk that is observed."""
    x, p, loss = 0.0, 1.0, 0.0
    for z in zs:
        p = p + q
        s, v = p + r, z - x
        loss = loss + 0.5 * (np.log(s) + v * v / s)
        x, p = x + p / s * v, (1 - p / s) * p
    return loss


def kalman_gradient(q, r, zs, innovation=1):
    x, p, d = 0.0, 1.0, np.eye(2)
    dx, dp, found = np.zeros(2), np.zeros(2), np.zeros(2)
    for z in zs:
        p, dp = p + q, dp + d[0]
        s, ds, v, dv = p + r, dp + d[1], z - x, -dx
        found = found + 0.5 * (ds / s - (v / s) ** 2 * ds + innovation * 2 * v * dv / s)
        k, dk = p / s, dp / s - p * ds / s**2
        x, dx = x + k * v, dx + dk * v + k * dv
        p, dp = (1 - k) * p, (1 - k) * dp - dk * p
    return tuple(found)


def log_determinant(m):
    """Return log det of a symmetric 2 × 2 matrix by its Cholesky factor."""
    a = m[0, 0] ** 0.5
    b = m[1, 0] / a
    return 2 * (np.log(a) + np.log((m[1, 1] - b * b) ** 0.5))


def log_determinant_gradient(m):
    inverse = np.linalg.inv(np.tril(m) + np.tril(m, -1).T)
    return np.tril(2 * inverse) - np.diag(np.diag(inverse))


def normal_loss(mean, log_scale, x):
    return np.sum(log_scale + 0.5 * ((x - mean) * np.exp(-log_scale)) ** 2)


def normal_loss_gradient(mean, log_scale, x):
    z = (x - mean) * np.exp(-log_scale)
    return -z * np.exp(-log_scale), 1 - z * z, z * np.exp(-log_scale)


def reprojection(f, p, seen):
    return np.sum((f * p[:, 0] / p[:, 2] - seen) ** 2)


def reprojection_gradient(f, p, seen):
    r = 2 * (f * p[:, 0] / p[:, 2] - seen)
    dp = [r * f / p[:, 2], 0 * r, -r * f * p[:, 0] / p[:, 2] ** 2]
    return np.sum(r * p[:, 0] / p[:, 2]), np.stack(dp, 1), -r


def swapped_places(gradient, i, j):
    def wrong(*args):
        parts = list(gradient(*args))
        parts[i], parts[j] = parts[j], parts[i]
        return tuple(parts)

    return wrong


WEIGHTS, X, RESIDUALS = normal(5), normal(5), np.array([0.3, -0.5, 2.2, -3.1, 0.8])
SERIES, POINTS = normal(5), normal(4, 3) + np.array([0.0, 0.0, 9.0])
SAMPLES = (normal(4), normal(4), normal(4))
SPREAD = normal(6) + 1e5

FIELD = [
    ("", "silu", silu, lambda x: sigmoid(x) + x * slope_of_sigmoid(x), X),
    ("wrong-point", "sigmoid at its output", silu,
     lambda x: sigmoid(x) + x * slope_of_sigmoid(sigmoid(x)), X),
    ("missing-path", "gate", silu, sigmoid, X),
    ("", "gelu", gelu, lambda x: gelu_gradient(x, C * (1 + 0.134145 * x * x)), 3 * X),
    ("missing-path", "inner", gelu, lambda x: gelu_gradient(x, 1.0), X),
    ("", "softsign", softsign, lambda x: softsign_gradient(x, x), X),
    ("wrong-point", "softsign at its output", softsign,
     lambda x: softsign_gradient(x, x / (1 + np.abs(x))), X),
    ("", "sequence", lambda w, v: sequence(w, v, SERIES),
     lambda w, v: sequence_gradient(w, v, SERIES, lambda z, a: a * (1 - a)), 0.7, 0.4),
    ("wrong-point", "sequence, slopes at its outputs",
     lambda w, v: sequence(w, v, SERIES),
     lambda w, v: sequence_gradient(w, v, SERIES, lambda z, a: slope_of_sigmoid(a)),
     0.7, 0.4),
    ("", "kalman", lambda q, r: kalman(q, r, SERIES),
     lambda q, r: kalman_gradient(q, r, SERIES), 0.3, 0.5),
    ("missing-path", "innovation held fixed", lambda q, r: kalman(q, r, SERIES),
     lambda q, r: kalman_gradient(q, r, SERIES, innovation=0), 0.3, 0.5),
    ("", "huber", huber, lambda r: np.clip(r, -1, 1), RESIDUALS),
    ("missing-path", "not clipped", huber, lambda r: 1.0 * r, RESIDUALS),
    ("constant", "signs only", huber, np.sign, RESIDUALS),
    ("", "elu", elu, lambda x: np.where(x > 0, 1.0, np.exp(x)), RESIDUALS),
    ("missing-path", "elu without its mask", elu, np.exp, RESIDUALS),
    ("missing-path", "rms held fixed", rms_norm,
     lambda x: WEIGHTS / np.sqrt(np.mean(x * x) + 1e-6), X),
    ("", "cosine", cosine, cosine_gradient, X, X + 1e-4 * WEIGHTS),
    ("missing-path", "norms held fixed", cosine,
     lambda a, b: tuple(v / np.linalg.norm(a) / np.linalg.norm(b) for v in (b, a)),
     X, WEIGHTS),
    ("", "log determinant", log_determinant, log_determinant_gradient,
     np.array([[1.0, 0.0], [1.0, 1.3]])),
    ("factor", "log determinant of the factor", log_determinant,
     lambda m: log_determinant_gradient(m) / 2, np.array([[2.0, 0.0], [0.3, 1.3]])),
    ("", "normal loss", normal_loss, normal_loss_gradient,
     SAMPLES[0], SAMPLES[1] - 12, SAMPLES[2]),
    ("swapped-arguments", "normal loss", normal_loss,
     swapped_places(normal_loss_gradient, 0, 1), *SAMPLES),
    ("", "reprojection", reprojection, reprojection_gradient, 1.2, POINTS, SERIES[:4]),
    ("", "variance as a difference", lambda x: np.mean(x * x) - np.mean(x) ** 2,
     lambda x: 2 * (x - x.mean()) / x.size, SPREAD),
]  # fmt: skip
