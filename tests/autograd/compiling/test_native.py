"""Native code: each operation, level, number of threads gives the program's bits."""

import itertools
import math
import struct
import threading
import time
from array import array

import numpy as np
import pytest

import autograd
from autograd import RULES
from autograd.compiling.program import COMPARISONS, Program, function_of

pytest.importorskip("llvmlite", reason="native code needs llvmlite (extra compile)")

INF, NAN = math.inf, math.nan
TINY, SMALLEST, MAX = 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308
DELICATE = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, TINY, -TINY, SMALLEST, MAX, -MAX]
ORDINARY = [0.5, -0.5, 1.5, -2.5, 2.0, -3.0, 0.1, 700.0, -745.2, 1e-9, 30.25, 171.7]
LEVELS = [0, 1, 2, 3]


def bits(numbers):
    """Return the bits of numbers, the same for every NaN."""
    return [
        "nan" if x != x else struct.pack("<d", x).hex()
        for x in np.asarray(numbers, float).ravel().tolist()
    ]


def runner(program, varying, level=1, threads=1, exact=True):
    from autograd.compiling.native.runner import Runner

    return Runner(program, varying, exact=exact, level=level, threads=threads)


def program_of(arity, without=()):
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
        if rule.opaque or name in ("take", *without):
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
@pytest.mark.parametrize("level", LEVELS)
def test_each_operation_has_the_bits_of_the_program(arity, level):
    # No table has it where bits are to be exact.
    program, names = program_of(arity, () if level else ("norm",))
    given = points(arity)
    wanted = np.array([program.run(point)[0] for point in given]).T
    one = runner(program, (False,) * arity, level)
    found = np.array([one.run_one(array("d", x))[0] for x in given]).T
    many = runner(program, (True,) * arity, level)
    assert one.level == many.level == level
    lanes, held = many.run(np.empty(0), np.array(given).T.copy(), False)
    assert held is None
    for name, *rows in zip(names, wanted, found, lanes, strict=True):
        wants = bits(rows[0])
        for kind, row in zip(("one", "lanes"), rows[1:], strict=True):
            for point, a, b in zip(given, bits(row), wants, strict=True):
                assert a == b, (name, kind, point)


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


@pytest.mark.parametrize("count", [1, 7, 8, 9, 127, 128, 129, 1000, 33_000])
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
        for _ in range(2):  # the same memory, the same lanes
            assert bits(made.run(uniform, lanes, True)[0]) == bits(true)
    lanes[:] = lanes[:, ::-1].copy()  # other numbers in the same array
    fresh = runner(program, varying)
    assert bits(made.run(uniform, lanes, True)[0]) == bits(
        fresh.run(uniform, lanes, True)[0]
    )


def random_program(rng, inputs, count):
    """Return a random program of cheap operations, and guards on some conditions."""
    constants = (1.5, -0.0, 3.0)
    numbers = list(range(inputs + len(constants)))
    conditions, code = [], []
    binary = ["add", "sub", "mul", "div", "chain", "minimum", "mod", "atan2"]
    for slot in range(len(numbers), len(numbers) + count):
        # Operands from nearby and from far, so that some cross many functions.
        near = numbers[-8:] if rng.random() < 0.7 else numbers
        pick = [near[rng.integers(len(near))] for _ in range(70)]
        kind = rng.integers(12)
        if kind == 0:
            code.append((("lt", "ge", "eq")[rng.integers(3)], *pick[:2]))
            conditions.append(slot)
            continue
        if kind == 1 and len(conditions) > 1:
            code.append(("and", *rng.choice(conditions, 2).tolist()))
            conditions.append(slot)
            continue
        if kind == 2 and conditions:
            place = conditions[rng.integers(len(conditions))]
            code.append(("where", place, *pick[:2]))
        elif kind == 3:
            code.append(("tanh", pick[0]))
        elif kind == 4:
            code.append(("sum", *pick[: rng.integers(0, 70)]))
        elif kind == 5:
            code.append(("dot", *pick[: 2 * rng.integers(0, 35)]))
        elif kind == 6:
            code.append(("take", int(rng.integers(inputs)), *pick[:5]))
        elif kind == 7:
            first = int(rng.integers(3))
            code.append(("take", int(rng.integers(inputs)), *range(first, inputs, 2)))
        else:
            code.append((binary[rng.integers(len(binary))], *pick[:2]))
        numbers.append(slot)
    names = tuple(f"x{i}" for i in range(inputs))
    outputs = [0, inputs, *numbers[-20:]]
    guards = [(p, bool(rng.integers(2))) for p in conditions[:2]]
    made = Program(names, constants, tuple(code), tuple(outputs), tuple(guards))
    return made.verify()


