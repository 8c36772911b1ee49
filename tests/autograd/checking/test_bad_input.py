"""Bad input: each a clear error or a report that is not ok; nothing passes unseen."""

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import autograd as ag
from autograd.checking import (
    check_gradient,
    check_hessian,
    check_jacobian,
    check_rule,
    check_vjp,
)
from autograd.errors import ArgumentError, MissingExtraError, NumberError


def test_a_wrong_shape_names_the_argument_and_both_shapes():
    report = check_gradient(
        lambda x, w: (x @ w).sum(),
        lambda x, w: (np.ones((2, 2)), x.sum(0)),
        np.ones((2, 3)),
        np.ones(3),
    )
    assert not report.ok
    assert "the gradient of x has shape (2, 2), the argument has shape (2, 3)" in str(
        report
    )


def test_a_broadcast_that_was_not_summed_is_seen_in_the_shape():
    x = np.arange(6.0).reshape(2, 3)
    report = check_gradient(
        lambda b: ((x + b) ** 2).sum(), lambda b: 2 * (x + b), np.ones(3)
    )
    assert report.diagnosis.kind == "missing-path"
    assert "summed over axis 0" in str(report)


def test_gradients_in_another_order_are_seen_in_the_shapes():
    report = check_gradient(
        lambda a, b: (a * a).sum() * (b * b).sum(),
        lambda a, b: (2 * b * (a * a).sum(), 2 * a * (b * b).sum()),
        np.ones(2),
        np.ones(3) * 2,
    )
    assert report.diagnosis.kind == "swapped-arguments"


@pytest.mark.parametrize(
    "found", [None, "text", [1.0], (1.0, 2.0, 3.0), {"x": 1.0}, np.array([2.0, 1.0])]
)
def test_what_is_no_tuple_of_gradients_is_no_verdict(found):
    report = check_gradient(lambda x, y: x * y, lambda x, y: found, 1.0, 2.0)
    assert not report.ok
    assert "must return a tuple of 2 gradients, of x, y in this order" in report.failure
    assert report.diagnosis.kind == "unknown"


# Right numbers in what is no gradient: NumPy would convert most of them to floats.
NO_GRADIENTS = [
    (lambda x: None, "the gradient of x is None: does the function lack a return"),
    (lambda x: [None, 2 * x[1]], "holds NoneType None"),
    (lambda x: (2 * x).astype(str), "holds str_ np.str_('2.6')"),
    (lambda x: [str(2 * x[0]), 2 * x[1]], "holds str_ np.str_('2.6')"),
    (lambda x: np.array(["2.6", 4.2], dtype=object), "holds str '2.6'"),
    (lambda x: (2 * x).astype("S16"), "holds bytes_"),
    (lambda x: 2 * x + 0j, "a gradient is real; give .real"),
    (lambda x: [2 * x[0] + 1j, 2 * x[1]], "a gradient is real; give .real"),
    (lambda x: np.array([2 * x[0] + 1j, 4.2], dtype=object), "a gradient is real"),
    (lambda x: np.ma.masked_array(2 * x, [True, False]), "is masked in 1 places"),
    (lambda x: np.array([2, 4], "timedelta64[s]"), "holds timedelta64"),
    (lambda x: np.zeros(2, [("a", float)]), "holds void"),
    (lambda x: (2 * entry for entry in x), "holds generator"),
    (lambda x: {2.6, 4.2}, "holds set"),
    (lambda x: ag.array(2 * x), "holds Values: give plain numbers, by .data"),
    (lambda x: [ag.Value(2.6), ag.Value(4.2)], "holds Values"),
    (lambda x: [[1.0], [1.0, 2.0]], "list [[1.0], [1.0, 2.0]], no array"),
    (lambda x: {"x": 2 * x}, "a dict with the keys ['x'] in it"),
]


@pytest.mark.parametrize(("hand", "words"), NO_GRADIENTS)
@pytest.mark.filterwarnings("error")
def test_what_holds_no_real_numbers_is_refused(hand, words):
    report = check_gradient(lambda x: (x * x).sum(), hand, np.array([1.3, 2.1]))
    assert not report.ok
    assert words in str(report)


