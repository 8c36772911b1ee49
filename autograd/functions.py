"""The public functions, made from `RULES`; `user_rules.py` makes users' own.

A function takes floats, Values, arrays and (if it takes any number of operands) lists:
float in, float out; Value in, Value out; array in, array out.
"""

import inspect
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any

from .errors import ArgumentError, NumberError
from .layout import number_of
from .modes import ACTIVE, STATE
from .node import describe, is_operand
from .printing.partials import operand_names, partials_in_symbols, value_in_symbols
from .rules import RULES, Rule
from .rules.rule import EVERYWHERE
from .value import Value, apply, apply_dot, with_defaults

__all__: list[str] = []
_POINTS = (0.5, 2.0)  # where the docstrings' examples are, or in the rule's samples
_WRITTEN_OUT = {"clip", "dot", "round", "round_to", "take", "where"}
_OPERATORS = {"add", "sub", "mul", "div", "neg", "pos", "mod", "floordiv", "chain"}


def is_array(x: Any) -> bool:
    """Tell a NumPy array, without loading NumPy."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(x, numpy.ndarray)


def _is_scalar(x: Any) -> bool:
    return not is_array(x) and not isinstance(x, Iterable)


def call(rule: Rule, operands: tuple[Any, ...]) -> Any:
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


def by_name(
    function: Any, operands: tuple[Any, ...], named: dict[str, Any]
) -> inspect.BoundArguments:
    """Put the operands that were given by keyword in their places."""
    signature: inspect.Signature = function.__signature__
    try:
        return signature.bind(*operands, **named)
    except TypeError as error:
        raise ArgumentError(f"{function.__name__}{signature}: {error}") from None


def _elementwise_function(rule: Rule) -> Callable[..., Any]:
    quick = getattr(Value, rule.name) if rule.arity == 1 else None

    def function(*operands: Any, **named: Any) -> Any:
        if named:
            operands = by_name(function, operands, named).args
        if quick is not None and len(operands) == 1:
            kind = type(operands[0])
            if kind is Value:
                return quick(*operands)
            if kind is float:
                return apply(rule, *operands)
        return call(rule, operands)

    parameters = list(inspect.signature(rule.partials).parameters.values())[2:]
    required = len(parameters) - len(rule.defaults)
    for i, (p, q) in enumerate(rule.defaults, required):
        parameters[i] = parameters[i].replace(default=p / q)
    dress(function, rule, parameters)
    function.__doc__ = _document(rule, parameters, function)
    return function


def _reduction_function(rule: Rule) -> Callable[..., Any]:
    def function(*values: Any) -> Any:
        operands: Sequence[Any] = values
        if len(values) == 1 and not _is_scalar(values[0]):
            operands = _flatten(values[0])
        if not operands and rule.name not in ("sum", "prod", "norm"):
            raise ArgumentError(f"{rule.name} of nothing: it takes at least one value")
        try:
            return apply(rule, *operands)
        except NumberError:
            _check_values(rule.name, operands, alone=operands is not values)
            raise

    parameters = [inspect.Parameter("values", inspect.Parameter.VAR_POSITIONAL)]
    dress(function, rule, parameters)
    function.__doc__ = _document(rule, parameters, function)
    return function


def _check_values(name: str, values: Sequence[Any], alone: bool) -> None:
    """Say which of the values to be reduced is none, and what to write."""
    for value in values:
        if is_array(value) or isinstance(value, list | tuple):
            what = "a list in a list" if alone else "a list among several arguments"
            raise NumberError(
                f"{name} takes Values and numbers, one by one or as one list or array; "
                f"got {what}, {value!r}: use autograd.{name}(autograd.array(rows)) for "
                f"all of a table, np.{name}(autograd.array(rows), axis=...) along an "
                f"axis"
            )
        if not is_operand(value):
            raise NumberError(
                f"{name} takes Values and real numbers, got {describe(value)} among "
                f"them"
            )


def dress(function: Any, rule: Rule, parameters: Sequence[inspect.Parameter]) -> None:
    """Give a generated function its name and signature."""
    function.__name__ = function.__qualname__ = rule.name
    function.__module__ = __name__
    function.__signature__ = inspect.Signature(list(parameters))
    function.rule = rule


def _document(
    rule: Rule, parameters: Sequence[inspect.Parameter], function: Callable[..., Any]
) -> str:
    """Return a docstring: operands, domain, derivatives, convention, a true example."""
    names = [p.name for p in parameters]
    if rule.arity is None:
        what = f"{rule.name}(values), one node of all of them"
        takes = "values: Values and numbers, one by one or as one list or array."
        sample: tuple[Any, ...] = (list(rule.samples[0]),)
    else:
        what = rule.format(*names)
        formula = value_in_symbols(rule, names)
        what += f" = {formula}" if formula and rule.name in what else ""
        takes = _takes(rule, parameters)
        sample = rule.samples[0] if rule.static else _inside(rule)
    texts = partials_in_symbols(rule, operand_names(rule))
    derivatives = "\n".join(f"    {text}" for text in texts)
    takes += f"\n\nDerivatives, out being the result:\n\n{derivatives}"
    takes += _tested(rule, names)
    note = f"\n\nConvention: {rule.note}." if rule.note else ""
    given = ", ".join(map(repr, sample))
    return (
        f"Return {what}.\n\n{takes}{note}\n\n"
        f">>> import autograd\n"
        f">>> autograd.{rule.name}({given})\n{function(*sample)!r}\n\n"
        f"Raises `NumberError` (a TypeError) for what is no real number."
    )


def _takes(rule: Rule, parameters: Sequence[inspect.Parameter]) -> str:
    fixed = [p.name for i, p in enumerate(parameters) if i in rule.static]
    moving = [p.name for p in parameters if p.name not in fixed]
    one = len(moving) == 1
    takes = "a float, a Value or an array" if one else "floats, Values or arrays"
    lines = [f"{name}: a plain number, 1 in the derivatives below." for name in fixed]
    lines.append(f"{', '.join(moving)}: {takes}; the result is of that kind.")
    lines += [
        f"{p.name} is {p.default!r} where it is left out."
        for p in parameters
        if p.default is not p.empty
    ]
    return "\n".join(lines)


def _tested(rule: Rule, names: Sequence[str]) -> str:
    """Return where a rule is tested, if that is not everywhere."""
    ranges = [
        f"{low:g} <= {name} <= {high:g}"
        for i, (name, (low, high)) in enumerate(zip(names, rule.domain, strict=False))
        if i not in rule.static and (low, high) != EVERYWHERE
    ]
    return f"\n\nTested for {', '.join(ranges)}." if ranges else ""


def _inside(rule: Rule) -> tuple[float, ...]:
    """Return operands in the rule's domain."""
    points = []
    for i, (low, high) in enumerate(rule.domain):
        order = _POINTS[i % 2 :] + _POINTS[: i % 2]
        points.append(next((x for x in order if low <= x <= high), low))
    return tuple(points)


