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
    """
    if name in names:
        return name
    # A cutoff of 0 always finds one: a poor guess beside the full list does no harm.
    nearest = difflib.get_close_matches(str(name), names, n=1, cutoff=0.0)[0]
    raise ArgumentError(
        f"unknown {kind} {name!r}: did you mean {nearest!r}? "
        f"Known are {', '.join(sorted(names))}"
    )
