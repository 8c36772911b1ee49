"""A bounded cache whose look-up takes no lock."""

import threading
from collections.abc import Hashable, Iterator
from itertools import count
from typing import Generic, Protocol, TypeVar

__all__ = ["Recent"]

_CLOCK = count()


class _Used(Protocol):
    used: int  # when it was last used, as `Recent` counts


T = TypeVar("T", bound=_Used)


class Recent(Generic[T]):
    """Things by their keys; beyond a number of them the least recently used is lost.

    Several threads may share it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: dict[Hashable, T] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """Return what belongs to a key, if it is here."""
        found = self._items.get(key)
        if found is not None:
            found.used = next(_CLOCK)
        return found

    def add(self, key: Hashable, new: T) -> T:
        """Return what belongs to a key, the new one if nothing does."""
        with self._lock:
            found = self._items.setdefault(key, new)
            found.used = next(_CLOCK)
            if len(self._items) > self._most:
                del self._items[min(self._items, key=lambda k: self._items[k].used)]
            return found

    def __iter__(self) -> Iterator[T]:
        """Yield what is here, the least recently used first."""
        with self._lock:
            items = list(self._items.values())
        return iter(sorted(items, key=lambda each: each.used))

    def __len__(self) -> int:
        return len(self._items)
