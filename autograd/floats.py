"""The namespace of plain floats: IEEE 754, no exception, never complex."""

import math
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from . import special
from .namespace import Namespace

Number = Any


LARGEST = sys.float_info.max


def as_float(x: float) -> float:
    """Return x as a float; an int beyond the floats as an infinity."""
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def _guarded(
    function: Callable[..., float], *, pole: Callable[..., float] | None = None
) -> Callable[..., float]:
    """Make a function of `math` follow IEEE 754 instead of raising.

    Overflow gives the infinity with the sign of the argument; a domain error gives NaN,
    or what `pole(*args)` says.
    """

    def guarded(*args: float) -> float:
        try:
            return function(*args)
        except OverflowError:
            return math.copysign(math.inf, args[0])
        except ValueError:
            return pole(*args) if pole else math.nan

    return guarded


def _pow(x: float, y: float) -> float:
    if type(x) is int and type(y) is int and y >= 0:
        exact: int = x**y
        return exact
    try:
        return math.pow(x, y)
    except OverflowError:
        odd = y % 2 == 1
        return -math.inf if x < 0 and odd else math.inf
    except ValueError:  # a negative base with a fractional exponent, or a pole
        if x != 0:
            return math.nan
        odd = y % 2 == 1
        return math.copysign(math.inf, x) if odd else math.inf


def _div(x: float, y: float) -> float:
    try:
        return x / y
    except ZeroDivisionError:
        if x == 0 or x != x:
            return math.nan
        return math.copysign(math.inf, x) * math.copysign(1.0, y)


def _rounded(function: Callable[[float], int]) -> Callable[[float], float]:
    """Make a rounding function return a float, with infinities and signs of zero."""

    def rounded(x: float) -> float:
        if type(x) is int or x != x or abs(x) == math.inf:
            return x
        return math.copysign(function(x), x) if abs(x) < 1 else float(function(x))

    return rounded


def _floor(x: float) -> float:
    # floor(-0.5) is -1, so the sign may only be copied for zeros.
    if type(x) is int or x != x or abs(x) == math.inf or x == 0:
        return x
    return float(math.floor(x))


def _round_to(x: float, digits: int) -> float:
    if x != x or abs(x) == math.inf:
        return x
    try:
        return round(x, digits)
    except OverflowError:
        return math.copysign(math.inf, x)


def _mod(x: float, y: float) -> float:
    return x % y if y != 0 else math.nan


def _floordiv(x: float, y: float) -> float:
    if y == 0 or abs(x) == math.inf:
        return math.nan
    return x // y


def _minus_infinity(x: float, edge: float) -> float:
    return -math.inf if x == edge else math.nan


class Floats(Namespace):
    """Plain doubles; ints stay ints where the operation keeps them."""

    kind = "float"
    pi = math.pi

    def __init__(self) -> None:
        log_pole = partial(_minus_infinity, edge=0.0)
        self.div = _div
        self.pow = _pow
        self.exp = _overflows_to_infinity(math.exp)
        self.exp2 = _overflows_to_infinity(math.exp2)
        self.expm1 = _overflows_to_infinity(math.expm1)
        self.cosh = _overflows_to_infinity(math.cosh)
        self.sinh = _guarded(math.sinh)
        self.log = _guarded(math.log, pole=log_pole)
        self.log2 = _guarded(math.log2, pole=log_pole)
        self.log10 = _guarded(math.log10, pole=log_pole)
        self.log1p = _guarded(math.log1p, pole=partial(_minus_infinity, edge=-1.0))
        self.sqrt = _guarded(math.sqrt)
        self.cbrt = math.cbrt
        self.sin = _guarded(math.sin)
        self.cos = _guarded(math.cos)
        self.tan = _guarded(math.tan)
        self.asin = _guarded(math.asin)
        self.acos = _guarded(math.acos)
        self.atan = math.atan
        self.atan2 = math.atan2
        self.tanh = math.tanh
        self.asinh = math.asinh
        self.acosh = _guarded(math.acosh)
        self.atanh = _guarded(math.atanh, pole=_atanh_pole)
        self.hypot = math.hypot
        self.norm = math.hypot
        self.floor = _floor
        self.ceil = _rounded(math.ceil)
        self.trunc = _rounded(math.trunc)
        self.round = _rounded(round)
        self.round_to = _round_to
        self.mod = _mod
        self.floordiv = _floordiv
        self.erf = math.erf
        self.erfc = math.erfc
        self.lgamma = special.lgamma
        self.digamma = special.digamma
        self.polygamma = special.polygamma

    @staticmethod
    def rational(p: int, q: int = 1) -> float:
        return p / q

    @staticmethod
    def lift(x: Number) -> float:
        return float(x)


def _overflows_to_infinity(function: Callable[[float], float]) -> Callable[..., float]:
    """Wrap an exponential, whose only failure is overflow, upwards on both sides."""

    def guarded(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return math.inf

    return guarded


def _atanh_pole(x: float) -> float:
    return math.copysign(math.inf, x) if abs(x) == 1 else math.nan
