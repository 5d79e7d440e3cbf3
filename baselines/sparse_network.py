"""Trains a network whose filters and channels may vanish as a whole, takes them out, and trains the rest: SSL.

Minimises cross-entropy + lambda (sum_n ||W_n|| + sum_c ||W_:c||) over all convolutions of several pixels, with the
filters W_n and, but in the first, the slices W_:c of a channel as groups. After each step of Adam the groups shrink by
the rate times lambda. What is zero at the end is taken out, and the network is trained on without the penalty.

Wen, Wu, Wang, Chen and Li, Learning structured sparsity in deep neural networks, NIPS 2016, arXiv 1608.03665, equations
4 and 5, which the coordinating filters are compared with. Our reading: lambda is not known for these networks, so that
an experiment has several; and the groups shrink by proximal steps, where the paper has gradient descent.
"""

import numpy as np
import torch

from benchmark.algorithms.execution import Executed
from benchmark.algorithms.layers import Factored, Stage
from benchmark.algorithms.networks import Recipe
from benchmark.algorithms.training import Network, answer, dense_network, fit, task_of
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
    strength: float = 0.3,
    epochs: int = 15,
    rate: float = 3e-3,
    tuning: int = 5,
    tuning_rate: float = 1e-3,
) -> Estimate:
    """Return a convolution for each layer, of the filters and channels that are left; `strength` is lambda."""
    task = task_of(problem)
    network = dense_network(task, np.random.default_rng(seed))
    convolutions = [name for name, layer in task.layers.items() if layer.kernel[0, 0].size > 1]

    def shrink(rate: float) -> None:
        for name in convolutions:
            kernel = network[name].kernels[0][0]
            shrink_groups(kernel, rate * strength)
            if kernel.shape[1] > 3:
                shrink_groups(kernel.transpose(0, 1), rate * strength)

    fit(task, network, Recipe(epochs, rate, seed=seed), settle=shrink)
    left = network | {name: Executed(without_zeros(network, name), task.layers[name]) for name in convolutions}
    fit(task, left, Recipe(tuning, tuning_rate, seed=seed))
    return answer(left)


def shrink_groups(groups: torch.Tensor, by: float) -> None:
    """Shorten each group along the first axis by that much, in place, to zero at most."""
    norms = groups.flatten(1).norm(dim=1).clamp(min=1e-12)
    groups.mul_((1 - by / norms).clamp(min=0)[:, None, None, None])


def without_zeros(network: Network, name: str) -> Factored:
    """Return a layer of the filters and channels that are not zero, of each the largest at least, and its bias."""
    kernel = network[name].kernels[0][0].numpy()
    filters, channels = (
        nonzero(np.linalg.norm(own.reshape(len(own), -1), axis=1)) for own in (kernel, kernel.swapaxes(0, 1))
    )
    order = np.full(len(kernel), -1)
    order[filters] = np.arange(len(filters))
    stage = Stage(kernel[np.ix_(filters, channels)], order=channels)
    return Factored([[stage]], order=order, bias=network[name].bias.numpy())


def nonzero(norms: np.ndarray) -> np.ndarray:
    """Return the places of norms that are not zero, or of the first where all are."""
    return np.flatnonzero(norms) if norms.any() else np.array([0])