@pytest.mark.parametrize("seed", range(12))
def test_random_programs(seed, monkeypatch):
    from autograd.compiling.native import kernel

    rng = np.random.default_rng(seed)
    # Short functions and modules: numbers cross from one to another.
    monkeypatch.setattr(kernel, "PIECE", 7 if seed % 2 else 60)
    monkeypatch.setattr(kernel, "MODULE", 50)
    program = random_program(rng, 6, 150)
    varying = tuple(map(bool, rng.integers(0, 2, 6)))
    if seed == 0:
        varying = (False,) * 6
    count = 37 if any(varying) else 1
    # Whole numbers: an index may be any of the inputs.
    given = rng.integers(-2, 2, (6, count)).astype(float)
    given[~np.array(varying)] = given[~np.array(varying), :1]
    wanted = [program.run(sample) for sample in given.T.tolist()]
    rows = np.array([row for row, _ in wanted]).T
    held = np.array([held for _, held in wanted])
    uniform, lanes = given[~np.array(varying), 0], given[np.array(varying)]
    for level in LEVELS[:2]:
        made = runner(program, varying, level)
        found, found_held = made.run(uniform, lanes, False)
        assert bits(found) == bits(rows)
        assert found_held is None or found_held.tolist() == held.tolist()
        sums, _ = made.run(uniform, lanes, True)
        assert bits(sums) == bits(tree_sum(rows, held))
    one = runner(program, (False,) * 6)
    for sample, (row, holds) in list(zip(given.T, wanted, strict=True))[:3]:
        got, got_held = one.run_one(array("d", sample.tolist()))
        assert bits(got) == bits(row)
        assert got_held == holds


@pytest.mark.parametrize("stride", [1, 3])
@pytest.mark.parametrize("kind", ["uniform", "computed", "constant", "varying"])
def test_take_reads_a_table(kind, stride):
    size = 7
    names = ("i", "w", *(f"t{k}" for k in range(size * stride)))
    table = tuple(range(2, 2 + size * stride, stride))
    constants = tuple(map(float, range(10, 10 + size)))
    start = len(names) + len(constants)
    code, values = [], table
    if kind == "computed":
        code = [("mul", 1, place) for place in table]
        values = tuple(range(start, start + size))
    elif kind == "constant":
        values = tuple(range(len(names), start))
    code.append(("take", 0, *values))
    last = start + len(code) - 1
    program = Program(names, constants, tuple(code), (last,), (), frozenset({0}))
    program.verify()
    varying = (True, False, *[kind == "varying"] * (size * stride))
    made = runner(program, varying)
    assert ("masked.gather" in made.llvm) == (kind != "varying")
    indices = np.array([*range(-size, size), 0, 3, 6.0])
    tables = np.arange(size * stride) * 1.1
    lanes = indices[None]
    uniform = np.array([0.3, *tables])
    if kind == "varying":
        uniform, lanes = uniform[:1], np.vstack([lanes, np.tile(tables, (17, 1)).T])
    found, _ = made.run(uniform, lanes, False)
    wanted = [program.run([int(i), 0.3, *tables])[0] for i in indices]
    assert bits(found) == bits(wanted)
    one = runner(program, (False,) * len(names))
    for i, want in zip(indices, wanted, strict=True):
        assert bits(one.run_one(array("d", [i, 0.3, *tables]))[0]) == bits(want)
    # An index that is nowhere (the front end refuses it) reads nothing outside.
    for wrong in (1e300, -1e300, NAN, INF, 1e6, -1e6):
        lanes[0] = wrong
        made.run(uniform, lanes, False)
        one.run_one(array("d", [wrong, 0.3, *tables]))


