"""A matrix and a vector → the coefficients of least squares that are 0 or more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
TOLERANCE = 1e-9


def nonnegative_least_squares(matrix: NDArray[np.float64], target: Vector) -> Vector:
    """x ≥ 0 with the least |matrix · x − target|, by the active-set method of Lawson and Hanson (1974, chapter 23)."""
    count = matrix.shape[1]
    norms = np.linalg.norm(matrix, axis=0)
    scaled = matrix / np.where(norms > 0, norms, 1.0)
    chosen = np.zeros(count, bool)
    found = np.zeros(count)
    for _ in range(3 * count):
        gradient = np.where(chosen, -np.inf, scaled.T @ (target - scaled @ found))
        if count == 0 or gradient.max() <= TOLERANCE:
            break
        chosen[int(gradient.argmax())] = True
        found = _within(scaled, target, found, chosen)
        chosen = found > 0
    return found / np.where(norms > 0, norms, 1.0)


def _within(matrix: NDArray[np.float64], target: Vector, start: Vector, chosen: NDArray[np.bool_]) -> Vector:
    """Least squares over the chosen columns, moved towards from `start` only as far as all stay at 0 or above."""
    found, chosen = start, chosen.copy()
    while chosen.any():
        solved = np.zeros(len(start))
        solved[chosen] = np.linalg.lstsq(matrix[:, chosen], target, rcond=None)[0]
        negative = chosen & (solved <= TOLERANCE)
        if not negative.any():
            return solved
        steps = found[negative] / np.maximum(found[negative] - solved[negative], TOLERANCE)
        found = found + steps.min() * (solved - found)
        chosen &= ~(negative & (found <= TOLERANCE))
    return np.zeros(len(start))
