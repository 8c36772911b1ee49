import gc
import io
import math
import sys
from typing import Any

import pytest

from autograd import ArgumentError, Value
from nn import MLP, SGD, DivergenceError, Run, fit
from nn.losses import cross_entropy, hinge, mse

XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [-1, 1, 1, -1]


def xor_model() -> MLP:
    return MLP(2, [4, 1], "tanh", seed=0)


def test_xor_is_learned() -> None:
    model = xor_model()
    history = fit(model, hinge, XOR, 100, optimizer=SGD(model, lr=0.5))
    assert [model(x).data * y >= 0.9 for x, y in zip(*XOR, strict=True)] == [True] * 4
    assert history.epochs == len(history.losses) == 100
    assert not history.interrupted
    assert history.losses[-1] < 0.1 * history.losses[0]


def test_losses_are_means_over_the_epoch_whatever_the_batches() -> None:
    # A rate of 0 leaves the model as it is, so each epoch has the loss of the whole.
    model = xor_model()
    whole = hinge([model(x) for x in XOR[0]], XOR[1]).data
    for batch_size in (1, 2, 3, 4, 100, None):
        history = fit(model, hinge, XOR, 2, batch_size, SGD(model, lr=0.0))
        assert history.losses == pytest.approx([whole, whole], rel=1e-14)


def test_two_steps_by_hand() -> None:
    # ŷ = w·1 + b for the target 0: both gradients are 2(w + b), the loss is (w + b)².
    # From w + b = 2, each step with η = 1/8 halves the sum: 2, 1, 1/2.
    model = MLP(1, [1], seed=0)
    model.load_state_dict(dict(zip(model.state_dict(), [3.0, -1.0], strict=True)))
    history = fit(model, mse, ([[1.0]], [0.0]), 2, optimizer=SGD(model, lr=0.125))
    assert list(model.state_dict().values()) == [2.25, -1.75]
    assert history.losses == [4.0, 1.0]


def test_one_step_a_batch() -> None:
    for batch_size, steps in [(1, 8), (3, 4), (4, 2), (None, 2)]:
        model = xor_model()
        optimizer = SGD(model)
        fit(model, hinge, XOR, 2, batch_size, optimizer)
        assert optimizer.state == steps


def test_every_epoch_sees_every_sample_in_a_new_order() -> None:
    seen: list[float] = []

    def loss(outputs: list[Value], targets: list[float]) -> Any:
        seen.extend(targets)
        return mse(outputs, targets)

    samples = [[float(i)] for i in range(6)], [float(i) for i in range(6)]
    fit(MLP(1, [1], seed=0), loss, samples, 3, 2, seed=5)
    epochs = [seen[:6], seen[6:12], seen[12:]]
    assert [sorted(epoch) for epoch in epochs] == [samples[1]] * 3
    assert epochs[0] != epochs[1] != epochs[2]


def test_equal_seeds_give_equal_weights() -> None:
    def run(seed: int) -> tuple[list[float], dict[str, float]]:
        model = xor_model()
        history = fit(model, hinge, XOR, 5, 2, SGD(model, lr=0.3), seed=seed)
        return history.losses, model.state_dict()

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_a_step_leaves_no_cyclic_garbage() -> None:
    model = MLP(3, [4, 3], "relu", seed=0)
    optimizer = SGD(model)

    def step() -> None:
        loss = cross_entropy([model([1.0, 2.0, 3.0]), model([Value(0.5)] * 3)], [0, 2])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        fit(model, cross_entropy, ([[1.0, 2.0, 3.0]], [1]), 2)
        model.state_dict(), repr(model), model.trainable_parameters()

    step()  # caches fill at the first time
    gc.collect()
    gc.disable()
    try:
        step()
        assert gc.collect() == 0
    finally:
        gc.enable()


