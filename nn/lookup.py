"""Finding things by name, with a suggestion for a name that is not known."""

import difflib
from collections.abc import Collection

from autograd import ArgumentError


def known(name: str, names: Collection[str], kind: str) -> str:
    """Return the name if it is one of the names, or raise and suggest the nearest.

    >>> known("relu", ["relu", "tanh"], "activation")
    'relu'
    >>> known("thanh", ["relu", "tanh"], "activation")
    Traceback (most recent call last):
    autograd.errors.ArgumentError: unknown activation 'thanh': did you mean 'tanh'? ...
    >>> known("tahn", ["tan", "tanh"], "activation")  # two letters swapped
    Traceback (most recent call last):
    autograd.errors.ArgumentError: unknown activation 'tahn': did you mean 'tanh'? ...
    """
    if name in names:
        return name
    swapped = [each for each in names if sorted(each) == sorted(str(name))]
    # A cutoff of 0 always finds one: a poor guess beside the full list does no harm.
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.0)
    nearest = (swapped or close)[0]
    raise ArgumentError(
        f"unknown {kind} {name!r}: did you mean {nearest!r}? "
        f"Known are {', '.join(sorted(names))}"
    )
