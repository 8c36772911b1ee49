"""What surrounds a training run, and is as it was when the run has ended."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING, Any

from autograd import ArgumentError

from .module import Module
from .progress import Progress
from .regularization import Dropout

if TYPE_CHECKING:
    from .running import Run

__all__ = ["as_it_was", "interrupts", "own_rate"]


@contextlib.contextmanager
def as_it_was(model: Module, seed: str) -> Iterator[None]:
    """Restore the modules' modes at the end; give dropout a seed where it has none."""
    modules = model.named_modules()
    modes = [(module, module.training) for _, module in modules]
    unseeded = [
        (path, module)
        for path, module in modules
        if isinstance(module, Dropout) and module.rng is None
    ]
    for path, dropout in unseeded:
        dropout.rng = Random(f"{seed}, {path}")
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        for _, dropout in unseeded:
            dropout.rng = None


@contextlib.contextmanager
def own_rate(optimizer: Any, schedule: Any) -> Iterator[None]:
    """Give an optimizer its own rate back that a schedule sets in between."""
    if schedule is None:
        yield
        return
    if not callable(schedule) or not hasattr(optimizer, "lr"):
        raise ArgumentError(
            f"a schedule is a function from the step to the learning rate, such as "
            f"nn.schedules.cosine(0.1, steps=100), for an optimizer with an lr; got "
            f"{schedule!r} and {optimizer!r}"
        )
    rate = optimizer.lr
    try:
        yield
    finally:
        optimizer.lr = rate


@contextlib.contextmanager
def interrupts(run: "Run", progress: Progress) -> Iterator[None]:
    """Let the first Ctrl-C end the run after its batch, and the second one at once."""

    def handle(number: int, frame: Any) -> None:
        if run.history.interrupted:
            raise KeyboardInterrupt
        run.history.interrupted = True
        run.stop("stopped by Ctrl-C")
        progress.say("Ctrl-C: stopping after this batch; once more to stop at once")

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # where somebody else listens
        return
    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
