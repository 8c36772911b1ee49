"""Runners: a program's native code, with memory to run in, for one sample or many."""

import os
import threading
import time
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

import numpy as np

from ..program import Program
from .engine import Cancelled
from .kernel import SMALL, Kernel, kernel
from .shapes import LANES
from .version import Version

__all__ = ["Runner"]

# Work is counted in instructions on a tile (or on one sample).
HEAT = (300_000, 10_000_000)  # so much done, and code of level 2, 3 is worth making
# A large program's table is followed at first. Code of its own (level 1) takes about as
# long to make as this many runs would gain by it, if each instruction of the table were
# one of the machine; where there are 3 or more of the machine's in each, dots of many
# terms or 8 instructions at once, it gains nothing.
PATIENCE = 5_000
GAINLESS = 3

Array = Any


class Runner:
    """Runs one program, some of whose inputs vary from sample to sample.

    level: 0 to 3 forces the code's level (0: a table is followed); None begins with 0,
    or 1 for a small program, and makes better code in the background once the program
    has run much. threads: how many share a large batch; None takes all processors.
    Neither changes a bit of the results.
    """

    def __init__(
        self,
        program: Program,
        varying: tuple[bool, ...],
        *,
        exact: bool,
        level: int | None = None,
        threads: int | None = None,
    ) -> None:
        self._program, self._varying, self._exact = program, varying, exact
        self._level, self._threads = level, threads
        self._codes: dict[bool, _Code] = {}
        self._lock = threading.Lock()
        self._varies = any(varying)
        if not self._varies:
            self._code(False)  # of batches it is not yet known if they are added up

    def _code(self, sums: bool) -> "_Code":
        """Return the code for samples of their own, or for sums over a batch."""
        found = self._codes.get(sums)
        if found is None:
            with self._lock:
                found = self._codes.get(sums)
                if found is None:
                    found = self._codes[sums] = _Code(
                        partial(
                            kernel,
                            self._program,
                            self._varying,
                            exact=self._exact,
                            sums=sums,
                        ),
                        self._level,
                    )
        return found

    def version(self, sums: bool) -> Version:
        """Return the code that runs now for samples of their own, or for sums."""
        return (self._codes.get(sums) or self._code(sums)).version

    def count(self, sums: bool, work: int) -> None:
        """Count work that others have done by the code."""
        code = self._codes[sums]
        if code.left > 0:
            code.count(work)

    @property
    def llvm(self) -> str:
        """The code in LLVM's language; where a table is followed, what would be it."""
        return "\n".join(self._latest().text)

    @property
    def seconds(self) -> float:
        """The time that went into making code so far."""
        return sum(code.seconds for code in self._codes.values())

    @property
    def level(self) -> int:
        """The level of the code that runs now."""
        return self._latest().version.level

    def _latest(self) -> "_Code":
        if not self._codes:
            self._code(False)
        return next(reversed(self._codes.values()))

    def run_one(self, numbers: "array[float]") -> tuple[Array, bool]:
        """Run one sample; no input varies."""
        code = self._codes.get(False) or self._code(False)
        version = code.version
        memory = version.memory()
        memory.arguments[0] = numbers.buffer_info()[0]
        version.run(memory.address)
        found, held = memory.outputs.copy(), bool(memory.held[0])
        version.free.append(memory)
        if code.left > 0:
            code.count(version.kernel.weight)
        return found, held

    def run(
        self, uniform: Array, lanes: Array, reduce: bool
    ) -> tuple[Array, Array | None]:
        """Run a batch: see `backends.Runner`."""
        count = lanes.shape[1]
        if not self._varies:
            return self._run_alike(uniform, count, reduce)
        code = self._codes.get(reduce) or self._code(reduce)
        version = code.version
        kernel = version.kernel
        if not (lanes.flags.c_contiguous and lanes.dtype == float):
            lanes = np.ascontiguousarray(lanes, float)
        padded = -(-count // LANES) * LANES
        held = np.empty(padded, bool) if kernel.guarded else None
        outputs = None if reduce else np.empty((kernel.outputs, padded))
        memory = version.memory()
        memory.uniform[:] = uniform
        memory.point(lanes, held, outputs)
        if count:
            threads = version.threads(count, self._threads)
            version.execute(memory, count, threads, (lanes, outputs))
            if code.left > 0:
                code.count(version.work(count))
        else:
            memory.outputs[:] = 0.0
        found = memory.outputs.copy() if outputs is None else outputs[:, :count]
        version.free.append(memory)
        return found, None if held is None else held[:count]

    def summing(self, uniform: Array, lanes: Array) -> Callable[[], Array]:
        """Return what runs a batch again and again: see `backends.Runner`."""
        count = lanes.shape[1]
        if self._program.guards or not (self._varies and count):
            return lambda: self.run(uniform, lanes, True)[0]
        code = self._codes.get(True) or self._code(True)
        version: Any = None
        native: Any = None  # where the version, its memory and threads are the same
        memory: Any = None
        work = threads = 0

        def run() -> Array:
            nonlocal version, native, memory, work, threads
            if code.version is not version:
                version = code.version
                native, memory = version.run, version.memory()
                work = version.work(count)
                threads = version.threads(count, self._threads)
                memory.share(uniform)
                memory.point(lanes, None)
                memory.span(count, 0, version.chunks(count))
            if threads == 1:
                native(memory.address)
            else:
                version.execute(memory, count, threads, (lanes, None))
            if code.left > 0:
                code.count(work)
            return memory.outputs.copy()

        return run

    def repeated(
        self,
        uniform: Array,
        first: int,
        lanes: Array,
        size: int,
        update: Any,
        counters: int,
        batch: int | None,
    ) -> Any:
        """Return what runs a batch and an update by turns: see `backends.Runner`."""
        if not (isinstance(update, Runner) and self._varies and update._varies):
            return None
        codes = self.version(True), update.version(False)
        alone = not any(code.kernel.guarded or code.calls_python for code in codes)
        if not alone or codes[0].threads(batch or lanes.shape[1], self._threads) > 1:
            return None
        from .repeated import Repeated

        return Repeated(self, lanes, uniform, first, update, size, counters, batch)

    def _run_alike(
        self, uniform: Array, count: int, reduce: bool
    ) -> tuple[Array, Array | None]:
        """Run a batch in which nothing varies."""
        found, held = self.run_one(array("d", uniform.tobytes()))
        guarded = self._code(False).version.kernel.guarded
        all_held = np.full(count, held) if guarded else None
        if not reduce:
            return np.repeat(found[:, None], count, axis=1), all_held
        total = np.asarray(found) * count if held and count else np.zeros(len(found))
        return total + 0.0, all_held


class _Code:
    """A program's code: the version that runs now, and when a better one is due."""

    def __init__(self, make: Callable[..., Kernel], level: int | None) -> None:
        self._make = make
        self.seconds = 0.0  # spent on making code
        self.version = self._made(level, lambda: False)
        # Later levels, each with the work until then.
        self._next = _better(self.version.kernel) if level is None else []
        self.left = self._next[0][1] if self._next else 0  # work until it is due
        self._asked = False  # for the next version
        self._lock = threading.Lock()

    @property
    def text(self) -> list[str]:
        """The modules of the program's own code, be it in use yet or not."""
        made = self.version.kernel
        return made.modules if made.level else self._make(level=1).modules

    def count(self, work: int) -> None:
        """Count work done; once it is much, make better code in the background.

        What two threads count at the same moment may count once: it is an estimate.
        """
        self.left -= work
        if self.left <= 0:
            self._ask()

    def _ask(self) -> None:
        with self._lock:  # of threads that get here at once, one asks for the code
            if self._asked:
                return
            self._asked = True
            level, _ = self._next.pop(0)
        _background().submit(self._improve, level)

    def _made(self, level: int | None, cancelled: Callable[[], bool]) -> Version:
        start = time.perf_counter()
        made = Version(self._make(level=level), cancelled)
        self.seconds += time.perf_counter() - start
        return made

    def _improve(self, level: int) -> None:
        try:
            self.version = self._made(level, _is_ending)
        except Cancelled:
            return
        if self._next:
            self.left = self._next[0][1]
            self._asked = False


def _better(kernel: Kernel) -> list[tuple[int, int]]:
    """Return the levels that come after a kernel's, with the work until then."""
    if kernel.weight <= SMALL:
        return list(enumerate(HEAT, kernel.level + 1))
    table = kernel.table
    if table is None or GAINLESS * table.instructions <= kernel.weight:
        return []
    return [(1, PATIENCE * kernel.weight**2 // table.instructions)]


def _is_ending() -> bool:
    """Tell whether the interpreter is about to end, and waits for its threads."""
    return not threading.main_thread().is_alive()


@cache
def _background() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="autograd-compiler")


if hasattr(os, "register_at_fork"):  # a child has no other threads
    os.register_at_fork(after_in_child=_background.cache_clear)
