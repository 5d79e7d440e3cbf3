import numpy as np
import pytest

from benchmark.covariance import leading_eigenpairs, sample_covariance, truncated, without_noise
from benchmark.noise import Gaussian, Poisson, SaltAndPepper


def test_centre_says_whose_mean_is_subtracted():
    samples = np.array([[0.0, 0.0], [2.0, 4.0]])
    np.testing.assert_allclose(sample_covariance(samples), [[1, 2], [2, 4]])
    np.testing.assert_allclose(sample_covariance(samples, "samples"), [[0.5, -0.5], [-0.5, 0.5]])


def test_eigenpairs_are_the_leading_ones_in_descending_order():
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((4, 4)))[0]
    covariance = rotation @ np.diag([1.0, 5.0, 2.0, 3.0]) @ rotation.T
    values, vectors = leading_eigenpairs(covariance, 2)
    np.testing.assert_allclose(values, [5, 3])
    np.testing.assert_allclose(np.abs(vectors.T @ rotation[:, [1, 3]]), np.eye(2), atol=1e-12)
    np.testing.assert_allclose(truncated(covariance, 4), covariance, atol=1e-12)


def test_noise_of_photons_is_subtracted_feature_by_feature():
    samples = np.array([[1.0, 3.0], [3.0, 5.0]])
    taken = without_noise(np.diag([1.0, 1.0]), samples, Poisson(photons=10, readout=3))
    np.testing.assert_allclose(taken, np.diag([1 - 0.2 - 0.09, 1 - 0.4 - 0.09]), atol=1e-15)


def test_without_noise_is_nearer_to_every_covariance_than_the_plain_difference():
    rng = np.random.default_rng(1)
    covariance, samples = np.diag([3.0, 2.0, 0.1]), np.zeros((2, 3))
    difference = covariance - 0.25 * np.eye(3)
    projected = without_noise(covariance, samples, Gaussian(0.5))
    np.testing.assert_allclose(projected, np.diag([2.75, 1.75, 0]), atol=1e-12)
    for _ in range(50):
        root = rng.standard_normal((3, 3))
        truth = root @ root.T
        assert np.linalg.norm(projected - truth) < np.linalg.norm(difference - truth)


@pytest.mark.parametrize("noise", [None, SaltAndPepper(0.3)])
def test_noise_without_a_variance_cannot_be_subtracted(noise):
    with pytest.raises(ValueError, match="choose a variant that leaves the noise in"):
        without_noise(np.eye(2), np.ones((3, 2)), noise)


def test_unknown_centre_names_the_known_ones():
    with pytest.raises(ValueError, match="features, samples"):
        sample_covariance(np.ones((3, 2)), "both")
