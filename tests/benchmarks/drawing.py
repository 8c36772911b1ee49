"""Time drawings: python tests/benchmarks/drawing.py

Seconds from `draw(...)` to SVG, the median of three runs, by the system's `dot` if
there is one, else by graphviz-pure: about 200 and 2,000 nodes, drawn one by one, and a
training step of 65,000 nodes, folded. Target: the last in 10 s. `--peak` adds the
memory that it takes.
"""

import argparse
import builtins
import random
import shutil
import statistics
import time
import tracemalloc

from autograd import Value, draw, explain, tanh
from nn import MLP, RNN


def training_step(samples):
    """micrograd's demo: MLP 2-16-16-1, hinge loss, L2 term, every + and * a node."""
    rng = random.Random(0)
    model = MLP(2, [16, 16, 1], "relu", fused=False, seed=0)
    losses = []
    for _ in range(samples):
        score = model([rng.uniform(-1, 1), rng.uniform(-1, 1)])
        losses.append((1 + -rng.choice([-1, 1]) * score).relu())
    penalty = builtins.sum(p * p for p in model.parameters())
    loss = builtins.sum(losses) * (1 / samples) + 1e-4 * penalty
    loss.backward()
    return loss, model


def network(*widths):
    model = MLP(4, list(widths), "tanh", fused=False, seed=0)
    out = model([Value(float(i)) for i in range(4)])
    out.backward()
    return out, model


def recurrent(steps):
    model = RNN(2, 4, seed=0)
    outputs, _ = model([[Value(0.1 * t), 1.0] for t in range(steps)])
    out = builtins.sum(outputs[-1])
    out.backward()
    return out, model


def chain(steps):
    v = Value(0.5)
    for _ in range(steps):
        v = tanh(v) + v
    v.backward()
    return v, None


CASES = [
    ("network, node by node", network(10, 1), {"fold": False}),
    ("network, node by node", network(24, 16, 1), {"fold": False}),
    ("chain, node by node", chain(1000), {"fold": False, "max_nodes": 3000}),
    ("RNN, 130 steps, node by node", recurrent(130), {"fold": False}),
    ("RNN, 1,000 steps, folded", recurrent(1000), {}),
    ("training step, folded", training_step(100), {}),
]


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--peak", action="store_true", help="memory as well")
    peak = options.parse_args().peak
    print(f"by {shutil.which('dot') or 'graphviz-pure'}")
    print(f"{'':32}{'nodes':>8}{'boxes':>7}{'draw s':>9}{'to SVG s':>10}")
    for name, (out, model), how in CASES:
        times = []
        for _ in range(3):
            start = time.perf_counter()
            drawing = draw(out, names=model, **how)
            drawn = time.perf_counter() - start
            drawing.svg  # noqa: B018 - what is timed
            times.append((time.perf_counter() - start, drawn))
        total, drawn = statistics.median(times)
        scene = drawing.scene
        print(
            f"{name:32}{scene.total:>8,}{len(scene.nodes):>7,}{drawn:>9.2f}{total:>10.2f}"
        )
    (loss, model), _ = CASES[-1][1:]
    start = time.perf_counter()
    count = explain(loss, wrt=model.parameters()[0]).count
    seconds = time.perf_counter() - start
    print(f"explain one weight: {count:,} paths in {seconds:.2f} s")
    if peak:
        tracemalloc.start()
        draw(loss, names=model)
        print(f"peak of the last: {tracemalloc.get_traced_memory()[1] / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
