"""Nests of numbers: taken apart in order, put together with the same structure."""

from collections import Counter, OrderedDict, defaultdict, namedtuple
from fractions import Fraction

import numpy as np
import pytest
from mpmath import mpf

from autograd import ArgumentError, NumberError, Value, grad
from autograd.structures import container, flatten

Point = namedtuple("Point", "x y")


class Layers(list):
    pass


NESTS = {
    "float": (1.5, [1.5]),
    "int": (2, [2]),
    "numpy scalar": (np.float32(0.5), [0.5]),
    "Fraction": (Fraction(1, 3), [Fraction(1, 3)]),
    "mpf": (mpf("0.1"), [mpf("0.1")]),
    "list": ([1.0, 2.0], [1.0, 2.0]),
    "empty": ([], []),
    "nested": ([1.0, (2.0, [3.0]), []], [1.0, 2.0, 3.0]),
    "namedtuple": (Point(1.0, [2.0]), [1.0, 2.0]),
    "list subclass": (Layers([1.0, 2.0]), [1.0, 2.0]),
    "dict in its own order": ({"b": 1.0, "a": {"c": 2.0}}, [1.0, 2.0]),
    "ordered dict": (OrderedDict(b=1.0, a=2.0), [1.0, 2.0]),
    "default dict": (defaultdict(list, {"b": [1.0]}), [1.0]),
    "dict of other keys": ({0: 1.0, (1, 2): 2.0}, [1.0, 2.0]),
}


@pytest.mark.parametrize("name", NESTS)
def test_a_nest_comes_apart_and_together(name):
    nest, numbers = NESTS[name]
    leaves, structure = flatten(nest)
    assert leaves == numbers
    assert structure.size == len(numbers)
    rebuilt = structure.build(leaves)
    assert rebuilt == nest
    assert type(rebuilt) is type(nest)
    if isinstance(nest, list | dict):
        assert rebuilt is not nest


def test_a_default_dict_keeps_its_default():
    rebuilt = flatten(defaultdict(list, {"a": 1.0}))[1].build([2.0])
    assert rebuilt["new"] == []


def test_the_structure_is_that_of_the_moment():
    nest = {"a": 1.0}
    _, structure = flatten(nest)
    nest["b"] = 2.0
    assert structure.build([5.0]) == {"a": 5.0}


def test_values_are_leaves():
    v = Value(2.0)
    leaves, structure = flatten({"w": [v, v]})
    assert leaves[0] is leaves[1] is v
    assert structure.build(leaves)["w"][0] is v


ARRAYS = {
    "1-d": np.array([1.0, 2.0]),
    "2-d": np.arange(6.0).reshape(2, 3),
    "Fortran order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "strided": np.arange(12.0).reshape(3, 4)[::2, ::-1],
    "0-d": np.array(2.0),
    "empty": np.zeros((0, 3)),
    "ints": np.array([1, 2]),
    "float32": np.array([0.5, 2.0], dtype=np.float32),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back_as_float_arrays(name):
    array = ARRAYS[name]
    leaves, structure = flatten([1.0, array])
    assert leaves == [1.0, *array.astype(float).ravel().tolist()]
    rebuilt = structure.build(leaves)[1]
    assert rebuilt.dtype == float
    assert rebuilt.shape == array.shape
    assert np.array_equal(rebuilt, array)


def test_arrays_of_exact_numbers_stay_exact():
    array = np.array([Fraction(1, 3), Fraction(2)], dtype=object)
    leaves, structure = flatten(array)
    rebuilt = structure.build(leaves)
    assert rebuilt.dtype == object
    assert rebuilt.tolist() == [Fraction(1, 3), Fraction(2)]


NO_NESTS = {
    "a string": ("text", r"^the nest is str 'text'"),
    "None": ([1.0, None], r"^the nest, at \[1\], is NoneType None"),
    "deep": ({"a": [0.0, (1j,)]}, r"^the nest, at \['a'\]\[1\]\[0\], is complex 1j"),
    "bool": (True, "is bool True"),
    "numpy bool": ([np.True_], r"at \[0\], is bool"),
    "set": ({1.0}, "is set {1.0}"),
    "range": (range(3), "is range"),
    "generator": ((x for x in [1.0]), "is generator"),
    "bool array": (np.array([True]), r"is an array of shape \(1,\) and dtype bool"),
    "complex array": (np.array([1j]), "dtype complex128"),
    "string array": (np.array(["a"]), "dtype <U1"),
    "object array": (np.array([[1.0, None]], dtype=object), r"at \[1\], is NoneType"),
}


@pytest.mark.parametrize("name", NO_NESTS)
def test_what_is_no_number_is_named_with_its_place(name):
    nest, message = NO_NESTS[name]
    with pytest.raises(NumberError, match=message) as caught:
        flatten(nest)
    assert str(caught.value).endswith(
        "give real numbers, Values, arrays of them, and lists, "
        "tuples and dicts of those"
    )


READS = {
    "list for tuple": ((1.0, 2.0), [3.0, 4.0], [3.0, 4.0]),
    "tuple for list": ([1.0, 2.0], (3, 4), [3, 4]),
    "dict in another order": ({"a": 1.0, "b": 2.0}, {"b": 4.0, "a": 3.0}, [3.0, 4.0]),
    "array": (np.zeros((2, 1)), np.array([[3], [4]]), [3.0, 4.0]),
    "numpy scalar": (1.0, np.float64(3.0), [3.0]),
}


@pytest.mark.parametrize("name", READS)
def test_another_nest_is_read_in_this_structures_order(name):
    nest, other, numbers = READS[name]
    assert flatten(nest)[1].read(other, "it") == numbers


MISFITS = {
    "longer": ([1.0], [1.0, 2.0], r"it must be a list of length 1, got list \[1.0, 2"),
    "flatter": ([[1.0]], [1.0], r"it, at \[0\], must be a list of length 1, got float"),
    "deeper": ([1.0], [[1.0]], r"it, at \[0\], must be a number, got list \[1.0\]"),
    "other keys": (
        {"a": 1.0},
        {"b": 1.0},
        r"must be a dict with the keys \['a'\], got",
    ),
    "list for dict": ({"a": 1.0}, [1.0], "must be a dict with the keys"),
    "dict for list": ([1.0], {0: 1.0}, "must be a list of length 1, got dict"),
    "list for array": (
        np.zeros(2),
        [1.0, 2.0],
        r"must be an array of shape \(2,\), got",
    ),
    "shape": (
        np.zeros(2),
        np.zeros((2, 1)),
        r"got an array of shape \(2, 1\) and dtype",
    ),
    "array for number": (1.0, np.zeros(1), "must be a number, got an array of shape"),
    "string": (
        {"a": [1.0]},
        {"a": ["x"]},
        r"it, at \['a'\]\[0\], must be a number, got",
    ),
}


@pytest.mark.parametrize("name", MISFITS)
def test_another_structure_is_refused_at_its_place(name):
    nest, other, message = MISFITS[name]
    with pytest.raises(ArgumentError, match=message):
        flatten(nest)[1].read(other, "it")


def test_structures_join_to_a_container():
    parts = [flatten(nest)[1] for nest in (1.0, [2.0, 3.0])]
    joined = container(tuple, parts)
    assert joined.size == 3
    assert joined.build([1, 2, 3]) == (1, [2, 3])
    assert joined == flatten((0.0, [0.0, 0.0]))[1]


def test_a_dict_that_counts_keeps_its_keys():
    assert grad(lambda p: p["a"] * p["b"])(Counter("aab")) == {"a": 1.0, "b": 2.0}
