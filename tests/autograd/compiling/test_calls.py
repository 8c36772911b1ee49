"""Calls after the first: what is kept of earlier calls is never wrong for the next."""

import copy
import pickle
import threading
from collections import OrderedDict, defaultdict, namedtuple
from fractions import Fraction

import numpy as np
import pytest

import autograd
from autograd import NumberError, TracingError, Value, value_and_grad
from autograd.compiling.recent import Recent
from autograd.structures import flatten

NamedPair = namedtuple("NamedPair", "a b")
BACKENDS = ["llvm", "numpy", "python"]
TABLE = np.array([[1.0, 2.0, -3.0], [0.5, -0.25, 4.0]])


class Sub(np.ndarray):
    """A subclass of arrays, which overrides nothing."""


def every_number(nest):
    """Mix the numbers of any nest, by their places, and what holds them."""
    if isinstance(nest, np.ndarray):
        nest = nest.ravel().tolist()
    if isinstance(nest, float | Value | np.floating):
        return nest * 1.0 + nest * nest
    named = 0.125 * len(type(nest).__name__)
    if isinstance(nest, str):
        return named + len(nest)
    if isinstance(nest, int | np.integer):
        return named + nest * 3.0
    if isinstance(nest, dict):
        nest = [x for pair in nest.items() for x in pair]
    return sum(
        (place * every_number(x) for place, x in enumerate(nest, 1)),
        start=named + 0.5 * len(nest),
    )


# One function is called with each in turn, and then once more in reverse order: they
# look alike and differ, in what they hold or how it lies in memory.
ALIKE = {
    "array": TABLE,
    "same shape, other numbers": TABLE * 2,
    "read-only": np.broadcast_to(TABLE[0], (2, 3)),
    "by columns": np.asfortranarray(TABLE),
    "every second": np.repeat(TABLE, 2, axis=1)[:, ::2],
    "reversed": TABLE[::-1, ::-1],
    "float32": TABLE.astype(np.float32),
    "float16": TABLE.astype(np.float16),
    "big-endian": TABLE.astype(">f8"),
    "long double": TABLE.astype(np.longdouble),
    "subclass": TABLE.view(Sub),
    "ints": np.array([[1, 2, -3], [4, 5, 6]]),
    "other ints": np.array([[1, 2, -3], [4, 5, 7]]),
    "bools": np.array([[True, False, True]] * 2),
    "transposed shape": TABLE.reshape(3, 2),
    "flat": TABLE.ravel(),
    "no axes": np.array(2.5),
    "empty": np.zeros((2, 0)),
    "float": 2.5,
    "other float": -2.5,
    "float64": np.float64(1.5),
    "float32 number": np.float32(1.5),
    "int": 2,
    "other int": 3,
    "int64": np.int64(3),
    "bool": True,
    "one": 1,
    "list": [1.0, 2.0, 3.0],
    "shorter list": [1.0, 2.0],
    "empty list": [],
    "tuple": (1.0, 2.0, 3.0),
    "named tuple": NamedPair(1.0, 2.0),
    "nested": [1.0, [2.0, 3.0]],
    "nested otherwise": [[1.0, 2.0], 3.0],
    "int in a list": [1.0, 2],
    "other int in a list": [1.0, 3],
    "array in a list": [1.0, np.array([2.0])],
    "array in a tuple": (1.0, np.array([2.0])),
    "array in a named tuple": NamedPair(1.0, np.array([2.0])),
    "dict": {"a": 1.0, "bb": 2.0},
    "other order": {"bb": 2.0, "a": 1.0},
    "other keys": {"a": 1.0, "ccc": 2.0},
    "ordered dict": OrderedDict(a=1.0, bb=2.0),
    "string": "word",
    "other string": "words",
}


