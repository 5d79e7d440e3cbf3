from pathlib import Path

import numpy as np
import pytest

from benchmark.algorithms.lowrank import truncated_svd
from benchmark.contract import Problem, compose
from benchmark.loading import load_module
from benchmark.noise import Gaussian, Poisson

METHOD = load_module(Path(__file__).parents[2] / "baselines" / "lrtv.py")


def solve(observed: np.ndarray, rank: int, noise: Gaussian | Poisson | None = None, **parameters: float) -> np.ndarray:
    problem = Problem(observed=observed, rank=rank, noise=noise)
    return METHOD.solve(problem, seed=0, device="cpu", **parameters).signal


def two_materials(side: int, bands: int) -> np.ndarray:
    """Return a cube of rank 2, side x side x bands: a rectangle of one spectrum on a background of another."""
    inside = np.zeros((side, side))
    inside[side // 4 : side // 2, side // 3 :] = 1
    rising = np.linspace(0.1, 0.9, bands)
    return np.multiply.outer(inside, rising) + np.multiply.outer(1 - inside, rising[::-1])


def test_without_variation_low_rank_and_sparse_parts_are_told_apart():
    rng = np.random.default_rng(0)
    low_rank = rng.standard_normal((80, 2)) @ rng.standard_normal((2, 60))
    sparse = np.where(rng.random((80, 60)) < 0.05, 5 * rng.standard_normal((80, 60)), 0)
    found, corruption, _ = METHOD.decompose(low_rank + sparse, rank=2, tv=0, sparsity=1 / np.sqrt(80))
    # Exact recovery (Candes et al. 2011, DOI 10.1145/1970392.1970395), to the accuracy of 40 iterations.
    np.testing.assert_allclose(found, low_rank, atol=1e-3)
    np.testing.assert_allclose(corruption, sparse, atol=1e-3)


def test_without_variation_and_outliers_a_cube_of_the_rank_is_kept():
    cube = two_materials(12, 5)
    found, _, _ = METHOD.decompose(cube, rank=2, tv=0, sparsity=1.0)
    np.testing.assert_allclose(found, cube, atol=1e-4)


@pytest.mark.parametrize("shape", [(16, 13, 6), (24, 20)])
def test_parts_sum_to_the_observation_and_the_rank_is_kept(shape):
    observed = np.random.default_rng(1).random(shape)
    low_rank, sparse, _ = METHOD.decompose(observed, rank=3, tv=0.01, sparsity=0.5)
    assert np.linalg.norm(observed - low_rank - sparse) < 1e-3 * np.linalg.norm(observed)
    singular_values = np.linalg.svd(low_rank.reshape(-1, shape[-1]), compute_uv=False)
    assert singular_values[3] < 1e-10 * singular_values[2]


def test_variation_step_moves_the_halves_of_a_step_towards_each_other():
    # min 1/2 ||x - y||^2 + w TV(x) for rows 0 0 1 1: each half, two rows of pixels, moves by w / 2.
    step = np.repeat([0.0, 0.0, 1.0, 1.0], 10).reshape(4, 10)
    moved = METHOD.shrink_variation(step, weight=0.1)
    np.testing.assert_allclose(moved, 0.05 + 0.9 * step, atol=5e-3)  # Chambolle's method, 20 steps


def test_smooth_cube_beats_the_truncated_svd():
    clean = two_materials(32, 10)
    observed = clean + 0.1 * np.random.default_rng(2).standard_normal(clean.shape)
    # lambda as for an image of 145 x 145 pixels, the size that the published weights are for.
    error = np.mean((solve(observed, 3, sparsity=10 * 32 / 145) - clean) ** 2)
    assert error < 0.7 * np.mean((compose(truncated_svd(observed, 3)) - clean) ** 2)


def test_bands_are_scaled_apart():
    observed = two_materials(14, 4) + 0.1 * np.random.default_rng(3).standard_normal((14, 14, 4))
    gain, offset = np.array([1.0, 3.0, 0.2, 10.0]), np.array([0.0, 5.0, -1.0, 2.0])
    np.testing.assert_allclose(solve(gain * observed + offset, 2), gain * solve(observed, 2) + offset, atol=1e-7)


def test_band_of_one_value_is_kept():
    observed = two_materials(12, 3) * [1.0, 0.0, 1.0] + [0.0, 0.4, 0.0]
    np.testing.assert_allclose(solve(observed, 2)[..., 1], 0.4, atol=1e-6)
