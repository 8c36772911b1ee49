"""Derivatives of functions: `grad` and its family, each from one recorded run.

A function runs on new leaves in place of its arguments, and the sweeps of `reverse.py`
and `forward.py` do the rest. Arguments are numbers, Values, arrays, and lists, tuples
and dicts of them; results have the argument's structure. They are plain numbers, unless
the run used Values from outside, as arguments or from an enclosing scope: then they are
Values, which can be differentiated again, and so derivatives nest to any depth. Values
that the function itself makes are constants.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import update_wrapper
from itertools import islice
from numbers import Integral
from typing import Any

from . import forward, reverse
from .errors import ArgumentError, NumberError
from .kinds import namespace_of
from .layout import is_number, kind_of, number_of
from .modes import ACTIVE, STATE, collect_leaves, recording
from .node import describe
from .structures import NUMBER, Nest, Structure, container, flatten, to_array
from .value import Value, over_values

Number = Any
Argnums = int | tuple[int, ...]
Function = Callable[..., Any]

FORWARD_COST = 3  # a forward sweep in reverse sweeps, by measurement


def vjp(f: Function, *args: Nest, **keywords: Any) -> tuple[Nest, Function]:
    """Return f(*args) and its pullback, v̄ ↦ (v̄·∂f/∂arg for each arg): reverse mode.

    The pullback takes a cotangent with the structure of the result. It may be called
    more than once.

    >>> from autograd import vjp
    >>> y, pullback = vjp(lambda x, w: [w * x, x**2], 3.0, 10.0)
    >>> y, pullback([1.0, 0.0]), pullback([0.0, 1.0])
    ([30.0, 9.0], (10.0, 3.0), (6.0, 0.0))

    Source: Griewank & Walther, Evaluating Derivatives, section 3.2.

    Raises `NumberError` for arguments that are no real numbers; the pullback
    `ArgumentError` for a cotangent of another structure.
    """
    run = _Run(f, tuple(range(len(args))), args, keywords)

    def pullback(cotangent: Nest) -> Nest:
        seeds = run.outputs.read(cotangent, "the cotangent")
        return run.inputs.build(run.pull(seeds))

    return run.value, pullback


def jvp(
    f: Function, primals: Sequence[Nest], tangents: Sequence[Nest], **keywords: Any
) -> tuple[Nest, Nest]:
    """Return f(*primals) and its derivative along the tangents: forward mode.

    primals: the arguments. tangents: for each argument a tangent of its structure.

    >>> from autograd import jvp
    >>> jvp(lambda x, w: w * x**2, (3.0, 10.0), (1.0, 0.0))
    (90.0, 60.0)

    Source: Griewank & Walther, Evaluating Derivatives, section 3.1.

    Raises `ArgumentError` for primals that are no tuple and for tangents of another
    structure, `NumberError` for what is no real number.
    """
    for name, given in [("primals", primals), ("tangents", tangents)]:
        if not isinstance(given, list | tuple):
            raise ArgumentError(
                f"jvp takes {name} as a tuple, one for each argument of the function, "
                f"got {describe(given)}: for a single one write (x,)"
            )
    run = _Run(f, tuple(range(len(primals))), primals, keywords)
    seeds = run.inputs.read(tangents, "tangents")
    return run.value, run.outputs.build(run.push(seeds))


def value_and_grad(f: Function, argnums: Argnums = 0) -> Function:
    """Return a function that gives f's value and its gradient: see `grad`.

    >>> from autograd import value_and_grad
    >>> value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)

    Raises what `grad` raises.
    """

    def derivative(*args: Nest, **keywords: Any) -> tuple[Nest, Nest]:
        run = _scalar_run(f, argnums, args, keywords)
        return run.value, run.inputs.build(run.pull([1]))

    return _named(derivative, "value_and_grad", f, argnums)


def grad(f: Function, argnums: Argnums = 0) -> Function:
    """Return a function that gives the gradient of f, a function with one number.

    argnums: the place of the argument to differentiate, or a tuple of places, which
        gives a tuple of gradients. Other arguments, keywords too, go through untouched.

    The gradient has the structure of the argument: a float for a float, an array for an
    array, a dict for a dict. It is a Value (or made of Values) if f was given Values or
    closes over some, else plain numbers; so it can be differentiated again.

    >>> from autograd import grad
    >>> f = lambda p: p["a"] * p["x"] ** 3
    >>> grad(f)({"a": 2.0, "x": 1.0})
    {'a': 1.0, 'x': 6.0}
    >>> grad(grad(lambda x, y: x**3 * y), argnums=1)(2.0, 5.0)
    12.0

    Raises `ArgumentError` for a result that is not one number and for wrong argnums,
    `NumberError` where an argument or the result holds something else than numbers.
    """

    def derivative(*args: Nest, **keywords: Any) -> Nest:
        run = _scalar_run(f, argnums, args, keywords)
        return run.inputs.build(run.pull([1]))

    return _named(derivative, "grad", f, argnums)


def jacobian(f: Function, argnums: Argnums = 0, mode: str | None = None) -> Function:
    """Return a function that gives ∂f/∂x for each number of f's result and argument.

    The result has the structure of f's result, in which each number is replaced by the
    structure of the argument; of arrays it has the shape ``out.shape + in.shape``.

    mode: "reverse" takes a sweep for each number of the result, "forward" one for each
        number of the argument; None takes the cheaper one.

    >>> from autograd import jacobian
    >>> jacobian(lambda x: [x[0] * x[1], x[1] ** 2])([3.0, 2.0])
    [[2.0, 3.0], [0.0, 4.0]]

    Raises `ArgumentError` for a mode or argnums that is none, `NumberError` for
    arguments that are no real numbers.
    """
    if mode not in (None, "reverse", "forward"):
        raise ArgumentError(
            f'mode is "reverse", "forward" or None, which chooses; got {mode!r}'
        )

    def derivative(*args: Nest, **keywords: Any) -> Nest:
        run = _Run(f, argnums, args, keywords)
        n, k = run.inputs.size, run.outputs.size
        if mode == "forward" or (mode is None and FORWARD_COST * n < k):
            columns = map(run.push, _one_hot(n))
            rows = list(zip(*columns, strict=True))
        else:
            rows = [tuple(run.pull(seeds)) for seeds in _one_hot(k)]
        return _nested(rows, run.outputs, run.inputs)

    return _named(derivative, "jacobian", f, argnums)


def hessian(f: Function, argnums: Argnums = 0, mode: str | None = None) -> Function:
    """Return a function that gives all second derivatives of f, a scalar function.

    It is the `jacobian` of the `grad`: its structure is that of the argument, in which
    each number is replaced by that of the argument again, for an array of n an array
    (n, n). mode: "forward" over reverse, or "reverse" over reverse.

    >>> from autograd import hessian
    >>> hessian(lambda x: x[0] ** 2 * x[1])([3.0, 2.0])
    [[4.0, 6.0], [6.0, 0.0]]

    Raises `ArgumentError` for a mode or argnums that is none and where f does not
    return one number, `NumberError` for arguments that are no real numbers.
    """
    derivative = jacobian(grad(f, argnums), argnums, mode)
    return _named(derivative, "hessian", f, argnums)


def hvp(f: Function, argnums: Argnums = 0) -> Function:
    """Return a function of f's arguments and a vector: the Hessian of f times it.

    The vector comes last and has the structure of the argument; so has the product. It
    takes one gradient and one forward sweep, whatever the size: no Hessian is made.

    >>> from autograd import hvp
    >>> hvp(lambda x: x[0] ** 2 * x[1])([3.0, 2.0], [1.0, 0.0])
    [4.0, 6.0]

    Source: Pearlmutter, Fast Exact Multiplication by the Hessian, 1994.

    Raises `ArgumentError` for a vector that has not the argument's structure, and what
    `grad` raises.
    """
    slope = grad(f, argnums)

    def product(*args: Nest, **keywords: Any) -> Nest:
        if not args:
            raise ArgumentError("hvp(f) takes f's arguments and then a vector")
        *primals, vector = args
        run = _Run(slope, argnums, primals, keywords)
        seeds = run.inputs.read(vector, "the vector")
        return run.outputs.build(run.push(seeds))

    named = _named(product, "hvp", f, argnums)
    del vars(named)["__wrapped__"]  # it takes one argument more than f
    return named


class _Run:
    """One call of a function on new leaves: what every sweep starts from.

    leaves, results: Values and numbers in order; inputs, outputs: their structures.
    value: what the function returned, in plain numbers unless the run is live.
    live: whether Values from outside took part, so that derivatives are Values.
    """

    def __init__(
        self,
        f: Function,
        argnums: Argnums,
        args: Sequence[Nest],
        keywords: dict[str, Any],
    ) -> None:
        name, args = _name(f), list(args)
        places = _places(argnums, len(args), name)
        parts = [flatten(args[i], f"argument {i} of {name}") for i in places]
        given = [number for numbers, _ in parts for number in numbers]
        silent = _silent()
        with collect_leaves() as made, recording() if silent else nullcontext():
            self.leaves = _new_leaves(given, linked=not silent)
            rest = iter(self.leaves)
            for i, (_, structure) in zip(places, parts, strict=True):
                args[i] = structure.build(rest)
            result = f(*args, **keywords)
        if result is None:
            raise NumberError(f"{name} returned None: does it lack a `return`?")
        structures = [structure for _, structure in parts]
        single = not isinstance(argnums, tuple)
        self.inputs = structures[0] if single else container(tuple, structures)
        self.results, self.outputs = flatten(result, f"the result of {name}")
        self.live = not silent and (
            not all(map(_is_plain, given)) or self._reaches_beyond(made)
        )
        self.value = result
        if not self.live:
            self.value = self.outputs.build(map(_plain, self.results))

    def _reaches_beyond(self, made: list[Value]) -> bool:
        """Tell whether the results use Values that were there before the run."""
        known = set(map(id, made))
        roots = [result for result in self.results if not is_number(result)]
        if ACTIVE and STATE.trace is not None:
            return bool(STATE.trace.reaches_beyond(roots, known))
        return any(id(leaf) not in known for leaf in reverse.leaves_of(roots))

    def pull(self, seeds: Sequence[Any]) -> list[Any]:
        """Return the leaves' cotangents for those of the results."""
        several = len(self.results) > 1  # which of them have a seed shapes the sweep
        roots, seeds, live = self._seeded(self.results, seeds, several)
        sweep = self._recorded_sweep(live, roots, seeds)
        if roots and (live or sweep is not None):
            values = over_values if sweep is None else sweep.values
            found = reverse.differentiable_cotangents(
                roots, seeds, self.leaves, values, behind=False
            )
        else:
            found = reverse.cotangents(roots, seeds, self.leaves)
        return _finished(found, live, sweep)

    def push(self, seeds: Sequence[Any]) -> list[Any]:
        """Return the results' tangents for those of the leaves."""
        leaves, seeds, live = self._seeded(self.leaves, seeds, False)
        dots = dict.fromkeys(map(id, self.leaves), 0)
        dots.update(zip(map(id, leaves), seeds, strict=True))
        roots = [result for result in self.results if not is_number(result)]
        m, sweep = kind_of(roots), self._recorded_sweep(live, roots, seeds)
        values = sweep.values(m) if sweep is not None else over_values(m)
        on_values = live or sweep is not None
        pushed = iter(forward.tangents(roots, dots, values if on_values else None))
        found = [
            namespace_of([result]).rational(0) if is_number(result) else next(pushed)
            for result in self.results
        ]
        return _finished(found, live, sweep)

    def _recorded_sweep(
        self, live: bool, roots: Sequence[Value], seeds: Sequence[Any]
    ) -> Any:
        """Return how a recording sweeps; None where the numbers are known."""
        if not (ACTIVE and STATE.trace is not None):
            return None
        used = [*roots, *(seed for seed in seeds if not is_number(seed))]
        if live or any(x.is_recorded for x in used):
            return STATE.trace.sweep(live, used, self.leaves)
        return None

    def _seeded(
        self, nodes: Sequence[Any], seeds: Sequence[Any], shaping: bool
    ) -> tuple[list[Value], list[Any], bool]:
        """Return the nodes that have a seed, the seeds, and whether Values come out."""
        if silent := _silent():
            seeds = list(map(_plain, seeds))
        live = not silent and (self.live or not all(map(_is_plain, seeds)))
        if (live or shaping) and ACTIVE and STATE.trace is not None:
            seeds = [STATE.trace.settled(seed, 0) for seed in seeds]
        pairs = [
            (node, _in_kind_of(node, seed))
            for node, seed in zip(nodes, seeds, strict=True)
            if not is_number(node) and not (is_number(seed) and seed == 0)
        ]
        return [node for node, _ in pairs], [seed for _, seed in pairs], live


