"""Optimizers: how parameters follow from gradients.

A method is a pair of pure functions over lists of numbers, `Method`; methods are made
of smaller ones by `chain` (`methods.py`). An `Optimizer` holds the parameters and the
state, and applies a method.
"""

import copy
from collections import deque
from collections.abc import Callable, Iterable
from inspect import signature
from itertools import repeat
from operator import add
from types import MappingProxyType
from typing import Any

from autograd import ArgumentError, Value

from .lookup import known
from .methods import (
    Method,
    Rate,
    adagrad,
    adam,
    adamw,
    chain,
    clip_by_norm,
    clip_by_value,
    rmsprop,
    sgd,
)
from .module import Module
from .states import like, merged, selected

__all__ = [
    "OPTIMIZERS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Method",
    "Optimizer",
    "RMSprop",
    "adagrad",
    "adam",
    "adamw",
    "by_name",
    "chain",
    "clip_by_norm",
    "clip_by_value",
    "rmsprop",
    "sgd",
]

Parameters = Module | Iterable[Value]


class Optimizer:
    """Parameters, and the method that moves them; `step()` after each `backward()`.

    parameters: a module, whose frozen parameters stay as they are, with their state, or
    a list of Values.

    Raises `ArgumentError` for parameters that are no leaf Values.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> optimizer = Optimizer([x], chain(clip_by_norm(1.0), sgd(lr=0.5)))
    >>> (x * x).backward()
    >>> optimizer.step()
    >>> f"{x.data:.6f}"
    '2.500000'
    """

    def __init__(self, parameters: Parameters, method: Method) -> None:
        if not isinstance(parameters, Module):
            if not isinstance(parameters, Iterable):
                raise ArgumentError(
                    f"an optimizer takes a model or a list of Values, got "
                    f"{parameters!r}"
                )
            parameters = list(parameters)
            for place, parameter in enumerate(parameters):
                if not (isinstance(parameter, Value) and parameter.is_leaf):
                    raise ArgumentError(
                        f"an optimizer takes a module or a list of leaf Values, got "
                        f"{parameter!r} at place {place}"
                    )
        self._parameters = parameters
        self.method = method
        self._known = self._all()  # the state has a place for each
        self.state = method.init([parameter.data for parameter in self._known])

    def _all(self) -> list[Value]:
        """Return the parameters, frozen ones too."""
        if isinstance(self._parameters, Module):
            return self._parameters.parameters()
        return list(self._parameters)

    def parameters(self) -> list[Value]:
        """Return what the next step will move."""
        if isinstance(self._parameters, Module):
            return self._parameters.trainable_parameters()
        return list(self._parameters)

    def step(self) -> None:
        """Move every parameter once, by the gradients that are in `.grad`."""
        parameters, places = self.movable()
        numbers = [parameter.data for parameter in parameters]
        grads = [parameter.grad for parameter in parameters]
        steps, state = self.method.update(grads, self.part(places), numbers)
        moved = list(map(add, numbers, steps))
        self.put(state, places)
        # One call into C, which no KeyboardInterrupt can split.
        deque(map(setattr, parameters, repeat("data"), moved), maxlen=0)

    def movable(self) -> tuple[list[Value], list[int] | None]:
        """Return what the next step moves, and its places in the state (None: all)."""
        parameters = self.parameters()
        if list(map(id, parameters)) == list(map(id, self._known)):
            return parameters, None
        places = self._places(parameters)
        return [self._known[i] for i in places], places

    def part(self, places: list[int] | None) -> Any:
        """Return the state of the parameters at some places; of None all of it."""
        return self.state if places is None else selected(self.state, places)

    def put(self, state: Any, places: list[int] | None) -> None:
        """Set the state of the parameters at some places."""
        self.state = state if places is None else merged(self.state, state, places)

    def _places(self, movable: list[Value]) -> list[int]:
        """Return the movable parameters' places in the state; some may be new."""
        found = self._all()
        if len(found) != len(self._known):
            raise ArgumentError(
                f"the optimizer was made for {len(self._known)} parameters, and the "
                f"model has {len(found)} now: make a new optimizer"
            )
        self._known = found
        ids = set(map(id, movable))
        return [place for place, value in enumerate(found) if id(value) in ids]

    def zero_grad(self) -> None:
        """Set the `.grad` of every parameter to 0.0, of frozen ones too."""
        if isinstance(self._parameters, Module):
            self._parameters.zero_grad()
        else:
            for parameter in self._parameters:
                parameter.grad = 0.0

    def state_dict(self) -> dict[str, Any]:
        """Return the state; JSON keeps it bit by bit.

        With the parameters' numbers (`Module.state_dict`) it continues a run exactly.
        """
        return {"optimizer": type(self).__name__, "state": copy.deepcopy(self.state)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` gave.

        Raises `ArgumentError` for a state of another optimizer, of other options or of
        another number of parameters; then nothing has changed.
        """
        name = type(self).__name__
        if not isinstance(state, dict) or set(state) != {"optimizer", "state"}:
            raise ArgumentError(
                f"an optimizer's state is what state_dict() gives, with 'optimizer' "
                f"and 'state' in it, got {state!r:.80}"
            )
        if state["optimizer"] != name:
            raise ArgumentError(
                f"the state is of an optimizer {state['optimizer']}, this is {name}"
            )
        try:
            self.state = like(self.state, state["state"])
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ArgumentError(
                f"the state does not fit this {name}: make it with the same options "
                f"for a model of the same {len(self._known)} parameters"
            ) from None


class _Named(Optimizer):
    """An optimizer of a named method, whose options show and whose `lr` can be set."""

    def __init__(
        self,
        parameters: Parameters,
        make: Callable[..., Method],
        clip_value: float | None,
        clip_norm: float | None,
        **options: Any,
    ) -> None:
        clips = []
        if clip_value is not None:
            clips.append(clip_by_value(clip_value))
        if clip_norm is not None:
            clips.append(clip_by_norm(clip_norm))
        self._make, self._clips = make, clips
        self._options = options
        self._shown = options | {"clip_value": clip_value, "clip_norm": clip_norm}
        super().__init__(parameters, chain(*clips, make(**options)))

    @property
    def lr(self) -> Rate:
        """The learning rate; a new one holds from the next step on, the state stays."""
        rate: Rate = self._options["lr"]
        return rate

    @lr.setter
    def lr(self, rate: Rate) -> None:
        options = self._options | {"lr": rate}
        self.method = chain(*self._clips, self._make(**options))
        self._options, self._shown["lr"] = options, rate

    def __repr__(self) -> str:
        usual = {k: p.default for k, p in signature(self._make).parameters.items()}
        shown = [
            f"{key}={option!r}"
            for key, option in self._shown.items()
            if key == "lr" or option != usual.get(key)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


class SGD(_Named):
    """Stochastic gradient descent, with momentum, Nesterov's too; see `sgd`.

    clip_value, clip_norm: of the gradients, before all else; as in `clip_by_value` and
    `clip_by_norm`. So in every optimizer.

    >>> from autograd import Value
    >>> x = Value(5.0)
    >>> optimizer = SGD([x], lr=0.25)
    >>> for _ in range(3):
    ...     optimizer.zero_grad()
    ...     (x * x).backward()
    ...     optimizer.step()
    >>> x.data
    0.625

    Raises `ArgumentError` for rates and other numbers out of their range, and for
    what is no parameters. So does every optimizer.
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: Rate = 0.001,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(
            parameters,
            sgd,
            clip_value,
            clip_norm,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
        )


class RMSprop(_Named):
    """Steps over the root of a running mean of squared gradients; see `rmsprop`.

    >>> from autograd import Value
    >>> RMSprop([Value(0.0)], lr=0.1)
    RMSprop(lr=0.1)

    Raises what `SGD` raises.
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: Rate = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(
            parameters,
            rmsprop,
            clip_value,
            clip_norm,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
        )


class Adagrad(_Named):
    """Steps over the root of the sum of all squared gradients; see `adagrad`.

    >>> from autograd import Value
    >>> Adagrad([Value(0.0)], lr=0.1)
    Adagrad(lr=0.1)

    Raises what `SGD` raises.
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: Rate = 0.01,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(
            parameters,
            adagrad,
            clip_value,
            clip_norm,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )


class _Adams(_Named):
    def __init__(
        self,
        parameters: Parameters,
        lr: Rate = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float | None = None,
        amsgrad: bool = False,
        *,
        clip_value: float | None = None,
        clip_norm: float | None = None,
    ) -> None:
        make = adamw if isinstance(self, AdamW) else adam
        usual = signature(make).parameters["weight_decay"].default
        super().__init__(
            parameters,
            make,
            clip_value,
            clip_norm,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=usual if weight_decay is None else weight_decay,
            amsgrad=amsgrad,
        )


class Adam(_Adams):
    """Means of gradients and of their squares, without bias; see `adam`, AMSGrad too.

    >>> from autograd import Value
    >>> Adam([Value(0.0)], lr=0.01, amsgrad=True)
    Adam(lr=0.01, amsgrad=True)

    Raises what `SGD` raises.
    """


class AdamW(_Adams):
    """Adam with weight decay apart from the gradient, by default 0.01; see `adamw`.

    >>> from autograd import Value
    >>> AdamW([Value(0.0)], lr=0.1)
    AdamW(lr=0.1)

    Raises what `SGD` raises.
    """


OPTIMIZERS: MappingProxyType[str, Callable[..., Optimizer]] = MappingProxyType(
    {
        "adagrad": Adagrad,
        "adam": Adam,
        "adamw": AdamW,
        "rmsprop": RMSprop,
        "sgd": SGD,
    }
)


def by_name(name: str) -> Callable[..., Optimizer]:
    """Return the optimizer of that name.

    Raises `ArgumentError` for a name that is unknown, with the nearest one.

    >>> by_name("adma")
    Traceback (most recent call last):
    autograd.errors.ArgumentError: unknown optimizer 'adma': did you mean 'adam'? ...
    """
    return OPTIMIZERS[known(name, OPTIMIZERS, "optimizer")]
