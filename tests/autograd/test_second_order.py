"""Derivatives of derivatives, at the points where they are easily got wrong."""

import itertools
import math

import mpmath
import pytest
from mpmath import mpf

import autograd as ag
from autograd import RULES, Value, grad, hessian, jvp
from autograd.kinds import namespace_of

inf = math.inf


def one_hot(size):
    return [[float(i == j) for j in range(size)] for i in range(size)]


def forward_over_forward(f):
    def along(i):
        return lambda x: jvp(f, (x,), (i,))[1]

    def derivative(x):
        units = one_hot(len(x))
        return [[jvp(along(i), (x,), (j,))[1] for j in units] for i in units]

    return derivative


def reverse_over_forward(f):
    def derivative(x):
        return [grad(lambda x, i=i: jvp(f, (x,), (i,))[1])(x) for i in one_hot(len(x))]

    return derivative


MODES = {
    "forward over reverse": lambda f: hessian(f, mode="forward"),
    "reverse over reverse": lambda f: hessian(f, mode="reverse"),
    "forward over forward": forward_over_forward,
    "reverse over forward": reverse_over_forward,
}


def sigmoid(x):
    return float(1 / (1 + mpmath.exp(-mpf(x))))


def softmax_slope(x, y):
    """p(1 − p) of two numbers with the difference x − y."""
    with mpmath.workdps(50):
        p = 1 / (1 + mpmath.exp(mpf(x) - mpf(y)))
        return float(p * (1 - p))


def spread(p):
    return [[p, -p], [-p, p]]


ZERO = [[0.0, 0.0], [0.0, 0.0]]

