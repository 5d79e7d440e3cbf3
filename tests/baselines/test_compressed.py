"""Factors from random sums of rows: the sums, sparse recovery where theory promises it, and factorisation before it."""

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from benchmark.algorithms.compressed import RECOVERIES, RowSums
from benchmark.contract import Problem
from benchmark.loading import load_module
from benchmark.metrics import component_match
from benchmark.operators import SparseProjection
from deeptensor.operators import adjoint_mismatch

ROOT = Path(__file__).parents[2] / "baselines"
COMPRESSED, DECOMPRESSED, WHOLE = (
    load_module(ROOT / f"{name}.py") for name in ("compressed_nmf", "decompressed_nmf", "whole_nmf")
)


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def planted(rng, rows=300, columns=40, rank=3, entries=6):
    left = np.zeros((rows, rank))
    for column in left.T:
        column[rng.choice(rows, entries, replace=False)] = rng.uniform(0.2, 1, entries)
    return left, rng.random((columns, rank)) * (rng.random((columns, rank)) < 0.5)


def solve(method, operator, matrix, rank=3, **params):
    problem = Problem(operator(matrix), rank=rank, operator=operator)
    return method.solve(problem, seed=0, device="cpu", **params).parts


def test_each_row_goes_into_as_many_sums(rng):
    model = SparseProjection(0.25, 3)
    operator = model.build(model.draw((40, 5), rng), (40, 5))
    matrix = operator.matrix.numpy()
    assert matrix.shape == (10, 40)
    assert set(matrix.ravel()) == {0, 1}
    np.testing.assert_array_equal(matrix.sum(axis=0), 3)
    signal = rng.random((40, 5))
    np.testing.assert_allclose(operator(signal), matrix @ signal)
    assert adjoint_mismatch(operator) < 1e-14


@pytest.mark.parametrize("share", [0.1, 1.2])
def test_a_share_without_room_for_the_copies_is_refused(share):
    with pytest.raises(ValueError, match=r"sums of 40 rows, each in 5: give a share"):
        SparseProjection(share).draw((40, 5), np.random.default_rng(0))


@pytest.mark.parametrize(("recovery", "most"), [("linear_programme", 1e-8), ("lasso", 0.02)])
def test_sparse_columns_come_back_from_four_k_log_n_over_k_sums(recovery, most, rng):
    rows, entries = 400, 5
    left, _ = planted(rng, rows=rows, entries=entries)
    model = SparseProjection(np.ceil(4 * entries * np.log(rows / entries)) / rows)
    projection = sparse.csr_array(model.build(model.draw((rows, 1), rng), (rows, 1)).matrix.numpy())
    found = RECOVERIES[recovery](projection, projection @ left)
    assert found.min() >= 0
    assert np.linalg.norm(found - left) < most * np.linalg.norm(left)
    assert np.linalg.norm(RECOVERIES["least_norm"](projection, projection @ left) - left) > 0.5 * np.linalg.norm(left)


@pytest.mark.parametrize("recovery", RECOVERIES)
def test_without_compression_it_is_the_factorisation_of_the_matrix(recovery, rng):
    left, right = planted(rng, rows=30)
    matrix = left @ right.T
    operator = RowSums(np.arange(30)[:, None], 30, matrix.shape)
    found = solve(COMPRESSED, operator, matrix, recovery=recovery)
    whole = WHOLE.solve(Problem(matrix, rank=3), seed=0, device="cpu").parts
    np.testing.assert_allclose(found["H"], whole["H"], atol=1e-12)
    np.testing.assert_allclose(found["W"], whole["W"], atol=2e-3 * whole["W"].max())


def test_the_sums_of_an_exact_factorisation_are_factorised_alike(rng):
    left, right = planted(rng)
    model = SparseProjection(0.3)
    operator = model.build(model.draw((300, 40), rng), (300, 40))
    found = solve(COMPRESSED, operator, left @ right.T)
    assert component_match([left, right], [found["W"], found["H"]]) > 0.999
    np.testing.assert_allclose(found["W"] @ found["H"].T, left @ right.T, atol=0.02)
    later = solve(DECOMPRESSED, operator, left @ right.T)
    assert component_match([left], [later["W"]]) < component_match([left], [found["W"]])
