"""The signal, from measurements of it through a linear operator."""

from collections.abc import Callable, Mapping

import numpy as np

from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.metrics import fidelity
from benchmark.noise import Poisson
from benchmark.observation import Observation
from benchmark.operators import CodedExposure, Radon
from benchmark.tiny import disc_stack, smooth_stack

KINDS = {"images", "stack"}
MEASURES = ["psnr", "ssim"]
FIGURES = {"reconstructions", "convergence", "losses"}
FLOOR, CEILING = None, "clean"


def pose(item: Item, observation: Observation, rng: np.random.Generator) -> Posed:
    """Give the measurements and their operator; withhold the clean signal. Raises ValueError without an operator."""
    if observation.operator is None:
        raise ValueError("the task `recover` needs an operator: give the noise entry one, or choose the task `denoise`")
    return Posed(observation.draw(item.signal, rng), {"signal": item.signal})


def answer_shape(problem: Problem) -> tuple[int, ...]:
    """Ask for a signal of the shape that the operator maps; a control that sees the truth observes such a signal."""
    return problem.observed.shape if problem.operator is None else tuple(problem.operator.shape)


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[np.ndarray], float]]:
    """Return PSNR, and SSIM where a window fits."""
    return fidelity(truth["signal"].astype(np.float64))


def tiny() -> dict[str, Tiny]:
    """Return coded frames of a smooth video and sinograms of a disc, each also of few frames or a single slice.

    What is asked for is 2 dB more than the mean of the signal has.
    """
    noise = Poisson(photons=100, readout=2)
    coded, scanned = Observation(noise, CodedExposure(4)), Observation(noise, Radon(24))
    return {
        "video": Tiny(Item("video", smooth_stack(37, 31, 8), rank=2), coded, "psnr", 18.5),
        "frames": Tiny(Item("frames", smooth_stack(37, 31, 4), rank=1), coded),
        "volume": Tiny(Item("volume", disc_stack(37, 31, 3), rank=2), scanned, "psnr", 13.8),
        "slice": Tiny(Item("slice", disc_stack(37, 31, 1), rank=1), scanned),
    }
