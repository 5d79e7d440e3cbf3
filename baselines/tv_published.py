"""Minimises mean((A X - Y)^2) + weight * (mean |difference| + mean |difference|) as the script of the authors does.

The paper calls it 2D TV, and penalises every frame and slice. The script takes the differences along the last two axes
of the array at hand: of a video those are the pixels in row-major order and time, of a volume the columns and the
slices, never the rows. X starts from uniform random numbers in [0, 0.1] and moves by Adam at a rate of 0.1: 500
iterations and weight 0.01 for a video, 100 and 1 for a volume. The estimate is the last iterate. `decompose` is the
paper's "TV with PARAFAC": X = sum_r c_r u_r v_r w_r of the problem's rank, of free numbers that start likewise.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145.

Departures: each exposure is measured once, where the script has the last one twice; the angles are the problem's. The
script decomposes a video as a matrix, with the penalty on the factor of the pixels; here it is a tensor like a volume.
"""

import time
from copy import deepcopy

import numpy as np
import torch

from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Factors, Problem, Snapshot
from deeptensor.operators import CodedExposure
from deeptensor.snapshots import snapshot_iterations

LABEL = "2D TV as published"
FAMILY = "total variation"
TASKS = {"recover"}
OPERATORS = {"radon", "coded_exposure"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True

LEARNING_RATE = 0.1
LARGEST_START = 0.1


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    decompose: bool = False,
    weight: float | None = None,
    iterations: int | None = None,
) -> Estimate:
    """Return the signal, or its factors, with a trace. `weight` and `iterations` None are those of the script."""
    video = isinstance(problem.operator, CodedExposure)
    weight = weight if weight is not None else 0.01 if video else 1.0
    iterations = iterations if iterations is not None else 500 if video else 100
    operator = deepcopy(problem.operator).to(device)
    observed = torch.tensor(problem.observed, dtype=torch.float32, device=device)
    generator = torch.Generator().manual_seed(seed)
    sizes = [operator.shape]
    if decompose:
        rank = rank_of("tv_published", problem)
        sizes = [*((size, rank) for size in operator.shape), (rank,)]
    # Drawn on the host: each seed starts alike on every device.
    starts = [LARGEST_START * torch.rand(size, generator=generator) for size in sizes]
    parameters = [start.to(device).requires_grad_() for start in starts]
    optimiser = torch.optim.Adam(parameters, LEARNING_RATE)
    milestones, trace, begin = set(snapshot_iterations(iterations).tolist()), [], time.perf_counter()
    for iteration in range(1, iterations + 1):
        signal = composed(*parameters) if decompose else parameters[0]
        loss = objective(operator(signal) - observed, signal.flatten(end_dim=1) if video else signal, weight)
        if iteration in milestones:
            iterate = answer(parameters, np.float16)
            trace.append(Snapshot(iteration, time.perf_counter() - begin, loss.item(), iterate))
        if iteration == iterations:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    last = {"factors" if decompose else "signal": answer(parameters, np.float32)}
    return Estimate(**last, trace=trace, iterations=iterations)


def composed(first: torch.Tensor, second: torch.Tensor, third: torch.Tensor, core: torch.Tensor) -> torch.Tensor:
    """Return the CP tensor of three factors of shapes (n_i, r) and a core of shape (r,)."""
    return torch.einsum("ir,jr,kr->ijk", first * core, second, third)


def objective(residual: torch.Tensor, array: torch.Tensor, weight: float) -> torch.Tensor:
    """Return the loss of the script: the differences are of the last two axes, but for the first row and column."""
    inner = array[..., 1:, 1:]
    variation = (inner - array[..., 1:, :-1]).abs().sum() + (inner - array[..., :-1, 1:]).abs().sum()
    # A single slice or frame leaves no difference to take the mean of.
    return residual.square().mean() + weight * variation / max(inner.numel(), 1)


def answer(parameters: list[torch.Tensor], dtype: type) -> np.ndarray | Factors:
    """Return the signal, or the three factors with the core in the first, as arrays of a type."""
    if len(parameters) == 1:
        return parameters[0].numpy(force=True).astype(dtype)
    first, *rest, core = parameters
    return tuple(factor.numpy(force=True).astype(dtype) for factor in (first * core, *rest))
