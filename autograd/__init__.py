"""Scalar automatic differentiation: see every number, trust every gradient.

Explore
    Value                       a number that records how it was computed
    v.backward()  v.grad        gradients of a graph, accumulated in its leaves
    explain                     the chain rule of one gradient, written out
    grad  value_and_grad  jacobian  hessian  hvp  vjp  jvp
                                derivatives of functions, to any order
    sin  exp  relu  dot  ...    the operations: RULES has a Rule for each
    array                       NumPy arrays of Values (ValueArray); np.sin(v) works
    no_grad  detect_anomaly  record_sources
                                modes, for a `with` block

Render
    draw                        the graph as SVG, PNG, PDF, HTML, DOT or text
    play                        a page to step through it, forward and backward
    label_locals                Values named after your variables

Check what you derived by hand
    check_gradient  assert_gradient
                                a verdict, GradientReport, with the reason if wrong
    check_vjp  check_jacobian  check_hessian  check_rule
                                the same of layers, matrices and operations
    checking.strategies         Hypothesis strategies for the arguments

Run fast, and extend
    compile  vmap               a function as native code, also on batches
    rule                        an operation of your own
    the package nn              layers, losses, optimizers and fit: help(nn)

>>> from autograd import Value, grad, sin
>>> x = Value(0.5)
>>> y = x * sin(x)
>>> y.backward()
>>> x.grad == grad(lambda t: t * sin(t))(0.5)
True

`from autograd import *` leaves out abs, compile, max, min, pow, round and sum, which
would replace the built-in functions: write autograd.max, or import them by name.

Every name has its own help, with an example: start with `help(autograd.Value)`. In a
terminal, `python -m autograd --help`.
"""

from importlib import import_module
from typing import Any

from . import functions as _functions
from .errors import (
    AnomalyError,
    ArgumentError,
    AutogradError,
    CutGraphError,
    CycleError,
    ExpressionError,
    MissingExtraError,
    NumberError,
    OpaqueRuleError,
    ProgramError,
    StaleGraphError,
    TracingError,
    UnsupportedFunctionError,
)
from .functions import dot, take, where
from .modes import detect_anomaly, no_grad, record_sources
from .rules import RULES, Rule
from .user_rules import rule
from .value import Value

# Loaded when first asked for, so that `import autograd` stays light.
_LAZY = {
    "GradientMismatch": "checking",
    "GradientReport": "checking",
    "ValueArray": "arrays",
    "array": "arrays",
    "assert_gradient": "checking",
    "check_gradient": "checking",
    "check_hessian": "checking",
    "check_jacobian": "checking",
    "check_rule": "checking",
    "check_vjp": "checking",
    "compile": "compiling",
    "draw": "drawing",
    "explain": "drawing",
    "grad": "derivatives",
    "hessian": "derivatives",
    "hvp": "derivatives",
    "jacobian": "derivatives",
    "jvp": "derivatives",
    "label_locals": "drawing",
    "play": "drawing",
    "value_and_grad": "derivatives",
    "vjp": "derivatives",
    "vmap": "compiling",
}

_OPERATIONS = {name: getattr(_functions, name) for name in _functions.__all__}
globals().update(_OPERATIONS)

__all__ = [
    "RULES",
    "AnomalyError",
    "ArgumentError",
    "AutogradError",
    "CutGraphError",
    "CycleError",
    "ExpressionError",
    "MissingExtraError",
    "NumberError",
    "OpaqueRuleError",
    "ProgramError",
    "Rule",
    "StaleGraphError",
    "TracingError",
    "UnsupportedFunctionError",
    "Value",
    "detect_anomaly",
    "dot",
    "no_grad",
    "record_sources",
    "rule",
    "take",
    "where",
]
# `from autograd import *` leaves the built-in functions alone.
_SHADOWING = {"abs", "compile", "max", "min", "pow", "round", "sum"}
__all__ = sorted({*__all__, *_LAZY, *_OPERATIONS} - _SHADOWING)


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        found = getattr(import_module(f".{_LAZY[name]}", __name__), name)
        globals()[name] = found
        return found
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}{_advice(name)}"
    )


# What other packages call it.
_ELSEWHERE = {
    "Tensor": "autograd.Value",
    "Variable": "autograd.Value",
    "check": "autograd.check_gradient",
    "elementwise_grad": "autograd.grad of each element, or autograd.jacobian",
    "gradcheck": "autograd.check_gradient",
    "gradient": "autograd.grad, or v.gradient([...])",
    "jit": "autograd.compile",
    "nn": "import nn, a package of its own",
    "numpy": "import numpy: its functions take Values here",
    "tensor": "autograd.Value, or autograd.array",
    "value_and_gradient": "autograd.value_and_grad",
}


def _advice(name: str) -> str:
    """Return what a name that is not here may stand for."""
    if name.startswith("_"):
        return ""
    same = [f"autograd.{row.name}" for row in RULES.values() if name in row.numpy]
    found = _ELSEWHERE.get(name) or next(iter(same), "")
    if not found:
        from difflib import get_close_matches

        close = get_close_matches(name, [*__all__, *_SHADOWING], 1, cutoff=0.7)
        found = next((f"autograd.{each}" for each in close), "")
    return f": did you mean {found}?" if found else ""


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
