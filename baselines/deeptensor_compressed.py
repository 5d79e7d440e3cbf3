"""Minimises ||Y - V H^T||^2, V and H from deep decoders, for sums Y = P X of rows, then finds a sparse W with P W = V.

DeepTensor NMF in place of the NMF of `compressed_nmf`, with the same recovery, a non-negative lasso.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145, Table 2. Sharan,
Tai, Bailis and Valiant, Compressed factorization: fast and accurate low-rank factorization of compressively-sensed
data, International Conference on Machine Learning (2019), arXiv 1706.08146.

Neither paper has this; the settings are those of the first one's NMF, without its penalties. Licence: see
`benchmark.algorithms.factor_networks`.
"""

from dataclasses import replace

from benchmark.algorithms.compressed import factors_of, sparse_columns, sums_of
from benchmark.algorithms.factor_networks import fit_model
from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Problem
from deeptensor.models import Model
from deeptensor.networks import Network

LABEL = "DeepTensor NMF, compressed"
FAMILY = "DeepTensor"
TASKS = {"sparse_factors"}
OPERATORS = {"sparse_projection"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    iterations: int = 1000,
    learning_rate: float = 0.01,
    channels: int = 128,
    scales: int = 2,
) -> Estimate:
    """Return W, n x r, and H, m x r."""
    rank = rank_of("deeptensor_compressed", problem)
    projection, sums = sums_of(problem)
    network = Network("decoder", channels=channels, scales=scales, perturbation=0)
    fit = fit_model(
        replace(problem, observed=sums, operator=None),
        Model(rank, network=network, activation="relu"),
        iterations=iterations,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
    )
    left, right = fit.factors
    return factors_of(sparse_columns(projection, left.astype(float)), right)