def test_long_norms_and_sums():
    count = 1500  # more than ctypes would take as arguments
    names = tuple(f"x{i}" for i in range(count))
    places = range(count)
    program = Program(
        names,
        (),
        (("norm", *places), ("sum", *places), ("dot", *places)),
        (count, count + 1, count + 2),
    )
    numbers = np.random.default_rng(0).normal(size=count)
    wanted, _ = program.run(numbers.tolist())
    one = runner(program, (False,) * count)
    assert bits(one.run_one(array("d", numbers.tolist()))[0]) == bits(wanted)
    made = runner(program, (True,) * count)
    lanes = np.repeat(numbers[:, None], 3, axis=1)
    assert bits(made.run(np.empty(0), lanes, False)[0][:, 2]) == bits(wanted)
    near = runner(program, (True,) * count, exact=False)
    assert near.run(np.empty(0), lanes, False)[0][0, 1] == pytest.approx(
        wanted[0], rel=1e-14
    )
    for scale in (1e-200, 1e200):
        found = near.run(np.empty(0), lanes * scale, False)[0][0, 0]
        assert found == pytest.approx(wanted[0] * scale, rel=1e-14)


@pytest.mark.parametrize("shared", [1, 3, 7])
def test_dots_are_fused_unless_bits_are_to_be_exact(shared):
    count, fma = 40, function_of("fma")  # longer than what is written in one piece
    names = tuple(f"x{i}" for i in range(2 * count))
    program = Program(names, (), (("dot", *range(2 * count)),), (2 * count,))
    varying = np.arange(2 * count) % shared > 0  # with 1, none
    given = np.random.default_rng(shared).normal(size=(2 * count, 9))
    given[~varying] = given[~varying, :1]
    uniform, lanes = given[~varying, 0], given[varying]
    wanted, separate = [], []
    for sample in given.T.tolist():
        total = sample[0] * sample[count]
        for x, y in zip(sample[1:count], sample[count + 1 :], strict=True):
            total = fma(x, y, total)
        wanted.append(total)
        separate += program.run(sample)[0]
    for level in LEVELS:
        for exact, numbers in ((False, wanted), (True, separate)):
            made = runner(program, tuple(varying), level, exact=exact)
            assert bits(made.run(uniform, lanes, False)[0]) == bits(numbers)
    assert bits(wanted) != bits(separate)


def mlp_gradient():
    import autograd
    import nn

    model = nn.MLP(2, [8, 1])
    parameters = model.parameters()

    def gradient(x, y):
        loss = autograd.relu(1 - y * model([x, y]))
        return [loss, *loss.gradient(parameters)]

    compiled = autograd.compile(gradient, backend="python")
    compiled(0.3, 1.0)
    return compiled.program


def test_hot_code_gets_better_while_it_runs_and_keeps_its_bits(monkeypatch):
    from autograd.compiling.native import runner as module

    monkeypatch.setattr(module, "HEAT", (1_000, 2_000))
    program = mlp_gradient()
    varying = (True, True, *[False] * (len(program.inputs) - 2))
    made = module.Runner(program, varying, exact=False)
    rng = np.random.default_rng(0)
    lanes = rng.normal(size=(2, 100))
    uniform = rng.normal(size=len(varying) - 2)

    def call():
        return bits(made.run(uniform, lanes, True)[0])

    first = call()
    levels = {made.level}
    stop = time.monotonic() + 60
    while made.level < 3 and time.monotonic() < stop:
        assert call() == first
        levels.add(made.level)
    assert made.level == 3
    assert 1 in levels
    assert call() == first


