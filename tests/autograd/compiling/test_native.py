"""Native code: each operation, level, number of threads gives the program's bits."""

import itertools
import math
import struct
from array import array

import numpy as np
import pytest

from autograd import RULES
from autograd.compiling.program import COMPARISONS, Program

pytest.importorskip("llvmlite", reason="native code needs llvmlite (extra compile)")

INF, NAN = math.inf, math.nan
TINY, SMALLEST, MAX = 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308
DELICATE = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, TINY, -TINY, SMALLEST, MAX, -MAX]
ORDINARY = [0.5, -0.5, 1.5, -2.5, 2.0, -3.0, 0.1, 700.0, -745.2, 1e-9, 30.25, 171.7]
LEVELS = [0, 1, 2]


def bits(numbers):
    """Return the bits of numbers, the same for every NaN."""
    return [
        "nan" if x != x else struct.pack("<d", x).hex()
        for x in np.asarray(numbers, float).ravel().tolist()
    ]


def runner(program, varying, level=0, threads=1, exact=True):
    from autograd.compiling.native.runner import Runner

    return Runner(program, varying, exact=exact, level=level, threads=threads)


def program_of(arity):
    """Return a program with one output for each operation on that many numbers."""
    constants = [2, 3, 0]
    code, outputs, names = [], [], []
    start = arity + len(constants)

    def emit(name, *places):
        code.append((name, *places))
        return start + len(code) - 1

    inputs = range(arity)
    positive = emit("gt", 0, arity + 2)
    other = emit("ge", arity - 1, 0)
    for name, rule in RULES.items():
        if rule.opaque or name == "take":
            continue
        if name == "where":
            places = (positive, 0, arity - 1)
        elif name == "polygamma":
            places = (arity + 1, 0)
        elif name == "round_to":
            places = (0, arity)
        elif rule.arity is None:
            if name == "dot" and arity % 2:
                continue
            places = tuple(inputs)
        elif rule.arity == arity:
            places = tuple(inputs)
        else:
            continue
        outputs.append(emit(name, *places))
        names.append(name)
    conditions = [positive, other, emit("and", positive, other)]
    conditions += [emit("or", positive, other), emit("not", other)]
    conditions += [emit(name, 0, arity - 1) for name in COMPARISONS]
    for condition in conditions:
        outputs.append(emit("where", condition, 0, arity))
        names.append("where")
    if arity == 3:
        outputs.append(emit("fma", *inputs))
        names.append("fma")
    labels = tuple(f"x{i}" for i in inputs)
    made = Program(labels, tuple(constants), tuple(code), tuple(outputs))
    return made.verify(), names


def points(arity):
    found = {1: [(x,) for x in DELICATE + ORDINARY]}
    found[2] = list(itertools.product(DELICATE + ORDINARY[:6], repeat=2))
    found[3] = list(itertools.product([0.0, -0.0, INF, NAN, 1.5, -2.0], repeat=3))
    found[4] = list(itertools.product([0.0, -0.0, INF, NAN, 1.5], repeat=4))[::7]
    samples = [
        sample
        for rule in RULES.values()
        for sample in rule.samples
        if len(sample) == arity and all(type(x) is not bool for x in sample)
    ]
    return found[arity] + [tuple(map(float, sample)) for sample in samples]


@pytest.mark.parametrize("arity", [1, 2, 3, 4])
def test_each_operation_has_the_bits_of_the_program(arity):
    program, names = program_of(arity)
    given = points(arity)
    wanted = np.array([program.run(point)[0] for point in given]).T
    for level in LEVELS:
        one = runner(program, (False,) * arity, level)
        found = np.array([one.run_one(array("d", x))[0] for x in given]).T
        many = runner(program, (True,) * arity, level)
        lanes, held = many.run(np.empty(0), np.array(given).T.copy(), False)
        assert held is None
        for name, *rows in zip(names, wanted, found, lanes, strict=True):
            wants = bits(rows[0])
            for kind, row in zip(("one", "lanes"), rows[1:], strict=True):
                for point, a, b in zip(given, bits(row), wants, strict=True):
                    assert a == b, (name, kind, level, point)


def tree_sum(rows, held):
    """Add samples as the contract says; rows: (outputs, samples)."""
    total = None
    for chunk in range(0, rows.shape[1], 128):
        lanes = np.zeros((rows.shape[0], 8))
        for place in range(chunk, min(chunk + 128, rows.shape[1])):
            lanes[:, place % 8] += np.where(held[place], rows[:, place], 0.0)
        pairs = lanes[:, :4] + lanes[:, 4:]
        pairs = pairs[:, :2] + pairs[:, 2:]
        found = pairs[:, 0] + pairs[:, 1]
        total = found if total is None else total + found
    return total


GUARDED = Program(
    ("w", "x", "v", "y"),
    (1.5, -0.25),
    (
        ("mul", 0, 1),  # 6
        ("add", 6, 3),
        ("mul", 2, 4),  # uniform
        ("tanh", 7),
        ("chain", 8, 9),
        ("gt", 1, 5),  # 11
        ("lt", 2, 0),  # uniform
        ("where", 11, 10, 3),
        ("le", 13, 4),  # 14
        ("div", 13, 8),
    ),
    (13, 15, 2, 8, 4, 1),
    ((11, True), (14, True), (12, False)),
).verify()


@pytest.mark.parametrize("count", [1, 7, 8, 9, 127, 128, 129, 1000, 40_000])
@pytest.mark.parametrize("guarded", [True, False])
def test_batches_are_added_in_one_tree(count, guarded):
    program = GUARDED
    if not guarded:
        program = Program(
            *[getattr(GUARDED, n) for n in ("inputs", "constants")],
            GUARDED.code,
            GUARDED.outputs,
        )
    rng = np.random.default_rng(count)
    uniform = np.array([0.7, 1.3])
    lanes = rng.normal(size=(2, count))
    few = min(count, 300)
    wanted = [program.run([0.7, x, 1.3, y]) for x, y in lanes.T[:few].tolist()]
    rows = np.array([row for row, _ in wanted]).T
    varying = (False, True, False, True)
    apart, held = runner(program, varying).run(uniform, lanes, False)
    assert bits(apart[:, :few]) == bits(rows)
    if guarded:
        assert held[:few].tolist() == [held for _, held in wanted]
    true = tree_sum(apart, held if guarded else np.ones(count, bool))
    for level, threads in itertools.product(LEVELS, (1, 2, 4)):
        made = runner(program, varying, level, threads)
        sums, held_too = made.run(uniform, lanes, True)
        assert bits(sums) == bits(true), (level, threads)
        assert guarded == (held_too is not None)
        if guarded:
            assert (held == held_too).all()
        again, _ = made.run(uniform, lanes, False)
        assert bits(again) == bits(apart)
        outputs = np.empty(len(program.outputs))
        call = made.bind(uniform, lanes, outputs)
        for _ in range(2):
            call()
            assert bits(outputs) == bits(true)
