"""The testers, tested: differences, bounds and grids that judge the rule table."""

import math
from itertools import pairwise, product

import pytest
from mpmath import mp, mpf

from autograd import RULES
from autograd.rules import Rule

from . import rule_oracles as oracles

X = [1e300, 1e-300, -1e300, 3.7, -0.2]


def digits(got, true):
    """Return how many decimal digits of a result are right."""
    with mp.workdps(60):
        return 60 if got == true else -mp.log10(abs((got - true) / true))


@pytest.mark.parametrize("x", X)
def test_slopes_have_25_digits_at_any_size(x):
    with mp.workdps(1500):
        x = mpf(x)
        cube = 3 * x**2
        arctangent = 1 / (1 + x**2)
        bell = -2 * x * mp.exp(-(x**2))
    assert digits(oracles.slope(lambda x: x**3, [x], 0), cube) > 24
    assert digits(oracles.slope(mp.atan, [x], 0, negligible=0), arctangent) > 24
    if abs(x) < 1e3:
        assert digits(oracles.slope(lambda x: mp.exp(-(x**2)), [x], 0), bell) > 24
    else:  # far below the floats
        assert abs(oracles.slope(lambda x: mp.exp(-(x**2)), [x], 0)) < oracles.TINY


@pytest.mark.parametrize(("x", "y"), [*product(X[:4], X[:4])])
def test_curvatures_have_25_digits_at_any_size(x, y):
    x, y = mpf(x), mpf(y)

    def f(x, y):
        return x**2 / y

    with mp.workdps(100):
        true = {(0, 0): 2 / y, (0, 1): -2 * x / y**2, (1, 1): 2 * x**2 / y**3}
    for (i, j), second in true.items():
        got = oracles.curvature(f, [x, y], i, j, negligible=0)
        assert digits(got, second) > 24


def test_a_slope_that_is_zero_is_found_to_be_zero():
    assert oracles.slope(mp.floor, [mpf(0.5)], 0) == 0
    assert oracles.slope(lambda x: max(x, mpf(1e300)), [mpf(1e-300)], 0) == 0
    assert oracles.curvature(lambda x: 3 * x, [mpf(1) / 3], 0, 0) == 0
    # and one that only looks like it, 1 beside 1e300, is not
    assert oracles.slope(lambda x: x + mpf(1e300), [mpf(1e-20)], 0) == 1


@pytest.mark.parametrize("f", [mp.sqrt, mp.log, lambda x: mp.cbrt(x)])
def test_where_there_is_no_slope_none_is_made_up(f):
    with pytest.raises(oracles.UndefinedError):
        oracles.slope(f, [mpf(0)], 0)


def test_slopes_on_both_sides_of_a_kink():
    assert oracles.side_slopes(abs, [mpf(0)], 0) == (-1, 1, False)
    assert oracles.side_slopes(mp.floor, [mpf(2)], 0) == (0, 0, True)
    assert oracles.side_slopes(mp.floor, [mpf(2) ** 900], 0) == (0, 0, True)
    left, right, jumps = oracles.side_slopes(lambda x: x**2, [mpf(3)], 0)
    assert (mp.nstr(left, 20), mp.nstr(right, 20), jumps) == ("6.0", "6.0", False)


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("floor", [(0.3,), (-7.9,)]),
        ("ceil", [(0.3,), (-7.9,)]),
        ("trunc", [(0.3,), (-7.9,)]),
        ("round", [(0.3,), (-7.9,)]),
        ("round_to", [(0.37, 1), (-78.9, -1)]),
        ("mod", [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0)]),
        ("floordiv", [(7.5, 2.0), (-7.5, 2.0)]),
        ("pow", [(2.5, 1.7), (0.3, -4.1)]),
        ("erf", [(0.4,), (-2.2,)]),
        ("erfc", [(0.4,), (3.3,)]),
        ("lgamma", [(0.4,), (3.3,)]),
        ("digamma", [(0.4,), (3.3,)]),
        ("polygamma", [(1, 0.4), (3, 2.2)]),
        ("logaddexp", [(0.4, -1.1), (3.0, 3.0)]),
    ],
)
def test_slopes_by_hand_are_those_of_the_definition(name, points):
    rule, seen = RULES[name], set()
    for point in points:
        xs = oracles.lift(rule, point)
        for i in oracles.free_places(rule, point):
            by_hand = oracles.value(oracles.SLOPES[name][i], xs)
            by_difference = oracles.slope(oracles.oracle(rule), xs, i)
            assert by_hand == by_difference == 0 or digits(by_hand, by_difference) > 24
            seen.add(name)
    assert seen == {name}


