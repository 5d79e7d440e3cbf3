"""Minimises the misfit of U V^T to the observation, where untrained convolutional networks generate U and V.

U, of shape H x W x r, comes from a two-dimensional skip network and V, of shape B x r, from a one-dimensional one; of a
matrix both factors come from one-dimensional networks. The estimate is the iterate of lowest training loss.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145.

Departures from the paper: it has the l2 loss throughout, while the authors' script for hyperspectral cubes has l1;
`loss` chooses. Axes too short for the five scales of the authors' networks get fewer. The trace also follows an
exponential average of the iterates, which the paper does not use.

Licence: the authors' code is free, but US patent application 2024/0249123 (Rice University) claims the method.
"""

from benchmark.contract import Estimate, Problem, Snapshot
from deeptensor import Model, Network, factorise

LABEL = "DeepTensor"
TASKS = {"denoise"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    loss: str = "l2",
    iterations: int = 5000,
    learning_rate: float = 1e-3,
    perturbation: float = 1 / 30,
    channels: int = 128,
    scales: int = 5,
) -> Estimate:
    """Return factors of shapes H x W x r and B x r, or of a matrix H x W of shapes H x r and W x r, with a trace."""
    fit = factorise(
        problem.observed,
        Model(problem.rank, network=Network(channels=channels, scales=scales, perturbation=perturbation)),
        loss=loss,
        iterations=iterations,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
    )
    trace = [Snapshot(s.iteration, s.seconds, s.loss, s.last.factors, s.average.factors) for s in fit.snapshots]
    return Estimate(factors=fit.decomposition.factors, trace=trace, iterations=fit.iterations)
