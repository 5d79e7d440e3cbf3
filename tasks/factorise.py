"""Samples, from noisy ones, as a product of factors of which one or both are non-negative."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from benchmark.checks import check_signal
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.metrics import psnr
from benchmark.noise import Gaussian
from benchmark.observation import Observation
from benchmark.tiny import pattern_samples

KINDS = {"samples"}
MEASURES = ["psnr", "psnr_debiased"]
FIGURES = {"convergence", "losses"}
FLOOR, CEILING = "noisy", "clean"


def pose(item: Item, observation: Observation, rng: np.random.Generator) -> Posed:
    """Give the noisy samples; withhold the clean ones.

    Raises ValueError for a signal that is zero or not finite.
    """
    check_signal(item)
    return Posed(observation.draw(item.signal, rng), {"signal": item.signal})


def answer_shape(problem: Problem) -> tuple[int, ...]:
    """Ask for the samples, or for factors that compose to them."""
    return problem.observed.shape


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[np.ndarray], float]]:
    """Return PSNR, and PSNR after the mean of the noise is taken off.

    What a fit to biased noise could at best return is the clean signal plus the bias.
    """
    clean, bias = truth["signal"].astype(np.float64), getattr(problem.noise, "bias", 0.0)
    return {
        "psnr": partial(psnr, clean, data_range=1.0),
        "psnr_debiased": lambda answer: psnr(clean, answer.astype(np.float64) - bias, 1.0),
    }


def tiny() -> dict[str, Tiny]:
    """Return positive samples of two patterns with white noise."""
    return {
        "samples": Tiny(
            Item("samples", pattern_samples(40, 33, positive=True), rank=2), Observation(Gaussian(0.05)), "psnr", 27.2
        )
    }
