"""The NumPy backend: one call of NumPy an instruction, for all samples of a block.

It needs no other package. Where NumPy's function follows another convention than
`floats.py` it is mended here; where NumPy has none, Python's runs for each number.
"""

import operator
import time
from collections.abc import Callable
from functools import cache, partial, reduce
from typing import Any

import numpy as np

from .lowering import lowered
from .program import Program, function_of
from .signature import Numbers
from .sums import CHUNK, added, chunk_sums

Array = np.ndarray[Any, np.dtype[Any]]
Function = Callable[..., Any]

BLOCK = 32 * CHUNK  # samples at a time: an instruction's operands stay in the cache


def _chain(g: Any, d: Any) -> Any:
    product = g * d
    hidden = (product != product) & ((g == 0) | (d == 0))
    return np.where(hidden, 0.0, product) if np.any(hidden) else product


def _floordiv(x: Any, y: Any) -> Any:
    return np.where((y == 0) | (np.abs(x) == np.inf), np.nan, np.floor_divide(x, y))


def _sum(*xs: Any) -> Any:
    return reduce(operator.add, xs, *([] if xs else [0.0]))


def _dot(*xs: Any) -> Any:
    half = len(xs) // 2
    return _sum(*map(operator.mul, xs[:half], xs[half:]))


def _norm(*xs: Any) -> Any:
    """Return the length of a vector, scaled so that no square over- or underflows."""
    sizes = [np.abs(x) for x in xs]
    top = reduce(np.fmax, sizes, 0.0)
    scale = np.where((top > 0) & (top < np.inf), top, 1.0)
    length = scale * np.sqrt(_sum(*[np.square(x / scale) for x in sizes]))
    return np.where(top == np.inf, np.inf, length)


def _take(index: Any, *values: Any) -> Any:
    table = np.stack(np.broadcast_arrays(index, *values)[1:])
    places = np.broadcast_to(index, table.shape[1:]).astype(int) % len(values)
    return np.take_along_axis(table, places[None], 0)[0]


# What NumPy computes with the very bits of floats.py.
_SAME: dict[str, Function] = {
    "abs": np.abs,
    "add": operator.add,
    "and": np.logical_and,
    "ceil": np.ceil,
    "chain": _chain,
    "div": operator.truediv,
    "dot": _dot,
    "eq": operator.eq,
    "floor": np.floor,
    "floordiv": _floordiv,
    "fma": lambda x, y, z: x * y + z,  # rounded twice here
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
    "maximum": lambda x, y: np.where(x >= y, x, np.where(x < y, y, x + y)),
    "minimum": lambda x, y: np.where(x <= y, x, np.where(x > y, y, x + y)),
    "mod": np.mod,
    "mul": operator.mul,
    "ne": operator.ne,
    "neg": operator.neg,
    "not": np.logical_not,
    "or": np.logical_or,
    "round": np.rint,
    "sqrt": np.sqrt,
    "sub": operator.sub,
    "sum": _sum,
    "take": _take,
    "trunc": np.trunc,
    "where": np.where,
}
# What may differ by an ulp or two.
_CLOSE: dict[str, Function] = {
    "acos": np.arccos,
    "acosh": np.arccosh,
    "asin": np.arcsin,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "atan2": np.arctan2,
    "atanh": np.arctanh,
    "cbrt": np.cbrt,
    "cos": np.cos,
    "cosh": np.cosh,
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "hypot": np.hypot,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "log2": np.log2,
    "norm": _norm,
    "pow": np.power,
    "sin": np.sin,
    "sinh": np.sinh,
    "tan": np.tan,
    "tanh": np.tanh,
}


def _by_row(scalar: Function, *operands: Any) -> Any:
    """Compute number by number from any number of operands: NumPy's loops take few."""
    table = np.stack(np.broadcast_arrays(*operands))
    rows = table.reshape(len(operands), -1).T.tolist()
    return np.array([scalar(*row) for row in rows]).reshape(table.shape[1:])


