"""Minimises the squared error of a layer's outputs for calibration images, of those of rank r: y ~ U U^T (y - m) + m.

U are the leading eigenvectors of the covariance of the outputs, m their mean. The first stage has the filters U^T W,
the second U, and the bias becomes U U^T b + (I - U U^T) m. It stores what `crossfilter` does, and asks what the filters
meet.

Zhang, Zou, He and Sun, Accelerating very deep convolutional networks for classification and detection, IEEE TPAMI 38
(2016), arXiv 1505.06798, section 3.1: the linear case. Rank: the largest that the budget allows.
"""

import numpy as np

from benchmark.algorithms.layers import Factored, Layer, Stage, compressed, patches, rank_of_two
from benchmark.contract import Estimate, Problem

LABEL = "Response PCA"
FAMILY = "truncated SVD"
TASKS = {"compress"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return r x C x h x w and N x r x 1 x 1, and a bias, for each layer."""
    return compressed(problem, factorise)


def factorise(layer: Layer) -> Factored:
    """Return the two stages of a layer, and its bias."""
    outputs, *others = layer.sizes
    matrix = layer.kernel.reshape(outputs, -1)
    rank = rank_of_two(layer.budget, matrix.shape)
    responses = patches(layer).reshape(-1, matrix.shape[1]) @ matrix.T + layer.bias
    mean = responses.mean(axis=0)
    basis = np.linalg.eigh(np.cov(responses.T))[1][:, : -rank - 1 : -1]
    bias = mean + basis @ (basis.T @ (layer.bias - mean))
    return Factored([[Stage((basis.T @ matrix).reshape(rank, *others)), Stage(basis[..., None, None])]], bias=bias)
