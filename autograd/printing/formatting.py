"""Numbers and texts as pictures and tables show them."""

import re
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Any


def number(x: Any, digits: int = 6) -> str:
    """Print a number of any kind with so many digits, never a 0.0000 that is not zero.

    >>> number(1e-9), number(-2.0), number(1 / 3), number(10**400)
    ('1e-09', '-2', '0.333333', '1e+400')
    """
    if isinstance(x, bool):
        return str(x)
    if isinstance(x, float):
        return format(x, f".{digits}g")
    if hasattr(x, "denominator"):  # an int or Fraction: as it is if that is short
        if abs(x.numerator) < 10**digits and x.denominator < 10**digits:
            return str(x)
        exact = Context(prec=digits, Emax=MAX_EMAX, Emin=MIN_EMIN)
        quotient = exact.divide(Decimal(x.numerator), Decimal(x.denominator))
        return format(quotient.normalize(exact), f".{digits}g")
    if hasattr(x, "context"):  # an mpmath number: floats don't reach as far
        text: str = x.context.nstr(x, digits)
        return text.removesuffix(".0").replace(".0e", "e")
    return str(x)


# What no terminal and no XML should be given: control characters, lone surrogates, and
# the marks that turn the direction of writing.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def shortened(text: str, width: int) -> str:
    """Return the text on one line, without its middle where it is too long.

    Characters that can't be printed are replaced.

    >>> shortened("abcdefghijkl", 7)
    'abc…jkl'
    """
    text = _UNPRINTABLE.sub("\ufffd", " ".join(text.split()))
    if len(text) <= width:
        return text
    return f"{text[: width // 2]}…{text[len(text) - (width - 1) // 2 :]}"


SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_EXPONENT = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_DIGITS = {superscript: chr(digit) for digit, superscript in SUPERSCRIPTS.items()}


def plain_exponents(text: str) -> str:
    """Return the text without superscripts, for what can't show them.

    >>> plain_exponents("x⁻¹² + y²")
    'x^-12 + y^2'
    """
    return _EXPONENT.sub(lambda found: "^" + found[0].translate(_DIGITS), text)
