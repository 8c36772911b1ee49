import copy
import json
import math
from typing import Any

import pytest

from autograd import ArgumentError, Value
from nn import MLP, SGD, Adagrad, Adam, AdamW, Layer, Module, RMSprop, Sequential
from nn.optimizers import (
    Method,
    Optimizer,
    adagrad,
    adam,
    adamw,
    chain,
    clip_by_norm,
    clip_by_value,
    rmsprop,
    sgd,
)


def test_the_method_is_pure() -> None:
    method = sgd(lr=0.5)
    params, grads = [1.0, 2.0], [4.0, -8.0]
    state = method.init(params)
    for _ in range(2):
        assert method.update(grads, state, params) == ([-2.0, 4.0], 1)
    assert (params, grads) == ([1.0, 2.0], [4.0, -8.0])


METHODS = {
    "momentum": sgd(momentum=0.9, nesterov=True, weight_decay=0.1),
    "rmsprop": rmsprop(centered=True, momentum=0.9),
    "adagrad": adagrad(lr_decay=0.1),
    "adam": adam(amsgrad=True),
    "adamw": chain(clip_by_value(2.0), clip_by_norm(3.0), adamw()),
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_methods_change_nothing_that_they_are_given(method: Method) -> None:
    params, grads = [1.0, 2.0], [4.0, -8.0]
    state = method.init(params)
    _, state = method.update(grads, state, params)
    before = copy.deepcopy(state)
    first = method.update(grads, state, params)
    assert method.update(grads, state, params) == first
    assert (state, params, grads) == (before, [1.0, 2.0], [4.0, -8.0])


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_extreme_gradients(method: Method) -> None:
    state = method.init([1.0] * 4)
    for _ in range(2):
        steps, state = method.update([0.0, 1e-320, 1e200, math.nan], state, [1.0] * 4)
    assert math.isnan(steps[3])


def test_a_centered_mean_of_squares_is_not_below_0() -> None:
    method = rmsprop(alpha=0.5, centered=True)
    state = method.init([0.0])
    for _ in range(100):  # of 1.1, v − m² rounds to −2e−16 at the 53rd
        steps, state = method.update([1.1], state, [0.0])
    assert steps == pytest.approx([-0.01 * 1.1 / 1e-8])


class TestClipping:
    def clipped(self, method: Method, grads: list[float]) -> list[float]:
        steps, _ = method.update(grads, method.init(grads), grads)
        return steps

    def test_by_value(self) -> None:
        found = self.clipped(clip_by_value(2.0), [3.0, -3.0, 1.0, -2.0, math.inf])
        assert found == [2.0, -2.0, 1.0, -2.0, 2.0]
        assert math.isnan(self.clipped(clip_by_value(2.0), [math.nan])[0])

    def test_by_norm(self) -> None:
        assert self.clipped(clip_by_norm(5.1), [3.0, 4.0]) == [3.0, 4.0]
        found = self.clipped(clip_by_norm(1.0), [3e200, 4e200])
        assert found == pytest.approx([0.6, 0.8], rel=1e-15)
        assert all(map(math.isnan, self.clipped(clip_by_norm(1.0), [1.0, math.nan])))

    def test_by_an_optimizer(self) -> None:
        x = Value(1.0)
        x.grad = 100.0
        SGD([x], lr=1.0, clip_value=0.25).step()
        assert x.data == 0.75


OPTIMIZERS: dict[str, Any] = {
    "SGD": lambda p: SGD(p, lr=0.1),
    "nesterov": lambda p: SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "RMSprop": lambda p: RMSprop(p, centered=True, momentum=0.5),
    "Adagrad": lambda p: Adagrad(p, lr=0.1, lr_decay=0.1),
    "Adam": lambda p: Adam(p, lr=0.1, amsgrad=True, clip_norm=1.0),
    "AdamW": lambda p: AdamW(p, lr=lambda step: 0.1 / (step + 1)),
}


def lists(state: Any) -> list[list[float]]:
    """Return the lists with a number for each parameter."""
    if isinstance(state, list):
        return [state]
    if not isinstance(state, dict | tuple):
        return []
    parts = state.values() if isinstance(state, dict) else state
    return [found for part in parts for found in lists(part)]


def train(model: Module, optimizer: Optimizer, steps: int) -> None:
    for k in range(steps):
        optimizer.zero_grad()
        (model([0.3 * k, -1.0]) ** 2).backward()
        optimizer.step()


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
class TestState:
    def test_it_continues_bit_by_bit(self, make: Any) -> None:
        model = MLP(2, [2, 1], "tanh", seed=0)
        optimizer = make(model)
        train(model, optimizer, 5)
        saved = json.dumps([model.state_dict(), optimizer.state_dict()])
        train(model, optimizer, 5)
        twin = MLP(2, [2, 1], "tanh", seed=1)
        other = make(twin)
        weights, state = json.loads(saved)
        twin.load_state_dict(weights)
        other.load_state_dict(state)
        train(twin, other, 5)
        assert twin.state_dict() == model.state_dict()
        assert other.state_dict() == optimizer.state_dict()

    def test_a_state_is_a_copy(self, make: Any) -> None:
        model = MLP(2, [2, 1], "tanh", seed=0)
        optimizer = make(model)
        train(model, optimizer, 2)
        state = optimizer.state_dict()
        before = copy.deepcopy(state)
        optimizer.load_state_dict(state)
        train(model, optimizer, 2)
        assert state == before != optimizer.state_dict()
        mine = optimizer.state_dict()
        for numbers in lists(mine["state"]):
            numbers[0] += 1
        assert (mine != optimizer.state_dict()) == bool(lists(mine["state"]))

    def test_frozen_parameters_stay_and_keep_their_state(self, make: Any) -> None:
        """As PyTorch does with a parameter that has no gradient."""
        model = MLP(2, [2, 1], "tanh", seed=0)
        optimizer = make(model)
        train(model, optimizer, 3)
        model.layers[0].freeze()
        weights, states = model.state_dict(), lists(optimizer.state)
        train(model, optimizer, 3)
        moved = [path for path, x in model.state_dict().items() if x != weights[path]]
        assert moved == [path for path in weights if path.startswith("layers[1]")]
        for before, after in zip(states, lists(optimizer.state), strict=True):
            assert (len(after), after[:6]) == (9, before[:6])
            assert after[6:] != before[6:]

    def test_the_others_go_as_without_the_frozen(self, make: Any) -> None:
        model, twin = (MLP(2, [2, 1], "tanh", seed=0) for _ in range(2))
        model.layers[0].freeze()
        train(model, make(model), 5)
        train(twin, make(twin.layers[1].parameters()), 5)
        assert model.state_dict() == twin.state_dict()

    def test_a_state_that_does_not_fit_changes_nothing(self, make: Any) -> None:
        optimizer = make(MLP(2, [2, 1], seed=0))
        before, name = optimizer.state_dict(), type(optimizer).__name__
        wrong: list[tuple[Any, str]] = [
            (None, "^an optimizer's state is what state_dict"),
            ({"state": 1}, "^an optimizer's state is what state_dict"),
            (before | {"optimizer": "Lion"}, f"optimizer Lion, this is {name}$"),
            (before | {"state": None}, f"^the state does not fit this {name}: make it"),
            (before | {"state": "1"}, f"^the state does not fit this {name}: make it"),
            (before | {"state": {}}, f"^the state does not fit this {name}: make it"),
            (before | {"state": [[1], 1]}, "^the state does not fit this"),
        ]
        if isinstance(before["state"], tuple):
            bigger = make(MLP(2, [3, 1], seed=0)).state_dict()
            wrong.append((bigger, "a model of the same 9 parameters$"))
        for state, message in wrong:
            with pytest.raises(ArgumentError, match=message):
                optimizer.load_state_dict(state)
            assert optimizer.state_dict() == before


@pytest.mark.parametrize("amsgrad", [False, True])
def test_a_state_of_other_options(amsgrad: bool) -> None:
    optimizer = Adam([Value(1.0)], amsgrad=amsgrad)
    other = Adam([Value(1.0)], amsgrad=not amsgrad)
    with pytest.raises(ArgumentError, match=r"make it with the same options"):
        optimizer.load_state_dict(other.state_dict())


def test_a_parameter_thawed_later_starts_from_its_own_first_step() -> None:
    """Adam's first step is η, whatever the gradient; so is that of a late parameter."""
    model = MLP(1, [1, 1], seed=0)
    optimizer = Adam(model, lr=0.125, eps=1e-30)
    model.layers[0].freeze()
    for k in range(20):
        if k == 19:
            model.unfreeze()
        before = model.state_dict()
        for parameter in model.parameters():
            parameter.grad = -3.0
        optimizer.step()
    moves = [x - before[path] for path, x in model.state_dict().items()]
    assert moves == pytest.approx([0.125] * 4, rel=1e-12)


def test_a_model_that_has_grown() -> None:
    model = Sequential([Layer(1, 1)])
    optimizer = Adam(model)
    model.layers.append(Layer(1, 1))
    with pytest.raises(
        ArgumentError,
        match=r"^the optimizer was made for 2 parameters, and the model has 4 now",
    ):
        optimizer.step()


def test_a_new_learning_rate_keeps_the_state() -> None:
    x = Value(0.0)
    optimizer = SGD([x], lr=1.0, momentum=0.5, clip_value=10.0)
    x.grad = -1.0
    optimizer.step()
    optimizer.lr = 0.1
    optimizer.step()
    assert x.data == 1.0 + 0.1 * 1.5
    assert repr(optimizer) == "SGD(lr=0.1, momentum=0.5, clip_value=10.0)"
    with pytest.raises(ArgumentError, match=r"^lr is a number from 0 on"):
        optimizer.lr = -1.0
    assert optimizer.lr == 0.1


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
    assert repr(SGD([])) == "SGD(lr=0.001)"
    assert repr(RMSprop([], centered=True)) == "RMSprop(lr=0.01, centered=True)"
    assert repr(Adam([], betas=(0.5, 0.9))) == "Adam(lr=0.001, betas=(0.5, 0.9))"
    assert repr(AdamW([])) == "AdamW(lr=0.001)"
    assert repr(AdamW([], weight_decay=0)) == "AdamW(lr=0.001, weight_decay=0)"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sgd(momentum=-1), "^momentum is a number from 0 on, got -1$"),
        (lambda: sgd(weight_decay="1"), "^weight_decay is a number from 0 on, got '1'"),
        (
            lambda: SGD([], nesterov=True),
            "^nesterov takes a momentum above 0 and no dampening, got momentum=0.0, ",
        ),
        (lambda: sgd(momentum=0.9, dampening=0.1, nesterov=True), "^nesterov takes a"),
        (lambda: rmsprop(alpha=1), "^alpha is a number from 0 on and below 1, got 1$"),
        (lambda: rmsprop(eps=0), "^eps is a number above 0, got 0$"),
        (
            lambda: adagrad(lr_decay=math.nan),
            "^lr_decay is a number from 0 on, got nan",
        ),
        (
            lambda: adagrad(initial_accumulator_value=-1),
            "^initial_accumulator_value is a number from 0 on, got -1$",
        ),
        (
            lambda: adam(betas=0.9),
            r"^betas are two numbers, such as \(0.9, 0.999\), go",
        ),
        (
            lambda: Adam([], betas=(0.9, 1.0)),
            r"^betas\[1\] is a number from 0 on and below 1, got 1.0$",
        ),
        (lambda: adamw(betas=(-0.1, 0.9)), r"^betas\[0\] is a number from 0 on and"),
        (lambda: Adam([], clip_norm=0), "^clip_norm is a number above 0, got 0$"),
        (lambda: clip_by_value(True), "^clip_value is a number above 0, got True$"),
    ],
)
def test_bad_options(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


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
