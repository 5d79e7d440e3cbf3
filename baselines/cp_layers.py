"""Minimises ||W - sum_r a_r o b_r o c_r o d_r||_F: a kernel as a sum of outer products along its four axes.

Four convolutions: of single pixels, C -> R; of columns and of rows, channel by channel; and of single pixels, R -> N.
With `pixels="joint"` the two axes of pixels are one, and there are three. Alternating least squares, by TensorLy, from
random factors; the norms of a term are made equal.

Lebedev, Ganin, Rakhuba, Oseledets and Lempitsky, Speeding-up convolutional neural networks using fine-tuned
CP-decomposition, ICLR 2015, DOI 10.48550/arXiv.1412.6553. Rank: the largest that the budget allows.

Departure from the paper: alternating least squares in the place of its non-linear least squares.
"""

from typing import Literal

import numpy as np
from tensorly.decomposition import parafac

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.layers import Factored, Layer, Stage, compressed, largest, needs_pixels
from benchmark.contract import Estimate, Problem

LABEL = "CP, four layers"
FAMILY = "tensor decomposition"
TASKS = {"compress", "speed"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    pixels: Literal["apart", "joint"] = "apart",
    iterations: int = 300,
    tolerance: float = 1e-8,
) -> Estimate:
    """Return four convolutions for each layer, or three."""
    check_choices(solve, pixels=pixels)
    return compressed(problem, lambda layer: factorise(layer, pixels == "joint", iterations, tolerance, seed))


def factorise(layer: Layer, joint: bool, iterations: int, tolerance: float, seed: int) -> Factored:
    """Return the stages of a layer."""
    needs_pixels(layer)
    outputs, inputs, height, width = layer.sizes
    tensor = layer.kernel.reshape(outputs, inputs, -1) if joint else layer.kernel
    rank = largest(layer.budget, lambda rank: rank * sum(tensor.shape), tensor.size // max(tensor.shape))
    _, factors = parafac(tensor, rank, init="random", random_state=seed, n_iter_max=iterations, tol=tolerance)
    outer, inward, *places = balanced(factors)
    spatial = (
        [places[0].T.reshape(rank, 1, height, width)]
        if joint
        else [
            places[0].T[:, None, :, None],
            places[1].T[:, None, None, :],
        ]
    )
    middle = [Stage(own, groups=rank) for own in spatial]
    return Factored([[Stage(inward.T[..., None, None]), *middle, Stage(outer[..., None, None])]])


def balanced(factors: list[np.ndarray]) -> list[np.ndarray]:
    """Return the factors of the same terms, with equal norms within each term."""
    norms = np.array([np.linalg.norm(own, axis=0) for own in factors])
    mean = np.exp(np.log(np.maximum(norms, 1e-300)).mean(axis=0))
    return [own / np.maximum(norm, 1e-300) * mean for own, norm in zip(factors, norms, strict=True)]
