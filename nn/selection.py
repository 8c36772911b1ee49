"""Which rows of a long table to show."""

SHOWN = 20


def selection(count: int, shown: int = SHOWN) -> list[int]:
    """Return at most so many indices, evenly spaced, with the first and the last.

    >>> selection(5)
    [0, 1, 2, 3, 4]
    >>> selection(1001, shown=5)
    [0, 250, 500, 750, 1000]
    """
    if count <= shown:
        return list(range(count))
    return [round(k * (count - 1) / (shown - 1)) for k in range(shown)]
