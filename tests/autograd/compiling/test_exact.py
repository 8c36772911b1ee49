"""`compile(f, exact=True)`: the very bits of the eager run, whatever is derived."""

import itertools
import math
from operator import mul

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import (
    TracingError,
    Value,
    dot,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    take,
    value_and_grad,
    vjp,
    where,
)
from autograd.structures import flatten

from .random_functions import (
    bits,
    points,
    random_function,
    scalar,
    spread,
    without_graph,
)

BACKENDS = ["python", "numpy", "llvm"]


def compiled(f, backend="python", **options):
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    return autograd.compile(f, exact=True, backend=backend, **options)


def assert_bits(f, samples, backend="python", **options):
    """Call by call and as a batch, f gives the bits of its eager run."""
    fast = compiled(f, backend, max_branches=500, **options)
    wanted = [bits(f(*sample)) for sample in samples]
    for sample, bits_wanted in zip(samples, wanted, strict=True):
        assert bits(fast(*sample)) == bits_wanted, (sample, f(*sample), fast(*sample))
    columns = [np.array(column) for column in zip(*samples, strict=True)]
    batch = fast.map(*columns)
    for place, bits_wanted in enumerate(wanted):
        assert bits(sample_of(batch, place)) == bits_wanted, samples[place]
    return fast


def sample_of(batch, place):
    """Return one sample's results, in the order of its numbers."""
    if isinstance(batch, list | tuple):
        return [sample_of(part, place) for part in batch]
    return batch[place].ravel().tolist() if batch.ndim > 1 else float(batch[place])


# Derivatives of derivatives, through choices


def by_gradient(f):
    """Return third derivatives by `v.gradient`, of interior Values too."""

    def derivatives(x):
        w = [a * 1.5 for a in x]
        first = f(*w).gradient([*w, *x], create_graph=True)
        second = spread(first).gradient([*x, w[0]], create_graph=True)
        return spread([*first, *second, *spread(second).gradient(x)])

    return lambda *x: grad(derivatives)(list(x))


SECOND = {
    "hessian": lambda f: hessian(f, (0, 1, 2)),
    "hessian by reverse": lambda f: hessian(f, (0, 1, 2), mode="reverse"),
    "grad of grad": lambda f: grad(scalar(grad(f, (0, 1, 2))), (0, 1, 2)),
    "third": lambda f: grad(scalar(grad(scalar(grad(f, (0, 1, 2))), (0, 1))), (0, 2)),
    "hvp": lambda f: lambda *x: hvp(f, (0, 1, 2))(*x, (x[2], 1.0, 0.0)),
    "grad of jvp": lambda f: grad(
        lambda *x: jvp(f, x, (x[0], 1.0, x[1]))[1], (0, 1, 2)
    ),
    "jacobian of grad": lambda f: jacobian(grad(f, (0, 2)), (1, 2)),
    "gradient": by_gradient,
}
CHOICES = {
    "maximum": lambda a, b, c: autograd.maximum(a, b) * c,
    "minimum": lambda a, b, c: autograd.minimum(a * b, b) * c,
    "max": lambda a, b, c: autograd.max([a * c, b, c]) * a,
    "min": lambda a, b, c: autograd.min([a * b, b, c]) * a,
    "relu": lambda a, b, c: autograd.relu(a - b) * c + autograd.relu(c * b),
    "leaky_relu": lambda a, b, c: autograd.leaky_relu(a, b) * c,
    "abs": lambda a, b, c: autograd.abs(a * b - c) * b,
    "clip": lambda a, b, c: autograd.clip(a * c, b, c) * a,
    "where": lambda a, b, c: where(a > b, a * c, b * b) * c,
    "where of constants": lambda a, b, c: where(a > b, 2.0, -1.0) * c * b * a,
    "condition as number": lambda a, b, c: ((a > b) * 1.0) * c * b + (b > c) * a * a,
    "atan2": lambda a, b, c: autograd.atan2(a * b, c) * b,
    "hypot": lambda a, b, c: autograd.hypot(a, b * c) * c,
    "norm": lambda a, b, c: autograd.norm([a, b * a, c]) * b,
    "logsumexp": lambda a, b, c: autograd.logsumexp([a * b, b, c]) * a,
    "logaddexp": lambda a, b, c: autograd.logaddexp(a * b, c) * a,
    "power": lambda a, b, c: (a * a) ** b * c,
    "sinc": lambda a, b, c: autograd.sinc(a * b) * c,
    "xlogy": lambda a, b, c: autograd.xlogy(a, b * b) * c,
    "sort": lambda a, b, c: spread(np.sort(autograd.array([a * b, b, c])).tolist()) * a,
    "median": lambda a, b, c: np.median(autograd.array([a * b, b, c])) * c,
    "built-in max": lambda a, b, c: max(a * b, c) * b,
    "if": lambda a, b, c: a * b * c if a > b else c * c * a,
}
POINTS = [(0.5, -1.25, 2.0), (2.0, 0.1, -0.3), (-0.7, -0.7, 1.0), (1.1, 1.0, 0.0)]
POINTS += [(0.0, -0.0, -0.5), (3.0, 0.7, 0.7), (-0.0, 1.0, 1.0)]


