"""Which function of NumPy is done by what, when it meets Values.

A name is in one table: a rule (`RULE_OF`), a composition of rules on scalars
(`COMPOSED`), an implementation on arrays (`FUNCTIONS`, `PRODUCTS`, `UFUNC_METHODS`),
NumPy's own code on the plain numbers (`PREDICATES`, `ON_NUMBERS`: what is piecewise
constant) or on the Values (`BY_NUMPY`, `IN_PLACE`: what moves elements, or calls
functions of these tables). A name in no table raises. `BY_NUMPY` is for code of NumPy
that treats objects as it treats floats: `np.nan_to_num` returns objects unchanged, so
it is not there.
"""

import math
import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from . import array_functions as functions
from . import array_products as products
from .array_functions import Array, elementwise, fold, operand, row_function, scan
from .errors import UnsupportedFunctionError
from .layout import number_of
from .rules import RULES, Rule
from .value import apply

Function = Callable[..., Any]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Ufuncs and functions that are a row of the rule table, as the table says.
RULE_OF: dict[Any, Rule] = {
    getattr(np, name): rule
    for rule in RULES.values()
    for name in rule.numpy
    if hasattr(np, name)  # NumPy 2 has names that 1.26 has not
}


# Ufuncs made of rows, on scalars


def _copysign(x: Any, y: Any) -> Any:
    signs = math.copysign(1, number_of(x)), math.copysign(1, number_of(y))
    return x if signs[0] == signs[1] else -x


def _fmax(x: Any, y: Any) -> Any:
    return x if y != y else y if x != x else apply(RULES["maximum"], x, y)


def _fmin(x: Any, y: Any) -> Any:
    return x if y != y else y if x != x else apply(RULES["minimum"], x, y)


def _fmod(x: Any, y: Any) -> Any:
    """Give C's remainder, with the sign of x: Python's one of the magnitudes."""
    rest = apply(RULES["mod"], -x if x < 0 else x, -y if y < 0 else y)
    return -rest if x < 0 else rest


def _heaviside(x: Any, at_zero: Any) -> Any:
    return x if x != x else at_zero if x == 0 else 1 if x > 0 else 0


def _logaddexp2(x: Any, y: Any) -> Any:
    ln2 = math.log(2)
    return apply(RULES["logaddexp"], x * ln2, y * ln2) / ln2


def _divmod(x: Any, y: Any) -> tuple[Any, Any]:
    return apply(RULES["floordiv"], x, y), apply(RULES["mod"], x, y)


def _radians(x: Any) -> Any:
    return x * (math.pi / 180)


def _degrees(x: Any) -> Any:
    return x * (180 / math.pi)


COMPOSED: dict[str, Function] = {
    "copysign": _copysign,
    "deg2rad": _radians,
    "degrees": _degrees,
    "divmod": _divmod,
    "fmax": _fmax,
    "fmin": _fmin,
    "fmod": _fmod,
    "heaviside": _heaviside,
    "logaddexp2": _logaddexp2,
    "rad2deg": _degrees,
    "radians": _radians,
}


# Methods of ufuncs

# The row for any number of operands of a row for two.
_OF_ALL = {
    "add": "sum",
    "hypot": "norm",
    "logaddexp": "logsumexp",
    "maximum": "max",
    "minimum": "min",
    "mul": "prod",
}


def _on_scalars(function: Rule | Function) -> Function:
    return partial(apply, function) if isinstance(function, Rule) else function


def _reduce(function: Rule | Function, a: Any, *, axis: Any = 0, **how: Any) -> Array:
    rule = _OF_ALL.get(function.name) if isinstance(function, Rule) else None
    if rule is None:
        raise UnsupportedFunctionError(
            f"reduce has a derivative here for np.add, multiply, maximum, minimum, "
            f"logaddexp and hypot, not for {function!r}: use functools.reduce"
        )
    return fold(row_function(RULES[rule]), a, axis, **how)


def _accumulate(function: Rule | Function, a: Any, *, axis: Any = 0) -> Array:
    return scan(_on_scalars(function), a, axis)


def _outer(function: Rule | Function, a: Any, b: Any) -> Any:
    a, b = operand(a), operand(b)
    return elementwise(function, a.reshape(a.shape + (1,) * b.ndim), b)


def _at(function: Rule | Function, a: Any, place: Any, *others: Any) -> None:
    """Change `a` at places, one after the other: a place may come twice."""
    step = _on_scalars(function)
    places = np.arange(a.size).reshape(a.shape)[place]
    flat = a.ravel().tolist()
    others = tuple(np.broadcast_to(operand(x), places.shape) for x in others)
    for i, *rest in zip(places.flat, *(x.flat for x in others), strict=True):
        flat[i] = step(flat[i], *rest)
    a[...] = np.fromiter(flat, object, a.size).reshape(a.shape)


UFUNC_METHODS: dict[str, Function] = {
    "accumulate": _accumulate,
    "at": _at,
    "outer": _outer,
    "reduce": _reduce,
}

PRODUCTS: dict[str, Function] = {
    "matmul": products.matmul,
    "matvec": partial(products.product, "...ik,...k->...i"),
    "vecdot": products.vecdot,
    "vecmat": partial(products.product, "...k,...kj->...j"),
}

