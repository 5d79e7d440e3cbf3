from pathlib import Path

import numpy as np
import pytest

from benchmark.contract import Problem, compose
from benchmark.loading import load_module

METHOD = load_module(Path(__file__).parents[2] / "baselines" / "constant.py")


def solve(observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return METHOD.solve(Problem(observed=observed, rank=5), seed=0, device="cpu").factors


@pytest.mark.parametrize("shape", [(6, 4), (6, 5, 4)])
def test_no_other_constant_is_closer(shape):
    observed = np.random.default_rng(0).random(shape)
    constant = compose(solve(observed))
    error = np.sum((observed - constant) ** 2)
    assert np.ptp(constant) == 0
    assert np.sum((observed - constant - 1e-3) ** 2) > error
    assert np.sum((observed - constant + 1e-3) ** 2) > error


def test_factors_are_ones_along_the_first_axis_and_the_mean_along_the_others():
    ones, mean = solve(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]]))
    np.testing.assert_array_equal(ones, [[1], [1]])
    np.testing.assert_array_equal(mean, [[4], [4], [4]])


def test_mean_of_single_precision_is_taken_in_double_precision():
    observed = np.full((300, 200), 0.1, dtype=np.float32)
    assert compose(solve(observed))[0, 0] == pytest.approx(float(observed[0, 0]), rel=1e-12)
    assert observed.mean() != observed[0, 0]