def meeting(g):
    """Return a function in which terms of three sizes meet in each of three sums."""

    def f(a, b, c):
        u, v = a * b, b + c
        parts = [g(u, v, a), g(v, a, b), g(a, u, v) * v, u * v, g(b, c, u)]
        return spread(parts) + 1e16 * a * a * v + 0.7 * u * u - 1e16 * v * c

    return f


@pytest.mark.parametrize("second", SECOND)
@pytest.mark.parametrize("name", CHOICES)
def test_derivatives_of_derivatives_have_the_bits_of_the_eager_run(name, second):
    assert_bits(SECOND[second](meeting(CHOICES[name])), POINTS)


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("name", CHOICES)
def test_so_they_have_by_every_backend(name, backend):
    assert_bits(hessian(meeting(CHOICES[name]), (0, 1, 2)), POINTS, backend)


# Numbers that shape the graph of a derivative


def test_numbers_that_are_0_or_1_leave_no_edge_as_in_the_eager_run():
    def loss(w, x, y):  # x and y are numbers there, and a partial of 1 makes no node
        p = dot(w, x) + w[0] * y * w[1]
        return 1e16 * p * x[0] + autograd.relu(p * y) * p - 1e16 * p * w[2] * p

    numbers = [0.0, 1.0, 0.3]
    samples = [
        ([0.1, -0.7, 1.3], [x, 0.7, z], y)
        for x, y, z in itertools.product(numbers, repeat=3)
    ]
    assert_bits(hessian(loss), samples)
    assert_bits(grad(scalar(grad(loss, (0, 1))), (0, 1)), samples)


IN_ARRAYS = {  # y is a number, and in an array of Values a leaf
    "made": lambda x, y: x * x * autograd.array([y])[0],
    "of both": lambda x, y: np.tanh(autograd.array([x, y])) @ autograd.array([y, x]),
    "joined": lambda x, y: x * x * np.concatenate([autograd.array([x]), [y]])[1],
    "chosen": lambda x, y: (
        x * x * np.where([True, False], y, autograd.array([x, x]))[0]
    ),
    "set": lambda x, y: x * x * set_first(autograd.array([x, x]), y)[0],
    "not made": lambda x, y: x * x * take([y, 2.0], 0),
}


def set_first(values, new):
    values[0] = new
    return values


@pytest.mark.parametrize("name", IN_ARRAYS)
def test_numbers_in_an_array_of_values_are_leaves(name):
    f = IN_ARRAYS[name]
    samples = list(itertools.product([0.0, -0.0, 1.0, -1.0, 0.3], repeat=2))
    for derivative in (hessian(f), value_and_grad(grad(f)), grad(grad(grad(f)))):
        assert_bits(derivative, samples)


def test_a_cotangent_is_handed_on_by_a_number_that_is_1():
    rng = np.random.default_rng(0)

    def loss(w, x):  # what multiplies by x uses the cotangent twice
        s = w[1] * w[2] + w[0] * w[1] * x + w[2] * w[0] + w[2] * w[1] * x
        return s * s * s * w[0]

    samples = [(rng.normal(size=3).tolist(), x) for x in (1.0, 0.3) for _ in range(20)]
    assert_bits(grad(scalar(grad(loss))), samples)


