"""`fit`: the training loop."""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from autograd import ArgumentError, AutogradError, MissingExtraError, Value

from .module import Module
from .optimizers import SGD, Optimizer

__all__ = ["DivergenceError", "History", "fit"]


class DivergenceError(AutogradError, FloatingPointError):
    """The loss became infinite or NaN; the weights are those before that batch."""


@dataclass
class History:
    """What a training run left behind.

    losses: the mean loss of each complete epoch, each batch's as it was trained on.
    interrupted: whether Ctrl-C ended the run.
    """

    losses: list[float] = field(default_factory=list)
    interrupted: bool = False

    @property
    def epochs(self) -> int:
        """The number of complete epochs."""
        return len(self.losses)


def fit(
    model: Module,
    loss: Callable[[list[Any], list[Any]], Any],
    data: tuple[Sequence[Any], Sequence[Any]],
    epochs: int,
    batch_size: int | None = None,
    optimizer: Optimizer | None = None,
    *,
    seed: int = 0,
    progress: bool = False,
) -> History:
    """Train a model on inputs and targets; return the losses.

    loss: takes the model's outputs for a batch and the targets (`nn.losses`).
    data: inputs and targets, one target for each input.
    batch_size: how many samples make one step, in an order that is shuffled anew for
        each epoch; by default all.
    optimizer: by default ``SGD(model, lr=0.01)``.
    seed: of the shuffling. Equal seeds give equal weights.
    progress: show a bar where there is a terminal (needs tqdm; without it, lines).

    Ctrl-C ends the run; weights are those of the last complete step, and `interrupted`
    is set.

    >>> from nn import MLP
    >>> from nn.losses import mse
    >>> model = MLP(1, [1], seed=0)
    >>> data = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    >>> history = fit(model, mse, data, epochs=200, optimizer=SGD(model, lr=0.2))
    >>> f"{model([10.0]):.6f}"
    '21.000000'

    Raises `ArgumentError` for data, epochs or batch sizes that make no sense, and
    `DivergenceError` when the loss is no finite number any more.
    """
    inputs, targets = data
    count = len(inputs)
    if count != len(targets) or count == 0:
        raise ArgumentError(
            f"fit got {count} inputs and {len(targets)} targets: give one target for "
            f"each input, and at least one"
        )
    size = count if batch_size is None else batch_size
    for name, number in [("epochs", epochs), ("batch_size", size)]:
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise ArgumentError(f"{name} is a whole number from 1 on, got {number!r}")
    if optimizer is None:
        optimizer = SGD(model, lr=0.01)
    rng, order, history = Random(seed), list(range(count)), History()
    report = _reporter(epochs) if progress else _Silent()
    try:
        for epoch in range(epochs):
            if size < count:
                rng.shuffle(order)
            total = 0.0
            for start in range(0, count, size):
                batch = order[start : start + size]
                outputs = [model(inputs[i]) for i in batch]
                cost = loss(outputs, [targets[i] for i in batch])
                if not isinstance(cost, Value):
                    raise ArgumentError(
                        f"the loss should give a Value made from the outputs, got "
                        f"{cost!r}"
                    )
                if not math.isfinite(cost.data):
                    raise DivergenceError(
                        f"the loss became {cost.data} in epoch {epoch + 1}, batch "
                        f"{start // size + 1}: check the data, or use a smaller "
                        f"learning rate than {optimizer!r}"
                    )
                optimizer.zero_grad()
                cost.backward()
                optimizer.step()
                total += cost.data * len(batch)
            history.losses.append(total / count)
            report.update(total / count)
    except KeyboardInterrupt:
        history.interrupted = True
    finally:
        report.close()
    return history


class _Silent:
    """A report of the progress that says nothing."""

    def update(self, loss: float) -> None:
        pass

    def close(self) -> None:
        pass


class _Lines(_Silent):
    """Ten lines over the whole run, where tqdm is missing."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.done = epochs, 0

    def update(self, loss: float) -> None:
        self.done += 1
        if self.done * 10 // self.epochs > (self.done - 1) * 10 // self.epochs:
            text = f"epoch {self.done}/{self.epochs}, loss {loss:.4f}"
            print(text, file=sys.stderr, flush=True)


class _Bar(_Silent):
    """tqdm's bar, silent where the output is no terminal."""

    def __init__(self, epochs: int) -> None:
        from tqdm.auto import tqdm

        self.bar = tqdm(total=epochs, unit="epoch", disable=None)

    def update(self, loss: float) -> None:
        self.bar.set_postfix_str(f"loss {loss:.4f}", refresh=False)
        self.bar.update()

    def close(self) -> None:
        self.bar.close()


def _reporter(epochs: int) -> _Silent:
    try:
        return _Bar(epochs)
    except ImportError:
        print(
            MissingExtraError.of("tqdm", "progress", "a progress bar"), file=sys.stderr
        )
        return _Lines(epochs)
