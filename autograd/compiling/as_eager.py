"""Recordings with the very bits of the eager run, of derivatives of derivatives too.

A sum of floats has the bits of its order, and the order in which a sweep adds is that
of the graph. So the graph of a sweep must be that of the eager run, which

    computes on plain numbers what no Value takes part in   `ExactTrace.has_value`
    chooses at once: the other branch has no edge            `ExactValues.where`
    drops an edge whose partial is 0, passes on by one of 1  `ExactValues.settled`
    takes a row itself: `take` is no node                    `ExactValues.arranged`

Where the eager run sweeps on numbers, no graph comes out, and a choice is a term that
is 0 in other calls. Where it makes a graph, what shapes that is decided: guarded, so
that other numbers make a recording of their own. A graph that it makes only since the
function closes over Values is left undecided, until a sweep goes through it: then the
function is recorded again, by a `DecidingTrace`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..graph import topological_order
from ..kinds import FLOATS
from ..layout import is_number, operands_of, parents_of
from ..modes import STATE
from ..over_values import OverValues
from ..reverse import leaves_of
from ..rules import RULES
from ..value import Value, apply
from .sweeps import Sweep
from .tracers import Tracer
from .tracing import Trace

__all__ = ["DecidingTrace", "ExactTrace", "Undecided"]

Node = Any
_TAKE = RULES["take"]


class ExactTrace(Trace):
    """A recording that knows what the eager run has in place of each Tracer."""

    exact = True
    decides_all = False

    def __init__(self, most_guards: int) -> None:
        super().__init__(most_guards)
        self._live: dict[int, bool] = {}  # whether it is a Value in the eager run
        self._undecided: set[int] = set()  # derivatives
        self._takes_any = False

    def sweep(
        self, live: bool, roots: Sequence[Any], leaves: Sequence[Value] | None = None
    ) -> Sweep:
        """Return a sweep, which decides what shapes a graph that may be needed.

        The graph of a derivative that only reaches Values from outside is left
        undecided, in the hope that no later sweep goes through it.
        """
        if self._undecided:
            for node in topological_order(roots, parents_of):
                if id(node) in self._undecided:
                    raise Undecided
        decides = live and (
            self.decides_all or leaves is None or self._is_inside(roots, leaves)
        )
        return ExactSweep(self, live, decides)

    def _is_inside(self, roots: Sequence[Any], leaves: Sequence[Value]) -> bool:
        """Tell whether roots depend on what an enclosing derivative is taken for."""
        own = set(map(id, leaves))
        return any(
            leaf.is_recorded and id(leaf) not in own and self.has_value(leaf)
            for leaf in leaves_of(roots)
        )

    def has_value(self, x: Any) -> bool:
        """Tell what the eager run has as a Value from what it has as a number.

        The arguments are numbers there; what a derivative is taken for is a Value.
        """
        if is_number(x):
            return False
        known = self._live
        if (found := known.get(id(x))) is not None:
            return found

        def unknown_parents(node: Value) -> Sequence[Value]:
            return () if id(node) in known or not node.is_recorded else parents_of(node)

        for node in topological_order([x], unknown_parents):
            if id(node) not in known:
                known[id(node)] = not node.is_recorded or any(
                    known[id(parent)] for parent in parents_of(node)
                )
                self._kept.append(node)
        return known[id(x)]

    def reaches_beyond(self, roots: Sequence[Value], known: set[int]) -> bool:
        """Tell whether the roots use other Values than leaves that are known by id.

        Where that depends on what a `take` took, it is decided.
        """

        def is_beyond(leaf: Value) -> bool:
            return id(leaf) not in known and self.has_value(leaf)

        if not any(map(is_beyond, leaves_of(roots))):
            return False
        if not self._takes_any:
            return True
        order = topological_order(roots, parents_of)
        for decides in (False, True):
            beyond: dict[int, bool] = {}
            for node in order:
                parents = [beyond[id(parent)] for parent in parents_of(node)]
                found = any(parents) if parents else is_beyond(node)
                if found and node.rule is _TAKE and not all(parents):
                    decided = decides or self.is_decided(node)
                    found = decided and beyond[id(self.decided_row(node))]
                beyond[id(node)] = found
            if any(beyond[id(root)] for root in roots):
                return True
        return False

    def leaf(self, x: Any) -> Tracer:
        """Return a Tracer of the same number that is a new Value in the eager run."""
        out = super().leaf(x)
        self._live[id(out)] = True
        self._kept.append(out)
        if STATE.leaves is not None:
            STATE.leaves.append(out)
        return out

    def lifted(self, x: Any) -> Any:
        """Return a number of the eager run as a leaf, a Value of it as it is."""
        return x if self.has_value(x) else self.leaf(x)

    def _without_graph(self, out: Tracer) -> Tracer:
        """Return what `no_grad` leaves of a result."""
        return self.leaf(out) if self.has_value(out) else out

    def settled(self, x: Any, special: int) -> Any:
        """Return special if x is a number of the eager run, and that one; guard it."""
        if is_number(x) or self.has_value(x):
            return x
        return special if self.decide(x == special, counted=False) else x

    def total(self, cotangents: Sequence[Any], partials: Sequence[Any]) -> Any:
        """Return None: the eager run adds one by one, by nodes of their own."""
        return None

    def leave_undecided(self, derivative: Any) -> None:
        """Keep in mind that a derivative's graph is not yet that of the eager run.

        Its number is, but for the sign of a zero, which stems from the choices too.
        """
        if is_number(derivative) or not derivative.is_recorded:
            return
        if self.decide(derivative == 0, counted=False):
            raise Undecided
        self._undecided.add(id(derivative))
        self._kept.append(derivative)

    def one_of(self, values: Sequence[Any], index: Tracer) -> Any:
        """Take at once if some are numbers in the eager run and some are Values."""
        self._takes_any = True
        if len(set(map(self.has_value, values))) == 1:
            return super().one_of(values, index)
        return values[self.place(index, len(values))]

    def is_decided(self, take: Any) -> bool:
        """Tell whether it is guarded already which row was taken."""
        index, *rows = operands_of(take)
        return any((index == i).handle in self.guards for i in range(len(rows)))


class DecidingTrace(ExactTrace):
    """A recording that leaves no derivative's graph undecided."""

    decides_all = True


