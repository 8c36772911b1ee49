"""Tables that are followed: the bits of the program, whatever lies where."""

import itertools
import math
import time
from array import array

import numpy as np
import pytest

from autograd.compiling.builder import Builder
from autograd.compiling.program import COMPARISONS, LOGIC
from autograd.rules import RULES

from .test_native import bits

pytest.importorskip("llvmlite", reason="native code needs llvmlite (extra compile)")

from autograd.compiling.native.handlers import ARITIES
from autograd.compiling.native.kernel import SMALL, kernel
from autograd.compiling.native.runner import Runner
from autograd.compiling.program import Program

NAMES = sorted({*ARITIES, *RULES, *COMPARISONS, *LOGIC} - {"take", "pos", "norm"})
NAMES = [name for name in NAMES if name not in RULES or not RULES[name].opaque]
STEPS = [0, 1, -2, 3]


def table_of(program, varying, exact=True):
    found = kernel(program, varying, exact=exact, sums=False, level=0)
    assert found.table
    return found.table


def like_instructions(name, steps, count):
    """Return a program of `count` instructions with operands so far apart."""
    builder = Builder([f"x{i}" for i in range(80)])
    zero, two = builder.constant(0.25), builder.constant(2)
    conditions = [builder.emit("gt", i, zero) for i in range(80)]
    arity = ARITIES.get(name) or (RULES[name].arity if name in RULES else 2)
    if arity is None:
        arity = 6
    outputs = []
    for i in range(count):
        places = [(24, 46, 33)[k % 3] + k // 3 + steps[k % 3] * i for k in range(arity)]
        if name in LOGIC:
            places = [conditions[p] for p in places]
        if name == "where":
            places[0] = conditions[places[0]]
        if name in ("polygamma", "round_to"):
            places[0 if name == "polygamma" else 1] = two
        made = builder.emit(name, *places)
        if name in LOGIC or name in COMPARISONS:
            made = builder.emit("where", made, 0, zero)
        outputs.append(made)
    return builder.finish(outputs)


@pytest.mark.parametrize("name", NAMES)
def test_operands_may_lie_anywhere(name):
    rng = np.random.default_rng(3)
    given = rng.normal(size=80)
    given[::7], given[5::11] = 0.0, np.round(given[5::11])
    numbers = array("d", given.tolist())
    for steps in itertools.product(STEPS, repeat=3):
        for count in (1, 2, 8, 11) if sum(steps) % 2 else (7,):
            program = like_instructions(name, steps, count).verify()
            runner = Runner(program, (False,) * 80, exact=True, level=0)
            found, _ = runner.run_one(numbers)
            assert bits(found) == bits(program.run(given.tolist())[0]), (steps, count)
            assert runner.level == 0


def test_what_may_vary_and_what_not_is_told_apart():
    for name, count in itertools.product(sorted(ARITIES), (1, 2)):
        program = like_instructions(name, (1, 1, 1), count)
        given = np.random.default_rng(1).normal(size=(80, 9))
        for varying in itertools.product((False, True), repeat=3):
            at = np.resize(varying, 80)
            given[~at] = given[~at, :1]
            wanted = [program.run(column)[0] for column in given.T.tolist()]
            runner = Runner(program, tuple(at), exact=True, level=0)
            found, _ = runner.run(given[~at, 0], given[at], False)
            assert bits(found.T) == bits(wanted), (name, varying)


def test_rows_of_a_product_are_found_again():
    rows, columns = 40, 30
    builder = Builder([f"x{i}" for i in range(rows * columns + columns)])
    vector = range(rows * columns, rows * columns + columns)
    dots = [
        builder.emit("dot", *range(i, i + columns), *vector)
        for i in range(0, rows * columns, columns)
    ]
    outputs = [builder.emit("tanh", x) for x in dots]
    turned = [  # the transposed matrix, columns in another order
        builder.emit("dot", *range(j, rows * columns, columns), *outputs)
        for j in reversed(range(columns))
    ]
    program = builder.finish([*turned, *outputs])
    assert table_of(program, (False,) * len(program.inputs)).instructions < 45
    given = np.random.default_rng(0).normal(size=len(program.inputs)).tolist()
    found, _ = Runner(program, (False,) * len(given), exact=True, level=0).run_one(
        array("d", given)
    )
    assert bits(found) == bits(program.run(given)[0])


@pytest.mark.parametrize("seed", range(6))
def test_dots_share_rows_that_lie_anywhere(seed):
    """Sums, dots, takes: of any length, of nothing, of results and of constants."""
    rng = np.random.default_rng(seed)
    program = Builder([f"x{i}" for i in range(30)])
    slots = [*range(30), *map(program.constant, (0.5, -3.0))]
    index = program.constant(1.0)
    for _ in range(4):  # levels, at least
        size = int(rng.integers(0, 6))
        rows = [slots[i : i + size * k : k] for i in range(9) for k in (1, 2, 3)]
        rows += [rng.choice(slots, size).tolist() for _ in range(5)]
        made = []
        for x, y in itertools.product(rows[:: rng.integers(1, 4)], rows[::7]):
            made.append(program.emit("dot", *x, *y))
            made.append(program.emit("sum", *x[1:], *y))
            if size:
                made.append(program.emit("take", index, *y))
                made.append(program.emit("maximum", x[0], y[-1]))
        slots = [*slots[-20:], *rng.permutation(made).tolist()]
    program = program.finish(slots).verify()
    given = rng.normal(size=30)
    wanted, _ = program.run(given.tolist())
    for varying in (np.zeros(30, bool), rng.random(30) < 0.3):
        for level in (0, 1):
            runner = Runner(program, tuple(varying), exact=True, level=level)
            found, _ = runner.run(given[~varying], given[varying, None], False)
            assert bits(found) == bits(wanted)


def test_a_large_program_is_ready_at_once_and_gets_code_of_its_own_later(monkeypatch):
    from autograd.compiling.native import runner as module

    monkeypatch.setattr(module, "PATIENCE", 3)
    rng = np.random.default_rng(0)
    code = [("sub", *rng.integers(0, 6 + i, 2).tolist()) for i in range(SMALL + 1)]
    names = tuple(f"x{i}" for i in range(6))
    program = Program(names, (), tuple(code), tuple(range(SMALL - 40, SMALL)))
    made = Runner(program, (False,) * 6, exact=True)
    numbers = array("d", [0.3, -0.2, 1.1, 0.7, -1.5, 2.0])
    first = bits(made.run_one(numbers)[0])
    assert made.level == 0
    stop = time.monotonic() + 60
    while made.level == 0 and time.monotonic() < stop:
        assert bits(made.run_one(numbers)[0]) == first
    assert made.level == 1
    assert bits(made.run_one(numbers)[0]) == first


def test_a_table_of_long_dots_stays(monkeypatch):
    from autograd.compiling.native import runner as module

    monkeypatch.setattr(module, "PATIENCE", 0)
    size = 2 * SMALL
    program = Program(
        tuple(f"x{i}" for i in range(size)), (), (("dot", *range(size)),), (size,)
    )
    made = Runner(program, (False,) * size, exact=False)
    for _ in range(5):
        made.run_one(array("d", [1.0] * size))
    module._background().submit(int).result()
    assert made.level == 0


def test_what_has_no_handler_gets_code_of_its_own_at_once():
    size = SMALL + 2
    program = Program(
        tuple(f"x{i}" for i in range(size)), (), (("norm", *range(size)),), (size,)
    )
    made = Runner(program, (False,) * size, exact=True)
    assert made.run_one(array("d", [2.0] * size))[0] == pytest.approx([2 * size**0.5])
    assert made.level == 1


def test_the_code_of_a_compiled_function_can_be_read():
    import autograd

    def f(x):
        return sum(autograd.tanh(x + k) * x for k in range(count))

    for count in (3, SMALL):  # with code of its own, and with a table
        fast = autograd.compile(f, backend="llvm")
        with pytest.raises(autograd.ArgumentError, match="call it first"):
            print(fast.llvm)
        fast(1.5)
        assert "define void @run(ptr %a)" in fast.llvm
        assert fast.llvm.count("@call.tanh.f64(double %") >= count
        fast.map([1.0, 2.0])
        assert "@fast.tanh.v8f64(<8 x double>" in fast.llvm
    other = autograd.compile(lambda x: x + 1, backend="numpy")
    other(1.0)
    with pytest.raises(autograd.ArgumentError, match='backend="llvm"'):
        print(other.llvm)


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("kind", ["inputs", "computed", "read elsewhere", "listed"])
def test_a_table_to_take_from_is_read_where_it_lies(kind, level):
    builder = Builder([f"x{i}" for i in range(6)])
    index = builder.input("i", index=True)
    values = [*range(6)]
    if kind != "inputs":
        values = [builder.emit("mul", x, x) for x in values]
    if kind == "listed":
        values[2] = builder.emit("add", 1, index)  # it varies
    taken = builder.emit("take", index, *values)
    chosen = builder.emit("mul", taken, values[3] if kind == "read elsewhere" else 0)
    program = builder.finish([chosen])
    shared, indices = [0.5, -1.5, 2.0, 3.0, -0.25, 7.0], [0.0, 5.0, -6.0, -1.0, 3.0]
    wanted = [program.run([*shared, int(i)])[0] for i in indices]
    varying = (False,) * 6 + (True,)
    runner = Runner(program, varying, exact=True, level=level)
    found, _ = runner.run(np.array(shared), np.array([indices]), False)
    assert bits(found.T) == bits(wanted)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 40])
def test_a_norm_is_followed_too_and_nearly_that_of_python(count):
    names = tuple(f"x{i}" for i in range(count))
    program = Program(names, (), (("norm", *range(count)),), (count,))
    runners = [
        Runner(program, (False,) * count, exact=False, level=level) for level in (0, 1)
    ]
    assert [runner.level for runner in runners] == [0, 1]
    rng = np.random.default_rng(count)
    delicate = [0.0, -0.0, 5e-324, 1e-300, 1e-160, 1e154, 1e300, np.inf, np.nan, -1.0]
    for some in itertools.chain(
        itertools.product(delicate, repeat=min(count, 3)),
        rng.normal(size=(20, count)) * 10.0 ** rng.integers(-320, 308, (20, 1)),
    ):
        numbers = array("d", np.resize(some, count).tolist() if count else [])
        near, same = (runner.run_one(numbers)[0] for runner in runners)
        assert bits(near) == bits(same)
        wanted = math.hypot(*numbers)
        assert near[0] == pytest.approx(wanted, rel=1e-15, abs=1e-323, nan_ok=True)