def _scalar_run(
    f: Function, argnums: Argnums, args: Sequence[Nest], keywords: dict[str, Any]
) -> _Run:
    run = _Run(f, argnums, args, keywords)
    if run.outputs.size != 1 or run.outputs.keys:
        name = _name(f)
        raise ArgumentError(
            f"a gradient is that of one number, but {name} returned {run.outputs}: "
            f"use jacobian({name}) for the derivatives of each of its numbers, or "
            f"vjp({name}, ...) for those of a weighted sum"
        )
    return run


def _silent() -> bool:
    return bool(ACTIVE) and STATE.no_grad


def _new_leaves(given: Sequence[Any], linked: bool) -> list[Value]:
    """Return a leaf for each number; for a Value a node that is linked to it.

    Ints become floats, beside exact numbers exact ones: derivatives are not whole.
    """
    leaves: list[Value] = []
    for number in given:
        if not is_number(number):
            is_linked = linked and not _is_plain(number)
            leaves.append(+number if is_linked else number.detach())
            leaves[-1].label = number.label
            continue
        if type(number) is not float and isinstance(number, Integral):
            number = _kind_of_nest(given).lift(number)
        leaves.append(Value(number))
    return leaves


def _in_kind_of(node: Value, seed: Any) -> Any:
    """Return a seed in the kind of number of its node."""
    return _kind_of_nest([node, seed]).lift(seed) if is_number(seed) else seed


