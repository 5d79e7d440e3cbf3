"""Minimises ||W - sum_k V_k H_k||_F over vertical and horizontal filters: a separable convolution in closed form.

The kernel W[n, c, i, j], as the matrix M[(c, i), (n, j)], has the singular values s_k; the best K terms are the first K
of its singular value decomposition, with sqrt(s_k) in each filter, and what is left is the sum of the other s_k^2.

Tai, Xiao, Zhang, Wang and E, Convolutional neural networks with low-rank regularization, ICLR 2016, arXiv 1511.06067,
equations 3 to 5. It is the second scheme of Jaderberg, Vedaldi and Zisserman, Speeding up convolutional neural networks
with low rank expansions, BMVC 2014, DOI 10.48550/arXiv.1405.3866, which is solved there by descent. The first pass of a
strided layer takes the rows, the second the columns; the bias is added at the end. Rank: the largest that the budget
allows.
"""

from benchmark.algorithms.layers import (
    Factored,
    Layer,
    compressed,
    halves,
    largest,
    needs_pixels,
    separable,
    separable_stages,
)
from benchmark.contract import Estimate, Problem

LABEL = "Tai, closed form"
FAMILY = "separable filters"
TASKS = {"compress", "speed"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str) -> Estimate:
    """Return a vertical (K x C x h x 1) and a horizontal (N x K x 1 x w) convolution of each layer."""
    return compressed(problem, factorise)


def factorise(layer: Layer) -> Factored:
    """Return the two stages of a layer of several pixels."""
    needs_pixels(layer)
    rank = largest(layer.budget, lambda rank: numbers(layer.sizes, rank), min(separable(layer.kernel).shape))
    return separable_stages(*halves(separable(layer.kernel), rank), layer.sizes)


def numbers(sizes: tuple[int, int, int, int], rank: int) -> int:
    """Return how many numbers are stored: K (C h + N w)."""
    outputs, inputs, height, width = sizes
    return rank * (inputs * height + outputs * width)
