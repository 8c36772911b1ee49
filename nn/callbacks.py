"""Callbacks: what happens during training, beside it.

A callback is a function of the run (`Run`), called after each epoch, or an object with
any of these methods, which take the run as well:

    on_start    before the first batch
    on_batch    after each batch's step
    on_epoch    after each epoch, when its numbers are in ``run.history``
    on_end      after the last epoch, however the run ended, save by an error

An object with ``state_dict()`` and ``load_state_dict(state)`` is saved in checkpoints.
"""

import math
from typing import TYPE_CHECKING, Any

from autograd import ArgumentError

from .counts import check_count
from .lookup import known

if TYPE_CHECKING:
    from .running import Run

__all__ = [
    "EarlyStopping",
    "RecordWeights",
    "call",
    "checked",
    "listening",
    "only_look",
]

HOOKS = ["on_start", "on_batch", "on_epoch", "on_end"]


class EarlyStopping:
    """End training when a number has not become better for some epochs.

    monitor: a column of the history; by default "val_loss", without validation "loss".
    patience: so many epochs in a row without a better number end the run.
    min_delta: a number is better if it is so by more than this.
    mode: "min" or "max", whichever is better; by default "max" for accuracies.
    restore_best: at the end, however it came, set the weights to those after the best
        epoch. A checkpoint keeps the last ones, to go on from.

    `best` is the best number, `best_epoch` its epoch, counted from 1.

    >>> import nn
    >>> model = nn.MLP(1, [1], seed=0)
    >>> stopping = EarlyStopping(patience=2, min_delta=0.01)
    >>> data = [[0.0], [1.0]], [1.0, 3.0]
    >>> history = nn.fit(
    ...     model, "mse", data, 1000, optimizer=nn.SGD(model, 0.2), callbacks=stopping
    ... )
    >>> history.stopped
    'early stopping: loss was best in epoch 5'

    Raises `ArgumentError` for an unknown mode or column and a patience below 1.
    """

    def __init__(
        self,
        monitor: str | None = None,
        patience: int = 10,
        min_delta: float = 0.0,
        mode: str | None = None,
        restore_best: bool = True,
    ) -> None:
        self.monitor, self.mode = monitor, mode
        self.patience = check_count("patience", patience)
        if not isinstance(min_delta, int | float) or not 0 <= min_delta < math.inf:
            raise ArgumentError(f"min_delta is a number from 0 on, got {min_delta!r}")
        if mode is not None:
            known(mode, ["min", "max"], "mode")
        self.min_delta, self.restore_best = min_delta, restore_best
        self._reset()

    def _reset(self) -> None:
        self.best: float | None = None
        self.best_epoch = 0
        self.weights: dict[str, Any] = {}

    def on_start(self, run: "Run") -> None:
        """Forget the run before."""
        self._reset()

    def on_epoch(self, run: "Run") -> None:
        """Compare, keep the weights if they are the best, or stop."""
        columns = run.history.columns
        name = self.monitor or ("val_loss" if "val_loss" in columns else "loss")
        number = run.history[name][-1]
        mode = self.mode or ("max" if "accuracy" in name else "min")
        sign = 1 if mode == "min" else -1
        # A best of NaN would never be beaten.
        best = sign * math.inf if self.best is None else self.best
        if sign * number < sign * best - self.min_delta:
            self.best, self.best_epoch = number, run.epoch
            if self.restore_best:
                self.weights = run.model.state_dict()
        elif run.epoch - self.best_epoch >= self.patience:
            run.stop(f"early stopping: {name} was best in epoch {self.best_epoch}")

    def on_end(self, run: "Run") -> None:
        """Restore the best weights."""
        if self.weights:
            run.model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """Return the best number and its epoch and weights."""
        return {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "weights": dict(self.weights),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` gave."""
        self.best, self.best_epoch = state["best"], int(state["best_epoch"])
        self.weights = dict(state["weights"])


class RecordWeights:
    """Keep the weights as they are at the start and after every so many epochs.

    every: epochs between two records. `epochs` and `records` have, for each record, the
    epoch (0 is the start) and ``model.state_dict()``; see `plots.weight_histograms`.

    >>> import nn
    >>> model, record = nn.MLP(1, [1], seed=0), RecordWeights(every=2)
    >>> history = nn.fit(model, "mse", ([[1.0]], [0.0]), 4, callbacks=record)
    >>> record.epochs, len(record.records[0])
    ([0, 2, 4], 2)

    Raises `ArgumentError` for an `every` below 1.
    """

    def __init__(self, every: int = 1) -> None:
        self.every = check_count("every", every)
        self.epochs: list[int] = []
        self.records: list[dict[str, Any]] = []

    def on_start(self, run: "Run") -> None:
        """Forget the run before, and record the start."""
        self.epochs, self.records = [0], [run.model.state_dict()]

    def on_epoch(self, run: "Run") -> None:
        """Record, if it is time."""
        if run.epoch % self.every == 0:
            self.epochs.append(run.epoch)
            self.records.append(run.model.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """Return what was recorded."""
        return {"epochs": list(self.epochs), "records": list(self.records)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` gave."""
        self.epochs = list(state["epochs"])
        self.records = list(map(dict, state["records"]))


def checked(callbacks: Any) -> list[Any]:
    """Return callbacks as a list, and refuse what is none."""
    if callable(callbacks) or any(hasattr(callbacks, hook) for hook in HOOKS):
        callbacks = [callbacks]
    found = list(callbacks)
    for callback in found:
        is_class = isinstance(callback, type)
        if is_class or not (
            callable(callback) or any(hasattr(callback, hook) for hook in HOOKS)
        ):
            hint = f": write {callback.__name__}()" if is_class else ""
            raise ArgumentError(
                f"a callback is a function of the run or has one of the methods "
                f"{', '.join(HOOKS)}; got {callback!r}{hint}"
            )
    return found


def listening(callbacks: list[Any], hook: str) -> bool:
    """Tell whether a callback has something for this moment."""
    return any(
        hasattr(each, hook) or (hook == "on_epoch" and callable(each))
        for each in callbacks
    )


def only_look(callbacks: list[Any], hook: str) -> bool:
    """Tell whether those who have something for this moment change nothing then."""
    harmless = (EarlyStopping, RecordWeights)
    return all(type(each) in harmless for each in callbacks if listening([each], hook))


def call(callbacks: list[Any], hook: str, run: "Run") -> None:
    """Call what the callbacks have for this moment."""
    for callback in callbacks:
        method = getattr(callback, hook, None)
        if method is not None:
            method(run)
        elif hook == "on_epoch" and callable(callback):
            callback(run)
