"""Optimizers: how parameters follow from gradients.

A method is a pair of pure functions over lists of numbers, `Method`; an `Optimizer`
holds the parameters and the state, and applies it.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from operator import add
from typing import Any, NamedTuple

from autograd import ArgumentError, Value

from .module import Module

__all__ = ["SGD", "Method", "Optimizer", "sgd"]

Rate = float | Callable[[int], float]


class Method(NamedTuple):
    """A way to descend, without side effects.

    init: ``params -> state``, before the first step.
    update: ``(grads, state, params) -> (steps, state)``; the steps are to be added to
        the parameters.
    """

    init: Callable[[Sequence[float]], Any]
    update: Callable[[Sequence[float], Any, Sequence[float]], tuple[list[float], Any]]


def sgd(lr: Rate = 0.01) -> Method:
    """Stochastic gradient descent, θ ← θ − η g.

    lr: the learning rate η, or a function that gives it for step 0, 1, 2, ...

    >>> method = sgd(lr=lambda k: 1.0 / (k + 1))
    >>> state = method.init([5.0])
    >>> steps, state = method.update([2.0], state, [5.0])
    >>> steps, state
    ([-2.0], 1)
    >>> method.update([2.0], state, [3.0])
    ([-1.0], 2)
    """
    if not callable(lr):
        _check_rate(lr)

    def init(params: Sequence[float]) -> int:
        return 0

    def update(
        grads: Sequence[float], state: int, params: Sequence[float]
    ) -> tuple[list[float], int]:
        rate = _check_rate(lr(state)) if callable(lr) else lr
        return [-rate * grad for grad in grads], state + 1

    return Method(init, update)


class Optimizer:
    """Parameters, and the method that moves them; `step()` after each `backward()`.

    parameters: a module, whose frozen parameters stay as they are, or a list of Values.
    """

    def __init__(self, parameters: Module | Iterable[Value], method: Method) -> None:
        if not isinstance(parameters, Module):
            parameters = list(parameters)
            for place, parameter in enumerate(parameters):
                if not (isinstance(parameter, Value) and parameter.is_leaf):
                    raise ArgumentError(
                        f"an optimizer takes a module or a list of leaf Values, got "
                        f"{parameter!r} at place {place}"
                    )
        self._parameters = parameters
        self.method = method
        self.state = method.init([p.data for p in self.parameters()])

    def parameters(self) -> list[Value]:
        """Return what the next step will move."""
        if isinstance(self._parameters, Module):
            return self._parameters.trainable_parameters()
        return list(self._parameters)

    def step(self) -> None:
        """Move every parameter once, by the gradients that are in `.grad`."""
        parameters = self.parameters()
        numbers = [parameter.data for parameter in parameters]
        grads = [parameter.grad for parameter in parameters]
        steps, self.state = self.method.update(grads, self.state, numbers)
        # One call into C, which no KeyboardInterrupt can split.
        moved = list(map(add, numbers, steps))
        deque(map(setattr, parameters, repeat("data"), moved), maxlen=0)

    def zero_grad(self) -> None:
        """Set the `.grad` of every parameter to 0.0, of frozen ones too."""
        if isinstance(self._parameters, Module):
            self._parameters.zero_grad()
        else:
            for parameter in self._parameters:
                parameter.grad = 0.0


class SGD(Optimizer):
    """Stochastic gradient descent, θ ← θ − η g; see `sgd`.

    >>> from autograd import Value
    >>> x = Value(5.0)
    >>> optimizer = SGD([x], lr=0.25)
    >>> for _ in range(3):
    ...     optimizer.zero_grad()
    ...     (x * x).backward()
    ...     optimizer.step()
    >>> x.data
    0.625
    """

    def __init__(self, parameters: Module | Iterable[Value], lr: Rate = 0.01) -> None:
        self.lr = lr
        super().__init__(parameters, sgd(lr))

    def __repr__(self) -> str:
        return f"SGD(lr={self.lr!r})"


def _check_rate(lr: Any) -> float:
    if not isinstance(lr, int | float) or not 0 <= lr < math.inf:
        raise ArgumentError(
            f"lr is a number from 0 on, or a function of the step that gives one; got "
            f"{lr!r}"
        )
    return lr
