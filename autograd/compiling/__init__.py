"""Compiled functions: recorded once, run natively for new numbers.

A call goes this way:

    signature.py     which numbers are inputs, what else fixes a recording
    tracing.py       the function runs once on Tracers and writes
    program.py       a program: straight-line code (builder.py writes it)
    simplify.py      the same in fewer instructions
    lowering.py      the same in primitives, by the rows' formulas
    backends.py      who runs it: native code, NumPy, plain Python
    recording.py     branches of one function; compiled.py: all of it
    batch.py         many samples, looked at closely; planned.py: like an earlier batch
"""

from .compiled import Compiled, Stats, compile, vmap
from .program import Program
from .tracers import Condition, Tracer

__all__ = ["Compiled", "Condition", "Program", "Stats", "Tracer", "compile", "vmap"]
