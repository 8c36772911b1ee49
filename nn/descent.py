"""How a training run goes a step: on the Values, or on arrays by compiled code.

Both go in the same small parts, so that a run can look at the numbers in between:

    look       read what somebody may have changed: weights, what is frozen
    gradient   the loss of a batch and its gradient
    descend    the optimizer's step
    undo       the weights before it
    show       write what is not yet in the Values: weights, gradients, the state
"""

import math
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from itertools import repeat
from typing import Any, Protocol

from autograd import AutogradError, Value

from .batches import BatchGradient
from .compiled_batches import CompiledBatches
from .many_steps import ManySteps
from .methods import ArrayMethod, Method
from .optimizers import Optimizer
from .states import each_column

__all__ = ["Descent", "OnArrays", "OnValues", "compiled_gradient", "takes_arrays"]

Order = Sequence[int]


class Descent(Protocol):
    """Goes a step on the batch from place `first` to `end` of an order of rows."""

    def look(self) -> None:
        """Read what somebody may have changed."""

    def quiet(self) -> AbstractContextManager[object]:
        """Return what steps go on in: numbers may overflow there without warning."""

    def gradient(self, order: Order, first: int, end: int) -> tuple[float, Any]:
        """Return the loss, and the outputs where somebody wants them."""

    def is_finite(self) -> bool:
        """Tell whether the gradient is."""

    def descend(self) -> bool:
        """Go a step; tell whether the weights are still finite."""

    def undo(self) -> None:
        """Set the weights to those before the step."""

    def show(self) -> None:
        """Write what is not yet in the Values."""


class OnValues:
    """Gradients lie in `.grad`, and the optimizer's `step` moves the Values."""

    def __init__(self, optimizer: Optimizer, gradient: BatchGradient) -> None:
        self.optimizer, self._gradient = optimizer, gradient
        self._moved: list[Value] = []
        self._before: list[Any] = []

    def look(self) -> None:
        """Do nothing: each batch looks."""

    def quiet(self) -> AbstractContextManager[object]:
        """Return what changes nothing."""
        return nullcontext()

    def gradient(self, order: Order, first: int, end: int) -> tuple[float, Any]:
        """Fill `.grad`."""
        self._moved = self.optimizer.parameters()
        return self._gradient(list(order[first:end]), self._moved)

    def is_finite(self) -> bool:
        """Tell whether the gradient is."""
        return all(math.isfinite(p.grad) for p in self._moved)

    def descend(self) -> bool:
        """Let the optimizer go a step."""
        self._before = [p.data for p in self._moved]
        self.optimizer.step()
        return all(math.isfinite(p.data) for p in self._moved)

    def undo(self) -> None:
        """Set the weights to those before the step."""
        for parameter, number in zip(self._moved, self._before, strict=True):
            parameter.data = number

    def show(self) -> None:
        """Do nothing: all is in the Values."""


