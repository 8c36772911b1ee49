"""Explanations of a wrong gradient by the recorded graph: what a path contributes.

A hypothesis is an edit: other local derivatives for some edges of the graph, 0 for a
path left out, twice as much for one counted twice, the partial at another point. Its
gradient is a reverse sweep with the edited derivatives, so nodes in series are treated
exactly. Single edges and operations, of which there are too many for that,
are first screened in linear time: for a random direction r, the part of r·gradient that
runs through edge e is its cotangent × local derivative × its parent's tangent along r.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np

from ..accuracy import Tape, times
from ..layout import is_number
from .arguments import Array
from .explanations import Discrepancy
from .reference import Recorded
from .report import Diagnosis

MOST_GROUPS = 400
MOST_HITS = 3
Edit = Callable[[Tape, Array, Array], Array]  # (tape, edges, d of them) -> new d


def _dropped(tape: Tape, chosen: Array, d: Array) -> Array:
    return np.zeros(len(chosen))


def _doubled(tape: Tape, chosen: Array, d: Array) -> Array:
    return 2 * d


def _taken_as_one(tape: Tape, chosen: Array, d: Array) -> Array:
    return np.ones(len(chosen))


def _always(branch: int) -> Edit:
    """Take one branch of a choice everywhere, as if its condition always held."""

    def edit(tape: Tape, chosen: Array, d: Array) -> Array:
        found = d.copy()
        for place, e in enumerate(chosen.tolist()):
            child = int(tape.child[e])
            operands = tape.nodes[child].operands
            values = [p for p, operand in enumerate(operands) if not is_number(operand)]
            found[place] = float(values[e - int(tape.start[child])] == branch)
        return found

    return edit


EDITS: list[tuple[str, str, Edit]] = [
    ("missing-path", "is left out", _dropped),
    ("doubled-path", "is counted twice", _doubled),
    ("missing-path", "lacks its local derivative (taken as 1)", _taken_as_one),
]

CHOICES: list[tuple[str, str, Edit]] = [
    (
        "missing-path",
        f"takes its {word} branch everywhere (a mask that was not applied)",
        _always(branch),
    )
    for branch, word in [(1, "first"), (2, "second")]
]


@dataclass
class Graph:
    """The tape of one point, with names for its edges."""

    tape: Tape
    leaves: Array
    names: list[tuple[str, str, int]]  # of each edge: rule, source line, operand's role
    above: list[str]  # of each edge: what made the parent
    blocks: list[tuple[str, slice]]  # the arguments' arrays, in the leaves

    def gradient_of(self, bars: Array) -> Array:
        """Return the leaves' part of all cotangents."""
        found: Array = np.where(self.leaves >= 0, bars[self.leaves], 0.0)
        return found

    def makers(self) -> list[str]:
        """Name what made each node: an operation of a line, or an argument."""
        owner: dict[int, str] = {}
        for name, part in self.blocks:
            owner |= dict.fromkeys(self.leaves[part].tolist(), name)
        return [
            owner.get(i, "a constant")
            if node.rule is None
            else f"{node.rule.name} at {_line(node)}"
            for i, node in enumerate(self.tape.nodes)
        ]


def node_of(tape: Tape, e: int) -> Any:
    """Return the node that an edge leads to."""
    return tape.nodes[int(tape.child[e])]


class _Lazy:
    """A list whose entries are made when they are first asked for.

    Most hypotheses fail at the first point: the graphs of the others are not needed.
    """

    def __init__(self, make: Callable[[int], Any], size: int) -> None:
        self._make, self._size = make, size
        self._made: dict[int, Any] = {}

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, k: int) -> Any:
        if not 0 <= k < self._size:
            raise IndexError(k)
        if k not in self._made:
            self._made[k] = self._make(k)
        return self._made[k]


