"""Reverse mode: the one place where the chain rule runs backwards.

A sweep leaves cotangents in the nodes' scratch slots `_bar` (`layout.py`). It marks
what it reaches with an object of its own, so that what an interrupted sweep left behind
means nothing to the next, and it writes `.grad` only at its end, in one step.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import compress, repeat
from operator import attrgetter
from typing import Any

from .anomaly import check_for_anomalies
from .kinds import Namespace, namespace_of
from .layout import (
    check_fresh,
    edges,
    is_number,
    kind_of,
    number_of,
    operands_of,
    parents_of,
)
from .modes import ACTIVE, STATE

Node = Any
Number = Any

LOCK = threading.RLock()  # one sweep at a time: sweeps share the leaves' scratch slots
_bars = attrgetter("_bar")


def _reach(roots: Sequence[Node], mark: object, zero: Number) -> list[Node]:
    """Mark what the roots reach, with cotangent zero; return it, parents first.

    `graph.topological_order` for these slots, without a call a node.
    """
    order: list[Node] = []
    emit = order.append
    path: list[Node] = []
    push, pop = path.append, path.pop
    scans: list[tuple[Node, Iterator[Any]]] = []  # of the n-ary nodes on the path
    for node in roots:
        if node._mark is mark:
            continue
        node._mark = mark
        node._bar = zero
        while True:
            if node._d_left is not None:
                parent = node._left
                if parent._mark is not mark:
                    parent._mark = mark
                    parent._bar = zero
                    push(node)
                    node = parent
                    continue
            if node._d_right is not None:
                parent = node._right
                if parent._mark is not mark:
                    parent._mark = mark
                    parent._bar = zero
                    push(node)
                    node = parent
                    continue
            elif node._d_left is None and node._left is not None:
                resumed = scans and scans[-1][0] is node
                scan = scans[-1][1] if resumed else iter(node._left)
                for parent in scan:
                    if parent._mark is not mark:
                        break
                else:
                    parent = None
                    if resumed:
                        scans.pop()
                if parent is not None:
                    if not resumed:
                        scans.append((node, scan))
                    parent._mark = mark
                    parent._bar = zero
                    push(node)
                    node = parent
                    continue
            emit(node)
            if not path:
                break
            node = pop()
    return order


def _propagate(order: list[Node]) -> list[Node]:
    """Apply the chain rule from the last node to the first; return the leaves."""
    leaves = []
    for node in reversed(order):
        bar = node._bar
        if not bar and node.rule is not None:
            continue  # zero beats all: a dead relu sends nothing down
        d = node._d_left
        if d is not None:
            node._left._bar += bar * d
            d = node._d_right
            if d is not None:
                node._right._bar += bar * d
            continue
        d = node._d_right
        if d is not None:
            node._right._bar += bar * d
        elif node._left is None:
            leaves.append(node)
        else:
            for parent, d in zip(node._left, node._right, strict=False):
                parent._bar += bar * d
    return leaves


def _propagate_strictly(order: list[Node], m: Namespace) -> None:
    """Apply the chain rule with zero beating infinity and NaN in each product."""
    for node in reversed(order):
        bar = node._bar
        for parent, d in edges(node):
            parent._bar += m.chain(bar, d)


def _sweep(
    roots: Sequence[Node], seeds: Sequence[Number], mark: object
) -> tuple[list[Node], list[Node]]:
    """Leave each reached node's cotangent in its `_bar`; return order and leaves."""
    m = kind_of(roots)
    zero = m.rational(0)
    order = _reach(roots, mark, zero)
    for root, seed in zip(roots, seeds, strict=True):
        root._bar += seed
    leaves = _propagate(order)
    # A NaN product runs down to some leaf. Only then does each product need a test.
    if any(leaf._bar != leaf._bar for leaf in leaves):
        for node in order:
            node._bar = zero
        for root, seed in zip(roots, seeds, strict=True):
            root._bar += seed
        _propagate_strictly(order, m)
    if ACTIVE and STATE.anomaly is not None:
        check_for_anomalies(order, _bars, edges, STATE.anomaly.infinities)
    return order, leaves


