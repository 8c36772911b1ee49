"""States of optimizers, taken apart and put together.

In a state, a list has a number for each parameter; a number is for all.
"""

from collections.abc import Callable
from typing import Any

__all__ = ["each_column", "like", "merged", "selected"]


def each_column(change: Callable[[Any], Any], state: Any) -> Any:
    """Return the state with each list, or array, changed."""
    if isinstance(state, dict):
        return {key: each_column(change, part) for key, part in state.items()}
    if isinstance(state, tuple):
        return tuple(each_column(change, part) for part in state)
    is_column = isinstance(state, list) or hasattr(state, "dtype")
    return change(state) if is_column else state


def selected(state: Any, places: list[int]) -> Any:
    """Return the state of some of the parameters."""
    if isinstance(state, dict):
        return {key: selected(part, places) for key, part in state.items()}
    if isinstance(state, tuple):
        return tuple(selected(part, places) for part in state)
    return [state[i] for i in places] if isinstance(state, list) else state


def merged(old: Any, new: Any, places: list[int]) -> Any:
    """Return the old state with the new one of some of the parameters."""
    if isinstance(old, dict):
        return {key: merged(part, new[key], places) for key, part in old.items()}
    if isinstance(old, tuple):
        return tuple(merged(*pair, places) for pair in zip(old, new, strict=True))
    if not isinstance(old, list):
        return new
    moved = dict(zip(places, new, strict=True))
    return [moved.get(place, part) for place, part in enumerate(old)]


def like(pattern: Any, state: Any) -> Any:
    """Return a copy of a state, with tuples again where a file has made them lists.

    Raises TypeError, KeyError or ValueError where it has not the pattern's form.
    """
    if isinstance(pattern, dict):
        if state.keys() != pattern.keys():
            raise KeyError(state)
        return {key: like(part, state[key]) for key, part in pattern.items()}
    if isinstance(pattern, tuple | list):
        if not isinstance(state, tuple | list):
            raise TypeError(state)
        return type(pattern)(like(*pair) for pair in zip(pattern, state, strict=True))
    if isinstance(state, bool) or not isinstance(state, int | float):
        raise TypeError(state)
    return state
