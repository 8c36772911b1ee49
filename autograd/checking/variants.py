"""The other checks, each made into one of a gradient: vjp, Jacobian, Hessian, rules."""

import copy
import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..derivatives import grad
from ..errors import ArgumentError, MissingExtraError, OpaqueRuleError
from ..kinds import FLOATS, namespace_of
from ..layout import is_number, number_of
from ..node import describe, real_number
from ..rules import RULES, Rule
from ..value import apply, over_values
from .arguments import (
    Argnums,
    Arguments,
    Array,
    is_bare,
    must_take,
    parameter_names,
    places_of,
)
from .checks import check_gradient, check_seed
from .diagnosis import KINDS
from .explanations import Discrepancy
from .report import Diagnosis, GradientReport


def check_vjp(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    *args: Any,
    cache: bool = False,
    argnums: Argnums = None,
    seed: int = 0,
    **options: Any,
) -> GradientReport:
    """Check the backward function of a layer: cotangent in, gradients out.

    forward: ``forward(*args) -> out``, of any shape. backward: ``backward(cotangent,
    *args) -> gradients``, a tuple for several arguments.
    cache: the style of course exercises, ``out, cache = forward(x, w)`` and
        ``dx, dw = backward(dout, cache)``.
    Everything else is as in `check_gradient`: what is checked is the gradient of
    Σ cotangent·out, with another random cotangent at each point.

    >>> import numpy as np
    >>> x, w = np.ones((2, 3)), np.ones((3, 2))
    >>> check_vjp(lambda x, w: x @ w, lambda g, x, w: (g @ w.T, x.T @ g), x, w).ok
    True

    Raises nothing for a wrong gradient: the report says so. Else as `check_gradient`.
    """

    def output(*given: Any) -> Any:
        result = forward(*given)
        if not cache:
            return result
        if not isinstance(result, tuple) or len(result) != 2:
            raise ArgumentError(
                f"with cache=True forward returns (out, cache), got "
                f"{type(result).__name__}"
            )
        return result[0]

    places = tuple(places_of(argnums, len(args)))
    must_take(forward, args, "forward")
    if cache:
        must_take(backward, (0, 1), "backward", "(cotangent, cache)")
    else:
        must_take(backward, (0, *args), "backward", "(cotangent, x, y, ...)")
    check_seed(seed)
    bare = is_bare(argnums, len(args))
    rng = np.random.default_rng([seed, 1])
    draw = partial(_random_like, _of_numbers(output(*args), "forward"), rng)
    first = draw()

    def fn(cotangent: Any, *given: Any) -> Any:
        return _weighted(cotangent, output(*given))

    def hand(cotangent: Any, *given: Any) -> Any:
        if cache:
            found = backward(cotangent, forward(*given)[1])
        else:
            found = backward(cotangent, *given)
        whole = isinstance(found, list | tuple) and len(found) == len(args)
        if whole and len(places) < len(args):
            found = tuple(found[place] for place in places)
        return (
            found[0] if bare and isinstance(found, tuple) and len(found) == 1 else found
        )

    _name(fn, forward, ["cotangent", *parameter_names(forward, len(args))])
    shifted = tuple(place + 1 for place in places)
    check = partial(
        check_gradient,
        fn,
        hand,
        first,
        *args,
        argnums=shifted[0] if bare else shifted,
        seed=seed,
        **options,
    )
    report = check(_redraw=draw)
    if report.diagnosis is not None and not report.failure:
        _look_at_cotangents(report, hand, first, draw(), check)
    return report


_THE_SAME = ("constant", "offset")  # kinds of what is the same at all points


def _look_at_cotangents(
    report: GradientReport,
    hand: Callable[..., Any],
    first: Any,
    second: Any,
    check: Callable[..., GradientReport],
) -> None:
    """Add to a diagnosis what is the same for all cotangents, or at all points for one.

    check: checks again with one cotangent at all points, at the price of the first.
    """
    wrong: Array = np.any(report.ratios() > 1, axis=0)
    points = report.compared()

    def numbers(cotangent: Any, x: Array) -> Array:
        args = report.args.at(x)[1:]
        with np.errstate(all="ignore"):
            return report.args.read(hand(copy.deepcopy(cotangent), *args))[wrong]

    try:
        held = np.array([numbers(first, point.x) for point in points])
        other = numbers(second, points[0].x)
    except Exception:  # the user's code, at a cotangent that it has not met there
        return
    if other.any() and (other == held[0]).all():
        where = Discrepancy(report.args, points, wrong).name_wrong()
        text = f"backward gives the same for every cotangent {where}"
        _consider(report, [Diagnosis("constant", text)])
    (own, *_) = _each(report.diagnosis)
    constant = (
        KINDS.index(own.kind) > KINDS.index("constant") and not np.ptp(held, 0).any()
    )
    if constant or own.kind == "unknown":
        again = _each(check().diagnosis)
        _consider(report, [one for one in again if one.kind in _THE_SAME])


