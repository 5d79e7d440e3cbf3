"""Trains a network whose filters and channels may vanish as a whole, takes them out, and trains the rest: SSL.

Minimises cross-entropy + lambda (sum_n ||W_n|| + sum_c ||W_:c||) over all convolutions of several pixels, with the
filters W_n and, but in the first, the slices W_:c of a channel as groups. Groups whose norm is at the end below a share
of the largest of their layer are taken out, and the network is trained on without the penalty.

Wen, Wu, Wang, Chen and Li, Learning structured sparsity in deep neural networks, NIPS 2016, arXiv 1608.03665, which
the coordinating filters are compared with. Our reading: neither lambda nor the share below which a group
counts as zero is known for these networks; an experiment has several lambda, and the share is 0.05.
"""

import numpy as np
import torch

from benchmark.algorithms.execution import Executed
from benchmark.algorithms.layers import COLOURS, Factored, Stage
from benchmark.algorithms.networks import Recipe
from benchmark.algorithms.training import Network, answer, dense_network, fit, labels_loss, task_of
from benchmark.contract import Estimate, Problem

LABEL = "Structured sparsity (SSL), our reading"
FAMILY = "pruning"
TASKS = {"train"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    strength: float = 3e-3,
    threshold: float = 0.05,
    epochs: int = 15,
    rate: float = 3e-3,
    tuning: int = 5,
    tuning_rate: float = 1e-3,
) -> Estimate:
    """Return a convolution for each layer, of the filters and channels that are left; `strength` is lambda."""
    task = task_of(problem)
    network = dense_network(task, np.random.default_rng(seed))
    convolutions = [name for name, layer in task.layers.items() if layer.kernel[0, 0].size > 1]
    kernels = [network[name].kernels[0][0] for name in convolutions]
    labels = labels_loss(task)

    def loss(*seen: object) -> torch.Tensor:
        return labels(*seen) + strength * sum(penalty(own) for own in kernels)

    fit(task, network, Recipe(epochs, rate, seed=seed), loss)
    small = network | {name: Executed(reduced(network, name, threshold), task.layers[name]) for name in convolutions}
    fit(task, small, Recipe(tuning, tuning_rate, seed=seed))
    return answer(small)


def penalty(kernel: torch.Tensor) -> torch.Tensor:
    """Return the sum of the norms of the groups of a kernel."""
    filters = kernel.flatten(1).norm(dim=1).sum()
    return filters + kernel.transpose(0, 1).flatten(1).norm(dim=1).sum() if kernel.shape[1] > COLOURS else filters


def reduced(network: Network, name: str, threshold: float) -> Factored:
    """Return a layer of the filters and channels that are left, with its whole bias."""
    kernel = network[name].kernels[0][0].numpy()
    filters, channels = (left(own.reshape(len(own), -1), threshold) for own in (kernel, kernel.swapaxes(0, 1)))
    order = np.full(len(kernel), -1)
    order[filters] = np.arange(len(filters))
    stage = Stage(kernel[np.ix_(filters, channels)], order=channels)
    return Factored([[stage]], order=order, bias=network[name].bias.numpy())


def left(groups: np.ndarray, threshold: float) -> np.ndarray:
    """Return the rows whose norm is at least a share of the largest one."""
    norms = np.linalg.norm(groups, axis=1)
    return np.flatnonzero(norms >= threshold * norms.max())
