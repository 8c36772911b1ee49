"""Compare a compiled training step with PyTorch, JAX and NumPy by hand, in one run.

    python tests/benchmarks/compiled_step.py [--steps 10000]

micrograd's moons demo: MLP(2, [16, 16, 1]), 100 points, hinge loss, L2 term, SGD, in
double precision. A step is forward, backward and update. Every engine is a process of
its own; they run in turns, so that all of them meet the same noise. `nn.fit` goes many
steps at a time while nobody looks: a turn is as many as it has gone when it reports
them to the bar of progress, after about 2 ms. Its time is all that passes from one
report to the next, the others' is the median of their steps: on a busy machine, where
a whole turn is sometimes interrupted, that is in their favour. Turns of fewer than 50
steps, while fit warms up, do not count.

Peers are installed from PyPI into environments of their own. Targets: `nn.fit` at least
25 times as fast as PyTorch eager and twice as fast as JAX's jit and NumPy by hand;
`step.map` on nested arrays 1.5 times as fast as NumPy by hand; the first result sooner
than JAX's.
"""

import argparse
import itertools
import json
import random
import statistics
import subprocess
import sys
import time

import numpy as np
from training_step import HERE, environment_with
from worker import two_moons

RATE, L2, TURN = 0.5, 1e-4, 50
NAMES = {
    "torch": "PyTorch eager",
    "jax": "JAX jit",
    "numpy": "NumPy by hand",
    "map": "step.map, nested arrays",
    "fit": "nn.fit, flat weights",
}
TARGETS = [
    ("fit", "torch", 25),
    ("fit", "jax", 2),
    ("fit", "numpy", 2),
    ("map", "numpy", 1.5),
]


def problem():
    """Return points, labels ±1, and the weights of three layers."""
    points, labels = two_moons(100, random.Random(42))
    rng = np.random.default_rng(1337)
    widths = [2, 16, 16, 1]
    layers = [
        (rng.uniform(-1, 1, (n, k)), np.zeros(n)) for k, n in itertools.pairwise(widths)
    ]
    return np.array(points), np.array(labels, float), layers


# Each returns a function that makes one step and gives the loss before it.


def with_numpy():
    X, y, ((W1, b1), (W2, b2), (W3, b3)) = problem()
    n = len(X)

    def step():
        z1 = X @ W1.T + b1
        h1 = np.maximum(z1, 0)
        z2 = h1 @ W2.T + b2
        h2 = np.maximum(z2, 0)
        score = (h2 @ W3.T + b3)[:, 0]
        margin = 1 - y * score
        loss = np.maximum(margin, 0).mean()
        for p in (W1, b1, W2, b2, W3, b3):
            loss += L2 * (p * p).sum()
        d3 = (np.where(margin > 0, -y, 0) / n)[:, None]
        d2 = (d3 @ W3) * (z2 > 0)
        d1 = (d2 @ W2) * (z1 > 0)
        for p, g in (
            (W3, d3.T @ h2),
            (b3, d3.sum(0)),
            (W2, d2.T @ h1),
            (b2, d2.sum(0)),
            (W1, d1.T @ X),
            (b1, d1.sum(0)),
        ):
            p -= RATE * (g + 2 * L2 * p)
        return loss

    return step


def with_torch():
    import torch

    X, y, layers = problem()
    X, y = torch.tensor(X), torch.tensor(y)
    parameters = [torch.tensor(p, requires_grad=True) for pair in layers for p in pair]
    optimizer = torch.optim.SGD(parameters, lr=RATE)

    def step():
        h = X
        for i in range(0, 6, 2):
            h = torch.nn.functional.linear(h, parameters[i], parameters[i + 1])
            h = torch.relu(h) if i < 4 else h
        loss = torch.relu(1 - y * h[:, 0]).mean()
        loss = loss + L2 * sum((p * p).sum() for p in parameters)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def with_jax():
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    X, y, layers = problem()
    X, y = jnp.array(X), jnp.array(y)
    weights = [(jnp.array(W), jnp.array(b)) for W, b in layers]

    def loss(weights):
        h = X
        for i, (W, b) in enumerate(weights):
            h = h @ W.T + b
            h = jnp.maximum(h, 0) if i < 2 else h
        data = jnp.maximum(1 - y * h[:, 0], 0).mean()
        return data + L2 * sum((W * W).sum() + (b * b).sum() for W, b in weights)

    @jax.jit
    def update(weights):
        value, gradient = jax.value_and_grad(loss)(weights)
        new = jax.tree_util.tree_map(lambda p, g: p - RATE * g, weights, gradient)
        return value, new

    def step():
        nonlocal weights
        value, weights = update(weights)
        return float(value.block_until_ready())

    return step


