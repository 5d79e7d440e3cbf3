"""Minimises the misfit of a product of factors to the observation by Adam: DeepTensor's objective without networks.

The factors are free numbers, where DeepTensor has outputs of untrained networks; all else is its setting: loss,
optimiser, learning rate, number of iterations, and the iterate of lowest loss as the answer. So the two differ by the
prior alone, and this and the SVD (with the l2 loss) by the optimiser alone.

Kingma and Ba, Adam: a method for stochastic optimization, arXiv 1412.6980; its use for CP tensors of any loss, at the
same rate of 1e-3, is that of Kolda and Hong, Stochastic gradients for large-scale tensor decomposition, SIAM Journal on
Mathematics of Data Science 2 (2020), DOI 10.1137/19M1266265, here with full gradients. The factors start from normal
numbers, scaled so that the product has the norm of the observation.
"""

import time
from math import prod
from typing import Literal

import numpy as np
import torch

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.decomposed import from_factors, whole_tensor
from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Factors, Problem, Snapshot
from deeptensor.losses import Misfit
from deeptensor.products import energy
from deeptensor.snapshots import snapshot_iterations

LABEL = "Adam without networks"
FAMILY = "tensor decomposition"
TASKS = {"decompose", "denoise", "outliers"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    structure: Literal["matrix", "cp"] = "matrix",
    loss: Literal["l1", "l2"] = "l2",
    iterations: int = 5000,
    learning_rate: float = 1e-3,
) -> Estimate:
    """Return the factors, with a trace, of shapes H x W x r and N x r, or with the structure "cp" one for each axis.

    Of a matrix H x W they are H x r and W x r. `loss` is "l2" or "l1", the mean of squares or of magnitudes. A tensor
    whose decomposition is asked for has a factor for each axis.
    """
    check_choices(solve, structure=structure, loss=loss)
    rank = rank_of("cp_adam", problem)
    if "model" in problem.granted:
        whole_tensor("cp_adam", problem)
        structure = "cp"
    groups = groups_of(problem.observed.shape, structure, rank)
    Y = torch.from_numpy(problem.observed.astype(np.float32)).to(device)[None]
    misfit = Misfit(Y, loss, delta=1.0)
    factors = start(Y, groups, rank, seed)
    optimiser = torch.optim.Adam(factors, learning_rate, fused=True)

    def arrays(iterate: list[torch.Tensor], dtype: type = np.float32) -> Factors:
        pairs = zip(iterate, groups, strict=True)
        return tuple(factor[0].numpy(force=True).reshape(*group, -1).astype(dtype) for factor, group in pairs)

    milestones, trace = set(snapshot_iterations(iterations).tolist()), []
    lowest, best, started = np.inf, factors, time.perf_counter()
    for iteration in range(1, iterations + 1):
        optimiser.zero_grad()
        value = misfit(factors).loss.sum()
        value.backward()
        current = value.item()
        if current < lowest:
            lowest, best = current, [factor.detach().clone() for factor in factors]
        if iteration in milestones:
            # Half precision, as DeepTensor's snapshots.
            seconds = time.perf_counter() - started
            trace.append(Snapshot(iteration, seconds, current, arrays(factors, np.float16)))
        optimiser.step()
    return from_factors(problem, Estimate(factors=arrays(best), trace=trace, iterations=iterations))


def groups_of(shape: tuple[int, ...], structure: str, rank: int) -> list[tuple[int, ...]]:
    """Return the sizes of the axes that each factor spans."""
    if structure == "cp":
        return [(size,) for size in shape]
    rows, columns = prod(shape[:-1]), shape[-1]
    if rank > min(rows, columns):
        raise ValueError(f"rank {rank} of a {rows} x {columns} matrix: set the structure of cp_adam to 'cp'")
    return [shape[:-1], shape[-1:]]


def start(Y: torch.Tensor, groups: list[tuple[int, ...]], rank: int, seed: int) -> list[torch.Tensor]:
    """Return random factors (1, n_i, rank) whose product has the norm of Y."""
    generator = torch.Generator().manual_seed(seed)
    factors = [torch.randn(1, prod(group), rank, generator=generator).to(Y.device) for group in groups]
    scale = (Y.square().sum() / energy(factors)) ** (0.5 / len(groups))
    return [(scale.float() * factor).requires_grad_() for factor in factors]
