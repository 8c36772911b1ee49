import math
from typing import Any

import numpy as np
import pytest

from autograd import ArgumentError, Value
from nn.losses import cross_entropy, hinge, mse


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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: mse([1.0, 2.0], [1.0]),
            "^mse got 2 predictions but 1 targets: give one for one$",
        ),
        (lambda: mse([], []), "^mse of an empty batch: give at least one sample$"),
        (
            lambda: mse(Value(1.0), 1.0),
            r"^a loss takes a batch, got Value.*: for one sample write \[prediction\]$",
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
