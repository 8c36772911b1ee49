"""Batches by compiled code: one sample recorded, all of them run."""

import contextlib
import math
import random
from collections.abc import Iterator, Sequence
from typing import Any

import autograd
from autograd import ArgumentError, TracingError, Value, no_grad

from .batches import Loss, Pairs
from .metrics import plain
from .module import Module
from .regularization import Dropout

__all__ = ["CompiledBatches", "is_whole", "outputs_of", "untouched_generators"]

Array = Any
_CHECKED = 16  # samples on which the loss must be the mean of single ones


class CompiledBatches:
    """What a batch costs, the gradient of that, and its outputs, as arrays.

    The loss of a batch must be the mean of its samples' losses, as those of `nn.losses`
    are by default, and the model must do the same each time: both are checked.

    kinds: how many recordings the samples need. moved: the parameters that move.
    indices: which of inputs and targets, 0 and 1, are ints that look something up.

    Raises `ArgumentError` where the model or the loss can't be compiled, saying why.
    """

    def __init__(self, model: Module, loss: Loss, data: Pairs) -> None:
        self.model, self.loss, self.data = model, loss, data
        self._divide, self._count = _numpy().divide, _numpy().array(len(data[0]))
        whole = tuple(i for i, part in enumerate(data) if is_whole(part))
        with untouched_generators(model):
            try:
                self.indices, self._recorded = whole, self._record(whole)
            except Exception:
                if not whole:
                    raise
                # The very ints are wanted, to look something up.
                self.indices, self._recorded = (), self._record(())
            if self._drops_out() or self._record(self.indices) != self._recorded:
                raise ArgumentError(
                    "the model draws random numbers, as Dropout does: a recording "
                    "would repeat the same ones for ever. Train with compile=False"
                )
        # A frozen parameter may be set free in between: then another recording serves.
        self._samples: dict[tuple[int, ...], Any] = {}
        self._used: Any = None  # of these, those of the parameters that move now
        self.moved: list[Value] = []
        self._outputs: Any = None

    def _drops_out(self) -> bool:
        return any(
            isinstance(module, Dropout) and module.training and module.p > 0
            for _, module in self.model.named_modules()
        )

    def _record(self, indices: tuple[int, ...]) -> str:
        """Return the program of the first sample's loss, as text."""
        model, loss = self.model, self.loss
        sample = autograd.compile(
            lambda x, target: loss([model(x)], [target]), index_argnums=indices
        )
        try:
            return str(sample.record(*[part[0] for part in self.data]))
        except TracingError as error:
            raise _refusal(error) from error

    def has_changed(self) -> bool:
        """Tell whether the model or the loss do something else than when recorded."""
        with contextlib.suppress(ArgumentError), untouched_generators(self.model):
            return self._record(self.indices) != self._recorded
        return True

    def check(self) -> None:
        """Raise `ArgumentError` unless a batch's loss is the mean of its samples'."""
        rows = range(min(_CHECKED, len(self.data[0])))
        inputs, targets = ([part[i] for i in rows] for part in self.data)
        with no_grad():
            cost = self.loss([self.model(x) for x in inputs], targets)
        if not isinstance(cost, Value):
            raise ArgumentError(
                f"the loss should give a Value made from the outputs, got {cost!r}"
            )
        numbers = _array([p.data for p in self.moved])
        whole, mean = cost.data, float(self.mean(numbers, _array(rows))[0])
        finite = math.isfinite(whole) or math.isfinite(mean)
        if finite and not math.isclose(mean, whole, rel_tol=1e-9, abs_tol=1e-12):
            raise ArgumentError(
                f"the loss of {len(rows)} samples is {whole!r}, the mean over them "
                f"{mean!r}: only losses that are means over samples can be compiled. "
                f"Train with compile=False"
            )

    def bind(self, moved: Sequence[Value]) -> None:
        """Set which parameters move; read what else the loss uses."""
        self.moved, key = list(moved), tuple(map(id, moved))
        if key not in self._samples:
            self._samples[key] = self._laid_out(self.moved)
        self._used = self._samples[key]
        self._used.bind(self.moved)
        self.kinds = self._used.kinds
        self._outputs = None

    def _laid_out(self, moved: list[Value]) -> Any:
        model, loss = self.model, self.loss

        def sample(x: Any, target: Any) -> Any:
            cost = loss([model(x)], [target])
            return cost, cost.gradient(moved)

        fast = autograd.compile(sample, index_argnums=self.indices)
        return fast.samples(*self.data)

    def mean(self, numbers: Any, rows: Any) -> Array:
        """Return the mean loss of these rows and its gradient, as one array.

        numbers: those of the parameters that move. rows: None for all.
        """
        try:
            found: Array = self._used.total(numbers, rows)
        except TracingError as error:
            raise _refusal(error) from error
        # In place, and by an array: the soonest way.
        return self._divide(found, self._count if rows is None else len(rows), found)

    def repeated(self, update: Any, size: int | None) -> Any:
        """Return what goes steps on so many rows by native code: `Samples.repeated`."""
        return self._used.repeated(update, size)

    def outputs(self, numbers: Array, rows: Array | None) -> list[Any]:
        """Return the outputs of these rows, as plain numbers and lists."""
        if self._outputs is None:
            self._outputs = outputs_of(self.model, self.data[0])
            self._outputs.bind(self.moved)
        return [plain(x) for x in self._outputs.each(numbers, rows)]


def outputs_of(model: Module, inputs: list[Any]) -> Any:
    """Lay inputs out to run a compiled model on, in the mode that it is in.

    Raises what `autograd.compile` raises.
    """
    indices = (0,) if is_whole(inputs) else ()
    return autograd.compile(model, index_argnums=indices).samples(inputs)


def is_whole(part: Any) -> bool:
    """Tell whether all numbers of a nest are ints."""
    if isinstance(part, list | tuple):
        return all(map(is_whole, part))
    return type(part) is int


def _array(numbers: Any) -> Array:
    return _numpy().array(numbers)


def _numpy() -> Any:
    import numpy

    return numpy


def _refusal(error: TracingError) -> ArgumentError:
    return ArgumentError(
        f"the model or the loss can't be compiled, train with compile=False: {error}"
    )


@contextlib.contextmanager
def untouched_generators(model: Module) -> Iterator[None]:
    """Leave the random numbers that are drawn inside to be drawn again."""
    found = [g for _, m in model.named_modules() for g in vars(m).values()]
    generators = [g for g in found if isinstance(g, random.Random)]
    states = [g.getstate() for g in generators]
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)
        for generator, before in zip(generators, states, strict=True):
            generator.setstate(before)
