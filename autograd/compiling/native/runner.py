"""Runners: a program's native code, with memory to run in, for one sample or many."""

import os
import threading
from array import array
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from ..program import Program
from .engine import Cancelled, Library, compiled
from .kernel import ARGUMENTS, CHUNK, Kernel, kernel
from .shapes import LANES

__all__ = ["Runner"]

Array = Any

ROUND = 256  # chunks whose sums are kept before they are totalled, with threads
# Work is counted in instructions on a tile (or on one sample), about a nanosecond each.
SHARED = 400_000  # from here on threads share the work
HOT = 300_000  # so much done, and better code is worth making
LARGEST = 60_000  # instructions: beyond, better code takes too long to make


class Runner:
    """Runs one program, some of whose inputs vary from sample to sample.

    level: 0, 1 or 2 forces the code's level; None begins with 0 and makes better code
    in the background once the program has run much. threads: how many share a large
    batch; None takes all processors. Neither changes a bit of the results.
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
        self._code(False)

    def _code(self, sums: bool) -> "_Code":
        """Return the code for samples of their own, or for sums over a batch."""
        found = self._codes.get(sums)
        if found is None:
            with self._lock:
                found = self._codes.get(sums)
                if found is None:
                    made = kernel(
                        self._program, self._varying, exact=self._exact, sums=sums
                    )
                    found = _Code(made, self._level)
                    self._codes[sums] = found
        return found

    @property
    def llvm(self) -> str:
        """The code in LLVM's language."""
        return "\n".join(self._latest().kernel.modules)

    @property
    def level(self) -> int:
        """The level of the code that runs now."""
        return self._latest().level

    def _latest(self) -> "_Code":
        return next(reversed(self._codes.values()))

    def run_one(self, numbers: "array[float]") -> tuple[Array, bool]:
        """Run one sample; no input varies."""
        code = self._code(False)
        memory = code.memory()
        arguments = memory.arguments
        arguments[0], length = numbers.buffer_info()
        code.run(memory.address)
        found = memory.outputs.copy()
        held = bool(memory.held[0])
        code.free.append(memory)
        return found, held

    def run(
        self, uniform: Array, lanes: Array, reduce: bool
    ) -> tuple[Array, Array | None]:
        """Run a batch: see `backends.Runner`."""
        uniform = np.ascontiguousarray(uniform, float)
        if not any(self._varying):
            return self._run_single(uniform, lanes.shape[1], reduce)
        lanes = np.ascontiguousarray(lanes, float)
        code = self._code(reduce)
        count = lanes.shape[1]
        padded = -(-count // LANES) * LANES
        shape = code.kernel.outputs if reduce else (code.kernel.outputs, padded)
        outputs = np.zeros(shape) if reduce else np.empty(shape)
        held = np.empty(padded, bool) if code.kernel.guarded else None
        if count:
            memory = code.memory()
            memory.point(uniform, lanes, outputs, held)
            code.execute(memory, count, self._threads)
            code.free.append(memory)
        if not reduce:
            outputs = outputs[:, :count]
        return outputs, None if held is None else held[:count]

    def _run_single(self, uniform: Array, count: int, reduce: bool) -> Any:
        found, held = self.run_one(array("d", uniform.tobytes()))
        guarded = self._code(False).kernel.guarded
        all_held = np.full(count, held) if guarded else None
        if not reduce:
            return np.repeat(found[:, None], count, axis=1), all_held
        total = np.zeros(len(found))
        if held:
            for _ in range(count):
                total += found
        return total, all_held

    def bind(self, uniform: Array, lanes: Array, outputs: Array) -> Callable[[], None]:
        """Return a function that runs the batch in these arrays, again and again.

        Each call reads `uniform` and `lanes` anew and puts the sums over the samples
        whose guards held into `outputs`; it takes about a microsecond besides the work.
        The arrays are float64 and contiguous; they are kept, not copied.
        """
        for name, each in (
            ("uniform", uniform),
            ("lanes", lanes),
            ("outputs", outputs),
        ):
            if each.dtype != float or not each.flags.c_contiguous:
                raise ValueError(f"{name} is no contiguous array of float64")
        if not any(self._varying):
            return self._bind_single(uniform, outputs)
        code = self._code(True)
        if outputs.shape != (code.kernel.outputs,):
            raise ValueError(
                f"outputs has shape {outputs.shape}, but there are "
                f"{code.kernel.outputs} sums"
            )
        count = lanes.shape[1]
        held = np.empty(-(-count // LANES) * LANES, bool)
        memory = code.memory()
        memory.point(uniform, lanes, outputs, held)
        threads = code.threads(count, self._threads)
        if threads > 1 or not count:
            return lambda: code.execute(memory, count, threads)
        memory.span(count, 0, -(-count // CHUNK))
        address, work = memory.address, code.work(count)

        def call() -> None:
            code.run(address)
            if code.hurry > 0:
                code.count(work)

        call.memory = memory  # type: ignore[attr-defined]  # lives as long
        return call

    def _bind_single(self, uniform: Array, outputs: Array) -> Callable[[], None]:
        def call() -> None:
            outputs[:] = self._run_single(uniform, 1, True)[0]

        return call


class _Memory:
    """What one call runs in: the array of arguments and what it names."""

    def __init__(self, code: Kernel) -> None:
        self.arguments = np.zeros(len(ARGUMENTS), np.int64)
        self.address = _address(self.arguments)
        self.kernel = code
        self.kept = np.empty(code.kept)
        self.scratch = np.empty(code.scratch + LANES)
        self.sums: Array = None
        if code.varying == 0:
            self.outputs = np.empty(code.outputs)
            self.held = np.ones(LANES, bool)
            self.set(o=_address(self.outputs), s=1, m=_address(self.held))
        self.set(h=_address(self.kept), b=_aligned(self.scratch))

    def set(self, **given: int) -> None:
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

    def span(self, count: int, first: int, end: int) -> None:
        """Take the chunks to run over."""
        self.set(count=count, first=first, end=end)


_PLACES = {name: i for i, name in enumerate(ARGUMENTS)}


def _address(x: Array) -> int:
    address: int = x.__array_interface__["data"][0]
    return address


def _aligned(x: Array) -> int:
    """Return the first address in an array at which a vector may lie."""
    return -(-_address(x) // 64) * 64


class _Code:
    """A kernel's functions at their present level, and memory that is free."""

    def __init__(self, made: Kernel, level: int | None) -> None:
        self.kernel = made
        self.free: list[_Memory] = []
        self.hurry = 0 if level is not None else HOT  # work until it is hot
        self.use(self._compiled(level or 0), level or 0)

    def _compiled(self, level: int) -> Library:
        made = self.kernel
        return compiled(made.modules, made.calls, made.functions, level, _is_ending)

    def use(self, library: Library, level: int) -> None:
        """Switch to other functions; calls that run now end in the old ones."""
        self.level = level
        self._libraries = [*getattr(self, "_libraries", []), library]
        self.functions = library.functions
        self.run = library.functions["run"]

    def memory(self) -> _Memory:
        try:
            return self.free.pop()
        except IndexError:
            return _Memory(self.kernel)

    def work(self, count: int) -> int:
        """Return how much work so many samples are."""
        return self.kernel.weight * (-(-count // LANES))

    def threads(self, count: int, wanted: int | None) -> int:
        chunks = -(-count // CHUNK)
        if wanted is None:
            wanted = _processors() if self.work(count) >= SHARED else 1
        return max(1, min(wanted, chunks))

    def execute(self, memory: _Memory, count: int, wanted: int | None) -> None:
        """Run a batch that a memory points to."""
        chunks = -(-count // CHUNK)
        threads = self.threads(count, wanted)
        if threads == 1:
            memory.span(count, 0, chunks)
            self.run(memory.address)
        else:
            self._share(memory, count, chunks, threads)
        if self.hurry > 0:
            self.count(self.work(count))

    def _share(self, memory: _Memory, count: int, chunks: int, threads: int) -> None:
        """Run a batch by several threads, each some chunks; sums are added in order."""
        functions = self.functions
        others = [self.memory() for _ in range(threads - 1)]
        sums = np.empty(ROUND * self.kernel.sums + LANES)
        start = _aligned(sums)
        memory.set(sums=start)
        functions["before"](memory.address)
        for other in others:
            b = other.arguments[_PLACES["b"]]
            other.arguments[:] = memory.arguments
            other.arguments[_PLACES["b"]] = b
        totals = functions.get("totals")
        length = ROUND if totals else chunks
        for first in range(0, chunks, length):
            end = min(chunks, first + length)
            cuts = [first + (end - first) * i // threads for i in range(threads + 1)]
            tasks = []
            for i, each in enumerate([*others, memory]):
                each.span(count, cuts[i], cuts[i + 1])
                each.set(sums=start + (cuts[i] - first) * self.kernel.sums * 8)
                if cuts[i] == cuts[i + 1]:
                    continue
                if each is memory:
                    functions["chunks"](each.address)
                else:
                    tasks.append(
                        _pool(threads).submit(functions["chunks"], each.address)
                    )
            for task in tasks:
                task.result()
            if totals:
                memory.span(count, first, end)
                memory.set(sums=start)
                totals(memory.address)
        self.free += others

    def count(self, work: int) -> None:
        """Count work done; once it is much, make better code in the background."""
        self.hurry -= work
        if self.hurry <= 0 and self.kernel.weight <= LARGEST:
            _background().submit(self._improve)

    def _improve(self) -> None:
        try:
            for level in (1, 2):
                self.use(self._compiled(level), level)
        except Cancelled:
            pass


def _is_ending() -> bool:
    """Tell whether the interpreter is about to end, and waits for its threads."""
    return not threading.main_thread().is_alive()


def _processors() -> int:
    return (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else (os.cpu_count() or 1)
    )


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="autograd-compiled")


@cache
def _background() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="autograd-compiler")


os.register_at_fork(
    after_in_child=lambda: (_pool.cache_clear(), _background.cache_clear())
)
