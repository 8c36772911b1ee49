"""`dot` of lists is written out for speed: it must do exactly what its rule says."""

import copy
import math
import pickle
from fractions import Fraction
from typing import Any

import pytest

from autograd import RULES, NumberError, Value, dot, no_grad, record_sources
from autograd.kinds import FLOATS

V = Value
F = Fraction


class Parameter(Value):
    """A user's own kind of Value."""


def number(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def of_rule(operands: list[Any]) -> tuple[Any, list[Any]]:
    """Return value and partials for the Values, from the row of the table."""
    data = [number(x) for x in operands]
    out = RULES["dot"].forward(FLOATS, *data)
    partials = RULES["dot"].local(FLOATS, out, data, [True] * len(data))
    return out, [
        d for x, d in zip(operands, partials, strict=True) if isinstance(x, Value)
    ]


@pytest.mark.parametrize(
    ("xs", "ys"),
    [
        ([V(0.1), V(0.2), V(0.3)], [V(0.7), V(1e16), V(-1e16)]),
        ([V(0.1), V(0.2)], [0.7, 0.3]),
        ([0.1, V(0.2), 3.0], [V(0.7), 0.3, 0.5]),
        ([V(2.0)], [V(3.0)]),
        ([V(2.0)], [3.0]),
        ([2.0], [V(3.0)]),
        ([V(-0.0), V(0.0)], [V(1.0), V(-1.0)]),
        ([V(-0.0)] * 2, [V(1.0)] * 2),
        ([V(math.inf), V(1.0)], [V(0.0), V(1.0)]),
        ([V(1e308), V(-1e308)], [V(10.0), V(10.0)]),
        ([V(2), V(3)], [V(4), V(5)]),
        ([V(2), V(3.0)], [4, 5.0]),
        ([V(2.0), V(3.0)], [4, True]),
        ([Parameter(2.0), V(3.0)], [4.0, V(0.5)]),
        ((V(2.0), V(3.0)), [4.0, V(0.5)]),
    ],
)
def test_value_and_partials_are_the_rule_s(xs: Any, ys: Any) -> None:
    operands = [*xs, *ys]
    out = dot(xs, ys)
    value, partials = of_rule(operands)
    assert (type(out), repr(out.data)) == (Value, repr(value))
    assert (out.rule, out.grad, out.label) == (RULES["dot"], 0.0, None)
    assert len(out.operands) == len(operands)
    for stored, given in zip(out.operands, operands, strict=True):
        assert stored is given or (stored == given and not isinstance(given, Value))
    assert list(map(id, out.parents)) == [
        id(x) for x in operands if isinstance(x, Value)
    ]
    assert [d() for d in out.local_derivatives] == partials


def test_data_that_are_no_floats_become_floats_beside_floats() -> None:
    np = pytest.importorskip("numpy")
    xs, ys = [Value(2.0), Value(3.0)], [Value(4), Value(5)]
    xs[0].data = np.float64(2.0)
    for values in (ys, [1.5, 2.5]):
        out = dot(xs, values)
        numbers = [out.data, *(d() for d in out.local_derivatives)]
        assert {type(x) for x in numbers} == {float}
    partials = [d() for d in dot(ys, ys).local_derivatives]
    assert {type(d) for d in partials} == {float}


def test_gradients_add_up_over_repeated_operands() -> None:
    a, b = Value(2.0), Value(3.0)
    out = dot([a, b, a], [b, a, a])  # 2ab + a²
    out.backward()
    assert (out.data, a.grad, b.grad) == (16.0, 10.0, 4.0)


def test_exact_numbers_stay_exact() -> None:
    a, b = Value(F(1, 3)), Value(F(1, 2))
    out = dot([a, b], [b, F(6)])
    out.backward()
    assert (out.data, a.grad, b.grad) == (F(19, 6), F(1, 2), F(19, 3))


@pytest.mark.parametrize(
    ("xs", "ys"),
    [
        ([V(F(1, 3)), V(1.0)], [V(2.0), V(1.0)]),
        ([V(F(1, 3)), V(1.0)], [2.0, 1.0]),
        ([V(1.0), V(1.0)], [F(1, 2), 1.0]),
        ([V(1.0), V(1.0)], ["a", 1.0]),
        ([V(1.0), V(1.0)], [1j, 1.0]),
        ([V(1.0), V(1.0)], [None, 1.0]),
    ],
)
def test_what_does_not_mix_raises(xs: Any, ys: Any) -> None:
    with pytest.raises(NumberError):
        dot(xs, ys)


def test_a_stranger_with_data_is_no_value() -> None:
    class Stranger:
        data = 1.0

    with pytest.raises(NumberError):
        dot([V(1.0), V(2.0)], [Stranger(), Stranger()])


def test_modes_hold() -> None:
    xs, ys = [V(1.0), V(2.0)], [V(3.0), V(4.0)]
    with no_grad():
        assert dot(xs, ys).is_leaf
    with record_sources():
        source = dot(xs, ys).source
    assert source is not None
    assert source.text == "source = dot(xs, ys).source"


def test_no_values_no_node() -> None:
    assert dot([1.0, 2.0], [3.0, 4.0]) == 11.0
    assert dot([], []) == 0


def test_numbers_among_many_operands_are_kept_by_copies() -> None:
    a, b = Value(2.0), Value(3.0)
    out = dot([a, 5.0, b], [7.0, a, 11.0])
    for copied, (x, y) in [
        (copy.copy(out), (a, b)),
        *(
            (container[0], container[1])
            for container in (
                copy.deepcopy((out, (a, b))),
                pickle.loads(pickle.dumps((out, (a, b)))),
            )
        ),
    ]:
        assert [number(o) for o in copied.operands] == [2.0, 5.0, 3.0, 7.0, 2.0, 11.0]
        assert list(map(id, copied.parents)) == [id(x), id(y), id(x)]
        x.grad = y.grad = 0.0
        copied.backward()
        assert (x.grad, y.grad) == (12.0, 11.0)


def test_nothing_flows_from_a_zero_cotangent() -> None:
    x = Value(0.0)
    poles = x.sqrt() + 1.0 / dot([x, x], [x, x])  # derivatives inf, and nan
    dot([poles, x], [Value(0.0), Value(3.0)]).backward()
    assert x.grad == 3.0
