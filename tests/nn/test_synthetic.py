import math
from collections import Counter
from statistics import fmean, pstdev
from typing import Any

import pytest

import nn
from autograd import ArgumentError
from nn import synthetic
from nn.synthetic import PROBLEMS

NOISY = sorted(set(PROBLEMS) - {"adding_problem", "parity"})
CLASSES = sorted(set(PROBLEMS) - {"adding_problem", "sine"})


@pytest.mark.parametrize("name", PROBLEMS)
class TestEvery:
    def test_samples_are_rows_of_floats_with_a_target_each(self, name: str) -> None:
        inputs, targets = PROBLEMS[name](7)
        assert len(inputs) == len(targets) == 7
        numbers = [x for row in inputs for x in row]
        if name == "adding_problem":
            numbers = [x for row in numbers for x in row]
        assert {type(x) for x in numbers} == {float}
        assert {type(y) for y in targets} == ({int} if name in CLASSES else {float})

    def test_the_seed_decides(self, name: str) -> None:
        options: Any = {"noise": 0.1} if name in NOISY else {}
        made = PROBLEMS[name](9, seed=3, **options)
        assert PROBLEMS[name](9, seed=3, **options) == made
        assert PROBLEMS[name](9, seed=4, **options) != made

    def test_one_sample_will_do(self, name: str) -> None:
        [sample], [_] = PROBLEMS[name](1)
        assert sample

    @pytest.mark.parametrize("count", [0, -1, 2.0, True, None])
    def test_counts(self, name: str, count: Any) -> None:
        with pytest.raises(ArgumentError, match=r"^count is a whole number from 1 on"):
            PROBLEMS[name](count)

    def test_it_is_public_and_goes_by_its_name(self, name: str) -> None:
        assert synthetic.by_name(name) is getattr(synthetic, name) is PROBLEMS[name]
        assert name in synthetic.__all__


@pytest.mark.parametrize("name", NOISY)
def test_noise_has_the_deviation_that_was_asked_for(name: str) -> None:
    count = 2000
    clean = PROBLEMS[name](count, noise=0.0, seed=1)
    noisy = PROBLEMS[name](count, noise=0.25, seed=1)
    if name == "sine":
        pairs = zip(noisy.targets, clean.targets, strict=True)
    else:
        flat = [[x for row in made.inputs for x in row] for made in (noisy, clean)]
        pairs = zip(*flat, strict=True)
        assert noisy.targets == clean.targets
    if name == "blobs":  # the centres are the same: both draw them first
        assert len({tuple(row) for row in clean.inputs}) == 3
    differences = [x - y for x, y in pairs]
    assert abs(fmean(differences)) < 0.03
    assert pstdev(differences) == pytest.approx(0.25, rel=0.05)
    for noise in (-0.1, math.nan, math.inf, "0"):
        with pytest.raises(ArgumentError, match=r"^noise is a (finite )?number"):
            PROBLEMS[name](5, noise=noise)


def test_moons_by_hand() -> None:
    inputs, targets = synthetic.moons(6, noise=0.0)
    upper = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)]
    lower = [(0.0, 0.5), (1.0, -0.5), (2.0, 0.5)]
    assert targets == [0, 1, 0, 1, 0, 1]
    assert inputs[::2] == [pytest.approx(point, abs=1e-15) for point in upper]
    assert inputs[1::2] == [pytest.approx(point, abs=1e-15) for point in lower]


@pytest.mark.parametrize("count", [10, 11])
def test_circles_have_two_radii(count: int) -> None:
    inputs, targets = synthetic.circles(count, noise=0.0, factor=0.3)
    radii = [0.3 if y else 1.0 for y in targets]
    assert [math.hypot(*row) for row in inputs] == pytest.approx(radii)
    assert len({(round(x, 9), round(y, 9)) for x, y in inputs}) == count


@pytest.mark.parametrize("classes", [1, 2, 3, 5])
def test_spirals_go_around_and_never_meet(classes: int) -> None:
    inputs, targets = synthetic.spirals(60 * classes + 1, 0.0, classes, turns=1.5)
    assert Counter(targets) == {k: 60 + (k == 0) for k in range(classes)}
    for k in range(classes):
        arm = [row for row, y in zip(inputs, targets, strict=True) if y == k]
        radii = [math.hypot(*row) for row in arm]
        assert [radii[0], radii[-1]] == pytest.approx([0.1, 1.0])
        assert radii == sorted(radii)
        start, end = (math.atan2(row[1], row[0]) for row in (arm[0], arm[-1]))
        assert math.cos(end - start) == pytest.approx(-1.0)  # 1.5 turns
    nearest = (
        min(
            math.dist(a, b)
            for i, a in enumerate(inputs)
            for j, b in enumerate(inputs[:i])
            if targets[i] != targets[j]
        )
        if classes > 1
        else 1.0
    )
    assert nearest > 0.05


