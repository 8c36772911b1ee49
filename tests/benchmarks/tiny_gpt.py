"""Train a tiny GPT on module names: compiled, eager, and on the original's `Value`.

    python tests/benchmarks/tiny_gpt.py [--steps 1000] [--original-steps 10]

The architecture of Karpathy's microgpt (2026): 16 numbers a token, 4 heads, one block,
RMSNorm, 4,192 parameters; one name a step, Adam with linear decay. The names are those
of Python's standard library (`sys.stdlib_module_names`). Targets, against the pure
Python `Value` of slots and tuples in the same run: a step at least 1,000 times as fast
once the lengths that occur are recorded, and 30 times over the first 1,000 steps,
recording and compiling included.
"""

import argparse
import itertools
import math
import random
import statistics
import sys
import time

import numpy as np
from tuple_value import Value as TupleValue

import autograd

WIDTH, HEADS, CONTEXT = 16, 4, 16
SIZE = WIDTH // HEADS


def names():
    """Return the names and the letters they are made of; 0 is the mark at both ends."""
    found = sorted(n for n in sys.stdlib_module_names if len(n) < CONTEXT)
    letters = sorted(set("".join(found)))
    tokens = [[0, *(1 + letters.index(c) for c in name), 0] for name in found]
    random.Random(0).shuffle(tokens)
    return tokens, len(letters) + 1


def new_weights(vocabulary, seed=0):
    """Return the weights as arrays."""
    rng = np.random.default_rng(seed)
    shapes = {
        "token": (vocabulary, WIDTH),
        "position": (CONTEXT, WIDTH),
        "query": (WIDTH, WIDTH),
        "key": (WIDTH, WIDTH),
        "value": (WIDTH, WIDTH),
        "out": (WIDTH, WIDTH),
        "up": (4 * WIDTH, WIDTH),
        "down": (WIDTH, 4 * WIDTH),
        "head": (vocabulary, WIDTH),
    }
    return {name: rng.normal(0, 0.08, shape) for name, shape in shapes.items()}


class Plain:
    """The operations as the original has them: sums of products, written out."""

    @staticmethod
    def dot(w, x):
        return sum((wi * xi for wi, xi in zip(w, x, strict=True)), start=0)

    @staticmethod
    def total(xs):
        return sum(xs)

    @staticmethod
    def loss(scores, target):
        top = max(s.data for s in scores)
        weights = [(s - top).exp() for s in scores]
        return -(weights[target] / sum(weights)).log()

    @staticmethod
    def softmax(scores):
        top = max(s.data for s in scores)
        weights = [(s - top).exp() for s in scores]
        whole = sum(weights)
        return [w / whole for w in weights]

    @staticmethod
    def relu(x):
        return x.relu()

    @staticmethod
    def rows(table, i):
        return table[i]


class Ours(Plain):
    """The same with this package's operations."""

    dot = staticmethod(autograd.dot)
    total = staticmethod(autograd.sum)
    relu = staticmethod(autograd.relu)

    @staticmethod
    def loss(scores, target):
        return autograd.logsumexp(scores) - autograd.take(scores, target)

    @staticmethod
    def softmax(scores):
        whole = autograd.logsumexp(scores)
        return [autograd.exp(s - whole) for s in scores]

    @staticmethod
    def rows(table, i):
        return autograd.take(table, i)


def gpt(weights, tokens, m):
    """Return the mean loss over a name: of each token, given those before it."""

    def linear(matrix, x):
        return [m.dot(row, x) for row in matrix]

    def norm(x):
        mean_square = m.total([xi * xi for xi in x]) * (1 / len(x))
        scale = (mean_square + 1e-5) ** -0.5
        return [xi * scale for xi in x]

    keys, values, losses = [], [], []
    for place, (token, target) in enumerate(itertools.pairwise(tokens)):
        embedded = m.rows(weights["token"], token)
        x = norm(
            [a + b for a, b in zip(embedded, weights["position"][place], strict=True)]
        )
        before, x = x, norm(x)
        query = linear(weights["query"], x)
        keys.append(linear(weights["key"], x))
        values.append(linear(weights["value"], x))
        mixed = []
        for head in range(0, WIDTH, SIZE):
            part = slice(head, head + SIZE)
            scores = [m.dot(query[part], k[part]) * SIZE**-0.5 for k in keys]
            shares = m.softmax(scores)
            for j in range(head, head + SIZE):
                mixed.append(m.dot(shares, [v[j] for v in values]))
        x = [a + b for a, b in zip(linear(weights["out"], mixed), before, strict=True)]
        before, x = x, norm(x)
        hidden = [m.relu(h) for h in linear(weights["up"], x)]
        x = [
            a + b for a, b in zip(linear(weights["down"], hidden), before, strict=True)
        ]
        losses.append(m.loss(linear(weights["head"], x), target))
    return m.total(losses) * (1 / len(losses))


def nested(make, weights):
    return {
        name: [[make(x) for x in row] for row in table.tolist()]
        for name, table in weights.items()
    }


