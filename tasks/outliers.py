"""The signal, from an observation in which some entries were replaced."""

from collections.abc import Callable, Mapping

import numpy as np

from benchmark.checks import check_signal
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.metrics import fidelity
from benchmark.noise import SaltAndPepper
from benchmark.observation import Observation
from benchmark.tiny import smooth_stack

KINDS = {"images", "matrices", "stack"}
MEASURES = ["psnr", "ssim"]
FIGURES = {"reconstructions", "strip", "convergence", "losses"}
FLOOR, CEILING = "noisy", "clean"


def pose(item: Item, observation: Observation, rng: np.random.Generator) -> Posed:
    """Give the corrupted signal, without the places of what was replaced; withhold the clean one.

    Raises ValueError for a signal that is zero or not finite.
    """
    check_signal(item)
    return Posed(observation.draw(item.signal, rng), {"signal": item.signal})


def answer_shape(problem: Problem) -> tuple[int, ...]:
    """Ask for a signal of the observation's shape."""
    return problem.observed.shape


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[np.ndarray], float]]:
    """Return PSNR, and SSIM where a window fits."""
    return fidelity(truth["signal"].astype(np.float64))


def tiny() -> dict[str, Tiny]:
    """Return smooth signals with salt and pepper on 10 % of the entries: a stack, and an image."""
    speckled = Observation(SaltAndPepper(0.1))
    return {
        "stack": Tiny(Item("stack", smooth_stack(37, 31, 3), rank=2), speckled, "psnr", 16.5),
        "image": Tiny(Item("image", smooth_stack(37, 31, 1)[..., 0], rank=1), speckled),
    }
