"""Rounding-error bounds: how accurate a gradient of a recorded computation can be.

The computation is copied from its nodes to arrays (`Tape`), in which every sweep takes
a few array operations a level. `gradient_bounds` runs four of them.

What is bounded is the error of *any* evaluation of the same mathematics in arithmetic
of unit roundoff u: a gradient written by hand adds in another order (NumPy in pairs,
BLAS in blocks), multiplies matrices in another order, distributes a product over a sum.
So a rounding is taken relative not to a result but to the magnitude M of the terms that
it was made from, without their cancellation:

    M = Σ|∂ᵢ|·Mᵢ          for what is linear in each operand (sums, products, dot)
    M = |out|              for everything else
    ε = Σ|∂ᵢ|·εᵢ + u·(κ·|out| + c·M)                             forward, of each value
    δd = Σⱼ|∂d/∂xⱼ|·εⱼ + u·(κ·|d| + 2·Σⱼ|xⱼ·∂d/∂xⱼ|)       of each local derivative
    M̄ = Σ M̄_child·|d|                               backward, the sum over all paths
    δ̄ = Σ (|d|·δ̄_child + M̄_child·δd + δ̄_child·δd + (1 + n)·u·M̄_child·|d|)

c is n for a sum of n terms: any order of n − 1 additions errs by (n − 1)·u·Σ|terms| at
most, and a product before each costs one more (Higham, Accuracy and Stability of
Numerical Algorithms, section 3.1). A value that is used n times sums n contributions
backwards. κ is 1 for what IEEE 754 rounds correctly, and 8 for the rest: 4 units in the
last place, which vector mathematics libraries promise, are at most 8u. What a row says
of its terms that cancel (`Rule.magnitude`, `.partial_magnitudes`) replaces Σ|xᵢ·∂ᵢ|.

Source: Higham, section 3.3 (running error analysis); Griewank & Walther, Evaluating
Derivatives, section 3.4.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import AutogradError
from .kinds import FLOATS
from .layout import edges, is_number, number_of
from .reverse import cotangents
from .rules import Rule
from .storage import ancestors
from .value import Value, apply, over_values

Array = np.ndarray[Any, np.dtype[Any]]

UNIT = {"double": 2.0**-53, "single": 2.0**-24}
TINY = {"double": 2.0**-1022, "single": 2.0**-126}  # below, numbers lose digits

LINEAR = {"add", "sub", "neg", "pos", "sum", "mean", "where", "take"}
BILINEAR = {"mul", "dot"}
CONSTANT = LINEAR | {"relu", "maximum", "minimum", "max", "min", "floor", "ceil"}
CORRECTLY_ROUNDED = CONSTANT | BILINEAR | {
    "div", "abs", "sqrt", "square", "reciprocal", "sign", "trunc", "round", "clip"
}  # fmt: skip


def times(a: Array, b: Array) -> Array:
    """Multiply as the chain rule does: zero beats infinity and NaN."""
    with np.errstate(invalid="ignore", over="ignore"):
        product = a * b
    if not np.isfinite(product).all():
        product[(a == 0) | (b == 0)] = 0.0
    return product


class Tape:
    """A recorded computation as arrays: nodes by level, the edges of a node together.

    nodes: the Values; `place` has the number of each by its `id`.
    child, parent, d: of each edge the two nodes' numbers and the local derivative.
    start: the first edge of each node, and the end. levels: ranges of nodes of which
        none is made from another.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> tape = Tape(x * x + x)
    >>> float(tape.pull()[tape.place[id(x)]])
    7.0
    """

    def __init__(self, output: Value) -> None:
        nodes = ancestors([output])
        first = {id(node): i for i, node in enumerate(nodes)}
        depth, counts = [0] * len(nodes), [0] * len(nodes)
        parent: list[int] = []
        d: list[Any] = []
        for i, node in enumerate(nodes):
            if node.rule is not None and (pairs := list(edges(node))):
                above, partials = zip(*pairs, strict=True)
                places = [first[key] for key in map(id, above)]
                depth[i] = 1 + max([depth[p] for p in places])
                counts[i] = len(pairs)
                parent += places
                d += partials
        order = np.argsort(depth, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        self.output = output
        self.partner = np.zeros(0, int)  # other factors, once bounds were computed
        self.nodes = [nodes[i] for i in order.tolist()]
        self.place = {id(node): i for i, node in enumerate(self.nodes)}
        old = np.concatenate([[0], np.cumsum(counts, dtype=int)])
        of_node = np.array(counts, int)[order]
        self.start = np.concatenate([[0], np.cumsum(of_node, dtype=int)])
        self.child = np.repeat(np.arange(len(nodes)), of_node)
        moved = np.arange(len(d)) + (old[order] - self.start[:-1])[self.child]
        self.parent = rank[np.array(parent, int)[moved]]
        self.d = np.array(list(map(float, d)), float)[moved]
        self.data = np.array([float(node.data) for node in self.nodes])
        ends = np.cumsum([0, *np.bincount(depth)])
        self.levels = list(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))

    def places(self, nodes: Sequence[Value]) -> Array:
        """Return the numbers of nodes; −1 where the output does not depend on one."""
        return np.array([self.place.get(id(node), -1) for node in nodes], int)

    def edges_of(self, low: int, high: int) -> slice:
        """Return the edges into a range of nodes."""
        return slice(int(self.start[low]), int(self.start[high]))

    def pull(
        self, d: Array | None = None, added: Array | None = None, seed: float = 1.0
    ) -> Array:
        """Return each node's cotangent; with other local derivatives, if given.

        added: what each edge sends to its parent beside the chain rule.
        """
        d = self.d if d is None else d
        bars = np.zeros(len(self.nodes))
        bars[self.place[id(self.output)]] = seed
        for low, high in reversed(self.levels[1:]):
            part = self.edges_of(low, high)
            sent = times(bars[self.child[part]], d[part])
            if added is not None:
                sent = sent + added[part]
            np.add.at(bars, self.parent[part], sent)
        return bars

    def push(
        self, seeds: Array, own: Array | None = None, d: Array | None = None
    ) -> Array:
        """Return each node's tangent for those of the leaves.

        own: what each node adds to its own.
        """
        d = self.d if d is None else d
        dots = seeds.astype(float)
        for low, high in self.levels[1:]:
            part = self.edges_of(low, high)
            sent = times(dots[self.parent[part]], d[part])
            dots[low:high] = np.add.reduceat(sent, self.start[low:high] - part.start)
            if own is not None:
                dots[low:high] += own[low:high]
        return dots

    def magnitudes(self, errors: "_LocalErrors") -> Array:
        """Return M: the size of the terms that a value was made from."""
        found: Array = np.abs(self.data)
        size = np.abs(self.d)
        for low, high in self.levels[1:]:
            part = self.edges_of(low, high)
            partner = errors.partner[part]
            factor = np.where(partner >= 0, 0.5 * found[partner], size[part])
            terms = np.where(
                errors.multilinear[part], times(found[self.parent[part]], factor), 0.0
            )
            total = np.add.reduceat(terms, self.start[low:high] - part.start)
            np.maximum(found[low:high], total, out=found[low:high])
        return found


class _LocalErrors:
    """What rounds in each operation: the constants of the four sweeps."""

    def __init__(self, tape: Tape) -> None:
        count, size = len(tape.d), len(tape.nodes)
        self.partner = np.full(count, -1)
        self.multilinear = np.zeros(count, bool)
        self.own = np.zeros(size)  # κ·|out| + 2·Σ|xᵢ·∂ᵢ|, in units of u
        self.additions = np.zeros(size)  # c, where it is relative to M
        self.own_partial = np.zeros(count)
        self.edge: list[int] = []  # of a second derivative: which partial,
        self.operand: list[int] = []  # by which node,
        self.curvature: list[float] = []  # how much
        starts = tape.start.tolist()
        parents = tape.parent.tolist()
        for i, node in enumerate(tape.nodes):
            if node.rule is not None:
                first, end = starts[i], starts[i + 1]
                self._add(tape, i, node, range(first, end), parents[first:end])

    def _add(
        self, tape: Tape, i: int, node: Value, places: range, parents: list[int]
    ) -> None:
        rule: Any = node.rule
        name = rule.name if not rule.home else ""
        if name in LINEAR:
            self.multilinear[places.start : places.stop] = True
            self.additions[i] = max(2, len(node.operands))
            if name == "mean":
                self.own_partial[places.start : places.stop] = 1.0 / len(places)
        elif name in BILINEAR:
            self.multilinear[places.start : places.stop] = True
            self.additions[i] = max(2, len(node.operands) // 2 + 1)
            self._add_products(tape, node, places, parents)
        elif name in CONSTANT:
            self.own[i] = abs(node.data)
        elif name in _SHORT and len(places) == len(node.operands):
            self.own[i] = 8 * abs(node.data) + 2 * float(
                rule.magnitude(FLOATS, node.data, *tape.data[parents].tolist())
                if rule.magnitude
                else np.abs(
                    tape.d[places.start : places.stop] * tape.data[parents]
                ).sum()
            )
            for place, x, inner, outer in _SHORT[name](tape, i, places, parents):
                self.own_partial[place] += 8 * abs(tape.d[place])
                self.own_partial[place] += 2 * inner * abs(tape.data[x])
                self._curve(place, x, inner)
                self._curve(place, i, outer)
        else:
            self._add_generic(tape, i, node, places)

    def _curve(self, edge: int, operand: int, curvature: float) -> None:
        if curvature:
            self.edge.append(edge)
            self.operand.append(operand)
            self.curvature.append(abs(curvature))

    def _add_products(
        self, tape: Tape, node: Value, places: range, parents: list[int]
    ) -> None:
        """Note that the local derivative of each factor is the other one."""
        operands = node.operands
        half = len(operands) // 2
        if len(places) == len(operands):  # all are nodes
            partners = parents[half:] + parents[:half]
            self.partner[places.start : places.stop] = partners
            self.edge += places
            self.operand += partners
            self.curvature += [1.0] * len(partners)
            return
        if all(map(is_number, operands[:half])) or all(map(is_number, operands[half:])):
            part = slice(places.start, places.stop)
            self.own_partial[part] = np.abs(tape.d[part])  # it may be rounded, too
            return
        at = iter(places)
        for left, operand in enumerate(operands):
            if is_number(operand):
                continue
            place = next(at)
            other = operands[(left + half) % len(operands)]
            if is_number(other):
                self.own_partial[place] = abs(tape.d[place])  # it may be rounded, too
            else:
                self.partner[place] = tape.place[id(other)]
                self._curve(place, tape.place[id(other)], 1.0)

    def _add_generic(self, tape: Tape, i: int, node: Value, places: range) -> None:
        """Differentiate the row's partials, on Values of this one operation."""
        rule: Any = node.rule
        operands = node.operands
        numbers = [number_of(operand) for operand in operands]
        chosen = [k for k, operand in enumerate(operands) if not is_number(operand)]
        slopes = tape.d[places.start : places.stop].tolist()
        values = [float(numbers[k]) for k in chosen]
        if rule.magnitude:
            size = abs(float(rule.magnitude(FLOATS, node.data, *numbers)))
        else:
            size = sum(abs(x * d) for x, d in zip(values, slopes, strict=True) if x)
        kappa = 1 if rule.name in CORRECTLY_ROUNDED else 8
        self.own[i] = kappa * abs(node.data) + (2 * size if kappa > 1 else 0)
        second = _second_derivatives(rule, numbers, chosen)
        sizes = None
        if rule.partial_magnitudes:
            sizes = rule.partial_magnitudes(FLOATS, node.data, *numbers)
        for place, k, slope, row in zip(places, chosen, slopes, second, strict=True):
            if sizes is not None:
                spread = abs(float(sizes[k]))
            else:
                spread = sum(abs(x * h) for x, h in zip(values, row, strict=True) if x)
            constant = not any(row)
            self.own_partial[place] = 8 * abs(slope) + 2 * spread if not constant else 0
            for operand, h in zip(chosen, row, strict=True):
                self._curve(place, tape.place[id(operands[operand])], h)