def _each(first: Diagnosis | None) -> list[Diagnosis]:
    if first is None:
        return []
    return [replace(first, alternatives=()), *first.alternatives]


def _consider(report: GradientReport, found: list[Diagnosis]) -> None:
    """Put more explanations into a report, beside its own, in the order of kinds."""
    every = [*found, *_each(report.diagnosis)]  # of one kind the last one stays
    if found:
        every = [one for one in every if one.kind != "unknown"]
    named = {one.kind: one for one in every}
    first, *others = sorted(named.values(), key=lambda one: KINDS.index(one.kind))
    report.diagnosis = replace(first, alternatives=tuple(others))


def _name(fn: Any, original: Any, parameters: list[str]) -> None:
    fn.__name__ = getattr(original, "__name__", type(original).__name__)
    fn.__signature__ = inspect.Signature(
        [
            inspect.Parameter(_identifier(name), inspect.Parameter.POSITIONAL_ONLY)
            for name in parameters
        ]
    )


def _identifier(name: str) -> str:
    return name if name.isidentifier() else name.replace(" ", "_")


def _random_like(out: Any, rng: np.random.Generator) -> Any:
    if isinstance(out, list | tuple):
        items = [_random_like(item, rng) for item in out]
        return out._make(items) if hasattr(out, "_make") else type(out)(items)
    if isinstance(out, np.ndarray):
        found = rng.uniform(0.5, 1.5, out.shape) * rng.choice([-1.0, 1.0], out.shape)
        return found.astype(out.dtype) if out.dtype.kind == "f" else found
    return float(rng.uniform(0.5, 1.5))


def _of_numbers(out: Any, name: str) -> Any:
    """Return a result if it holds real numbers, and nothing else."""
    if not _count(out, name):
        raise ArgumentError(f"there is nothing to compare: {name} returns no number")
    return out


def _count(out: Any, name: str) -> int:
    if isinstance(out, list | tuple):
        return sum(_count(item, name) for item in out)
    kind = out.dtype.kind if isinstance(out, np.ndarray | np.generic) else "O"
    real = kind in "iufO" and not isinstance(out, bool | complex)
    if not real or not hasattr(out, "__float__"):
        raise ArgumentError(
            f"{name} must return numbers, arrays or tuples of them, got {describe(out)}"
        )
    return int(np.size(out))


def _weighted(cotangent: Any, out: Any) -> Any:
    if isinstance(cotangent, list | tuple):
        pairs = zip(cotangent, out, strict=True)
        return sum(_weighted(c, o) for c, o in pairs)
    return (
        np.sum(cotangent * out)
        if isinstance(cotangent, np.ndarray)
        else cotangent * out
    )


def check_jacobian(
    fn: Callable[..., Any],
    hand_jacobian: Callable[..., Any],
    *args: Any,
    argnums: int = 0,
    **options: Any,
) -> GradientReport:
    """Check a Jacobian that was written by hand: shape ``out.shape + in.shape``.

    fn: gives an array, or a list, of numbers. argnums: the one argument, a number or an
    array, by which it is differentiated. Options as in `check_gradient`.

    >>> import numpy as np
    >>> check_jacobian(np.sin, lambda x: np.diag(np.cos(x)), np.arange(3.0)).ok
    True

    Raises nothing for a wrong gradient: the report says so. Else as `check_gradient`.
    """
    place = _one_place(argnums, len(args))
    must_take(hand_jacobian, args, "hand_jacobian")
    original = Arguments(fn, args, place)
    at_first = original.at(original.vector)
    x = np.asarray(at_first[place])
    if x.dtype.kind != "f":
        raise ArgumentError(
            f"{original.names[0]} must be a number or an array, it is "
            f"{describe(args[place])}: give one array, or check with check_vjp"
        )
    shape = np.shape(_stacked(_of_numbers(fn(*at_first), "fn")))
    count = int(np.prod(shape, dtype=int))
    copies = np.repeat(x[None], count, axis=0)
    others = [arg for i, arg in enumerate(args) if i != place]
    as_list = isinstance(args[place], list | tuple)

    def given(point: Any, rest: tuple[Any, ...]) -> list[Any]:
        whole = list(rest)
        if as_list:
            point = original.structures[0].build(np.ravel(point).tolist())
        whole.insert(place, point if x.ndim else point[()])
        return whole

    def total(jacobian: Any, *rest: Any) -> Any:
        rows = [_stacked(fn(*given(point, rest))).ravel() for point in jacobian]
        return sum(row[k] for k, row in enumerate(rows))

    def hand(jacobian: Any, *rest: Any) -> Any:
        found = hand_jacobian(*given(jacobian[0], rest))
        if np.ma.is_masked(found) or np.shape(found) != shape + x.shape:
            return found
        return np.asarray(found).reshape(copies.shape)

    total.__name__ = getattr(fn, "__name__", type(fn).__name__)
    report = check_gradient(
        total, hand, copies, *others, argnums=0, _copies=count, **options
    )
    report.notes[:0] = original.notes
    return report


