"""What a recording keeps apart, what it refuses, and that it leaves nothing behind."""

import collections
import gc
import threading
import weakref

import numpy as np
import pytest

import autograd
from autograd import TracingError, Value, grad, value_and_grad, where
from autograd.compiling import garbage
from autograd.compiling.garbage import uncollected

FAST = pytest.mark.parametrize("exact", [False, True])


def recorded(f, *args, exact=False):
    return autograd.compile(f, backend="python", exact=exact)(*args)


# Nodes are told apart, though their instructions are the same


def twice(x):
    left, right = x * 3.0, x * 3.0
    return (left * left * right).gradient([left, right], create_graph=True)


def chosen_twice(x):
    left, right = where(x > 1, x, 2.0), where(x > 1, x, 2.0)
    return (left * left * right).gradient([left, right], create_graph=True)


def behind_detached(x):
    product = x * x
    return product * product.detach() + product


def through_an_inner_gradient(x):
    inner = grad(lambda y: y * y * x)  # its y is another node than x
    return inner(x) * x


def of_a_target_made_from_another(x):
    square = x * x
    return (square * x).gradient([x, square], create_graph=True)


def of_an_output(x):
    square = x * x
    return square.gradient([square, x, square], create_graph=True)


def plus_itself(x):
    same = +x
    return (same * x).gradient([same, x], create_graph=True)


@FAST
@pytest.mark.parametrize(
    "f",
    [
        twice,
        chosen_twice,
        grad(behind_detached),
        grad(grad(behind_detached)),
        grad(through_an_inner_gradient),
        grad(grad(through_an_inner_gradient)),
        of_a_target_made_from_another,
        of_an_output,
        plus_itself,
    ],
)
def test_derivatives_are_those_of_nodes_not_of_instructions(f, exact):
    found, wanted = recorded(f, 1.5, exact=exact), f(Value(1.5))
    assert np.ravel(found) == pytest.approx(
        [x.data for x in np.ravel(np.array(wanted, dtype=object))], rel=1e-15
    )


@FAST
def test_choices_of_zeros_keep_their_sign(exact):
    def f(x):
        plus, minus = where(x > 0, 0.0, 1.0), where(x > 0, -0.0, 1.0)
        return [1 / plus, 1 / minus, 1 / where(x > 0, 0, 1)]

    assert recorded(f, 2.0, exact=exact) == [np.inf, -np.inf, np.inf]


def test_zero_edges_are_dropped_and_zero_values_kept():
    def f(x):
        return grad(lambda y: autograd.floor(y) * y + (y - 2) * (y - 2))(x)

    # floor's partial is the number 0; y − 2 is a Value that happens to be 0 at 2
    assert recorded(value_and_grad(f), 2.0) == (2.0, 2.0)
    flat = autograd.compile(grad(lambda y: autograd.floor(y) * 2.0), backend="python")
    assert not flat.record(2.0).code


def test_takes_by_one_index_from_lists_of_two_lengths():
    def f(x, i):
        return autograd.take(list(x), i) * autograd.take([x[0], x[1]], i)

    fast = autograd.compile(grad(f), index_argnums=1, backend="python")
    x = [2.0, 3.0, 5.0]
    assert [fast(x, i) for i in (0, 1)] == [[4.0, 0.0, 0.0], [0.0, 6.0, 0.0]]


def test_a_decision_that_no_number_changes_is_no_guard():
    def f(x):
        return x if where(x > 0, 2.0, 3.0) > 1.0 else -x

    assert autograd.compile(f, backend="python").record(1.0).guards == ()


@FAST
def test_an_int_beyond_the_floats_is_an_infinity_as_in_the_eager_run(exact):
    def f(x):
        return [x * 10**400, 10**400 - x, where(x > 0, -(10**400), x)]

    assert recorded(f, 2.0, exact=exact) == [np.inf, np.inf, -np.inf]


