"""What to say about a training run whose numbers are not finite any more."""

import math

from .module import Module

__all__ = ["worst_number"]


def worst_number(model: Module) -> str:
    """Return which parameter or gradient is not finite, else the largest parameter.

    >>> from nn import MLP
    >>> model = MLP(1, [1], seed=0)
    >>> model.layers[0].neurons[0].b.data = float("nan")
    >>> worst_number(model)
    'layers[0].neurons[0].b is nan'
    """
    named = model.named_parameters()
    found = [
        f"{path} is {p.data}" for path, p in named if not math.isfinite(p.data)
    ] or [
        f"the gradient of {path} is {p.grad}"
        for path, p in named
        if not math.isfinite(p.grad)
    ]
    if not found and named:  # the numbers in between have become too large
        path, largest = max(named, key=lambda pair: abs(pair[1].data))
        found = [f"the largest parameter is {path} with {largest.data:.3g}"]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{found[0]}{more}" if found else ""