def _one_place(argnums: Any, count: int) -> int:
    if not is_bare(argnums, 1):
        raise ArgumentError(f"argnums is {argnums!r}: give the place of one argument")
    return places_of(argnums, count)[0]


def _stacked(out: Any) -> Any:
    if isinstance(out, list | tuple):
        from ..arrays import array

        flat = [x for x in out if not is_number(x)]
        return array(list(out)) if flat else np.array(out)
    return np.asarray(out) if not isinstance(out, np.ndarray) else out


def check_hessian(
    fn: Callable[..., Any],
    hand_hessian: Callable[..., Any],
    *args: Any,
    argnums: int = 0,
    **options: Any,
) -> GradientReport:
    """Check a Hessian that was written by hand: shape ``in.shape + in.shape``.

    fn runs on Values: its gradient by reverse mode is what is differentiated again.

    >>> import numpy as np
    >>> A = np.array([[2.0, 1.0], [1.0, 3.0]])
    >>> check_hessian(lambda x: x @ A @ x, lambda x: 2 * A, np.ones(2)).ok
    True

    Raises nothing for a wrong gradient: the report says so. Else as `check_gradient`.
    """
    place = _one_place(argnums, len(args))
    must_take(fn, args, "fn")
    must_take(hand_hessian, args, "hand_hessian")
    return check_jacobian(
        grad(fn, place), hand_hessian, *args, argnums=place, **options
    )


def check_rule(rule: Any, *operands: Any, **options: Any) -> GradientReport:
    """Check the partials of an operation against its own value.

    rule: what `autograd.rule` made, a `Rule`, or the name of a row. operands: numbers,
    or none for the rule's first sample. The reference is the rule's formula, run on
    Values of other operations; differences, where it has none or is opaque.

    >>> import autograd
    >>> check_rule("sigmoid", 0.5).ok
    True

    Raises `ArgumentError` for what is no rule and for another number of operands,
    `NumberError` for operands that are no real numbers.
    """
    row: Any = RULES.get(rule) if isinstance(rule, str) else getattr(rule, "rule", rule)
    if not isinstance(row, Rule):
        raise ArgumentError(
            f"check_rule takes a function made by autograd.rule, a Rule or the name of "
            f"a row, got {rule!r}"
        )
    if not operands:
        if not row.samples:
            raise ArgumentError(f"{row.name} has no samples: give its operands")
        operands = tuple(row.samples[0])
    if row.arity is not None and len(operands) != row.arity:
        raise ArgumentError(
            f"{row.name} takes {row.arity} operands, got {len(operands)}"
        )
    wanted = [place not in row.static for place in range(len(operands))]

    primitive = row.formula is None and not row.opaque

    def fn(*given: Any) -> Any:
        if all(map(is_number, given)):
            return row.forward(FLOATS, *given)
        if row.opaque:
            raise OpaqueRuleError(f"{row.name} is an opaque rule: it takes floats only")
        if primitive:
            return apply(row, *given)
        numbers = [number_of(given[place]) for place in places]
        formula: Any = row.formula
        return formula(over_values(namespace_of(numbers)), *given)  # not its partials

    def hand(*given: Any) -> Any:
        found = row.local(FLOATS, row.forward(FLOATS, *given), given, wanted)
        return tuple(float(d) for d in found if d is not None)

    _name(fn, row, [f"operand_{i + 1}" for i in range(len(operands))])
    fn.__name__ = row.name
    places = tuple(place for place, needed in enumerate(wanted) if needed)
    numbers = [
        float(real_number(x)) if needed else x
        for x, needed in zip(operands, wanted, strict=True)
    ]
    if primitive and options.get("reference") is None:
        options["_exact"] = partial(_high_precision_slopes, row, numbers, places)
    return check_gradient(fn, hand, *numbers, argnums=places, **options)


def _high_precision_slopes(
    row: Rule, numbers: list[Any], places: tuple[int, ...], x: Array
) -> Array:
    """Return an operation's slopes by differences of its 50-digit value."""
    try:
        import mpmath
    except ImportError:
        raise MissingExtraError.of("mpmath", "check", "check_rule") from None
    m = namespace_of([mpmath.mpf(1)])
    with mpmath.workdps(50):
        given = list(numbers)
        for place, number in zip(places, x.tolist(), strict=True):
            given[place] = mpmath.mpf(number)

        def moved(place: int, t: Any) -> Any:
            return row.forward(m, *given[:place], t, *given[place + 1 :])

        return np.array(
            [float(mpmath.diff(partial(moved, p), given[p])) for p in places]
        )
