"""Elementary functions of 8 samples at once, in LLVM's language.

C's library has them for one number a call; where the last bits need not be Python's,
these take a fraction of the time. Lanes whose numbers are not ordinary (NaN, infinite,
so large or small that an intermediate result would leave the floats) are given to C's
library, so what a lane gets depends on its own number only. There is no fused
multiply-add: every machine gives the same bits.

Errors stay below those of `BOUNDS`, in units of the last place.

- e^x = 2ⁿ·e^r, r = x - n·ln 2, |r| ≤ ½·ln 2, by Taylor's series. (Muller, Elementary
  Functions, 3rd ed., 11.1: the reduction in two parts of ln 2.)
- sin and cos: x - n·π/2 in two doubles, from π/2 in three parts (Muller, 11.2), then
  Taylor's series.
- ln x = k·ln 2 + ln(1+f), √½ ≤ 1+f < √2, by the series of 2·artanh(f/(2+f)), in the
  form f - (f²/2 - s·(f²/2 + R)), s = f/(2+f), in which only the small part is rounded.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache

from .shapes import VECTOR

__all__ = ["BOUNDS", "VECTORS", "vector"]

_LN2 = Fraction("0.693147180559945309417232121458176568075500134360255254120680")
_LN2_HIGH = math.floor(_LN2 * 2**42) / 2**42  # times an exponent: no rounding
_LN2_LOW = float(_LN2 - Fraction(_LN2_HIGH))
_PI = Fraction("3.14159265358979323846264338327950288419716939937510582097494459")
_HIGH = math.floor(_PI / 2 * 2**32) / 2**32  # times n ≤ 2²⁰: no rounding
_MIDDLE = math.floor((_PI / 2 - Fraction(_HIGH)) * 2**65) / 2**65
_QUARTERS = (_HIGH, _MIDDLE, float(_PI / 2 - Fraction(_HIGH) - Fraction(_MIDDLE)))
_MAGIC = 1.5 * 2.0**52  # added to a small number, leaves it whole in the lowest bits
_MAGIC_BITS = 0x4338 << 48
_ONE_BITS = 1023 << 52
_ROOT_BITS = 0x3FE6A09E667F3BCD  # of √½


class _Text:
    """The lines of a function; each method writes one and returns its name."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> str:
        name = f"%a{len(self.lines)}"
        self.lines.append(f"  {name} = {text}")
        return name

    def _two(self, operation: str, a: str | float, b: str | float) -> str:
        x, y = (v if isinstance(v, str) else VECTOR.constant(v) for v in (a, b))
        return self.line(f"{operation} {VECTOR.number} {x}, {y}")

    def add(self, a: str | float, b: str | float) -> str:
        return self._two("fadd", a, b)

    def sub(self, a: str | float, b: str | float) -> str:
        return self._two("fsub", a, b)

    def mul(self, a: str | float, b: str | float) -> str:
        return self._two("fmul", a, b)

    def div(self, a: str | float, b: str | float) -> str:
        return self._two("fdiv", a, b)

    def test(self, relation: str, a: str | float, b: str | float) -> str:
        return self._two(f"fcmp {relation}", a, b)

    def both(self, a: str, b: str) -> str:
        return self.line(f"and {VECTOR.condition} {a}, {b}")

    def where(self, condition: str, a: str | float, b: str | float) -> str:
        x, y = (v if isinstance(v, str) else VECTOR.constant(v) for v in (a, b))
        t = VECTOR.number
        return self.line(f"select {VECTOR.condition} {condition}, {t} {x}, {t} {y}")

    def abs(self, x: str) -> str:
        t = VECTOR.number
        return self.line(f"call {t} @llvm.fabs.{VECTOR.suffix}({t} {x})")

    def signed(self, x: str, sign: str) -> str:
        t = VECTOR.number
        return self.line(
            f"call {t} @llvm.copysign.{VECTOR.suffix}({t} {x}, {t} {sign})"
        )

    def whole(self, operation: str, a: str, b: int | str) -> str:
        y = b if isinstance(b, str) else VECTOR.int(b)
        return self.line(f"{operation} {VECTOR.whole} {a}, {y}")

    def bits(self, x: str) -> str:
        return self.line(f"bitcast {VECTOR.number} {x} to {VECTOR.whole}")

    def number(self, bits: str) -> str:
        return self.line(f"bitcast {VECTOR.whole} {bits} to {VECTOR.number}")

    def polynomial(self, x: str, coefficients: list[float]) -> str:
        """Return c₀ + c₁·x + ..."""
        *rest, last = coefficients
        total: str | float = last
        for c in reversed(rest):
            total = self.add(self.mul(total, x), c)
        assert isinstance(total, str)
        return total