class Paths:
    """The graphs of all points, and what edits of them predict."""

    def __init__(
        self, found: Discrepancy, recorded: list[Recorded], fn: Callable[..., Any]
    ) -> None:
        self.found = found
        self.recorded = recorded
        blocks = [(block.name, block.part) for block in found.args.blocks]
        self.derived_wrong = np.zeros(len(found.wrong), bool)
        for _, part in blocks:
            self.derived_wrong[part] = found.wrong[part].any()
        self.graphs = _Lazy(
            lambda k: _named(recorded[k].sourced(fn, found.args), blocks), len(recorded)
        )
        self.tables = _Lazy(lambda k: dict(groups(self.graphs[k])), len(recorded))

    def predict(self, k: int, chosen: Array, edit: Edit) -> Array:
        """Return the gradient at point k with edited local derivatives."""
        graph: Graph = self.graphs[k]
        d = graph.tape.d.copy()
        with np.errstate(all="ignore"):  # an edit may be tried where it makes no sense
            d[chosen] = edit(graph.tape, chosen, d[chosen])
        return graph.gradient_of(graph.tape.pull(d))

    def explains(self, choose: Callable[[int], Array], edit: Edit) -> bool:
        """Verify an edit fully."""
        return self.confirms(lambda k: self.predict(k, choose(k), edit))

    def confirms(self, predict: Callable[[int], Array]) -> bool:
        """Compare what is predicted at every point; the first that fails ends it.

        Arguments whose gradient is right everywhere were derived without the mistake:
        what the edit would do to them does not count.
        """
        found = self.found
        for k in range(len(self.graphs)):
            predicted = np.where(self.derived_wrong, predict(k), found.right[k])
            room = 8 * found.allowed[k] + 2.0**-44 * np.abs(predicted)
            with np.errstate(invalid="ignore"):
                if not (np.abs(found.hand[k] - predicted) <= room).all():
                    return False
        return True

    def same_structure(self) -> bool:
        """Tell whether all points recorded the same graph."""
        first = self.recorded[0].tape
        return all(
            np.array_equal(first.parent, record.tape.parent)
            and np.array_equal(first.start, record.tape.start)
            for record in self.recorded
        )

    def group(self, name: str) -> Callable[[int], Array]:
        """Return the edges of a group at each point; none where there is none."""
        return lambda k: self.tables[k].get(name, np.zeros(0, int))

    def _direction(self, seed: int) -> Array:
        rng, size = np.random.default_rng(seed), len(self.derived_wrong)
        r: Array = rng.uniform(0.5, 1.0, size) * rng.choice([-1, 1], size)
        r[~self.derived_wrong] = 0.0
        return r

    def tangents(self, k: int, seed: int) -> Array:
        """Return each node's tangent along the direction of a seed."""
        graph: Graph = self.graphs[k]
        seeds = np.zeros(len(graph.tape.nodes))
        used = graph.leaves >= 0
        seeds[graph.leaves[used]] = self._direction(seed)[used]
        return graph.tape.push(seeds)

    def along(self, k: int, seed: int) -> tuple[Array, float, float]:
        """Return what reaches each edge along a direction, the target, its slack."""
        graph, found, r = self.graphs[k], self.found, self._direction(seed)
        dots, bars = self.tangents(k, seed), graph.tape.pull()
        flow = times(bars[graph.tape.child], dots[graph.tape.parent])
        target = float((r * (found.right[k] - found.hand[k])).sum())
        slack = 8 * float((np.abs(r) * found.allowed[k]).sum()) + 1e-9 * abs(target)
        return flow, target, slack


def _named(record: Recorded, blocks: list[tuple[str, slice]]) -> Graph:
    names: list[tuple[str, str, int]] = []
    above = []
    owner = {id(leaf): name for name, part in blocks for leaf in record.leaves[part]}
    for node in record.tape.nodes:
        if node.rule is None:
            continue
        line = _line(node)
        half = len(node.operands) // 2
        places = [
            p for p, operand in enumerate(node.operands) if not is_number(operand)
        ]
        for place in places:
            role = (
                place
                if node.rule.arity
                else int(place >= half and node.rule.name == "dot")
            )
            names.append((node.rule.name, line, role))
            parent = node.operands[place]
            made = (
                owner.get(id(parent), "argument")
                if parent.rule is None
                else f"{parent.rule.name} {_line(parent)}"
            )
            above.append(made)
    leaves = record.tape.places(record.leaves)
    return Graph(record.tape, leaves, names, above, blocks)


