"""Denoising by a low-rank model whose network is taught by the noise: of ours, not of the paper.

Where the noise is known, the network that makes the factor U of U V^T need not start from a random input and stop in
time. It sees the noisy factor, and learns from the one observation to remove noise that is drawn anew at each
iteration; no truth, and no other data, have a part in it.
"""

import logging
import time
from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral

import torch
from tqdm import tqdm

from deeptensor.arrays import Array, checked, like
from deeptensor.eigenimages import EigenImages, eigen_images
from deeptensor.fit import device_for
from deeptensor.networks import number_of_scales
from deeptensor.noise import Noise, draw_noise, with_level
from deeptensor.seeds import stream
from deeptensor.stopping import Stop
from deeptensor.teaching import FLIPS, LOSSES, STEP, Lesson, Student, answer, rate, shrunk

logger = logging.getLogger(__name__)

# Of a matrix of no more rows or columns the singular values are found at each iteration.
SPECTRAL = 128
# Standard deviations of the noise that is added, from the first iteration to the last, in units of that of the data.
ALPHAS = (1.0, 0.5)


@dataclass(frozen=True)
class Stage:
    """What was known after `iteration` iterations and `seconds`: the answer, and the estimate of its risk."""

    iteration: int
    seconds: float
    risk: float
    factors: tuple[Array, Array]


@dataclass(frozen=True)
class Denoised:
    """What `denoise` found.

    factors: U (..., k) and V (B, k), whose product over k is the `signal`; of a matrix (m, n), U (m, k) and V (n, k).
    risk: Stein's estimate of the mean square error of `signal`, from the noise model and one probe. It is unbiased for
        a denoiser that is fixed; that this one was taught by the same data makes it a little optimistic.
    noise: the model, with its level, that was assumed.
    stop: the last iteration, and why it was that.
    """

    factors: tuple[Array, Array]
    signal: Array
    risk: float
    noise: Noise | None
    stop: Stop
    stages: tuple[Stage, ...]

    @property
    def iterations(self) -> int:
        """Return the number of iterations."""
        return self.stop.iteration


