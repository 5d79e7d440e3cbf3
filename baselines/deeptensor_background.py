"""Minimises the l1 distance of U V^T to the video, where untrained convolutional networks generate U and V.

U, of shape H x W x r, has images, V, of shape T x r, what each frame takes of them. The l1 loss lets what moves go, as
in robust principal component analysis; the estimate is the iterate of lowest training loss.

Saragadam et al., DeepTensor: low-rank tensor decomposition with deep network priors, arXiv 2204.03145. The paper has no
such experiment: networks are those of its cubes, with 32 channels, and the rank is the one told. Licence: see
`benchmark.algorithms.factor_networks`.
"""

from benchmark.algorithms.factor_networks import fit_model
from benchmark.algorithms.granted import rank_of
from benchmark.algorithms.motion import parts_of
from benchmark.contract import Estimate, Problem, compose
from deeptensor.models import Model
from deeptensor.networks import Network

LABEL = "DeepTensor, l1"
FAMILY = "DeepTensor"
TASKS = {"background"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    iterations: int = 500,
    channels: int = 32,
    scales: int = 5,
    perturbation: float = 1 / 30,
    learning_rate: float = 1e-3,
) -> Estimate:
    """Return U V^T as the background."""
    network = Network("skip", channels, scales, perturbation=perturbation)
    model = Model(rank_of("deeptensor_background", problem), network=network)
    settings = {"loss": "l1", "iterations": iterations, "learning_rate": learning_rate}
    fit = fit_model(problem, model, seed=seed, device=device, **settings)
    return parts_of(problem.observed, fit.iterations, background=compose(fit.answer))
