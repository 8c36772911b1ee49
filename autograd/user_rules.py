"""`rule`: operations of one's own, out of a function and its partial derivatives.

Rows of the table are tested; what a user writes is checked instead: the functions'
operands where they are decorated, their results wherever they are called.
"""

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any

from .errors import ArgumentError
from .functions import by_name, call, dress
from .kinds import FLOATS, namespace_of_type
from .node import describe, real_number
from .rules import Rule
from .rules.rule import Interval
from .value import Value

__all__ = ["rule"]

_POSITIONAL = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)
_EXACT_OR_VALUE = {"Fraction", "mpf", "Value"}


def rule(
    formula: None = None,
    /,
    *,
    partials: Callable[..., tuple[Any, ...]] | None = None,
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
    draws like a built-in one. Operands may have defaults and be given by keyword.

    partials: an entry may be a function without arguments, called only where it is
        needed, and None for an operand that is static or always a plain number.
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

    Raises `ArgumentError` (a ValueError) where formula, partials and the rest do not
    fit each other, and where a call of them gives no real number.
    """
    if formula is not None or partials is None:
        raise ArgumentError(
            "a rule needs its partials, one an operand: write "
            "@autograd.rule(partials=lambda m, out, x: (...,)) above def f(m, x)"
        )
    partials_count = _count("partials", partials, ("m", "out"))

    def decorate(formula: Callable[..., Any]) -> Callable[..., Any]:
        if not inspect.isroutine(formula):
            raise ArgumentError(
                f"rule decorates a function, got {describe(formula)}: write def f(m, "
                f"x): ... around it, which has a name"
            )
        count = _count(f"the function {formula.__name__}", formula, ("m",))
        parameters = list(inspect.signature(formula).parameters.values())[1:]
        if count != partials_count:
            raise ArgumentError(
                f"{formula.__name__} takes {_in_words(count)}, but its partials take "
                f"{_in_words(partials_count)}: both have the same operands, after m "
                f"and (m, out)"
            )
        if not parameters:
            raise ArgumentError(
                f"{formula.__name__} has no operands: write def {formula.__name__}(m, "
                f"x)"
            )
        places = _places(formula.__name__, static, parameters)
        _check_defaults(formula.__name__, parameters, places)
        _check_kinks(formula.__name__, kinks, count)
        for option, template in (("text", text), ("latex", latex)):
            _check_template(formula.__name__, option, template, parameters)
        made = Rule(
            name=formula.__name__,
            formula=_checked_formula(formula),
            partials=_checked_partials(formula.__name__, partials, parameters),
            kinks=kinks,
            text=text,
            latex=latex,
            static=places,
            domain=tuple(domain),
            samples=tuple(samples),
            opaque=opaque,
            home=f"{formula.__module__}:{formula.__qualname__}",
        )

        def function(*operands: Any, **named: Any) -> Any:
            if named or len(operands) != made.arity:
                bound = by_name(function, operands, named)
                bound.apply_defaults()
                operands = bound.args
            return call(made, operands)

        dress(function, made, parameters)
        function.__module__ = formula.__module__
        function.__qualname__ = formula.__qualname__
        function.__doc__ = formula.__doc__ or (
            f"Return {made.format(*(p.name for p in parameters))}."
        )
        return function

    return decorate


# What stands in the decorator


def _count(
    what: str, function: Callable[..., Any], leading: tuple[str, ...]
) -> tuple[int, bool]:
    """Return how many operands follow the leading parameters, and if more may."""
    form = f"({', '.join((*leading, '*operands'))})"
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise ArgumentError(
            f"rule: {what} must be a function {form} -> "
            f"{'number' if leading == ('m',) else 'tuple'}, got {describe(function)}"
        ) from None
    first = [p for p in parameters if p.kind in _POSITIONAL]
    odd = [p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.VAR_KEYWORD)]
    if odd:
        raise ArgumentError(
            f"rule: {what} has the keyword-only parameter {odd[0]!r}: operands have "
            f"places, {form}; they may have defaults, and be given by keyword too"
        )
    if len(first) < len(leading):
        raise ArgumentError(
            f"rule: {what} must take {' and '.join(leading)} before the operands: "
            f"write {form}"
        )
    return len(first) - len(leading), len(first) < len(parameters)


def _in_words(count: tuple[int, bool]) -> str:
    number, more = count
    return f"{number} or more operands" if more else f"{number} operands"


def _places(
    name: str, static: Any, parameters: Sequence[inspect.Parameter]
) -> tuple[int, ...]:
    """Return the places of static operands; each is that of a named operand."""
    named = [p.name for p in parameters if p.kind in _POSITIONAL]
    places = tuple(static) if isinstance(static, Iterable) else (static,)
    for place in places:
        fits = type(place) is int and place in range(len(named))
        if not fits or not isinstance(static, Iterable):
            raise ArgumentError(
                f"{name}: static={static!r} must be a tuple of places of operands: "
                f"{', '.join(f'{i} for {x}' for i, x in enumerate(named)) or 'none'}"
            )
    return places


def _check_defaults(
    name: str, parameters: Sequence[inspect.Parameter], static: tuple[int, ...]
) -> None:
    for place, p in enumerate(parameters):
        if p.default is p.empty or place in static:
            continue
        if isinstance(p.default, Value) or namespace_of_type(type(p.default)) is None:
            raise ArgumentError(
                f"{name}: the default of {p.name} must be a real number, got "
                f"{describe(p.default)}; an operand in static=({place},) may have any"
            )


def _check_kinks(name: str, kinks: Any, count: tuple[int, bool]) -> None:
    if kinks is None:
        return
    found = _count(f"kinks of {name}", kinks, ("m",))
    if found != count and not (found[1] and found[0] <= count[0]):
        raise ArgumentError(
            f"{name} takes {_in_words(count)}, but its kinks take {_in_words(found)}: "
            f"kinks are a function (m, *operands) -> tuple"
        )


def _check_template(
    name: str, option: str, template: Any, parameters: Sequence[inspect.Parameter]
) -> None:
    if not isinstance(template, str):
        raise ArgumentError(
            f"{name}: {option} must be a text such as 'f(#1, #2)', got "
            f"{describe(template)}"
        )
    named = sum(p.kind in _POSITIONAL for p in parameters)
    for place in re.findall(r"#(\d+)", template):
        if not 1 <= int(place) <= named:
            raise ArgumentError(
                f"{name}: {option}={template!r} has #{place}, but #1 is the first "
                f"operand and there are {named} with a name; #* stands for all"
            )


# What its functions return


def _checked_formula(formula: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(formula)
    def checked(m: Any, *operands: Any) -> Any:
        found = formula(m, *operands)
        if type(found) is float and m is FLOATS:
            return found
        return _number(m, found, formula.__name__)

    return checked


def _checked_partials(
    name: str,
    partials: Callable[..., tuple[Any, ...]],
    parameters: Sequence[inspect.Parameter],
) -> Callable[..., tuple[Any, ...]]:
    named = [p.name for p in parameters if p.kind in _POSITIONAL]

    def check(m: Any, found: Any, place: int) -> Any:
        operand = named[place] if place < len(named) else f"operand {place + 1}"
        return _number(m, found, f"the partial of {name} for {operand}")

    @functools.wraps(partials)
    def checked(m: Any, out: Any, *operands: Any) -> Any:
        found = partials(m, out, *operands)
        if not isinstance(found, tuple) or len(found) != len(operands):
            return found  # `Rule.local` says so
        return tuple(
            d
            if type(d) is float and m is FLOATS
            else functools.partial(_late, check, m, d, place)
            if d is None or callable(d)
            else check(m, d, place)
            for place, d in enumerate(found)
        )

    return checked


def _late(check: Callable[..., Any], m: Any, found: Any, place: int) -> Any:
    """Check a partial when it is needed: None is none for an operand that moves."""
    return check(m, found() if callable(found) else found, place)


def _number(m: Any, found: Any, what: str) -> Any:
    """Return what a user's function gave, if it is a number that goes with m."""
    kind = getattr(m, "kind", "")
    if kind == "Value" and isinstance(found, Value):
        return found
    if kind not in _EXACT_OR_VALUE and kind != "float":
        return found  # a namespace of programs has results of its own
    space = None if isinstance(found, Value) else namespace_of_type(type(found))
    if space is None:
        hint = (
            "Values are made in the namespace m only, so take them as operands"
            if isinstance(found, Value)
            else "return a real number"
        )
        if found is None and what.startswith("the partial"):
            hint = "None is for operands in static=(...) and for plain numbers only"
        raise ArgumentError(
            f"{what} must be a real number, got {_shown(found)}: {hint}"
        )
    if kind == "float" and space.kind != "float":
        raise ArgumentError(
            f"{what} must be a float where the operands are floats, got "
            f"{_shown(found)}: constants are ints or m.rational(1, 2)"
        )
    if kind == "Fraction" and not isinstance(found, int | Fraction):
        raise ArgumentError(
            f"{what} must be exact where the operands are Fractions, got "
            f"{_shown(found)}: constants are ints or m.rational(1, 2)"
        )
    return m.lift(found) if kind == "mpf" else real_number(found)


def _shown(found: Any) -> str:
    return "None" if found is None else describe(found)