class Adam:
    """Adam on one flat array, with microgpt's settings, and no new arrays a step.

    The corrections of both moments, c and d, go into two numbers: m/c / (√(v/d) + ε) is
    √d/c · m / (√v + √d·ε).
    """

    def __init__(self, size, steps):
        self.m, self.v, self.steps = np.zeros(size), np.zeros(size), steps
        self.one, self.other = np.empty(size), np.empty(size)

    def update(self, weights, gradient, k):
        m, v, one, other = self.m, self.v, self.one, self.other
        c, root = 1 - 0.85 ** (k + 1), math.sqrt(1 - 0.99 ** (k + 1))
        m *= 0.85
        m += np.multiply(gradient, 0.15, out=one)
        v *= 0.99
        v += np.multiply(np.multiply(gradient, gradient, out=one), 0.01, out=one)
        np.sqrt(v, out=one)
        one += 1e-8 * root
        np.divide(m, one, out=other)
        other *= 0.01 * (1 - k / self.steps) * root / c
        weights -= other


def original(tokens, weights, steps, k_max):
    """Train on the tuple `Value`; return the seconds of each step, and the losses."""
    table = nested(TupleValue, weights)
    parameters = [p for rows in table.values() for row in rows for p in row]
    first, second = [0.0] * len(parameters), [0.0] * len(parameters)
    taken, losses = [], []
    for k in range(steps):
        start = time.perf_counter()
        loss = gpt(table, tokens[k % len(tokens)], Plain)
        loss.backward()
        rate = 0.01 * (1 - k / k_max)
        for i, p in enumerate(parameters):
            first[i] = 0.85 * first[i] + 0.15 * p.grad
            second[i] = 0.99 * second[i] + 0.01 * p.grad**2
            m = first[i] / (1 - 0.85 ** (k + 1))
            v = second[i] / (1 - 0.99 ** (k + 1))
            p.data -= rate * m / (v**0.5 + 1e-8)
            p.grad = 0
        taken.append(time.perf_counter() - start)
        losses.append(loss.data)
    return taken, losses


def compiled(tokens, weights, steps):
    """Train compiled: weights and their gradient in one flat array."""
    shapes = {name: table.shape for name, table in weights.items()}
    flat = np.concatenate([table.ravel() for table in weights.values()])
    views, place = {}, 0
    for name, shape in shapes.items():
        views[name] = flat[place : place + math.prod(shape)].reshape(shape)
        place += math.prod(shape)

    def loss(w, word):
        return gpt({k: [list(r) for r in table] for k, table in w.items()}, word, Ours)

    step = autograd.compile(autograd.value_and_grad(loss), index_argnums=1)
    adam, taken, losses = Adam(flat.size, steps), [], []
    for k in range(steps):
        start = time.perf_counter()
        value, gradient = step(views, tokens[k % len(tokens)])
        adam.update(flat, np.concatenate([g.ravel() for g in gradient.values()]), k)
        taken.append(time.perf_counter() - start)
        losses.append(value)
    return taken, losses, step


def overall(fast, expected, recordings):
    """Say after how many steps all of them together are 1,000 times as fast.

    Beyond the steps that were run, from what a step takes that records nothing.
    """
    ahead = list(
        itertools.accumulate(e / 1000 - t for e, t in zip(expected, fast, strict=True))
    )
    if max(ahead) >= 0:
        return f"after {next(i for i, x in enumerate(ahead, 1) if x >= 0)} steps"
    once = sum(sorted(fast)[:-recordings]) / (len(fast) - recordings)
    gain = statistics.mean(expected) / 1000 - once
    if gain <= 0:
        return "never: a step that records nothing is slower"
    return f"after about {len(fast) - ahead[-1] / gain:,.0f} steps"


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--steps", type=int, default=1000)
    options.add_argument("--original-steps", type=int, default=10)
    given = options.parse_args()
    tokens, vocabulary = names()
    weights = new_weights(vocabulary)
    print(f"{len(tokens)} names, {sum(w.size for w in weights.values())} parameters")
    slow, slow_losses = original(tokens, weights, given.original_steps, given.steps)
    fast, losses, step = compiled(tokens, weights, given.steps)
    # Once more afterwards: the machine may have other work in between.
    slow += original(tokens, weights, given.original_steps, given.steps)[0]
    for ours, theirs in zip(losses, slow_losses, strict=False):
        assert abs(ours - theirs) < 1e-9, (ours, theirs)
    print(step.stats())
    lengths = [len(tokens[k % len(tokens)]) for k in range(given.steps)]
    seen, recorded = set(), []
    for k, length in enumerate(lengths):
        if length not in seen:
            recorded.append(k)
        seen.add(length)
    replayed = [t for k, t in enumerate(fast) if k > max(recorded)]
    # The original's time is about linear in the length; compare the same names.
    again = lengths[: given.original_steps] * 2
    per_letter = statistics.median(t / n for t, n in zip(slow, again, strict=True))
    expected = [per_letter * length for length in lengths]
    print(f"original {1e3 * statistics.median(slow):.0f} ms a step")
    if replayed:
        ratios = [expected[k] / t for k, t in enumerate(fast) if k > max(recorded)]
        print(
            f"compiled {1e3 * statistics.median(replayed):.3f} ms once recorded, "
            f"{statistics.median(ratios):.0f} times as fast (target 1000)"
        )
    print(
        f"all {given.steps} steps: {sum(fast):.1f} s, "
        f"{sum(expected) / sum(fast):.0f} times as fast (target 30)"
    )
    print(f"1000 times as fast overall {overall(fast, expected, len(recorded))}")
    print(f"losses {losses[0]:.3f} ... {statistics.mean(losses[-100:]):.3f}")


if __name__ == "__main__":
    main()