class Undecided(BaseException):
    """A recording left undecided what matters: no error, so nobody may catch it."""


class ExactSweep(Sweep):
    """A sweep whose results have the bits of the eager run."""

    def __init__(self, trace: ExactTrace, live: bool, decides: bool) -> None:
        super().__init__(trace, live)
        self.decides = decides

    def values(self, numbers: Any) -> Any:
        """Return the namespace of this sweep."""
        return ExactValues(self.trace, self.decides)

    def finished(self, found: Sequence[Any]) -> list[Any]:
        """Return derivatives as Values, or as numbers, where the eager run has them.

        On numbers it begins each sum with 0.0, so that none is -0.0.
        """
        trace = self.trace
        if not self.live:
            numbers = map(trace.detach, found)
            return [apply(RULES["add"], x, 0.0) for x in numbers]
        if not self.decides:
            for x in found:
                trace.leave_undecided(x)
        return [
            Value(x) if is_number(x) else x if trace.has_value(x) else trace.leaf(x)
            for x in found
        ]


class ExactValues(OverValues):
    """The namespace of Values for one kind of sweep of a recording."""

    def __init__(self, trace: ExactTrace, decides: bool) -> None:
        super().__init__(FLOATS, apply)
        self._trace, self._decides = trace, decides

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """Decide the choice where it shapes a graph."""
        if self._decides and self._trace.decides(condition):
            condition = self._trace.decide(condition, counted=False)
        return super().where(condition, a, b)

    def one_hot(self, index: Any, count: int) -> Sequence[Any]:
        """Decide the choice where it shapes a graph."""
        if self._decides:
            index = self._trace.place(index, count)
        return super().one_hot(index, count)

    def settled(self, partial: Any) -> Any:
        """Return the plain 0 for a partial that drops its edge in the eager run."""
        return self._trace.settled(partial, 0) if self._decides else partial

    def chain(self, cotangent: Any, partial: Any) -> Any:
        """Multiply as the chain rule does; the plain number 1 needs no node."""
        if self._decides and self._trace.has_value(cotangent):
            partial = self._trace.settled(partial, 1)
        elif self._decides and self._trace.has_value(partial):
            cotangent = self._trace.settled(cotangent, 1)
        return super().chain(cotangent, partial)

    def arranged(
        self,
        roots: Sequence[Node],
        order: list[Node],
        terms: dict[int, Any],
        fixed: Mapping[int, Node],
    ) -> list[Node]:
        """Return the order in which the eager run has the nodes; make terms as there.

        What is added to a `take` is added to its rows at once, by the turns of those
        who took, and the node itself has no turn.
        """
        if self._decides:
            for key in terms:
                terms[key] = _Settled(self)
        if not any(node.rule is _TAKE and id(node) in terms for node in order):
            return order
        entered: set[int] = set()

        def parents(node: Node) -> Sequence[Node]:
            entered.add(id(node))
            if id(node) in fixed or id(node) not in terms:
                return ()
            if node.rule is _TAKE:
                return self._rows(node, terms, fixed, entered)
            return parents_of(node)

        order = topological_order(roots, parents)
        for node in order:
            if node.rule is _TAKE and id(node) in terms:
                self._pass_on(node, terms)
        return [
            *fixed.values(),
            *(x for x in order if x.rule is not _TAKE and id(x) not in fixed),
        ]

    def _rows(
        self,
        take: Node,
        terms: Mapping[int, Any],
        fixed: Mapping[int, Node],
        entered: set[int],
    ) -> Sequence[Node]:
        """Return the rows to go on to: the one taken if it matters for the order."""
        rows = [row for row in operands_of(take)[1:] if id(row) in terms]
        matters = any(
            row.rule is not None and id(row) not in entered and id(row) not in fixed
            for row in rows
        )
        if self._decides or matters or self._trace.is_decided(take):
            return [self._trace.decided_row(take)]
        return rows

    def _pass_on(self, take: Node, terms: dict[int, Any]) -> None:
        """Let what is added to a `take` be added to what it took."""
        if not self._trace.is_decided(take):
            index, *rows = operands_of(take)
            into = [
                (terms[id(row)], index == i)
                for i, row in enumerate(rows)
                if id(row) in terms
            ]
            terms[id(take)] = _Fan(self, into)
        elif (taken := terms.get(id(self._trace.decided_row(take)))) is not None:
            terms[id(take)] = taken
        else:
            del terms[id(take)]


class _Settled(list[Any]):
    """Cotangents and partials in turn, without edges that the eager run drops."""

    def __init__(self, m: ExactValues) -> None:
        self._m = m

    def append(self, x: Any) -> None:
        if len(self) % 2:
            x = self._m.settled(x)
            if is_number(x) and x == 0:
                self.pop()
                return
        super().append(x)


class _Fan:
    """Cotangents and partials in turn, for one of several rows: 0 for the others."""

    def __init__(self, m: ExactValues, into: Sequence[tuple[Any, Any]]) -> None:
        self._m, self._into = m, into
        self._held: list[Any] = []

    def append(self, x: Any) -> None:
        self._held.append(x)
        if len(self._held) == 2:
            bar, partial = self._held
            self._held = []
            for terms, hit in self._into:
                terms.append(bar)
                terms.append(self._m.where(hit, partial, 0))

    def __iadd__(self, pair: tuple[Any, Any]) -> "_Fan":
        for x in pair:
            self.append(x)
        return self
