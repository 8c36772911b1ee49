import copy
import json
import math
import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import ArgumentError, NumberError, Value
from nn.recurrent import GRU, LSTM, RNN, LastOutput, Recurrent, detach

TORCH = json.loads((Path(__file__).parent / "reference/recurrent.json").read_text())
KINDS: list[type[Recurrent]] = [RNN, LSTM, GRU]


def of_data(nest: Any) -> Any:
    return [of_data(x) for x in nest] if isinstance(nest, list) else nest.data


def of_grad(nest: Any) -> Any:
    return [of_grad(x) for x in nest] if isinstance(nest, list) else nest.grad


def to_values(nest: Any) -> Any:
    return [to_values(x) for x in nest] if isinstance(nest, list) else Value(nest)


def close(found: Any, wanted: Any) -> None:
    # 1e-12 relative to the largest of a group: single numbers may cancel to near 0.
    wanted = np.array(wanted)
    scale = np.abs(wanted).max()
    np.testing.assert_allclose(np.array(found), wanted, rtol=1e-12, atol=1e-14 * scale)


def name_of(case: Any) -> str:
    return f"{case['kind']}-{case['layers']}-{case['tbptt']}"


@pytest.mark.parametrize("case", TORCH["cases"], ids=name_of)
def test_pytorchs_values_and_gradients(case: Any) -> None:
    model = getattr(nn, case["kind"])(
        TORCH["n_in"],
        TORCH["n_hidden"],
        case["layers"],
        tbptt=case["tbptt"],
        **case["options"],
    )
    named = {name: p.data for name, p in model.named_parameters()}
    for name, table in case["weights"].items():  # in PyTorch's names and shapes
        setattr(model, name, to_values(table))
    assert {name for name, _ in model.named_parameters()} == set(named)
    sequence = to_values(case["sequence"])
    first = case["states"] and [to_values(state) for state in case["states"]]
    state = first if first is None or case["kind"] == "LSTM" else first[0]
    outputs, final = model(sequence, state)
    finals = list(final) if case["kind"] == "LSTM" else [final]
    close(of_data(outputs), case["outputs"])
    for part, wanted in zip(finals, case["final states"], strict=True):
        close(of_data(part), wanted)
    loss: Any = sum(
        (t + 1) * (i + 1) * out**2 / 10
        for t, row in enumerate(outputs)
        for i, out in enumerate(row)
    ) + sum(
        (k + 1 - i) * x
        for part in finals
        for k, row in enumerate(part)
        for i, x in enumerate(row)
    )
    assert loss.data == pytest.approx(case["loss"], rel=1e-12)
    loss.backward()
    for name, wanted in case["weight gradients"].items():
        close(of_grad(getattr(model, name)), wanted)
    close(of_grad(sequence), case["sequence gradient"])
    for part, wanted in zip(first or [], case["state gradients"], strict=True):
        close(of_grad(part), wanted)


def test_an_rnn_by_hand() -> None:
    # One unit, relu, all weights 2, biases 1 and 0: h = 2x + 2h + 1.
    model = RNN(1, 1, nonlinearity="relu")
    for p, number in zip(model.parameters(), [2.0, 2.0, 1.0, 0.0], strict=True):
        p.data = number
    outputs, state = model([[1.0], [0.5], [-8.0]])
    assert of_data(outputs) == [[3.0], [8.0], [1.0]]
    assert state[0][0] is outputs[-1][0]
    state[0][0].backward()
    # h3 = 2x3 + 2(2x2 + 2(2x1 + 1) + 1) + 1, so dh3/dw_ih = x3 + 2 x2 + 4 x1 = -3,
    # dh3/dw_hh = h2 + 2 h1 = 14, dh3/db = 1 + 2 + 4.
    assert [p.grad for p in model.parameters()] == [-3.0, 14.0, 7.0, 7.0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [1, 2])
def test_pieces_of_a_sequence_make_the_whole(kind: Any, layers: int) -> None:
    model = kind(2, 3, layers, seed=1)
    sequence = [[math.sin(t), math.cos(3 * t)] for t in range(6)]
    outputs, state = model(sequence)
    first, between = model(sequence[:2])
    rest, final = model(sequence[2:], between)
    assert of_data(first + rest) == of_data(outputs)
    assert of_data(flat(final)) == of_data(flat(state))
    grads = [gradient(model, whole[-1][0]) for whole in (outputs, rest)]
    assert grads[0] == pytest.approx(grads[1], rel=1e-13, abs=1e-16)
    # Detached between, the gradient is that of the last piece, as with tbptt.
    cut = gradient(model, model(sequence[3:], detach(model(sequence[:3])[1]))[0][-1][0])
    model.tbptt = 3
    truncated = gradient(model, model(sequence)[0][-1][0])
    assert truncated == cut != grads[0]
    model.tbptt = 6
    assert gradient(model, model(sequence)[0][-1][0]) == grads[0]


