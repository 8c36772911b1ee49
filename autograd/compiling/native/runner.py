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

from ...errors import ArgumentError
from ..program import Program
from .engine import Cancelled
from .kernel import CHUNK, SMALL, Kernel, kernel
from .shapes import LANES
from .version import Version

__all__ = ["Runner"]

# Work is counted in instructions on a tile (or on one sample).
HEAT = (300_000, 10_000_000)  # so much done, and code of level 1, 2 is worth making

Array = Any


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
        if not any(varying):
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

    @property
    def llvm(self) -> str:
        """The code in LLVM's language."""
        return "\n".join(self._latest().version.kernel.modules)

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
        code = self._code(False)
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
        uniform = np.ascontiguousarray(uniform, float)
        count = lanes.shape[1]
        if not any(self._varying):
            return self._run_alike(uniform, count, reduce)
        lanes = np.ascontiguousarray(lanes, float)
        code = self._code(reduce)
        version = code.version
        padded = -(-count // LANES) * LANES
        rows = version.kernel.outputs
        outputs = np.zeros(rows) if reduce else np.empty((rows, padded))
        held = np.empty(padded, bool) if version.kernel.guarded else None
        if count:
            memory = version.memory()
            memory.point(uniform, lanes, outputs, held)
            version.execute(memory, count, version.threads(count, self._threads))
            version.free.append(memory)
            if code.left > 0:
                code.count(version.work(count))
        if not reduce:
            outputs = outputs[:, :count]
        return outputs, None if held is None else held[:count]

    def _run_alike(
        self, uniform: Array, count: int, reduce: bool
    ) -> tuple[Array, Array | None]:
        """Run a batch in which nothing varies."""
        found, held = self.run_one(array("d", uniform.tobytes()))
        guarded = self._code(False).version.kernel.guarded
        all_held = np.full(count, held) if guarded else None
        if not reduce:
            return np.repeat(found[:, None], count, axis=1), all_held
        if count > 1:
            raise ArgumentError(f"{count} samples in which no number varies")
        return (found if held and count else np.zeros(len(found))) + 0.0, all_held

    def bind(
        self, uniform: Array, lanes: Array, outputs: Array
    ) -> Callable[[], Array | None]:
        """Return a function that runs the batch in these arrays, again and again.

        Each call reads `uniform` and `lanes` anew, puts the sums over the samples whose
        guards held into `outputs`, and returns for each sample whether they held, None
        without guards. The arrays are float64 and contiguous; they are kept, not
        copied, so that a call takes under a microsecond besides the work.

        Raises `ArgumentError` for other arrays.
        """
        code = self._code(any(self._varying))
        kernel = code.version.kernel
        shapes = {
            "uniform": (uniform, (len(self._varying) - kernel.varying,)),
            "lanes": (lanes, (kernel.varying, *lanes.shape[1:2])),
            "outputs": (outputs, (kernel.outputs,)),
        }
        for name, (each, shape) in shapes.items():
            whole = each.dtype == float and each.flags.c_contiguous
            if not whole or each.shape != shape or (each is lanes) != (each.ndim == 2):
                raise ArgumentError(
                    f"{name} must be a contiguous float64 array of shape {shape}, got "
                    f"{each.dtype} {each.shape}"
                )
        if not kernel.varying:
            return partial(self._run_into, uniform, lanes, outputs)
        return _Bound(code, (uniform, lanes, outputs), self._threads).call

    def _run_into(self, uniform: Array, lanes: Array, outputs: Array) -> Array | None:
        outputs[:], held = self.run(uniform, lanes, True)
        return held


class _Code:
    """A program's code: the version that runs now, and when a better one is due."""

    def __init__(self, make: Callable[..., Kernel], level: int | None) -> None:
        self._make = make
        self.seconds = 0.0  # spent on making code
        self.version = self._made(level or 0, lambda: False)
        self._next = [] if level is not None else list(enumerate(HEAT, 1))
        if self.version.kernel.weight > SMALL:
            self._next = []  # takes long to make better, and gains little
        self.left = self._next[0][1] if self._next else 0  # work until it is due
        self._lock = threading.Lock()

    def count(self, work: int) -> None:
        """Count work done; once it is much, make better code in the background."""
        with self._lock:  # of threads that count at once, one asks for the code
            due = 0 < self.left <= work
            self.left -= work
            if not due:
                return
            level, _ = self._next.pop(0)
        _background().submit(self._improve, level)

    def _made(self, level: int, cancelled: Callable[[], bool]) -> Version:
        start = time.perf_counter()
        made = Version(self._make(level=level), level, cancelled)
        self.seconds += time.perf_counter() - start
        return made

    def _improve(self, level: int) -> None:
        try:
            self.version = self._made(level, _is_ending)
        except Cancelled:
            return
        if self._next:
            self.left = self._next[0][1]


class _Bound:
    """A batch whose arrays stay the same."""

    def __init__(
        self, code: _Code, arrays: tuple[Array, ...], wanted: int | None
    ) -> None:
        self.code, self.arrays = code, arrays
        self.samples = arrays[1].shape[1]
        guarded = code.version.kernel.guarded
        padded = np.empty(-(-self.samples // LANES) * LANES, bool) if guarded else None
        self.padded = padded
        self.held = None if padded is None else padded[: self.samples]
        self.wanted = wanted
        self.version: Version | None = None

    def follow(self, version: Version) -> None:
        """Take another version's code, and memory for it."""
        uniform, lanes, outputs = self.arrays
        self.memory = version.memory()
        self.memory.point(uniform, lanes, outputs, self.padded)
        self.threads = version.threads(self.samples, self.wanted)
        self.memory.span(self.samples, 0, -(-self.samples // CHUNK))
        self.work = version.work(self.samples)
        self.version, self.run, self.address = version, version.run, self.memory.address

    def call(self) -> Array | None:
        code = self.code
        if self.version is not code.version:
            self.follow(code.version)
        if self.threads == 1 and self.samples:
            self.run(self.address)
        else:
            self.shared()
        if code.left > 0:
            code.count(self.work)
        return self.held

    def shared(self) -> None:
        if not self.samples:
            self.arrays[2][:] = 0.0
            return
        assert self.version is not None
        self.version.execute(self.memory, self.samples, self.threads)


def _is_ending() -> bool:
    """Tell whether the interpreter is about to end, and waits for its threads."""
    return not threading.main_thread().is_alive()


@cache
def _background() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="autograd-compiler")


if hasattr(os, "register_at_fork"):  # a child has no other threads
    os.register_at_fork(after_in_child=_background.cache_clear)