@pytest.mark.parametrize(
    "hand",
    [
        lambda x: list(2 * x),
        lambda x: tuple((2 * x).tolist()),
        lambda x: (2 * x,),
        lambda x: np.array([2 * entry for entry in x], dtype=object),
        lambda x: [Fraction(2 * entry) for entry in x.tolist()],
        lambda x: [Decimal(2 * entry) for entry in x.tolist()],
        lambda x: np.ma.masked_array(2 * x),
        lambda x: (2 * x).astype(np.longdouble),
        lambda x: memoryview(2 * x),
    ],
)
def test_other_ways_to_give_real_numbers_are_read(hand):
    assert check_gradient(lambda x: (x * x).sum(), hand, np.array([1.3, 2.1])).ok


PARAMETERS = {"w": np.array([1.0, 2.0]), "b": (3.0, [4.0, 5.0])}


def slopes(p):
    (b, (c, d)), w = p["b"], p["w"]
    return {"b": ((w**2).sum(), [d, c]), "w": 2 * w * b}  # another order of the keys


NESTS = [
    (slopes, ""),
    (lambda p: {"w": slopes(p)["w"]}, "must be a dict with the keys ['w', 'b'], it is"),
    (lambda p: {**slopes(p), "z": 1.0}, "it is a dict with the keys ['b', 'w', 'z']"),
    (lambda p: tuple(slopes(p).values()), "it is a tuple of length 2"),
    (lambda p: {**slopes(p), "b": (5.0, "5.0")}, "gradient of p['b'][1]"),
    (lambda p: {**slopes(p), "b": (5.0, [5.0, "4.0"])}, "p['b'][1] holds str_"),
    (lambda p: {**slopes(p), "w": None}, "the gradient of p['w'] is None"),
]


@pytest.mark.parametrize(("hand", "words"), NESTS)
def test_nests_are_compared_key_by_key(hand, words):
    def fn(p):
        return (p["w"] ** 2).sum() * p["b"][0] + p["b"][1][0] * p["b"][1][1]

    report = check_gradient(fn, hand, PARAMETERS)
    assert report.ok == (not words)
    assert words in str(report)


ARGUMENTS = [
    ("3.0", NumberError, "x is str '3.0'"),
    (np.array(["1.0", "2.0"]), NumberError, "dtype <U3"),
    (np.array(["1.0", 2.0], dtype=object), NumberError, "is str '1.0'"),
    ([1.0, "2.0"], NumberError, "is str '2.0'"),
    (1 + 0j, NumberError, "is complex"),
    (np.array([1 + 1j]), NumberError, "complex128"),
    (True, NumberError, "is bool True"),
    (np.array([True]), NumberError, "dtype bool"),
    (None, NumberError, "NoneType"),
    (range(3), NumberError, "is range"),
    (np.array([1], "datetime64[D]"), NumberError, "datetime64"),
    (ag.Value(1.0), ArgumentError, "holds Values: give plain numbers"),
    (ag.array([1.0]), ArgumentError, "holds Values: give plain numbers"),
    (np.ma.masked_array([1.0, 2.0], [0, 1]), ArgumentError, "is masked in places"),
    (10**400, ArgumentError, "integer of 401 digits, beyond the floats"),
    ({}, ArgumentError, "nothing to compare: no number in x"),
]


@pytest.mark.parametrize(("x", "error", "words"), ARGUMENTS)
@pytest.mark.parametrize("check", [check_gradient, check_jacobian, check_hessian])
@pytest.mark.filterwarnings("error")
def test_arguments_that_hold_no_real_numbers_are_refused(check, x, error, words):
    with pytest.raises(error, match=re.escape(words)):
        check(lambda x: np.sum(x), lambda x: x, x)


@pytest.mark.parametrize("x", [np.float16(1.3), np.array([1.3], np.float16)])
def test_half_precision_is_judged_as_single_and_it_is_said(x):
    report = check_gradient(lambda x: np.sum(x * x), lambda x: 2 * x, x)
    assert report.ok
    assert report.precision == "single"
    assert report.warnings == []
    assert "x holds float16: it was converted to float32" in str(report)


def test_a_gradient_of_integers_is_named_when_it_is_wrong():
    report = check_gradient(
        lambda x: (x * x).sum(), lambda x: (2 * x).astype(int), np.array([1.3, 2.1])
    )
    assert not report.ok
    assert "the hand gradient holds numbers of dtype int64" in str(report)


