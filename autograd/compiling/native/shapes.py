"""Shapes: an instruction on one double, or on a double of each of 8 samples.

What an operation is in LLVM's language is said once, for both.
"""

import struct
from dataclasses import dataclass

from ...floats import as_float

__all__ = ["LANES", "SCALAR", "VECTOR", "Shape"]

LANES = 8  # the same on every machine, so that sums have the same bits


@dataclass(frozen=True)
class Shape:
    """Names of types: of numbers, conditions, whole numbers; a suffix of intrinsics."""

    number: str
    condition: str
    whole: str
    suffix: str
    lanes: int

    def constant(self, x: float | bool) -> str:
        """Return a constant's text, the same in each lane."""
        if isinstance(x, bool):
            kind, text = "i1", "true" if x else "false"
        else:
            (bits,) = struct.unpack("<Q", struct.pack("<d", as_float(x)))
            kind, text = "double", f"0x{bits:016X}"
        return text if self.lanes == 1 else f"splat ({kind} {text})"

    def int(self, n: int) -> str:
        """Return a whole constant's text."""
        return str(n) if self.lanes == 1 else f"splat (i64 {n})"


SCALAR = Shape("double", "i1", "i64", "f64", 1)
VECTOR = Shape("<8 x double>", "<8 x i1>", "<8 x i64>", "v8f64", LANES)
