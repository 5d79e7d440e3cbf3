"""The task `distribute`: what nodes hold, what a subspace is worth, what is counted as sent, and what is refused."""

import numpy as np
import pytest

from benchmark.contract import Item, Problem
from benchmark.loaders.graphs import check_weights, metropolis, random_graph, ring, shares
from benchmark.loaders.planted import exact_product
from benchmark.loading import load_module
from benchmark.metrics import disagreement
from benchmark.observation import Observation
from benchmark.source import ROOT

TASK = load_module(ROOT / "tasks" / "distribute.py")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def pose(signal, rank=2, nodes=8, **extras):
    item = Item("item", signal, rank=rank, extras=extras)
    return TASK.pose(item, Observation(), np.random.default_rng(0), nodes=nodes)


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
    found = measured(posed, 2, np.repeat(common[None], 4, axis=0), to_one=8)
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


def test_disagreement_is_a_share_of_what_the_nodes_have():
    matrix = np.outer([1.0, 0.5], np.ones(4))
    bases = np.array([[[3.0], [4.0]], [[3.0], [2.0]]])  # their mean (3, 3), each one 1 away
    found = measured(pose(matrix, rank=1, weights=np.full((2, 2), 0.5)), 1, bases)
    assert found["consensus"] == pytest.approx(np.sqrt(2 / (25 + 13)))


def test_no_scale_and_no_mixture_of_agreed_columns_hides_what_nodes_disagree_on(rng):
    bases = np.repeat(rng.standard_normal((1, 9, 3)), 4, axis=0)
    bases[:, :, 2] += 0.5 * rng.standard_normal((4, 9))
    honest = disagreement(bases)
    assert 0.1 < honest < 0.5
    assert np.linalg.norm(bases - bases.mean(axis=0)) / np.linalg.norm(bases) > 0.1
    louder = bases * [1e6, 1, 1]
    assert np.linalg.norm(louder - louder.mean(axis=0)) / np.linalg.norm(louder) < 1e-5
    mixed = bases @ (rng.standard_normal((3, 3)) + 1e4 * np.outer([1, 1, 0], [1, 1, 1]))
    for other in (louder, mixed, 1e-12 * bases):
        assert disagreement(other) == pytest.approx(honest, rel=1e-6)
    # It is no less than what subspaces differ by, whatever the coordinates that a node takes of its own.
    spans = [np.linalg.qr(own)[0] for own in bases]
    mean = np.linalg.qr(bases.mean(axis=0))[0]
    sines = np.sqrt(np.mean([np.sum((mean - own @ (own.T @ mean)) ** 2) for own in spans]) / 3)
    turned = np.stack([own @ np.linalg.qr(rng.standard_normal((3, 3)))[0] for own in bases])
    assert disagreement(turned) > honest > sines / np.hypot(1, sines)


def test_opposite_bases_and_bases_of_zeros_agree_on_nothing_and_a_column_of_zeros_counts_nothing(rng):
    basis = rng.standard_normal((6, 2))
    assert disagreement(np.stack([basis, -basis])) == pytest.approx(1)
    assert disagreement(np.zeros((3, 6, 2))) == 1
    assert disagreement(np.stack([basis * [1, 0]] * 3)) < 1e-12
    assert disagreement(np.stack([basis] * 3)) < 1e-12


@pytest.mark.parametrize("sent", [-1.0, 0.5, np.nan, np.inf, 1e300])
@pytest.mark.parametrize("name", ["to_each", "to_one"])
def test_numbers_sent_that_are_none_are_refused(name, sent, rng):
    posed = pose(rng.standard_normal((6, 24)), weights=ring(4))
    with pytest.raises(ValueError, match=f"declares .* as `{name}`: it has to be a whole number"):
        measured(posed, 2, rng.standard_normal((4, 6, 2)), **{name: sent})


