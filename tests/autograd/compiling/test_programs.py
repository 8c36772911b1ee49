"""Programs: grammar, printing, and that every form of one computes the same."""

import math
import pickle
from array import array
from dataclasses import replace
from itertools import islice, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd import ProgramError
from autograd.compiling import numpy_backend, python_backend, simplify
from autograd.compiling.builder import Builder
from autograd.compiling.chains import Watched, relaxed
from autograd.compiling.collect import collected
from autograd.compiling.draft import Draft
from autograd.compiling.lowering import is_primitive, lowered
from autograd.compiling.program import CONDITIONS, Program
from autograd.compiling.simplify import rewritten, simplified
from autograd.compiling.sums import added, chunk_sums
from autograd.rules import RULES

from .random_programs import DELICATE, random_numbers, random_program, same

FORMS = {
    "lowered": lowered,
    "rewritten": lambda program: rewritten(program, exact=True),
    "collected": lambda program: collected(Draft.of(program), exact=True),
    "simplified": lambda program: simplified(program, exact=True),
    "simplified, then lowered": lambda p: lowered(simplified(p, exact=True)),
    "printed from a copy": lambda program: pickle.loads(pickle.dumps(program)),
}


def of_one(name, *constants, arity=None):
    """Return a program of a single operation on its inputs."""
    count = arity or RULES[name].arity or 4
    places = range(count - len(constants))
    inputs = tuple(f"x{i}" for i in places)
    slots = range(count)
    if name == "round_to":  # the constant comes last, and constants lie last
        return Program(inputs, constants, ((name, *slots),), (count,)).verify()
    order = (*slots[len(places) :], *places)
    return Program(inputs, constants, ((name, *order),), (count,)).verify()


def assert_runs_alike(program, other, numbers):
    (wanted, held), (found, fine) = program.run(numbers), other.run(numbers)
    assert held == fine
    assert all(map(same, wanted, found)), (numbers, wanted, found)


# Every form of a program


@pytest.mark.parametrize("form", FORMS)
@given(seed=st.integers(0, 10**9))
@settings(max_examples=100, deadline=None)
def test_random_programs_keep_their_bits(form, seed):
    program = random_program(seed, guards=seed % 3)
    other = FORMS[form](program).verify()
    for k in range(3):
        assert_runs_alike(program, other, random_numbers(program, f"{seed}, {k}"))


def points(rule):
    count = (rule.arity or 4) - len(rule.static)
    yield from islice(product(DELICATE, repeat=count), 400)
    yield from (s[: count + 1] for s in rule.samples if len(s) == count)


@pytest.mark.parametrize("name", sorted(RULES.keys() - {"where", "take"}))
def test_every_row_keeps_its_bits_when_lowered(name):
    constants = {"polygamma": (1,), "round_to": (2,)}.get(name, ())
    program = of_one(name, *constants)
    forms = [lowered(program), simplified(program, exact=True)]
    for numbers in points(RULES[name]):
        for form in forms:
            assert_runs_alike(program, form.verify(), numbers)
    assert all(is_primitive(instruction[0]) for instruction in forms[0].code)


@pytest.mark.parametrize(
    ("code", "names"),
    [
        # What comes later in the program is computed when a formula needs it,
        ([("relu", 0), ("le", 0, 2)], ["le", "where"]),
        # and so is the result: times 1.0 it is the formula's.
        ([("relu", 0), ("le", 0, 2), ("where", 4, 2, 0)], ["le", "where", "mul"]),
        ([("le", 0, 2), ("where", 3, 2, 0), ("relu", 0)], ["le", "where", "mul"]),
        ([("max", 0)], ["mul"]),
        ([("prod",)], ["mul"]),
    ],
)
def test_formulas_share_what_there_is(code, names):
    program = Program(("x", "y"), (0.0,), tuple(code), tuple(range(3, 3 + len(code))))
    form = lowered(program.verify()).verify()
    assert [instruction[0] for instruction in form.code] == names
    for numbers in product(DELICATE, repeat=2):
        assert_runs_alike(program, form, numbers)


@pytest.mark.parametrize("names", [("max", "logsumexp"), ("logsumexp", "max")])
def test_a_formula_within_another_is_written_once(names):
    code = [(name, 0, 1, 2) for name in names]
    code.append(("sub", 0, 3 + names.index("max")))
    program = Program(tuple("xyz"), (), tuple(code), (3, 4, 5)).verify()
    written = [instruction[0] for instruction in lowered(program).code]
    assert written.count("maximum") == 2
    assert written.count("sub") == 3


