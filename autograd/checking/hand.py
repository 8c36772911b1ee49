"""The hand gradient under test: called with care, watched for what it does besides."""

import copy
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from .arguments import Arguments, Array
from .reading import NoGradient


class HandError(Exception):
    """The hand gradient raised, or gave no gradient; the text has the point."""


class Hand:
    """Calls the hand gradient on fresh copies of the arguments."""

    def __init__(self, function: Callable[..., Any], args: Arguments) -> None:
        self.function, self.args = function, args
        self.warnings: list[str] = []
        self.mutated = ""
        self.unsteady: tuple[str, float, float] | None = None
        self.single = ""  # the dtype of a gradient that is less precise than double
        self.notes: list[str] = []
        self._calls = 0

    def __call__(self, x: Array) -> Array:
        """Return the gradient at x; call twice at first, to see whether it varies."""
        found = self._call(x)
        self._calls += 1
        if self._calls <= 2:
            self._compare_again(found, self._call(x))
        return found

    def quietly(self, x: Array) -> Array:
        """Return the gradient at x and look at nothing else."""
        return self._call(x, watch=False)

    def problems(self) -> bool:
        """Tell whether it does what a gradient must not do."""
        return bool(self.mutated) or self.unsteady is not None

    def _call(self, x: Array, watch: bool = True) -> Array:
        args = self.args.at(x)
        before = copy.deepcopy(args) if watch else args
        try:
            with np.errstate(all="ignore"):
                gradient = self.function(*args)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            raise HandError(
                f"the hand gradient raised {type(error).__name__}: {error} "
                f"({where.filename}, line {where.lineno}) at the point "
                f"{self.args.point_in_words(x)}"
            ) from error
        try:
            found = self.args.read(gradient).copy()
        except NoGradient as error:
            raise HandError(
                f"{error} (at the point {self.args.point_in_words(x)})"
            ) from error
        if watch:
            self._look_at(gradient)
            for place, (old, new) in enumerate(zip(before, args, strict=True)):
                if not _equal(old, new) and not self.mutated:
                    self.mutated = f"argument {place} is changed by the hand gradient"
        return found

    def _look_at(self, gradient: Any) -> None:
        """Remember dtypes that tell something about the author's arithmetic."""
        for dtype in _dtypes(gradient):
            if dtype.kind == "f" and dtype.itemsize <= 4:
                self.single = self.single or str(dtype)
            text = f"the hand gradient holds numbers of dtype {dtype}: no fractions"
            if dtype.kind in "iub" and text not in self.notes:
                self.notes.append(text)

    def _compare_again(self, first: Array, second: Array) -> None:
        differs = ~((first == second) | (np.isnan(first) & np.isnan(second)))
        if not differs.any():
            return
        gap = np.abs(np.where(differs, first - second, 0.0))
        size = np.maximum(np.abs(first), np.abs(second))
        i = int(np.nan_to_num(gap, nan=np.inf).argmax())
        if np.nanmax(gap) > 2.0**-20 * np.nanmax(size) or not np.isfinite(gap).all():
            self.unsteady = (self.args.label(i), float(first[i]), float(second[i]))
        else:
            self.warnings.append(
                f"two calls at one point differ in the last digits: by {gap[i]:.2g} in "
                f"{self.args.label(i)}"
            )


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape:
            return False
        if a.dtype.kind in "fc":
            return bool(np.array_equal(a, b, equal_nan=True))
        return bool(np.array_equal(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, float | int | str | bool):
        return bool(a == b or a != a)
    return True  # an object of the user's: it may not even compare


def _dtypes(gradient: Any) -> set[np.dtype[Any]]:
    if isinstance(gradient, np.ndarray | np.generic):
        return {gradient.dtype}
    if isinstance(gradient, dict):
        gradient = list(gradient.values())
    if isinstance(gradient, list | tuple):
        return {dtype for item in gradient for dtype in _dtypes(item)}
    return set()
