"""Learn spirals, iris and XOR, over five seeds each, and say how it went.

    python tests/benchmarks/learning.py

Targets: spirals 97 % of the held-out points within 60 s a seed, iris 93 % averaged over
the seeds within 10 s, XOR all four corners within 5 s.
"""

import sys
import time
from statistics import fmean

import nn
from nn.tasks import task

SEEDS = range(5)


def held_out(name, epochs, seed):
    chosen = task(name, None, [16, 16] if name == "spirals" else [16], seed)
    adam = name == "spirals"
    model = chosen.model
    optimizer = nn.Adam(model, lr=0.02) if adam else nn.SGD(model, lr=0.1)
    size = 20 if adam else 15
    steps = epochs * -(-len(chosen.train[0]) // size)
    fall = nn.schedules.cosine(0.02, steps) if adam else None
    nn.fit(model, chosen.loss, chosen.train, epochs, size, optimizer, fall, seed=seed)
    inputs, targets = chosen.test
    return nn.metrics.accuracy([model(x) for x in inputs], targets)


def xor(epochs, seed):
    inputs, targets = nn.synthetic.xor()
    model = nn.MLP(2, [4, 2], "tanh", seed=seed)
    optimizer = nn.Adam(model, lr=0.05)
    nn.fit(model, "cross_entropy", (inputs, targets), epochs, optimizer=optimizer)
    return nn.metrics.accuracy([model(x) for x in inputs], targets)


def main():
    met = True
    for name, target, limit, run in [
        ("xor", 1.0, 5, lambda seed: xor(300, seed)),
        ("iris", 0.93, 10, lambda seed: held_out("iris", 100, seed)),
        ("spirals", 0.97, 60, lambda seed: held_out("spirals", 200, seed)),
    ]:
        shares, seconds = [], []
        for seed in SEEDS:
            start = time.perf_counter()
            shares.append(run(seed))
            seconds.append(time.perf_counter() - start)
        reached = fmean(shares) if name == "iris" else min(shares)
        met = met and reached >= target and max(seconds) <= limit
        print(
            f"{name}: {', '.join(f'{share:.1%}' for share in shares)}; mean "
            f"{fmean(shares):.1%}, target {target:.0%}; at most {max(seconds):.1f} s",
            flush=True,
        )
    print("targets met" if met else "target missed")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