@pytest.mark.parametrize("backend", BACKENDS)
def test_arguments_that_look_alike_are_told_apart(backend):
    def f(nest, x):
        return every_number(nest) * x

    fast = autograd.compile(f, backend=backend)
    for name in [*ALIKE, *reversed(ALIKE)]:
        nest = ALIKE[name]
        found, wanted = fast(nest, 3.0), f(nest, 3.0)
        np.testing.assert_allclose(found, float(wanted), rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_shared_arguments_that_look_alike_are_told_apart(backend, reduce):
    def f(nest, x):
        return every_number(nest) * x[0] + x[1]

    fast = autograd.compile(f, backend=backend)
    X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    for name in [*ALIKE, *reversed(ALIKE)]:
        nest = ALIKE[name]
        found = fast.map(nest, X, in_axes=(None, 0), reduce=reduce)
        wanted = [float(f(nest, x)) for x in X]
        if reduce:
            wanted = np.sum(wanted) / (3 if reduce == "mean" else 1)
        np.testing.assert_allclose(found, wanted, rtol=1e-12, err_msg=name)


CUBE = np.arange(24.0).reshape(2, 3, 4) / 7 - 1
# Batches of samples along an axis, one function for all.
BATCHES = {
    "numbers": (CUBE[0, 0], 0),
    "more numbers": (CUBE.ravel(), 0),
    "one number": (CUBE.ravel()[:1], 0),
    "rows": (CUBE[0], 0),
    "columns": (CUBE[0], 1),
    "columns from the end": (CUBE[0], -1),
    "tables": (CUBE, 0),
    "tables along the second": (CUBE, 1),
    "tables along the last": (CUBE, 2),
    "by columns": (np.asfortranarray(CUBE), 0),
    "strided": (CUBE[:, ::2, ::-1], 1),
    "read-only": (np.broadcast_to(CUBE[0], (5, 3, 4)), 0),
    "float32": (CUBE.astype(np.float32), 0),
    "big-endian": (CUBE.astype(">f8"), 0),
    "subclass": (CUBE.view(Sub), 0),
    "ints": (np.array([[1, 2], [3, 4], [1, 2]]), 0),
    "list": ([1.0, 2.0, 3.0], 0),
    "longer list": ([1.0, 2.0, 3.0, 4.0], 0),
    "list from the end": ([1.0, 2.0, 3.0], -3),
    "list of lists": ([[1.0, 2.0], [3.0, 4.0]], 0),
    "list of longer lists": ([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]], 0),
    "list of equal ints": ([2, 2], 0),
    "list of other ints": ([3, 3], 0),
    "list of arrays": ([CUBE[0], CUBE[1]], 0),
    "uneven list": ([[1.0, 2.0], [3.0]], 0),
    "tuple": ((1.0, 2.0, 3.0), 0),
    "dict": ({"a": CUBE[0], "bb": CUBE[1, :, 0]}, 0),
    "dict by columns": ({"a": CUBE[0].T, "bb": CUBE[1].T}, 1),
    "dict, other order": ({"bb": CUBE[1, :, 0], "a": CUBE[0]}, 0),
    "ordered dict": (OrderedDict(a=CUBE[0], bb=CUBE[1]), 0),
    "default dict": (defaultdict(list, a=CUBE[0], bb=CUBE[1]), 0),
    "dict of lists": ({"a": [1.0, 2.0], "bb": [3.0, 4.0]}, 0),
    "empty samples": (np.zeros((3, 0)), 0),
}


