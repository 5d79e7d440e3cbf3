"""The truncated SVDs that choose their own rank: by parallel analysis and by held-out entries."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmark.algorithms.lowrank import truncated_svd
from benchmark.contract import Problem, compose
from benchmark.loading import load_module

BASELINES = Path(__file__).parents[2] / "baselines"
PARALLEL = load_module(BASELINES / "svd_parallel_analysis.py")
HELD_OUT = load_module(BASELINES / "svd_held_out.py")

every_chooser = pytest.mark.parametrize(
    ("method", "params"),
    [(PARALLEL, {"null": "permutation"}), (PARALLEL, {"null": "signflip"}), (HELD_OUT, {})],
    ids=["permutation", "signflip", "held-out"],
)


def chosen(method, observed: np.ndarray, **params) -> tuple[np.ndarray, int]:
    """Return the estimate and the rank that a method finds; the problem's rank is a wrong one."""
    problem = Problem(observed=observed, rank=17)
    factors = method.solve(problem, seed=0, device="cpu", **params).factors
    return compose(factors), factors[1].shape[1]


def low_rank(shape: tuple[int, int], rank: int, rng: np.random.Generator) -> np.ndarray:
    """Return a matrix of `rank` and an offset, rank + 1 together, whose components stand far out of unit noise."""
    return 5 + 2 * rng.standard_normal((shape[0], rank)) @ rng.standard_normal((rank, shape[1]))


@every_chooser
@pytest.mark.parametrize(("shape", "rank"), [((300, 40), 3), ((40, 300), 3), ((60, 50), 8)])
def test_rank_of_strong_components_is_found(method, params, shape, rank):
    rng = np.random.default_rng(0)
    ranks = []
    for _ in range(5):
        observed = low_rank(shape, rank, rng) + rng.standard_normal(shape)
        estimate, found = chosen(method, observed, **params)
        np.testing.assert_allclose(estimate, compose(truncated_svd(observed, found)), atol=1e-10)
        ranks.append(found)
    # A component of noise stands out of nine nulls by chance in a tenth of the cases.
    assert np.median(ranks) == min(ranks) == rank + 1
    assert max(ranks) <= rank + 2


@every_chooser
def test_component_that_is_the_same_in_every_row_is_found(method, params):
    rng = np.random.default_rng(8)
    rows, columns = rng.standard_normal(200), np.linalg.qr(rng.standard_normal((30, 2)))[0] * [50, 10]
    # The rows have no mean, so that the second component is nothing but the means of the columns.
    clean = np.outer(rows - rows.mean(), columns[:, 0]) + columns[:, 1]
    assert chosen(method, clean + rng.standard_normal(clean.shape), **params)[1] == 2


@every_chooser
def test_noise_about_a_constant_has_the_component_of_the_mean_alone(method, params):
    observed = 5 + np.random.default_rng(1).standard_normal((20, 15, 12))
    assert chosen(method, observed, **params)[1] == 1


@every_chooser
def test_column_is_its_own_best_approximation(method, params):
    observed = np.random.default_rng(2).random((9, 7, 1))
    estimate, found = chosen(method, observed, **params)
    assert found == 1
    np.testing.assert_allclose(estimate, observed, atol=1e-12)


def test_corrected_null_follows_noise_less_components():
    noise, rng = np.random.default_rng(3).standard_normal((300, 200)), np.random.default_rng(4)
    for rank in (20, 60, 100):
        # What is left of white noise when components in other, random directions are subtracted.
        basis, other = (np.linalg.qr(rng.standard_normal((size, rank)))[0] for size in noise.shape)
        residual = noise - basis @ (basis.T @ noise)
        residual -= (residual @ other) @ other.T
        null = PARALLEL.spectral_norm(rng.permuted(residual, axis=0))
        ratio = np.linalg.norm(residual, 2) / null
        # The norms fluctuate by about a hundredth at this size.
        assert ratio == pytest.approx(PARALLEL.freedom(noise.shape, rank), rel=0.025)
        assert ratio > 1 + rank / 600


def test_signflips_resist_noise_of_few_loud_rows_and_columns_that_fools_permutation():
    rng = np.random.default_rng(5)
    loud = np.outer(np.where(np.arange(200) < 20, 4, 1), np.where(np.arange(100) < 10, 4, 1))
    observed = 5 + loud * rng.standard_normal((200, 100))
    assert chosen(PARALLEL, observed, null="signflip")[1] == 1 < chosen(PARALLEL, observed, null="permutation")[1]


def test_imputation_completes_a_matrix_of_low_rank():
    rng = np.random.default_rng(6)
    matrix = rng.standard_normal((60, 4)) @ rng.standard_normal((4, 50))
    held = rng.random(matrix.shape) < 0.05
    *_, fit = HELD_OUT.imputations(np.where(held, np.nan, matrix), held, [1, 2, 3, 4], iterations=100)
    # The iteration stops when it moves by a thousandth of the standard deviation, which is 2.
    assert np.abs(fit - matrix)[held].max() < 0.02


def test_entries_held_out_do_not_enter_the_imputation():
    rng = np.random.default_rng(7)
    matrix, held = rng.random((30, 20)), rng.random((30, 20)) < 0.05
    changed = np.where(held, 1e6, matrix)
    first, second = (list(HELD_OUT.imputations(values, held, [1, 2], iterations=5)) for values in (matrix, changed))
    np.testing.assert_array_equal(first, second)


def test_grid_of_ranks_is_ascending_and_ends_at_the_largest():
    assert HELD_OUT.rank_grid(5) == [1, 2, 3, 4, 5]
    grid = HELD_OUT.rank_grid(200)
    assert grid[:10] == list(range(1, 11))
    assert grid[-1] <= 200 < 1.1 * grid[-1] + 1
    assert all(1 <= after - before <= 0.1 * before + 0.5 for before, after in pairwise(grid[9:]))
