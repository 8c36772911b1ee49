"""Random functions over every operation, whose terms meet in sums of all sizes."""

import random
import struct

import autograd
from autograd import RULES, Value, dot, grad, jvp, no_grad, take, where
from autograd.structures import flatten

UNARY = [name for name, rule in RULES.items() if rule.arity == 1]
WIDE = [
    n for n, rule in RULES.items() if rule.arity is None and n not in ("take", "dot")
]
WITH_KINKS = ["abs", "relu", "leaky_relu", "elu", "sign", "square", "tanh"]
BINARY = {
    rule.name: getattr(autograd, rule.name, None)
    for rule in RULES.values()
    if rule.arity == 2 and not rule.static and rule.name != "chain"
}
BINARY |= {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / (b * b + 0.5),
    "mod": lambda a, b: a % (b * b + 0.5),
    "floordiv": lambda a, b: a // (b * b + 0.5),
    "pow": lambda a, b: autograd.pow(a * a + 0.5, b),
}
SIZES = [1.0, 1e16, -1e16, 0.3]
DELICATE = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0]


@autograd.rule(
    partials=lambda m, out, x, y: (m.where(x > y, y, m.sign(y)), m.where(x > 0, x, 0))
)
def own_rule(m, x, y):
    return m.where(x > y, x * y, m.abs(x))


def unary(name, a):
    return {"neg": lambda: -a, "pos": lambda: +a}.get(
        name, lambda: getattr(autograd, name)(a)
    )()


NESTED = [
    lambda a, b, c, number: grad(lambda t: t * t * a + autograd.relu(t) * b)(c),
    lambda a, b, c, number: jvp(lambda t: autograd.maximum(t, a) * t * b, (c,), (a,))[
        1
    ],
    lambda a, b, c, number: grad(lambda t: t * t * t * a)(number),
    lambda a, b, c, number: a * grad(lambda t: autograd.abs(t) * t)(0.7) * Value(1.0),
    lambda a, b, c, number: without_graph(a, b),
]


def without_graph(a, b):
    with no_grad():
        return a * b


def random_function(seed, size):
    """Return a function f(x, data, i) of 3 and 2 numbers and an index, as any user's.

    It may close over Values, branch, take derivatives inside.
    """
    plan = random.Random(seed)
    captured = [Value(plan.choice([0.7, -1.3, 1.0])) for _ in range(2)]
    if plan.random() < 0.6:
        captured = []
    steps = [
        (plan.random(), plan.random() < 0.5, [plan.randrange(10**6) for _ in range(6)])
        for _ in range(size)
    ]

    def f(x, data, i):
        known = [*x, *data, *captured]
        given = len(known)
        for kind, anywhere, draws in steps:
            near = known if anywhere else known[-4:]
            a, b, c, d = (near[draw % len(near)] for draw in draws[:4])
            which = draws[4]
            if kind < 0.12:
                new = a * SIZES[which % 4]
            elif kind < 0.4:
                name = sorted(BINARY)[which % len(BINARY)]
                new = BINARY[name](a, b)
            elif kind < 0.5:
                new = getattr(autograd, WIDE[which % len(WIDE)])([a, b, c])
            elif kind < 0.62:
                new = [
                    lambda a, b, c: autograd.clip(a, b, c),
                    lambda a, b, c: where(a > b, c, a),
                    lambda a, b, c: dot([a, b, c], [c, a, a]),
                    lambda a, b, c: own_rule(a, b),
                ][which % 4](a, b, c)
            elif kind < 0.7:
                rows = [known[j % 3] for j in draws[:3]] if anywhere else [a, b, c]
                new = take(rows, i)
                known.append(new * b)
            elif kind < 0.74:
                new = a * 2.0 if a > b else b * b
            elif kind < 0.8:
                new = NESTED[which % len(NESTED)](a, b, c, data[0])
            else:
                names = UNARY if anywhere else WITH_KINKS
                new = unary(names[which % len(names)], d)
            known.append(new)
        return spread(known[given:]) + spread(x)

    return f


def spread(numbers):
    """Return the sum of numbers times sizes that tell in which order it was added."""
    total = numbers[0] * 0.5
    for j, x in enumerate(numbers):
        total = total + x * SIZES[j % 4]
    return total


def scalar(derivative):
    """Return the function whose result is the `spread` of a derivative's numbers."""
    return lambda *args: spread(flatten(derivative(*args))[0])


def points(seed, count):
    """Return arguments of a random function: delicate numbers and ordinary ones."""
    rng = random.Random(seed)

    def numbers(count):
        return [
            rng.choice(DELICATE) if rng.random() < 0.35 else rng.gauss(0, 1.5)
            for _ in range(count)
        ]

    return [(numbers(3), numbers(2), rng.randrange(-3, 3)) for _ in range(count)]


def bits(nest):
    """Return the bits of all numbers in a nest; of Values, of their numbers."""
    flat, _ = flatten(nest)
    numbers = [float(x.data if isinstance(x, Value) else x) for x in flat]
    return ["nan" if x != x else struct.pack(">d", x).hex() for x in numbers]