def flat(state: Any) -> list[Any]:
    parts = state if isinstance(state, tuple) else [state]
    return [x for part in parts for row in part for x in row]


def gradient(model: Any, out: Value) -> list[float]:
    return out.gradient(model.parameters())


def test_detach_keeps_structure_and_numbers() -> None:
    value = Value(2.0, label="h")
    doubled = 2 * value
    assert detach(3.0) == 3.0
    [found], (number, other) = detach(([doubled], (1, value)))
    assert (found.data, found.is_leaf, number) == (4.0, True, 1)
    assert other is not value


class TestCalls:
    @pytest.mark.parametrize("kind", KINDS)
    def test_arrays_are_sequences_and_states(self, kind: Any) -> None:
        model = kind(2, 3, seed=0)
        rows = [[0.5, -1.0], [2.0, 0.25]]
        wanted = of_data(model(rows)[0])
        assert of_data(model(np.array(rows))[0]) == wanted
        assert of_data(model(autograd.array(rows))[0]) == wanted
        assert of_data(model(tuple(map(tuple, rows)))[0]) == wanted
        zeros: Any = np.zeros((1, 3))
        state = (zeros, zeros) if kind is LSTM else zeros
        assert of_data(model(rows, state)[0]) == wanted

    @pytest.mark.parametrize("kind", KINDS)
    def test_layers_have_pytorchs_names_and_shapes(self, kind: Any) -> None:
        model, gates = kind(2, 3, 2), {RNN: 1, LSTM: 4, GRU: 3}[kind]
        shapes = {
            name: np.array(of_data(table)).shape
            for name, table in vars(model).items()
            if name.startswith(("weight", "bias"))
        }
        rows = 3 * gates
        assert shapes == {
            "weight_ih_l0": (rows, 2),
            "weight_hh_l0": (rows, 3),
            "bias_ih_l0": (rows,),
            "bias_hh_l0": (rows,),
            "weight_ih_l1": (rows, 3),
            "weight_hh_l1": (rows, 3),
            "bias_ih_l1": (rows,),
            "bias_hh_l1": (rows,),
        }

    def test_seeds_and_bounds(self) -> None:
        first = GRU(2, 16, seed=3).state_dict()
        assert GRU(2, 16, seed=3).state_dict() == first
        assert GRU(2, 16, seed=4).state_dict() != first
        assert 0.24 < max(map(abs, first.values())) <= 0.25

    def test_it_goes_in_models_saves_copies_and_trains(self) -> None:
        model = nn.Sequential(
            [LSTM(1, 2, seed=0), LastOutput(), nn.Dense(2, 1, seed=0)]
        )
        sequences = [[[0.1 * i], [0.3]] for i in range(6)]
        targets = [0.2 * i for i in range(6)]
        copied = pickle.loads(pickle.dumps(copy.deepcopy(model)))
        assert copied(sequences[1])[0].data == model(sequences[1])[0].data
        history = nn.fit(
            model,
            nn.losses.mse,
            (sequences, targets),
            epochs=40,
            optimizer=nn.Adam(model, lr=0.05),
        )
        assert history.losses[-1] < 0.5 * history.losses[0]
        copied.load_state_dict(model.state_dict())
        assert copied(sequences[1])[0].data == model(sequences[1])[0].data

    def test_exact_numbers_stay_exact(self) -> None:
        model, third = RNN(1, 1, nonlinearity="relu"), Fraction(1, 3)
        model.__dict__.update(
            weight_ih_l0=[[Value(third)]],
            weight_hh_l0=[[Value(third)]],
            bias_ih_l0=[Value(third)],
            bias_hh_l0=[Value(third)],
        )
        outputs, _ = model([[Fraction(1)], [Fraction(2)]])
        assert of_data(outputs) == [[Fraction(1)], [Fraction(5, 3)]]

    def test_labels_say_layer_step_and_unit(self) -> None:
        outputs, (_, c) = LSTM(1, 2, 2, name="encoder")([[0.0], [1.0]])
        assert outputs[1][0].label == "encoder.h_l1[1][0]"
        assert c[0][1].label == "encoder.c_l0[1][1]"

    def test_a_summary_knows_its_width(self) -> None:
        model = nn.Sequential([GRU(2, 4), LastOutput(), nn.Dense(1)])
        assert len(model.parameters()) == 3 * 4 * (2 + 4 + 2) + 5
        rows = [line.split() for line in str(model.summary()).splitlines()]
        assert rows[1:4] == [
            ["layers[0]:", "GRU(2,", "4)", "4", "96"],
            ["layers[1]:", "LastOutput()", "4", "0"],
            ["layers[2]:", "Layer(4,", "1,", "activation='linear')", "1", "5"],
        ]

    def test_repr(self) -> None:
        assert repr(LSTM(2, 16)) == "LSTM(2, 16)"
        assert repr(GRU(2, 16, 3, tbptt=5)) == "GRU(2, 16, num_layers=3, tbptt=5)"


