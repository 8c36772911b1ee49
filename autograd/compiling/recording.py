"""A recording of one function for one signature: its branches, each a program.

The numbers of a call decide which way the function's `if`s go; a program holds for the
calls that go the same way, which its guards tell. Programs are tried in the order in
which they were recorded; where no guard holds, the function is recorded once more.
"""

import inspect
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import NumberError, TracingError
from ..functions import outside
from ..structures import NUMBER, Structure, flatten
from ..value import Value
from .as_eager import DecidingTrace, ExactTrace, Undecided
from .backends import Backend, Runner
from .chains import Watched, relaxed
from .collect import collected
from .draft import Draft
from .garbage import uncollected
from .program import Program
from .signature import Numbers, rebuilt
from .simplify import simplified
from .tracers import Condition
from .tracing import Trace, tracing

# For each argument whether it varies in a batch, and how many numbers it has.
Layout = tuple[tuple[bool, int], ...]

MOST_BRANCHES = 64
MOST_GUARDS = 10_000


@dataclass
class Times:
    """Seconds spent, by stage."""

    recording: float = 0.0
    simplifying: float = 0.0


@dataclass(eq=False)
class Branch:
    """One way through a function: a program, what it reads, what it returns.

    draft: what was recorded, before it was relaxed and its sums were collected.
    captured: Values whose numbers follow those of the arguments. bounds: places of
    indices, each with the length that it must fit. results: how they are nested.
    """

    draft: Draft
    program: Program
    is_relaxed: bool
    captured: tuple[Value, ...]
    bounds: tuple[tuple[int, int], ...]
    results: Structure
    failed: int = 0  # calls in which the guards did not hold
    runners: dict[Layout, Runner] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.build = builder(self.results)

    @property
    def latest_runner(self) -> Any:
        """What runs the samples whose arguments vary as they last did."""
        runner: Any = next(reversed(self.runners.values()))
        return runner.fast if isinstance(runner, Watched) else runner

    def inputs(self, given: Numbers) -> Numbers:
        """Return the program's inputs: the arguments' numbers, those of captured."""
        if not self.captured:
            return given
        return given + array("d", [value.data for value in self.captured])


@dataclass(frozen=True)
class Subject:
    """What is recorded, and how.

    indices: which of its arguments are whole numbers that may change.
    """

    function: Callable[..., Any]
    name: str
    indices: tuple[int, ...]
    backend: Backend
    exact: bool
    most_branches: int
    times: Times = field(default_factory=Times)


