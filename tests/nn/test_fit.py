"""What `fit` takes beside the data: validation, metrics, callbacks, schedules."""

import math
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import nn
from autograd import ArgumentError, AutogradError, NumberError
from nn import MLP, SGD, Dense, Dropout, EarlyStopping, RecordWeights, Run, fit
from nn.metrics import accuracy, binary_accuracy

DATA = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
CLASSES = [[0.0, 0.1], [1.0, 0.2], [0.2, 0.3]], [0, 1, 0]


def line(lr: float = 0.1) -> tuple[MLP, SGD]:
    model = MLP(1, [1], seed=0)
    return model, SGD(model, lr=lr)


def test_columns_are_measured_as_by_hand() -> None:
    model, optimizer = line(0.0)
    history = fit(
        model, "mse", DATA, 2, 2, optimizer, validation=DATA, metrics=["mae", "huber"]
    )
    outputs = [model(x).data for x in DATA[0]]
    for name in ("mse", "mae", "huber"):
        by_hand = getattr(nn.losses, name)(outputs, DATA[1])
        column = "loss" if name == "mse" else name
        for found in (history[column], history[f"val_{column}"]):
            assert found == pytest.approx([by_hand] * 2, rel=1e-14)
    assert list(history.to_dict()) == [
        *("loss", "mae", "huber"),
        *("val_loss", "val_mae", "val_huber"),
    ]


def test_early_stopping_restores_the_best_weights() -> None:
    model, optimizer = line()
    seen: list[tuple[float, dict[str, Any]]] = []
    stopping = EarlyStopping(patience=3, monitor="val_loss")

    def watch(run: Run) -> None:
        seen.append((run.history["val_loss"][-1], run.model.state_dict()))

    held_out = [[0.0], [1.0]], [0.0, 1.0]  # of another line: gets worse
    history = fit(
        model, "mse", DATA, 500, 1, optimizer, None, held_out, (), [watch, stopping]
    )
    best = min(loss for loss, _ in seen)
    assert history.epochs == stopping.best_epoch + 3 < 500
    assert stopping.best == best
    assert history.stopped == (
        f"early stopping: val_loss was best in epoch {stopping.best_epoch}"
    )
    assert model.state_dict() == dict(seen[stopping.best_epoch - 1][1])


def test_a_schedule_counts_this_run_s_steps_and_gives_the_rate_back() -> None:
    model, optimizer = line(0.25)
    steps: list[int] = []

    def schedule(step: int) -> float:
        steps.append(step)
        return 0.0

    before = model.state_dict()
    for _ in range(2):
        fit(model, "mse", DATA, 2, 2, optimizer, schedule)
    assert steps == [0, 1, 2, 3] * 2
    assert model.state_dict() == before
    assert optimizer.lr == 0.25


def test_modes_and_seeds_of_dropout() -> None:
    def run(seed: int) -> tuple[dict[str, Any], list[bool]]:
        modes: list[bool] = []

        def note(x: Any) -> Any:
            modes.append(dropout.training)
            return x

        dropout = Dropout(0.5)
        model = nn.Sequential([Dense(2, 4, seed=0), dropout, note, Dense(4, 2, seed=1)])
        fit(model, "cross_entropy", CLASSES, 1, validation=CLASSES, seed=seed)
        assert dropout.training
        assert dropout.rng is None
        return model.state_dict(), modes

    assert run(1) == run(1)
    assert run(1)[0] != run(2)[0]
    assert run(1)[1] == [False] * 2 + [True] * 3 + [False] * 3


def test_layers_are_built_by_the_first_sample() -> None:
    model = nn.Sequential([Dense(4, "tanh", seed=0), Dense(2, seed=0)])
    x, y = np.array(CLASSES[0]), np.array(CLASSES[1])
    history = fit(model, "cross_entropy", (x, y), 3, optimizer="adam")
    assert len(model.parameters()) == 22
    assert history.epochs == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "mes"}, "^unknown loss 'mes': did you mean 'mse'"),
        ({"optimizer": "sdg"}, "^unknown optimizer 'sdg': did you mean 'sgd'"),
        ({"metrics": "acuracy"}, "^unknown metric 'acuracy': did you mean 'accuracy'"),
        ({"callbacks": EarlyStopping("val_los")}, "^unknown column 'val_los': did"),
        ({"callbacks": EarlyStopping}, r"EarlyStopping'>: write EarlyStopping\(\)$"),
        ({"callbacks": [3]}, "^a callback is a function of the run or has one of"),
        ({"schedule": 0.1}, "^a schedule is a function from the step"),
        ({"optimizer": SGD(MLP(1, [1]))}, "moves no parameter of this model"),
        ({"validation": 0.2}, "^validation is a pair .* got a float; .*train_test_sp"),
        ({"data": ([], [])}, "^data has 0 inputs and 0 targets"),
        ({"data": [[0.0, 1.0]]}, "^data is a pair"),
        (
            {"data": ([[0.0, 1.0], [0.0, math.nan]], [0, 1])},
            "^the inputs of data have nan in row 1, column 1: leave the row out",
        ),
        (
            {"validation": ([[0.0, 1.0]], [math.inf])},
            "^the targets of validation have inf in row 0: leave",
        ),
        (
            {"data": ([[0.0, 1.0]] * 3, [0, 1, 2])},
            "^row 2 of data: label 2 is no class index: with 2 logits a row, labels go",
        ),
        (
            {"data": ([[0.0, 1.0], [1.0]], [0, 1])},
            r"^row 1 of data: layers\[0\]: Layer\(2, 2.*takes 2 numbers, got 1",
        ),
        ({"batch_size": 0}, "^batch_size is a whole number from 1 on, got 0"),
        ({"seed": [1]}, "^a seed is a whole number"),
        ({"model": abs}, "^fit trains a Module"),
    ],
)
def test_what_makes_no_sense_changes_nothing(options: Any, message: str) -> None:
    model = MLP(2, [2], seed=0)
    before = model.state_dict()
    usual = {"model": model, "loss": "cross_entropy", "data": CLASSES, "epochs": 1}
    with pytest.raises(ArgumentError, match=message):
        fit(**{**usual, **options})
    if "callbacks" not in options:
        assert model.state_dict() == before