def accumulate(root: Node, seed: Number) -> None:
    """Add to the leaves' `.grad`, overwrite that of interior nodes."""
    with LOCK:
        order, leaves = _sweep([root], [seed], object())
        for leaf in leaves:
            # Testing for 0 first keeps a Fraction exact beside the initial 0.0.
            if leaf.grad:
                if type(leaf.grad) is not type(leaf._bar):
                    namespace_of([leaf.grad, leaf._bar])  # or they do not mix
                leaf._bar += leaf.grad
        # One call into C, which no KeyboardInterrupt and no other thread can split.
        deque(map(setattr, order, repeat("grad"), map(_bars, order)), maxlen=0)


def leaves_of(roots: Sequence[Node]) -> list[Node]:
    """Return the leaves that the roots were made from."""
    with LOCK:
        return [node for node in _reach(roots, object(), 0) if node.rule is None]


def cotangents(
    roots: Sequence[Node], seeds: Sequence[Number], targets: Sequence[Node]
) -> list[Number]:
    """Return the targets' cotangents as numbers; touch no `.grad`."""
    with LOCK:
        mark = object()
        _sweep(roots, seeds, mark)
        return [
            t._bar if t._mark is mark else kind_of([t]).rational(0) for t in targets
        ]


def differentiable_cotangents(
    roots: Sequence[Node],
    seeds: Sequence[Any],
    targets: Sequence[Node],
    values: Callable[[Namespace], Any],
    behind: bool = True,
) -> list[Any]:
    """Return the targets' cotangents as Values: the graph's own formulas, run on nodes.

    `values(m)` gives the namespace for Values over numbers of the kind m. Only what
    leads to a target is computed; ``behind=False`` promises that no target is made from
    another, and what lies behind them is not even looked at. An edge whose partial is
    the plain number 0 is dropped; a Value that happens to be 0 is kept, since its
    derivative may not be.
    """
    m = kind_of(roots)
    over_values = values(m)
    fixed = {} if behind else {id(target): target for target in targets}
    with LOCK:
        mark = object()
        for target in fixed.values():
            target._mark = mark  # as if the walk had been there
        reached = _reach(roots, mark, 0)
    order = [*fixed.values(), *reached]
    # What each cotangent that is needed adds, until it is added: cotangents and
    # partials in turn.
    terms: dict[int, list[Any]] = {id(target): [] for target in targets}
    for node in reached:
        if (
            id(node._left) in terms  # quicker than `parents_of`, where it is so
            or id(node._right) in terms
            or not terms.keys().isdisjoint(map(id, parents_of(node)))
        ):
            terms.setdefault(id(node), [])
    if over_values.arranged is not None:
        order = over_values.arranged(roots, order, terms, fixed)
    for root, seed in zip(roots, seeds, strict=True):
        if id(root) in terms:
            terms[id(root)] += seed, 1
    bars: dict[int, Any] = {}
    used: dict[int, list[tuple[Node, Any]]] = {}  # the partials, by node
    watch = STATE.anomaly if ACTIVE else None
    term = terms.get
    for node in reversed(order):
        key = id(node)
        if not (added := term(key)):
            continue
        if len(added) == 2:
            bar = bars[key] = over_values.chain(*added)
        else:
            bar = bars[key] = over_values.total(added[::2], added[1::2])
        if node.rule is None or key in fixed:
            continue
        operands = operands_of(node)
        into: Sequence[Any]
        if len(operands) == 2:  # most have two: quicker than a comprehension
            left, right = into = term(id(operands[0])), term(id(operands[1]))
            wanted = [left is not None, right is not None]
        else:
            into = [term(id(operand)) for operand in operands]
            wanted = [added is not None for added in into]
        if True not in wanted:
            continue
        if not node.is_recorded:
            check_fresh(node)
        partials = node.rule.local(over_values, node, operands, wanted)
        if watch is not None:
            used[key] = list(compress(zip(operands, partials, strict=True), wanted))
        for added, partial in zip(into, partials, strict=False):
            if partial is not None and (hasattr(partial, "rule") or partial != 0):
                added.append(bar)
                added.append(partial)
    if watch is not None:
        check_for_anomalies(
            [node for node in order if id(node) in bars],
            lambda node: number_of(bars[id(node)]),
            lambda node: [(x, number_of(d)) for x, d in used.get(id(node), ())],
            watch.infinities,
        )
    found = [bars.get(id(target), 0) for target in targets]
    return [m.lift(bar) if is_number(bar) else bar for bar in found]