def test_a_buffer_that_is_used_again_is_read_in_time():
    buffer = np.zeros(2)
    report = check_gradient(
        lambda x: (x * x).sum(), lambda x: np.multiply(2, x, out=buffer), np.ones(2)
    )
    assert report.ok


@pytest.mark.parametrize("wanted", ["float 2.0", "ndarray", "NoneType", "str '2x'"])
def test_a_number_in_place_of_a_function_is_named(wanted):
    given = {"f": 2.0, "n": np.ones(1), "N": None, "s": "2x"}[wanted[0]]
    words = f"must be a function, got {wanted}"
    for check in (check_gradient, check_jacobian, check_hessian, check_vjp):
        for functions in [(np.sum, given), (given, np.sum)]:
            with pytest.raises(ArgumentError, match=words):
                check(*functions, np.ones(1))


@pytest.mark.parametrize(
    ("check", "functions", "words"),
    [
        (check_gradient, (lambda x: x, lambda: 1.0), r"hand_gradient takes \(\)"),
        (check_gradient, (lambda x, y: x, lambda x: x), r"fn takes \(x, y\)"),
        (check_jacobian, (lambda x: x, lambda x, y: x), "missing a required argument"),
        (check_hessian, (lambda x: x, lambda x, y: x), r"called as hand_hessian\(x, y"),
        (check_vjp, (lambda x: x, lambda x: x), r"called as backward\(cotangent, x, y"),
        (check_vjp, (lambda: 1.0, lambda g, x: x), r"forward takes \(\)"),
    ],
)
def test_a_function_of_other_arguments_is_named(check, functions, words):
    with pytest.raises(ArgumentError, match=words):
        check(*functions, 1.0)


@pytest.mark.parametrize(
    "fn",
    [
        lambda x: x * 2,
        lambda x: [x[0], x[1]],
        lambda x: None,
        lambda x: "1",
        lambda x: np.array("1"),
        lambda x: True,
        lambda x: np.bool_(True),
        lambda x: complex(1.0),
        lambda x: np.complex64(1.0),
        lambda x: {"loss": 1.0},
        lambda x: (entry for entry in x),
    ],
)
def test_a_function_must_return_one_number(fn):
    with pytest.raises(ArgumentError, match="must return one number"):
        check_gradient(fn, lambda x: x, np.ones(2))


def test_a_gradient_that_raises_is_reported_with_the_point():
    def hand(x):
        raise KeyError("lost")

    report = check_gradient(lambda x: x**2, hand, 3.0)
    assert not report.ok
    assert "raised KeyError: 'lost'" in str(report)
    assert "x = 3.0" in str(report)


def test_a_gradient_that_raises_later_is_not_ok_either():
    def hand(x):
        if x > 3:
            raise ValueError("too large")
        return 2 * x

    assert "too large" in check_gradient(lambda x: x**2, hand, 3.0).failure


@pytest.mark.parametrize("x", [np.nan, np.inf])
def test_arguments_must_be_finite(x):
    with pytest.raises(ArgumentError, match=r"x\[1\] is (nan|inf)"):
        check_gradient(lambda x: x.sum(), np.ones_like, np.array([1.0, x]))


@pytest.mark.parametrize("x", [3, np.int64(3), np.array([1, 2]), [1, 2], (1.5, 2)])
def test_integers_are_converted_and_it_is_said(x):
    for check, hand in [
        (check_gradient, lambda x: 2 * np.array(x)),
        (check_hessian, lambda x: 2 * np.eye(np.size(x)).reshape(2 * np.shape(x))),
    ]:
        report = check(lambda x: np.sum(np.array(x) ** 2), hand, x)
        assert report.ok, report
        assert str(report).count("x holds integers: they were converted to floats") == 1


def test_a_function_may_use_values_from_outside():
    w = ag.Value(2.0)
    assert check_gradient(lambda x: w * x**2, lambda x: 4 * x, 3.0).ok
    assert not check_gradient(lambda x: w * x**2, lambda x: 3 * x, 3.0).ok


def test_a_function_that_raises_names_the_point():
    def fn(x):
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost") as caught:
        check_gradient(fn, lambda x: x, np.array([1, 2]))
    (note,) = caught.value.__notes__
    assert "raised by fn at the point x[0] = 1.0, x[1] = 2.0; x holds integers" in note