def denoise(
    Y: Array,
    noise: Noise | None = None,
    *,
    rank: int | None = None,
    loss: str = "recorrupted",
    alphas: tuple[float, float] = ALPHAS,
    channels: int = 32,
    scales: int = 3,
    iterations: int = 300,
    refinements: int = 4,
    learning_rate: float = 5e-3,
    flips: int | None = None,
    wiener: bool = True,
    seed: int = 0,
    device: str | torch.device = "auto",
    progress: bool | None = None,
) -> Denoised:
    """Return the signal of a noisy stack of images, matrix or image, as a low-rank product where it is a stack.

    The stack is written as U V^T: V spans the subspace in which the signal stands out of the noise (see
    `deeptensor.eigenimages`), and a network that is taught to denoise makes U of the noisy U. First the noise teaches
    it: more noise is added, and what it makes of that is compared with what the added noise is independent of. Then its
    own answer does, in `refinements` rounds: noise like that of the data is added to the answer, which is then the
    target (the refined targets of Zhang et al. 2022, arXiv 2111.14358).

    Y: (H, W, B), or a matrix or image (H, W); at least 4 x 4 pixels.
    noise: a model of `deeptensor.noise`; None estimates the level of Gaussian noise in each band.
    rank: of the subspace; by default it is chosen, see `eigen_images`. The mean of each band comes on top of it.
    loss: "recorrupted", or "stein" for Stein's unbiased estimate, which takes two passes; both estimate the squared
        error in units of the data. `alphas` are the first and the last level of the noise added by "recorrupted".
    channels, scales: of the network, and how often it halves the images.
    iterations: of the first lesson; each refinement takes half as many.
    flips: positions of the images that are learnt from, and averaged over at the end: 8, 4 without exchanging rows and
        columns, or 1. By default 8 of a stack and 4 of a matrix, whose axes may mean different things.
    wiener: False lets the network make its answer from nothing, in place of a correction of Wiener's.
    seed, device, progress: as in `deeptensor.factorise`.

    Raises ValueError for arrays and settings that make no sense, and if the data contradict the noise model.
    """
    data = checked(Y)
    if data.ndim not in (2, 3):
        raise ValueError(f"Y must be a stack (H, W, B), or a matrix or image (H, W), not of shape {tuple(data.shape)}")
    if min(data.shape[:2]) < 4:
        raise ValueError(f"Y has {data.shape[0]} x {data.shape[1]} pixels: give at least 4 x 4")
    matrix = data.ndim == 2
    flips = flips or (4 if matrix else FLIPS)
    counts = {"channels": (channels, 1), "scales": (scales, 0), "iterations": (iterations, 1)}
    _check(rank, loss, flips, data, refinements=(refinements, 0), **counts)
    if not (learning_rate > 0 and min(alphas) > 0):
        raise ValueError(f"learning_rate and alphas must be positive, not {learning_rate} and {alphas}")
    where = device_for(device, Y)
    data = (data[..., None] if matrix else data).to(where)
    noise = with_level(noise, data)
    noise.check(data)
    if not noise.variance(data).max() > 0:
        return _unchanged(Y, data, noise, matrix)
    images = eigen_images(data, noise, 1 if matrix else rank)
    spectral = matrix and min(data.shape[:2]) <= SPECTRAL
    if spectral:
        images = images.with_noise_of(noise, images.compose(shrunk(images.coordinates[0], 1.0)[None]))
    student = Student(
        images.signal, images.coordinates, channels, number_of_scales(data.shape[:2], scales), spectral, wiener
    )
    student.network.initialise(torch.Generator().manual_seed(stream(seed, 0)))
    student.to(where)
    generator = torch.Generator(where).manual_seed(stream(seed, 1))

    lessons = [iterations] + [max(iterations // 2, 1)] * refinements
    taught_by, stages, start, iteration = images, [], time.perf_counter(), 0
    hidden = None if progress is None else not progress
    with tqdm(total=sum(lessons), desc="DeepTensor, taught", unit="it", disable=hidden) as bar:
        for number, length in enumerate(lessons):
            lesson = Lesson(taught_by, flips, spectral, generator)
            optimiser = torch.optim.Adam(student.parameters(), learning_rate if number == 0 else 0.6 * learning_rate)
            schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, partial(rate, iterations=length))
            for step in range(length):
                y, z, size = lesson.draw()
                if number == 0:
                    alpha = alphas[0] + (alphas[1] - alphas[0]) * step / length
                    value = LOSSES[loss](student, y, z, size, alpha)
                else:
                    value = size(student(y + z, 1.0) - y)
                optimiser.zero_grad()
                value.backward()
                optimiser.step()
                schedule.step()
                bar.update()
            iteration += length
            found = answer(student, images.coordinates, flips)
            signal = images.compose(found)
            if not signal.isfinite().all():
                raise FloatingPointError(f"the network diverged in its {iteration} iterations: lower learning_rate")
            images = images.with_noise_of(noise, signal)
            taught_by = replace(images, coordinates=found)
            risk = _risk(data, signal, noise, images, student, flips, generator)
            seconds = time.perf_counter() - start
            logger.info("%d iterations, %.0f s: mean square error of about %.3g", iteration, seconds, risk)
            stages.append(Stage(iteration, seconds, risk, _factors(images.factors(found), matrix, Y)))
    factors = stages[-1].factors
    reason = f"the {iteration} iterations are done"
    return Denoised(
        factors, like(signal[..., 0] if matrix else signal, Y), risk, noise, Stop(iteration, reason), tuple(stages)
    )


def _risk(
    data: torch.Tensor,
    signal: torch.Tensor,
    noise: Noise,
    images: EigenImages,
    student: Student,
    flips: int,
    generator: torch.Generator,
) -> float:
    """Return Stein's estimate of the mean square error of `signal`, made of `data`, both (H, W, B)."""
    drawn = draw_noise(noise, signal, generator)
    moved = images.compose(answer(student, images.project(data + STEP * drawn), flips))
    divergence = (drawn * (moved - signal)).mean() / STEP
    return ((signal - data).square().mean() - noise.variance(signal).mean() + 2 * divergence).item()


def _factors(factors: tuple[torch.Tensor, torch.Tensor], matrix: bool, Y: Array) -> tuple[Array, Array]:
    """Return factors in arrays like `Y`; of a matrix (m, n) those of its singular value decomposition."""
    U, V = factors
    if matrix:
        left, s, right = torch.linalg.svd((U @ V.T)[..., 0], full_matrices=False)
        U, V = left * s, right.T
    return like(U, Y), like(V, Y)


def _unchanged(Y: Array, data: torch.Tensor, noise: Noise, matrix: bool) -> Denoised:
    """Return data that have no noise, as they are."""
    identity = torch.eye(data.shape[2], device=data.device)
    factors = _factors((data, identity), matrix, Y)
    signal = like(data[..., 0] if matrix else data, Y)
    return Denoised(factors, signal, 0.0, noise, Stop(0, "the data have no noise"), ())


def _check(rank: int | None, loss: str, flips: int, data: torch.Tensor, **numbers: float) -> None:
    """Raise ValueError for settings of `denoise` that make no sense."""
    if loss not in LOSSES:
        raise ValueError(f"unknown loss {loss!r}; there are: {', '.join(LOSSES)}")
    if flips not in (1, 4, 8):
        raise ValueError(f"flips must be 1, 4 or 8, not {flips}")
    if rank is not None and (data.ndim == 2 or not 1 <= rank <= data.shape[2]):
        raise ValueError(
            f"rank {rank} of data of shape {tuple(data.shape)}: a stack of B images has 1 to B, others none"
        )
    for name, (value, least) in numbers.items():
        if not isinstance(value, Integral) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, not {value}")
