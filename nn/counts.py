"""Whole numbers that arguments must be: widths, counts, steps."""

from numbers import Integral
from typing import Any

from autograd import ArgumentError


def check_count(name: str, count: Any, least: int = 1) -> int:
    """Return a whole number, a NumPy integer too, as an int; refuse anything else.

    >>> check_count("n_in", 3)
    3
    >>> check_count("n_in", 2.5)
    Traceback (most recent call last):
    autograd.errors.ArgumentError: n_in is a whole number from 1 on, got 2.5
    """
    whole = isinstance(count, Integral) and not isinstance(count, bool)
    if whole and int(count) >= least:
        return int(count)
    raise ArgumentError(f"{name} is a whole number from {least} on, got {count!r}")
