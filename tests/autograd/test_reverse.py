"""Sweeps: accumulation, shared nodes, mutation, depth, interruption, threads."""

import gc
import math
import random
import signal
import threading
import time
from fractions import Fraction

import pytest

import autograd
from autograd import StaleGraphError, Value, dot, exp, log, relu, sqrt, where
from autograd.graph import check_order, topological_order
from autograd.layout import edges, parents_of
from autograd.reverse import _reach


def test_a_second_backward_doubles_leaves_and_overwrites_interior_nodes():
    x = Value(3.0)
    y = x * x
    z = y * 2.0
    z.backward()
    assert (x.grad, y.grad, z.grad) == (12.0, 2.0, 1.0)
    z.backward()
    assert (x.grad, y.grad, z.grad) == (24.0, 2.0, 1.0)
    z.zero_grad()
    assert (x.grad, y.grad, z.grad) == (0.0, 0.0, 0.0)


def test_two_outputs_over_a_shared_node_accumulate():
    x = Value(2.0)
    shared = x * x  # d/dx = 4
    first, second = shared * 3.0, exp(shared)
    first.backward()
    second.backward()
    assert x.grad == pytest.approx(4 * 3 + 4 * math.exp(4))
    assert shared.grad == math.exp(4)


def test_a_seed_scales_and_a_leaf_is_its_own_gradient():
    x = Value(2.0)
    (x * 3.0).backward(seed=0.5)
    assert x.grad == 1.5
    x.zero_grad()
    x.backward()
    assert x.grad == 1.0
    with pytest.raises(TypeError, match=r"a seed is a plain number"):
        x.backward(seed=Value(1.0))


def test_changing_data_after_the_forward_pass_corrupts_nothing():
    x, y = Value(2.0), Value(5.0)
    z = x * y * x  # 2xy, x²
    x.data = y.data = 1000.0
    z.backward()
    assert (x.grad, y.grad) == (20.0, 4.0)


def test_where_graphs_are_evaluated_again_a_changed_leaf_is_named():
    x, y = Value(2.0, label="width"), Value(3.0)
    z = x * y
    x.data, y.data = 3.0, 2.0  # the same product, other partials
    with pytest.raises(StaleGraphError, match=r"label='width'") as caught:
        z.gradient([x], create_graph=True)
    assert "Run the forward pass again" in str(caught.value)
    assert z.gradient([x]) == [3.0]


def test_gradient_touches_no_grad_and_takes_interior_nodes():
    x = Value(2.0)
    y = x * x
    z = y * y
    unrelated = Value(1.0)
    assert z.gradient([x, y, z, unrelated]) == [32.0, 8.0, 1.0, 0.0]
    assert x.grad == y.grad == z.grad == 0.0
    slopes = z.gradient([x, unrelated], create_graph=True)
    assert [s.data for s in slopes] == [32.0, 0.0]
    with pytest.raises(TypeError, match=r"a list of Values, got float 2\.0"):
        z.gradient([2.0])


ZERO_BEATS_INFINITY = {
    "where hides the logarithm": (lambda x: where(x > 0, log(x), 0.0), -1.0, 0.0),
    "and its pole": (lambda x: where(x > 0, log(x), 0.0), 0.0, 0.0),
    "relu stops sqrt's infinite slope": (lambda x: sqrt(relu(x)), -1.0, 0.0),
    "zero times an infinite slope": (lambda x: 0.0 * sqrt(x), 0.0, 0.0),
    "a slope of infinity itself": (lambda x: sqrt(x), 0.0, math.inf),
    "nan stays nan": (lambda x: log(x) * 2.0, -1.0, math.nan),
    "inf minus inf": (lambda x: sqrt(x) - sqrt(x), 0.0, math.nan),
}


@pytest.mark.parametrize("case", ZERO_BEATS_INFINITY)
def test_zero_beats_infinity_in_every_product(case):
    f, at, expected = ZERO_BEATS_INFINITY[case]
    x = Value(at)
    f(x).backward()
    again = Value(at)
    [slope] = f(again).gradient([again], create_graph=True)
    for found in (x.grad, slope.data):
        assert found == expected or (math.isnan(found) and math.isnan(expected))


def random_graph(rng, size):
    nodes = [Value(rng.uniform(-1, 1)) for _ in range(5)]
    for _ in range(size):
        kind = rng.randrange(5)
        a, b, c = (rng.choice(nodes) for _ in range(3))
        nodes.append(
            a * b
            if kind == 0
            else a + b
            if kind == 1
            else 2.0 - a
            if kind == 2
            else dot([a, 0.5, b], [c, a, b])
            if kind == 3
            else a.tanh()
        )
    return nodes


