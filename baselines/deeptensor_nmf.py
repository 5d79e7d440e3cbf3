"""Minimises ||Y - W H^T||^2 / N and penalties, where deep decoders generate non-negative W and H: DeepTensor NMF.

Y holds N entries of n samples; W, of shape n x r, comes from a one-dimensional deep decoder along the samples, H, of
shape h x w x r (or p x r), from one along the features, and `activation` makes what `nonnegative` names non-negative:
"both", or, for semi-NMF, the factor of the "samples" or that of the "pixels". The penalties are `l1_penalty` times the
mean magnitude and `l2_penalty` times the mean square of each factor. The estimate is the iterate of lowest training
loss.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145, Tables 2 and 3.

Departures from the paper: the authors' script has 0.1 * 0.5**l1 for the first penalty, a power, which rewards large
factors; here it is the product 0.1 * 0.5 * l1. In their semi-NMF the factor of the samples is non-negative. The other
settings are the script's: two doublings of 128 channels, Adam at 0.01, 1000 iterations, no perturbation. At a low rank
the penalties can outweigh the data: all factors then become zero, and rectified ones stay so. Licence: see
`benchmark.algorithms.factor_networks`.
"""

from typing import Literal

from benchmark.algorithms.choices import check_choices
from benchmark.algorithms.factor_networks import fit_model
from benchmark.algorithms.granted import rank_of
from benchmark.contract import Estimate, Problem
from deeptensor.models import Model
from deeptensor.networks import Network

LABEL = "DeepTensor NMF"
FAMILY = "DeepTensor"
TASKS = {"factorise"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    activation: Literal["softplus", "abs", "relu"] = "relu",
    nonnegative: Literal["both", "samples", "pixels"] = "both",
    l1_penalty: float = 0.05,
    l2_penalty: float = 0.025,
    iterations: int = 1000,
    learning_rate: float = 0.01,
    channels: int = 128,
    scales: int = 2,
) -> Estimate:
    """Return the factors W of shape n x rank and H of shape (*sample shape, rank), with a trace."""
    check_choices(solve, activation=activation, nonnegative=nonnegative)
    activations = tuple(activation if nonnegative in ("both", side) else None for side in ("samples", "pixels"))
    features = tuple(range(1, problem.observed.ndim))
    network = Network("decoder", channels=channels, scales=scales, perturbation=0)
    return fit_model(
        problem,
        Model(rank_of("deeptensor_nmf", problem), modes=((0,), features), network=network, activation=activations),
        l1_penalty=l1_penalty,
        l2_penalty=l2_penalty,
        iterations=iterations,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
    )