def _second_derivatives(
    rule: Rule, numbers: list[Any], chosen: list[int]
) -> list[list[float]]:
    """Return |∂²out/∂xᵢ∂xⱼ| for the chosen operands, 0 where it is not finite."""
    leaves = list(numbers)
    for k in chosen:
        leaves[k] = Value(float(numbers[k]))
    wanted = [k in chosen for k in range(len(numbers))]
    inputs = [leaves[k] for k in chosen]
    try:
        out = apply(rule, *leaves)
        found = rule.local(over_values(FLOATS), out, leaves, wanted)
        rows = [
            cotangents([d], [1.0], inputs)
            if isinstance(d, Value)
            else [0.0] * len(inputs)
            for d in (found[k] for k in chosen)
        ]
    except (AutogradError, TypeError, AttributeError):  # opaque, or written for floats
        rows = _differences(rule, numbers, chosen, wanted)
    return [[abs(h) if abs(h) < np.inf else 0.0 for h in row] for row in rows]


def _differences(
    rule: Rule, numbers: list[Any], chosen: list[int], wanted: list[bool]
) -> list[list[float]]:
    """Return second derivatives by differences: a few digits are enough for a bound."""
    columns = []
    for k in chosen:
        step = 2.0**-17 * max(abs(numbers[k]), 2.0**-17)
        sides = []
        for x in (numbers[k] + step, numbers[k] - step):
            moved = [*numbers[:k], x, *numbers[k + 1 :]]
            out = rule.forward(FLOATS, *moved)
            partials = rule.local(FLOATS, out, moved, wanted)
            sides.append([float(partials[i]) for i in chosen])
        columns.append([(a - b) / (2 * step) for a, b in zip(*sides, strict=True)])
    return [list(row) for row in zip(*columns, strict=True)]


