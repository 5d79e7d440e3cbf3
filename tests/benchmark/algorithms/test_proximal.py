import numpy as np
import pytest

from benchmark.algorithms.proximal import singular_value_threshold, soft_threshold


def test_soft_threshold_shrinks_by_hand():
    np.testing.assert_array_equal(soft_threshold(np.array([-3.0, -0.5, 0.0, 0.5, 3.0]), 1.0), [-2, 0, 0, 0, 2])


@pytest.mark.parametrize("shape", [(7, 5), (5, 7)])
def test_singular_value_threshold_minimises_its_objective(shape):
    rng = np.random.default_rng(0)
    matrix, threshold = rng.standard_normal(shape), 1.5

    def objective(X: np.ndarray) -> float:
        return 0.5 * np.sum((X - matrix) ** 2) + threshold * np.linalg.norm(X, "nuc")

    answer = singular_value_threshold(matrix, threshold)
    assert np.linalg.matrix_rank(answer) < 5
    least = objective(answer)
    assert all(objective(answer + 0.01 * rng.standard_normal(shape)) > least for _ in range(100))
