"""Kinds of number: the namespaces `m` in which a rule's formulas run.

A rule is written once, over `m`. Here is `m` for plain floats (IEEE 754: no exception,
never complex), for `fractions.Fraction` (exact, raises where there is no exact answer)
and for `mpmath.mpf` (as floats, with more digits). The namespace for Values, which
gives higher derivatives, is made from these in `value.py`.

A namespace has the primitives below; an operation whose rule has a formula needs no
function here, it is found in the table.
"""

import math
import numbers
import operator
from collections import deque
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache, partial, reduce
from itertools import accumulate
from typing import Any, ClassVar

from . import special
from .errors import NumberError

Number = Any


class Namespace:
    """Functions for one kind of number; what a rule's formula may use as `m`."""

    kind = "number"
    table: ClassVar[dict[str, Any]] = {}  # RULES, filled by the rules package
    inf: Number = math.inf
    nan: Number = math.nan
    digits = 17  # decimal digits: how far a series is worth summing

    def __getattr__(self, name: str) -> Callable[..., Number]:
        """Make the function of a rule that has a formula, and keep it."""
        rule = self.table.get(name)
        if rule is None or rule.formula is None:
            return self.missing(name)
        function = partial(rule.formula, self)
        setattr(self, name, function)
        return function

    def missing(self, name: str) -> Callable[..., Number]:
        """Say that this kind of number has no function of this name."""
        raise AttributeError(f"there is no operation {name!r} for a {self.kind}")

    # Shared by every kind, written with its own primitives.

    @staticmethod
    def where(condition: bool, a: Number, b: Number) -> Number:
        return a if condition else b

    @staticmethod
    def detach(x: Number) -> Number:
        """Return x as a constant: a derivative does not look into it."""
        return x

    @staticmethod
    def chain(cotangent: Number, partial: Number) -> Number:
        """Multiply by the convention of the chain rule: zero beats infinity and NaN."""
        product = cotangent * partial
        if product != product and (cotangent == 0 or partial == 0):
            return type(product)(0)
        return product

    @staticmethod
    def same(x: Number, y: Number) -> bool:
        """Tell whether one computation, done twice, may give these two numbers."""
        return bool(x == y or (x != x and y != y))

    @staticmethod
    def take(index: int, *values: Number) -> Number:
        return values[index]

    @staticmethod
    def sum(*xs: Number) -> Number:
        """Add from left to right (the built-in sum compensates from 3.12 on)."""
        return _last(accumulate(xs))

    @staticmethod
    def dot(*operands: Number) -> Number:
        """Multiply the first half with the second, add from left to right."""
        half = len(operands) // 2
        return _last(accumulate(map(operator.mul, operands[:half], operands[half:])))

    @staticmethod
    def prod(*xs: Number) -> Number:
        return reduce(operator.mul, xs, 1)

    def logsumexp(self, *xs: Number) -> Number:
        """Shift by the largest, and keep the small rest by log1p."""
        top = self.max(*xs)
        if top != top or abs(top) == math.inf:
            return top
        rest = [self.exp(x - top) for x in xs]
        del rest[xs.index(top)]
        return top + self.log1p(self.sum(0, *rest))


def _last(numbers: Iterable[Number]) -> Number:
    """Return the last of an iterable; 0 of none."""
    tail = deque(numbers, maxlen=1)
    return tail[0] if tail else 0


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
    return x if x != x or abs(x) == math.inf else round(x, digits)


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


FLOATS = Floats()
FRACTIONS = Fractions()
_KINDS: dict[type, Namespace] = {int: FLOATS, float: FLOATS, Fraction: FRACTIONS}


def namespace_of_type(kind: type) -> Namespace | None:
    """Return the namespace for data of a type; None if it is no number of ours."""
    found = _KINDS.get(kind)
    if found is None:
        if kind.__module__.startswith("mpmath") and "mpf" in kind.__name__:
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
