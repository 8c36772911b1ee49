"""The public functions, made from `RULES`, and `rule`, which makes users' own.

A function takes floats, Values, arrays and (if it takes any number of operands) lists:
float in, float out; Value in, Value out; array in, array out.
"""

import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .errors import ArgumentError, NumberError
from .rules import RULES, Rule
from .rules.rule import Interval
from .value import Value, apply, apply_dot, with_defaults

__all__: list[str] = []
_OPERATORS = {"add", "sub", "mul", "div", "neg", "pos", "mod", "floordiv", "chain"}


def is_array(x: Any) -> bool:
    """Tell a NumPy array, without loading NumPy."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(x, numpy.ndarray)


def _is_scalar(x: Any) -> bool:
    return not is_array(x) and not isinstance(x, Iterable)


def _call(rule: Rule, operands: tuple[Any, ...]) -> Any:
    """Apply a rule to scalars, or element by element to arrays."""
    arrays = any(map(is_array, operands))
    operands = (with_array_defaults if arrays else with_defaults)(rule, operands)
    if rule.arity is not None and len(operands) != rule.arity:
        raise ArgumentError(
            f"{rule.name} takes {rule.arity} operands, got {len(operands)}"
        )
    if arrays:
        from .arrays import apply_elementwise

        return apply_elementwise(rule, *operands)
    for operand in operands:
        if isinstance(operand, list | tuple):
            raise NumberError(
                f"{rule.name} takes numbers, Values or arrays, got a "
                f"{type(operand).__name__}: use autograd.array(...) for lists"
            )
    return apply(rule, *operands)


def with_array_defaults(rule: Rule, operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Add the default numbers, as floats, behind arrays."""
    missing = (rule.arity or 0) - len(operands)
    defaults = rule.defaults[-missing:] if 0 < missing <= len(rule.defaults) else ()
    return (*operands, *(p / q for p, q in defaults))


def _flatten(values: Any) -> Sequence[Any]:
    if is_array(values):
        flat: list[Any] = values.ravel().tolist()
        return flat
    return values if isinstance(values, list | tuple) else list(values)


def _elementwise_function(rule: Rule) -> Callable[..., Any]:
    def function(*operands: Any) -> Any:
        return _call(rule, operands)

    parameters = list(inspect.signature(rule.partials).parameters.values())[2:]
    required = len(parameters) - len(rule.defaults)
    _describe(
        function,
        rule,
        [
            p.replace(kind=p.POSITIONAL_ONLY)
            if i < required
            else p.replace(
                kind=p.POSITIONAL_ONLY,
                default=rule.defaults[i - required][0] / rule.defaults[i - required][1],
            )
            for i, p in enumerate(parameters)
        ],
    )
    return function


def _reduction_function(rule: Rule) -> Callable[..., Any]:
    def function(*values: Any) -> Any:
        operands: Sequence[Any] = values
        if len(values) == 1 and not _is_scalar(values[0]):
            operands = _flatten(values[0])
        if not operands and rule.name not in ("sum", "prod", "norm"):
            raise ArgumentError(f"{rule.name} of nothing: it takes at least one value")
        return apply(rule, *operands)

    values = inspect.Parameter("values", inspect.Parameter.VAR_POSITIONAL)
    _describe(function, rule, [values])
    return function


def _describe(
    function: Any, rule: Rule, parameters: Sequence[inspect.Parameter]
) -> None:
    """Give a generated function its name, signature and docstring."""
    function.__name__ = function.__qualname__ = rule.name
    function.__module__ = __name__
    function.__signature__ = inspect.Signature(list(parameters))
    function.rule = rule
    names = [p.name for p in parameters]
    if rule.arity is None:
        what = f"{rule.name}(values)"
        takes = "Takes Values and numbers, one by one or as one list or array."
    else:
        what = rule.format(*names)
        takes = "Takes floats, Values and arrays; gives what it was given."
    note = f"\n\nConvention: {rule.note}." if rule.note else ""
    function.__doc__ = (
        f"Return {what}.\n\n{takes}{note}\n\n"
        f"Raises `NumberError` (a TypeError) for what is no real number."
    )


def _publish() -> None:
    makers: dict[str, Callable[[Rule], Callable[..., Any]]] = {
        name: _reduction_function if rule.arity is None else _elementwise_function
        for name, rule in RULES.items()
        if name not in _OPERATORS | {"round_to", "where", "dot", "take", "round"}
    }
    for name, make in makers.items():
        globals()[name] = make(RULES[name])
        __all__.append(name)


_publish()


