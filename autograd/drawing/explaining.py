"""`explain`: the chain rule written out, path by path, with symbols and numbers.

A gradient is a sum over all paths from the output down to the leaf, each the product of
its local derivatives. There may be more paths than atoms, so none but the largest are
ever made: paths are counted by adding up counts, and the largest ones found by keeping
a few for each node.

Source: Griewank & Walther, Evaluating Derivatives, section 3.2 (Baur's formula).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from ..errors import ArgumentError, AutogradError, NumberError
from ..graph import topological_order
from ..kinds import namespace_of
from ..layout import edges, is_number, number_of
from ..printing.formatting import number, shortened
from ..printing.formulas import bracketed, formula
from ..printing.symbolic import (
    LOOSE,
    QUOTIENT,
    Symbol,
    Symbols,
    latex_name,
    number_symbol,
    symbol,
)
from ..value import Value
from .names import titles_by_id
from .scene import Number, node_titles, product

_MOST_FACTORS = 12  # of one path; the middle of a longer one is left out
_LONGEST = 48  # of a local derivative in symbols; a longer one stands as ∂v/∂x


@dataclass(frozen=True, slots=True)
class Step:
    """One factor: ∂head/∂tail by the operand at this place."""

    head: Value
    tail: Value
    place: int
    derivative: Number


@dataclass(frozen=True, slots=True)
class Path:
    """The steps from the output down to the leaf, and their product."""

    steps: tuple[Step, ...]
    product: Number


class Explanation:
    """The chain rule for one output and one node; `print` it, or show it in a notebook.

    gradient: ∂output/∂node. count: how many paths there are. paths: the largest of
    them, by the size of their products. left_out: what all the others add up to.
    text: everything in words; latex: the same for a notebook.
    """

    def __init__(
        self,
        gradient: Number,
        count: int,
        paths: Sequence[Path],
        titles: dict[int, str],
        output: Value,
        node: Value,
    ) -> None:
        self.gradient, self.count, self.paths = gradient, count, tuple(paths)
        self._titles, self._output, self._node = titles, output, node

    @property
    def left_out(self) -> Number:
        """What the paths that are not in `paths` add up to; 0 if there are none."""
        if self.count == len(self.paths):
            return 0
        shown = [path.product for path in self.paths]
        return self.gradient - sum(shown[1:], shown[0]) if shown else self.gradient

    @property
    def text(self) -> str:
        """The explanation as text."""
        name = f"∂{self._title(self._output)}/∂{self._title(self._node)}"
        total = number(self.gradient)
        if not self.count:
            return f"{name} = 0: {self._independent()}"
        lines = [f"{name} = {total}{self._sum_of()}"]
        for i, path in enumerate(self.paths, 1):
            head = f"{i}. " if self.count > 1 else "   "
            symbols, factors = self._factors(path)
            texts, numbers = map(_texts, (symbols, factors))
            lines += [
                "",
                head + " · ".join(_cut([self._name(step) for step in path.steps])),
                f"    = {' · '.join(_cut(texts))}",
                f"    = {' · '.join(_cut(numbers))}",
                f"    = {number(path.product)}",
            ]
            if len(path.steps) > _MOST_FACTORS:
                lines.append(f"    (… stands for {len(path.steps) - _KEPT:,} factors)")
        if rest := self.count - len(self.paths):
            lines += ["", f"{self._more(rest)} {number(self.left_out)}"]
        elif self.count > 1:
            terms = [bracketed(number(path.product)) for path in self.paths]
            lines += ["", f"sum: {' + '.join(_cut(terms))} = {total}"]
        if legend := self._legend():
            lines += ["", "where", *(f"  {line}" for line in legend)]
        return "\n".join(lines)

    @property
    def latex(self) -> str:
        """The explanation in LaTeX, without dollar signs."""
        output, node = (latex_name(self._title(v)) for v in (self._output, self._node))
        name = rf"\frac{{\partial {output}}}{{\partial {node}}}"
        if not self.count:
            return f"{name} = 0"
        rows = []
        for path in self.paths:
            symbols, factors = map(_latex, self._factors(path))
            names = r" \cdot ".join(
                _cut([self._latex_name(step) for step in path.steps], r"\cdots")
            )
            value = number_symbol(path.product).latex
            break_ = r"\\ &\quad ="
            rows.append(rf"& {names} {break_} {symbols} {break_} {factors} = {value}")
        if rest := self.count - len(self.paths):
            more = number_symbol(self.left_out).latex
            rows.append(rf"& \text{{{self._more(rest)} }} {more}")
        total = number_symbol(self.gradient).latex
        body = r" \\[1ex] ".join([rf"{name} &= {total}", *rows])
        return rf"\begin{{aligned}} {body} \end{{aligned}}"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex}$"

    def __repr__(self) -> str:
        return self.text

    def _independent(self) -> str:
        output, node = self._title(self._output), self._title(self._node)
        return f"{output} does not depend on {node}"

    def _sum_of(self) -> str:
        shown = len(self.paths)
        if self.count == 1:
            return ""
        if shown == self.count:
            return f", the sum over {self.count:,} paths"
        return f", the sum over {_count(self.count)} paths; the largest {shown}:"

    @staticmethod
    def _more(rest: int) -> str:
        return f"and {_count(rest)} more path{'' if rest == 1 else 's'}, together"

    def _title(self, node: Value) -> str:
        return shortened(self._titles[id(node)], 30)

    def _name(self, step: Step) -> str:
        return f"∂{self._title(step.head)}/∂{self._title(step.tail)}"

    def _latex_name(self, step: Step) -> str:
        head, tail = (latex_name(self._title(v)) for v in (step.head, step.tail))
        return rf"\frac{{\partial {head}}}{{\partial {tail}}}"

    def _factors(self, path: Path) -> tuple[list[Symbol], list[Symbol]]:
        """Return the local derivatives of a path, as formulas and as numbers."""
        formulas = [self._formula(step) for step in path.steps]
        return formulas, [number_symbol(step.derivative) for step in path.steps]

    def _formula(self, step: Step) -> Symbol:
        """Return a local derivative as its rule writes it."""
        fallback = Symbol(step.derivative, self._name(step), self._latex_name(step))
        operands = [
            o if is_number(o) else symbol(o.data, self._title(o))
            for o in step.head.operands
        ]
        rule: Any = step.head.rule
        try:
            m: Any = Symbols(namespace_of([number_of(step.tail)]))
            out = symbol(step.head.data, self._title(step.head))
            wanted = [place == step.place for place in range(len(operands))]
            found = rule.local(m, out, operands, wanted)[step.place]
        except (AutogradError, ArithmeticError, AttributeError, KeyError, TypeError):
            return fallback  # a rule of the user's that symbols do not fit
        if not isinstance(found, Symbol):
            return number_symbol(found)
        return found if len(found.text) <= _LONGEST else fallback

    def _legend(self) -> list[str]:
        """Return what the nodes on the paths are."""
        on_paths: dict[int, Value] = {}
        for path in self.paths:
            for step in path.steps[:_KEPT]:
                for node in (step.head, *step.head.parents):
                    on_paths.setdefault(id(node), node)
        lines = []
        for node in list(on_paths.values())[:_MOST_LEGEND]:
            name, data = self._title(node), number(node.data)
            if node.rule is None:
                lines.append(f"{name} = {data}")
                continue
            texts = [
                number(o) if is_number(o) else self._title(o) for o in node.operands
            ]
            text = formula(node.rule.name, node.rule.text, texts)
            lines.append(f"{name} = {shortened(text, 60)} = {data}")
        if len(on_paths) > _MOST_LEGEND:
            lines.append(f"and {len(on_paths) - _MOST_LEGEND:,} more")
        return lines


_MOST_LEGEND = 20
_KEPT = 8  # factors of a long path


def explain(
    output: Value, *, wrt: Value | str, names: Any = None, most: int = 8
) -> Explanation:
    """Write the chain rule out: how ∂output/∂wrt comes about, path by path.

    wrt: a Value that the output was made from, or its label. names: as in `draw`.
    most: how many paths are shown, those with the largest products; the rest is
    counted and added up.

    >>> from autograd import Value, explain
    >>> x, y = Value(3.0, label="x"), Value(2.0, label="y")
    >>> out = x * y + x
    >>> print(explain(out, wrt=x))
    ∂v2/∂x = 3, the sum over 2 paths
    <BLANKLINE>
    1. ∂v2/∂v1 · ∂v1/∂x
        = 1 · y
        = 1 · 2
        = 2
    <BLANKLINE>
    2. ∂v2/∂x
        = 1
        = 1
        = 1
    <BLANKLINE>
    sum: 2 + 1 = 3
    <BLANKLINE>
    where
      v2 = v1 + x = 9
      v1 = x × y = 6
      x = 3
      y = 2

    The numbers are the local derivatives of the forward pass. Raises `NumberError` for
    what is no Value, `ArgumentError` for a label that no node or several nodes have.
    """
    if not isinstance(output, Value):
        raise NumberError(
            f"explain() takes a Value, got a {type(output).__name__}: it has no graph"
        )
    if type(most) is not int or most < 1:
        raise ArgumentError(f"most is a whole number from 1 on, got {most!r}")
    order = topological_order([output], attrgetter("parents"))
    titles = node_titles(order, titles_by_id(names)[0])
    node = _wrt(wrt, order, titles)
    titles.setdefault(id(node), str(node.label or "x"))
    count, paths = _largest(order, node, most)
    [gradient] = output.gradient([node])
    return Explanation(gradient, count, paths, titles, output, node)


def _wrt(wrt: Value | str, order: Sequence[Value], titles: dict[int, str]) -> Value:
    if isinstance(wrt, Value):
        return wrt
    if not isinstance(wrt, str):
        raise NumberError(
            f"wrt is a Value or a label, got a {type(wrt).__name__}: explain(v, wrt=x)"
        )
    found = [node for node in order if titles[id(node)] == wrt]
    if len(found) != 1:
        problem = f"{len(found)} nodes have" if found else "no node has"
        known = [titles[id(node)] for node in order if node.label is not None]
        hint = f"; labelled are {', '.join(known[:8])}" if known else ""
        raise ArgumentError(f"{problem} the label {wrt!r}{hint}")
    return found[0]


# What is kept of a path at a node: |product|, product, and the way down.
_Partial = tuple[float, Number, Any]


def _largest(order: Sequence[Value], node: Value, most: int) -> tuple[int, list[Path]]:
    """Return how many paths lead down to a node, and those with the largest products.

    The paths up to a node extend those up to its operands, so the largest of them
    extend some of the largest: time and memory are linear in the graph, times `most`.
    """
    counts: dict[int, int] = {id(node): 1}
    best: dict[int, list[_Partial]] = {id(node): [(1.0, 1, None)]}
    for head in order:
        if head is node or head.rule is None:
            continue
        count = 0
        found: list[_Partial] = []
        places = [i for i, o in enumerate(head.operands) if not is_number(o)]
        for place, (tail, derivative) in zip(places, edges(head), strict=True):
            if id(tail) not in counts:
                continue
            count += counts[id(tail)]
            for rest in best[id(tail)]:
                value = product(derivative, rest[1])
                size = math.inf if value != value else abs(value)
                found.append((size, value, (head, tail, place, derivative, rest)))
        if count:
            counts[id(head)] = count
            found.sort(key=lambda partial: partial[0], reverse=True)
            best[id(head)] = found[:most]
    output = order[-1]
    if id(output) not in counts:
        return 0, []
    return counts[id(output)], [
        Path(_steps(partial), partial[1]) for partial in best[id(output)]
    ]


def _steps(partial: _Partial) -> tuple[Step, ...]:
    steps = []
    while partial[2] is not None:
        head, tail, place, derivative, partial = partial[2]
        steps.append(Step(head, tail, place, derivative))
    return tuple(steps)


def _cut(factors: list[str], gap: str = "…") -> list[str]:
    """Leave out the middle of a long product."""
    if len(factors) <= _MOST_FACTORS:
        return factors
    return [*factors[: _KEPT // 2], gap, *factors[-_KEPT // 2 :]]


def _texts(factors: list[Symbol]) -> list[str]:
    """Return factors as text, in brackets where they would be misread."""
    return [f"({s.text})" if s.binds <= QUOTIENT else s.text for s in factors]


def _latex(factors: list[Symbol]) -> str:
    """Return a product in LaTeX."""
    texts = [
        rf"\left({s.latex}\right)" if s.binds == LOOSE else s.latex for s in factors
    ]
    return r" \cdot ".join(_cut(texts, r"\cdots"))


def _count(n: int) -> str:
    """Print a number of paths, a very large one in powers of ten."""
    return f"{n:,}" if n < 10**9 else f"about {number(n, 3)}"
