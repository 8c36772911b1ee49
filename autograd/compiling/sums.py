"""The sum over a batch: one tree of additions, whoever adds.

Samples lie in tiles of 8 lanes, tiles in chunks of 16. Within a chunk each lane adds
its samples from the first tile to the last, starting from 0.0; then the lanes are added
in pairs; then the chunks from left to right. So the bits of a sum depend on nothing but
the samples: not on threads, registers or the backend.
"""

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

LANES = 8
TILES = 16
CHUNK = LANES * TILES


@np.errstate(all="ignore")
def chunk_sums(outputs: Array) -> Array:
    """Return the sum of each chunk of samples: (outputs, samples) → (outputs, chunks).

    The last chunk is filled up with 0.0.
    """
    rows, count = outputs.shape
    chunks = -(-count // CHUNK)
    if chunks * CHUNK != count:
        outputs = np.pad(outputs, ((0, 0), (0, chunks * CHUNK - count)))
    tiles = outputs.reshape(rows, chunks, TILES, LANES)
    total = np.zeros((rows, chunks, LANES))
    for tile in range(TILES):
        total += tiles[:, :, tile]
    half = total[..., :4] + total[..., 4:]
    quarter = half[..., :2] + half[..., 2:]
    found: Array = quarter[..., 0] + quarter[..., 1]
    return found


@np.errstate(all="ignore")
def added(chunks: Array) -> Array:
    """Add the sums of the chunks from left to right: (outputs, chunks) → (outputs,)."""
    found: Array = np.add.accumulate(chunks, axis=1)[:, -1]
    return found