def test_xor_is_the_truth_table() -> None:
    inputs, targets = synthetic.xor(8)
    assert [int(a) ^ int(b) for a, b in inputs] == targets
    assert Counter(map(tuple, inputs)) == {
        (a, b): 2 for a in (0.0, 1.0) for b in (0.0, 1.0)
    }


def test_blobs_have_the_dimensions_and_classes_asked_for() -> None:
    inputs, targets = synthetic.blobs(12, noise=0.01, classes=4, features=3)
    assert Counter(targets) == {0: 3, 1: 3, 2: 3, 3: 3}
    assert {len(row) for row in inputs} == {3}
    assert math.dist(inputs[0], inputs[4]) < 0.2 < math.dist(inputs[0], inputs[1])
    assert max(abs(x) for row in inputs for x in row) < 10.1


def test_sine_by_hand() -> None:
    inputs, targets = synthetic.sine(5)
    half = math.pi / 2
    assert inputs == [[-2 * half], [-half], [0.0], [half], [2 * half]]
    assert targets == pytest.approx([0.0, -1.0, 0.0, 1.0, 0.0], abs=1e-15)


@pytest.mark.parametrize("length", [2, 3, 30])
def test_adding_problems_add_what_is_marked(length: int) -> None:
    inputs, targets = synthetic.adding_problem(200, length)
    half = length // 2
    for sequence, target in zip(inputs, targets, strict=True):
        marked = [t for t, (_, mark) in enumerate(sequence) if mark]
        first, second = marked
        assert 0 <= first < half <= second < length == len(sequence)
        assert sequence[first][0] + sequence[second][0] == target
        assert all(0 <= x < 1 and mark in (0, 1) for x, mark in sequence)
    assert len({first for s in inputs for first in [s.index(max(s))]}) > 1


def test_the_constant_predictor_of_the_adding_problem() -> None:
    _, targets = synthetic.adding_problem(20_000, 2)
    # The variance of a sum of two uniform numbers is 2/12; 3 standard errors.
    assert fmean((y - 1) ** 2 for y in targets) == pytest.approx(1 / 6, abs=0.004)


def test_parity_counts_the_ones() -> None:
    inputs, targets = synthetic.parity(300, bits=5)
    assert [row.count(1.0) % 2 for row in inputs] == targets
    assert len(set(map(tuple, inputs))) == 32
    assert {x for row in inputs for x in row} == {0.0, 1.0}


def test_fit_takes_samples_as_they_are() -> None:
    model = nn.MLP(2, [8, 1], "tanh", seed=0)
    inputs, targets = synthetic.xor()
    history = nn.fit(
        model,
        nn.losses.hinge,
        (inputs, [2 * y - 1 for y in targets]),
        epochs=100,
        optimizer=nn.SGD(model, lr=0.3),
    )
    assert history.losses[-1] < 0.2
    line = nn.MLP(1, [1], seed=0)
    optimizer = nn.SGD(line, lr=0.1)
    nn.fit(line, nn.losses.mse, synthetic.sine(20), 5, optimizer=optimizer)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: synthetic.circles(factor=1), "^factor is between 0 and 1, got 1"),
        (lambda: synthetic.circles(factor=None), "^factor is a finite number"),
        (lambda: synthetic.spirals(classes=0), "^classes is a whole number from 1 on"),
        (lambda: synthetic.spirals(turns=math.inf), "^turns is a finite number"),
        (lambda: synthetic.blobs(classes=1.0), "^classes is a whole number .* got 1.0"),
        (lambda: synthetic.blobs(features=0), "^features is a whole number from 1 on"),
        (lambda: synthetic.sine(low=2.0, high=1.0), "^low=2.0 is not below high=1.0"),
        (lambda: synthetic.sine(high=math.nan), "^high is a finite number, got nan"),
        (
            lambda: synthetic.adding_problem(5, length=1),
            "^length is a whole number from 2 on, got 1",
        ),
        (lambda: synthetic.parity(bits=0), "^bits is a whole number from 1 on, got 0"),
        (lambda: synthetic.by_name("moon"), "'moon': did you mean 'moons'. Known are"),
    ],
)
def test_errors(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()
