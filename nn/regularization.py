"""Layers between layers: `Dropout`, `LayerNorm`, and `Embedding` in front of them."""

from collections.abc import Sequence
from typing import Any

from autograd import ArgumentError, Value, dot, mean, sqrt, take

from .counts import check_count
from .initializers import Initializer, by_name
from .layers import Seed, _generator, _row
from .module import Module
from .reductions import whole

__all__ = ["Dropout", "Embedding", "LayerNorm"]


class Dropout(Module):
    """While training, set numbers to 0 at random: xᵢ → xᵢ mᵢ / (1 − p).

    mᵢ is 0 with probability p, else 1; the divisor keeps the mean. After `eval()`, x
    itself, until `train()`.

    p: from 0 to 1. seed: as in `Neuron`; `rng` is the generator, whose `getstate()`
    and `setstate()` save and restore where it stands.

    >>> dropout = Dropout(0.5, seed=0)
    >>> dropout([1.0, 2.0, 3.0, 4.0])
    [2.0, 4.0, 0.0, 0.0]
    >>> dropout.eval()([1.0, 2.0, 3.0, 4.0])
    [1.0, 2.0, 3.0, 4.0]

    Raises `ArgumentError` for a p that is no probability.
    """

    def __init__(self, p: float = 0.5, *, seed: Seed = None) -> None:
        if isinstance(p, bool) or not isinstance(p, int | float) or not 0 <= p <= 1:
            raise ArgumentError(
                f"Dropout takes the probability of a 0, from 0 to 1, got {p!r}"
            )
        self.p = p
        self.rng = None if seed is None else _generator(seed)

    def __call__(self, x: Sequence[Any]) -> list[Any]:
        """Return the row, thinned out while training."""
        row = _row(self, None, x)
        if not self.training or self.p == 0:
            return row
        draw = _generator(self.rng).random
        kept = 0.0 if self.p == 1 else 1 / (1 - self.p)
        return [xi * (0.0 if draw() < self.p else kept) for xi in row]

    def output_width(self, n_in: int | None) -> int | None:
        """Return n_in."""
        return n_in

    def __repr__(self) -> str:
        return f"Dropout({self.p!r})"


class LayerNorm(Module):
    """A row to mean 0 and variance 1, then scaled: yᵢ = γᵢ (xᵢ − μ) / √(σ² + ε) + βᵢ.

    μ = 1/n Σ xᵢ, σ² = 1/n Σ (xᵢ − μ)². n: the row's length. `weight` is γ, 1 at first;
    `bias` is β, 0 at first; `affine=False` leaves both out. eps: PyTorch's ε; Keras has
    1e-3.

    >>> [f"{y.data:.4f}" for y in LayerNorm(3)([1.0, 2.0, 6.0])]
    ['-0.9258', '-0.4629', '1.3887']

    Source: J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization", 2016.

    Raises `ArgumentError` for an n below 1; called, `WidthError` for another width.
    """

    def __init__(self, n: int, eps: float = 1e-5, *, affine: bool = True) -> None:
        check_count("n", n)
        if not eps >= 0:
            raise ArgumentError(f"LayerNorm takes an eps from 0 on, got {eps!r}")
        self.n, self.eps = n, eps
        self.weight = [Value(1.0) for _ in range(n)] if affine else []
        self.bias = [Value(0.0) for _ in range(n)] if affine else []

    def __call__(self, x: Sequence[Any]) -> list[Any]:
        """Return the normalized row."""
        row = _row(self, self.n, x)
        mu = mean(row)
        centered = [xi - mu for xi in row]
        deviation = sqrt(dot(centered, centered) / self.n + self.eps)
        normal = [xi / deviation for xi in centered]
        if not self.weight:
            return normal
        return [
            gamma * xi + beta
            for gamma, xi, beta in zip(self.weight, normal, self.bias, strict=True)
        ]

    def output_width(self, n_in: int | None) -> int:
        """Return n."""
        return self.n

    def __repr__(self) -> str:
        affine = "" if self.weight else ", affine=False"
        return f"LayerNorm({self.n}, eps={self.eps!r}{affine})"


class Embedding(Module):
    """A row of parameters for each of the numbers 0, 1, ..., count − 1: k → E_k.

    count: how many there are, such as a vocabulary's size. width: of a row. A list of
    indices, of any depth, gives a list of rows.
    init: as in `Neuron`; by default N(0, 1), as in PyTorch (Keras: U(−0.05, 0.05)).

    >>> embedding = Embedding(10, 3, seed=0)
    >>> embedding(7) == embedding.weight[7]
    True
    >>> [len(row) for row in embedding([7, 0])]
    [3, 3]
    >>> embedding(10)
    Traceback (most recent call last):
    autograd.errors.ArgumentError: Embedding(10, 3) takes indices from 0 to 9, got 10

    Raises `ArgumentError` for a count or width below 1 and an index out of range.
    """

    def __init__(
        self,
        count: int,
        width: int,
        *,
        init: str | Initializer | None = None,
        seed: Seed = None,
    ) -> None:
        check_count("count", count)
        check_count("width", width)
        rng = _generator(seed)
        draw = by_name(init) if isinstance(init, str) else init
        self.weight = [
            [
                Value(rng.gauss(0.0, 1.0) if draw is None else draw(rng, count, width))
                for _ in range(width)
            ]
            for _ in range(count)
        ]

    def __call__(self, index: Any) -> Any:
        """Return the row of an index, or the rows of a list of them."""
        if hasattr(index, "tolist"):
            index = index.tolist()
        if isinstance(index, list | tuple | range):
            return [self(i) for i in index]
        place = whole(index)
        if place is None:
            raise ArgumentError(f"{self!r} takes whole numbers, got {index!r}")
        if not ((place >= 0) & (place < len(self.weight))):
            raise ArgumentError(
                f"{self!r} takes indices from 0 to {len(self.weight) - 1}, got {place}"
            )
        return list(take(self.weight, place))

    def output_width(self, n_in: int | None) -> int:
        """Return the width of a row."""
        return len(self.weight[0])

    def __repr__(self) -> str:
        return f"Embedding({len(self.weight)}, {len(self.weight[0])})"