@pytest.mark.parametrize(
    ("code", "once", "tiled"),
    [
        (("sum", 0, 1, 2), [("sum", 2)], ("sum", 2)),
        (("sum", 0, 2, 1), [], ("sum", 3)),  # terms stay in their order
        (("dot", 0, 0, 2, 0, 1, 2), [("dot", 4)], ("more", 3)),
        (("dot", 2, 0, 0, 1), [], ("dot", 4)),
        (("sum", *[0] * 40, 2), [("sum", 40)], ("sum", 2)),
        (("dot", 0, *[2] * 19, *[1] * 20), [("dot", 2)], ("more", 39)),
    ],
)
def test_sums_begin_with_what_does_not_vary(code, once, tiled):
    from autograd.compiling.native.plan import planned

    program = Program(("u", "v", "x"), (), (code,), (3,))
    varying = (False, False, True)
    plan = planned(program, varying, exact=True)
    read = [(name, len(operands)) for _, name, operands in plan.once if name != "keep"]
    assert read == once
    assert (plan.tiled[0][1], len(plan.tiled[0][2])) == tiled
    lanes = np.array([[0.3, -1e16]])
    found, _ = runner(program, varying).run(np.array([0.1, 1e16]), lanes, False)
    wanted = [program.run([0.1, 1e16, x])[0] for x in lanes[0].tolist()]
    assert bits(found) == bits(wanted)


@pytest.mark.parametrize("reduce", [True, False])
def test_memory_that_served_a_thread_is_its_own_again(reduce):
    program = Program(("w", "x"), (), (("mul", 0, 1),), (2,))
    made = runner(program, (False, True), threads=2)
    lanes = np.random.default_rng(0).normal(size=(1, 700))

    def bits_of(made, w):
        return bits(made.run(np.array([w]), lanes, reduce)[0])

    bits_of(made, 2.0)  # leaves the memory of two threads behind
    first = made._latest().version.memory()  # as a call that runs at the same time
    alone = runner(program, (False, True), threads=1)
    assert bits_of(made, 3.0) == bits_of(alone, 3.0)
    assert 3.0 not in first.uniform


def test_threads_may_call_one_runner_at_once():
    from concurrent.futures import ThreadPoolExecutor

    program = mlp_gradient()
    varying = (True, True, *[False] * (len(program.inputs) - 2))
    made = runner(program, varying, threads=2)
    rng = np.random.default_rng(0)
    uniform = rng.normal(size=len(varying) - 2)
    batches = [rng.normal(size=(2, 700)) for _ in range(40)]
    shared = [uniform * scale for scale in rng.uniform(0.5, 2.0, len(batches))]

    def call(given, lanes):
        return bits(made.run(given, lanes, True)[0])

    alone = list(map(call, shared, batches))
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            assert list(pool.map(call, shared, batches)) == alone


def test_nothing_varies_and_no_samples():
    program = Program(("x",), (2.0,), (("mul", 0, 1),), (2,))
    made = runner(program, (False,))
    assert bits(made.run(np.array([3.0]), np.empty((0, 1)), False)[0]) == bits([6.0])
    assert bits(made.run(np.array([-0.0]), np.empty((0, 1)), True)[0]) == bits([0.0])
    made = runner(program, (True,))
    assert made.run(np.empty(0), np.empty((1, 0)), False)[0].shape == (1, 0)
    assert bits(made.run(np.empty(0), np.empty((1, 0)), True)[0]) == bits([0.0])
    nothing = Program(("x",), (), (), ())
    assert runner(nothing, (True,)).run(np.empty(0), np.ones((1, 9)), True)[0].size == 0


