"""The signal, from a noisy observation of it."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from benchmark.checks import check_signal
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.metrics import fidelity, has_spectra, mpsnr, sam
from benchmark.noise import Poisson
from benchmark.observation import Observation
from benchmark.tiny import smooth_stack

KINDS = {"images", "matrices", "stack"}
MEASURES = ["psnr", "mpsnr", "ssim", "sam"]
FIGURES = {"reconstructions", "strip", "spectra", "convergence", "losses"}
FLOOR, CEILING = "noisy", "clean"


def pose(item: Item, observation: Observation, rng: np.random.Generator) -> Posed:
    """Give the noisy signal; withhold the clean one.

    Raises ValueError for measurements through an operator, and for a signal that is zero or not finite.
    """
    if observation.operator is not None:
        raise ValueError("the task `denoise` takes no operator: choose the task `recover`")
    check_signal(item)
    return Posed(observation.draw(item.signal, rng), {"signal": item.signal})


def answer_shape(problem: Problem) -> tuple[int, ...]:
    """Ask for a signal of the observation's shape."""
    return problem.observed.shape


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[np.ndarray], float]]:
    """Return PSNR, SSIM where a window fits, and of cubes the mean of the bands' PSNR and the spectral angle."""
    clean = truth["signal"].astype(np.float64)
    spectral = {"mpsnr": partial(mpsnr, clean, data_range=1.0), "sam": partial(sam, clean)}
    return fidelity(clean) | (spectral if has_spectra(clean) else {})


def tiny() -> dict[str, Tiny]:
    """Return smooth stacks of rank 2 in the light of 100 photons: of few bands, of many, of one, and an image."""
    photons = Observation(Poisson(photons=100, readout=2))
    return {
        "stack": Tiny(Item("stack", smooth_stack(37, 31, 3), rank=2), photons, "psnr", 23.9),
        "bands": Tiny(Item("bands", smooth_stack(37, 31, 31), rank=2), photons),
        "image": Tiny(Item("image", smooth_stack(37, 31, 1)[..., 0], rank=1), photons),
    }