def dot(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    """Return Σ xᵢ·yᵢ as one node, added from left to right.

    xs, ys: lists or 1-d arrays of the same length, of Values and numbers.

    >>> from autograd import Value, dot
    >>> w = [Value(2.0), Value(-1.0)]
    >>> dot(w, [3.0, 5.0])
    Value(data=1.0, grad=0.0)

    Raises `ArgumentError` (a ValueError) where the lengths differ.
    """
    if type(xs) is not list or type(ys) is not list:
        xs, ys = _flatten_vector("dot", xs), _flatten_vector("dot", ys)
    if len(xs) != len(ys):
        raise ArgumentError(
            f"dot takes two lists of the same length, got {len(xs)} and {len(ys)}"
        )
    return apply_dot(xs, ys)


def _flatten_vector(name: str, values: Any) -> Sequence[Any]:
    if is_array(values) and values.ndim != 1:
        raise ArgumentError(
            f"{name} takes lists or 1-d arrays, got an array of shape {values.shape}: "
            f"use the operator @ for matrices"
        )
    if _is_scalar(values):
        raise ArgumentError(f"{name} takes lists or 1-d arrays, got {values!r}")
    return _flatten(values)


def where(condition: Any, a: Any, b: Any, /) -> Any:
    """Return a where the condition holds, else b; the other gets derivative 0.

    condition: a bool, or an array of bools. Both branches have been computed before;
    a NaN in the derivative of the branch not taken does no harm.

    >>> from autograd import Value, log, where
    >>> x = Value(-1.0)
    >>> y = where(x > 0, log(x), 0.0)
    >>> y.backward()
    >>> y.data, x.grad
    (0.0, 0.0)
    """
    if is_array(condition) or is_array(a) or is_array(b):
        from .arrays import apply_elementwise

        return apply_elementwise(RULES["where"], condition, a, b)
    if isinstance(condition, Value):
        raise NumberError(
            f"where takes a condition such as x > 0, got {condition!r}: write x != 0"
        )
    return apply(RULES["where"], bool(condition), a, b)


def take(values: Sequence[Any], index: int) -> Any:
    """Return values[index]: its derivative is 1 for that value, 0 for the others.

    values: a list of Values or numbers, or a table (a list of rows, a 2-d array).
    index: a whole number; negative ones count from the end.

    >>> from autograd import Value, take
    >>> a, b = Value(1.0), Value(2.0)
    >>> take([a, b], -1) is b
    True

    Raises `NumberError` for an index that is no int, IndexError outside of the values.
    """
    if isinstance(index, bool) or not hasattr(index, "__index__"):
        raise NumberError(f"take needs a whole number as index, got {index!r}")
    if isinstance(index, Value):
        raise NumberError(f"take needs a plain index, got {index!r}: use int(v.data)")
    place = index.__index__()
    if not -len(values) <= place < len(values):
        raise IndexError(f"take: index {place} is outside of the {len(values)} values")
    return values[place]


def round(x: Any, digits: int | None = None, /) -> Any:
    """Return x rounded to `digits` decimals, halves to the even neighbour.

    The derivative is 0.

    >>> from autograd import round
    >>> round(2.5), round(2.567, 1)
    (2.0, 2.6)
    """
    if digits is None:
        return _call(RULES["round"], (x,))
    return _call(RULES["round_to"], (x, digits))


__all__ += ["dot", "round", "rule", "take", "where"]


def rule(
    *,
    partials: Callable[..., tuple[Any, ...]],
    kinks: Callable[..., tuple[Any, ...]] | None = None,
    text: str = "",
    latex: str = "",
    static: Sequence[int] = (),
    domain: Sequence[Interval] = (),
    samples: Sequence[tuple[Any, ...]] = (),
    opaque: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make an operation out of a function and its partial derivatives.

    The decorated function takes `m`, the functions of one kind of number, and the
    operands; `partials(m, out, *operands)` gives the tuple of ∂out/∂operand. Branches
    are ``m.where(condition, a, b)``, constants are ints or ``m.rational(1, 2)``. So
    written, the operation takes floats, exact numbers, Values and arrays, nests and
    draws like a built-in one.

    kinks: ``(m, *operands) -> tuple`` of quantities that are 0 where there is no
        derivative. text, latex: the printed form, #1 for the first operand. static:
        places of operands that are never differentiated. domain, samples: for tests.
    opaque: a black box that only takes floats: it has first derivatives only.

    >>> import autograd
    >>> @autograd.rule(partials=lambda m, out, x: (m.square(m.div(1, m.cosh(x))),))
    ... def softclip(m, x):
    ...     return m.tanh(x)
    >>> x = autograd.Value(0.0)
    >>> softclip(x).backward()
    >>> x.grad
    1.0
    """
    if not callable(partials):
        raise ArgumentError(
            f"rule(partials=...) takes a function (m, out, *operands) -> tuple, got "
            f"{partials!r}"
        )

    def decorate(formula: Callable[..., Any]) -> Callable[..., Any]:
        made = Rule(
            name=formula.__name__,
            formula=formula,
            partials=partials,
            kinks=kinks,
            text=text,
            latex=latex,
            static=tuple(static),
            domain=tuple(domain),
            samples=tuple(samples),
            opaque=opaque,
            home=f"{formula.__module__}:{formula.__qualname__}",
        )
        parameters = list(inspect.signature(formula).parameters.values())[1:]
        if made.arity is not None and len(parameters) != made.arity:
            raise ArgumentError(
                f"{made.name} takes {len(parameters)} operands, but its partials take "
                f"{made.arity}: both have the same operands, after m and (m, out)"
            )

        def function(*operands: Any) -> Any:
            return _call(made, operands)

        _describe(function, made, parameters)
        function.__module__ = formula.__module__
        function.__qualname__ = formula.__qualname__
        function.__doc__ = formula.__doc__ or function.__doc__
        return function

    return decorate