# name: (function of a list, point, Hessian derived by hand)
DELICATE = {
    "x·sin y at 0": (
        lambda x: x[0] * ag.sin(x[1]),
        [0.0, 0.5],
        [[0.0, math.cos(0.5)], [math.cos(0.5), 0.0]],
    ),
    "x·y at the origin": (lambda x: x[0] * x[1], [0.0, 0.0], [[0, 1], [1, 0]]),
    "x·√y at 0": (
        lambda x: x[0] * ag.sqrt(x[1]),
        [0.0, 4.0],
        [[0.0, 0.25], [0.25, 0.0]],
    ),
    "x·√y at the origin": (
        lambda x: x[0] * ag.sqrt(x[1]),
        [0, 0],
        [[0, inf], [inf, 0]],
    ),
    "dot at zero": (
        lambda x: ag.dot(x, [ag.sin(x[1]), x[0]]),
        [0.0, 0.0],
        [[0.0, 2.0], [2.0, 0.0]],
    ),
    # Branches
    "where, first": (
        lambda x: ag.where(x[0] > 0, x[0] ** 2, -(x[0] ** 3)),
        [2.0],
        [[2]],
    ),
    "where, second": (
        lambda x: ag.where(x[0] > 0, x[0] ** 2, -(x[0] ** 3)),
        [-2.0],
        [[12.0]],
    ),
    "where, log below 0": (
        lambda x: ag.where(x[0] > 0, ag.log(x[0]), 0),
        [-1.0],
        [[0]],
    ),
    "where, log at 0": (lambda x: ag.where(x[0] > 0, ag.log(x[0]), 0), [0.0], [[0]]),
    "where, √ below 0": (
        lambda x: x[1] * ag.where(x[0] > 0, ag.sqrt(x[0]), x[0] ** 2),
        [-3.0, 5.0],
        [[10.0, -6.0], [-6.0, 0.0]],
    ),
    "relu² above": (lambda x: ag.relu(x[0]) ** 2, [3.0], [[2]]),
    "relu² below": (lambda x: ag.relu(x[0]) ** 2, [-3.0], [[0]]),
    "relu² at 0": (lambda x: ag.relu(x[0]) ** 2, [0.0], [[0]]),
    "√relu above": (lambda x: ag.sqrt(ag.relu(x[0])), [4.0], [[-1 / 32]]),
    "√relu below": (lambda x: ag.sqrt(ag.relu(x[0])), [-4.0], [[0]]),
    "√relu at 0": (lambda x: ag.sqrt(ag.relu(x[0])), [0.0], [[0]]),
    "log relu below": (lambda x: ag.log(ag.relu(x[0])), [-4.0], [[0]]),
    "relu(x)·y": (lambda x: ag.relu(x[0]) * x[1] ** 2, [2.0, 3.0], [[0, 6], [6, 4]]),
    "relu(x)·y below": (lambda x: ag.relu(x[0]) * x[1] ** 2, [-2.0, 3.0], ZERO),
    "|x|·x": (lambda x: abs(x[0]) * x[0], [2.0], [[2]]),
    "|x|·x below": (lambda x: abs(x[0]) * x[0], [-2.0], [[-2]]),
    "|x|·x at 0": (lambda x: abs(x[0]) * x[0], [0.0], [[0]]),
    "|x|³ below": (lambda x: abs(x[0]) ** 3, [-2.0], [[12]]),
    "sign(x)·x²": (lambda x: ag.sign(x[0]) * x[0] ** 2, [-2.0], [[-2]]),
    "⌊x⌋·x²": (lambda x: ag.floor(x[0]) * x[0] ** 2, [2.5], [[4]]),
    "mod²": (lambda x: (x[0] % x[1]) ** 2, [7.5, 2.0], [[2, -6], [-6, 18]]),
    "clip inside": (lambda x: ag.clip(x[0], 0.0, 3.0) ** 2, [2.0], [[2]]),
    "clip at a bound": (lambda x: ag.clip(x[0], 0.0, 3.0) ** 2, [3.0], [[2]]),
    "clip outside": (lambda x: ag.clip(x[0], 0.0, 3.0) ** 2, [4.0], [[0]]),
    "clip's bound": (
        lambda x: ag.clip(x[0], 0.0, x[1]) ** 2,
        [4.0, 3.0],
        [[0, 0], [0, 2]],
    ),
    "softsign at 0": (lambda x: ag.softsign(x[0]), [0.0], [[0]]),
    "softsign": (lambda x: ag.softsign(x[0]), [1.0], [[-1 / 4]]),  # −2/(1+x)³
    "elu below": (lambda x: ag.elu(x[0], 2.0), [-1.0], [[2 * math.exp(-1)]]),
    "leaky relu": (lambda x: ag.leaky_relu(x[0]) ** 2, [-1.0], [[2e-4]]),
    # Ties
    "maximum": (lambda x: ag.maximum(x[0] ** 2, x[1]), [2.0, 1.0], [[2, 0], [0, 0]]),
    "maximum, tie": (
        lambda x: ag.maximum(x[0] ** 2, x[1]),
        [1.0, 1.0],
        [[1, 0], [0, 0]],
    ),
    "minimum": (
        lambda x: ag.minimum(x[0] ** 2, x[1] ** 3),
        [2.0, 1.0],
        [[0, 0], [0, 6]],
    ),
    "max": (
        lambda x: ag.max([x[0] * x[1], x[0] + x[1], 1.0]),
        [2.0, 3.0],
        [[0, 1], [1, 0]],
    ),
    "min, tie of two": (
        lambda x: ag.min([x[0] ** 2, x[1] ** 2, 5.0]),
        [2.0, 2.0],
        [[1, 0], [0, 1]],
    ),
    # Products with zeros
    "prod, one zero": (
        lambda x: ag.prod(x),
        [0.0, 3.0, 4.0],
        [[0, 4, 3], [4, 0, 0], [3, 0, 0]],
    ),
    "prod, two zeros": (
        lambda x: ag.prod(x),
        [0.0, 0.0, 4.0],
        [[0, 4, 0], [4, 0, 0], [0, 0, 0]],
    ),
    "prod, all zeros": (
        lambda x: ag.prod(x),
        [0.0, 0.0, 0.0],
        [[0, 0, 0], [0, 0, 0], [0, 0, 0]],
    ),
    # Powers
    "x² at 0": (lambda x: x[0] ** 2, [0.0], [[2]]),
    "x²·⁰ at 0": (lambda x: x[0] ** 2.0, [0.0], [[2]]),
    "x¹ at 0": (lambda x: x[0] ** 1, [0.0], [[0]]),
    "x⁰ at 0": (lambda x: x[0] ** 0, [0.0], [[0]]),
    "x³ at 0": (lambda x: x[0] ** 3, [0.0], [[0]]),
    "x^2.5 at 0": (lambda x: x[0] ** 2.5, [0.0], [[0]]),
    "x^1.5 at 0": (lambda x: x[0] ** 1.5, [0.0], [[inf]]),
    "x² below": (lambda x: x[0] ** 2, [-3.0], [[2]]),
    "x⁻² below": (lambda x: x[0] ** -2, [-2.0], [[6 / 16]]),
    "xʸ at (0, 2)": (lambda x: x[0] ** x[1], [0.0, 2.0], [[2, 0], [0, 0]]),
    "2ˣ": (lambda x: 2 ** x[0], [0.0], [[math.log(2) ** 2]]),
    "square at 0": (lambda x: ag.square(x[0]), [0.0], [[2]]),
    "√ at 0": (lambda x: ag.sqrt(x[0]), [0.0], [[-inf]]),
    # Norms: (I − uuᵀ)/r
    "norm": (
        lambda x: ag.norm(x),
        [3.0, 4.0],
        [[16 / 125, -12 / 125], [-12 / 125, 9 / 125]],
    ),
    "norm at the origin": (lambda x: ag.norm(x), [0.0, 0.0], ZERO),
    "hypot": (
        lambda x: ag.hypot(x[0], x[1]),
        [3.0, 4.0],
        [[16 / 125, -12 / 125], [-12 / 125, 9 / 125]],
    ),
    "hypot at the origin": (lambda x: ag.hypot(x[0], x[1]), [0.0, 0.0], ZERO),
    "norm²": (lambda x: ag.norm(x) ** 2, [3.0, 4.0], [[2, 0], [0, 2]]),
    # Far out: e^1000 overflows
    "logsumexp at 1000": (
        lambda x: ag.logsumexp(x),
        [1000.0, 999.0],
        spread(softmax_slope(1000, 999)),
    ),
    "logsumexp at −1000": (lambda x: ag.logsumexp(x), [-1000.0] * 2, spread(0.25)),
    "logsumexp, ±1000": (lambda x: ag.logsumexp(x), [1000.0, -1000.0], ZERO),
    "logaddexp at 1000": (
        lambda x: ag.logaddexp(x[0], x[1]),
        [1000.0, 999.0],
        spread(softmax_slope(1000, 999)),
    ),
    "logaddexp, far apart": (
        lambda x: ag.logaddexp(x[0], x[1]),
        [0.0, -40.0],
        spread(softmax_slope(0, -40)),
    ),
    "logaddexp, ±1000": (lambda x: ag.logaddexp(x[0], x[1]), [1000.0, -1000.0], ZERO),
    "softplus at 40": (lambda x: ag.softplus(x[0]), [40.0], [[softmax_slope(40, 0)]]),
    "softplus at −1000": (lambda x: ag.softplus(x[0]), [-1000.0], [[0]]),
    "softplus at 1000": (lambda x: ag.softplus(x[0]), [1000.0], [[0]]),
    "log_sigmoid at −40": (
        lambda x: ag.log_sigmoid(x[0]),
        [-40.0],
        [[-softmax_slope(40, 0)]],
    ),
    "sigmoid at 40": (  # −σ(1−σ)(2σ−1)
        lambda x: ag.sigmoid(x[0]),
        [40.0],
        [[-softmax_slope(40, 0)]],
    ),
    "tanh at 20": (  # −2·tanh/cosh²
        lambda x: ag.tanh(x[0]),
        [20.0],
        [[float(-2 * mpmath.tanh(20) / mpmath.cosh(20) ** 2)]],
    ),
    "tanh at 1000": (lambda x: ag.tanh(x[0]), [1000.0], [[0]]),
    "tanh at −1000": (lambda x: ag.tanh(x[0]), [-1000.0], [[0]]),
    # Removable singularities
    "sinc at 0": (lambda x: ag.sinc(x[0]), [0.0], [[-(math.pi**2) / 3]]),
    "gelu at 0": (lambda x: ag.gelu(x[0]), [0.0], [[math.sqrt(2 / math.pi)]]),
    "x·ln y at x = 0": (
        lambda x: ag.xlogy(x[0], x[1]),
        [0.0, 2.0],
        [[0.0, 0.5], [0.5, 0.0]],
    ),
    "x·ln(1+y) at x = 0": (
        lambda x: ag.xlog1py(x[0], x[1]),
        [0.0, 1.0],
        [[0.0, 0.5], [0.5, 0.0]],
    ),
    "log1p near 0": (lambda x: ag.log1p(x[0]), [1e-20], [[-1.0]]),
    "expm1 near 0": (lambda x: ag.expm1(x[0]), [1e-20], [[1.0]]),
    "take": (lambda x: ag.take([x[0] ** 2, x[1]], 0), [3.0, 1.0], [[2, 0], [0, 0]]),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", DELICATE)
def test_second_derivatives_at_delicate_points(name, mode):
    f, point, expected = DELICATE[name]
    found = MODES[mode](f)(point)
    for found_row, row in zip(found, expected, strict=True):
        assert found_row == pytest.approx(row, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("name", DELICATE)
def test_first_derivatives_there_are_the_same_in_every_way(name):
    f, point, _ = DELICATE[name]
    expected = grad(f)(point)
    assert not any(map(math.isnan, expected))
    for x in (point, list(map(Value, point))):
        found = [grad(f)(x), [jvp(f, (x,), (unit,))[1] for unit in one_hot(len(x))]]
        for slopes in found:
            numbers = [ag.value.number_of(slope) for slope in slopes]
            assert numbers == pytest.approx(expected, rel=1e-15, abs=1e-300)


def test_third_derivatives_at_delicate_points():
    thrice = lambda f: grad(grad(grad(f)))  # noqa: E731
    assert thrice(lambda x: x**3)(0.0) == 6.0
    assert thrice(lambda x: x**2)(0.0) == 0.0
    assert thrice(lambda x: abs(x) ** 3)(-2.0) == -6.0
    assert thrice(lambda x: ag.sqrt(ag.relu(x)))(-2.0) == 0.0
    assert thrice(lambda x: ag.where(x > 0, ag.log(x), x**3))(-2.0) == 6.0
    assert thrice(ag.sinc)(0.0) == 0.0
    assert thrice(lambda x: x * ag.sin(x * x))(0.0) == pytest.approx(6.0)  # x³ + ...


# Every row


POINTS = (0.31, 0.83, 0.57)  # of the way through each interval


def generic_points(rule):
    """Two points inside of the domain; where the row has none, its samples."""
    if len(rule.domain) == rule.arity and not rule.static:
        bounds = [(max(low, -2.3), min(high, 2.7)) for low, high in rule.domain]
        for shift in range(2):
            yield tuple(
                low + (high - low) * POINTS[(place + shift) % 3]
                for place, (low, high) in enumerate(bounds)
            )
    else:
        yield from (s for s in rule.samples if all(abs(x) <= 1000 for x in s))


def at_a_kink(rule, point):
    m = namespace_of([1.0])
    kinks = rule.kinks(m, *point) if rule.kinks else ()
    return any(abs(kink) < 1e-2 for kink in kinks)


ROWS = [
    (rule, point)
    for rule in RULES.values()
    for point in generic_points(rule)
    if not at_a_kink(rule, point)
]


def orders(rule, point):
    """Yield the places to differentiate by: each pair and each triple."""
    free = [place for place in range(len(point)) if place not in rule.static]
    for count in (2, 3):
        yield from itertools.combinations_with_replacement(free, count)


def call(rule, *operands):
    return ag.value.apply(rule, *operands)


def by_reverse(rule, point, places):
    """Differentiate by one place after the other, each time by reverse mode."""
    leaves = [x if i in rule.static else Value(x) for i, x in enumerate(point)]
    out = call(rule, *leaves)
    for place in places:
        [out] = out.gradient([leaves[place]], create_graph=True)
    return out.data


def by_forward(rule, point, places):
    def f(*free):
        rest = iter(free)
        return call(
            rule, *[x if i in rule.static else next(rest) for i, x in enumerate(point)]
        )

    free = [i for i in range(len(point)) if i not in rule.static]
    for place in places:
        f = along(f, tuple(int(i == place) for i in free))
    return f(*[point[i] for i in free])


def along(f, tangent):
    return lambda *x: jvp(f, x, tangent)[1]


def by_differences(rule, point, places):
    """The same by differences of the operation's value at a higher precision."""
    free = [i for i in range(len(point)) if i not in rule.static]

    def f(*numbers):
        rest = iter(numbers)
        operands = [x if i in rule.static else next(rest) for i, x in enumerate(point)]
        return rule.forward(namespace_of([mpf(1)]), *operands)

    counts = tuple(places.count(place) for place in free)
    return mpmath.diff(f, tuple(point[i] for i in free), counts)


def test_the_loop_reaches_every_row():
    assert {rule.name for rule, _ in ROWS} == set(RULES)


@pytest.mark.parametrize(
    ("rule", "point"), ROWS, ids=[f"{rule.name}{point}" for rule, point in ROWS]
)
def test_second_and_third_derivatives_of_every_row(rule, point):
    with mpmath.workdps(50):
        exact = tuple(x if i in rule.static else mpf(x) for i, x in enumerate(point))
        for places in orders(rule, point):
            expected = by_differences(rule, exact, places)
            size = max(1, abs(expected))
            for found in (by_reverse, by_forward):
                error = abs(found(rule, exact, places) - expected)
                # The series of sinc leaves 1e-20; everything else 1e-40.
                assert error <= mpf(10) ** -18 * size, (places, found)
                error = abs(found(rule, point, places) - expected)
                assert error <= 1e-12 * size, (places, found)