PREDICATES = _names(
    """
    equal greater greater_equal isfinite isinf isnan less less_equal logical_and
    logical_not logical_or logical_xor not_equal signbit
    """
)

# The same on Values of a recording, whose comparisons are conditions.
_AS_CONDITIONS: dict[str, Function] = {
    "equal": operator.eq,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "isfinite": lambda x: abs(x) < math.inf,
    "isinf": lambda x: abs(x) == math.inf,
    "isnan": lambda x: x != x,
    "less": operator.lt,
    "less_equal": operator.le,
    "logical_and": operator.and_,
    "logical_not": lambda a: not a if isinstance(a, bool) else ~a,
    "logical_or": operator.or_,
    "logical_xor": operator.xor,
    "not_equal": operator.ne,
}


def conditions(name: str, *operands: Any) -> Any:
    """Return what a predicate of NumPy says of Values of a recording."""
    if name not in _AS_CONDITIONS:
        raise UnsupportedFunctionError(
            f"np.{name} asks for numbers while a function is recorded: write it as a "
            f"comparison"
        )
    found = elementwise(_AS_CONDITIONS[name], *operands)
    return found if found.ndim else found[()]


# Functions


def _zeros_like(a: Any, *args: Any, **how: Any) -> Array:
    return np.zeros_like(operand(a), *args, **how)


def _ones_like(a: Any, *args: Any, **how: Any) -> Array:
    return np.ones_like(operand(a), *args, **how)


def _full_like(a: Any, fill_value: Any, *args: Any, **how: Any) -> Array:
    return np.full_like(operand(a), operand(fill_value), *args, **how)


FUNCTIONS: dict[str, Function] = {
    # Rows along axes
    "amax": partial(fold, functions.largest),
    "amin": partial(fold, functions.smallest),
    "max": partial(fold, functions.largest),
    "mean": partial(fold, functions.mean),
    "median": partial(fold, functions.median),
    "min": partial(fold, functions.smallest),
    "prod": partial(fold, functions.prod),
    "ptp": partial(fold, functions.spread),
    "std": functions.std,
    "sum": partial(fold, functions.total),
    "trace": functions.trace,
    "var": functions.var,
    "linalg.matrix_norm": functions.matrix_norm,
    "linalg.norm": functions.norm,
    "linalg.vector_norm": functions.vector_norm,
    "cumprod": partial(scan, functions.mul),
    "cumsum": partial(scan, functions.add),
    "cumulative_prod": partial(functions.cumulative, functions.mul, 1),
    "cumulative_sum": partial(functions.cumulative, functions.add, 0),
    # Choosing
    "around": functions.round_to,
    "clip": functions.clip,
    "partition": functions.partition,
    "round": functions.round_to,
    "sort": functions.sort,
    "where": functions.where,
    # Sums of products
    "dot": products.dot,
    "einsum": products.einsum,
    "inner": products.inner,
    "tensordot": products.tensordot,
    "vdot": products.vdot,
    # New arrays: leaves, unless dtype= says otherwise
    "empty_like": _zeros_like,
    "full_like": _full_like,
    "ones_like": _ones_like,
    "zeros_like": _zeros_like,
}

# Piecewise constant: NumPy's code on the plain numbers.
ON_NUMBERS = _names(
    """
    all allclose any argmax argmin argpartition argsort argwhere array2string
    array_equal array_equiv array_repr array_str count_nonzero digitize flatnonzero imag
    isclose iscomplex isin isneginf isposinf isreal lexsort nanargmax nanargmin nonzero
    searchsorted
    """
)

# NumPy's code on the Values.
BY_NUMPY = _names(
    """
    append apply_along_axis apply_over_axes array_split atleast_1d atleast_2d atleast_3d
    average block broadcast_arrays broadcast_to choose column_stack compress concatenate
    convolve copy correlate cross delete diag diag_indices_from diagflat
    diagonal diff dsplit dstack ediff1d expand_dims extract flip fliplr flipud
    hsplit hstack insert iscomplexobj isrealobj kron linspace matrix_transpose
    may_share_memory meshgrid moveaxis ndim outer pad piecewise polyadd polyder polyint
    polysub polyval ravel real repeat reshape resize result_type roll rollaxis
    rot90 row_stack select shape shares_memory size split squeeze stack swapaxes take
    take_along_axis tile transpose trapezoid trapz tril tril_indices_from triu
    triu_indices_from unstack vander vsplit vstack

    linalg.cross linalg.diagonal linalg.matmul linalg.matrix_power
    linalg.matrix_transpose linalg.multi_dot linalg.outer linalg.tensordot linalg.trace
    linalg.vecdot

    lib.stride_tricks.sliding_window_view
    """
)

# These write into their first argument.
IN_PLACE = _names("copyto fill_diagonal place put put_along_axis putmask")

# The methods of an array that are the functions of these names.
METHODS = _names(
    """
    all any argmax argmin argpartition argsort choose clip cumprod cumsum dot max mean
    min nonzero prod ptp put round searchsorted std sum trace var
    """
)
