"""`History`: what a training run left behind, epoch by epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .lookup import known
from .selection import selection

__all__ = ["History"]


@dataclass
class History:
    """What a training run left behind; ``print(history)`` shows it as a table.

    columns: a list for each thing that was measured, with a number for each complete
        epoch: "loss", the mean loss of the batches, each as it was trained on; the
        metrics by their names, likewise; both again after "val_", on the validation
        data at the end of the epoch.
    interrupted: whether Ctrl-C ended the run.
    stopped: why the run ended before its last epoch; empty if it did not.
    seconds: how long it took, of a resumed run all parts.
    compiled: whether compiled code ran at the end. not_compiled: why not, where `fit`
        tried.

    >>> history = History({"loss": [0.5, 0.25], "val_loss": [0.75, 0.5]})
    >>> history.losses, history.epochs
    ([0.5, 0.25], 2)
    >>> print(history)
    epoch    loss  val_loss
        1  0.5000    0.7500
        2  0.2500    0.5000
    """

    columns: dict[str, list[float]] = field(default_factory=lambda: {"loss": []})
    interrupted: bool = False
    stopped: str = ""
    seconds: float = 0.0
    compiled: bool = False
    not_compiled: str = ""

    @property
    def losses(self) -> list[float]:
        """The mean loss of each complete epoch."""
        return self.columns["loss"]

    @property
    def epochs(self) -> int:
        """The number of complete epochs."""
        return len(self.losses)

    def __getitem__(self, name: str) -> list[float]:
        """Return a column: ``history["val_loss"]``."""
        return self.columns[known(name, self.columns, "column")]

    def add(self, numbers: Mapping[str, float]) -> None:
        """Add an epoch."""
        for name, number in numbers.items():
            self.columns.setdefault(name, []).append(number)

    def to_dict(self) -> dict[str, list[float]]:
        """Return the columns, as a table of data takes them; changes there stay there.

        >>> History({"loss": [0.5]}).to_dict()
        {'loss': [0.5]}
        """
        return {name: list(column) for name, column in self.columns.items()}

    def plot(self) -> Any:
        """Draw the columns over the epochs; return the figure (needs matplotlib)."""
        from . import plots

        return plots.loss_curve(self)

    def __str__(self) -> str:
        rows = [["epoch", *self.columns]]
        for k in selection(self.epochs):
            numbers = [f"{column[k]:.4f}" for column in self.columns.values()]
            rows.append([str(k + 1), *numbers])
        widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
        lines = [
            "  ".join(f"{x:>{w}}" for x, w in zip(row, widths, strict=True))
            for row in rows
        ]
        return "\n".join([*lines, self.stopped] if self.stopped else lines)

    def __repr__(self) -> str:
        last = [
            f", {name} {column[-1]:.4g}"
            for name, column in self.columns.items()
            if column
        ]
        stopped = f", {self.stopped}" if self.stopped else ""
        plural = "" if self.epochs == 1 else "s"
        return f"History({self.epochs} epoch{plural}{''.join(last)}{stopped})"
