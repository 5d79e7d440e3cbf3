"""Factorisation over the nodes of a network, against gradient descent, the singular value decomposition, and bounds."""

from pathlib import Path

import numpy as np
import pytest

from benchmark.algorithms.nodes import averaged, blocks_of
from benchmark.contract import Problem
from benchmark.loaders.graphs import random_graph, ring
from benchmark.loading import load_module

ROOT = Path(__file__).parents[2] / "baselines"
DGD, MERGED, DIRECTIONS, GOSSIP = (
    load_module(ROOT / f"{name}.py") for name in ("dgd_local", "merged_svd", "merged_directions", "gossip_iteration")
)
RANK = 3
GRAPHS = {"ring": ring(5), "random": random_graph(5, 0.5, np.random.default_rng(0))}


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def planted(rng, noise=0.0, columns=42):
    matrix = rng.standard_normal((20, RANK)) @ rng.standard_normal((RANK, columns))
    return matrix + noise * rng.standard_normal(matrix.shape)


def bases_of(method, matrix, weights=GRAPHS["ring"], **params):
    problem = Problem(matrix, rank=RANK, granted={"weights": weights})
    return method.solve(problem, seed=0, device="cpu", **params).parts["bases"]


def disagreement(bases):
    return np.linalg.norm(bases - bases.mean(axis=0)) / np.linalg.norm(bases.mean(axis=0))


def error(basis, matrix):
    """Return the relative error of a matrix projected onto the span of a basis."""
    span, _ = np.linalg.qr(basis)
    return np.linalg.norm(matrix - span @ (span.T @ matrix)) / np.linalg.norm(matrix)


def least_error(matrix):
    return np.linalg.norm(np.linalg.svd(matrix, compute_uv=False)[RANK:]) / np.linalg.norm(matrix)


@pytest.mark.parametrize("graph", GRAPHS)
def test_on_data_of_the_rank_all_nodes_come_to_one_exact_basis(graph, rng):
    matrix = planted(rng)
    bases = bases_of(DGD, matrix, GRAPHS[graph], iterations=3000)
    assert disagreement(bases) < 1e-10
    assert error(bases.mean(axis=0), matrix) < 1e-10


def test_blocks_of_many_columns_start_so_that_rounds_do_not_diverge(rng):
    matrix = planted(rng, columns=4000)
    assert error(bases_of(DGD, matrix, iterations=1500).mean(axis=0), matrix) < 1e-6


def test_with_noise_nodes_stay_apart_and_each_fits_its_own_columns_better(rng):
    matrix = planted(rng, noise=0.2)
    bases = bases_of(DGD, matrix, iterations=3000)
    assert disagreement(bases) > 1e-3
    blocks, _ = blocks_of(Problem(matrix, granted={"weights": GRAPHS["ring"]}))
    scale = np.linalg.norm(blocks)
    own = np.hypot.reduce(
        [error(basis, block) * np.linalg.norm(block) for basis, block in zip(bases, blocks, strict=True)]
    )
    local = np.hypot.reduce([least_error(block) * np.linalg.norm(block) for block in blocks])
    assert local / scale < own / scale < least_error(matrix)
    assert disagreement(bases_of(DGD, matrix, iterations=3000, ridge=0.05)) < disagreement(bases)


def test_a_single_node_descends_the_gradient(rng):
    matrix, left, right = (0.1 * rng.standard_normal(shape) for shape in ((6, 8), (6, 2), (8, 2)))
    found = DGD.descent(matrix[None], np.ones((1, 1)), left[None], right[None], 20, 0.3, ridge=0.1)
    for _ in range(20):
        residual = left @ right.T - matrix
        left, right = (
            left - 0.3 * (residual @ right + 0.1 * left),
            right - 0.3 * (residual.T @ left + 0.1 * right),
        )
    np.testing.assert_allclose(found[0][0], left, rtol=1e-12)
    np.testing.assert_allclose(found[1][0], right, rtol=1e-12)


