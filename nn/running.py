"""`Run`: a training run in progress, batch by batch."""

import contextlib
import hashlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from autograd import AutogradError, no_grad

from . import callbacks
from .batches import Loss, Pairs, eager, with_row
from .compiled_batches import CompiledBatches
from .compiled_validation import CompiledValidation
from .contexts import interrupts
from .descent import Descent, OnArrays, OnValues, compiled_gradient, takes_arrays
from .diagnosis import worst_number
from .history import History
from .metrics import Metric, plain
from .module import Module
from .optimizers import Optimizer
from .progress import Progress
from .quick_steps import steps_on_arrays

__all__ = ["DivergenceError", "Keeper", "Run"]


# Samples of each kind that are run before it pays to compile: about what it takes.
WARM = 300
# Samples between two looks of callbacks, from which on the look at the model pays: it
# takes about as long as these samples do eagerly.
APART = 6


class DivergenceError(AutogradError, FloatingPointError):
    """The loss or a gradient became infinite or NaN; the weights are those before.

    history: the `History` of the epochs before.

    >>> import nn
    >>> model = nn.MLP(1, [1], seed=0)
    >>> nn.fit(model, "mse", ([[1e200]], [0.0]), epochs=1)
    Traceback (most recent call last):
    nn.running.DivergenceError: ...
    """

    history: History


class Keeper:
    """Saves a run when it is time: this one never, it is the base of those that do."""

    def save(self, run: "Run") -> None:
        """Save the run if it is time; called after steps and epochs, and at Ctrl-C."""

    def steps_left(self, run: "Run") -> float:
        """Return how many steps there may be before it is time."""
        return math.inf


