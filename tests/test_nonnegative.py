"""Non-negative least squares: the conditions that its solution has, and problems whose solution is known."""

import numpy as np
import pytest

from mcusim.nonnegative import nonnegative_least_squares


@pytest.mark.parametrize("seed", range(20))
def test_the_conditions_of_a_minimum(seed):
    """Karush, Kuhn, Tucker: no gradient where a coefficient is positive, none downhill where it is 0."""
    rng = np.random.default_rng(seed)
    matrix, target = rng.normal(size=(30, 8)), rng.normal(size=30)
    found = nonnegative_least_squares(matrix, target)
    gradient = matrix.T @ (target - matrix @ found)
    assert (found >= 0).all()
    np.testing.assert_allclose(gradient[found > 0], 0, atol=1e-6)
    assert (gradient[found == 0] <= 1e-6).all()


def test_known_coefficients_come_back():
    rng = np.random.default_rng(5)
    matrix = rng.integers(0, 50, (40, 6)).astype(float)
    wanted = np.array([3.0, 0.0, 17.5, 1.0, 0.0, 240.0])
    np.testing.assert_allclose(nonnegative_least_squares(matrix, matrix @ wanted), wanted, atol=1e-6)


def test_columns_that_say_nothing():
    matrix = np.array([[1.0, 0.0, 1.0], [2.0, 0.0, 2.0]])
    found = nonnegative_least_squares(matrix, np.array([2.0, 4.0]))
    np.testing.assert_allclose(matrix @ found, [2.0, 4.0])
    assert nonnegative_least_squares(np.zeros((2, 0)), np.ones(2)).shape == (0,)