def test_nodes_of_one_basis_have_sent_it_where_none_can_know_it(rng):
    matrix = rng.standard_normal((6, 24))
    posed, common = pose(matrix, weights=ring(4)), np.repeat(left_of(matrix, 2)[None], 4, axis=0)
    for to_each, to_one in ((0, 0), (0, 7), (3, 1)):
        with pytest.raises(ValueError, match="4 nodes have one basis: a subspace of 2 of 6 dimensions takes 8"):
            measured(posed, 2, common, to_each, to_one)
    assert measured(posed, 2, common, to_each=4)["kilobytes"] == pytest.approx(0.064)
    local = np.stack([left_of(matrix[:, part], 2) for part in shares(24, 4)])
    assert measured(posed, 2, local)["kilobytes"] == 0  # what a node makes of its own columns takes nothing
    exact = exact_product(6, 24, 2, rng)
    assert measured(pose(exact, weights=ring(4)), 2, common)["kilobytes"] == 0  # and here they hold the subspace
    alone = pose(matrix, weights=np.ones((1, 1)))
    assert measured(alone, 2, common[:1])["kilobytes"] == 0


@pytest.mark.parametrize("weights", [ring(5), random_graph(6, 0.4, np.random.default_rng(3))])
def test_weights_are_symmetric_of_sum_one_and_lead_to_the_mean(weights):
    check_weights("network", weights)
    np.testing.assert_allclose(np.linalg.matrix_power(weights, 400), 1 / len(weights), atol=1e-8)
    np.testing.assert_allclose(weights.sum(axis=0), 1)


@pytest.mark.parametrize(("nodes", "share", "message"), [(0, 0.4, "give 1 or more"), (6, 0.0, "a larger one")])
def test_a_graph_that_cannot_be_connected_is_refused(nodes, share, message):
    with pytest.raises(ValueError, match=message):
        random_graph(nodes, share, np.random.default_rng(0))


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
        (np.ones((0, 0)), r"item: weights of shape \(0, 0\): give one for each pair of nodes, of one at least"),
        (np.full((2, 2), np.nan), "item: 4 of 4 weights are NaN or infinite: see metropolis"),
        (ring(6), "item: 5 columns for 6 nodes: each has to hold one"),
    ],
)
def test_networks_that_never_agree_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        pose(np.random.default_rng(0).random((4, 5)), weights=weights)


@pytest.mark.parametrize("nodes", [0, -1])
def test_a_ring_without_nodes_is_refused(nodes, rng):
    with pytest.raises(ValueError, match=f"a ring of {nodes} `nodes`: give 1 or more"):
        pose(rng.random((4, 9)), nodes=nodes)


@pytest.mark.parametrize(
    ("signal", "rank", "message"),
    [
        (np.zeros((4, 9)), 2, "item: all 36 values are zero, and errors relative to them none: leave it out"),
        (np.full((4, 9), np.nan), 2, "item: 36 of 36 values are NaN or infinite"),
        (np.eye(4, 9), None, "item: no rank is told: give the data set a `rank` from 1 to 4"),
        (np.eye(4, 9), 5, r"item: the rank 5 for a signal of shape \(4, 9\): give 1 to 4"),
        (np.ones((3, 3, 2)), 3, r"item: the rank 3 for a signal of shape \(3, 3, 2\): give 1 to 2"),
    ],
)
def test_a_matrix_or_a_rank_without_a_subspace_is_refused(signal, rank, message):
    with pytest.raises(ValueError, match=message):
        pose(signal, rank)


def test_a_planted_product_has_its_rank_exactly_in_single_precision(rng):
    matrix = exact_product(40, 96, 4, rng)
    assert matrix.dtype == np.float32
    values = np.linalg.svd(matrix.astype(float), compute_uv=False)
    assert values[4] < 1e-14 * values[0] < values[3]
    assert matrix.std() == pytest.approx(np.sqrt(4) / 32, rel=0.2)