def _line(node: Any) -> str:
    return "" if node.source is None else str(node.source)


def groups(graph: Graph) -> Iterator[tuple[str, Array]]:
    """Yield sets of edges that one thought of the author covers, the smallest first."""
    keyed: dict[tuple[Any, ...], list[int]] = {}
    for e, ((rule, line, role), above) in enumerate(
        zip(graph.names, graph.above, strict=True)
    ):
        keyed.setdefault((0, rule, line, role, above), []).append(e)
        keyed.setdefault((1, rule, line, role), []).append(e)
        keyed.setdefault((2, rule, line), []).append(e)
        keyed.setdefault((3, line, above.partition(" ")[2] or above), []).append(e)
        keyed.setdefault((4, line), []).append(e)
    for key, chosen in sorted(keyed.items(), key=lambda item: item[0]):
        yield _describe(key), np.array(chosen)
    for key, chosen in keyed.items():
        whole = keyed.get((1, *key[1:4]), [])
        if key[0] == 0 and 1 < len(chosen) < len(whole):
            rest = np.setdiff1d(whole, chosen)
            yield f"{_describe((1, *key[1:4]))} but for {_describe(key)}", rest
    yield from _uses(graph)


def _uses(graph: Graph) -> Iterator[tuple[str, Array]]:
    """Yield all but the first, and all but the last use of each argument's numbers."""
    of_leaf: dict[int, list[int]] = {leaf: [] for leaf in graph.leaves.tolist()}
    for e, parent in enumerate(graph.tape.parent.tolist()):
        if parent in of_leaf:
            of_leaf[parent].append(e)
    for name, part in [("each argument", slice(None)), *graph.blocks]:
        several = [
            uses
            for leaf in graph.leaves[part].tolist()
            if len(uses := of_leaf[leaf]) > 1
        ]
        if not several:
            continue
        for text, chosen in [
            ("every use but the first of", [e for uses in several for e in uses[1:]]),
            ("every use but the last of", [e for uses in several for e in uses[:-1]]),
            ("the first use of", [uses[0] for uses in several]),
            ("the last use of", [uses[-1] for uses in several]),
        ]:
            yield f"{text} {name} (a broadcast, or a loop)", np.array(chosen)


def _describe(key: tuple[Any, ...]) -> str:
    level = key[0]
    if level == 4:
        return f"everything made at {key[1]}"
    if level == 3:
        return f"the way from {key[2]} into what is made at {key[1]}"
    rule, line = key[1], key[2]
    text = f"{rule} at {line}" if line else rule
    if level == 2:
        return text
    text = f"operand {key[3] + 1} of {text}"
    return text if level == 1 else f"the way from {key[4]} as {text}"


def paths(search: Paths) -> Iterator[Diagnosis]:
    """Find edges, operations and lines that are missing or counted twice."""
    found = list(islice(chain(_single(search), _grouped(search)), MOST_HITS))
    yield from found or _pairs(search)


