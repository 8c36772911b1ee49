"""Record and simplify: microseconds a node, seconds for each length of a tiny GPT.

    python tests/benchmarks/recording.py

A network 2-16-16-1, written out in plain `*` and `+` and with `dot`, its value alone
and with the gradient; then the tiny GPT of `tiny_gpt.py`, value and gradient. A node is
what the eager run makes a Value for, leaves included: with a gradient that of
`create_graph=True`. Targets: 3 µs a node; recording and simplifying the 14 lengths of
names 3.5 s together.
"""

import time

import numpy as np
import tiny_gpt

import autograd
from autograd import Value
from autograd.graph import topological_order
from autograd.structures import flatten


def written_out(weights, x):
    """Return the network's output by sums of products, one at a time."""
    for k, matrix in enumerate(weights):
        x = [
            sum((w * a for w, a in zip(row, x, strict=False)), row[-1])
            for row in matrix
        ]
        x = [a.relu() for a in x] if k < 2 else x
    return x[0]


def by_dot(weights, x):
    """Return the same by `dot`."""
    for k, matrix in enumerate(weights):
        x = [autograd.dot(row[:-1], x) + row[-1] for row in matrix]
        x = [autograd.relu(a) for a in x] if k < 2 else x
    return x[0]


def gpt(weights, word):
    tables = {name: [list(row) for row in table] for name, table in weights.items()}
    return tiny_gpt.gpt(tables, word, tiny_gpt.Ours)


def nodes(f, *args):
    """Return how many nodes the eager run makes."""

    def live(x):
        if isinstance(x, dict):
            return {key: live(each) for key, each in x.items()}
        if isinstance(x, list | np.ndarray):
            return [live(each) for each in x]
        return Value(x) if isinstance(x, float) else x

    results, _ = flatten(f(live(args[0]), *args[1:]))
    return len(topological_order(results, lambda node: node.parents))


def cost(f, *args, index=(), repeats=5):
    """Return the seconds of recording and of simplifying, the best of a few runs."""
    found = []
    for _ in range(repeats):
        fast = autograd.compile(f, index_argnums=index, backend="python")
        fast(*args)
        stats = fast.stats()
        found.append((stats["seconds_recording"], stats["seconds_simplifying"]))
    return tuple(map(min, zip(*found, strict=True)))


def main():
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=s).tolist() for s in ((16, 3), (16, 17), (1, 17))]
    for f in (written_out, by_dot):
        for g in (f, autograd.value_and_grad(f)):
            count = nodes(g, weights, [0.1, 0.2])
            recording, simplifying = cost(g, weights, [0.1, 0.2], repeats=20)
            print(
                f"{g.__name__}: {count} nodes, recording {1e6 * recording / count:.2f} "
                f"µs a node, simplifying {1e6 * simplifying / count:.2f}"
            )
    words, letters = tiny_gpt.names()
    tables, total = tiny_gpt.new_weights(letters), np.zeros(2)
    step = autograd.value_and_grad(gpt)
    for length, word in sorted({len(word): word for word in words}.items()):
        count = nodes(step, tables, word)
        seconds = cost(step, tables, word, index=1, repeats=1)
        total += seconds
        each = 1e6 * sum(seconds) / count
        print(
            f"tiny GPT, {length} tokens: {count} nodes, recording {seconds[0]:.3f} s, "
            f"simplifying {seconds[1]:.3f} s; together {each:.1f} µs a node"
        )
    print(f"all lengths: recording {total[0]:.2f} s, simplifying {total[1]:.2f} s")


if __name__ == "__main__":
    start = time.perf_counter()
    main()
    print(f"{time.perf_counter() - start:.0f} s in all")
