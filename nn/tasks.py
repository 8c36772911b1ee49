"""What `python -m nn` can learn: data, a network, a loss, and how well it does."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograd import ArgumentError, no_grad

from . import losses, synthetic
from .datasets import Dataset, Scaling, iris, read_csv, train_test_split
from .layers import MLP, Dense, Sequential
from .lookup import known
from .metrics import accuracy, plain
from .module import Module
from .recurrent import LSTM, LastOutput

__all__ = ["TASKS", "Task", "task"]

TASKS = ("iris", "moons", "spirals", "sine", "adding", "csv")


@dataclass
class Task:
    """Data that are split and scaled, the network that learns them, and its loss.

    title: what the samples are. train, test: inputs and targets. model: the network.
    shape: its widths in words. classes: their names; () where a number is predicted.
    data: the samples as they were read, where they are rows. scaling: of the inputs.
    columns: the two features that pictures show. notes: what belongs to the weights.
    """

    title: str
    train: tuple[list[Any], list[Any]]
    test: tuple[list[Any], list[Any]]
    model: Module
    shape: str
    loss: Callable[..., Any]
    classes: tuple[str, ...] = ()
    data: Dataset[Any] | None = None
    scaling: Scaling | None = None
    columns: tuple[int, int] = (0, 1)
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def metrics(self) -> list[str]:
        """Names of what is measured beside the loss."""
        return ["accuracy"] if self.classes else []

    def verdict(self) -> str:
        """Return how the model does on the samples held out, in words."""
        inputs, targets = self.test
        with no_grad():
            outputs = [plain(self.model(x)) for x in inputs]
        if self.classes:
            share = accuracy(outputs, targets)
            right = round(share * len(targets))
            return f"held-out accuracy: {share:.1%} ({right} of {len(targets)})"
        error = losses.mse(outputs, targets)
        usual = math.fsum(self.train[1]) / len(self.train[1])
        constant = losses.mse([usual] * len(targets), targets)
        return (
            f"held-out mean squared error: {error:.4g} ({constant:.4g} for always "
            f"saying the mean)"
        )

    def outputs(self, row: Sequence[float]) -> list[float]:
        """Return what the model makes of a row as it was read, not scaled."""
        if self.scaling is not None:
            [row] = self.scaling.apply([row])
        with no_grad():
            out = plain(self.model(row))
        return out if isinstance(out, list) else [out]


def task(name: str, path: Path | None, widths: list[int], seed: int) -> Task:
    """Return the task of that name; path: the file of "csv"; widths: hidden layers.

    The first 70 % of shuffled samples are to train on, in each class.
    """
    known(name, TASKS, "task")
    if name == "adding":
        return _adding(widths, seed)
    columns = (0, 1)
    if name == "iris":
        data, title, columns = iris(), "iris", (2, 3)  # petals tell the species apart
    elif name == "csv":
        if path is None:
            raise ArgumentError("task csv needs a file: csv PATH")
        data, title = read_csv(path), path.name
    else:
        data, title = _made(name, seed), name
    return _of_rows(title, data, columns, widths, seed)


def _made(name: str, seed: int) -> Dataset[Any]:
    if name == "sine":
        inputs, targets = synthetic.sine(200, noise=0.05, seed=seed)
        return Dataset(inputs, targets, ("x",), ())
    make = synthetic.by_name(name)
    inputs, targets = make(200 if name == "moons" else 300, seed=seed)
    return Dataset(inputs, targets, ("x", "y"), ("class 0", "class 1"))


def _of_rows(
    title: str,
    data: Dataset[Any],
    columns: tuple[int, int],
    widths: list[int],
    seed: int,
) -> Task:
    classes = data.class_names
    if len(classes) == 1:
        raise ArgumentError(f"{title} has one class only, {classes[0]!r}: give two")
    split = train_test_split(
        data.features, data.labels, seed=seed, stratify=bool(classes)
    )
    # By the training samples alone: the held-out ones must not leak in.
    scaling = Scaling.of(split.train_features)
    n_in, n_out = len(data.feature_names), len(classes) or 1
    model = MLP(n_in, [*widths, n_out], "tanh", seed=seed)
    things = "flowers" if title == "iris" else "samples"
    return Task(
        title=f"{title}: {len(split.train_labels)} {things} to train on, "
        f"{len(split.test_labels)} held out",
        train=(scaling.apply(split.train_features), split.train_labels),
        test=(scaling.apply(split.test_features), split.test_labels),
        model=model,
        shape="-".join(map(str, [n_in, *widths, n_out])),
        loss=losses.cross_entropy if classes else losses.mse,
        classes=classes,
        data=data,
        scaling=scaling,
        columns=columns,
        notes={
            "features": list(data.feature_names),
            "classes": list(classes),
            "means": list(scaling.means),
            "deviations": list(scaling.deviations),
        },
    )


def _adding(widths: list[int], seed: int) -> Task:
    if len(widths) != 1:
        raise ArgumentError(
            f"the network for adding is one LSTM: give one width, got {widths}"
        )
    [units] = widths
    length = 10
    lstm = LSTM(2, units, seed=seed)
    for bias in getattr(lstm, "bias_ih_l0")[units : 2 * units]:  # noqa: B009 (mypy)
        bias.data = 1.0  # a forget gate that starts open lets the gradient through
    train = synthetic.adding_problem(500, length, seed=seed)
    test = synthetic.adding_problem(200, length, seed=f"held out {seed}")
    return Task(
        title=f"adding: {len(train.targets)} sequences of {length} steps to train on, "
        f"{len(test.targets)} held out",
        train=(train.inputs, train.targets),
        test=(test.inputs, test.targets),
        model=Sequential([lstm, LastOutput(), Dense(units, 1, seed=seed)]),
        shape=f"2-LSTM({units})-1",
        loss=losses.mse,
    )
