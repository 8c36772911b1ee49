"""Made-up data: the small problems that networks are tried on, as large as asked for.

Each function returns `Samples`, inputs and targets, as `fit` takes them. Equal seeds
give equal samples. Classes take turns: sample i is of class i modulo their number.

>>> inputs, targets = xor()
>>> inputs, targets
([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]], [0, 1, 0, 1])
"""

import math
from collections.abc import Callable
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

from autograd import ArgumentError

from .counts import check_count
from .lookup import known

__all__ = [
    "PROBLEMS",
    "Samples",
    "adding_problem",
    "blobs",
    "by_name",
    "circles",
    "moons",
    "parity",
    "sine",
    "spirals",
    "xor",
]


class Samples(NamedTuple):
    """Inputs, one row (or sequence of rows) a sample, and a target for each.

    >>> Samples([[0.0], [1.0]], [0, 1]).targets
    [0, 1]
    """

    inputs: list[Any]
    targets: list[Any]


def moons(count: int = 100, noise: float = 0.1, seed: Any = 0) -> Samples:
    """Return points on two interleaved half circles, classes 0 and 1.

    Class 0 lies on (cos φ, sin φ), class 1 on (1 − cos φ, ½ − sin φ), 0 ≤ φ ≤ π evenly
    spaced. noise: standard deviation of what is added to both coordinates.

    Raises `ArgumentError` for a count, or another option, outside of its range.

    >>> moons(4, noise=0.0).inputs[:2]
    [[1.0, 0.0], [0.0, 0.5]]
    """
    draw = _noise(count, noise, seed)
    inputs, targets = [], []
    for i in range(count):
        angle = math.pi * _share(i // 2, (count + 1 - i % 2) // 2)
        x, y = math.cos(angle), math.sin(angle)
        inputs.append(draw([1 - x, 0.5 - y] if i % 2 else [x, y]))
        targets.append(i % 2)
    return Samples(inputs, targets)


def circles(
    count: int = 100, noise: float = 0.05, factor: float = 0.5, seed: Any = 0
) -> Samples:
    """Return points on a circle of radius 1, class 0, and inside, class 1.

    factor: the inner radius.

    Raises `ArgumentError` for a count, or another option, outside of its range.

    >>> circles(4, noise=0.0, factor=0.25).inputs[:2]
    [[1.0, 0.0], [0.25, 0.0]]
    """
    draw = _noise(count, noise, seed)
    if not 0 < _number("factor", factor) < 1:
        raise ArgumentError(f"factor is between 0 and 1, got {factor!r}")
    inputs = []
    for i in range(count):
        angle = 2 * math.pi * (i // 2) / ((count + 1 - i % 2) // 2)
        radius = factor if i % 2 else 1.0
        inputs.append(draw([radius * math.cos(angle), radius * math.sin(angle)]))
    return Samples(inputs, [i % 2 for i in range(count)])


def spirals(
    count: int = 200,
    noise: float = 0.02,
    classes: int = 2,
    turns: float = 1.0,
    seed: Any = 0,
) -> Samples:
    """Return points on spirals of radius 1 that wind around each other, one a class.

    turns: how often each goes around. The points are evenly spaced in the angle.

    Raises `ArgumentError` for a count, or another option, outside of its range.

    >>> spirals(4, noise=0.0).targets
    [0, 1, 0, 1]
    """
    draw = _noise(count, noise, seed)
    check_count("classes", classes)
    _number("turns", turns)
    inputs = []
    for i in range(count):
        k = i % classes
        share = _share(i // classes, (count - k + classes - 1) // classes)
        radius = 0.1 + 0.9 * share
        angle = 2 * math.pi * (turns * share + k / classes)
        inputs.append(draw([radius * math.cos(angle), radius * math.sin(angle)]))
    return Samples(inputs, [i % classes for i in range(count)])


def xor(count: int = 4, noise: float = 0.0, seed: Any = 0) -> Samples:
    """Return the corners of the unit square in turn; the class is x₀ xor x₁.

    >>> xor().targets
    [0, 1, 0, 1]
    """
    draw = _noise(count, noise, seed)
    corners = [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0)]
    inputs = [draw([*corners[i % 4]]) for i in range(count)]
    return Samples(inputs, [i % 2 for i in range(count)])


def blobs(
    count: int = 100,
    noise: float = 1.0,
    classes: int = 3,
    features: int = 2,
    seed: Any = 0,
) -> Samples:
    """Return normally distributed points around one centre for each class.

    The centres are drawn from the cube −10 ≤ x ≤ 10, so that two may lie close.
    noise: the standard deviation around them. features: the number of dimensions.

    Raises `ArgumentError` for a count, or another option, outside of its range.

    >>> blobs(6, classes=3).targets
    [0, 1, 2, 0, 1, 2]
    """
    check_count("classes", classes)
    check_count("features", features)
    rng = _generator(seed)
    draw = _noise(count, noise, rng)
    centres = [[rng.uniform(-10, 10) for _ in range(features)] for _ in range(classes)]
    inputs = [draw([*centres[i % classes]]) for i in range(count)]
    return Samples(inputs, [i % classes for i in range(count)])


def sine(
    count: int = 100,
    noise: float = 0.0,
    low: float = -math.pi,
    high: float = math.pi,
    seed: Any = 0,
) -> Samples:
    """Return rows [x], evenly spaced from low to high, and the targets sin x + noise.

    Raises `ArgumentError` for a count, or another option, outside of its range.

    >>> sine(3, low=0.0, high=math.pi).inputs
    [[0.0], [1.5707963267948966], [3.141592653589793]]
    """
    draw = _noise(count, noise, seed)
    if not _number("low", low) < _number("high", high):
        raise ArgumentError(f"low={low!r} is not below high={high!r}: exchange them")
    inputs = [[low + (high - low) * _share(i, count)] for i in range(count)]
    return Samples(inputs, [draw([math.sin(x)])[0] for [x] in inputs])


def adding_problem(count: int = 100, length: int = 30, seed: Any = 0) -> Samples:
    """Return sequences of rows [number, mark]; the target is the sum of the two marked.

    The numbers are uniform in 0 to 1; one mark, 1 among 0s, is in each half of the
    sequence. Always saying 1 has the mean squared error 2/12 = 0.167, that of the sum
    of two such numbers.

    Source: S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation
    9 (1997), section 5.4, here with two halves and numbers from 0 on.

    Raises `ArgumentError` for a count, or another option, outside of its range.

    >>> [sequence], [target] = adding_problem(1, length=4)
    >>> sum(number * mark for number, mark in sequence) == target
    True
    """
    check_count("count", count)
    check_count("length", length, 2)
    rng = _generator(seed)
    inputs, targets = [], []
    for _ in range(count):
        first, second = rng.randrange(length // 2), rng.randrange(length // 2, length)
        numbers = [rng.random() for _ in range(length)]
        inputs.append([[x, float(t in (first, second))] for t, x in enumerate(numbers)])
        targets.append(numbers[first] + numbers[second])
    return Samples(inputs, targets)


def parity(count: int = 100, bits: int = 8, seed: Any = 0) -> Samples:
    """Return rows of random bits, 0.0 or 1.0; the class is 1 if the 1s are odd.

    For a recurrent network, ``[[bit] for bit in row]`` is the row as a sequence.

    Raises `ArgumentError` for a count, or another option, outside of its range.

    >>> [row], [odd] = parity(1, bits=4)
    >>> odd == sum(row) % 2
    True
    """
    check_count("count", count)
    check_count("bits", bits)
    rng = _generator(seed)
    inputs = [[float(rng.getrandbits(1)) for _ in range(bits)] for _ in range(count)]
    return Samples(inputs, [int(sum(row)) % 2 for row in inputs])


PROBLEMS: MappingProxyType[str, Callable[..., Samples]] = MappingProxyType(
    {
        "adding_problem": adding_problem,
        "blobs": blobs,
        "circles": circles,
        "moons": moons,
        "parity": parity,
        "sine": sine,
        "spirals": spirals,
        "xor": xor,
    }
)


def by_name(name: str) -> Callable[..., Samples]:
    """Return the function of that name.

    Raises `ArgumentError` for a name that is unknown, with the nearest one.

    >>> by_name("spiral")
    Traceback (most recent call last):
    autograd.errors.ArgumentError: unknown problem 'spiral': did you mean 'spirals'? ...
    """
    return PROBLEMS[known(name, PROBLEMS, "problem")]


def _share(i: int, count: int) -> float:
    """Return where the i-th of so many evenly spaced places lies, from 0 to 1."""
    return i / (count - 1) if count > 1 else 0.0


def _noise(count: int, noise: float, seed: Any) -> Callable[[list[float]], list[float]]:
    """Check what all functions take, and return a function that adds the noise."""
    check_count("count", count)
    if _number("noise", noise) < 0:
        raise ArgumentError(f"noise is a number from 0 on, got {noise!r}")
    rng = _generator(seed)
    return lambda row: [x + rng.gauss(0.0, noise) for x in row] if noise else row


def _generator(seed: Any) -> Random:
    return seed if isinstance(seed, Random) else Random(seed)


def _number(name: str, x: Any) -> float:
    if isinstance(x, bool) or not isinstance(x, int | float) or not math.isfinite(x):
        raise ArgumentError(f"{name} is a finite number, got {x!r}")
    return x
