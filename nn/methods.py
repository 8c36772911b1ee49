"""Methods of descent: pairs of pure functions over lists or arrays of numbers.

A `Method` turns gradients into steps. Small methods each do one thing; `chain` lets the
one work on what the other gave. Formulas and defaults are PyTorch's; g is a gradient, θ
a parameter, η the learning rate, t = 1, 2, ... the parameter's step.

A state is a number, a dict of lists with a number for each parameter, or a tuple of the
states of the methods in a chain.

The methods here work on NumPy arrays as on lists, bit for bit: a formula is written
once, for numbers, and `_each` runs it on those of a list or on whole arrays.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

import autograd
from autograd import ArgumentError

__all__ = [
    "Method",
    "Rate",
    "adagrad",
    "adam",
    "adamw",
    "chain",
    "clip_by_norm",
    "clip_by_value",
    "rmsprop",
    "sgd",
]

Rate = float | Callable[[int], float]
Numbers = Sequence[float] | Any  # or an array
State = dict[str, Any]


class Method(NamedTuple):
    """A way to descend, without side effects.

    init: ``params -> state``, before the first step.
    update: ``(grads, state, params) -> (steps, state)``; the steps are to be added to
        the parameters.

    >>> halve = Method(lambda p: 0, lambda g, state, p: ([-x / 2 for x in p], state))
    >>> halve.update([1.0], halve.init([8.0]), [8.0])
    ([-4.0], 0)
    """

    init: Callable[[Numbers], Any]
    update: Callable[[Numbers, Any, Numbers], tuple[Any, Any]]


class ArrayMethod(Method):
    """A method whose `update` takes arrays for lists, in the state too."""

    __slots__ = ()


def chain(*methods: Method) -> Method:
    """Return the method that gives what one method made of the gradients to the next.

    >>> method = chain(clip_by_value(1.0), sgd(lr=0.5))
    >>> method.update([3.0, -0.25], method.init([0.0, 0.0]), [0.0, 0.0])[0]
    [-0.5, 0.125]
    """
    if len(methods) == 1:
        return methods[0]

    def init(params: Numbers) -> tuple[Any, ...]:
        return tuple(method.init(params) for method in methods)

    def update(grads: Numbers, state: Any, params: Numbers) -> tuple[Any, Any]:
        states = []
        for method, part in zip(methods, state, strict=True):
            grads, part = method.update(grads, part, params)
            states.append(part)
        return grads, tuple(states)

    on_arrays = all(isinstance(method, ArrayMethod) for method in methods)
    return (ArrayMethod if on_arrays else Method)(init, update)


def clip_by_value(limit: float) -> Method:
    """Move each gradient into [−limit, limit]; then comes a method, in a `chain`.

    Raises `ArgumentError` for options outside of their ranges.

    >>> method = chain(clip_by_value(1.0), sgd(lr=0.5))
    >>> method.update([3.0, -0.25], method.init([0.0, 0.0]), [0.0, 0.0])[0]
    [-0.5, 0.125]
    """
    _check("clip_value", limit, above=0)

    def clipped(m: Any, g: Any) -> Any:
        # Comparisons, since min and max of a NaN depend on the order.
        return m.where(g > limit, limit, m.where(g < -limit, -limit, g))

    return _stateless(lambda grads, params: _each(clipped, grads))


def clip_by_norm(limit: float) -> Method:
    """Scale all gradients by min(1, limit / (‖g‖ + 1e-6)), ‖g‖ the norm of them all.

    Raises `ArgumentError` for options outside of their ranges.

    >>> method = clip_by_norm(1.0)
    >>> steps, _ = method.update([3.0, 4.0], method.init([0.0, 0.0]), [0.0, 0.0])
    >>> [f"{g:.4f}" for g in steps]
    ['0.6000', '0.8000']

    The 1e-6 is PyTorch's; Keras' `global_clipnorm` has none.
    """
    _check("clip_norm", limit, above=0)

    def change(grads: Numbers, params: Numbers) -> Any:
        factor = limit / (math.hypot(*grads) + 1e-6)
        return grads if factor >= 1 else _each(lambda m, g: factor * g, grads)

    return _stateless(change)


def sgd(
    lr: Rate = 0.001,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
) -> Method:
    """Stochastic gradient descent, θ ← θ − η d.

    d = g + λ θ; with momentum μ, b ← μ b + (1 − τ) d (at first b = d) takes d's place,
    or with `nesterov`, d + μ b. λ is weight_decay, τ dampening.

    lr: the learning rate η, or a function that gives it for step 0, 1, 2, ...

    Keras has η = 0.01, and it inside of the velocity, v ← μ v − η g: the same as long
    as η stays.

    Raises `ArgumentError` for options outside of their ranges.

    >>> method = sgd(lr=lambda k: 1.0 / (k + 1))
    >>> state = method.init([5.0])
    >>> steps, state = method.update([2.0], state, [5.0])
    >>> steps, state
    ([-2.0], 1)
    >>> method.update([2.0], state, [3.0])
    ([-1.0], 2)
    """
    _check("momentum", momentum)
    if nesterov and (momentum == 0 or dampening != 0):
        raise ArgumentError(
            f"nesterov takes a momentum above 0 and no dampening, got "
            f"momentum={momentum!r}, dampening={dampening!r}"
        )
    parts = [*_decay(weight_decay)]
    if momentum:
        parts.append(_momentum(momentum, dampening, nesterov))
    return chain(*parts, _descend(lr))


def rmsprop(
    lr: Rate = 0.01,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    centered: bool = False,
) -> Method:
    """RMSprop, θ ← θ − η g / (√v + ε).

    v ← α v + (1 − α) g², first g ← g + λ θ (λ: weight_decay). `centered` takes v − m²
    for v, m ← α m + (1 − α) g. With momentum μ, b ← μ b + g / (√v + ε) is the step.

    Keras has η = 0.001, α = 0.9 (rho) and ε = 1e-7 inside of the root.

    Source: T. Tieleman, G. Hinton, Neural networks for machine learning, lecture 6.5,
    2012; centred: A. Graves, arXiv:1308.0850, 2013.

    Raises `ArgumentError` for options outside of their ranges.

    >>> method = rmsprop(lr=0.5, alpha=0.75)
    >>> steps, state = method.update([2.0], method.init([0.0]), [0.0])
    >>> f"{steps[0]:.6f}", state[0]
    ('-1.000000', {'v': [1.0]})
    """
    _check("alpha", alpha, below=1)
    _check("eps", eps, above=0)
    _check("momentum", momentum)

    def init(params: Numbers) -> State:
        return {key: [0.0] * len(params) for key in (["v", "m"] if centered else ["v"])}

    def variance(m: Any, square: Any, mean: Any) -> Any:
        rest = square - mean * mean
        return m.where(rest > 0, rest, 0.0)  # below it only by rounding

    def step(m: Any, g: Any, spread: Any) -> Any:
        return g / (m.sqrt(spread) + eps)

    def update(grads: Numbers, state: State, params: Numbers) -> tuple[Any, State]:
        v = _running_squares(alpha, state["v"], grads)
        new, spread = {"v": v}, v
        if centered:
            new["m"] = _running(alpha, state["m"], grads)
            spread = _each(variance, v, new["m"])
        return _each(step, grads, spread), new

    parts = [*_decay(weight_decay), ArrayMethod(init, update)]
    if momentum:
        parts.append(_momentum(momentum, 0.0, False))
    return chain(*parts, _descend(lr))


def adagrad(
    lr: Rate = 0.01,
    lr_decay: float = 0.0,
    weight_decay: float = 0.0,
    initial_accumulator_value: float = 0.0,
    eps: float = 1e-10,
) -> Method:
    """Adagrad, θ ← θ − η / (1 + (t − 1) κ) · g / (√s + ε), s ← s + g².

    κ is lr_decay; first g ← g + λ θ (λ: weight_decay).

    Keras has η = 0.001, s = 0.1 at first, and ε = 1e-7 inside of the root.

    Source: J. Duchi, E. Hazan, Y. Singer, JMLR 12, 2011.

    Raises `ArgumentError` for options outside of their ranges.

    >>> method = adagrad(lr=0.5)
    >>> steps, _ = method.update([2.0, -4.0], method.init([0.0, 0.0]), [0.0, 0.0])
    >>> [f"{step:.6f}" for step in steps]
    ['-0.500000', '0.500000']
    """
    _check("lr_decay", lr_decay)
    _check("initial_accumulator_value", initial_accumulator_value)
    _check("eps", eps, above=0)

    def init(params: Numbers) -> State:
        n = len(params)
        return {"step": [0] * n, "s": [float(initial_accumulator_value)] * n}

    def step(m: Any, g: Any, t: Any, s: Any) -> Any:
        return g / (1 + t * lr_decay) / (m.sqrt(s) + eps)

    def update(grads: Numbers, state: State, params: Numbers) -> tuple[Any, State]:
        sums = _each(lambda m, s, g: s + g * g, state["s"], grads)
        steps = _each(step, grads, state["step"], sums)
        return steps, {"step": _next(state), "s": sums}

    return chain(*_decay(weight_decay), ArrayMethod(init, update), _descend(lr))


def adam(
    lr: Rate = 0.001,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    amsgrad: bool = False,
) -> Method:
    """Adam, θ ← θ − η m̂ / (√v̂ + ε), m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).

    m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², first g ← g + λ θ (λ: weight_decay).
    `amsgrad` puts the largest v so far in v's place.

    Keras has ε = 1e-7, and the ε of √v + ε, before the bias is taken out.

    Source: D. P. Kingma, J. Ba, ICLR 2015; AMSGrad: S. J. Reddi, S. Kale, S. Kumar,
    ICLR 2018.

    Raises `ArgumentError` for options outside of their ranges.

    >>> method = adam(lr=0.5)
    >>> steps, _ = method.update([2.0, -4.0], method.init([0.0, 0.0]), [0.0, 0.0])
    >>> [f"{step:.6f}" for step in steps]
    ['-0.500000', '0.500000']
    """
    return chain(*_decay(weight_decay), _adam(betas, eps, amsgrad), _descend(lr))


def adamw(
    lr: Rate = 0.001,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.01,
    amsgrad: bool = False,
) -> Method:
    """Adam with the weight decay apart, θ ← θ − η (m̂ / (√v̂ + ε) + λ θ); see `adam`.

    Keras' default λ is 0.004.

    Source: I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", 2019.

    Raises `ArgumentError` for options outside of their ranges.

    >>> method = adamw(lr=0.5, weight_decay=0.5)
    >>> steps, _ = method.update([2.0], method.init([4.0]), [4.0])
    >>> f"{steps[0]:.6f}"
    '-1.500000'
    """
    return chain(_adam(betas, eps, amsgrad), *_decay(weight_decay), _descend(lr))


# The parts


_FLOATS = SimpleNamespace(sqrt=math.sqrt, where=lambda c, a, b: a if c else b)
_VALUES = SimpleNamespace(sqrt=autograd.sqrt, where=autograd.where)


def _kind(x: Any) -> Any:
    """Return who has sqrt and where for a number: of a recording, those of Values."""
    return _VALUES if isinstance(x, autograd.Value) else _FLOATS


def _each(formula: Callable[..., Any], *columns: Any) -> Any:
    """Return formula(m, x, ...) for the numbers of lists, or for arrays.

    m: who has sqrt and where for these. Products and roots of whole arrays have the
    bits of those of single numbers.
    """
    if not hasattr(columns[0], "dtype"):
        m = _kind(columns[0][0]) if columns[0] else _FLOATS
        return [formula(m, *numbers) for numbers in zip(*columns, strict=True)]
    return formula(_numpy(), *columns)


@cache
def _numpy() -> Any:
    import numpy

    return numpy


def _stateless(change: Callable[[Numbers, Numbers], Any]) -> Method:
    return ArrayMethod(
        lambda params: {}, lambda grads, state, params: (change(grads, params), state)
    )


def _decay(weight_decay: float) -> list[Method]:
    """Return d = g + λ θ as a part; none for λ = 0."""
    _check("weight_decay", weight_decay)

    def decayed(m: Any, g: Any, p: Any) -> Any:
        return g + weight_decay * p

    if not weight_decay:
        return []
    return [_stateless(lambda grads, params: _each(decayed, grads, params))]


def _momentum(momentum: float, dampening: float, nesterov: bool) -> Method:
    def init(params: Numbers) -> State:
        return {"step": [0] * len(params), "b": [0.0] * len(params)}

    def velocity(m: Any, b: Any, d: Any, t: Any) -> Any:
        return m.where(t > 0, momentum * b + (1 - dampening) * d, d)

    def update(grads: Numbers, state: State, params: Numbers) -> tuple[Any, State]:
        steps = b = _each(velocity, state["b"], grads, state["step"])
        if nesterov:
            steps = _each(lambda m, d, b: d + momentum * b, grads, b)
        return steps, {"step": _next(state), "b": b}

    return ArrayMethod(init, update)


def _adam(betas: tuple[float, float], eps: float, amsgrad: bool) -> Method:
    if not isinstance(betas, list | tuple) or len(betas) != 2:
        raise ArgumentError(
            f"betas are two numbers, such as (0.9, 0.999), got {betas!r}"
        )
    beta1, beta2 = betas
    _check("betas[0]", beta1, below=1)
    _check("betas[1]", beta2, below=1)
    _check("eps", eps, above=0)

    def init(params: Numbers) -> State:
        n = len(params)
        state: State = {"step": [0] * n, "m": [0.0] * n, "v": [0.0] * n}
        return state | {"largest v": [0.0] * n} if amsgrad else state

    def step(m: Any, mean: Any, square: Any, of_m: Any, of_v: Any) -> Any:
        return mean / of_m / (m.sqrt(square) / of_v + eps)

    def update(grads: Numbers, state: State, params: Numbers) -> tuple[Any, State]:
        mean = _running(beta1, state["m"], grads)
        v = _running_squares(beta2, state["v"], grads)
        new: State = {"step": _next(state), "m": mean, "v": v}
        if amsgrad:
            new["largest v"] = v = _each(
                lambda m, a, b: m.where(b > a, b, a), state["largest v"], v
            )
        of_m = _by_step(lambda m, t: 1 - beta1**t, new["step"])
        of_v = _by_step(lambda m, t: m.sqrt(1 - beta2**t), new["step"])
        return _each(step, mean, v, of_m, of_v), new

    return ArrayMethod(init, update)


def _descend(lr: Rate) -> Method:
    """Return −η d."""
    if not callable(lr):
        _check_rate(lr)

    def init(params: Numbers) -> int:
        return 0

    def update(grads: Numbers, state: int, params: Numbers) -> tuple[Any, int]:
        if callable(lr) and isinstance(state, autograd.Value):
            raise ArgumentError("a function that gives the rate is called at each step")
        rate = _check_rate(lr(state)) if callable(lr) else lr
        return _each(lambda m, d: -rate * d, grads), state + 1

    return ArrayMethod(init, update)


def _running(beta: float, means: Numbers, numbers: Numbers) -> Any:
    """Return β m + (1 − β) x, so rounded that m stays where x = m."""
    rest = 1 - beta
    return _each(lambda m, mean, x: mean + rest * (x - mean), means, numbers)


def _running_squares(beta: float, squares: Numbers, numbers: Numbers) -> Any:
    """Return β v + (1 − β) x²."""
    rest = 1 - beta
    return _each(lambda m, v, x: beta * v + rest * x * x, squares, numbers)


def _next(state: State) -> Any:
    return _each(lambda m, step: step + 1, state["step"])


def _by_step(function: Callable[[Any, Any], Any], steps: Any) -> Any:
    """Return a function of each parameter's step, computed once for equal ones."""
    if not hasattr(steps, "dtype"):
        known = {t: function(_kind(t), t) for t in {*steps}}
        return [known[t] for t in steps]
    if not steps.size or (steps == steps[0]).all():
        return function(_FLOATS, int(steps[0])) if steps.size else 1.0
    table = {t: function(_FLOATS, t) for t in {*steps.tolist()}}
    import numpy

    return numpy.array([table[t] for t in steps.tolist()])


def _check_rate(lr: Any) -> float:
    if not _is_number(lr) or not 0 <= lr < math.inf:
        raise ArgumentError(
            f"lr is a number from 0 on, or a function of the step that gives one; got "
            f"{lr!r}"
        )
    rate: float = lr
    return rate


def _check(
    name: str, number: Any, above: float | None = None, below: float = math.inf
) -> None:
    fits = _is_number(number) and 0 <= number < below and number != above
    if not fits:
        least = "above 0" if above == 0 else "from 0 on"
        most = "" if below == math.inf else f" and below {below}"
        raise ArgumentError(f"{name} is a number {least}{most}, got {number!r}")


def _is_number(x: Any) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool)