@pytest.mark.parametrize("seed", range(5))
def test_the_fast_order_is_a_topological_order(seed):
    nodes = random_graph(random.Random(seed), 300)
    roots = [nodes[-1], nodes[len(nodes) // 2]]
    order = _reach(roots, object(), 0.0)
    check_order(order, parents_of)
    reached = topological_order(roots, parents_of)
    assert {id(node) for node in order} == {id(node) for node in reached}


@pytest.mark.parametrize("seed", range(5))
def test_an_nary_node_gives_what_its_binary_nodes_give(seed):
    rng = random.Random(seed)
    xs = [Value(rng.uniform(-1, 1)) for _ in range(20)]
    ys = [rng.choice(xs) if i % 3 else 0.5 for i in range(20)]
    dot(xs, ys).backward()
    fused = [x.grad for x in xs]
    for x in xs:
        x.zero_grad()
    total = xs[0] * ys[0]
    for x, y in zip(xs[1:], ys[1:], strict=True):
        total = total + x * y
    total.backward()
    assert fused == pytest.approx([x.grad for x in xs], rel=1e-13)


def chain_of(length):
    x = Value(1.0)
    y = x
    for _ in range(length):
        y = y + x
    return x, y


def test_a_chain_of_a_million_nodes():
    x, y = chain_of(1_000_000)
    y.backward()
    assert x.grad == 1_000_001.0
    assert y.gradient([x]) == [1_000_001.0]
    del y  # freeing it must not overflow the C stack either
    assert x.grad == 1_000_001.0


def test_graphs_are_freed_by_reference_counting_alone():
    gc.collect()
    gc.disable()
    try:
        x = Value(0.5)
        y = sum((random_graph(random.Random(1), 200)[-1] * x for _ in range(5)), x)
        y.backward()
        [slope] = (x * x.exp()).gradient([x], create_graph=True)
        slope.backward()
        del y, slope
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_an_interrupted_sweep_leaves_grads_untouched_or_complete():
    rng = random.Random(0)
    nodes = random_graph(rng, 4000)
    root = sum(nodes[-50:])
    everything = topological_order([root], parents_of)
    start = time.perf_counter()
    root.backward()
    duration = time.perf_counter() - start
    once = [node.grad for node in everything]

    def interrupt(*_):
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGALRM, interrupt)
    interrupted = 0
    try:
        for trial in range(60):
            root.zero_grad()
            try:
                signal.setitimer(signal.ITIMER_REAL, duration * (trial + 1) / 60)
                root.backward()
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                interrupted += 1
            grads = [node.grad for node in everything]
            assert grads == once or not any(grads)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert interrupted > 5
    root.zero_grad()
    root.backward()
    assert [node.grad for node in everything] == once


def test_threads_that_share_leaves_lose_no_update():
    w = [Value(float(i)) for i in range(10)]
    rounds, workers = 200, 4

    def work():
        for _ in range(rounds):
            dot(w, [1.0] * 10).backward()
            sum(v * v for v in w).backward()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [v.grad for v in w] == [rounds * workers * (1.0 + 2 * v.data) for v in w]


def test_exact_numbers_have_exact_gradients():
    x, n = Value(Fraction(1, 3)), Value(2)
    y = (x * x + 2 / x - n) ** 3
    y.backward()
    inner = Fraction(1, 9) + 6 - 2
    assert y.data == inner**3
    assert x.grad == 3 * inner**2 * (Fraction(2, 3) - 18)
    assert n.grad == -3 * inner**2
    assert type(x.grad) is Fraction
    y.backward()
    assert x.grad == 6 * inner**2 * (Fraction(2, 3) - 18)
    [slope] = (x**2).gradient([x], create_graph=True)
    assert slope.gradient([x]) == [Fraction(2)]


def test_a_fraction_and_a_float_do_not_mix():
    third = Value(Fraction(1, 3))
    for meet in (
        lambda: third * 0.5,
        lambda: 0.5 * third,
        lambda: third + Value(0.5),
        lambda: Value(0.5) - third,
        lambda: third**0.5,
        lambda: third ** Fraction(1, 2),
        lambda: autograd.sqrt(third),
    ):
        with pytest.raises(TypeError, match=r"Fraction"):
            meet()
    with pytest.raises(ZeroDivisionError):
        third / 0


def test_edges_are_the_parents_with_their_partials():
    x, y = Value(3.0), Value(4.0)
    assert list(edges(x * y)) == [(x, 4.0), (y, 3.0)]
    assert list(edges(x)) == []


def test_a_changed_interior_node_is_noticed_too():
    x = Value(2.0)
    w = (x * 1.0) * x
    z = autograd.sin(w)
    w.data = 0.0
    assert z.gradient([x]) == [pytest.approx(math.cos(4.0) * 4.0)]
    with pytest.raises(StaleGraphError, match="changed after"):
        z.gradient([x], create_graph=True)


def test_floats_and_mpf_mix_in_one_graph():
    mpmath = pytest.importorskip("mpmath")
    x = Value(0.1)
    y = autograd.sin(x) * Value(mpmath.mpf("0.3"))
    [slope] = y.gradient([x], create_graph=True)
    assert float(slope.data) == pytest.approx(0.3 * math.cos(0.1))


def test_a_leaf_does_not_add_a_fraction_to_a_float():
    x = Value(2)
    (x * Value(0.5)).backward()
    with pytest.raises(TypeError, match="a Fraction meets a float"):
        (x * Value(Fraction(1, 3))).backward()
    with pytest.raises(TypeError, match="a Fraction meets a float"):
        Value(Fraction(1, 3)).backward(seed=0.1)
