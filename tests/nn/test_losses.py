import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from autograd import ArgumentError, Value
from nn import log_softmax
from nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cosine,
    cross_entropy,
    hinge,
    huber,
    kl_divergence,
    mae,
    mse,
    nll,
    squared_hinge,
)


def values(numbers: list[float]) -> list[Value]:
    return [Value(x) for x in numbers]


class TestMse:
    def test_value_and_gradient(self) -> None:
        y = values([1.0, -2.0, 4.0])
        loss = mse(y, [1.0, 1.0, 2.0])
        loss.backward()
        assert loss.data == pytest.approx(13 / 3, rel=1e-15)  # (0 + 9 + 4) / 3
        # 2 (y − t) / 3
        assert [v.grad for v in y] == pytest.approx([0.0, -2.0, 4 / 3], rel=1e-15)

    @pytest.mark.parametrize(
        ("predictions", "targets"),
        [
            ([[1.0], [3.0]], [0.0, 0.0]),
            ([1.0, 3.0], [[0.0], [0.0]]),
            (np.array([1.0, 3.0]), np.zeros((2, 1))),
            ((Value(1.0), 3.0), iter([0, 0])),
        ],
    )
    def test_shapes(self, predictions: Any, targets: Any) -> None:
        loss = mse(predictions, targets)
        assert getattr(loss, "data", loss) == 5.0


class TestHinge:
    def test_value_and_gradient(self) -> None:
        s = values([2.0, 0.5, 1.0, -3.0])
        loss = hinge(s, [1, 1, 1, 1])
        loss.backward()
        assert loss.data == (0 + 0.5 + 0 + 4) / 4
        assert [v.grad for v in s] == [0.0, -0.25, 0.0, -0.25]

    def test_the_other_class(self) -> None:
        s = values([-2.0, 3.0])
        loss = hinge([[v] for v in s], [-1.0, -1])
        loss.backward()
        assert loss.data == 2.0
        assert [v.grad for v in s] == [0.0, 0.5]


class TestCrossEntropy:
    def test_value_and_gradient(self) -> None:
        # softmax(ln 1, ln 2, ln 3) = (1, 2, 3) / 6
        z = values([0.0, math.log(2), math.log(3)])
        loss = cross_entropy([z], [0])
        loss.backward()
        assert loss.data == pytest.approx(math.log(6), rel=1e-15)
        assert [v.grad for v in z] == pytest.approx([-5 / 6, 1 / 3, 1 / 2], rel=1e-14)

    def test_it_is_the_mean_over_rows(self) -> None:
        loss = cross_entropy([values([0.0, 0.0]), values([5.0] * 4)], [1, 3])
        assert loss.data == pytest.approx((math.log(2) + math.log(4)) / 2, rel=1e-15)

    @pytest.mark.parametrize(
        ("logits", "label", "value", "gradient"),
        [
            ([1000.0, -1000.0], 0, 0.0, [0.0, 0.0]),
            ([1000.0, -1000.0], 1, 2000.0, [1.0, -1.0]),
            ([-1000.0, -1000.0], 1, math.log(2), [0.5, -0.5]),
            ([1000.0, 1000.0, 1000.0], 2, math.log(3), [1 / 3, 1 / 3, -2 / 3]),
        ],
    )
    def test_stable_at_1000(
        self, logits: list[float], label: int, value: float, gradient: list[float]
    ) -> None:
        z = values(logits)
        loss = cross_entropy([z], [label])
        loss.backward()
        # One rounding of 1000 + ln 2 is 1e−13.
        assert loss.data == pytest.approx(value, rel=1e-15, abs=1.2e-13)
        assert [v.grad for v in z] == pytest.approx(gradient, rel=1e-13)

    def test_arrays(self) -> None:
        loss = cross_entropy(np.zeros((2, 3)), np.array([0, 2]))
        assert loss == pytest.approx(math.log(3), rel=1e-15)


