"""`uncollected`: a stretch of work that the garbage collector does not interrupt.

A recording makes a great many objects that live to its end, and programs of which many
live on. The collector would look at all of them, and at the rest of the process, again
and again and free none: the package's graphs have no reference cycles.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["uncollected"]

_MANY = 10_000  # objects
_PENDING = 1_000_000  # objects that count as old without ever having been looked at

_lock = threading.Lock()
_inside = 0  # stretches that are under way, of all threads
_was_enabled = False
_moved = 0  # objects, about, since the `_full`th collection of all
_full = 0


@contextmanager
def uncollected() -> Iterator[None]:
    """Put off the collection of reference cycles until the last such stretch ends.

    If it leaves many objects behind they count as old: looked at when all are.
    """
    global _inside, _was_enabled
    due = False
    with _lock:
        if not _inside:
            _was_enabled = gc.isenabled()
            gc.disable()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside and _was_enabled:
                # A few the interpreter freezes itself; who freezes any freezes many.
                if gc.get_count()[0] > _MANY > gc.get_freeze_count():
                    due = _grow_old()
                gc.enable()
        if due:
            gc.collect()


def _grow_old() -> bool:
    """Move what is young to the oldest generation; tell whether to look at that.

    Python does once a quarter of it is new. It does not count what is moved here, and
    begins to count anew each time.
    """
    global _moved, _full
    full = gc.get_stats()[-1]["collections"]
    if full != _full:
        _moved, _full = 0, full
    youngest, younger, young = gc.get_count()  # objects, and collections of those
    first, second, _ = gc.get_threshold()
    pending = _moved
    _moved += youngest + first * (younger + second * young)  # about
    gc.freeze()
    due = first > 0 and pending > _PENDING and 4 * pending > gc.get_freeze_count()
    gc.unfreeze()
    return due
