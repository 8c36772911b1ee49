import copy
import math
import pickle
import random
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import ArgumentError, NumberError, Value
from nn import (
    MLP,
    SGD,
    Dense,
    Dropout,
    Layer,
    Module,
    Neuron,
    Sequential,
    WidthError,
    log_softmax,
    softmax,
)
from nn.activations import ACTIVATIONS


def rules_of(value: Value) -> list[str]:
    """Return the names of the operations on the way down the first parents."""
    names = []
    while value.rule is not None:
        names.append(value.rule.name)
        value = value.parents[0]
    return names


def set_numbers(module: Any, numbers: list[float]) -> None:
    for parameter, number in zip(module.parameters(), numbers, strict=True):
        parameter.data = number


class OneTwo:
    """An iterable without a length."""

    def __iter__(self) -> Any:
        return map(float, "12")


class TestNeuron:
    # By hand: 0.5·2 − 1·3 + 4 = 2 and −2; tanh 2 to 16 digits from tables.
    @pytest.mark.parametrize("fused", [True, False])
    @pytest.mark.parametrize(
        ("activation", "plus", "minus"),
        [
            (None, 2.0, -2.0),
            ("linear", 2.0, -2.0),
            ("relu", 2.0, 0.0),
            ("tanh", 0.9640275800758169, -0.9640275800758169),
            ("sigmoid", 0.8807970779778823, 0.11920292202211755),
            ("leaky_relu", 2.0, -0.02),
            ("square", 4.0, 4.0),
            (abs, 2.0, 2.0),
            (lambda v: v * 3, 6.0, -6.0),
        ],
    )
    def test_value(
        self, activation: Any, plus: float, minus: float, fused: bool
    ) -> None:
        neuron = Neuron(2, activation, fused=fused, seed=0)
        set_numbers(neuron, [0.5, -1.0, 4.0])
        assert neuron([2.0, 3.0]).data == pytest.approx(plus, rel=1e-15)
        set_numbers(neuron, [-0.5, 1.0, -4.0])
        assert neuron([2.0, 3.0]).data == pytest.approx(minus, rel=1e-15)

    @pytest.mark.parametrize("fused", [True, False])
    def test_gradients(self, fused: bool) -> None:
        neuron = Neuron(2, "square", fused=fused, seed=0)
        set_numbers(neuron, [0.5, -1.0, 4.0])
        x = [Value(2.0), Value(3.0)]
        neuron(x).backward()  # (w·x + b)² at 2: 2·2·(x, 1) and 2·2·w
        assert [p.grad for p in neuron.parameters()] == [8.0, 12.0, 4.0]
        assert [v.grad for v in x] == [2.0, -4.0]

    def test_the_activation_may_be_changed(self) -> None:
        neuron = Neuron(1, "relu", seed=0)
        set_numbers(neuron, [1.0, 0.0])
        neuron.activation = "square"
        assert neuron([-3.0]).data == 9.0
        assert repr(neuron) == "Neuron(1, activation='square')"

    def test_an_activation_with_parameters_is_a_module(self) -> None:
        class Slope(Module):
            def __init__(self) -> None:
                self.slope = Value(0.5)

            def __call__(self, x: Any) -> Any:
                return self.slope * x

        layer = Layer(1, 2, Slope(), seed=0)
        names = [path for path, _ in layer.named_parameters()]
        assert names[2] == "neurons[0].activation.slope"
        assert len(names) == 5, "both neurons share it"

    def test_the_graph_is_dot_bias_activation(self) -> None:
        out = Neuron(3, "tanh", seed=0)([1.0, Value(2.0), 3.0])
        assert rules_of(out) == ["tanh", "add", "dot"]

    def test_unfused_products_join_the_bias_one_by_one(self) -> None:
        neuron = Neuron(3, fused=False, seed=0)
        set_numbers(neuron, [1.0, 1.0, 1.0, 1e16])
        out = neuron([1.0, -1e16, 1.0])
        assert rules_of(out) == ["add", "add", "add"]
        assert out.parents[1].rule is not None
        assert out.parents[1].rule.name == "mul"
        # ((1e16 + 1) − 1e16) + 1: the first 1 is lost; any other order gives 2 or 0.
        assert out.data == 1.0

    @pytest.mark.parametrize(
        "x",
        [
            [1.0, 2.0],
            (1.0, 2.0),
            [1, 2],
            [Value(1.0), 2],
            np.array([1.0, 2.0]),
            np.array([1, 2], dtype=np.int32),
            np.array([Value(1.0), 2.0]),
            autograd.array([1.0, 2.0]),
            range(1, 3),
            OneTwo(),
        ],
    )
    @pytest.mark.parametrize("fused", [True, False])
    def test_what_an_input_may_be(self, x: Any, fused: bool) -> None:
        neuron = Neuron(2, fused=fused, seed=0)
        set_numbers(neuron, [3.0, 4.0, 5.0])
        out = neuron(x)
        assert (type(out), out.data) == (Value, 16.0)


