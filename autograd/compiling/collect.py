"""Long sums: chains of additions become n-ary `sum`s, and of products `dot`s.

A gradient with respect to a weight that is used in many places is such a chain, a
product for each place. What is used only once, in the chain, is taken in.
"""

from collections.abc import Iterator, Sequence

from .builder import Builder
from .program import Program, pick

__all__ = ["collected"]

Factors = tuple[int, ...]  # the slots of a product, or of a single term


def collected(program: Program, exact: bool) -> Program:
    """Collect additions and products of one use into `sum`, `dot` and `fma`.

    With `exact` only along one operand of each addition, so that terms are added in the
    order in which they were, and the bits stay; and no `fma`, which rounds once where a
    product and an addition round twice.
    """
    return _Collector(program, exact).run()


class _Collector:
    def __init__(self, program: Program, exact: bool) -> None:
        self.program, self.exact = program, exact
        self.code, self.start = program.code, program.start
        self.once = self._once()
        self.inner = self._inner()  # additions that are a part of a longer sum
        self.builder = Builder(program.inputs, program.indices)
        self.handles: list[int] = [*range(len(program.inputs))]
        self.handles += map(self.builder.constant, program.constants)
        self.handles += [-1] * len(self.code)

    def _once(self) -> set[int]:
        """Return the sums and products that an addition uses and nothing else."""
        start = self.start
        added = {
            slot
            for instruction in self.code
            if instruction[0] == "add"
            for slot in instruction[1:]
            if slot >= start and self.code[slot - start][0] in ("add", "mul", "dot")
        }
        once, again = set[int](), set[int]()
        ends = self.program.outputs, [slot for slot, _ in self.program.guards]
        for places in (*(instruction[1:] for instruction in self.code), *ends):
            if not added.isdisjoint(places):
                for slot in places:
                    (again if slot in once else once).add(slot)
        return (once & added) - again

    def _taken(self, slot: int, name: str) -> bool:
        """Tell whether an operand is the result of this operation, used here only."""
        return slot in self.once and bool(self.code[slot - self.start][0] == name)

    def _inner(self) -> bytearray:
        inner = bytearray(self.program.size)
        for instruction in self.code:
            if instruction[0] == "add":
                chains = [x for x in instruction[1:] if self._taken(x, "add")]
                for x in chains[:1] if self.exact else chains:
                    inner[x] = 1
        return inner

    def run(self) -> Program:
        """Return the new program."""
        handles = self.handles
        for slot, instruction in enumerate(self.code, self.start):
            name, places = instruction[0], instruction[1:]
            if self.inner[slot]:
                continue
            if slot in self.once and name != "add":
                for x in places:  # made where it is used, if no sum takes it in
                    self.handle(x)
            elif name == "add":
                handles[slot] = self._sum(slot)
            else:
                operands = pick(handles, places)
                if -1 in operands:
                    operands = tuple(map(self.handle, places))
                handles[slot] = self.builder.put((name, *operands))
        return self.builder.finish(
            [self.handle(x) for x in self.program.outputs],
            [(self.handle(x), wanted) for x, wanted in self.program.guards],
        )

    def handle(self, slot: int) -> int:
        """Return an operand's handle; make a product that no sum has taken in."""
        if self.handles[slot] < 0:
            name, *operands = self.code[slot - self.start]
            handles = [self.handles[x] for x in operands]
            self.handles[slot] = self.builder.emit(name, *handles)
        return self.handles[slot]

    def _sum(self, slot: int) -> int:
        """Write the sum that ends with this addition."""
        terms = self._terms(slot)
        products = sum(len(factors) == 2 for factors in terms)
        emit, handle = self.builder.emit, self.handle
        if len(terms) == 2 and products < 2:
            (plain,) = [x for x in terms if len(x) == 1][:1]
            (other,) = [x for x in terms if x is not plain]
            if len(other) == 1:
                return emit("add", *sorted((handle(plain[0]), handle(other[0]))))
            if not self.exact:
                return emit("fma", *map(handle, other), handle(plain[0]))
            product = emit("mul", *map(handle, other))
            return emit("add", product, handle(plain[0]))
        if 2 * products < len(terms):
            return emit("sum", *map(self._product, terms))
        one = self.builder.constant(1.0)
        left = [handle(x[0]) for x in terms]
        right = [handle(x[1]) if len(x) == 2 else one for x in terms]
        return emit("dot", *left, *right)

    def _product(self, factors: Factors) -> int:
        handles = [self.handle(x) for x in factors]
        return handles[0] if len(handles) == 1 else self.builder.emit("mul", *handles)

    def _terms(self, root: int) -> list[Factors]:
        """Return what the addition adds, in order, products as their two factors."""
        terms: list[Factors] = []
        stack = [root]
        while stack:
            slot = stack.pop()
            if slot == root or self.inner[slot]:
                _, x, y = self.code[slot - self.start]
                first, second = (
                    (y, x) if self.inner[y] and not self.inner[x] else (x, y)
                )
                stack += [second, first]
            elif self._taken(slot, "mul"):
                terms.append(tuple(self.code[slot - self.start][1:]))
            elif self._taken(slot, "dot") and not (self.exact and terms):
                terms += _pairs(self.code[slot - self.start][1:])
            else:
                terms.append((slot,))
        return terms


def _pairs(operands: Sequence[int]) -> Iterator[Factors]:
    half = len(operands) // 2
    return zip(operands[:half], operands[half:], strict=True)
