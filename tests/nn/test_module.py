import math
from collections import UserDict, UserList, deque
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import pytest

import autograd
from autograd import ArgumentError, NumberError, Value
from nn import (
    MLP,
    SGD,
    Dense,
    Dropout,
    Embedding,
    Layer,
    LayerNorm,
    Module,
    Sequential,
    softmax,
)


class Scale(Module):
    """A user's module: a few lines, no call of Module's __init__."""

    def __init__(self, factor: float) -> None:
        self.factor = Value(factor)

    def __call__(self, x: Any) -> Any:
        return [self.factor * xi for xi in x]


class Box(Module):
    """Holds whatever it is given."""

    def __init__(self, **things: Any) -> None:
        vars(self).update(things)


def paths(module: Module) -> list[str]:
    return [path for path, _ in module.named_parameters()]


def test_a_module_of_one_s_own_trains() -> None:
    model = Sequential([Layer(1, 2, "tanh", seed=0), Scale(0.5), Layer(2, 1, seed=1)])
    assert paths(model)[4] == "layers[1].factor"
    optimizer, losses = SGD(model, lr=0.1), []
    for _ in range(20):
        [out] = model([0.5])
        loss = (out - 2.0) ** 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.data)
    assert losses[-1] < 0.01 * losses[0]
    assert model.layers[1].factor.data != 0.5


def test_a_module_without_call_says_what_to_write() -> None:
    with pytest.raises(NotImplementedError, match=r"^Box has no __call__: write def"):
        Box()([1.0])


a, b = Value(1.0), Value(2.0)
looped: list[Any] = [Value(3.0)]
looped.append(looped)


@pytest.mark.parametrize(
    ("module", "found"),
    [
        (Box(), []),
        (Box(w=a), ["w"]),
        (Box(w=[a, b]), ["w[0]", "w[1]"]),
        (Box(w=(a, [b])), ["w[0]", "w[1][0]"]),
        (Box(heads={"left": a, 3: [b]}), ["heads['left']", "heads[3][0]"]),
        (Box(child=Box(w=[a]), b=b), ["child.w[0]", "b"]),
        (Box(children=[Box(w=a), Box(w=b)]), ["children[0].w", "children[1].w"]),
        (Box(w=np.array([[a, b]])), ["w[0][0]", "w[0][1]"]),
        (Box(w=autograd.array([a, b])), ["w[0]", "w[1]"]),
        (Box(n=3, s="a", f=max, none=None, x=np.ones(2), w=[1.0, "b"], t={1, 2}), []),
        (Box(first=[a], again=a, once_more=Box(w=a)), ["first[0]"]),
        (Box(interior=a * b, leaf=b), ["leaf"]),
        (Box(loop=looped), ["loop[0]"]),
        (Box(_private=a), ["_private"]),
    ],
)
def test_named_parameters(module: Module, found: list[str]) -> None:
    assert paths(module) == found
    assert module.parameters() == [value for _, value in module.named_parameters()]


def test_paths_are_expressions() -> None:
    model = MLP(2, [3, 1], seed=0)
    assert "layers[0].neurons[2].w[1]" in paths(model)
    for path, value in model.named_parameters():
        assert eval(f"model.{path}") is value  # our own paths
    children = {"up": [Scale(1.0)]}
    [(path, value)] = Box(children=children).named_parameters()
    assert (path, value) == ("children['up'][0].factor", children["up"][0].factor)


class WithClassAttributes(Module):
    shared = Value(1.0)
    hidden = Value(2.0)
    table: ClassVar[dict[str, Any]] = {"scale": Scale(3.0), "name": "x"}


class Narrower(WithClassAttributes):
    hidden: Any = None  # takes the place of the base's


def test_parameters_in_attributes_of_the_class() -> None:
    assert paths(WithClassAttributes()) == ["shared", "hidden", "table['scale'].factor"]
    narrower = Narrower()
    assert paths(narrower) == ["shared", "table['scale'].factor"]
    assert paths(Box(a=narrower, b=WithClassAttributes()))[:2] == [
        "a.shared",
        "a.table['scale'].factor",
    ]
    vars(narrower)["shared"] = Value(4.0)  # an instance's own comes before its class's
    assert narrower.state_dict() == {"shared": 4.0, "table['scale'].factor": 3.0}


