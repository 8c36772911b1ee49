"""The namespaces of exact numbers: `fractions.Fraction` and `mpmath.mpf`."""

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

from .errors import NumberError
from .namespace import Namespace

Number = Any


class Fractions(Namespace):
    """Exact rationals: what has no exact answer raises."""

    kind = "Fraction"

    mod = staticmethod(operator.mod)

    @staticmethod
    def div(x: Fraction, y: Fraction) -> Fraction:
        return Fraction(x) / y  # two ints would make a float

    @property
    def pi(self) -> Number:
        return self.missing("pi")()

    @staticmethod
    def floordiv(x: Fraction, y: Fraction) -> Fraction:
        return Fraction(x // y)

    @staticmethod
    def pow(x: Fraction, y: Fraction) -> Fraction:
        if Fraction(y).denominator != 1:
            raise NumberError(
                f"{x} ** {y} has no exact answer: a Fraction takes whole exponents "
                f"only; use float(...) or mpmath.mpf(...) data"
            )
        return Fraction(x) ** int(y)

    floor = staticmethod(math.floor)
    ceil = staticmethod(math.ceil)
    trunc = staticmethod(math.trunc)
    round = staticmethod(round)
    round_to = staticmethod(round)

    @staticmethod
    def rational(p: int, q: int = 1) -> Fraction:
        return Fraction(p, q)

    @staticmethod
    def lift(x: Number) -> Fraction:
        return Fraction(x)

    def missing(self, name: str) -> Callable[..., Number]:
        def no_exact_answer(*args: Number) -> Number:
            given = f"({', '.join(map(str, args))})" if args else ""
            raise NumberError(
                f"{name}{given} has no exact answer: a Fraction works in rational "
                f"operations only; use float(...) or mpmath.mpf(...) data"
            )

        return no_exact_answer


def _mp_function(function: Callable[..., Number], mpf: Any) -> Callable[..., Number]:
    """Make a function of mpmath real: NaN in place of a complex or missing answer."""

    def real(*args: Number) -> Number:
        try:
            result = function(*args)
        except (ValueError, ZeroDivisionError):
            return mpf("nan")
        if isinstance(result, mpf):
            return result
        return mpf("nan") if hasattr(result, "imag") and result.imag else mpf(result)

    return real


_AS_IN_MPMATH = (
    "exp expm1 sqrt sin cos tan asin acos atan atan2 sinh cosh tanh asinh hypot erf "
    "erfc floor ceil digamma polygamma"
)


class HighPrecision(Namespace):
    """`mpmath.mpf` at its working precision, with the conventions of floats.

    mpmath has infinities and NaN but no signed zero, so 1/0 is +inf.
    """

    kind = "mpf"

    def __init__(self) -> None:
        import mpmath

        mp = self._mp = mpmath.mp
        self.inf, self.nan = mp.inf, mp.nan
        real = partial(_mp_function, mpf=mpmath.mpf)
        for name in _AS_IN_MPMATH.split():
            setattr(self, name, real(getattr(mp, name)))
        self.log = real(lambda x: -mp.inf if x == 0 else mp.log(x))
        self.log10 = real(lambda x: -mp.inf if x == 0 else mp.log10(x))
        self.log2 = real(lambda x: -mp.inf if x == 0 else mp.log(x, 2))
        self.log1p = real(lambda x: -mp.inf if x == -1 else mp.log1p(x))
        self.exp2 = real(lambda x: mp.power(2, x))
        self.cbrt = real(lambda x: mp.sign(x) * mp.cbrt(abs(x)))
        self.atanh = real(lambda x: x * mp.inf if abs(x) == 1 else mp.atanh(x))
        self.acosh = real(lambda x: mp.acosh(x) if x >= 1 else mp.nan)
        self.norm = real(lambda *xs: mp.norm(xs) if xs else mp.mpf(0))
        self.lgamma = real(self._lgamma)
        self.trunc = real(lambda x: mp.ceil(x) if x < 0 else mp.floor(x))
        self.round = real(lambda x: mp.nint(x))
        self.round_to = real(
            lambda x, n: mp.nint(x * mp.mpf(10) ** n) / mp.mpf(10) ** n
        )

    @property
    def pi(self) -> Number:
        return +self._mp.pi

    @property
    def digits(self) -> int:  # type: ignore[override]
        digits: int = self._mp.dps
        return digits

    def same(self, x: Number, y: Number) -> bool:  # type: ignore[override]
        """Allow a few units in the last place, in which mpmath's ψ varies."""
        return Namespace.same(x, y) or abs(x - y) <= 16 * self._mp.eps * abs(x)

    def _lgamma(self, x: Number) -> Number:
        if x > 0 or x != x:
            return self._mp.loggamma(x)
        if x == self._mp.floor(x):
            return self._mp.inf
        return self._mp.log(abs(self._mp.gamma(x)))

    def div(self, x: Number, y: Number) -> Number:
        mp = self._mp
        if y != 0:
            return mp.fdiv(x, y)
        return mp.nan if x == 0 or x != x else mp.sign(x) * mp.inf

    def pow(self, x: Number, y: Number) -> Number:
        mp = self._mp
        if x == 0 and y < 0:
            return mp.inf
        if x < 0 and y != mp.floor(y):
            return mp.nan
        return mp.power(x, y)

    def mod(self, x: Number, y: Number) -> Number:
        return self._mp.mpf(x) % y if y != 0 else self.nan

    def floordiv(self, x: Number, y: Number) -> Number:
        # Whole before it is rounded; x / y may round up to the next whole number.
        return self._mp.nint((x - self.mod(x, y)) / y) if y != 0 else self.nan

    def rational(self, p: int, q: int = 1) -> Number:
        return self._mp.mpf(p) / q

    def lift(self, x: Number) -> Number:
        if isinstance(x, Fraction):
            return self._mp.mpf(x.numerator) / x.denominator
        return self._mp.mpf(x)