@given(seed=st.integers(0, 10**9))
@settings(max_examples=100, deadline=None)
def test_without_exact_whole_numbers_stay_right(seed):
    """Sums and products of small whole numbers never round, in whatever order."""
    names = ["add", "mul", "sub", "neg", "dot", "sum", "chain", "prod", "square", "add"]
    program = random_program(seed, size=25, names=names, index=False)
    constants = [3.0 if x != x or x % 1 else x for x in program.constants]
    program = replace(program, constants=tuple(constants))
    numbers = [(seed >> k) % 7 - 3.0 for k in range(len(program.inputs))]
    every = replace(program, outputs=tuple(range(program.size)))
    assume(all(abs(x) < 2**52 and x % 1 == 0 for x in every.run(numbers)[0]))
    wanted, _ = program.run(numbers)
    found, _ = simplified(program, exact=False).verify().run(numbers)
    assert found == wanted


def test_a_planted_fault_is_seen(monkeypatch):
    wrong = {**simplify.IDENTITIES, "add": (lambda r, x, y: x,)}
    monkeypatch.setattr(simplify, "IDENTITIES", wrong)
    seen = 0
    for seed in range(20):
        program = random_program(seed)
        numbers = random_numbers(program, seed)
        found, _ = rewritten(program, exact=True).run(numbers)
        seen += not all(map(same, found, program.run(numbers)[0]))
    assert seen > 5


# What simplification does


def simplified_form(write, inputs="xy", exact=True):
    """Return the instructions that are left of what `write` writes."""
    builder = Builder(inputs)
    outputs = write(builder, *range(len(inputs)))
    program = builder.finish(outputs if isinstance(outputs, list) else [outputs])
    return str(simplified(program, exact)).splitlines()[1:]


def put(builder, name, *operands):
    """Write an operation on handles and plain numbers."""
    handles = [x if type(x) is int else builder.constant(x) for x in operands]
    return builder.emit(name, *handles)


IDENTITIES = [
    (lambda b, x, y: put(b, "mul", x, 1.0), "x"),
    (lambda b, x, y: put(b, "mul", -1.0, x), "-x"),
    (lambda b, x, y: put(b, "add", x, -0.0), "x"),
    (lambda b, x, y: put(b, "add", x, 0.0), "x + 0.0"),  # is 0.0 for x = -0.0
    (lambda b, x, y: put(b, "add", put(b, "exp", x), 0.0), "exp(x)"),
    (lambda b, x, y: put(b, "sub", x, 0.0), "x"),
    (lambda b, x, y: put(b, "sub", x, x), "x - x"),  # NaN for an infinity
    (lambda b, x, y: put(b, "mul", x, 0.0), "x * 0.0"),  # NaN for an infinity
    (lambda b, x, y: put(b, "sub", x, put(b, "neg", y)), "x + y"),
    (lambda b, x, y: put(b, "add", put(b, "neg", x), y), "y - x"),
    (lambda b, x, y: put(b, "neg", put(b, "neg", x)), "x"),
    (lambda b, x, y: put(b, "chain", 1.0, x), "x"),
    (lambda b, x, y: put(b, "chain", x, 2.0), "x * 2.0"),
    (lambda b, x, y: put(b, "chain", x, math.inf), "chain(x, inf)"),
    (lambda b, x, y: put(b, "div", x, 4.0), "x * 0.25"),
    (lambda b, x, y: put(b, "div", x, 3.0), "x / 3.0"),
    (lambda b, x, y: put(b, "where", put(b, "lt", x, y), y, y), "y"),
    (lambda b, x, y: put(b, "where", True, x, y), "x"),
    (lambda b, x, y: put(b, "add", 2.0, put(b, "sqrt", 9.0)), "5.0"),
    (lambda b, x, y: put(b, "pow", x, 0.0), "1.0"),
    (lambda b, x, y: put(b, "sum", x), "x"),
    (lambda b, x, y: put(b, "log", -1.0), "nan"),
]


@pytest.mark.parametrize(("write", "left"), IDENTITIES)
def test_identities(write, left):
    *code, last = simplified_form(write)
    found = last.removeprefix("    return ")
    for line in reversed(code):
        name, _, formula = line.strip().partition(" = ")
        found = formula if found == name else found
    assert found in (left, left.replace("exp(x)", "v0"))