class TestLayer:
    def test_a_row_of_neurons(self) -> None:
        layer = Layer(2, 3, "relu", seed=0)
        out = layer([1.0, 2.0])
        assert [v.data for v in out] == [n([1.0, 2.0]).data for n in layer.neurons]
        assert len(layer.parameters()) == 9

    def test_width_one_gives_a_list_of_one(self) -> None:
        out = Layer(2, 1, seed=0)([1.0, 2.0])
        assert (type(out), len(out)) == (list, 1)

    def test_dense_is_another_name(self) -> None:
        assert Dense is Layer

    def test_neurons_may_be_exchanged(self) -> None:
        layer = Layer(2, 2, seed=0)
        layer.neurons[0] = lambda x: x[1]
        assert layer([1.0, 7.0])[0] == 7.0


class TestRowActivations:
    @pytest.mark.parametrize("name", ["softmax", "log_softmax"])
    def test_of_the_whole_row(self, name: str) -> None:
        layer = Layer(1, 3, name, seed=0)
        set_numbers(layer, [1.0, 0.0, 2.0, 0.0, 0.0, 1.0])
        assert repr(layer) == f"Layer(1, 3, activation='{name}')"
        # Scores 0, 0, 1: softmax (1, 1, e) / (2 + e).
        found = [v.data for v in layer([0.0])]
        shares = [1 / (2 + math.e), 1 / (2 + math.e), math.e / (2 + math.e)]
        wanted = shares if name == "softmax" else list(map(math.log, shares))
        assert found == pytest.approx(wanted, rel=1e-15)
        assert len(layer.parameters()) == 6

    @pytest.mark.parametrize("function", [softmax, log_softmax])
    def test_rows_that_are_none(self, function: Any) -> None:
        name = function.__name__
        for row in ([], 1.0, "ab", None, np.float64(1.0)):
            with pytest.raises(ArgumentError, match=f"^{name} takes a row of at least"):
                function(row)
        for rows in ([[1.0], [2.0]], np.ones((2, 1))):
            with pytest.raises(ArgumentError, match=f"^{name} takes one row at a time"):
                function(rows)

    def test_arrays_and_nan(self) -> None:
        assert softmax(np.zeros(2)) == [0.5, 0.5]
        assert [v.data for v in softmax(autograd.array([0.0, 0.0]))] == [0.5, 0.5]
        for row in ([1.0, math.nan], [math.nan, 1.0]):
            assert all(map(math.isnan, softmax(row)))
            assert all(map(math.isnan, log_softmax(row)))


class TestDenseByItsUnits:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: Dense(3, activation="relu", seed=0),
            lambda: Dense(3, "relu", seed=0),
            lambda: Dense(3, None, "relu", seed=0),
        ],
    )
    def test_the_first_input_gives_the_width(self, make: Any) -> None:
        layer = make()
        assert repr(layer) == "Layer(3, activation='relu')"
        layer((1.0, 2.0))
        assert repr(layer) == "Layer(2, 3, activation='relu')"
        assert layer.state_dict() == Layer(2, 3, "relu", seed=0).state_dict()
        with pytest.raises(WidthError, match="takes 2 numbers, got 1"):
            layer([1.0])

    def test_sequential_tells_the_width_before(self) -> None:
        rng = random.Random(7)
        model = Sequential(
            [
                Dense(2, 3, "relu", seed=rng),
                Dropout(0.1),
                Sequential([Dense(1, seed=rng)]),
            ]
        )
        assert list(model.state_dict().values()) == list(
            MLP(2, [3, 1], seed=7).state_dict().values()
        )

    def test_no_parameters_before_the_width_is_known(self) -> None:
        model = Sequential([Dense(3, "tanh"), Dense(1)])
        for call in (model.parameters, model.state_dict, lambda: SGD(model)):
            with pytest.raises(
                ArgumentError,
                match=r"^Layer\(3, activation='tanh'\) has no parameters yet: give its "
                r"number of inputs, as in Dense\(n_in, n_out\), or call the model",
            ):
                call()
        model([1.0, 2.0])
        assert len(model.parameters()) == 13

    def test_it_stays_frozen_and_is_built_once(self) -> None:
        layer = Dense(3).freeze()
        layer.build(2)
        assert (len(layer.parameters()), layer.trainable_parameters()) == (9, [])
        with pytest.raises(
            ArgumentError, match=r"^Layer\(2, 3, .* has its 2 inputs alr"
        ):
            layer.build(2)

    def test_before_and_after_it_copies_and_pickles(self) -> None:
        layer = Dense(2, seed=1)
        early = copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))
        layer([1.0])
        for twin in (*early, pickle.loads(pickle.dumps(layer))):
            twin([1.0])
            assert twin.state_dict() == layer.state_dict()


