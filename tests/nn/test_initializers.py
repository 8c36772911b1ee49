import random
from math import sqrt
from random import Random
from statistics import fmean, pstdev

import pytest

from nn.initializers import INITIALIZERS, by_name, default_for

FAN_IN, FAN_OUT, DRAWS = 24, 8, 20_000

# The standard deviation, worked out by hand from the papers for 24 inputs, 8 outputs;
# a uniform distribution's bound is √3 times its deviation.
DEVIATIONS = {
    "glorot_normal": 0.25,  # √(2 / 32)
    "glorot_uniform": 0.25,
    "he_normal": 0.28867513459481287,  # √(2 / 24)
    "he_uniform": 0.28867513459481287,
    "lecun_normal": 0.2041241452319315,  # √(1 / 24)
    "micrograd": 0.5773502691896258,  # √(1 / 3)
    "uniform": 0.11785113019775792,  # √(1 / 72)
    "zeros": 0.0,
}
UNIFORM = ["glorot_uniform", "he_uniform", "micrograd", "uniform"]
NORMAL = ["glorot_normal", "he_normal", "lecun_normal"]


def draws(name: str, count: int = DRAWS) -> list[float]:
    rng = Random(1)
    return [INITIALIZERS[name](rng, FAN_IN, FAN_OUT) for _ in range(count)]


def test_the_table_is_complete_and_names_its_functions() -> None:
    assert set(INITIALIZERS) == set(DEVIATIONS)
    for name, function in INITIALIZERS.items():
        assert function.__name__ == name
        assert by_name(name) is function


@pytest.mark.parametrize("name", DEVIATIONS)
def test_mean_and_deviation(name: str) -> None:
    sample, sigma = draws(name), DEVIATIONS[name]
    # Four standard errors, which are σ / √n and at most σ / √(2n).
    assert fmean(sample) == pytest.approx(0, abs=4 * sigma / sqrt(DRAWS))
    assert pstdev(sample) == pytest.approx(sigma, abs=4 * sigma / sqrt(2 * DRAWS))


@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_draws_fill_their_interval(name: str) -> None:
    sample, bound = draws(name), sqrt(3) * DEVIATIONS[name]
    assert 0.999 * bound < max(sample) <= bound
    assert -bound <= min(sample) < -0.999 * bound
    quarter = sum(abs(x) < bound / 4 for x in sample) / DRAWS
    assert quarter == pytest.approx(0.25, abs=0.015)


@pytest.mark.parametrize("name", NORMAL)
def test_normal_draws_have_a_normal_distribution_s_tails(name: str) -> None:
    sample, sigma = draws(name), DEVIATIONS[name]
    for k, share in [(1, 0.6827), (2, 0.9545), (3, 0.9973)]:
        inside = sum(abs(x) < k * sigma for x in sample) / DRAWS
        assert inside == pytest.approx(share, abs=0.015)
    assert max(map(abs, sample)) > 3 * sigma  # not truncated


@pytest.mark.parametrize("name", DEVIATIONS)
def test_the_seed_decides_and_the_global_stream_is_left_alone(name: str) -> None:
    before = random.getstate()
    assert draws(name, 10) == draws(name, 10)
    assert random.getstate() == before
    if name != "zeros":
        assert len(set(draws(name, 10))) == 10


def test_micrograd_draws_micrograd_s_stream() -> None:
    random.seed(1337)
    expected = [random.uniform(-1, 1) for _ in range(5)]
    rng = Random(1337)
    assert [INITIALIZERS["micrograd"](rng, 2, 16) for _ in range(5)] == expected


@pytest.mark.parametrize(
    ("activation", "name"),
    [
        ("relu", "he_normal"),
        ("leaky_relu", "he_normal"),
        ("gelu", "he_normal"),
        ("tanh", "glorot_uniform"),
        ("sigmoid", "glorot_uniform"),
        ("linear", "glorot_uniform"),
        (None, "glorot_uniform"),
    ],
)
def test_default_for(activation: str | None, name: str) -> None:
    assert default_for(activation) is INITIALIZERS[name]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("he_norml", "he_normal"),
        ("Glorot_Uniform", "glorot_uniform"),
        ("normal", "he_normal"),
        ("zero", "zeros"),
    ],
)
def test_an_unknown_initializer_names_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(
        ValueError,
        match=f"^unknown initializer '{name}': did you mean "
        f"'{nearest}'\\? Known are glorot_normal, .*, zeros$",
    ):
        by_name(name)


@pytest.mark.parametrize("name", sorted(set(DEVIATIONS) - {"zeros", "micrograd"}))
def test_a_layer_without_inputs_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^fan_in=0: a layer has at least 1 input"):
        INITIALIZERS[name](Random(0), 0, 3)


@pytest.mark.parametrize("name", ["glorot_normal", "glorot_uniform"])
def test_a_layer_without_outputs_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^fan_out=0: "):
        INITIALIZERS[name](Random(0), 3, 0)
