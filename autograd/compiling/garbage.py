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

_lock = threading.Lock()
_inside = 0  # stretches that are under way, of all threads
_was_enabled = False


@contextmanager
def uncollected() -> Iterator[None]:
    """Put off the collection of reference cycles until the last such stretch ends.

    If it leaves many objects behind they count as old: looked at when all are.
    """
    global _inside, _was_enabled
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
                    # Together they move what is young to the oldest generation.
                    gc.freeze()
                    gc.unfreeze()
                gc.enable()
