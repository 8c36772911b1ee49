import math
import re
import sys
from typing import Any

import pytest

import nn
from autograd import ArgumentError, MissingExtraError, Value, no_grad
from nn.flow import gradient_flow
from nn.losses import mse


def relu_rnn(weight: float, **options: Any) -> nn.RNN:
    """Return h = weight · h + weight · x, of one unit, where all is positive."""
    model = nn.RNN(1, 1, nonlinearity="relu", **options)
    for name, parameter in model.named_parameters():
        parameter.data = weight if "weight" in name else 0.0
    return model


def last(model: nn.RNN, steps: int) -> Value:
    """Return the last state as the loss, which makes dloss/dh[t] = weight^(T-1-t)."""
    found: Value = model([[1.0]] * steps)[0][-1][0]
    return found


class TestNumbers:
    @pytest.mark.parametrize("weight", [0.5, 1.0, 2.0])
    def test_time_steps_by_hand(self, weight: float) -> None:
        flow = gradient_flow(model := relu_rnn(weight), last(model, 6))
        assert flow.steps == {"h_l0": [weight ** (5 - t) for t in range(6)]}

    def test_layers_are_the_norms_of_their_gradients(self) -> None:
        model = nn.Sequential(
            [nn.LSTM(2, 3, seed=0), nn.LastOutput(), nn.MLP(3, [4, 1], seed=1)]
        )
        loss = mse([model([[0.5, 1.0], [2.0, -1.0]])], [3.0])
        flow = gradient_flow(model, loss)
        assert all(p.grad == 0 for p in model.parameters())  # `.grad` is not touched
        loss.backward()
        lstm: Any = model.layers[0]
        dense = model.layers[2].layers[1].parameters()  # type: ignore[attr-defined]
        weights = [p for row in lstm.weight_hh_l0 for p in row]
        wanted = {
            "layers[0].weight_hh_l0": (36, norm(weights)),
            "layers[0].bias_ih_l0": (12, norm(lstm.bias_ih_l0)),
            "layers[2].layers[1]": (5, norm(dense)),
        }
        for name, (count, size) in wanted.items():
            assert flow.layers[name] == (count, pytest.approx(size, rel=1e-12))
        assert list(flow.layers) == [
            *(f"layers[0].{name}_l0" for name in ["weight_ih", "weight_hh"]),
            *(f"layers[0].{name}_l0" for name in ["bias_ih", "bias_hh"]),
            "layers[2].layers[0]",
            "layers[2].layers[1]",
        ]
        assert {name: len(norms) for name, norms in flow.steps.items()} == {
            "c_l0": 2,
            "h_l0": 2,
        }

    def test_state_gradients_by_differences(self) -> None:
        # Moving a state between two pieces of a sequence: central differences.
        model, sequence = nn.GRU(1, 2, seed=3), [[0.3], [-0.8], [1.1]]

        def rest(state: Any) -> float:
            outputs, _ = model(sequence[1:], state)
            return float((outputs[-1][0] * outputs[-1][1]).data)

        outputs, _ = model(sequence)
        flow = gradient_flow(model, outputs[-1][0] * outputs[-1][1])
        [[a, b]], step = nn.detach(model(sequence[:1])[1]), 1e-5
        a, b = a.data, b.data
        slopes = [
            (rest([[a + step, b]]) - rest([[a - step, b]])) / (2 * step),
            (rest([[a, b + step]]) - rest([[a, b - step]])) / (2 * step),
        ]
        assert flow.steps["h_l0"][0] == pytest.approx(math.hypot(*slopes), rel=1e-8)

    def test_sequences_of_a_batch_are_taken_together(self) -> None:
        model = relu_rnn(0.5)
        flow = gradient_flow(model, last(model, 3) + last(model, 2))
        assert flow.steps["h_l0"] == [math.hypot(0.25, 0.5), math.hypot(0.5, 1.0), 1.0]

    def test_feed_forward_models_have_layers_only(self) -> None:
        model = nn.MLP(2, [3, 1], "tanh", seed=0)
        flow = gradient_flow(model, mse([model([1.0, 2.0])], [0.5]))
        assert list(flow.layers) == ["layers[0]", "layers[1]"]
        assert flow.steps == {}
        assert "time step" not in str(flow)
        dense = nn.Dense(1, 1)
        assert list(gradient_flow(dense, dense([1.0])[0]).layers) == ["neurons"]


def norm(parameters: list[Value]) -> float:
    return math.sqrt(sum(p.grad**2 for p in parameters))


