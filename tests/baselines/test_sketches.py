"""Low-rank approximations from a sketch of the matrix: randomised SVD and Frequent Directions."""

from pathlib import Path

import numpy as np
import pytest

from benchmark.algorithms import sketching
from benchmark.algorithms.lowrank import truncated_svd
from benchmark.contract import Problem, compose
from benchmark.loading import load_module

BASELINES = Path(__file__).parents[2] / "baselines"
RANDOMISED, DIRECTIONS = (load_module(BASELINES / f"{name}.py") for name in ("randomised_svd", "frequent_directions"))

every_sketch = pytest.mark.parametrize("method", [RANDOMISED, DIRECTIONS], ids=["randomised", "frequent-directions"])


def solve(method, observed: np.ndarray, rank: int, seed: int = 0, **params) -> tuple[np.ndarray, np.ndarray]:
    return method.solve(Problem(observed=observed, rank=rank), seed=seed, device="cpu", **params).factors


def decaying(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return a matrix with singular values 1, 1/2, 1/3, ..."""
    size = min(shape)
    left, right = (np.linalg.qr(rng.standard_normal((side, size)))[0] for side in shape)
    return left / np.arange(1, size + 1) @ right.T


@every_sketch
def test_cube_of_the_rank_is_recovered_exactly(method):
    rng = np.random.default_rng(0)
    cube = compose((rng.random((12, 9, 3)), rng.random((16, 3))))
    left, right = solve(method, cube, 3)
    assert (left.shape, right.shape) == ((12, 9, 3), (16, 3))
    np.testing.assert_allclose(compose((left, right)), cube, atol=1e-10)


@every_sketch
def test_rank_that_the_unfolding_cannot_have_is_an_error(method):
    with pytest.raises(ValueError, match="give 1 to 5"):
        solve(method, np.random.default_rng(1).random((12, 9, 5)), 6)


@pytest.mark.parametrize("power_iterations", [0, 1, 4])
def test_mean_error_of_the_randomised_svd_is_within_the_bound_of_halko_martinsson_and_tropp(power_iterations):
    shape, rank, oversampling, power = (120, 80), 8, 10, 2 * power_iterations + 1
    matrix, singular_values = decaying(shape, np.random.default_rng(2)), 1 / np.arange(1, 81)
    errors = [
        np.linalg.norm(matrix - compose(solve(RANDOMISED, matrix, rank, seed, power_iterations=power_iterations)), 2)
        for seed in range(10)
    ]
    # Corollary 10.10 bounds the range finder; truncation to the rank adds the next singular value (Theorem 9.3).
    spread = np.sqrt(np.sum(singular_values[rank:] ** (2 * power)))
    factor = (1 + np.sqrt(rank / (oversampling - 1))) * singular_values[rank] ** power
    factor += np.e * np.sqrt(rank + oversampling) / oversampling * spread
    bound = singular_values[rank] + factor ** (1 / power)
    assert singular_values[rank] * (1 - 1e-9) <= np.mean(errors) <= bound


def test_power_iterations_bring_the_randomised_svd_to_the_best_approximation():
    rng = np.random.default_rng(3)
    observed = decaying((120, 80), rng)
    best = np.linalg.norm(observed - compose(truncated_svd(observed, 8)))
    errors = [
        np.linalg.norm(observed - compose(solve(RANDOMISED, observed, 8, power_iterations=power))) for power in (0, 4)
    ]
    assert best * (1 - 1e-9) <= errors[1] < 1.001 * best < errors[0]


@pytest.mark.parametrize("size", [10, 20, 30])
@pytest.mark.parametrize("shape", [(237, 40), (25, 40), (237, 15)])
def test_sketch_of_frequent_directions_is_within_its_bound(size, shape):
    rng = np.random.default_rng(4)
    matrix = decaying(shape, rng) + 0.02 * rng.standard_normal(shape)
    sketched = sketching.sketch(matrix, size)
    assert sketched.shape[0] <= size
    errors = np.linalg.eigvalsh(matrix.T @ matrix - sketched.T @ sketched)
    tails = np.cumsum(np.linalg.svd(matrix, compute_uv=False)[::-1] ** 2)[::-1]
    tails = np.append(tails, np.zeros(size))
    assert errors[0] > -1e-12
    assert errors[-1] <= min(tails[k] / (size - k) for k in range(size)) + 1e-12
    assert errors[-1] < 0.6 * np.linalg.norm(matrix, 2) ** 2


def test_sketch_finds_a_direction_of_many_small_rows_that_follow_a_few_large_ones():
    # Truncation without the lowering drops each block of small rows, of norm sqrt(5), beside five rows of norm 10.
    matrix = np.vstack([10 * np.eye(5, 6), np.tile(np.eye(6)[5], (1000, 1))])
    sketched = sketching.sketch(matrix, 5)
    # 1000 of the energy is in the last direction, and the bound for k = 1 is 500 / 4.
    assert np.sum(sketched[:, 5] ** 2) >= 1000 - 125


def test_frequent_directions_projects_onto_the_span_of_its_right_factor():
    observed = np.random.default_rng(5).random((60, 20))
    left, right = solve(DIRECTIONS, observed, 4)
    np.testing.assert_allclose(right.T @ right, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(compose((left, right)), observed @ right @ right.T, atol=1e-12)


def test_error_of_the_projection_is_within_the_bound_of_frequent_directions():
    matrix, rank = decaying((300, 50), np.random.default_rng(6)), 5
    best = np.linalg.norm(matrix - compose(truncated_svd(matrix, rank))) ** 2
    for ratio in (2, 4, 8):
        error = np.linalg.norm(matrix - compose(solve(DIRECTIONS, matrix, rank, ratio=ratio))) ** 2
        # Theorem 1.1 of the paper: ||A - A V V^T||_F^2 <= l / (l - k) ||A - A_k||_F^2.
        assert best * (1 - 1e-9) <= error <= ratio / (ratio - 1) * best


def test_embedding_puts_each_row_with_a_sign_into_one_row():
    embedding = sketching.sparse_embedding(500, 20, np.random.default_rng(0)).toarray()
    np.testing.assert_array_equal(np.abs(embedding).sum(axis=0), 1)
    assert set(np.unique(embedding)) == {-1, 0, 1}
    assert abs(embedding.sum()) < 4 * np.sqrt(500)
    assert (np.abs(embedding).sum(axis=1) > 0).all()


def test_blocks_of_the_sketch_s_size_under_identities_are_frequent_directions(monkeypatch):
    monkeypatch.setattr(sketching, "sparse_embedding", lambda rows, size, rng: np.eye(size, rows))
    matrix = decaying((240, 30), np.random.default_rng(1))
    found = sketching.embedded_sketch(matrix, 12, 20, np.random.default_rng(0))
    np.testing.assert_allclose(found, sketching.sketch(matrix, 12), atol=1e-14)


def test_sparse_embeddings_project_nearly_as_well_as_the_best_rank_in_most_draws():
    rng, rank = np.random.default_rng(2), 5
    matrix = decaying((1000, 60), rng) + 0.01 * rng.standard_normal((1000, 60))
    best = np.linalg.norm(matrix - compose(truncated_svd(matrix, rank))) ** 2
    excess = [
        np.linalg.norm(matrix - compose(solve(DIRECTIONS, matrix, rank, seed, ratio=4, blocks=10))) ** 2 / best
        for seed in range(10)
    ]
    assert min(excess) >= 1 - 1e-9
    assert np.sum(np.array(excess) < 1.1) >= 9


def test_sparse_embeddings_break_the_bound_of_frequent_directions():
    """Of a rank below the sketch's size the bound is 0, and B^T B exact; colliding rows of an embedding add to it."""
    rng, size = np.random.default_rng(3), 20
    matrix = rng.standard_normal((200, 5)) @ rng.standard_normal((5, 40))
    gram = matrix.T @ matrix
    sketches = (sketching.sketch(matrix, size), sketching.embedded_sketch(matrix, size, 2, rng))
    plain, sparse = (np.linalg.norm(gram - own.T @ own, 2) / np.linalg.norm(gram, 2) for own in sketches)
    assert plain < 1e-12
    assert sparse > 0.01
