"""`Module`: anything with parameters, and what can be done to them by name."""

import re
from collections.abc import Mapping, Sequence
from reprlib import recursive_repr
from types import FunctionType, NoneType
from typing import Any, Self

from autograd import ArgumentError, NumberError, Value

__all__ = ["Module", "layer_of"]

_SETS = (set, frozenset)
_TEXTS = (str, bytes, bytearray, range, memoryview)  # sequences without parameters
_PLAIN = {bool, float, int, str, FunctionType, NoneType}  # for speed: nothing in these


Step = tuple[str, Any, int | None]  # a row of a summary: path, layer, output width


class _Text(str):
    """A string that a prompt or a notebook shows as print does."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Module:
    """Base of layers and models, a user's own among them.

    A parameter is a leaf Value in an attribute of the module, of its class, of a module
    in it, or in lists, tuples, dicts, other sequences and mappings, and object arrays
    there, at any depth. Each counts once, under the first path that leads to it.
    Values that operations have made are not parameters.

    >>> from autograd import Value
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slopes, self.offset = [Value(1.0), Value(2.0)], Value(0.0)
    ...     def __call__(self, x):
    ...         return self.slopes[0] * x[0] + self.slopes[1] * x[1] + self.offset
    >>> line = Line()
    >>> line([3.0, 4.0]).data
    11.0
    >>> line.state_dict()
    {'slopes[0]': 1.0, 'slopes[1]': 2.0, 'offset': 0.0}
    >>> line
    Line(3 parameters)

    Raises NotImplementedError when called without a `__call__` of its own.
    """

    training = True  # what `train()` and `eval()` set
    _frozen = False  # of the Values that this very module holds
    _unbuilt: Any = None  # what a layer needs that doesn't know its inputs yet

    def __call__(self, x: Any, /) -> Any:
        """Return the output for one input: for each module to define."""
        raise NotImplementedError(
            f"{type(self).__name__} has no __call__: write def __call__(self, x)"
        )

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return the parameters with their paths, such as ``layers[0].neurons[2].b``.

        The paths are expressions: ``model.layers[0].neurons[2].b`` is that Value.
        """
        found: dict[int, tuple[str, Value]] = {}
        for path, _, thing in _walk(self):
            if isinstance(thing, Module):
                if thing._unbuilt is not None:
                    raise ArgumentError(
                        f"{thing!r} has no parameters yet: give its number of inputs, "
                        f"as in Dense(n_in, n_out), or call the model on an input first"
                    )
            elif id(thing) not in found:
                found[id(thing)] = path, thing
        return list(found.values())

    def parameters(self) -> list[Value]:
        """Return the parameters, in the order of the attributes."""
        return [value for _, value in self.named_parameters()]

    def trainable_parameters(self) -> list[Value]:
        """Return the parameters that optimizers update: those not frozen.

        A parameter that several modules share is frozen if one of them is.
        """
        frozen = {id(thing) for _, owner, thing in _walk(self) if owner._frozen}
        return [value for value in self.parameters() if id(value) not in frozen]

    def named_modules(self) -> list[tuple[str, "Module"]]:
        """Return this module, under the path '', and all modules in it."""
        return [
            (path, thing) for path, _, thing in _walk(self) if isinstance(thing, Module)
        ]

    def zero_grad(self) -> None:
        """Set the `.grad` of every parameter to 0.0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def freeze(self) -> Self:
        """Take the parameters of this module out of what optimizers update.

        Their gradients are computed as before. Returns the module itself.

        >>> from nn import MLP
        >>> model = MLP(2, [3, 1], seed=0)
        >>> _ = model.freeze()
        >>> _ = model.layers[-1].unfreeze()
        >>> len(model.parameters()), len(model.trainable_parameters())
        (13, 4)
        """
        return self._set_frozen(True)

    def unfreeze(self) -> Self:
        """Let optimizers update the parameters of this module again."""
        return self._set_frozen(False)

    def _set_frozen(self, frozen: bool) -> Self:
        for _, module in self.named_modules():
            module._frozen = frozen
        return self

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and in all modules in it; returns the module itself.

        It says whether layers like `Dropout` do what is for training only.
        """
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Turn off what is for training only: ``train(False)``.

        >>> from nn import Dropout
        >>> Dropout(0.5).eval()([1.0, 2.0])
        [1.0, 2.0]
        """
        return self.train(False)

    def output_width(self, n_in: int | None) -> int | None:
        """Return how many numbers come out for n_in, for `summary`; None: not known."""
        return None

    def _steps(self, n_in: int | None) -> list[Step]:
        """Return the rows of a summary: path, layer, output width."""
        children = [
            (place, thing, thing.output_width(None))
            for place, thing in _contents(self)
            if isinstance(thing, Module)
        ]
        # A layer is its own summary: nobody wants a row for each of its neurons.
        known_width = self.output_width(None)
        if children and known_width is None:
            return children
        return [("", self, known_width)]

    def summary(self, n_in: int | None = None) -> str:
        """Return a table: each layer with its output's width and its parameters.

        n_in: the number of inputs, for models whose first layer takes any.

        >>> from nn import MLP
        >>> MLP(2, [16, 1], "tanh", seed=0).summary()
        layer                                         output  parameters
        layers[0]: Layer(2, 16, activation='tanh')        16          48
        layers[1]: Layer(16, 1, activation='linear')       1          17
        65 parameters, 65 trainable, 0 frozen

        A parameter that several layers share stands in each, and counts once in all.
        """
        total, free = len(self.parameters()), len(self.trainable_parameters())
        rows = [("layer", "output", "parameters")]
        for path, layer, width in self._steps(n_in):
            shown = "?" if width is None else str(width)
            is_module = isinstance(layer, Module)
            name = _first_line(layer) if is_module else _name(layer)
            count = len(layer.parameters()) if is_module else 0
            rows.append((f"{path}: {name}" if path else name, shown, str(count)))
        columns = zip(*rows, strict=True)
        first, second, third = (max(map(len, column)) for column in columns)
        lines = [f"{a:<{first}}  {b:>{second}}  {c:>{third}}" for a, b, c in rows]
        totals = f"{total} parameters, {free} trainable, {total - free} frozen"
        return _Text("\n".join([*lines, totals]))

    def state_dict(self) -> dict[str, Any]:
        """Return the parameters' numbers by path."""
        return {path: value.data for path, value in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set the parameters' numbers, each path exactly once; gradients stay.

        Raises `ArgumentError` naming paths that are missing or unexpected, and
        `NumberError` for what is no real number; then nothing has changed.
        """
        if not isinstance(state, Mapping):
            raise ArgumentError(
                f"a state is a dict of paths and numbers, as state_dict() gives it; "
                f"got a {type(state).__name__}"
            )
        parameters = dict(self.named_parameters())
        missing = [path for path in parameters if path not in state]
        unexpected = [path for path in state if path not in parameters]
        if missing or unexpected:
            faults = [
                f"{what} {_some(paths)}"
                for what, paths in [("no", missing), ("unexpected", unexpected)]
                if paths
            ]
            raise ArgumentError(
                f"the state does not fit this {type(self).__name__}: it has "
                f"{' and '.join(faults)}; load it into a model of the same layers and "
                f"widths"
            )
        numbers = {path: _number(path, state[path]) for path in parameters}
        for path, number in numbers.items():
            parameters[path].data = number

    @recursive_repr("...")  # a part may know the whole
    def __repr__(self) -> str:
        children = [
            (place, thing)
            for place, thing in _contents(self)
            if isinstance(thing, Module)
        ]
        name = type(self).__name__
        if not children:
            count = len(self.parameters())
            return f"{name}({count} parameter{'' if count == 1 else 's'})"
        lines = [f"{path}: {child!r}".replace("\n", "\n  ") for path, child in children]
        return "\n  ".join([f"{name}(", *lines]) + "\n)"


# The functions below are no closures that call themselves: those would be cyclic
# garbage, in each training step.

Found = list[tuple[str, Module, Value | Module]]


def _walk(module: Module) -> Found:
    """Return (path, owner, thing) for each module and for each Value that it holds.

    A module stands there once, with itself as its owner; a Value at every place.
    """
    found: Found = []
    _visit("", module, found, set())
    return found


def _visit(path: str, module: Module, found: Found, seen: set[int]) -> None:
    seen.add(id(module))
    found.append((path, module, module))
    prefix = path and f"{path}."
    for place, thing in _contents(module):
        if not isinstance(thing, Module):
            found.append((prefix + place, module, thing))
        elif id(thing) not in seen:
            _visit(prefix + place, thing, found, seen)


def _contents(module: Module) -> list[tuple[str, Value | Module]]:
    """Return the Values and modules that a module holds itself, with their places."""
    found: list[tuple[str, Value | Module]] = []
    own = vars(module)
    for name, thing in own.items():
        if type(thing) not in _PLAIN:
            _look(name, thing, found, [])
    for owner in type(module).__mro__:
        if owner is Module:
            break
        for name, thing in vars(owner).items():
            if type(thing) in _PLAIN or name in own:
                continue
            if getattr(type(module), name, None) is thing:  # no subclass has another
                _look(name, thing, found, [])
    return found


def _look(
    place: str, thing: Any, found: list[tuple[str, Value | Module]], inside: list[Any]
) -> None:
    """Add what is at a place, or in the containers there; `inside` are those around."""
    if isinstance(thing, Value):
        if thing.rule is None:
            found.append((place, thing))
    elif isinstance(thing, Module):
        found.append((place, thing))
    elif isinstance(thing, (Sequence, Mapping)) and not isinstance(thing, _TEXTS):
        if any(thing is container for container in inside):
            return
        around = [*inside, thing]
        items = thing.items() if isinstance(thing, Mapping) else enumerate(thing)
        for key, item in items:
            if type(item) is Value and item.rule is None:  # most are: for speed
                found.append((f"{place}[{key!r}]", item))
            else:
                _look(f"{place}[{key!r}]", item, found, around)
    elif isinstance(thing, _SETS):
        if any(isinstance(item, (Value, Module)) for item in thing):
            raise ArgumentError(
                f"{place} is a set with parameters in it, which have no order there: "
                f"use a list or a dict"
            )
    elif getattr(getattr(thing, "dtype", None), "kind", "") == "O":  # an object array
        _look(place, thing.tolist(), found, inside)


def layer_of(path: str) -> str:
    """Name the layer of a parameter: a `Layer`'s neurons together, else the array's."""
    layer, neurons, _ = path.partition("neurons[")
    if neurons:
        return layer.rstrip(".") or "neurons"
    return re.sub(r"(\[[^][]*\])+$", "", path)


def _first_line(module: Module) -> str:
    lines = repr(module).splitlines()
    return lines[0] if len(lines) == 1 else type(module).__name__


def _name(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _some(paths: list[str]) -> str:
    shown = ", ".join(map(str, paths[:4]))
    return shown if len(paths) <= 4 else f"{shown} and {len(paths) - 4} more"


def _number(path: str, x: Any) -> Any:
    try:
        return Value(x).data
    except NumberError as error:
        raise NumberError(f"{path}: {error}") from None
