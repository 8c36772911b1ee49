"""Time the check of an MLP's hand gradient: python tests/benchmarks/checking.py

Prints seconds for the report with 8 random points, at about 1,000 and 100,000
parameters, 8 samples; a right gradient and one with a mistake.
"""

import time
from itertools import pairwise

import numpy as np

from autograd import check_gradient, logsumexp

SAMPLES = 8


def problem(sizes, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(SAMPLES, sizes[0]))
    labels = rng.integers(0, sizes[-1], SAMPLES)
    weights = [rng.normal(size=(a, b)) / np.sqrt(a) for a, b in pairwise(sizes)]

    def loss(*weights):
        h = x
        for w in weights[:-1]:
            h = np.tanh(h @ w)
        z = h @ weights[-1]
        return sum(logsumexp(z[i]) - z[i, labels[i]] for i in range(SAMPLES)) / SAMPLES

    def gradient(*weights):
        hs = [x]
        for w in weights[:-1]:
            hs.append(np.tanh(hs[-1] @ w))
        z = hs[-1] @ weights[-1]
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        p[np.arange(SAMPLES), labels] -= 1
        d, found = p / SAMPLES, []
        for h, w in zip(reversed(hs), reversed(weights), strict=True):
            found.append(h.T @ d)
            d = (d @ w.T) * (1 - h * h)
        return tuple(reversed(found))

    return loss, gradient, weights


def main():
    for sizes in ([10, 30, 20, 4], [100, 280, 250, 4]):
        loss, gradient, weights = problem(sizes)

        def wrong(*weights, gradient=gradient):
            first, *rest = gradient(*weights)
            return (first * 1.01 + 0.1 * np.sin(first), *rest)

        for name, hand in (("right", gradient), ("wrong", wrong)):
            start = time.perf_counter()
            report = check_gradient(loss, hand, *weights)
            took = time.perf_counter() - start
            count = len(report.args)
            print(f"{count:7,d} parameters, {name}: {took:6.2f} s, ok={report.ok}")


if __name__ == "__main__":
    main()
