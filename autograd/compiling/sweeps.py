"""A sweep of a recording: in which namespace its partials are, and what comes out."""

from collections.abc import Sequence
from typing import Any

from ..layout import is_number
from ..value import Value, over_values

__all__ = ["Sweep"]


class Sweep:
    """A sweep on Values; live: whether Values come out in the eager run, or numbers."""

    def __init__(self, trace: Any, live: bool) -> None:
        self.trace, self.live = trace, live

    def values(self, numbers: Any) -> Any:
        """Return the namespace of Values over one kind of number."""
        return over_values(numbers)

    def finished(self, found: Sequence[Any]) -> list[Any]:
        """Return what the sweep found as Values, or as leaves in place of numbers."""
        if self.live:
            return [Value(x) if is_number(x) else x for x in found]
        return list(map(self.trace.detach, found))
