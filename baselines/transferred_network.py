"""Decomposes the layers of a trained network, and trains the small one by what the whole one says: LRDKT.

The teacher is a dense network. In the student each convolution of several pixels but the first has as many filters and
combinations of them as store its numbers over `reduction`. It minimises the cross-entropy of the labels; with
`transfer` "scores", plus T^2 times that of the teacher's probabilities at temperature T; with "both", plus lambda times
the sum over these layers of ||f_S - f_T||^2 / (2 n), of their outputs for n images. LRDFT, LRDDK and LRDKT start from
the decomposed teacher; RKT, of "both", from a random network of the same factors.

Lin, Ji, Chen, Tao and Luo, Holistic CNN compression via low-rank decomposition with knowledge transfer, IEEE
Transactions on Pattern Analysis and Machine Intelligence 41 (2019), DOI 10.1109/TPAMI.2018.2873305. Our reading:
temperature and weights are not printed; here T = 2 and lambda = 1e-3, throughout.
"""

from typing import Literal

import numpy as np
import torch
from torch.nn import functional

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.execution import Executed
from benchmark.algorithms.layers import Factored, Layer, chain, crossfiltered
from benchmark.algorithms.networks import Recipe
from benchmark.algorithms.training import (
    Loss,
    Network,
    Task,
    answer,
    crossfilter_rank,
    dense_network,
    drawn,
    factored,
    fit,
    is_wide,
    labels_loss,
    run,
    task_of,
)
from benchmark.contract import Estimate, Problem

LABEL = "Knowledge transfer (LRDKT), our reading"
FAMILY = "truncated SVD"
TASKS = {"train"}
DEVICES = {"cpu"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    transfer: Literal["labels", "scores", "both"] = "both",
    start: Literal["decomposed", "random"] = "decomposed",
    reduction: float = 8,
    temperature: float = 2.0,
    local: float = 1e-3,
    epochs: int = 15,
    rate: float = 3e-3,
    tuning: int = 3,
    tuning_rate: float = 1e-3,
) -> Estimate:
    """Return two convolutions for each layer that is compressed, and the others whole; `local` is lambda."""
    check_choices(solve, transfer=transfer, start=start)
    task, rng = task_of(problem), np.random.default_rng(seed)
    teacher = dense_network(task, rng)
    fit(task, teacher, Recipe(epochs, rate, seed=seed))
    small = [name for name, layer in task.layers.items() if is_wide(layer)]
    student = dense_network(task, rng) if start == "random" else copied(task, teacher)
    for name in small:
        layer, bias = task.layers[name], student[name].bias.numpy()
        rank, kernel = crossfilter_rank(layer, reduction), student[name].kernels[0][0].numpy()
        own = crossfiltered(kernel, rank) if start == "decomposed" else random(layer, rank, rng)
        student[name] = Executed(Factored(own.branches, bias=bias), layer)
    loss = loss_of(task, teacher, transfer, temperature, local, small)
    fit(task, student, Recipe(tuning, tuning_rate, seed=seed), loss)
    return answer(student)


def copied(task: Task, network: Network) -> Network:
    """Return a network of the same numbers."""
    return {name: Executed(factored(own), task.layers[name]) for name, own in network.items()}


def random(layer: Layer, rank: int, rng: np.random.Generator) -> Factored:
    """Return random filters, and combinations whose product with them has the variance of a dense kernel."""
    outputs, *others = layer.sizes
    return chain(drawn(rng, rank, *others), np.sqrt(3) * drawn(rng, outputs, rank, 1, 1))


def loss_of(task: Task, teacher: Network, transfer: str, temperature: float, local: float, layers: list[str]) -> Loss:
    """Return the loss of a student by the labels, by the teacher's scores, too, and by its outputs of layers, too."""
    labels = labels_loss(task)
    if transfer == "labels":
        return labels

    def loss(scores: torch.Tensor, seen: dict, batch: torch.Tensor) -> torch.Tensor:
        known = {}
        with torch.no_grad():
            wanted = functional.softmax(run(task, teacher, task.images[batch], known) / temperature, dim=1)
        total = labels(scores, seen, batch)
        total = total + temperature**2 * functional.cross_entropy(scores / temperature, wanted)
        if transfer == "both":
            apart = sum(((seen[name][1] - known[name][1]) ** 2).sum() for name in layers)
            total = total + local * apart / (2 * len(batch))
        return total

    return loss
