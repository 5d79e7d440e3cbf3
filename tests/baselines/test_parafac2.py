from pathlib import Path

import numpy as np
import pytest
from tensorly.parafac2_tensor import parafac2_to_slices

from benchmark.contract import Problem, Skipped
from benchmark.loading import load_module

METHOD = load_module(Path(__file__).parents[2] / "baselines" / "parafac2.py")
HEIGHTS = (9, 6, 12, 7, 10, 8)


def solve(observed: np.ndarray, rank: int) -> np.ndarray:
    problem = Problem(observed=observed, rank=rank)
    return METHOD.solve(problem, seed=0, device="cpu").signal


def structured(heights: tuple[int, ...], width: int, rank: int, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Return slices H_k x W that are P_k B diag(a_k) C^T with P_k^T P_k = I exactly, and the shared C."""
    rng = np.random.default_rng(seed)
    shared, columns = np.eye(rank) + 0.3 * rng.standard_normal((rank, rank)), rng.standard_normal((width, rank))
    slices = []
    for height in heights:
        projection = np.linalg.qr(rng.standard_normal((height, rank)))[0]
        slices.append(projection @ shared * rng.exponential(size=rank) @ columns.T)
    return slices, columns


def relative_error(observed: list[np.ndarray], fit: list[np.ndarray]) -> float:
    squares = sum(np.sum((one - other) ** 2) for one, other in zip(observed, fit, strict=True))
    return float(np.sqrt(squares / sum(np.sum(one**2) for one in observed)))


def test_ragged_slices_of_the_model_are_recovered_with_their_shared_factor():
    slices, columns = structured(HEIGHTS, width=11, rank=2)
    decomposition = METHOD.decompose(slices, 2, iterations=300, tolerance=1e-12)
    assert relative_error(slices, parafac2_to_slices(decomposition)) < 1e-3
    found = decomposition.factors[2]
    cosines = np.abs(found.T @ columns) / np.outer(np.linalg.norm(found, axis=0), np.linalg.norm(columns, axis=0))
    # Unlike a truncated SVD, the model is unique: each component is one of the true ones.
    np.testing.assert_allclose(np.sort(cosines.max(axis=1)), 1, atol=1e-3)
    assert set(cosines.argmax(axis=1)) == {0, 1}


def test_cross_product_of_the_ragged_factors_is_the_same_in_each_slice():
    rng = np.random.default_rng(1)
    slices = [rng.standard_normal((height, 11)) for height in HEIGHTS]  # no structure: only the constraint makes it so
    decomposition = METHOD.decompose(slices, 3, iterations=20, tolerance=1e-12)
    _, (_, shared, _), projections = decomposition
    assert [projection.shape for projection in projections] == [(height, 3) for height in HEIGHTS]
    for projection in projections:
        np.testing.assert_allclose(projection.T @ projection, np.eye(3), atol=1e-10)
        factor = projection @ shared
        np.testing.assert_allclose(factor.T @ factor, shared.T @ shared, atol=1e-10)


def test_more_iterations_fit_no_worse():
    rng = np.random.default_rng(2)
    slices = [rng.standard_normal((height, 11)) for height in HEIGHTS]
    fits = [METHOD.decompose(slices, 3, iterations=number, tolerance=1e-15) for number in (1, 2, 4, 8, 16, 32)]
    errors = [relative_error(slices, parafac2_to_slices(fit)) for fit in fits]
    assert np.diff(errors).max() < 1e-12
    assert errors[-1] < 0.995 * errors[0]


def test_stack_of_the_model_is_denoised_below_what_a_rank_leaves_of_white_noise():
    slices, _ = structured((12,) * 15, width=11, rank=2, seed=3)
    clean = np.stack(slices, axis=2)
    observed = clean + 0.3 * np.random.default_rng(4).standard_normal(clean.shape)
    errors = np.mean((solve(observed, 2) - clean) ** 2) / 0.3**2
    # Free parameters a slice: 2 x 12 - 3 for P_k and 2 for a_k, and 4 + 22 for all, of 12 x 11 entries.
    assert errors == pytest.approx((23 + 26 / 15) / 132, rel=0.25)


def test_rank_above_the_sides_of_the_images_becomes_the_smaller_side():
    observed = np.random.default_rng(5).random((5, 7, 4))
    result = solve(observed, 100)
    np.testing.assert_array_equal(result, solve(observed, 5))
    assert np.corrcoef(result.ravel(), observed.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("shape", [(8, 9), (8, 9, 1)])
def test_single_image_is_skipped_with_the_reason(shape):
    with pytest.raises(Skipped, match="at least 2 images"):
        solve(np.ones(shape), 2)


@pytest.mark.parametrize("rank", [0, 7])
def test_rank_that_a_slice_cannot_have_is_an_error(rank):
    slices, _ = structured(HEIGHTS, width=11, rank=2)
    with pytest.raises(ValueError, match="give 1 to 6"):
        METHOD.decompose(slices, rank, iterations=5, tolerance=1e-6)