def samples_of(x, axis):
    if isinstance(x, dict):
        columns = [samples_of(part, axis) for part in x.values()]
        rows = zip(*columns, strict=True)
        return [x | dict(zip(x, row, strict=True)) for row in rows]
    return list(np.moveaxis(x, axis, 0)) if isinstance(x, np.ndarray) else list(x)


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_batches_that_look_alike_are_told_apart(backend, reduce):
    def f(w, nest):
        return {"y": [every_number(nest) * w], "all": np.array([w, w * w])}

    fast = autograd.compile(f, backend=backend)
    for repeat, name in enumerate([*BATCHES, *reversed(BATCHES), *BATCHES]):
        x, axis = BATCHES[name]
        w = 1.5 + repeat
        found = fast.map(w, x, in_axes=(None, axis), reduce=reduce)
        wanted = np.array([float(f(w, each)["y"][0]) for each in samples_of(x, axis)])
        count, both = len(wanted), np.array([w, w * w])
        every = np.tile(both, (count, 1))
        if reduce:
            divisor = count if reduce == "mean" else 1
            wanted, every = wanted.sum() / divisor, every.sum(0) / divisor
        assert found.keys() == {"y", "all"}
        np.testing.assert_allclose(found["y"][0], wanted, rtol=1e-12, err_msg=name)
        np.testing.assert_allclose(found["all"], every, rtol=1e-14, err_msg=name)


class Pair(dict):
    """A dict with a method of its own."""

    def product(self):
        return self["a"] * self["b"]


def test_the_methods_of_containers_are_there():
    fast = autograd.compile(lambda pair: pair.product())
    for _ in range(2):
        assert fast(Pair(a=2.0, b=3.0)) == 6.0
        assert fast.map([Pair(a=2.0, b=3.0)]).tolist() == [6.0]
        columns = Pair(a=np.array([2.0, 1.0]), b=np.array([3.0, 1.0]))
        assert fast.map(columns, reduce="sum") == 7.0


def test_a_call_and_all_kinds_of_batches_share_a_recording():
    fast = autograd.compile(lambda d: d["a"][0] * d["bb"])
    samples = [{"a": np.array([x, 0.0]), "bb": x} for x in (2.0, 3.0)]
    columns = {"a": np.array([[2.0, 0.0], [3.0, 0.0]]), "bb": np.array([2.0, 3.0])}
    for _ in range(2):
        assert fast(samples[0]) == 4.0
        assert fast.map(samples).tolist() == [4.0, 9.0]
        assert fast.map(columns).tolist() == [4.0, 9.0]
        assert fast.map(columns, reduce="mean") == 6.5
    assert (fast.stats()["signatures"], fast.stats()["recordings"]) == (1, 1)


@pytest.mark.parametrize("reduce", [None, "sum"])
def test_an_axis_moves_between_calls(reduce):
    square = np.array([[1.0, 2.0], [3.0, 5.0]])
    fast = autograd.compile(lambda a, b: a[0] * 10 + a[1] + b[0] * b[1])
    for axes in [(0, 0), (1, 0), (0, 1), (-1, 1), (None, 0), (0, None), 0, 1, (1, 0)]:
        first, second = axes if isinstance(axes, tuple) else (axes, axes)
        wanted = [
            a[0] * 10 + a[1] + b[0] * b[1]
            for a, b in zip(
                [square, square] if first is None else np.moveaxis(square, first, 0),
                [square, square] if second is None else np.moveaxis(square, second, 0),
                strict=True,
            )
        ]
        found = fast.map(square, square, in_axes=axes, reduce=reduce)
        assert np.array_equal(found, np.sum(wanted, 0) if reduce else wanted), axes


def test_an_axis_is_still_checked_once_its_batch_is_known():
    fast = autograd.compile(lambda x: x * 2)
    assert fast.map(np.ones(1), in_axes=0).tolist() == [2.0]
    for axis, words in [
        (False, "ints and None"),
        (0.0, "ints"),
        (1, "axis 1"),
        ((), "0 e"),
    ]:
        for x in (np.ones(1), [1.0]):
            assert fast.map(x).tolist() == [2.0]
            with pytest.raises(autograd.ArgumentError, match=words):
                fast.map(x, in_axes=axis)
    for x in (np.ones(0), [], ()):
        with pytest.raises(autograd.ArgumentError, match="at least one sample"):
            fast.map(x)
    with pytest.raises(autograd.ArgumentError, match="axis 5"):  # the first mistake
        fast.map(np.ones(2), Fraction(1, 2), in_axes=(5, None))


