"""Blocks: the arrays and numbers of the arguments, as parts of one vector."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Block:
    """The coordinates of one array or number of the arguments."""

    name: str
    argument: int
    shape: tuple[int, ...]
    start: int

    @property
    def size(self) -> int:
        """How many coordinates it has."""
        return math.prod(self.shape)

    @property
    def part(self) -> slice:
        """Where its coordinates stand in the vector."""
        return slice(self.start, self.start + self.size)

    @property
    def gradient(self) -> str:
        """Its gradient, in words."""
        return (
            "the Jacobian" if self.name == JACOBIAN else f"the gradient of {self.name}"
        )

    @property
    def wanted(self) -> str:
        """Say which shape its gradient must have."""
        if self.name == JACOBIAN:
            return f"it must have shape {self.shape}: that of the result, then of x"
        return f"the argument has shape {self.shape}"

    def label(self, place: int) -> str:
        """Name one of its coordinates: ``w[0, 2]``."""
        if not self.shape:
            return self.name
        index = np.unravel_index(place - self.start, self.shape)
        return f"{self.name}[{', '.join(map(str, index))}]"


JACOBIAN = "jacobian"  # the argument that check_jacobian makes
