"""The node: its operators, what it knows of itself, and what it refuses."""

import math
import operator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from autograd import CutGraphError, NumberError, Value, dot, sin
from autograd import sum as sum_of
from autograd.rules import RULES

BINARY = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "mod": operator.mod,
    "floordiv": operator.floordiv,
}
UNARY = {
    "neg": operator.neg,
    "pos": operator.pos,
    "abs": abs,
    "round": round,
    "floor": math.floor,
    "ceil": math.ceil,
    "trunc": math.trunc,
}
NUMBERS = [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0), (0.5, 3.0), (2.0, 0.5)]


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize(("x", "y"), NUMBERS)
def test_binary_operators_compute_what_floats_compute(name, x, y):
    if name == "pow" and x < 0 and y != int(y):
        pytest.skip("not real")
    op = BINARY[name]
    expected = op(x, y)
    for out in (op(Value(x), Value(y)), op(Value(x), y), op(x, Value(y))):
        assert type(out) is Value
        assert out.data == pytest.approx(expected, rel=1e-15)
        assert type(out.data) is float
        assert out.rule is RULES[name]
        assert [getattr(o, "data", o) for o in out.operands] == [x, y]


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("x", [2.5, -2.5, 0.4, -0.4, 3.0])
def test_unary_operators_compute_what_floats_compute(name, x):
    out = UNARY[name](Value(x))
    assert out.data == UNARY[name](x)
    assert type(out.data) is float
    assert out.rule is RULES[name]


def test_round_takes_decimals_and_divmod_gives_both():
    x = Value(2.345)
    assert round(x, 1).data == 2.3
    assert [v.data for v in divmod(x, 2)] == [1.0, 2.345 % 2]
    assert [v.data for v in divmod(5, Value(2.0))] == [2.0, 1.0]


@pytest.mark.parametrize(
    "op", ["iadd", "isub", "imul", "itruediv", "ipow", "imod", "ifloordiv"]
)
def test_augmented_assignment_makes_a_new_node(op):
    x = Value(5.0)
    y = getattr(operator, op)(x, 2.0)
    assert y is not x
    assert x.data == 5.0
    assert y.parents == (x,)


def test_operands_keep_order_multiplicity_and_plain_numbers():
    x, y = Value(3.0), Value(4.0)
    assert (x * x).parents == (x, x)
    assert (x / y).operands == (x, y)
    assert (2.0 - x).operands == (2.0, x)
    assert (2.0 - x).parents == (x,)
    assert (x**2).operands == (x, 2)
    assert (x**2).parents == (x,)
    assert dot([x, 2.0], [y, y]).operands == (x, 2.0, y, y)
    assert dot([x, 2.0], [y, y]).parents == (x, y, y)
    assert sum_of([x]).operands == (x,)
    assert x.operands == x.parents == ()
    assert x.is_leaf
    assert not (x * y).is_leaf


def test_local_derivatives_are_those_of_the_forward_pass():
    x, y = Value(3.0), Value(4.0)
    z = x * y
    x.data = 100.0
    assert [d() for d in z.local_derivatives] == [4.0, 3.0]
    assert [d() for d in (2.0 - y).local_derivatives] == [-1.0]
    assert [d() for d in dot([x, 2.0], [y, y]).local_derivatives] == [4.0, 100.0, 2.0]
    assert x.local_derivatives == ()


def test_comparisons_compare_data_and_hashing_is_by_identity():
    a, b = Value(1.0), Value(2.0)
    assert a < b
    assert a <= 1
    assert b > a
    assert b >= 2.0
    assert a == 1.0
    assert a == Value(1.0)
    assert a != b
    assert a != "1"
    assert (a == None) is False  # noqa: E711 - what is tested
    assert len({a, Value(1.0)}) == 2
    assert bool(a)
    assert not Value(0.0)
    with pytest.raises(TypeError):
        a < "2"  # noqa: B015 - what is tested


def test_builtins_work_on_lists_of_values():
    values = [Value(3.0), Value(1.0), Value(2.0)]
    assert sum(values).data == 6.0
    assert max(values) is values[0]
    assert min(values) is values[1]
    assert [v.data for v in sorted(values)] == [1.0, 2.0, 3.0]
    total = sum(values)
    total.backward()
    assert [v.grad for v in values] == [1.0, 1.0, 1.0]


def test_texts_of_a_value():
    x = Value(1.0 / 3, label="x")
    assert repr(x) == "Value(data=0.3333333333333333, grad=0.0, label='x')"
    assert f"{x:.2f}" == "0.33"
    assert f"{Value(2.0)}" == "Value(data=2.0, grad=0.0)"