def _publish() -> None:
    for name, row in RULES.items():
        if name not in _OPERATORS | _WRITTEN_OUT:
            make = _reduction_function if row.arity is None else _elementwise_function
            globals()[name] = make(row)
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


def where(condition: Any, a: Any, b: Any) -> Any:
    """Return a where the condition holds, else b; the other gets derivative 0.

    condition: a bool, or an array of bools; 1 and 0 will do. a, b: floats, Values or
    arrays. Both have been computed before; a NaN in the derivative of the branch not
    taken does no harm.

    >>> from autograd import Value, log, where
    >>> x = Value(-1.0)
    >>> y = where(x > 0, log(x), 0.0)
    >>> y.backward()
    >>> y.data, x.grad
    (0.0, 0.0)

    Raises `NumberError` for a condition that is no bool.
    """
    if is_array(condition) or is_array(a) or is_array(b):
        from .arrays import apply_elementwise

        chosen = sys.modules["numpy"].asarray(condition)
        recorded = ACTIVE and STATE.trace is not None and STATE.trace.decides_in(chosen)
        if chosen.dtype.kind != "b" and not recorded:
            for one in chosen.ravel().tolist():
                _truth(one)
        return apply_elementwise(RULES["where"], chosen, a, b)
    chosen = condition if type(condition) is bool else _truth(condition)
    return apply(RULES["where"], chosen, a, b)


