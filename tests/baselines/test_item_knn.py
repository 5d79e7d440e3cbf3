"""Item-based nearest neighbours against their definition, entry by entry."""

from pathlib import Path

import numpy as np

from benchmark.algorithms.completion import biases
from benchmark.contract import Problem, compose
from benchmark.loading import load_module

METHOD = load_module(Path(__file__).parents[2] / "baselines" / "item_knn.py")


def solve(matrix: np.ndarray, mask: np.ndarray, **params) -> np.ndarray:
    problem = Problem(np.where(mask, matrix, 0), rank=2, granted={"mask": mask})
    return METHOD.solve(problem, seed=0, device="cpu", **params).signal


def alike_columns(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return ratings of columns of three kinds, by rows that like one kind or another, and a mask of half of them."""
    matrix = 3 + rng.standard_normal((60, 3))[:, rng.integers(3, size=24)] + 0.1 * rng.standard_normal((60, 24))
    return matrix, rng.random(matrix.shape) < 0.5


def test_an_entry_is_the_weighted_mean_of_its_neighbours():
    matrix, mask = alike_columns(np.random.default_rng(0))
    answer, fit = solve(matrix, mask, neighbours=3, shrinkage=10.0), compose(biases(matrix, mask))
    residual = matrix - fit
    for row, column in ((0, 0), (5, 7), (41, 23)):
        similarities = {}
        for other in np.flatnonzero(mask[row]):
            both = mask[:, column] & mask[:, other]
            one, two = residual[both, column], residual[both, other]
            shrunk = (both.sum() - 1) / (both.sum() - 1 + 10)
            similarities[other] = shrunk * (one @ two) / np.sqrt((one @ one) * (two @ two))
        nearest = [own for own in sorted(similarities, key=similarities.get)[-3:] if similarities[own] > 0]
        weights = np.array([similarities[own] for own in nearest])
        expected = fit[row, column] + weights @ residual[row, nearest] / weights.sum()
        np.testing.assert_allclose(answer[row, column], expected, rtol=1e-10)


def test_columns_that_are_alike_predict_each_other():
    matrix, mask = alike_columns(np.random.default_rng(1))
    errors = [np.abs(own - matrix)[~mask].mean() for own in (solve(matrix, mask), compose(biases(matrix, mask)))]
    assert errors[0] < 0.5 * errors[1]


def test_what_has_no_neighbour_has_its_biases():
    matrix, mask = alike_columns(np.random.default_rng(2))
    mask[3], mask[:, 4] = False, False
    answer, fit = solve(matrix, mask), compose(biases(matrix, mask))
    np.testing.assert_allclose(answer[3], fit[3])
    np.testing.assert_allclose(answer[:, 4], fit[:, 4])
    assert np.abs(answer - fit).max() > 0.5