def test_powers_with_constants_need_no_logarithm():
    """The row's derivative of x**2 has branches on the exponent only."""
    import autograd

    fast = autograd.compile(autograd.grad(lambda x: x**2), backend="python")
    assert fast(3.0) == 6.0
    assert {code[0] for code in fast.program.code} <= {"mul", "where", "eq", "abs"}


def test_sums_are_collected_in_their_order():
    def terms(b, x, y):
        total = x
        for k in range(5):
            total = put(b, "add", total, put(b, "mul", float(k + 2), y if k % 2 else x))
        return total

    (line, _) = simplified_form(terms)
    assert line.strip().startswith("v0 = dot([x, ")
    (line, _) = simplified_form(
        lambda b, x, y: put(b, "add", put(b, "add", put(b, "add", x, y), y), x)
    )
    assert line.strip() == "v0 = sum(x, y, y, x)"


def test_a_sum_with_few_products_multiplies_them_before():
    def terms(b, x, y):
        total = put(b, "add", put(b, "mul", x, y), x)
        for _ in range(3):
            total = put(b, "add", total, y)
        return total

    lines = [line.strip() for line in simplified_form(terms)]
    assert lines[:2] == ["v0 = x * y", "v1 = sum(x, v0, y, y, y)"]


def test_a_sum_of_sums_keeps_its_order_where_bits_must_stay():
    code = (("add", 0, 1), ("add", 2, 3), ("add", 4, 5))
    program = Program(("a", "b", "c", "d"), (), code, (6,))
    numbers = [1.0, 1e16, 1.0, -1e16]
    assert collected(Draft.of(program), exact=True).run(numbers) == program.run(numbers)
    assert collected(Draft.of(program), exact=False).code == (("sum", 0, 1, 2, 3),)


def test_the_first_dot_of_a_sum_only_is_taken_in_where_bits_must_stay():
    dot = ("dot", 0, 1, 1, 2)
    first = Program(("a", "b", "c"), (), (dot, ("add", 3, 0)), (4,))
    second = replace(first, code=(dot, ("add", 0, 3)))
    for program, exact, names in [
        (first, True, ["dot"]),
        (second, True, ["dot", "add"]),
        (second, False, ["dot"]),
    ]:
        assert [
            x[0] for x in collected(Draft.of(program), exact).verify().code
        ] == names
    numbers = [1.0, 1e16, -1.0 - 1e-16]
    assert collected(Draft.of(second), exact=True).run(numbers) == second.run(numbers)


def test_what_is_used_twice_is_not_taken_into_a_sum():
    def shared(b, x, y):
        product = put(b, "mul", x, y)
        return [put(b, "add", put(b, "add", product, x), y), product]

    lines = simplified_form(shared)
    assert sum("*" in line for line in lines) == 1


def test_a_product_and_a_sum_are_fused_unless_exact():
    write = lambda b, x, y: put(b, "add", put(b, "mul", x, y), x)  # noqa: E731
    assert simplified_form(write, exact=False)[0].strip() == "v0 = fma(x, y, x)"
    assert len(simplified_form(write, exact=True)) == 3


def test_fma_rounds_once():
    fma = Program(("x", "y", "z"), (), (("fma", 0, 1, 2),), (3,)).verify()
    e = 2.0**-52
    assert fma.run([1 + e, 1 - e, -1.0])[0] == [-(e**2)]
    for numbers in product(DELICATE, repeat=3):
        (found,), _ = fma.run(numbers)
        plain = numbers[0] * numbers[1] + numbers[2]
        assert same(found, plain) or math.isfinite(plain) or math.isinf(found)


def test_time_is_linear_in_the_program():
    import time

    taken = []
    for size in (2_000, 16_000):
        program = random_program(1, size=size)
        start = time.process_time()
        simplified(program)
        taken.append(time.process_time() - start)
    assert taken[1] < 40 * taken[0]  # 8 if linear, 64 if quadratic


# Products whose test is left out


def test_a_plain_product_stands_for_a_chain_where_its_nan_is_seen():
    chain = ("chain", 0, 1)
    seen = Program(("g", "d"), (), (chain, ("exp", 2)), (3,))
    assert relaxed(Draft.of(seen)).program().code == (("mul", 0, 1), ("exp", 2))
    hidden = Program(("g", "d"), (), (chain, ("lt", 2, 0), ("where", 3, 0, 1)), (4,))
    assert relaxed(Draft.of(hidden)) is None
    guarded = Program(("g", "d"), (), (chain, ("lt", 2, 0)), (0,), ((3, True),))
    assert relaxed(Draft.of(guarded)) is None