def test_why_a_function_gives_no_number_is_said():
    report = check_gradient(lambda x: int("a"), lambda x: x, 1.0)
    assert not report.ok
    assert "it raised ValueError: invalid literal for int()" in report.failure


def test_a_given_point_that_was_not_compared_is_a_warning():
    report = check_gradient(lambda x: ag.log(x), lambda x: 1 / x, 0.0)
    assert report.ok
    assert "fn is not finite at the given point: nothing was compared there" in str(
        report
    )


def test_a_random_function_is_not_decided():
    rng = np.random.default_rng(0)
    report = check_gradient(lambda x: x * rng.uniform(), lambda x: 0.5, 1.0)
    assert not report.ok
    assert "fn is non-deterministic, two calls at one point give" in report.failure


def test_a_constant_function_is_not_a_multiple_of_nothing():
    report = check_gradient(lambda x: 3.0, lambda x: np.ones(2), np.array([1.3, 2.1]))
    assert report.diagnosis.kind == "offset"
    assert report.diagnosis.alternatives == ()


def test_nothing_to_compare_is_an_error():
    with pytest.raises(ArgumentError, match="nothing to compare"):
        check_gradient(lambda x: x.sum(), lambda x: x, np.zeros(0))
    with pytest.raises(ArgumentError, match="nothing to check"):
        check_gradient(lambda: 1.0, lambda: 1.0)


def test_an_empty_array_beside_another_is_said():
    report = check_gradient(
        lambda x, y: x.sum() ** 2 + y.sum(),
        lambda x, y: (2 * x.sum() * np.ones(2), np.zeros(0)),
        np.ones(2),
        np.zeros(0),
    )
    assert report.ok
    assert "y has shape (0,): no coordinate, nothing compared" in str(report)


def test_a_function_that_is_finite_nowhere_is_a_failure():
    report = check_gradient(ag.log, lambda x: 1 / x, -5.0)
    assert not report.ok
    assert "nothing was compared" in str(report)
    assert report.redrawn == 161


def test_points_that_are_drawn_again_are_counted():
    report = check_gradient(ag.log, lambda x: 1 / x, 0.02)
    assert report.ok, report
    assert report.redrawn > 0
    assert f"at {report.redrawn} points the function is not finite" in str(report)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"points": -1}, "points is how many"),
        ({"points": 2.5}, "points is how many"),
        ({"points": True}, "points is how many"),
        ({"points": "8"}, "points is how many"),
        ({"seed": None}, "seed is what makes"),
        ({"seed": "a"}, "seed is what makes"),
        ({"seed": -1}, "seed is what makes"),
        ({"rtol": -1e-3}, "rtol is a finite number"),
        ({"rtol": np.nan}, "rtol is a finite number"),
        ({"rtol": np.inf}, "rtol is a finite number"),
        ({"atol": "1e-3"}, "atol is a finite number"),
        ({"atol": True}, "atol is a finite number"),
        ({"precision": ["single"]}, 'precision is "single"'),
        ({"precision": "half"}, 'precision is "single", "double"'),
        ({"reference": "guess"}, 'reference is "values"'),
        ({"argnums": 3}, "argnums is 3, but there is 1 argument"),
        ({"argnums": -2}, "argnums is -2"),
        ({"argnums": True}, "argnums is True"),
        ({"argnums": 0.0}, "argnums is 0.0"),
        ({"argnums": "x"}, "argnums is 'x'"),
        ({"argnums": ()}, "names no argument to check"),
        ({"argnums": (0, 0)}, "name an argument twice"),
        ({"argnums": (0, -1)}, "name an argument twice"),
    ],
)
def test_options_are_checked(options, words):
    with pytest.raises(ArgumentError, match=words):
        check_gradient(lambda x: x**2, lambda x: 2 * x, 1.0, **options)


def test_a_reference_on_values_can_be_forced():
    with pytest.raises(NumberError, match="fn does not run on Values: CutGraphError"):
        check_gradient(lambda x: float(x), lambda x: 1.0, 1.0, reference="values")


def test_a_missing_package_names_its_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "scipy.differentiate", None)
    with pytest.raises(MissingExtraError, match=r"scalar-autograd\[check\]"):
        check_gradient(lambda x: float(x) ** 2, lambda x: 2 * x, 1.0)


