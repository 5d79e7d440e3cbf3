"""The signal, from measurements of it through a linear operator."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from benchmark.checks import check_signal
from benchmark.contract import Item, Posed, Problem, Tiny
from benchmark.metrics import GAUSSIAN_WINDOW, fidelity, misfit, ssim_gaussian
from benchmark.noise import Gaussian, Poisson
from benchmark.observation import Observation
from benchmark.operators import CodedExposure, Radon, ScrambledDct, ScrambledHadamard
from benchmark.tiny import disc_stack, smooth_stack

KINDS = {"images", "stack"}
MEASURES = ["psnr", "ssim", "ssim_gaussian", "misfit"]
FIGURES = {"reconstructions", "strip", "convergence", "losses"}
FLOOR, CEILING = None, "clean"


def pose(item: Item, observation: Observation, rng: np.random.Generator) -> Posed:
    """Give the measurements and their operator; withhold the clean signal.

    Raises ValueError without an operator, and for a signal that is zero or not finite. The number of measurements
    stands beside the clean signal, for the controls that see it in place of them.
    """
    if observation.operator is None:
        raise ValueError("the task `recover` needs an operator: give the noise entry one, or choose the task `denoise`")
    check_signal(item)
    given = observation.draw(item.signal, rng)
    return Posed(given, {"signal": item.signal, "measurements": np.array(given["observed"].size)})


def answer_shape(problem: Problem) -> tuple[int, ...]:
    """Ask for a signal of the shape that the operator maps; a control that sees the truth observes such a signal."""
    return problem.observed.shape if problem.operator is None else tuple(problem.operator.shape)


def measures(problem: Problem, truth: Mapping[str, np.ndarray]) -> dict[str, Callable[[np.ndarray], float]]:
    """Return PSNR, and SSIM where a window fits; of a grey image also SSIM as it was proposed, and the misfit."""
    clean, observed = truth["signal"].astype(np.float64), problem.observed.astype(np.float64)
    measures = fidelity(clean)
    if clean.ndim == 2:
        if min(clean.shape) >= GAUSSIAN_WINDOW:
            measures["ssim_gaussian"] = partial(ssim_gaussian, clean, data_range=1.0)
        measures["misfit"] = lambda answer: misfit(observed, problem.operator(answer.astype(np.float64)))
    return measures


def tiny() -> dict[str, Tiny]:
    """Return coded frames of a smooth video and sinograms of a disc, each also of few frames or a single slice.

    Of smooth images there are random measurements, exact and noisy.
    What is asked for is 2 dB more than the mean of the signal has.
    """
    noise = Poisson(photons=100, readout=2)
    coded, scanned = Observation(noise, CodedExposure(4)), Observation(noise, Radon(24))
    image = smooth_stack(16, 16, 1)[..., 0]
    return {
        "video": Tiny(Item("video", smooth_stack(37, 31, 8), rank=2), coded, "psnr", 18.5),
        "frames": Tiny(Item("frames", smooth_stack(37, 31, 4), rank=1), coded),
        "volume": Tiny(Item("volume", disc_stack(37, 31, 3), rank=2), scanned, "psnr", 13.8),
        "slice": Tiny(Item("slice", disc_stack(37, 31, 1), rank=1), scanned),
        "image": Tiny(Item("image", image, rank=2), Observation(None, ScrambledHadamard(0.4)), "psnr", 17.0),
        "noisy_image": Tiny(
            Item("noisy_image", smooth_stack(21, 18, 1)[..., 0], rank=1), Observation(Gaussian(0.01), ScrambledDct(0.3))
        ),
    }
