"""Minimises ||W - A B||_F over matrices A (N x K) and B (K x M): a dense layer by its singular value decomposition.

The singular values are halved between the two, by their square roots. It pays where K < N M / (N + M).

Denton, Zaremba, Bruna, LeCun and Fergus, Exploiting linear structure within convolutional networks for efficient
evaluation, NIPS 2014, DOI 10.48550/arXiv.1404.0736, section 3.3. Rank: the largest that the budget allows.
"""

from benchmark.algorithms.layers import Factored, Layer, chain, compressed, halves, largest
from benchmark.contract import Estimate, Problem, Skipped

LABEL = "SVD of a dense layer"
FAMILY = "truncated SVD"
TASKS = {"compress"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return two matrices, as convolutions of single pixels, for each dense layer."""
    return compressed(problem, factorise)


def factorise(layer: Layer) -> Factored:
    """Return the two stages of a layer of single pixels."""
    if layer.kernel[0, 0].size > 1:
        raise Skipped("it factors a matrix, and this layer is a convolution of several pixels")
    matrix = layer.kernel[..., 0, 0]
    rank = largest(layer.budget, lambda rank: numbers(layer.sizes, rank), min(matrix.shape))
    left, right = halves(matrix, rank)
    return chain(right[..., None, None], left[..., None, None])


def numbers(sizes: tuple[int, ...], rank: int) -> int:
    """Return how many numbers are stored: K (N + M)."""
    return rank * (sizes[0] + sizes[1])
