"""What is said where a function of NumPy can't be done to Values, and by what name."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from .errors import AutogradError, CutGraphError, UnsupportedFunctionError


def name_of(function: Any) -> str:
    """Return the name by which a user knows a function of NumPy."""
    name: str = function.__name__
    if isinstance(function, np.ufunc):
        return f"np.{name}" if getattr(np, name, None) is function else name
    return f"{function.__module__}.{name}".replace("numpy.", "np.", 1)


def call(
    name: str, function: Callable[..., Any], args: Any, kwargs: dict[str, Any]
) -> Any:
    """Call what implements a function; say so if it does not take the arguments."""
    try:
        _signature(function).bind(*args, **kwargs)
    except TypeError as error:
        raise UnsupportedFunctionError(
            f"{name} of Values can't be called like this: {error}. Options go by "
            f"keyword; leave out what is not known here"
        ) from None
    return function(*args, **kwargs)


_signature = cache(inspect.signature)

# What NumPy's code raises where it can't work on objects: 1.26 fails to raise where
# out= can't take them, and Python makes a SystemError of that.
_REFUSALS = TypeError, AttributeError, NotImplementedError, SystemError


@contextmanager
def named(name: str) -> Iterator[None]:
    """Name the function that the user has called in an error from inside of it."""
    try:
        yield
    except _REFUSALS as error:
        if name in str(error):
            raise
        ours = isinstance(error, AutogradError)
        kind = type(error) if ours else UnsupportedFunctionError
        raise kind(f"{name}: {error}") from error


def check_holds_values(name: str, out: Any) -> None:
    """Raise `CutGraphError` for an array of floats, where Values should go."""
    if isinstance(out, np.ndarray) and out.dtype != object:
        raise CutGraphError(
            f"{name} can't put Values into an array of {out.dtype}: write a = a + b "
            f"in place of a += b, or start from autograd.array(...)"
        )


def unsupported(name: str) -> UnsupportedFunctionError:
    """Return the error of a function that is in no table."""
    return UnsupportedFunctionError(
        f"{name} has no derivative here: write it with sums, products, elementwise "
        f"functions and indexing, make an operation of it with autograd.rule, or give "
        f"it plain numbers such as A.data, which cuts the graph"
    )


def check_dtype(name: str, how: dict[str, Any]) -> None:
    """Drop a dtype= that says object; refuse others."""
    dtype = how.pop("dtype", None)
    if dtype is not None and np.dtype(dtype) != object:
        raise CutGraphError(
            f"{name} with dtype={dtype!r} would cut the graph: leave dtype out"
        )
