"""Random programs: over every operation, with numbers at delicate points."""

import math
import random

from autograd.compiling.builder import Builder
from autograd.compiling.program import COMPARISONS
from autograd.rules import RULES

DELICATE = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 1e-300, 1e300, 5e-324]
DELICATE += [math.inf, -math.inf, math.nan, 20.0, -40.0, math.pi]
WIDE = {name for name, rule in RULES.items() if rule.arity is None}  # n-ary rows
# What a gradient is made of comes more often.
COMMON = ["add", "mul", "chain", "sub", "neg", "where", "add", "mul", "chain", "dot"]
STATIC = {"where", "take", "polygamma", "round_to"}
NAMES = sorted(RULES.keys() - STATIC)


def random_program(seed, size=30, inputs=4, names=None, guards=0, index=True):
    """Return a valid program of about `size` operations, the same for a seed."""
    rng = random.Random(seed)
    builder = Builder([f"x{i}" for i in range(inputs)])
    numbers = list(range(inputs))
    numbers += [builder.constant(x) for x in rng.sample(DELICATE, 4)]
    numbers += [builder.constant(rng.choice([1.0, -1.0, 0.0, 2.0, 0.25, -0.0]))]
    conditions = [builder.emit("lt", numbers[0], numbers[1])]
    place = builder.input("i", index=True) if index else None

    def number():
        return rng.choice(numbers[-12:] if rng.random() < 0.7 else numbers)

    for _ in range(size):
        kind = rng.random()
        if kind < 0.1:
            conditions.append(
                builder.emit(rng.choice(sorted(COMPARISONS)), number(), number())
            )
        elif kind < 0.14:
            a, b = rng.choice(conditions), rng.choice(conditions)
            name = rng.choice(["and", "or", "not"])
            conditions.append(builder.emit(name, a, *([b] if name != "not" else [])))
        elif kind < 0.22:
            numbers.append(
                builder.emit("where", rng.choice(conditions), number(), number())
            )
        elif kind < 0.24 and place is not None:
            table = [number() for _ in range(3)]
            numbers.append(builder.emit("take", place, *table))
        elif kind < 0.25:
            two = builder.constant(rng.choice([1, 2]))
            name = rng.choice(["polygamma", "round_to"])
            pair = (two, number()) if name == "polygamma" else (number(), two)
            numbers.append(builder.emit(name, *pair))
        else:
            name = rng.choice(names or (COMMON if rng.random() < 0.6 else NAMES))
            if name == "where":
                operands = [rng.choice(conditions), number(), number()]
            elif name in WIDE:
                count = rng.randint(1, 5) * (2 if name == "dot" else 1)
                operands = [number() for _ in range(count)]
            else:
                operands = [number() for _ in range(RULES[name].arity)]
            numbers.append(builder.emit(name, *operands))
    decided = rng.sample(conditions, min(guards, len(conditions)))
    return builder.finish(
        [*numbers[-4:], rng.choice(numbers)],
        [(condition, rng.random() < 0.5) for condition in decided],
    )


def random_numbers(program, seed):
    """Return inputs: delicate numbers and ordinary ones, indices from −3 to 2."""
    rng = random.Random(seed)
    return [
        rng.randrange(-3, 3)
        if i in program.indices
        else rng.choice(DELICATE)
        if rng.random() < 0.4
        else rng.gauss(0, 2)
        for i in range(len(program.inputs))
    ]


def same(x, y):
    """Tell whether two floats have the same bits; one NaN is as good as another."""
    if x != x or y != y:
        return x != x and y != y
    return x == y and math.copysign(1, x) == math.copysign(1, y)
