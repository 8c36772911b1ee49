"""Graphs to draw, each after `backward()`, and drawings of them."""

import builtins
import random
from itertools import pairwise

from autograd import Value, draw, exp, log, relu, sin, tanh


def neuron():
    """Karpathy's neuron, after `backward()`."""
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")
    out = tanh(w1 * x1 + w2 * x2 + b)
    out.label = "o"
    out.backward()
    return out


def square():
    x = Value(3.0, label="x")
    y = x**2
    y.backward()
    return y


def second_derivative():
    x = Value(0.5, label="x")
    y = sin(x * x)
    y.label = "y"
    [slope] = y.gradient([x], create_graph=True)
    slope.label = "dy/dx"
    slope.backward()
    return [y, slope]


def softmax_cross_entropy():
    scores = [Value(z, label=f"z{i}") for i, z in enumerate([2.0, 1.0, 0.5])]
    weights = [exp(z) for z in scores]
    total = weights[0] + weights[1] + weights[2]
    share = weights[0] / total
    share.label = "p0"
    loss = -log(share)
    loss.label = "loss"
    loss.backward()
    return loss


def mlp():
    """2-3-1 with short numbers; returns the score and names for the parameters."""
    x = [Value(1.0, label="x0"), Value(-2.0, label="x1")]
    layers, names = [], {}
    for n, (inputs, outputs) in enumerate([(2, 3), (3, 1)]):
        layers.append([])
        for j in range(outputs):
            w = [Value((i - j) / 2) for i in range(inputs)]
            b = Value(0.25)
            layers[-1].append((w, b))
            path = f"layers[{n}].neurons[{j}]"
            names |= {f"{path}.w[{i}]": v for i, v in enumerate(w)}
            names[f"{path}.b"] = b
    for n, layer in enumerate(layers):
        sums = [sum((a * i for a, i in zip(w, x, strict=True)), b) for w, b in layer]
        x = [relu(s) for s in sums] if n == 0 else sums
    x[0].label = "score"
    x[0].backward()
    return x[0], names


def rnn():
    """One unit, 60 steps, h ← tanh(w h + u x)."""
    w, u, h = Value(0.5, label="w"), Value(1.0, label="u"), Value(0.0, label="h")
    for t in range(60):
        h = tanh(w * h + u * float(t % 2))
    h.label = "out"
    h.backward()
    return h


def mlp_drawn(**options):
    score, names = mlp()
    return draw(score, names=names, **options)


class Net:
    """A network written as micrograd writes it, with names for its parameters."""

    def __init__(self, *widths, seed=0, activation=relu):
        rng = random.Random(seed)
        self.activation = activation
        self.layers = [
            [
                ([Value(rng.uniform(-1, 1)) for _ in range(inputs)], Value(0.1))
                for _ in range(outputs)
            ]
            for inputs, outputs in pairwise(widths)
        ]

    def named_parameters(self):
        return [
            (f"layers[{i}].neurons[{j}].{name}", value)
            for i, layer in enumerate(self.layers)
            for j, (weights, bias) in enumerate(layer)
            for name, value in [
                *((f"w[{k}]", w) for k, w in enumerate(weights)),
                ("b", bias),
            ]
        ]

    def __call__(self, x):
        for i, layer in enumerate(self.layers):
            sums = [
                builtins.sum((w * xi for w, xi in zip(ws, x, strict=True)), b)
                for ws, b in layer
            ]
            last = i == len(self.layers) - 1
            x = sums if last else [self.activation(s) for s in sums]
        return x


def training_step(samples, *widths, seed=0):
    """micrograd's demo: hinge loss and L2 term; op for op."""
    rng = random.Random(seed)
    net = Net(2, *widths, seed=seed)
    losses = []
    for _ in range(samples):
        [score] = net([rng.uniform(-1, 1), rng.uniform(-1, 1)])
        losses.append((1 + -rng.choice([-1, 1]) * score).relu())
    penalty = builtins.sum(p * p for _, p in net.named_parameters())
    loss = builtins.sum(losses) * (1.0 / samples) + 1e-4 * penalty
    loss.label = "loss"
    loss.backward()
    return loss, net


def training_step_drawn():
    """65,000 nodes: 100 samples through 2-16-16-1, op for op."""
    loss, net = training_step(100, 16, 16, 1)
    return draw(loss, names=net)


DRAWN = {
    "square": lambda: draw(square()),
    "neuron": lambda: draw(neuron(), color="grad", contributions=True),
    "second_derivative": lambda: draw(second_derivative()),
    "softmax_cross_entropy": lambda: draw(softmax_cross_entropy()),
    "mlp_unfolded": lambda: mlp_drawn(fold=False),
    "mlp_folded": lambda: mlp_drawn(fold="neurons"),
    "mlp_layers": lambda: mlp_drawn(depth=0),
    "rnn_folded": lambda: draw(rnn()),
    "training_step": training_step_drawn,
}