def mlp(weights, x, y):
    h = x
    for W, b in weights:
        h = np.tanh(W @ h + b)
    return (h[0] - y) ** 2


def network(rng):
    return [
        (rng.normal(size=(4, 2)), np.zeros(4)),
        (rng.normal(size=(1, 4)), np.ones(1)),
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_a_call_returned_never_changes(backend):
    rng = np.random.default_rng(0)
    step = autograd.compile(value_and_grad(mlp), backend=backend)
    X, y = rng.normal(size=(7, 2)), rng.normal(size=7)
    calls = {
        "one": lambda w: step(w, X[0], 1.0),
        "mean": lambda w: step.map(w, X, y, in_axes=(None, 0, 0), reduce="mean"),
        "each": lambda w: step.map(w, X, y, in_axes=(None, 0, 0)),
    }
    first, shown = {}, {}
    weights = network(rng)
    for name, call in calls.items():
        first[name] = call(weights)
        shown[name] = flatten(first[name])[0]
    for _ in range(5):
        again = network(rng)
        for call in calls.values():
            found = call(again)
            for x in (found[1][0][0], found[1][1][1]):
                x[...] = np.nan  # nobody's but the caller's
    for name, call in calls.items():
        assert flatten(first[name])[0] == shown[name]
        assert flatten(call(weights))[0] == shown[name]


def test_arguments_are_read_at_each_call_and_left_alone():
    rng = np.random.default_rng(1)
    step = autograd.compile(value_and_grad(mlp))
    weights, X, y = network(rng), rng.normal(size=(5, 2)), rng.normal(size=5)
    for _ in range(4):
        value, gradient = step.map(weights, X, y, in_axes=(None, 0, 0), reduce="mean")
        want = np.mean([mlp(weights, *pair) for pair in zip(X, y, strict=True)])
        assert value == pytest.approx(want, rel=1e-13)
        before = weights[0][0].copy()
        weights[0][0][...] -= 0.1 * gradient[0][0]
        assert np.array_equal(weights[0][0], before - 0.1 * gradient[0][0])
        X += 0.25  # in place: the same arrays, other numbers
        y[0] -= 1.0


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
def test_captured_values_are_read_at_each_batch(reduce):
    w = Value(2.0)
    fast = autograd.compile(lambda x: w * x)
    for number in (2.0, 3.0, -1.0):
        w.data = number
        found = fast.map(np.array([1.0, 2.0, 3.0]), reduce=reduce)
        wanted = {None: [number, 2 * number, 3 * number], "sum": 6 * number}
        assert np.array_equal(found, wanted.get(reduce, 2 * number))


def test_values_and_bad_arguments_after_good_ones():
    step = autograd.compile(value_and_grad(lambda w, x: (w[0] * x - w[1]) ** 2))
    X = np.array([1.0, 2.0])
    plain, w = [2.0, 3.0], [Value(2.0), 3.0]

    def both(weights):
        return step(weights, 2.0), step.map(
            weights, X, in_axes=(None, 0), reduce="mean"
        )

    known = both(plain)
    for _ in range(2):
        (value, (slope, other)), (mean, _) = both(w)
        assert isinstance(mean, Value)
        assert isinstance(value, Value)
        assert (value.item(), slope.item(), other.item()) == (1.0, 4.0, -2.0)
        assert both(plain) == known
    objects = np.array([Value(2.0), Value(3.0)])
    assert isinstance(step(objects, 2.0)[0], Value)
    mapped = step.map(plain, [Value(1.0), 2.0], in_axes=(None, 0), reduce="mean")
    assert isinstance(mapped[0], Value)
    bad = [
        ([Fraction(1, 2), 3.0], NumberError, "in floats"),
        (np.array([Fraction(1), 2]), NumberError, "dtype object"),
        ([2.0, {3.0}], TracingError, "hashable"),
    ]
    for argument, error, words in bad:
        with pytest.raises(error, match=words):
            step(argument, 2.0)
        with pytest.raises(error, match=words):
            step.map(argument, X, in_axes=(None, 0), reduce="mean")
        assert both(plain) == known


def test_indices_and_floats_in_one_place():
    fast = autograd.compile(lambda t, i: autograd.take(t, i), index_argnums=1)
    t = [10.0, 20.0, 30.0]
    assert [fast(t, i) for i in (0, 2, np.int8(1), -1)] == [10.0, 30.0, 20.0, 30.0]
    for _ in range(2):
        found = fast.map(t, np.array([2, 0]), in_axes=(None, 0))
        assert found.tolist() == [30.0, 10.0]
        with pytest.raises(NumberError, match="MaskedArray"):
            fast.map(t, np.ma.array([2, 0]), in_axes=(None, 0))
        with pytest.raises(NumberError, match="MaskedArray"):
            fast.map(np.ma.array(t), np.array([2, 0]), in_axes=(None, 0))
        for index in (3, -4):
            with pytest.raises(IndexError, match="outside of the 3 values"):
                fast(t, index)
            with pytest.raises(IndexError, match="outside of the 3 values"):
                fast.map(t, np.array([0, index]), in_axes=(None, 0), reduce="sum")
        for wrong in (1.0, True, np.array([0.0])):
            with pytest.raises(NumberError, match="index argument is"):
                fast(t, wrong)
        with pytest.raises(NumberError, match="index argument is"):
            fast.map(t, np.array([1.0]), in_axes=(None, 0))
    compared = autograd.compile(
        lambda x, i: autograd.where(i > 1, x, -x), index_argnums=1
    )
    for indices in ([0, 1, 2], [2, 2, 0], [1, 2, 1]):
        found = compared.map(np.ones(3), np.array(indices))
        assert found.tolist() == [1.0 if i > 1 else -1.0 for i in indices]


def test_indices_among_other_arguments():
    def f(w, x, i, t, j, y):
        return autograd.take(t, i) * w[0] + autograd.take(t, j) * x[1] + y

    fast = autograd.compile(f, index_argnums=(2, 4))
    w, t, y = np.array([9.0, 8.0]), np.array([0.5, 7.0, -6.0]), np.array([100.0, 200.0])
    x = np.array([[50.0, 60.0], [70.0, 80.0]])
    axes = (None, 0, 0, None, None, 0)
    for i, j in [((0, 2), 1), ((1, 1), 2), ((-3, 0), -1), ((0, 2), 1)]:
        found = fast.map(w, x, np.array(i), t, j, y, in_axes=axes)
        wanted = [f(w, x[k], i[k], t, j, y[k]) for k in range(2)]
        np.testing.assert_allclose(found, wanted, rtol=1e-14)
    for i, j in [((0, 3), 1), ((-4, 0), 2), ((0, 1), 3), ((0, 1), -4)]:
        with pytest.raises(IndexError, match=r"index (3|-4) is outside of the 3"):
            fast.map(w, x, np.array(i), t, j, y, in_axes=axes)


def test_an_index_that_samples_share():
    fast = autograd.compile(lambda x, i: autograd.where(i > 1, x, -x), index_argnums=1)
    for i in (0, 2, 1, 3, 2, 0):
        found = fast.map(np.ones(3), i, in_axes=(0, None), reduce="sum")
        assert found == (3.0 if i > 1 else -3.0)
    assert fast.stats()["recordings"] == 1


def test_a_batch_inside_of_what_is_recorded():
    w, X = Value(2.0), np.array([1.0, 2.0])
    inner = autograd.compile(lambda x: w * x)
    assert [inner.map(X, reduce="sum") for _ in range(2)] == [6.0, 6.0]
    outer = autograd.compile(lambda y: inner.map(X, reduce="sum") * y)
    assert outer(1.0) == 6.0
    w.data = 3.0
    assert outer(1.0) == inner.map(X, reduce="sum") == 9.0


def test_what_was_used_least_recently_is_forgotten():
    class Thing:
        used = 0

    recent = Recent(2)
    one, two, three = (recent.add(name, Thing()) for name in ("one", "two", "one"))
    assert three is one
    assert recent.get("two") is two
    assert recent.get("one") is one
    recent.add("four", Thing())
    assert recent.get("two") is None
    assert recent.get("one") is one
    assert len(recent) == len(list(recent)) == 2
    assert list(recent)[-1] is one


def test_a_branch_that_a_batch_meets_late():
    fast = autograd.compile(lambda w, x: w * x if x > 0 else x - w)
    for X in ([1.0, 2.0], [1.0, -2.0], [-1.0, -2.0], [3.0, 4.0]):
        for reduce in (None, "mean"):
            found = fast.map(2.0, np.array(X), in_axes=(None, 0), reduce=reduce)
            wanted = [2 * x if x > 0 else x - 2 for x in X]
            assert np.array_equal(found, np.mean(wanted) if reduce else wanted)
    assert fast.stats()["recordings"] == 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_infinities_are_no_warning_and_zero_beats_them(backend):
    step = autograd.compile(
        value_and_grad(lambda x: autograd.log(x) * 2), backend=backend
    )
    assert step(0.0) == (-np.inf, np.inf)
    for _ in range(2):
        assert step.map(np.zeros(2), reduce="sum") == (-np.inf, np.inf)

    def root(x):
        return autograd.where(x > 0, autograd.sqrt(x), 0.0)

    slope = autograd.compile(autograd.grad(root), backend=backend)
    X = np.array([4.0, 0.0, 1.0])
    for _ in range(2):
        assert [slope(x) for x in X] == [0.25, 0.0, 0.5]
        assert slope.map(X).tolist() == [0.25, 0.0, 0.5]
        assert slope.map(X, reduce="sum") == 0.75
        assert slope.map(X[::2], reduce="mean") == 0.375


def in_threads(run):
    """Call run(rng) in four threads."""
    wrong = []

    def guarded(seed):
        try:
            run(np.random.default_rng(seed))
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=guarded, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong


@pytest.mark.parametrize("backend", BACKENDS)
def test_threads_with_batches_of_their_own(backend):
    fast = autograd.compile(lambda w, x: (w * x).sum(), backend=backend)

    def run(rng):
        for _ in range(60):
            k, count = int(rng.integers(1, 4)), int(rng.integers(1, 20))
            w, X = rng.normal(size=k), rng.normal(size=(count, k))
            wanted, close = X @ w, {"rtol": 1e-12, "atol": 1e-12}
            found = fast.map(w, X, in_axes=(None, 0))
            total = fast.map(w, X, in_axes=(None, 0), reduce="sum")
            np.testing.assert_allclose(found, wanted, **close)
            np.testing.assert_allclose(total, wanted.sum(), **close)
            np.testing.assert_allclose(fast(w, X[0]), wanted[0], **close)

    in_threads(run)


@pytest.mark.parametrize("backend", ["llvm", "numpy"])
def test_threads_with_batches_of_one_kind(backend):
    """While one computes outside of Python's lock, another brings its numbers."""
    fast = autograd.compile(lambda x: autograd.tanh(x) * x, backend=backend)

    def run(rng):
        X = rng.normal(size=20_000)
        wanted = np.tanh(X) * X
        for _ in range(30):
            np.testing.assert_allclose(fast.map(X), wanted, rtol=1e-13)
            total = fast.map(X, reduce="sum")
            np.testing.assert_allclose(total, wanted.sum(), rtol=1e-11)

    in_threads(run)


@pytest.mark.parametrize("kind", ["matrix", "masked"])
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_arrays_that_compute_in_ways_of_their_own_are_refused(kind):
    given = np.matrix([[1.0, 2.0]]) if kind == "matrix" else np.ma.array([1.0, 2.0])
    words = f"{type(given).__name__}.*asarray.*filled"
    fast = autograd.compile(lambda x, y=1.0: x * y)
    with pytest.raises(NumberError, match=words):
        fast(given)
    with pytest.raises(NumberError, match=words):
        fast.map(given)
    with pytest.raises(NumberError, match=words):
        fast.map(given, np.ones(2), in_axes=(None, 0))


@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 10**400])
def test_an_index_is_a_whole_number_that_a_double_holds(number):
    fast = autograd.compile(
        lambda i: autograd.where(i == 2**53, 1.0, 0.0), index_argnums=0
    )
    assert (fast(2**53), fast(-(2**53))) == (1.0, 0.0)
    with pytest.raises(NumberError, match=r"2\*\*53.*index_argnums"):
        fast(number)


