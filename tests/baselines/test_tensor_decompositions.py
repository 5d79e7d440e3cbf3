from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import svdvals

from benchmark.algorithms.lowrank import truncated_svd
from benchmark.contract import Estimate, Problem, compose
from benchmark.loading import load_module

BASELINES = Path(__file__).parents[2] / "baselines"


def solve(name: str, observed: np.ndarray, rank: int, seed: int = 0, **params) -> Estimate:
    problem = Problem(observed=observed, rank=rank)
    return load_module(BASELINES / f"{name}.py").solve(problem, seed=seed, device="cpu", **params)


def unfolded(tensor: np.ndarray, mode: int) -> np.ndarray:
    return np.moveaxis(tensor, mode, 0).reshape(tensor.shape[mode], -1)


def cp_tensor(shape: tuple[int, ...], rank: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return compose(tuple(rng.random((size, rank)) for size in shape))


@pytest.mark.parametrize("name", ["cp_als", "tucker", "tensor_train"])
def test_matrix_gets_its_truncated_svd(name):
    matrix = np.random.default_rng(0).standard_normal((12, 9))
    np.testing.assert_allclose(compose(solve(name, matrix, 3).answer), compose(truncated_svd(matrix, 3)), atol=1e-12)


def test_als_finds_a_tensor_of_its_rank():
    clean = cp_tensor((12, 10, 9), 3, seed=1)
    factors = solve("cp_als", clean, 3, iterations=500, tolerance=1e-12).factors
    assert [factor.shape for factor in factors] == [(12, 3), (10, 3), (9, 3)]
    # The ridge is 1e-6 of the energy, and the convergence is linear.
    assert np.linalg.norm(compose(factors) - clean) < 1e-3 * np.linalg.norm(clean)
    assert np.linalg.norm(compose(solve("cp_als", clean, 2).factors) - clean) > 1e-2 * np.linalg.norm(clean)


def test_a_number_of_terms_of_its_own_replaces_the_protocol_s():
    observed = np.random.default_rng(4).standard_normal((6, 5, 4))
    method, told = load_module(BASELINES / "cp_als.py"), solve("cp_als", observed, 7).factors
    own = method.solve(Problem(observed, rank=2), seed=0, device="cpu", rank=7).factors
    assert [factor.shape for factor in own] == [(6, 7), (5, 7), (4, 7)]
    np.testing.assert_array_equal(compose(own), compose(told))


def test_als_never_raises_its_objective():
    observed = np.random.default_rng(2).standard_normal((8, 7, 6))
    ridge = 1e-6 * np.sum(observed**2) / 4

    def objective(iterations: int) -> float:
        factors = solve("cp_als", observed, 4, iterations=iterations).factors
        return np.sum((compose(factors) - observed) ** 2) + ridge * sum(np.sum(factor**2) for factor in factors)

    values = [objective(iterations) for iterations in (1, 2, 3, 5, 10, 20, 50)]
    # Rounding, in sums of some 300 squares.
    assert (np.diff(values) < 1e-9 * values[0]).all()
    assert values[-1] < 0.95 * values[0]


def test_als_at_the_rank_of_any_tensor_fits_the_observation():
    observed = np.random.default_rng(3).standard_normal((4, 5, 6))
    estimate = compose(solve("cp_als", observed, 20).factors)
    assert np.linalg.norm(estimate - observed) < 1e-2 * np.linalg.norm(observed)


def test_adam_with_the_l2_loss_finds_the_truncated_svd():
    observed = np.random.default_rng(4).standard_normal((6, 5, 8))
    estimate = compose(solve("cp_adam", observed, 2, iterations=500, learning_rate=3e-2).factors)
    expected = compose(truncated_svd(observed, 2))
    assert np.linalg.norm(estimate - expected) < 1e-2 * np.linalg.norm(expected)


def test_adam_with_the_l1_loss_passes_over_outliers():
    rng = np.random.default_rng(5)
    clean = cp_tensor((15, 12, 10), 1, seed=5)
    observed = np.where(rng.random(clean.shape) < 0.15, rng.integers(2, size=clean.shape), clean)
    settings = {"iterations": 300, "learning_rate": 2e-2, "structure": "cp"}
    errors = {
        loss: compose(solve("cp_adam", observed, 1, loss=loss, **settings).factors) - clean for loss in ("l1", "l2")
    }
    # Adam at a fixed rate jitters by about the rate.
    assert np.abs(errors["l1"]).max() < 0.06
    assert np.linalg.norm(errors["l1"]) < 0.1 * np.linalg.norm(errors["l2"])


@pytest.mark.parametrize(("structure", "shapes"), [("matrix", [(7, 5, 3), (6, 3)]), ("cp", [(7, 3), (5, 3), (6, 3)])])
def test_adam_leaves_a_trace_and_returns_its_iterate_of_lowest_loss(structure, shapes):
    observed = np.random.default_rng(6).random((7, 5, 6))
    estimate = solve("cp_adam", observed, 3, iterations=200, learning_rate=3e-2, structure=structure)
    assert [factor.shape for factor in estimate.factors] == shapes
    iterations = [snapshot.iteration for snapshot in estimate.trace]
    assert (iterations[0], iterations[-1], estimate.iterations) == (1, 200, 200)
    assert 15 <= len(iterations) <= 30
    for snapshot in estimate.trace:
        # Half precision has three digits.
        assert np.mean((compose(snapshot.last) - observed) ** 2) == pytest.approx(snapshot.loss, rel=1e-2)
    assert np.mean((compose(estimate.factors) - observed) ** 2) <= min(s.loss for s in estimate.trace) * (1 + 1e-5)
    assert estimate.trace[-1].loss < 0.2 * estimate.trace[0].loss


def test_adam_starts_from_a_product_of_the_norm_of_the_observation():
    observed = 5 * np.random.default_rng(7).random((9, 8, 7))
    first = solve("cp_adam", observed, 4, iterations=1).trace[0].last
    assert np.linalg.norm(compose(first).astype(float)) == pytest.approx(np.linalg.norm(observed), rel=1e-2)


def test_adam_at_a_rank_that_no_matrix_has_asks_for_the_other_structure():
    with pytest.raises(ValueError, match="rank 5 of a 12 x 4 matrix: set the structure of cp_adam to 'cp'"):
        solve("cp_adam", np.ones((4, 3, 4)), 5)


def test_tucker_error_is_below_that_of_the_truncated_higher_order_svd():
    observed = np.random.default_rng(8).standard_normal((10, 9, 8))
    ranks = (8, 8, 3)
    hosvd = observed
    for mode, rank in enumerate(ranks):
        basis = np.linalg.svd(unfolded(observed, mode), full_matrices=False)[0][:, :rank]
        hosvd = np.moveaxis(np.tensordot(basis @ basis.T, hosvd, axes=(1, mode)), 0, mode)
    estimate = solve("tucker", observed, 3).signal
    assert np.linalg.norm(observed - estimate) < np.linalg.norm(observed - hosvd) < np.linalg.norm(observed)
    assert tuple(np.linalg.matrix_rank(unfolded(estimate, mode)) for mode in range(3)) == ranks
    # A projection: the error is orthogonal to the estimate.
    energy = np.sum(estimate**2) + np.sum((observed - estimate) ** 2)
    assert energy == pytest.approx(np.sum(observed**2), rel=1e-12)


def test_core_of_tucker_is_orthogonal_along_the_axis_that_was_fitted_last():
    observed = np.random.default_rng(9).standard_normal((10, 9, 8))
    estimate = solve("tucker", observed, 3).signal
    # The slices of the core are those of the estimate in the singular vectors of its unfolding. In them, the slices of
    # the observation's projection onto the other two bases are orthogonal, and the largest of all.
    bases = [
        np.linalg.svd(unfolded(estimate, mode), full_matrices=False)[0][:, :rank] for mode, rank in ((0, 8), (1, 8))
    ]
    core = np.einsum("ijk,ia,jb->kab", observed, *bases).reshape(8, -1)
    np.testing.assert_allclose(svdvals(unfolded(estimate, 2))[:3], svdvals(core)[:3], rtol=1e-10)


def test_tucker_finds_a_tensor_of_its_ranks():
    clean = cp_tensor((10, 9, 8), 2, seed=10)
    np.testing.assert_allclose(solve("tucker", clean, 2).signal, clean, atol=1e-10)
    assert np.abs(solve("tucker", clean, 1).signal - clean).max() > 1e-2


def test_ranks_of_tucker_follow_the_stated_rule():
    ranks = load_module(BASELINES / "tucker.py").multilinear_ranks
    assert ranks((145, 145, 200), 20) == (116, 116, 20)
    assert ranks((10, 10, 10), 1000) == (10, 10, 10)
    assert ranks((30, 20, 5), 1) == (16, 16, 1)
    for shape, rank in (((25, 25, 100), 100), ((192, 168, 160), 2000)):
        own = np.array(ranks(shape, rank))
        numbers = np.prod(own) + np.dot(own, shape)
        # Each rank is rounded, by up to a half in thirteen.
        assert numbers == pytest.approx(rank * sum(shape), rel=0.12)
        assert max(own / shape) - min(own / shape) < 1 / 25


def test_error_of_the_tensor_train_lies_between_the_bounds_of_theory():
    observed = np.random.default_rng(11).standard_normal((10, 9, 8))
    error = np.linalg.norm(observed - solve("tensor_train", observed, 4).signal)
    tails = [np.linalg.norm(svdvals(observed.reshape(shape))[4:]) for shape in ((10, 72), (90, 8))]
    assert max(tails) < error < np.hypot(*tails)
    # sqrt(d - 1) times the smallest error of any train of these ranks, which is no less than the larger tail.
    assert error < np.sqrt(2) * max(tails)


def test_tensor_train_finds_a_tensor_of_its_rank():
    clean = cp_tensor((10, 9, 8), 3, seed=12)
    np.testing.assert_allclose(solve("tensor_train", clean, 3).signal, clean, atol=1e-12)
    assert np.abs(solve("tensor_train", clean, 2).signal - clean).max() > 1e-2