def test_without_mpmath_the_50_digits_are_missed_and_it_is_said(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mpmath", None)
    report = check_gradient(lambda x: x**2, lambda x: 2 * x, 1.0)
    assert report.ok
    assert "mpmath is not installed" in str(report)


@pytest.mark.parametrize("argnums", [2, -3, True, "x", 1.0, ()])
def test_every_check_refuses_argnums_that_are_none(argnums):
    for check in (check_gradient, check_jacobian, check_hessian):
        with pytest.raises(ArgumentError, match="argnums"):
            check(lambda x, y: x * y, lambda x, y: y, 1.0, 2.0, argnums=argnums)
    with pytest.raises(ArgumentError, match="argnums"):
        check_vjp(lambda x, y: x, lambda g, x, y: g, 1.0, 2.0, argnums=argnums)


def test_places_count_from_the_end_too():
    x, y = np.arange(1.0, 4.0), np.arange(2.0, 5.0)
    assert check_jacobian(
        lambda x, y: x * x * y, lambda x, y: np.diag(x * x), x, y, argnums=-1
    ).ok
    assert check_vjp(
        lambda x, y: x * x * y, lambda g, x, y: g * x * x, x, y, argnums=np.int64(-1)
    ).ok


JACOBIANS = [
    (lambda x: np.diag(np.cos(x)).tolist(), ""),
    (lambda x: np.cos(x), "the Jacobian has shape (3,), it must have shape (3, 3)"),
    (lambda x: np.diag(np.cos(x)).astype(str), "the Jacobian holds str_"),
    (lambda x: np.diag(np.cos(x)) + 0j, "the Jacobian holds complex128"),
    (lambda x: np.ma.masked_less(np.diag(np.cos(x)), 0.1), "the Jacobian is masked"),
    (lambda x: None, "the Jacobian is None"),
    (lambda x: 1 / 0, "at the point [0.0, 1.0, 2.0]"),
    (lambda x: np.diag(np.cos(x)) + x.__iadd__(1) * 0, "argument 0 is changed"),
]


@pytest.mark.parametrize(("hand", "words"), JACOBIANS)
@pytest.mark.filterwarnings("error")
def test_what_is_no_jacobian_is_no_verdict(hand, words):
    report = check_jacobian(np.sin, hand, np.arange(3.0))
    assert report.ok == (not words)
    assert words in str(report)


RESULTS = [
    None,
    "out",
    True,
    1j,
    {"a": 1.0},
    ["a", 1.0],
    np.array([True]),
    np.ones(1) * 1j,
]


@pytest.mark.parametrize("out", RESULTS)
def test_results_must_hold_real_numbers(out):
    with pytest.raises(ArgumentError, match="must return numbers, arrays or tuples"):
        check_vjp(lambda x: out, lambda g, x: 0 * x, np.ones(1))
    with pytest.raises(ArgumentError, match="must return numbers, arrays or tuples"):
        check_jacobian(lambda x: out, lambda x: 0 * x, np.ones(1))


@pytest.mark.parametrize(
    ("operands", "error", "words"),
    [
        (["0.5"], NumberError, "got str '0.5'"),
        ([True], NumberError, "got the bool"),
        ([1j], NumberError, "got complex"),
        ([np.ones(1)], NumberError, "got ndarray"),
        ([0.5, 0.5], ArgumentError, "sigmoid takes 1 operands, got 2"),
    ],
)
def test_operands_of_a_rule_are_real_numbers(operands, error, words):
    with pytest.raises(error, match=words):
        check_rule("sigmoid", *operands)


def test_the_other_checks_say_what_they_take():
    with pytest.raises(ArgumentError, match="there is nothing to compare: forward"):
        check_vjp(lambda x: x[:0], lambda g, x: 0 * x, np.ones(2))
    with pytest.raises(ArgumentError, match="check_rule takes a function made by"):
        check_rule("no such row")
    with pytest.raises(ArgumentError, match="forward must return numbers"):
        check_vjp(lambda x: "out", lambda g, x: g, 1.0)
    with pytest.raises(ArgumentError, match=r"forward returns \(out, cache\)"):
        check_vjp(lambda x: x, lambda g, c: g, np.ones(2), cache=True)
    with pytest.raises(ArgumentError, match="fn returns no number"):
        check_jacobian(lambda x: x[:0], lambda x: x, np.ones(2))