class TestWidths:
    @pytest.mark.parametrize(
        ("model", "x", "message"),
        [
            (
                Neuron(2, seed=0),
                [1.0],
                r"^Neuron\(2, activation='linear'\) takes 2 numbers, got 1: give rows "
                r"with 2, or build the layer with n_in=1$",
            ),
            (
                Neuron(1, fused=False, seed=0),
                [1.0, 2.0],
                r"takes 1 number, got 2: give rows with 1,",
            ),
            (
                Layer(2, 3, "relu"),
                [],
                r"^Layer\(2, 3, activation='relu'\) takes 2 numb",
            ),
            (
                MLP(2, [3, 1]),
                [1.0] * 3,
                r"^layers\[0\]: Layer\(2, 3, .* 2 .*got 3: give",
            ),
            (
                Sequential([Layer(2, 4), Layer(3, 1)]),
                [1.0, 2.0],
                r"^layers\[1\]: Layer\(3, 1, activation='linear'\) takes 3 .*got 4",
            ),
            (
                Sequential([Layer(2, 4), Sequential([Layer(4, 2), Layer(3, 1)])]),
                [1.0, 2.0],
                r"^layers\[1\]: layers\[1\]: Layer\(3, 1,",
            ),
            (
                Layer(2, 3),
                np.ones((5, 2)),
                r"one row at a time, got an array of shape .5",
            ),
            (Layer(2, 3), np.float64(1.0), r"takes a list of 2 numbers, got|of shape"),
            (Layer(2, 3), 1.0, r"takes a list of 2 numbers, got 1.0$"),
            (Layer(2, 3), "ab", r"takes a list of 2 numbers, got 'ab'$"),
            (Layer(2, 3), None, r"takes a list of 2 numbers, got None$"),
            (Layer(2, 3), {1.0, 2.0}, r"takes a list of 2 numbers, got {1.0, 2.0}$"),
            (
                Layer(1, 3),
                Value(2.0),
                r"takes a list of 1 numbers?, got Value\(data=2.0",
            ),
        ],
    )
    def test_a_wrong_input_names_layer_got_and_wanted(
        self, model: Any, x: Any, message: str
    ) -> None:
        with pytest.raises(WidthError, match=message):
            model(x)

    @pytest.mark.parametrize("fused", [True, False])
    @pytest.mark.parametrize("x", [["a", 1.0], [None, 1.0], [[1.0], 2.0], [1j, 2.0]])
    def test_inputs_that_are_no_numbers(self, x: Any, fused: bool) -> None:
        with pytest.raises(TypeError):
            Layer(2, 3, fused=fused)(x)

    def test_the_number_that_is_wrong_is_named(self) -> None:
        with pytest.raises(NumberError, match="str 'a'"):
            Layer(2, 3)(["a", 1.0])


