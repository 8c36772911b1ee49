"""Train micrograd's moons demo with one engine, a step for each line on stdin.

    python worker.py ENGINE        ENGINE: micrograd, tuples, ours, layers

MLP(2, [16, 16, 1]), 100 points of two moons, hinge loss, L2 term: about 65,000 nodes a
step with ordinary `*` and `+`. Each answer is the step's seconds (forward, backward,
update; the garbage collector at its default settings) and its loss.
"""

import math
import random
import sys
import time


def two_moons(count, rng):
    """Return points on two interleaved half circles, and labels ±1."""
    points, labels = [], []
    for i in range(count):
        angle = math.pi * rng.random()
        upper = i % 2 == 0
        x = math.cos(angle) if upper else 1 - math.cos(angle)
        y = math.sin(angle) if upper else 0.5 - math.sin(angle)
        points.append((x + rng.gauss(0, 0.1), y + rng.gauss(0, 0.1)))
        labels.append(-1 if upper else 1)
    return points, labels


class Neuron:
    """micrograd's: weights in one stream of random numbers, plain * and +."""

    def __init__(self, Value, width, nonlinear):
        self.w = [Value(random.uniform(-1, 1)) for _ in range(width)]
        self.b = Value(0)
        self.nonlinear = nonlinear

    def __call__(self, x):
        act = sum((wi * xi for wi, xi in zip(self.w, x)), self.b)  # noqa: B905
        return act.relu() if self.nonlinear else act


class PlainMLP:
    """micrograd's MLP(2, [16, 16, 1]) on any engine's Value."""

    def __init__(self, Value):
        widths = [2, 16, 16, 1]
        self.layers = [
            [Neuron(Value, widths[i], i != 2) for _ in range(widths[i + 1])]
            for i in range(3)
        ]

    def __call__(self, x):
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x[0]

    def parameters(self):
        return [p for layer in self.layers for n in layer for p in [*n.w, n.b]]


def engine(name):
    """Return the engine's Value and its model."""
    random.seed(1337)
    if name == "micrograd":
        from micrograd.engine import Value
        from micrograd.nn import MLP

        return Value, MLP(2, [16, 16, 1])
    if name == "tuples":
        from tuple_value import Value

        return Value, PlainMLP(Value)
    from autograd import Value

    if name == "layers":
        from nn import MLP

        return Value, MLP(2, [16, 16, 1], init="micrograd")
    return Value, PlainMLP(Value)


def step(Value, model, points, labels, k):
    inputs = [list(map(Value, row)) for row in points]
    scores = list(map(model, inputs))
    losses = [(1 + -yi * score).relu() for yi, score in zip(labels, scores)]  # noqa: B905
    data_loss = sum(losses) * (1.0 / len(losses))
    total = data_loss + 1e-4 * sum(p * p for p in model.parameters())
    for p in model.parameters():
        p.grad = 0
    total.backward()
    rate = 1.0 - 0.9 * min(k, 100) / 100
    for p in model.parameters():
        p.data -= rate * p.grad
    return total.data


def main():
    Value, model = engine(sys.argv[1])
    points, labels = two_moons(100, random.Random(42))
    print("ready", flush=True)
    for k, _ in enumerate(sys.stdin):
        start = time.perf_counter()
        loss = step(Value, model, points, labels, k)
        print(time.perf_counter() - start, loss, flush=True)


if __name__ == "__main__":
    main()
