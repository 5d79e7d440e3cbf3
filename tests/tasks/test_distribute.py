"""The task `distribute`: what nodes hold, what a subspace is worth, what is counted as sent, and what is refused."""

import numpy as np
import pytest

from benchmark.contract import Item, Problem
from benchmark.loaders.graphs import check_weights, metropolis, random_graph, ring, shares
from benchmark.loaders.planted import exact_product
from benchmark.loading import load_module
from benchmark.observation import Observation
from benchmark.source import ROOT

TASK = load_module(ROOT / "tasks" / "distribute.py")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def pose(signal, **extras):
    return TASK.pose(Item("item", signal, extras=extras), Observation(), np.random.default_rng(0))


def measured(posed, rank, bases, to_each=0.0, to_one=0.0):
    problem = Problem(posed.given["observed"], rank=rank, granted={"weights": posed.given["weights"]})
    answer = {"bases": bases, "to_each": np.array(to_each), "to_one": np.array(to_one)}
    return {name: measure(answer) for name, measure in TASK.measures(problem, posed.withheld).items()}


def left_of(matrix, rank):
    return np.linalg.svd(matrix.astype(float), full_matrices=False)[0][:, :rank]


def test_nodes_hold_blocks_that_are_as_equal_as_they_can_be():
    assert shares(10, 4) == [slice(0, 3), slice(3, 6), slice(6, 8), slice(8, 10)]


def test_the_columns_of_a_stack_are_its_spectra(rng):
    cube = rng.random((3, 4, 5))
    posed = pose(cube)
    np.testing.assert_allclose(posed.given["observed"][:, 6], cube[1, 2], rtol=1e-6)
    np.testing.assert_array_equal(posed.given["weights"], ring(8))


def test_the_singular_vectors_have_no_excess_and_local_ones_less(rng):
    matrix = rng.standard_normal((6, 24)) / 10
    posed, common = pose(matrix, weights=ring(4)), left_of(matrix, 2)
    found = measured(posed, 2, np.repeat(common[None], 4, axis=0))
    assert found["consensus"] == 0
    assert found["excess"] == pytest.approx(0, abs=1e-4)
    assert found["own_excess"] == pytest.approx(0, abs=1e-4)
    local = np.stack([left_of(matrix[:, part], 2) for part in shares(24, 4)])
    found = measured(posed, 2, local)
    tails = sum(np.sum(np.linalg.svd(matrix[:, part], compute_uv=False)[2:] ** 2) for part in shares(24, 4))
    whole = np.sum(np.linalg.svd(matrix, compute_uv=False)[2:] ** 2)
    assert found["own_excess"] == pytest.approx(100 * (np.sqrt(tails / whole) - 1), abs=1e-3)
    assert found["own_excess"] < -10 < 0 < found["excess"]
    assert found["consensus"] > 0.1


def test_errors_are_to_the_clean_matrix_and_bytes_are_counted_by_neighbours(rng):
    matrix = exact_product(8, 12, 2, rng)
    bases = np.repeat(left_of(matrix, 2)[None, :, :1], 3, axis=0)
    found = measured(pose(matrix, weights=ring(3)), 2, bases, to_each=100, to_one=5)
    left = np.linalg.svd(matrix.astype(float), compute_uv=False)
    assert found["relative_error"] == pytest.approx(100 * left[1] / np.hypot(*left[:2]), rel=1e-5)
    assert found["kilobytes"] == pytest.approx(8 * (2 * 100 + 5) / 1000)
    assert set(found) == {"relative_error", "consensus", "kilobytes"}  # no excess over an error of zero
    star = metropolis(np.array([[0, 1, 1, 1], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]], bool))
    found = measured(pose(matrix, weights=star), 2, np.repeat(bases[:1], 4, axis=0), to_each=100)
    assert found["kilobytes"] == pytest.approx(8 * 1.5 * 100 / 1000)


def test_disagreement_is_relative_to_the_mean():
    matrix = np.outer([1.0, 0.5], np.ones(4))
    bases = np.array([[[3.0], [4.0]], [[3.0], [2.0]]])  # their mean (3, 3), each one 1 away
    found = measured(pose(matrix, weights=np.full((2, 2), 0.5)), 1, bases)
    assert found["consensus"] == pytest.approx(1 / np.sqrt(18))


@pytest.mark.parametrize("weights", [ring(5), random_graph(6, 0.4, np.random.default_rng(3))])
def test_weights_are_symmetric_of_sum_one_and_lead_to_the_mean(weights):
    check_weights("network", weights)
    np.testing.assert_allclose(np.linalg.matrix_power(weights, 400), 1 / len(weights), atol=1e-8)
    np.testing.assert_allclose(weights.sum(axis=0), 1)


def test_a_ring_weighs_thirds():
    np.testing.assert_allclose(ring(5)[0], [1 / 3, 1 / 3, 0, 0, 1 / 3])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (
            np.kron(np.eye(2), np.full((2, 2), 0.5)),
            r"item: the network is in 2 parts, the nodes 0 1 \| 2 3, which cannot",
        ),
        (np.array([[0.5, 0.5], [0.4, 0.6]]), "item: the weights are not symmetric"),
        (np.array([[0.0, 1.0], [1.0, 0.0]]), "item: values would swing between two halves"),
        (np.ones((2, 3)), r"item: weights of shape \(2, 3\)"),
        (ring(6), "item: 5 columns for 6 nodes: each has to hold one"),
    ],
)
def test_networks_that_never_agree_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        pose(np.random.default_rng(0).random((4, 5)), weights=weights)


def test_a_planted_product_has_its_rank_exactly_in_single_precision(rng):
    matrix = exact_product(40, 96, 4, rng)
    assert matrix.dtype == np.float32
    values = np.linalg.svd(matrix.astype(float), compute_uv=False)
    assert values[4] < 1e-14 * values[0] < values[3]
    assert matrix.std() == pytest.approx(np.sqrt(4) / 32, rel=0.2)