class TestArguments:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (
                lambda: Layer(2, 3, "rleu"),
                "^unknown activation 'rleu': did you mean 'rel",
            ),
            (lambda: MLP(2, [3], output_activation="tan h"), "did you mean 'tan"),
            (lambda: Neuron(2, "Sigmoid"), "did you mean 'sigmoid'"),
            (lambda: Neuron(2, "maximum"), "^unknown activation 'maximum'"),
            (lambda: Neuron(2, "where"), "^unknown activation 'where'"),
            (lambda: Layer(2, 3, "sofmax"), "did you mean 'softmax'"),
            (
                lambda: Neuron(2, "softmax"),
                r"^softmax is an activation of a whole row: write "
                r"Layer\(n_in, n_out, 'softmax'\)$",
            ),
            (lambda: Dense(0), "^n_out is a whole number from 1 on, got 0$"),
            (lambda: Dense(3, "relu", "tanh"), "^n_out is a whole number from 1 on, g"),
            (lambda: Dense(3, "rleu"), "^unknown activation 'rleu': did you mean 'rel"),
            (lambda: Neuron(2, "sum"), "^unknown activation 'sum'"),
            (
                lambda: Neuron(2, 3),
                "^an activation is a name, a function or None, got 3",
            ),
            (
                lambda: Neuron(2, init="he_norml"),
                "^unknown initializer 'he_norml': did y",
            ),
            (lambda: Neuron(0), "^n_in is a whole number from 1 on, got 0$"),
            (lambda: Neuron(2.0), "^n_in is a whole number from 1 on, got 2.0$"),
            (lambda: Neuron(True), "^n_in is a whole number from 1 on, got True$"),
            (lambda: Layer(2, -1), "^n_out is a whole number from 1 on, got -1$"),
            (lambda: MLP(2, [3, 0]), "^n_out is a whole number from 1 on, got 0$"),
            (
                lambda: MLP(2, []),
                r"^MLP takes the widths .* such as \[16, 16, 1\]; got",
            ),
            (lambda: MLP(2, 3), "^MLP takes the widths of its layers as a list"),
            (lambda: Sequential([]), "^Sequential takes at least one layer, got none$"),
            (
                lambda: Sequential([Layer(2, 3), "relu"]),
                r"^layers\[1\] of Sequential is 'relu': each must be a layer or a func",
            ),
        ],
    )
    def test_errors(self, make: Any, message: str) -> None:
        with pytest.raises(ArgumentError, match=message):
            make()

    def test_activations_are_the_rows_for_one_number(self) -> None:
        assert {"linear", "relu", "tanh", "sigmoid", "gelu", "elu"} <= set(ACTIVATIONS)
        assert not {"add", "neg", "pow", "sum", "where", "clip"} & set(ACTIVATIONS)
        for name in ACTIVATIONS:
            neuron = Neuron(1, name, seed=0)
            set_numbers(neuron, [0.5, 0.0])
            expected = 0.5 if name == "linear" else getattr(autograd, name)(0.5)
            out = neuron([1.0]).data
            assert out == expected or (out != out and expected != expected), name


class TestSequential:
    def test_layers_and_functions_in_turn(self) -> None:
        model = Sequential([lambda x: [v + 1 for v in x], max, Value])
        assert model([1.0, 5.0]).data == 6.0

    def test_a_last_layer_of_one_keeps_its_list(self) -> None:
        assert len(Sequential([Layer(2, 1)])([1.0, 2.0])) == 1


class TestMLP:
    def test_layers_and_activations(self) -> None:
        model = MLP(2, [4, 3, 1], "tanh", "sigmoid", seed=0)
        assert repr(model) == (
            "MLP(\n"
            "  layers[0]: Layer(2, 4, activation='tanh')\n"
            "  layers[1]: Layer(4, 3, activation='tanh')\n"
            "  layers[2]: Layer(3, 1, activation='sigmoid')\n"
            ")"
        )

    def test_defaults_are_micrograd_s(self) -> None:
        model = MLP(2, [16, 16, 1])
        activations = [layer.neurons[0].activation for layer in model.layers]
        assert activations == ["relu", "relu", "linear"]
        assert len(model.parameters()) == 337

    def test_one_output_is_the_value_itself(self) -> None:
        assert type(MLP(2, [3, 1])([1.0, 2.0])) is Value
        assert len(MLP(2, [3, 2])([1.0, 2.0])) == 2

    def test_plain_means_every_layer(self) -> None:
        plain, fused = (MLP(2, [3, 1], fused=f, seed=0) for f in (False, True))
        x = [0.5, -0.5]
        assert rules_of(plain(x)) == ["add"] * 3
        assert rules_of(fused(x))[:2] == ["add", "dot"]

    def test_fused_and_plain_agree(self) -> None:
        fused, plain = (
            MLP(3, [5, 4, 1], "tanh", fused=f, seed=2) for f in (True, False)
        )
        x = [0.3, -1.2, 0.7]
        fused(x).backward()
        plain(x).backward()
        assert fused(x).data == pytest.approx(plain(x).data, rel=1e-13)
        for p, q in zip(fused.parameters(), plain.parameters(), strict=True):
            assert p.grad == pytest.approx(q.grad, rel=1e-12)

    def test_copies_and_pickles(self) -> None:
        model = MLP(2, [3, 1], "tanh", seed=0)
        for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert twin([1.0, 2.0]).data == model([1.0, 2.0]).data
            twin.parameters()[0].data += 1.0
            assert twin([1.0, 2.0]).data != model([1.0, 2.0]).data

    def test_second_derivatives(self) -> None:
        model = MLP(1, [4, 1], "tanh", seed=3)
        x = Value(0.3)
        [slope] = model([x]).gradient([x], create_graph=True)
        [curvature] = slope.gradient([x])
        h = 1e-5
        slopes = []
        for s in (h, -h):
            v = Value(0.3 + s)
            slopes += model([v]).gradient([v])
        assert curvature == pytest.approx((slopes[0] - slopes[1]) / (2 * h), rel=1e-6)