def test_each_slope_by_hand_is_among_these():
    marks = test_slopes_by_hand_are_those_of_the_definition.pytestmark
    assert {name for name, _ in marks[0].args[1]} == set(oracles.SLOPES)


def test_a_row_without_a_definition_is_judged_by_differences_of_its_own_formula():
    cube = Rule(
        name="own_cube",
        formula=lambda m, x: x * x * x,
        partials=lambda m, out, x: (3 * x * x,),
    )
    known = oracles.truth(cube, (2.0,))
    assert known.value == 8
    assert digits(known.slopes[0], 12) > 24
    assert digits(known.curvatures[0, 0], 12) > 4


ONE_ULP = 2.0**-52


@pytest.mark.parametrize(
    ("got", "true", "margin", "passes"),
    [
        (1.0, 1, 0, True),
        (1.0, mp.fadd(1, 2.0**-60, exact=True), 2.0**-60, True),
        (1.0, mp.fadd(1, 2.0**-60, exact=True), 2.0**-61, False),
        (math.nan, 1, 1e300, False),
        (math.inf, mpf(10) ** 400, 0, True),
        (-math.inf, -(mpf(10) ** 400), 0, True),
        (math.inf, -(mpf(10) ** 400), 0, False),
        (oracles.MAX, mpf(10) ** 400, 0, False),
        (math.inf, 1e308, 1e307, False),
        (math.inf, 1e308, 1e308, True),
        (0.0, mpf(10) ** -330, 0, False),
        (0.0, mpf(10) ** -330, oracles.spacing(mpf(10) ** -330), True),
    ],
)
def test_what_counts_as_right(got, true, margin, passes):
    assert oracles.within(got, true, margin) is passes


def test_spacing_and_margin():
    assert oracles.spacing(mpf(1)) == ONE_ULP
    assert oracles.spacing(mpf(10) ** -400) == oracles.MIN
    assert oracles.spacing(mpf(10) ** 400) == mpf(2) ** 971
    assert oracles.margin(4, mpf(1), mpf(3)) == 4 * ONE_ULP + 3 * ONE_ULP


def test_rounding_is_relative_to_the_operands_or_to_a_stated_magnitude():
    square = oracles.truth(RULES["square"], (3.0,))  # |x·2x| = 18, |x·2| = 6
    assert oracles.terms(RULES["square"], square) == (18, {0: 6})
    total = oracles.truth(RULES["sum"], (1.0, -2.0, 4.0))  # 3/2·(1 + 2 + 4)
    assert oracles.terms(RULES["sum"], total)[0] == mpf("10.5")
    small = oracles.truth(RULES["square"], (oracles.MIN,))
    assert oracles.terms(RULES["square"], small)[1] == {0: 2 * oracles.NORMAL}


def test_a_grid_reaches_all_magnitudes_and_the_ends():
    everywhere = list(oracles.grid((-math.inf, math.inf), 24))
    assert {oracles.MAX, -oracles.MAX, oracles.MIN, -oracles.MIN} <= set(everywhere)
    assert max(map(abs, everywhere)) == oracles.MAX
    exponents = sorted(math.frexp(x)[1] for x in everywhere)
    assert max(b - a for a, b in pairwise(exponents)) < 100
    unit = list(oracles.grid((-1.0, 1.0), 24))
    assert {-1.0, 1.0} <= set(unit)
    assert all(-1 <= x <= 1 for x in unit)
    assert any(0 < 1 - x < 1e-14 for x in unit)
    assert all(x >= 0 for x in oracles.grid((0.0, math.inf), 24))