class TestDivergence:
    def test_the_batch_and_the_parameter_are_named_and_weights_stay(self) -> None:
        model = MLP(1, [1], seed=0)
        before = model.state_dict()
        with pytest.raises(
            DivergenceError,
            match=r"^the loss became inf in epoch 1, batch 1; the gradient of "
            r"layers\[0\]\.neurons\[0\]\.w\[0\] is inf: check "
            r"the data, or use a smaller learning rate than SGD\(lr=0.01\)$",
        ):
            fit(model, mse, ([[1.0], [1e200]], [0.0, 0.0]), 3)
        assert model.state_dict() == before

    def test_a_gradient_alone_and_a_later_batch(self) -> None:
        # √ŷ has the slope ∞ at ŷ = 0, where the loss is 0.
        def loss(outputs: list[Any], targets: list[float]) -> Any:
            if targets == [2.0]:
                return (outputs[0] - outputs[0].data).sqrt()
            return mse(outputs, targets)

        model = MLP(1, [1], seed=0)
        data = [[1.0]] * 2, [1.0, 2.0]
        with pytest.raises(
            FloatingPointError,
            match=r"^a gradient is not finite in epoch 1, batch [12]; the gradient",
        ):
            fit(model, loss, data, 1, 1)

    def test_a_loss_alone_names_the_largest_parameter(self) -> None:
        # ŷ² = 10³⁶⁰ is beyond the floats, its slope 2·10¹⁸⁰ is not.
        model = MLP(1, [1], seed=0)
        model.load_state_dict(dict.fromkeys(model.state_dict(), 0.0))
        model.layers[0].neurons[0].b.data = 1e180
        message = (
            r"^the loss became inf .* parameter is layers.*\.b with 1e\+180: check"
        )
        with pytest.raises(DivergenceError, match=message):
            fit(model, mse, ([[1.0]], [0.0]), 1)

    def test_a_step_that_is_too_long_is_taken_back(self) -> None:
        model = MLP(1, [1], seed=0)
        model.load_state_dict(dict.fromkeys(model.state_dict(), 1e10))
        before = model.state_dict()
        message = (
            r"^the step was too long in epoch 1, batch 1; layers.* is -inf \(and 1"
        )
        with pytest.raises(DivergenceError, match=message):
            fit(model, mse, ([[1.0]], [0.0]), 1, optimizer=SGD(model, lr=1e300))
        assert model.state_dict() == before

    def test_the_history_is_kept(self) -> None:
        model = xor_model()

        def poison(run: Run) -> None:
            if run.epoch == 3:
                model.layers[0].neurons[1].b.data = math.nan

        with pytest.raises(
            DivergenceError, match=r"layers\[0\].neurons\[1\].b is nan: check"
        ) as caught:
            fit(model, hinge, XOR, 10, callbacks=poison)
        assert caught.value.history.epochs == 3


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (
            ([], []),
            {},
            "^data has 0 inputs and 0 targets: give one target for each input",
        ),
        (([[0.0, 0.0]], [1, 1]), {}, "^data has 1 inputs and 2 targets"),
        (XOR, {"epochs": 0}, "^epochs is a whole number from 1 on, got 0$"),
        (XOR, {"epochs": 2.5}, "^epochs is a whole number from 1 on, got 2.5$"),
        (XOR, {"batch_size": 0}, "^batch_size is a whole number from 1 on, got 0$"),
        (XOR, {"batch_size": True}, "^batch_size is .* got True$"),
        (XOR, {"loss": lambda outputs, targets: 1.0}, "^the loss should give a Value"),
    ],
)
def test_errors(data: Any, options: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        fit(xor_model(), **{"loss": hinge, "data": data, "epochs": 1, **options})


class TestCtrlC:
    @pytest.mark.parametrize("where", ["in the model", "in the loss", "in the step"])
    def test_it_stops_with_the_weights_of_the_last_step(self, where: str) -> None:
        model, twin = xor_model(), xor_model()
        optimizer = SGD(model, lr=0.3)
        calls = 0

        def interrupt_in_the_third_epoch(function: Any) -> Any:
            def interrupting(*args: Any) -> Any:
                nonlocal calls
                calls += 1
                if optimizer.state == 2:
                    raise KeyboardInterrupt
                return function(*args)

            return interrupting

        loss: Any = hinge
        if where == "in the model":
            model.layers.append(interrupt_in_the_third_epoch(lambda x: x))
        elif where == "in the loss":
            loss = interrupt_in_the_third_epoch(hinge)
        else:
            update = interrupt_in_the_third_epoch(optimizer.method.update)
            optimizer.method = optimizer.method._replace(update=update)
        history = fit(model, loss, XOR, 10, optimizer=optimizer)
        assert (history.epochs, history.interrupted) == (2, True)
        assert (
            history.losses == fit(twin, hinge, XOR, 2, optimizer=SGD(twin, 0.3)).losses
        )
        assert model.state_dict() == twin.state_dict()
        assert calls > 0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestProgress:
    def run(
        self, monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, **options: Any
    ) -> str:
        monkeypatch.setattr(sys, "stderr", stream)
        model = xor_model()
        options = {"optimizer": SGD(model, lr=0.0), "metrics": "accuracy", **options}
        fit(model, hinge, XOR, 20, 2, validation=XOR, **options)
        return stream.getvalue()

    def test_a_bar_on_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("tqdm")
        text = self.run(monkeypatch, Terminal())
        assert "40/40" in text
        assert "epoch 20/20" in text
        last = text.split("\r")[-1]
        for part in ("loss 1.0", "accuracy 0.5000", "val_loss 1.", "val_accuracy", "<"):
            assert part in last
        assert "batch/s" in text

    def test_nothing_where_there_is_no_terminal(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert self.run(monkeypatch, io.StringIO()) == ""

    def test_nothing_if_not_wanted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.run(monkeypatch, Terminal(), progress=False) == ""

    def test_lines_without_tqdm(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in ("tqdm", "tqdm.auto"):
            monkeypatch.setitem(sys.modules, module, None)
        hint, *lines = self.run(monkeypatch, Terminal()).splitlines()
        assert hint == (
            "a progress bar needs the package 'tqdm', which is not installed: "
            "pip install 'scalar-autograd[progress]'"
        )
        assert [line.split(",")[0] for line in lines] == [
            f"epoch {k}/20" for k in range(2, 21, 2)
        ]
        assert "val_accuracy 0.5" in lines[-1]
        assert self.run(monkeypatch, io.StringIO()) == ""
