"""Modes: `no_grad`, `record_sources`, `detect_anomaly`.

Every operation tests one thing, whether the list `ACTIVE` is empty. Only when some
thread is inside a mode does an operation look at its own thread's state.
"""

import inspect
import linecache
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ContextDecorator, contextmanager
from types import FrameType
from typing import Any, NamedTuple, Self

from .errors import ArgumentError

ACTIVE: list["_Mode"] = []
RUNS: list[None] = []  # the like for whoever makes a leaf: see `collect_leaves`


class Source(NamedTuple):
    """Where the user's code made a node: file, line number and function."""

    file: str
    line: int
    function: str

    @property
    def text(self) -> str:
        """The source line itself, stripped; empty where it can't be read."""
        return linecache.getline(self.file, self.line).strip()

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, in {self.function}: {self.text}"


class _ThreadState(threading.local):
    def __init__(self) -> None:
        self.entered: list[_Mode] = []
        self.leaves: list[Any] | None = None
        self.trace: Any = None  # the recording of a compiled function that is under way

    def _latest(self, *kinds: type) -> "_Mode | None":
        return next((m for m in reversed(self.entered) if isinstance(m, kinds)), None)

    @property
    def no_grad(self) -> bool:
        return isinstance(self._latest(no_grad, recording), no_grad)

    @property
    def sources(self) -> bool:
        return self._latest(record_sources, detect_anomaly) is not None

    @property
    def anomaly(self) -> "detect_anomaly | None":
        latest = self._latest(detect_anomaly)
        return latest if isinstance(latest, detect_anomaly) else None


STATE = _ThreadState()


class _Mode(ContextDecorator):
    """A context manager and decorator, for the current thread only; nests."""

    def __init__(self, *given: object) -> None:
        if given:
            name = type(self).__name__
            raise ArgumentError(
                f"{name} takes no arguments, got {given[0]!r}: write `with {name}():`, "
                f"or @{name}() with brackets above a function"
            )

    def __call__(self, function: Any) -> Any:
        """Decorate a function; what stops half-way needs `with` inside of it."""
        flags = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
        code = getattr(function, "__code__", None)
        if code is not None and code.co_flags & flags:
            name = type(self).__name__
            raise ArgumentError(
                f"@{name}() would end before the body of {function.__name__} runs, "
                f"which is a generator or async function: write `with {name}():` in it"
            )
        return super().__call__(function)

    def __enter__(self) -> Self:
        ACTIVE.append(self)
        STATE.entered.append(self)
        # A generator may be closed in another thread than the one that it entered in.
        self.__dict__.setdefault("homes", []).append(STATE.entered)
        return self

    def __exit__(self, *_: object) -> None:
        ACTIVE.pop()  # whose entry it is does not matter, their number does
        # The latest entry of this very object; modes may end out of order.
        entered = self.__dict__["homes"].pop()
        del entered[max(i for i, mode in enumerate(entered) if mode is self)]


class no_grad(_Mode):
    """Compute without recording: results are leaves.

    >>> from autograd import Value, no_grad
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.is_leaf, y.data
    (True, 9.0)

    Works as a decorator too, nests, and holds for the current thread only.
    """


class recording(_Mode):
    """Record even inside `no_grad`: what the derivative of a function needs."""


class record_sources(_Mode):
    """Record for each new node the user's file and line, as `v.source`.

    >>> from autograd import Value, record_sources
    >>> with record_sources():
    ...     y = Value(3.0) * 2
    >>> y.source.line
    2

    Raises `ArgumentError` where it is given arguments.
    """


class detect_anomaly(_Mode):
    """Name the operation that makes a NaN, at the next backward sweep.

    Inside this block (and only for graphs recorded inside it with their source lines)
    a backward sweep raises `AnomalyError` for the first operation, forward or backward,
    whose operands are no NaN and whose result is one, unless its cotangent is zero: a
    NaN in a branch that `where` did not take is no anomaly. No `.grad` is touched then.
    With ``infinities=True`` an infinity made from finite operands counts too.

    >>> from autograd import Value, detect_anomaly, log
    >>> with detect_anomaly():
    ...     (2 * log(Value(-1.0, label="x"))).backward()
    Traceback (most recent call last):
    autograd.errors.AnomalyError: log made nan in the forward pass
      log(x) = nan, x = -1.0
      at <doctest ...>, line 2, in <module>: (2 * log(Value(...))).backward()
      path to the output: log → mul
    """

    def __init__(self, infinities: bool = False) -> None:
        super().__init__(*([infinities] if callable(infinities) else []))
        self.infinities = infinities


@contextmanager
def collect_leaves() -> Iterator[list[Any]]:
    """Collect the leaves that this thread makes inside; full at the end; nests."""
    made: list[Any] = []
    outer = STATE.leaves
    if outer is None:
        STATE.leaves = []
    all_made: list[Any] = STATE.leaves  # type: ignore[assignment]
    start = len(all_made)
    RUNS.append(None)
    try:
        yield made
    finally:
        STATE.leaves = outer  # at first: Ctrl-C may end what follows
        RUNS.pop()
        made += all_made[start:]


_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_LIBRARY_CODE = (_PACKAGE, os.path.join(os.path.dirname(_PACKAGE[:-1]), "nn") + os.sep)


def user_source() -> Source | None:
    """Return the innermost frame outside of this library, of NumPy and of `copy`."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        module = frame.f_globals.get("__name__", "")
        package = module.partition(".")[0]
        if not file.startswith(_LIBRARY_CODE) and package not in ("numpy", "copy"):
            return Source(file, frame.f_lineno, frame.f_code.co_name)
        frame = frame.f_back
    return None
