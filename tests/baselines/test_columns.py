"""Matrices from a few numbers of each column: exact recovery, and the convex norms against independent solvers."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from benchmark.algorithms.column_sketches import back, measured
from benchmark.algorithms.proximal import singular_value_threshold
from benchmark.contract import Problem, compose
from benchmark.loading import load_module
from benchmark.operators import PerColumn
from deeptensor.operators import adjoint_mismatch

ROOT = Path(__file__).parents[2] / "baselines"
FACTORS, NORMS, LEAST = (
    load_module(ROOT / f"{name}.py") for name in ("column_factors", "column_norms", "column_least_squares")
)


@pytest.fixture
def rng():
    return np.random.default_rng(2)


def operator_of(shape, share, seed=0):
    model = PerColumn(share)
    return model.build(model.draw(shape, np.random.default_rng(seed)), shape)


def planted(rng, rows=30, columns=40, rank=2, flat=False):
    left, right = rng.standard_normal((rows, rank)), rng.standard_normal((columns, rank))
    left, _ = np.linalg.qr(left)
    return left @ (right / np.linalg.norm(right, axis=1, keepdims=True) if flat else right).T


def solve(method, matrix, share, **params):
    operator = operator_of(matrix.shape, share)
    problem = Problem(operator(matrix), rank=2, operator=operator)
    found = compose(method.solve(problem, seed=0, device="cpu", **params).answer)
    return np.linalg.norm(found - matrix) / np.linalg.norm(matrix), np.linalg.norm(operator(found - matrix))


def test_the_operator_measures_each_column_by_a_map_of_its_own(rng):
    operator, matrix = operator_of((12, 7), 0.25), rng.random((12, 7))
    maps = operator.maps.numpy()
    assert maps.shape == (7, 3, 12)
    np.testing.assert_allclose(operator(matrix)[4], maps[4] @ matrix[:, 4])
    np.testing.assert_allclose(measured(maps, matrix), operator(matrix))
    np.testing.assert_allclose(back(maps, operator(matrix)), operator.adjoint(operator(matrix)))
    assert adjoint_mismatch(operator) < 1e-14
    assert maps.std() == pytest.approx(1 / np.sqrt(3), rel=0.1)


def test_a_share_that_takes_no_number_is_refused():
    with pytest.raises(ValueError, match=r"the share 0.01 of 20 rows takes no number"):
        PerColumn(0.01).draw((20, 5), np.random.default_rng(0))


@pytest.mark.parametrize("params", [{}, {"algorithm": "altgdmin", "iterations": 600}])
def test_factors_are_exact_from_four_numbers_for_each_degree_of_freedom(params, rng):
    # 14 numbers of each of 40 columns; 2 (30 + 40 - 2) degrees of freedom.
    error, _ = solve(FACTORS, planted(rng), 14 / 30, **params)
    assert error < 1e-9


def test_columns_by_themselves_keep_the_part_that_was_not_measured(rng):
    error, misfit = solve(LEAST, planted(rng, columns=400), 0.3)
    assert misfit < 1e-12
    assert error == pytest.approx(np.sqrt(0.7), rel=0.03)


@pytest.mark.parametrize("norm", ["nuclear", "mixed"])
def test_a_convex_norm_fits_and_finds_columns_of_one_length(norm, rng):
    error, misfit = solve(NORMS, planted(rng, flat=True), 0.6, norm=norm, iterations=400)
    assert misfit < 1e-3 * np.sqrt(40)
    assert error < 1e-3


def test_only_the_nuclear_norm_finds_columns_of_any_length(rng):
    matrix = planted(rng)
    nuclear, mixed = (solve(NORMS, matrix, 0.6, norm=norm, iterations=400)[0] for norm in ("nuclear", "mixed"))
    assert nuclear < 1e-3
    assert mixed > 20 * nuclear


def whole(matrix, norm, weight):
    """Return the minimiser where each column is measured as it is."""
    maps = np.repeat(np.eye(len(matrix))[None], matrix.shape[1], axis=0)
    return NORMS.minimised(maps, matrix.T, norm, weight, 0.5, 2000)


def test_of_whole_columns_the_nuclear_norm_thresholds_singular_values(rng):
    matrix = rng.standard_normal((5, 7))
    np.testing.assert_allclose(whole(matrix, "nuclear", 0.8), singular_value_threshold(matrix, 0.8), atol=1e-6)


def test_of_whole_columns_the_mixed_norm_is_that_of_its_definition(rng):
    """Against the best U V^T, of full rank, for the cost (|U|^2 + m max |v_i|^2) / 2 of factors."""
    matrix, weight = rng.standard_normal((3, 4)), 0.4

    def parts(x):
        return x[:9].reshape(3, 3), x[9:21].reshape(4, 3), x[21]

    def cost(x):
        left, right, top = parts(x)
        return np.sum((matrix - left @ right.T) ** 2) / 2 + weight / 2 * (np.sum(left**2) + 4 * top)

    def slack(x):
        _, right, top = parts(x)
        return top - np.sum(right**2, axis=1)

    start = np.append(rng.standard_normal(21), 5.0)
    options = {"maxiter": 500, "ftol": 1e-12}
    best = minimize(cost, start, method="SLSQP", constraints={"type": "ineq", "fun": slack}, options=options)
    left, right, _ = parts(best.x)
    np.testing.assert_allclose(whole(matrix, "mixed", weight), left @ right.T, atol=1e-3)
    assert np.linalg.norm(left @ right.T - singular_value_threshold(matrix, weight)) > 0.05


def test_capped_values_are_the_prox_of_their_maximum(rng):
    values = rng.standard_normal(6) + 1
    found = NORMS.capped(values, 1.3)
    assert np.sum(values - found) == pytest.approx(1.3)

    def cost(x):
        return np.sum((x - values) ** 2, axis=-1) / 2 + 1.3 * x.max(axis=-1)

    assert (cost(found) <= cost(found + 0.05 * rng.standard_normal((500, 6)))).all()
