"""micrograd's moons demo: the numbers of micrograd 0.1.0, in reference/."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograd import Value
from nn import MLP

REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "reference" / "micrograd_moons.json").read_text("utf-8")
)
POINTS, LABELS = REFERENCE["points"], REFERENCE["labels"]


class MicrogradMLP:
    """What micrograd's `nn.py` computes and draws, in its order, on our Value."""

    def __init__(self, n_in: int, widths: list[int]) -> None:
        sizes = [n_in, *widths]
        self.layers = [
            [
                ([Value(random.uniform(-1, 1)) for _ in range(sizes[i])], Value(0))
                for _ in range(sizes[i + 1])
            ]
            for i in range(len(widths))
        ]

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            sums = [
                sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for w, b in layer
            ]
            x = sums if layer is self.layers[-1] else [total.relu() for total in sums]
        return x[0]

    def parameters(self) -> list[Value]:
        return [p for layer in self.layers for w, b in layer for p in [*w, b]]

    def zero_grad(self) -> None:
        for p in self.parameters():
            p.grad = 0


def plain() -> Any:
    return MLP(2, [16, 16, 1], init="micrograd", fused=False)


def fused() -> Any:
    return MLP(2, [16, 16, 1], init="micrograd")


def seeded() -> Any:
    return MLP(2, [16, 16, 1], init="micrograd", fused=False, seed=REFERENCE["seed"])


def step(model: Any, k: int) -> tuple[float, float]:
    """Make the demo's step number k, written as there; return loss and accuracy."""
    inputs = [list(map(Value, row)) for row in POINTS]
    scores = list(map(model, inputs))
    losses = [
        (1 + -yi * scorei).relu() for yi, scorei in zip(LABELS, scores, strict=True)
    ]
    data_loss = sum(losses) * (1.0 / len(losses))
    total_loss = data_loss + 1e-4 * sum(p * p for p in model.parameters())
    hits = [(yi > 0) == (s.data > 0) for yi, s in zip(LABELS, scores, strict=True)]
    model.zero_grad()
    total_loss.backward()
    for p in model.parameters():
        p.data -= (1.0 - 0.9 * k / 100) * p.grad
    return total_loss.data, sum(hits) / len(hits)


def numbers(model: Any) -> list[float]:
    return [p.data for p in model.parameters()]


@pytest.mark.parametrize("make", [MicrogradMLP, plain, fused, seeded])
def test_the_weights_after_one_step_are_micrograd_s(make: Callable[..., Any]) -> None:
    random.seed(REFERENCE["seed"])
    model = make(2, [16, 16, 1]) if make is MicrogradMLP else make()
    assert numbers(model) == REFERENCE["first weights"]
    loss, accuracy = step(model, 0)
    assert loss == pytest.approx(REFERENCE["losses"][0], rel=1e-14)
    assert accuracy == REFERENCE["accuracies"][0]
    assert numbers(model) == pytest.approx(
        REFERENCE["weights after 1 step"], rel=0, abs=1e-12
    )


def test_without_fusing_every_bit_is_that_of_micrograd_s_own_network() -> None:
    random.seed(5)
    theirs = MicrogradMLP(2, [16, 16, 1])
    random.seed(5)
    ours = plain()
    for k in range(3):
        assert step(theirs, k) == step(ours, k)
        assert numbers(theirs) == numbers(ours)


@pytest.mark.parametrize("make", [plain, fused])
def test_the_demo_ends_where_micrograd_s_does(make: Callable[[], Any]) -> None:
    random.seed(REFERENCE["seed"])
    model = make()
    run = [step(model, k) for k in range(100)]
    assert [accuracy for _, accuracy in run] == REFERENCE["accuracies"]
    assert run[-1][1] == 1.0
    # Rounding differs, in the order in which sums and gradients are added up.
    assert [loss for loss, _ in run] == pytest.approx(REFERENCE["losses"], rel=1e-9)
