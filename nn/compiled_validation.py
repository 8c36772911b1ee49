"""Validation by compiled code: held-out samples, in evaluation mode."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import autograd
from autograd import Value

from .batches import Loss, Pairs
from .compiled_batches import is_whole, untouched_generators
from .metrics import plain
from .module import Module

__all__ = ["CompiledValidation"]


class CompiledValidation:
    """What held-out samples cost, and their outputs, for numbers of the parameters.

    The loss must be the mean of its samples' losses, as `CompiledBatches` checks.

    indices: which of inputs and targets look something up where they are ints. Raises
    what recording raises.
    """

    def __init__(
        self, model: Module, loss: Loss, data: Pairs, indices: Sequence[int]
    ) -> None:
        self.model, self.data = model, data

        def output(x: Any) -> Any:
            with _evaluating(model):  # runs when a sample is recorded, and only then
                return model(x)

        def cost(x: Any, target: Any) -> Any:
            return loss([output(x)], [target])

        chosen = tuple(i for i in indices if is_whole(data[i]))
        self._cost = autograd.compile(cost, index_argnums=chosen)
        self._recorded = self._record()
        self._costs = self._cost.samples(*data)
        by_index = chosen if 0 in chosen else ()
        self._outputs = autograd.compile(output, index_argnums=by_index[:1])
        self._evaluations: Any = None
        self._moved: Sequence[Value] = []

    def _record(self) -> str:
        """Return the program of the first sample's cost, as text."""
        with untouched_generators(self.model):
            return str(self._cost.record(*[part[0] for part in self.data]))

    def has_changed(self) -> bool:
        """Tell whether the model or the loss do something else than when recorded."""
        with contextlib.suppress(Exception):
            return self._record() != self._recorded
        return True

    def bind(self, moved: Sequence[Value]) -> None:
        """Set which parameters move; read what else the model uses."""
        self._moved, self._evaluations = moved, None
        self._costs.bind(moved)

    def loss(self, numbers: Any) -> float:
        """Return the mean loss."""
        total: float = self._costs.total(numbers).item(0)
        return total / len(self.data[0])

    def outputs(self, numbers: Any) -> list[Any]:
        """Return the outputs, as plain numbers and lists."""
        if self._evaluations is None:
            self._evaluations = self._outputs.samples(self.data[0])
            self._evaluations.bind(self._moved)
        return [plain(x) for x in self._evaluations.each(numbers)]


@contextlib.contextmanager
def _evaluating(model: Module) -> Iterator[None]:
    """Set a model to evaluation mode, and its modules' modes back."""
    modes = [(module, module.training) for _, module in model.named_modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