def test_cotangents_and_tangents_may_be_0():
    def f(x):
        u = x[0] * x[1]
        v = u * x[2]
        return [autograd.maximum(u, v) * u, v * u + x[0], u * x[1]]

    def both(x, seeds):
        x, seeds = list(x), list(seeds)
        pulled = vjp(f, x)[1](seeds)
        return [pulled, jvp(f, (x,), (seeds,))]

    samples = [
        ([0.3, -1.7, 1.1], list(seeds))
        for seeds in itertools.product([0.0, 1.0, -1e16, 0.1], repeat=3)
    ]
    assert_bits(both, samples)
    assert_bits(grad(scalar(both)), samples)


def test_what_derivatives_of_numbers_give_are_numbers():
    w = Value(1.5)

    def inner(t):
        return -(autograd.relu(t) * 2.0) - t * 0.0 - t * t

    functions = {
        "of an argument": lambda x: grad(inner)(x),
        "inside": lambda x: grad(lambda t: t * grad(inner)(x))(x),
        "beside a Value from outside": lambda x: grad(lambda t: inner(t * w))(x),
        "of a Value": lambda x: grad(inner)(x * w),
        "of an own leaf": lambda x: grad(lambda t: inner(t) * Value(2.0))(x),
        "of what no_grad leaves": lambda x: grad(inner)(without_graph(x, 2.0)),
        "of detached": lambda x: grad(lambda t: grad(inner)(t.detach()) * t)(x),
    }
    for f in functions.values():
        assert_bits(f, [(-1.0,), (0.0,), (-0.0,), (2.0,)])


def test_derivatives_inside_of_no_grad_are_numbers():
    def f(x):
        with no_grad():
            slope = grad(lambda t: autograd.relu(t) * t)(x)
        return slope * x

    for g in (f, grad(f), grad(grad(f))):
        assert_bits(g, [(-1.0,), (0.0,), (3.0,)])
    assert autograd.compile(grad(f))(3.0) == grad(f)(3.0) == 6.0


# take


def direct(w, i, j):
    a, b = take(w, i), take(w, j)
    return a * 1e16 * w[0] + b * a * w[1] - 1e16 * a * w[2] + b * 0.3


def computed(w, i, j):
    rows = [w[0] * w[1], w[1] + w[2], w[2] * w[0] * 0.1]
    a, b = take(rows, i), take(rows, j)
    return spread([a * w[0], w[1] * b, rows[0] * a, b * rows[2] * w[0], a])


def tied(w, i, j):
    """Return a loss in which a table embeds, and is what dots are taken with."""
    rows = [[w[0], w[1]], [w[1], w[2]], [w[2], w[0]]]
    h = [autograd.relu(x) * 1e3 for x in take(rows, i)]
    logits = [dot(row, h) + row[0] for row in rows]
    return autograd.logsumexp(logits) - take(logits, j)


def shares(w, i, j):
    parts = [autograd.exp(x * w[0]) for x in w]
    total = autograd.sum(parts)
    return -autograd.log(take([x / total for x in parts], i)) * take(w, j)


