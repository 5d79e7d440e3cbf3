"""Trains a network whose filters attract each other, so that few of them make all others: force regularisation.

After each step a filter W_i, as a vector, moves by the rate times lambda times ||W_i|| sum_j (f_ji - (f_ji^T w_i) w_i),
w_i = W_i / ||W_i||: the part of all forces that turns it and leaves its length. The force "l2" of the paper has f_ji =
w_j - w_i, the force "l1" that over its norm. It acts on all convolutions of several pixels but the first.

Wen, Xu, Wu, Wang, Chen and Li, Coordinating filters for faster deep neural networks, ICCV 2017, arXiv 1703.09746. Our
reading: the strength is not known for these networks, so that an experiment has several; and the force is added to the
weights after Adam's step, which would rescale it, where the paper has gradient descent.
"""

from typing import Literal

import numpy as np
import torch

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.networks import Recipe
from benchmark.algorithms.training import answer, dense_network, fit, is_wide, task_of
from benchmark.contract import Estimate, Problem

LABEL = "Force regularisation, our reading"
FAMILY = "trained network"
TASKS = {"train"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    strength: float = 0.1,
    force: Literal["l1", "l2"] = "l2",
    epochs: int = 15,
    rate: float = 3e-3,
) -> Estimate:
    """Return a convolution for each layer; `strength` is lambda."""
    check_choices(solve, force=force)
    task = task_of(problem)
    network = dense_network(task, np.random.default_rng(seed))
    kernels = [network[name].kernels[0][0] for name, layer in task.layers.items() if is_wide(layer)]

    def attract(rate: float) -> None:
        for kernel in kernels:
            kernel.add_(forces(kernel.flatten(1), force).view_as(kernel), alpha=rate * strength)

    fit(task, network, Recipe(epochs, rate, seed=seed), settle=attract)
    return answer(network)


def forces(filters: torch.Tensor, kind: str) -> torch.Tensor:
    """Return what moves each filter (N x D) across its own direction."""
    norms = filters.norm(dim=1, keepdim=True).clamp(min=1e-12)
    directions = filters / norms
    if kind == "l2":
        pull = directions.sum(dim=0) - len(filters) * directions
    else:
        apart = torch.cdist(directions, directions).clamp(min=1e-6).fill_diagonal_(torch.inf)
        pull = (1 / apart) @ directions - (1 / apart).sum(dim=1, keepdim=True) * directions
    return norms * (pull - (pull * directions).sum(dim=1, keepdim=True) * directions)
