"""Random numbers for weights to start from, one draw a call.

An initializer is a plain function ``(rng, fan_in, fan_out) → float``: ``rng`` is a
``random.Random``, whose seed fixes every weight, fan_in and fan_out are a layer's
numbers of inputs and outputs. Each chooses the weights' variance so that signals
neither grow nor die from layer to layer.

Sources:

- Y. LeCun, L. Bottou, G. Orr, K.-R. Müller, "Efficient BackProp", in Neural Networks:
  Tricks of the Trade, Springer 1998, section 4.6
- X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward
  neural networks", AISTATS 2010
- K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015
"""

import math
from collections.abc import Callable
from random import Random
from types import MappingProxyType
from typing import TypeAlias

from autograd import ArgumentError

from .lookup import known

__all__ = [
    "INITIALIZERS",
    "Initializer",
    "by_name",
    "default_for",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "micrograd",
    "uniform",
    "zeros",
]

Initializer: TypeAlias = Callable[[Random, int, int], float]


def zeros(rng: Random, fan_in: int, fan_out: int) -> float:
    """Return 0.0 and draw nothing: for biases.

    Weights that all start at 0 get equal gradients and never become different.

    >>> from random import Random
    >>> zeros(Random(0), fan_in=2, fan_out=4)
    0.0
    """
    return 0.0


def micrograd(rng: Random, fan_in: int, fan_out: int) -> float:
    """Draw from U(−1, 1), whatever the layer's size, as micrograd does.

    ``Random(seed)`` gives the numbers that micrograd gives after ``random.seed(seed)``.

    >>> from random import Random
    >>> rng = Random(0)
    >>> all(-1 <= micrograd(rng, fan_in=9, fan_out=1) <= 1 for _ in range(1000))
    True
    """
    return rng.uniform(-1.0, 1.0)


def uniform(rng: Random, fan_in: int, fan_out: int) -> float:
    """Draw from U(−a, a), a = 1 / √fan_in, as PyTorch's ``nn.Linear`` does.

    The variance is 1 / (3 fan_in).

    Raises `ArgumentError` for a fan that is no whole number from 1 on.

    >>> rng = Random(0)
    >>> all(abs(uniform(rng, fan_in=25, fan_out=1)) <= 0.2 for _ in range(1000))
    True
    """
    bound = math.sqrt(1 / _fan(fan_in, "fan_in"))
    return rng.uniform(-bound, bound)


def lecun_normal(rng: Random, fan_in: int, fan_out: int) -> float:
    """Draw from N(0, σ²), σ² = 1 / fan_in (LeCun et al. 1998, eq. 16).

    Keeps the variance of a sum of fan_in inputs; for activations whose slope at 0 is 1.

    Raises `ArgumentError` for a fan that is no whole number from 1 on.

    >>> from random import Random
    >>> from statistics import pstdev
    >>> rng = Random(0)
    >>> 0.19 < pstdev(lecun_normal(rng, 25, 1) for _ in range(10_000)) < 0.21
    True
    """
    return rng.gauss(0.0, math.sqrt(1 / _fan(fan_in, "fan_in")))


def glorot_uniform(rng: Random, fan_in: int, fan_out: int) -> float:
    """Draw from U(−a, a), a² = 6 / (fan_in + fan_out) (Glorot & Bengio 2010, eq. 16).

    PyTorch calls it ``xavier_uniform_``.

    Raises `ArgumentError` for a fan that is no whole number from 1 on.

    >>> rng = Random(0)
    >>> all(abs(glorot_uniform(rng, 2, 4)) <= 1.0 for _ in range(1000))
    True
    """
    bound = math.sqrt(6 / (_fan(fan_in, "fan_in") + _fan(fan_out, "fan_out")))
    return rng.uniform(-bound, bound)


def glorot_normal(rng: Random, fan_in: int, fan_out: int) -> float:
    """Draw from N(0, σ²), σ² = 2 / (fan_in + fan_out) (Glorot & Bengio 2010, eq. 12).

    A compromise between the forward pass, which wants 1 / fan_in, and the backward
    pass, which wants 1 / fan_out. Not truncated, as PyTorch; Keras cuts at 2σ.

    Raises `ArgumentError` for a fan that is no whole number from 1 on.

    >>> from random import Random
    >>> from statistics import pstdev
    >>> rng = Random(0)
    >>> 0.19 < pstdev(glorot_normal(rng, 40, 10) for _ in range(10_000)) < 0.21
    True
    """
    variance = 2 / (_fan(fan_in, "fan_in") + _fan(fan_out, "fan_out"))
    return rng.gauss(0.0, math.sqrt(variance))


def he_uniform(rng: Random, fan_in: int, fan_out: int) -> float:
    """Draw from U(−a, a), a² = 6 / fan_in: the variance of ``he_normal``.

    Raises `ArgumentError` for a fan that is no whole number from 1 on.

    >>> rng = Random(0)
    >>> all(abs(he_uniform(rng, 6, 1)) <= 1.0 for _ in range(1000))
    True
    """
    bound = math.sqrt(6 / _fan(fan_in, "fan_in"))
    return rng.uniform(-bound, bound)


def he_normal(rng: Random, fan_in: int, fan_out: int) -> float:
    """Draw from N(0, σ²), σ² = 2 / fan_in (He et al. 2015, eq. 10).

    The 2 makes up for the half of its inputs that relu sets to 0. Not truncated, as
    PyTorch; Keras cuts at 2σ.

    Raises `ArgumentError` for a fan that is no whole number from 1 on.

    >>> from random import Random
    >>> from statistics import pstdev
    >>> rng = Random(0)
    >>> 0.19 < pstdev(he_normal(rng, 50, 1) for _ in range(10_000)) < 0.21
    True
    """
    return rng.gauss(0.0, math.sqrt(2 / _fan(fan_in, "fan_in")))


INITIALIZERS: MappingProxyType[str, Initializer] = MappingProxyType(
    {
        "glorot_normal": glorot_normal,
        "glorot_uniform": glorot_uniform,
        "he_normal": he_normal,
        "he_uniform": he_uniform,
        "lecun_normal": lecun_normal,
        "micrograd": micrograd,
        "uniform": uniform,
        "zeros": zeros,
    }
)

_RELU_LIKE = {"relu", "leaky_relu", "elu", "gelu", "silu", "softplus"}


def by_name(name: str) -> Initializer:
    """Return the initializer of that name.

    Raises `ArgumentError` for a name that is unknown, with the nearest one.

    >>> by_name("he_normal") is he_normal
    True
    >>> by_name("he_norml")
    Traceback (most recent call last):
        ...
    autograd.errors.ArgumentError: unknown initializer 'he_norml': did you mean ...
    """
    return INITIALIZERS[known(name, INITIALIZERS, "initializer")]


def default_for(activation: str | None) -> Initializer:
    """Return the initializer that suits the weights in front of an activation.

    He for the relu-like, which pass about half of their inputs; Glorot for those that
    pass about all near 0, and for None: no activation, or one of the user's own.

    >>> default_for("relu") is he_normal
    True
    >>> default_for("tanh") is default_for(None) is glorot_uniform
    True
    """
    return he_normal if activation in _RELU_LIKE else glorot_uniform


def _fan(count: int, name: str) -> int:
    if count < 1:
        raise ArgumentError(
            f"{name}={count!r}: a layer has at least 1 input and 1 output, "
            "give a whole number from 1"
        )
    return count
