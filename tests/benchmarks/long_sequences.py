"""Measure time and memory a time step of recurrent networks, up to 20,000 steps.

    python tests/benchmarks/long_sequences.py

Forward, a loss over all outputs, backward, freeing, in processor time. Targets: memory
a step flat within 1.5 times from 1,000 steps on; time flat within 1.5 times with the
garbage collector off, 2.5 times at its default settings, as in node_cost.py. At 20,000
the graph of an LSTM or a GRU is more than 100,000 operations deep.
"""

import gc
import math
import sys
import time
import tracemalloc

import autograd
import nn

STEPS = [1_000, 5_000, 20_000]
LIMITS = [1.5, 2.5, 1.5]


def train(model, sequence):
    outputs, _ = model(sequence)
    autograd.mean([out * out for row in outputs for out in row]).backward()


def seconds(model, sequence):
    best = float("inf")
    for _ in range(max(3, 10_000 // len(sequence))):
        start = time.process_time()
        train(model, sequence)
        best = min(best, time.process_time() - start)
    return best


def measure(kind, steps):
    """Return a time step's microseconds, without and with collector, and its bytes."""
    model = kind(1, 2, seed=0)
    sequence = [[math.sin(t)] for t in range(steps)]
    gc.disable()
    without = seconds(model, sequence)
    gc.enable()
    gc.collect()
    collected = seconds(model, sequence)
    tracemalloc.start()
    train(model, sequence)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return without / steps * 1e6, collected / steps * 1e6, peak / steps


def main():
    met = True
    print(f"{'':6}{'steps':>8}{'µs a step':>12}{'with gc':>10}{'bytes a step':>14}")
    for kind in [nn.RNN, nn.LSTM, nn.GRU]:
        found = [measure(kind, steps) for steps in STEPS]
        for steps, (off, on, size) in zip(STEPS, found, strict=True):
            print(f"{kind.__name__:6}{steps:>8}{off:>12.1f}{on:>10.1f}{size:>14.0f}")
        for limit, costs in zip(LIMITS, zip(*found, strict=True), strict=True):
            met &= max(costs) <= limit * min(costs)
    print("targets met" if met else "targets missed")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