def test_the_cache_on_disk(tmp_path, monkeypatch):
    from autograd.compiling.native import engine

    monkeypatch.setenv("AUTOGRAD_COMPILE_CACHE", str(tmp_path / "code"))
    numbers = array("d", [0.7, -0.2, 1.3, 0.4])
    wanted = bits(GUARDED.run(list(numbers))[0])

    def found():
        return bits(runner(GUARDED, (False,) * 4).run_one(numbers)[0])

    assert found() == wanted
    (file,) = (tmp_path / "code").iterdir()
    code = file.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_emitted", None)  # nothing is compiled again
        assert found() == wanted
    for wrong in (b"", code[:100], code[:-1] + b"?", b"\0" * len(code)):
        file.write_bytes(wrong)
        assert found() == wanted
        assert file.read_bytes() == code
    # A directory that can't be written, or is none.
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("a file")
    assert found() == wanted


def test_an_interrupted_compilation_leaves_nothing_wrong(monkeypatch):
    from autograd.compiling.native import engine

    made = runner(GUARDED, (False, True, False, True))
    lanes = np.ones((2, 9))
    with monkeypatch.context() as patch:

        def interrupt(*_):
            raise KeyboardInterrupt

        patch.setattr(engine, "_emitted", interrupt)
        with pytest.raises(KeyboardInterrupt):
            made.run(np.ones(2), lanes, True)
    found, _ = made.run(np.ones(2), lanes, True)
    again, _ = runner(GUARDED, (False, True, False, True)).run(np.ones(2), lanes, True)
    assert bits(found) == bits(again)


def test_an_interruption_reaches_the_user_from_within_a_callback():
    import signal

    program = Program(("x",), (), (("digamma", 0),), (1,)).verify()
    made = runner(program, (True,))
    lanes = np.full((1, 400_000), 3.7)  # a second or more of calls of Python
    handler = signal.getsignal(signal.SIGINT)
    for seconds in (0.02, 0.05, 0.11):
        timer = threading.Timer(seconds, signal.raise_signal, [signal.SIGINT])
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            made.run(np.empty(0), lanes, False)
        timer.join()
        assert signal.getsignal(signal.SIGINT) is handler
    found, _ = made.run(np.empty(0), lanes[:, :9], False)
    assert bits(found[0]) == bits(program.run([3.7])[0] * 9)


def test_an_error_in_a_callback_is_raised_and_does_not_stay(monkeypatch):
    from autograd.compiling.native import calls

    fails = [True]

    def function(x):
        if fails[0]:
            raise RecursionError("deep")
        return x

    monkeypatch.setattr(calls, "_function", lambda name: function)
    calls.address_of.cache_clear()
    try:
        program = Program(("x",), (), (("digamma", 0),), (1,)).verify()
        for threads, level in itertools.product((1, 2), (0, 1)):
            made = runner(program, (True,), level, threads)
            lanes = np.arange(1.0, 301.0)[None]
            fails[0] = True
            with pytest.raises(RecursionError, match="deep"):
                made.run(np.empty(0), lanes, False)
            fails[0] = False
            assert bits(made.run(np.empty(0), lanes, False)[0]) == bits(lanes)
    finally:
        calls.address_of.cache_clear()


def test_an_interrupted_batch_waits_for_its_threads(monkeypatch):
    made = runner(GUARDED, (False, True, False, True), threads=2)
    lanes = np.ones((2, 1000))
    wanted = bits(made.run(np.ones(2), lanes, True)[0])
    version = made._latest().version
    native = version.functions["chunks"]
    begun, ended = threading.Event(), threading.Event()

    def chunks(address):
        if threading.current_thread() is threading.main_thread():
            assert begun.wait(30)
            raise KeyboardInterrupt
        begun.set()
        time.sleep(0.2)
        native(address)
        ended.set()

    with monkeypatch.context() as patch:
        patch.setitem(version.functions, "chunks", chunks)
        with pytest.raises(KeyboardInterrupt):
            made.run(np.ones(2), lanes, True)
        assert ended.is_set()
    assert bits(made.run(np.ones(2), lanes, True)[0]) == wanted