@given(seed=st.integers(0, 10**9))
@settings(max_examples=200, deadline=None)
def test_samples_with_a_nan_run_again_with_the_tests(seed):
    names = ["chain", "chain", "mul", "add", "exp", "log", "div", "maximum", "relu"]
    program = random_program(seed, names=names, index=False)
    loose = (relaxed(Draft.of(program)) or Draft.of(program)).program()
    varying = (True,) * len(program.inputs)
    prepare = python_backend.prepare
    runner = Watched(
        prepare(loose, varying, exact=True),
        lambda: prepare(program, varying, exact=True),
    )
    samples = [random_numbers(program, f"{seed}, {k}") for k in range(5)]
    outputs, _ = runner.run(np.empty(0), np.array(samples).T.copy(), False)
    sums, _ = runner.run(np.empty(0), np.array(samples).T.copy(), True)
    wanted = [program.run(sample)[0] for sample in samples]
    for sample, found, right in zip(samples, outputs.T, wanted, strict=True):
        assert all(map(same, found, right))
        assert all(map(same, runner.run_one(array("d", sample))[0], right))
    total = added(chunk_sums(np.array(wanted).T))
    assert all(map(same, sums, total))


# The NumPy backend


@pytest.mark.parametrize("exact", [True, False])
@given(seed=st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_numpy_runs_batches_as_the_reference_does(exact, seed):
    program = simplified(random_program(seed, guards=seed % 2), exact=True)
    varying = tuple(i % 3 != 0 for i in range(len(program.inputs)))
    first = random_numbers(program, seed)
    samples = [
        [
            x if v else first[i]
            for i, (x, v) in enumerate(zip(row, varying, strict=True))
        ]
        for row in (random_numbers(program, f"{seed}, {k}") for k in range(6))
    ]
    lanes = np.array([[row[i] for row in samples] for i, v in enumerate(varying) if v])
    uniform = np.array([x for x, v in zip(first, varying, strict=True) if not v])
    lanes = lanes.reshape(sum(varying), len(samples)).astype(float)
    runner = numpy_backend.prepare(program, varying, exact=exact)
    reference = python_backend.prepare(program, varying, exact=exact)
    for reduce in (False, True):
        found, held = runner.run(uniform, lanes, reduce)
        wanted, fine = reference.run(uniform, lanes, reduce)
        if exact:
            assert (held is None) == (fine is None)
            assert held is None or held.tolist() == fine.tolist()
            assert all(map(same, found.ravel().tolist(), wanted.ravel().tolist()))
        assert found.shape == wanted.shape


def test_numpy_takes_more_operands_than_its_own_loops_do():
    builder = Builder([f"x{i}" for i in range(100)])
    program = builder.finish([builder.emit("norm", *range(100))])
    lanes = np.random.default_rng(0).normal(size=(70, 5))
    shared = np.full(30, 0.5)
    varying = (False,) * 30 + (True,) * 70
    (found,), _ = numpy_backend.prepare(program, varying, exact=True).run(
        shared, lanes, False
    )
    wanted = [program.run([*shared, *x])[0][0] for x in lanes.T]
    assert found.tolist() == wanted


@pytest.mark.parametrize("name", sorted(RULES.keys() - {"where", "take"}))
def test_numpy_keeps_the_conventions_of_every_row(name):
    constants = {"polygamma": (1,), "round_to": (2,)}.get(name, ())
    program = of_one(name, *constants)
    varying = (True,) * len(program.inputs)
    samples = list(points(RULES[name]))
    lanes = np.array(samples, float).T.copy()
    wanted = [program.run(sample)[0][0] for sample in samples]
    (exact,), _ = numpy_backend.prepare(program, varying, exact=True).run(
        np.empty(0), lanes, False
    )
    (close,), _ = numpy_backend.prepare(program, varying, exact=False).run(
        np.empty(0), lanes, False
    )
    for sample, x, y, right in zip(samples, exact, close, wanted, strict=True):
        assert same(x, right), (sample, x, right)
        assert same(y, right) or y == pytest.approx(right, rel=2e-14, abs=1e-307), (
            sample, y, right
        )  # fmt: skip


def test_large_batches_go_in_blocks_and_keep_the_sum():
    program = Program(("w", "x"), (), (("mul", 0, 1), ("sin", 2)), (3, 2))
    lanes = np.random.default_rng(0).normal(size=(1, numpy_backend.BLOCK + 777))
    runner = numpy_backend.prepare(program, (False, True), exact=True)
    reference = python_backend.prepare(program, (False, True), exact=True)
    for reduce in (False, True):
        found, _ = runner.run(np.array([3.0]), lanes, reduce)
        wanted, _ = reference.run(np.array([3.0]), lanes, reduce)
        assert found.tolist() == wanted.tolist()
    assert found[0] == pytest.approx(np.sin(3 * lanes).sum(), rel=1e-12)


# Grammar


GOOD = Program(("x", "y"), (2.0, 1), (("add", 0, 1), ("lt", 4, 2)), (4,), ((5, True),))
VIOLATIONS = [
    ({"code": (("add", 0, 9),)}, "no earlier slot"),
    ({"code": (("add", 0, 4),)}, "no earlier slot"),
    ({"code": (("add", 0, -1), ("lt", 0, 1))}, "no earlier slot"),
    ({"code": (("add", 0, 1.0), ("lt", 0, 1))}, "no earlier slot"),
    ({"code": (("sum", 0, 1, 0, 1, 0, -2), ("lt", 0, 1))}, "no earlier slot"),
    ({"code": (("lt", 0, 1), ("sum", 0, 1, 0, 1, 0, 4))}, "sum.*takes"),
    ({"code": (("lt", 0, 1), ("chains", 0, 1, 0, 1, 0, 4))}, "chains.*takes"),
    ({"code": (("chains", 0, 1, 0, 1, 0), ("lt", 0, 1))}, "chains.*takes"),
    ({"code": (("add", 0),)}, "takes"),
    ({"code": (("frobnicate", 0),)}, "no such operation"),
    ({"code": (("lt", 0, 1), ("add", 4, 0))}, "takes"),
    ({"code": (("add", 0, 1), ("where", 4, 0, 1))}, "takes condition"),
    ({"code": (("polygamma", 2, 0), ("lt", 0, 1))}, "takes whole"),
    ({"code": (("and", 0, 1), ("lt", 0, 1))}, "takes condition"),
    ({"outputs": (6,)}, "slot 6"),
    ({"guards": ((4, True),)}, "guard of slot 4"),
]


@pytest.mark.parametrize(("change", "message"), VIOLATIONS)
def test_the_verifier_catches(change, message):
    from dataclasses import replace

    assert GOOD.verify() is GOOD
    for form in (lambda program: program, Draft.of):
        with pytest.raises(ProgramError, match=message):
            form(replace(GOOD, **change)).verify()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"chosen": [5]}, "no earlier slot"),
        ({"chosen": [5, 4]}, "no earlier slot"),
        ({"chosen": [4]}, "slot 5 is none"),
        ({"constants": {}}, "no earlier slot"),
    ],
)
def test_the_verifier_catches_what_is_left_out_of_a_draft(change, message):
    from dataclasses import replace

    draft = Draft.of(GOOD)
    assert draft.verify() is draft
    with pytest.raises(ProgramError, match=message):
        replace(draft, **change).verify()


