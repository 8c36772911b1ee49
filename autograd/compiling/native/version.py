"""A kernel compiled at one level: it runs batches, alone or shared by threads."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from typing import Any

import numpy as np

from .calls import callable_at, in_python, symbols
from .engine import Library, compiled
from .handlers import CALLS
from .kernel import ATTRIBUTES, CHUNK, Kernel
from .memory import Memory, aligned
from .shapes import LANES
from .tabled import following

__all__ = ["Version"]

Array = Any

ROUND = 256  # chunks whose sums are kept before they are totalled, with threads
# Work is counted in instructions on a tile (or on one sample), about a nanosecond each.
SHARED = 1_000_000  # from here on threads share the work: to begin takes 0.1 ms


class Version:
    """A kernel compiled at one level, and memory that is free."""

    def __init__(self, kernel: Kernel, cancelled: Callable[[], bool]) -> None:
        self.kernel, self.level = kernel, kernel.level
        self.library = _library(kernel, cancelled)
        self.functions = {
            name: callable_at(self.library.addresses[name], kernel.calls)
            for name in kernel.functions
        }
        self.run = self.functions["run"]
        self.free: list[Memory] = []

    @property
    def calls_python(self) -> bool:
        """Whether it calls Python for some functions."""
        return any(map(in_python, self.kernel.calls))

    def memory(self) -> Memory:
        """Return memory to run in; append it to `free` afterwards."""
        try:
            return self.free.pop()
        except IndexError:
            return Memory(self.kernel)

    def work(self, count: int) -> int:
        """Return how much work so many samples are."""
        return self.kernel.weight * (-(-count // LANES))

    @staticmethod
    def chunks(count: int) -> int:
        """Return in how many chunks so many samples lie."""
        return -(-count // CHUNK)

    def threads(self, count: int, wanted: int | None) -> int:
        """Return how many threads share so many samples."""
        if wanted is None:
            wanted = _processors() if self.work(count) >= SHARED else 1
        return max(1, min(wanted, self.chunks(count)))

    def execute(
        self, memory: Memory, count: int, threads: int, arrays: tuple[Array, ...]
    ) -> None:
        """Run a batch that a memory points to; the arrays must live until it ends."""
        chunks = self.chunks(count)
        if threads == 1:
            memory.span(count, 0, chunks)
            self.run(memory.address)
        else:
            self._share(memory, count, chunks, threads, arrays)

    def _share(
        self,
        memory: Memory,
        count: int,
        chunks: int,
        threads: int,
        arrays: tuple[Array, ...],
    ) -> None:
        """Run a batch by several threads, each some chunks; sums are added in order."""
        functions = self.functions
        others = [self.memory() for _ in range(threads - 1)]
        sums = np.empty(ROUND * self.kernel.sums + LANES)
        start = aligned(sums)
        memory.set(sums=start)
        functions["before"](memory.address)
        for other in others:
            other.follow(memory)
        totals = functions.get("totals")
        length = ROUND if totals else chunks
        for first in range(0, chunks, length):
            end = min(chunks, first + length)
            cuts = [first + (end - first) * i // threads for i in range(threads + 1)]
            tasks: list[Future[None]] = []
            try:
                for i, each in enumerate([*others, memory]):
                    each.span(count, cuts[i], cuts[i + 1])
                    each.set(sums=start + (cuts[i] - first) * self.kernel.sums * 8)
                    if cuts[i] == cuts[i + 1]:
                        continue
                    if each is memory:
                        functions["chunks"](each.address)
                    else:
                        given = (self, each, memory, arrays, sums)
                        tasks.append(_pool(threads).submit(_chunks, *given))
            finally:
                wait(tasks)  # an interrupted batch leaves nobody at work in its arrays
            for task in tasks:
                task.result()
            if totals:
                memory.span(count, first, end)
                memory.set(sums=start)
                totals(memory.address)
        for other in others:
            other.leave()
        self.free += others


def _library(kernel: Kernel, cancelled: Callable[[], bool]) -> Library:
    if kernel.table is None:
        called = symbols(kernel.calls)
        given = kernel.modules, called, kernel.functions, kernel.level
        return compiled(*given, cancelled)
    if not kernel.modules:
        return _follower()
    interpret = {"interpret": _follower().addresses["interpret"]}
    return compiled(kernel.modules, interpret, kernel.functions, 1)


def _chunks(version: Version, memory: Memory, *_: object) -> None:
    """Run a thread's chunks; the other arguments are what must live until then."""
    version.functions["chunks"](memory.address)


def _processors() -> int:
    return (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else (os.cpu_count() or 1)
    )


@cache
def _follower() -> Library:
    """Return what follows tables, the same for all programs."""
    return compiled([following() + ATTRIBUTES], symbols(CALLS), ("run", "interpret"), 2)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="autograd-compiled")


if hasattr(os, "register_at_fork"):  # a child has no other threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
