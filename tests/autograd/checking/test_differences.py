"""The reference by differences: its errors bound what it is off, at least as often."""

import numpy as np
import pytest

import autograd as ag
from autograd import check_gradient
from autograd.checking.differences import Slope, _amplified, gradient_by_differences


@pytest.mark.parametrize("side", [0, 1])
def test_the_noise_of_f_is_amplified_as_the_stencil_does(side):
    """A perturbation of random signs never moves the slope by more than Σ|w|/h."""
    from scipy.differentiate import derivative

    largest = 0.0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        found = derivative(
            lambda t, rng=rng: rng.choice([-1.0, 1.0], np.shape(t)),
            0.0,
            step_direction=side,
            initial_step=1.0,
            maxiter=1,
        )
        largest = max(largest, abs(float(found.df)))
    assert 0.6 * _amplified(side) < largest <= _amplified(side) * (1 + 1e-12)


SMOOTH = {
    "exp, of all sizes": (np.exp, np.exp, np.linspace(-9, 9, 60)),
    "fast": (lambda x: np.sin(300 * x), lambda x: 300 * np.cos(300 * x), [0.1, 2.0]),
    "slow": (lambda x: np.cos(1e-3 * x), lambda x: -1e-3 * np.sin(1e-3 * x), [5.0]),
    "large": (lambda x: 1e9 + x, lambda x: 1 + 0 * x, [1e4, 3.0]),
    "small": (lambda x: 1e-20 * x**3, lambda x: 3e-20 * x**2, [2.0, -3.0]),
    "near a pole": (lambda x: 1 / x, lambda x: -1 / x**2, [1e-3, 1e-5]),
    "at an edge": (lambda x: x**1.5, lambda x: 1.5 * x**0.5, [0.3, 1e-4]),
    "kinked nearby": (lambda x: abs(x - 0.01), lambda x: np.sign(x - 0.01), [0.0, 0.3]),
    "float32 within": (
        lambda x: np.sin(np.asarray(x, np.float32)).astype(float),
        np.cos,
        [0.3, 1.2],
    ),
    "a polynomial": (lambda x: x**5 - x, lambda x: 5 * x**4 - 1, [0.0, 1.5]),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_the_error_is_an_upper_bound_and_no_excuse(name):
    f, slope, points = SMOOTH[name]
    for x in points:
        found, error = Slope(lambda v, f=f: float(f(v[0])), np.array([x])).along(
            np.ones(1)
        )
        right = float(slope(x))
        assert abs(found - right) <= error
        coarse = {"float32 within": 1e-4, "large": 1e-4, "near a pole": 1e-6}
        assert error <= coarse.get(name, 1e-7) * abs(right), (x, found, error)


@pytest.mark.parametrize("side", [-1, 1])
def test_one_side_sees_that_side_only(side):
    slope = Slope(lambda x: float(x[0] if x[0] < 0 else 3 * x[0]), np.zeros(1))
    found, error = slope.along(np.ones(1), side)
    assert abs(found - (3 if side > 0 else 1)) <= error < 1e-6


def test_beyond_the_domain_the_other_side_serves():
    def f(x):
        return float(np.sqrt(x[0])) if x[0] >= 1 else np.nan

    found, error = Slope(f, np.ones(1)).along(np.ones(1))
    assert abs(found - 0.5) <= error < 1e-6


def test_many_rows_give_what_single_ones_give():
    def f(x):
        return float(np.sin(x).prod() + (0.1 - x[2] if x[2] < 0.1 else np.nan))

    x = np.array([0.5, -1.0, 0.0999, 2.0])
    slopes, errors = gradient_by_differences(f, x)
    for i, row in enumerate(np.eye(4)):
        one, error = Slope(f, x).along(row)
        assert abs(slopes[i] - one) <= errors[i] + error
    right = [np.prod(np.sin(np.delete(x, i))) * np.cos(x[i]) for i in range(4)]
    right[2] -= 1
    assert (np.abs(slopes - right) <= errors).all()


def test_rounding_of_a_large_sum_is_no_mistake_of_the_gradient():
    """382 terms from 1e-4 to 1e4: the small slopes drown in the sum's last bits."""
    rng = np.random.default_rng(4)
    c, x = rng.normal(size=382), rng.uniform(-9, 9, 382)

    def fn(x):
        return (c * np.expm1(x)).sum()

    report = check_gradient(
        fn, lambda x: c * np.exp(x), x, points=3, reference="differences"
    )
    assert report.ok, report
    assert report.ratios().max() < 0.5


def test_a_slope_that_rounding_hides_is_said_and_compared_as_far_as_it_goes():
    def fn(x):
        return float(1e8 * np.exp(x[0]) + 1e-5 * x[1])

    def hand(x, tiny=1e-5):
        return np.array([1e8 * np.exp(x[0]), tiny])

    report = check_gradient(fn, hand, np.array([1.0, 2.0]))
    assert report.ok, report
    assert "hides the slope in x[1]" in " ".join(report.warnings)
    assert not check_gradient(fn, lambda x: hand(x, 0.1), np.array([1.0, 2.0])).ok


def test_a_factor_of_a_millionth_shows():
    def fn(x):
        return float(np.exp(x).sum())

    x = np.array([0.3, -0.2, 1.0])
    assert check_gradient(fn, np.exp, x).ok
    assert not check_gradient(fn, lambda x: np.exp(x) * (1 + 1e-6), x).ok


def test_softplus_of_one_coordinate_beside_a_constant():
    report = check_gradient(
        lambda x: ag.softplus(x[0]),
        lambda x: np.array([1 / (1 + np.exp(-x[0])), 0.0]),
        np.array([0.5, 3.0]),
        reference="differences",
    )
    assert report.ok, report


def test_a_float32_sum_that_cancels_is_right_beside_its_neighbours():
    rng = np.random.default_rng(1)
    c = rng.normal(size=(20, 6)).astype(np.float32)
    c[0, 2] -= c[:, 2].sum() + np.float32(1e-4)  # the third column's sum is small

    def fn(b):
        return float((c.astype(float) * b).sum())

    b = rng.normal(size=6).astype(np.float32)
    assert abs(c.sum(0)[2] / c.astype(float).sum(0)[2] - 1) > 2e-5  # digits are lost
    assert check_gradient(fn, lambda b: c.sum(0), b).ok
    assert not check_gradient(fn, lambda b: c.sum(0) * np.float32(1.0001), b).ok


def test_a_bound_beyond_all_numbers_gives_no_warning():
    report = check_gradient(
        lambda x: ag.exp(x * 1e3) * 1e-200,
        lambda x: 1e3 * np.exp(x * 1e3) * 1e-200,
        0.7,
    )
    assert len(report.compared()) > 1
