"""`compile`: functions recorded once and run for new numbers; `vmap`."""

import sys
from array import array
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property, update_wrapper
from types import MethodType
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from ..modes import ACTIVE, STATE
from ..node import describe
from .backends import backend_of
from .program import Program
from .recent import Recent
from .recording import MOST_BRANCHES, Branch, Call, Recordings, Subject, traced
from .signature import LiveError, Numbers, call_key

if TYPE_CHECKING:
    from .planned import Batches
    from .samples import Samples

__all__ = ["Compiled", "Stats", "compile", "vmap"]

Axes = int | None | Sequence[int | None]
_MOST_SIGNATURES = 128


def compile(
    f: Callable[..., Any],
    *,
    index_argnums: int | tuple[int, ...] = (),
    exact: bool = False,
    backend: str | None = None,
    max_branches: int = MOST_BRANCHES,
) -> "Compiled":
    """Return f as a function that is recorded once and then run as a flat program.

    f takes floats, arrays of floats and nested lists, tuples and dicts of them, and
    returns such; derivatives need nothing special: ``compile(value_and_grad(loss))``.

    - Values that f closes over (a model's parameters) are read anew at each call, those
      that it met when it was recorded: assign to `w.data`, not a new Value to the name
      w. Plain numbers that it closes over, and what `v.data` gives, are constants.
    - ints, bools, strings, arrays of ints, and what lists and dicts of your own types
      have as attributes, are constants of a recording: a new one is recorded anew. An
      argument in `index_argnums` is a whole number that may change, for
      `take(values, index)` and comparisons.
    - Any other object is a constant, and what it holds is as what f closes over: so a
      method is recorded for each object, which `map` takes first.
    - where(x > 0, a, b) is computed without a branch. An `if` on a comparison takes the
      branch of this call's numbers; where others decide otherwise, f is recorded again.
    - f runs in Python only to be recorded: a side effect happens then and never again.

    exact: give the very bits of the eager run; otherwise results differ by a few units
        in the last place. (Where that run has no Values, NumPy and Python may round in
        ways of their own: `np.exp` of an array of floats, `np.sum`, `sum`.) It costs
        speed, and branches. Derivatives of derivatives branch by every choice (the side
        of a relu), by the index of a `take`, and by whether a factor from the arguments
        is 0 or 1; first derivatives by an index where the rows are computed and nothing
        before has used them all, and, if f closes over Values, by a result that is 0.
    backend: "llvm" (extra `compile`), "numpy", "python", or None for the best that is
        installed.
    max_branches: how many branches are kept.

    >>> import autograd
    >>> step = autograd.compile(autograd.value_and_grad(lambda w, x: (w * x - 1) ** 2))
    >>> step(2.0, 3.0)
    (25.0, 30.0)
    >>> step.map(2.0, [3.0, 4.0], in_axes=(None, 0), reduce="mean")
    (37.0, 43.0)

    Raises `ArgumentError` for wrong options, `TracingError` where f asks for a number
    that is not known while it is recorded, `MissingExtraError` for a backend that is
    not installed.
    """
    if not callable(f):
        raise ArgumentError(f"compile takes a function, got {describe(f)}")
    indices = index_argnums if isinstance(index_argnums, tuple) else (index_argnums,)
    for place in indices:
        if not isinstance(place, int) or isinstance(place, bool) or place < 0:
            raise ArgumentError(
                f"index_argnums is the place of an argument, or a tuple of places, "
                f"counted from 0; got {index_argnums!r}"
            )
    if type(exact) is not bool:
        raise ArgumentError(f"exact is True or False, got {exact!r}")
    if type(max_branches) is not int or max_branches < 1:
        raise ArgumentError(f"max_branches is an int from 1 on, got {max_branches!r}")
    return Compiled(f, indices, exact, backend, max_branches)


class Stats(dict[str, Any]):
    """What a compiled function has done so far, as a dict that prints as a table."""

    def __str__(self) -> str:
        width = max(map(len, self))
        return "\n".join(f"{key:{width}}  {value}" for key, value in self.items())


