"""What one call runs in: the array of arguments and the memory that it names."""

from collections.abc import Callable
from ctypes import addressof, c_char
from typing import Any
from weakref import ref

import numpy as np

from .kernel import ARGUMENTS, Kernel
from .shapes import LANES
from .tabled import HEADER

__all__ = ["Memory", "address", "aligned"]

Array = Any
_PLACES = {name: i for i, name in enumerate(ARGUMENTS)}
_COUNT, _FIRST, _END = (_PLACES[name] for name in ("count", "first", "end"))


class Memory:
    """The arguments and memory of a call; calls that run at once have one each.

    uniform: the inputs that do not vary. outputs: sums over a batch, or of one sample
    its results.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.arguments = np.zeros(len(ARGUMENTS), np.int64)
        self.address = address(self.arguments)
        self.kept = np.empty(kernel.kept)
        self.scratch = np.empty(kernel.scratch + LANES)
        self.uniform = np.empty(kernel.uniform)
        self.outputs = np.empty(kernel.outputs)
        self.held: Array = np.ones(LANES, bool)
        self.lanes: Callable[[], Array] = lambda: None
        self.set(
            u=address(self.uniform),
            h=address(self.kept),
            b=aligned(self.scratch),
            o=address(self.outputs),
            s=0 if kernel.varying else 1,
            m=address(self.held),
        )
        self._own = self.arguments.copy()
        if kernel.table:
            self._introduce(kernel)

    def _introduce(self, kernel: Kernel) -> None:
        """Write what those who follow a table must know."""
        table = kernel.table
        assert table
        end = table.start + len(table.constants)
        self.kept[table.start : end] = table.constants
        given = {
            "once": table.once.buffer_info()[0],
            "tile": table.tile.buffer_info()[0],
            "places": table.outputs.buffer_info()[0],
            "shared": kernel.uniform,
            "results": kernel.outputs,
            "guard": table.held,
            "inputs": kernel.varying,
        }
        first = (aligned(self.scratch) - address(self.scratch)) // 8
        header = self.scratch[first : first + len(HEADER)].view(np.int64)
        header[:] = [given.get(name, 0) for name in HEADER]

    def set(self, **given: int) -> None:
        """Set arguments."""
        for name, x in given.items():
            self.arguments[_PLACES[name]] = x

    def point(self, lanes: Array, held: Array, outputs: Array = None) -> None:
        """Take a batch's inputs, and where results go that are not sums."""
        if self.lanes() is not lanes:
            self.set(x=address(lanes), n=lanes.shape[1])
            self.lanes = ref(lanes)
        if held is not None:
            self.held = held
            self.set(m=address(held))
        if outputs is not None:
            self.set(o=address(outputs), s=outputs.shape[1])

    def share(self, uniform: Array) -> None:
        """Take the inputs that do not vary from where they are."""
        self.uniform = uniform
        self.set(u=address(uniform))

    def follow(self, other: "Memory") -> None:
        """Take another's arguments; what is computed between them lies in its own."""
        own = self.arguments[_PLACES["b"]]
        self.arguments[:] = other.arguments
        self.set(b=own)

    def leave(self) -> None:
        """Name its own memory again, after it has followed another."""
        self.arguments[:] = self._own
        self.lanes = lambda: None

    def span(self, count: int, first: int, end: int) -> None:
        """Take the chunks to run over."""
        arguments = self.arguments
        arguments[_COUNT], arguments[_FIRST], arguments[_END] = count, first, end


def address(x: Array) -> int:
    """Return where an array's numbers begin."""
    try:
        return addressof(c_char.from_buffer(x))
    except (TypeError, ValueError):  # read-only or empty: the slow way
        found: int = x.__array_interface__["data"][0]
        return found


def aligned(x: Array) -> int:
    """Return the first address in an array at which a vector may lie."""
    return -(-address(x) // 64) * 64