class TestSingleNumbers:
    """What PyTorch's numbers (test_torch.py) don't show."""

    def test_one_value_and_its_target(self) -> None:
        y = Value(3.0)
        loss = mse(y, 1.0)
        loss.backward()
        assert (loss.data, y.grad) == (4.0, 4.0)
        assert mse(3.0, 1.0) == mse(3.0, 1.0, reduction="none") == 4.0

    def test_no_reduction_keeps_the_shape(self) -> None:
        predictions, targets = [[1.0], [2.0], [4.0]], [1.0, 1.0, 1.0]
        assert mae(predictions, targets, reduction="none") == [[0.0], [1.0], [3.0]]
        assert mae(np.ones((2, 1, 2)), np.zeros((2, 2)), reduction="none") == [
            [[1.0, 1.0]],
            [[1.0, 1.0]],
        ]

    # Where |d| = δ, the square and the line have one value and one slope.
    @pytest.mark.parametrize(
        ("d", "value", "slope"),
        [
            (-0.5, 0.125, -0.5),
            (0.5, 0.125, 0.5),
            (2.0, 0.875, 0.5),
            (-1e300, 5e299, -0.5),
            (math.inf, math.inf, 0.5),
        ],
    )
    def test_huber(self, d: float, value: float, slope: float) -> None:
        y = Value(d)
        loss = huber([y], [0.0], delta=0.5)
        loss.backward()
        assert loss.data == pytest.approx(value, rel=1e-15)
        assert y.grad == slope

    @pytest.mark.parametrize(
        ("p", "target", "value", "gradient"),
        [
            (0.0, 0, 0.0, 1.0),
            (1.0, 1, 0.0, -1.0),
            (0.0, 1, 100.0, 0.0),
            (1.0, 0, 100.0, 0.0),
            (1e-40, 1, 40 * math.log(10), -1e40),
            (1e-50, 1, 100.0, 0.0),
        ],
    )
    def test_logarithms_are_bounded(
        self, p: float, target: int, value: float, gradient: float
    ) -> None:
        v = Value(p)
        loss = binary_cross_entropy([v], [target])
        loss.backward()
        assert loss.data == pytest.approx(value, rel=1e-15)
        assert v.grad == pytest.approx(gradient, rel=1e-15)

    # ln(1 + e⁻⁴⁰) = e⁻⁴⁰ to 17 digits; its derivative is −e⁻⁴⁰.
    @pytest.mark.parametrize(("z", "target"), [(40.0, 1), (-40.0, 0)])
    def test_a_small_cost_keeps_its_digits(self, z: float, target: int) -> None:
        v = Value(z)
        loss = binary_cross_entropy_with_logits([v], [target])
        loss.backward()
        assert loss.data == pytest.approx(4.248354255291589e-18, rel=1e-13)
        assert abs(v.grad) == pytest.approx(4.248354255291589e-18, rel=1e-13)

    @pytest.mark.parametrize(("z", "target"), [(math.inf, 1), (-math.inf, 0)])
    def test_infinite_logits(self, z: float, target: int) -> None:
        v = Value(z)
        loss = binary_cross_entropy_with_logits([v], [target])
        loss.backward()
        assert (loss.data, v.grad) == (0.0, 0.0)

    def test_zeros_in_both_distributions(self) -> None:
        log_q = values([0.0, -math.inf])
        loss = kl_divergence([log_q], [[1.0, 0.0]], reduction="batchmean")
        loss.backward()
        assert loss.data == 0.0
        assert [v.grad for v in log_q] == [-1.0, 0.0]

    @pytest.mark.parametrize(
        "loss",
        [mse, mae, huber, binary_cross_entropy, binary_cross_entropy_with_logits],
    )
    def test_nan_goes_through(self, loss: Any) -> None:
        assert math.isnan(loss([Value(math.nan), 0.5], [1.0, 1.0]).data)

    def test_exact_numbers_stay_exact(self) -> None:
        third = Fraction(1, 3)
        for loss, cost in [(mse, third**2), (mae, third), (huber, third**2 / 2)]:
            assert loss([Value(third)], [0]).data == cost


