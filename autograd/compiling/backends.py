"""Backends: what runs a program, by one contract; the best that is installed."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Protocol

from ..errors import ArgumentError, MissingExtraError
from .program import Program
from .signature import Numbers

Array = Any

NAMES = ("llvm", "numpy", "python")


class Runner(Protocol):
    """What runs one program, some of whose inputs vary from sample to sample.

    seconds: the time that went into making its code so far.
    """

    @property
    def seconds(self) -> float: ...  # noqa: D102

    def run(
        self, uniform: Array, lanes: Array, reduce: bool
    ) -> tuple[Array, Array | None]:
        """Run a batch; return the outputs, and for each sample if all guards held.

        uniform: the inputs that do not vary, (n,). lanes: those that do, (m, samples).
        Outputs are (outputs, samples), or with `reduce` the sum over the samples whose
        guards held, (outputs,). Without guards the second is None.
        """

    def run_one(self, numbers: Numbers) -> tuple[Any, bool]:
        """Run one sample; no input varies. Outputs are a list or an array."""

    def summing(self, uniform: Array, lanes: Array) -> Callable[[], Array]:
        """Return what runs this batch again and again, for programs without guards.

        It returns the outputs' sums. The numbers in both arrays, contiguous ones of
        doubles, may change in between.
        """

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
        """Return what runs this batch and an update by turns: see `native.repeated`.

        first: where in the inputs that do not vary there are the numbers, so many, that
        the update's runner moves. batch: how many samples make a step; None: all. None
        where this backend can't.
        """


class Backend(Protocol):
    """Makes runners."""

    def prepare(
        self, program: Program, varying: tuple[bool, ...], *, exact: bool
    ) -> Runner:
        """Return the runner for a program whose inputs vary where `varying` says."""


def backend_of(name: str | None) -> tuple[str, Backend]:
    """Return a backend and its name; of None the best that is installed.

    Raises `MissingExtraError` where "llvm" is asked for and llvmlite is missing.
    """
    if name not in (None, *NAMES):
        raise ArgumentError(
            f"backend is {', '.join(map(repr, NAMES))} or None, which takes the best "
            f"that is installed; got {name!r}"
        )
    installed = find_spec("llvmlite") is not None
    if name == "llvm" and not installed:
        raise MissingExtraError.of("llvmlite", "compile", "native code")
    if name == "llvm" or (name is None and installed):
        from . import native

        return "llvm", native
    if name == "python":
        from . import python_backend

        return "python", python_backend
    from . import numpy_backend

    return "numpy", numpy_backend