def test_exact_is_a_bool():
    with pytest.raises(autograd.ArgumentError, match="exact is True or False"):
        autograd.compile(lambda x: x, exact="no")


@autograd.compile
def decorated(x):
    return x * x + 1.0


def squared(x):
    return x * x


def test_a_compiled_function_is_pickled_and_copied_as_what_it_was_made_of():
    fast = autograd.compile(squared, exact=True, max_branches=3, backend="python")
    fast(2.0)
    for again in (pickle.loads(pickle.dumps(fast)), copy.deepcopy(fast)):
        assert again is not fast
        assert again.stats()["recordings"] == 0
        assert (again(3.0), again.stats()["backend"]) == (9.0, "python")
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    assert copy.deepcopy([decorated]) == [decorated]
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(autograd.compile(lambda x: x))


def test_sums_of_several_branches_overflow_without_a_warning():
    fast = autograd.compile(lambda x: x * 2.0 if x > 0 else x * 3.0)
    assert fast.map(np.array([1e308, 1e308, -1.0]), reduce="sum") == np.inf
    assert np.isnan(fast.map(np.array([np.inf, -np.inf]), reduce="mean"))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("first", [1, 5])
def test_an_index_must_fit_where_its_branch_is_taken_only(backend, first):
    def f(values, i):
        return autograd.take(values, i) if i < 3 else -values[0]

    fast = autograd.compile(f, index_argnums=1, backend=backend)
    values, indices = [1.0, 2.0, 3.0], [first, 5, 0, -3, 7]
    wanted = [f(values, i) for i in indices]
    assert [fast(values, i) for i in indices] == wanted
    for given in (np.array(indices), indices):
        assert fast.map(values, given, in_axes=(None, 0)).tolist() == wanted
    samples = fast.samples(values, indices, in_axes=(None, 0))
    assert samples.total(np.empty(0)).tolist() == [sum(wanted)]
    for outside in ([-4], [5, -4, 0]):
        with pytest.raises(IndexError, match="index -4 is outside of the 3"):
            fast.map(values, np.array(outside), in_axes=(None, 0))
    with pytest.raises(IndexError, match="index -4 is outside of the 3"):
        fast(values, -4)


def test_samples_take_the_branch_of_the_numbers_that_they_are_told():
    w = Value(1.0)
    fast = autograd.compile(lambda x: w * x if w > 0 else w - x)
    samples = fast.samples(np.array([1.0, 2.0, -4.0]))
    samples.bind([w])
    for number, total in [(2.0, -2.0), (-1.0, -2.0), (-3.0, -8.0), (1.0, -1.0)]:
        assert samples.total(np.array([number])).tolist() == [total]
    assert samples.each(np.array([-2.0])) == [-3.0, -4.0, 2.0]
    assert (w.data, fast.stats()["recordings"]) == (1.0, 2)
