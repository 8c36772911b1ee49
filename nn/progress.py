"""A bar that shows how far training is: tqdm's, in terminals and notebooks."""

import os
import sys
from collections.abc import Mapping

from autograd import MissingExtraError

__all__ = ["Progress", "reporter"]


class Progress:
    """A report of the progress that says nothing; base of those that do."""

    def batch(self, loss: float, count: int) -> None:
        """Say that so many more batches are done, and the loss of the last."""

    def epoch(self, number: int, numbers: Mapping[str, float]) -> None:
        """Say how many epochs are done, and what was measured in the last."""

    def say(self, text: str) -> None:
        """Show a line of text."""

    def close(self) -> None:
        """Leave the last state to be seen."""


class _Lines(Progress):
    """Ten lines over the whole run, where tqdm is missing."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.tenths = epochs, 0

    def epoch(self, number: int, numbers: Mapping[str, float]) -> None:
        tenths = number * 10 // self.epochs
        if tenths > self.tenths:
            self.tenths = tenths
            self.say(f"epoch {number}/{self.epochs}, {_text(numbers)}")

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


class _Bar(Progress):
    """tqdm's bar over all batches, with the time that is left."""

    def __init__(self, epochs: int, batches: int, done: int) -> None:
        from tqdm.auto import tqdm

        self.epochs, self.measured = epochs, ""
        self.bar = tqdm(total=epochs * batches, initial=done, unit="batch")
        self.bar.set_description_str(f"epoch {done // batches}/{epochs}")

    def batch(self, loss: float, count: int) -> None:
        # An epoch's numbers, once there are, say more than a single batch's.
        text = self.measured or f"loss {loss:.4f}"
        self.bar.set_postfix_str(text, refresh=False)
        self.bar.update(count)

    def epoch(self, number: int, numbers: Mapping[str, float]) -> None:
        self.measured = _text(numbers)
        self.bar.set_description_str(f"epoch {number}/{self.epochs}", refresh=False)
        self.bar.set_postfix_str(self.measured, refresh=number == self.epochs)

    def say(self, text: str) -> None:
        self.bar.write(text, file=sys.stderr)

    def close(self) -> None:
        self.bar.close()


def reporter(epochs: int, batches: int, done: int) -> Progress:
    """Return a bar if somebody can see it, lines if tqdm is missing.

    batches: of each epoch. done: how many batches a run that is resumed has had.
    """
    if not (sys.stderr.isatty() or _in_notebook()):
        return Progress()
    try:
        return _Bar(epochs, batches, done)
    except ImportError:
        missing = MissingExtraError.of("tqdm", "progress", "a progress bar")
        print(missing, file=sys.stderr)
        return _Lines(epochs)


def _in_notebook() -> bool:
    """Tell whether a Jupyter kernel runs this, whose stderr is shown to the user."""
    return "ipykernel" in sys.modules and "JPY_PARENT_PID" in os.environ


def _text(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {number:.4f}" for name, number in numbers.items())
