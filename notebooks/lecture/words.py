"""Sums and lists of numbers in words, for captions and alternative texts."""

import numpy as np

from lecture.drawing import number


def listed(values):
    """Write numbers one after the other: 4, 2, 1."""
    return ", ".join(number(value) for value in np.ravel(values))


def rows_of(values):
    """Write a 2-D array row by row: (1, 0; 2, -1)."""
    return f"({'; '.join(listed(row) for row in values)})"


def products(first, second):
    """Write first * second entry by entry, such as 1 . 0 + 2 . (-1), for arrays of one shape."""
    pairs = zip(np.ravel(first), np.ravel(second), strict=True)
    factors = [(number(a), f"({number(b)})" if b < 0 else number(b)) for a, b in pairs]
    return " + ".join(f"{a}\N{MIDDLE DOT}{b}" for a, b in factors)