class TestFindings:
    @pytest.mark.parametrize(
        ("weight", "steps", "wanted"),
        [
            (1.0, 50, []),
            (0.5, 10, []),  # a factor of 512
            (
                0.5,
                11,
                ["vanishing: h_l0: .* step 10 to time step 0 .* shrinks by 1.0e"],
            ),
            (
                2.0,
                11,
                ["exploding: h_l0: .* time step 10 to time step 0 .* grows by 1"],
            ),
            (
                2.0,
                1100,
                ["exploding: h_l0: at time step 0 the gradient is inf", "expl"],
            ),
            (
                0.5,
                1200,
                ["vanishing: h_l0: no gradient gets behind time step 125 ", "vanish"],
            ),
        ],
    )
    def test_runs_are_named(self, weight: float, steps: int, wanted: list[str]) -> None:
        flow = gradient_flow(model := relu_rnn(weight), last(model, steps))
        found = [text for text in flow.findings if "h_l0: " in text or "inf" in text]
        assert len(found) == len(wanted)
        for text, pattern in zip(found, wanted, strict=True):
            assert re.match(pattern, text)
        assert str(flow).endswith("\n".join(flow.findings or ["nothing unusual"]))

    def test_truncation_is_seen(self) -> None:
        model = relu_rnn(1.0, tbptt=4)
        flow = gradient_flow(model, last(model, 10))
        assert flow.steps["h_l0"] == [0.0] * 8 + [1.0, 1.0]
        assert flow.findings == [
            "vanishing: h_l0: no gradient gets behind time step 8 (all units "
            "saturated, or the graph is cut there, by tbptt or detach)"
        ]

    def test_layers_that_vanish_and_explode(self) -> None:
        for weight, word in [(0.1, "vanishing"), (10.0, "exploding")]:
            model = nn.MLP(1, [1] * 6, None)
            for name, parameter in model.named_parameters():
                parameter.data = weight if ".w" in name else 0.0
            # At 0 only the biases have gradients, weight^5, ..., weight, 1.
            [text] = gradient_flow(model, model([0.0])).findings
            assert text.startswith(f"{word}: from layers[5] to layers[0] the gradient")
        model = nn.MLP(1, [1], "relu")
        model.parameters()[0].data = -1.0
        [text] = gradient_flow(model, model([1.0]).relu()).findings
        assert text == "vanishing: the gradient is 0 everywhere"

    def test_nan_is_named(self) -> None:
        model = relu_rnn(1.0)
        model([[1.0]])
        [text, other] = gradient_flow(model, last(model, 3) * math.nan).findings
        assert text == "exploding: h_l0: at time step 0 the gradient is nan"
        assert "at weight_ih_l0 the gradient is nan" in other


class TestShowing:
    def test_long_tables_are_thinned(self) -> None:
        model = relu_rnn(1.0)
        lines = str(gradient_flow(model, last(model, 1000))).splitlines()
        rows = [line.split() for line in lines[lines.index("time step       h_l0") :]]
        shown = [int(row[0]) for row in rows[1:21]]
        assert (shown[0], shown[-1], len(rows[21])) == (0, 999, 0)

    @pytest.mark.parametrize("weight", [0.5, 1.0, 2.0])
    def test_plots(self, weight: float) -> None:
        pytest.importorskip("matplotlib")
        model = relu_rnn(weight)
        figure = gradient_flow(model, last(model, 1100)).plot()
        left, right = figure.axes
        assert [text.get_text() for text in left.get_yticklabels()] == [
            f"{name}_l0" for name in ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
        ]
        [line] = right.get_lines()
        assert len(line.get_ydata()) == 1100
        assert sum(map(math.isfinite, line.get_ydata())) >= 800
        assert line.get_ydata()[-1] == 1.0
        figure.draw_without_rendering()
        model = nn.MLP(1, [1], seed=0)
        [axes] = gradient_flow(model, model([0.0]) * 0.0).plot().axes
        assert axes.get_title() == "Gradient by layer"

    def test_without_matplotlib(self, monkeypatch: pytest.MonkeyPatch) -> None:
        flow = gradient_flow(model := relu_rnn(1.0), last(model, 2))
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        with pytest.raises(MissingExtraError, match=r"scalar-autograd\[plot\]"):
            flow.plot()


class TestErrors:
    def test_losses(self) -> None:
        model = relu_rnn(1.0)
        wrong: Any = 0.5
        with pytest.raises(
            ArgumentError, match=r"takes the loss as a Value, got 0\.5: c"
        ):
            gradient_flow(model, wrong)
        with pytest.raises(ArgumentError, match="made from none of the model's param"):
            gradient_flow(model, last(relu_rnn(1.0), 2))
        with no_grad():
            loss = last(model, 2)
        with pytest.raises(ArgumentError, match=r"outside of no_grad\(\)"):
            gradient_flow(model, loss)

    def test_two_recurrent_modules_need_names(self) -> None:
        class Two(nn.Module):
            def __init__(self, **options: Any) -> None:
                self.encoder, self.decoder = nn.RNN(1, 1), nn.RNN(1, 1, **options)

            def __call__(self, x: Any) -> Any:
                return self.decoder(self.encoder(x)[0])[0][-1][0]

        with pytest.raises(
            ArgumentError,
            match=r"time steps of encoder and decoder apart: .* RNN\(1, 1, name='enc",
        ):
            gradient_flow(model := Two(), model([[1.0]]))
        flow = gradient_flow(model := Two(name="decoder"), model([[1.0]] * 3))
        assert list(flow.steps) == ["decoder.h_l0", "h_l0"]