class TestRows:
    # ln(1 + e⁻³⁰), and softmax's e⁻³⁰ / (1 + e⁻³⁰), to 16 digits.
    @pytest.mark.parametrize("targets", [[0], [[1.0, 0.0]]])
    def test_a_small_cost_keeps_its_digits(self, targets: Any) -> None:
        z = values([1000.0, 970.0])
        loss = cross_entropy([z], targets)
        loss.backward()
        assert loss.data == pytest.approx(9.357622968839737e-14, rel=1e-12)
        assert z[1].grad == pytest.approx(9.357622968839299e-14, rel=1e-12)
        if targets == [0]:  # for probabilities it is q₀ − softmax₀, rounded at 1e-16
            assert z[0].grad == -z[1].grad

    def test_smoothing_is_towards_the_uniform_distribution(self) -> None:
        z = [0.5, -1.0, 2.0]
        smooth = cross_entropy([z], [2], label_smoothing=0.3)
        assert smooth == pytest.approx(cross_entropy([z], [[0.1, 0.1, 0.8]]), rel=1e-15)

    def test_nll_of_log_softmax_is_cross_entropy(self) -> None:
        z = [[0.5, -1.0, 2.0], [1.0, 1.0, -1.0]]
        logs = [log_softmax(row) for row in z]
        assert nll(logs, np.array([2, 0])) == pytest.approx(
            cross_entropy(z, (2, 0)), rel=1e-15
        )

    def test_cosine_of_parallel_opposite_and_zero(self) -> None:
        rows = [values([3.0, 4.0]), values([-3.0, -4.0]), values([0.0, 0.0])]
        costs = cosine(rows, [[6.0, 8.0]] * 3, reduction="none")
        assert [cost.data for cost in costs] == pytest.approx([0.0, 2.0, 1.0])
        assert cosine([[1.0, 2.0]], [[0.0, 0.0]]) == 1.0
        costs[0].backward()
        assert [v.grad for v in rows[0]] == pytest.approx([0.0, 0.0], abs=1e-16)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: mse([1.0, 2.0], [1.0]),
            "^mse got 2 predictions but 1 targets: give one for one$",
        ),
        (lambda: mse([], []), "^mse of an empty batch: give at least one sample$"),
        (
            lambda: mse([[1.0, 2.0], [3.0, 4.0]], [1.0, 2.0, 3.0, 4.0]),
            "^mse got predictions and targets of different shapes, 4 numbers each",
        ),
        (
            lambda: mae([[1.0] * 3] * 2, [[1.0] * 2] * 3),
            "^mae got predictions and targets of different shapes, 6 numbers each",
        ),
        (lambda: mse("ab", "cd"), "^a loss takes numbers and lists of them, got 'ab'$"),
        (
            lambda: mse([1.0], [1.0], reduction="avg"),
            "^unknown reduction 'avg': did you mean .* Known are mean, none, sum$",
        ),
        (
            lambda: kl_divergence([1.0], [1.0], reduction="batch"),
            "^unknown reduction 'batch': did you mean 'batchmean'",
        ),
        (
            lambda: nll([[1.0]], [0], reduction="men"),
            "^unknown reduction 'men': did you mean 'mean'",
        ),
        (
            lambda: huber([1.0], [1.0], delta=0.0),
            "^huber takes a delta above 0, got 0.0$",
        ),
        (
            lambda: squared_hinge([1.0], [0.0]),
            "^squared_hinge takes targets -1 and 1, got 0.0 at place 0; from",
        ),
        (
            lambda: binary_cross_entropy([0.5, 1.5], [1, 1]),
            "^binary_cross_entropy takes probabilities from 0 to 1, got 1.5 at place 1;"
            " logits are for binary_cross_entropy_with_logits$",
        ),
        (
            lambda: binary_cross_entropy([0.5], [math.nan]),
            "^binary_cross_entropy takes targets from 0 to 1, got nan at place 0$",
        ),
        (
            lambda: binary_cross_entropy_with_logits([0.5], [-1]),
            "^binary_cross_entropy_with_logits takes targets from 0 to 1, got -1 at pl",
        ),
        (
            lambda: kl_divergence([0.5], [2]),
            "^kl_divergence takes targets from 0 to 1, got 2 at place 0$",
        ),
        (
            lambda: cross_entropy([[1.0, 2.0]], [[0.5, 0.25, 0.25]]),
            "^cross_entropy got 3 probabilities but 2 logits at place 0: give one for",
        ),
        (
            lambda: cross_entropy([[1.0, 2.0]], [[1.5, -0.5]]),
            "^cross_entropy takes probabilities from 0 to 1, got 1.5 at place 0$",
        ),
        (
            lambda: cross_entropy([[1.0, 2.0]], [0], label_smoothing=1.5),
            "^label_smoothing is from 0 to 1, got 1.5$",
        ),
        (
            lambda: cross_entropy([[1.0]], [0]),
            "^cross_entropy takes a logit for each of 2 or more classes, got 1 at place"
            " 0; one logit for two classes is for binary_cross_entropy_with_logits$",
        ),
        (
            lambda: nll([[1.0, 2.0]], [2]),
            "^label 2 at place 0 is no class index: with 2 numbers a row",
        ),
        (lambda: nll([[1.0, 2.0]], [0, 1]), "^nll got 1 rows but 2 labels"),
        (
            lambda: cosine([[1.0, 2.0]], [[1.0]]),
            "^cosine got rows of 2 and 1 numbers at place 0: give one for one$",
        ),
        (
            lambda: cosine([1.0], [1.0]),
            r"^a loss takes a batch, got 1.0: for one sample write \[prediction\]$",
        ),
        (lambda: hinge([1.0], [1, -1]), "^hinge got 1 predictions but 2 targets"),
        (
            lambda: hinge([1.0, 2.0], [1, 0]),
            r"^hinge takes targets -1 and 1, got 0 at place 1; from classes 0 and 1",
        ),
        (
            lambda: cross_entropy([[1.0, 2.0]], [0, 1]),
            "^cross_entropy got 1 rows of logits but 2 labels: give one for one$",
        ),
        (lambda: cross_entropy([], []), "^cross_entropy of an empty batch"),
        (
            lambda: cross_entropy([[1.0, 2.0]] * 2, [0, 2]),
            "^label 2 at place 1 is no class index: with 2 logits a row, labels go "
            "from 0 to 1$",
        ),
        (lambda: cross_entropy([[1.0, 2.0]], [-1]), "^label -1 at place 0 is no class"),
        (
            lambda: cross_entropy([[1.0, 2.0]], [0.0]),
            "^cross_entropy takes class indices as labels, got 0.0 at place 0$",
        ),
        (
            lambda: cross_entropy([[1.0, 2.0]], [True]),
            "class indices as labels, got Tr",
        ),
        (lambda: cross_entropy([1.0, 2.0], [0, 1]), "^a loss takes a batch, got 1.0"),
        (lambda: cross_entropy([[1.0, 2.0]], 0), "^a loss takes a batch, got 0"),
    ],
)
def test_errors(call: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()
