"""The gradient of a batch by compiled code: one sample recorded, all of them run."""

import math
from typing import Any

import autograd
from autograd import ArgumentError, TracingError, Value

from .batches import BatchGradient, Loss, eager
from .metrics import plain
from .module import Module
from .optimizers import Optimizer
from .regularization import Dropout

__all__ = ["compiled"]


def compiled(
    model: Module, loss: Loss, optimizer: Optimizer, with_outputs: bool
) -> BatchGradient:
    """Return the function that runs a recording of one sample on a whole batch.

    The loss of a batch must be the mean of its samples' losses, as those of `nn.losses`
    are by default, and the model must do the same each time: both are checked on the
    first batch. with_outputs: whether somebody wants the batch's outputs.

    Raises `ArgumentError` where the model or the loss can't be compiled, saying why.
    """
    # A frozen parameter may be set free in between: then another recording serves.
    steps: dict[tuple[int, ...], Any] = {}
    predict = autograd.compile(model)

    def step_of(moved: list[Any]) -> Any:
        def sample(x: Any, target: Any) -> Any:
            cost = loss([model(x)], [target])
            return cost, cost.gradient(moved)

        return autograd.compile(sample)

    def gradient(
        inputs: list[Any], targets: list[Any], moved: list[Value]
    ) -> tuple[float, list[Any]]:
        key = tuple(map(id, moved))
        try:
            if key not in steps:
                twice = [step_of(moved) for _ in range(2)]
                _check_repeats(model, twice, inputs, targets)
                steps[key] = step_of(moved)
                whole, _ = eager(model, loss, optimizer)(inputs, targets, moved)
                _check_mean(steps[key], whole, inputs, targets)
            cost, slopes = steps[key].map(inputs, targets, reduce="mean")
            outputs = [plain(predict(x)) for x in inputs] if with_outputs else []
        except TracingError as error:
            raise ArgumentError(
                f"the model or the loss can't be compiled, train with compile=False: "
                f"{error}"
            ) from error
        for parameter, slope in zip(moved, slopes, strict=True):
            parameter.grad = slope
        return cost, outputs

    return gradient


def _check_repeats(
    model: Module, steps: list[Any], inputs: list[Any], targets: list[Any]
) -> None:
    """Raise `ArgumentError` if a sample gives another program each time."""
    dropout = any(
        isinstance(module, Dropout) and module.training and module.p > 0
        for _, module in model.named_modules()
    )
    programs = []
    for step in steps:
        if not dropout:
            step(inputs[0], targets[0])
            programs.append(str(step.program))
    if dropout or programs[0] != programs[1]:
        raise ArgumentError(
            "the model draws random numbers, as Dropout does: a recording would repeat "
            "the same ones for ever. Train with compile=False"
        )


def _check_mean(step: Any, whole: float, inputs: list[Any], targets: list[Any]) -> None:
    """Raise `ArgumentError` unless the batch's loss is the mean of the samples'."""
    cost, _ = step.map(inputs, targets, reduce="mean")
    if not math.isclose(cost, whole, rel_tol=1e-9, abs_tol=1e-12):
        raise ArgumentError(
            f"the loss of the first batch is {whole!r}, the mean over its samples "
            f"{cost!r}: only losses that are means over samples can be compiled. Train "
            f"with compile=False"
        )
