"""`compile`: the same numbers as the eager run, and one recording where one will do."""

import copy
import threading
from collections import namedtuple
from fractions import Fraction

import numpy as np
import pytest

import autograd
from autograd import (
    ArgumentError,
    NumberError,
    OpaqueRuleError,
    TracingError,
    Value,
    grad,
    hessian,
    hvp,
    jacobian,
    value_and_grad,
    where,
)
from autograd.structures import flatten
from nn import MLP

BACKEND = "python"  # the reference: what other backends give is tested with them
VECTOR = np.array([0.5, -1.25, 2.0])
Pair = namedtuple("Pair", "a b")


def compiled(f, **options):
    return autograd.compile(f, backend=BACKEND, exact=True, **options)


def numbers(nest):
    flat, structure = flatten(nest)
    return [x.data if isinstance(x, Value) else x for x in flat], structure


def assert_same(found, wanted):
    """Same structure, same bits; a Value of the eager run counts as its number."""
    (ours, built), (theirs, structure) = numbers(found), numbers(wanted)
    assert built == structure
    for x, y in zip(ours, theirs, strict=True):
        assert x == y or (x != x and y != y), (found, wanted)


def signs(x):
    """Return the signs of all numbers, of zeros too."""
    return np.signbit(np.array(numbers(x)[0], float)).tolist()


def softmax(x):
    shifted = np.exp(x - np.max(x))
    return shifted / np.sum(shifted)