class TestSeeds:
    def test_a_seed_decides_and_leaves_the_global_stream_alone(self) -> None:
        before = random.getstate()
        first = MLP(2, [3, 1], seed=7).state_dict()
        assert MLP(2, [3, 1], seed=7).state_dict() == first
        assert MLP(2, [3, 1], seed=8).state_dict() != first
        assert random.getstate() == before
        assert len(set(first.values())) == 10, "9 weights that differ, and 0 for biases"

    def test_without_a_seed_the_global_stream_decides(self) -> None:
        random.seed(3)
        first = MLP(2, [3, 1]).state_dict()
        assert MLP(2, [3, 1]).state_dict() != first
        random.seed(3)
        assert MLP(2, [3, 1]).state_dict() == first

    def test_a_generator_goes_on_from_layer_to_layer(self) -> None:
        rng = random.Random(7)
        layers = Layer(2, 3, "relu", seed=rng), Layer(3, 1, seed=rng)
        assert Sequential(layers).state_dict() == MLP(2, [3, 1], seed=7).state_dict()

    def test_micrograd_s_stream(self) -> None:
        random.seed(1337)
        model = MLP(2, [2, 1], init="micrograd")
        random.seed(1337)
        draws = [random.uniform(-1, 1) for _ in range(6)]
        expected = [*draws[:2], 0.0, *draws[2:4], 0.0, *draws[4:], 0.0]
        assert list(model.state_dict().values()) == expected
        seeded = MLP(2, [2, 1], init="micrograd", seed=1337)
        assert list(seeded.state_dict().values()) == expected

    # Bounds and deviations by hand: Glorot √(6/(100+50)), He √(2/100), PyTorch 1/√100.
    @pytest.mark.parametrize(
        ("activation", "init", "deviation"),
        [
            (None, None, 0.2 / math.sqrt(3)),
            ("tanh", None, 0.2 / math.sqrt(3)),
            (lambda v: v, None, 0.2 / math.sqrt(3)),
            ("relu", None, math.sqrt(0.02)),
            ("relu", "uniform", 0.1 / math.sqrt(3)),
            (
                None,
                lambda rng, fan_in, fan_out: fan_in + fan_out + rng.gauss(0, 1),
                1.0,
            ),
        ],
    )
    def test_initializers_see_both_fans(
        self, activation: Any, init: Any, deviation: float
    ) -> None:
        layer = Layer(100, 50, activation, init=init, seed=0)
        weights = [w.data for neuron in layer.neurons for w in neuron.w]
        mean = sum(weights) / len(weights)
        found = math.sqrt(sum((w - mean) ** 2 for w in weights) / len(weights))
        assert found == pytest.approx(deviation, rel=0.05)
        if callable(init):
            assert mean == pytest.approx(150, abs=0.1)


@pytest.mark.parametrize("activation", ["rleu", 3])
def test_a_single_layer_still_checks_its_unused_activation(activation):
    with pytest.raises(ArgumentError, match="activation"):
        MLP(2, [1], activation)


def test_numpy_integers_are_widths_and_seeds():
    model = MLP(np.int64(2), [np.int64(3), 1], seed=np.int64(5))
    assert model.state_dict() == MLP(2, [3, 1], seed=5).state_dict()
    with pytest.raises(ArgumentError, match="a seed is a whole number"):
        MLP(2, [1], seed=[1])
    with pytest.raises(ArgumentError, match="n_out is a whole number"):
        MLP(2, ["a"])


def test_sequential_takes_one_list():
    with pytest.raises(ArgumentError, match="takes its layers as one list"):
        Sequential(Layer(2, 3), Layer(3, 1))
    with pytest.raises(ArgumentError, match="takes its layers as one list"):
        Sequential(Layer(2, 3))