@cache
def _function(name: str, exact: bool) -> Function:
    if name in _SAME:
        return _SAME[name]
    if name in _CLOSE and not exact:
        return _CLOSE[name]
    scalar = function_of(name)
    if name == "norm":
        return partial(_by_row, scalar)

    whole = {"polygamma": 0, "round_to": 1}.get(name)  # place of a constant int

    def by_number(*operands: Any) -> Any:
        if whole is None:
            loop = np.frompyfunc(scalar, len(operands), 1)
            return np.asarray(loop(*operands), float)
        fixed, moving = int(operands[whole]), operands[1 - whole]
        pair = partial(scalar, fixed) if whole == 0 else lambda x: scalar(x, fixed)
        return np.asarray(np.frompyfunc(pair, 1, 1)(moving), float)

    return by_number


class NumPyRunner:
    """Runs a program on arrays, a block of samples at a time."""

    def __init__(
        self, program: Program, varying: tuple[bool, ...], exact: bool
    ) -> None:
        start = time.perf_counter()
        self.program = program  # for one sample
        self.lowered = lowered(program)
        self.varying = varying
        self.constants = [
            np.float64(x) if type(x) is float else x for x in self.lowered.constants
        ]
        last: dict[int, int] = {}
        for slot, (_, *operands) in enumerate(self.lowered.code, self.lowered.start):
            last.update(dict.fromkeys(operands, slot))
        kept = {*self.lowered.outputs, *(place for place, _ in self.lowered.guards)}
        ends: dict[int, list[int]] = {}
        for slot, end in last.items():
            if slot >= self.lowered.start and slot not in kept:
                ends.setdefault(end, []).append(slot)
        self.steps = [
            (_function(name, exact), operands, ends.get(slot, ()))
            for slot, (name, *operands) in enumerate(
                self.lowered.code, self.lowered.start
            )
        ]
        self.seconds = time.perf_counter() - start

    def run_one(self, numbers: Numbers) -> tuple[list[float], bool]:
        """Run one sample, without NumPy."""
        return self.program.run(numbers)

    def summing(self, uniform: Array, lanes: Array) -> Callable[[], Array]:
        """Return what runs a batch again and again."""
        return lambda: self.run(uniform, lanes, True)[0]

    def repeated(self, *given: Any) -> None:
        """Return None: only native code can."""

    def run(
        self, uniform: Array, lanes: Array, reduce: bool
    ) -> tuple[Array, Array | None]:
        """Run a batch."""
        count = lanes.shape[1]
        size = len(self.lowered.outputs)
        chunks = -(-count // CHUNK)
        found = np.empty((size, chunks if reduce else count))
        held = np.ones(count, bool) if self.lowered.guards else None
        with np.errstate(all="ignore"):
            for start in range(0, count, BLOCK):
                block = slice(start, min(start + BLOCK, count))
                slots = self._slots(uniform, lanes[:, block])
                outputs = np.empty((size, block.stop - start))
                for row, place in zip(outputs, self.lowered.outputs, strict=True):
                    row[...] = slots[place]
                if held is not None:
                    for place, wanted in self.lowered.guards:
                        held[block] &= slots[place] == wanted
                    if reduce:
                        outputs = np.where(held[block], outputs, 0.0)
                if reduce:
                    first = start // CHUNK
                    sums = chunk_sums(outputs)
                    found[:, first : first + sums.shape[1]] = sums
                else:
                    found[:, block] = outputs
        return (added(found) if reduce else found), held

    def _slots(self, uniform: Array, lanes: Array) -> list[Any]:
        moving, fixed = iter(lanes), iter(uniform)
        slots: list[Any] = [
            next(moving) if varies else next(fixed) for varies in self.varying
        ]
        slots += self.constants
        for function, operands, ends in self.steps:
            slots.append(function(*[slots[place] for place in operands]))
            for place in ends:  # its memory serves another
                slots[place] = None
        return slots


def prepare(program: Program, varying: tuple[bool, ...], *, exact: bool) -> NumPyRunner:
    """Return the runner of a program."""
    return NumPyRunner(program, varying, exact)