def test_nodes_without_links_factorise_their_own_columns(rng):
    blocks, left, right = rng.random((3, 6, 5)), rng.random((3, 6, 2)), rng.random((3, 5, 2))
    together = DGD.descent(blocks, np.eye(3), left, right, 30, 0.02)
    for node in range(3):
        part = slice(node, node + 1)
        alone = DGD.descent(blocks[part], np.ones((1, 1)), left[part], right[part], 30, 0.02)
        for own, both in zip(alone, together, strict=True):
            np.testing.assert_allclose(both[part], own, rtol=1e-12)


@pytest.mark.parametrize("graph", GRAPHS)
def test_averaging_keeps_the_sum_and_comes_to_the_mean(graph, rng):
    values = rng.random((5, 4, 2))
    once, often = averaged(GRAPHS[graph], values), averaged(GRAPHS[graph], values, 200)
    np.testing.assert_allclose(once.sum(axis=0), values.sum(axis=0))
    assert np.ptp(once, axis=0).max() < np.ptp(values, axis=0).max()
    np.testing.assert_allclose(often, np.broadcast_to(values.mean(axis=0), values.shape), rtol=1e-9)


def test_columns_that_fill_up_a_block_change_nothing(rng):
    matrix = planted(rng, noise=0.1, columns=11)
    blocks, _ = blocks_of(Problem(matrix, granted={"weights": GRAPHS["ring"]}))
    assert blocks.shape == (5, 20, 3)
    np.testing.assert_allclose(
        np.hstack(list(blocks))[:, [0, 1, 2, 3, 4, 6]], matrix[:, :6] / np.linalg.norm(matrix, 2)
    )
    bases = bases_of(DGD, planted(rng, columns=11), iterations=4000)
    assert disagreement(bases) < 1e-10


def test_the_merge_is_exact_where_no_block_has_more_than_it_sends(rng):
    matrix = planted(rng)
    assert error(bases_of(MERGED, matrix, ratio=1)[0], matrix) < 1e-12
    noisy = planted(rng, noise=0.3)
    whole, merged = (error(bases_of(MERGED, noisy, ratio=ratio)[2], noisy) for ratio in (None, 2))
    assert whole == pytest.approx(least_error(noisy), rel=1e-12)
    assert whole <= merged < 1.01 * whole


def test_merged_sketches_obey_the_bound_of_one(rng):
    for _ in range(5):
        matrix = rng.standard_normal((20, 60))
        found = error(bases_of(DIRECTIONS, matrix, ratio=2)[0], matrix)
        # For twice the rank 1 + k / (l - k) = 2, of squares.
        assert least_error(matrix) <= found <= np.sqrt(2) * least_error(matrix)


def test_tracking_leads_all_nodes_to_the_leading_singular_vectors_by_few_rounds(rng):
    matrix = planted(rng, noise=0.1)
    bases = bases_of(GOSSIP, matrix, iterations=80, rounds=4, tracking=True)
    assert disagreement(bases) < 1e-9
    assert error(bases[3], matrix) == pytest.approx(least_error(matrix), rel=1e-9)
    plain = bases_of(GOSSIP, matrix, iterations=80, rounds=4)
    assert disagreement(plain) > 1e-3
    assert disagreement(bases_of(GOSSIP, matrix, iterations=80, rounds=100)) < 1e-9


def test_a_message_of_each_round_is_declared(rng):
    matrix = planted(rng)
    problem = Problem(matrix, rank=RANK, granted={"weights": GRAPHS["ring"]})
    declared = {
        module: module.solve(problem, seed=0, device="cpu", **params).parts
        for module, params in ((DGD, {"iterations": 7}), (GOSSIP, {"iterations": 3, "rounds": 4}), (MERGED, {}))
    }
    assert [float(declared[module]["to_each"]) for module in (DGD, GOSSIP, MERGED)] == [7 * 60, 12 * 60, 0]
    assert float(declared[MERGED]["to_one"]) == 6 * 20