def test_programs_print_like_code():
    program = Program(
        ("x", "w[0]"),
        (0.0,),
        (("mul", 0, 1), ("gt", 3, 2), ("where", 4, 3, 2), ("dot", 0, 1, 5, 5)),
        (6, 0),
        ((4, True),),
    )
    assert str(program.verify()) == (
        "program(x, w[0]):\n"
        "    v0 = x * w[0]\n"
        "    v1 = v0 > 0.0\n"
        "    v2 = v0 if v1 else 0.0\n"
        "    v3 = dot([x, w[0]], [v2, v2])\n"
        "    guard v1 is True\n"
        "    return v3, x"
    )
    assert "4 instructions" in repr(program)


def test_the_builder_writes_no_operation_twice_and_drops_what_is_not_needed():
    builder = Builder(["x"])
    square = builder.emit("mul", 0, 0)
    assert builder.emit("mul", 0, 0) == square
    builder.emit("exp", square)
    assert builder.constant(0.0) != builder.constant(-0.0)
    assert builder.constant(1.0) != builder.constant(True)
    assert builder.constant(math.nan) == builder.constant(math.nan)
    assert builder.finish([square]) == Program(("x",), (), (("mul", 0, 0),), (1,))
    assert CONDITIONS.isdisjoint(RULES)