def _network(weights, x):
    """Return the score of one sample, on Values or whatever else multiplies."""
    import autograd

    h = x
    for i, (W, b) in enumerate(weights):
        h = [
            autograd.dot(list(row), list(h)) + bi for row, bi in zip(W, b, strict=True)
        ]
        h = [autograd.relu(z) for z in h] if i < 2 else h
    return h[0]


def with_map():
    import autograd

    X, y, weights = problem()

    def loss(weights, x, y):
        squares = sum((p * p).sum() for pair in weights for p in pair)
        return autograd.relu(1 - y * _network(weights, x)) + L2 * squares

    fast = autograd.compile(autograd.value_and_grad(loss))

    def step():
        value, gradient = fast.map(weights, X, y, in_axes=(None, 0, 0), reduce="mean")
        for pair, slopes in zip(weights, gradient, strict=True):
            for p, g in zip(pair, slopes, strict=True):
                p -= RATE * g
        return value

    return step


def with_fit(between):
    """Train by nn.fit as it is by default; `between` stands for a bar of progress.

    It is called after some steps with the last one's loss, and how many there were.
    """
    import nn

    X, y, weights = problem()
    model = nn.MLP(2, [16, 16, 1])
    rows = [(*row, bi) for W, b in weights for row, bi in zip(W, b, strict=True)]
    numbers = itertools.chain.from_iterable(rows)
    model.load_state_dict(dict(zip(model.state_dict(), numbers, strict=True)))
    parameters = model.parameters()

    def loss(outputs, targets):
        return nn.losses.hinge(outputs, targets) + L2 * sum(p * p for p in parameters)

    nn.progress.Progress.batch = lambda _, loss, count: between(loss, count)
    optimizer = nn.SGD(model, lr=RATE)
    nn.fit(model, loss, (X, y), 10**9, optimizer=optimizer, progress=False)


def fit_worker():
    """Answer as `worker` does, from inside of one long run of nn.fit."""
    start = time.perf_counter()

    def between(loss, count):
        nonlocal start
        taken = (time.perf_counter() - start) / count
        print(json.dumps([taken, count, loss]), flush=True)
        if not sys.stdin.readline():
            sys.exit()
        start = time.perf_counter()

    with_fit(between)


def worker(engine):
    if engine == "fit":
        fit_worker()
    start = time.perf_counter()
    step = globals()[f"with_{engine}"]()
    loss = step()
    print(json.dumps([time.perf_counter() - start, 1, loss]), flush=True)
    for line in sys.stdin:
        taken = []
        for _ in range(int(line)):
            start = time.perf_counter()
            loss = step()
            taken.append(time.perf_counter() - start)
        print(json.dumps([statistics.median(taken), len(taken), loss]), flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--steps", type=int, default=10_000)
    options.add_argument("--worker")
    options.add_argument("--only", default=",".join(NAMES))
    given = options.parse_args()
    if given.worker:
        worker(given.worker)
        return
    engines = given.only.split(",")
    peers = {"torch": "torch", "jax": "jax"}
    running, first, times = {}, {}, {engine: [] for engine in engines}
    for engine in engines:
        python = environment_with(peers[engine]) if engine in peers else sys.executable
        running[engine] = subprocess.Popen(
            [python, HERE / "compiled_step.py", "--worker", engine],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        first[engine], _, loss = json.loads(running[engine].stdout.readline())
    made = 0
    while made < given.steps:
        losses, steps = {}, TURN
        for engine, process in sorted(
            running.items(), key=lambda each: each[0] != "fit"
        ):
            process.stdin.write(f"{steps}\n")
            process.stdin.flush()
            seconds, steps, losses[engine] = json.loads(process.stdout.readline())
            if steps >= TURN:  # fit comes first and decides how many there are
                times[engine].append(seconds)
        made += steps
        spread = max(losses.values()) - min(losses.values())
        assert spread < 1e-9, f"the engines disagree: {losses}"
    medians = {engine: statistics.median(turns) for engine, turns in times.items()}
    print(f"{'':26}{'µs a step':>10}{'first result, s':>18}")
    for engine in engines:
        print(f"{NAMES[engine]:26}{1e6 * medians[engine]:>10.1f}{first[engine]:>18.2f}")
    for ours, peer, target in TARGETS:
        if ours in times and peer in times:
            pairs = zip(times[ours], times[peer], strict=True)
            ratio = statistics.median(slow / quick for quick, slow in pairs)
            verdict = "reached" if ratio >= target else "MISSED"
            print(
                f"{NAMES[ours]} is {ratio:.1f} times as fast as {NAMES[peer]} "
                f"(target {target}: {verdict})"
            )
    print(f"same loss after {made + 1} steps to {spread:.0e}: {loss:.6f} at first")


if __name__ == "__main__":
    main()
