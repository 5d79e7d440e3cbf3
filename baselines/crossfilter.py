"""Represents all filters of a layer by a few: minimises ||W - A B||_F over A (N x M) and M filters B, M x C h w.

B is a convolution with M filters, A one of single pixels. With the matrix of inputs in the place of filters, C x N h w,
the single pixels come first. Both come from a singular value decomposition, without a mean.

Wen, Xu, Wu, Wang, Chen and Li, Coordinating filters for faster deep neural networks, ICCV 2017, arXiv 1703.09746, whose
cross-filter approximation this is; it also is the low-rank model of LRDKT, which chooses M by the share of energy.
Rank: the largest that the budget allows.
"""

from math import prod
from typing import Literal

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.layers import (
    Factored,
    Layer,
    chain,
    compressed,
    crossfiltered,
    halves,
    needs_pixels,
    rank_of_two,
)
from benchmark.contract import Estimate, Problem

LABEL = "Cross-filter"
FAMILY = "truncated SVD"
TASKS = {"compress", "speed"}
DEVICES = {"cpu"}


def solve(problem: Problem, *, seed: int, device: str, across: Literal["filters", "inputs"] = "filters") -> Estimate:
    """Return M x C x h x w and N x M x 1 x 1 for each layer; across inputs, M x C x 1 x 1 and N x M x h x w."""
    check_choices(solve, across=across)
    return compressed(problem, across_filters if across == "filters" else across_inputs)


def across_filters(layer: Layer) -> Factored:
    """Return few filters and their combinations."""
    needs_pixels(layer)
    outputs, *others = layer.sizes
    return crossfiltered(layer.kernel, rank_of_two(layer.budget, (outputs, prod(others))))


def across_inputs(layer: Layer) -> Factored:
    """Return few combinations of channels and filters on them."""
    needs_pixels(layer)
    outputs, inputs, height, width = layer.sizes
    matrix = layer.kernel.transpose(1, 0, 2, 3).reshape(inputs, -1)
    rank = rank_of_two(layer.budget, matrix.shape)
    left, right = halves(matrix, rank)
    return chain(left.T[..., None, None], right.reshape(rank, outputs, height, width).transpose(1, 0, 2, 3))
