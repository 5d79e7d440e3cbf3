"""Ranks chosen without the truth: against known ranks, scikit-learn, and cases counted by hand."""

from functools import reduce

import numpy as np
import pytest
from sklearn.decomposition import PCA

from deeptensor import DeepNMF, DeepPCA, DeepSemiNMF, Network, cp, svd, tucker
from deeptensor.ranks import chosen_rank, parallel_analysis

TINY = {"network": Network(channels=2, scales=1), "iterations": 2}


def low_rank(rng, *shape, rank=3):
    """Return a tensor of random orthonormal factors, all of its terms of the strength of 10 standard deviations."""
    factors = [np.linalg.qr(rng.standard_normal((size, rank)))[0] for size in shape]
    terms = [reduce(np.multiply.outer, [factor[:, r] for factor in factors]) for r in range(rank)]
    return 10 * np.sqrt(max(shape)) * sum(terms)


@pytest.mark.parametrize("rank", [1, 2, 3, 5])
@pytest.mark.parametrize("shape", [(60, 40), (40, 60), (50, 50)])
def test_parallel_analysis_finds_the_rank_of_strong_components_in_noise(shape, rank):
    rng = np.random.default_rng(rank)
    X = low_rank(rng, *shape, rank=rank) + rng.standard_normal(shape)
    assert parallel_analysis(X) == rank
    assert parallel_analysis(1e3 * X) == rank


def test_parallel_analysis_finds_next_to_nothing_in_noise_alone_and_in_constant_columns():
    rng = np.random.default_rng(0)
    found = [parallel_analysis(rng.standard_normal((40, 20))) for _ in range(60)]
    # The second is compared at the level of 5 %; the first counts always.
    assert np.mean(np.array(found) > 1) < 0.15
    assert parallel_analysis(np.zeros((5, 4))) == 1
    assert parallel_analysis(np.ones((9, 1)) * np.arange(1, 5)) == 1
    assert parallel_analysis(np.ones((1, 1))) == 1


def test_a_mean_does_not_hide_the_other_components():
    rng = np.random.default_rng(0)
    X = low_rank(rng, 60, 40, rank=2) + rng.standard_normal((60, 40))
    assert parallel_analysis(X + 100) == 3


@pytest.mark.parametrize(("share", "rank"), [(0.5, 1), (0.63, 1), (0.65, 2), (0.92, 2), (0.93, 3), (0.999, 3)])
def test_share_is_of_the_squares_of_the_singular_values(share, rank):
    # 9, 4 and 1 of 14 are 64, 29 and 7 per cent.
    assert chosen_rank(share, np.diag([1.0, 3, 2])) == rank


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_share_of_deep_pca_is_that_of_pca(share):
    X = np.random.default_rng(0).standard_normal((30, 12)) * np.arange(1, 13) + 5
    assert DeepPCA(share, **TINY).fit(X).n_components_ == PCA(share).fit(X).n_components_


def test_decompositions_choose_the_rank():
    rng = np.random.default_rng(0)
    X = low_rank(rng, 40, 30, rank=3) + rng.standard_normal((40, 30))
    assert svd(X, **TINY).s.shape == svd(X.T, None, **TINY).s.shape == (3,)
    assert svd(1e-200 * X, **TINY).s.shape == (3,)
    assert svd(X, 0.5, **TINY).s.shape == (2,)
    cube = low_rank(rng, 20, 15, 12, rank=2) + 0.2 * rng.standard_normal((20, 15, 12))
    assert cp(cube, **TINY).rank == 2
    assert tucker(cube, **TINY).core.shape == (2, 2, 2)
    assert tucker(np.multiply.outer(X, [1.0, 2, 3]), **TINY).core.shape == (3, 3, 1)
    assert tucker(cube, 0.3, **TINY).core.shape == (1, 1, 1)
    assert tucker(cube, (0.3, None, 5), **TINY).core.shape == (1, 2, 5)


@pytest.mark.parametrize("Estimator", [DeepPCA, DeepNMF, DeepSemiNMF])
def test_estimators_choose_the_number_of_components(Estimator):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 20)) + 50
    for blocks in (1, 2):
        X += 5 * np.outer(*(np.tile(np.repeat([1, -1], size // (2 * blocks)), blocks) for size in X.shape))
    chosen = 2 if Estimator is DeepPCA else 3  # the mean is one
    deep = Estimator(**TINY).fit(X)
    assert deep.n_components_ == len(deep.components_) == chosen
    assert Estimator(**TINY).fit_transform(X).shape == (60, chosen)