class Recordings:
    """All branches of a function for one signature."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.branches: list[Branch] = []
        self.used = 0
        self._lock = threading.RLock()

    @property
    def unconditional(self) -> bool:
        """Whether one program serves all calls, unchecked, whatever their numbers."""
        first = self.branches[0]
        return not (first.program.guards or first.bounds)

    def run_one(
        self, numbers: Numbers, args: Sequence[Any], keywords: dict[str, Any]
    ) -> Any:
        """Return the function's result for one call; its arguments' numbers first."""
        branches, tried = self.branches, 0
        while True:
            while tried < len(branches):
                branch = branches[tried]
                runner = branch.runners.get(()) or self.runner(branch, ())
                found, held = runner.run_one(branch.inputs(numbers))
                if held:
                    if branch.bounds:  # a call of another branch need not fit them
                        check_bounds(branch, numbers)
                    if isinstance(found, list):
                        return branch.results.build(found)
                    return branch.build(found)
                branch.failed += 1
                tried += 1
            with uncollected():
                self.record(Call(args, keywords, numbers), tried)
                self.runner(branches[tried], ())

    def record(self, call: "Call", known: int) -> None:
        """Add the branch that this call takes, unless another thread has added one."""
        with self._lock:
            if len(self.branches) > known:
                return
            if known >= self.subject.most_branches:
                choices = (
                    "; with exact=True each choice in a derivative of a derivative is "
                    "a branch, such as which side relu is on, with exact=False it is "
                    "none"
                )
                raise TracingError(
                    f"{self.subject.name} has taken {known} different branches for "
                    f"arguments of one kind, each of them a recording of its own: "
                    f"choose with where(condition, a, b) in place of `if`, or allow "
                    f"more by compile(..., max_branches={2 * known})"
                    f"{choices if self.subject.exact else ''}"
                )
            self.branches.append(self._recorded(call))

    @uncollected()
    def _recorded(self, call: "Call") -> Branch:
        start = time.perf_counter()
        draft, trace, structure = traced(self.subject, call)
        middle = time.perf_counter()
        fast = relaxed(draft.verify())
        program = collected(fast or draft, exact=self.subject.exact).verify()
        self.subject.times.recording += middle - start
        self.subject.times.simplifying += time.perf_counter() - middle
        captured, bounds = tuple(trace.captured), tuple(sorted(trace.bounds))
        found = captured, bounds, structure
        return Branch(draft, program, fast is not None, *found)

    def without_guards(self, branch: Branch) -> "Recordings":
        """Return one branch for calls that are known to take it."""
        found = Recordings(self.subject)
        program = replace(branch.program, guards=())
        found.branches = [
            replace(
                branch,
                draft=replace(branch.draft, guards=()),
                program=simplified(program, exact=self.subject.exact),
                bounds=(),
                runners={},
            )
        ]
        return found

    def runner(self, branch: Branch, layout: Layout) -> Runner:
        """Return what runs a branch where these arguments vary; () for one sample."""
        found = branch.runners.get(layout)
        if found is None:
            with self._lock:
                fixed = [False] * (len(branch.program.inputs) - len(expanded(layout)))
                varying = (*expanded(layout), *fixed)
                found = self._prepared(branch.program, varying)
                if branch.is_relaxed:
                    found = Watched(found, lambda: self._strict(branch, varying))
                branch.runners[layout] = found
        return found

    def _prepared(self, program: Program, varying: tuple[bool, ...]) -> Runner:
        return self.subject.backend.prepare(program, varying, exact=self.subject.exact)

    def _strict(self, branch: Branch, varying: tuple[bool, ...]) -> Runner:
        start = time.perf_counter()
        recorded = branch.draft.program()
        program = simplified(recorded, exact=self.subject.exact)
        self.subject.times.simplifying += time.perf_counter() - start
        return self._prepared(program, varying)


@uncollected()
def traced(subject: Subject, call: "Call") -> tuple[Draft, Trace, Structure]:
    """Record a function; return the draft, the recording, how results are nested."""
    if not subject.exact:
        return _traced(subject, call, Trace)
    try:
        return _traced(subject, call, ExactTrace)
    except Undecided:
        return _traced(subject, call, DecidingTrace)


def _traced(
    subject: Subject, call: "Call", kind: type[Trace]
) -> tuple[Draft, Trace, Structure]:
    name = subject.name
    with tracing(kind, MOST_GUARDS) as trace:
        rest = iter(call.numbers)

        def make(name: str, index: bool) -> Any:
            return trace.input(name, next(rest), index)

        args, keywords = call.rebuilt(subject, make)
        result = subject.function(*args, **keywords)
        _check_result(name, result)
        flat, structure = flatten(result, f"the result of {name}")
        return trace.finish(flat), trace, structure


@dataclass
class Call:
    """One call: its arguments, and their numbers in the order of the inputs."""

    args: Sequence[Any]
    keywords: dict[str, Any]
    numbers: Numbers

    def rebuilt(
        self, subject: Subject, make: Callable[[str, bool], Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments with `make(name, is index)` in place of each number."""
        names = _parameter_names(subject.function, len(self.args))
        args = [
            rebuilt(x, make, names[i], i in subject.indices)
            for i, x in enumerate(self.args)
        ]
        keywords = {key: rebuilt(x, make, key) for key, x in self.keywords.items()}
        return args, keywords


def expanded(layout: Layout) -> list[bool]:
    """Return for each number of the arguments whether it varies."""
    return [varies for varies, count in layout for _ in range(count)]


def builder(structure: Structure, start: int = 0) -> Callable[[Any], Any]:
    """Return what builds the results, nested as the function's, from the outputs.

    It takes an array whose numbers from `start` on they are; arrays are views of it.
    """
    kind, end = structure.kind, start + structure.size
    if kind == "number":
        return lambda found: float(found[start])
    if kind == "array":
        part, shape = slice(start, end), structure.keys
        if len(shape) == 1:
            return lambda found: found[part]
        return lambda found: found[part].reshape(shape)
    if kind is list and all(child is NUMBER for child in structure.children):
        return lambda found: found[start:end].tolist()
    parts = []
    for child in structure.children:
        parts.append(builder(child, start))
        start += child.size
    if kind is list:
        return lambda found: [part(found) for part in parts]
    if kind is tuple:
        return lambda found: tuple([part(found) for part in parts])

    def other(found: Any) -> Any:
        rest = iter(parts)
        return container.fill(lambda _: next(rest)(found))

    # Its items are built above: for `fill` each of them is a leaf.
    leaves = tuple(NUMBER for _ in parts)
    container = replace(structure, children=leaves)
    return other


def check_bounds(branch: Branch, numbers: Any) -> None:
    """Raise IndexError for an index outside of what it chooses from.

    numbers: of one sample, or an array of those of each sample.
    """
    for place, length in branch.bounds:
        low, high = _range(numbers[place])
        if low < -length or high >= length:
            raise outside(int(low if low < -length else high), length)


def _range(x: Any) -> tuple[Any, Any]:
    return (x.min(), x.max()) if hasattr(x, "min") and x.size else (x, x)


def _parameter_names(function: Any, count: int) -> list[str]:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL]
    return [*names, *(f"arg{i}" for i in range(len(names), count))]


def _check_result(name: str, result: Any) -> None:
    if result is None:
        raise NumberError(
            f"{name} returned None: a compiled function returns what it computes, and "
            f"has no side effects"
        )
    if isinstance(result, Condition | bool):
        raise NumberError(
            f"{name} returned a condition: return a number, such as "
            f"where(condition, 1.0, 0.0)"
        )
