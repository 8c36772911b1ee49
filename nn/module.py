"""`Module`: anything with parameters, and what can be done to them by name."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

from autograd import ArgumentError, NumberError, Value

__all__ = ["Module"]


class Module:
    """Base of layers and models, a user's own among them.

    A parameter is a leaf Value in an attribute of the module, of a module in it, or in
    lists, tuples, dicts and object arrays there, at any depth. Each counts once, under
    the first path that leads to it. Values that operations have made are not
    parameters.

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
    """

    _frozen = False  # of the Values that this very module holds

    def named_parameters(self) -> list[tuple[str, Value]]:
        """Return the parameters with their paths, such as ``layers[0].neurons[2].b``.

        The paths are expressions: ``model.layers[0].neurons[2].b`` is that Value.
        """
        found: dict[int, tuple[str, Value]] = {}
        for path, _, thing in _walk(self, "", set()):
            if not isinstance(thing, Module):
                found.setdefault(id(thing), (path[1:], thing))
        return list(found.values())

    def parameters(self) -> list[Value]:
        """Return the parameters, in the order of the attributes."""
        return [value for _, value in self.named_parameters()]

    def trainable_parameters(self) -> list[Value]:
        """Return the parameters that optimizers update: those not frozen.

        A parameter that several modules share is frozen if one of them is.
        """
        frozen = {
            id(thing)
            for _, owner, thing in _walk(self, "", set())
            if owner._frozen and not isinstance(thing, Module)
        }
        return [value for value in self.parameters() if id(value) not in frozen]

    def named_modules(self) -> list[tuple[str, "Module"]]:
        """Return this module, under the path '', and all modules in it."""
        return [
            (path[1:], thing)
            for path, _, thing in _walk(self, "", set())
            if isinstance(thing, Module)
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

    def state_dict(self) -> dict[str, Any]:
        """Return the parameters' numbers by path."""
        return {path: value.data for path, value in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set the parameters' numbers, each path exactly once; gradients stay.

        Raises `ArgumentError` naming paths that are missing or unexpected, and
        `NumberError` for what is no real number; then nothing has changed.
        """
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

    def __repr__(self) -> str:
        children = [
            (path[1:], thing)
            for path, thing in _contents(self)
            if isinstance(thing, Module)
        ]
        name = type(self).__name__
        if not children:
            count = len(self.parameters())
            return f"{name}({count} parameter{'' if count == 1 else 's'})"
        lines = [f"{path}: {child!r}".replace("\n", "\n  ") for path, child in children]
        return "\n  ".join([f"{name}(", *lines]) + "\n)"


def _walk(
    module: Module, path: str, seen: set[int]
) -> Iterator[tuple[str, Module, Value | Module]]:
    """Yield each module once, and its own Values at every place where it holds them."""
    seen.add(id(module))
    yield path, module, module
    for place, thing in _contents(module):
        if not isinstance(thing, Module):
            yield path + place, module, thing
        elif id(thing) not in seen:
            yield from _walk(thing, path + place, seen)


def _contents(module: Module) -> list[tuple[str, Value | Module]]:
    """Return the Values and modules that a module holds itself, with their places."""
    found: list[tuple[str, Value | Module]] = []
    open_containers: list[int] = []

    def look(place: str, thing: Any) -> None:
        if isinstance(thing, Value):
            if thing.is_leaf:
                found.append((place, thing))
        elif isinstance(thing, Module):
            found.append((place, thing))
        elif isinstance(thing, list | tuple | dict):
            if id(thing) in open_containers:  # it contains itself
                return
            open_containers.append(id(thing))
            items = thing.items() if isinstance(thing, dict) else enumerate(thing)
            for key, item in items:
                look(f"{place}[{key!r}]", item)
            open_containers.pop()
        elif isinstance(thing, set | frozenset):
            if any(isinstance(item, Value | Module) for item in thing):
                raise ArgumentError(
                    f"{type(module).__name__}{place} is a set with parameters in it, "
                    f"which have no order there: use a list or a dict"
                )
        elif getattr(thing, "dtype", None) == object:  # a NumPy array of Values
            look(place, thing.tolist())

    for name, thing in vars(module).items():
        look(f".{name}", thing)
    return found


def _some(paths: list[str]) -> str:
    shown = ", ".join(paths[:4])
    return shown if len(paths) <= 4 else f"{shown} and {len(paths) - 4} more"


def _number(path: str, x: Any) -> Any:
    try:
        return Value(x).data
    except NumberError as error:
        raise NumberError(f"{path}: {error}") from None