def _kind_of_nest(given: Sequence[Any]) -> Any:
    """Return the one namespace for numbers and nodes."""
    nodes = [x for x in given if not is_number(x)]
    numbers = [x for x in given if is_number(x)]
    return namespace_of([*numbers, *(x.data for x in nodes if not x.is_recorded)])


def _is_plain(x: Any) -> bool:
    """Tell what is a number in the eager run."""
    if not hasattr(x, "rule"):  # `is_number`, without a call
        return True
    return x.is_recorded and not x.trace.has_value(x)


def _plain(x: Any) -> Number:
    """Return a number without its graph: itself, or what is recorded of it."""
    return x.trace.detach(x) if not is_number(x) and x.is_recorded else number_of(x)


def _finished(found: list[Any], live: bool, sweep: Any) -> list[Any]:
    """Return derivatives as the run has them: Values if it is live, else numbers."""
    if sweep is not None:
        recorded: list[Any] = sweep.finished(found)
        return recorded
    return [Value(x) if is_number(x) else x for x in found] if live else found


def _one_hot(size: int) -> list[list[int]]:
    return [[int(i == j) for j in range(size)] for i in range(size)]


def _nested(rows: Sequence[Sequence[Any]], outer: Structure, inner: Structure) -> Nest:
    """Return a matrix as a nest of nests, its blocks for arrays as arrays."""
    rest = iter(rows)

    def part_of_outer(out: Structure) -> Nest:
        columns = zip(*islice(rest, out.size), strict=True)

        def part_of_inner(arg: Structure) -> Nest:
            block = zip(*islice(columns, arg.size), strict=True)
            numbers = [number for row in block for number in row]
            if out == arg == NUMBER:
                return numbers[0]
            return to_array(numbers, out.keys + arg.keys)

        return inner.fill(part_of_inner)

    return outer.fill(part_of_outer)