# Second derivatives of n-ary rows without an n × n matrix: each partial's by its own
# operand, and by all of them together, which is what the result's own error stands for.


def _of_logsumexp(tape: Tape, i: int, places: range, parents: list[int]) -> Any:
    for place, x in zip(places, parents, strict=True):  # p′ = p·(dxᵢ − d out)
        yield place, x, tape.d[place], tape.d[place]


def _of_norm(tape: Tape, i: int, places: range, parents: list[int]) -> Any:
    length = abs(tape.data[i]) or np.inf
    for place, x in zip(places, parents, strict=True):  # x/r: dxᵢ/r − (x/r)·dr/r
        yield place, x, 1 / length, abs(tape.d[place]) / length


_SHORT = {"logsumexp": _of_logsumexp, "norm": _of_norm}


def _value_errors(tape: Tape, errors: _LocalErrors, precision: str) -> Array:
    """Return ε of every node: the error that its value may have."""
    rounded = errors.own + errors.additions * tape.magnitudes(errors)
    own = UNIT[precision] * rounded + TINY[precision]
    epsilon = tape.push(np.zeros(len(tape.nodes)), own, np.abs(tape.d))
    epsilon[~np.isfinite(epsilon)] = 0.0  # an infinite value has no rounding
    return epsilon


def value_bound(tape: Tape, precision: str = "double") -> float:
    """Return the error that the recorded value itself may have from rounding alone.

    >>> from autograd import Value
    >>> value_bound(Tape(Value(1.0) + 1e16)) > 1
    True
    """
    with np.errstate(all="ignore"):
        epsilon = _value_errors(tape, _LocalErrors(tape), precision)
    return float(epsilon[tape.place[id(tape.output)]])


