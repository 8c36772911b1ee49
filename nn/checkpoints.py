"""Checkpoints: all that a training run needs to go on as if it had not ended.

A checkpoint is a file of weights (`persistence`) whose document has more: the state of
the optimizer, the place in the run, the history, the modules' random generators and
the callbacks' states.
"""

from pathlib import Path
from random import Random
from typing import Any

from autograd import ArgumentError, AutogradError

from .history import History
from .persistence import read, remove_leftovers, weights_in, write
from .running import Keeper, Run

__all__ = ["Checkpoints", "continue_run"]


class Checkpoints(Keeper):
    """Writes a run into a file at each epoch's end, and after every so many batches."""

    def __init__(self, path: Path, every: int | None, settings: dict[str, Any]) -> None:
        self.path, self.every, self.settings = path, every, settings

    def save(self, run: Run) -> None:
        """Write the file if it is time, whole or not at all."""
        due = self.every is not None and run.step % self.every == 0
        if run.sample == 0 or due or run.history.interrupted:
            run.show()
            document = {"settings": self.settings, **_state(run)}
            write(self.path, run.model, document)

    def steps_left(self, run: Run) -> int:
        """Return how many steps there may be before it is time."""
        left = run.batches - run.sample // run.batch_size
        return (
            left
            if self.every is None
            else min(left, -run.step % self.every or self.every)
        )


def continue_run(path: Path, run: Run, settings: dict[str, Any]) -> None:
    """Set a run to where a checkpoint was written.

    Raises `ArgumentError` for a file that is damaged, no checkpoint, or of a run with
    other settings; then nothing has changed.
    """
    remove_leftovers(path)
    document = read(path)
    if "run" not in document:
        raise ArgumentError(f"{path} has weights, but is no checkpoint of fit: load it")
    theirs = document.get("settings", {})
    for name, ours in settings.items():
        if theirs.get(name) != ours:
            raise ArgumentError(
                f"{path} is of another run, whose {name} was {theirs.get(name)!r}, and "
                f"is {ours!r} here: give the same, or start anew without resume"
            )
    weights, state = run.model.state_dict(), _state(run)
    try:
        run.model.load_state_dict(weights_in(document))
        _restore(run, document)
    except (AutogradError, KeyError, TypeError, ValueError, AttributeError) as error:
        run.model.load_state_dict(weights)
        _restore(run, state)
        text = (
            error if isinstance(error, AutogradError) else f"no state there: {error!r}"
        )
        raise ArgumentError(f"{path}: {text}") from None


def _state(run: Run) -> dict[str, Any]:
    history = run.history
    return {
        "run": {
            "epoch": run.epoch,
            "sample": run.sample,
            "step": run.step,
            "seed": run.seed,
            "totals": dict(run.totals),
            "not_compiled": history.not_compiled,
        },
        "history": {"columns": history.to_dict(), "seconds": history.seconds},
        "optimizer": run.optimizer.state_dict(),
        "generators": {
            path: generator.getstate() for path, generator in _generators(run).items()
        },
        "callbacks": [
            [type(callback).__name__, callback.state_dict()]
            for callback in _with_state(run)
        ],
    }


def _restore(run: Run, state: dict[str, Any]) -> None:
    place, history = state["run"], state["history"]
    run.optimizer.load_state_dict(state["optimizer"])
    generators = _generators(run)
    if generators.keys() != state["generators"].keys():
        raise ArgumentError("it is of a model with other random generators")
    for path, (version, numbers, gauss) in state["generators"].items():
        generators[path].setstate((version, tuple(numbers), gauss))
    ours = _with_state(run)
    names = [type(callback).__name__ for callback in ours]
    if names != [name for name, _ in state["callbacks"]]:
        raise ArgumentError(
            f"it is of a run with the callbacks "
            f"{[name for name, _ in state['callbacks']]}, these are {names}"
        )
    for callback, (_, part) in zip(ours, state["callbacks"], strict=True):
        callback.load_state_dict(part)
    columns = {name: list(column) for name, column in history["columns"].items()}
    run.history = History(
        columns,
        seconds=float(history["seconds"]),
        not_compiled=place.get("not_compiled", ""),  # older files have none
    )
    run.epoch, run.sample, run.step = (place[k] for k in ("epoch", "sample", "step"))
    run.totals, run.seed = dict(place["totals"]), place["seed"]


def _generators(run: Run) -> dict[str, Random]:
    """Return the generators in the modules' attributes, dropout's among them."""
    return {
        f"{path}.{name}": thing
        for path, module in run.model.named_modules()
        for name, thing in vars(module).items()
        if isinstance(thing, Random)
    }


def _with_state(run: Run) -> list[Any]:
    return [callback for callback in run.callbacks if hasattr(callback, "state_dict")]