FUNCTIONS = {
    "power": (lambda x: x**3 + 2**x, (1.5,)),
    "power at 0": (lambda x: x**2, (0.0,)),
    "two arguments": (lambda x, y: x**y / (x - y), (2.0, 3.5)),
    "comparison times number": (lambda x: ((x > 0) * x).sum(), (VECTOR,)),
    "norm at the origin": (np.linalg.norm, (np.zeros(3),)),
    "sort": (lambda x: np.sum(np.sort(x) * np.arange(3)), (VECTOR,)),
    "median": (lambda x: np.median(x) * x[0], (VECTOR,)),
    "softmax": (lambda x: (softmax(x) * x).sum(), (VECTOR,)),
    "logsumexp": (autograd.logsumexp, (VECTOR,)),
    "where": (lambda x: np.where(x > 0, np.log(x), 0.0).sum(), (VECTOR,)),
    "isnan": (lambda x: np.where(np.isnan(x), 1.0, x).sum(), (np.array([np.nan, 2]),)),
    "and, or, not": (
        lambda x: np.where((x > 0) & ~(x > 1) | (x < -1), x * x, x).sum(),
        (VECTOR,),
    ),
    "if": (lambda x: x[0] * 2 if x[0] > x[1] else x[1] * 3, (VECTOR,)),
    "built-in max": (lambda x: max(x[0], x[1]) * x[2], (VECTOR,)),
    "matrix product": (lambda x: x @ np.outer(x, x) @ x, (VECTOR,)),
    "nested grad": (lambda x: grad(lambda t: t**3 * x)(x), (2.0,)),
    "constants inside": (lambda x: x * grad(lambda t: t**2)(3.0), (2.0,)),
    "own leaf": (lambda x: x * Value(3.0) + Value(2.0) * Value(5.0), (2.0,)),
    "dict and list": (
        lambda d: d["a"] * d["b"][0][1],
        ({"a": 2.0, "b": [[1.0, 3.0]]},),
    ),
    "tuple": (lambda p: p.a * p.b, (Pair(2.0, 3.0),)),
    "special functions": (
        lambda x: autograd.lgamma(x) + autograd.digamma(x) + autograd.erf(x),
        (2.5,),
    ),
    "activations": (
        lambda x: autograd.gelu(x) + autograd.silu(x) + autograd.elu(x),
        (-0.3,),
    ),
    "xlogy at 0": (autograd.xlogy, (0.0, 0.0)),
    "remainders": (lambda x, y: x % y + x // y + round(x), (7.5, -2.0)),
    "clip": (lambda x: autograd.clip(x, -1.0, 1.0) * x, (1.0,)),
    "heaviside": (lambda x: (np.heaviside(x, 0.5) * x * x).sum(), (VECTOR,)),
}
DERIVATIVES = {
    "value": lambda f: f,
    "grad": grad,
    "value_and_grad": value_and_grad,
    "jacobian": jacobian,
    "hessian": hessian,
}


@pytest.mark.filterwarnings("ignore:invalid value encountered")  # NumPy's own log
@pytest.mark.parametrize("derivative", DERIVATIVES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_results_have_the_bits_of_the_eager_run(name, derivative):
    f, args = FUNCTIONS[name]
    g = DERIVATIVES[derivative](f)
    assert_same(compiled(g)(*args), g(*args))


@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.parametrize("backend", ["llvm", "numpy"])
@pytest.mark.parametrize("derivative", ["value_and_grad", "hessian"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_fast_backends_agree_to_a_few_units_in_the_last_place(
    name, derivative, backend
):
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    f, args = FUNCTIONS[name]
    g = DERIVATIVES[derivative](f)
    (ours, built), (theirs, structure) = map(
        numbers, (autograd.compile(g, backend=backend)(*args), g(*args))
    )
    assert built == structure
    size = max((abs(x) for x in theirs if np.isfinite(x)), default=1.0)
    assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-13 * size, nan_ok=True)


def test_a_recording_serves_other_numbers():
    calls = []

    def f(x, y):
        calls.append(1)
        return autograd.tanh(x) * where(y > 0, y, -y)

    fast = compiled(value_and_grad(f, (0, 1)))
    for x, y in [(0.5, 2.0), (-1.0, -3.0), (0.0, 0.0), (np.float64(2.0), 1.0)]:
        assert_same(fast(x, y), value_and_grad(f, (0, 1))(x, y))
    assert fast.stats()["recordings"] == 1
    assert len(calls) == 1 + 4  # the recording, and four eager runs


def test_hvp_and_keywords():
    f = lambda x, scale=1.0: scale * np.sum(x**3)  # noqa: E731
    assert_same(compiled(hvp(f))(VECTOR, VECTOR), hvp(f)(VECTOR, VECTOR))
    assert compiled(f)(VECTOR, scale=2.0) == 2 * f(VECTOR)


# What a function closes over


def test_captured_values_are_read_anew_and_numbers_are_constants():
    w, c = Value(2.0, label="w"), 10.0
    fast = compiled(lambda x: w * x + c)
    assert fast(3.0) == 16.0
    w.data = 5.0
    assert fast(3.0) == 25.0
    assert fast.program.inputs == ("x", "w")
    assert fast.stats()["constants"] == (10.0,)
    assert w.grad == 0.0


def test_gradients_for_captured_parameters():
    model = MLP(2, [3, 1], seed=0)
    parameters = model.parameters()

    def step(x, y):
        loss = (model([x[0], x[1]]) - y) ** 2 + sum(p * p for p in parameters)
        return loss, loss.gradient(parameters)

    fast = compiled(step)
    for k in range(3):
        x = np.array([0.3 * k, -1.0])
        assert_same(fast(x, 1.0), step(x, 1.0))
        for p in parameters:
            p.data -= 0.1
    assert fast.stats()["recordings"] == 1


def test_an_outer_value_that_is_no_leaf_is_captured_too():
    w = Value(2.0)
    square = w * w
    fast = compiled(lambda x: square * x)
    assert fast(3.0) == 12.0


# Branches


def steps(x):
    n = 0
    while x > 1:
        x = x / 2
        n += 1
    return x + n


def test_each_branch_is_recorded_once_and_both_are_kept():
    fast = compiled(value_and_grad(steps))
    points = [0.5, 3.0, 100.0, 0.7, 3.5, 99.0, 0.5]
    for x in points:
        assert_same(fast(x), value_and_grad(steps)(x))
    assert fast.stats()["recordings"] == 3
    assert fast.stats()["guards_failed"] > 0


def test_a_batch_is_grouped_by_branch():
    points = np.array([0.5, 3.0, 100.0, 0.7, 3.5, 99.0])
    fast = compiled(steps)
    wanted = [steps(x) for x in points.tolist()]
    assert fast.map(points).tolist() == wanted
    assert fast.map(points, reduce="sum") == pytest.approx(sum(wanted), rel=1e-15)
    assert fast.stats()["recordings"] == 3


def test_where_and_the_like_are_no_branches():
    def f(x):
        return where(x > 0, x, 2 * x) + abs(x) + autograd.relu(x) + autograd.sign(x)

    fast = compiled(f)
    for x in (1.0, -1.0, 0.0, float("nan")):
        assert_same(fast(x), f(x))
    assert fast.stats()["recordings"] == 1
    assert not fast.program.guards


def test_a_condition_outside_the_function_decides_by_captured_values():
    gate = Value(1.0)
    fast = compiled(lambda x: x if gate > 0 else -x)
    assert fast(3.0) == 3.0
    gate.data = -1.0
    assert fast(3.0) == -3.0


def test_too_many_branches_are_refused_with_advice():
    fast = compiled(steps, max_branches=2)
    assert fast(0.5) == 0.5
    assert fast(3.0) == steps(3.0)
    with pytest.raises(TracingError, match=r"2 different branches.*max_branches=4"):
        fast(100.0)
    assert fast(0.5) == 0.5


def test_an_endless_loop_ends_with_advice():
    def f(x):
        while x > 0:
            x = x + 1
        return x

    with pytest.raises(TracingError, match="decisions on numbers"):
        compiled(f)(1.0)


# Constants of a recording, indices


def test_ints_bools_and_strings_are_constants_of_a_recording():
    def f(x, n, how):
        return x**n if how == "power" else x * n

    fast = compiled(f)
    assert fast(3.0, 2, "power") == 9.0
    assert fast(3.0, 3, "power") == 27.0
    assert fast(3.0, 3, "times") == 9.0
    assert fast.stats()["signatures"] == 3
    with pytest.raises(TracingError, match="hashable"):
        fast(3.0, bytearray(b"2"), "times")


def test_an_index_needs_no_new_recording():
    table = autograd.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

    def f(row, scale):
        chosen = autograd.take(table, row)
        value = chosen[0] * scale + where(row == 1, 100.0, 0.0)
        return value, np.array(value.gradient(table.ravel().tolist()))

    fast = compiled(f, index_argnums=0)
    for row in (0, 1, 2, -1, -3, np.int64(2)):
        wanted = table.data[row, 0] * 2 + (100 if row == 1 else 0)
        gradient = np.zeros((3, 2))
        gradient[row, 0] = 2
        value, found = fast(row, 2.0)
        assert value == wanted
        assert found.reshape(3, 2).tolist() == gradient.tolist()
    assert fast.stats()["recordings"] == 1
    for row in (3, -4):
        with pytest.raises(IndexError, match="outside of the 3 values"):
            fast(row, 2.0)
    with pytest.raises(NumberError, match="whole number"):
        fast(1.0, 2.0)


def test_lists_of_indices():
    letters = [Value(float(i)) for i in range(4)]

    def f(word):
        return sum(autograd.take(letters, i) * 10**k for k, i in enumerate(word))

    fast = compiled(f, index_argnums=0)
    assert fast([1, 2, 3]) == 321.0
    assert fast([3, 2, 1]) == 123.0
    assert fast(np.array([0, 0, 1])) == 100.0
    assert fast.stats()["recordings"] == 2  # a list, an array


# Batches


def test_map_runs_samples_over_any_axis_and_nest():
    def f(w, x, scale):
        return {"score": w @ x * scale, "inputs": x * 2}

    w, X, scales = np.array([1.0, -2.0]), np.arange(6.0).reshape(3, 2), [1.0, 2.0, 3.0]
    fast = compiled(f)
    found = fast.map(w, X, scales, in_axes=(None, 0, 0))
    across = fast.map(w, X.T, scales, in_axes=(None, 1, 0))
    for got in (found, across):
        assert got["score"].tolist() == [
            (w @ x * s) for x, s in zip(X, scales, strict=True)
        ]
        assert got["inputs"].tolist() == (X * 2).tolist()
    assert_same(
        fast.map(w, X, scales, in_axes=(None, 0, 0), reduce="mean"),
        {"score": np.mean(found["score"]).item(), "inputs": (X * 2).mean(0)},
    )


def test_map_takes_lists_of_unequal_samples_and_labels():
    fast = compiled(lambda xs, label: sum(xs) * label)
    found = fast.map([[1.0, 2.0], [3.0], [4.0, 5.0]], np.array([1, 2, 1]))
    assert found.tolist() == [3.0, 6.0, 9.0]
    assert fast.stats()["signatures"] == 2


def test_map_with_indices_and_a_mean():
    table = np.array([1.0, 10.0, 100.0])
    fast = compiled(lambda t, i: autograd.take(t, i) * 2, index_argnums=1)
    assert fast.map(table, np.array([2, 0, 1]), in_axes=(None, 0)).tolist() == [
        200,
        2,
        20,
    ]
    assert fast.map(table, [0, 1], in_axes=(None, 0), reduce="mean") == 11.0
    with pytest.raises(IndexError, match="index 3"):
        fast.map(table, [0, 3], in_axes=(None, 0))


def test_vmap():
    f = autograd.vmap(lambda a, b: a @ b, in_axes=(None, 0))
    assert f(np.ones(2), np.eye(2)).tolist() == [1.0, 1.0]


# Values among the arguments; recordings inside of others


def test_values_run_through_the_function_itself():
    fast = compiled(lambda x: x * x)
    x = Value(3.0)
    y = fast(x)
    y.backward()
    assert (y.data, x.grad) == (9.0, 6.0)
    assert grad(fast)(3.0) == 6.0
    assert compiled(lambda x: fast(x) + fast(2.0) + x)(3.0) == 16.0


def test_modes_of_the_caller_stay_outside():
    fast = compiled(value_and_grad(lambda x: x**2))
    with autograd.no_grad():
        assert fast(3.0) == (9.0, 6.0)
    with autograd.detect_anomaly():
        assert compiled(value_and_grad(autograd.log))(-1.0)[1] != 0


def test_no_grad_and_detach_inside():
    def f(x):
        with autograd.no_grad():
            constant = x * x
        return constant * x + autograd.exp(x).detach() * x

    assert_same(compiled(grad(f))(3.0), grad(f)(3.0))


# User's rules


@autograd.rule(partials=lambda m, out, x: (3 * m.square(x),))
def cube(m, x):
    return x * m.square(x)


@autograd.rule(partials=lambda m, out, x: (1.0,), opaque=True)
def black_box(m, x):
    return x + 1.0


def test_users_rules_compile_and_opaque_ones_say_why_not():
    assert_same(compiled(value_and_grad(cube))(2.0), (8.0, 12.0))
    assert_same(compiled(hessian(cube))(2.0), 12.0)
    with pytest.raises(OpaqueRuleError, match=r"black_box.*compiled"):
        compiled(black_box)(1.0)


# What is refused

LEAK = []


def assign(x, w):
    w.data = 3.0
    return x * w


REFUSALS = {
    "data": (lambda x: x.data * 2, TracingError, r"\.data asks for a number"),
    "item": (lambda x: x.item(), TracingError, r"\.item\(\)"),
    "float": (lambda x: x * float(x), TracingError, r"float\(v\)"),
    "index": (lambda x: [1.0, 2.0][x], TracingError, "as an index"),
    "grad": (lambda x: x * x.grad, TracingError, r"\.grad"),
    "backward": (lambda x: (x * x).backward(), TracingError, "value_and_grad"),
    "copy": (lambda x: copy.copy(x), TracingError, "copying a Value"),
    "deepcopy": (lambda x: copy.deepcopy([x])[0], TracingError, "copying a Value"),
    "take": (lambda x: autograd.take([x], x * 0), NumberError, "index_argnums"),
    "none": (lambda x: None, NumberError, "returned None"),
    "condition": (lambda x: x > 0, NumberError, "returned a condition"),
    "text": (lambda x: "x", NumberError, "result"),
    "argmax": (lambda x: np.argmax(autograd.array([x, x])) * x, TracingError, "number"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_asks_for_numbers_is_refused_with_the_users_line(name):
    f, error, message = REFUSALS[name]
    fast = compiled(f)
    for _ in range(2):  # nothing half-made is kept
        with pytest.raises(error, match=message) as caught:
            fast(2.0)
        if error is TracingError and name != "backward":
            assert __file__ in str(caught.value)
    assert fast.stats()["recordings"] == 0


def test_side_effects_are_refused_where_they_can_be_seen():
    w = Value(2.0)
    with pytest.raises(TracingError, match="no side effects"):
        compiled(lambda x: (w * x, assign(x, w)))(2.0)
    compiled(lambda x: LEAK.append(x * 2) or x)(2.0)
    for use in (lambda v: v + 1, lambda v: v.data, lambda v: v > 0, lambda v: -v):
        with pytest.raises(TracingError, match="recording"):
            use(LEAK[0])
    with pytest.raises(TracingError, match="recording"):
        compiled(lambda x: x + LEAK[0])(2.0)


def test_an_error_of_the_function_passes_through_and_leaves_nothing():
    def f(x):
        if x > 0:
            raise ZeroDivisionError("mine")
        return x

    fast = compiled(f)
    with pytest.raises(ZeroDivisionError, match="mine"):
        fast(1.0)
    assert fast(-1.0) == -1.0
    assert (Value(2.0) * 3).data == 6.0


BAD_OPTIONS = [
    ({"backend": "cuda"}, "'llvm', 'numpy', 'python'"),
    ({"index_argnums": "x"}, "index_argnums"),
    ({"index_argnums": -1}, "index_argnums"),
    ({"max_branches": 0}, "max_branches"),
]


@pytest.mark.parametrize(("options", "message"), BAD_OPTIONS)
def test_bad_options(options, message):
    with pytest.raises(ArgumentError, match=message):
        autograd.compile(abs, **options)


def test_bad_arguments():
    with pytest.raises(ArgumentError, match="takes a function"):
        autograd.compile(3.0)
    with pytest.raises(NumberError, match="floats"):
        compiled(lambda x: x)(Fraction(1, 3))
    exact = Value(Fraction(1, 3))
    with pytest.raises(NumberError, match="floats"):
        compiled(lambda x: exact)(2.0)
    with pytest.raises(ArgumentError, match="call it first"):
        _ = compiled(abs).program


BAD_BATCHES = [
    (((VECTOR, np.ones(2)), {}), "equally many samples"),
    (((VECTOR, VECTOR), {"in_axes": (0,)}), "in_axes has 1 entries"),
    (((VECTOR, VECTOR), {"in_axes": (0, 1)}), "axis 1"),
    (((VECTOR, VECTOR), {"in_axes": (None, None)}), "no mapped argument"),
    (((VECTOR, VECTOR), {"in_axes": (0, "0")}), "ints and None"),
    (((VECTOR, VECTOR), {"reduce": "max"}), "reduce"),
    (((np.ones(0), np.ones(0)), {}), "at least one sample"),
    (((VECTOR, 3.0), {}), "no samples along axis"),
]


@pytest.mark.parametrize(("call", "message"), BAD_BATCHES)
def test_bad_batches(call, message):
    args, options = call
    with pytest.raises(ArgumentError, match=message):
        compiled(lambda x, y: x * y).map(*args, **options)


def test_values_in_a_batch_run_through_the_function_itself():
    square = compiled(lambda w, x: w * x * x)
    xs = np.array([1.0, 2.0, 3.0])
    assert grad(lambda x: square.map(2.0, x, in_axes=(None, 0)).sum())(xs).tolist() == [
        4.0,
        8.0,
        12.0,
    ]
    mean = grad(lambda w: square.map(w, xs, in_axes=(None, 0), reduce="mean"))
    assert mean(2.0) == pytest.approx(14 / 3)
    inner = autograd.vmap(lambda x: np.array([x, x * x]))
    assert grad(lambda x: inner(x)[:, 1].sum())(xs).tolist() == [2.0, 4.0, 6.0]
    outer = compiled(grad(lambda x: inner(x)[:, 1].sum()))
    assert outer(xs).tolist() == [2.0, 4.0, 6.0]


# Threads, caches, copies of programs


def test_threads_share_recordings():
    fast = compiled(value_and_grad(steps))
    wrong = []

    def work(seed):
        points = np.random.default_rng(seed).uniform(0, 50, 40)
        for x in points.tolist():
            if fast(x) != value_and_grad(steps)(x):
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert fast.stats()["recordings"] == 7  # 0 to 6 halvings


def test_the_number_of_signatures_is_bounded():
    fast = compiled(lambda x, n: x * n)
    for n in range(300):
        assert fast(2.0, n) == 2.0 * n
    assert fast.stats()["signatures"] <= 128


def test_the_program_prints_and_its_stats_print():
    fast = compiled(lambda x: autograd.sin(x) * 2.0)
    fast(1.0)
    assert str(fast.program) == (
        "program(x):\n    v0 = sin(x)\n    v1 = v0 * 2.0\n    return v1"
    )
    assert "recordings" in str(fast.stats())
    assert "compiled" in repr(fast)


@pytest.mark.parametrize(
    "derivative",
    [
        lambda f: grad(f),
        lambda f: lambda x: autograd.vjp(f, x)[1](1.0),
        lambda f: lambda x: autograd.jvp(f, (x,), (1.0,)),
        lambda f: lambda x: autograd.jacobian(f)(x),
    ],
)
def test_exact_zeros_have_the_signs_of_the_eager_run(derivative):
    for f in (
        lambda x: -autograd.where(x > 2, x, 0.0),
        lambda x: -autograd.relu(x) * 2.0,
        lambda x: -autograd.maximum(x, 3.0) - x * 0.0,
        lambda x: -(x * 0.0),
        lambda x: autograd.abs(x - 1.0) * -1.0,
    ):
        wanted = derivative(f)
        fast = compiled(wanted)
        for x in (1.0, -1.0, 0.0, -0.0, 3.0):
            assert signs(fast(x)) == signs(wanted(x)), (x, wanted(x))


def test_gradients_without_a_graph_are_numbers_to_outer_derivatives():
    def f(x, create_graph):
        return x * (x**3).gradient([x], create_graph=create_graph)[0]

    for create_graph, slope in ((False, 12.0), (True, 36.0)):
        g = grad(f)
        assert g(2.0, create_graph) == slope
        assert compiled(g)(2.0, create_graph) == slope


class Line:
    def __init__(self, slope):
        self.slope = Value(slope)

    @autograd.compile
    def at(self, x):
        return self.slope * x


def test_a_method_is_recorded_for_each_object():
    steep, flat = Line(10.0), Line(1.0)
    assert [line.at(x) for line in (steep, flat) for x in (2.0, 3.0)] == [20, 30, 2, 3]
    steep.slope.data = 5.0
    assert (steep.at(2.0), Line.at(flat, 4.0)) == (10.0, 4.0)
    batch = np.array([1.0, 2.0])
    assert steep.at.map(steep, batch, in_axes=(None, 0)).tolist() == [5.0, 10.0]
    assert Line.at.stats()["recordings"] == 2
