"""`uncollected`: a stretch of work that the garbage collector does not interrupt.

A recording makes a great many objects that live to its end. The collector would look
at all of them, and at the rest of the program, again and again and free none: the
package's graphs have no reference cycles.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["uncollected"]

_lock = threading.Lock()
_inside = 0  # stretches that are under way, of all threads
_was_enabled = False


@contextmanager
def uncollected() -> Iterator[None]:
    """Put off the collection of reference cycles until the last such stretch ends."""
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
                gc.enable()