def _single(search: Paths) -> Iterator[Diagnosis]:
    """Screen single edges and operations by two directions, verify what is left."""
    if not search.same_structure():
        return
    tape = search.graphs[0].tape
    alive: dict[tuple[str, bool], Array] = {}
    evidence = []
    for seed in (1, 2):
        flow, target, slack = search.along(0, seed)
        if abs(target) <= slack:
            return
        evidence.append(target)
        sent = times(flow, tape.d)
        sums = np.bincount(tape.child, sent, len(tape.nodes))
        for name, whole, parts in [
            ("is left out", False, sent),
            ("is counted twice", False, -sent),
            ("lacks its local derivative (taken as 1)", False, sent - flow),
            ("is left out", True, sums),
            ("is counted twice", True, -sums),
        ]:
            near = np.abs(parts - target) <= slack
            alive[name, whole] = alive.get((name, whole), True) & near
    for (name, whole), near in alive.items():
        kind, _, edit = next(entry for entry in EDITS if entry[1] == name)
        for place in np.flatnonzero(near)[:20].tolist():
            chosen = np.array([place])
            if whole:
                part = tape.edges_of(place, place + 1)
                chosen = np.arange(part.start, part.stop)
                if len(chosen) < 2:
                    continue
            if search.explains(lambda k, chosen=chosen: chosen, edit):  # type: ignore[misc]
                rule, line, role = search.graphs[0].names[int(chosen[0])]
                alone = whole or len(node_of(tape, place).operands) == 1
                operand = "" if alone else f"operand {role + 1} of "
                yield Diagnosis(
                    kind,
                    f"the path through {operand}{rule} at {line} {name}; along two "
                    f"random directions r·(reference − hand) is {evidence[0]:.6g} and "
                    f"{evidence[1]:.6g}, which is what that path gives",
                )


def _pairs(search: Paths) -> Iterator[Diagnosis]:
    """Find two groups that are wrong together, one left out, the other one, too.

    Where they do not lie in series their contributions add up: two directions screen
    the pairs, the sweep with both edits decides.
    """
    right = search.found.right[0]
    named: list[tuple[str, str, Edit, Array]] = []
    gaps, seen = [], set()
    for name, chosen in list(search.tables[0].items())[:MOST_GROUPS]:
        for kind, _, edit in EDITS[:2]:
            if len(chosen) > 1 and (kind, chosen.tobytes()) not in seen:
                seen.add((kind, chosen.tobytes()))
                named.append((name, kind, edit, chosen))
                gaps.append(search.predict(0, chosen, edit) - right)
    if not named:
        return
    wrong = search.derived_wrong
    target = (search.found.hand[0] - right)[wrong]
    directions = np.random.default_rng(3).uniform(0.5, 1.0, (2, len(target)))
    sides = np.nan_to_num(np.array(gaps)[:, wrong]) @ directions.T
    aim = directions @ target
    near = np.ones((len(named), len(named)), bool)
    for side, goal, r in zip(sides.T, aim, directions, strict=True):
        slack = 8 * float((r * search.found.allowed[0][wrong]).sum()) + 1e-8 * abs(goal)
        near &= np.abs(side[:, None] + side[None, :] - goal) <= slack
    near &= np.triu(near, 1)
    for i, j in np.argwhere(near)[:20].tolist():
        (one, kind, edit, _), (two, other, _, _) = named[i], named[j]
        if kind == other and search.explains(
            lambda k, names=(one, two): np.union1d(  # type: ignore[misc]
                *(search.group(name)(k) for name in names)
            ),
            edit,
        ):
            what = "left out" if kind == "missing-path" else "counted twice"
            yield Diagnosis(kind, f"both {one} and {two} are {what}")
            return


def _grouped(search: Paths) -> Iterator[Diagnosis]:
    """Verify the edges that one line, or one operation on one line, made."""
    seen: set[tuple[str, bytes]] = set()
    evidence = [search.along(0, seed)[1] for seed in (1, 2)]
    for name, first in list(search.tables[0].items())[:MOST_GROUPS]:
        if len(first) < 2:
            continue
        chooses = search.graphs[0].names[int(first[0])][0] == "where"
        for kind, what, edit in [*EDITS, *CHOICES] if chooses else EDITS:
            if (what, first.tobytes()) in seen:
                continue
            seen.add((what, first.tobytes()))
            if search.explains(search.group(name), edit):
                yield Diagnosis(
                    kind,
                    f"{name} {what}: {len(first)} edges; along two random directions "
                    f"r·(reference − hand) is {evidence[0]:.6g} and {evidence[1]:.6g}",
                )
