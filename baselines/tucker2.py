"""Minimises ||W - G x_1 A x_2 B||_F over a core G and orthonormal A and B on the axes of outputs and inputs: Tucker-2.

Three convolutions: of single pixels, C -> R3; of the core, R3 -> R4; and of single pixels, R4 -> N. Higher-order
orthogonal iteration from singular vectors, by TensorLy.

Kim, Park, Yoo, Choi, Yang and Shin, Compression of deep convolutional neural networks for fast and low power mobile
applications, ICLR 2016, arXiv 1511.06530: one-shot compression of a whole network. The paper's ranks are those of
variational Bayesian matrix factorisation; here they are the largest that the budget allows, R3 / R4 as C / N.
"""

from tensorly.decomposition import partial_tucker

from benchmark.algorithms.layers import Factored, Layer, chain, compressed, largest, needs_pixels
from benchmark.contract import Estimate, Problem

LABEL = "Tucker-2 (one-shot)"
FAMILY = "tensor decomposition"
TASKS = {"compress", "speed"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, iterations: int = 100, tolerance: float = 1e-4) -> Estimate:
    """Return three convolutions for each layer; `iterations` and `tolerance` are TensorLy's."""
    return compressed(problem, lambda layer: factorise(layer, iterations, tolerance))


def factorise(layer: Layer, iterations: int = 100, tolerance: float = 1e-4) -> Factored:
    """Return the three stages of a layer."""
    needs_pixels(layer)
    rank = largest(layer.budget, lambda rank: numbers(layer.sizes, rank), layer.sizes[0])
    ranks = [rank, inner(layer.sizes, rank)]
    (core, (outer, inward)), _ = partial_tucker(
        layer.kernel, rank=ranks, modes=[0, 1], init="svd", n_iter_max=iterations, tol=tolerance
    )
    return chain(inward.T[..., None, None], core, outer[..., None, None])


def inner(sizes: tuple[int, int, int, int], rank: int) -> int:
    """Return the rank of the inputs that goes with one of the outputs."""
    return max(1, round(rank * sizes[1] / sizes[0]))


def numbers(sizes: tuple[int, int, int, int], rank: int) -> int:
    """Return how many numbers are stored: C R3 + h w R3 R4 + N R4."""
    outputs, inputs, height, width = sizes
    own = inner(sizes, rank)
    return inputs * own + height * width * own * rank + outputs * rank
