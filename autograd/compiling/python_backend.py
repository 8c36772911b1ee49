"""The reference backend: `Program.run`, sample by sample."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .program import Program
from .signature import Numbers
from .sums import added, chunk_sums

Array = np.ndarray[Any, np.dtype[Any]]


class PythonRunner:
    """Runs a program in plain Python: slow, and right by construction."""

    def __init__(self, program: Program, varying: tuple[bool, ...]) -> None:
        self.program, self.varying = program, np.array(varying, bool)
        self.seconds = 0.0

    def run_one(self, numbers: Numbers) -> tuple[list[float], bool]:
        """Run one sample."""
        return self.program.run(numbers)

    def summing(self, uniform: Array, lanes: Array) -> Callable[[], Array]:
        """Return what runs a batch again and again."""
        return lambda: self.run(uniform, lanes, True)[0]

    def repeated(self, *given: Any) -> None:
        """Return None: only native code can."""

    def run(
        self, uniform: Array, lanes: Array, reduce: bool
    ) -> tuple[Array, Array | None]:
        """Run a batch."""
        count = lanes.shape[1]
        inputs = np.empty((len(self.varying), count))
        inputs[self.varying] = lanes
        inputs[~self.varying] = uniform[:, None]
        runs = [self.program.run(sample) for sample in inputs.T.tolist()]
        outputs = np.array([found for found, _ in runs], float).reshape(count, -1).T
        held = np.array([fine for _, fine in runs]) if self.program.guards else None
        if reduce:
            kept = outputs if held is None else np.where(held, outputs, 0.0)
            outputs = added(chunk_sums(kept))
        return outputs, held


def prepare(
    program: Program, varying: tuple[bool, ...], *, exact: bool
) -> PythonRunner:
    """Return the runner of a program; it is always exact."""
    return PythonRunner(program, varying)