def gradient_bounds(
    tape: Tape, inputs: Sequence[Value], precision: str = "double"
) -> Array:
    """Return, for each input, the error that its gradient may have from rounding alone.

    precision: "double" or "single", the arithmetic of the code under test.

    >>> from autograd import Value
    >>> x = Value(1e8)
    >>> bound = gradient_bounds(Tape((x + 1.0 - x) ** 2), [x])
    >>> bool(1e-8 < bound[0] < 1e-6)  # the square of a difference that cancels
    True
    """
    unit, tiny = UNIT[precision], TINY[precision]
    errors = _LocalErrors(tape)
    tape.partner = errors.partner
    with np.errstate(all="ignore"):
        size = np.abs(tape.d)
        epsilon = _value_errors(tape, errors, precision)
        slips = unit * errors.own_partial
        curved = np.array(errors.curvature) * epsilon[errors.operand]
        np.add.at(slips, errors.edge, np.where(np.isfinite(curved), curved, 0.0))
        paths = tape.pull(size)
        uses = np.bincount(tape.parent, minlength=len(tape.nodes))
        lost = unit * (1 + uses[tape.parent]) * size + slips
        added = times(paths[tape.child], lost) + tiny * (size != 0)
        bounds = tape.pull(size + slips, added, seed=0.0)
    places = tape.places(inputs)
    return np.where(places >= 0, bounds[places], 0.0)