def _truth(condition: Any) -> bool:
    """Return a condition as a bool; what is none must not count as true."""
    if isinstance(condition, bool):
        return condition
    if ACTIVE and STATE.trace is not None and STATE.trace.decides(condition):
        return condition  # type: ignore[no-any-return]
    if isinstance(condition, Value):
        raise NumberError(
            f"where takes a condition such as x > 0, got {condition!r}: write x != 0"
        )
    # A number of NumPy counts by its type: 1.0 is no condition.
    kind = getattr(getattr(condition, "dtype", None), "kind", "")
    whole = isinstance(condition, int) or (kind and kind in "iu")
    if kind == "b" or (whole and condition in (0, 1)):
        return bool(condition)
    raise NumberError(
        f"where takes a bool such as x > 0 as condition, or an array of bools, got "
        f"{describe(condition)}: for lists write np.where(...) with autograd.array(...)"
    )


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
    if type(values) is not list and (
        isinstance(values, str | bytes | dict)
        or not (hasattr(values, "__getitem__") and hasattr(values, "__len__"))
        or getattr(values, "shape", None) == ()
    ):
        raise NumberError(
            f"take picks one of several values: give a list of them or an array of one "
            f"or more dimensions, not {describe(values)}"
        )
    if ACTIVE and STATE.trace is not None and STATE.trace.is_index(index):
        return STATE.trace.take(values, index)
    if isinstance(index, bool) or not hasattr(index, "__index__"):
        raise NumberError(f"take needs a whole number as index, got {index!r}")
    if isinstance(index, Value):
        instead = (
            "compute the index outside, and pass it as an argument in index_argnums"
            if index.is_recorded
            else "use int(v.data)"
        )
        raise NumberError(f"take needs a plain index, got {index!r}: {instead}")
    place = index.__index__()
    if not -len(values) <= place < len(values):
        raise outside(place, len(values))
    return values[place]


def outside(place: int, count: int) -> IndexError:
    """Return the error of taking what is not there."""
    return IndexError(f"take: index {place} is outside of the {count} values")


def round(x: Any, digits: int | None = None) -> Any:
    """Return x rounded to `digits` decimals, halves to the even neighbour.

    x: a float, a Value or an array. digits: a whole number, or None for 0 decimals. The
    derivative is 0.

    >>> from autograd import round
    >>> round(2.5), round(2.567, 1)
    (2.0, 2.6)

    Raises `NumberError` (a TypeError) for what is no real number.
    """
    if digits is None:
        return call(RULES["round"], (x,))
    return call(RULES["round_to"], (x, digits))


def clip(x: Any, low: Any = None, high: Any = None) -> Any:
    """Return x where it lies between low and high, else the bound that is nearest.

    x, low, high: floats, Values or arrays; a bound that is None is none.

    Convention: derivative 1 at a bound, as torch.clamp; outside 0, and the bound gets 1

    >>> from autograd import clip
    >>> clip(-3.0, -1.0, 1.0), clip(3.0, None, 1.0), clip(3.0, low=0.0)
    (-1.0, 1.0, 3.0)

    Raises `NumberError` (a TypeError) for what is no real number.
    """
    if low is None or high is None:
        low, high = _open_bounds(x, low, high)
    return call(RULES["clip"], (x, low, high))


def _open_bounds(x: Any, low: Any, high: Any) -> tuple[Any, Any]:
    """Put an infinite bound for None; beside Fractions, which have none, a far one."""
    given: list[Any] = []
    for operand in (x, low, high):
        if operand is not None:
            given += operand.ravel().tolist() if is_array(operand) else [operand]
    numbers = list(map(number_of, given))
    below: Any = -math.inf
    above: Any = math.inf
    if any(isinstance(number, Fraction) for number in numbers):
        numbers.sort()
        below, above = numbers[0] - 1, numbers[-1] + 1
    return below if low is None else low, above if high is None else high


clip.rule = RULES["clip"]  # type: ignore[attr-defined]
__all__ += ["clip", "dot", "round", "take", "where"]
