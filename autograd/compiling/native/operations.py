"""Operations in LLVM's language: one line, a few lines, or a call.

A line's %0, %1 stand for its operands, T, B and I for the types of numbers, conditions
and whole numbers, %r for the result; other names get the result's as a prefix.
"""

import re
from collections.abc import Callable
from functools import cache

from ..program import CONDITIONS
from .shapes import Shape

__all__ = ["LIBM", "USES", "Form", "form_of", "inside", "is_condition"]

Form = Callable[..., str]  # (result, *operands) → lines

_ONE_LINE = {
    "add": "fadd T %0, %1",
    "sub": "fsub T %0, %1",
    "mul": "fmul T %0, %1",
    "div": "fdiv T %0, %1",
    "neg": "fneg T %0",
    "where": "select B %0, T %1, T %2",
    "lt": "fcmp olt T %0, %1",
    "le": "fcmp ole T %0, %1",
    "eq": "fcmp oeq T %0, %1",
    "ne": "fcmp une T %0, %1",
    "gt": "fcmp ogt T %0, %1",
    "ge": "fcmp oge T %0, %1",
    "and": "and B %0, %1",
    "or": "or B %0, %1",
    "not": "xor B %0, #true",
}
# The program's name and LLVM's; each is exact or correctly rounded.
_INTRINSICS = {
    "abs": "fabs",
    "sqrt": "sqrt",
    "floor": "floor",
    "ceil": "ceil",
    "trunc": "trunc",
    "round": "rint",  # halves to the even neighbour, the sign of zero kept
    "fma": "fma",
}
# Functions of C's library that are what Python's `math` calls.
_UNARY = (
    "exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh "
    "asinh acosh atanh cbrt erf erfc"
)
LIBM = {*_UNARY.split(), "pow", "atan2", "fmod"}
_EXTREME = """
        %first = fcmp {} T %0, %1
        %other = fcmp {} T %0, %1
        %nan = fadd T %0, %1
        %second = select B %other, T %1, T %nan
        %r = select B %first, T %0, T %second
"""
_LINES = {
    # The first of equal ones, as 0.0 and -0.0 are; NaN beside NaN.
    "maximum": _EXTREME.format("oge", "olt"),
    "minimum": _EXTREME.format("ole", "ogt"),
    # Zero beats infinity and NaN.
    "chain": """
        %p = fmul T %0, %1
        %nan = fcmp uno T %p, %p
        %z0 = fcmp oeq T %0, #0.0
        %z1 = fcmp oeq T %1, #0.0
        %z = or B %z0, %z1
        %c = and B %nan, %z
        %r = select B %c, T #0.0, T %p
    """,
    # The remainder with the divisor's sign; NaN for 0, as C's fmod gives.
    "mod": """
        %m = call T @call.fmod.SUFFIX(T %0, T %1)
        %yneg = fcmp olt T %1, #0.0
        %mneg = fcmp olt T %m, #0.0
        %differ = xor B %yneg, %mneg
        %sum = fadd T %m, %1
        %moved = select B %differ, T %sum, T %m
        %zero = call T @llvm.copysign.SUFFIX(T #0.0, T %1)
        %is0 = fcmp oeq T %m, #0.0
        %r = select B %is0, T %zero, T %moved
    """,
    # Python's: (x - mod)/y is nearly whole, and is made so.
    "floordiv": """
        %m = call T @call.fmod.SUFFIX(T %0, T %1)
        %d0 = fsub T %0, %m
        %d = fdiv T %d0, %1
        %yneg = fcmp olt T %1, #0.0
        %mneg = fcmp olt T %m, #0.0
        %differ = xor B %yneg, %mneg
        %not0 = fcmp one T %m, #0.0
        %move = and B %differ, %not0
        %less = fsub T %d, #1.0
        %e = select B %move, T %less, T %d
        %f = call T @llvm.floor.SUFFIX(T %e)
        %rest = fsub T %e, %f
        %far = fcmp ogt T %rest, #0.5
        %more = fadd T %f, #1.0
        %g = select B %far, T %more, T %f
        %q = fdiv T %0, %1
        %zero = call T @llvm.copysign.SUFFIX(T #0.0, T %q)
        %is0 = fcmp oeq T %e, #0.0
        %h = select B %is0, T %zero, T %g
        %bad = fcmp oeq T %1, #0.0
        %r = select B %bad, T #nan, T %h
    """,
}
# What those lines call, and with how many operands.
USES = {"mod": {"fmod": 2}, "floordiv": {"fmod": 2}}


def is_condition(name: str) -> bool:
    """Tell whether an instruction's result is a condition."""
    return name in CONDITIONS


@cache
def form_of(name: str, shape: Shape) -> Form | None:
    """Return what writes an operation's lines: (result, *operands) → text.

    None for what has none here, and is called.
    """
    if name in _ONE_LINE:
        text = f"%r = {_ONE_LINE[name]}"
    elif name in _INTRINSICS:
        places = range(3 if name == "fma" else 1)
        given = ", ".join(f"T %{i}" for i in places)
        text = f"%r = call T @llvm.{_INTRINSICS[name]}.SUFFIX({given})"
    elif name in _LINES:
        text = "\n".join(map(str.strip, _LINES[name].strip().splitlines()))
    else:
        return None
    text = re.sub(r"\bT\b", shape.number, text)
    text = re.sub(r"\bB\b", shape.condition, text)
    text = text.replace("SUFFIX", shape.suffix)
    text = text.replace("#true", shape.constant(True))
    text = re.sub(r"#(nan|\d\.\d)", lambda found: shape.constant(float(found[1])), text)
    # As a format: the result's name is 0, the operands' are 1, 2, 3.
    text = re.sub(r"%r\b", "{0}", text)
    text = re.sub(r"%([a-z]\w*)", r"{0}.\1", text)
    text = re.sub(r"%(\d)", lambda found: f"{{{int(found[1]) + 1}}}", text)
    return ("  " + text.replace("\n", "\n  ")).format


def inside(line: Callable[[str], str], shape: Shape, index: str, size: str) -> str:
    """Write the place that an index chooses of so many; whatever it is, it is inside.

    line: writes what computes something, and returns its name.
    """
    b, i, zero = shape.condition, shape.whole, shape.int(0)
    suffix = f"{shape.suffix.replace('f', 'i')}.{shape.suffix}"
    whole = line(f"call {i} @llvm.fptosi.sat.{suffix}({shape.number} {index})")
    negative = line(f"icmp slt {i} {whole}, {zero}")
    counted = line(f"add {i} {whole}, {size}")
    place = line(f"select {b} {negative}, {i} {counted}, {i} {whole}")
    fits = line(f"icmp ult {i} {place}, {size}")
    return line(f"select {b} {fits}, {i} {place}, {i} {zero}")