class Run:
    """A training run in progress, as callbacks see it.

    model, optimizer, history: what `fit` works with. epochs: how many there shall be.
    epoch: how many are complete. step: how many batches there were in all.
    loss: of the last batch.

    >>> import nn
    >>> def show(run):
    ...     print(run.epoch, run.step, run.history.epochs)
    >>> data = [[0.0], [1.0]], [1.0, 3.0]
    >>> history = nn.fit(nn.MLP(1, [1], seed=0), "mse", data, 2, callbacks=show)
    1 1 1
    2 2 2
    """

    def __init__(
        self,
        model: Module,
        loss: Loss,
        optimizer: Optimizer,
        data: Pairs,
        *,
        epochs: int,
        batch_size: int,
        seed: str,
        schedule: Callable[[int], float] | None = None,
        validation: Pairs | None = None,
        metrics: Mapping[str, Metric] | None = None,
        callbacks: list[Any] | None = None,
        compile: bool | None = False,
    ) -> None:
        self.model, self.optimizer = model, optimizer
        self.history = History()
        self.epochs, self.epoch, self.step = epochs, 0, 0
        self.loss = math.nan
        self.batch_size, self.seed = batch_size, seed
        # In the epoch that runs: how many samples are done, and sums over them.
        self.sample, self.totals = 0, dict[str, float]()
        self.why = ""
        self._loss, self._data = loss, data
        self._schedule, self._validation = schedule, validation
        self._metrics = dict(metrics or {})
        self.callbacks = callbacks or []
        self._order: tuple[int, Sequence[int]] = (-1, [])
        self._compile = compile
        self._due: int | None = {True: 0, False: None, None: WARM}[compile]
        self._batches: CompiledBatches | None = None
        self._held_out: CompiledValidation | None = None
        self._on_values = OnValues(optimizer, eager(model, loss, optimizer, data))
        self._descent: Descent = self._on_values
        self._at_once = 1  # steps, or FEW
        self._looked = False  # since others could last change something

    def settings(self, with_seed: bool = True) -> dict[str, Any]:
        """Return what decides about the run's course, for JSON to hold and compare."""
        return {
            "seed": self.seed if with_seed else None,
            "batch_size": self.batch_size,
            "loss": getattr(self._loss, "__name__", type(self._loss).__name__),
            "metrics": list(self._metrics),
            "data": _fingerprint(self._data),
            "validation": self._validation and _fingerprint(self._validation),
        }

    @property
    def batches(self) -> int:
        """The number of batches in an epoch."""
        return -(-len(self._data[0]) // self.batch_size)

    def stop(self, why: str = "stopped by a callback") -> None:
        """End the run after this batch, or after this epoch's end if it is there."""
        self.why = self.why or why

    def go(self, progress: Progress, keeper: Keeper) -> None:
        """Train up to the last epoch, or until somebody stops the run."""
        began, before = time.perf_counter(), self.history.seconds
        history = self.history
        try:
            with interrupts(self, progress):
                while self.epoch < self.epochs and not self.why:
                    self._go_on(progress, keeper)
            if history.interrupted:
                keeper.save(self)
        except KeyboardInterrupt:  # the second, or not in the main thread
            history.interrupted = True
            self.stop("stopped by Ctrl-C")
        except DivergenceError as error:
            error.history = history
            raise
        finally:
            self.show()
            history.seconds = before + time.perf_counter() - began
            history.stopped = self.why
            progress.close()

    def show(self) -> None:
        """Write weights, gradients and the optimizer's state where they belong.

        Compiled runs keep them in arrays; callbacks find them written.
        """
        self._descent.show()

    def _listening(self, hook: str) -> bool:
        return bool(self.callbacks) and callbacks.listening(self.callbacks, hook)

    def _call(self, hook: str) -> None:
        """Call the callbacks, which may look at everything and change it."""
        if self._listening(hook):
            self.show()
            harmless = callbacks.only_look(self.callbacks, hook)
            if hook == "on_epoch" and self._validation and not harmless:
                self.model.eval()  # as validation leaves it
            callbacks.call(self.callbacks, hook, self)
            self._looked = self._looked and harmless

    def _go_on(self, progress: Progress, keeper: Keeper) -> None:
        """Go steps that nobody looks at in between; then let all look who want to."""
        count, before, epoch = len(self._data[0]), self.step, self.epoch
        if not self._looked:
            self.model.train()
        if self.sample < count:
            if self._due is not None:
                self._consider_compiling()
            if not self._looked:
                self._look()
            self._steps(self._steps_unseen(keeper))
            self._call("on_batch")
            progress.batch(self.loss, self.step - before)
            if not self.why:
                keeper.save(self)
        ended = self.sample == count
        if ended:
            self._end_epoch()
            self._call("on_epoch")
        if self.epoch > epoch:
            columns = self.history.columns.items()
            progress.epoch(self.epoch, {name: column[-1] for name, column in columns})
        if ended:
            keeper.save(self)

    def _steps_unseen(self, keeper: Keeper) -> int:
        """Return how many steps there may be before somebody looks, one at least."""
        on_arrays = isinstance(self._descent, OnArrays)
        if not on_arrays or self._metrics or self._listening("on_batch"):
            return 1
        steps = self.batches - self.sample // self.batch_size
        if not self._listening("on_epoch") and self._validation is None:
            steps += (self.epochs - self.epoch - 1) * self.batches
        return int(min(steps, keeper.steps_left(self)))

    def _steps(self, most: int) -> None:
        """Go so many steps, or fewer if they take long or somebody stops the run."""
        descent = self._descent
        with descent.quiet():
            if (
                isinstance(descent, OnArrays)
                and not self._metrics
                and steps_on_arrays(self, descent, most)
            ):
                return
            outputs = self._batch()
        if self._metrics:
            first = self.sample - len(outputs)
            rows = self._epochs_order()[first : self.sample]
            targets = [self._data[1][i] for i in rows]
            for name, metric in self._metrics.items():
                self._measure(name, float(metric(outputs, targets)), len(rows))

    def _end_epoch(self) -> None:
        numbers = {name: total / self.sample for name, total in self.totals.items()}
        if self._validation is not None:
            numbers |= self._validate(*self._validation)
        self.history.add(numbers)
        self.epoch, self.sample, self.totals = self.epoch + 1, 0, {}

    def _steps_to_a_look(self, unseen: int) -> int:
        """Return how many steps there may be before somebody may change the model."""
        eager = self._validation is not None and self._held_out is None
        harmless = callbacks.only_look(self.callbacks, "on_epoch")
        if eager or not harmless or self._listening("on_batch"):
            return unseen
        return (
            self.epochs - self.epoch
        ) * self.batches - self.sample // self.batch_size

    def _batch(self) -> Any:
        """Go a step; return the batch's outputs, if they are wanted."""
        order, first = self._epochs_order(), self.sample
        end = min(first + self.batch_size, len(order))
        loss, outputs = self._gradient(order, first, end)
        descent = self._descent
        if not math.isfinite(loss):
            raise self._divergence(f"the loss became {loss}")
        if not descent.is_finite():
            raise self._divergence("a gradient is not finite")
        self._set_rate()
        if not descent.descend():
            error = self._divergence("the step was too long")
            descent.undo()
            raise error
        self._measure("loss", loss, end - first)
        self.loss, self.sample, self.step = loss, end, self.step + 1
        return outputs

    def _set_rate(self) -> None:
        if self._schedule is not None:
            self.optimizer.lr = self._schedule(self.step)  # type: ignore[attr-defined]

    def _measure(self, name: str, number: float, count: int) -> None:
        self.totals[name] = self.totals.get(name, 0.0) + number * count

    def _epochs_order(self) -> Sequence[int]:
        """Return the rows in this epoch's order, each epoch one of its own."""
        if self._order[0] != self.epoch:
            order: Sequence[int] = range(len(self._data[0]))
            if self.batch_size < len(order):
                order = list(order)
                Random(f"{self.seed}, epoch {self.epoch}").shuffle(order)
            self._order = self.epoch, order
        return self._order[1]

    def _gradient(
        self, order: Sequence[int], first: int, end: int
    ) -> tuple[float, Any]:
        try:
            return self._descent.gradient(order, first, end)
        except (AutogradError, IndexError) as error:
            if self._descent is self._on_values:
                raise
            self.show()
            found = self._on_values.gradient(order, first, end)  # may name the row
            if self._compile:
                raise
            self._stay_eager(str(error))
            return found

    def _look(self) -> None:
        """See what others may have changed."""
        changed = self._batches is not None and self._batches.has_changed()
        if changed or (self._held_out is not None and self._held_out.has_changed()):
            self._stay_eager("the model or the loss changed in the course of the run")
            if self._compile:
                self._due = 0
                self._consider_compiling()
        self._descent.look()
        if self._batches is not None and self._held_out is not None:
            self._held_out.bind(self._batches.moved)
        self._looked = True

    def _consider_compiling(self) -> None:
        """Go over to compiled code if it is time to, and possible.

        So many samples have run eagerly then that compiling at most doubles the time,
        whatever is still to come: a run that is resumed decides alike.
        """
        done = self.epoch * len(self._data[0]) + self.sample
        if done < (self._due or 0):
            return
        if self.history.not_compiled and not self._compile:  # before it was resumed
            self._due = None
            return
        apart = self._samples_between_looks()
        if apart < APART and not self._compile:
            self._stay_eager(
                f"after every {apart} samples a callback may change the model"
            )
            return
        try:
            moved = self.optimizer.parameters()
            with with_row("data", self.model, self._data, [0]):
                batches = CompiledBatches(self.model, self._loss, self._data)
                batches.bind(moved)
                if not self._compile and done < WARM * batches.kinds:
                    self._due = WARM * batches.kinds
                    return
                batches.check()
        except Exception as error:
            if self._compile:
                raise
            self._stay_eager(str(error))
            return
        wanted = bool(self._metrics)
        if self._validation is not None:
            given = self.model, self._loss, self._validation, batches.indices
            with contextlib.suppress(Exception):  # eager validation may do better
                self._held_out = CompiledValidation(*given)
        if takes_arrays(self.optimizer):
            self._descent = OnArrays(self.optimizer, batches, wanted)
        else:
            gradient = compiled_gradient(batches, wanted)
            self._descent = OnValues(self.optimizer, gradient)
        self._batches, self._due, self._looked = batches, None, False
        self.history.compiled = True

    def _samples_between_looks(self) -> float:
        """Return after how many samples somebody may change something."""
        if self._listening("on_batch"):
            return self.batch_size
        harmless = callbacks.only_look(self.callbacks, "on_epoch")
        return math.inf if harmless else len(self._data[0])

    def _stay_eager(self, why: str) -> None:
        self.show()
        self._descent, self._batches, self._due = self._on_values, None, None
        self._held_out = None
        self.history.compiled, self.history.not_compiled = False, why

    def _divergence(self, what: str) -> DivergenceError:
        self.show()
        batch = math.ceil(self.sample / self.batch_size) + 1
        found = worst_number(self.model)
        return DivergenceError(
            f"{what} in epoch {self.epoch + 1}, batch {batch}{found and f'; {found}'}: "
            f"check the data, or use a smaller learning rate than {self.optimizer!r}"
        )

    def _validate(self, inputs: list[Any], targets: list[Any]) -> dict[str, float]:
        loss, outputs = self._validated() or self._evaluated(inputs, targets)
        with no_grad():
            return {"val_loss": loss} | {
                f"val_{name}": float(plain(metric(outputs, targets)))
                for name, metric in self._metrics.items()
            }

    def _validated(self) -> tuple[float, list[Any]] | None:
        """Return the held-out samples' loss and outputs; None without compiled code."""
        # Now, and not before the next batch alone: a run may be resumed just here.
        if self._due is not None:
            self._consider_compiling()
        if self._held_out and not self._looked:
            self._look()
        if self._held_out and isinstance(self._descent, OnArrays):
            numbers = self._descent.numbers
            # Where it fails, it may go eagerly, or say what is wrong.
            with contextlib.suppress(Exception):
                loss = self._held_out.loss(numbers)
                return loss, self._held_out.outputs(numbers) if self._metrics else []
        return None

    def _evaluated(
        self, inputs: list[Any], targets: list[Any]
    ) -> tuple[float, list[Any]]:
        self.show()
        self.model.eval()
        self._looked = False
        with no_grad():
            rows = range(len(inputs))
            with with_row("validation", self.model, (inputs, targets), rows):
                outputs = [plain(self.model(x)) for x in inputs]
            return float(plain(self._loss(outputs, targets))), outputs


def _fingerprint(data: Pairs) -> str:
    """Return a text that differs for other data: the start of a SHA-256."""
    return hashlib.sha256(repr(data).encode()).hexdigest()[:16]