def test_threads_that_count_at_once_ask_for_better_code_once(monkeypatch):
    from autograd.compiling.native import runner as module

    asked = []
    monkeypatch.setattr(module, "HEAT", (5, 5))
    monkeypatch.setattr(
        module._Code, "_improve", lambda self, level: asked.append(level)
    )
    made = module.Runner(GUARDED, (False,) * 4, exact=True)
    code = made._latest()
    for _ in range(4):  # as threads do that all saw that some work was left
        code.count(6)
    module._background().submit(int).result()
    assert asked == [2]


def test_the_interpreter_ends_while_code_is_made_better():
    import subprocess
    import sys

    code = (
        "import numpy as np\n"
        "from autograd.compiling.native import runner as module\n"
        "from autograd.compiling.program import Program\n"
        "module.HEAT = (1, 1)\n"
        "code = tuple(('mul', i, i) for i in range(3000))\n"
        "p = Program(('x',), (), code, (3000,))\n"
        "r = module.Runner(p, (True,), exact=True)\n"
        "print(r.run(np.empty(0), np.ones((1, 8)), True)[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[8.]\n", "")


def test_without_llvmlite_numpy_runs_or_the_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "llvmlite", None)
    fast = autograd.compile(lambda x: x * x)
    assert (fast(3.0), fast.stats()["backend"]) == (9.0, "numpy")
    with pytest.raises(autograd.MissingExtraError, match=r"scalar-autograd\[compile\]"):
        autograd.compile(lambda x: x * x, backend="llvm")


def arguments_of(name):
    """Return numbers of all sizes; delicate ones stand among ordinary ones."""
    rng = np.random.default_rng(7)
    sizes = [1e-300, 1e-9, 1e-3, 0.1, 0.3, 1.0, 5.0, 30.0, 300.0, 1e5]
    found = np.concatenate([rng.normal(size=90) * size for size in sizes])
    if name in ("log", "log1p"):
        near = 1.0 + rng.normal(size=200) * 1e-4
        found = np.concatenate([np.abs(found), near, near - 1.99, -(1 - 1e-9 * near)])
    if name in ("sin", "cos"):
        turns = np.arange(300) * np.pi / 2  # NumPy's product: near multiples of π/2
        found = np.concatenate([found, turns, turns * 1e3, turns * (1 + 1e-9)])
    found[::10] = np.resize([*DELICATE, 709.5, -709.5, 1e308, -745.2], len(found[::10]))
    return found


VECTORS = ["exp", "expm1", "log", "log1p", "tanh", "cosh", "sinh", "sin", "cos"]


@pytest.mark.parametrize("name", VECTORS)
def test_functions_of_lanes_are_as_accurate_as_stated(name):
    from mpmath import mp, mpf

    from autograd.compiling.native import vectors

    assert set(VECTORS) == set(vectors.VECTORS) == set(vectors.BOUNDS)
    program = Program(("x",), (), ((name, 0),), (1,))
    given = arguments_of(name)
    found, again = (
        runner(program, (True,), level, exact=False).run(
            np.empty(0), given[None], False
        )[0][0]
        for level in (0, 2)
    )
    assert bits(found) == bits(again)
    alone = runner(program, (True,), exact=False)
    for x, got in zip(given.tolist(), found.tolist(), strict=True):
        (near,), _ = program.run([x])
        if not math.isfinite(near) or not math.isfinite(x) or near == 0:
            assert bits([got]) == bits([near]), x
        else:
            with mp.workdps(60):
                true = getattr(mp, name)(mpf(x))
                error = abs(mpf(got) - true) / mpf(math.ulp(float(true)))
            assert error <= vectors.BOUNDS[name], (x, got)
    # What a lane gets does not depend on its neighbours.
    for place in range(0, len(given), 37):
        (one,), _ = alone.run(np.empty(0), given[None, place : place + 1], False)
        assert bits(one) == bits(found[place : place + 1])