class Compiled:
    """A compiled function: see `compile`, which makes it."""

    def __init__(
        self,
        f: Callable[..., Any],
        indices: tuple[int, ...],
        exact: bool,
        backend: str | None,
        most_branches: int,
    ) -> None:
        update_wrapper(self, f)
        self._given = f, indices, exact, backend, most_branches
        self._function, self._indices = f, indices
        self._name = getattr(f, "__name__", type(f).__name__)
        self._backend_name, by = backend_of(backend)
        self._subject = Subject(f, self._name, indices, by, exact, most_branches)
        self._recordings: Recent[Recordings] = Recent(_MOST_SIGNATURES)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Return f's result; with Values among the arguments, run f itself on them."""
        if ACTIVE and STATE.trace is not None:
            return self._function(*args, **keywords)
        numbers: Numbers = array("d")
        try:
            key = call_key(args, keywords, self._indices, numbers)
        except LiveError:
            return self._function(*args, **keywords)
        return self._for(key).run_one(numbers, args, keywords)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Bind a method to its object, as a class does with its functions."""
        return self if instance is None else MethodType(self, instance)

    def _for(self, key: Hashable) -> Recordings:
        """Return the recordings for a signature, the least recent ones given up."""
        return self._recordings.get(key) or self._recordings.add(
            key, Recordings(self._subject)
        )

    @cached_property
    def _batches(self) -> "Batches":
        from .planned import Batches

        return Batches(self._subject, self._for)

    def map(self, *args: Any, in_axes: Axes = 0, reduce: str | None = None) -> Any:
        """Return f of each sample of a batch, or their sum or mean.

        in_axes: for each argument the axis along which the samples lie, None for one
        that all samples share; an int stands for all arguments. A list holds a sample
        at each place. reduce: None gives the results with the samples along a first
        axis, "sum" and "mean" one result. With Values among the arguments, f itself
        runs on each sample, so that derivatives go on.

        >>> import autograd, numpy as np
        >>> square = autograd.compile(lambda x: x * x)
        >>> square.map(np.array([1.0, 2.0, 3.0]))
        array([1., 4., 9.])

        Raises `ArgumentError` where in_axes or the numbers of samples do not fit.
        """
        return self._batches.run(args, in_axes, reduce)

    def samples(self, *args: Any, in_axes: Axes = 0) -> "Samples":
        """Lay out a batch once that shall run many times, all of it or some samples.

        For training: `Samples.bind` names the Values that f closes over and whose
        numbers change from run to run, `Samples.total` takes these numbers and gives
        the sums of f's results over the samples, both as flat arrays.

        >>> import autograd, numpy as np
        >>> w = autograd.Value(2.0)
        >>> fast = autograd.compile(lambda x: [w * x, x * x])
        >>> samples = fast.samples(np.array([1.0, 2.0, 3.0]))
        >>> samples.bind([w])
        >>> samples.total(np.array([10.0]))
        array([60., 14.])
        >>> samples.total(np.array([10.0]), rows=np.array([0, 2]))
        array([40., 10.])

        Raises `ArgumentError` as `map` does, and for Values among the arguments.
        """
        from .samples import Samples

        return Samples(self._name, self._for, args, in_axes, self._indices)

    def record(self, *args: Any, **keywords: Any) -> Program:
        """Return the program of a recording made now, as written, and not kept.

        Two recordings differ where f does not do the same each time.

        >>> import autograd
        >>> fast = autograd.compile(lambda x: x * x + 1)
        >>> print(fast.record(2.0))
        program(x):
            v0 = x * x
            v1 = v0 + 1.0
            return v1

        Raises what f and `compile` raise.
        """
        numbers: Numbers = array("d")
        try:
            call_key(args, keywords, self._indices, numbers)
        except LiveError:
            raise ArgumentError(
                f"{self._name} is recorded for plain numbers, not for Values"
            ) from None
        draft, *_ = traced(self._subject, Call(args, keywords, numbers))
        return draft.verify().program()

    @property
    def program(self) -> Program:
        """The program of the latest recording, as it is run."""
        return self._latest().program

    @property
    def llvm(self) -> str:
        """The native code of the latest recording, in LLVM's language.

        Raises `ArgumentError` where another backend runs it.
        """
        if self._backend_name != "llvm":
            raise ArgumentError(
                f"{self._name} is run by the backend {self._backend_name!r}, which has "
                f'no native code: compile(f, backend="llvm") has, with the extra '
                f"compile installed"
            )
        found: str = self._latest().latest_runner.llvm
        return found

    def _latest(self) -> Branch:
        for recordings in reversed(list(self._recordings)):
            if recordings.branches:
                return recordings.branches[-1]
        raise ArgumentError(f"{self._name} has not been recorded yet: call it first")

    def stats(self) -> Stats:
        """Return what was recorded and how long it took; print it for a table.

        Its constants are the plain numbers that f closed over or wrote out.
        """
        branches = [b for r in self._recordings for b in r.branches]
        latest = branches[-1].program if branches else None
        return Stats(
            backend=self._backend_name,
            signatures=len(self._recordings),
            recordings=len(branches),
            guards_failed=sum(branch.failed for branch in branches),
            instructions=sum(len(branch.program.code) for branch in branches),
            recorded_instructions=sum(len(branch.draft.chosen) for branch in branches),
            slots=sum(branch.program.size for branch in branches),
            captured=len(branches[-1].captured) if branches else 0,
            constants=latest.constants if latest else (),
            seconds_recording=self._subject.times.recording,
            seconds_simplifying=self._subject.times.simplifying,
            seconds_compiling=sum(
                runner.seconds for b in branches for runner in b.runners.values()
            ),
        )

    def __reduce__(self) -> Any:
        """Pickle or copy what it was made of, by name if it is a decorated function.

        Recordings are left behind: the copy makes its own.
        """
        name: str = getattr(self, "__qualname__", "")
        module = sys.modules.get(self.__module__)
        return name if getattr(module, name, None) is self else (Compiled, self._given)

    def __repr__(self) -> str:
        return f"<compiled {self._name}: {len(self._recordings)} signatures>"


def vmap(f: Callable[..., Any], in_axes: Axes = 0) -> Callable[..., Any]:
    """Return f for batches: each argument has a sample along its axis, results too.

    in_axes: as in `Compiled.map`. f is compiled.

    >>> import autograd, numpy as np
    >>> autograd.vmap(lambda w, x: w @ x, in_axes=(None, 0))(np.ones(2), np.eye(2))
    array([1., 1.])

    Raises `ArgumentError` for in_axes that do not fit the arguments, or arguments
    without samples, and what `compile` raises.
    """
    fast = f if isinstance(f, Compiled) else compile(f)

    def mapped(*args: Any) -> Any:
        return fast.map(*args, in_axes=in_axes)

    update_wrapper(mapped, f)
    return mapped
