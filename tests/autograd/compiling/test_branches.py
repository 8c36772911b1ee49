"""Random functions that branch on their numbers: compiled as in plain Python."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, value_and_grad

from .random_programs import same

BINARY = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a - b,
    autograd.maximum,
    lambda a, b: autograd.where(a < b, a, 2 * b),
]
UNARY = [autograd.tanh, autograd.sin, abs, autograd.relu, lambda a: 0.5 * a]
COMPARE = [
    lambda a, b: a < b,
    lambda a, b: a >= b,
    lambda a, b: (a < b) & (b < 1) if isinstance(b, Value) else a < b < 1,
]


def random_function(seed, size=12):
    """Return a function of two numbers, full of `if` and `while`."""
    plan = random.Random(seed)
    steps = [
        (plan.random(), plan.randrange(10**6), plan.randrange(10**6), plan.randrange(9))
        for _ in range(size)
    ]

    def f(x, y):
        known = [x, y, x * 0.5 + 1.0]
        for kind, first, second, which in steps:
            a, b = known[first % len(known)], known[second % len(known)]
            if kind < 0.25:
                if COMPARE[which % len(COMPARE)](a, b):
                    known.append(a + 1.0)
                else:
                    known.append(b * 0.25)
                    known.append(a - b)
            elif kind < 0.35:
                count = 0
                while a > 2 and count < 6:
                    a = a * 0.5
                    count += 1
                known.append(a)
            elif kind < 0.65:
                known.append(UNARY[which % len(UNARY)](a))
            else:
                known.append(BINARY[which % len(BINARY)](a, b))
        return known[-1] + 0.0 * x

    return f


def points(seed, count=12):
    rng = random.Random(seed)
    return [(rng.gauss(0, 2), rng.gauss(0, 2)) for _ in range(count)]


@given(seed=st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_values_are_those_of_plain_python_on_floats(seed):
    f = random_function(seed)
    fast = autograd.compile(f, backend="python", exact=True)
    for x, y in points(seed):
        assert same(fast(x, y), float(f(x, y)))


@given(seed=st.integers(0, 10**9))
@settings(max_examples=25, deadline=None)
def test_gradients_and_batches_too(seed):
    f = value_and_grad(random_function(seed), (0, 1))
    fast = autograd.compile(f)
    samples = points(seed)
    wanted = [f(x, y) for x, y in samples]
    for (x, y), (value, slopes) in zip(samples, wanted, strict=True):
        found, gradient = fast(x, y)
        assert found == pytest.approx(value, rel=1e-11, abs=1e-12)
        assert gradient == pytest.approx(slopes, rel=1e-11, abs=1e-12)
    xs, ys = map(np.array, zip(*samples, strict=True))
    values, (dx, dy) = fast.map(xs, ys)
    assert values == pytest.approx([v for v, _ in wanted], rel=1e-11, abs=1e-12)
    assert dx == pytest.approx([s[0] for _, s in wanted], rel=1e-11, abs=1e-12)
    assert dy == pytest.approx([s[1] for _, s in wanted], rel=1e-11, abs=1e-12)
    total, _ = fast.map(xs, ys, reduce="sum")
    assert total == pytest.approx(math.fsum(v for v, _ in wanted), rel=1e-9, abs=1e-9)