BOOLS = {
    "x * True": lambda x: x * True - False / x,
    "True first": lambda x: True - x,
    "NumPy's": lambda x: x + np.True_,
    "sum": lambda x: autograd.sum([x, True, 2 > 1]),
    "dot": lambda x: autograd.dot([x, x], [True, False]),
    "maximum": lambda x: autograd.maximum(x, True),
    "where": lambda x: where(x > 1, True, x),
    "x > True": lambda x: x if x > True else -x,
}


@FAST
@pytest.mark.parametrize("name", BOOLS)
def test_a_bool_is_the_number_1_or_0(name, exact):
    f = BOOLS[name]
    for x in (2.0, 0.5):
        assert recorded(f, x, exact=exact) == f(x)


@FAST
def test_an_array_without_axes_counts_as_its_number(exact):
    def f(x, y, i):
        made = autograd.array([x, y, 3.0])
        return autograd.take([x, y], i) * autograd.take([y, x], i) * made

    fast = autograd.compile(f, index_argnums=2, exact=exact)
    for i in (0, 1, -2):
        found = fast(np.array(2.0), 5.0, i)
        assert found.tolist() == [20.0, 50.0, 30.0]


def test_an_array_can_be_shown_while_a_function_is_recorded():
    shown = []

    def f(x):
        shown.append(f"{x!r} {x}")
        return x

    recorded(f, np.ones(2))
    assert shown == [
        "ValueArray([Tracer(an input), Tracer(an input)]) "
        "[Tracer(an input) Tracer(an input)]"
    ]


class Scaled(dict):
    """Numbers, and what is done to them."""


class Counted(list):
    pass


class Named(collections.namedtuple("Named", "a b")):
    pass


@FAST
@pytest.mark.parametrize(
    "x", [Scaled({0: 2.0, 1: 1.0}), Counted([2.0, 1.0]), Named(2.0, 1.0)]
)
def test_attributes_of_a_container_are_constants_of_a_recording(x, exact):
    fast = autograd.compile(lambda x: x[0] * x.scale, exact=exact)
    x.scale = 3.0
    assert fast(x) == 6.0
    x.scale = 5.0
    assert fast(x) == 10.0
    x.scale = np.array([1.0, 2.0])
    assert fast(x).tolist() == [2.0, 4.0]
    x.scale[0] = -1.0
    assert fast(x).tolist() == [-2.0, 4.0]
    x.scale = Value(4.0)
    assert fast(x) == 8.0
    x.scale.data = 7.0
    assert fast(x) == 14.0
    x.scale = [x.scale]
    with pytest.raises(TracingError, match="attribute scale of an argument"):
        fast(x)


def test_attributes_of_a_container_of_samples_are_constants_too():
    x = Scaled(a=np.array([1.0, 2.0]))
    fast = autograd.compile(lambda x: x["a"] * x.scale)
    for x.scale in (3.0, 3.0, 5.0):
        assert fast.map(x).tolist() == [x.scale, 2 * x.scale]
    assert fast.stats()["recordings"] == 2
    samples = [Counted([1.0]), Counted([2.0])]
    samples[0].scale, samples[1].scale = 10.0, 20.0
    several = autograd.compile(lambda x: x[0] * x.scale)
    assert several.map(samples).tolist() == [10.0, 40.0]


def test_the_slope_for_a_captured_value_that_is_no_leaf():
    inner = Value(1.5) * Value(2.0)
    fast = autograd.compile(
        lambda x: (inner * inner * x).gradient([inner, x]), backend="python"
    )
    assert fast(2.0) == [12.0, 9.0]


# What belongs to another recording


@pytest.mark.parametrize(
    "use",
    [
        lambda x, other: x * other,
        lambda x, other: autograd.dot([x, x], [other, x]),
        lambda x, other: autograd.sum([x, x, other]),
        lambda x, other: where(x > other, x, 1.0),
        lambda x, other: where(other > 0, x, 1.0),
        lambda x, other: where(x > 0, x, other),
        lambda x, other: (other * other).gradient([other])[0] * x,
    ],
)
def test_values_of_another_recording_are_refused(use):
    leaked = []
    recorded(lambda x: leaked.append(x * 2.0) or x, 1.0)
    with pytest.raises(TracingError, match=r"another recording|no number"):
        recorded(lambda x: use(x, leaked[0]), 1.0)


