"""Long sums: chains of additions become n-ary `sum`s, and of products `dot`s.

A gradient with respect to a weight that is used in many places is such a chain, a
product for each place. What is used only once, in the chain, is taken in.
"""

from collections.abc import Sequence
from dataclasses import replace

from .draft import Draft
from .program import Instruction, Program

__all__ = ["collected"]


def collected(draft: Draft, exact: bool) -> Program:
    """Collect additions and products of one use into `sum`, `dot` and `fma`.

    With `exact` only along one operand of each addition, so that terms are added in the
    order in which they were, and the bits stay; and no `fma`, which rounds once where a
    product and an addition round twice.
    """
    return _Collector(draft, exact).run()


class _Collector:
    """The program's own instructions; a sum takes the place of its last addition."""

    def __init__(self, draft: Draft, exact: bool) -> None:
        self.draft, self.exact = draft, exact
        self.made, self.constants = list(draft.made), dict(draft.constants)
        self.adds = [h for h in draft.chosen if self.made[h][0] == "add"]
        self.once = self._once()
        self.inner = self._inner()  # additions that are a part of a longer sum
        self.gone: set[int] = set()  # products that are a part of a sum

    def _once(self) -> set[int]:
        """Return the sums and products that an addition uses and nothing else."""
        made = self.made
        added = {x for add in self.adds for x in made[add][1:]}
        added = {x for x in added if made[x][0] in ("add", "mul", "dot")}
        once, again = set[int](), set[int]()
        ends = self.draft.outputs, [handle for handle, _ in self.draft.guards]
        for places in (*(made[h][1:] for h in self.draft.chosen), *ends):
            if not added.isdisjoint(places):
                for x in places:
                    (again if x in once else once).add(x)
        return (once & added) - again

    def _taken(self, slot: int, name: str) -> bool:
        """Tell whether an operand is the result of this operation, used here only."""
        return slot in self.once and bool(self.made[slot][0] == name)

    def _inner(self) -> set[int]:
        inner = set[int]()
        for add in self.adds:
            chains = [x for x in self.made[add][1:] if self._taken(x, "add")]
            inner.update(chains[:1] if self.exact else chains)
        return inner

    def run(self) -> Program:
        """Return the new program."""
        sums = {add: self._sum(add) for add in self.adds if add not in self.inner}
        for handle, instruction in sums.items():
            self.made[handle] = instruction
        gone = self.inner | self.gone
        kept = [handle for handle in self.draft.chosen if handle not in gone]
        return replace(
            self.draft, made=self.made, constants=self.constants, chosen=kept
        ).program()

    def _sum(self, root: int) -> Instruction:
        """Return the sum that ends with this addition."""
        terms = self._terms(root)
        left: list[int] = []
        right: list[int | None] = []
        taken = []  # the products
        for slot in terms:
            factors = self._factors(slot, first=not left)
            half = len(factors) // 2
            left += factors[:half] or [slot]
            right += factors[half:] or [None]
            if factors:
                taken.append(slot)
        products = len(right) - right.count(None)
        if len(left) == 2 and products < 2 and (self.exact or not products):
            return self.made[root]
        if 2 * products < len(left):
            return ("sum", *terms)
        self.gone.update(taken)
        if len(left) == 2 and products < 2:
            at = right.index(None)
            return ("fma", left[1 - at], right[1 - at], left[at])
        return ("dot", *left, *[self._one() if x is None else x for x in right])

    def _one(self) -> int:
        """Return the handle of the constant 1.0."""
        for handle, x in self.constants.items():
            if type(x) is float and x == 1.0:
                return handle
        handle = len(self.made)
        self.made.append(("constant", 1.0))
        self.constants[handle] = 1.0
        return handle

    def _factors(self, slot: int, first: bool) -> Sequence[int]:
        """Return the factors of a term's products, all left ones first, or nothing."""
        if self._taken(slot, "mul") or (
            self._taken(slot, "dot") and (first or not self.exact)
        ):
            return self.made[slot][1:]
        return ()

    def _terms(self, root: int) -> list[int]:
        """Return what the addition adds, in order."""
        terms: list[int] = []
        stack = [root]
        while stack:
            slot = stack.pop()
            if slot == root or slot in self.inner:
                _, x, y = self.made[slot]
                swap = y in self.inner and x not in self.inner
                stack += (x, y) if swap else (y, x)
            else:
                terms.append(slot)
        return terms
