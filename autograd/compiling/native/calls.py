"""Functions that native code calls: C's library, or Python where it alone will do."""

import ctypes
import ctypes.util
import math
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from ...kinds import FLOATS
from ..program import function_of
from .operations import LIBM
from .shapes import VECTOR

__all__ = ["address_of", "callable_at", "function_called", "symbols", "wrappers"]

_NATIVE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
# Python computes these by ways of its own, so C's have other bits.
_NEARLY_LIBM = {"hypot", "lgamma"}
# The place of the operand that is a constant int.
_STATIC = {"polygamma": 0, "round_to": 1}


def function_called(
    sources: Mapping[int, tuple[str, Any]],
    name: str,
    operands: tuple[int, ...],
    exact: bool,
) -> tuple[str, tuple[int, ...]]:
    """Return the name of the function for an operation, and the operands it takes.

    The name holds a constant operand, and whether Python's own is wanted.
    """
    if name in _STATIC:
        place = _STATIC[name]
        constant = int(sources[operands[place]][1])
        return f"{name}_{constant}", operands[:place] + operands[place + 1 :]
    if name in _NEARLY_LIBM and not exact:
        return f"{name}_", operands
    return name, operands


def wrappers(calls: Mapping[str, int]) -> str:
    """Return the texts that declare functions, and call them for 8 lanes."""
    texts = []
    for name, count in sorted(calls.items()):
        if name == "norm":
            texts.append("declare double @call.norm.f64(ptr, i64, i64)\n")
            continue
        texts.append(_wrapper(name, count))
    return "".join(texts)


def _wrapper(name: str, count: int) -> str:
    kinds = ", ".join(["double"] * count)
    parameters = ", ".join(f"{VECTOR.number} %x{i}" for i in range(count))
    lines = [
        f"declare double @call.{name}.f64({kinds}) #1",
        f"define internal {VECTOR.number} @call.{name}.v8f64({parameters}) #2 {{",
    ]
    result = "poison"
    for lane in range(VECTOR.lanes):
        given = []
        for i in range(count):
            one = f"%a{lane}.{i}"
            lines.append(f"  {one} = extractelement {VECTOR.number} %x{i}, i64 {lane}")
            given.append(f"double {one}")
        lines.append(
            f"  %y{lane} = call double @call.{name}.f64({', '.join(given)})\n"
            f"  %r{lane} = insertelement {VECTOR.number} {result}, double %y{lane}, "
            f"i64 {lane}"
        )
        result = f"%r{lane}"
    return "\n".join([*lines, f"  ret {VECTOR.number} {result}\n}}\n"])


@cache
def address_of(name: str, count: int) -> int:
    """Return where the function of a name with that many operands is in memory."""
    function = _in_c(name) or _callback(name, count)
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def symbols(calls: Mapping[str, int]) -> dict[str, int]:
    """Return the addresses of functions, by the names that `wrappers` declares."""
    return {f"call.{name}.f64": address_of(name, n) for name, n in calls.items()}


def callable_at(address: int, calls: Mapping[str, int]) -> Callable[[int], None]:
    """Return a native function of one address that calls these functions."""
    found = _NATIVE(address)
    return _raising(found) if any(map(in_python, calls)) else found


def in_python(name: str) -> bool:
    """Tell whether native code calls Python for a function."""
    return not _in_c(name)


def _in_c(name: str) -> Any:
    return _libm(name.removesuffix("_")) if name in _in_libm() else None


def _in_libm() -> set[str]:
    return LIBM | {f"{name}_" for name in _NEARLY_LIBM}


def _libm(name: str) -> Any:
    """Return C's function, if the library that Python itself uses has it."""
    return getattr(_library(), name, None)


@cache
def _library() -> ctypes.CDLL:
    if sys.platform == "win32":
        return ctypes.CDLL("ucrtbase")
    found = ctypes.CDLL(None)
    if not hasattr(found, "exp"):
        return ctypes.CDLL(ctypes.util.find_library("m") or "libm.so.6")
    return found


_kept: list[Any] = []  # a callback lives as long as code may call it


def _callback(name: str, count: int) -> Any:
    """Return a C function that calls Python."""
    if name == "norm":
        kind = ctypes.CFUNCTYPE(
            ctypes.c_double,
            ctypes.POINTER(ctypes.c_double),
            ctypes.c_int64,
            ctypes.c_int64,
        )
        made = kind(_kept_back(_norm))
    else:
        made = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * count)(
            _kept_back(_function(name))
        )
    _kept.append(made)
    return made


_pending = threading.local()  # an error, or a signal, that waits for the run's end


def _kept_back(function: Callable[..., float]) -> Callable[..., float]:
    """Keep what Python raises until the run ends: it can't cross native code."""

    def called(*operands: Any) -> float:
        try:
            if not _pending.__dict__:
                return function(*operands)
        except BaseException as error:
            _pending.error = error
        return math.nan  # the rest of the run is of no use

    return called


def _raising(function: Callable[[int], None]) -> Callable[[int], None]:
    """Return a native function that raises what the Python code it calls raised.

    An interruption may come before a callback's first line, where nothing could catch
    it, and ctypes would print it and go on: its handler runs when the run has ended.
    """

    def note(number: int, frame: Any) -> None:
        _pending.signal = (number, frame)

    def run(address: int) -> None:
        alone = threading.current_thread() is threading.main_thread()
        handler = signal.getsignal(signal.SIGINT) if alone else None
        if callable(handler):
            signal.signal(signal.SIGINT, note)
        try:
            function(address)
        finally:
            if callable(handler):
                signal.signal(signal.SIGINT, handler)
            pending = _pending.__dict__.copy()
            _pending.__dict__.clear()
        if callable(handler) and "signal" in pending:
            handler(*pending["signal"])
        if "error" in pending:
            raise pending["error"]

    return run


def _norm(numbers: Any, count: int, step: int) -> float:
    return FLOATS.norm(*[numbers[i * step] for i in range(count)])


def _function(name: str) -> Callable[..., float]:
    name = name.removesuffix("_")  # C's own is missing on this machine
    operation, _, constant = name.rpartition("_")
    if operation == "polygamma":
        return partial(function_of(operation), int(constant))
    if operation == "round_to":
        return lambda x: function_of(operation)(x, int(constant))
    if name == "fmod":
        return _fmod
    return function_of(name)


def _fmod(x: float, y: float) -> float:
    try:
        return math.fmod(x, y)
    except ValueError:
        return math.nan
