from pathlib import Path

import numpy as np
import pytest

from benchmark.algorithms.proximal import singular_value_threshold
from benchmark.algorithms.robust_pca import tall_threshold, tubal_threshold
from benchmark.contract import Problem
from benchmark.loading import load_module
from benchmark.noise import SaltAndPepper

BASELINES = Path(__file__).parents[2] / "baselines"
PCP, TRPCA = (load_module(BASELINES / f"{name}.py") for name in ("pcp", "trpca"))


def solve(method, observed: np.ndarray, **params) -> np.ndarray:
    problem = Problem(observed=observed, rank=1, noise=SaltAndPepper(0.1))
    return method.solve(problem, seed=0, device="cpu", **params).signal


def with_outliers(clean: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    return np.where(rng.random(clean.shape) < share, rng.choice([-1.0, 1.0], clean.shape), clean)


def low_tubal_rank(shape: tuple[int, int, int], rank: int, rng: np.random.Generator) -> np.ndarray:
    """Return the t-product of random tensors n1 x rank x n3 and rank x n2 x n3, by its definition, a convolution."""
    first, second, third = shape
    left, right = rng.standard_normal((first, rank, third)), rng.standard_normal((rank, second, third))
    result = np.zeros(shape)
    for i in range(third):
        for j in range(third):
            result[..., (i + j) % third] += left[..., i] @ right[..., j]
    return result / np.abs(result).max()


@pytest.mark.parametrize("shape", [(80, 60), (60, 80), (20, 12, 50)])
def test_pcp_recovers_a_low_rank_matrix_exactly_from_sparse_outliers(shape):
    rng = np.random.default_rng(0)
    rows, columns = np.prod(shape[:-1]), shape[-1]
    clean = (rng.standard_normal((rows, 2)) @ rng.standard_normal((2, columns))).reshape(shape)
    clean /= np.abs(clean).max()
    observed = with_outliers(clean, 0.05, rng)
    # The tolerance of the solver is 1e-7 of the norm.
    np.testing.assert_allclose(solve(PCP, observed), clean, rtol=0, atol=1e-5)
    assert np.abs(observed - clean).max() > 0.5


@pytest.mark.parametrize("svt", ["gram", "exact", "randomised"])
def test_pcp_has_one_minimum_whichever_way_singular_values_are_thresholded(svt):
    rng = np.random.default_rng(7)
    # Beyond exact recovery.
    clean = rng.standard_normal((90, 6)) @ rng.standard_normal((6, 70))
    observed = with_outliers(clean / np.abs(clean).max(), 0.15, rng)
    reference = solve(PCP, observed, svt="exact")
    np.testing.assert_allclose(solve(PCP, observed, svt=svt), reference, rtol=0, atol=1e-3)
    assert np.linalg.norm(reference - observed) / np.linalg.norm(observed) > 0.05


@pytest.mark.parametrize("axes", [(0, 1, 2), (0, 2, 1), (1, 2, 0)])
def test_trpca_recovers_a_tensor_of_low_tubal_rank_exactly_from_sparse_outliers(axes):
    rng = np.random.default_rng(1)
    clean = low_tubal_rank((30, 25, 8), 2, rng).transpose(np.argsort(axes))
    observed = with_outliers(clean, 0.05, rng)
    # The tolerance of the solver is 1e-5.
    np.testing.assert_allclose(solve(TRPCA, observed, axes=axes), clean, rtol=0, atol=1e-4)
    assert np.abs(observed - clean).max() > 0.5


def test_trpca_of_a_matrix_is_pcp():
    rng = np.random.default_rng(2)
    # Beyond exact recovery, so that both must find the minimum itself; not to all digits, as their penalties grow.
    observed = with_outliers(rng.random((30, 4)) @ rng.random((4, 25)) / 4, 0.2, rng)

    def objective(low_rank: np.ndarray) -> float:
        return np.linalg.norm(low_rank, "nuc") + np.abs(observed - low_rank).sum() / np.sqrt(30)

    expected = objective(solve(PCP, observed))
    assert objective(solve(TRPCA, observed)) == pytest.approx(expected, rel=1e-4)
    assert objective(solve(TRPCA, observed[..., None])[..., 0]) == pytest.approx(expected, rel=1e-4)
    assert objective(solve(PCP, observed[..., None])[..., 0]) == pytest.approx(expected, rel=1e-12)
    for other in (observed, 0 * observed, np.full_like(observed, np.median(observed))):
        assert objective(other) > 1.01 * expected


@pytest.mark.parametrize("threshold", [0.5, 3.0, 100.0])
def test_singular_values_are_thresholded_as_by_their_decomposition(threshold):
    matrix = np.random.default_rng(3).standard_normal((40, 15))
    expected = singular_value_threshold(matrix, threshold)
    np.testing.assert_allclose(tall_threshold(matrix, threshold), expected, atol=1e-12)
    # A tensor of a single slice is its own Fourier transform.
    for part, answer in ((matrix, expected), (matrix.T, expected.T)):
        np.testing.assert_allclose(tubal_threshold(part[None], threshold)[0], answer, atol=1e-12)


@pytest.mark.parametrize("slices", [2, 6, 7])
def test_half_of_the_fourier_slices_stands_for_all(slices):
    tensor = np.random.default_rng(4).standard_normal((slices, 9, 12))
    spectrum = np.stack([singular_value_threshold(part, 5.0) for part in np.fft.fft(tensor, axis=0)])
    expected = np.fft.ifft(spectrum, axis=0)
    assert np.abs(expected.imag).max() < 1e-12
    np.testing.assert_allclose(tubal_threshold(tensor, 5.0), expected.real, atol=1e-12)
    assert np.linalg.norm(expected) > 0.1 * np.linalg.norm(tensor)


def test_images_are_lateral_slices_by_default():
    rng = np.random.default_rng(5)
    observed = with_outliers(rng.random((12, 10, 6)), 0.1, rng)
    np.testing.assert_array_equal(solve(TRPCA, observed), solve(TRPCA, observed, axes=(0, 2, 1)))
    assert np.abs(solve(TRPCA, observed) - solve(TRPCA, observed, axes=(0, 1, 2))).max() > 1e-3