@pytest.mark.parametrize(
    "make", [deque, UserList, tuple, lambda x: UserDict(enumerate(x))]
)
def test_parameters_in_sequences_and_mappings_of_any_kind(make: Any) -> None:
    box = Box(things=make([Value(1.0), Scale(2.0), "text", b"bytes", range(3)]))
    assert paths(box) == ["things[0]", "things[1].factor"]
    box.load_state_dict({"things[0]": 5.0, "things[1].factor": 6.0})
    assert [v.data for v in box.parameters()] == [5.0, 6.0]


def test_modules_that_hold_each_other_are_walked_once() -> None:
    parent, child = Box(w=a), Box(w=b)
    parent.child, child.parent = child, parent
    assert paths(parent) == ["w", "child.w"]
    assert [path for path, _ in child.named_modules()] == ["", "parent"]


def test_parameters_in_a_set_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"^w is a set with parameters in it,"):
        Box(child=Box(w={Value(1.0)})).parameters()


def test_zero_grad() -> None:
    model = MLP(2, [2, 1], seed=0)
    model([1.0, 2.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0] * 9


def test_zero_grad_and_training_follow_an_overridden_parameters() -> None:
    class Hidden:
        value = Value(2.0)

    class Model(Module):
        hidden = Hidden()

        def parameters(self) -> list[Value]:
            return [self.hidden.value]

    model = Model()
    optimizer = SGD(model, lr=0.1)
    (3.0 * Hidden.value).backward()
    optimizer.step()
    assert Hidden.value.data == pytest.approx(1.7)
    model.zero_grad()
    assert Hidden.value.grad == 0.0


class TestState:
    def test_round_trip(self) -> None:
        model, other = MLP(2, [3, 2], seed=0), MLP(2, [3, 2], seed=1)
        state = model.state_dict()
        assert state["layers[1].neurons[1].b"] == 0.0
        assert all(type(number) is float for number in state.values())
        other.load_state_dict(state)
        assert other.state_dict() == state
        other.parameters()[0].data = 9.0
        assert model.state_dict() == state, "a state is a copy"

    def test_what_is_not_checked_is_kept(self) -> None:
        box = Box(w=Value(1.0))
        box.w.grad = 5.0
        for number in [math.nan, math.inf, 7, Fraction(1, 3)]:
            box.load_state_dict({"w": number})
            loaded = box.w.data
            assert loaded == number or (loaded != loaded and number != number)
        assert box.w.grad == 5.0

    @pytest.mark.parametrize(
        ("state", "error", "message"),
        [
            (
                {"u": 1.0},
                ArgumentError,
                "^the state does not fit this Box: it has no v, w and unexpected u; "
                "load it into a model of the same layers and widths$",
            ),
            ({"w": 1.0}, ArgumentError, r"it has no v; load"),
            ({"v": 1.0, "w": 1.0, "x": 1.0}, ArgumentError, "has unexpected x; load"),
            ({"v": 1.0, "w": "2"}, NumberError, "^w: Value.. takes a real number"),
            ({"v": 5.0, "w": None}, NumberError, "^w: Value.. takes a real number"),
            ({"v": 5.0, "w": [1.0]}, NumberError, "^w: Value.. takes a real number"),
            ({"v": 5.0, "w": True}, NumberError, "^w: Value.. takes a real number"),
        ],
    )
    def test_a_state_that_does_not_fit_changes_nothing(
        self, state: dict[str, Any], error: type[Exception], message: str
    ) -> None:
        box = Box(v=Value(1.0), w=Value(2.0))
        with pytest.raises(error, match=message):
            box.load_state_dict(state)
        assert box.state_dict() == {"v": 1.0, "w": 2.0}

    def test_long_lists_of_names_are_cut(self) -> None:
        with pytest.raises(
            ArgumentError, match=r"it has no w\[0\], .*w\[3\] and 2 mor"
        ):
            Box(w=[Value(float(i)) for i in range(6)]).load_state_dict({})


class TestFreezing:
    def test_a_part_and_back(self) -> None:
        model = MLP(2, [3, 1], seed=0)
        assert model.freeze() is model
        assert model.trainable_parameters() == []
        model.layers[1].unfreeze()
        assert model.trainable_parameters() == model.layers[1].parameters()
        model.unfreeze()
        assert model.trainable_parameters() == model.parameters()

    def test_optimizers_leave_frozen_parameters_alone(self) -> None:
        model = MLP(2, [3, 1], "tanh", seed=0)
        optimizer = SGD(model, lr=0.1)
        model.layers[0].freeze()
        before = model.state_dict()
        model([1.0, 2.0]).backward()
        optimizer.step()
        after = model.state_dict()
        changed = {path for path in after if after[path] != before[path]}
        assert changed == {path for path in after if path.startswith("layers[1]")}
        assert model.layers[0].neurons[0].b.grad != 0.0

    def test_a_shared_parameter_is_frozen_if_one_owner_is(self) -> None:
        shared = Value(1.0)
        model = Box(one=Box(w=shared), two=Box(w=[shared], own=Value(2.0)))
        model.two.freeze()
        assert model.trainable_parameters() == []
        model.one.freeze()
        model.two.unfreeze()
        assert paths(model) == ["one.w", "two.own"]
        assert [p.data for p in model.trainable_parameters()] == [2.0]


def test_train_and_eval_reach_every_module() -> None:
    model = Box(layers=[MLP(2, [2, 1]), Dropout(0.5)], one=Scale(1.0))
    assert all(module.training for _, module in model.named_modules())
    assert model.eval() is model
    assert not any(module.training for _, module in model.named_modules())
    model.layers[1].train()
    assert not model.training
    assert model.train().layers[0].layers[0].training


class TestSummary:
    def test_every_kind_of_row(self) -> None:
        model = Sequential(
            [
                Embedding(5, 4),
                Sequential([LayerNorm(4), Dropout(0.5), Dense(3, "relu")]),
                Scale(1.0),
                lambda x: x,
                Dense(3, 2).freeze(),
                softmax,
            ]
        )
        # By hand: 5·4, 2·4, (4 + 1)·3, 1, (3 + 1)·2.
        assert model.summary() == (
            "layer                                                output  parameters\n"
            "layers[0]: Embedding(5, 4)                                4          20\n"
            "layers[1].layers[0]: LayerNorm(4, eps=1e-05)              4           8\n"
            "layers[1].layers[1]: Dropout(0.5)                         4           0\n"
            "layers[1].layers[2]: Layer(4, 3, activation='relu')       3          15\n"
            "layers[2]: Scale(1 parameter)                             ?           1\n"
            "layers[3]: <lambda>                                       ?           0\n"
            "layers[4]: Layer(3, 2, activation='linear')               2           8\n"
            "layers[5]: softmax                                        2           0\n"
            "52 parameters, 44 trainable, 8 frozen"
        )
        assert repr(model.summary()) == str(model.summary())

    def test_a_module_of_one_s_own(self) -> None:
        layer = Dense(2, 3)
        lines = Box(encoder=layer, decoder=layer, two=Box(w=Value(1.0))).summary()
        assert [line.split() for line in lines.splitlines()[1:]] == [
            ["encoder:", "Layer(2,", "3,", "activation='linear')", "3", "9"],
            ["decoder:", "Layer(2,", "3,", "activation='linear')", "3", "9"],
            ["two:", "Box(1", "parameter)", "?", "1"],
            ["10", "parameters,", "10", "trainable,", "0", "frozen"],
        ]

    def test_a_layer_alone(self) -> None:
        lines = Dense(2, 3).summary().splitlines()
        assert lines[1].split()[-2:] == ["3", "9"]
        assert len(lines) == 3


@pytest.mark.parametrize(
    ("module", "text"),
    [
        (Box(), "Box(0 parameters)"),
        (Scale(1.0), "Scale(1 parameter)"),
        (
            Box(x=1, inner=Box(deep=[Scale(1.0)]), out=Scale(2.0)),
            "Box(\n  inner: Box(\n    deep[0]: Scale(1 parameter)\n  )\n"
            "  out: Scale(1 parameter)\n)",
        ),
    ],
)
def test_repr(module: Module, text: str) -> None:
    assert repr(module) == text


def test_a_part_may_know_the_whole():
    class Whole(Module):
        def __init__(self):
            self.layer = Layer(2, 1, seed=0)
            self.myself = self

    assert "..." in repr(Whole())
    assert "3" in str(Whole().summary())


def test_a_state_is_a_dict():
    with pytest.raises(ArgumentError, match="a state is a dict of paths"):
        Layer(2, 1).load_state_dict(3)
