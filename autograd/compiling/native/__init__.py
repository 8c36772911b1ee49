"""Native code: a program as text in LLVM's language, compiled by llvmlite.

shapes.py      one double, or one of each of 8 samples
operations.py  each operation in LLVM's language
calls.py       C's library, and Python where nothing else gives its bits
vectors.py     exp, log, sin, ... of 8 samples at once
plan.py        what runs once a call, what for each tile of samples
ir.py          functions of limited length
handlers.py    a large program as a table: what follows its words
writer.py      instructions → words
alike.py       instructions of one sample that words do 8 at once
words.py       plan → table
tabled.py      functions that have a table followed
loops.py       the loops over samples, sums
kernel.py      whole modules
engine.py      text → functions; the cache on disk
memory.py      what one call runs in
version.py     a kernel compiled at one level, shared by threads
runner.py      runs them, with better code for what is hot
repeated.py    steps of a descent: sums over a batch, and what they move, by turns

With the environment variable AUTOGRAD_COMPILE_CACHE, a directory, object code is kept
there and found again.
"""

from typing import TYPE_CHECKING

from ..program import Program

if TYPE_CHECKING:
    from .runner import Runner

__all__ = ["prepare"]


def prepare(program: Program, varying: tuple[bool, ...], *, exact: bool) -> "Runner":
    """Return the runner of a program whose inputs vary where `varying` says."""
    from .runner import Runner

    return Runner(program, varying, exact=exact)