TAKES = {
    "inputs": direct,
    "the same row twice": lambda w, i, j: direct(w, i, i) * take(w, i),
    "computed rows": computed,
    "tied weights": tied,
    "shares": shares,
    "rows of a table": lambda w, i, j: spread(
        list(map(mul, take([w, w[::-1], w], i), take([w[::-1], w, w], j)))
    ),
    "an array's row": lambda w, i, j: (
        take(autograd.array([w, [x * w[0] for x in w], w]), i) @ autograd.array(w)
    ),
    "of what was taken": lambda w, i, j: (
        take([take(w, j), w[1], w[0]], i) * 1e16 + direct(w, j, i)
    ),
    "nothing else": lambda w, i, j: take([w[0] * w[1], w[1], w[2]], i),
    "numbers among the rows": lambda w, i, j: spread(
        [take([w[0], 2.0, w[1] * w[2]], i) * w[1], w[0] * w[1], w[0]]
    ),
    "beside a Value from outside": lambda w, i, j: (
        direct(w, i, j) * take([OUTSIDE, w[1], w[0]], j)
    ),
    "choices": lambda w, i, j: autograd.maximum(take(w, i) * w[1], take(w, j)) * w[0],
}
OUTSIDE = Value(0.7, label="outside")
INDEXED = [([0.1, -1.7, 2.3], i, j) for i in (0, 1, 2, -1, -3) for j in (0, 2, -2)]
INDEXED += [([1.0, 0.0, -0.0], i, j) for i in (0, 1, 2) for j in (1, 2)]
DERIVATIVES = {
    "grad": grad,
    "grad of grad": lambda f: grad(scalar(grad(f))),
    "hessian": hessian,
    "hessian by reverse": lambda f: hessian(f, mode="reverse"),
    "jvp": lambda f: pushed(f),
    "grad of jvp": lambda f: grad(pushed(f)),
    "gradient": lambda f: lambda w, i, j: by_gradient(lambda *v: f(v, i, j))(*w),
}


def pushed(f):
    def along(w, i, j):
        v = list(w)
        return jvp(lambda v: f(v, i, j), (v,), ([1.0, 0.0, v[1]],))[1]

    return along


@pytest.mark.parametrize("derivative", DERIVATIVES)
@pytest.mark.parametrize("name", TAKES)
def test_what_is_taken_by_an_index_keeps_its_bits(name, derivative):
    g = DERIVATIVES[derivative](TAKES[name])
    assert_bits(g, INDEXED, index_argnums=(1, 2))


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
@pytest.mark.parametrize("name", ["inputs", "computed rows", "tied weights"])
def test_so_it_does_by_every_backend(name, backend):
    for derivative in (grad, hessian):
        assert_bits(derivative(TAKES[name]), INDEXED, backend, index_argnums=(1, 2))


def test_the_derivative_for_what_was_taken_is_that_for_the_row():
    def f(w, i):
        v = [a * 2.0 for a in w]
        row, again = take(v, i), take([v[1], v[0], v[2]], i)
        y = row * v[0] * 1e16 + again * row * v[1]
        return y.gradient([row, again, v[0]])

    def g(w, i):
        return spread(f([OUTSIDE * a for a in w], i))

    assert_bits(g, [([0.3, -1.7, 2.0], i) for i in range(-3, 3)], index_argnums=1)
    loose = autograd.compile(
        lambda w, i: f([OUTSIDE * a for a in w], i), index_argnums=1
    )
    for i in range(-3, 3):
        wanted = f([OUTSIDE * a for a in (0.3, -1.7, 2.0)], i)
        assert loose([0.3, -1.7, 2.0], i) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("name", ["inputs", "computed rows"])
def test_an_index_outside_of_the_values_is_refused(name):
    for derivative in (grad, hessian):
        fast = compiled(derivative(TAKES[name]), index_argnums=(1, 2))
        for index in (3, -4):
            with pytest.raises(IndexError, match=f"index {index} is outside of the 3"):
                fast([0.1, 0.2, 0.3], index, 0)
        fast([0.1, 0.2, 0.3], 1, 1)
        with pytest.raises(IndexError, match="is outside of the 3 values"):
            fast.map(np.ones((2, 3)), np.array([1, 3]), np.array([0, 0]))


# What it costs


def network(w, x):
    hidden = [autograd.relu(dot(row, x)) for row in (w[:2], w[2:4], w[4:])]
    return dot(hidden, w[:3]) ** 2


def recordings(fast, samples):
    for sample in samples:
        fast(*sample)
    return fast.stats()["recordings"]


def test_first_derivatives_need_one_recording_for_all_choices():
    rng = np.random.default_rng(0)
    samples = [(rng.normal(size=6).tolist(), [1.0, x]) for x in (-1.0, 0.0, 2.0)] * 3
    assert recordings(compiled(grad(network)), samples) == 1
    assert recordings(compiled(hessian(network)), samples) > 1
    assert recordings(autograd.compile(hessian(network)), samples) == 1
    for derivative in (grad, hessian):
        assert_bits(derivative(network), samples)