# Nothing is left behind


def curves(x):
    steps = [where(y > 0, y, 0.0) for y in x]
    return autograd.dot(steps, x) * autograd.norm(*x) + where(x[0] > 1, 1.0, 2.0)


@pytest.mark.parametrize("in_a_dict", [False, True])
def test_a_recording_is_freed_at_once(in_a_dict):
    traces = []

    def f(x):
        traces.append(weakref.ref(x[0].trace))
        if in_a_dict:
            return value_and_grad(lambda nest: curves(nest["x"]))({"x": x})
        return value_and_grad(curves)(x)

    gc.collect()
    with uncollected():
        kept = autograd.compile(f, backend="python")
        kept([1.0, -2.0, 3.0])
        with pytest.raises(ZeroDivisionError):
            recorded(lambda x: f(x) and 1 / 0, [1.0, -2.0, 3.0])
        assert [trace() for trace in traces] == [None, None]


def test_the_collector_waits_for_the_last_stretch():
    inside, go_on = threading.Event(), threading.Event()

    def other():
        with uncollected():
            inside.set()
            go_on.wait(10)

    thread = threading.Thread(target=other)
    with uncollected():
        thread.start()
        assert inside.wait(10)
        with pytest.raises(KeyError), uncollected():
            raise KeyError
        assert not gc.isenabled()
    assert not gc.isenabled()  # the other thread is still in it
    go_on.set()
    thread.join()
    assert gc.isenabled()


def test_the_collector_rests_while_a_function_is_recorded():
    seen = []
    recorded(lambda x: seen.append(gc.isenabled()) or x * x, 3.0)
    autograd.compile(lambda x: seen.append(gc.isenabled()) or x * x).record(3.0)
    assert seen == [False, False]
    assert gc.isenabled()


def test_a_collector_that_is_off_stays_off():
    gc.disable()
    try:
        recorded(lambda x: x * x, 3.0)
        assert not gc.isenabled()
    finally:
        gc.enable()
    recorded(lambda x: x * x, 3.0)
    assert gc.isenabled()


@pytest.mark.parametrize("frozen", [False, True])
def test_what_a_long_stretch_leaves_is_old_and_still_collected(frozen):
    """The collector does not look at it at once, but it does with all else."""

    class Node:
        pass

    gc.collect()
    gc.unfreeze()
    if frozen:  # whoever froze objects finds them frozen
        gc.freeze()
    count, looks = gc.get_freeze_count(), gc.get_stats()[0]["collections"]
    try:
        with uncollected():
            kept = [[] for _ in range(20_000)]
            ring = Node()
            ring.itself, seen = ring, weakref.ref(ring)
            del ring
        assert gc.get_stats()[0]["collections"] <= looks + 1
        assert gc.get_freeze_count() == count
        old = {id(x) for x in gc.get_objects(generation=2)}
        assert frozen or {id(x) for x in kept} <= old
        gc.collect()
        assert seen() is None
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("looks", [False, True])
def test_old_objects_are_looked_at_once_there_are_many_more(looks, monkeypatch):
    class Node:
        pass

    monkeypatch.setattr(garbage, "_PENDING", 50_000)
    ring = Node()
    ring.itself, seen = ring, weakref.ref(ring)
    del ring
    thresholds = gc.get_threshold()
    if not looks:
        gc.set_threshold(0)  # another way to switch the collector off
    try:
        for _ in range(100):
            with uncollected():
                kept = [[] for _ in range(50_000)]
            del kept
    finally:
        gc.set_threshold(*thresholds)
    assert (seen() is None) is looks
