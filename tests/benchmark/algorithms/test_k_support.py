import numpy as np
import pytest
from scipy.optimize import minimize

from benchmark.algorithms.k_support import shrink


def squared_norm(values: np.ndarray, k: int) -> float:
    """Return the squared k-support norm by its definition, a minimum over theta, with SciPy's solver."""
    size = len(values)
    result = minimize(
        lambda theta: np.sum(values**2 / theta),
        np.full(size, k / size),
        jac=lambda theta: -(values**2) / theta**2,
        bounds=[(1e-9, 1)] * size,
        constraints={"type": "ineq", "fun": lambda theta: k - theta.sum(), "jac": lambda theta: -np.ones(size)},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    return float(result.fun)


@pytest.fixture
def values():
    return np.random.default_rng(0).standard_normal(6)


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("weight", [0.1, 1.0, 5.0])
def test_no_step_lowers_what_is_minimised(values, k, weight):
    rng, best = np.random.default_rng(1), shrink(values, k, weight)

    def objective(w: np.ndarray) -> float:
        return np.sum((w - values) ** 2) / 2 + weight / 2 * squared_norm(w, k)

    least = objective(best)
    for size in (0.3, 0.03):
        assert all(objective(best + size * rng.standard_normal(6)) > least - 1e-7 for _ in range(20))
    assert objective(values) > least < objective(0 * values)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_what_is_taken_off_is_a_subgradient(values, k):
    """The dual norm is the Euclidean one of the k largest, and the norm by its definition."""
    weight, best = 0.7, shrink(values, k, 0.7)
    rest = values - best
    dual = np.linalg.norm(np.sort(np.abs(rest))[-k:])
    assert dual == pytest.approx(weight * np.sqrt(squared_norm(best, k)), rel=1e-4)
    assert rest @ best == pytest.approx(dual**2 / weight, rel=1e-4)


def test_of_all_entries_it_is_the_euclidean_norm(values):
    np.testing.assert_allclose(shrink(values, 6, 0.7), values / 1.7)
    np.testing.assert_allclose(shrink(values, 9, 0.7), values / 1.7)


def test_of_one_entry_it_is_the_squared_l1_norm():
    # argmin (w1 - 3)^2 / 2 + (w2 - 1)^2 / 2 + (|w1| + |w2|)^2 / 2 has w2 = 0 and w1 = 3 / 2.
    np.testing.assert_allclose(shrink(np.array([3.0, 1.0]), 1, 1.0), [1.5, 0], atol=1e-6)


def test_large_entries_lose_little_and_small_ones_vanish():
    values = np.concatenate([np.full(10, 1.0), np.full(90, 0.05)])
    best = shrink(values, 10, 0.2)
    np.testing.assert_allclose(best[:10], 1 / 1.2, rtol=0.1)
    assert (best[10:] < 0.01).all()


def test_it_takes_any_shape_and_sign_and_few_entries(values):
    table = np.stack([values, -values])
    np.testing.assert_allclose(shrink(table, 3, 0.5).ravel(), shrink(table.ravel(), 3, 0.5))
    np.testing.assert_allclose(shrink(-values, 2, 0.5), -shrink(values, 2, 0.5))
    np.testing.assert_allclose(shrink(np.array([2.0, 0, 0]), 1, 1.0), [1.0, 0, 0])
    assert not shrink(np.zeros(4), 2, 1.0).any()


def test_more_entries_cost_less(values):
    norms = [np.linalg.norm(shrink(values, k, 1.0)) for k in range(1, 7)]
    assert (np.diff(norms) > 0).all()