def _places(argnums: Argnums, count: int, name: str) -> tuple[int, ...]:
    """Return the places of the arguments to differentiate, counted from the start."""
    wanted = argnums if isinstance(argnums, tuple) else (argnums,)
    for place in wanted:
        if not -count <= place < count:
            raise ArgumentError(
                f"argnums is {argnums}, but {name} was called with {count} positional "
                f"arguments: give those to differentiate by position"
            )
    places = tuple(place % count for place in wanted)
    if len(set(places)) < len(places):
        raise ArgumentError(f"argnums {argnums} name an argument of {name} twice")
    return places


def _name(f: Function) -> str:
    return getattr(f, "__name__", type(f).__name__)


def _named(derivative: Function, operator: str, f: Function, argnums: Any) -> Function:
    """Give the derivative of f its name, signature and docstring; check the input."""
    if not callable(f):
        raise ArgumentError(
            f"{operator} takes a function, got {describe(f)}: for a Value that is "
            f"already computed use v.backward() or v.gradient([...])"
        )
    places = argnums if isinstance(argnums, tuple) else (argnums,)
    if not places or not all(
        isinstance(place, Integral) and not isinstance(place, bool) for place in places
    ):
        raise ArgumentError(
            f"argnums is an int, the place of an argument, or a tuple of ints; "
            f"got {argnums!r}"
        )
    update_wrapper(derivative, f, updated=())  # not f's attributes
    derivative.__name__ = derivative.__qualname__ = f"{operator}({_name(f)})"
    derivative.__doc__ = f"Derivative of {_name(f)}: see `autograd.{operator}`."
    return derivative