def test_so_do_they_where_the_function_closes_over_values():
    rng = np.random.default_rng(0)
    w = [Value(x) for x in rng.normal(size=6)]
    samples = [(rng.normal(size=2).tolist(),) for _ in range(12)]

    def slope(x):  # of the input: Values in the eager run
        return grad(lambda t: network(w, t))(x)

    def slopes(x):  # of the parameters: numbers there
        return network(w, x).gradient(w)

    def curvature(x):
        return scalar(slope)(x).gradient(w)

    for f, fewest, most in ((slope, 1, 2), (slopes, 1, 1), (curvature, 2, 12)):
        assert fewest <= recordings(compiled(f), samples) <= most
        assert_bits(f, [*samples, ([0.0, -0.0],)])


@pytest.mark.parametrize(
    ("f", "count"), [(direct, 1), (tied, 1), (shares, 3), (computed, 9)]
)
def test_first_derivatives_are_recorded_anew_where_an_index_tells_the_order(f, count):
    samples = [
        ([0.1, -1.7, 2.3], i, j) for i, j in itertools.product(range(3), repeat=2)
    ]
    assert recordings(compiled(grad(f), index_argnums=(1, 2)), samples) == count


def test_too_many_choices_are_refused_with_advice():
    fast = compiled(hessian(lambda x: autograd.relu(x) * x), max_branches=1)
    fast(1.0)
    with pytest.raises(TracingError, match="with exact=True each choice in a deriv"):
        fast(-1.0)
    f = compiled(lambda x: -x if x < 0 else x if x < 1 else 2 * x, max_branches=1)
    f(1.0)
    with pytest.raises(TracingError, match="branch"):
        f(-1.0)


def test_choices_of_derivatives_do_not_count_as_decisions_of_the_function():
    def f(x):
        return autograd.sum([autograd.relu(x[0] * float(k + 2)) for k in range(6000)])

    fast = compiled(grad(lambda x: grad(f)(x)[0] * x[0]))
    assert fast([1.5]) == [sum(range(2, 6002))]


# All operations


KINDS = {
    "value": lambda f: f,
    "grad": lambda f: grad(f, (0, 1)),
    "second": lambda f: grad(scalar(grad(f))),
    "hessian": hessian,
    "third": lambda f: grad(scalar(grad(scalar(grad(f))))),
    "jacobian of grad": lambda f: jacobian(grad(f, (0, 1)), (0, 1)),
    "grad of jvp": lambda f: grad(
        lambda x, data, i: jvp(
            lambda y: f(y, data, i), (x,), ([data[0], data[1], x[0]],)
        )[1]
    ),
    "grad of vjp": lambda f: grad(
        lambda x, data, i: spread(
            flatten(vjp(lambda y: [f(y, data, i), y[0] * y[1]], x)[1](list(data)))[0]
        )
    ),
}


@given(seed=st.integers(0, 10**9), kind=st.sampled_from(sorted(KINDS)))
@settings(max_examples=150, deadline=None)
def test_random_functions_keep_their_bits(seed, kind):
    g = KINDS[kind](random_function(seed, size=5 + seed % 8))
    samples = points(seed, 3)
    fast = compiled(g, index_argnums=2, max_branches=500)
    for sample in samples:
        assert bits(fast(*sample)) == bits(g(*sample)), sample


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_random_functions_keep_their_bits_by_every_backend(backend):
    for seed in range(8):
        g = hessian(random_function(seed, size=8))
        assert_bits(g, points(seed, 4), backend, index_argnums=2)


def test_bits_tell_the_signs_of_zeros_and_orders():
    assert bits([0.0, -0.0]) == ["0" * 16, "8" + "0" * 15]
    assert bits(math.nan) == bits([-math.nan]) == ["nan"]
    assert bits([1e16 + 1.0 - 1e16]) != bits([1e16 - 1e16 + 1.0])
    assert spread([1.0, 1.0, 1.0]) != spread([1.0, 0.0, 0.0])