def _exp_parts(w: _Text, x: str) -> tuple[str, str]:
    """Return 2ⁿ and e^r - 1."""
    shifted = w.add(w.mul(x, 1.0 / math.log(2.0)), _MAGIC)
    n = w.sub(shifted, _MAGIC)
    r = w.sub(w.sub(x, w.mul(n, _LN2_HIGH)), w.mul(n, _LN2_LOW))
    series = w.polynomial(r, [1.0 / math.factorial(k) for k in range(2, 14)])
    p = w.add(r, w.mul(w.mul(r, r), series))
    power = w.whole("shl", w.bits(shifted), 52)
    return w.number(w.whole("add", power, _ONE_BITS)), p


def _exp_value(w: _Text, x: str) -> str:
    power, p = _exp_parts(w, x)
    return w.add(power, w.mul(power, p))


def _expm1_value(w: _Text, x: str) -> str:
    power, p = _exp_parts(w, x)
    return w.add(w.mul(power, p), w.sub(power, 1.0))


def _log_parts(w: _Text, x: str) -> tuple[str, str]:
    """Return k and f."""
    bits = w.bits(x)
    k = w.whole("ashr", w.whole("sub", bits, _ROOT_BITS), 52)
    m = w.number(w.whole("sub", bits, w.whole("shl", k, 52)))
    return w.sub(w.number(w.whole("add", k, _MAGIC_BITS)), _MAGIC), w.sub(m, 1.0)


def _log_value(w: _Text, k: str, f: str, c: str | None = None) -> str:
    """Return k·ln 2 + ln(1+f), and c, which is much smaller."""
    s = w.div(f, w.add(f, 2.0))
    z = w.mul(s, s)
    rest = w.mul(z, w.polynomial(z, [2.0 / (2 * j + 3) for j in range(11)]))
    half = w.mul(w.mul(f, 0.5), f)
    small = w.mul(k, _LN2_LOW)
    if c is not None:
        small = w.add(small, c)
    inner = w.sub(half, w.add(w.mul(s, w.add(half, rest)), small))
    return w.sub(w.mul(k, _LN2_HIGH), w.sub(inner, f))


def _exp(w: _Text, x: str) -> tuple[str, str]:
    return _exp_value(w, x), w.test("ole", w.abs(x), 708.0)


def _expm1(w: _Text, x: str) -> tuple[str, str]:
    return w.signed(_expm1_value(w, x), x), w.test("ole", w.abs(x), 708.0)


def _log(w: _Text, x: str) -> tuple[str, str]:
    inside = w.both(w.test("oge", x, 2.0**-1022), w.test("olt", x, math.inf))
    return _log_value(w, *_log_parts(w, x)), inside


def _log1p(w: _Text, x: str) -> tuple[str, str]:
    u = w.add(x, 1.0)
    k, f = _log_parts(w, u)
    # What rounding 1 + x has lost, from whichever of the two is smaller.
    large = w.test("oge", x, 1.0)
    lost = w.where(large, w.sub(1.0, w.sub(u, x)), w.sub(x, w.sub(u, 1.0)))
    c = w.div(lost, u)
    near = w.both(w.test("ogt", x, -0.29), w.test("olt", x, 0.41))
    k, f, c = w.where(near, 0.0, k), w.where(near, x, f), w.where(near, 0.0, c)
    inside = w.both(w.test("ogt", x, -1.0), w.test("olt", x, 1e300))
    return w.signed(_log_value(w, k, f, c), x), inside


def _tanh(w: _Text, x: str) -> tuple[str, str]:
    size = w.abs(x)
    e = _expm1_value(w, w.mul(w.where(w.test("olt", size, 22.0), size, 22.0), 2.0))
    return w.signed(w.div(e, w.add(e, 2.0)), x), w.test("ord", x, x)


def _cosh(w: _Text, x: str) -> tuple[str, str]:
    size = w.abs(x)
    half = w.mul(_exp_value(w, size), 0.5)
    return w.add(half, w.div(0.25, half)), w.test("ole", size, 708.0)


def _sinh(w: _Text, x: str) -> tuple[str, str]:
    size = w.abs(x)
    e = _expm1_value(w, size)
    twice = w.add(e, w.div(e, w.add(e, 1.0)))
    return w.signed(w.mul(twice, 0.5), x), w.test("ole", size, 708.0)