def test_numpy_scalars_become_plain_numbers():
    for scalar in (np.float64(1.5), np.float32(1.5), np.float16(1.5)):
        assert type(Value(scalar).data) is float
    assert type(Value(np.int64(3)).data) is int
    assert type((Value(2.0) * np.float64(3.0)).data) is float
    p = Value(1.0)
    p.data -= np.float64(0.5)  # what an optimizer on arrays does
    y = sin(p) * p
    y.backward()
    assert p.grad == pytest.approx(math.cos(0.5) * 0.5 + math.sin(0.5))


def test_a_bool_operand_counts_as_zero_or_one():
    x = Value(3.0)
    assert (x * True).data == 3.0
    assert (x * np.bool_(False)).data == 0.0


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("1.5", "str '1.5'; for text use float(text)"),
        (None, "NoneType None"),
        (1 + 2j, "complex (1+2j); use its real and imaginary parts"),
        (np.complex128(1j), "real and imaginary parts"),
        (True, "bool True: use where(condition, a, b)"),
        (np.bool_(True), "where(condition, a, b)"),
        (np.array([1.0, 2.0]), "use autograd.array(data)"),
        (np.array(1.0), "use autograd.array(data)"),
        ([1.0], "use autograd.array(data)"),
        (Decimal("1.5"), "Decimal"),
        (10**400, "an int of 1329 bits does not fit beside floats"),
        (Value(1.0), "use it as it is, or v.detach()"),
    ],
    ids=lambda x: str(x)[:20],
)
def test_what_is_no_real_number_is_refused(bad, says):
    with pytest.raises(NumberError) as caught:
        Value(bad)
    assert says in str(caught.value)
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "use",
    [float, int, complex, math.sin, range, [1, 2].__getitem__, math.sqrt],
    ids=lambda use: getattr(use, "__name__", str(use)),
)
def test_conversions_that_would_cut_the_graph_say_what_to_write(use):
    with pytest.raises(CutGraphError, match=r"v\.data or v\.item\(\)") as caught:
        use(Value(1.0))
    assert "autograd.<name> in place of math.<name>" in str(caught.value)


@pytest.mark.parametrize(
    "other", ["a", None, [1.0], 1j, object()], ids=lambda x: type(x).__name__
)
@pytest.mark.parametrize("op", [operator.add, operator.mul, operator.truediv])
def test_operators_refuse_what_is_no_number(op, other):
    with pytest.raises(TypeError):
        op(Value(1.0), other)


def test_detach_and_item_take_the_number_out():
    x = Value(2.0, label="x")
    y = (x * 3.0).detach()
    assert y.is_leaf
    assert y.data == 6.0
    assert (x * 3.0).item() == 6.0


def test_subclasses_of_users_take_part():
    class Weight(Value):
        def __init__(self, data, unit):
            super().__init__(data)
            self.unit = unit

    w = Weight(2.0, "m")
    y = w * w + 1.0 + Value(1.0) * w
    y.backward()
    assert w.grad == 5.0
    assert w.unit == "m"


def test_ints_stay_ints_until_they_meet_floats():
    assert type((Value(2) * 3).data) is int
    assert type((Value(2) * 0.5).data) is float
    assert type(sin(Value(2)).data) is float
    assert (Value(2) * Fraction(1, 3)).data == Fraction(2, 3)
    x = Value(3)
    (x * x).backward()
    assert x.grad == 6.0
    assert type(x.grad) is float


def test_a_subclass_with_exact_data_does_not_mix_with_floats():
    class Exact(Value):
        pass

    for meet in (
        lambda: Exact(Fraction(1, 3)) + Value(0.5),
        lambda: Value(0.5) / Exact(Fraction(1, 3)),
    ):
        with pytest.raises(NumberError, match="a Fraction meets a float"):
            meet()


def test_ints_beyond_the_floats_become_infinities_beside_floats():
    assert (Value(1.0) ** 10**400).data == 1.0
    assert (Value(2.0) * 10**400).data == math.inf
    assert (Value(-1.5) * 10**400).data == -math.inf
    assert sin(Value(1.0) / 10**400).data == 0.0
    assert round(Value(1.7e308), -308).data == math.inf


def test_operators_leave_what_they_cannot_do():
    with pytest.raises(TypeError):
        pow(Value(7.0), 2, 5)
    with pytest.raises(NumberError, match=r"a \* b takes numbers and Values, got list"):
        Value(2.0) * [1, 2]


def test_mpmath_constants_are_numbers_and_intervals_are_not():
    mpmath = pytest.importorskip("mpmath")
    assert Value(mpmath.pi).data == +mpmath.pi
    assert (Value(mpmath.mpf(2)) * mpmath.pi).data == 2 * mpmath.pi
    with pytest.raises(NumberError):
        Value(mpmath.iv.mpf([1, 2]))


def test_exact_numbers_take_formats():
    assert f"{Value(Fraction(1, 3)):.4f}" == "0.3333"