class OnArrays:
    """Weights, gradients and the optimizer's state are arrays while nobody looks."""

    def __init__(
        self, optimizer: Optimizer, batches: CompiledBatches, with_outputs: bool
    ) -> None:
        self.optimizer, self.batches = optimizer, batches
        self._with_outputs = with_outputs
        self._order: Order = range(0)
        self._shown = True
        self._many: tuple[Method, ManySteps | None] | None = None

    def look(self) -> None:
        """Read weights and state, and which parameters move."""
        import numpy

        self._numpy = numpy
        self.show()
        self._moved, self._places = self.optimizer.movable()
        self._many = None
        self.batches.bind(self._moved)
        numbers = numpy.array([p.data for p in self._moved], float)
        state = each_column(numpy.array, self.optimizer.part(self._places))
        self._now = numbers, state
        self._slopes = numpy.array([p.grad for p in self._moved], float)
        self._zeros = numpy.zeros(numbers.size)
        self._zeros_and_one_more = numpy.zeros(numbers.size + 1)

    def quiet(self) -> AbstractContextManager[object]:
        """Return what keeps NumPy's warnings back."""
        import numpy

        return numpy.errstate(all="ignore")

    def gradient(self, order: Order, first: int, end: int) -> tuple[float, Any]:
        """Run the compiled code."""
        rows = self._chosen(order, first, end)
        numbers = self._now[0]
        found = self.batches.mean(numbers, rows)
        self._shown = False
        self._found, self._slopes = found, found[1:]
        outputs = self.batches.outputs(numbers, rows) if self._with_outputs else []
        return found.item(0), outputs

    def is_finite(self) -> bool:
        """Tell whether the gradient is."""
        return bool(self._found.dot(self._zeros_and_one_more) == 0.0)

    def descend(self) -> bool:
        """Go a step as `Optimizer.step` does."""
        numbers, state = self._now
        steps, state = self.optimizer.method.update(self._slopes, state, numbers)
        moved = numbers + steps
        self._before, self._now = numbers, (moved, state)
        return bool(moved.dot(self._zeros) == 0.0)

    @property
    def numbers(self) -> Any:
        """The weights."""
        return self._now[0]

    def stepper(
        self, set_rate: Callable[[], None] | None
    ) -> Callable[[Order, int, int], float | None]:
        """Return what goes a whole step, as the parts do, in less time.

        It gives the loss, or None where a number is not finite or the code did not
        serve: then nothing has changed. set_rate: called before the optimizer's step.
        """
        mean, optimizer = self.batches.mean, self.optimizer
        zeros, one_more = self._zeros, self._zeros_and_one_more

        def go(order: Order, first: int, end: int) -> float | None:
            rows = None
            if order.__class__ is not range:
                rows = self._chosen(order, first, end)
            numbers, state = self._now
            try:
                found = mean(numbers, rows)
            except (AutogradError, IndexError):
                return None
            if found.dot(one_more) != 0.0:
                return None
            if set_rate is not None:
                set_rate()
            slopes = found[1:]
            steps, state = optimizer.method.update(slopes, state, numbers)
            moved = numbers + steps
            if moved.dot(zeros) != 0.0:
                return None
            self._slopes, self._now, self._shown = slopes, (moved, state), False
            loss: float = found.item(0)
            return loss

        return go

    def at_once(
        self, most: int, order: Order, first: int, size: int
    ) -> list[float] | None:
        """Go up to so many steps by native code alone; return their losses.

        The batches have so many rows each, from a place in an order on. They end before
        a step in which a number is not finite. None where the update can't be recorded.
        """
        method, (numbers, state) = self.optimizer.method, self._now
        if self._many is None or self._many[0] is not method:
            found, rows = None, self._chosen(order, first, first + size)
            with suppress(Exception):
                found = ManySteps(method, self.batches, numbers, state, rows)
            self._many = method, found
        many = self._many[1]
        if many is None:
            return None
        rows = self._chosen(order, first, first + most * size)
        losses, slopes, *now = many.go(numbers, state, most, rows)
        if losses:
            self._slopes, self._now, self._shown = slopes, (now[0], now[1]), False
        return losses

    def _chosen(self, order: Order, first: int, end: int) -> Any:
        """Return the rows of a batch as an array; None for all."""
        if isinstance(order, range):
            return None
        if order is not self._order:
            self._order, self._rows = order, self._numpy.array(order)
        return self._rows[first:end]

    def undo(self) -> None:
        """Set the weights to those before the step."""
        self._now = self._before, self._now[1]
        self._shown = False

    def show(self) -> None:
        """Write weights, gradients and the optimizer's state."""
        if self._shown:
            return
        numbers, state = self._now
        _set(self._moved, "data", numbers)
        _set(self._moved, "grad", self._slopes)
        lists = each_column(lambda column: column.tolist(), state)
        self.optimizer.put(lists, self._places)
        self._shown = True


def _set(values: list[Value], name: str, numbers: Any) -> None:
    # One call into C, which no KeyboardInterrupt can split.
    deque(map(setattr, values, repeat(name), numbers.tolist()), maxlen=0)


def takes_arrays(optimizer: Optimizer) -> bool:
    """Tell whether an optimizer's step is the one of its method on arrays."""
    known = ("parameters", "movable", "step", "zero_grad")
    own = all(
        getattr(type(optimizer), name) is getattr(Optimizer, name)
        and name not in vars(optimizer)
        for name in known
    )
    parameters = optimizer.parameters()
    apart = len(set(map(id, parameters))) == len(parameters)
    return own and apart and isinstance(optimizer.method, ArrayMethod)


def compiled_gradient(batches: CompiledBatches, with_outputs: bool) -> BatchGradient:
    """Return the function that fills `.grad` by compiled code."""

    def gradient(rows: list[int], moved: list[Value]) -> tuple[float, list[Any]]:
        import numpy

        batches.bind(moved)
        numbers, places = numpy.array([p.data for p in moved], float), numpy.array(rows)
        found = batches.mean(numbers, places)
        _set(moved, "grad", found[1:])
        outputs = batches.outputs(numbers, places) if with_outputs else []
        return found.item(0), outputs

    return gradient