def _quarter_turns(w: _Text, x: str) -> tuple[str, str, str, str]:
    """Return n, in the lowest bits, y + z = x - n·π/2, and if x is ordinary.

    z is what rounding y has lost.
    """
    shifted = w.add(w.mul(x, 2.0 / math.pi), _MAGIC)
    n = w.sub(shifted, _MAGIC)
    first = w.sub(x, w.mul(n, _QUARTERS[0]))  # exact, as is n·π₂
    second = w.mul(n, _QUARTERS[1])
    near = w.sub(first, second)
    # What that subtraction has lost, whichever of the two was larger.
    back = w.sub(first, near)
    lost = w.add(w.sub(first, w.add(near, back)), w.sub(back, second))
    tail = w.sub(lost, w.mul(n, _QUARTERS[2]))
    y = w.add(near, tail)
    z = w.add(w.sub(near, y), tail)
    # Near a multiple of π/2, digits of π are missing.
    apart = w.test("oge", w.abs(y), 2.0**-20)
    at_zero = w.test("oeq", n, 0.0)
    sure = w.line(f"or {VECTOR.condition} {apart}, {at_zero}")
    inside = w.both(w.test("ole", w.abs(x), 2.0**20), sure)
    return w.bits(shifted), y, z, inside


def _sine(w: _Text, y: str, z: str) -> str:
    """Return sin(y + z) by Taylor's series."""
    square = w.mul(y, y)
    terms = [(-1) ** (k + 1) / math.factorial(2 * k + 3) for k in range(8)]
    cubic = w.mul(w.mul(square, y), w.polynomial(square, terms))
    moved = w.mul(z, w.sub(1.0, w.mul(square, 0.5)))
    return w.add(y, w.add(cubic, moved))


def _cosine(w: _Text, y: str, z: str) -> str:
    """Return cos(y + z) by Taylor's series: 1 - y²/2 is kept in two parts."""
    square = w.mul(y, y)
    terms = [(-1) ** k / math.factorial(2 * k + 4) for k in range(8)]
    rest = w.mul(w.mul(square, square), w.polynomial(square, terms))
    half = w.mul(square, 0.5)
    large = w.sub(1.0, half)
    lost = w.sub(w.sub(1.0, large), half)
    return w.add(large, w.add(lost, w.sub(rest, w.mul(y, z))))


def _turned(w: _Text, x: str, turns: int) -> tuple[str, str]:
    """Return sin(x + turns·π/2)."""
    n, y, z, inside = _quarter_turns(w, x)
    n = w.whole("add", n, turns)
    odd = w.line(f"icmp ne {VECTOR.whole} {w.whole('and', n, 1)}, {VECTOR.int(0)}")
    value = w.where(odd, _cosine(w, y, z), _sine(w, y, z))
    sign = w.whole("shl", w.whole("and", n, 2), 62)
    return w.number(w.whole("xor", w.bits(value), sign)), inside


def _sin(w: _Text, x: str) -> tuple[str, str]:
    value, inside = _turned(w, x, 0)
    return w.where(w.test("oeq", x, 0.0), x, value), inside


def _cos(w: _Text, x: str) -> tuple[str, str]:
    return _turned(w, x, 1)


# Each writes its value, and the condition that a lane's number is ordinary.
VECTORS: dict[str, Callable[[_Text, str], tuple[str, str]]] = {
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "log1p": _log1p,
    "tanh": _tanh,
    "cosh": _cosh,
    "sinh": _sinh,
    "sin": _sin,
    "cos": _cos,
}


# Units in the last place; tests compare with mpmath.
BOUNDS = {
    "exp": 1.0,
    "expm1": 2.0,
    "log": 1.0,
    "log1p": 1.0,
    "tanh": 2.5,
    "cosh": 1.5,
    "sinh": 2.5,
    "sin": 1.0,
    "cos": 1.0,
}


@cache
def vector(name: str) -> str:
    """Return the text of a function; it calls C's where a lane is not ordinary."""
    w = _Text()
    value, inside = VECTORS[name](w, "%x")
    t, suffix = VECTOR.number, VECTOR.suffix
    lines = "\n".join(w.lines)
    return f"""define internal {t} @fast.{name}.{suffix}({t} %x) #2 {{
{lines}
  %all = call i1 @llvm.vector.reduce.and.v8i1({VECTOR.condition} {inside})
  br i1 %all, label %done, label %some
some:
  %c = call {t} @call.{name}.{suffix}({t} %x)
  %each = select {VECTOR.condition} {inside}, {t} {value}, {t} %c
  ret {t} %each
done:
  ret {t} {value}
}}
"""