@pytest.mark.parametrize("optimizer", [None, "adam"])
def test_a_model_that_is_frozen_is_not_trained_in_silence(optimizer: Any) -> None:
    model = MLP(2, [2], seed=0).freeze()
    with pytest.raises(ArgumentError, match="another one, or all are frozen"):
        fit(model, "cross_entropy", CLASSES, 1, optimizer=optimizer)


@pytest.mark.parametrize("cell", ["a", None])
def test_the_row_of_what_is_no_number_is_named(cell: Any) -> None:
    with pytest.raises(NumberError, match=r"^row 1 of data: .* takes a real number"):
        fit(MLP(2, [2]), "cross_entropy", ([[0.0, 1.0], [0.0, cell]], [0, 1]), 1)
    with pytest.raises(AutogradError, match=f"^row 1 of data: .* {cell!r}"):
        fit(MLP(1, [1]), "mse", ([[0.0], [1.0]], [0.0, cell]), 1)


def test_places_in_sequences_are_named() -> None:
    sequence = [[0.0, 1.0], [0.0, math.nan]]
    with pytest.raises(ArgumentError, match="in row 0, time step 1, column 1"):
        fit(nn.LSTM(2, 1), "mse", ([sequence], [0.0]), 1)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_ends_after_the_batch_and_a_second_one_at_once() -> None:
    code = """
import os, signal, sys, nn
model = nn.MLP(1, [1], seed=0)
kills = int(sys.argv[1])
def loss(outputs, targets):
    if optimizer.state == 3:
        for _ in range(kills):
            os.kill(os.getpid(), signal.SIGINT)
    return nn.losses.mse(outputs, targets)
optimizer = nn.SGD(model)
history = nn.fit(model, loss, ([[1.0]], [0.0]), 10, optimizer=optimizer)
print(history.interrupted, history.epochs, optimizer.state, history.stopped)
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""
    for kills, epochs in [(1, 4), (2, 3)]:
        run = subprocess.run(
            [sys.executable, "-c", code, str(kills)], capture_output=True, text=True
        )
        assert run.stdout == f"True {epochs} {epochs} stopped by Ctrl-C\nTrue\n"


def test_recorded_weights() -> None:
    model, optimizer = line()
    record = RecordWeights()
    start = model.state_dict()
    fit(model, "mse", DATA, 2, optimizer=optimizer, callbacks=record)
    assert record.epochs == [0, 1, 2]
    assert [record.records[0], record.records[2]] == [start, model.state_dict()]


def test_accuracies() -> None:
    assert accuracy([[0.0, 1.0], [1.0, 0.0]], [1, 1]) == 0.5
    assert accuracy([[2.0], [-1.0]], [1, -1]) == 1.0
    assert binary_accuracy([0.4, 0.6], [1, 1]) == 0.5
    with pytest.raises(ArgumentError, match="0 predictions and 0 targets"):
        accuracy([], [])


def test_pictures_show_what_was_measured() -> None:
    pytest.importorskip("matplotlib")
    model = nn.Sequential([Dense(2, 3, "relu", seed=0), Dense(3, 2, seed=0)])
    record = RecordWeights()
    history = fit(
        model, "cross_entropy", CLASSES, 2, metrics="accuracy", callbacks=record
    )
    left, right = history.plot().axes
    assert list(left.lines[0].get_ydata()) == history.losses
    assert list(right.lines[0].get_ydata()) == history["accuracy"]
    figure = nn.plots.weight_histograms(record)
    assert [a.get_title() for a in figure.axes] == ["layers[0] (9)", "layers[1] (8)"]
    shares = np.asarray(figure.axes[0].collections[0].get_array())
    assert shares.sum(axis=0) == pytest.approx([1.0] * 3)
    figure = nn.plots.activations(model, CLASSES[0])
    heights = [sum(p.get_height() for p in a.patches) for a in figure.axes]
    assert heights == [9, 6]
    assert type(model.layers[0]) is Dense
