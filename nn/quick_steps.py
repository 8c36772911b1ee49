"""Steps that nobody looks at, one after the other in the least time."""

import time
from typing import TYPE_CHECKING

from .descent import OnArrays

if TYPE_CHECKING:
    from .running import Run

__all__ = ["steps_on_arrays"]

# Seconds of steps that nobody looks at, after which the progress is shown.
BLOCK = 0.002
# Steps before somebody may change the model, from which on it pays to record the
# optimizer, and steps at a time, from which on it pays to let native code go alone.
MANY, FEW = 1000, 4


def steps_on_arrays(run: "Run", descent: OnArrays, most: int) -> int:
    """Go steps as `_batch` does while all goes well; return how many.

    Where a number is not finite, or a sample has to be recorded, the step has not
    been made, and `_batch` comes to the same place by the same bits.
    """
    count, size = len(run._data[0]), run.batch_size
    clock = time.perf_counter
    if run._schedule is None and run._steps_to_a_look(most) >= MANY:
        made = _steps_at_once(run, descent, most)
        if made:
            return made
        if made is not None:  # an epoch's last batches, or what is not finite
            most = min(most, run.batches - run.sample // size)
    until = clock() + BLOCK
    go = descent.stepper(run._set_rate if run._schedule else None)
    losses = run.history.losses
    before, total = run.step, run.totals.get("loss", 0.0)
    for _ in range(most):
        first = run.sample
        if first == count:
            losses.append(total / count)
            total, first = 0.0, 0
            run.epoch, run.sample, run.totals = run.epoch + 1, 0, {}
        end = min(first + size, count)
        loss = go(run._epochs_order(), first, end)
        if loss is None:
            break
        total += loss * (end - first)
        run.totals["loss"] = total
        run.loss, run.sample, run.step = loss, end, run.step + 1
        if run.why or clock() > until:
            break
    return run.step - before


def _steps_at_once(run: "Run", descent: OnArrays, most: int) -> int | None:
    """Go steps by native code alone, in mini-batches up to an epoch's end.

    Return how many; None where it can't, or it would not pay.
    """
    count, size, order = len(run._data[0]), run.batch_size, run._epochs_order()
    if size < count:
        if count // size < FEW:
            return None
        most = min(most, (count - run.sample) // size)
    if most < FEW:
        return 0
    start, most = time.perf_counter(), max(FEW, min(most, run._at_once))
    found = descent.at_once(most, order, run.sample, size)
    if not found:
        return None if found is None else 0
    # As many the next time as take a block.
    run._at_once = int(BLOCK * len(found) / (time.perf_counter() - start))
    run.step, run.loss = run.step + len(found), found[-1]
    if size == count:
        *ended, last = found
        run.history.losses.extend([(0.0 + x * count) / count for x in ended])
        run.epoch, run.sample = run.epoch + len(ended), count
        run.totals = {"loss": 0.0 + last * count}
    else:
        for loss in found:
            run._measure("loss", loss, size)
        run.sample += size * len(found)
    return len(found)
