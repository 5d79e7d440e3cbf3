"""Denoises the eigen-images of a stack by a small network that the noise teaches, from the one observation: ours.

X = f(Y V) V^T, where V spans the subspace in which the signal stands out of the noise, and f, a network's correction of
a classical estimate, has learnt to remove noise that is added to what it sees, and then to its own answer. Of a matrix
of at most 128 rows or columns f corrects the optimal shrinkage of its singular values, of a larger one, or an image,
the matrix itself. The first lesson is that of Pang, Zheng, Quan and Ji, Recorrupted-to-Recorrupted, CVPR 2021; the
later ones refine as Zhang, Li, Law, Wang, Qin and Li do, arXiv 2111.14358. See `deeptensor.denoise`.

This is a variant of this suite, not of the DeepTensor paper (arXiv 2204.03145), and stands in no claim of that. It is
told the noise, as the methods that it is compared with are: Gaussian noise by its level, Poisson noise by its photons
and read-out, Rician noise by its level, as if it were Gaussian. The rank that a protocol tells is not used.
"""

from typing import Literal

import numpy as np

from benchmark.algorithms.granted import noise_of
from benchmark.contract import Estimate, Problem, Skipped, Snapshot
from benchmark.noise import Gaussian, Poisson, Rician
from deeptensor import noise as models
from deeptensor.taught import denoise

LABEL = "DeepTensor taught (ours)"
FAMILY = "taught by the noise"
TASKS = {"denoise"}
DEVICES = {"cpu", "cuda"}
STOCHASTIC = True


def solve(
    problem: Problem,
    *,
    seed: int,
    device: str,
    iterations: int = 300,
    refinements: int = 4,
    channels: int = 32,
    scales: int = 3,
    loss: Literal["recorrupted", "stein"] = "recorrupted",
    first_alpha: float = 1.0,
    last_alpha: float = 0.5,
    learning_rate: float = 5e-3,
    flips: int | None = None,
    wiener: bool = True,
) -> Estimate:
    """Return factors of shapes H x W x k and B x k, or of a matrix H x k and W x k, with a trace of the lessons.

    See `deeptensor.denoise` for the parameters; `first_alpha` and `last_alpha` are its `alphas`.
    """
    found = denoise(
        problem.observed,
        model_of(problem),
        loss=loss,
        alphas=(first_alpha, last_alpha),
        channels=channels,
        scales=scales,
        iterations=iterations,
        refinements=refinements,
        learning_rate=learning_rate,
        flips=flips,
        wiener=wiener,
        seed=seed,
        device=device,
    )
    trace = [Snapshot(stage.iteration, stage.seconds, stage.risk, in_single(stage.factors)) for stage in found.stages]
    return Estimate(factors=found.factors, trace=trace, iterations=found.iterations)


def model_of(problem: Problem) -> models.Noise:
    """Return the library's model of the noise that a problem grants; Skipped where it grants none, or another."""
    noise = noise_of("deeptensor_taught", problem)
    if isinstance(noise, Poisson):
        return models.Poisson(noise.photons, noise.readout)
    if isinstance(noise, Gaussian | Rician):
        return models.Gaussian(noise.sigma)
    raise Skipped(f"deeptensor_taught needs the variance of the noise, which {type(noise).__name__} has not")


def in_single(factors: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Return factors in single precision, which a trace is kept in."""
    return tuple(factor.astype(np.float32) for factor in factors)
