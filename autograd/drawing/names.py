"""Names for Values: from a model, from a mapping, or from the variables of a frame."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import ArgumentError
from ..value import Value

_DEEPEST = 8  # containers in containers


def titles_by_id(names: Any) -> tuple[dict[int, str], set[int]]:
    """Return titles by the id of a Value, and the ids of a model's parameters.

    names: None, a model, or a mapping from names to Values, models, and lists of them.
    """
    if names is None:
        return {}, set()
    if hasattr(names, "named_parameters"):
        found = {id(value): path for path, value in names.named_parameters()}
        return found, set(found)
    if not isinstance(names, Mapping):
        raise ArgumentError(
            f"names is a model, or a mapping from names to Values such as locals(); "
            f"got a {type(names).__name__}"
        )
    found = {}
    for name, thing in names.items():
        for path, value in _values_in(str(name), thing, _DEEPEST):
            found.setdefault(id(value), path)
    return found, set()


def label_locals(*, overwrite: bool = False) -> dict[str, Value]:
    """Label Values after the variables that hold them, in the calling scope.

    In a notebook these are the notebook's variables. Values in lists, tuples, dicts and
    arrays get labels such as ``xs[0]``, the parameters of models ``model.layers[0].b``:
    an expression that gives the Value. Names that start with an underscore are left out
    (notebooks keep old results there), a Value with several names gets the first.

    overwrite: replace labels that Values have already.

    Returns the Values that were labelled, by their new labels.

    >>> from autograd import Value, label_locals
    >>> a, xs = Value(1.0), [Value(2.0), Value(3.0)]
    >>> sorted(label_locals())
    ['a', 'xs[0]', 'xs[1]']
    >>> xs[1].label
    'xs[1]'
    """
    scope = sys._getframe(1).f_locals
    names = {name: thing for name, thing in scope.items() if not name.startswith("_")}
    labelled: dict[str, Value] = {}
    seen: set[int] = set()
    for name, thing in names.items():
        for path, value in _values_in(name, thing, _DEEPEST):
            if id(value) not in seen and (overwrite or value.label is None):
                value.label = path
                labelled[path] = value
            seen.add(id(value))
    return labelled


def _values_in(path: str, thing: Any, levels: int) -> Iterator[tuple[str, Value]]:
    """Yield the Values at a path and in the containers there."""
    if isinstance(thing, Value):
        yield path, thing
    elif isinstance(thing, type) or levels == 0:
        return
    elif hasattr(thing, "named_parameters"):
        try:
            parameters = list(thing.named_parameters())
        except ArgumentError:  # a layer that has none yet
            return
        for name, value in parameters:
            if isinstance(value, Value):
                yield f"{path}.{name}", value
    elif isinstance(thing, list | tuple | dict):
        items = thing.items() if isinstance(thing, dict) else enumerate(thing)
        for key, item in items:
            yield from _values_in(f"{path}[{key!r}]", item, levels - 1)
    elif getattr(getattr(thing, "dtype", None), "kind", "") == "O":
        yield from _values_in(path, thing.tolist(), levels)
