"""Kinds of number: the namespaces `m` in which a rule's formulas run.

A rule is written once, over `m`. `floats.py` has `m` for plain floats (IEEE 754: no
exception, never complex), `exact.py` that for `fractions.Fraction` (exact, raises where
there is no exact answer) and for `mpmath.mpf` (as floats, with more digits). The
namespace for Values, which gives higher derivatives, is made from these in `value.py`.
"""

import numbers
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from typing import Any

from .errors import NumberError
from .exact import Fractions, HighPrecision
from .floats import Floats
from .namespace import Namespace

__all__ = ["FLOATS", "FRACTIONS", "Namespace", "namespace_of", "namespace_of_type"]

Number = Any

FLOATS = Floats()
FRACTIONS = Fractions()
_KINDS: dict[type, Namespace] = {int: FLOATS, float: FLOATS, Fraction: FRACTIONS}


def namespace_of_type(kind: type) -> Namespace | None:
    """Return the namespace for data of a type; None if it is no number of ours."""
    found = _KINDS.get(kind)
    if found is None:
        # An interval of mpmath is no number; its constants, such as pi, are.
        if kind.__module__.startswith("mpmath") and kind.__name__ in (
            "mpf",
            "constant",
        ):
            found = _KINDS[kind] = _high_precision()
        elif kind is not bool and issubclass(
            kind, numbers.Real if kind.__module__ == "numpy" else float | int
        ):
            found = _KINDS[kind] = FLOATS
    return found


@cache
def _high_precision() -> HighPrecision:
    return HighPrecision()


def namespace_of(numbers: Iterable[Number]) -> Namespace:
    """Return the one namespace in which all these numbers can be used together.

    Ints go with everything; an mpf takes floats and Fractions in; a Fraction and a
    float do not mix.
    """
    kinds = {type(x) for x in numbers} - {int}
    spaces = {}
    for kind in kinds:
        space = namespace_of_type(kind)
        if space is None:
            raise NumberError(
                f"expected real numbers, got a {kind.__name__}: allowed are float, "
                f"int, Fraction and mpmath.mpf"
            )
        spaces[space.kind] = space
    if "mpf" in spaces:
        return spaces["mpf"]
    if len(spaces) > 1:
        raise NumberError(
            "a Fraction meets a float: that would silently lose exactness; convert "
            "one of them, with float(fraction) or Fraction(number)"
        )
    return next(iter(spaces.values()), FLOATS)
