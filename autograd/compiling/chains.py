"""Zero beats infinity, at the price of nothing: products without their test.

The chain rule's product is 0 where a factor is 0, even if the other is infinite or NaN.
A plain product differs from it only by giving NaN there, and NaN runs through every
operation into some output: all but comparisons, and what `where` does not choose, which
no output depends on. So a program may multiply plainly, if whoever runs it looks at the
outputs, and where one is NaN runs the sample again with the tests.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

from .backends import Runner
from .draft import Draft
from .program import COMPARISONS
from .signature import Numbers

__all__ = ["Watched", "relaxed"]

Array = Any
_PLAIN = {"chain": "mul", "chains": "dot"}


def relaxed(draft: Draft) -> Draft | None:
    """Return the program with plain products wherever a NaN of theirs is seen.

    None where it would be the same program.

    >>> from .program import Program
    >>> chained = Program(("g", "d"), (), (("chain", 0, 1),), (2,))
    >>> print(relaxed(Draft.of(chained)).program())
    program(g, d):
        v0 = g * d
        return v0
    """
    made = list(draft.made)
    # A comparison would hide a NaN: what leads to one keeps its tests.
    hidden = [False] * len(made)
    changed = False
    for handle in reversed(draft.chosen):
        name = made[handle][0]
        if hidden[handle] or name in COMPARISONS:
            for operand in made[handle][1:]:
                hidden[operand] = True
        elif name in _PLAIN:
            made[handle] = (_PLAIN[name], *made[handle][1:])
            changed = True
    return replace(draft, made=made) if changed else None


class Watched:
    """A runner of a relaxed program: samples with a NaN run again with the tests."""

    def __init__(self, fast: Runner, make_strict: Callable[[], Runner]) -> None:
        self.fast, self._make_strict = fast, make_strict

    @cached_property
    def strict(self) -> Runner:
        """The runner of the program with its tests, made when it is first needed."""
        return self._make_strict()

    @property
    def seconds(self) -> float:
        """The time that went into making code so far."""
        strict = self.__dict__.get("strict")
        return self.fast.seconds + (strict.seconds if strict else 0.0)

    def run_one(self, numbers: Numbers) -> tuple[Any, bool]:
        """Run one sample."""
        ran = self.fast.run_one(numbers)
        return self.strict.run_one(numbers) if _has_nan(ran[0]) else ran

    def summing(self, uniform: Array, lanes: Array) -> Callable[[], Array]:
        """Return what runs a batch again and again."""
        fast = self.fast.summing(uniform, lanes)

        def run() -> Array:
            found = fast()
            if _has_nan(found):
                return self.strict.run(uniform, lanes, True)[0]
            return found

        return run

    def repeated(self, *given: Any) -> Any:
        """Return what runs a batch and an update by turns, up to a NaN."""
        return self.fast.repeated(*given)

    def run(
        self, uniform: Array, lanes: Array, reduce: bool
    ) -> tuple[Array, Array | None]:
        """Run a batch."""
        found, held = self.fast.run(uniform, lanes, reduce)
        if not _has_nan(found.ravel()):
            return found, held
        if reduce:
            return self.strict.run(uniform, lanes, reduce)
        again = (found != found).any(axis=0)
        found[:, again] = self.strict.run(uniform, lanes[:, again].copy(), False)[0]
        return found, held


def _has_nan(found: Any) -> bool:
    """Tell whether there is a NaN in a list, or in an array of one axis."""
    if isinstance(found, list):
        return any(x != x for x in found)
    if not found.size:
        return False
    least = found[found.argmin()]  # NaN if there is one; quicker than min()
    return bool(least != least)
