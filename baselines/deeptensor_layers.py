"""Minimises the misfit of U V^T to a kernel, where untrained networks generate U and V: the separable form of `tai`.

The kernel is the matrix M[(c, i), (n, j)] of vertical and horizontal filters, that of a dense layer its own; U and V
are made along its rows and columns. The order of channels means nothing to a layer, and all to a convolutional network:
they stand as they were trained, or sorted by the first principal component of their slices, or shuffled.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145, on what the
paper does not try. Rank: the largest that the budget allows, as for `tai`; settings of the networks are those of
`deeptensor.factorise`, and the data are divided by twice their root mean square. Licence: see
`benchmark.algorithms.factor_networks`.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.layers import Layer, answer_of, layers_of, rank_of_two, separable, separable_stages
from benchmark.contract import Estimate, Problem
from deeptensor.fit import factorise_many
from deeptensor.models import Model
from deeptensor.networks import Network

LABEL = "DeepTensor, separable"
FAMILY = "DeepTensor"
TASKS = {"compress"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    order: Literal["trained", "sorted", "shuffled"] = "trained",
    iterations: int = 1700,
    learning_rate: float = 1.5e-2,
    channels: int = 128,
    scales: int = 5,
) -> Estimate:
    """Return a vertical and a horizontal convolution of each layer."""
    return _fit([problem], [seed], device, order, iterations, learning_rate, channels, scales)[0]


def solve_many(problems: Sequence[Problem], *, seeds: Sequence[int], device: str, **params) -> list[Estimate]:
    """Return an answer for each problem; layers of one shape and budget are fitted side by side."""
    return _fit(problems, seeds, device, **(solve.__kwdefaults__ | params))


def _fit(
    problems: Sequence[Problem],
    seeds: Sequence[int],
    device: str,
    order: str,
    iterations: int,
    learning_rate: float,
    channels: int,
    scales: int,
) -> list[Estimate]:
    check_choices(solve, order=order)
    network = Network(channels=channels, scales=scales)
    kinds: dict[tuple, list[tuple[int, int]]] = {}
    layers = [layers_of(problem) for problem in problems]
    for number, own in enumerate(layers):
        for place, layer in enumerate(own):
            kinds.setdefault((layer.sizes, layer.budget), []).append((number, place))
    found = {}
    for places in kinds.values():
        alike = [layers[number][place] for number, place in places]
        orders = [orders_of(layer, order, seeds[number]) for layer, (number, _) in zip(alike, places, strict=True)]
        matrices = [separable(layer.kernel[np.ix_(*own)]) for layer, own in zip(alike, orders, strict=True)]
        scales_of = [2 * np.sqrt(np.mean(matrix**2)) for matrix in matrices]
        fits = factorise_many(
            [matrix / scale for matrix, scale in zip(matrices, scales_of, strict=True)],
            Model(rank_of_two(alike[0].budget, matrices[0].shape), network=network),
            iterations=iterations,
            learning_rate=learning_rate,
            seeds=[seeds[number] for number, _ in places],
            device=device,
        )
        for place, fit, layer, own, scale in zip(places, fits, alike, orders, scales_of, strict=True):
            found[place] = stages_of(fit.decomposition.factors, layer, own, scale)
    return [
        answer_of([found[number, place] for place in range(len(own))], iterations=iterations)
        for number, own in enumerate(layers)
    ]


def orders_of(layer: Layer, order: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the order in which the outputs and the inputs of a layer stand for the networks."""
    outputs, inputs = layer.sizes[:2]
    if order == "trained":
        return np.arange(outputs), np.arange(inputs)
    if order == "shuffled":
        rng = np.random.default_rng(seed)
        return rng.permutation(outputs), rng.permutation(inputs)
    slices = layer.kernel.reshape(outputs, -1), layer.kernel.transpose(1, 0, 2, 3).reshape(inputs, -1)
    return tuple(np.argsort(np.linalg.svd(own - own.mean(axis=0), full_matrices=False)[0][:, 0]) for own in slices)


def stages_of(factors: Sequence[np.ndarray], layer: Layer, orders: tuple[np.ndarray, np.ndarray], scale: float):
    """Return the two stages that factors of the matrix of a reordered kernel make, in the layer's own order."""
    outputs, inputs, height, width = layer.sizes
    vertical, horizontal = (np.asarray(own, np.float64) for own in factors)
    rank = vertical.shape[1]
    back, forth = (np.argsort(order) for order in orders)
    vertical = vertical.reshape(inputs, height, rank)[forth].reshape(-1, rank)
    horizontal = horizontal.reshape(outputs, width, rank)[back].reshape(-1, rank)
    return separable_stages(np.sqrt(scale) * vertical, np.sqrt(scale) * horizontal.T, layer.sizes)
