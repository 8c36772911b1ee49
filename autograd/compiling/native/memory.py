"""What one call runs in: the array of arguments and the memory that it names."""

from typing import Any

import numpy as np

from .kernel import ARGUMENTS, Kernel
from .shapes import LANES

__all__ = ["Memory", "aligned"]

Array = Any
_PLACES = {name: i for i, name in enumerate(ARGUMENTS)}


class Memory:
    """The arguments and memory of a call; calls that run at once have one each."""

    def __init__(self, kernel: Kernel) -> None:
        self.arguments = np.zeros(len(ARGUMENTS), np.int64)
        self.address = _address(self.arguments)
        self.kept = np.empty(kernel.kept)
        self.scratch = np.empty(kernel.scratch + LANES)
        self.sums: Array = None
        if kernel.varying == 0:
            self.outputs = np.empty(kernel.outputs)
            self.held = np.ones(LANES, bool)
            self.set(o=_address(self.outputs), s=1, m=_address(self.held))
        self.set(h=_address(self.kept), b=aligned(self.scratch))

    def set(self, **given: int) -> None:
        """Set arguments."""
        for name, x in given.items():
            self.arguments[_PLACES[name]] = x

    def point(self, uniform: Array, lanes: Array, outputs: Array, held: Array) -> None:
        """Take inputs and outputs."""
        self.arrays = (uniform, lanes, outputs, held)
        count = lanes.shape[1]
        self.set(
            u=_address(uniform),
            x=_address(lanes),
            n=count,
            o=_address(outputs),
            s=0 if outputs.ndim == 1 else outputs.shape[1],
            m=0 if held is None else _address(held),
        )

    def follow(self, other: "Memory") -> None:
        """Take another's arguments; what is computed between them lies in its own."""
        own = self.arguments[_PLACES["b"]]
        self.arguments[:] = other.arguments
        self.set(b=own)

    def span(self, count: int, first: int, end: int) -> None:
        """Take the chunks to run over."""
        self.set(count=count, first=first, end=end)


def _address(x: Array) -> int:
    address: int = x.__array_interface__["data"][0]
    return address


def aligned(x: Array) -> int:
    """Return the first address in an array at which a vector may lie."""
    return -(-_address(x) // 64) * 64
