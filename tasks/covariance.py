"""The covariance of samples, from noisy ones.

It is that of the paper's Figure 7 (DeepTensor, arXiv 2204.03145), but centred over the samples. The authors' script
subtracts the mean of each sample over its features instead, which methods have as a variant.
"""

from collections.abc import Callable, Mapping

import numpy as np

from benchmark.checks import check_signal, told_rank
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.covariance import leading_eigenpairs, sample_covariance
from benchmark.metrics import affinity, psnr
from benchmark.noise import Gaussian
from benchmark.observation import Observation
from benchmark.tiny import pattern_samples

KINDS = {"samples"}
MEASURES = ["psnr", "affinity"]
FIGURES = {"convergence", "losses"}
FLOOR, CEILING = None, None


def pose(item: Item, observation: Observation, rng: np.random.Generator) -> Posed:
    """Give the noisy samples; withhold the clean ones.

    Raises ValueError for samples of other than one axis, that are not finite, or do not differ, and without a rank.
    """
    check_signal(item)
    if item.signal.ndim != 2:
        raise ValueError(f"{item.name}: samples of shape {item.signal.shape[1:]}: give each as one row of features")
    told_rank(item, item.signal.shape[1])
    if not np.ptp(sample_covariance(item.signal)) > 0:
        raise ValueError(
            f"{item.name}: the covariance is the same everywhere, and has no range: give samples that differ"
        )
    return Posed(observation.draw(item.signal, rng), {"signal": item.signal})


def answer_shape(problem: Problem) -> tuple[int, int]:
    """Ask for a p x p matrix of n samples of p features."""
    return (problem.observed.shape[1],) * 2


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[np.ndarray], float]]:
    """Return PSNR over the range of the clean covariance (the paper's Figure 7), and the affinity of eigenvectors."""
    clean = sample_covariance(truth["signal"])
    _, vectors = leading_eigenpairs(clean, problem.rank)

    def subspace(answer: np.ndarray) -> float:
        _, found = leading_eigenpairs((answer + answer.T).astype(np.float64) / 2, problem.rank)
        return affinity(vectors.T, found.T)

    return {"psnr": lambda answer: psnr(clean, answer.astype(np.float64), float(np.ptp(clean))), "affinity": subspace}


def tiny() -> dict[str, Tiny]:
    """Return samples of two patterns with white noise."""
    return {
        "samples": Tiny(
            Item("samples", pattern_samples(60, 13, positive=False), rank=2, signed=True),
            Observation(Gaussian(0.05)),
            "affinity",
            0.9,
        )
    }
