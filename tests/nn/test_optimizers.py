import math
from typing import Any

import pytest

from autograd import ArgumentError, Value
from nn import MLP, SGD
from nn.optimizers import Method, Optimizer, sgd


def test_the_method_is_pure() -> None:
    method = sgd(lr=0.5)
    params, grads = [1.0, 2.0], [4.0, -8.0]
    state = method.init(params)
    for _ in range(2):
        assert method.update(grads, state, params) == ([-2.0, 4.0], 1)
    assert (params, grads) == ([1.0, 2.0], [4.0, -8.0])


def test_a_step_moves_against_the_gradient() -> None:
    x, y = Value(3.0), Value(-1.0)
    optimizer = SGD([x, y], lr=0.1)
    (x * x + 2 * y).backward()
    optimizer.step()
    assert x.data == pytest.approx(3.0 - 0.1 * 6.0)
    assert y.data == pytest.approx(-1.0 - 0.1 * 2.0)
    optimizer.zero_grad()
    assert (x.grad, y.grad) == (0.0, 0.0)


def test_a_schedule_is_asked_for_each_step() -> None:
    x = Value(0.0)
    asked: list[int] = []

    def schedule(step: int) -> float:
        asked.append(step)
        return 1.0 - 0.25 * step

    optimizer = SGD([x], lr=schedule)
    moves = []
    for _ in range(3):
        x.grad, before = 4.0, x.data
        optimizer.step()
        moves.append(x.data - before)
    assert asked == [0, 1, 2]
    assert moves == [-4.0, -3.0, -2.0]


def test_all_gradients_are_read_before_a_parameter_moves() -> None:
    a, b = Value(1.0), Value(2.0)

    def update(grads: Any, state: Any, params: Any) -> Any:
        assert ([a.data, b.data], list(params)) == ([1.0, 2.0], [1.0, 2.0])
        return [10.0, 20.0], state

    Optimizer([a, b], Method(lambda params: None, update)).step()
    assert (a.data, b.data) == (11.0, 22.0)


def test_an_optimizer_of_a_model_follows_the_model() -> None:
    model = MLP(1, [1], seed=0)
    optimizer = SGD(model, lr=1.0)
    model.layers[0].neurons[0].b = Value(7.0)
    model([1.0]).backward()
    optimizer.step()
    assert model.layers[0].neurons[0].b.data == 6.0
    optimizer.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0, 0.0]


def test_repr() -> None:
    assert repr(SGD([], lr=0.1)) == "SGD(lr=0.1)"


@pytest.mark.parametrize("lr", [-0.1, math.nan, math.inf, "0.1", None])
def test_a_bad_learning_rate(lr: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"^lr is a number from 0 on, or a function"
    ):
        SGD([Value(1.0)], lr=lr)
    if lr is not None:
        optimizer = SGD([Value(1.0)], lr=lambda step: lr)
        with pytest.raises(ArgumentError, match=r"gives one; got "):
            optimizer.step()


@pytest.mark.parametrize("wrong", [1.0, "w", Value(1.0) * 2])
def test_what_is_no_parameter(wrong: Any) -> None:
    with pytest.raises(ArgumentError, match=r"list of leaf Values, got .* at place 1$"):
        SGD([Value(1.0), wrong])