@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand_time_steps(kind: Any) -> None:
    model = kind(1, 1, seed=0)
    outputs, _ = model([[math.sin(t)] for t in range(10_000)])
    loss: Any = autograd.mean([out * out for [out] in outputs])
    loss.backward()
    assert all(math.isfinite(p.grad) and p.grad for p in model.parameters())
    if kind is GRU:
        assert depth_of(loss) > 100_000


def depth_of(root: Value) -> int:
    """Return the number of operations on the longest way back from a node."""
    depth: dict[int, int] = {}
    stack = [root]
    while stack:
        node = stack[-1]
        open_parents = [p for p in node.parents if id(p) not in depth]
        if open_parents:
            stack += open_parents
        else:
            stack.pop()
            behind = [depth[id(p)] + 1 for p in node.parents]
            depth[id(node)] = max(behind, default=0)
    return depth[id(root)]


class TestErrors:
    @pytest.mark.parametrize(
        ("sequence", "error", "message"),
        [
            ([], ArgumentError, r"^LSTM\(2, 3\) got a sequence without time steps"),
            (
                [[1.0, 2.0], [3.0]],
                nn.WidthError,
                r"^time step 1 has width 1, where LSTM\(2, 3\) takes 2",
            ),
            (
                [0.5, 0.25],
                nn.WidthError,
                r"^time step 0 is 0.5, .*: for .* single numbers write \[\[x\]",
            ),
            (["ab"], nn.WidthError, "^time step 0 is 'ab', where"),
            (
                [[1.0, 2.0], [3.0, "x"]],
                NumberError,
                r"^time step 1: Value\(\) takes a real number .* got str 'x'",
            ),
            (3.0, nn.WidthError, "takes one sequence at a time, a row of 2 .* got 3.0"),
            (np.zeros((1, 4, 2)), nn.WidthError, r"got shape \(1, 4, 2\)"),
            (np.zeros(2), nn.WidthError, r"one sequence at a time.* got shape \(2,\)"),
        ],
    )
    def test_sequences(self, sequence: Any, error: Any, message: str) -> None:
        with pytest.raises(error, match=message):
            LSTM(2, 3)(sequence)

    @pytest.mark.parametrize(
        ("model", "state", "message"),
        [
            (
                LSTM(1, 3),
                [[0.0] * 3],
                r"^the state of LSTM\(1, 3\) is h and c, each a list of 1 rows of 3:",
            ),
            (RNN(1, 3), [0.0] * 3, r"^the state of RNN\(1, 3\) is h, each a list of 1"),
            (RNN(1, 3), 0.0, "^the state of"),
            (GRU(1, 3), [[0.0] * 2], r"^h of layer 0 has width 2, where GRU\(1, 3\)"),
            (
                LSTM(1, 1, 2),
                ([[0.0], [0.0]], [[0.0], [0.0, 1.0]]),
                "^c of layer 1 has width 2, where",
            ),
        ],
    )
    def test_states(self, model: Any, state: Any, message: str) -> None:
        with pytest.raises(nn.WidthError, match=message):
            model([[1.0]], state)

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: RNN(0, 3), "^n_in is a whole number from 1 on, got 0"),
            (lambda: LSTM(1, 2.0), "^n_hidden is a whole number from 1 on, got 2.0"),
            (lambda: GRU(1, 2, True), "^num_layers is a whole number .* got True"),
            (lambda: GRU(1, 2, tbptt=0), "^tbptt is a whole number from 1 on, got 0"),
            (
                lambda: RNN(1, 2, nonlinearity="tan"),
                "^unknown nonlinearity 'tan': did you mean 'tanh'",
            ),
        ],
    )
    def test_settings(self, make: Any, message: str) -> None:
        with pytest.raises(ArgumentError, match=message):
            make()

    def test_a_user_finds_the_layer_in_a_model(self) -> None:
        model = nn.Sequential([LSTM(2, 3), LastOutput(), nn.Dense(3, 1)])
        with pytest.raises(nn.WidthError, match=r"^layers\[0\]: time step 0 has"):
            model([[1.0]])
